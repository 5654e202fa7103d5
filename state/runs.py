"""Runs and what each of them got from each source."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import exists, insert, select, update

from model.errors import StateError
from model.runs import Run, RunOutcome, SourceOutcome, SourceResult
from state import tables
from state.connected import Connected
from state.engine import upsert
from state.rows import AnyRow

_RECONCILED = (RunOutcome.DONE, RunOutcome.PARTIAL)


class Runs(Connected):
    """The runs of the store."""

    def start_run(self, now: datetime, *, baseline: bool) -> int:
        """Note that a run begins; what it reads refers to the returned id."""
        with self.writing() as connection:
            statement = insert(tables.runs).values(
                started_at=now, outcome=RunOutcome.RUNNING, baseline=baseline, opened=0, resolved=0, standing=0
            )
            return int(connection.execute(statement.returning(tables.runs.c.id)).scalar_one())

    def finish_run(self, run: Run) -> None:
        """Store how a run ended, with the result of each source, in one transaction."""
        values = asdict(run)
        del values["id"], values["results"], values["started_at"]
        with self.writing() as connection:
            if not connection.execute(update(tables.runs).where(tables.runs.c.id == run.id).values(values)).rowcount:
                raise StateError(f"there is no run {run.id}", location=self.shown_url)
            upsert(connection, tables.source_results, [{"run_id": run.id, **asdict(each)} for each in run.results])

    def runs(self, limit: int = 20) -> list[Run]:
        """The last runs with their results, newest first."""
        table = tables.runs
        results = tables.source_results
        with self.reading() as connection:
            rows = connection.execute(select(table).order_by(table.c.id.desc()).limit(limit)).all()
            wanted = [row.id for row in rows]
            found = connection.execute(
                select(results).where(results.c.run_id.in_(wanted)).order_by(results.c.source)
            ).all()
        return [_run(row, [each for each in found if each.run_id == row.id]) for row in rows]

    def run(self, run_id: int) -> Run | None:
        """One run with its results so far."""
        runs, results = tables.runs, tables.source_results
        with self.reading() as connection:
            row = connection.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
            wanted = select(results).where(results.c.run_id == run_id).order_by(results.c.source)
            found = connection.execute(wanted).all()
        return _run(row, list(found)) if row is not None else None

    def has_baseline(self) -> bool:
        """Whether an earlier run read at least one source completely and reconciled what it had read."""
        runs, results = tables.runs, tables.source_results
        complete = exists().where(results.c.run_id == runs.c.id, results.c.outcome == SourceOutcome.COMPLETE)
        with self.reading() as connection:
            found = connection.execute(select(runs.c.id).where(runs.c.outcome.in_(_RECONCILED), complete).limit(1))
            return found.first() is not None

    def mark_interrupted_runs(self, now: datetime) -> int:
        """Close the runs that a killed process left open; only the owner of the state may know that."""
        table = tables.runs
        with self.writing() as connection:
            return connection.execute(
                update(table)
                .where(table.c.outcome == RunOutcome.RUNNING)
                .values(outcome=RunOutcome.INTERRUPTED, finished_at=now)
            ).rowcount


def _run(row: AnyRow, results: list[AnyRow]) -> Run:
    values: dict[str, Any] = dict(row._mapping)
    values["outcome"] = RunOutcome(values["outcome"])
    return Run(**values, results=tuple(_result(each) for each in results))


def _result(row: AnyRow) -> SourceResult:
    values: dict[str, Any] = dict(row._mapping)
    del values["run_id"]
    values["outcome"] = SourceOutcome(values["outcome"])
    return SourceResult(**values)
