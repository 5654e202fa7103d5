"""Writing one page inside its transaction: what is the same costs one look at its hashes, what is new no look back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, select

from model.errors import RecordError
from model.keys import record_id
from model.reading import Page, SetAside
from model.records import Record
from state import tables
from state.codec import printable
from state.engine import add, chunked, upsert
from state.rows import Prepared, prepare

_LONGEST_ID = 250
_REVISION_LOCK = 0x6472_6966_7403

_HASHES = select(
    tables.records.c.id, tables.records.c.facts_hash, tables.records.c.trace_hash, tables.records.c.absence
).where(tables.records.c.id.in_(bindparam("ids", expanding=True)))
_NAMES = select(tables.names.c.record_id, tables.names.c.name).where(
    tables.names.c.record_id.in_(bindparam("ids", expanding=True)), tables.names.c.what.in_(["key", "former"])
)
_FORGET = [
    delete(table).where(table.c.record_id.in_(bindparam("ids", expanding=True)))
    for table in (tables.names, tables.memberships)
]
_ANSWERS = select(tables.answers.c.record_id, tables.answers.c.digest).where(
    tables.answers.c.record_id.in_(bindparam("ids", expanding=True))
)
_FORGET_ANSWERS = delete(tables.answers).where(tables.answers.c.record_id.in_(bindparam("ids", expanding=True)))
_ASIDE = select(tables.set_aside.c.native_id).where(tables.set_aside.c.source == bindparam("source"))


def prepare_page(page: Page, source: str) -> tuple[dict[str, Prepared], list[SetAside]]:
    """Turn records into rows, by record id; of one that comes twice in a page the last counts."""
    latest: dict[str, Record] = {}
    for record in page.records:
        if record.source != source:
            raise ValueError(f"a record of {record.source} in a page of {source}")
        latest[record.native_id] = record
    prepared: dict[str, Prepared] = {}
    refused = list(page.set_aside)
    for native_id, record in latest.items():
        try:
            prepared[record_id(source, native_id)] = prepare(record)
        except RecordError as error:
            refused.append(SetAside(native_id, error.summary, record.url))
    return prepared, refused


class Written(NamedTuple):
    """What a page brought: the records that were not known before, and the ids of the others that say something new."""

    fresh: Sequence[Record] = ()
    renewed: Sequence[str] = ()


class Stored(NamedTuple):
    """What tells whether a record is news: the hashes of what is stored of it, and why it is absent."""

    facts_hash: bytes
    trace_hash: bytes
    absence: str | None


def stored_hashes(connection: Connection, ids: Sequence[str]) -> dict[str, Stored]:
    """What is known of records by their ids."""
    return {
        id_: Stored(facts_hash, trace_hash, absence)
        for part in chunked(ids)
        for id_, facts_hash, trace_hash, absence in connection.execute(_HASHES, {"ids": part})
    }


def stored_answers(connection: Connection, ids: Sequence[str]) -> dict[str, bytes]:
    """The digests of the answers from which present records were read, by their ids."""
    return {id_: digest for part in chunked(ids) for id_, digest in connection.execute(_ANSWERS, {"ids": part})}


def forget_answers(connection: Connection, ids: Sequence[str]) -> None:
    """Let records be read again, whatever their source answers."""
    for part in chunked(ids):
        connection.execute(_FORGET_ANSWERS, {"ids": part})


def outdated(connection: Connection, source: str, page: Page) -> tuple[str, ...]:
    """Those of the unchanged records, by native id, of which another answer was stored since the page was compared."""
    ids = {record_id(source, native_id): native_id for native_id in page.unchanged}
    if not ids:
        return ()
    stored = stored_answers(connection, list(ids))
    return tuple(native_id for id_, native_id in ids.items() if stored.get(id_) != page.digests.get(native_id))


def write_records(
    connection: Connection, prepared: Mapping[str, Prepared], digests: Mapping[str, bytes], run_id: int, now: datetime
) -> Written:
    """Write what differs from what is stored, and a revision of what says something new; tell which those are.

    ``digests`` are of the records' answers, by native id.

    Names and memberships come from what a record says: where only the trace differs they stay.
    """
    before = stored_hashes(connection, list(prepared))
    changed: dict[str, Prepared] = {}
    written: list[Prepared] = []
    for id_, each in prepared.items():
        known = before.get(id_)
        if known is None or known.absence is not None or known.facts_hash != each.encoded.facts_hash:
            changed[id_] = each
            written.append(each)
        elif known.trace_hash != each.encoded.trace_hash:  # its source tells the same from elsewhere or at another time
            written.append(each)
    when = {"first_seen": now, "seen_at": now, "absence": None, "absent_since": None}
    for part in chunked(written):  # a row is several times as large as its record
        upsert(connection, tables.records, [each.row | when for each in part], keep=("first_seen",))
    told = {id_: digests.get(each.record.native_id) for id_, each in prepared.items()} if digests else {}
    forget_answers(
        connection, [each.record.id for each in written if each.record.id in before and not told.get(each.record.id)]
    )
    upsert(connection, tables.answers, [{"record_id": id_, "digest": one} for id_, one in told.items() if one])
    renewed = [id_ for id_ in changed if id_ in before]
    _write_names(connection, changed, renewed)
    add_revisions(
        connection,
        [
            {
                "record_id": id_,
                "run_id": run_id,
                "seen_at": now,
                "facts": each.encoded.facts,
                "trace": each.encoded.trace,
            }
            for id_, each in changed.items()
        ],
    )
    return Written([each.record for id_, each in changed.items() if id_ not in before], renewed)


def add_revisions(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add revisions, as the last thing that a transaction writes.

    Their ids grow in the order of the commits, so that nothing is ever added below an id that somebody has seen.
    SQLite has one writer anyway; on PostgreSQL the others wait from here to the commit.
    """
    if rows and connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_REVISION_LOCK)))
    add(connection, tables.revisions, rows)


def write_set_aside(
    connection: Connection, source: str, refused: Sequence[SetAside], read: Sequence[str], run_id: int, now: datetime
) -> None:
    """Keep what was refused with its reason, and forget it of those (by native id) that could be read now."""
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
    table = tables.set_aside
    healed = set(connection.execute(_ASIDE, {"source": source}).scalars()).intersection(read)
    for part in chunked(sorted(healed)):
        connection.execute(delete(table).where(table.c.source == source, table.c.native_id.in_(part)))


def _write_names(connection: Connection, changed: Mapping[str, Prepared], known: Sequence[str]) -> None:
    earlier: dict[str, list[str]] = {}
    for part in chunked(known):
        for row in connection.execute(_NAMES, {"ids": part}):
            earlier.setdefault(row.record_id, []).append(row.name)
        for forget in _FORGET:
            connection.execute(forget, {"ids": part})
    names = [
        {"name": name, "record_id": id_, "source": each.record.source, "what": what}
        for id_, each in changed.items()
        # A record stays known under every key it ever had, also when its source does not tell them (J21).
        for name, what in {**dict.fromkeys(earlier.get(id_, ()), "former"), **each.names}.items()
    ]
    upsert(connection, tables.names, names)
    memberships = [
        {"record_id": id_, "release_id": release} for id_, each in changed.items() for release in each.release_ids
    ]
    upsert(connection, tables.memberships, memberships)
