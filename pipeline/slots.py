"""When a digest is due: slots are local dates, so no night of a clock change misses or doubles one (M12, P2, C14)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_LOOK_BACK_DAYS = 14


@dataclass(frozen=True, slots=True)
class Slot:
    """One day's digest: its local date, which names it, and the moment from which it is due."""

    day: date
    due_at: datetime

    @property
    def name(self) -> str:
        return self.day.isoformat()


def latest_slot(at: time, weekdays: Collection[int], zone: ZoneInfo, now: datetime) -> Slot | None:
    """The most recent slot that is due at ``now``; Monday is weekday 0.

    A local time that a clock change skips is due when the clock has jumped over it; one that comes twice is due at its
    first coming. Slots that were missed fold into the latest one (C15). None when there was none in two weeks.
    """
    today = now.astimezone(zone).date()
    for back in range(_LOOK_BACK_DAYS + 1):
        day = today - timedelta(days=back)
        due_at = datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
        if day.weekday() in weekdays and due_at <= now:
            return Slot(day, due_at)
    return None
