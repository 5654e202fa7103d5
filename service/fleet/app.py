"""The queue as Procrastinate serves it: which job calls what, what is tried again and when, and what goes by the clock.

Loaded only by workers; the library is an optional one.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

import procrastinate
import structlog
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from sqlalchemy import URL

from model.errors import DriftlineError, InterruptedRunError, StateError
from pipeline.crash import crash_site
from pipeline.retention import prune_daily
from service.fleet.endings import pass_over
from service.fleet.memory import near_the_last
from service.fleet.names import (
    CONCLUDE,
    FINDINGS,
    LOOK,
    PAST,
    PRUNE,
    READ,
    READ_SHARD,
    REST,
    TELL,
    shard_claim,
    source_claim,
)
from service.fleet.telling import tell
from service.fleet.timing import Timing
from service.fleet.work import Attempt, Wanted, Work
from state.queue import SCHEMA

log = structlog.get_logger("driftline.worker")

READING = "reading"
"""The queue of which each worker takes as much as it was asked to; nothing of ``REST`` waits for that."""
KEEP_DONE_HOURS, KEEP_FAILED_HOURS = 24, 24 * 7
STATE_REFUSALS = 30
"""After so many a job is given up; what it was to do is put into the queue anew, behind what waits there."""

_Result = TypeVar("_Result")


class TryAgainError(Exception):
    """The job is to be tried once more, after a pause."""

    def __init__(self, pause: timedelta) -> None:
        super().__init__("to be tried again")
        self.pause = pause


class GivenUpError(Exception):
    """The job cannot be done; what came of it is stored."""


class Again(BaseRetryStrategy):
    """When a job that raised is done once more."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, TryAgainError):
            # Sources that failed together are not asked again together.
            return _in(exception.pause * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
        if isinstance(exception, InterruptedRunError | asyncio.CancelledError):
            return _in(timedelta())
        if isinstance(exception, StateError) and job.attempts < STATE_REFUSALS:
            return _in(self._timing.state_pause)
        return None


def _in(pause: timedelta) -> RetryDecision:
    return RetryDecision(retry_at=datetime.now(UTC) + pause)


class OwnJobs(JobManager):
    """Tells the queue how a job ended only while the job is ours: a worker that was away may wake up after another one
    took it over, and must not end what that one does."""

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        if await self._ours(job):
            await super().finish_job(job, status, delete_job)

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        if not await self._ours(job):
            return
        try:
            await super().retry_job(job, retry_at, priority, queue, lock)
        except UniqueViolation:  # the same waits already
            await super().finish_job(job, Status.FAILED, delete_job=True)

    async def _ours(self, job: Job) -> bool:
        rows = await self.connector.execute_query_all_async(
            "SELECT 1 FROM procrastinate_jobs WHERE id = %(id)s AND status = 'doing' AND worker_id = %(worker)s",
            id=job.id,
            worker=job.worker_id,
        )
        if not rows:
            log.warning("job.was_taken_over", job=job.task_name, **job.task_kwargs)
        return bool(rows)


def connector_for(url: URL) -> procrastinate.PsycopgConnector:
    """The connections to the queue's schema in the database of the state."""
    given = url.query.get("options", "")
    options = f"{given if isinstance(given, str) else ' '.join(given)} -c search_path={SCHEMA}".strip()
    query = {name: value for name, value in url.query.items() if name != "options"}
    conninfo = url.set(drivername="postgresql", query=query).render_as_string(hide_password=False)
    return procrastinate.PsycopgConnector(
        conninfo=conninfo,
        min_size=1,
        max_size=6,
        kwargs={"options": options, "application_name": "driftline queue", "connect_timeout": 10},
    )


def build(url: URL, work: Work, threads: Executor) -> procrastinate.App:
    """The jobs of a worker; each does its work on a thread of its own."""
    connector = connector_for(url)
    app = procrastinate.App(connector=connector)
    app.job_manager = OwnJobs(connector)
    again = Again(work.timing)
    every = f"* * * * * */{work.timing.look_seconds}"

    async def on_thread(do: Callable[[], _Result]) -> _Result:
        return await asyncio.get_running_loop().run_in_executor(threads, do)

    async def hand_out(wanted: Wanted) -> None:
        near = await on_thread(partial(near_the_last, work.store)) if wanted.rounds else None
        await enqueue(app, wanted, near or REST)

    async def ended(attempt: Attempt) -> None:
        if attempt.again:
            raise TryAgainError(work.timing.pause_after(attempt.failures))
        await hand_out(await on_thread(work.wanted))
        if attempt.error:
            raise GivenUpError

    @app.task(name=READ, queue=READING, retry=again)
    async def read(source: str) -> None:
        await ended(await _told(f"{READ} {source}", on_thread(partial(work.read, source))))

    @app.task(name=READ_SHARD, queue=READING, retry=again)
    async def read_shard(source: str, shard: int) -> None:
        reading = on_thread(partial(work.read_shard, source, shard))
        await ended(await _told(f"{READ_SHARD} {source} {shard}", reading))

    @app.task(name=CONCLUDE, queue=REST, lock=FINDINGS, retry=again)
    async def conclude(run: int) -> None:
        await _told(f"{CONCLUDE} {run}", on_thread(partial(work.conclude, run)))
        await _put(app, TELL, TELL, timestamp=0)

    # Before the rounds that wait: one that cannot be concluded must not keep back the mails.
    @app.periodic(cron=every)
    @app.task(name=TELL, queue=REST, lock=FINDINGS, queueing_lock=TELL, priority=1)
    async def telling(timestamp: int) -> None:
        await _quietly(TELL, on_thread(partial(tell, work)))

    # Without a lock: when the worker that looks is gone, somebody must be able to look that it is.
    @app.periodic(cron=every)
    @app.task(name=LOOK, queue=REST, queueing_lock=LOOK)
    async def look(timestamp: int) -> None:
        wanted = await _quietly(LOOK, on_thread(work.look_round))
        if wanted is not None:
            await hand_out(wanted)

    @app.periodic(cron="17 * * * *")
    @app.task(name=PRUNE, queue=REST, lock=PRUNE, queueing_lock=PRUNE)
    async def prune(timestamp: int) -> None:
        await _quietly(PRUNE, on_thread(partial(_prune, work)))
        await app.job_manager.delete_old_jobs(KEEP_DONE_HOURS)
        await app.job_manager.delete_old_jobs(KEEP_FAILED_HOURS, include_failed=True, include_aborted=True)

    return app


async def enqueue(app: procrastinate.App, wanted: Wanted, near: str = REST) -> None:
    """Put jobs for what nobody has in hand into the queue; one for the same waits at most. To judge is for whoever
    looks ``near``, until somebody looks round."""
    for source in wanted.sources:
        await _put(app, READ, f"{READ} {source}", lock=source_claim(source), source=source)
    for source, shard in wanted.shards:
        once, lock = f"{READ_SHARD} {source} {shard}", shard_claim(source, shard)
        await _put(app, READ_SHARD, once, lock=lock, source=source, shard=shard)
    for run in wanted.rounds:
        await _put(app, CONCLUDE, f"{CONCLUDE} {run}", queue=near, run=run)


async def look_now(app: procrastinate.App) -> None:
    """Look what is due without waiting for the time to look."""
    await _put(app, LOOK, LOOK, timestamp=0)


async def _put(
    app: procrastinate.App,
    task: str,
    once: str,
    *,
    lock: str | None = None,
    queue: str | None = None,
    **arguments: str | int,
) -> None:
    chosen = app.tasks[task].configure(queueing_lock=once, lock=lock, queue=queue)
    try:
        await chosen.defer_async(**arguments)
    except AlreadyEnqueued:
        return


async def _told(job: str, doing: Awaitable[_Result]) -> _Result:
    """Say in the log what a job raises; the values around it are left out (X1)."""
    try:
        return await doing
    except InterruptedRunError:
        log.info("job.interrupted", job=job)
        raise
    except DriftlineError as failure:
        log.error("job.failed", job=job, error=failure.summary)
        raise
    except Exception as failure:
        log.error("job.crashed", job=job, error=crash_site(failure))
        raise


async def _quietly(job: str, doing: Awaitable[_Result]) -> _Result | None:
    """What comes again by the clock need not be tried again."""
    try:
        return await _told(job, doing)
    except Exception as failure:
        pass_over(failure)
    return None


def _prune(work: Work) -> None:
    mine = work.store.claiming(PAST, work.holder)
    prune_daily(mine, work.configuration, now=work.clock(), stop=work.stop)
