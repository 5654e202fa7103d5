"""Inside one view: which nodes the needs mean and which work is spine, computed once, in SQL, in temporary tables."""

from collections.abc import Iterable

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    union,
    union_all,
)

from model.keys import normalise_key, objective_node
from model.links import NeedOrigin
from model.records import RecordKind
from state import tables
from state.rows import AnySelect

_metadata = MetaData()


def _temporary(name: str, *columns: Column[str] | Column[int]) -> Table:
    return Table(name, _metadata, *columns, prefixes=["TEMPORARY"])


objective_names = _temporary("view_objectives", Column("name", String, index=False), Column("node", String))
resolved = _temporary(
    "view_resolved", Column("need_id", Integer, primary_key=True), Column("node", String, primary_key=True)
)
spine = _temporary("view_spine", Column("id", String, primary_key=True))

_OTHER_SOURCE = 5
"""Added to the rank of a match in another source; objectives stand before it, and before or behind the own source."""


def prepare_view(connection: Connection, objective_ids: Iterable[str]) -> None:
    """Fill the temporary tables; they go when the view's transaction is rolled back."""
    for table in (objective_names, resolved, spine):
        table.create(connection, checkfirst=False)
    rows = [
        {"name": normalise_key(spelling), "node": objective_node(id_)}
        for id_ in objective_ids
        for spelling in (id_, objective_node(id_))
    ]
    if rows:
        connection.execute(insert(objective_names), rows)
    connection.execute(insert(resolved).from_select(["need_id", "node"], _resolution()))
    connection.execute(insert(spine).from_select(["id"], _spine()))


def _resolution() -> AnySelect:
    """Of all matches of a need those with the best rank: several of one rank are an ambiguity.

    Best first: a spelled-out ``source:key`` or a match in the source of the dependent; then matches elsewhere. In
    both, records that are there come before absent ones, and names in force before former ones. An objective's id
    comes before any record, except that what a source itself links means its own records first.
    """
    matches = union_all(_by_name(), _by_source_and_name(), _by_objective()).cte("matches")
    best = select(matches.c.need_id, func.min(matches.c.rank).label("rank")).group_by(matches.c.need_id).cte("best")
    return (
        select(matches.c.need_id, matches.c.node)
        .join(best, and_(best.c.need_id == matches.c.need_id, best.c.rank == matches.c.rank))
        .distinct()
    )


def _by_name() -> AnySelect:
    needs, names = tables.needs, tables.names
    same = names.c.source == needs.c.source
    return (
        select(needs.c.id.label("need_id"), names.c.record_id.label("node"), _rank(same).label("rank"))
        .join_from(needs, names, names.c.name == _looked_up(needs.c.wanted_normalised))
        .join(tables.records, tables.records.c.id == names.c.record_id)
        .where(
            or_(same, names.c.what != "native"),  # the bare number of another source means nothing here
            names.c.record_id != needs.c.dependent,  # a row named after what it waits for does not wait for itself
        )
    )


def _by_source_and_name() -> AnySelect:
    needs, names = tables.needs, tables.names
    named = and_(names.c.name == _looked_up(needs.c.wanted_rest), names.c.source == _looked_up(needs.c.wanted_source))
    return (
        select(needs.c.id, names.c.record_id, _rank(literal(1) == literal(1)))
        .join_from(needs, names, named)
        .join(tables.records, tables.records.c.id == names.c.record_id)
        .where(needs.c.wanted_source.is_not(None))
    )


def _looked_up(name: ColumnElement[str]) -> ColumnElement[str]:
    """A name as an expression, so that SQLite goes through the needs and looks each name up, never the other way."""
    return name.concat("")


def _by_objective() -> AnySelect:
    needs = tables.needs
    rank = case((needs.c.origin == NeedOrigin.SOURCE_LINK, _OTHER_SOURCE - 1), else_=-1)
    return select(needs.c.id, objective_names.c.node, rank).join_from(
        needs, objective_names, objective_names.c.name == needs.c.wanted_normalised
    )


def _rank(same_source: ColumnElement[bool]) -> ColumnElement[int]:
    return (
        case((same_source, 0), else_=_OTHER_SOURCE)
        + case((tables.records.c.absence.is_not(None), 2), else_=0)
        + case((tables.names.c.what == "former", 1), else_=0)
    )


def _spine() -> AnySelect:
    records, children = tables.records, tables.records.alias("children")
    ends = union(
        select(resolved.c.node),
        select(tables.needs.c.dependent),
        select(children.c.parent_id).where(children.c.parent_id.is_not(None)),
    ).subquery()
    return select(records.c.id).where(records.c.kind == RecordKind.WORK_ITEM, records.c.id.in_(select(ends.c[0])))
