"""Inside one view: which nodes the needs mean and which work is spine, computed once, in SQL, in temporary tables."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TypeAlias

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
    delete,
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

Names: TypeAlias = Mapping[str, tuple[str, ...]]
"""Nodes by the names that they are wanted by."""

metadata = MetaData()
"""Of the temporary tables of one view."""


def _temporary(name: str, *columns: Column[str] | Column[int]) -> Table:
    return Table(name, metadata, *columns, prefixes=["TEMPORARY"])


objective_names = _temporary(
    "view_objectives", Column("name", String, primary_key=True), Column("node", String, primary_key=True)
)
resolved = _temporary(
    "view_resolved", Column("need_id", Integer, primary_key=True), Column("node", String, primary_key=True)
)
spine = _temporary("view_spine", Column("id", String, primary_key=True))
_chosen = _temporary("view_chosen", Column("need_id", Integer, primary_key=True))

_OTHER_SOURCE = 5
"""Added to the rank of a match in another source; objectives stand before it, and before or behind the own source."""


def prepare_view(connection: Connection, objective_ids: Iterable[str]) -> None:
    """Fill the temporary tables; they go when the view's transaction is rolled back."""
    prepare_part(connection)
    _keep_names(connection, objectives_named(tuple(objective_ids)))
    connection.execute(insert(resolved).from_select(["need_id", "node"], _resolution()))
    connection.execute(insert(spine).from_select(["id"], _spine()))


def prepare_part(connection: Connection) -> None:
    """Make the temporary tables without saying yet what the needs mean; ``resolve_needs`` and ``place_work`` do."""
    for table in (objective_names, resolved, spine, _chosen):
        table.create(connection, checkfirst=False)


@lru_cache(maxsize=1)
def objectives_named(objective_ids: tuple[str, ...]) -> Names:
    """The nodes of these objectives by each name under which a need may want them."""
    found: dict[str, set[str]] = {}
    for id_ in objective_ids:
        for spelling in (id_, objective_node(id_)):
            found.setdefault(normalise_key(spelling), set()).add(objective_node(id_))
    return {name: tuple(sorted(nodes)) for name, nodes in sorted(found.items())}


def _keep_names(connection: Connection, names: Names) -> None:
    rows = [{"name": name, "node": node} for name, nodes in names.items() for node in nodes]
    if rows:
        connection.execute(insert(objective_names), rows)


def needs_of(dependents: AnySelect) -> AnySelect:
    """The numbers of the needs that these nodes have."""
    return select(tables.needs.c.id).where(tables.needs.c.dependent.in_(dependents))


def needs_naming(record_ids: AnySelect) -> AnySelect:
    """The numbers of the needs that want one of these records, by any name that it has or had."""
    needs, names = tables.needs, tables.names
    ways = (
        select(needs.c.id).join(names, names.c.name == wanted).where(names.c.record_id.in_(record_ids))
        for wanted in (needs.c.wanted_normalised, needs.c.wanted_rest)
    )
    return select(union(*ways).subquery().c.id)


def resolve_needs(connection: Connection, need_ids: AnySelect, objectives: Names) -> None:
    """Find out what some needs mean, where that is not known yet; of all objectives only those are looked at whose
    names they want."""
    connection.execute(delete(_chosen))
    known = select(resolved.c.need_id)
    new = need_ids.where(need_ids.selected_columns[0].not_in(known))
    connection.execute(insert(_chosen).from_select(["need_id"], new))
    chosen = tables.needs.c.id.in_(select(_chosen.c.need_id))
    wanted = set(connection.execute(select(tables.needs.c.wanted_normalised).where(chosen)).scalars())
    wanted -= set(connection.execute(select(objective_names.c.name)).scalars())
    _keep_names(connection, {name: objectives[name] for name in sorted(wanted & objectives.keys())})
    connection.execute(insert(resolved).from_select(["need_id", "node"], _resolution(chosen)))


