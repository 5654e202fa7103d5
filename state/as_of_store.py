"""The stored past as a world of its own: a throw-away database that stands as the sources stood at the end of a day.

It can be led on day by day; then only those records are worked out anew that became others.
"""

import tempfile
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, event, insert, select

from model.errors import UsageError
from model.records import Absence, Record, RecordKind
from model.runs import RunOutcome, SourceOutcome
from state import tables
from state.as_of import Basis, Moment, Seen, SourceHistory, Then, as_it_stood, end_of, turning_points
from state.as_of_fields import Meanings, fields_told
from state.as_of_needs import Births, LaterNeeds
from state.codec import decode_record
from state.engine import add, chunked, create_sqlite_file, open_engine, parse_url, upsert
from state.prune import pruned_before
from state.rows import AnyRow, AnySelect, Prepared, prepare
from state.schema import create
from state.store import Store

_BATCH = 1000
_RUN = 1
_WEAKER = (None, Basis.OWN, Basis.ROLLED_BACK, Basis.AS_FIRST_READ)
_Written: TypeAlias = tuple[bytes, bytes, Absence | None, int]
"""What tells whether a record of the world is another one: the hashes of its text, its absence, its revisions."""


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """On what the picture of one source's records of a day rests; ``left_out`` came into being later.

    ``told`` are the fields whose history the source tells; all others of a record that was read later are taken as
    they were when it was first read.
    """

    source: str
    own: int = 0
    rolled_back: int = 0
    as_first_read: int = 0
    left_out: int = 0
    told: tuple[str, ...] = ()


