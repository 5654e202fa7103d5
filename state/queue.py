"""The queue of the workers, in a schema of its own beside the state. It holds nothing that cannot be made anew: what is
to be done follows from the rounds."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text, update
from sqlalchemy.exc import DBAPIError

from model.errors import StateError, UsageError
from state import tables
from state.connected import Connected
from state.lock import workers
from state.rows import AnyRow

SCHEMA = "driftline_queue"
PATIENCE = "2s"
WORKER_ENDED = "the worker that read it ended in the middle"
_MARK = "the queue of driftline's workers, "
_INSTALL_LOCK = 0x6472_6966_7404
_IS_STALLED = f"""
    job.status = 'doing' AND (job.worker_id IS NULL OR job.worker_id IN (
        SELECT id FROM {SCHEMA}.procrastinate_workers
        WHERE last_heartbeat < clock_timestamp() - make_interval(secs => :seconds)))
"""  # noqa: S608 - the name is ours
_SEE_BOTH = text(f"SELECT set_config('search_path', current_setting('search_path') || ', {SCHEMA}', true)")
"""The library's functions find their tables by the search path."""
_AGAIN = text("SELECT procrastinate_retry_job_v2(:id, clock_timestamp(), NULL, NULL, NULL)")
_FORGET = text(f"DELETE FROM {SCHEMA}.procrastinate_jobs WHERE id = :id")  # noqa: S608 - the name is ours
_JOBS = text(f"""
    SELECT job.id, task_name AS task, args, status::text, attempts, scheduled_at, queued_at, started_at, ended_at
    FROM {SCHEMA}.procrastinate_jobs AS job
    LEFT JOIN LATERAL (
        SELECT min(at) AS queued_at, max(at) FILTER (WHERE type = 'started') AS started_at,
            max(at) FILTER (WHERE type IN ('failed', 'succeeded', 'cancelled', 'aborted')) AS ended_at
        FROM {SCHEMA}.procrastinate_events WHERE job_id = job.id
    ) AS event ON true
    ORDER BY job.id
""")  # noqa: S608 - the name is ours


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """One job as the queue knows it. ``status`` is todo, doing, succeeded, failed, cancelled or aborted; a job that
    waits after a failed attempt has ``scheduled_at``."""

    id: int
    task: str
    args: Mapping[str, Any]
    status: str
    attempts: int
    scheduled_at: datetime | None
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def lives(self) -> bool:
        """Whether it waits or is being done."""
        return self.status in ("todo", "doing")


def install(store: Connected, statements: str) -> None:
    """Make the queue's schema where there is none; the statements are those of the library that serves the queue.

    One that another version of it has made is thrown away and made anew, when nobody else works with it; otherwise
    raise UsageError.
    """
    mark = f"{_MARK}{hashlib.blake2b(statements.encode(), digest_size=8).hexdigest()}"
    others = len(workers(store)) - 1
    with store.writing() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _INSTALL_LOCK})
        found = _mark(connection)
        if found == mark:
            return
        if found is not None:
            _refuse_unless_ours(found, others, store.shown_url)
            connection.execute(text(f"DROP SCHEMA {SCHEMA} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        connection.execute(text(f"SET LOCAL search_path TO {SCHEMA}"))
        raw: Any = connection.connection.driver_connection
        with raw.cursor() as cursor:
            cursor.execute(statements)
        connection.execute(text(f"COMMENT ON SCHEMA {SCHEMA} IS '{mark.replace(chr(39), chr(39) * 2)}'"))


def _mark(connection: Connection) -> str | None:
    """What the schema says about itself; None where there is none."""
    said = text("SELECT coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_namespace WHERE nspname = :name")
    found: str | None = connection.execute(said, {"name": SCHEMA}).scalar_one_or_none()
    return found


def _refuse_unless_ours(found: str, others: int, location: str) -> None:
    if not found.startswith(_MARK):
        raise StateError(
            f"the schema {SCHEMA} holds something else", location=location, hint="give the state a database of its own"
        )
    if others > 0:
        raise UsageError(
            "workers with another version of procrastinate are at work",
            location=location,
            hint="end them all, then start them anew with one version",
        )


def jobs(store: Connected) -> list[QueuedJob]:
    """Everything that is in the queue, the oldest first; nothing where no worker was ever started."""
    with store.reading() as connection:
        if _mark(connection) is None:
            return []
        return [QueuedJob(**row._mapping) for row in connection.execute(_JOBS)]


def put_back(
    store: Connected, seconds: float, *, holder: str, claim_of: Callable[[str, Mapping[str, Any]], str | None]
) -> list[QueuedJob]:
    """Give the jobs of workers that were not heard of for so long to others; give those jobs.

    ``claim_of`` tells under which claim a job of this kind writes: it is raised at once, so that whoever had the job
    is fenced off before anybody else begins. A source, or a shard of it, counts it as a failed attempt. A job for
    which another one waits is forgotten. Several may ask at the same time; what still holds a lock is left for the
    next time.
    """
    stalled = text(
        f"SELECT id, task_name, args, queueing_lock FROM {SCHEMA}.procrastinate_jobs AS job "  # noqa: S608
        f"WHERE {_IS_STALLED} FOR UPDATE SKIP LOCKED"
    )
    known = {job.id: job for job in jobs(store)}
    given = []
    with store.writing() as connection:
        connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
        connection.execute(_SEE_BOTH)
        for row in connection.execute(stalled, {"seconds": seconds}).all():
            try:
                with connection.begin_nested():
                    claim = claim_of(row.task_name, row.args)
                    if claim is not None:
                        _fence(connection, claim, holder, row.args)
                    connection.execute(_FORGET if _waits(connection, row) else _AGAIN, {"id": row.id})
            except DBAPIError:
                continue
            if row.id in known:
                given.append(known[row.id])
    return given


def offer_to_all(store: Connected, *, begins: str, queue: str) -> None:
    """Put what still waits in queues of this beginning, each for one worker, into one that all take from."""
    moved = text(
        f"UPDATE {SCHEMA}.procrastinate_jobs SET queue_name = :queue "  # noqa: S608 - the name is ours
        "WHERE status = 'todo' AND starts_with(queue_name, :begins)"
    )
    with store.writing() as connection:
        connection.execute(moved, {"queue": queue, "begins": begins})


def _fence(connection: Connection, claim: str, holder: str, args: Mapping[str, Any]) -> None:
    table, pulls, shards = tables.claims, tables.pulls, tables.shards
    raised = {"epoch": table.c.epoch + 1, "holder": holder}
    connection.execute(update(table).where(table.c.name == claim).values(raised))
    source, shard = args.get("source"), args.get("shard")
    if shard is not None:
        died = {"failures": shards.c.failures + 1, "error": WORKER_ENDED}
        of_shard = (shards.c.source == source) & (shards.c.number == shard)
        connection.execute(update(shards).where(of_shard, shards.c.ended.is_(False)).values(died))
    elif source is not None:
        died = {"failures": pulls.c.failures + 1, "error": WORKER_ENDED}
        connection.execute(update(pulls).where(pulls.c.source == source, pulls.c.ended_at.is_(None)).values(died))


def _waits(connection: Connection, row: AnyRow) -> bool:
    """Whether another job of the same kind waits, of which there may be one."""
    same = text(
        f"SELECT 1 FROM {SCHEMA}.procrastinate_jobs "  # noqa: S608 - the name is ours
        "WHERE status = 'todo' AND queueing_lock = :queueing_lock AND id <> :id"
    )
    found = connection.execute(same, {"id": row.id, "queueing_lock": row.queueing_lock})
    return found.first() is not None
