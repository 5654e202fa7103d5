"""Finding the header row and each column by its header, never by position (S12, X14, X15)."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from connectors.spreadsheet.cells import CellState, Sheet, column_letters
from connectors.spreadsheet.dates import parse_month, year_in
from connectors.spreadsheet.options import Column, Months, SpreadsheetOptions
from model.errors import Problem, SourceContentError, SourceGoneError
from model.keys import normalise_key
from model.money import Month

DEEPEST_HEADER = 3
SEARCHED_ROWS = 100
LAST_COLUMN = 16_384
_INVISIBLE = re.compile("[\u00ad\u200b\u200c\u200d\ufeff]")
_AFTER_HYPHEN = re.compile(r"-\s+")


@dataclass(frozen=True, slots=True)
class MonthColumn:
    """One month of one series. ``block`` is its configuration, ``headers`` all texts above it."""

    month: Month
    column: int
    block: Months
    headers: tuple[str, ...]


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


@dataclass(slots=True)
class _Attempt:
    """What one row gives as a header row; the best one is shown when none gives all."""

    row: int
    texts: dict[int, tuple[str, ...]]
    columns: dict[str, int] = field(default_factory=dict)
    months: list[MonthColumn] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    optional_missing: list[str] = field(default_factory=list)
    groups_told: bool = True
    doubts: list[str] = field(default_factory=list)

    @property
    def found(self) -> int:
        return len(self.columns) + bool(self.months)


def header_name(text: str) -> str:
    """Fold a header: NFKC, case, white space, breaks after a hyphen, invisible characters do not matter (X15)."""
    return _AFTER_HYPHEN.sub("-", normalise_key(_INVISIBLE.sub("", text)))


def find_header(sheet: Sheet, options: SpreadsheetOptions, location: str) -> Header:
    """Find the first row that holds all required headers, or read the configured one.

    Raise SourceGoneError naming the headers that were looked for and those that are there; the stored rows then stay.
    """
    _require_merges(sheet, options, location)
    attempts = [_attempt(sheet, row, options) for row in _candidates(sheet, options)]
    for attempt in attempts:
        if not attempt.missing and not attempt.doubts:
            return Header(
                row=attempt.row,
                columns=attempt.columns,
                months=sorted(attempt.months, key=lambda column: (column.block.series, column.month)),
                texts=attempt.texts,
                missing=attempt.optional_missing,
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


def _candidates(sheet: Sheet, options: SpreadsheetOptions) -> list[int]:
    """The rows that may be the lowest header row: the configured one, the table's, or each used row from the top."""
    if options.header_row is not None:
        return [options.header_row]
    table = sheet.table(options.table)
    if table is not None and table.headers:
        return [table.area.top]
    return sorted({row for row, _ in sheet.cells})[:SEARCHED_ROWS]


def _attempt(sheet: Sheet, row: int, options: SpreadsheetOptions) -> _Attempt:
    attempt = _Attempt(row, _header_texts(sheet, row, options), groups_told=sheet.tells_merges)
    names = {column: _names(texts) for column, texts in attempt.texts.items()}
    for field_name, wanted in (*options.columns.items(), *options.custom.items()):
        _place(attempt, field_name, wanted, names)
    for block in options.months:
        months = _month_columns(attempt, block)
        if not months:
            described = f"months of {block.series}" + (f" under {block.group!r}" if block.group else "")
            (attempt.optional_missing if block.optional else attempt.missing).append(described)
        attempt.months += months
    return attempt


