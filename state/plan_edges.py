"""Links and needs for the plan network: streamed from their rows, with one value for what many of them share."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from model.calendars import EVERY_DAY
from model.links import Link, Need, NeedOrigin, Role
from state.rows import AnySelect

_BATCH = 5_000
_ROLES = {role.value: role for role in Role}
_ORIGINS = {origin.value: origin for origin in NeedOrigin}


def shared_links(connection: Connection, statement: AnySelect, ids: dict[str, str] | None = None) -> Iterator[Link]:
    """Links of a statement that selects their columns in order; equal weights and names are one value. ``ids`` has one
    value for each id that was met."""
    weights: dict[str, Decimal] = {}
    texts: dict[str, str] = {}
    share = ({} if ids is None else ids).setdefault
    for record_id, objective_id, role, rule, weight, location in _rows(connection, statement):
        known = weights.get(weight)
        if known is None:
            known = weights[weight] = Decimal(weight)
        objective, by, place = (texts.setdefault(text, text) for text in (objective_id, rule, location))
        yield Link(share(record_id, record_id), objective, _ROLES[role], by, known, place)


def shared_needs(connection: Connection, statement: AnySelect) -> Iterator[Need]:
    """Needs of a statement whose rows are ordered by need and node: the needs' columns in order, then the node.

    A need has several rows where several nodes have its name, and no node where none has.
    """
    texts: dict[str, str] = {}
    last: int | None = None
    said: tuple[Any, ...] = ()
    nodes: list[str] = []
    for id_, *values, node in _rows(connection, statement):
        if id_ != last:
            if last is not None:
                yield _need(said, nodes, texts)
            last, said, nodes = id_, tuple(values), []
        if node is not None:
            nodes.append(node)
    if last is not None:
        yield _need(said, nodes, texts)


def _need(said: tuple[Any, ...], nodes: list[str], texts: dict[str, str]) -> Need:
    dependent, wanted, lag_days, origin, rule, location, calendar, owner = said
    prerequisites = tuple(nodes) if len(nodes) < 2 else tuple(sorted(nodes))
    return Need(
        dependent,
        wanted,
        lag_days,
        _ORIGINS[origin],
        texts.setdefault(rule, rule),
        texts.setdefault(location, location),
        prerequisites,
        calendar or EVERY_DAY,
        owner,
    )


def _rows(connection: Connection, statement: AnySelect) -> Iterable[Any]:
    return connection.execute(statement, execution_options={"yield_per": _BATCH})
