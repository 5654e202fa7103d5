"""The cells of a row that were read beforehand, column by column; a row that needs more than that is read anew."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Any

from connectors.spreadsheet.column_reader import ColumnReader, ReadColumn
from connectors.spreadsheet.columns import PlacedColumn
from connectors.spreadsheet.fields import CellType
from connectors.spreadsheet.grid import Grid
from connectors.spreadsheet.row_cells import month_paths, settle_currency
from connectors.spreadsheet.units import CODES
from model.money import MonthAmount
from model.records import FieldValue

_SPACES = re.compile(rb'"\s+"')
"""Where a text may be nothing but spaces."""
SERIES = ("plan", "forecast", "actual")


class CloserLookError(Exception):
    """The row holds something that must be located or refused, cell by cell."""


class Layout:
    """Where the mapped columns of one sheet stand in what was read of a row."""

    def __init__(self, columns: Mapping[str, PlacedColumn], prefix: str, currency: str | None) -> None:
        paths = list(columns)
        self.index = {path: place for place, path in enumerate(paths)}
        self.custom = [
            (path.partition(".")[2], place) for path, place in self.index.items() if path.startswith("custom.")
        ]
        self.months = {series: self._span([path for path, _ in month_paths(tuple(paths), series)]) for series in SERIES}
        self.money = [place for place, path in enumerate(paths) if columns[path].type is CellType.MONEY]
        self.names = [path.removeprefix("custom.") for path in paths]
        self.prefixes = [prefix + placed.address.rstrip("0123456789") for placed in columns.values()]
        self._currency = currency
        self._settled: dict[tuple[str | None, frozenset[Set[str]]], str | None] = {}

    def _span(self, paths: Sequence[str]) -> tuple[int, int]:
        """The first place of columns that stand side by side, and the one behind the last."""
        places = [self.index[path] for path in paths]
        return (min(places), max(places) + 1) if places else (0, 0)

    def currency(self, told: str | None, allowed: frozenset[Set[str]]) -> str:
        """The currency of a row whose amounts may be in these; raise CloserLookError when they do not agree."""
        key = (told, allowed)
        if key not in self._settled:
            currency = settle_currency(told, allowed, self._currency)
            fits = all(not currencies or currency in currencies for currencies in allowed)
            known = not told or told.upper() in CODES
            self._settled[key] = currency if fits and known and (currency or not allowed) else None
        found = self._settled[key]
        if found is None:
            raise CloserLookError
        return found


class PlainCells:
    """One row; ``values`` are what was read of it, in the order of the columns.

    ``raws`` are its bare values where any of them may be blank, ``allowed`` the currencies that its amounts may be in.
    """

    __slots__ = ("_allowed", "_index", "_layout", "_raws", "_telling", "_values", "number")

    def __init__(
        self,
        layout: Layout,
        number: int,
        values: Sequence[Any],
        raws: Sequence[Any] | None,
        allowed: frozenset[Set[str]],
    ) -> None:
        self.number = number
        self._layout = layout
        self._index = layout.index
        self._values = values
        self._raws = raws
        self._allowed = allowed
        self._telling: Set[str] = frozenset()

    def text(self, path: str) -> str | None:
        if path in self._index:
            found: str | None = self._values[self._index[path]]
            return found
        return None

    def texts(self, path: str) -> tuple[str, ...]:
        return self._values[self._index[path]] if path in self._index else ()

    def day(self, path: str) -> date | None:
        return self._values[self._index[path]] if path in self._index else None

    def number_in(self, path: str) -> Decimal | None:
        return self._values[self._index[path]] if path in self._index else None

    def months(self, series: str) -> tuple[MonthAmount, ...]:
        start, end = self._layout.months[series]
        if not end:
            return ()
        found = tuple(self._values[start:end])
        return tuple([amount for amount in found if amount is not None]) if None in found else found

    def custom(self) -> Mapping[str, FieldValue]:
        values = self._values
        return {name: values[place] for name, place in self._layout.custom}

    def currency(self) -> str:
        return self._layout.currency(self.text("currency"), self._allowed)

    def address(self, path: str) -> str:
        raise CloserLookError

    def refuse(self, path: str, reason: str) -> None:
        raise CloserLookError

    def tell_without_content(self, path: str) -> None:
        self._telling = {path, *self._telling}

    def provenance(self) -> dict[str, str]:
        layout, row = self._layout, str(self.number)
        if self._raws is None or "" not in self._raws:
            return dict(zip(layout.names, [prefix + row for prefix in layout.prefixes], strict=True))
        return {
            name: prefix + row
            for name, prefix, raw in zip(layout.names, layout.prefixes, self._raws, strict=True)
            if raw != "" or name in self._telling
        }


class PlainReader:
    """Reads the rows of a large sheet column by column, some hundred rows at a time."""

    def __init__(self, grid: Grid, columns: Mapping[str, PlacedColumn], layout: Layout, *, is_plain_text: bool) -> None:
        months = {path: month for series in SERIES for path, month in month_paths(tuple(columns), series)}
        self._layout = layout
        self._overlay = grid.overlay
        self._readers = [
            ColumnReader(grid, placed, months.get(path), is_plain_text=is_plain_text)
            for path, placed in columns.items()
        ]
        self._width = 1 + max(reader.place for reader in self._readers)
        self._pick = _picker([reader.place for reader in self._readers])
        used = {placed.column for placed in columns.values()}
        told = (self._overlay.errors, self._overlay.uncalculated, self._overlay.serials)
        self._closer = {key >> 14 for keys in told for key in keys if (key & 0x3FFF) + 1 in used}

    def read(self, packed: bytes, rows: Sequence[tuple[int, list[Any]]]) -> Iterator[PlainCells | None]:
        """Read rows of one block; None for each row that takes a closer look."""
        if not rows:
            return
        picked: list[Sequence[Any]] = [self._pick(values) for values in self._padded(rows)]
        if b'" ' in packed and _SPACES.search(packed):
            picked = [tuple("" if _is_spaces(raw) else raw for raw in raws) for raws in picked]
        numbers = [number for number, _ in rows]
        below = list(zip(*picked, strict=True))
        columns = [
            reader.read(raws, self._formats(reader, numbers)) for reader, raws in zip(self._readers, below, strict=True)
        ]
        # A NUL must be refused, and is written so.
        closer = set(range(len(rows))) if b"\\u0000" in packed else {at for column in columns for at in column.unread}
        closer.update(at for at, number in enumerate(numbers) if number in self._closer)
        layout, with_blanks = self._layout, any("" in raws for raws in below)
        allowed = self._allowed(columns)
        for at, values in enumerate(zip(*[column.values for column in columns], strict=True)):
            if at in closer:
                yield None
            else:
                yield PlainCells(layout, numbers[at], values, picked[at] if with_blanks else None, allowed(at, values))

    def _allowed(self, columns: Sequence[ReadColumn]) -> Callable[[int, Sequence[Any]], frozenset[Set[str]]]:
        """What tells the currencies that the amounts of a row may be in."""
        money = self._layout.money
        together = frozenset([columns[place].allowed for place in money])
        if len(together) == 1 and all(columns[place].each is None for place in money):
            nothing = frozenset[Set[str]]()
            return lambda _, values: next((together for place in money if values[place] is not None), nothing)
        return lambda at, values: frozenset(
            [columns[place].allowed_at(at) for place in money if values[place] is not None]
        )

    def _padded(self, rows: Sequence[tuple[int, list[Any]]]) -> Iterator[list[Any]]:
        for _, values in rows:
            missing = self._width - len(values)
            yield [*values, *([""] * missing)] if missing > 0 else values

    def _formats(self, reader: ColumnReader, numbers: Sequence[int]) -> Mapping[int, str]:
        """The number formats that tell something, by place among the rows."""
        column = reader.placed.column
        if column not in self._overlay.styles:
            return {}
        styles = self._overlay.styles_between(column, numbers[0], numbers[-1])
        return {
            place: self._overlay.formats[style]
            for place, number in enumerate(numbers)
            if (style := styles.get(number)) is not None and style in self._overlay.formats
        }


def _picker(places: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    if len(places) == 1:
        return lambda values: (values[places[0]],)
    return itemgetter(*places)


def _is_spaces(raw: Any) -> bool:
    return raw.__class__ is str and raw.isspace()
