"""Targets in money that cannot be reached even if every linked saving brings the most that anybody claims."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import chain
from typing import Annotated

from pydantic import Field

from model.findings import Account, Amount, Claim, Evidence, Finding, Impact, Share, Step
from model.keys import normalise_key, objective_node
from model.links import Role
from model.money import Money, Month
from model.objectives import Objective, StageGate
from model.records import Measurement
from reconcile.best_case import BestCase, best_case, months_of
from reconcile.check import FORECAST_READS, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decide_by, decider, owner
from reconcile.impact import CENT, planned_start, severity
from reconcile.promises import gone_reason
from reconcile.story import chain_steps
from reconcile.values import NONE, by_month, linked_below, months_share
from reconcile.wording import amount_text, day_text
from reconcile.world import World

_AT_REST = frozenset({StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD})
_MOST_SAVINGS_AS_EVIDENCE = 10
_LENGTH_OF_A_CURRENCY = 3


class ImpossibleTargetOptions(CheckOptions):
    """Options of the check impossible-target."""

    other_accounts: tuple[str, ...] = ("revenue", "sales", "umsatz")
    """Accounts of objectives that savings do not serve; their targets are left out."""
    notice_days: Annotated[int, Field(ge=0)] = 14
    """How many days before the end of the target's last month a decision still helps."""


@dataclass(frozen=True, slots=True)
class _Goal:
    """A target in money over some months. ``told_by`` is the measurement that states it, or None for the objective."""

    objective: Objective
    subjects: tuple[str, ...]
    what: str
    amount: Money
    months: tuple[Month, ...]
    told_by: Measurement | None = None


@dataclass(frozen=True, slots=True)
class _Reach:
    """A goal beside the best case of its savings, in the base currency."""

    goal: _Goal
    target: Decimal
    best: Decimal
    cases: tuple[BestCase, ...]

    @property
    def short(self) -> Decimal:
        return (self.target - self.best).quantize(CENT, ROUND_HALF_EVEN)


class ImpossibleTarget(Check[ImpossibleTargetOptions]):
    """A target in money is out of reach even in the best case of everything that is linked to it.

    What it finds
        A value that an objective plans by month, or a measurement in money with a target and a period, whose linked
        savings (those of the objective and of everything below it, each once) stay below it at best. The best case of a
        month is the largest of plan, forecast and actual, or the actual once the month is over; only the days from the
        possible start on count: the enabler's forecast with its lag, today where the enabler is open without a date
        that holds, and none where it was dropped. It is not judged while one of the savings has no amounts, no rate, or
        cannot be seen, because that one may fill the gap; nor where no saving is linked, nor once the months are over.
        A period that is not understood (2026, 2026-10, Q4 2026 and two days with "to" are) is said, not guessed.

        The shortfall is the money of the finding. As far as savings lose so much against their plan, it stands on them,
        month by month, so that it is not counted again where their own loss is told; what was never planned stands on
        the topmost objective above that has a target in money, so that targets within targets count once.

    Why it matters
        A target that nothing can reach is steered by all the same until the quarter ends, and the time in which another
        measure could still be found goes by.

    What to do
        Find another measure for the shortfall, bring the enabler forward, or lower the target; the sponsor decides.

    Example
        ERP-SAVINGS is to bring EUR 1,500,000 from October to December. Its savings plan EUR 1,840,000, but their
        enabler comes on 22 October: at best EUR 1,420,000, so EUR 80,000 are out of reach.
    """

    name = "impossible-target"
    title = "A target is out of reach even in the best case"
    family = "savings and value"
    patterns = ("F5.4", "I12")
    formula = (
        "Best case = per month the largest of plan, forecast and actual from the possible start on; shortfall = target "
        "- best case > 0. It is the money of the finding: first on what the savings lose against their plan, the rest "
        "on the target."
    )
    options_type = ImpossibleTargetOptions
    reads = FORECAST_READS | {
        *("plan", "forecast", "actual", "run_rate", "planned_start", "currency", "enabler"),
        *("target", "unit", "period"),
    }
    roles = frozenset({Role.SAVES, Role.MEASURES, Role.DELIVERS})

    def find(self, world: World, options: ImpossibleTargetOptions) -> Iterator[Verdict]:
        objectives, measurements = world.network.objectives.values(), world.measurements.values()
        goals = chain(_of_objectives(world, options, objectives), _of_measurements(world, measurements))
        for goal in goals:
            if isinstance(goal, Unjudged):
                yield goal
                continue
            reach = _reach(world, goal)
            if isinstance(reach, str):
                yield Unjudged(goal.subjects, reach)
            elif reach is not None and reach.short > 0:
                yield self._finding(world, options, reach)

    def _finding(self, world: World, options: ImpossibleTargetOptions, reach: _Reach) -> Finding:
        goal, base = reach.goal, world.rates.base
        ids = (goal.objective.id,)
        losing = sorted((each for each in reach.cases if each.lost), key=lambda each: (-each.short, each.saving.id))
        impact = Impact(None, tuple(_shares(world, options, reach, losing)))
        last_day = decide_by(goal.months[-1].last, options.notice_days, world.today)
        worst = losing[0] if losing else None
        held_up = worst is not None and worst.forecast is not None and worst.forecast.next is not None
        short = amount_text(reach.short, base)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=goal.subjects,
            title=_title(reach, base),
            objective_ids=ids,
            commitment=_target_claim(goal),
            forecast=Claim(
                "objectives", goal.objective.id, f"can bring {amount_text(reach.best, base)} at best; {short} short"
            ),
            impact=impact,
            cause=_cause(worst) or goal.subjects[0],
            chain=_chain(world, worst) if held_up and worst is not None else (),
            evidence=tuple(_evidence(world, reach, losing)),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            decide_by=last_day,
            advice=f"Find another measure for {short}, bring the enabler forward, or lower the target."
            if held_up
            else f"Find another measure for {short}, or lower the target.",
            sources=tuple(sorted(_sources(reach))),
        )

    def why_resolved(self, finding: Finding, world: World, options: ImpossibleTargetOptions) -> str:
        goals = _goals_about(world, options, finding.subjects[0])
        goal = next((each for each in goals if isinstance(each, _Goal) and each.subjects == finding.subjects), None)
        if goal is None:
            subject = finding.subjects[0]
            if not subject.startswith("objective:"):
                if world.measurements.get(subject) is None:
                    return gone_reason(subject, finding.commitment.key if finding.commitment else subject, world)
                return "its target is not stated any more, or its months are over"
            return "the objective states no such target any more, or its months are over"
        reach = _reach(world, goal)
        if not isinstance(reach, _Reach):
            return f"no saving is linked to {goal.objective.name} any more"
        best, target = amount_text(reach.best, world.rates.base), amount_text(reach.target, world.rates.base)
        return f"the savings of {goal.objective.name} can now bring {best} of {target}"


