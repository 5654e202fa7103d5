"""Days of the week and times of day as people write them in YAML."""

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def parse_clock(value: Any) -> Any:
    """Refuse what is not hours and minutes in text; YAML 1.1 reads an unquoted 17:30 as the number 1050."""
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise ValueError('a time of day is written in quotes with hours and minutes: "07:00"')
    return value


ClockTime = Annotated[
    str, BeforeValidator(parse_clock), WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"})
]
"""A local time of day as people write it: ``07:00``."""


class Weekday(StrEnum):
    """The days of the week by name; a number would mean different days to different people."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"
