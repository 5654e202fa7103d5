"""What a run writes while it reads a source: pages, absences, and at the very end the cursor."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, delete, select, update

from model.keys import record_id
from model.reading import Cursor, Page
from model.records import Absence, Record
from state import tables
from state.codec import printable
from state.connected import Connected
from state.engine import chunked, upsert
from state.pages import (
    add_revisions,
    forget_answers,
    outdated,
    prepare_page,
    stored_answers,
    stored_hashes,
    write_records,
    write_set_aside,
)


@dataclass(frozen=True, slots=True)
class Saved:
    """What one page brought. ``changed`` counts new facts, ``set_aside`` the records that could not be kept.

    ``again`` are records, by native id, that the page calls unchanged although something else is stored of them: they
    must be asked for by id. ``fresh`` are the records that were not known before, ``renewed`` the ids of the others
    that say something new.
    """

    read: int
    changed: int
    set_aside: int = 0
    again: tuple[str, ...] = ()
    fresh: Sequence[Record] = field(default=(), compare=False, repr=False)
    renewed: Sequence[str] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class StoredCursor:
    """How far a source was read, when that was and when it was last read in full.

    ``containers`` are those that were walked then (None: unknown), ``identity`` is who the source said that we are.
    """

    cursor: Cursor | None
    read_at: datetime
    full_at: datetime | None
    containers: frozenset[str] | None = None
    identity: str = ""


class Reading(Connected):
    """The part of the store that connectors fill."""

    def save_page(self, run_id: int, page: Page, source: str, now: datetime) -> Saved:
        """Keep a page whole or not at all: changed records, their revisions, names and releases.

        A record that cannot be stored is set aside with the reason, and the version before it stays (S10).
        """
        prepared, refused = prepare_page(page, source)
        readable = [*(each.record.native_id for each in prepared.values()), *page.unchanged]
        with self.writing() as connection:
            again = outdated(connection, source, page)
            write_set_aside(connection, source, refused, readable, run_id, now)
            _ensure_source(connection, source)
            fresh, renewed = write_records(connection, prepared, page.digests, run_id, now)
        changed = len(fresh) + len(renewed)
        return Saved(len(readable) + len(refused), changed, len(refused), again, fresh, renewed)

    def known_answers(self, source: str, native_ids: Sequence[str]) -> dict[str, bytes]:
        """The digests of the answers from which records were read, of those that are present; by native id.

        Several threads may ask.
        """
        ids = {record_id(source, native_id): native_id for native_id in native_ids}
        with self.reading() as connection:
            return {ids[id_]: digest for id_, digest in stored_answers(connection, list(ids)).items()}

    def finish_source(
        self,
        run_id: int,
        source: str,
        cursor: Cursor | None,
        *,
        full: bool,
        now: datetime,
        identity: str = "",
        containers: Iterable[str] | None = None,
        error: str = "",
    ) -> None:
        """Say that a source was read to its end: move its cursor; a full read clears old set-aside records.

        With an ``error`` its pages were read, but something about it is held: then it does not count as complete.
        """
        row: dict[str, Any] = {
            "source": source,
            "position": cursor.position if cursor else None,
            "read_at": None if error else now,
            "full_at": now if full else None,
            "complete": not error,
            "error": printable(error),
            "walked_at": now,
            "identity": identity,
            "containers": None if containers is None else json.dumps(sorted(containers)),
        }
        kept = [column for column, keep in (("full_at", not full), ("read_at", bool(error))) if keep]
        aside = tables.set_aside
        with self.writing() as connection:
            upsert(connection, tables.sources, [row], keep=kept)
            if full:
                connection.execute(delete(aside).where(aside.c.source == source, aside.c.run_id != run_id))

    def fail_source(self, run_id: int, source: str, error: str, now: datetime) -> None:
        """Say that a source could not be read to its end; its cursor and its last complete read stay as they are."""
        row = {"source": source, "complete": False, "error": printable(error)}
        with self.writing() as connection:
            upsert(connection, tables.sources, [row])

    def cursor(self, source: str) -> StoredCursor | None:
        """How far a source was read; None when its pages were never read to their end."""
        table = tables.sources
        with self.reading() as connection:
            row = connection.execute(select(table).where(table.c.source == source)).one_or_none()
        if row is None or row.walked_at is None:
            return None
        return StoredCursor(
            Cursor(row.position) if row.position is not None else None,
            row.walked_at,
            row.full_at,
            frozenset(json.loads(row.containers)) if row.containers is not None else None,
            row.identity or "",
        )

    def present_ids(self, source: str, container: str | None = None) -> set[str]:
        """The native ids that are stored as present, of a source or of one of its containers."""
        table = tables.records
        statement = select(table.c.native_id).where(table.c.source == source, table.c.absence.is_(None))
        if container is not None:
            statement = statement.where(table.c.container == container)
        with self.reading() as connection:
            return set(connection.execute(statement).scalars())

    def mark_absent(self, run_id: int, source: str, absences: Mapping[str, Absence], now: datetime) -> int:
        """Note why records (by native id) are not there; each stays stored as it was last seen.

        Returns how many were news. The time since when stays the first one if a record was absent before.
        """
        wanted = {record_id(source, native): absence for native, absence in absences.items()}
        with self.writing() as connection:
            stored = stored_hashes(connection, list(wanted))
            news = {id_: wanted[id_] for id_, row in stored.items() if row.absence != wanted[id_]}
            for absence in set(news.values()):
                _mark(connection, [id_ for id_, why in news.items() if why is absence], source, absence, now)
            forget_answers(connection, list(news))  # whatever they answer when they are back
            rows = [{"record_id": id_, "run_id": run_id, "seen_at": now, "absence": why} for id_, why in news.items()]
            add_revisions(connection, rows)
        return len(news)


def _ensure_source(connection: Connection, source: str) -> None:
    table = tables.sources
    if connection.execute(select(table.c.source).where(table.c.source == source)).first() is None:
        # Several who read parts of it may do so at once.
        upsert(connection, table, [{"source": source, "complete": False, "error": ""}], keep=["complete", "error"])


def _mark(connection: Connection, ids: Sequence[str], source: str, absence: Absence, now: datetime) -> None:
    """Set the absence and freeze when a record was last confirmed, which its source no longer tells."""
    table = tables.records
    read_at = connection.execute(
        select(tables.sources.c.read_at).where(tables.sources.c.source == source)
    ).scalar_one_or_none()
    values: dict[str, Any] = {
        "absence": absence,
        "absent_since": case((table.c.absence.is_(None), now), else_=table.c.absent_since),
    }
    if read_at is not None:
        confirmed = table.c.absence.is_(None) & (table.c.seen_at < read_at)
        values["seen_at"] = case((confirmed, read_at), else_=table.c.seen_at)
    for part in chunked(ids):
        connection.execute(update(table).where(table.c.id.in_(part)).values(values))
