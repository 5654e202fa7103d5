"""Work below each node of a group, reduced where it lies: one statement per group, the same on both databases."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import CTE, ColumnElement, Date, String, and_, case, cast, collate, func, literal, null, or_, select
from sqlalchemy.sql.selectable import FromClause

from model.keys import objective_node
from model.links import Role
from model.network import DateSource, Group, RollUp
from model.records import Absence, RecordKind, StatusCategory
from state import tables
from state.resolving import spine
from state.rows import GONE, AnyRow, AnySelect

_OPEN = (StatusCategory.TODO, StatusCategory.DOING)


def rollup_statement(
    group: Group,
    order: Sequence[DateSource],
    today: date,
    nodes: Sequence[str] | None = None,
    *,
    shipping: bool = False,
    on_postgresql: bool,
) -> AnySelect:
    """The statement behind ``View.rollups``; a row reads as a RollUp.

    What was deleted counts as dropped, what was moved away is not counted, and what is absent without proof counts as
    it was last seen. The statement about all nodes is made once a day.
    """
    if nodes is None:
        return _of_all(group, tuple(order), today, shipping, on_postgresql)
    return _rollups(group, order, today, nodes, shipping=shipping, on_postgresql=on_postgresql)


@lru_cache(maxsize=8)  # each is large, and none is asked for on a later day
def _of_all(group: Group, order: tuple[DateSource, ...], today: date, shipping: bool, on_postgresql: bool) -> AnySelect:
    return _rollups(group, order, today, None, shipping=shipping, on_postgresql=on_postgresql)


def _rollups(
    group: Group,
    order: Sequence[DateSource],
    today: date,
    nodes: Sequence[str] | None,
    *,
    shipping: bool,
    on_postgresql: bool,
) -> AnySelect:
    work = _work(group, order, nodes, shipping=shipping)
    is_open = work.c.category.in_(_OPEN)
    on_time = and_(is_open, work.c.own >= today)
    overdue = and_(is_open, work.c.own < today)
    sums = (
        select(
            work.c.node,
            _count(is_open).label("open"),
            _count(work.c.category == StatusCategory.DONE).label("done"),
            _count(work.c.category == StatusCategory.DROPPED).label("dropped"),
            _count(and_(is_open, work.c.own.is_(None))).label("undated"),
            _count(overdue).label("overdue"),
            func.max(case((on_time, work.c.own))).label("latest"),
            func.min(case((overdue, work.c.own))).label("oldest_overdue"),
            func.max(case((work.c.category == StatusCategory.DONE, work.c.finished))).label("finished"),
        )
        .group_by(work.c.node)
        .cte("sums")
    )
    named = _named(work, sums, is_open, on_postgresql)
    return select(sums, named.c.latest_record, named.c.overdue_record).outerjoin(named, named.c.node == sums.c.node)


def rollup(group: Group, row: AnyRow, days: dict[date | None, date | None], ids: dict[str, str]) -> RollUp:
    """A RollUp from a row of its statement; ``days`` and ``ids`` have one value for each that was met, for all."""
    node, open_, done, dropped, undated, overdue, latest, oldest, finished, latest_record, overdue_record = row
    return RollUp(
        group,
        ids.setdefault(node, node),
        open_,
        done,
        dropped,
        undated,
        overdue,
        days.setdefault(latest, latest),
        None if latest_record is None else ids.setdefault(latest_record, latest_record),
        days.setdefault(oldest, oldest),
        None if overdue_record is None else ids.setdefault(overdue_record, overdue_record),
        days.setdefault(finished, finished),
    )


def latest_statement(
    group: Group, nodes: Sequence[str], order: Sequence[DateSource], today: date, most: int, *, on_postgresql: bool
) -> AnySelect:
    """The statement behind ``View.latest``: the latest work of each node, by code point where dates are equal."""
    work, names = _work(group, order, nodes), _records("names")
    id_ = collate(work.c.id, "C") if on_postgresql else work.c.id
    place = func.row_number().over(partition_by=work.c.node, order_by=(work.c.own.desc(), id_)).label("place")
    ranked = (
        select(work.c.node, work.c.id, work.c.own, place)
        .where(work.c.category.in_(_OPEN), work.c.own >= today)
        .subquery("ranked")
    )
    return (
        select(ranked.c.node, ranked.c.own, ranked.c.id, names.c.key, _own_source(names, _policy(group, order)))
        .join(names, names.c.id == ranked.c.id)
        .where(ranked.c.place <= most)
        .order_by(ranked.c.node, ranked.c.place)
    )


def _named(work: CTE, sums: CTE, is_open: ColumnElement[bool], on_postgresql: bool) -> FromClause:
    """The smallest id that has the latest and the oldest date, where any has; by code point in both databases."""
    id_ = collate(work.c.id, "C") if on_postgresql else work.c.id
    is_latest, is_oldest = work.c.own == sums.c.latest, work.c.own == sums.c.oldest_overdue
    return (
        select(
            work.c.node,
            func.min(case((is_latest, id_))).label("latest_record"),
            func.min(case((is_oldest, id_))).label("overdue_record"),
        )
        .join_from(work, sums, sums.c.node == work.c.node)
        .where(is_open, work.c.own.is_not(None), or_(is_latest, is_oldest))  # few, and only they are grouped
        .group_by(work.c.node)
        .subquery("named")
    )


@cache
def _records(name: str) -> FromClause:
    """The records under a name in a statement; made once, because a column for each of theirs takes long to make."""
    return tables.records.alias(name)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def _work(
    group: Group, order: Sequence[DateSource], nodes: Sequence[str] | None = None, *, shipping: bool = False
) -> CTE:
    """Each distinct work item below each node, with its category as it counts and its own date while it is open.

    ``nodes`` are those that are asked for, where it is not all of them; ``shipping`` leaves out parents none of whose
    work belongs to a release.
    """
    item = _records("item")
    known = func.coalesce(item.c.category, StatusCategory.TODO.value)  # what a status means may not be known
    category = case((item.c.absence == Absence.DELETED, StatusCategory.DROPPED.value), else_=known)
    own = case((category.in_(_OPEN), _own_date(item, _policy(group, order))))
    columns = (item.c.id, category.label("category"), own.label("own"), item.c.finished)
    # For a few nodes SQLite would still go through all work by its kind; as an expression it has no index.
    kind = item.c.kind if nodes is None else item.c.kind.concat("")
    statement = _below(group, item, columns, nodes, shipping=shipping).where(
        kind == RecordKind.WORK_ITEM, or_(item.c.absence.is_(None), item.c.absence != Absence.MOVED)
    )
    if group is not Group.OBJECTIVE:
        statement = statement.where(item.c.id.not_in(select(spine.c.id)))
    return statement.cte("work")


def _below(
    group: Group,
    item: FromClause,
    columns: tuple[ColumnElement[Any], ...],
    nodes: Sequence[str] | None,
    *,
    shipping: bool,
) -> AnySelect:
    node, members = _records("node"), tables.memberships
    if group is Group.PARENT:
        found = select(node.c.id.label("node"), *columns).join_from(item, node, node.c.id == item.c.parent_id)
        if shipping:
            member = _records("member")
            parents = select(member.c.parent_id).join(members, members.c.record_id == member.c.id)
            asked = member.c.parent_id.is_not(None) if nodes is None else member.c.parent_id.in_(nodes)
            found = found.where(item.c.parent_id.in_(parents.where(asked)))
        return found if nodes is None else found.where(item.c.parent_id.in_(nodes))
    if group is Group.RELEASE:
        found = (
            select(node.c.id.label("node"), *columns)
            .join_from(item, members, members.c.record_id == item.c.id)
            .join(node, node.c.id == members.c.release_id)
        )
        return found if nodes is None else found.where(members.c.release_id.in_(nodes))
    links, prefix = tables.links, objective_node("")
    linked = select(links.c.objective_id, links.c.record_id).where(links.c.role == Role.DELIVERS).distinct()
    if nodes is not None:
        linked = linked.where(links.c.objective_id.in_([each.removeprefix(prefix) for each in nodes]))
    delivered = linked.subquery()
    objective = (literal(prefix) + delivered.c.objective_id).label("node")
    return select(objective, *columns).join_from(item, delivered, delivered.c.record_id == item.c.id)


def _policy(group: Group, order: Sequence[DateSource]) -> Sequence[DateSource]:
    """A release's date must not stand for its own members."""
    order = tuple(dict.fromkeys(order))
    return order if group is not Group.RELEASE else tuple(each for each in order if each is not DateSource.RELEASE)


