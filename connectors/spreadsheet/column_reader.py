"""Reads the bare values of one column, each different one once: by the rules for whole cells, without the cells."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.spreadsheet.cells import Cell, CellState
from connectors.spreadsheet.columns import PlacedColumn
from connectors.spreadsheet.fields import CellType
from connectors.spreadsheet.grid import Grid
from connectors.spreadsheet.numbers import exact, tidy
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
_UNHASHABLE = frozenset({list, bool})
"""A date is a list, and True would be taken for the number 1."""
_GENERAL = "General"
_NOTHING_NAMED = Figure(Decimal(0))


class _Unread:
    """Stands for what needs a closer look: a cell that cannot be read, or one that only seems to be filled."""


UNREAD = _Unread()
_NEW = object()

_READERS: Mapping[CellType, Callable[[Cell, Reading], object]] = {
    CellType.TEXT: lambda cell, _: read_text(cell),
    CellType.LIGHT: lambda cell, _: read_text(cell),
    CellType.LIST: lambda cell, _: read_list(cell),
    CellType.DATE: read_date,
    CellType.PERCENT: read_percent,
}


class ColumnReader:
    """One mapped column.

    An amount is read to a pair: the number, or for a column of months its MonthAmount, and the currencies that it may
    be in.
    """

    def __init__(self, grid: Grid, placed: PlacedColumn, month: Month | None, *, is_plain_text: bool) -> None:
        self.place = placed.column - grid.left
        self.placed = placed
        self._grid = grid
        self._month = month
        self._is_plain_text = is_plain_text
        self._memos: dict[str, dict[object, object]] = {}

    def read(self, raws: Sequence[Any], formats: Mapping[int, str]) -> list[Any]:
        """Read values one below the other; ``formats`` are those that tell something, by place among the values."""
        found = self._amounts(raws) if self.placed.is_amount and not formats else self._each(raws)
        for place, number_format in formats.items():
            raw = raws[place]
            if raw.__class__ in _UNHASHABLE:
                found[place] = self._value(raw, number_format)
                continue
            memo = self._memo(number_format)
            value = memo.get(raw, _NEW)
            found[place] = self._learn(memo, raw, raw, number_format) if value is _NEW else value
        return found

    def _each(self, raws: Sequence[Any]) -> list[Any]:
        memo = self._memo(_GENERAL)
        found = []
        for raw in raws:
            key = raw
            if raw.__class__ in _UNHASHABLE:
                key = (list, *raw) if raw.__class__ is list else (bool, raw)
            value = memo.get(key, _NEW)
            found.append(self._learn(memo, key, raw, _GENERAL) if value is _NEW else value)
        return found

    def _amounts(self, raws: Sequence[Any]) -> list[Any]:
        """As ``_each``, for columns that hold hardly anything but numbers, most of them different ones."""
        unit, month, allowed = self.placed.reading.unit, self._month, allowed_in(self.placed, _NOTHING_NAMED)
        scale = None if unit is None or unit.scale == 1 else unit.scale
        found: list[Any] = []
        for raw in raws:
            if raw.__class__ is not float and raw.__class__ is not int:
                found += (None,) if raw == "" else self._each((raw,))
                continue
            number = exact(raw) if scale is None else tidy(exact(raw) * scale)
            found.append((MonthAmount(month, number) if month else number, allowed))
        return found

    def _memo(self, number_format: str) -> dict[object, object]:
        blank: object = () if self.placed.type is CellType.LIST else None
        return self._memos.setdefault(number_format, {"": blank})

    def _learn(self, memo: dict[object, object], key: object, raw: Any, number_format: str) -> object:
        if len(memo) > _KEPT:
            blank = memo[""]
            memo.clear()
            memo[""] = blank
        value = memo[key] = self._value(raw, number_format)
        return value

    def _value(self, raw: Any, number_format: str) -> object:
        placed = self.placed
        if placed.is_amount and (raw.__class__ is float or raw.__class__ is int):
            unit = unit_in_format(number_format)
            scale = placed.reading.unit.scale if placed.reading.unit else unit.scale
            return self._amount(Figure(tidy(exact(raw) * scale), unit.currencies))
        if raw.__class__ is str and self._is_plain_text and placed.type in (CellType.TEXT, CellType.LIGHT):
            return " ".join(raw.split()) or UNREAD
        cell = self._grid.plain_cell(raw, number_format)
        if cell.state is not CellState.VALUE:
            return UNREAD
        try:
            if placed.is_amount:
                figure = read_figure(cell, placed.reading)
                return None if figure is None else self._amount(figure)
            return _READERS[placed.type](cell, placed.reading)
        except ValueError:
            return UNREAD

    def _amount(self, figure: Figure) -> object:
        payload = MonthAmount(self._month, figure.number) if self._month else figure.number
        return payload, allowed_in(self.placed, figure)
