"""What the mapping says about records: links to objectives, and needs between nodes of the plan network."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from model.calendars import EVERY_DAY


class Role(StrEnum):
    """What a record is to an objective."""

    DELIVERS = "delivers"
    PROMISES = "promises"
    SAVES = "saves"
    MEASURES = "measures"
    REPORTS = "reports"


class NeedOrigin(StrEnum):
    """Who says so."""

    SOURCE_LINK = "source_link"
    RULE = "rule"
    OBJECTIVES_FILE = "objectives_file"


@dataclass(frozen=True, slots=True)
class Link:
    """One record serves one objective. ``location`` is the ``file:line`` of the rule that says so."""

    record_id: str
    objective_id: str
    role: Role
    rule: str
    weight: Decimal = Decimal(1)
    location: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """``dependent`` cannot finish (or its effect cannot start) before what is ``wanted``, plus ``lag_days``.

    The days are calendar days, or working days of the ``calendar`` where one is named. ``owner`` looks after the need.
    ``dependent`` is a record id or an objective's node. ``wanted`` is a key, a release name or an objective id as it
    was written. ``prerequisites`` is what the store found under that name: one node in a sound world, none when the
    name is unknown, several when it is ambiguous.
    """

    dependent: str
    wanted: str
    lag_days: int = 0
    origin: NeedOrigin = NeedOrigin.RULE
    rule: str = ""
    location: str = ""
    prerequisites: tuple[str, ...] = ()
    calendar: str = EVERY_DAY
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """Several rules claim one record in one role; ``chosen`` won, ``others`` did not."""

    record_id: str
    chosen: str
    others: tuple[str, ...]
