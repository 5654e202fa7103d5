"""When something was last heard of an objective: the updates of all that delivers it, reports on it or measures it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from model.calendars import Calendar
from model.links import Role
from model.records import Record, Revision, StatusCategory, WorkItem
from reconcile.network import GONE
from reconcile.world import World

_TELLING = frozenset({Role.DELIVERS, Role.REPORTS, Role.SAVES, Role.MEASURES})
_ENDED = frozenset({StatusCategory.DONE, StatusCategory.DROPPED})
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Windows:
    """The first days of the time in which nothing may be missing, of that after which leaders hear of it, and of the
    time that both are compared with; each reaches up to yesterday."""

    silent: date
    unanswered: date
    baseline: date


def days_back(calendar: Calendar, today: date, worked: int) -> date:
    """The day from which on so many working days lie before today."""
    day = today
    while worked > 0:
        day -= timedelta(1)
        worked -= calendar.works_on(day)
    return day


def worked_between(calendar: Calendar, after: date, before: date) -> int:
    """The working days that lie between two days, both left out."""
    return sum(calendar.works_on(after + timedelta(number)) for number in range(1, (before - after).days))


def finished_since(world: World, node: str, since: date) -> bool:
    """Whether anything below an objective was finished since a day, as far as it comes rolled up: that is an update."""
    network = world.network
    seen, row = {node}, [node]
    for each in row:
        for rollups in (network.delivery_work, network.parents_work, network.members):
            rolled = rollups.get(each)
            if rolled is not None and rolled.finished is not None and rolled.finished >= since:
                return True
        for child in network.children.get(each, ()):
            if child not in seen:
                seen.add(child)
                row.append(child)
    return False


def telling_ids(world: World, node: str) -> tuple[str, ...]:
    """The records that tell how an objective and those below it stand: what is linked, and the work below that."""
    network = world.network
    nodes = [node]
    for each in nodes:
        nodes += [child for child in network.children.get(each, ()) if child in network.objectives]
    ids = [network.objectives[each].id for each in dict.fromkeys(nodes)]
    linked = {link.record_id for id_ in ids for link in world.served.get(id_, ()) if link.role in _TELLING}
    return tuple(sorted(linked.union(world.library.view.delivering(ids))))


def records_of(world: World, ids: Sequence[str]) -> Iterator[Record]:
    """The records that count, some at a time and without keeping them: there may be many."""
    for first in range(0, len(ids), _BATCH):
        part = ids[first : first + _BATCH]
        found = world.library.view.records(part)
        yield from (found[id_] for id_ in part if id_ in found and world.absence(id_) not in GONE)


def is_open(record: Record) -> bool:
    return isinstance(record, WorkItem) and record.category not in _ENDED


def update_days(record: Record, history: Sequence[Revision]) -> frozenset[date]:
    """The days on which a record was updated, as its source says; else those on which it was seen to be another.

    The day on which it was first seen counts: nobody knows how old it was then.
    """
    days = {move.at.date() for move in record.moves} | {change.at.date() for change in record.changes}
    days |= {(each.record.changed or each.seen).date() for each in history}
    if record.changed is not None:
        days.add(record.changed.date())
    return frozenset(days)


def first_day(record: Record, history: Sequence[Revision]) -> date | None:
    """The day on which a record was made or, where its source does not say so, first seen: no update of it."""
    if record.created is not None:
        return record.created.date()
    return history[0].seen.date() if history else None
