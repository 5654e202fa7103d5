"""Reading stored records: streamed for the mapping, found by name for people, with their revisions."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import ColumnElement, Connection, func, or_, select

from model.keys import normalise_key
from model.reading import Observed
from model.records import Absence, Record, RecordKind
from state import tables
from state.codec import decode_record
from state.connected import Connected
from state.engine import chunked
from state.rows import AnyRow, AnySelect, observed, standing

Lineage: TypeAlias = tuple[str | None, tuple[str, ...]]
"""The record id of a record's parent, and its own key and former keys."""


@dataclass(frozen=True, slots=True)
class Revision:
    """What a record said from ``seen_at`` on, or why it was absent from then on."""

    seen_at: datetime
    record: Record | None
    absence: Absence | None


@dataclass(frozen=True, slots=True)
class StoredSetAside:
    """A record that could not be kept, and since when."""

    source: str
    native_id: str
    reason: str
    location: str
    since: datetime


class Records(Connected):
    """The part of the store that answers about single records."""

    def records(
        self, *, source: str | None = None, kind: RecordKind | None = None, batch: int = 1000
    ) -> Iterator[list[Observed]]:
        """Stream the records that count, in batches, ordered by id.

        These are the present ones and those absent without proof (archived, access lost, filtered out, unobserved):
        only ``deleted`` and ``moved`` take a record out. No transaction stays open between two batches.
        """
        table = tables.records
        statement = _with_read_time().where(standing())
        if source is not None:
            statement = statement.where(table.c.source == source)
        if kind is not None:
            statement = statement.where(table.c.kind == kind)
        for rows in self._pages(statement, batch):
            yield [observed(row, row.read_at) for row in rows]

    def contents(self, ids: Iterable[str] | None = None, *, batch: int = 1000) -> Iterator[list[Record]]:
        """Stream what the records that count say, all of them or these, as ``records`` does but without our times."""
        if ids is None:
            pages = self._pages(_CONTENT.where(standing()), batch)
        else:
            pages = self._pages_of(_CONTENT.where(standing()), sorted(ids), batch)
        for rows in pages:
            yield [decode_record(row.kind, row.facts, row.trace) for row in rows]

    def _pages(self, statement: AnySelect, batch: int) -> Iterator[Sequence[AnyRow]]:
        last, ordered = "", statement.order_by(tables.records.c.id).limit(batch)
        while True:
            with self.reading() as connection:
                rows = connection.execute(ordered.where(tables.records.c.id > last)).all()
            if not rows:
                return
            yield rows
            last = rows[-1].id

    def _pages_of(self, statement: AnySelect, wanted: Sequence[str], batch: int) -> Iterator[Sequence[AnyRow]]:
        for start in range(0, len(wanted), batch):
            rows: list[AnyRow] = []
            with self.reading() as connection:
                for part in chunked(wanted[start : start + batch]):
                    rows += connection.execute(statement.where(tables.records.c.id.in_(part)))
            if rows:
                yield sorted(rows, key=lambda row: str(row.id))

    def last_revision(self) -> int:
        """The number of the newest revision; whatever is stored later gets a higher one."""
        with self.reading() as connection:
            return connection.execute(select(func.max(tables.revisions.c.id))).scalar_one() or 0

    def changed_since(self, revision: int) -> frozenset[str]:
        """The ids of records that said something new after a revision, or are gone or back since."""
        table = tables.revisions
        statement = select(table.c.record_id).where(table.c.id > revision)  # distinct would go through all of them
        with self.reading() as connection:
            return frozenset(connection.execute(statement).scalars())

    def reached_since(self, revision: int) -> set[str]:
        """The ids of records that said something new after a revision, and of those that rest on what these say:
        everything below them, the members of a release, the work in a sprint."""
        said = select(tables.revisions.c.record_id.label("id")).where(tables.revisions.c.id > revision).distinct()
        with self.reading() as connection:
            return _reached(connection, said)

    def resting_on(self, ids: Iterable[str]) -> set[str]:
        """These records and those that rest on what they say, as ``reached_since`` gives them."""
        table = tables.records
        reached: set[str] = set()
        with self.reading() as connection:
            for part in chunked(sorted(ids)):
                reached |= _reached(connection, select(table.c.id).where(table.c.id.in_(part)))
        return reached

    def find(self, text: str) -> list[Observed]:
        """Find records by record id, key, former key, ``source:key``, release name or ``container/release``.

        Absent ones are found too; present ones come first.
        """
        table = tables.records
        source, _, rest = text.strip().partition(":")
        statement = (
            _with_read_time()
            .where(or_(table.c.id == text.strip(), _named(text), (table.c.source == source) & _named(rest)))
            .order_by(table.c.absence.is_not(None), table.c.id)
        )
        with self.reading() as connection:
            return [observed(row, row.read_at) for row in connection.execute(statement).all()]

    def lineage(self, ids: Collection[str] | None = None) -> dict[str, Lineage]:
        """For every record that is a parent of another, or for those of these that are stored: the id of its own
        parent, and its key and former keys."""
        table = tables.records
        with self.reading() as connection:
            if ids is None:
                return _lineage(connection, table.c.id.in_(select(table.alias().c.parent_id)))
            parts = (_lineage(connection, table.c.id.in_(part)) for part in chunked(sorted(ids)))
            return {id_: told for part in parts for id_, told in part.items()}

    def stored_sources(self) -> set[str]:
        """The sources of which anything is stored."""
        with self.reading() as connection:
            return set(connection.execute(select(tables.records.c.source).distinct()).scalars())

    def absence(self, id_: str) -> tuple[Absence, datetime] | None:
        """Why a record is not there and since when; None for one that is there or was never seen."""
        table = tables.records
        statement = select(table.c.absence, table.c.absent_since).where(table.c.id == id_)
        with self.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return (Absence(row.absence), row.absent_since) if row is not None and row.absence else None

    def revisions(self, id_: str) -> list[Revision]:
        """Everything a record ever said, oldest first."""
        table = tables.revisions
        statement = (
            select(table, tables.records.c.kind)
            .join(tables.records, tables.records.c.id == table.c.record_id)
            .where(table.c.record_id == id_)
            .order_by(table.c.id)
        )
        with self.reading() as connection:
            rows = connection.execute(statement).all()
        return [
            Revision(
                row.seen_at,
                decode_record(row.kind, row.facts, row.trace) if row.facts is not None else None,
                Absence(row.absence) if row.absence else None,
            )
            for row in rows
        ]

    def set_aside(self, source: str | None = None) -> list[StoredSetAside]:
        """The records that could not be kept, of one source or of all."""
        table = tables.set_aside
        statement = select(table).order_by(table.c.source, table.c.native_id)
        if source is not None:
            statement = statement.where(table.c.source == source)
        with self.reading() as connection:
            rows = connection.execute(statement).all()
        return [StoredSetAside(row.source, row.native_id, row.reason, row.location, row.since) for row in rows]


