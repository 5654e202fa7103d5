"""Dates and months as people type them into text cells (X9); what could mean two days is refused."""

import re
import unicodedata
from datetime import date, timedelta
from typing import Literal, TypeAlias

from model.money import Month

DateOrder: TypeAlias = Literal["dmy", "mdy"]
"""Which number comes first in 03/04/2026."""

FIRST_YEAR, LAST_YEAR = 2000, 2100

_NAMES = (
    "january januar jänner jan",
    "february februar feber feb",
    "march märz maerz mar mär mrz",
    "april apr",
    "may mai",
    "june juni jun",
    "july juli jul",
    "august aug",
    "september sept sep",
    "october oktober oct okt",
    "november nov",
    "december dezember dec dez",
)
_MONTH_OF = {name: number for number, names in enumerate(_NAMES, start=1) for name in names.split()}

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00)?)?")
_NUMERIC = re.compile(r"(\d{1,2})([./-])\s?(\d{1,2})\2\s?(\d{4}|\d{2})")
_NAMED = re.compile(r"(\d{1,2})\.?[ -]([^\W\d_]+)\.?,?[ -](\d{4}|\d{2})|([^\W\d_]+)\.? (\d{1,2}), ?(\d{4})")
_MONTH_NAMED = re.compile(r"([^\W\d_]+)\.?[ \-/']{0,2}(\d{4}|\d{2})?")
_MONTH_NUMERIC = re.compile(r"(\d{1,2})(?:[./-](?=\d{4})|/)(\d{4}|[2-9]\d)")
_YEAR_FIRST = re.compile(r"(\d{4})[./-](\d{1,2})")
_YEAR = re.compile(r"(?<!\d)(20\d{2})(?!\d)")


def parse_date(text: str, order: DateOrder | None) -> date:
    """Read a whole date; raise ValueError with the reason.

    Points mean day first. With slashes or dashes the order must be known or the day must be above 12.
    """
    folded = _fold(text)
    if match := _ISO.fullmatch(folded):
        return _day(int(match[1]), int(match[2]), int(match[3]), text)
    if match := _NUMERIC.fullmatch(folded):
        return _numeric(match, order, text)
    if match := _NAMED.fullmatch(folded):
        day, name, year = (match[1], match[2], match[3]) if match[1] else (match[5], match[4], match[6])
        month = _MONTH_OF.get(name.casefold())
        if month:
            return _day(_full_year(year), month, int(day), text)
    if parse_month(text) is not None:
        raise ValueError(f"{text!r} names a month, not a day")
    raise ValueError(f"{text!r} is not a date")


def _numeric(match: re.Match[str], order: DateOrder | None, text: str) -> date:
    first, second, year = int(match[1]), int(match[3]), _full_year(match[4])
    if match[2] == ".":
        return _day(year, second, first, text)
    if order is None and first <= 12 and second <= 12 and first != second:
        raise ValueError(f"{text!r} is ambiguous: day or month first")
    day_first = first > 12 if order is None else order == "dmy"
    if order is None and first == second:
        day_first = True
    return _day(year, second, first, text) if day_first else _day(year, first, second, text)


def parse_month(text: str, year: int | None = None) -> Month | None:
    """Read ``Okt 26``, ``Oct 2026``, ``10/2026``, ``10/26``, ``2026-10`` and the first or last day of a month; ``Okt``
    alone with the year of the header above it.

    None when the text is not a month: most headers are not.
    """
    folded = _fold(text)
    if match := _YEAR_FIRST.fullmatch(folded):
        return _month(int(match[1]), int(match[2]))
    if match := _MONTH_NUMERIC.fullmatch(folded):
        return _month(_full_year(match[2]), int(match[1]))
    if match := _ISO.fullmatch(folded):
        return _whole_month(int(match[1]), int(match[2]), int(match[3]))
    if (match := _NUMERIC.fullmatch(folded)) and match[2] == ".":
        return _whole_month(_full_year(match[4]), int(match[3]), int(match[1]))
    match = _MONTH_NAMED.fullmatch(folded)
    number = _MONTH_OF.get(match[1].casefold()) if match else None
    if match is None or number is None:
        return None
    told = _full_year(match[2]) if match[2] else year
    return _month(told, number) if told is not None else None


def year_in(text: str) -> int | None:
    """The year that a group header such as ``Plan 2026`` names; a date or ``2026/27`` names none."""
    match = _YEAR.search(text)
    others = len(re.findall(r"\d+", text)) > 1 and not re.fullmatch(r"20\d{2}\.0", text.strip())
    return int(match[1]) if match and not others else None


def _fold(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()


def _full_year(text: str) -> int:
    return int(text) + 2000 if len(text) == 2 else int(text)


def _month(year: int, month: int) -> Month | None:
    return Month(year, month) if FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12 else None


def _whole_month(year: int, month: int, day: int) -> Month | None:
    """The month that its first or its last day stands for."""
    try:
        found = date(year, month, day)
    except ValueError:
        return None
    return _month(year, month) if day == 1 or (found + timedelta(days=1)).day == 1 else None


def _day(year: int, month: int, day: int, text: str) -> date:
    try:
        found = date(year, month, day)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a day of the calendar") from error
    return plausible(found)


def plausible(day: date) -> date:
    """Give the day back, or raise ValueError when it cannot be meant: a serial number read wrongly lands there."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"{day.isoformat()} lies outside {FIRST_YEAR} to {LAST_YEAR}")
    return day