def place_work(connection: Connection, record_ids: AnySelect, objectives: Names) -> None:
    """Find out which of these records are spine, as ``prepare_view`` does for all work."""
    resolve_needs(connection, needs_naming(record_ids), objectives)
    new = and_(tables.records.c.id.in_(record_ids), tables.records.c.id.not_in(select(spine.c.id)))
    connection.execute(insert(spine).from_select(["id"], _spine(record_ids).where(new)))


def _resolution(chosen: ColumnElement[bool] | None = None) -> AnySelect:
    """Of all matches of a need those with the best rank: several of one rank are an ambiguity.

    Best first: a spelled-out ``source:key`` or a match in the source of the dependent; then matches elsewhere. In
    both, records that are there come before absent ones, and names in force before former ones. An objective's id
    comes before any record, except that what a source itself links means its own records first.
    """
    absent = _absent(few=chosen is not None)
    ways = (_by_name(absent), _by_source_and_name(absent), _by_objective())
    matches = union_all(*(way if chosen is None else way.where(chosen) for way in ways)).cte("matches")
    best = select(matches.c.need_id, func.min(matches.c.rank).label("rank")).group_by(matches.c.need_id).cte("best")
    return (
        select(matches.c.need_id, matches.c.node)
        .join(best, and_(best.c.need_id == matches.c.need_id, best.c.rank == matches.c.rank))
        .distinct()
    )


def _absent(*, few: bool) -> ColumnElement[bool]:
    """Whether a name is that of an absent record. Few are: for all needs these are found first, once, so that not every
    record that is named need be looked up."""
    names, records = tables.names, tables.records
    if few:
        same = records.c.id == names.c.record_id
        return select(literal(1)).where(same, records.c.absence.is_not(None)).correlate(names).exists()
    return names.c.record_id.in_(select(records.c.id).where(records.c.absence.is_not(None)))


def _by_name(absent: ColumnElement[bool]) -> AnySelect:
    needs, names = tables.needs, tables.names
    same = names.c.source == needs.c.source
    return (
        select(needs.c.id.label("need_id"), names.c.record_id.label("node"), _rank(same, absent).label("rank"))
        .join_from(needs, names, names.c.name == _looked_up(needs.c.wanted_normalised))
        .where(
            or_(same, names.c.what != "native"),  # the bare number of another source means nothing here
            names.c.record_id != needs.c.dependent,  # a row named after what it waits for does not wait for itself
        )
    )


def _by_source_and_name(absent: ColumnElement[bool]) -> AnySelect:
    needs, names = tables.needs, tables.names
    named = and_(names.c.name == _looked_up(needs.c.wanted_rest), names.c.source == _looked_up(needs.c.wanted_source))
    return (
        select(needs.c.id, names.c.record_id, _rank(literal(1) == literal(1), absent))
        .join_from(needs, names, named)
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


def _rank(same_source: ColumnElement[bool], absent: ColumnElement[bool]) -> ColumnElement[int]:
    return (
        case((same_source, 0), else_=_OTHER_SOURCE)
        + case((absent, 2), else_=0)
        + case((tables.names.c.what == "former", 1), else_=0)
    )


def _spine(record_ids: AnySelect | None = None) -> AnySelect:
    """The work that is an end of a need or has work below it: of all records, or of these."""
    records, needs, children = tables.records, tables.needs, tables.records.alias("children")
    dependents = select(needs.c.dependent)
    parents = select(children.c.parent_id).where(children.c.parent_id.is_not(None))
    if record_ids is not None:
        dependents = dependents.where(needs.c.dependent.in_(record_ids))
        parents = parents.where(children.c.parent_id.in_(record_ids))
    ends = union(select(resolved.c.node), dependents, parents).subquery()
    # SQLite would go through all work by its kind; as an expression it has no index.
    kind = records.c.kind.concat("")
    return select(records.c.id).where(kind == RecordKind.WORK_ITEM, records.c.id.in_(select(ends.c[0])))
