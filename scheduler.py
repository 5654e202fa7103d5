"""The daemon: which job runs when, signals, graceful stop; nothing else."""

import logging
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_SUBMITTED, JobSubmissionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from config.load import Configuration
from model.errors import DriftlineError, InterruptedRunError
from model.runs import RunOutcome
from pipeline.agenda import Agenda, rescheduled
from pipeline.crash import crash_site
from pipeline.notices import tell_at_once
from pipeline.notify import deliver, prepare
from pipeline.owners import prepare_to_dos
from pipeline.pauses import Pauses
from pipeline.reload import Reloader, conclude_anew
from pipeline.retention import prune_daily
from pipeline.rhythm import OWNERS, slot_book
from pipeline.run import make_pass
from pipeline.slots import SlotBook
from pipeline.standing import Standing
from service.beat import Beat
from service.dead_man import DeadMan
from service.hanging import note_hanging
from service.hold import Hold
from service.http import serving
from service.punctual import Punctual, real_time, shift_jobs, wall_over_monotonic
from service.signals import asked_to_end
from service.systemd import ServiceManager
from service.watch import Watch
from state.store import Store

log = structlog.get_logger("driftline.scheduler")

DIGEST_TICK = timedelta(seconds=5)
"""How often the daemon looks whether a digest is due or a mail waits."""
CATCH_UP = timedelta(minutes=5)
"""How long a digest waits for sources that are overdue, after a pause of the machine for example (C15)."""
GRACE_SECONDS = 8.0
"""How long a stop waits for what is under way; the service manager's own limit must be longer (C16)."""
FIRST_PRUNING = timedelta(minutes=5)
"""How long after the start the daemon first looks for what is kept no longer."""
SMALLEST_JUMP = timedelta(seconds=2)
"""A clock that was set back by more than this is followed; less is the usual adjustment."""

_READ = "read "
_DIGESTS = "digests"
_DELIVERIES = "deliveries"
_CONCLUDE = "link and judge anew"
_LOOK = "look at the files"
_PRUNE = "prune the state"
_SPARE_THREADS = 32
"""For sources that a configuration brings which is taken later; a thread is made when it is first used."""


