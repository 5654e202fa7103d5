"""What the work now implies: one forecast per node, with the chain of nodes that binds it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cache, lru_cache

from model.calendars import EVERY_DAY, Calendar
from model.network import PlanWork
from model.records import Absence, Release, StatusCategory
from reconcile.arrangement import Cycle

NOWHERE: frozenset[str] = frozenset()


class ForecastState(StrEnum):
    """What can be said about a node's finish.

    ``overdue``, ``undated``, ``dropped``, ``unresolved`` and ``cyclic`` support nothing. ``unknown`` is none of them:
    a record that cannot be seen proves nothing, so whatever depends on it is not judged (design 5.12).
    """

    DONE = "done"
    DATED = "dated"
    OVERDUE = "overdue"
    UNDATED = "undated"
    DROPPED = "dropped"
    UNRESOLVED = "unresolved"
    CYCLIC = "cyclic"
    UNKNOWN = "unknown"


class Because(StrEnum):
    """What decided a forecast: something below or before the node, or a fact of its own."""

    NEED = "need"
    CHILD = "child"
    SHIPS_WITH = "ships_with"
    LEAF = "leaf"
    DUE = "due"
    SPRINT = "sprint"
    RELEASE_DATE = "release_date"
    NO_DATE = "no_date"
    FINISHED = "finished"
    STATUS = "status"
    DELETED = "deleted"
    MOVED = "moved"
    ABSENT = "absent"
    CANCELLED = "cancelled"
    UNKNOWN_NAME = "unknown_name"
    AMBIGUOUS_NAME = "ambiguous_name"
    NOT_WORK = "not_work"
    CYCLE = "cycle"


@dataclass(frozen=True, slots=True, order=True)
class Lag:
    """Days between a finish and what may follow: calendar days, or working days where a calendar is named."""

    days: int = 0
    calendar: str = EVERY_DAY

    def __bool__(self) -> bool:
        return self != NO_LAG

    def after(self, day: date, calendars: Mapping[str, Calendar]) -> date:
        """The first day on which what follows may begin. A calendar that is not known works Monday to Friday."""
        if self.calendar != EVERY_DAY:
            return calendars.get(self.calendar, Calendar()).after(day, self.days)
        return day + timedelta(min(self.days, (date.max - day).days))

    def before(self, day: date, calendars: Mapping[str, Calendar]) -> date:
        """The latest finish after which what follows may begin on or before a day; ``after`` backwards."""
        if self.calendar != EVERY_DAY:
            return calendars.get(self.calendar, Calendar()).before(day, self.days)
        return day - timedelta(min(self.days, (day - date.min).days))


NO_LAG = Lag()


@dataclass(frozen=True, slots=True)
class Counts:
    """The open work directly below a node. ``blocked`` waits for something that supports nothing."""

    open: int = 0
    undated: int = 0
    overdue: int = 0
    blocked: int = 0

    @property
    def doubtful(self) -> bool:
        return bool(self.undated or self.overdue or self.blocked)


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """The finish of one node.

    ``day`` is the finish when dated or done (with its lag for deals and savings), the day that passed when overdue, and
    None otherwise. ``next`` is the forecast that decided this one; following it leads to the cause. The ``lag`` lies
    between the two, ``need_owner`` looks after the need that leads from one to the other, and ``takes_days`` is the
    duration that follows. ``sources`` names every source that the forecast rests on, beyond the chain too.
    """

    node: str
    state: ForecastState
    day: date | None
    because: Because
    next: "Forecast | None" = field(default=None, repr=False)
    lag: Lag = NO_LAG
    takes_days: int = 0
    counts: Counts = Counts()
    sources: frozenset[str] = NOWHERE
    wanted: str = ""
    """The name as somebody wrote it, where it leads to no node."""
    need_owner: str | None = None

    def path(self) -> Iterator["Forecast"]:
        """This forecast and those that decided it, the effect first and the cause last."""
        current: Forecast | None = self
        while current is not None:
            yield current
            current = current.next

    @property
    def chain(self) -> tuple[str, ...]:
        """The ids of the nodes on the path."""
        return tuple(each.node for each in self.path())

    @property
    def cause(self) -> "Forecast":
        """The last of the path: what binds."""
        last = self
        while last.next is not None:
            last = last.next
        return last

    @property
    def supports_nothing(self) -> bool:
        return self.state in SUPPORTS_NOTHING

    @property
    def dropped_itself(self) -> bool:
        """It will never be delivered; what merely waits for such a thing is blocked, not dropped."""
        return self.state is ForecastState.DROPPED and self.next is None


def alike(one: Forecast, other: Forecast) -> bool:
    """Whether two forecasts of a node say the same, by the same chain."""
    if one is other:
        return True
    same = (one.node, one.state, one.day, one.because, one.lag, one.takes_days) == (
        other.node,
        other.state,
        other.day,
        other.because,
        other.lag,
        other.takes_days,
    )
    rest = (one.counts, one.sources, one.wanted, one.need_owner)
    if not same or rest != (other.counts, other.sources, other.wanted, other.need_owner):
        return False
    if one.next is None or other.next is None:
        return one.next is other.next
    return alike(one.next, other.next)


SUPPORTS_NOTHING = frozenset(
    {
        ForecastState.DROPPED,
        ForecastState.UNRESOLVED,
        ForecastState.CYCLIC,
        ForecastState.OVERDUE,
        ForecastState.UNDATED,
    }
)

_NO_NODE = frozenset({Because.UNKNOWN_NAME, Because.AMBIGUOUS_NAME, Because.NOT_WORK})


def owner_of_nothing(forecast: Forecast) -> str | None:
    """Who looks after the need itself, where that is what is wrong: it leads to nothing that could finish.

    Nobody else can mend the dependency; a late or dropped prerequisite stays with whoever gave the commitment.
    """
    last = next((each for each in forecast.path() if each.next is forecast.cause), None)
    return last.need_owner if last is not None and forecast.cause.because in _NO_NODE else None


_GRAVITY = {
    state: rank
    for rank, state in enumerate(
        (
            ForecastState.UNKNOWN,
            ForecastState.DROPPED,
            ForecastState.UNRESOLVED,
            ForecastState.CYCLIC,
            ForecastState.OVERDUE,
            ForecastState.UNDATED,
            ForecastState.DATED,
            ForecastState.DONE,
        )
    )
}


def gravest(forecasts: Iterable[Forecast]) -> Forecast | None:
    """The forecast that weighs most against a promise; of equal ones the oldest day, then the smallest node."""
    return min(forecasts, key=lambda each: (_GRAVITY[each.state], each.day or date.max, each.node), default=None)


@dataclass(frozen=True, slots=True)
class Forecasts:
    """All forecasts of one run, and the cycles that the plan contains, by the smallest node of each.

    ``inside`` is what counts of work inside a release, where that differs: without the dates of its releases.
    """

    by_node: Mapping[str, Forecast]
    cycles: Mapping[str, Cycle] = field(default_factory=dict)
    inside: Mapping[str, Forecast] = field(default_factory=dict)

    def get(self, node: str) -> Forecast | None:
        return self.by_node.get(node)

    @property
    def unknown_records(self) -> frozenset[str]:
        """Records that cannot be seen, for a reason that proves nothing about them."""
        return frozenset(
            node
            for node, forecast in self.by_node.items()
            if forecast.state is ForecastState.UNKNOWN and forecast.because is Because.ABSENT
        )


def settled_work(item: PlanWork, absence: Absence | None) -> Forecast | None:
    """The forecast of work whose fate does not depend on other work; None for open work.

    What is archived keeps the end it had reached; what is otherwise out of sight is unknown (traps D.2).
    """
    ended = absence is None or absence is Absence.ARCHIVED
    if ended and item.category is StatusCategory.DONE:
        return Forecast(item.id, ForecastState.DONE, item.finished, Because.FINISHED, sources=only_source(item.source))
    if ended and item.category is StatusCategory.DROPPED:
        return Forecast(item.id, ForecastState.DROPPED, None, Because.STATUS, sources=only_source(item.source))
    return _gone(item.id, item.source, absence)


def settled_release(release: Release, absence: Absence | None, today: date) -> Forecast | None:
    """The forecast of a release that is out, gone or out of sight; None for one that is still to come."""
    if release.released and absence in (None, Absence.ARCHIVED):
        day = release.release_date if release.release_date and release.release_date <= today else None
        return Forecast(release.id, ForecastState.DONE, day, Because.FINISHED, sources=only_source(release.source))
    return _gone(release.id, release.source, Absence.ARCHIVED if release.archived and absence is None else absence)


def _gone(node: str, source: str, absence: Absence | None) -> Forecast | None:
    match absence:
        case None:
            return None
        case Absence.DELETED:
            return Forecast(node, ForecastState.DROPPED, None, Because.DELETED, sources=only_source(source))
        case Absence.MOVED:
            # It left what is read: nobody can tell any more when it ends, and that is certain.
            return Forecast(node, ForecastState.UNRESOLVED, None, Because.MOVED, sources=only_source(source))
    return Forecast(node, ForecastState.UNKNOWN, None, Because.ABSENT, sources=only_source(source))


@cache
def only_source(name: str) -> frozenset[str]:
    """One source as the sources of a forecast; the same value each time."""
    return frozenset((name,))


@lru_cache(maxsize=4096)
def together(sources: frozenset[str], others: frozenset[str]) -> frozenset[str]:
    """The sources of both; many forecasts rest on the same few and share one value."""
    return sources if others <= sources else others if sources <= others else sources | others