def _own_date(item: FromClause, order: Sequence[DateSource]) -> ColumnElement[date | None]:
    """The first date of the policy that an item has."""
    dates = _dates(item)
    no_date = cast(null(), Date)  # SQLite wants two arguments, PostgreSQL a type
    return func.coalesce(*(dates[source] for source in order), no_date, no_date)


def _own_source(item: FromClause, order: Sequence[DateSource]) -> ColumnElement[Any]:
    """Where the first date of the policy that an item has comes from."""
    dates = _dates(item)
    has = [(dates[source].is_not(None), literal(source.value)) for source in order]
    return (case(*has) if has else cast(null(), String)).label("source")


def _dates(item: FromClause) -> Mapping[DateSource, ColumnElement[date | None]]:
    return {
        DateSource.RELEASE: _release_date(item),
        DateSource.DUE: item.c.due,
        DateSource.SPRINT: _sprint_end(item),
    }


def _release_date(item: FromClause) -> ColumnElement[date | None]:
    """The latest date of its unreleased releases."""
    release, members = _records("release"), tables.memberships.alias("members")
    return (
        select(func.max(release.c.release_date))
        .join_from(members, release, release.c.id == members.c.release_id)
        .where(members.c.record_id == item.c.id, release.c.released.is_(False), _counts(release))
        .correlate(item)
        .scalar_subquery()
    )


def _sprint_end(item: FromClause) -> ColumnElement[date | None]:
    sprint = _records("sprint")
    return (
        select(sprint.c.end_date)
        .where(sprint.c.id == item.c.sprint_id, _counts(sprint))
        .correlate(item)
        .scalar_subquery()
    )


def _counts(table: FromClause) -> ColumnElement[bool]:
    return or_(table.c.absence.is_(None), table.c.absence.not_in(GONE))