@dataclass(slots=True)
class _Survey:
    """What one walk through all revisions shows."""

    meanings: Meanings = field(default_factory=Meanings)
    births: Births = field(default_factory=Births)
    told: dict[tuple[str, RecordKind], frozenset[str]] = field(default_factory=dict)
    points: list[tuple[datetime, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Read:
    """One reading of a source that ended."""

    at: datetime
    complete: bool
    error: str


class Past:
    """What is stored of the past, in one picture, and a throw-away world that is led from day to day."""

    def __init__(self, connection: Connection, world: Store, zone: ZoneInfo) -> None:
        self.world = world
        """The throw-away state; whatever is written to it goes."""
        self._connection = connection
        self._zone = zone
        self._pruned_before = pruned_before(connection)
        self._reads = _reads(connection)
        self._survey = self._surveyed()
        self._moment: Moment | None = None
        self._revision = 0
        self._basis: dict[str, Basis | None] = {}
        self._weakest: dict[str, Basis | None] = {}
        self._written: dict[str, _Written] = {}
        self._later = LaterNeeds()
        with world.writing() as writing:
            writing.execute(
                insert(tables.runs).values(
                    id=_RUN,
                    started_at=datetime(1970, 1, 1, tzinfo=UTC),
                    outcome=RunOutcome.DONE,
                    baseline=False,
                    opened=0,
                    resolved=0,
                    standing=0,
                )
            )

    def lead_to(self, day: date, now: datetime | None = None) -> frozenset[str]:
        """Let the world stand as it stood at the end of a business day, or at ``now`` on that day; give the ids of the
        records that became others. Days only follow each other. Raise UsageError for one that was pruned."""
        before = self._moment
        self._moment = moment = self._at(day, now)
        if self._pruned_before is not None and moment.at < self._pruned_before:
            raise UsageError(
                f"the past before {self._pruned_before:%Y-%m-%d} is no longer kept",
                hint="name a later day; state.retention says how far back the past is kept from now on",
            )
        if before is not None and moment.at < before.at:
            raise ValueError("time goes forward only")
        chosen = None if before is None else self._between(before.at, moment.at)
        changed: set[str] = set()
        with self.world.writing() as writing:
            _write_sources(writing, self._reads, self._sources(), moment.at)
            for batch in self._histories(chosen):
                changed.update(self._write(writing, batch))
        return frozenset(changed)

    def settle_needs(self) -> None:
        """Once the world is linked: leave out the needs that name what came into being later."""
        assert self._moment is not None
        with self.world.writing() as writing:
            self._later.settle(writing, self._survey.births, self._moment.at)

    def records_then(self, ids: Collection[str], day: date, now: datetime | None = None) -> Mapping[str, Then]:
        """Single records as they stood at the end of another day; those that were not there are left out."""
        moment = self._at(day, now)
        return {
            id_: then
            for batch in self._histories(sorted(ids))
            for id_, seen in batch.items()
            if (then := as_it_stood(seen, moment, self._source_of(seen))) is not None
        }

    def reconstruction(self, *, weakest: bool = False) -> tuple[Reconstruction, ...]:
        """How far the world of this day is known, by source; with ``weakest``, on what each record rested at worst on
        all the days so far."""
        counts: defaultdict[str, Counter[Basis | None]] = defaultdict(Counter)
        for id_, basis in (self._weakest if weakest else self._basis).items():
            counts[id_.partition(":")[0]][basis] += 1
        told: defaultdict[str, set[str]] = defaultdict(set)
        for (source, _kind), names in self._survey.told.items():
            told[source].update(names)
        return tuple(
            Reconstruction(
                source,
                own=counts[source][Basis.OWN],
                rolled_back=counts[source][Basis.ROLLED_BACK],
                as_first_read=counts[source][Basis.AS_FIRST_READ],
                left_out=counts[source][None],
                told=tuple(sorted(told[source])),
            )
            for source in sorted(counts)
        )

    def _at(self, day: date, now: datetime | None) -> Moment:
        end = end_of(day, self._zone)
        at = end if now is None else min(end, now)
        return Moment(at, day, self._moment.since if self._moment else at)

    def _surveyed(self) -> _Survey:
        survey = _Survey()
        for batch in self._histories(None):
            records = [each.record for seen in batch.values() for each in seen if each.record is not None]
            for record in records:
                survey.meanings.learn(record)
                survey.births.learn(record)
            for kind in {record.kind for record in records}:
                for source, names in fields_told(record for record in records if record.kind is kind).items():
                    survey.told[source, kind] = survey.told.get((source, kind), frozenset()) | names
            for id_, seen in batch.items():
                survey.points.extend((point, id_) for point in set(turning_points(seen, self._zone)))
        survey.points.sort()
        return survey

    def _between(self, after: datetime, until: datetime) -> list[str]:
        """The records that may have become others meanwhile."""
        points = self._survey.points
        start = bisect_right(points, after, key=lambda point: point[0])
        end = bisect_right(points, until, key=lambda point: point[0])
        return sorted({id_ for _, id_ in points[start:end]})

    def _histories(self, ids: Sequence[str] | None) -> Iterator[dict[str, list[Seen]]]:
        """All that we saw of records, some records at a time."""
        table = tables.revisions
        columns = (table.c.record_id, tables.records.c.kind, table.c.seen_at, table.c.facts, table.c.trace)
        statement = (
            select(*columns, table.c.absence)
            .join(tables.records, tables.records.c.id == table.c.record_id)
            .order_by(table.c.record_id, table.c.id)
        )
        parts: Iterable[AnySelect] = (
            [statement] if ids is None else (statement.where(table.c.record_id.in_(part)) for part in chunked(ids))
        )
        for part in parts:
            rows = self._connection.execute(part, execution_options={"yield_per": _BATCH})
            batch: dict[str, list[Seen]] = {}
            for id_, several in groupby(rows, key=lambda row: str(row.record_id)):
                batch[id_] = [_seen(row) for row in several]
                if len(batch) >= _BATCH:
                    yield batch
                    batch = {}
            if batch:
                yield batch

    def _source_of(self, seen: Sequence[Seen]) -> SourceHistory:
        record = next(each.record for each in seen if each.record is not None)
        reads = self._reads.get(record.source, ())
        first = next((read.at for read in reads if read.complete), None)
        return SourceHistory(
            self._survey.meanings, first, tells=bool(self._survey.told.get((record.source, record.kind)))
        )

    def _write(self, connection: Connection, batch: Mapping[str, Sequence[Seen]]) -> list[str]:
        assert self._moment is not None
        stood: dict[str, Then] = {}
        for id_, seen in batch.items():
            then = as_it_stood(seen, self._moment, self._source_of(seen))
            self._basis[id_] = basis = then.basis if then else None
            self._weakest[id_] = max(basis, self._weakest.get(id_), key=_WEAKER.index)
            if then is not None:
                stood[id_] = then
        return self._replace(connection, stood)

    def _replace(self, connection: Connection, stood: Mapping[str, Then]) -> list[str]:
        """Write what differs from what the world holds."""
        prepared = {id_: prepare(then.record) for id_, then in stood.items()}
        written = {
            id_: (each.encoded.facts_hash, each.encoded.trace_hash, stood[id_].absence, len(stood[id_].seen))
            for id_, each in prepared.items()
        }
        changed = [id_ for id_, state in written.items() if self._written.get(id_) != state]
        rows = [_row(prepared[id_], stood[id_]) for id_ in changed]
        upsert(connection, tables.records, rows)
        for part in chunked([id_ for id_ in changed if id_ in self._written]):
            for table in (tables.names, tables.memberships, tables.revisions):
                connection.execute(delete(table).where(table.c.record_id.in_(part)))
        self._written |= {id_: written[id_] for id_ in changed}
        names = [
            {"name": name, "record_id": id_, "source": each.source, "what": what}
            for id_ in changed
            for each in [stood[id_].record]
            for name, what in _names(stood[id_], prepared[id_]).items()
        ]
        add(connection, tables.names, names)
        add(
            connection,
            tables.memberships,
            [{"record_id": id_, "release_id": one} for id_ in changed for one in prepared[id_].release_ids],
        )
        add(
            connection,
            tables.revisions,
            [row for id_ in changed for row in self._revisions(id_, stood[id_], prepared[id_])],
        )
        return changed

    def _revisions(self, id_: str, then: Then, last: Prepared) -> Iterator[dict[str, Any]]:
        """What was seen of a record, with numbers above all that were given before: links are worked out by them."""
        for seen in then.seen:
            self._revision += 1
            row: dict[str, Any] = {"id": self._revision, "record_id": id_, "run_id": _RUN, "seen_at": seen.at}
            row |= {"facts": None, "trace": None, "absence": seen.absence}
            if seen.record is not None:
                encoded = last.encoded if seen.record is then.record else prepare(seen.record).encoded
                row |= {"facts": encoded.facts, "trace": encoded.trace}
            yield row

    def _sources(self) -> set[str]:
        return {source for source, _kind in self._survey.told}


@contextmanager
def past_of(store: Store, zone: ZoneInfo) -> Iterator[Past]:
    """The past of a state in one picture, also while its owner works, and a world to let it stand again; the world is
    gone at the end and nothing is written to the state."""
    with (
        tempfile.TemporaryDirectory(prefix="driftline-") as folder,
        store.reading() as connection,
        _throw_away(Path(folder) / "past.db") as world,
    ):
        yield Past(connection, world, zone)


@contextmanager
def _throw_away(path: Path) -> Iterator[Store]:
    """An empty state that nobody needs to find after a crash, so that nothing waits for the disk."""
    url = parse_url(f"sqlite:///{path}")
    create_sqlite_file(url)
    engine = open_engine(url)
    event.listen(engine, "connect", lambda raw, _entry: raw.execute("PRAGMA synchronous = OFF").close())
    create(engine, "the past")
    with Store(engine, "the past") as world:
        yield world


def _seen(row: AnyRow) -> Seen:
    record: Record | None = None
    if row.facts is not None:
        record = decode_record(row.kind, row.facts, row.trace)
    return Seen(row.seen_at, record, Absence(row.absence) if row.absence else None)


def _row(each: Prepared, then: Then) -> dict[str, Any]:
    present = [seen.at for seen in then.seen if seen.record is not None]
    times = {"first_seen": present[0], "seen_at": present[-1]}
    return each.row | times | {"absence": then.absence, "absent_since": then.absent_since}


def _names(then: Then, last: Prepared) -> dict[str, str]:
    """A record stays known under every key it ever had (J21)."""
    earlier: dict[str, str] = {}
    for seen in then.seen:
        if seen.record is not None and seen.record.key != then.record.key:
            spoken = prepare(seen.record).names.items()
            earlier |= {name: "former" for name, what in spoken if what in ("key", "former")}
    return {**earlier, **last.names}


def _reads(connection: Connection) -> dict[str, tuple[_Read, ...]]:
    """By source, every reading that ended, oldest first."""
    table = tables.source_results
    statement = select(table.c.source, table.c.finished_at, table.c.outcome, table.c.error).order_by(
        table.c.source, table.c.finished_at
    )
    rows = connection.execute(statement.where(table.c.outcome != SourceOutcome.SKIPPED)).all()
    return {
        source: tuple(_Read(row.finished_at, row.outcome == SourceOutcome.COMPLETE, row.error) for row in several)
        for source, several in groupby(rows, key=lambda row: str(row.source))
    }


def _write_sources(
    connection: Connection, reads: Mapping[str, Sequence[_Read]], known: Collection[str], at: datetime
) -> None:
    """How far each source had been read by then. One that was read later only is rolled back whole."""
    rows = []
    for source in sorted({*reads, *known}):
        by_then = [read for read in reads.get(source, ()) if read.at <= at]
        complete = [read.at for read in by_then if read.complete]
        last = by_then[-1] if by_then else None
        rows.append(
            {
                "source": source,
                "read_at": complete[-1] if complete else (None if by_then else at),
                "complete": last.complete if last else True,
                "error": last.error if last and not last.complete else "",
            }
        )
    upsert(connection, tables.sources, rows)
