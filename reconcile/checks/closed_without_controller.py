"""Savings and measures that were closed although no controller has confirmed what they brought (I38)."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from model.findings import Account, Amount, Claim, Evidence, Finding, Impact, Share
from model.keys import normalise_key, objective_node
from model.links import Role
from model.money import Money
from model.objectives import Objective, StageGate
from model.records import FieldValue, Saving
from reconcile.check import Blind, Check, CheckOptions, Verdict
from reconcile.decisions import controller, decider, owner
from reconcile.impact import severity, yearly_share
from reconcile.promises import gone_reason
from reconcile.values import NONE, by_month, months_share, served_by
from reconcile.wording import amount_text, listed
from reconcile.world import World

_CONFIRMED = "confirmed"
"""The extra field of a saving that tells who confirmed its value, when, or whether anybody did."""
_NO = frozenset({"", "no", "false", "nein", "open", "offen"})


class ClosedWithoutControllerOptions(CheckOptions):
    """Options of the check closed-without-controller."""

    closed_stages: tuple[str, ...] = ("closed", "completed", "abgeschlossen", "geschlossen")
    """The stage gates at which a saving counts as closed, as the trackers write them."""


@dataclass(frozen=True, slots=True)
class _Closed:
    """A saving that is closed, with what is wrong: the confirmation is blank, or nobody could give one."""

    saving: Saving
    confirms: str | None
    proof: Evidence
    objective_ids: tuple[str, ...]


class ClosedWithoutController(Check[ClosedWithoutControllerOptions]):
    """Something was closed, and no controller has confirmed its value.

    What it finds
        A saving at a closed stage gate of which the extra field ``confirmed`` is blank or says no, or that has no
        controller at all, neither in its row nor on an objective above it; and an objective at the stage gate closed
        with a value that nobody has validated (validated_by). A saving with a controller in a source that has no field
        ``confirmed`` cannot be judged. The money shown is what its actuals book, or else what it plans.

    Why it matters
        The deliverable was accepted and the outcome was not: what nobody has confirmed is counted as if it had come.

    What to do
        Let the controller confirm the amount, or open the measure again.

    Example
        M-220 is closed with actuals of EUR 252,000. Its field confirmed is blank: Renate Vogel, its controller,
        confirms them or opens it again.
    """

    name = "closed-without-controller"
    title = "Closed, and no controller has confirmed the value"
    family = "savings and value"
    patterns = ("I38",)
    formula = "Closed, and the confirmation is blank or nobody could give it; money = actuals, or else the plan."
    options_type = ClosedWithoutControllerOptions
    reads = frozenset({"stage_gate", "controller", "actual", "plan", "run_rate", "currency", "custom"})
    roles = frozenset({Role.SAVES})

    @classmethod
    def rests_on(cls, fields: Collection[str], roles: Collection[Role]) -> bool:
        """The extra field that tells the confirmation counts like a built-in one."""
        return _CONFIRMED in fields or super().rests_on(fields, roles)

    def find(self, world: World, options: ClosedWithoutControllerOptions) -> Iterator[Verdict]:
        blind: set[str] = set()
        stages = _stages(options)
        for saving in world.network.savings.values():
            if not _is_closed(saving, stages):
                continue
            closed = _unconfirmed(world, saving)
            if closed is not None:
                yield self._of_saving(world, closed)
            elif _CONFIRMED not in saving.custom:
                blind.add(saving.source)
        for source in sorted(blind):
            yield Blind(f"no saving of {source} tells who confirmed it (extra field {_CONFIRMED})", (source,))
        for objective in world.network.objectives.values():
            if objective.stage_gate is StageGate.CLOSED and any(not each.validated_by for each in objective.values):
                yield self._of_objective(world, objective)

    def _of_saving(self, world: World, closed: _Closed) -> Finding:
        saving, ids = closed.saving, closed.objective_ids
        share, what = _booked(world, saving)
        impact = Impact(None, (share,) if share is not None else ())
        name = f"{saving.key} {saving.title}" if saving.title != saving.key else saving.key
        lacks = "no controller has confirmed it" if closed.confirms else "no controller is named who could confirm it"
        gate = world.where(saving.id, "stage_gate")
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(saving.id,),
            title=f"{name} is closed{f' with {what}' if what else ''}, and {lacks}",
            objective_ids=ids,
            commitment=Claim(saving.source, saving.key, f"is {saving.stage_gate}", where=gate),
            forecast=Claim(saving.source, saving.key, lacks, where=closed.proof.where),
            impact=impact,
            cause=saving.id,
            evidence=(
                Evidence(
                    saving.id, saving.key, world.field_name(saving.id, "stage_gate"), saving.stage_gate or "", gate
                ),
                closed.proof,
            ),
            severity=severity(impact, None, world.today, world.options.severity),
            owner=saving.owner or owner(world.tree, ids),
            decider=closed.confirms or decider(world.tree, ids, within_tolerance=False),
            advice=_advice(closed.confirms, saving.key, what),
            sources=(saving.source,),
        )

    def _of_objective(self, world: World, objective: Objective) -> Finding:
        node, ids = objective_node(objective.id), (objective.id,)
        values = [each for each in objective.values if not each.validated_by]
        sums = [(each, sum((cell.amount for cell in each.plan), NONE)) for each in values]
        what = listed([f"{amount_text(amount, each.currency)} ({each.account})" for each, amount in sums])
        money = [world.rates.convert(Money(amount, each.currency)) for each, amount in sums]
        # The value of an objective is no record's money: it weighs here and is added up nowhere.
        largest = max((each.amount for each in money if each is not None), default=NONE)
        weight = Impact(None, (Share(node, (Amount(Account.SAVINGS, Money(largest, world.rates.base)),)),))
        confirms = controller(world.tree, ids)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(node,),
            title=f"{objective.name} is closed with {what}, and no controller has validated it",
            objective_ids=ids,
            commitment=Claim("objectives", objective.id, "is closed", where=objective.location),
            forecast=Claim("objectives", objective.id, "has a value without validated_by", where=objective.location),
            cause=node,
            evidence=(
                Evidence(node, objective.id, "stage_gate", "closed", objective.location),
                *(
                    Evidence(node, objective.id, f"values {each.account}", amount_text(amount, each.currency))
                    for each, amount in sums
                ),
            ),
            severity=severity(weight, None, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=confirms or decider(world.tree, ids, within_tolerance=False),
            advice=_advice(confirms, objective.name, what),
        )

    def why_resolved(self, finding: Finding, world: World, options: ClosedWithoutControllerOptions) -> str:
        """Whether it was confirmed or opened again."""
        subject = finding.subjects[0]
        key = finding.commitment.key if finding.commitment else subject
        if subject.startswith(objective_node("")):
            objective = world.network.objectives.get(subject)
            if objective is None:
                return "the objective is not declared any more"
            closed = objective.stage_gate is StageGate.CLOSED
            return f"the value of {objective.name} is validated" if closed else f"{objective.name} is not closed"
        saving = world.network.savings.get(subject)
        if saving is None:
            return gone_reason(subject, key, world)
        if not _is_closed(saving, _stages(options)):
            return f"{key} is not closed any more"
        return f"{key} is confirmed" if saving.custom.get(_CONFIRMED) else f"{key} has a controller"


def _stages(options: ClosedWithoutControllerOptions) -> frozenset[str]:
    return frozenset(normalise_key(stage) for stage in options.closed_stages)


def _is_closed(saving: Saving, stages: frozenset[str]) -> bool:
    return saving.stage_gate is not None and normalise_key(saving.stage_gate) in stages


def _unconfirmed(world: World, saving: Saving) -> _Closed | None:
    """What proves that nobody has confirmed it; None where somebody has, or where it is not told."""
    ids = served_by(world, saving)
    confirms = saving.controller or controller(world.tree, ids)
    if _CONFIRMED in saving.custom:
        told = saving.custom[_CONFIRMED]
        if _says_yes(told):
            return None
        where = world.where(saving.id, _CONFIRMED)
        proof = Evidence(saving.id, saving.key, world.field_name(saving.id, _CONFIRMED), _text(told), where)
        return _Closed(saving, confirms, proof, ids)
    if confirms:
        return None
    proof = Evidence(saving.id, saving.key, world.field_name(saving.id, "controller"), "blank", world.where(saving.id))
    return _Closed(saving, None, proof, ids)


def _says_yes(told: FieldValue) -> bool:
    if isinstance(told, str):
        return normalise_key(told) not in _NO
    return isinstance(told, date) or bool(told)


def _text(told: FieldValue) -> str:
    return str(told) if told not in (None, "", ()) else "blank"


def _booked(world: World, saving: Saving) -> tuple[Share | None, str]:
    """What it books: its actuals, or else its plan, or a year of its run-rate; with the words for it."""
    for series, words in (("actual", "actuals"), ("plan", "a plan")):
        cells = tuple(cell for cell in getattr(saving, series) if cell.amount)
        if cells:
            total: Decimal = sum(by_month(cells).values(), NONE)
            share = months_share(
                saving, tuple(sorted(cells, key=lambda cell: cell.month)), saving.currency, world.rates
            )
            return share, f"{words} of {amount_text(total, saving.currency)}"
    rate = saving.run_rate
    if rate is None:
        return None, ""
    share = yearly_share(saving.id, Account.SAVINGS, rate, world.rates)
    return share, f"a run-rate of {amount_text(rate.amount, rate.currency)}"


def _advice(confirms: str | None, name: str, what: str) -> str:
    amount = what or "its value"
    if confirms:
        return f"Let {confirms} confirm {amount}, or open {name} again."
    return f"Name a controller who confirms {amount}, or open {name} again."
