"""The small values that the store hands to the reconciler instead of every stored record (design 1)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from model.keys import record_id
from model.records import StatusCategory, WorkItem


class Group(StrEnum):
    """By what the leaves of the work are rolled up."""

    PARENT = "parent"
    RELEASE = "release"
    OBJECTIVE = "objective"


class DateSource(StrEnum):
    """Where a work item's own date may come from; the policy is an order of these."""

    RELEASE = "release"
    DUE = "due"
    SPRINT = "sprint"


class PlanWork(NamedTuple):
    """A work item as the plan network needs it; ``parent``, ``releases`` and ``sprint`` are ids of records."""

    id: str
    source: str
    key: str
    category: StatusCategory | None = StatusCategory.TODO
    start: date | None = None
    due: date | None = None
    finished: date | None = None
    parent: str | None = None
    releases: tuple[str, ...] = ()
    sprint: str | None = None

    @classmethod
    def of(cls, item: WorkItem) -> "PlanWork":
        """The node of a whole record."""
        return cls(
            item.id,
            item.source,
            item.key,
            item.category,
            item.start,
            item.due,
            item.finished,
            record_id(item.source, item.parent) if item.parent else None,
            tuple(record_id(item.source, release) for release in dict.fromkeys(item.releases)),
            record_id(item.source, item.sprint) if item.sprint else None,
        )


@dataclass(frozen=True, slots=True)
class UnknownStatus:
    """A status text of a source that nobody has said the meaning of. ``records`` present work items have it;
    ``example`` is the id of one of them."""

    source: str
    status: str
    records: int
    example: str


@dataclass(frozen=True, slots=True)
class RollUp:
    """The work below one node, reduced in SQL.

    ``node`` is a record id (parent or release) or an objective's node. ``open`` counts work in todo and doing, and of
    it: ``undated`` has no date by policy, ``overdue`` has one before the day of the run. ``latest`` is the latest own
    date of open work that is not overdue and ``latest_record`` the record that has it (the smallest id where several
    share it); ``oldest_overdue`` and ``overdue_record`` name the open work that is overdue longest. ``finished`` is
    the latest day on which work below was done.
    """

    group: Group
    node: str
    open: int = 0
    done: int = 0
    dropped: int = 0
    undated: int = 0
    overdue: int = 0
    latest: date | None = None
    latest_record: str | None = None
    oldest_overdue: date | None = None
    overdue_record: str | None = None
    finished: date | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One piece of open work that comes rolled up: its own date by policy, where that comes from, and what people
    call it."""

    day: date
    record_id: str
    key: str = ""
    source: DateSource = DateSource.DUE
