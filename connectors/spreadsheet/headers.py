"""Finding the header row and each column by its header, never by position (S12, X14, X15)."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.spreadsheet.cells import CellState, Sheet, column_letters
from connectors.spreadsheet.fields import FIELDS, CellType
from connectors.spreadsheet.header_texts import (
    HeaderTexts,
    agree_in_currency,
    header_name,
    names_of,
    names_without_unit,
)
from connectors.spreadsheet.months import MonthColumn, month_columns
from connectors.spreadsheet.options import Column, SpreadsheetOptions
from connectors.spreadsheet.units import is_unit
from model.errors import Problem, SchemaDriftError, SourceContentError, SourceGoneError

SEARCHED_ROWS = 100
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where everything stands: the lowest header row, the column of each field, and the month columns."""

    row: int
    columns: Mapping[str, int]
    months: Sequence[MonthColumn]
    texts: Mapping[int, tuple[str, ...]]
    """Column to its header texts, the merged ones above first."""
    missing: Sequence[str] = ()
    """Optional headers that are not there."""
    units: Mapping[int, str] = field(default_factory=dict)
    """Column to its unit where the units stand in a row of their own below the headers."""

    @property
    def bottom(self) -> int:
        """The last row that belongs to the header."""
        return self.row + bool(self.units)


@dataclass(slots=True)
class _Attempt:
    """What one row gives as a header row; the best one is shown when none gives all."""

    row: int
    texts: Mapping[int, tuple[str, ...]]
    columns: dict[str, int] = field(default_factory=dict)
    months: list[MonthColumn] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    optional_missing: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    """Our names of the fields that are missing or in doubt."""

    @property
    def found(self) -> int:
        return len(self.columns) + bool(self.months)


def find_header(sheet: Sheet, options: SpreadsheetOptions, location: str) -> Header:
    """Find the first row that holds all required headers, or read the configured one.

    Raise SchemaDriftError naming the headers that were looked for and those that are there; the stored rows then stay.
    """
    _require_merges(sheet, options, location)
    rows, texts = header_rows(sheet, options)
    attempts = []
    for row in rows:
        attempt = _attempt(sheet, row, options, texts)
        attempts.append(attempt)
        if not attempt.missing and not attempt.doubts:
            return Header(
                row=attempt.row,
                columns=attempt.columns,
                months=sorted(attempt.months, key=lambda column: (column.block.series, column.month)),
                texts=attempt.texts,
                missing=attempt.optional_missing,
                units=_units_below(sheet, attempt, options),
            )
    if not attempts:
        raise SourceGoneError("the sheet is empty", location=location, hint="check that this is the right sheet")
    raise _not_found(max(attempts, key=lambda attempt: (attempt.found, -attempt.row)), location)


def _require_merges(sheet: Sheet, options: SpreadsheetOptions, location: str) -> None:
    """Refuse to look for months under a group header that spans nobody knows how many columns (X14)."""
    problems = [
        Problem(
            f"months of {block.series} cannot be found under {block.group!r}: no merged headers are told",
            location,
            "write the series into each month's header and set header: 'Plan {month}', or save the file as .xlsx",
        )
        for block in options.months
        if block.group is not None and not sheet.tells_merges
    ]
    if problems:
        raise SourceContentError(*problems)


def header_rows(sheet: Sheet, options: SpreadsheetOptions) -> tuple[Sequence[int], HeaderTexts]:
    """The rows that may be the lowest header row, and the texts to look at.

    That is the configured row, the table's, or each used row from the top. What stands above a table groups its
    columns; what stands above a named range is no part of it.
    """
    table = sheet.table(options.table)
    left, right = (table.area.left, table.area.right) if table else (1, LAST_COLUMN)
    first, last = (table.area.top, table.area.bottom) if table and table.is_name else (1, LAST_ROW)
    known = options.header_row or (table.area.top if table and table.headers else None)
    if known is not None:
        return [known], HeaderTexts(sheet, sheet.filled(first, known, known), left, right)
    rows = sheet.filled(first, last, SEARCHED_ROWS)
    return list(rows), HeaderTexts(sheet, rows, left, right)


