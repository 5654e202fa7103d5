"""Records: one thing as its source tells it, normalised. A missing value is None and stays unknown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, TypeAlias

from model.keys import record_id
from model.money import Money, MonthAmount

FieldValue: TypeAlias = str | bool | Decimal | date | datetime | tuple[str, ...] | None
"""What a custom field may hold; a number is always a decimal, several choices are a tuple of texts."""


class RecordKind(StrEnum):
    """The normalised kinds."""

    WORK_ITEM = "work_item"
    RELEASE = "release"
    SPRINT = "sprint"
    DEAL = "deal"
    SAVING = "saving"
    MEASUREMENT = "measurement"


class StatusCategory(StrEnum):
    """What a status means. A dropped item will never be delivered."""

    TODO = "todo"
    DOING = "doing"
    DONE = "done"
    DROPPED = "dropped"


class Outcome(StrEnum):
    """What became of a deal."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Light(StrEnum):
    """A reported or derived colour; grey means that the evidence is missing."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    GREY = "grey"


class Absence(StrEnum):
    """Why a record is not there (traps D.2). Only ``deleted`` and ``moved`` may change what we conclude."""

    DELETED = "deleted"
    MOVED = "moved"
    ARCHIVED = "archived"
    ACCESS_LOST = "access_lost"
    FILTERED_OUT = "filtered_out"
    UNOBSERVED = "unobserved"


@dataclass(frozen=True, slots=True)
class NeedClaim:
    """The source's own statement that a record cannot finish before another.

    ``wanted`` is a key or a native id as the source writes it; ``lag_days`` are calendar days after the other's finish.
    """

    wanted: str
    lag_days: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """One change of a date as the source's changelog tells it."""

    field: str
    old: date | None
    new: date | None
    at: datetime
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a field that is no date, as the source's changelog tells it.

    ``old`` and ``new`` are texts as people see them, None for nothing. Each release that a work item left or joined is
    a change of its own, by its native id.
    """

    field: str
    old: str | None
    new: str | None
    at: datetime
    by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What every record has.

    ``native_id`` is stable; ``key`` is what people say and may change. ``created`` and ``changed`` are the source's
    times in UTC. ``custom`` holds the extra fields that the configuration asked for, under the configured name.
    ``provenance`` tells per field where the value came from: an API field, or ``workbook.xlsx!Sheet!F12``.
    ``changes`` are the changes that led to the present status and releases, or stage, amount and probability, oldest
    first, where the source tells them.
    ``owner_active`` is whether the owner's account was still switched on when the record was read; None where the
    source does not say.
    """

    kind: ClassVar[RecordKind]

    source: str
    native_id: str
    key: str
    title: str
    former_keys: tuple[str, ...] = ()
    url: str = ""
    owner: str | None = None
    owner_active: bool | None = None
    container: str = ""
    created: datetime | None = None
    changed: datetime | None = None
    moves: tuple[Move, ...] = ()
    changes: tuple[Change, ...] = ()
    custom: Mapping[str, FieldValue] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return record_id(self.source, self.native_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem(Record):
    """A Jira issue, an Asana task or milestone, a tracker milestone.

    ``parent``, ``releases`` and ``sprint`` are native ids within the same source. ``finished`` is the day on which it
    was done. ``category`` is None where nobody has said what the status means: it then counts as neither begun nor
    ended. ``estimate`` and ``remaining`` are in the source's own unit (points or hours).
    """

    kind: ClassVar[RecordKind] = RecordKind.WORK_ITEM

    type: str = ""
    status: str = ""
    category: StatusCategory | None = StatusCategory.TODO
    resolution: str | None = None
    start: date | None = None
    due: date | None = None
    finished: date | None = None
    parent: str | None = None
    releases: tuple[str, ...] = ()
    sprint: str | None = None
    needs: tuple[NeedClaim, ...] = ()
    labels: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    estimate: Decimal | None = None
    remaining: Decimal | None = None
    priority: str | None = None
    blocked_since: date | None = None
    blocked_reason: str | None = None
    light: Light | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Record):
    """A Jira version. Its key is its name; its date is the promise that its issues share."""

    kind: ClassVar[RecordKind] = RecordKind.RELEASE

    start: date | None = None
    release_date: date | None = None
    released: bool = False
    archived: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprint(Record):
    """A time box; ``state`` is ``future``, ``active`` or ``closed``."""

    kind: ClassVar[RecordKind] = RecordKind.SPRINT

    state: str = ""
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal(Record):
    """A Salesforce opportunity.

    ``promised`` is what was promised, as written in the CRM: a release name, an issue key or an objective id.
    ``promised_date`` is when it was promised for. ``probability`` lies between 0 and 1.
    """

    kind: ClassVar[RecordKind] = RecordKind.DEAL

    stage: str = ""
    outcome: Outcome = Outcome.OPEN
    amount: Money | None = None
    probability: Decimal | None = None
    close_date: date | None = None
    promised_date: date | None = None
    promised: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving(Record):
    """A row of a cost-saving tracker. Plan, forecast and actual stand side by side and never overwrite each other.

    ``run_rate`` is a yearly amount, used where there are no monthly cells. ``enabler`` is the key of the record whose
    finish the saving waits for, as written in the workbook.
    """

    kind: ClassVar[RecordKind] = RecordKind.SAVING

    currency: str = ""
    planned_start: date | None = None
    plan: tuple[MonthAmount, ...] = ()
    forecast: tuple[MonthAmount, ...] = ()
    actual: tuple[MonthAmount, ...] = ()
    run_rate: Money | None = None
    baseline: Decimal | None = None
    one_time_cost: Decimal | None = None
    light: Light | None = None
    stage_gate: str | None = None
    controller: str | None = None
    enabler: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement(Record):
    """A KPI or budget reading."""

    kind: ClassVar[RecordKind] = RecordKind.MEASUREMENT

    metric: str = ""
    value: Decimal | None = None
    target: Decimal | None = None
    unit: str = ""
    period: str = ""
    reporter: str | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """One distinct content of a record, with the time at which it was first seen."""

    seen: datetime
    record: Record


RECORD_TYPES: Mapping[RecordKind, type[Record]] = {
    kind_type.kind: kind_type for kind_type in (WorkItem, Release, Sprint, Deal, Saving, Measurement)
}
