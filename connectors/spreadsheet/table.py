"""The rows below the header: which are records, which sum up others, which are captions (X16)."""

import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import overload

from connectors.spreadsheet.cells import Cell, CellState, Sheet, TableRange, column_letters
from connectors.spreadsheet.columns import PlacedColumn, identifying_paths
from connectors.spreadsheet.grid import Grid
from connectors.spreadsheet.header_texts import header_name
from connectors.spreadsheet.headers import Header
from connectors.spreadsheet.options import SpreadsheetOptions
from connectors.spreadsheet.plain_rows import PlainRows
from model.keys import normalise_key

_SUBTOTAL = re.compile(r"\b(?:SUBTOTAL|AGGREGATE)\(", re.IGNORECASE)
_SUM = re.compile(r"\bSUM\(([^()]*)\)", re.IGNORECASE)
_ROWS = re.compile(r"^\$?[A-Z]{1,3}\$?(\d+):\$?[A-Z]{1,3}\$?(\d+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the sheet: the cell of each mapped field, by its path."""

    number: int
    cells: Mapping[str, Cell]

    def cell(self, path: str) -> Cell | None:
        return self.cells.get(path)

    @property
    def filled(self) -> list[str]:
        return [path for path, cell in self.cells.items() if cell.state is not CellState.BLANK]


class Rows(Sequence[Row]):
    """Some rows of a sheet: their numbers are held, their cells are made when a row is asked for."""

    def __init__(self, sheet: Sheet, columns: Mapping[str, PlacedColumn], numbers: Iterable[int] = ()) -> None:
        self.numbers = array("I", numbers)
        self._sheet = sheet
        self._columns = [(path, placed.column) for path, placed in columns.items()]

    def at(self, number: int) -> Row:
        """The row of that number, whether or not it is one of these."""
        return Row(number, {path: self._sheet.cell(number, column) for path, column in self._columns})

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        if isinstance(place, slice):
            return [self.at(number) for number in self.numbers[place]]
        return self.at(self.numbers[place])


class Table:
    """The rows, sorted out. ``sums_inside`` are rows with a key whose amounts add up other rows."""

    def __init__(self, sheet: Sheet, columns: Mapping[str, PlacedColumn]) -> None:
        self.rows = Rows(sheet, columns)
        self.keys: list[str | None] = []
        """The key of each of the rows; None where it takes a closer look to find it."""
        self.totals = Rows(sheet, columns)
        self.sums_inside = Rows(sheet, columns)
        self.shifted = Rows(sheet, columns)
        """Rows of a text file with more fields than the header."""
        self.caption_rows: list[int] = []
        """Section headings and footnotes."""

    @property
    def captions(self) -> int:
        """How many rows are headings or footnotes."""
        return len(self.caption_rows)

    def take(self, number: int, key: str | None = None) -> None:
        """Add a row that is to become a record."""
        self.rows.numbers.append(number)
        self.keys.append(key)


def read_table(sheet: Sheet, header: Header, columns: Mapping[str, PlacedColumn], options: SpreadsheetOptions) -> Table:
    """Sort out every row below the header, hidden ones included: a filter is not a deletion (X17).

    Most rows of a large sheet are told by a glance at their bare values, the others by all that is known of their
    cells.
    """
    table = Table(sheet, columns)
    named = sheet.table(options.table)
    last = named.area.bottom if named else None
    identifying = identifying_paths(options)
    plain = _plain_rows(sheet, columns, options, header, identifying)
    for number, key in plain.keys() if plain else ((number, None) for number in sheet.used_rows):
        if number <= header.bottom:
            continue
        if last is not None and number > last:
            break
        is_totals_row = _is_totals_row(named, number)
        if key is not None and not is_totals_row:
            table.take(number, key)
            continue
        row = table.rows.at(number)
        if _is_wider(sheet, row, header):
            table.shifted.numbers.append(number)
        else:
            _sort_out(table, row, columns, identifying, options, is_totals_row)
    return table


def _plain_rows(
    sheet: Sheet,
    columns: Mapping[str, PlacedColumn],
    options: SpreadsheetOptions,
    header: Header,
    identifying: Sequence[str],
) -> PlainRows | None:
    if not isinstance(sheet.cells, Grid) or not set(identifying) <= columns.keys():
        return None
    if min(placed.column for placed in columns.values()) < sheet.cells.left:
        return None
    labels = _total_labels(options.totals, "key" in options.columns) if options.totals else None
    amounts = {placed.column for placed in columns.values() if placed.is_amount}
    overlay = sheet.cells.overlay
    summing = {
        key >> 14
        for key in overlay.formulas
        if (key & 0x3FFF) + 1 in amounts
        and sums_rows(overlay.formula(key, f"{column_letters((key & 0x3FFF) + 1)}{key >> 14}"), key >> 14)
    }
    most_fields = sheet.widths.get(header.row)
    wide = {row for row, fields in sheet.widths.items() if most_fields is not None and fields > most_fields}
    return PlainRows(sheet, sheet.cells, columns, identifying, labels, options.key_pattern, summing | wide)


def _is_totals_row(named: TableRange | None, number: int) -> bool:
    return named is not None and number > named.area.bottom - named.totals


def _is_wider(sheet: Sheet, row: Row, header: Header) -> bool:
    """Whether a row of a text file has filled fields behind the last field of the header."""
    last = sheet.widths.get(header.row)
    if last is None:
        return False
    beyond = range(last + 1, sheet.widths[row.number] + 1)
    return any(sheet.cell(row.number, column).state is not CellState.BLANK for column in beyond)


def _sort_out(
    table: Table,
    row: Row,
    columns: Mapping[str, PlacedColumn],
    identifying: Sequence[str],
    options: SpreadsheetOptions,
    is_totals_row: bool,
) -> None:
    filled = row.filled
    named = any(path in filled for path in identifying)
    sums = any(sums_rows(row.cells[path].formula, row.number) for path in filled if columns[path].is_amount)
    if not filled or _repeats_header(row, filled, columns):
        return
    if is_totals_row or _has_total_label(row, identifying, columns, options) or (sums and not named):
        table.totals.numbers.append(row.number)
    elif sums:
        table.sums_inside.numbers.append(row.number)
    elif not named and len(filled) == 1 and not columns[filled[0]].is_amount:
        # A section heading or a footnote: one text, no key, no amount.
        table.caption_rows.append(row.number)
    else:
        table.take(row.number)


def _has_total_label(
    row: Row, identifying: Sequence[str], columns: Mapping[str, PlacedColumn], options: SpreadsheetOptions
) -> bool:
    """A label counts where the key would stand, else in any text: a saving may be called 'Total …'."""
    keys = [cell for path in identifying if (cell := row.cell(path)) and cell.state is not CellState.BLANK]
    has_key_column = "key" in options.columns
    if has_key_column and not keys:
        texts = [cell for path, cell in row.cells.items() if not columns[path].is_amount]
    else:
        texts = keys
    pattern = _total_labels(options.totals, has_key_column)
    return bool(options.totals) and any(
        isinstance(cell.value, str) and pattern.fullmatch(normalise_key(cell.value)) for cell in texts
    )


@cache
def _total_labels(labels: tuple[str, ...], has_key_column: bool) -> re.Pattern[str]:
    """The labels of totals. Without a key column a title is all there is, so only a bare label is a total there."""
    any_of_them = "|".join(re.escape(normalise_key(label)) for label in labels)
    suffix = r"(?!\w).*" if has_key_column else r"\W*(?:\d{4})?"
    return re.compile(f"(?:{any_of_them}){suffix}")


def sums_rows(formula: str, number: int) -> bool:
    """Whether a formula adds up other rows of the same sheet; a sum across its own row is an ordinary amount."""
    if not formula:
        return False
    if _SUBTOTAL.search(formula):
        return True
    for arguments in _SUM.findall(formula):
        for argument in re.split(r"[,;]", arguments):
            rows = _ROWS.match(argument.strip())
            if rows and int(rows[1]) != int(rows[2]) and not int(rows[1]) <= number <= int(rows[2]):
                return True
            if re.fullmatch(r"\s*\w*\[\[?[^@#\]]+\]?\]\s*", argument):
                return True
    return False


def _repeats_header(row: Row, filled: Sequence[str], columns: Mapping[str, PlacedColumn]) -> bool:
    """A header that is printed again further down."""
    texts = [path for path in filled if isinstance(row.cells[path].value, str)]
    return len(texts) > 1 and all(
        header_name(str(row.cells[path].value)) == header_name(columns[path].header) for path in texts
    )
