"""Statuses of which nobody has said what they mean, counted where they lie, the same on both databases."""

from sqlalchemy import cast, collate, func, select
from sqlalchemy.dialects.postgresql import JSONB

from model.records import RecordKind
from state import tables
from state.rows import AnySelect


def unknown_status_statement(*, on_postgresql: bool) -> AnySelect:
    """The statement behind ``View.unknown_statuses``; a row reads as an UnknownStatus."""
    table = tables.records
    told = (
        cast(table.c.facts, JSONB)["status"].astext if on_postgresql else func.json_extract(table.c.facts, "$.status")
    )
    status = func.coalesce(told, "").label("status")
    found = (
        select(table.c.source, status, table.c.id)
        .where(table.c.kind == RecordKind.WORK_ITEM, table.c.category.is_(None), table.c.absence.is_(None))
        .subquery()
    )
    least = collate(found.c.id, "C") if on_postgresql else found.c.id
    return (
        select(found.c.source, found.c.status, func.count().label("records"), func.min(least).label("example"))
        .group_by(found.c.source, found.c.status)
        .order_by(found.c.source, found.c.status)
    )
