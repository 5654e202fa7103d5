"""What every reader gives: a sheet of plain cells, each with its address and state."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import Enum, auto
from typing import TypeAlias

from model.keys import normalise_key

CellValue: TypeAlias = str | int | float | bool | datetime | date | time | timedelta | None
Position: TypeAlias = tuple[int, int]
"""Row and column, both from 1."""

_ERROR = re.compile(
    r"#(?:REF|VALUE|NAME|NULL|NUM|DIV/0|SPILL|CALC|BEZUG|WERT|ZAHL)[!?]|#N/A|#NV|#GETTING_DATA|Err:\d{3}", re.IGNORECASE
)


class CellState(Enum):
    """What a cell holds. Blank, broken and never calculated are three different things (X1, X2, X5)."""

    BLANK = auto()
    VALUE = auto()
    ERROR = auto()
    NOT_CALCULATED = auto()


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: ``address`` is ``F12``.

    ``serial`` is the bare number behind a cell that is formatted as a date; ``day`` is the date that a date cell or a
    bare number stands for in the workbook's own calendar (X9).
    """

    address: str
    state: CellState = CellState.BLANK
    value: CellValue = None
    format: str = "General"
    formula: str = ""
    serial: float | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """A rectangle of cells, its ends included."""

    top: int
    left: int
    bottom: int
    right: int

    def holds(self, row: int, column: int) -> bool:
        return self.top <= row <= self.bottom and self.left <= column <= self.right


@dataclass(frozen=True, slots=True)
class TableRange:
    """Where an Excel table or a named range lies; ``totals`` are its last rows that sum it up (X16)."""

    name: str
    area: Range
    headers: int
    totals: int
    is_name: bool = False
    """Whether it is a named range, whose header stands somewhere inside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet: its used cells, merged ranges and tables. ``notes`` are doubts about the file as a whole (X3, X30)."""

    title: str
    visible: bool
    cells: Mapping[Position, Cell]
    merged: Sequence[Range] = ()
    tables: Sequence[TableRange] = ()
    area: TableRange | None = None
    """The named range that is read of the sheet; None for all of it."""
    names: Sequence[str] = ()
    """The named ranges of the workbook that lie on this sheet."""
    listed: Sequence[str] = ()
    """The titles of all sheets of the workbook."""
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    notes: Sequence[str] = ()
    saved_by: str = ""
    reader: str = "openpyxl"
    is_text: bool = False
    """Whether it is a text file, which has no sheets to name in an address."""
    values_only: bool = False
    """Whether an empty cell may be a broken formula, and formulas and number formats are not seen (X5)."""
    tells_merges: bool = True
    """Whether ``merged`` is known; a group header spans several columns only by its merge."""
    formats: Sequence[str] = ()
    """All number formats of a workbook of which single cells tell none."""
    widths: Mapping[int, int] = field(default_factory=dict)
    """The number of fields of each row of a text file."""
    fills: Mapping[Position, str] = field(default_factory=dict)
    """The colour ``RRGGBB`` of filled cells, when colours were asked for."""
    painted: Sequence[Range] = ()
    """Where conditional formats paint."""
    used_rows: Sequence[int] = ()
    """The numbers of the rows with a cell, in order; worked out from the cells unless told."""
    used_columns: Sequence[int] = ()
    """The numbers of the columns with a cell, and perhaps of some between them, in order."""

    def __post_init__(self) -> None:
        if not self.used_rows:
            object.__setattr__(self, "used_rows", sorted({row for row, _ in self.cells}))
        if not self.used_columns:
            object.__setattr__(self, "used_columns", sorted({column for _, column in self.cells}))

    def cell(self, row: int, column: int) -> Cell:
        """The cell at a position; a blank one where nothing was written."""
        return self.cells.get((row, column)) or Cell(f"{column_letters(column)}{row}")

    def filled(self, first: int, last: int, most: int) -> dict[int, list[int]]:
        """The rows between two that hold something, with their columns: the topmost of them, at most so many."""
        start, end = bisect_left(self.used_rows, first), bisect_right(self.used_rows, last)
        return {
            row: [column for column in self.used_columns if (row, column) in self.cells]
            for row in self.used_rows[start:end][:most]
        }

    def table(self, name: str | None) -> TableRange | None:
        """The named range that was asked for, or the table of that name, however it is spelled; None for neither."""
        folded = normalise_key(name or "")
        return self.area or next((table for table in self.tables if normalise_key(table.name) == folded), None)


def column_letters(column: int) -> str:
    """``28`` is ``AB``."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """``AB`` is 28."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def value_state(value: CellValue) -> CellState:
    """The state of a bare value; an error that was exported as a text is still an error (X5)."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return CellState.BLANK
    if isinstance(value, str) and _ERROR.fullmatch(value.strip()):
        return CellState.ERROR
    return CellState.VALUE


def day_of(value: CellValue, epoch: datetime | None) -> date | None:
    """The day that a date or a bare number stands for, when it lies in the years that can be meant.

    Without an epoch a number stands for no day: it may count from 1900 or from 1904 (X9).
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 30_000 < value < 80_000 and epoch:
        value = epoch + timedelta(days=value)
    if isinstance(value, datetime):
        value = value.date()
    return value if isinstance(value, date) else None