def _header_texts(sheet: Sheet, row: int, options: SpreadsheetOptions) -> dict[int, tuple[str, ...]]:
    """The texts above each column, from the group headers down; merged ones count for all columns they span (X14)."""
    table = sheet.table(options.table)
    first, last = (table.area.left, table.area.right) if table else (1, LAST_COLUMN)
    columns = sorted({column for _, column in sheet.cells if first <= column <= last})
    rows = range(max(1, row - DEEPEST_HEADER + 1), row + 1)
    anchors = {
        (above, column): (area.top, area.left)
        for area in sheet.merged
        if area.top <= row and area.bottom >= rows.start
        for above in rows
        for column in range(area.left, area.right + 1)
        if area.holds(above, column)
    }
    texts = {}
    for column in columns:
        spanned = dict.fromkeys(anchors.get((above, column), (above, column)) for above in rows)
        texts[column] = tuple(text for position in spanned if (text := _text(sheet, *position)))
    return {column: found for column, found in texts.items() if found}


def _text(sheet: Sheet, row: int, column: int) -> str:
    """A header as text; a month may be a real date formatted as ``MMM YY``, a calculated one is taken as it stands."""
    cell = sheet.cell(row, column)
    if isinstance(cell.value, date):
        return f"{cell.value:%Y-%m}" if cell.value.day == 1 else f"{cell.value:%Y-%m-%d}"
    return "" if cell.value is None or cell.state is CellState.ERROR else str(cell.value).strip()


def _names(texts: tuple[str, ...]) -> set[str]:
    """What a column may be called: its own header, or that with the group headers in front of it."""
    return {header_name(" ".join(texts[start:])) for start in range(len(texts))}


def _place(attempt: _Attempt, field_name: str, wanted: Column, names: Mapping[int, set[str]]) -> None:
    for spelling in (wanted.header, *wanted.aliases):
        found = [column for column, its_names in names.items() if header_name(spelling) in its_names]
        if len(found) > 1:
            cells = " and ".join(f"{column_letters(column)}{attempt.row}" for column in found)
            attempt.doubts.append(f"the header {spelling!r} stands in {cells}")
        if found:
            attempt.columns[field_name] = found[0]
            return
    (attempt.optional_missing if wanted.optional else attempt.missing).append(wanted.header)


def _month_columns(attempt: _Attempt, block: Months) -> list[MonthColumn]:
    """The month columns of one block; two columns for one month are a doubt, not a sum."""
    by_month: dict[Month, MonthColumn] = {}
    for column, texts in attempt.texts.items():
        if column in attempt.columns.values() or not _under(texts[:-1], block.group):
            continue
        month = _month(texts if attempt.groups_told else texts[-1:], block)
        if month is None:
            continue
        if month in by_month:
            both = f"{column_letters(by_month[month].column)}{attempt.row} and {column_letters(column)}{attempt.row}"
            attempt.doubts.append(f"{block.series} of {month} stands in {both}; name the header above it under group:")
        by_month[month] = MonthColumn(month, column, block, texts)
    return list(by_month.values())


def _under(groups: tuple[str, ...], wanted: str | None) -> bool:
    """Whether a merged header above is the wanted one; ``Plan`` matches ``Plan 2026`` but not ``Planung``."""
    if wanted is None:
        return True
    folded = header_name(wanted)
    return any(re.match(re.escape(folded) + r"(?!\w)", header_name(group)) for group in groups)


def _month(texts: tuple[str, ...], block: Months) -> Month | None:
    year = next((found for text in reversed(texts[:-1]) if (found := year_in(text))), None)
    before, _, after = header_name(block.header).partition("{month}")
    match = re.fullmatch(re.escape(before) + r"\s*(.+?)\s*" + re.escape(after), header_name(texts[-1]))
    return parse_month(match[1], year) if match else None


def _not_found(attempt: _Attempt, location: str) -> SourceGoneError:
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
    return SourceGoneError(*problems)


def _nearest(header: str, free: Iterable[str]) -> str:
    """A hint that names the most similar header which no other field uses."""
    folded = {header_name(text): " ".join(text.split()) for text in free}
    near = difflib.get_close_matches(header_name(header), folded, n=1, cutoff=0.5)
    if near:
        return f"was it renamed to {folded[near[0]]!r}? then add that to its aliases:"
    return "correct header: in the source's columns:, or mark the column optional"
