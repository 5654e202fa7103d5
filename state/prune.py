"""What is forgotten in time: contents of records that no kept day needs, texts of mails that went out, old runs and
measures. Findings, transitions and decisions are kept for ever.

Each batch is a transaction of its own, so that nobody waits long and a stop in between leaves nothing half-done.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, literal, or_, select, true, tuple_

from model.deliveries import DeliveryState
from model.runs import SourceOutcome
from state import tables
from state.connected import Connected
from state.engine import WRITES, chunked, our_errors, upsert

PRUNED_BEFORE = "pruned-before"
"""The note that tells from when on the past is still whole."""

_BATCH = 500
_ENDED = (DeliveryState.SENT, DeliveryState.FAILED)
_RESULTS = tables.source_results
_MAY_NAME_A_RUN = (tables.revisions, tables.transitions, tables.set_aside, tables.measures)


@dataclass(frozen=True, slots=True)
class Horizons:
    """What lies before these times may go: former contents of records, with the runs and measures of then; mails."""

    past: datetime
    mails: datetime


@dataclass(frozen=True, slots=True)
class Pruned:
    """How much was forgotten: former contents of records, texts of mails, runs and measures."""

    revisions: int = 0
    mails: int = 0
    runs: int = 0
    measures: int = 0

    def __bool__(self) -> bool:
        return any((self.revisions, self.mails, self.runs, self.measures))


def prunable(store: Connected, horizons: Horizons) -> Pruned:
    """How much ``prune`` would forget."""
    with store.reading() as connection:

        def count(statement: "Select[Any]") -> int:
            return int(connection.execute(select(func.count()).select_from(statement.subquery())).scalar_one())

        return Pruned(
            count(_old_revisions(horizons.past)),
            count(_old_mails(horizons.mails)),
            len(_old_runs(connection, horizons.past)),
            count(_old_measures(horizons.past)),
        )


def prune(store: Connected, horizons: Horizons, *, stop: Callable[[], bool] = lambda: False) -> Pruned:
    """Forget what lies before the horizons, batch by batch; between two of them it ends early when ``stop`` says so."""
    revisions = _in_batches(store, _old_revisions(horizons.past), _forget_revisions(horizons.past), stop)
    mails = _in_batches(store, _old_mails(horizons.mails), _forget_messages, stop)
    measures = _in_batches(store, _old_measures(horizons.past), _forget_measures, stop)
    return Pruned(revisions, mails, _prune_runs(store, horizons.past, stop), measures)


def _in_batches(
    store: Connected,
    statement: "Select[Any]",
    forget: Callable[[Connection, list[int]], None],
    stop: Callable[[], bool],
) -> int:
    """Walk once through what a statement selects by a growing number."""
    number, done, last = statement.selected_columns[0], 0, -1
    while not stop():
        with store.writing() as connection:
            ids = list(connection.execute(statement.where(number > last).order_by(number).limit(_BATCH)).scalars())
            if ids:
                forget(connection, ids)
        done += len(ids)
        if len(ids) < _BATCH:
            break
        last = ids[-1]
    return done


def _old_revisions(horizon: datetime) -> "Select[Any]":
    """The contents between the first one of a record and the one it had at the horizon: how far a date has moved in all
    is told by the first, and any later day by the others."""
    table, other = tables.revisions, tables.revisions.alias()
    present = and_(other.c.record_id == table.c.record_id, other.c.facts.is_not(None))
    first = select(func.min(other.c.id)).where(present).scalar_subquery()
    standing = select(func.max(other.c.id)).where(present, other.c.seen_at <= horizon).scalar_subquery()
    return select(table.c.id).where(table.c.seen_at <= horizon, table.c.id > first, table.c.id < standing)


def _forget_revisions(horizon: datetime) -> Callable[[Connection, list[int]], None]:
    def forget(connection: Connection, ids: list[int]) -> None:
        for part in chunked(ids):
            connection.execute(delete(tables.revisions).where(tables.revisions.c.id.in_(part)))
        since = max(horizon, pruned_before(connection) or horizon)
        upsert(connection, tables.notes, [{"key": PRUNED_BEFORE, "value": since.isoformat()}])

    return forget


def pruned_before(connection: Connection) -> datetime | None:
    """From when on the past is whole; None while nothing was forgotten."""
    notes = tables.notes
    told = connection.execute(select(notes.c.value).where(notes.c.key == PRUNED_BEFORE)).scalar()
    return datetime.fromisoformat(told) if told else None


def _old_mails(horizon: datetime) -> "Select[Any]":
    """Mails that have gone out or were refused for good, and still have their text."""
    table, texts = tables.deliveries, tables.messages
    ended = table.c.state.in_([state.value for state in _ENDED])
    kept = texts.join(table, table.c.id == texts.c.delivery_id)
    return select(texts.c.delivery_id).select_from(kept).where(ended, table.c.changed_at < horizon)


def _forget_messages(connection: Connection, ids: list[int]) -> None:
    texts = tables.messages
    connection.execute(delete(texts).where(texts.c.delivery_id.in_(ids)))


def _old_measures(horizon: datetime) -> "Select[Any]":
    return select(tables.measures.c.run_id).where(tables.measures.c.at < horizon)


def _forget_measures(connection: Connection, ids: list[int]) -> None:
    connection.execute(delete(tables.measures).where(tables.measures.c.run_id.in_(ids)))


def _old_results(horizon: datetime) -> "Select[Any]":
    """What runs before the horizon got from sources; each source keeps its first complete reading, its last one before
    the horizon and its last attempt there: the past is told from them."""
    table, other = tables.source_results, tables.source_results.alias()
    same, tried = other.c.source == table.c.source, other.c.outcome != SourceOutcome.SKIPPED
    complete = other.c.outcome == SourceOutcome.COMPLETE
    kept = [
        select(func.min(other.c.run_id)).where(same, complete),
        select(func.max(other.c.run_id)).where(same, complete, other.c.finished_at < horizon),
        select(func.max(other.c.run_id)).where(same, tried, other.c.finished_at < horizon),
    ]
    is_kept = or_(*(table.c.run_id == func.coalesce(each.scalar_subquery(), literal(0)) for each in kept))
    return select(table.c.run_id, table.c.source).where(table.c.finished_at < horizon, ~is_kept)


def _old_runs(connection: Connection, horizon: datetime) -> list[int]:
    """The runs before the horizon that nothing rests on but results that are forgotten with them."""
    runs, results = tables.runs, tables.source_results
    goes = {(row.run_id, row.source) for row in connection.execute(_old_results(horizon))}
    there = connection.execute(select(results.c.run_id, results.c.source))
    named = {row.run_id for row in there if (row.run_id, row.source) not in goes}
    stays = {
        tables.measures: tables.measures.c.at >= horizon,
        tables.revisions: tables.revisions.c.id.not_in(_old_revisions(horizon)),
    }
    for table in _MAY_NAME_A_RUN:
        which = stays.get(table, true())
        named.update(connection.execute(select(table.c.run_id).where(which).distinct()).scalars())
    old = connection.execute(select(runs.c.id).where(runs.c.finished_at < horizon).order_by(runs.c.id)).scalars()
    return [id_ for id_ in old if id_ not in named]


def _prune_runs(store: Connected, horizon: datetime, stop: Callable[[], bool]) -> int:
    results, runs = tables.source_results, tables.runs
    with store.reading() as connection:
        gone = _old_runs(connection, horizon)
        forgotten = [(row.run_id, row.source) for row in connection.execute(_old_results(horizon))]
    for part in chunked(forgotten):
        if stop():
            return 0
        with store.writing() as connection:
            connection.execute(delete(results).where(tuple_(results.c.run_id, results.c.source).in_(part)))
    done = 0
    for ids in chunked(gone):
        if stop():
            break
        with _writing_parents(store) as connection:
            done += connection.execute(delete(runs).where(runs.c.id.in_(ids), _unnamed(runs.c.id))).rowcount
    return done


def _unnamed(id_: ColumnElement[int]) -> ColumnElement[bool]:
    """That no row names a run, as it is within this transaction."""
    named = (select(table.c.run_id).where(table.c.run_id.is_not(None)) for table in (*_MAY_NAME_A_RUN, _RESULTS))
    return and_(*(id_.not_in(each) for each in named))


@contextmanager
def _writing_parents(store: Connected) -> Iterator[Connection]:
    """A writing transaction that knows by its own condition that no row is left alone.

    SQLite would walk through all revisions for each run that goes, because they have no index by run.
    """
    if store.on_postgresql:
        with store.writing() as connection:
            yield connection
        return
    with our_errors(store.shown_url), store.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA foreign_keys = OFF").close()
        try:
            connection = connection.execution_options(**{WRITES: True})
            with connection.begin():
                store._check_epoch(connection)
                yield connection
        finally:
            raw.execute("PRAGMA foreign_keys = ON").close()
