"""When a source is due next: worked out from its settings, its last attempt and the time, and from nothing else."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.base import SourceOptions
from connectors.timetable.blackout import end_of_blackout
from connectors.timetable.cron import Cron

_SECOND = timedelta(seconds=1)
_PARTS = 2**64


@dataclass(frozen=True, slots=True)
class Due:
    """When the next reading begins. ``slot`` is when it would begin if it were not for the time of now, the spreading
    of the sources and a blackout; ``blackout`` says that one keeps it back."""

    begin: datetime
    slot: datetime
    blackout: bool = False


@dataclass(frozen=True, slots=True)
class Timetable:
    """When one source is read, by the clock of the business zone."""

    name: str
    options: SourceOptions
    zone: ZoneInfo

    def due(self, last: datetime | None, now: datetime) -> Due:
        """When the next reading begins, ``now`` at the earliest.

        ``last`` is when the last attempt began, None when there was none: then it is due at once. Whatever was missed
        is one reading (C15). A last attempt in the future was noted by a clock that ran ahead (C13).
        """
        slot = now if last is None else self.slot_after(min(last, now))
        begin = slot if self.options.cron is None else slot + self._spread(slot)
        if begin < now or last is None:
            begin = now + self._spread(now)
        free = self.after_blackout(begin)
        return Due(free, slot, blackout=free != begin)

    def slot_after(self, last: datetime) -> datetime:
        """When it is due after an attempt. A time of the schedule that came within a second of the attempt is that
        attempt."""
        if self.options.cron is None:
            return last + self.options.every
        return Cron(self.options.cron).after(last + _SECOND, self.zone)

    def blackout_ends(self, now: datetime) -> datetime | None:
        """Until when the source is left alone now; None when it is not."""
        return end_of_blackout(self.options.blackout, now, self.zone)

    def overdue_at(self, last: datetime, misses: int) -> datetime:
        """From when on so many readings in a row have been missed since the last one."""
        for _ in range(misses):
            last = self.due(last, last).begin
        return last

    def interval(self, now: datetime) -> timedelta:
        """How long one reading is from the next; of a schedule the two that come next."""
        following = self.slot_after(now)
        return self.slot_after(following) - following

    def after_blackout(self, moment: datetime) -> datetime:
        """The first time from a moment on at which a reading may begin."""
        end = self.blackout_ends(moment)
        if end is None:
            return moment
        spread = end + self._spread(end)
        return spread if self.blackout_ends(spread) is None else end

    def _spread(self, slot: datetime) -> timedelta:
        """How much later than the others this source begins; short of its next slot."""
        if not self.options.jitter:
            return timedelta()
        digest = hashlib.blake2b(self.name.encode(), digest_size=8).digest()
        share = int.from_bytes(digest, "big") / _PARTS
        room = self.slot_after(slot) - slot - _SECOND
        return max(timedelta(), min(share * self.options.jitter, room))
