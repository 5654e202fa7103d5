"""Links and needs: what the mapping says about records, written only where it says something new."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, delete, insert, select, tuple_

from model.calendars import EVERY_DAY
from model.keys import normalise_key, objective_node, source_of
from model.links import Link, Need, NeedOrigin, Role
from model.surroundings import NOTHING_TOUCHED, Touched
from state import tables
from state.connected import Connected
from state.engine import chunked, upsert
from state.rows import AnyRow

_OBJECTIVE = source_of(objective_node(""))
_LinkKey: TypeAlias = tuple[str, str, str, str]
_NeedKey: TypeAlias = tuple[str, str, int, str, str, str, str, str | None]


@dataclass(frozen=True, slots=True)
class LinkChanges:
    """How many links and needs a replacement added and removed; a changed one counts as both.

    ``touched`` are the records whose links or needs are others now, and the objectives of those links.
    """

    added: int = 0
    removed: int = 0
    needs_added: int = 0
    needs_removed: int = 0
    touched: Touched = field(default=NOTHING_TOUCHED, compare=False)


class Links(Connected):
    """The part of the store that the mapping fills."""

    def replace_links(self, record_ids: Sequence[str], links: Sequence[Link], needs: Sequence[Need]) -> LinkChanges:
        """Replace everything that is said about these records; write the differences, in one transaction."""
        known = set(record_ids)
        strangers = {link.record_id for link in links} | {need.dependent for need in needs}
        if not strangers <= known:
            raise ValueError(f"links or needs of records that are not replaced: {sorted(strangers - known)[:3]}")
        with self.writing() as connection:
            added, removed = _replace_links(connection, list(known), links)
            conditions = [tables.needs.c.dependent.in_(part) for part in chunked(list(known))]
            needs_added, needs_removed = _replace_needs(connection, conditions, needs)
        linked = {*added, *removed}
        records = frozenset([*(key[0] for key in linked), *(key[0] for key in (*needs_added, *needs_removed))])
        touched = Touched(records, frozenset(key[1] for key in linked))
        return LinkChanges(len(added), len(removed), len(needs_added), len(needs_removed), touched)

    def replace_objective_needs(self, needs: Sequence[Need]) -> LinkChanges:
        """Replace all needs whose dependent is an objective."""
        if any(source_of(need.dependent) != _OBJECTIVE for need in needs):
            raise ValueError("a need of a record among the needs of objectives")
        with self.writing() as connection:
            added, removed = _replace_needs(connection, [tables.needs.c.source == _OBJECTIVE], needs)
        return LinkChanges(needs_added=len(added), needs_removed=len(removed))

    def drop_links_of_unknown(self, objective_ids: Collection[str]) -> int:
        """Remove the links to objectives other than these; records that are gone are matched by nobody else."""
        table = tables.links
        with self.writing() as connection:
            linked = set(connection.execute(select(table.c.objective_id).distinct()).scalars())
            return sum(
                connection.execute(delete(table).where(table.c.objective_id.in_(part))).rowcount
                for part in chunked(sorted(linked - set(objective_ids)))
            )

    def links_of(self, record_id: str) -> list[Link]:
        """The links of one record."""
        table = tables.links
        statement = select(table).where(table.c.record_id == record_id)
        with self.reading() as connection:
            rows = connection.execute(statement.order_by(table.c.objective_id, table.c.role, table.c.rule)).all()
        return [link_of(row) for row in rows]

    def objectives_of(self, record_ids: Iterable[str]) -> dict[str, frozenset[str]]:
        """The objectives that each record serves; what serves none is left out.

        A release or a sprint without links of its own serves what its work items serve.
        """
        links, members, records = tables.links, tables.memberships, tables.records
        found: dict[str, set[str]] = {}
        wanted = sorted(set(record_ids))
        with self.reading() as connection:
            for part in chunked(wanted):
                own = select(links.c.record_id, links.c.objective_id).where(links.c.record_id.in_(part))
                for row in connection.execute(own):
                    found.setdefault(row.record_id, set()).add(row.objective_id)
            for part in chunked([each for each in wanted if each not in found]):
                in_release = (
                    select(members.c.release_id.label("node"), links.c.objective_id)
                    .join(links, links.c.record_id == members.c.record_id)
                    .where(members.c.release_id.in_(part))
                )
                in_sprint = (
                    select(records.c.sprint_id.label("node"), links.c.objective_id)
                    .join(links, links.c.record_id == records.c.id)
                    .where(records.c.sprint_id.in_(part))
                )
                for statement in (in_release, in_sprint):
                    for row in connection.execute(statement.distinct()):
                        found.setdefault(row.node, set()).add(row.objective_id)
        return {node: frozenset(objectives) for node, objectives in found.items()}

    def sources_serving(self, objective_ids: Iterable[str]) -> frozenset[str]:
        """The sources of the records that serve some objectives."""
        links, records = tables.links, tables.records
        found: set[str] = set()
        with self.reading() as connection:
            for part in chunked(sorted(set(objective_ids))):
                statement = (
                    select(records.c.source)
                    .join(links, links.c.record_id == records.c.id)
                    .where(links.c.objective_id.in_(part))
                )
                found.update(connection.execute(statement.distinct()).scalars())
        return frozenset(found)

    def needs_of(self, dependent: str) -> list[Need]:
        """The needs of one record or objective node, as written; ``View.needs`` resolves them."""
        table = tables.needs
        statement = select(table).where(table.c.dependent == dependent).order_by(table.c.id)
        with self.reading() as connection:
            rows = connection.execute(statement).all()
        return [need_of(row) for row in rows]


def link_of(row: AnyRow) -> Link:
    """A link from its row."""
    return Link(row.record_id, row.objective_id, Role(row.role), row.rule, Decimal(row.weight), row.location)


def need_of(row: AnyRow, prerequisites: tuple[str, ...] = ()) -> Need:
    """A need from its row."""
    origin = NeedOrigin(row.origin)
    said = (row.dependent, row.wanted, row.lag_days, origin, row.rule, row.location)
    return Need(*said, prerequisites, row.calendar or EVERY_DAY, row.owner)


def _replace_links(
    connection: Connection, record_ids: Sequence[str], links: Iterable[Link]
) -> tuple[list[_LinkKey], list[_LinkKey]]:
    """Give what was added and what was removed."""
    table = tables.links
    before: dict[_LinkKey, Link] = {}
    for part in chunked(record_ids):
        rows = connection.execute(select(table).where(table.c.record_id.in_(part)))
        before.update((_link_key(link), link) for link in map(link_of, rows))
    after = {_link_key(link): link for link in links}
    removed = [key for key, link in before.items() if after.get(key) != link]
    added = [link for key, link in after.items() if before.get(key) != link]
    columns = tuple_(table.c.record_id, table.c.objective_id, table.c.role, table.c.rule)
    for keys in chunked(removed):
        connection.execute(delete(table).where(columns.in_(keys)))
    upsert(connection, table, [_link_row(link) for link in added])
    return [_link_key(link) for link in added], removed


def _link_key(link: Link) -> _LinkKey:
    return link.record_id, link.objective_id, link.role.value, link.rule


def _link_row(link: Link) -> dict[str, Any]:
    return {
        "record_id": link.record_id,
        "objective_id": link.objective_id,
        "role": link.role.value,
        "rule": link.rule,
        "weight": str(link.weight),
        "location": link.location,
    }


def _replace_needs(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], needs: Iterable[Need]
) -> tuple[list[_NeedKey], list[_NeedKey]]:
    """Give what was added and what was removed."""
    table = tables.needs
    before: dict[_NeedKey, int] = {}
    for condition in conditions:
        for row in connection.execute(select(table).where(condition)):
            before[_need_key(need_of(row))] = row.id
    after = {_need_key(need): need for need in needs}
    removed = [key for key in before if key not in after]
    added = [key for key in after if key not in before]
    for ids in chunked([before[key] for key in removed]):
        connection.execute(delete(table).where(table.c.id.in_(ids)))
    if added:
        connection.execute(insert(table), [_need_row(after[key]) for key in added])
    return added, removed


def _need_key(need: Need) -> _NeedKey:
    said = (need.dependent, need.wanted, need.lag_days, need.origin.value, need.rule, need.location)
    return (*said, need.calendar, need.owner)


def _need_row(need: Need) -> dict[str, Any]:
    source, colon, rest = need.wanted.strip().partition(":")
    return {
        "dependent": need.dependent,
        "source": source_of(need.dependent),
        "wanted": need.wanted,
        "wanted_normalised": normalise_key(need.wanted),
        "wanted_source": source if colon else None,
        "wanted_rest": normalise_key(rest) if colon else None,
        "lag_days": need.lag_days,
        "origin": need.origin.value,
        "rule": need.rule,
        "location": need.location,
        "calendar": need.calendar or None,
        "owner": need.owner,
    }
