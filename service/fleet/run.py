"""The life of a worker process: it joins the others, does what the queue gives it and ends when it is asked to."""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import procrastinate
import psycopg
import structlog
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.job_context import JobContext
from procrastinate.schema import SchemaManager

from model.errors import DriftlineError, InterruptedRunError
from pipeline.run import collect_seldom
from service.fleet.app import READING, GivenUpError, OwnJobs, TryAgainError, build, look_now
from service.fleet.endings import noting_failures
from service.fleet.memory import queue_near
from service.fleet.names import READ, READ_SHARD, REST
from service.fleet.watch import FleetWatch, HeardJobs, QueuePulse
from service.fleet.work import Work
from service.hanging import note_hanging
from service.http import serving
from service.systemd import ServiceManager
from state.lock import Ownership
from state.queue import install

log = structlog.get_logger("driftline.worker")

AT_ONCE_BESIDE_READING = 3
"""Looking round, concluding or telling, and pruning; none of them waits for a source."""
_TICK_SECONDS = 2.0
_ANSWER_SECONDS = 20.0
_LAST_SECONDS = 0.5
_THREADS = "driftline job"
_OUTCOMES: Sequence[tuple[tuple[type[BaseException], ...], str]] = (
    ((TryAgainError,), "again"),
    ((GivenUpError,), "given_up"),
    ((InterruptedRunError, asyncio.CancelledError, JobAborted), "interrupted"),
    ((DriftlineError,), "failed"),
)


