"""What finance expects as revenue, by month: the values of objectives, and measurements that are said to be such."""

from collections.abc import Collection, Iterable, Iterator, Mapping
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


def planned_revenues(world: World, accounts: Collection[str], metrics: Collection[str]) -> Iterator[PlannedRevenue]:
    """The expected revenue of every objective that has one, the lowest of each branch: what stands above sums it up.

    A measurement counts where its metric is named and its objective has no value of its own.
    """
    wanted, measured = ({normalise_key(each) for each in names} for names in (accounts, metrics))
    readings = _readings(world, measured)
    found = {}
    for objective in world.tree.objectives:
        planned = _of_values(objective, wanted) or _of_readings(world, objective, readings.get(objective.id, ()))
        if planned is not None:
            found[objective.id] = planned
    above = {each.id for objective_id in found for each in world.tree.path(objective_id)[1:]}
    yield from (planned for objective_id, planned in found.items() if objective_id not in above)


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


def _readings(world: World, metrics: Collection[str]) -> Mapping[str, list[Measurement]]:
    found: dict[str, list[Measurement]] = {}
    for measurement in world.measurements.values():
        if normalise_key(measurement.metric) in metrics:
            links = world.links.get(measurement.id, ())
            for objective_id in sorted({link.objective_id for link in links if link.role is Role.MEASURES}):
                found.setdefault(objective_id, []).append(measurement)
    return found


def _of_readings(world: World, objective: Objective, readings: Iterable[Measurement]) -> PlannedRevenue | None:
    plan: dict[str, tuple[MonthAmount, ...]] = {}
    proofs: list[Evidence] = []
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
