"""The spine as the plan network needs it: small nodes from typed columns, none of the records' text."""

from collections.abc import Iterator, Mapping
from datetime import date

from sqlalchemy import Connection, select

from model.network import PlanWork
from model.records import StatusCategory
from state import tables
from state.resolving import spine
from state.rows import AnySelect

_CATEGORIES: Mapping[str | None, StatusCategory | None] = {
    None: None,
    **{category.value: category for category in StatusCategory},
}
_BATCH = 5_000


def plan_nodes(
    connection: Connection, record_ids: AnySelect | None = None, ids: dict[str, str] | None = None
) -> Iterator[PlanWork]:
    """Every work item of the spine, or of these the spine, absent ones included, by id.

    Equal days are one value: there are few of them. ``ids`` has one value for each id that was met.
    """
    records = tables.records
    columns = (records.c.id, records.c.source, records.c.key, records.c.category, records.c.start_date, records.c.due)
    others = (records.c.finished, records.c.parent_id, records.c.sprint_id)
    statement = select(*columns, *others).join(spine, spine.c.id == records.c.id).order_by(records.c.id)
    if record_ids is not None:
        statement = statement.where(records.c.id.in_(record_ids))
    releases = _releases(connection, record_ids)
    days: dict[date | None, date | None] = {}
    texts: dict[str | None, str | None] = {}
    share = ({} if ids is None else ids).setdefault
    rows = connection.execute(statement, execution_options={"yield_per": _BATCH})
    for id_, source, key, category, start, due, finished, parent, sprint in rows:
        yield PlanWork(
            share(id_, id_),
            texts.setdefault(source, source) or "",
            key,
            _CATEGORIES[category],
            days.setdefault(start, start),
            days.setdefault(due, due),
            days.setdefault(finished, finished),
            None if parent is None else share(parent, parent),
            releases.get(id_, ()),
            texts.setdefault(sprint, sprint),
        )


def _releases(connection: Connection, record_ids: AnySelect | None) -> dict[str, tuple[str, ...]]:
    """The releases of each node that has any; nodes of the same releases share one value."""
    members = tables.memberships
    statement = (
        select(members.c.record_id, members.c.release_id)
        .join(spine, spine.c.id == members.c.record_id)
        .order_by(members.c.record_id, members.c.release_id)
    )
    if record_ids is not None:
        statement = statement.where(members.c.record_id.in_(record_ids))
    found: dict[str, tuple[str, ...]] = {}
    shared: dict[tuple[str, ...], tuple[str, ...]] = {}
    for id_, release in connection.execute(statement, execution_options={"yield_per": _BATCH}):
        together = (*found.get(id_, ()), release)
        found[id_] = shared.setdefault(together, together)
    return found
