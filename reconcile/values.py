"""What a saving plans beside what it is expected to bring: month by month, never overwriting one by the other.

A month that nobody forecasts is unknown and left out on both sides; it is never counted as zero (design 5.6, 5.7).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from functools import cached_property

from model.findings import Evidence, Share, Slip, Triage
from model.links import Role
from model.money import Money, Month, MonthAmount, RateTable
from model.records import Light, Saving
from reconcile.forecast import ForecastState
from reconcile.impact import DAYS_OF_A_YEAR, planned_start, whole_months_share
from reconcile.wording import amount_text
from reconcile.world import OUTLOOKS, World, field_of, place_of

NONE = Decimal(0)
_TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Cell:
    """One month that is planned and expected. ``field`` is the series that the expected amount comes from."""

    month: Month
    planned: Decimal
    expected: Decimal
    field: str = "forecast"

    @property
    def short(self) -> Decimal:
        """By how much less is expected than planned; negative where it is more."""
        return self.planned - self.expected


@dataclass(frozen=True)
class Outlook:
    """A saving's plan beside its own forecast, in its own currency. ``unknown`` are planned months without a forecast.

    An actual stands in for a forecast that a month does not have. ``currency`` is that of both.
    """

    saving: Saving
    cells: tuple[Cell, ...]
    unknown: tuple[Month, ...]
    currency: str

    @cached_property
    def planned(self) -> Decimal:
        return sum((cell.planned for cell in self.cells), NONE)

    @cached_property
    def expected(self) -> Decimal:
        return sum((cell.expected for cell in self.cells), NONE)

    @cached_property
    def short(self) -> Decimal:
        return self.planned - self.expected

    @cached_property
    def first_short(self) -> Month:
        """The first month in which less is expected than planned; only asked for where there is one."""
        return next(cell.month for cell in self.cells if cell.short > 0)

    @property
    def undefined(self) -> str:
        """Why no slip can be computed, in words; empty where one can."""
        key = self.saving.key
        if not self.saving.plan and self.saving.run_rate is None:
            return f"{key} has no plan"
        if not self.cells:
            return f"{key} has no forecast"
        return "" if self.planned > 0 else f"{key} plans nothing where it has a forecast"

    @property
    def light(self) -> Light:
        """The potential as the figures say: a late effect is yellow, one that is never reached is red (design 5.6).

        Late means that the last month of the year in which it first falls short reaches its plan again.
        """
        late = [cell for cell in self.cells if cell.short > 0]
        if not late:
            return Light.GREEN
        year = [cell for cell in self.cells if cell.month.year == late[0].month.year]
        return Light.YELLOW if year[-1].short <= 0 else Light.RED

    def lost(self) -> tuple[MonthAmount, ...]:
        """The shortfall by month, together no more than the net one: a month that brings more makes up for another."""
        left, found = max(self.short, NONE), []
        for cell in self.cells:
            amount = min(max(cell.short, NONE), left)
            if amount > 0:
                found.append(MonthAmount(cell.month, amount))
            left -= amount
        return tuple(found)

    def share(self, rates: RateTable) -> Share:
        """What is lost of the saving, by month, in the base currency."""
        return months_share(self.saving, self.lost(), self.currency, rates)


def outlook(saving: Saving) -> Outlook:
    """Set a saving's plan and forecast side by side, in the calendar years that the plan books in.

    A forecast in a month of these years that plans nothing counts too: a later effect makes up for an earlier one. A
    yearly run-rate plans a 365th for each day from the planned start, in the months that have a forecast.
    """
    forecast, actual = by_month(saving.forecast), by_month(saving.actual)
    known = {month: (amount, "actual") for month, amount in actual.items()}
    known |= {month: (amount, "forecast") for month, amount in forecast.items()}
    planned = by_month(saving.plan) if saving.plan else _of_run_rate(saving, known)
    years = {month.year for month in planned}
    # An actual outside the plan may belong to something else; a forecast there was foreseen.
    later = {month for month in forecast if saving.plan and month.year in years}
    months = sorted(month for month in known if month in planned or month in later)
    cells = tuple(Cell(month, planned.get(month, NONE), *known[month]) for month in months)
    unknown = tuple(sorted(month for month, amount in planned.items() if month not in known and amount))
    currency = saving.run_rate.currency if saving.run_rate and not saving.plan else saving.currency
    return Outlook(saving, cells, unknown, currency)


def outlook_of(world: World, saving: Saving) -> Outlook:
    """The outlook of a saving of this run, worked out once."""
    known: dict[str, Outlook] = world.derived.setdefault(OUTLOOKS, {})
    found = known.get(saving.id)
    if found is None or found.saving is not saving:
        found = known[saving.id] = outlook(saving)
    return found


def no_forecasts(outlooks: Iterable[Outlook]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The sources of which no saving has a forecast, each with the words for it: they cannot tell a slip at all."""
    known: dict[str, bool] = {}
    for each in outlooks:
        known[each.saving.source] = known.get(each.saving.source, False) or bool(each.cells)
    for source, delivers in sorted(known.items()):
        if not delivers:
            yield f"no saving of {source} has a forecast", (source,)


def _of_run_rate(saving: Saving, months: Iterable[Month]) -> dict[Month, Decimal]:
    """What a run-rate plans in these months."""
    if saving.run_rate is None:
        return {}
    begin = planned_start(saving) or date.min
    days = {month: (month.last + timedelta(1) - max(month.first, begin)).days for month in months}
    return {
        month: saving.run_rate.amount * covered / DAYS_OF_A_YEAR
        for month, covered in sorted(days.items())
        if covered > 0
    }


