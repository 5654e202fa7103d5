"""What a run writes while it reads a source: pages, absences, and at the very end the cursor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, delete, insert, select, update

from model.errors import RecordError
from model.keys import record_id
from model.reading import Cursor, Page, SetAside
from model.records import Absence, Record
from state import tables
from state.codec import printable
from state.connected import Connected
from state.engine import chunked, upsert
from state.rows import AnyRow, Prepared, prepare

_LONGEST_ID = 250


@dataclass(frozen=True, slots=True)
class Saved:
    """What one page brought. ``changed`` counts new facts, ``set_aside`` the records that could not be kept."""

    read: int
    changed: int
    set_aside: int = 0


@dataclass(frozen=True, slots=True)
class StoredCursor:
    """How far a source was read, and when it was last read completely and last read in full."""

    cursor: Cursor | None
    read_at: datetime
    full_at: datetime | None


class Reading(Connected):
    """The part of the store that connectors fill."""

    def save_page(self, run_id: int, page: Page, source: str, now: datetime) -> Saved:
        """Keep a page whole or not at all: changed records, their revisions, names and releases.

        A record that cannot be stored is set aside with the reason, and the version before it stays (S10).
        """
        prepared, refused = _prepare(page, source)
        with self.writing() as connection:
            before = _stored(connection, list(prepared))
            written = [each for id_, each in prepared.items() if _differs(each, before.get(id_))]
            changed = [each for each in written if _is_news(each, before.get(each.record.id))]
            _write_records(connection, written, now)
            _write_revisions(connection, changed, run_id, now)
            _write_set_aside(connection, source, refused, run_id, now)
            _clear_set_aside(connection, source, [each.record.native_id for each in prepared.values()])
            _ensure_source(connection, source)
        return Saved(len(prepared) + len(refused), len(changed), len(refused))

    def finish_source(self, run_id: int, source: str, cursor: Cursor | None, *, full: bool, now: datetime) -> None:
        """Say that a source was read to its end: move its cursor; a full read clears old set-aside records."""
        row: dict[str, Any] = {
            "source": source,
            "position": cursor.position if cursor else None,
            "read_at": now,
            "full_at": now if full else None,
            "complete": True,
            "error": "",
        }
        aside = tables.set_aside
        with self.writing() as connection:
            upsert(connection, tables.sources, [row], keep=() if full else ("full_at",))
            if full:
                connection.execute(delete(aside).where(aside.c.source == source, aside.c.run_id != run_id))

    def fail_source(self, run_id: int, source: str, error: str, now: datetime) -> None:
        """Say that a source could not be read to its end; its cursor and its last complete read stay as they are."""
        row = {"source": source, "complete": False, "error": printable(error)}
        with self.writing() as connection:
            upsert(connection, tables.sources, [row])

    def cursor(self, source: str) -> StoredCursor | None:
        """How far a source was read; None when it never was read to its end."""
        table = tables.sources
        with self.reading() as connection:
            row = connection.execute(select(table).where(table.c.source == source)).one_or_none()
        if row is None or row.read_at is None:
            return None
        return StoredCursor(Cursor(row.position) if row.position is not None else None, row.read_at, row.full_at)

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
            stored = _stored(connection, list(wanted))
            news = {id_: wanted[id_] for id_, row in stored.items() if row.absence != wanted[id_]}
            for absence in set(news.values()):
                _mark(connection, [id_ for id_, why in news.items() if why is absence], source, absence, now)
            rows = [{"record_id": id_, "run_id": run_id, "seen_at": now, "absence": why} for id_, why in news.items()]
            if rows:
                connection.execute(insert(tables.revisions), rows)
        return len(news)


def _prepare(page: Page, source: str) -> tuple[dict[str, Prepared], list[SetAside]]:
    """Turn records into rows; of one that comes twice in a page the last counts."""
    latest: dict[str, Record] = {}
    for record in page.records:
        if record.source != source:
            raise ValueError(f"a record of {record.source} in a page of {source}")
        latest[record.native_id] = record
    prepared: dict[str, Prepared] = {}
    refused = list(page.set_aside)
    for native_id, record in latest.items():
        try:
            prepared[record.id] = prepare(record)
        except RecordError as error:
            refused.append(SetAside(native_id, error.summary, record.url))
    return prepared, refused


def _stored(connection: Connection, ids: Sequence[str]) -> dict[str, AnyRow]:
    table = tables.records
    columns = select(table.c.id, table.c.facts_hash, table.c.trace_hash, table.c.absence)
    found: dict[str, AnyRow] = {}
    for part in chunked(ids):
        found.update((row.id, row) for row in connection.execute(columns.where(table.c.id.in_(part))))
    return found


def _differs(each: Prepared, before: AnyRow | None) -> bool:
    return _is_news(each, before) or (before is not None and before.trace_hash != each.encoded.trace_hash)


def _is_news(each: Prepared, before: AnyRow | None) -> bool:
    return before is None or before.absence is not None or before.facts_hash != each.encoded.facts_hash


def _write_records(connection: Connection, written: Sequence[Prepared], now: datetime) -> None:
    rows = [{**each.row, "first_seen": now, "seen_at": now, "absence": None, "absent_since": None} for each in written]
    upsert(connection, tables.records, rows, keep=("first_seen",))
    ids = [each.record.id for each in written]
    earlier = _spoken_names(connection, ids)
    for table in (tables.names, tables.memberships):
        for part in chunked(ids):
            connection.execute(delete(table).where(table.c.record_id.in_(part)))
    names = [
        {"name": name, "record_id": each.record.id, "source": each.record.source, "what": what}
        for each in written
        # A record stays known under every key it ever had, also when its source does not tell them (J21).
        for name, what in {**dict.fromkeys(earlier.get(each.record.id, ()), "former"), **each.names}.items()
    ]
    upsert(connection, tables.names, names)
    memberships = [
        {"record_id": each.record.id, "release_id": release} for each in written for release in each.release_ids
    ]
    upsert(connection, tables.memberships, memberships)


def _spoken_names(connection: Connection, ids: Sequence[str]) -> dict[str, list[str]]:
    """The keys, present and former, under which records are known so far."""
    table = tables.names
    found: dict[str, list[str]] = {}
    for part in chunked(ids):
        rows = connection.execute(
            select(table.c.record_id, table.c.name).where(
                table.c.record_id.in_(part), table.c.what.in_(["key", "former"])
            )
        )
        for row in rows:
            found.setdefault(row.record_id, []).append(row.name)
    return found


def _write_revisions(connection: Connection, changed: Sequence[Prepared], run_id: int, now: datetime) -> None:
    rows = [
        {
            "record_id": each.record.id,
            "run_id": run_id,
            "seen_at": now,
            "facts": each.encoded.facts,
            "trace": each.encoded.trace,
        }
        for each in changed
    ]
    if rows:
        connection.execute(insert(tables.revisions), rows)


def _write_set_aside(
    connection: Connection, source: str, refused: Sequence[SetAside], run_id: int, now: datetime
) -> None:
    rows = {
        (native := printable(each.native_id)[:_LONGEST_ID]): {
            "source": source,
            "native_id": native,
            "reason": printable(each.reason),
            "location": printable(each.location),
            "since": now,
            "run_id": run_id,
        }
        for each in refused
    }
    upsert(connection, tables.set_aside, list(rows.values()), keep=("since",))


def _clear_set_aside(connection: Connection, source: str, native_ids: Sequence[str]) -> None:
    table = tables.set_aside
    for part in chunked(native_ids):
        connection.execute(delete(table).where(table.c.source == source, table.c.native_id.in_(part)))


def _ensure_source(connection: Connection, source: str) -> None:
    table = tables.sources
    if connection.execute(select(table.c.source).where(table.c.source == source)).first() is None:
        connection.execute(insert(table).values(source=source, complete=False, error=""))


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
