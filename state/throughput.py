"""What was finished on which day and what is left, counted where it lies: one statement, the same on both databases."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Date, and_, bindparam, case, func, literal, or_, select
from sqlalchemy.sql.selectable import FromClause

from model.links import Role
from model.records import RecordKind, StatusCategory
from model.throughput import Flow
from state import tables
from state.rows import GONE, AnyRow, AnySelect

_OPEN = (StatusCategory.TODO.value, StatusCategory.DOING.value)


_OBJECTIVE_IDS: BindParameter[Any] = bindparam("objective_ids", expanding=True)
_SINCE = bindparam("since", type_=Date)
_BETWEEN = "\x1f"
"""Between the ids of objectives, which have no such character."""


def flow_statement(objective_ids: Collection[str] | None, since: date) -> AnySelect:
    """Count the smallest pieces of work by team and day of finish.

    With objectives these are the pieces of what delivers any of them: the linked work, the members of linked releases
    and everything below. What was deleted or moved away is no work any more; what is absent without proof counts as it
    was last seen. The statement is put together once: it is asked for one objective after the other.
    """
    if objective_ids is None:
        return _flows(of_objectives=False).params(since=since)
    return _flows(of_objectives=True).params(since=since, objective_ids=sorted(objective_ids))


@lru_cache
def _flows(*, of_objectives: bool) -> AnySelect:
    item = tables.records.alias("item")
    statement = _counted(item, item.c.source, item.c.container)
    if not of_objectives:
        return statement
    # Led by the few that deliver; as a condition on all records it would be tried on each of them.
    delivering = _delivering(_OBJECTIVE_IDS).subquery("delivering")
    return statement.select_from(delivering).join(item, item.c.id == delivering.c.id)


def _counted(item: FromClause, *by: ColumnElement[Any]) -> AnySelect:
    """What is left and what was finished on which day, of the smallest pieces of work, by these columns."""
    known = func.coalesce(item.c.category, StatusCategory.TODO.value)  # what a status means may not be known
    is_open = known.in_(_OPEN)
    is_done = known == StatusCategory.DONE.value
    day = case((and_(is_done, item.c.finished >= _SINCE), item.c.finished))
    return (
        select(
            *by,
            day.label("day"),
            func.count(case((is_open, 1))).label("open"),
            func.count(case((is_done, 1))).label("done"),
            func.count(case((and_(is_done, item.c.finished.is_(None)), 1))).label("undated"),
            func.min(case((is_done, item.c.finished))).label("began"),
        )
        .where(item.c.kind == RecordKind.WORK_ITEM, _counts(item), or_(is_open, is_done), ~has_parts(item))
        .group_by(*by, day)
    )


def served_statement(objective_ids: Collection[str], since: date) -> AnySelect:
    """Count the smallest pieces by which of these objectives they deliver, all of them in one pass."""
    return _served().params(since=since, objective_ids=sorted(objective_ids))


@lru_cache
def _served() -> AnySelect:
    links, members, records = tables.links, tables.memberships, tables.records
    linked = (
        select(links.c.record_id.label("id"), links.c.objective_id)
        .where(links.c.role == Role.DELIVERS, links.c.objective_id.in_(_OBJECTIVE_IDS))
        .cte("linked")
    )
    in_releases = select(members.c.record_id, linked.c.objective_id).join(linked, linked.c.id == members.c.release_id)
    tops = select(linked.c.id, linked.c.objective_id).union(in_releases).cte("tops")
    below = select(tops.c.id, tops.c.objective_id).cte("below", recursive=True)
    below = below.union(select(records.c.id, below.c.objective_id).join(below, records.c.parent_id == below.c.id))
    served = (
        select(below.c.id, func.aggregate_strings(below.c.objective_id, _BETWEEN).label("served"))
        .group_by(below.c.id)
        .subquery("delivering")
    )
    item = records.alias("item")
    counted = _counted(item, served.c.served)
    return counted.select_from(served).join(item, item.c.id == served.c.id).order_by(served.c.served)


def served_flows_of(rows: Iterable[AnyRow]) -> Iterator[tuple[frozenset[str], Flow]]:
    """One flow per set of objectives, one after the other. A set may come twice, never a piece of work."""
    for served, several in groupby(rows, key=lambda row: str(row.served)):
        yield frozenset(served.split(_BETWEEN)), _flow("", list(several))


def flows_of(rows: Iterable[AnyRow]) -> list[Flow]:
    """One flow per team, by its name, from the rows of the statement."""
    teams: dict[str, list[AnyRow]] = {}
    for row in rows:
        teams.setdefault(f"{row.source}/{row.container}" if row.container else row.source, []).append(row)
    return [_flow(team, several) for team, several in sorted(teams.items())]


def _flow(team: str, rows: Sequence[AnyRow]) -> Flow:
    return Flow(
        team,
        {row.day: row.done for row in sorted(rows, key=lambda row: row.day or date.min) if row.day is not None},
        open=sum(row.open for row in rows),
        undated=sum(row.undated for row in rows),
        began=min((row.began for row in rows if row.began is not None), default=None),
    )


def delivering_statement(objective_ids: Collection[str]) -> AnySelect:
    """The ids of the work and the releases that deliver one of these objectives, in order."""
    table = tables.records
    delivering = delivering_ids(objective_ids).subquery("delivering")
    return (
        select(table.c.id)
        .join_from(delivering, table, table.c.id == delivering.c.id)
        .where(_counts(table), table.c.kind.in_((RecordKind.WORK_ITEM, RecordKind.RELEASE)))
        .order_by(table.c.id)
    )


def delivering_ids(objective_ids: Collection[str]) -> AnySelect:
    """The ids of everything that delivers one of these objectives, each once."""
    return _delivering(sorted(objective_ids))


def _delivering(objective_ids: list[str] | BindParameter[Any]) -> AnySelect:
    links, members, records = tables.links, tables.memberships, tables.records
    linked = (
        select(links.c.record_id.label("id"))
        .where(links.c.role == Role.DELIVERS, links.c.objective_id.in_(objective_ids))
        .cte("linked")
    )
    in_releases = select(members.c.record_id).join(linked, linked.c.id == members.c.release_id)
    tops = select(linked.c.id).union(in_releases).cte("tops")
    below = select(tops.c.id).cte("below", recursive=True)
    below = below.union(select(records.c.id).join(below, records.c.parent_id == below.c.id))
    return select(below.c.id)


def has_parts(item: FromClause) -> ColumnElement[bool]:
    """Whether it is done by doing others; what was dropped is no part of it any more."""
    part = tables.records.alias("part")
    known = func.coalesce(part.c.category, StatusCategory.TODO.value)
    return (
        select(literal(1))
        .where(part.c.parent_id == item.c.id, _counts(part), known != StatusCategory.DROPPED.value)
        .correlate(item)
        .exists()
    )


def _counts(table: FromClause) -> ColumnElement[bool]:
    return or_(table.c.absence.is_(None), table.c.absence.not_in(GONE))
