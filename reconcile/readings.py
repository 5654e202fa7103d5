"""The figures that are told about an objective: measurements by their metric and the period that they are for."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from model.keys import normalise_key
from model.links import Role
from model.money import Money
from model.objectives import Objective
from model.records import Measurement
from reconcile.periods import Period, period_of
from reconcile.world import World

_ROLES = frozenset({Role.MEASURES, Role.REPORTS})
_LETTERS_OF_A_CURRENCY = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure of one metric for one period."""

    measurement: Measurement
    metric: str
    period: Period


def readings_of(world: World, objective: Objective) -> Iterator[Reading]:
    """The measurements of an objective whose metric and period can be told, by their ids."""
    ids = {link.record_id for link in world.served.get(objective.id, ()) if link.role in _ROLES}
    for node in sorted(ids):
        measurement = world.measurements.get(node)
        if measurement is not None and (reading := reading_of(measurement)) is not None:
            yield reading


def reading_of(measurement: Measurement) -> Reading | None:
    metric, period = normalise_key(measurement.metric), period_of(measurement.period)
    return Reading(measurement, metric, period) if metric and period is not None else None


def served_objectives(world: World, node: str) -> tuple[str, ...]:
    """The known objectives of which a measurement tells."""
    links = world.links.get(node, ())
    return tuple(
        sorted({each.objective_id for each in links if each.role in _ROLES and each.objective_id in world.tree})
    )


def as_money(unit: str, value: Decimal) -> Money | None:
    """A figure as money; None where its unit is no currency."""
    letters = unit.strip()
    is_currency = len(letters) == _LETTERS_OF_A_CURRENCY and letters.isalpha() and letters.isupper()
    return Money(value, letters) if is_currency else None


def rounds_to(one: Decimal, other: Decimal) -> bool:
    """Whether the more precise figure, rounded like the other, is the other."""
    places = max(min(_exponent(one), 0), min(_exponent(other), 0))
    step = Decimal(1).scaleb(places)
    return one.quantize(step, ROUND_HALF_UP) == other.quantize(step, ROUND_HALF_UP)


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def figure_text(value: Decimal, unit: str) -> str:
    """``91.5 %``, ``EUR 1,840,000`` or ``1,200``."""
    number = f"{value:,f}"
    if as_money(unit, value) is not None:
        return f"{unit.strip()} {number}"
    return f"{number} {unit}".strip()
