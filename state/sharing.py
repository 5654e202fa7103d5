"""One value for what many records of a view say alike: days, months, sources, empty mappings. Only memory changes."""

from collections.abc import Callable, Hashable, Mapping
from operator import attrgetter
from typing import Any, TypeVar

from model.money import Month, MonthAmount
from model.records import Deal, FieldValue, Record, Saving

_ALIKE: Mapping[type[Record], tuple[str, ...]] = {
    Deal: ("source", "container", "owner", "changed", "created", "stage", "probability", "close_date", "promised_date"),
    Saving: ("source", "container", "owner", "changed", "created", "currency", "planned_start", "controller"),
}
_MONTHS = ("plan", "forecast", "actual")
_READ: Mapping[type[Record], Callable[[Record], tuple[Any, ...]]] = {
    kind: attrgetter(*names) for kind, names in _ALIKE.items()
}
_NOTHING: Mapping[str, FieldValue] = {}
_Kind = TypeVar("_Kind", bound=Record)


class Sharing:
    """Knows the values of the records that it has seen."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}
        self._months: dict[Month, Month] = {}

    def share(self, record: _Kind) -> _Kind:
        """Let a record that nobody else has yet hold known values in place of equal ones of its own."""
        kind = type(record)
        if kind in _READ:
            for name, value in zip(_ALIKE[kind], _READ[kind](record), strict=True):
                # 1.0 and 1 are equal and written otherwise, so that the text counts for numbers.
                object.__setattr__(record, name, self._known.setdefault((type(value), str(value)), value))
        if not record.custom:
            object.__setattr__(record, "custom", _NOTHING)
        if isinstance(record, Saving):
            for name in _MONTHS:
                object.__setattr__(record, name, tuple(map(self._cell, getattr(record, name))))
        return record

    def _cell(self, cell: MonthAmount) -> MonthAmount:
        return MonthAmount(self._months.setdefault(cell.month, cell.month), cell.amount)