def _goals_about(world: World, options: ImpossibleTargetOptions, subject: str) -> Iterator[_Goal | Unjudged]:
    objective, measurement = world.network.objectives.get(subject), world.measurements.get(subject)
    yield from _of_objectives(world, options, [objective] if objective else [])
    yield from _of_measurements(world, [measurement] if measurement else [])


def _of_objectives(world: World, options: ImpossibleTargetOptions, objectives: Iterable[Objective]) -> Iterator[_Goal]:
    others = {normalise_key(account) for account in options.other_accounts}
    this_month = Month.of(world.today)
    for objective in objectives:
        if objective.stage_gate in _AT_REST:
            continue
        for value in objective.values:
            account = normalise_key(value.account)
            plan = {month: amount for month, amount in by_month(value.plan).items() if amount}
            total = sum(plan.values(), NONE)
            if account in others or total <= 0 or max(plan) < this_month:
                continue
            node = objective_node(objective.id)
            subjects = (node, f"{node} {account} {value.currency}")
            yield _Goal(objective, subjects, value.account, Money(total, value.currency), tuple(sorted(plan)))


def _of_measurements(world: World, measurements: Iterable[Measurement]) -> Iterator[_Goal | Unjudged]:
    """Targets in money that measurements state; a unit that is no currency, such as %, has no best case here."""
    this_month = Month.of(world.today)
    for each in measurements:
        unit = each.unit.strip().upper()
        if each.target is None or each.target <= 0 or len(unit) != _LENGTH_OF_A_CURRENCY or not unit.isalpha():
            continue
        linked = {link.objective_id for link in world.links.get(each.id, ()) if link.role is Role.MEASURES}
        objective = next((found for id_ in sorted(linked) if (found := world.tree.get(id_)) is not None), None)
        if objective is None or objective.stage_gate in _AT_REST:
            continue
        months = months_of(each.period)
        if not months:
            yield Unjudged((each.id,), f"the period {each.period or '(blank)'} of {each.title} is not understood")
        elif months[-1] >= this_month:
            what = each.metric or each.title
            yield _Goal(objective, (each.id,), what, Money(each.target, unit), months, told_by=each)


def _reach(world: World, goal: _Goal) -> _Reach | str | None:
    """The goal beside its best case; in words why that is not known; None where no saving is linked."""
    saving_ids = linked_below(world, goal.objective.id, Role.SAVES)
    target = world.rates.convert(goal.amount)
    if not saving_ids:
        return None
    if target is None:
        return f"{goal.amount.currency} has no rate"
    best, cases = NONE, []
    for saving_id in saving_ids:
        case = best_case(world, world.network.savings[saving_id], goal.months)
        if isinstance(case, str):
            return case
        money = world.rates.convert(Money(case.amount, case.currency))
        if money is None and case.amount:
            return f"{case.saving.key} is in {case.currency}, which has no rate"
        best += money.amount if money is not None else NONE
        cases.append(case)
    return _Reach(goal, target.amount, best, tuple(cases))


