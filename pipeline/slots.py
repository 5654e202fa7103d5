"""When a digest is due: slots are local dates, so no night of a clock change misses or doubles one (M12, P2, C14)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from digest.options import Weekday
from model.calendars import Calendar
from state.store import Store

_LOOK_BACK_DAYS = 14


@dataclass(frozen=True, slots=True)
class Slot:
    """One day's digest: its local date, which names it, and the moment from which it is due."""

    day: date
    due_at: datetime

    @property
    def name(self) -> str:
        return self.day.isoformat()


class Rhythm(Protocol):
    """When something goes out: the days of the week, the local time, and the calendar whose days off it avoids."""

    @property
    def days(self) -> tuple[Weekday, ...]: ...
    @property
    def local_time(self) -> time: ...
    @property
    def calendar(self) -> str: ...


def latest_slot(
    at: time, weekdays: Collection[int], zone: ZoneInfo, now: datetime, calendar: Calendar | None = None
) -> Slot | None:
    """The most recent slot that is due at ``now``; Monday is weekday 0. With a calendar, what falls on a day off is due
    on the next working day, together with what is due on that day anyway.

    A local time that a clock change skips is due when the clock has jumped over it; one that comes twice is due at its
    first coming. Slots that were missed fold into the latest one (C15). None when there was none in two weeks.
    """
    today = now.astimezone(zone).date()
    for back in range(_LOOK_BACK_DAYS + 1):
        day = today - timedelta(days=back)
        due_at = datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
        if due_at <= now and _falls_on(day, weekdays, calendar):
            return Slot(day, due_at)
    return None


def next_slot(
    at: time, weekdays: Collection[int], zone: ZoneInfo, now: datetime, calendar: Calendar | None = None
) -> Slot | None:
    """The first slot after ``now``; None when there is none in two weeks."""
    today = now.astimezone(zone).date()
    for ahead in range(_LOOK_BACK_DAYS + 1):
        day = today + timedelta(days=ahead)
        due_at = datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
        if due_at > now and _falls_on(day, weekdays, calendar):
            return Slot(day, due_at)
    return None


def _falls_on(day: date, weekdays: Collection[int], calendar: Calendar | None) -> bool:
    """Whether a slot lies on this day: its own, or one of the days off right before it."""
    if calendar is None or not weekdays:
        return day.weekday() in weekdays
    if not calendar.works_on(day):
        return False
    before = day - timedelta(days=1)
    while day.weekday() not in weekdays and not calendar.works_on(before):
        day, before = before, before - timedelta(days=1)
        if day.weekday() in weekdays:
            return True
    return day.weekday() in weekdays


class SlotBook:
    """Which slot each audience was served last, kept in the store, so that a restart neither misses nor doubles one.

    A slot is noted only after its digest was committed to the outbox: killed in between, it is composed again, and the
    outbox keeps one mail per recipient.
    """

    def __init__(
        self,
        store: Store,
        digests: Mapping[str, Rhythm],
        zone: ZoneInfo,
        calendars: Callable[[date], Mapping[str, Calendar]] = lambda _today: {},
    ) -> None:
        self._store = store
        self._digests = digests
        self._zone = zone
        self._calendars = calendars

    def begin(self, now: datetime) -> None:
        """A digest that was due before its audience was first known is not made up for."""
        for audience in self._digests:
            if self._store.note(_note(audience)) is None:
                self._skip(audience, now)

    def due(self, audience: str, now: datetime) -> Slot | None:
        """The slot that is to be served now, if there is one.

        What was missed while nothing ran folds into the latest slot. A served slot that lies in the future was noted by
        a clock that ran ahead; the days until then would be lost (C13).
        """
        served = self._store.note(_note(audience))
        if served is None or served > now.astimezone(self._zone).date().isoformat():
            self._skip(audience, now)
            return None
        slot = self._latest(audience, now)
        return slot if slot is not None and slot.name > served else None

    def serve(self, audience: str, slot: Slot) -> None:
        """Note that the digest of a slot was composed; an empty one counts as well."""
        self._store.set_note(_note(audience), slot.name)

    def _skip(self, audience: str, now: datetime) -> None:
        slot = self._latest(audience, now)
        self._store.set_note(_note(audience), slot.name if slot else "")

    def next(self, audience: str, now: datetime) -> Slot | None:
        """The slot that comes after this moment."""
        options = self._digests[audience]
        return next_slot(options.local_time, _weekdays(options), self._zone, now, self._calendar(options, now))

    def _latest(self, audience: str, now: datetime) -> Slot | None:
        options = self._digests[audience]
        return latest_slot(options.local_time, _weekdays(options), self._zone, now, self._calendar(options, now))

    def _calendar(self, options: Rhythm, now: datetime) -> Calendar | None:
        if not options.calendar:
            return None
        return self._calendars(now.astimezone(self._zone).date()).get(options.calendar)


def _weekdays(options: Rhythm) -> Collection[int]:
    return {list(Weekday).index(day) for day in options.days}


def _note(audience: str) -> str:
    return f"digest-slot:{audience}"
