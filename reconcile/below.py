"""What lies below a node, reduced to what its forecast needs: the latest finish, what is in doubt, what is over."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from model.keys import source_of
from model.network import RollUp
from reconcile.forecast import NOWHERE, Because, Counts, Forecast, ForecastState, gravest, only_source, together


@dataclass(slots=True)
class Below:
    """Gathers the forecasts of children and the roll-up of everything else below one node.

    A child that was dropped itself is ignored. A child that supports nothing is counted, and decides only where
    nothing below has a date.
    """

    latest: Forecast | None = None
    finished: date | None = None
    unknown: Forecast | None = None
    sources: frozenset[str] = NOWHERE
    done: int = 0
    dropped: int = 0
    open: int = 0
    undated: int = 0
    overdue: int = 0
    blocked: int = 0
    doubtful: list[Forecast] = field(default_factory=list)

    def add(self, child: Forecast) -> None:
        if child.sources is not self.sources:
            self.sources = together(self.sources, child.sources)
        if child.dropped_itself:
            self.dropped += 1
            return
        if child.state is ForecastState.DONE:
            self.done += 1
            self._finish(child.day)
            return
        self.open += 1
        match child.state:
            case ForecastState.DATED:
                self.consider(child)
            case ForecastState.UNKNOWN:
                self.unknown = self.unknown or child
            case ForecastState.UNDATED if child.because is not Because.NEED:
                self.undated += 1
                self.doubtful.append(child)
            case ForecastState.OVERDUE if child.because is not Because.NEED:
                self.overdue += 1
                self.doubtful.append(child)
            case _:
                self.blocked += 1
                self.doubtful.append(child)

    def add_rollup(self, rollup: RollUp | None) -> None:
        """Add the counts and the dates of work that comes rolled up."""
        if rollup is None:
            return
        self.done += rollup.done
        self.dropped += rollup.dropped
        self.open += rollup.open
        self.undated += rollup.undated
        self.overdue += rollup.overdue
        self._finish(rollup.finished)
        self.consider_latest(rollup)
        if rollup.overdue_record and rollup.oldest_overdue:
            self.doubtful.append(_leaf(rollup.overdue_record, ForecastState.OVERDUE, rollup.oldest_overdue))
            self.sources = together(self.sources, self.doubtful[-1].sources)

    def consider_latest(self, rollup: RollUp | None) -> None:
        """Take only the latest date of a roll-up, where the same work is counted elsewhere."""
        if rollup is not None and rollup.latest and rollup.latest_record:
            leaf = _leaf(rollup.latest_record, ForecastState.DATED, rollup.latest)
            self.sources = together(self.sources, leaf.sources)
            self.consider(leaf)

    def consider(self, child: Forecast) -> None:
        """Keep the later; of two on one day the shorter chain, then the smaller id, so that order never matters."""
        latest = self.latest
        if latest is None or (_rank(child), latest.node) > (_rank(latest), child.node):
            self.latest = child

    def _finish(self, day: date | None) -> None:
        if day and (self.finished is None or day > self.finished):
            self.finished = day

    @property
    def counts(self) -> Counts:
        return _counts(self.open, self.undated, self.overdue, self.blocked)


@lru_cache(maxsize=4096)
def _counts(open_: int, undated: int, overdue: int, blocked: int) -> Counts:
    return Counts(open_, undated, overdue, blocked)


def _rank(child: Forecast) -> tuple[date, bool]:
    return (child.day or date.min, child.next is None)


def _leaf(node: str, state: ForecastState, day: date) -> Forecast:
    return Forecast(node, state, day, Because.LEAF, sources=only_source(source_of(node)))


def contained(
    node: str, dates: Sequence[Forecast], below: Below, *, source: str | None, all_done: bool = False
) -> Forecast:
    """The forecast of an open node from its own dates and what lies below it.

    ``dates`` are its own dates as forecasts, dated or overdue; a later own date stands, an earlier one never hides a
    later child (design 5.2). With ``all_done`` a node is done when everything below it is.
    """
    sources = together(below.sources, only_source(source)) if source else below.sources
    if below.unknown is not None:
        return Forecast(node, ForecastState.UNKNOWN, None, Because.CHILD, below.unknown, sources=sources)
    own = max((each for each in dates if each.state is ForecastState.DATED), key=_rank, default=None)
    latest = below.latest

    def made(state: ForecastState, day: date | None, because: Because, decided_by: Forecast | None) -> Forecast:
        return Forecast(node, state, day, because, decided_by, counts=below.counts, sources=sources)

    if own is not None and (latest is None or _day(own) >= _day(latest)):
        return made(ForecastState.DATED, own.day, own.because, own.next)
    if latest is not None:
        return made(ForecastState.DATED, latest.day, Because.CHILD, latest)
    passed = gravest(each for each in dates if each.state is ForecastState.OVERDUE)
    if passed is not None:
        return made(ForecastState.OVERDUE, passed.day, passed.because, passed.next)
    worst = gravest(below.doubtful)
    if worst is not None:
        return made(worst.state, worst.day, Because.CHILD, worst)
    if all_done and below.done and not below.open:
        return made(ForecastState.DONE, below.finished, Because.FINISHED, None)
    if all_done and below.dropped and not below.open:
        return made(ForecastState.DROPPED, None, Because.STATUS, None)
    return made(ForecastState.UNDATED, None, Because.NO_DATE, None)


def _day(forecast: Forecast) -> date:
    return forecast.day or date.min