def _shares(world: World, options: ImpossibleTargetOptions, reach: _Reach, losing: list[BestCase]) -> Iterator[Share]:
    """The shortfall, to the cent: on the savings as far as they lose so much, in proportion; else on the target."""
    own = [months_share(each.saving, each.lost, each.currency, world.rates) for each in losing]
    lost = sum((amount.full.amount for share in own for amount in share.amounts), NONE)
    if reach.short < lost:
        yield from _scaled(own, reach.short, lost)
        return
    yield from (share for share in own if share.amounts)
    if reach.short > lost:
        rest = Amount(Account.SAVINGS, Money(reach.short - lost, world.rates.base))
        yield Share(_topmost(world, options, reach.goal.objective), (rest,))


def _scaled(shares: list[Share], short: Decimal, lost: Decimal) -> Iterator[Share]:
    """Shares that add up to what is short; the rounding of one month is made up for in the next."""
    so_far = told = NONE
    for share in shares:
        amounts = []
        for amount in share.amounts:
            so_far += amount.full.amount
            part = (so_far * short / lost).quantize(CENT, ROUND_HALF_EVEN) - told
            told += part
            amounts.append(replace(amount, full=replace(amount.full, amount=part)))
        if amounts:
            yield replace(share, amounts=tuple(amounts), original=None)


def _topmost(world: World, options: ImpossibleTargetOptions, objective: Objective) -> str:
    """The topmost objective from this one on that has a target in money which savings serve."""
    others = {normalise_key(account) for account in options.other_accounts}
    stating = [
        each
        for each in world.tree.path(objective.id)
        if any(normalise_key(value.account) not in others for value in each.values)
    ]
    return objective_node((stating or [objective])[-1].id)


def _title(reach: _Reach, base: str) -> str:
    goal = reach.goal
    first, last = goal.months[0], goal.months[-1]
    when = f"in {first}" if first == last else f"from {first} to {last}"
    number = f"its {len(reach.cases)} savings" if len(reach.cases) > 1 else "its one saving"
    return (
        f"{goal.objective.name} is to bring {amount_text(reach.target, base)} ({goal.what}) {when}; {number} can bring "
        f"{amount_text(reach.best, base)} at best, so {amount_text(reach.short, base)} are out of reach"
    )


def _target_claim(goal: _Goal) -> Claim:
    says = f"is to bring {amount_text(goal.amount.amount, goal.amount.currency)} ({goal.what})"
    if goal.told_by is not None:
        return Claim(goal.told_by.source, goal.told_by.key, says, where=goal.told_by.provenance.get("target", ""))
    return Claim("objectives", goal.objective.id, says, where=goal.objective.location)


def _cause(worst: BestCase | None) -> str | None:
    """What binds the saving that loses most: its enabler's cause, or the saving itself."""
    if worst is None:
        return None
    return worst.forecast.cause.node if worst.forecast and worst.forecast.next else worst.saving.id


def _chain(world: World, worst: BestCase) -> tuple[Step, ...]:
    start = planned_start(worst.saving)
    says = f"booked from {day_text(start)}" if start else "booked"
    return chain_steps(world, worst.forecast, says, start) if worst.forecast is not None else ()


def _evidence(world: World, reach: _Reach, losing: list[BestCase]) -> Iterator[Evidence]:
    """The target, and the best case of the savings: first those that lose most."""
    goal = reach.goal
    target = amount_text(goal.amount.amount, goal.amount.currency)
    if goal.told_by is not None:
        told = goal.told_by
        yield Evidence(told.id, told.key, world.field_name(told.id, "target"), target, world.where(told.id, "target"))
    else:
        yield Evidence(goal.subjects[0], goal.objective.id, f"values {goal.what}", target, goal.objective.location)
    others = [each for each in reach.cases if not each.lost]
    for each in [*losing, *others][:_MOST_SAVINGS_AS_EVIDENCE]:
        value = amount_text(each.amount, each.currency)
        if each.lost:
            value += f", {amount_text(each.short, each.currency)} less than planned"
        yield Evidence(each.saving.id, each.saving.key, "best case", value, world.where(each.saving.id))


def _sources(reach: _Reach) -> set[str]:
    found = {each.saving.source for each in reach.cases}
    found |= {source for each in reach.cases if each.forecast is not None for source in each.forecast.sources}
    return found | ({reach.goal.told_by.source} if reach.goal.told_by is not None else set())
