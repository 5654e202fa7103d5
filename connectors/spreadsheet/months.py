"""Month columns: a block of them becomes one series, whatever rows its year, its month and its name stand in."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.spreadsheet.cells import column_letters
from connectors.spreadsheet.dates import parse_month, year_in
from connectors.spreadsheet.header_texts import header_name
from connectors.spreadsheet.options import Months
from connectors.spreadsheet.units import without_unit
from model.money import Month


@dataclass(frozen=True, slots=True)
class MonthColumn:
    """One month of one series. ``block`` is its configuration, ``headers`` all texts above it."""

    month: Month
    column: int
    block: Months
    headers: tuple[str, ...]
    has_own_year: bool = True
    """Whether its own header tells the year, not one above it."""


def month_columns(
    texts: Mapping[int, tuple[str, ...]], taken: Collection[int], block: Months, row: int, *, groups_told: bool
) -> tuple[list[MonthColumn], list[str]]:
    """The month columns of one block in the order of the sheet, and what is doubtful about them.

    Two columns for one month are a doubt, not a sum; so is a January behind a December under one and the same year.
    """
    by_month: dict[Month, MonthColumn] = {}
    doubts = []
    for column, headers in sorted(texts.items()):
        if column in taken or not _under(headers[:-1], block.group):
            continue
        found = _month_column(column, headers, block, groups_told=groups_told)
        if found is None:
            continue
        if found.month in by_month:
            both = f"{column_letters(by_month[found.month].column)}{row} and {column_letters(column)}{row}"
            doubts.append(f"{block.series} of {found.month} stands in {both}; name the header above it under group:")
        by_month[found.month] = found
    return list(by_month.values()), [*doubts, *_turned_years(list(by_month.values()), row)]


def _under(groups: Sequence[str], wanted: str | None) -> bool:
    """Whether a header above is the wanted one; ``Plan`` matches ``Plan 2026`` but not ``Planung``."""
    if wanted is None:
        return True
    folded = header_name(wanted)
    return any(re.match(re.escape(folded) + r"(?!\w)", header_name(group)) for group in groups)


def _month_column(column: int, headers: tuple[str, ...], block: Months, *, groups_told: bool) -> MonthColumn | None:
    """The month that a column is for: told by its lowest header, or by that together with those above it."""
    before, _, after = header_name(block.header).partition("{month}")
    pattern = re.compile(re.escape(before) + r"\s*(.+?)\s*" + re.escape(after))
    for start in range(len(headers) - 1, -1 if groups_told else len(headers) - 2, -1):
        above = headers[:start] if groups_told else ()
        year = next((found for text in reversed(above) if (found := year_in(text))), None)
        for spelling in _spellings(headers[start:]):
            match = pattern.fullmatch(spelling)
            if match is None:
                continue
            own = parse_month(match[1])
            month = own or parse_month(match[1], year)
            if month is not None:
                return MonthColumn(month, column, block, headers, own is not None)
    return None


def _spellings(headers: Sequence[str]) -> Iterator[str]:
    yield header_name(" ".join(headers))
    yield header_name(" ".join(bare for text in headers if (bare := without_unit(text))))


def _turned_years(columns: Sequence[MonthColumn], row: int) -> list[str]:
    """A year above the months that cannot be theirs all: they run to December and begin again."""
    doubts = []
    under: dict[int, list[MonthColumn]] = {}
    for column in columns:
        if not column.has_own_year:
            under.setdefault(column.month.year, []).append(column)
    for year, same in under.items():
        numbers = [column.month.month for column in same]
        if numbers != sorted(numbers) and numbers != sorted(numbers, reverse=True):
            turn = next(at for at in range(1, len(numbers)) if numbers[at] < numbers[at - 1])
            cell = f"{column_letters(same[turn].column)}{row}"
            doubts.append(
                f"the year of {same[turn].headers[-1]!r} in {cell} is not told: {year} stands above all of them"
            )
    return doubts
