"""One consistent picture of the stored world for the reconciler; it has the shape of ``reconcile.view.View``."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select

from model.links import Link, Need, Role
from model.network import DateSource, Group, Leaf, PlanWork, RollUp, UnknownStatus
from model.records import (
    Absence,
    Change,
    Deal,
    Measurement,
    Move,
    Record,
    RecordKind,
    Release,
    Revision,
    Saving,
    Sprint,
)
from model.runs import Coverage
from model.surroundings import Surroundings
from model.throughput import Flow
from state import tables
from state.around import Around, place_leaves
from state.changes import changes_of
from state.codec import decode_record
from state.engine import chunked
from state.moves import moves_of
from state.plan_edges import shared_links, shared_needs
from state.plan_nodes import plan_nodes
from state.resolving import Names, objectives_named, prepare_part, prepare_view, resolved, spine
from state.rollups import latest_statement, rollup, rollup_statement
from state.rows import AnyRow, AnySelect, last_seen, standing
from state.sharing import Sharing
from state.throughput import delivering_statement, flow_statement, flows_of, served_flows_of, served_statement
from state.unknown_statuses import unknown_status_statement
from state.work_counts import WorkCounts

_BATCH = 1000
_Kind = TypeVar("_Kind", bound=Record)


class StoreView(WorkCounts):
    """Reads inside one transaction; usable until the ``with`` block that gave it ends.

    A record that is absent without proof (archived, access lost, filtered out, unobserved) is shown as it was last
    seen, because only ``deleted`` and ``moved`` may change what is concluded; ``absences`` tells of all.
    """

    def __init__(self, connection: Connection, objective_ids: Iterable[str]) -> None:
        self._connection = connection
        self._coverage: Sequence[Coverage] | None = None
        self._shown: dict[str, Record] = {}
        self._sharing = Sharing()
        """Of the records that are looked up."""
        self._ids: dict[str, str] = {}
        """One value for each id, as long as the plan is being read."""
        self._objective_ids: Iterable[str] | None = tuple(objective_ids)
        self._in_part = False
        self._objectives: Names = {}
        self._placed: set[tuple[Group, str]] = set()
        connection.execute(select(tables.records.c.id).limit(1))  # from here on the picture stands still

    @property
    def _on_postgresql(self) -> bool:
        return self._connection.dialect.name == "postgresql"

    def _prepare(self) -> None:
        """Find out what needs mean and which work is spine, once, for those who ask about the plan."""
        if self._objective_ids is not None:
            objective_ids, self._objective_ids = self._objective_ids, None
            prepare_view(self._connection, objective_ids)

    def around(
        self,
        record_ids: Collection[str],
        *,
        dependents: Collection[str],
        neighbours: Collection[str],
        arrived: Collection[str],
    ) -> Surroundings:
        """What the plan knows of these records and of what their change touches directly."""
        if self._objective_ids is None:
            raise ValueError("the whole plan was read already")
        objective_ids, self._objective_ids, self._in_part = self._objective_ids, None, True
        prepare_part(self._connection)
        self._objectives = objectives_named(tuple(objective_ids))
        around = Around(self._connection, record_ids, self._objectives)
        return around.surroundings(dependents=dependents, neighbours=neighbours, arrived=arrived)

    def deals(self) -> Iterable[Deal]:
        """Every deal that counts and is linked or has a need, lost ones included."""
        return self._records(RecordKind.DEAL, Deal, _connected().where(standing()))

    def savings(self) -> Iterable[Saving]:
        """Every saving that counts and is linked or has a need."""
        return self._records(RecordKind.SAVING, Saving, _connected().where(standing()))

    def measurements(self) -> Iterable[Measurement]:
        """Every measurement that counts and is linked."""
        return self._records(RecordKind.MEASUREMENT, Measurement, _connected().where(standing()))

    def spine(self) -> Iterable[PlanWork]:
        """Work items that are an end of a need or a parent of other work, absent ones included."""
        self._prepare()
        return plan_nodes(self._connection, ids=self._ids)

    def releases(self) -> Iterable[Release]:
        """Every release, absent ones included."""
        return self._records(RecordKind.RELEASE, Release, _all())

    def sprints(self) -> Iterable[Sprint]:
        """Every sprint, absent ones included."""
        return self._records(RecordKind.SPRINT, Sprint, _all())

    def links(self, role: Role | None = None) -> Iterable[Link]:
        """Links of deals, savings, measurements, releases and the spine: of what the view shows as records; and of all
        work that reports on an objective."""
        self._prepare()
        links, records = tables.links, tables.records
        shown = or_(
            and_(records.c.kind.in_((RecordKind.DEAL, RecordKind.SAVING, RecordKind.MEASUREMENT)), standing()),
            records.c.kind == RecordKind.RELEASE,
            links.c.role == Role.REPORTS,
            _in_spine(),
        )
        by = (links.c.role, links.c.rule, links.c.weight, links.c.location)
        statement = (
            select(links.c.record_id, links.c.objective_id, *by)
            .join(records, records.c.id == links.c.record_id)
            .where(shown)
            .order_by(links.c.record_id, links.c.objective_id, links.c.role, links.c.rule)
        )
        if role is not None:
            statement = statement.where(links.c.role == role)
        return shared_links(self._connection, statement, self._ids)

    def needs(self) -> Iterable[Need]:
        """Every need, with the nodes found under the wanted name (see ``state.resolving`` for which win)."""
        self._prepare()
        needs = tables.needs
        said = (needs.c.dependent, needs.c.wanted, needs.c.lag_days, needs.c.origin, needs.c.rule, needs.c.location)
        statement = (
            select(needs.c.id, *said, needs.c.calendar, needs.c.owner, resolved.c.node)
            .outerjoin(resolved, resolved.c.need_id == needs.c.id)
            .order_by(needs.c.id, resolved.c.node)
        )
        return shared_needs(self._connection, statement)

    def rollups(
        self,
        group: Group,
        order: Sequence[DateSource],
        today: date,
        nodes: Collection[str] | None = None,
        *,
        shipping: bool = False,
    ) -> Iterable[RollUp]:
        """Work below each node of a group, or below these, reduced in SQL (see ``model.network.RollUp``); with
        ``shipping`` only below those where some of the work belongs to a release."""
        self._prepare()
        days: dict[date | None, date | None] = {}
        for part in (None,) if nodes is None else chunked(sorted(nodes)):
            self._place_leaves(group, part or ())
            statement = rollup_statement(
                group, order, today, part, shipping=shipping, on_postgresql=self._on_postgresql
            )
            yield from (rollup(group, row, days, self._ids) for row in self._stream(statement))

    def latest(
        self, group: Group, nodes: Sequence[str], order: Sequence[DateSource], today: date, most: int
    ) -> Mapping[str, Sequence[Leaf]]:
        """The latest open work below a few nodes, as ``rollups`` counts it, the latest first."""
        self._prepare()
        found: dict[str, list[Leaf]] = defaultdict(list)
        for part in chunked(nodes):
            self._place_leaves(group, part)
            statement = latest_statement(group, part, order, today, most, on_postgresql=self._on_postgresql)
            for row in self._stream(statement):
                found[row.node].append(Leaf(row.own, row.id, row.key, DateSource(row.source)))
        return found

    def _place_leaves(self, group: Group, nodes: Sequence[str]) -> None:
        """Where only a part of the plan was prepared, find out which work below these nodes is spine."""
        new = [node for node in nodes if (group, node) not in self._placed] if self._in_part else []
        if new:
            place_leaves(self._connection, group, new, self._objectives)
            self._placed.update((group, node) for node in new)

    def records(self, record_ids: Iterable[str]) -> Mapping[str, Record]:
        """Whole records by their ids, absent ones included; unknown ids are left out."""
        self._ids = {}
        share, wanted = self._sharing.share, list(dict.fromkeys(record_ids))
        found = {id_: self._shown[id_] for id_ in wanted if id_ in self._shown}
        for part in chunked([id_ for id_ in wanted if id_ not in found]):
            for row in self._connection.execute(_BY_ID, {"ids": part}):
                found[row.id] = share(decode_record(row.kind, row.facts, row.trace))
        return found

    def absences(self) -> Mapping[str, tuple[Absence, datetime]]:
        """Record id to why and since when, for records that are not present."""
        table = tables.records
        statement = select(table.c.id, table.c.absence, table.c.absent_since).where(table.c.absence.is_not(None))
        return {row.id: (Absence(row.absence), row.absent_since) for row in self._stream(statement)}

    def moves(self, record_ids: Iterable[str]) -> Mapping[str, Sequence[Move]]:
        """Date moves per record, oldest first; records without any are left out."""
        found: dict[str, Sequence[Move]] = {}
        for part in chunked(self._that_changed(record_ids)):  # what was decoded to find them is not kept
            histories, present = self.histories(part), self.records(part)
            for id_, record in present.items():
                if moves := moves_of(record, [(each.seen, each.record) for each in histories.get(id_, ())]):
                    found[id_] = moves
        return found

    def changes(self, record_ids: Iterable[str]) -> Mapping[str, Sequence[Change]]:
        """Changes of status, releases and the like per record, oldest first; records without any are left out."""
        found: dict[str, Sequence[Change]] = {}
        for part in chunked(self._that_changed(record_ids)):  # what was decoded to find them is not kept
            histories, present = self.histories(part), self.records(part)
            for id_, record in present.items():
                if changes := changes_of(record, [(each.seen, each.record) for each in histories.get(id_, ())]):
                    found[id_] = changes
        return found

    def _that_changed(self, record_ids: Iterable[str]) -> list[str]:
        """Those that tell a changelog or were seen with different contents; most records do neither, and need not be
        read for that."""
        records, revisions = tables.records, tables.revisions
        seen = select(func.count()).where(revisions.c.record_id == records.c.id).scalar_subquery()
        told = [records.c.facts.contains(f'"{field}":') for field in ("moves", "changes")]
        changed = or_(*told, seen > 1)
        return [
            row.id
            for part in chunked(list(dict.fromkeys(record_ids)))
            for row in self._stream(select(records.c.id).where(records.c.id.in_(part), changed))
        ]

    def histories(self, record_ids: Iterable[str]) -> Mapping[str, Sequence[Revision]]:
        """Every distinct content that we saw of these records, oldest first; unknown ids are left out."""
        found: dict[str, list[Revision]] = defaultdict(list)
        records, revisions = tables.records, tables.revisions
        told = (records.c.facts == revisions.c.facts) & (records.c.trace == revisions.c.trace)
        columns = (revisions.c.record_id, records.c.kind, revisions.c.seen_at, revisions.c.facts, revisions.c.trace)
        statement = (
            select(*columns, told.label("present"))
            .join(records, records.c.id == revisions.c.record_id)
            .where(revisions.c.facts.is_not(None))
            .order_by(revisions.c.id)
        )
        for part in chunked(list(dict.fromkeys(record_ids))):
            for row in self._stream(statement.where(revisions.c.record_id.in_(part))):
                # Most records were never seen otherwise than they are now, and these are often here already.
                shown = self._shown.get(row.record_id) if row.present else None
                record = shown or decode_record(row.kind, row.facts, row.trace)
                found[row.record_id].append(Revision(row.seen_at, record))
        return dict(found)

    def flows(self, objective_ids: Collection[str] | None, since: date) -> Sequence[Flow]:
        """What each team has finished since a day and has left, of what delivers these objectives or of everything."""
        return flows_of(self._stream(flow_statement(objective_ids, since)))

    def served_flows(self, objective_ids: Collection[str], since: date) -> Iterable[tuple[frozenset[str], Flow]]:
        """What was finished and is left of what delivers these objectives, by which of them it delivers."""
        return served_flows_of(self._stream(served_statement(objective_ids, since)))

    def delivering(self, objective_ids: Collection[str]) -> Sequence[str]:
        """The ids of the work and the releases that deliver these objectives, with everything below, in order."""
        return sorted(row.id for row in self._stream(delivering_statement(objective_ids)))

    def unknown_statuses(self) -> Iterable[UnknownStatus]:
        """Statuses of present work items of which is not known what they mean, by source and text."""
        statement = unknown_status_statement(on_postgresql=self._on_postgresql)
        return (UnknownStatus(**row._mapping) for row in self._stream(statement))

    def coverage(self, *, counted: bool = True) -> Sequence[Coverage]:
        """One entry per source that was ever read: how many records are present, and how many of these are linked.

        It is counted once: several checks ask for it. Without ``counted`` the numbers are left out.
        """
        if not counted:
            sources = tables.sources
            rows = self._stream(select(sources).order_by(sources.c.source))
            return [Coverage(row.source, 0, 0, row.read_at, row.complete, row.error) for row in rows]
        if self._coverage is None:
            self._coverage = list(self._counted())
        return self._coverage

    def _counted(self) -> Iterator[Coverage]:
        sources, records = tables.sources, tables.records
        linked = records.c.id.in_(select(tables.links.c.record_id))
        unlinkable = records.c.kind.in_([RecordKind.RELEASE, RecordKind.SPRINT]) & ~linked
        counts = (
            select(
                records.c.source,
                func.count().label("records"),
                func.count().filter(linked).label("linked"),
                func.count().filter(unlinkable).label("unlinkable"),
            )
            .where(records.c.absence.is_(None))
            .group_by(records.c.source)
            .subquery()
        )
        statement = (
            select(sources, counts.c.records, counts.c.linked, counts.c.unlinkable)
            .outerjoin(counts, counts.c.source == sources.c.source)
            .order_by(sources.c.source)
        )
        for row in self._stream(statement):
            yield Coverage(
                row.source,
                row.records or 0,
                row.linked or 0,
                row.read_at,
                row.complete,
                row.error,
                row.unlinkable or 0,
            )

    def observed(self, record_ids: Iterable[str]) -> Mapping[str, datetime]:
        """When each record was last confirmed: seen itself, or covered by a later complete read of its source."""
        table, sources = tables.records, tables.sources
        statement = select(table.c.id, table.c.seen_at, table.c.absence, sources.c.read_at).outerjoin(
            sources, sources.c.source == table.c.source
        )
        return {
            row.id: last_seen(row, row.read_at)
            for part in chunked(list(dict.fromkeys(record_ids)))
            for row in self._stream(statement.where(table.c.id.in_(part)))
        }

    def _records(self, kind: RecordKind, record_type: type[_Kind], statement: AnySelect) -> Iterator[_Kind]:
        table, sharing = tables.records, Sharing()
        for row in self._stream(statement.where(table.c.kind == kind).order_by(table.c.id)):
            record = decode_record(row.kind, row.facts, row.trace)
            assert isinstance(record, record_type)
            self._shown[self._ids.get(row.id, row.id)] = sharing.share(record)
            yield record

    def _stream(self, statement: AnySelect) -> Iterator[AnyRow]:
        """Rows as the database gives them, some at a time; another statement may run meanwhile."""
        result = self._connection.execute(statement, execution_options={"yield_per": _BATCH})
        yield from result


def _all() -> AnySelect:
    table = tables.records
    return select(table.c.id, table.c.kind, table.c.facts, table.c.trace)


def _connected() -> AnySelect:
    table = tables.records
    linked = table.c.id.in_(select(tables.links.c.record_id))
    needy = table.c.id.in_(select(tables.needs.c.dependent))
    return _all().where(or_(linked, needy))


def _in_spine() -> ColumnElement[bool]:
    return tables.records.c.id.in_(select(spine.c.id))


_BY_ID: AnySelect = _all().where(tables.records.c.id.in_(bindparam("ids", expanding=True)))
