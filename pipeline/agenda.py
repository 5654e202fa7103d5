"""What is read next, as the running daemon knows it: the timetables over the last attempts, and what keeps one back."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from config.load import Configuration
from config.settings import Settings
from model.errors import StateError
from pipeline.attempts import Attempt, last_attempts
from pipeline.spending import PutOff, put_off_by_budget
from pipeline.timetable import Timetable
from state.store import Store

log = structlog.get_logger("driftline.timetable")

SLACK = timedelta(minutes=1)
"""How much later than it was due a source may have been tried before it counts as overdue."""
BLACKOUT = "a blackout"


@dataclass(frozen=True, slots=True)
class Plan:
    """When a source is read next; ``put_off`` says why that is later than it would be due."""

    timetable: Timetable
    next_at: datetime
    put_off: PutOff | None = None

    def stale_at(self, read_at: datetime) -> datetime:
        """From when on two readings in a row were missed since a complete one; what is put off is not missed."""
        first = self.timetable.due(read_at, read_at).begin
        if self.put_off is not None:
            first = max(first, self.put_off.until)
        return self.timetable.due(first, first).begin


_OF_THE_TIMETABLE = ("every", "cron", "jitter", "blackout", "budget")


def rescheduled(name: str, before: Settings, after: Settings) -> bool:
    """Whether another time may be due for a source now: it is new, or what says when it is read has changed."""
    old, new = before.sources.get(name), after.sources[name]
    if old is None or any(getattr(old, key) != getattr(new, key) for key in _OF_THE_TIMETABLE):
        return True
    by_the_clock = new.cron is not None or bool(new.blackout)
    return by_the_clock and before.business.zone.key != after.business.zone.key


def plan_of(store: Store, timetable: Timetable, last: datetime | None, now: datetime) -> Plan:
    """What comes next for a source, from what is stored alone; ``last`` is when the last attempt began."""
    due = timetable.due(last, now)
    put_off = put_off_by_budget(store, timetable.name, timetable.options, now)
    if put_off is not None and put_off.until > due.begin:
        until = timetable.after_blackout(put_off.until)
        return Plan(timetable, until, PutOff(until, put_off.reason))
    return Plan(timetable, due.begin, PutOff(due.begin, BLACKOUT) if due.blackout else None)


def plans_of(store: Store, configuration: Configuration, now: datetime) -> Mapping[str, Plan]:
    """What comes next for each configured source, from what is stored alone."""
    settings = configuration.settings
    attempts = last_attempts(store, settings.sources)
    return {
        name: plan_of(
            store,
            Timetable(name, options, settings.business.zone),
            attempts[name].begun if name in attempts else None,
            now,
        )
        for name, options in settings.sources.items()
    }


@dataclass(slots=True)
class Agenda:
    """Kept by the daemon. What it plans are times on ``clock``."""

    store: Store
    configuration: Callable[[], Configuration]
    clock: Callable[[], datetime]
    attempts: dict[str, Attempt] = field(default_factory=dict)
    planned: dict[str, datetime] = field(default_factory=dict)
    put_off: dict[str, PutOff] = field(default_factory=dict)

    def begin(self) -> None:
        """Take up when each source was tried by a process before this one."""
        self.attempts.update(last_attempts(self.store, self.configuration().settings.sources))

    def timetable(self, name: str) -> Timetable:
        settings = self.configuration().settings
        return Timetable(name, settings.sources[name], settings.business.zone)

    def wait(self, name: str) -> timedelta:
        """How long until a source is read next, from its last attempt; nothing when it is overdue."""
        return self._plan(name, self._due(name))

    def wait_after(self, timetable: Timetable, late: timedelta) -> timedelta:
        """How long until the reading that follows one that begins now and was planned for so long ago.

        An interval counts from when the reading was planned, so that it does not stretch; after a pause, from now.
        """
        now = self.clock()
        planned = now - late
        on_time = timetable.options.cron is None and now < planned + timetable.options.every
        return self._plan(timetable.name, timetable.due(planned if on_time else now, now).begin)

    def keeps_back(self, name: str) -> PutOff | None:
        """Why a reading that is due must not begin now, which is told in the log; None when it may."""
        now, timetable = self.clock(), self.timetable(name)
        put_off = None
        if timetable.blackout_ends(now) is not None:
            put_off = PutOff(timetable.after_blackout(now), BLACKOUT)
        else:
            with suppress(StateError):  # then the reading itself tells what is wrong with the state
                put_off = put_off_by_budget(self.store, name, timetable.options, now)
            if put_off is not None:
                put_off = PutOff(timetable.after_blackout(put_off.until), put_off.reason)
        if put_off is not None:
            self.put_off[name] = put_off
            self._plan(name, put_off.until)
            log.info("source.put_off", source=name, until=put_off.until.isoformat(), reason=put_off.reason)
        return put_off

    def begins(self, name: str) -> None:
        """A reading begins."""
        self.put_off.pop(name, None)
        now = self.clock()
        self.attempts[name] = Attempt(now, self.attempts[name].ended if name in self.attempts else now)

    def ended(self, name: str) -> None:
        """It ended, whatever came of it."""
        self.attempts[name] = Attempt(self.attempts[name].begun, self.clock())

    def anew(self, names: Iterable[str]) -> None:
        """Forget what was planned for sources whose timetable has changed, or that are gone."""
        for name in names:
            self.planned.pop(name, None)
            self.put_off.pop(name, None)

    def set_back(self, by: timedelta) -> list[str]:
        """The clock was set back: what was planned moves with it (C13). Give the sources whose reading hangs on what
        the clock shows; they are to be planned anew."""
        for name in list(self.planned):
            self.planned[name] += by
        for name, last in list(self.attempts.items()):  # else none were overdue until it shows that again
            self.attempts[name] = Attempt(last.begun + by, last.ended + by)
        sources = self.configuration().settings.sources
        return [name for name, options in sources.items() if options.cron is not None or options.blackout]

    def overdue(self, name: str) -> bool:
        """Whether a source should have been tried by now, and nothing keeps it back."""
        now, timetable = self.clock(), self.timetable(name)
        put_off = self.put_off.get(name)
        if timetable.blackout_ends(now) is not None or (put_off is not None and now < put_off.until):
            return False
        if name not in self.attempts:
            return True
        last = self.attempts[name].ended
        return timetable.due(last, last).begin + SLACK < now

    def plans(self) -> Mapping[str, Plan]:
        """What comes next for each configured source."""
        now = self.clock()
        plans = {}
        for name in self.configuration().settings.sources:
            timetable, put_off = self.timetable(name), self.put_off.get(name)
            due = timetable.due(self._last(name), now)
            if put_off is None and due.blackout:
                put_off = PutOff(due.begin, BLACKOUT)
            plans[name] = Plan(timetable, max(now, self.planned.get(name, due.begin)), put_off)
        return plans

    def _plan(self, name: str, at: datetime) -> timedelta:
        self.planned[name] = at
        return at - self.clock()

    def _due(self, name: str) -> datetime:
        return self.timetable(name).due(self._last(name), self.clock()).begin

    def _last(self, name: str) -> datetime | None:
        return self.attempts[name].begun if name in self.attempts else None
