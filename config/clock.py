"""The clock: the one place, besides the command line, that reads the system's time.

Demos and rehearsals set it to another time; everything else is given ``now``.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from pydantic import AwareDatetime, Field, field_validator

from model.options import Options


class ClockOptions(Options):
    """A clock that shows another time and runs on from there, for demos and rehearsals."""

    shows: AwareDatetime = Field(examples=["2026-03-02T06:00:00Z"])
    """The time that the clock showed at the moment ``since``."""
    since: AwareDatetime = Field(examples=["2026-11-20T22:00:00Z"])
    """The real moment from which the clock runs on."""

    @field_validator("shows", "since")
    @classmethod
    def _in_utc(cls, value: datetime) -> datetime:
        return value.astimezone(UTC)


def system_time() -> datetime:
    """The system's time as an aware UTC datetime."""
    return datetime.now(UTC)


class Clock:
    """Tells the time; with options it tells ``shows`` plus what has passed since ``since``."""

    def __init__(self, options: ClockOptions | None = None, system: Callable[[], datetime] = system_time) -> None:
        self._options = options
        self._system = system

    @property
    def is_set(self) -> bool:
        """Whether it shows another time than the system's."""
        return self._options is not None

    def now(self) -> datetime:
        """The aware UTC time to work with."""
        now = self._system()
        if self._options is None:
            return now
        return self._options.shows + (now - self._options.since)
