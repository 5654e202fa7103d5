"""What Driftline measures about itself: how late people and tools learn of a change, how far records are linked, and
what findings led to. What nobody told is counted as unknown and never as zero."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from model.findings import Account

WINDOW = timedelta(days=90)
"""How far back a measure looks."""


class Decision(StrEnum):
    """How a finding led to a decision."""

    ACCEPTED = "accepted"
    ACKNOWLEDGED = "acknowledged"
    DECIDED = "decided"
    COMMITMENT_CHANGED = "commitment_changed"
    """It resolved because what was promised or planned was changed, not because the work was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One time at which a finding opened, and what became of it. ``sequence`` is the transition's.

    ``changed_at`` is when the fact behind it changed (t_A), as its source's own history tells; None where that tells
    nothing. ``changed_in`` is the source of that fact and ``other`` the tool on the other side. ``reflected_at`` is
    when the commitment was changed there (t_B), as that source tells. ``news`` is False for what no digest announces:
    what was there before the first reading, or is kept quiet.
    """

    sequence: int
    fingerprint: str
    opened_at: datetime
    news: bool
    severity: int
    objective_ids: tuple[str, ...]
    changed_in: str
    other: str
    changed_at: datetime | None = None
    ended_at: datetime | None = None
    reflected: bool = False
    reflected_at: datetime | None = None
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """The news of one slot for one audience; ``sent_at`` is when the first recipient's mail server took it."""

    audience: str
    covers_after: int
    covers: int
    composed_at: datetime
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Latency:
    """Median and worst of what could be measured, both None where nothing could.

    ``unknown`` are those of which no source tells one of the two times; ``waiting`` those of which the second time has
    not come.
    """

    measured: int = 0
    median_seconds: int | None = None
    worst_seconds: int | None = None
    unknown: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class PairLatency:
    """The reality latency between two tools: a fact changed in one, and the other promised something that rests on it.

    ``told`` runs from the change to the first digest that announced it, ``reflected`` to the change of the commitment.
    """

    changed_in: str
    other: str
    told: Latency
    reflected: Latency


@dataclass(frozen=True, slots=True)
class ObjectiveLatency:
    """The same of all that concerns one objective."""

    objective_id: str
    told: Latency
    reflected: Latency


@dataclass(frozen=True, slots=True)
class LinkedMoney:
    """The money of one account in one currency, and what of it belongs to records that serve an objective."""

    account: Account
    currency: str
    total: Decimal
    linked: Decimal


@dataclass(frozen=True, slots=True)
class LinkedShare:
    """How much of what is stored serves an objective: by count, and by the money of open deals and of savings.

    Releases and sprints count only once they are linked. ``unpriced`` are open deals and savings that say no amount.
    """

    counted_at: datetime
    records: int
    linked: int
    unpriced: int = 0
    money: tuple[LinkedMoney, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionRate:
    """The findings that stood at some time within the window, those about the data itself left out, and how many led
    to a decision: by one that was recorded, by somebody's acceptance or acknowledgement, or by a changed commitment. A
    finding counts once, by the first of these, but an acknowledgement gives way to what was decided after it.
    ``undecided`` stand without one; ``ended_otherwise`` are gone without one.
    """

    findings: int = 0
    accepted: int = 0
    acknowledged: int = 0
    commitment_changed: int = 0
    ended_otherwise: int = 0
    undecided: int = 0
    recorded: int = 0
    """Those about which somebody recorded what is done."""

    @property
    def decided(self) -> int:
        return self.made + self.acknowledged + self.commitment_changed

    @property
    def made(self) -> int:
        """Those about which somebody decided by name: what is done, or that it may stay so."""
        return self.recorded + self.accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """All measures at one moment, over the ``days`` before it.

    ``told`` and ``reflected`` are the reality latency over everything; ``first_mail`` runs from the run that saw a
    disagreement first to the first digest that announced it: the part that is Driftline's own. ``coverage`` is None
    before anything was linked.
    """

    at: datetime
    days: int = WINDOW.days
    told: Latency = Latency()
    reflected: Latency = Latency()
    first_mail: Latency = Latency()
    pairs: tuple[PairLatency, ...] = ()
    objectives: tuple[ObjectiveLatency, ...] = ()
    decisions: DecisionRate = DecisionRate()
    coverage: LinkedShare | None = None


@dataclass(frozen=True, slots=True)
class StoredMeasures:
    """What one run measured."""

    run_id: int
    measures: Measures


def span(seconds: int) -> str:
    """``3 weeks``, ``47 hours``, ``5 minutes``: rounded down, in days from two days and in weeks from three weeks."""
    for size, name, least in _UNITS:
        if seconds >= size * least:
            number = seconds // size
            return f"{number:,} {name}{'' if number == 1 else 's'}"
    return "under a minute"


_HOUR, _DAY = 3600, 86_400
_UNITS = ((7 * _DAY, "week", 3), (_DAY, "day", 2), (_HOUR, "hour", 1), (60, "minute", 1))