def by_month(cells: Iterable[MonthAmount]) -> dict[Month, Decimal]:
    """Add up the cells of each month."""
    found: dict[Month, Decimal] = {}
    for cell in cells:
        found[cell.month] = found.get(cell.month, NONE) + cell.amount
    return found


def months_share(saving: Saving, lost: Iterable[MonthAmount], currency: str, rates: RateTable) -> Share:
    """Amounts of whole months as the saving's share, in the base currency."""
    return whole_months_share(saving.id, lost, currency, rates)


def reaches(short: Decimal, planned: Decimal, percent: Decimal) -> bool:
    """Whether a slip is at or above so many percent of the plan; exact, and never for a plan that is not positive."""
    return planned > 0 and short * 100 >= percent * planned and short > 0


def percent_of(short: Decimal | int, planned: Decimal | int) -> Decimal:
    """A slip in percent of the plan, to one place; rounded down, so that nobody reads a trigger that did not fire."""
    return (Decimal(short) * 100 / Decimal(planned)).quantize(_TENTH, ROUND_DOWN)


def value_triage(short: Decimal, planned: Decimal, percent: Decimal) -> Triage | None:
    """The mark of a value slip at or above so many percent."""
    return Triage(Slip.VALUE, percent_of(short, planned)) if reaches(short, planned, percent) else None


def beyond_tolerance(world: World, objective_ids: Iterable[str], short: Money, planned: Decimal) -> bool:
    """Whether a shortfall in the base currency exceeds the value that the nearest objective tolerates.

    Where none of them states a tolerated percentage or amount, nothing is exceeded.
    """
    return any(_exceeds(world, objective_id, short, planned) for objective_id in objective_ids)


def _exceeds(world: World, objective_id: str, short: Money, planned: Decimal) -> bool:
    stated = (each.tolerance for each in world.tree.path(objective_id))
    tolerance = next((each for each in stated if each.percent is not None or each.amount is not None), None)
    if tolerance is None or short.amount <= 0:
        return False
    if tolerance.percent is not None and short.amount * 100 > tolerance.percent * planned:
        return True
    amount = world.rates.convert(tolerance.amount) if tolerance.amount is not None else None
    return amount is not None and short.amount > amount.amount


def cause_of(world: World, saving: Saving) -> str:
    """What makes a saving slip: the cause of its late enabler, so that both are one piece of news; else itself."""
    forecast, start = world.forecasts.get(saving.id), planned_start(saving)
    if forecast is None or forecast.next is None or start is None:
        return saving.id
    late = forecast.state is ForecastState.DATED and forecast.day is not None and forecast.day > start
    return forecast.cause.node if late or forecast.supports_nothing else saving.id


def cell_evidence(saving: Saving, cells: Iterable[Cell], currency: str) -> Iterator[Evidence]:
    """The planned and the expected figure of these months, with their cells."""
    node = saving.id
    for cell in cells:
        if saving.plan and cell.planned:
            yield _field_evidence(saving, node, f"plan.{cell.month}", amount_text(cell.planned, currency))
        yield _field_evidence(saving, node, f"{cell.field}.{cell.month}", amount_text(cell.expected, currency))
    if not saving.plan and saving.run_rate is not None:
        rate = saving.run_rate
        yield _field_evidence(saving, node, "run_rate", amount_text(rate.amount, rate.currency))


def _field_evidence(saving: Saving, node: str, field: str, value: str) -> Evidence:
    return Evidence(node, saving.key, field_of(saving, field), value, place_of(saving, field))


def field_evidence(world: World, saving: Saving, field: str, value: str) -> Evidence:
    """One field of a saving as it is now."""
    return _field_evidence(saving, saving.id, field, value)


def served_by(world: World, saving: Saving) -> tuple[str, ...]:
    """The known objectives that a saving is linked to."""
    links = world.links.get(saving.id, ())
    return tuple(sorted({link.objective_id for link in links if link.objective_id in world.tree}))


def linked_below(world: World, objective_id: str, role: Role) -> tuple[str, ...]:
    """The deals that promise, the savings that save or the measurements that measure an objective or anything below it,
    each once; in order."""
    known: dict[tuple[str, Role], tuple[str, ...]] = world.derived.setdefault("linked below", {})
    if (objective_id, role) not in known:
        row = [objective_id]
        for each in row:
            row.extend(child for child in children_of(world, each) if (child, role) not in known)
        for each in reversed(row):  # what lies below comes after what it lies below
            own = linked_to(world, each, role)
            known[each, role] = tuple(sorted({*own}.union(*(known[id_, role] for id_ in children_of(world, each)))))
    return known[objective_id, role]


def linked_to(world: World, objective_id: str, role: Role) -> Iterator[str]:
    """Those that are linked to the objective itself."""
    records: Mapping[Role, Collection[str]] = {
        Role.PROMISES: world.network.deals,
        Role.SAVES: world.network.savings,
        Role.MEASURES: world.measurements,
    }
    links = (link for link in world.served.get(objective_id, ()) if link.role is role)
    return (link.record_id for link in links if link.record_id in records[role])


def children_of(world: World, objective_id: str) -> list[str]:
    """The objectives directly below an objective."""
    return [each.id for each in world.tree.children(objective_id)]
