"""When the credentials of a source end, as far as the configuration tells it (J34)."""

from dataclasses import dataclass
from datetime import date

NOTICE_DAYS = 30
"""So many days before their end, credentials are told to end."""
URGENT_DAYS = 7
"""So many days before their end, it is urgent to renew them."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a source is read with: good up to and including ``last_day``; ``owner`` looks after the source."""

    source: str
    last_day: date
    owner: str | None = None

    def days_left(self, today: date) -> int:
        """0 on the last day, negative after it."""
        return (self.last_day - today).days

    def end_soon(self, today: date) -> bool:
        return self.days_left(today) <= NOTICE_DAYS

    def when(self, today: date) -> str:
        """``end in 22 days``, ``end tomorrow``, ``end today``, ``ended yesterday``, ``ended 3 days ago``."""
        days = self.days_left(today)
        near = {1: "end tomorrow", 0: "end today", -1: "ended yesterday"}
        return near.get(days) or (f"end in {days} days" if days > 0 else f"ended {-days} days ago")
