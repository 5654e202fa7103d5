"""The period of a measurement as days: sources write it as people do."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from model.keys import normalise_key
from model.money import Month
from reconcile.best_case import months_of

_NAMES = (
    *(("jan", "januar", "january"), ("feb", "februar", "february"), ("mar", "märz", "march", "mär", "mrz")),
    *(("apr", "april"), ("may", "mai"), ("jun", "juni", "june"), ("jul", "juli", "july"), ("aug", "august")),
    *(("sep", "sept", "september"), ("oct", "okt", "oktober", "october"), ("nov", "november")),
    ("dec", "dez", "dezember", "december"),
)
_MONTHS = {name: number for number, names in enumerate(_NAMES, start=1) for name in names}
_HALVES = {"h1": 1, "h2": 7}


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days from the first to the last, both included."""

    last: date
    first: date


@lru_cache(maxsize=4096)
def period_of(text: str) -> Period | None:
    """Read ``2026-10``, ``Oct 2026``, ``10/2026``, ``Q4 2026``, ``H2 2026``, ``2026-W41``, ``2026``, one day, or
    ``2026-10-01 to 2026-12-31``. Anything else, a fiscal year among it, is not guessed."""
    words = normalise_key(text).replace("/", " ").split()
    try:
        match words:
            case [first, "to", last]:
                return _days(date.fromisoformat(first), date.fromisoformat(last))
            case [day] if len(day) == 10:
                return _days(date.fromisoformat(day), date.fromisoformat(day))
            case [week] if "-w" in week:
                return _week(week)
            case [one, other]:
                name, year = (other, one) if _is_year(one) else (one, other)
                if _is_year(year) and (named := _named(name)) is not None:
                    return _days(Month(int(year), named[0]).first, Month(int(year), named[1]).last)
    except ValueError:
        return None
    months = months_of(text)
    return _days(months[0].first, months[-1].last) if months else None


def _named(name: str) -> tuple[int, int] | None:
    """The first and the last month that are meant."""
    if name in _HALVES:
        return _HALVES[name], _HALVES[name] + 5
    number = int(name) if name.isdecimal() else _MONTHS.get(name.removesuffix("."), 0)
    return (number, number) if 1 <= number <= 12 else None


def _week(text: str) -> Period:
    year, _, week = text.partition("-w")
    monday = date.fromisocalendar(int(year), int(week), 1)
    return Period(monday + timedelta(6), monday)


def _is_year(text: str) -> bool:
    return text.isdecimal() and len(text) == 4


def _days(first: date, last: date) -> Period | None:
    return Period(last, first) if first <= last else None
