"""Reads the values of a tap's JSON as ours. Each function raises ValueError telling what the value holds instead."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from model.keys import normalise_key
from model.records import Light

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_BEGINS_AS_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_LARGEST_EXPONENT = 30
_LONGEST_SHOWN = 40
LIGHTS: Mapping[str, Light] = {
    "green": Light.GREEN,
    "yellow": Light.YELLOW,
    "amber": Light.YELLOW,
    "red": Light.RED,
    "grey": Light.GREY,
    "gray": Light.GREY,
}


def is_blank(raw: Any) -> bool:
    """Whether a value tells nothing: null, an empty text, an empty list."""
    return raw is None or raw == [] or raw == {} or (isinstance(raw, str) and not raw.strip())


def text(raw: Any) -> str:
    if isinstance(raw, str):
        return raw.strip()
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, Decimal):
        return f"{number(raw):f}"
    raise ValueError(f"holds {_shown(raw)}, which is no single value")


def number(raw: Any) -> Decimal:
    """An exact number, also from a text as ``1234.50``; other spellings are not guessed."""
    if isinstance(raw, str) and _NUMBER.fullmatch(raw.strip()):
        raw = Decimal(raw.strip())
    if not isinstance(raw, Decimal) or not raw.is_finite():
        raise ValueError(f"holds {_shown(raw)}, which is no number")
    if raw and (abs(raw.adjusted()) > _LARGEST_EXPONENT or len(raw.as_tuple().digits) > 2 * _LARGEST_EXPONENT):
        raise ValueError("holds a number that is out of any measure")
    whole = raw.to_integral_value()
    return Decimal(f"{whole:f}") if raw == whole else Decimal(f"{raw.normalize():f}")


def boolean(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.strip().casefold() in ("true", "false"):
        return raw.strip().casefold() == "true"
    raise ValueError(f"holds {_shown(raw)}, which is neither true nor false")


def moment(raw: Any, zone: ZoneInfo | None, business: ZoneInfo) -> datetime:
    """A time in UTC. One without a zone is in ``zone``; a date alone is the begin of the day of the business."""
    if isinstance(raw, str) and _BEGINS_AS_DATE.fullmatch(raw.strip()):
        return datetime.combine(_day(raw), time(), business).astimezone(UTC)
    found = _time(raw)
    if found.tzinfo is None and zone is None:
        raise ValueError(f"holds {_shown(raw)}, a time without a zone; name its zone in the stream's options")
    return _utc(found if found.tzinfo else found.replace(tzinfo=zone), raw)


def day(raw: Any, zone: ZoneInfo | None, business: ZoneInfo) -> date:
    """A date as written; of a time the day on which it falls for the business.

    Midnight sharp is how taps write a date that they had to give a time: the day is then as written, whatever zone
    stands behind it.
    """
    if isinstance(raw, str) and _BEGINS_AS_DATE.fullmatch(raw.strip()):
        return _day(raw)
    found = _time(raw)
    if found.time() == time():
        return found.date()
    return moment(raw, zone, business).astimezone(business).date()


def texts(raw: Any) -> tuple[str, ...]:
    """The texts of a list; a single value is a list of one."""
    return tuple(text(one) for one in (raw if isinstance(raw, list) else [raw]) if not is_blank(one))


def url(raw: Any) -> str:
    told = text(raw)
    if not re.match(r"(?i)https?://[^\s]+$", told):
        raise ValueError(f"holds {_shown(raw)}, which is no web address")
    return told


def light(raw: Any, lights: Mapping[str, Light]) -> Light:
    known = dict(LIGHTS) | {normalise_key(word): meaning for word, meaning in lights.items()}
    found = known.get(normalise_key(text(raw)))
    if found is None:
        raise ValueError(f"holds {_shown(raw)}, which is no known light; add the word to lights:")
    return found


def _time(raw: Any) -> datetime:
    if not isinstance(raw, str) or not _BEGINS_AS_DATE.match(raw.strip()):
        raise ValueError(f"holds {_shown(raw)}, which is no date")
    try:
        return datetime.fromisoformat(raw.strip())
    except ValueError:
        raise ValueError(f"holds {_shown(raw)}, which is no date") from None


def _day(raw: str) -> date:
    try:
        return date.fromisoformat(raw.strip())
    except ValueError:
        raise ValueError(f"holds {_shown(raw)}, which is no date") from None


def _utc(found: datetime, raw: Any) -> datetime:
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"holds {_shown(raw)}, which is no date") from None


def _shown(raw: Any) -> str:
    """A value for a message; of a list or an object only what it is."""
    if isinstance(raw, list):
        return "a list"
    if isinstance(raw, Mapping):
        return "an object"
    if raw is None or isinstance(raw, bool):
        return {None: "null", True: "true", False: "false"}[raw]
    told = repr(raw) if isinstance(raw, str) else str(raw)
    return told if len(told) <= _LONGEST_SHOWN else f"{told[:_LONGEST_SHOWN]}…"
