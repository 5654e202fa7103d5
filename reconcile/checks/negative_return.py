"""Objectives that cost more to finish than they will still bring, whatever was spent on them (I4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Annotated

from pydantic import Field

from model.findings import Account, Amount, Claim, Evidence, Finding, Impact, Share
from model.keys import objective_node
from model.links import Role
from model.money import Money, Month
from model.objectives import Objective, StageGate
from model.records import Deal, Outcome, Saving
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decider, owner
from reconcile.downstream import below, downstream
from reconcile.forecast import ForecastState
from reconcile.impact import CENT, DAYS_OF_A_YEAR, planned_start, severity
from reconcile.metrics import METRIC_READS, Figure, in_base, reading_evidence, told
from reconcile.values import NONE, by_month
from reconcile.wording import amount_text
from reconcile.world import World

_AT_REST = frozenset({StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD})
_MOST_SHOWN = 10
_MONTHS_OF_A_YEAR = 12


class NegativeReturnOptions(CheckOptions):
    """Options of the check negative-return."""

    years: Annotated[int, Field(ge=1, le=20)] = 3
    """For how many years from now on the effect of a saving counts; it is taken to go on as in its last month."""


@dataclass(frozen=True, slots=True)
class _Benefit:
    """What will still come, in the base currency, account by account, with what proves it."""

    savings: Decimal = NONE
    revenue: Decimal = NONE
    told: Decimal = NONE
    proofs: tuple[Evidence, ...] = ()
    sources: frozenset[str] = frozenset()

    @property
    def total(self) -> Decimal:
        return self.savings + self.revenue + self.told

    @property
    def made_of(self) -> str:
        """Says that two accounts come to one figure, where they do."""
        return " of savings and revenue together" if self.savings and self.revenue else ""


@dataclass(frozen=True, slots=True)
class _Cost:
    """What it still costs, in the base currency, with what proves it."""

    amount: Decimal
    proofs: tuple[Evidence, ...]
    sources: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Return:
    objective: Objective
    cost: _Cost
    benefit: _Benefit

    @property
    def loss(self) -> Decimal:
        """By how much the benefit stays below the cost."""
        return self.cost.amount - self.benefit.total

    @property
    def percent(self) -> Decimal:
        """The forward return in percent: (benefit - cost) / cost."""
        return (-self.loss * 100 / self.cost.amount).quantize(Decimal("0.1"), ROUND_DOWN)


class NegativeReturn(Check[NegativeReturnOptions]):
    """What an objective will still bring is less than what it costs to finish it.

    What it finds
        An objective whose forward return, (remaining benefit - cost to complete) / cost to complete, is negative. What
        was spent does not count. What it still costs tells a measurement linked to it (measures or reports) with one of
        the names under metrics.cost_to_complete; without one it is what metrics.spent leaves of the budget. What it
        still brings tells a measurement under metrics.remaining_benefit; without one it is all that hangs on it or on
        anything below it or waits for its work, each once: deals that are open, or won and not delivered, with their
        full amounts, and savings for three years from this month on, by their forecast or else their plan, going on as
        in their last month, or by their run-rate. That is in favour of the work: late starts and probabilities are left
        out. Where savings and revenue are added, the finding says so. Where one of the amounts, a rate or any benefit
        is not known, nothing is judged.

    Why it matters
        Each further month costs more than it can bring, and nobody stops it because so much was spent already.

    What to do
        Let whoever has the right to stop it decide: stop, cut the scope to what pays, or say why it goes on.

    Example
        Finishing the portal costs EUR 500,000. It saves EUR 100,000 a year, EUR 300,000 in three years: a forward
        return of -40 %, EUR 200,000 less than it costs. Martin Keller may stop it.
    """

    name = "negative-return"
    title = "It costs more to finish than it will still bring"
    family = "savings and value"
    patterns = ("I4",)
    formula = "(Remaining benefit - cost to complete) / cost to complete < 0; what was spent does not count."
    options_type = NegativeReturnOptions
    reads = (
        FORECAST_READS
        | METRIC_READS
        | {
            *("plan", "forecast", "run_rate", "currency", "planned_start", "enabler"),
            *("amount", "outcome", "stage", "promised"),
        }
    )
    roles = frozenset({Role.MEASURES, Role.REPORTS, Role.SAVES, Role.PROMISES, Role.DELIVERS})
    daily = True

    def find(self, world: World, options: NegativeReturnOptions) -> Iterator[Verdict]:
        any_told = False
        # What hangs on an objective may wait for it from anywhere; few objectives tell what they still cost.
        for objective in world.tree.objectives:
            if objective.stage_gate in _AT_REST:
                continue
            found = _return(world, options, objective)
            any_told = any_told or found is not None
            if isinstance(found, str):
                yield Unjudged((objective_node(objective.id),), found)
            elif found is not None and found.loss > 0:
                yield self._finding(world, options, found)
        if not any_told:
            yield Blind("no measurement tells what an objective still costs (metrics.cost_to_complete)")

    def _finding(self, world: World, options: NegativeReturnOptions, found: _Return) -> Finding:
        objective, cost, benefit = found.objective, found.cost, found.benefit
        node, ids, base = objective_node(objective.id), (objective.id,), world.rates.base
        impact = Impact(None, (Share(node, (Amount(Account.COST, Money(found.loss.quantize(CENT), base)),)),))
        stops = world.tree.inherited_right(objective.id, "stop")
        costs, brings = amount_text(cost.amount, base), amount_text(benefit.total, base)
        percent = f"{found.percent:f}".removesuffix(".0")
        may = f"{stops} may stop it" if stops else "Name who may stop it"
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(node,),
            title=f"{objective.name} costs {costs} to finish and will still bring {brings}{benefit.made_of}: a forward "
            f"return of {percent} %",
            objective_ids=ids,
            commitment=Claim(
                "objectives", objective.id, f"will still bring {brings}{benefit.made_of}", where=objective.location
            ),
            forecast=Claim("objectives", objective.id, f"costs {costs} to finish", where=cost.proofs[0].where),
            impact=impact,
            cause=node,
            evidence=(
                *cost.proofs,
                *benefit.proofs[:_MOST_SHOWN],
                Evidence(node, objective.id, "forward return", f"{percent} %", objective.location),
            ),
            severity=severity(impact, None, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=stops or decider(world.tree, ids, within_tolerance=False),
            advice=f"{may}: stop {objective.name}, cut it to what pays, or say why it goes on.",
            sources=tuple(sorted(cost.sources | benefit.sources)),
        )

    def why_resolved(self, finding: Finding, world: World, options: NegativeReturnOptions) -> str:
        """What it costs and brings now."""
        objective = world.network.objectives.get(finding.subjects[0])
        if objective is None:
            return "the objective is not declared any more"
        if objective.stage_gate in _AT_REST:
            return f"{objective.name} is {str(objective.stage_gate).replace('_', ' ')}"
        found = _return(world, options, objective)
        if not isinstance(found, _Return):
            return f"nothing tells any more what {objective.name} still costs"
        base = world.rates.base
        return f"{amount_text(found.benefit.total, base)} are to come for {amount_text(found.cost.amount, base)}"


def _return(world: World, options: NegativeReturnOptions, objective: Objective) -> _Return | str | None:
    """The forward return; in words why it is not known; None where nothing tells what it still costs."""
    cost = _cost(world, objective)
    if cost is None or isinstance(cost, str):
        return cost
    benefit = _benefit(world, options, objective)
    if isinstance(benefit, str):
        return benefit
    return _Return(objective, cost, benefit) if cost.amount > 0 else None


def _cost(world: World, objective: Objective) -> _Cost | str | None:
    names = world.options.metrics
    reading = told(world, objective, names.cost_to_complete)
    if isinstance(reading, str):
        return reading
    if reading is not None:
        amount = _amount(world, reading)
        if isinstance(amount, str):
            return amount
        return _Cost(amount, (reading_evidence(world, reading),), frozenset({reading.measurement.source}))
    spent = told(world, objective, names.spent)
    if not isinstance(spent, Figure) or spent.money is None or objective.budget is None:
        return spent if isinstance(spent, str) else None
    both = in_base(world, spent.money), in_base(world, objective.budget)
    if isinstance(both[0], str) or isinstance(both[1], str):
        return str(next(each for each in both if isinstance(each, str)))
    left = both[1].amount - both[0].amount
    budget = amount_text(objective.budget.amount, objective.budget.currency)
    proofs = (
        Evidence(objective_node(objective.id), objective.id, "budget", budget, objective.location),
        reading_evidence(world, spent),
    )
    # What is overspent says nothing about what is still to come.
    return _Cost(left, proofs, frozenset({spent.measurement.source})) if left > 0 else None


def _amount(world: World, reading: Figure) -> Decimal | str:
    money = reading.money
    if money is None:
        return f"the unit {reading.unit or '(blank)'} of {reading.measurement.metric} is no currency"
    converted = in_base(world, money)
    return converted if isinstance(converted, str) else converted.amount


def _benefit(world: World, options: NegativeReturnOptions, objective: Objective) -> _Benefit | str:
    reading = told(world, objective, world.options.metrics.remaining_benefit)
    if isinstance(reading, str):
        return reading
    if reading is not None:
        amount = _amount(world, reading)
        if isinstance(amount, str):
            return amount
        sources = frozenset({reading.measurement.source})
        return _Benefit(told=amount, proofs=(reading_evidence(world, reading),), sources=sources)
    records = downstream(world, below(world, objective), parents=False).records
    if not records:
        return f"nothing tells what {objective.name} will bring"
    return _of_records(world, options, sorted(records))


def _of_records(world: World, options: NegativeReturnOptions, record_ids: list[str]) -> _Benefit | str:
    """What deals and savings will still bring; in words why that is not known of one of them."""
    parts: list[tuple[Decimal, Evidence]] = []
    savings = revenue = NONE
    sources: set[str] = set()
    for record_id in record_ids:
        saving, deal = world.network.savings.get(record_id), world.network.deals.get(record_id)
        record = saving or deal
        if record is None:
            continue
        if world.absence(record_id) is not None:
            return f"{record.key} was not seen in the last reading"
        money = _of_saving(world, options, saving) if saving else _of_deal(world, deal) if deal else None
        if money is None:
            return f"{record.key} has no amounts"
        base = in_base(world, money)
        if isinstance(base, str):
            return f"{record.key}: {base}"
        amount = base.amount.quantize(CENT)
        savings, revenue = (savings + amount, revenue) if saving else (savings, revenue + amount)
        sources.add(record.source)
        value = amount_text(money.amount.quantize(CENT), money.currency)
        parts.append(
            (amount, Evidence(record_id, record.key, "remaining benefit", value, _figure(world, record_id, saving)))
        )
    parts.sort(key=lambda part: (-part[0], part[1].record_id))
    return _Benefit(savings, revenue, proofs=tuple(proof for _, proof in parts), sources=frozenset(sources))


def _figure(world: World, record_id: str, saving: Saving | None) -> str:
    field = "amount" if saving is None else "plan" if saving.plan else "run_rate"
    return world.where(record_id, field)


def _of_deal(world: World, deal: Deal | None) -> Money | None:
    """Its full amount, until it is lost or what was promised is delivered."""
    if deal is None or deal.amount is None:
        return None
    forecast = world.forecasts.get(deal.id)
    delivered = forecast is not None and forecast.state is ForecastState.DONE
    over = deal.outcome is Outcome.LOST or (deal.outcome is Outcome.WON and delivered)
    return Money(NONE, deal.amount.currency) if over else deal.amount


def _of_saving(world: World, options: NegativeReturnOptions, saving: Saving | None) -> Money | None:
    """What it brings from this month on for so many years, as if nothing were late."""
    if saving is None:
        return None
    first = Month.of(world.today)
    end = Month(first.year + options.years, first.month)
    cells = by_month(saving.plan) | by_month(saving.forecast)
    if cells:
        last = max(cells)
        told_of = sum((amount for month, amount in cells.items() if first <= month < end), NONE)
        after = max(first, Month.of(last.last + timedelta(1)))
        more = max(0, (end.year - after.year) * _MONTHS_OF_A_YEAR + end.month - after.month)
        return Money(told_of + cells[last] * more, saving.currency)
    if saving.run_rate is None:
        return None
    start = planned_start(saving)
    begin = max(first, Month.of(start)) if start is not None else first
    whole = min(max(0, (end.first - begin.first).days), DAYS_OF_A_YEAR * options.years)
    return Money(saving.run_rate.amount * whole / DAYS_OF_A_YEAR, saving.run_rate.currency)