@dataclass(slots=True)
class Daemon:
    """Reads each source at its interval and sends each digest at its local time, until it is told to stop.

    The schedule lives in the configuration and what was done lives in the store, so a restart neither misses nor
    doubles anything. The scheduler works in UTC and keeps nothing (P1, P3, P9). Sources are read side by side, so that
    a slow one keeps back neither the others nor a digest; ``turn`` lets one thread at a time link, judge and compose.
    """

    store: Store
    configuration: Configuration
    clock: Callable[[], datetime]
    stop: threading.Event = field(default_factory=threading.Event)
    turn: threading.Lock = field(default_factory=threading.Lock)
    standing: Standing = field(default_factory=Standing)
    pauses: Pauses = field(default_factory=Pauses)
    agenda: Agenda = field(init=False)
    """What is read next."""
    monotonic: Callable[[], float] = time.monotonic
    beat: Beat = field(default_factory=Beat)
    manager: ServiceManager = field(default_factory=ServiceManager)
    dead_man: DeadMan = field(default_factory=DeadMan)
    hold: Hold = field(default_factory=Hold)
    hangs: bool = False
    """Whether a job went on beyond every deadline, so that only the end of the process ends it (P6)."""
    load: Callable[[], Configuration] | None = None
    """Loads the configuration anew from its files; without it the daemon keeps the one it has."""
    _reloader: Reloader | None = None
    _wished: threading.Event = field(default_factory=threading.Event)
    """Somebody wants the files looked at now."""
    _held_back: dict[str, float] = field(default_factory=dict)
    """Since when the due digest of an audience waits for overdue sources."""
    _under_way: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.agenda = Agenda(self.store, lambda: self.configuration, self.clock)

    @property
    def slots(self) -> SlotBook:
        return slot_book(self.store, self.configuration)

    def run(self) -> bool:
        """Work until SIGTERM or SIGINT; tell whether everything under way ended within the grace time.

        SIGHUP loads the configuration anew at once; an edited file is noticed without it.
        """
        options = self.configuration.settings.service
        watch = Watch(self.store, self.beat, self.agenda.plans, self.clock)
        with asked_to_end() as (asked, wishes), serving(options, watch, now=self.clock):
            self.begin()
            scheduler = self._scheduler()
            scheduler.start()
            log.info("daemon.started", sources=len(self.configuration.settings.sources))
            self.manager.ready(self._status())
            self._follow_clock(scheduler, asked, wishes)
            self.stop.set()
            self.manager.stopping()
            scheduler.shutdown(wait=False)
            ended = self._wait_for_jobs()
        log.info("daemon.stopped", clean=ended)
        return ended

    def begin(self) -> None:
        """Take up what a process before this one left: open runs, mails on their way, when each source was read."""
        now = self.clock()
        self.store.mark_interrupted_runs(now)
        self.store.recover_deliveries(now)
        self.slots.begin(now)
        tell_at_once(self.store, self.configuration, now=now)
        self.agenda.begin()
        if self.load is not None:
            self._reloader = Reloader(self.store, self.load, self.clock, self.monotonic)
            self._reloader.begin(self.configuration)

    def _scheduler(self) -> BackgroundScheduler:
        sources = self.configuration.settings.sources
        # A thread for each source and one for the digests: no job waits for a free one (P12).
        scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(len(sources) + 1 + _SPARE_THREADS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        # What it warns of comes as an event, and what a job raises is told without the values around it (P10, X1).
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        scheduler.add_listener(_tell_of_long_reading, EVENT_JOB_MAX_INSTANCES)
        # Something is due every five seconds: a scheduler that hands out nothing has stopped (P1).
        scheduler.add_listener(lambda _: self.beat.seen("scheduler"), EVENT_JOB_SUBMITTED | EVENT_JOB_MAX_INSTANCES)
        now = datetime.now(UTC)
        for name in sources:
            self._add_reading(scheduler, name)
        scheduler.add_job(self.tell, _each(DIGEST_TICK), id=_DIGESTS, next_run_time=now + timedelta(seconds=1))
        if self._reloader is not None:
            scheduler.add_job(self._look, _each(DIGEST_TICK), args=[scheduler], id=_LOOK)
        scheduler.add_job(self.prune, _each(timedelta(hours=1)), id=_PRUNE, next_run_time=now + FIRST_PRUNING)
        return scheduler

    def _add_reading(self, scheduler: BackgroundScheduler, name: str) -> None:
        """Read a source by its timetable; in place of the timetable it was read by before, if it was."""
        scheduler.add_job(
            self.read_when_due,
            Punctual(partial(self.agenda.wait_after, self.agenda.timetable(name))),
            args=[scheduler, name],
            id=f"{_READ}{name}",
            next_run_time=real_time(self.wait_before_first_read(name)),
            replace_existing=True,
        )

    def _look(self, scheduler: BackgroundScheduler) -> None:
        wished = self._wished.is_set()
        self._wished.clear()
        if wished:
            self.manager.reloading()
        self._attempt(_LOOK, partial(self.look_at_files, scheduler, at_once=wished))
        if wished:
            self.manager.ready(self._status())

    def look_at_files(self, scheduler: BackgroundScheduler | None = None, *, at_once: bool = False) -> bool:
        """Take an edited configuration when it is sound as a whole; tell whether one was taken (F1).

        What is read at that moment ends with the sources as they were, and is linked and judged with the new mapping.
        """
        if self._reloader is None:
            return False
        taken = self._reloader.look(self.configuration, at_once=at_once)
        if taken is None:
            return False
        before, self.configuration = self.configuration, taken
        self.slots.begin(self.clock())
        if scheduler is not None:
            self._reschedule(scheduler, before)
            scheduler.add_job(self.conclude, id=_CONCLUDE, replace_existing=True, max_instances=2)
        return True

    def _reschedule(self, scheduler: BackgroundScheduler, before: Configuration) -> None:
        old, new = before.settings, self.configuration.settings
        changed = {name for name in new.sources if rescheduled(name, old, new)}
        self.agenda.anew(changed | (old.sources.keys() - new.sources.keys()))
        for name in old.sources.keys() - new.sources.keys():
            scheduler.remove_job(f"{_READ}{name}")
        for name in changed:
            self._add_reading(scheduler, name)

    def conclude(self) -> None:
        """Link and judge what is stored with the configuration as it is now."""

        def anew() -> None:
            with self.turn:
                self.standing.forget()
                conclude_anew(self.store, self.configuration, now=self.clock())

        self._attempt(_CONCLUDE, anew)

    def wait_before_first_read(self, name: str) -> timedelta:
        """How long until it is due after the last attempt; nothing when it is overdue or there was none."""
        return self.agenda.wait(name)

    def _follow_clock(
        self, scheduler: BackgroundScheduler, asked: socket.socket, wishes: socket.socket | None = None
    ) -> None:
        """Wait until somebody asks us to stop. When the clock is set back, move the jobs with it: intervals must not
        stretch by the difference (C13). Have the files looked at when ``wishes`` asks for it."""
        before = wall_over_monotonic()
        watched = [asked] if wishes is None else [asked, wishes]
        while True:
            self.beat.seen("main")
            if self._beyond_deadline() or self.hold.ousted:
                return
            told = select.select(watched, [], [], self.manager.pause(DIGEST_TICK.total_seconds()))[0]
            if any(each is not wishes for each in told):
                return
            for each in told:
                each.recv(64)
            if told and self._reloader is not None:
                self._wished.set()
                scheduler.modify_job(_LOOK, next_run_time=datetime.now(UTC))
            now = wall_over_monotonic()
            if now - before < -SMALLEST_JUMP:
                log.warning("clock.set_back", seconds=(before - now).total_seconds())
                shift_jobs(scheduler, now - before)
                for name in self.agenda.set_back(now - before):
                    self._add_reading(scheduler, name)
            before = now

    def _beyond_deadline(self) -> bool:
        """Tell the service manager that all is well, unless it is not; say whether the process must end for a job that
        goes on beyond its deadline."""
        pulse = self.beat.pulse()
        options = self.configuration.settings.service
        for job, seconds in pulse.under_way.items():
            if seconds > options.job_deadline.total_seconds():
                log.error(
                    "job.hangs", job=job, seconds=round(seconds), hint="the process ends and is to be started anew"
                )
                self.hangs = True
                if job.startswith(_READ):
                    note_hanging(self.store, job.removeprefix(_READ), options.job_deadline, self.clock())
                return True
        if pulse.beats:
            self.manager.alive()
        self.manager.status(self._status())
        return False

    def _status(self) -> str:
        under_way = sorted(job for job in self.beat.pulse().under_way if job.startswith((_READ, "digest ")))
        sources = len(self.configuration.settings.sources)
        return f"{sources} sources; at work: {', '.join(under_way) or 'nothing'}"

    def _wait_for_jobs(self) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._under_way, timeout=GRACE_SECONDS)

    def _attempt(self, job: str, work: Callable[[], object]) -> bool:
        """Do one job, unless we are stopping; tell whether it went well.

        What it raises is told here: it ends neither the daemon nor another job.
        """
        if self.stop.is_set():
            return True
        with self._changed:
            self._under_way += 1
        number, outcome, kind = self.beat.begin(job), "failed", job.partition(" ")[0]
        try:
            work()
            outcome = "done"
        except InterruptedRunError:
            outcome = "interrupted"
            log.info("job.interrupted", job=job)
        except DriftlineError as failure:
            log.error("job.failed", job=job, error=failure.summary)
            return False
        except Exception as failure:
            outcome = "crashed"
            log.error("job.crashed", job=job, error=crash_site(failure))
            return False
        finally:
            self.beat.end(number, kind, outcome, is_run=kind == _READ.strip())
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()
        return True

    def read_when_due(self, scheduler: BackgroundScheduler, name: str) -> None:
        """Read one source, unless it is to be left alone now: then it is read once, as soon as it may be."""
        if self.stop.is_set() or name not in self.configuration.settings.sources:
            return
        put_off = self.agenda.keeps_back(name)
        if put_off is None:
            self.read(name)
        else:
            scheduler.modify_job(f"{_READ}{name}", next_run_time=real_time(put_off.until - self.clock()))

    def read(self, name: str) -> None:
        """Make a pass over one source."""

        def one_pass() -> None:
            run = make_pass(
                self.store,
                self.configuration,
                clock=self.clock,
                stop=self.stop,
                only=[name],
                turn=self.turn,
                latest=lambda: self.configuration,
                standing=self.standing,
            )
            if run.outcome is RunOutcome.DONE:
                settings = self.configuration.settings
                self.dead_man.completed(name, settings.sources, settings.service.dead_man_url)

        self.agenda.begins(name)
        self._attempt(f"{_READ}{name}", one_pass)
        self.agenda.ended(name)

    def prune(self) -> None:
        """Forget what is kept no longer, unless that was done today."""
        self._attempt(_PRUNE, partial(prune_daily, self.store, self.configuration, now=self.clock(), stop=self.stop))

    def tell(self) -> None:
        """Compose the digests and to-do mails that are due and send what waits."""
        if not self.hold.sure():
            return
        settings = self.configuration.settings
        for audience in [*settings.digests, *([OWNERS] if settings.owners is not None else [])]:
            job = f"digest {audience}"
            if not self.pauses.over(job, self.clock()):
                continue
            if self._attempt(job, partial(self._compose, audience)):
                self.pauses.forget(job)
            else:
                self.pauses.failed(job, self.clock())
        if self.pauses.over(_DELIVERIES, self.clock()):
            if self._attempt(_DELIVERIES, self._deliver):
                self.pauses.forget(_DELIVERIES)
            else:
                self.pauses.failed(_DELIVERIES, self.clock())

    def _compose(self, audience: str) -> None:
        now = self.clock()
        slot = self.slots.due(audience, now)
        if slot is None or not self._caught_up(audience):
            return
        with self.turn:
            if audience == OWNERS:
                prepare_to_dos(self.store, self.configuration, slot=slot.name, now=now)
            else:
                prepare(self.store, self.configuration, audience, slot=slot.name, now=now)
            self.slots.serve(audience, slot)
        self._held_back.pop(audience, None)

    def _deliver(self) -> None:
        deliver(self.store, self.configuration, now=self.clock(), pauses=self.pauses, stop=self.stop)

    def _caught_up(self, audience: str) -> bool:
        """Whether every source was tried when it was due, so that a digest tells what is true now and not what was true
        before a pause; after ``CATCH_UP`` it goes out all the same. What is left alone on purpose is not waited for."""
        if not any(self.agenda.overdue(name) for name in self.configuration.settings.sources):
            return True
        since = self._held_back.setdefault(audience, self.monotonic())
        return self.monotonic() - since >= CATCH_UP.total_seconds()


def _each(interval: timedelta) -> Punctual:
    """Again and again; the library's own interval counts what it missed one by one, years of it after a clock that
    jumped (C13)."""
    return Punctual(lambda _late: interval)


def _tell_of_long_reading(event: JobSubmissionEvent) -> None:
    """A source that takes longer than its interval is not read twice at once (P5)."""
    if event.job_id.startswith(_READ):
        log.warning("reading.takes_longer_than_its_interval", source=event.job_id.removeprefix(_READ))