_CONTENT: AnySelect = select(tables.records.c.id, tables.records.c.kind, tables.records.c.facts, tables.records.c.trace)


def _reached(connection: Connection, said: AnySelect) -> set[str]:
    """What a statement gives by its id, and what rests on that."""
    table, members = tables.records, tables.memberships
    below = said.cte("below", recursive=True)
    below = below.union(select(table.c.id).join(below, table.c.parent_id == below.c.id))
    reached = set(connection.execute(select(below.c.id)).scalars())
    reached.update(connection.execute(select(members.c.record_id).where(members.c.release_id.in_(said))).scalars())
    sprints = select(table.c.id).where(table.c.kind == RecordKind.SPRINT, table.c.id.in_(said))
    for part in chunked(list(connection.execute(sprints).scalars())):
        reached.update(connection.execute(select(table.c.id).where(table.c.sprint_id.in_(part))).scalars())
    return reached


def _lineage(connection: Connection, wanted: ColumnElement[bool]) -> dict[str, Lineage]:
    table, names = tables.records, tables.names
    former = select(names.c.record_id, names.c.name).where(names.c.what == "former").order_by(names.c.name)
    rows = connection.execute(select(table.c.id, table.c.parent_id, table.c.key).where(wanted)).all()
    known: dict[str, list[str]] = {row.id: [row.key] for row in rows}
    for row in connection.execute(former.join(table, table.c.id == names.c.record_id).where(wanted)):
        known[row.record_id].append(row.name)
    return {row.id: (row.parent_id, tuple(known[row.id])) for row in rows}


def _with_read_time() -> AnySelect:
    table, sources = tables.records, tables.sources
    times = (table.c.first_seen, table.c.seen_at, table.c.absence, sources.c.read_at)
    return select(table.c.id, table.c.kind, table.c.facts, table.c.trace, *times).outerjoin(
        sources, sources.c.source == tables.records.c.source
    )


def _named(text: str) -> ColumnElement[bool]:
    names = tables.names
    return tables.records.c.id.in_(select(names.c.record_id).where(names.c.name == normalise_key(text)))