def _attempt(sheet: Sheet, row: int, options: SpreadsheetOptions, texts: HeaderTexts) -> _Attempt:
    attempt = _Attempt(row, texts.above(row))
    for field_name, wanted in (*options.columns.items(), *options.custom.items()):
        _place(attempt, field_name, wanted)
    spread = texts.spread(row, attempt.columns.values()) if options.months else {}
    for block in options.months:
        months, doubts = month_columns(spread, attempt.columns.values(), block, row, groups_told=sheet.tells_merges)
        attempt.doubts += doubts
        attempt.lost += [block.series] if doubts else []
        if not months:
            described = f"months of {block.series}" + (f" under {block.group!r}" if block.group else "")
            (attempt.optional_missing if block.optional else attempt.missing).append(described)
            attempt.lost += [] if block.optional else [block.series]
        attempt.months += months
    return attempt


def _place(attempt: _Attempt, field_name: str, wanted: Column) -> None:
    """Find the one column of a field: by its header as written, else by that without the unit that it names."""
    for spelling in (wanted.header, *wanted.aliases):
        found = _columns_called(attempt, spelling)
        if len(found) > 1:
            cells = " and ".join(f"{column_letters(column)}{attempt.row}" for column in found)
            attempt.doubts.append(f"the header {spelling!r} stands in {cells}")
            attempt.lost.append(field_name)
        if found:
            attempt.columns[field_name] = found[0]
            return
    (attempt.optional_missing if wanted.optional else attempt.missing).append(wanted.header)
    attempt.lost += [] if wanted.optional else [field_name]


def _columns_called(attempt: _Attempt, spelling: str) -> list[int]:
    exact = [column for column, texts in attempt.texts.items() if header_name(spelling) in names_of(texts)]
    if exact:
        return exact
    bare = names_without_unit([spelling])
    return [
        column
        for column, texts in attempt.texts.items()
        if bare & names_without_unit(texts) and agree_in_currency(spelling, texts)
    ]


def _units_below(sheet: Sheet, attempt: _Attempt, options: SpreadsheetOptions) -> dict[int, str]:
    """The units in a row of their own right below the headers; empty when that row is a row like any other."""
    types = {**FIELDS[options.records]} | {name: column.type for name, column in options.custom.items()}
    amounts = {
        column for name, column in attempt.columns.items() if types.get(name) in (CellType.MONEY, CellType.NUMBER)
    }
    amounts |= {month.column for month in attempt.months}
    row = attempt.row + 1
    cells = {column: sheet.cell(row, column) for column in {*attempt.columns.values(), *amounts}}
    filled = {column: cell for column, cell in cells.items() if cell.state is not CellState.BLANK}
    if not amounts & set(filled) or not all(is_unit(str(cell.value)) for cell in filled.values()):
        return {}
    return {column: str(cell.value) for column, cell in filled.items()}


def _not_found(attempt: _Attempt, location: str) -> SchemaDriftError:
    there = list(dict.fromkeys(" ".join(texts[-1].split()) for texts in attempt.texts.values()))
    shown = ", ".join(there[:40])
    taken = {*attempt.columns.values(), *(month.column for month in attempt.months)}
    free = [texts[-1] for column, texts in attempt.texts.items() if column not in taken]
    where = f"{location}, row {attempt.row}"
    problems = [
        Problem(doubt, where, "give each column a header of its own, or write the merged header in front")
        for doubt in attempt.doubts
    ]
    problems += [
        Problem(f"no column {header!r}; the headers there are: {shown}", where, _nearest(header, free))
        for header in attempt.missing
    ]
    return SchemaDriftError(*problems, fields=list(dict.fromkeys(attempt.lost)))


def _nearest(header: str, free: Iterable[str]) -> str:
    """A hint that names the most similar header which no other field uses."""
    folded = {header_name(text): " ".join(text.split()) for text in free}
    near = difflib.get_close_matches(header_name(header), folded, n=1, cutoff=0.5)
    if near:
        return f"was it renamed to {folded[near[0]]!r}? then add that to its aliases:"
    return "correct header: in the source's columns:, or mark the column optional"
