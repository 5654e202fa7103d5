"""The calendars of working days that the settings describe, and their values for the reconciler.

Public holidays come from the library ``holidays``, which is loaded only where a calendar names a region.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from mapping.document import Document
from mapping.wording import did_you_mean
from model.calendars import DEFAULT_CALENDAR, Calendar
from model.errors import Problem
from model.options import Options

YEARS_BACK, YEARS_AHEAD = 2, 15
"""The years around the day of a run for which days off are known; beyond, the days of the week alone count."""
LONGEST_PERIOD = 366

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = r"\d{4}-\d{2}-\d{2}"
_YEARLY = re.compile(r"\d{2}-\d{2}")
_PERIOD = re.compile(rf"({_DAY})(?: to ({_DAY}))?")
_LEAP_YEAR = 2000


def _days_off(value: str) -> str:
    if not _dates(value, range(_LEAP_YEAR, _LEAP_YEAR + 1)):
        raise ValueError("days off are written as 2026-12-24, 2026-12-24 to 2027-01-01, or 12-24 for every year")
    return value


def _dates(written: str, years: range) -> Sequence[date]:
    """The days that are meant; a day of every year in these years only. None for what cannot be read."""
    try:
        if _YEARLY.fullmatch(written):
            return [day for year in years if (day := _in_year(written, year))]
        if found := _PERIOD.fullmatch(written):
            first = date.fromisoformat(found[1])
            days = (date.fromisoformat(found[2] or found[1]) - first).days
            return [first + timedelta(step) for step in range(days + 1)] if days < LONGEST_PERIOD else []
    except ValueError:  # there is no such day
        return []
    return []


def _in_year(written: str, year: int) -> date | None:
    """A day of every year; 29 February is left out of the others."""
    month, day = map(int, written.split("-"))
    date(_LEAP_YEAR, month, day)
    return None if (month, day) == (2, 29) and year % 4 else date(year, month, day)


DaysOff = Annotated[
    str, AfterValidator(_days_off), WithJsonSchema({"type": "string", "pattern": rf"^({_DAY}( to {_DAY})?|\d\d-\d\d)$"})
]


class CalendarOptions(Options):
    """Which days are worked. The calendar that is called ``default`` counts where a need names none."""

    working_days: tuple[Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], ...] = (
        Field(("monday", "tuesday", "wednesday", "thursday", "friday"), min_length=1)
    )
    """The days of the week that are worked."""
    region: str | None = Field(None, examples=["DE-BY"])
    """Whose public holidays are off: a country such as AT, or a part of one such as DE-BY, as ISO 3166 writes them."""
    off: tuple[DaysOff, ...] = Field((), examples=[("2026-12-24 to 2027-01-01", "12-31")])
    """Further days that are not worked: a day, a period with both ends, or a day of every year as 12-24."""


def calendars_of(options: Mapping[str, CalendarOptions], today: date) -> dict[str, Calendar]:
    """The calendars as values, with the days off around this day."""
    years = range(today.year - YEARS_BACK, today.year + YEARS_AHEAD + 1)
    return {DEFAULT_CALENDAR: Calendar()} | {name: _calendar(each, years) for name, each in options.items()}


def _calendar(options: CalendarOptions, years: range) -> Calendar:
    off = {day for written in options.off for day in _dates(written, years)}
    if options.region is not None:
        off |= _holidays(options.region, years)
    return Calendar(frozenset(map(_WEEKDAYS.index, options.working_days)), frozenset(off))


@lru_cache(maxsize=64)
def _holidays(region: str, years: range) -> frozenset[date]:
    import holidays

    country, _, part = region.partition("-")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=years))


def region_problems(document: Document, calendars: Mapping[str, CalendarOptions]) -> Iterator[Problem]:
    """Regions whose holidays nobody knows."""
    for name, options in calendars.items():
        at = ("calendars", name, "region")
        if options.region is None:
            continue
        try:
            known = _regions()
        except ImportError:
            hint = "install Driftline with the extra holidays, or list the days under off:"
            yield document.problem(at, "the holidays of regions need the library holidays", hint)
            continue
        if options.region not in known:
            hint = did_you_mean(options.region, _near(options.region, known))
            yield document.problem(at, f"there are no holidays for the region '{options.region}'", hint)


def _near(region: str, known: Collection[str]) -> list[str]:
    """The parts of the same country where there is one, or else the countries."""
    country = region.replace("_", "-").partition("-")[0].upper()
    parts = [each for each in known if each.startswith(f"{country}-") or each == country]
    return sorted(parts or (each for each in known if "-" not in each))


@lru_cache(maxsize=1)
def _regions() -> frozenset[str]:
    import holidays

    countries = holidays.list_supported_countries(include_aliases=False)
    return frozenset(countries) | {f"{country}-{part}" for country, parts in countries.items() for part in parts}
