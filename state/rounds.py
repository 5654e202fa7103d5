"""Rounds: runs whose sources are read by several workers, each on its own, and that are concluded when all are done.

One round knows nothing of another: a source that takes long keeps back only what is read with it.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, exists, func, insert, select, text, update

from model.runs import RunOutcome, SourceResult
from state import tables
from state.codec import printable
from state.connected import Connected
from state.engine import upsert
from state.shards import drop_walks, open_shards

_OPENING_LOCK = 0x6472_6966_7403


@dataclass(frozen=True, slots=True)
class Pull:
    """A source that is to be read, or was read last, in a run; ``failures`` counts attempts that did not help."""

    source: str
    run_id: int
    failures: int
    error: str
    opened_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Age:
    """How long ago the last reading of a source was begun, and whether it goes on."""

    begun: timedelta
    goes_on: bool


class Rounds(Connected):
    """The part of the store that says what workers have to do. In PostgreSQL only, by whose clock it goes."""

    def open_round(
        self,
        sources: Mapping[str, int],
        now: datetime,
        *,
        baseline: bool,
        due: Callable[[str, timedelta | None], bool],
    ) -> tuple[int, list[str]]:
        """Begin a run for the sources that are due and not being read; give its id and them. Of each source it is
        given how many parts it is walked in.

        ``due`` is given how long ago a source was last begun, None when that is unknown. Without any that is due there
        is no run, and its id is 0. Of several who ask at the same time one opens it.
        """
        runs = tables.runs
        with self.writing() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _OPENING_LOCK})
            at: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
            begun = {row.source: at - row.opened_at for row in connection.execute(select(tables.pulls))}
            under_way = {row.source for row in connection.execute(_open_pulls())}
            chosen = [name for name in sources if name not in under_way and due(name, begun.get(name))]
            if not chosen:
                return 0, []
            opened = insert(runs).values(
                started_at=now, outcome=RunOutcome.RUNNING, baseline=baseline, opened=0, resolved=0, standing=0
            )
            run_id = int(connection.execute(opened.returning(runs.c.id)).scalar_one())
            row = {"run_id": run_id, "opened_at": at, "ended_at": None, "failures": 0, "error": ""}
            upsert(connection, tables.pulls, [{"source": name, **row} for name in chosen])
            open_shards(connection, run_id, {name: sources[name] for name in chosen})
        return run_id, chosen

    def pulls(self, *, open_only: bool = False) -> dict[str, Pull]:
        """The last pull of each source, or those that are to be done or being done."""
        wanted = _open_pulls() if open_only else select(tables.pulls)
        with self.reading() as connection:
            rows = connection.execute(wanted).all()
        return {row.source: Pull(**row._mapping) for row in rows}

    def ages(self) -> dict[str, Age]:
        """How long ago each source was last begun, by the clock that all workers share."""
        with self.reading() as connection:
            at: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
            rows = connection.execute(select(tables.pulls)).all()
        return {row.source: Age(at - row.opened_at, row.ended_at is None) for row in rows}

    def pull_failed(self, pull: Pull, error: str) -> int:
        """Note an attempt that did not help; give how many there were."""
        table = tables.pulls
        statement = update(table).where(table.c.source == pull.source, table.c.run_id == pull.run_id)
        changed = statement.values(failures=table.c.failures + 1, error=printable(error))
        with self.writing() as connection:
            return int(connection.execute(changed.returning(table.c.failures)).scalar_one())

    def end_pull(self, pull: Pull, result: SourceResult | None) -> None:
        """Note what the run got from the source; None for a source that nobody wants to be read any more."""
        table = tables.pulls
        ended = update(table).where(table.c.source == pull.source, table.c.run_id == pull.run_id)
        with self.writing() as connection:
            connection.execute(ended.values(ended_at=func.clock_timestamp()))
            drop_walks(connection, pull.source, pull.run_id)
            if result is not None:
                upsert(connection, tables.source_results, [{"run_id": pull.run_id, **asdict(result)}])

    def unconcluded(self) -> set[str]:
        """The sources whose last reading belongs to a round that is open."""
        table, runs = tables.pulls, tables.runs
        wanted = select(table.c.source).join(runs, runs.c.id == table.c.run_id)
        with self.reading() as connection:
            return set(connection.execute(wanted.where(runs.c.outcome == RunOutcome.RUNNING)).scalars())

    def rounds_to_conclude(self) -> list[int]:
        """The open rounds of which every source was read, or given up."""
        runs, results = tables.runs, tables.source_results
        wanted = select(runs.c.id).where(
            runs.c.outcome == RunOutcome.RUNNING,
            exists().where(results.c.run_id == runs.c.id),
            ~exists().where(tables.pulls.c.run_id == runs.c.id, tables.pulls.c.ended_at.is_(None)),
        )
        with self.reading() as connection:
            return list(connection.execute(wanted.order_by(runs.c.id)).scalars())

    def close_abandoned_runs(self, now: datetime) -> int:
        """Close what killed processes left open that is no round; only where nobody but workers can be at work."""
        runs, results = tables.runs, tables.source_results
        abandoned = (
            update(runs)
            .where(runs.c.outcome == RunOutcome.RUNNING)
            .where(~exists().where(results.c.run_id == runs.c.id))
            .where(~exists().where(tables.pulls.c.run_id == runs.c.id, tables.pulls.c.ended_at.is_(None)))
        )
        with self.writing() as connection:
            closed = connection.execute(abandoned.values(outcome=RunOutcome.INTERRUPTED, finished_at=now))
            return closed.rowcount


def _open_pulls() -> Select[tuple[Any, ...]]:
    table, runs = tables.pulls, tables.runs
    running = runs.c.outcome == RunOutcome.RUNNING
    return select(table).join(runs, runs.c.id == table.c.run_id).where(table.c.ended_at.is_(None), running)
