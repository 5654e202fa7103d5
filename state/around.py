"""The part of a view that a few changed records make up, asked for by id wherever the whole would be walked through."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Column, Connection, String, Table, insert, or_, select

from model.keys import objective_node
from model.links import Link, Need, Role
from model.network import Group, PlanWork
from model.records import Absence, Deal, Measurement, Record, RecordKind, Release, Saving, Sprint
from model.surroundings import Surroundings
from state import tables
from state.codec import decode_record
from state.engine import chunked
from state.plan_edges import shared_links, shared_needs
from state.plan_nodes import plan_nodes
from state.resolving import Names, metadata, needs_naming, needs_of, place_work, resolve_needs, resolved, spine
from state.rows import AnySelect, standing

_asked = Table("view_asked", metadata, Column("id", String, primary_key=True), prefixes=["TEMPORARY"])
_dependents = Table("view_dependents", metadata, Column("id", String, primary_key=True), prefixes=["TEMPORARY"])
Groups: TypeAlias = dict[Group, frozenset[str]]
_COUNTED = (RecordKind.DEAL, RecordKind.SAVING, RecordKind.MEASUREMENT)


class Around:
    """Reads what ``View.around`` gives. The temporary tables of the needs are there already, and still empty."""

    def __init__(self, connection: Connection, record_ids: Collection[str], objectives: Names) -> None:
        self._connection = connection
        self._objectives = objectives
        self._changed = sorted(record_ids)
        for table in (_asked, _dependents):
            table.create(connection, checkfirst=False)

    def surroundings(
        self, *, dependents: Collection[str], neighbours: Collection[str], arrived: Collection[str]
    ) -> Surroundings:
        """See ``reconcile.view.View.around``."""
        asked = {*self._changed, *dependents, *neighbours, *self._parents(), *self._below(sorted(arrived))}
        self._add(_asked, asked)
        waiting = {*dependents, *self._changed, *self._that_name_them()}
        self._add(_dependents, waiting)
        resolve_needs(self._connection, needs_of(select(_dependents.c.id)), self._objectives)
        asked |= self._add(_asked, [*waiting, *self._ids(select(resolved.c.node).distinct())])
        place_work(self._connection, select(_asked.c.id), self._objectives)
        dated_anew = frozenset(self._dated_by())
        records = list(self._records())
        links = tuple(self._links())
        above = self._groups({*self._changed, *dated_anew})
        # Other work may be spine now, or no more; below objectives both count.
        groups = above | self._groups(asked | dated_anew, (Group.PARENT, Group.RELEASE))
        return Surroundings(
            asked=frozenset(asked),
            dependents=frozenset(waiting),
            work=tuple(self._work()),
            releases=tuple(each for each in records if isinstance(each, Release)),
            sprints=tuple(each for each in records if isinstance(each, Sprint)),
            deals=tuple(each for each in records if isinstance(each, Deal)),
            savings=tuple(each for each in records if isinstance(each, Saving)),
            measurements=tuple(each for each in records if isinstance(each, Measurement)),
            links=links,
            needs=tuple(self._needs()),
            absences=dict(self._absences()),
            dated_anew=dated_anew,
            groups=groups,
            above=frozenset[str]().union(*above.values()),
        )

    def _add(self, table: Table, ids: Iterable[str]) -> set[str]:
        """Add ids to a temporary table; give those that were not in it."""
        new = set(ids) - set(self._ids(select(table.c.id)))
        if new:
            self._connection.execute(insert(table), [{"id": id_} for id_ in sorted(new)])
        return new

    def _ids(self, statement: AnySelect) -> list[str]:
        return list(self._connection.execute(statement).scalars())

    def _parents(self) -> Iterator[str]:
        table = tables.records
        for part in chunked(self._changed):
            yield from self._ids(select(table.c.parent_id).where(table.c.parent_id.is_not(None), table.c.id.in_(part)))

    def _below(self, above: Sequence[str]) -> Iterator[str]:
        records, members = tables.records, tables.memberships
        for part in chunked(above):
            yield from self._ids(select(records.c.id).where(records.c.parent_id.in_(part)))
            yield from self._ids(select(members.c.record_id).where(members.c.release_id.in_(part)))

    def _that_name_them(self) -> list[str]:
        naming = needs_naming(select(_asked.c.id))
        return self._ids(select(tables.needs.c.dependent).where(tables.needs.c.id.in_(naming)).distinct())

    def _dated_by(self) -> Iterator[str]:
        """Work that belongs to a release or a sprint that changed."""
        records, members = tables.records, tables.memberships
        for part in chunked(self._changed):
            yield from self._ids(select(members.c.record_id).where(members.c.release_id.in_(part)))
            sprints = self._ids(select(records.c.id).where(records.c.kind == RecordKind.SPRINT, records.c.id.in_(part)))
            if sprints:
                yield from self._ids(select(records.c.id).where(records.c.sprint_id.in_(sprints)))

    def _work(self) -> Iterator[PlanWork]:
        return plan_nodes(self._connection, select(_asked.c.id))

    def _records(self) -> Iterator[Record]:
        """Releases and sprints as they are, and what counts of the rest if it is linked or has a need."""
        table = tables.records
        linked = table.c.id.in_(select(tables.links.c.record_id))
        needy = table.c.id.in_(select(tables.needs.c.dependent))
        counts = table.c.kind.in_(_COUNTED) & standing() & or_(linked, needy)
        undisputed = table.c.kind.in_((RecordKind.RELEASE, RecordKind.SPRINT))
        statement = (
            select(table.c.id, table.c.kind, table.c.facts, table.c.trace)
            .where(table.c.id.in_(select(_asked.c.id)), or_(undisputed, counts))
            .order_by(table.c.id)
        )
        for row in self._connection.execute(statement):
            yield decode_record(row.kind, row.facts, row.trace)

    def _links(self) -> Iterable[Link]:
        links, records = tables.links, tables.records
        shown = or_(
            records.c.kind.in_(_COUNTED) & standing(),
            records.c.kind == RecordKind.RELEASE,
            links.c.role == Role.REPORTS,
            records.c.id.in_(select(spine.c.id)),
        )
        by = (links.c.role, links.c.rule, links.c.weight, links.c.location)
        statement = (
            select(links.c.record_id, links.c.objective_id, *by)
            .join(records, records.c.id == links.c.record_id)
            .where(links.c.record_id.in_(select(_asked.c.id)), shown)
            .order_by(links.c.record_id, links.c.objective_id, links.c.role, links.c.rule)
        )
        return shared_links(self._connection, statement)

    def _needs(self) -> Iterable[Need]:
        needs = tables.needs
        said = (needs.c.dependent, needs.c.wanted, needs.c.lag_days, needs.c.origin, needs.c.rule, needs.c.location)
        statement = (
            select(needs.c.id, *said, needs.c.calendar, needs.c.owner, resolved.c.node)
            .join(_dependents, _dependents.c.id == needs.c.dependent)
            .outerjoin(resolved, resolved.c.need_id == needs.c.id)
            .order_by(needs.c.id, resolved.c.node)
        )
        return shared_needs(self._connection, statement)

    def _absences(self) -> Iterator[tuple[str, tuple[Absence, datetime]]]:
        table = tables.records
        statement = (
            select(table.c.id, table.c.absence, table.c.absent_since)
            .where(table.c.id.in_(select(_asked.c.id)), table.c.absence.is_not(None))
            .order_by(table.c.id)
        )
        for row in self._connection.execute(statement):
            yield row.id, (Absence(row.absence), row.absent_since)

    def _groups(self, record_ids: Collection[str], groups: Collection[Group] = tuple(Group)) -> Groups:
        """What these records lie below."""
        found: dict[Group, set[str]] = {group: set() for group in groups}
        for part in chunked(sorted(record_ids)):
            for group in groups:
                found[group].update(self._ids(_ABOVE[group].where(_BELOW[group].in_(part))))
        if Group.OBJECTIVE in found:
            found[Group.OBJECTIVE] = {objective_node(id_) for id_ in found[Group.OBJECTIVE]}
        return {group: frozenset(nodes) for group, nodes in found.items()}


_BELOW = {
    Group.PARENT: tables.records.c.id,
    Group.RELEASE: tables.memberships.c.record_id,
    Group.OBJECTIVE: tables.links.c.record_id,
}
_ABOVE: dict[Group, AnySelect] = {
    Group.PARENT: select(tables.records.c.parent_id).where(tables.records.c.parent_id.is_not(None)),
    Group.RELEASE: select(tables.memberships.c.release_id),
    Group.OBJECTIVE: select(tables.links.c.objective_id),
}


def place_leaves(connection: Connection, group: Group, nodes: Sequence[str], objectives: Names) -> None:
    """Find out which work directly below these nodes is spine, so that roll-ups can leave it out."""
    if group is Group.OBJECTIVE:
        return  # an objective's roll-up counts the spine too
    records, members = tables.records, tables.memberships
    for part in chunked(nodes):
        if group is Group.RELEASE:
            place_work(connection, select(members.c.record_id).where(members.c.release_id.in_(part)), objectives)
        else:
            place_work(connection, select(records.c.id).where(records.c.parent_id.in_(part)), objectives)
