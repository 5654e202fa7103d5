"""What finance expects as revenue, by month: the values of objectives, and measurements that are said to be such."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from model.findings import Account, Amount, Evidence, Share
from model.keys import normalise_key, objective_node
from model.links import Role
from model.money import Money, Month, MonthAmount
from model.objectives import Objective
from model.records import Measurement, Saving
from reconcile.impact import lost_share
from reconcile.values import children_of, linked_to
from reconcile.wording import amount_text
from reconcile.world import World

_CURRENCY_LETTERS = 3


@dataclass(frozen=True, slots=True)
class PlannedRevenue:
    """The revenue that is expected of one objective. ``plan`` has its months by currency."""

    objective: Objective
    plan: Mapping[str, tuple[MonthAmount, ...]]
    evidence: tuple[Evidence, ...]
    sources: frozenset[str] = frozenset()
    validated_by: str | None = None

    @property
    def node(self) -> str:
        return objective_node(self.objective.id)

    @property
    def start(self) -> date:
        """The first day of the first month with revenue: from then on it is recognised."""
        return min(cell.month.first for cells in self.plan.values() for cell in cells)

    def before(self, end: date, world: World) -> Share:
        """What is expected from the start up to, but not on, a day, by month; a month that is cut counts by its days.

        In the base currency; where one of its currencies has no rate, that one is told unconverted and nothing else.
        """
        by_month: dict[str, Decimal] = {}
        for currency, cells in sorted(self.plan.items()):
            share = self._before(end, currency, cells, world)
            if share.unconverted is not None:
                return share
            for amount in share.amounts:
                month = amount.period or ""
                by_month[month] = by_month.get(month, Decimal(0)) + amount.full.amount
        base = world.rates.base
        amounts = (Amount(Account.REVENUE, Money(full, base), period=month) for month, full in sorted(by_month.items()))
        return Share(self.node, tuple(amounts))

    def _before(self, end: date, currency: str, cells: tuple[MonthAmount, ...], world: World) -> Share:
        """By the arithmetic of savings: a cell covers the days of its month."""
        source, _, native_id = self.node.partition(":")
        name = self.objective.name
        booked = Saving(source=source, native_id=native_id, key=name, title=name, currency=currency, plan=cells)
        return lost_share(booked, self.start, end, world.rates)


@dataclass(frozen=True, slots=True)
class Told:
    """What counts as expected revenue: accounts of objectives' values, and metrics of measurements."""

    accounts: frozenset[str]
    metrics: frozenset[str]

    @classmethod
    def by(cls, accounts: Collection[str], metrics: Collection[str]) -> "Told":
        return cls(frozenset(map(normalise_key, accounts)), frozenset(map(normalise_key, metrics)))


def planned_revenues(world: World, told: Told) -> Iterator[PlannedRevenue]:
    """The expected revenue of every objective that has one, the lowest of each branch: what stands above sums it up."""
    for objective in world.network.objectives.values():
        planned = planned_revenue(world, objective, told)
        if planned is not None:
            yield planned


def planned_revenue(world: World, objective: Objective, told: Told) -> PlannedRevenue | None:
    """The expected revenue of one objective; None where it has none, or where something below it has.

    A measurement counts where its metric is named and its objective has no value of its own.
    """
    planned = _of_values(objective, told.accounts) or _of_readings(world, objective, told.metrics)
    return None if planned is None or _tells_below(world, objective.id, told) else planned


def _tells_below(world: World, objective_id: str, told: Told) -> bool:
    """Whether something below an objective has expected revenue of its own."""
    known: dict[tuple[str, Told], bool] = world.derived.setdefault("revenue below", {})
    row = [objective_id]
    for each in row:
        row.extend(child for child in children_of(world, each) if (child, told) not in known)
    for each in reversed(row):
        known[each, told] = any(
            known[child, told] or _tells(world, world.tree.get(child), told) for child in children_of(world, each)
        )
    return known[objective_id, told]


def _tells(world: World, objective: Objective | None, told: Told) -> bool:
    return objective is not None and bool(
        _of_values(objective, told.accounts) or _of_readings(world, objective, told.metrics)
    )


def _of_values(objective: Objective, accounts: Collection[str]) -> PlannedRevenue | None:
    values = [each for each in objective.values if normalise_key(each.account) in accounts]
    plan: dict[str, tuple[MonthAmount, ...]] = {}
    proofs: list[Evidence] = []
    for value in values:
        cells = tuple(cell for cell in value.plan if cell.amount > 0)
        if cells:
            plan[value.currency] = (*plan.get(value.currency, ()), *cells)
            proofs += [_proof(objective, value.account, cell, value.currency) for cell in cells]
    validated_by = next((each.validated_by for each in values if each.validated_by), None)
    return PlannedRevenue(objective, plan, tuple(proofs), validated_by=validated_by) if plan else None


def _proof(objective: Objective, account: str, cell: MonthAmount, currency: str) -> Evidence:
    told = amount_text(cell.amount, currency)
    return Evidence(objective_node(objective.id), objective.name, f"{account}.{cell.month}", told, objective.location)


def _readings(world: World, objective_id: str, metrics: Collection[str]) -> list[Measurement]:
    linked = dict.fromkeys(sorted(linked_to(world, objective_id, Role.MEASURES)))
    return [each for id_ in linked if normalise_key((each := world.measurements[id_]).metric) in metrics]


def _of_readings(world: World, objective: Objective, metrics: Collection[str]) -> PlannedRevenue | None:
    plan: dict[str, tuple[MonthAmount, ...]] = {}
    proofs: list[Evidence] = []
    readings = _readings(world, objective.id, metrics) if metrics else []
    used = [(each, cell) for each in readings if (cell := _cell(each)) is not None]
    for reading, cell in used:
        plan[reading.unit] = (*plan.get(reading.unit, ()), cell)
        told, where = amount_text(cell.amount, reading.unit), world.where(reading.id, "value")
        proofs.append(Evidence(reading.id, reading.key, world.field_name(reading.id, "value"), told, where))
    sources = frozenset(reading.source for reading, _ in used)
    return PlannedRevenue(objective, plan, tuple(proofs), sources) if plan else None


def _cell(reading: Measurement) -> MonthAmount | None:
    """A reading as money of a month; None where it is no money, no month, or nothing."""
    is_money = len(reading.unit) == _CURRENCY_LETTERS and reading.unit.isalpha() and reading.unit.isupper()
    if not is_money or reading.value is None or reading.value <= 0:
        return None
    try:
        return MonthAmount(Month.parse(reading.period), reading.value)
    except ValueError:
        return None


def end_of_year(start: date, today: date) -> date:
    """The day after the year of the start, or of today if that is later: as far as an endless delay is counted."""
    return date(max(start.year, today.year) + 1, 1, 1)


def unpriced(share: Share) -> Share:
    """The record of a share without its money, which is told elsewhere."""
    return replace(share, amounts=(), unconverted=None, original=None)
