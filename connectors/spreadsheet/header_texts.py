"""The texts above each column: several rows, merged cells, groups that are written once for all columns (X14, X15)."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from connectors.spreadsheet.cells import CellState, Position, Sheet
from connectors.spreadsheet.dates import parse_month
from connectors.spreadsheet.units import unit_in_header, without_unit
from model.keys import normalise_key

DEEPEST_HEADER = 4
"""How many rows that hold something a header may have; one blank row between them does not count."""
_INVISIBLE = re.compile("[\u00ad\u200b\u200c\u200d\ufeff]")
_AFTER_HYPHEN = re.compile(r"-\s+")
_MARKS = re.compile(r"(?<=[^\s:*])[\s:*]+$")
_ANY_YEAR = 2000


def header_name(text: str) -> str:
    """Fold a header: NFKC, case, white space, breaks after a hyphen, invisible characters and the marks ``*`` and ``:``
    at its end do not matter (X15)."""
    return _MARKS.sub("", _AFTER_HYPHEN.sub("-", normalise_key(_INVISIBLE.sub("", text))))


def names_of(texts: Sequence[str]) -> set[str]:
    """What a column may be called: its own header, or that with the group headers in front of it."""
    return {header_name(" ".join(texts[start:])) for start in range(len(texts))}


def names_without_unit(texts: Sequence[str]) -> set[str]:
    """The same where a header names its unit: ``Run-rate in kEUR`` is the run-rate."""
    return names_of([bare for text in texts if (bare := without_unit(text))])


def agree_in_currency(spelling: str, texts: Sequence[str]) -> bool:
    """Whether a header may stand for a spelling with another unit: ``in kEUR`` for ``in EUR``, never for ``in USD``."""
    wanted, there = unit_in_header(spelling), unit_in_header(" ".join(texts))
    return not (wanted and there and wanted.currencies and there.currencies) or bool(
        wanted.currencies & there.currencies
    )


@dataclass(slots=True)
class HeaderTexts:
    """The upper rows of a sheet, ready to be asked which texts stand above each column."""

    sheet: Sheet
    rows: Mapping[int, Sequence[int]]
    """The filled rows, each with its columns."""
    left: int
    right: int
    _columns: dict[int, list[int]] = field(default_factory=dict)
    _anchors: dict[Position, Position] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row, columns in self.rows.items():
            self._columns[row] = [column for column in columns if self.left <= column <= self.right]
        last = max(self.rows, default=0)
        for area in self.sheet.merged:
            for row in range(area.top, min(area.bottom, last) + 1):
                for column in range(area.left, area.right + 1):
                    self._anchors[row, column] = (area.top, area.left)

    def above(self, row: int) -> Mapping[int, tuple[str, ...]]:
        """Column to its texts down to a row, the group headers first; a merged one counts for all columns that it
        spans."""
        rows = self._rows(row)
        found = {}
        for column in self._spanned(rows):
            spanned = dict.fromkeys(self._anchors.get((each, column), (each, column)) for each in rows)
            found[column] = tuple(text for position in spanned if (text := self._text(position)))
        return {column: texts for column, texts in found.items() if texts}

    def spread(self, row: int, taken: Collection[int]) -> Mapping[int, tuple[str, ...]]:
        """As ``above``, with groups that are written once and not merged: ``2026`` above the first of its months.

        Only a group above a month spreads, to the right and over blank cells, up to a column that is ``taken``.
        """
        texts = self.above(row)
        monthly = {column for column, each in texts.items() if any(parse_month(text, _ANY_YEAR) for text in each)}
        rows = self._rows(row)
        carried: dict[int, Position] = {}
        found = {}
        for column in sorted(texts):
            if column in taken:
                carried = {}
                found[column] = texts[column]
                continue
            positions = []
            for each in rows:
                position = self._anchors.get((each, column), (each, column))
                if self._text(position) and each != row:
                    carried.pop(each, None)
                    if column in monthly:
                        carried[each] = position
                positions.append(position if self._text(position) else carried.get(each, position))
            found[column] = tuple(text for position in dict.fromkeys(positions) if (text := self._text(position)))
        return found

    def stands_in(self, row: int, column: int) -> bool:
        """Whether a text stands in the row itself, also where it is merged down to it."""
        return bool(self._text(self._anchors.get((row, column), (row, column))))

    def only_groups(self, row: int, column: int) -> bool:
        """Whether a column has no header of its own and lies below one that is merged over others too."""
        for above in reversed(self._rows(row)):
            position = self._anchors.get((above, column), (above, column))
            if self._text(position):
                beside = (self._anchors.get((above, column + step)) for step in (-1, 1))
                return above != row and position in beside
        return True

    def _rows(self, row: int) -> Sequence[int]:
        """The rows of a header whose lowest row is given: those above it, up to two blank rows."""
        rows, blank = [row], 0
        for above in range(row - 1, min(self.rows, default=row) - 1, -1):
            if any(self._text((above, column)) for column in self._columns.get(above, ())):
                rows.append(above)
                blank = 0
            else:
                blank += 1
            if blank > 1 or len(rows) == DEEPEST_HEADER:
                break
        return rows[::-1]

    def _spanned(self, rows: Sequence[int]) -> Sequence[int]:
        written = {column for row in rows for column in self._columns.get(row, ())}
        merged = {column for row, column in self._anchors if row in rows and self.left <= column <= self.right}
        return sorted(written | merged)

    def _text(self, position: Position) -> str:
        """A header as text; a month may be a real date, its first day or its last, shown as ``MMM YY``. A calculated
        one is taken as it stands."""
        cell = self.sheet.cell(*position)
        if isinstance(cell.value, date):
            is_month = cell.value.day == 1 or (cell.value + timedelta(days=1)).day == 1
            return f"{cell.value:%Y-%m}" if is_month else f"{cell.value:%Y-%m-%d}"
        return "" if cell.value is None or cell.state is CellState.ERROR else str(cell.value).strip()
