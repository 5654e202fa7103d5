"""Reads the bare values of one column, each different one once: by the rules for whole cells, without the cells."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.spreadsheet.cells import Cell, CellState
from connectors.spreadsheet.columns import PlacedColumn
from connectors.spreadsheet.fields import CellType
from connectors.spreadsheet.grid import Grid
from connectors.spreadsheet.numbers import exact_all, tidy
from connectors.spreadsheet.row_cells import allowed_in
from connectors.spreadsheet.values import (
    Figure,
    Reading,
    read_date,
    read_figure,
    read_list,
    read_percent,
    read_text,
    unit_in_format,
)
from model.money import Month, MonthAmount

_KEPT = 4_096
"""How many different values of a column are remembered."""
_NUMBERS: frozenset[type] = frozenset({float, int})
_UNHASHABLE: frozenset[type] = frozenset({list, bool})
"""A date is a list, and True would be taken for the number 1."""
_GENERAL = "General"


class _Unread:
    """Stands for what needs a closer look: a cell that cannot be read, or one that only seems to be filled."""


UNREAD = _Unread()

_READERS: Mapping[CellType, Callable[[Cell, Reading], object]] = {
    CellType.TEXT: lambda cell, _: read_text(cell),
    CellType.LIGHT: lambda cell, _: read_text(cell),
    CellType.LIST: lambda cell, _: read_list(cell),
    CellType.DATE: read_date,
    CellType.PERCENT: read_percent,
}


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """What was read of some values, one below the other; of a column of months the MonthAmounts.

    ``allowed`` are the currencies that the amounts may be in, ``each`` those of every one where they differ. ``unread``
    are the places of what needs a closer look.
    """

    values: Sequence[Any]
    allowed: Set[str] = frozenset()
    each: Sequence[Set[str]] | None = None
    unread: Sequence[int] = ()

    def allowed_at(self, place: int) -> Set[str]:
        return self.allowed if self.each is None else self.each[place]


class _Memo(dict[object, object]):
    """What was read of the values of one column in one number format."""

    def __init__(self, blank: object, read: Callable[[Any], object]) -> None:
        super().__init__({"": blank})
        self._blank = blank
        self._read = read
        self.has_unread = False

    def __missing__(self, key: object) -> object:
        if len(self) > _KEPT:
            self.clear()
            self[""] = self._blank
        raw = key
        if key.__class__ is tuple and isinstance(key, tuple):
            raw = key[1] if key[0] is bool else [*key[1:]]
        value = self[key] = self._read(raw)
        self.has_unread |= value is UNREAD
        return value


class ColumnReader:
    """One mapped column."""

    def __init__(self, grid: Grid, placed: PlacedColumn, month: Month | None, *, is_plain_text: bool) -> None:
        self.place = placed.column - grid.left
        self.placed = placed
        self._grid = grid
        self._month = month
        self._is_plain_text = is_plain_text and placed.type in (CellType.TEXT, CellType.LIGHT)
        self._memos: dict[str, _Memo] = {}

    def read(self, raws: Sequence[Any], formats: Mapping[int, str]) -> ReadColumn:
        """Read values one below the other; ``formats`` are those that tell something, by place among the values."""
        if not formats:
            return self._in_format(raws, _GENERAL)
        several = {*formats.values()} if len(formats) == len(raws) else {_GENERAL, *formats.values()}
        if len(several) == 1:
            return self._in_format(raws, several.pop())
        values: list[Any] = [None] * len(raws)
        allowed: list[Set[str]] = [frozenset()] * len(raws)
        unread: list[int] = []
        for number_format in several:
            places = [place for place in range(len(raws)) if formats.get(place, _GENERAL) == number_format]
            found = self._in_format([raws[place] for place in places], number_format)
            for at, place in enumerate(places):
                values[place] = found.values[at]
                allowed[place] = found.allowed_at(at)
            unread += [places[at] for at in found.unread]
        return ReadColumn(values, each=allowed, unread=unread)

    def _in_format(self, raws: Sequence[Any], number_format: str) -> ReadColumn:
        if not self.placed.is_amount:
            values, unread = self._each(raws, number_format)
            return ReadColumn(values, unread=unread)
        unit = unit_in_format(number_format)
        allowed = allowed_in(self.placed, Figure(Decimal(0), unit.currencies))
        scale = self.placed.reading.unit.scale if self.placed.reading.unit else unit.scale
        if _NUMBERS.issuperset(map(type, raws)):
            return ReadColumn(self._amounts(raws, scale), allowed)
        others, unread = self._each(["" if raw.__class__ in _NUMBERS else raw for raw in raws], number_format)
        nothing: tuple[object, Set[str]] = None, allowed
        bare: list[Any] = [raw for raw in raws if raw.__class__ in _NUMBERS]
        amounts = iter(self._amounts(bare, scale))
        told = [
            (next(amounts), allowed) if raw.__class__ in _NUMBERS else other if other.__class__ is tuple else nothing
            for raw, other in zip(raws, others, strict=True)
        ]
        each = [currencies for _, currencies in told]
        return ReadColumn([value for value, _ in told], allowed, None if {*each} == {allowed} else each, unread)

    def _amounts(self, raws: Sequence[int | float], scale: Decimal) -> Sequence[object]:
        """Numbers, which is what hardly any cell in a column of amounts is not."""
        different = {*raws}
        if 2 * len(different) < len(raws):
            once = [*different]
            known = dict(zip(once, self._amounts(once, scale), strict=True))
            return [known[raw] for raw in raws]
        numbers = exact_all(raws)
        scaled = numbers if scale == 1 else [tidy(number * scale) for number in numbers]
        month = self._month
        return [MonthAmount(month, number) for number in scaled] if month else scaled

    def _each(self, raws: Sequence[Any], number_format: str) -> tuple[list[Any], Sequence[int]]:
        """Values of any other form, and the places of those that need a closer look."""
        memo = self._memos.get(number_format)
        if memo is None:
            blank: object = () if self.placed.type is CellType.LIST else None
            memo = self._memos[number_format] = _Memo(blank, lambda raw: self._value(raw, number_format))
        keys = raws if _UNHASHABLE.isdisjoint(map(type, raws)) else map(_key, raws)
        found = list(map(memo.__getitem__, keys))
        return found, [place for place, value in enumerate(found) if value is UNREAD] if memo.has_unread else ()

    def _value(self, raw: Any, number_format: str) -> object:
        """One value; of an amount that is no bare number a pair of it and the currencies that it may be in."""
        placed = self.placed
        if self._is_plain_text and raw.__class__ is str:
            return " ".join(raw.split()) or UNREAD
        cell = self._grid.plain_cell(raw, number_format)
        if cell.state is not CellState.VALUE:
            return UNREAD
        try:
            if not placed.is_amount:
                return _READERS[placed.type](cell, placed.reading)
            figure = read_figure(cell, placed.reading)
        except ValueError:
            return UNREAD
        if figure is None:
            return None
        return MonthAmount(self._month, figure.number) if self._month else figure.number, allowed_in(placed, figure)


def _key(raw: Any) -> object:
    """What a value is remembered by."""
    if raw.__class__ is list:
        return (list, *raw)
    return (bool, raw) if raw.__class__ is bool else raw
