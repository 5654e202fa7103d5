"""One value for what many records of a view say alike: days, months, amounts, sources, empty mappings. Only memory
changes."""

from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, TypeVar

from model.money import Money, Month, MonthAmount
from model.records import Change, Deal, FieldValue, Move, Record, Saving, WorkItem

_OF_ALL = ("source", "container", "owner", "changed", "created")
_ALIKE: Mapping[type[Record], tuple[str, ...]] = {
    Deal: (*_OF_ALL, "stage", "probability", "close_date", "promised_date", "promised", "account"),
    Saving: (*_OF_ALL, "currency", "planned_start", "controller"),
    WorkItem: (*_OF_ALL, "type", "status", "start", "due", "finished", "parent", "sprint", "estimate", "priority"),
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
        self._amounts: dict[str, Decimal] = {}

    def share(self, record: _Kind) -> _Kind:
        """Let a record that nobody else has yet hold known values in place of equal ones of its own."""
        kind = type(record)
        if kind in _READ:
            for name, value in zip(_ALIKE[kind], _READ[kind](record), strict=True):
                if value is not None and (known := self._like(value)) is not value:
                    object.__setattr__(record, name, known)
        if not record.custom:
            object.__setattr__(record, "custom", _NOTHING)
        if record.key == record.native_id:
            object.__setattr__(record, "key", record.native_id)
        for told in (record.moves, record.changes):
            for each in told:
                self._share_parts(each)
        if isinstance(record, Saving):
            for name in _MONTHS:
                object.__setattr__(record, name, tuple(map(self._cell, getattr(record, name))))
        elif isinstance(record, Deal) and record.amount is not None:
            amount = Money(self._amount(record.amount.amount), self._like(record.amount.currency))
            object.__setattr__(record, "amount", amount)
        return record

    def _share_parts(self, told: Move | Change) -> None:
        """Who changed a field, and from what to what, says hundreds of times the same."""
        for name in ("field", "by", "old", "new"):
            if (value := getattr(told, name)) is not None:
                object.__setattr__(told, name, self._like(value))
        object.__setattr__(told, "at", _in_utc(told.at))

    def _like(self, value: Any) -> Any:
        # 1.0 and 1 are equal and written otherwise, so that the text counts for numbers.
        key = value if type(value) is str else (type(value), str(value))
        return self._known.setdefault(key, _in_utc(value) if type(value) is datetime else value)

    def _cell(self, cell: MonthAmount) -> MonthAmount:
        return MonthAmount(self._months.setdefault(cell.month, cell.month), self._amount(cell.amount))

    def _amount(self, amount: Decimal) -> Decimal:
        return self._amounts.setdefault(str(amount), amount)


def _in_utc(value: datetime) -> datetime:
    """Each time that was read has a zone of its own, though it is always the same."""
    return value if value.tzinfo is UTC or value.utcoffset() else value.replace(tzinfo=UTC)
