"""The base of every room's Options: strict, frozen, documented by the sentence below each field."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=36_500)
_DURATION = re.compile(r"(\d+)\s*([smhdw])")


class Options(BaseModel):
    """Typed options. Unknown keys are errors; the docstring below a field is its help and schema text."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def parse_duration(value: Any) -> Any:
    """Read ``15m``, ``2h``, ``1d`` or ``1h 30m``; leave anything else to the validator."""
    if not isinstance(value, str):
        if isinstance(value, timedelta):
            return value
        raise ValueError("a duration is a number with a unit: 30s, 15m, 2h, 1d or 1w")
    parts = _DURATION.findall(value)
    if not parts or _DURATION.sub("", value).strip():
        raise ValueError("a duration is a number with a unit: 30s, 15m, 2h, 1d or 1w")
    try:
        total = sum((timedelta(**{_UNITS[unit]: int(count)}) for count, unit in parts), timedelta())
    except OverflowError:
        total = timedelta.max
    if total > _LONGEST:
        raise ValueError(f"a duration is at most {_LONGEST.days}d")
    return total


def format_duration(value: timedelta) -> str:
    """Write a duration the way it is read: the largest unit that divides it."""
    seconds = int(value.total_seconds())
    for unit, size in (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+[smhdw]\s*)+$", "examples": ["15m", "2h", "1d"]}),
]
"""A length of time as people write it in YAML."""