@dataclass(slots=True)
class Worker:
    """One process of the fleet. It ends when it is asked to, when it hangs, or when the database is gone: the service
    manager starts it anew."""

    work: Work
    ownership: Ownership
    concurrency: int
    manager: ServiceManager = field(default_factory=ServiceManager)
    queue: QueuePulse = field(default_factory=QueuePulse)
    asked: bool = False
    """Whether somebody asked it to end; otherwise it ended for want of something."""
    clean: bool = True
    """Whether all that was under way ended within the grace time."""

    def run(self) -> bool:
        """Work until SIGTERM or SIGINT, and tell of it over HTTP meanwhile; tell whether somebody asked for the end."""
        options = self.work.configuration.settings.service
        with serving(options, FleetWatch(self.work, self.queue), now=self.work.clock):
            return self._work()

    def _work(self) -> bool:
        collect_seldom()
        # What it says of jobs holds their errors with the values around them; ours are told where they arise (X1).
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
        install(self.work.store, SchemaManager.get_schema())
        threads = ThreadPoolExecutor(self.concurrency + AT_ONCE_BESIDE_READING + 1, thread_name_prefix=_THREADS)
        try:
            asyncio.run(self._run(threads))
        except (ConnectorException, psycopg.Error) as failure:
            log.error("queue.lost", error=type(failure).__name__)
        finally:
            self.work.stop.set()
            self.clean = _ended(threads)
        log.info("worker.stopped", asked=self.asked, clean=self.clean)
        return self.asked

    async def _run(self, threads: ThreadPoolExecutor) -> None:
        app = build(self.work.store.engine.url, self.work, threads)
        assert isinstance(app.job_manager, OwnJobs)
        app.job_manager = HeardJobs(app.job_manager, self.queue)
        ending = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ask, ending)
        async with app.open_async():
            await look_now(app)
            rest = [REST, queue_near(self.work.holder)]
            pulling = [
                asyncio.create_task(self._serve(app, [READING], self.concurrency, "never")),
                asyncio.create_task(self._serve(app, rest, AT_ONCE_BESIDE_READING, "successful")),
            ]
            log.info("worker.started", holder=self.work.holder, concurrency=self.concurrency)
            self.manager.ready(self._status())
            await self._until_the_end(ending, pulling, threads)
            await self._stop(pulling)

    def _ask(self, ending: asyncio.Event) -> None:
        self.asked = True
        ending.set()

    async def _serve(self, app: procrastinate.App, queues: list[str], at_once: int, delete: str) -> None:
        timing = self.work.timing
        await app.run_worker_async(
            queues=queues,
            name=self.work.holder,
            concurrency=at_once,
            delete_jobs=delete,
            install_signal_handlers=False,
            fetch_job_polling_interval=timing.poll_seconds,
            update_heartbeat_interval=timing.heartbeat_seconds,
            stalled_worker_timeout=timing.stalled_seconds,
            shutdown_graceful_timeout=timing.grace_seconds,
            worker_middleware=[self._watched],
        )

    async def _watched(self, do: Callable[[], Any], context: JobContext, _worker: object) -> Any:
        """One job; from its beginning to its end it is known how long it takes, and then how it ended."""
        kind = context.job.task_name
        number = self.work.beat.begin(f"{kind} {context.job.task_kwargs.get('source', '')}".strip())
        outcome = "crashed"
        with noting_failures() as passed_over:
            try:
                done = await do()
                outcome = _outcome(passed_over)
                return done
            except BaseException as failure:
                outcome = _outcome([failure])
                raise
            finally:
                self.work.beat.end(number, kind, outcome, is_run=False)

    async def _until_the_end(
        self, ending: asyncio.Event, pulling: "list[asyncio.Task[None]]", threads: ThreadPoolExecutor
    ) -> None:
        """Wait until somebody asks for the end, a job goes on beyond its deadline, or the database is gone."""
        while not ending.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ending.wait(), self.manager.pause(_TICK_SECONDS))
            if any(task.done() for task in pulling) or not await self._joined(threads):
                log.error("queue.lost", hint="the process ends and is to be started anew")
                return
            self.work.beat.seen("main")
            if self._beyond_deadline():
                return
            self.manager.alive()
            self.manager.status(self._status())

    async def _joined(self, threads: ThreadPoolExecutor) -> bool:
        """Whether we still belong to the workers; not when the database does not answer."""
        asking = asyncio.get_running_loop().run_in_executor(threads, self.ownership.still_held)
        try:
            return await asyncio.wait_for(asking, _ANSWER_SECONDS)
        except TimeoutError:
            return False

    def _beyond_deadline(self) -> bool:
        deadline = self.work.configuration.settings.service.job_deadline
        for job, seconds in self.work.beat.pulse().under_way.items():
            if seconds > deadline.total_seconds():
                log.error("job.hangs", job=job, hint="the process ends and is to be started anew")
                self._note_hanging(job, deadline)
                return True
        return False

    def _note_hanging(self, job: str, deadline: timedelta) -> None:
        kind, _, source = job.partition(" ")
        if kind in (READ, READ_SHARD):
            note_hanging(self.work.store, source, deadline, self.work.clock())

    def _status(self) -> str:
        names = sorted(job for job in self.work.beat.pulse().under_way if job.startswith(READ))
        return f"reads up to {self.concurrency} sources at once; at work: {', '.join(names) or 'nothing'}"

    async def _stop(self, pulling: "list[asyncio.Task[None]]") -> None:
        """Let what is under way end at its next step; what does not is given back to the others."""
        self.work.stop.set()
        self.manager.stopping()
        for task in pulling:
            task.cancel()
        done, _ = await asyncio.wait(pulling, timeout=self.work.timing.grace_seconds + 1)
        for task in done:
            if not task.cancelled() and (failure := task.exception()) is not None:
                log.error("queue.lost", error=type(failure).__name__)


def _outcome(failures: Sequence[BaseException]) -> str:
    """How a job ended that raised the first of these, or passed it over; in a word, as metrics tell it."""
    if not failures:
        return "done"
    for kinds, outcome in _OUTCOMES:
        if isinstance(failures[0], kinds):
            return outcome
    return "crashed"


def _ended(threads: ThreadPoolExecutor) -> bool:
    """Whether no thread is at work any more."""
    threads.shutdown(wait=False, cancel_futures=True)
    until = time.monotonic() + _LAST_SECONDS
    ours = [thread for thread in threading.enumerate() if thread.name.startswith(_THREADS)]
    for thread in ours:
        thread.join(max(0.0, until - time.monotonic()))
    return not any(thread.is_alive() for thread in ours)
