"""Savings that are forecast to bring less than they plan, one by one and added up per objective."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact, Share
from model.keys import objective_node
from model.links import Role
from model.money import Money
from model.objectives import Objective, StageGate
from model.records import Light, RecordKind, Saving
from reconcile.check import Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import controller, decide_by, decider, owner
from reconcile.impact import severity
from reconcile.promises import gone_reason
from reconcile.values import (
    NONE,
    Outlook,
    beyond_tolerance,
    cause_of,
    cell_evidence,
    children_of,
    linked_below,
    no_forecasts,
    outlook_of,
    percent_of,
    served_by,
    value_triage,
)
from reconcile.wording import amount_text
from reconcile.world import World

_MOST_SAVINGS_AS_EVIDENCE = 10
_ENDED = frozenset({StageGate.CANCELLED, StageGate.ON_HOLD, StageGate.CLOSED})


class ValueSlipOptions(CheckOptions):
    """Options of the check value-slip."""

    triage_percent: Annotated[Decimal, Field(gt=0)] = Decimal(15)
    """From how many percent of the plan on a slip is told and marked for triage."""
    notice_days: Annotated[int, Field(ge=0)] = 14
    """How many days before the first month that falls short something can still be done about it."""


@dataclass(frozen=True, slots=True)
class _Sum:
    """The savings of one objective, added up in the base currency. ``left_out`` cannot be added, and says why."""

    objective: Objective
    outlooks: tuple[Outlook, ...]
    left_out: tuple[str, ...]
    planned: Decimal
    expected: Decimal

    @property
    def short(self) -> Decimal:
        return self.planned - self.expected


class ValueSlip(Check[ValueSlipOptions]):
    """A saving is forecast to bring clearly less than it plans.

    What it finds
        A saving whose value slip, (plan - forecast) / plan, is 15 % or more, and an objective whose savings together
        slip that far; a smaller slip only where the objective states a tolerated percentage or amount and it is
        exceeded. Compared are the months of the years that the plan books in, as far as they have a forecast, or an
        actual where the forecast is blank; a forecast in a month that plans nothing makes up for an earlier one. A
        month without a forecast is unknown and left out on both sides. For a plan of zero or a blank forecast no slip
        is computed, and coverage says so. More than planned is no slip. An objective counts each saving once, however
        many rules link it, and is told only where it adds up two or more that no objective below it adds up already.

    Why it matters
        The milestones stay green while the value goes: 15 % is where the agenda turns from status to triage. This is
        the value trigger; the schedule trigger is schedule-slip.

    What to do
        Let the controller confirm the forecast, then decide how the amount is made up, or approve a lower plan.

    Example
        M-201 plans EUR 1,840,000 for October to December and forecasts EUR 1,500,000: 340,000 / 1,840,000 = 18.4 %,
        triage. The forecast of December reaches the plan again: the effect is late (yellow), not gone (red).
    """

    name = "value-slip"
    title = "Savings are forecast to bring less than planned"
    family = "savings and value"
    patterns = ("I1", "I12")
    formula = (
        "(Plan - forecast) / plan, over months that have a forecast or an actual; told and marked from triage_percent "
        "on."
    )
    options_type = ValueSlipOptions
    reads = frozenset({"plan", "forecast", "actual", "run_rate", "planned_start", "currency"})
    roles = frozenset({Role.SAVES})
    concerns = frozenset({RecordKind.SAVING})

    def find(self, world: World, options: ValueSlipOptions) -> Iterator[Verdict]:
        outlooks = [outlook_of(world, saving) for saving in world.network.savings.values()]
        yield from (Blind(*blind) for blind in no_forecasts(outlooks))
        for each in outlooks:
            if each.undefined:
                yield Unjudged((each.saving.id,), each.undefined)
            elif self._tells(world, options, served_by(world, each.saving), each.planned, each.short, each.currency):
                yield self._of_saving(world, options, each)
        for objective in world.network.objectives.values():
            yield from self._of_savings_below(world, options, objective)

    def _tells(
        self, world: World, options: ValueSlipOptions, ids: tuple[str, ...], planned: Decimal, short: Decimal, unit: str
    ) -> bool:
        if value_triage(short, planned, options.triage_percent) is not None:
            return True
        in_base = world.rates.convert(Money(short, unit)), world.rates.convert(Money(planned, unit))
        if in_base[0] is None or in_base[1] is None:
            return False
        return beyond_tolerance(world, ids, in_base[0], in_base[1].amount)

    def _of_saving(self, world: World, options: ValueSlipOptions, each: Outlook) -> Finding:
        saving, ids = each.saving, served_by(world, each.saving)
        impact = Impact(None, (_share(world, each),))
        first = each.first_short
        last_day = decide_by(first.first, options.notice_days, world.today)
        short = amount_text(each.short, each.currency)
        name = f"{saving.key} {saving.title}" if saving.title != saving.key else saving.key
        confirms = saving.controller or controller(world.tree, ids)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(saving.id,),
            title=f"{name} {_says(each.expected, each.planned, each.currency)}",
            objective_ids=ids,
            commitment=Claim(
                saving.source,
                saving.key,
                f"plans {amount_text(each.planned, each.currency)} {_months(each)}",
                where=world.where(saving.id, f"plan.{first}"),
            ),
            forecast=Claim(
                saving.source,
                saving.key,
                f"forecasts {amount_text(each.expected, each.currency)}; {_light_says(each)}",
                where=world.where(saving.id, f"forecast.{first}"),
            ),
            impact=impact,
            cause=cause_of(world, saving),
            evidence=tuple(cell_evidence(saving, (cell for cell in each.cells if cell.short), each.currency)),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=saving.owner or owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            decide_by=last_day,
            advice=f"Let {confirms or 'the controller'} confirm the forecast, then decide how {short} is made up, or "
            "approve a lower plan.",
            sources=(saving.source,),
            triage=value_triage(each.short, each.planned, options.triage_percent),
        )

    def _of_savings_below(self, world: World, options: ValueSlipOptions, objective: Objective) -> Iterator[Verdict]:
        savings, node = _added_up(world, objective), objective_node(objective.id)
        hidden = next((saving for saving in savings if world.absence(saving.id) is not None), None)
        if hidden is not None:
            yield Unjudged((node,), f"{hidden.key} was not seen in the last reading")
            return
        whole = _sum(world, objective, [outlook_of(world, saving) for saving in savings])
        if whole is None:
            return
        if whole.planned <= 0:
            yield Unjudged((node,), f"the savings of {objective.name} have no plan and forecast to compare")
        elif self._tells(world, options, (objective.id,), whole.planned, whole.short, world.rates.base):
            yield self._of_objective(world, options, whole)

    def _of_objective(self, world: World, options: ValueSlipOptions, whole: _Sum) -> Finding:
        objective, base = whole.objective, world.rates.base
        losing = sorted((each for each in whole.outlooks if each.short > 0), key=lambda each: _size(world, each))
        impact = Impact(None, tuple(_share(world, each) for each in losing))
        first = min(each.first_short for each in losing)
        last_day = decide_by(first.first, options.notice_days, world.today)
        ids = (objective.id,)
        number = f"its {len(whole.outlooks)} savings"
        others = f"; left out: {', '.join(whole.left_out)}" if whole.left_out else ""
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(objective_node(objective.id),),
            title=f"{objective.name}: {number} together {_says(whole.expected, whole.planned, base, 'forecast')}",
            objective_ids=ids,
            commitment=Claim(
                "objectives",
                objective.id,
                f"{number} plan {amount_text(whole.planned, base)}",
                where=objective.location,
            ),
            forecast=Claim(
                "objectives", objective.id, f"{number} forecast {amount_text(whole.expected, base)}{others}"
            ),
            impact=impact,
            cause=cause_of(world, losing[0].saving),
            evidence=tuple(_of_one(world, each) for each in losing[:_MOST_SAVINGS_AS_EVIDENCE]),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            decide_by=last_day,
            advice=f"Decide how {amount_text(whole.short, base)} is made up; {losing[0].saving.key} loses most.",
            sources=tuple(sorted({each.saving.source for each in whole.outlooks})),
            triage=value_triage(whole.short, whole.planned, options.triage_percent),
        )

    def why_resolved(self, finding: Finding, world: World, options: ValueSlipOptions) -> str:
        subject = finding.subjects[0]
        if (objective := world.network.objectives.get(subject)) is not None:
            whole = _sum(world, objective, [outlook_of(world, saving) for saving in _added_up(world, objective)])
            if whole is None:
                return f"{objective.name} adds up no savings any more that nothing below it adds up"
            says = _says(whole.expected, whole.planned, world.rates.base, "now forecast")
            return f"the savings of {objective.name} {says}"
        saving = world.network.savings.get(subject)
        key = finding.commitment.key if finding.commitment else subject
        if saving is None:
            return gone_reason(subject, key, world)
        now = outlook_of(world, saving)
        return f"{key} {_says(now.expected, now.planned, now.currency, 'now forecasts')}"


def _added_up(world: World, objective: Objective) -> list[Saving]:
    """The savings of an objective that adds up two or more, and not the same ones as an objective below it."""
    saving_ids = linked_below(world, objective.id, Role.SAVES)
    same = any(
        len(linked_below(world, child, Role.SAVES)) == len(saving_ids) for child in children_of(world, objective.id)
    )
    return [] if len(saving_ids) < 2 or same else [world.network.savings[id_] for id_ in saving_ids]


def _share(world: World, each: Outlook) -> Share:
    """What a saving loses; worked out once, however many objectives add it up."""
    known: dict[str, Share] = world.derived.setdefault("slips", {})
    if each.saving.id not in known:
        known[each.saving.id] = each.share(world.rates)
    return known[each.saving.id]


def _sum(world: World, objective: Objective, outlooks: list[Outlook]) -> _Sum | None:
    """Add the savings up; None where there is nothing to add, or the objective is over or at rest."""
    if objective.stage_gate in _ENDED or not outlooks:
        return None
    added: list[Outlook] = []
    left_out: list[str] = []
    planned = expected = NONE
    for each in outlooks:
        money = [world.rates.convert(Money(amount, each.currency)) for amount in (each.planned, each.expected)]
        if each.undefined:
            left_out.append(each.undefined)
        elif money[0] is None or money[1] is None:
            left_out.append(f"{each.saving.key} is in {each.currency}, which has no rate")
        else:
            added.append(each)
            planned, expected = planned + money[0].amount, expected + money[1].amount
    return _Sum(objective, tuple(added), tuple(left_out), planned, expected)


def _size(world: World, each: Outlook) -> tuple[Decimal, str]:
    """The largest loss in the base currency first."""
    money = world.rates.convert(Money(each.short, each.currency))
    return (-(money.amount if money else NONE), each.saving.id)


def _of_one(world: World, each: Outlook) -> Evidence:
    saving = each.saving
    value = f"{amount_text(each.expected, each.currency)} of {amount_text(each.planned, each.currency)} planned"
    return Evidence(saving.id, saving.key, world.field_name(saving.id, "forecast"), value, world.where(saving.id))


def _says(expected: Decimal, planned: Decimal, currency: str, verb: str = "forecasts") -> str:
    """What is forecast of what is planned, and the slip in percent; the words say that it is one of value."""
    of = f"{verb} {amount_text(expected, currency)} of {amount_text(planned, currency)} planned"
    return f"{of}: a value slip of {percent_of(planned - expected, planned)} %" if expected < planned else of


def _months(each: Outlook) -> str:
    first, last = each.cells[0].month, each.cells[-1].month
    return f"in {first}" if first == last else f"from {first} to {last}"


def _light_says(each: Outlook) -> str:
    year = each.first_short.year
    words = f"the effect of {year} comes late (yellow)"
    if each.light is Light.RED:
        words = f"the effect planned for {year} is not reached (red)"
    if each.unknown:
        words += f"; unknown for {', '.join(str(month) for month in each.unknown)}"
    return words
