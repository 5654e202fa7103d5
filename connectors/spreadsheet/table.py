"""The rows below the header: which are records, which sum up others, which are captions (X16)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from connectors.spreadsheet.cells import Cell, CellState, Sheet, TableRange
from connectors.spreadsheet.columns import PlacedColumn, identifying_paths
from connectors.spreadsheet.header_texts import header_name
from connectors.spreadsheet.headers import Header
from connectors.spreadsheet.options import SpreadsheetOptions
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


@dataclass(slots=True)
class Table:
    """The rows, sorted out. ``sums_inside`` are rows with a key whose amounts add up other rows."""

    rows: list[Row] = field(default_factory=list)
    totals: list[Row] = field(default_factory=list)
    sums_inside: list[Row] = field(default_factory=list)
    shifted: list[Row] = field(default_factory=list)
    """Rows of a text file with more fields than the header."""
    caption_rows: list[int] = field(default_factory=list)
    """Section headings and footnotes."""

    @property
    def captions(self) -> int:
        """How many rows are headings or footnotes."""
        return len(self.caption_rows)


def read_table(sheet: Sheet, header: Header, columns: Mapping[str, PlacedColumn], options: SpreadsheetOptions) -> Table:
    """Sort out every row below the header, hidden ones included: a filter is not a deletion (X17)."""
    table = Table()
    named = sheet.table(options.table)
    numbers = [number for number in sheet.used_rows if number > header.bottom]
    identifying = identifying_paths(options)
    for number in numbers:
        if named is not None and number > named.area.bottom:
            break
        row = Row(number, {path: sheet.cell(number, placed.column) for path, placed in columns.items()})
        if _is_wider(sheet, row, header):
            table.shifted.append(row)
            continue
        _sort_out(table, row, columns, identifying, options, _is_totals_row(named, number))
    return table


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
    sums = any(_sums_rows(row.cells[path], row.number) for path in filled if columns[path].is_amount)
    if not filled or _repeats_header(row, filled, columns):
        return
    if is_totals_row or _has_total_label(row, identifying, columns, options) or (sums and not named):
        table.totals.append(row)
    elif sums:
        table.sums_inside.append(row)
    elif not named and len(filled) == 1 and not columns[filled[0]].is_amount:
        # A section heading or a footnote: one text, no key, no amount.
        table.caption_rows.append(row.number)
    else:
        table.rows.append(row)


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


def _sums_rows(cell: Cell, number: int) -> bool:
    """Whether the formula adds up other rows of the same sheet; a sum across its own row is an ordinary amount."""
    if _SUBTOTAL.search(cell.formula):
        return True
    for arguments in _SUM.findall(cell.formula):
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
