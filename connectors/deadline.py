"""How long the reading of one source may take; whoever reads or waits looks at it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from model.errors import SourceUnavailableError
from model.options import format_duration


@dataclass(frozen=True, slots=True)
class Deadline:
    """The deadline of one reading, which has begun; ``ends`` is on the clock ``monotonic``."""

    source: str
    allowed: timedelta
    ends: float
    monotonic: Callable[[], float] = time.monotonic

    @classmethod
    def begin(
        cls, source: str, allowed: timedelta | None, monotonic: Callable[[], float] = time.monotonic
    ) -> "Deadline | None":
        """The reading begins now; None when it may take any time."""
        return None if allowed is None else cls(source, allowed, monotonic() + allowed.total_seconds(), monotonic)

    @property
    def left_seconds(self) -> float:
        return max(0.0, self.ends - self.monotonic())

    def check(self) -> None:
        """Raise SourceUnavailableError once the time is over."""
        if self.monotonic() >= self.ends:
            raise SourceUnavailableError(
                f"{self.source} was not read to its end within its deadline of {format_duration(self.allowed)}",
                location=self.source,
                hint=f"raise sources.{self.source}.deadline, or let less be read: fewer containers, rarer full reads",
            )
