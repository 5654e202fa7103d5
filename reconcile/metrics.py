"""Which measurement tells what an objective has spent, how far it is, and what it still costs and brings.

An admin says so by the names of metrics; the reading is then found by the measurement's link to the objective.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from model.findings import Evidence
from model.keys import normalise_key
from model.links import Role
from model.money import Money
from model.objectives import Objective
from model.options import Options
from model.records import Measurement
from reconcile.periods import period_of
from reconcile.readings import as_money
from reconcile.wording import amount_text
from reconcile.world import World

_ROLES = frozenset({Role.MEASURES, Role.REPORTS})
METRIC_READS = frozenset({"metric", "value", "target", "unit", "period"})
"""The fields of measurements on which their reading rests."""


class MetricNames(Options):
    """The names of metrics by which measurements tell something that checks compare; case does not count."""

    spent: tuple[str, ...] = ("budget spent", "spent", "actual cost", "ist-kosten", "budget verbraucht")
    """What an objective has spent since it began, in a currency or in % of its budget. The target of such a measurement
    is the budget, where the objective states none."""
    progress: tuple[str, ...] = ("progress", "percent done", "percent complete", "fortschritt", "fertigstellungsgrad")
    """How much of an objective is done: in %, or as a number of its target, as 12 of 40 sites. Without it, the share of
    its pieces of work that are done counts."""
    cost_to_complete: tuple[str, ...] = ("cost to complete", "estimate to complete", "restkosten")
    """What it still costs to finish an objective, in a currency."""
    remaining_benefit: tuple[str, ...] = ("remaining benefit", "restnutzen")
    """What an objective will still bring, in a currency. Without it, the savings and deals that hang on it count."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement that tells something about an objective, with its value."""

    measurement: Measurement
    value: Decimal

    @property
    def unit(self) -> str:
        return self.measurement.unit.strip()

    @property
    def is_percent(self) -> bool:
        return self.unit == "%"

    @property
    def money(self) -> Money | None:
        """The value as money; None where the unit is no currency."""
        return self._money(self.value)

    @property
    def target(self) -> Money | None:
        """The target as money; None where there is none, or the unit is no currency."""
        target = self.measurement.target
        return self._money(target) if target is not None else None

    def _money(self, amount: Decimal) -> Money | None:
        return as_money(self.unit.upper(), amount)

    @property
    def text(self) -> str:
        """``EUR 480,000``, ``62 %``, ``12``."""
        money = self.money
        if money is not None:
            return amount_text(money.amount, money.currency)
        return f"{self.value:f} {self.unit}".strip()


def told(world: World, objective: Objective, names: Sequence[str]) -> Figure | str | None:
    """What the measurements of an objective tell now under one of these names.

    It is the one of the latest period that has begun. In words why that is not clear: two of one period with two
    values, or several of which it is not known which is the latest. None where nothing tells it.
    """
    wanted = {normalise_key(name) for name in names}
    found = [each for each in _linked(world, objective) if normalise_key(_name(each)) in wanted]
    hidden = next((each for each in found if world.absence(each.measurement.id) is not None), None)
    if hidden is not None:
        return f"{_name(hidden)} of {objective.name} was not seen in the last reading"
    if len(found) < 2:
        return found[0] if found else None
    periods = {each.measurement.id: period_of(each.measurement.period) for each in found}
    known = {id_: period for id_, period in periods.items() if period is not None}
    if len(known) < len(periods):
        return f"several measurements tell {_name(found[0])} of {objective.name}, and not all of them have a period"
    begun = [each for each in found if known[each.measurement.id].first <= world.today]
    last = max((known[each.measurement.id] for each in begun), default=None)
    latest = [each for each in begun if known[each.measurement.id] == last]
    if len({(each.value, each.unit) for each in latest}) > 1:
        return f"{len(latest)} measurements tell {_name(found[0])} of {objective.name}, and not the same"
    return min(latest, key=lambda each: each.measurement.id, default=None)


def _linked(world: World, objective: Objective) -> Iterator[Figure]:
    ids = {link.record_id for link in world.served.get(objective.id, ()) if link.role in _ROLES}
    for record_id in sorted(ids):
        measurement = world.measurements.get(record_id)
        if measurement is not None and measurement.value is not None:
            yield Figure(measurement, measurement.value)


def _name(reading: Figure) -> str:
    return reading.measurement.metric or reading.measurement.title


def reading_evidence(world: World, reading: Figure, field: str = "value") -> Evidence:
    """The reading as it stands, under the name of its metric."""
    measurement = reading.measurement
    value = reading.text + (f" ({measurement.period})" if measurement.period else "")
    return Evidence(measurement.id, measurement.key, _name(reading), value, world.where(measurement.id, field))


def in_base(world: World, money: Money) -> Money | str:
    """Converted into the base currency; in words that there is no rate."""
    converted = world.rates.convert(money)
    return converted if converted is not None else f"{money.currency} has no rate"
