"""Objectives whose budget is spent faster than their work gets done (F4.5)."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Annotated

from pydantic import Field

from model.findings import Account, Amount, Claim, Evidence, Finding, Impact, Share
from model.keys import objective_node
from model.links import Role
from model.money import Money
from model.objectives import Objective, StageGate
from reconcile.above import sources_of
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import controller, decider, owner
from reconcile.impact import CENT, severity
from reconcile.metrics import METRIC_READS, Figure, in_base, reading_evidence, told
from reconcile.parts import parts_of
from reconcile.wording import amount_text
from reconcile.world import World

_AT_REST = frozenset({StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD})
_HUNDRED = Decimal(100)
_TENTH = Decimal("0.1")


class BurnAheadOfProgressOptions(CheckOptions):
    """Options of the check burn-ahead-of-progress."""

    points: Annotated[Decimal, Field(gt=0)] = Decimal(20)
    """By how many percentage points the spent share of the budget may be ahead of the share that is done."""
    least_pieces: Annotated[int, Field(ge=1)] = 5
    """From how many pieces of work on the done ones tell the progress, where no measurement does."""


@dataclass(frozen=True, slots=True)
class _Progress:
    """How much is done, in percent, and what tells it. ``sources`` are those that tell it."""

    percent: Decimal
    proof: Evidence
    sources: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Burn:
    """What is spent of a budget beside what is done. Money is in the base currency; None where only shares are told."""

    objective: Objective
    spent: Figure
    burned: Decimal
    progress: _Progress
    budget: Money | None
    actual: Money | None
    budget_proof: Evidence | None

    @property
    def ahead(self) -> Decimal:
        return self.burned - self.progress.percent

    @property
    def overrun(self) -> Money | None:
        """What it will cost beyond its budget at this rate: actual / progress - budget."""
        if self.budget is None or self.actual is None or self.progress.percent <= 0:
            return None
        whole = self.actual.amount * _HUNDRED / self.progress.percent
        return Money((whole - self.budget.amount).quantize(CENT), self.budget.currency)


class BurnAheadOfProgress(Check[BurnAheadOfProgressOptions]):
    """An objective spends its budget faster than its work gets done.

    What it finds
        An objective whose spent share of the budget is more than 20 percentage points ahead of what is done. What is
        spent since its beginning tells a measurement linked to it (measures or reports) with one of the names under
        metrics.spent, in a currency or in % of the budget; the budget is that of the objective, or else the target of
        that measurement. How much is done tells a measurement under metrics.progress, in % or as a number of its
        target, or else the share of its pieces of work that are done, of five or more. Of several readings the latest
        period that has begun counts; two that differ are not judged. The forecast of the overrun is
        actual / progress - budget; where nothing is done yet there is none.

    Why it matters
        The budget is used up before the work is done, and each month that nobody decides costs another one.

    What to do
        Decide what is left out, or approve what the rest will cost.

    Example
        The migration has spent EUR 3,000,000 of EUR 4,000,000, that is 75 %, and is 50 % done: 25 points ahead. At this
        rate it comes to EUR 6,000,000, EUR 2,000,000 more than its budget.
    """

    name = "burn-ahead-of-progress"
    title = "The budget is spent faster than the work gets done"
    family = "savings and value"
    patterns = ("F4.5",)
    formula = "100 * spent / budget - progress in % > points; forecast of the overrun = spent / progress - budget."
    options_type = BurnAheadOfProgressOptions
    reads = FORECAST_READS | METRIC_READS
    roles = frozenset({Role.MEASURES, Role.REPORTS, Role.DELIVERS})

    def find(self, world: World, options: BurnAheadOfProgressOptions) -> Iterator[Verdict]:
        any_told = False
        for objective in world.network.objectives.values():
            if objective.stage_gate in _AT_REST:
                continue
            spent = told(world, objective, world.options.metrics.spent)
            any_told = any_told or spent is not None
            burn = _burn(world, options, objective, spent) if isinstance(spent, Figure) else spent
            if isinstance(burn, str):
                yield Unjudged((objective_node(objective.id),), burn)
            elif burn is not None and burn.ahead > options.points:
                yield self._finding(world, burn)
        if not any_told:
            yield Blind("no measurement tells what an objective has spent (metrics.spent)")

    def _finding(self, world: World, burn: _Burn) -> Finding:
        objective, overrun = burn.objective, burn.overrun
        node, ids = objective_node(objective.id), (objective.id,)
        impact = Impact(None, (Share(node, (Amount(Account.COST, overrun),)),) if overrun else ())
        base = world.rates.base
        more = amount_text(overrun.amount, base) if overrun else ""
        burned, done = _percent(burn.burned), _percent(burn.progress.percent)
        spent = burn.spent.measurement
        title = f"{objective.name} has spent {burned} % of its budget and is {done} % done"
        if overrun and burn.budget is not None:
            whole = amount_text(overrun.amount + burn.budget.amount, base)
            title += f"; at this rate it comes to {whole}, {more} more than its budget"
        confirms = controller(world.tree, ids)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(node,),
            title=title,
            objective_ids=ids,
            commitment=Claim(
                spent.source, spent.key, f"says {burned} % is spent", where=world.where(spent.id, "value")
            ),
            forecast=Claim("objectives", objective.id, f"is {done} % done", where=burn.progress.proof.where),
            impact=impact,
            cause=node,
            evidence=tuple(_evidence(world, burn)),
            severity=severity(impact, None, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            advice=f"Decide what is left out of {objective.name}, or approve {more or 'what the rest costs'}"
            + (f"; {confirms} confirms the amount." if confirms else "."),
            sources=tuple(sorted(burn.progress.sources | {spent.source})),
        )

    def why_resolved(self, finding: Finding, world: World, options: BurnAheadOfProgressOptions) -> str:
        """What is spent and what is done now."""
        objective = world.network.objectives.get(finding.subjects[0])
        if objective is None:
            return "the objective is not declared any more"
        if objective.stage_gate in _AT_REST:
            return f"{objective.name} is {str(objective.stage_gate).replace('_', ' ')}"
        spent = told(world, objective, world.options.metrics.spent)
        burn = _burn(world, options, objective, spent) if isinstance(spent, Figure) else None
        if not isinstance(burn, _Burn):
            return f"nothing tells any more what {objective.name} has spent of its budget"
        return f"{_percent(burn.burned)} % are spent and {_percent(burn.progress.percent)} % done"


def _burn(world: World, options: BurnAheadOfProgressOptions, objective: Objective, spent: Figure) -> _Burn | str | None:
    """What is spent beside what is done; in words why that is not known; None where nothing tells the progress."""
    progress = _progress(world, options, objective)
    if progress is None or isinstance(progress, str):
        return progress
    node = objective_node(objective.id)
    money = spent.money
    budget = objective.budget or spent.target
    proof = None
    if budget is not None:
        where = objective.location if objective.budget else world.where(spent.measurement.id, "target")
        proof = Evidence(node, objective.id, "budget", amount_text(budget.amount, budget.currency), where)
    if spent.is_percent:
        whole = world.rates.convert(objective.budget) if objective.budget else None
        actual = Money(whole.amount * spent.value / _HUNDRED, whole.currency) if whole else None
        return _Burn(objective, spent, spent.value, progress, whole, actual, proof)
    if money is None:
        return f"the unit {spent.unit or '(blank)'} of {spent.measurement.metric} is neither a currency nor %"
    if budget is None or budget.amount <= 0:
        return f"{objective.name} has no budget to compare with"
    both = in_base(world, money), in_base(world, budget)
    if isinstance(both[0], str) or isinstance(both[1], str):
        return str(next(each for each in both if isinstance(each, str)))
    burned = both[0].amount * _HUNDRED / both[1].amount
    return _Burn(objective, spent, burned, progress, both[1], both[0], proof)


def _progress(world: World, options: BurnAheadOfProgressOptions, objective: Objective) -> _Progress | str | None:
    reading = told(world, objective, world.options.metrics.progress)
    if isinstance(reading, str):
        return reading
    if reading is not None:
        target = reading.measurement.target
        share = reading.value if reading.is_percent else None
        if share is None and target is not None and target > 0:
            share = reading.value * _HUNDRED / target
        if share is None:
            return f"the progress of {objective.name} is neither in % nor a number of a target"
        return _Progress(share, reading_evidence(world, reading), frozenset({reading.measurement.source}))
    node = objective_node(objective.id)
    parts = parts_of(world, node)
    share = parts.share
    if share is None or parts.count < options.least_pieces:
        return None
    forecast = world.forecasts.get(node)
    proof = Evidence(node, objective.id, "pieces", f"{parts.done} of {parts.count} done", objective.location)
    return _Progress(share * _HUNDRED, proof, frozenset(sources_of(world, forecast.sources if forecast else ())))


def _percent(share: Decimal) -> str:
    return f"{share.quantize(_TENTH, ROUND_DOWN):f}".removesuffix(".0")


def _evidence(world: World, burn: _Burn) -> Iterator[Evidence]:
    yield reading_evidence(world, burn.spent)
    if burn.budget_proof is not None:
        yield burn.budget_proof
    yield burn.progress.proof
    if burn.overrun is not None and burn.budget is not None:
        node, base = objective_node(burn.objective.id), burn.budget.currency
        told_as = amount_text(burn.overrun.amount + burn.budget.amount, base)
        yield Evidence(node, burn.objective.id, "estimate at completion", told_as, burn.objective.location)
