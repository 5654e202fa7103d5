"""Shards: parts of the reading of one source, each walked by a worker of its own, before somebody reads it to its end.

What a shard walked is stored whole after its last page, or not at all.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Update, delete, select, update

from model.reading import Cursor
from model.runs import RunOutcome
from state import tables
from state.codec import printable
from state.connected import Connected
from state.engine import add
from state.rows import AnyRow


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of so many of a source in a run; ``failures`` counts attempts that did not help."""

    source: str
    number: int
    parts: int
    run_id: int
    failures: int = 0
    error: str = ""
    ended: bool = False
    """Whether nobody is to walk it any more in this run: it was walked, or given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What one shard walked.

    ``basis`` stands for all that its answers were read by: settings, fields, containers. ``start`` is the cursor it
    began at (None: everything), ``begun`` when, and ``behind`` how slow it saw the source's clock. ``ids`` are those
    that it was given, packed.
    """

    basis: str
    identity: str
    start: Cursor | None
    begun: datetime
    behind: timedelta = timedelta(0)
    containers: frozenset[str] = frozenset()
    pages: int = 0
    read: int = 0
    changed: int = 0
    set_aside: int = 0
    requests: int = 0
    ids: bytes = field(default=b"", repr=False)


class Shards(Connected):
    """The part of the store that keeps what parts of a source were walked in a round."""

    def shards(self, *, waiting_only: bool = False) -> list[Shard]:
        """The shards of the last round of each source, or those that somebody is to walk now."""
        table, pulls, runs = tables.shards, tables.pulls, tables.runs
        wanted = select(table)
        if waiting_only:
            of_pull = (pulls.c.source == table.c.source) & (pulls.c.run_id == table.c.run_id)
            wanted = wanted.join(pulls, of_pull).join(runs, runs.c.id == table.c.run_id)
            running = runs.c.outcome == RunOutcome.RUNNING
            wanted = wanted.where(table.c.ended.is_(False), pulls.c.ended_at.is_(None), running)
        wanted = wanted.with_only_columns(*(table.c[name] for name in Shard.__slots__))
        with self.reading() as connection:
            return [
                Shard(**row._mapping) for row in connection.execute(wanted.order_by(table.c.source, table.c.number))
            ]

    def shard_failed(self, shard: Shard, error: str) -> int:
        """Note an attempt that did not help; give how many there were."""
        table = tables.shards
        changed = _of(shard).values(failures=table.c.failures + 1, error=printable(error))
        with self.writing() as connection:
            return int(connection.execute(changed.returning(table.c.failures)).scalar_one())

    def end_shard(self, shard: Shard, walk: Walk | None) -> None:
        """Keep what was walked; None for a shard that is given up in this run, or that nobody wants any more."""
        told = None if walk is None else _written(walk)
        ended = _of(shard).values(ended=True, walk=told, ids=None if walk is None else walk.ids)
        with self.writing() as connection:
            connection.execute(ended if walk is None else ended.values(error=""))

    def walks(self, source: str, run_id: int) -> list[Walk]:
        """What shards of a source walked in a run, until that is forgotten."""
        table = tables.shards
        wanted = select(table.c.walk, table.c.ids).where(
            table.c.source == source, table.c.run_id == run_id, table.c.ended.is_(True), table.c.walk.is_not(None)
        )
        with self.reading() as connection:
            return [_read(row) for row in connection.execute(wanted.order_by(table.c.number))]

    def forget_walks(self, source: str, run_id: int) -> None:
        """What shards walked is not to be taken over any more, because more is known by now or it cannot be right."""
        with self.writing() as connection:
            drop_walks(connection, source, run_id)


def open_shards(connection: Connection, run_id: int, parts: Mapping[str, int]) -> None:
    """Give each of the sources as many shards as it has parts, none where that is one; earlier ones are forgotten."""
    connection.execute(delete(tables.shards).where(tables.shards.c.source.in_(parts)))
    fresh = {"run_id": run_id, "failures": 0, "error": "", "ended": False, "walk": None, "ids": None}
    rows = [
        {"source": source, "number": number, "parts": number_of, **fresh}
        for source, number_of in parts.items()
        if number_of > 1
        for number in range(1, number_of + 1)
    ]
    add(connection, tables.shards, rows)


def drop_walks(connection: Connection, source: str, run_id: int) -> None:
    """End the shards of a source in a run without what they walked; why one was given up is still told."""
    table = tables.shards
    ours = update(table).where(table.c.source == source, table.c.run_id == run_id)
    connection.execute(ours.values(ended=True, walk=None, ids=None))


def _of(shard: Shard) -> Update:
    table = tables.shards
    return update(table).where(
        table.c.source == shard.source, table.c.number == shard.number, table.c.run_id == shard.run_id
    )


def _written(walk: Walk) -> str:
    told: dict[str, Any] = {name: getattr(walk, name) for name in _COUNTS}
    start = None if walk.start is None else walk.start.position
    told |= {"basis": walk.basis, "identity": walk.identity, "start": start, "begun": walk.begun.isoformat()}
    return json.dumps(told | {"behind": walk.behind.total_seconds(), "containers": sorted(walk.containers)})


def _read(row: AnyRow) -> Walk:
    told = json.loads(row.walk)
    return Walk(
        basis=told["basis"],
        identity=told["identity"],
        start=None if told["start"] is None else Cursor(told["start"]),
        begun=datetime.fromisoformat(told["begun"]),
        behind=timedelta(seconds=told["behind"]),
        containers=frozenset(told["containers"]),
        ids=bytes(row.ids),
        **{name: told[name] for name in _COUNTS},
    )


_COUNTS = ("pages", "read", "changed", "set_aside", "requests")
