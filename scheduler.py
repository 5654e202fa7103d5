"""The daemon: which job runs when, signals, graceful stop; nothing else."""

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import FrameType

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from config.load import Configuration
from digest.options import Weekday
from model.errors import DriftlineError, InterruptedRunError
from pipeline.notify import deliver, prepare
from pipeline.run import run_once
from pipeline.slots import Slot, latest_slot
from state.store import Store

log = structlog.get_logger("driftline.scheduler")

DIGEST_TICK = timedelta(seconds=20)
"""How often the daemon looks whether a digest is due or a mail waits."""
GRACE_SECONDS = 8.0
"""How long a stop waits for the run under way; the service manager's own limit must be longer (C16)."""


@dataclass(slots=True)
class Daemon:
    """Reads each source at its interval and sends each digest at its local time, until it is told to stop.

    The schedule lives in the configuration and what was done lives in the store, so a restart neither misses nor
    doubles anything. The scheduler works in UTC and keeps nothing (P1, P3, P9). One run at a time: readings of other
    sources wait for their turn, because linking and judging look at everything.
    """

    store: Store
    configuration: Configuration
    clock: Callable[[], datetime]
    stop: threading.Event = field(default_factory=threading.Event)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> bool:
        """Work until SIGTERM or SIGINT; tell whether everything under way ended within the grace time."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        scheduler = self._scheduler()
        self.store.recover_deliveries(self.clock())
        self._begin_slots()
        scheduler.start()
        log.info("daemon.started", sources=len(self.configuration.settings.sources))
        self.stop.wait()
        scheduler.shutdown(wait=False)
        ended = self.turn.acquire(timeout=GRACE_SECONDS)
        log.info("daemon.stopped", clean=ended)
        return ended

    def _ask_to_stop(self, number: int, _frame: FrameType | None) -> None:
        self.stop.set()

    def _scheduler(self) -> BackgroundScheduler:
        sources = self.configuration.settings.sources
        # A pool thread for each source and one for the digests: no job can starve another (P12).
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(len(sources) + 1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        scheduler.add_listener(self._report, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        for name, options in sources.items():
            scheduler.add_job(
                self._read,
                "interval",
                args=[name],
                id=f"read {name}",
                seconds=max(1, int(options.every.total_seconds())),
                next_run_time=datetime.now(UTC) + self._wait_before_first_read(name, options.every),
            )
        scheduler.add_job(
            self._tell,
            "interval",
            id="digests",
            seconds=int(DIGEST_TICK.total_seconds()),
            next_run_time=datetime.now(UTC) + timedelta(seconds=1),
        )
        return scheduler

    def _wait_before_first_read(self, name: str, every: timedelta) -> timedelta:
        """What is left of the interval since the last reading; nothing when it is overdue or was never done."""
        stored = self.store.cursor(name)
        if stored is None:
            return timedelta()
        return max(timedelta(), stored.read_at + every - self.clock())

    def _read(self, name: str) -> None:
        with self.turn:
            if self.stop.is_set():
                return
            try:
                run_once(self.store, self.configuration, clock=self.clock, stop=self.stop, only=[name])
            except InterruptedRunError:
                log.info("run.interrupted", source=name)

    def _begin_slots(self) -> None:
        """A digest that was due before this audience was first known is not made up for."""
        for audience in self.configuration.settings.digests:
            if self.store.note(_slot_note(audience)) is None:
                slot = self._latest_slot(audience)
                self.store.set_note(_slot_note(audience), slot.name if slot else "")

    def _latest_slot(self, audience: str) -> Slot | None:
        options = self.configuration.settings.digests[audience]
        zone = self.configuration.settings.business.zone
        weekdays = {list(Weekday).index(day) for day in options.days}
        return latest_slot(options.local_time, weekdays, zone, self.clock())

    def _tell(self) -> None:
        with self.turn:
            if self.stop.is_set():
                return
            for audience in self.configuration.settings.digests:
                slot = self._latest_slot(audience)
                if slot is not None and slot.name > (self.store.note(_slot_note(audience)) or ""):
                    prepare(self.store, self.configuration, audience, slot=slot.name, now=self.clock())
                    self.store.set_note(_slot_note(audience), slot.name)
            deliver(self.store, self.configuration, now=self.clock())

    def _report(self, event: JobEvent) -> None:
        failure = getattr(event, "exception", None)
        if isinstance(failure, DriftlineError):
            log.error("job.failed", job=event.job_id, error=failure.summary)
        elif failure is not None:
            log.error("job.crashed", job=event.job_id, exc_info=failure)
        else:
            log.warning("job.late", job=event.job_id)


def _slot_note(audience: str) -> str:
    return f"digest-slot:{audience}"
