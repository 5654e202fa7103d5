"""The cells of a large sheet, kept as the text that the reading process sent and made into cells when asked for.

Seven million cell objects would take gigabytes; a packed row takes as much as its figures have digits.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TypeAlias

import orjson

from connectors.spreadsheet.cells import Cell, CellState, CellValue, Position, column_letters, day_of, value_state
from connectors.spreadsheet.overlay import Overlay, at

_WHOLE = 2.0**53
_KEPT = 2
_NO_ROW = 0
_ROWS_AT_ONCE = 500
_WORTH_FORGETTING = 0.6

Row: TypeAlias = list[Any]
Block: TypeAlias = tuple[list[int], list[Row]]


@dataclass(frozen=True, slots=True)
class PackedRows:
    """Some hundred rows as they came: the number of the first of them and their JSON."""

    first: int
    packed: bytes


class Packer:
    """Packs rows one after the other."""

    def __init__(self) -> None:
        self._blocks: list[PackedRows] = []
        self._numbers: list[int] = []
        self._rows: list[Row] = []

    def add(self, number: int, values: Row) -> None:
        """Take the next filled row."""
        self._numbers.append(number)
        self._rows.append(values)
        if len(self._rows) == _ROWS_AT_ONCE:
            self._pack()

    def blocks(self) -> Sequence[PackedRows]:
        """All rows that were taken."""
        if self._rows:
            self._pack()
        return self._blocks

    def _pack(self) -> None:
        self._blocks.append(PackedRows(self._numbers[0], orjson.dumps([self._numbers, self._rows])))
        self._numbers, self._rows = [], []


class Grid(Mapping[Position, Cell]):
    """Cells by row and column; walking row by row unpacks every block once.

    ``overlay`` is what the sheet's own XML tells beyond the values; without one an error that was saved as a text
    counts as an error and an empty cell may be a broken formula (X5).
    """

    def __init__(
        self,
        blocks: Sequence[PackedRows],
        left: int,
        width: int,
        epoch: datetime | None,
        overlay: Overlay | None = None,
    ) -> None:
        self._blocks = list(blocks)
        self._firsts = [block.first for block in blocks]
        self._left = left
        self._width = width
        self._epoch = epoch
        self._blind = overlay is None
        self._overlay = overlay or Overlay()
        self._unpacked: dict[int, dict[int, Row]] = {}
        self._letters: list[str] = []

    @property
    def left(self) -> int:
        """The leftmost used column, where the bare values of a row begin."""
        return self._left

    @property
    def overlay(self) -> Overlay:
        """What is known of the cells beyond their values."""
        return self._overlay

    @property
    def epoch(self) -> datetime | None:
        """The first day of the workbook's calendar, where it is known."""
        return self._epoch

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Each filled row with its number and bare values, the first of them in the leftmost used column."""
        for block in self._blocks:
            yield from zip(*_unpack(block.packed), strict=True)

    def packed(self) -> Iterator[bytes]:
        """The rows as they are held: JSON of the numbers and the values of some hundred rows at a time."""
        for block in self._blocks:
            yield block.packed

    def forget_other_columns(self, columns: Set[int]) -> None:
        """Keep the values of these columns alone. Do so once nothing else of the sheet is looked at."""
        seen = range(self._left, self._left + self._width)
        if len(columns) > _WORTH_FORGETTING * len(seen):
            return
        kept = [column in columns for column in seen]
        for place, block in enumerate(self._blocks):
            numbers, rows = _unpack(block.packed)
            bare = [[value if keep else "" for value, keep in zip(row, kept, strict=False)] for row in rows]
            self._blocks[place] = PackedRows(block.first, orjson.dumps([numbers, bare]))
        self._unpacked.clear()

    def plain_cell(self, raw: Any, number_format: str) -> Cell:
        """The cell that a bare value makes where nothing else is known of it; its address is left out."""
        value = plain_value(raw)
        state = value_state(value) if self._blind else _state(value)
        return Cell("", state, value, number_format, day=day_of(value, self._epoch))

    def used_rows(self) -> list[int]:
        """The numbers of the rows with a cell, in order."""
        # A block is [[numbers],[rows]]; the numbers alone are quickly unpacked.
        numbers = [
            number for block in self._blocks for number in orjson.loads(block.packed[1 : block.packed.index(b"]") + 1])
        ]
        unseen = self._overlay.unseen()
        return sorted(unseen.keys() | set(numbers)) if unseen else numbers

    def used_columns(self) -> Sequence[int]:
        """The numbers of the columns with a cell, and perhaps of some between them, in order."""
        seen = range(self._left, self._left + self._width)
        unseen = self._overlay.unseen()
        return sorted({column for columns in unseen.values() for column in columns}.union(seen)) if unseen else seen

    def __getitem__(self, position: Position) -> Cell:
        cell = self._cell(*position)
        if cell is None:
            raise KeyError(position)
        return cell

    def get(self, position: Position, default: Any = None) -> Any:
        return self._cell(*position) or default

    def __iter__(self) -> Iterator[Position]:
        unseen = self._overlay.unseen()
        rows = self.rows()
        number, values = next(rows, (_NO_ROW, []))
        for row in self.used_rows():
            columns = set(unseen.get(row, ()))
            if row == number:
                columns.update(place for place, value in enumerate(values, start=self._left) if value != "")
                number, values = next(rows, (_NO_ROW, []))
            yield from ((row, column) for column in sorted(columns))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _cell(self, row: int, column: int) -> Cell | None:
        values = self._row(row)
        offset = column - self._left
        raw = values[offset] if values is not None and 0 <= offset < len(values) else ""
        extra = self._overlay
        key = at(row, column)
        if raw == "" and key not in extra.errors and key not in extra.uncalculated:
            return None
        while len(self._letters) < column:
            self._letters.append(column_letters(len(self._letters) + 1))
        address = f"{self._letters[column - 1]}{row}"
        if key in extra.errors:
            return Cell(address, CellState.ERROR, extra.errors[key], formula=extra.formula(key, address))
        value = plain_value(raw)
        serial = extra.serials.get(key) if extra.serials and isinstance(raw, list) else None
        if serial is not None:
            value = _date_of(serial, self._epoch, value)
        state = value_state(value) if self._blind else _state(value)
        if key in extra.uncalculated:
            state = CellState.NOT_CALCULATED
        return Cell(
            address,
            state,
            value,
            extra.format(row, column),
            extra.formula(key, address) if extra.formulas else "",
            serial,
            day_of(value, self._epoch),
        )

    def _row(self, row: int) -> Row | None:
        number = bisect_right(self._firsts, row) - 1
        if number < 0:
            return None
        rows = self._unpacked.get(number)
        if rows is None:
            if len(self._unpacked) >= _KEPT:
                self._unpacked.pop(next(iter(self._unpacked)))
            rows = dict(zip(*_unpack(self._blocks[number].packed), strict=True))
            self._unpacked[number] = rows
        return rows.get(row)


def _unpack(packed: bytes) -> Block:
    numbers, rows = orjson.loads(packed)
    return numbers, rows


def _date_of(serial: float, epoch: datetime | None, otherwise: CellValue) -> CellValue:
    """The date that openpyxl makes of a number; the other reader takes those before the calendar begins for zero."""
    from openpyxl.utils.datetime import WINDOWS_EPOCH, from_excel

    try:
        found: CellValue = from_excel(serial, epoch or WINDOWS_EPOCH)
    except (OverflowError, ValueError):
        return otherwise
    return found


def _state(value: CellValue) -> CellState:
    blank = value is None or (isinstance(value, str) and not value.strip())
    return CellState.BLANK if blank else CellState.VALUE


def plain_value(raw: Any) -> CellValue:
    """What was sent, as openpyxl would give it: a whole float is the integer that was typed, a day is a midnight."""
    if isinstance(raw, float):
        return int(raw) if raw.is_integer() and abs(raw) < _WHOLE else raw
    if not isinstance(raw, list):
        value: CellValue = raw
        return value
    kind, *parts = raw
    if kind == "day":
        return datetime.combine(date.fromordinal(parts[0]), time())
    if kind == "moment":
        return datetime.fromisoformat(parts[0])
    if kind == "time":
        return time.fromisoformat(parts[0])
    return timedelta(seconds=parts[0])
