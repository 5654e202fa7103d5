"""The forward pass over the plan network: every node gets its forecast after all it waits for (design 5.2, 5.3)."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import reduce

from model.calendars import Calendar
from model.network import DateSource, PlanWork
from model.objectives import Objective, StageGate
from reconcile.again import Again
from reconcile.amended import GONE, amended
from reconcile.arrangement import Cycle, arrange
from reconcile.below import Below, contained
from reconcile.forecast import (
    NOWHERE,
    Because,
    Forecast,
    Forecasts,
    ForecastState,
    gravest,
    only_source,
    settled_release,
    settled_work,
    together,
)
from reconcile.network import Edge, Network, Obstacle, is_started, planned_days

NO_CALENDARS: Mapping[str, Calendar] = {}
NOTHING: frozenset[str] = frozenset()
_DATES = {DateSource.DUE: Because.DUE, DateSource.SPRINT: Because.SPRINT}
_OBSTACLES = {
    Obstacle.UNKNOWN_NAME: Because.UNKNOWN_NAME,
    Obstacle.AMBIGUOUS_NAME: Because.AMBIGUOUS_NAME,
    Obstacle.NOT_WORK: Because.NOT_WORK,
}


def propagate(network: Network, today: date, calendars: Mapping[str, Calendar] = NO_CALENDARS) -> Forecasts:
    """Forecast every node; ``calendars`` are those that lags count by. Linear in nodes and edges."""
    return _Pass(network, today, calendars).run()


def propagate_again(
    network: Network,
    earlier: Forecasts,
    nodes: AbstractSet[str],
    changed: AbstractSet[str],
    today: date,
    calendars: Mapping[str, Calendar] = NO_CALENDARS,
) -> Forecasts:
    """Forecast these nodes anew, with everything that rests on them among them; the others stay as they were.

    Of the nodes only those are worked out about which something is different themselves (``changed``), and those that
    wait for one whose forecast moved. What turns out as it was stays the same object, so that a comparison by identity
    tells what moved.
    """
    going = _Pass(network, today, calendars, Again(earlier.by_node, earlier.inside), Again(earlier.by_node, {}))
    found = going.run(nodes, changed)
    by_node = {node: found.by_node.get(node, GONE) for node in nodes}
    changed_inside = {
        node: found.inside.get(node, GONE) for node in nodes if node in earlier.inside or node in found.inside
    }
    cycles = {first: cycle for first, cycle in earlier.cycles.items() if nodes.isdisjoint(cycle.nodes)}
    return Forecasts(
        amended(earlier.by_node, {node: value for node, value in by_node.items() if earlier.get(node) is not value}),
        cycles | dict(found.cycles),
        amended(earlier.inside, changed_inside),
    )


@dataclass(slots=True)
class _Pass:
    """The state of one pass.

    Work has two forecasts. ``by_work`` leaves the dates of its releases out: it is what counts inside a release, whose
    date must not stand for its own members. ``by_policy`` follows the whole date policy: it is what others see.
    """

    network: Network
    today: date
    calendars: Mapping[str, Calendar]
    by_work: dict[str, Forecast] = field(default_factory=dict)
    by_policy: dict[str, Forecast] = field(default_factory=dict)
    shipping: dict[str, list[Forecast]] = field(default_factory=dict)

    def run(self, nodes: AbstractSet[str] | None = None, changed: AbstractSet[str] = NOTHING) -> Forecasts:
        """Forecast everything, or these nodes where the readings know the rest."""
        before: dict[str, list[str]] = {}
        for node in self.network.inner() if nodes is None else filter(self.network.is_inner, nodes):
            settled = self._settled(node)
            if settled is None:
                before[node] = self._waits_for(node)
            else:
                self.by_work[node] = self.by_policy[node] = settled
        arrangement = arrange(before)
        for cycle in arrangement.cycles:
            self._mark(cycle)
        for node in arrangement.order:
            if node in self.by_policy:
                continue
            if nodes is None or node in changed or self._moved(before[node]):
                self._forecast(node)
            else:
                self.by_work[node], self.by_policy[node] = self.by_work[node], self.by_policy[node]  # as it was
        for node in self.network.sinks() if nodes is None else filter(self.network.is_sink, sorted(nodes)):
            if node not in self.network.edges:
                continue
            if nodes is None or node in changed or self._moved(self._delivering(node)):
                self.by_policy[node] = self._sink(node)
            else:
                self.by_policy[node] = self.by_policy[node]  # as it was
        inside = {node: work for node, work in self.by_work.items() if work is not self.by_policy[node]}
        return Forecasts(self.by_policy, {cycle.nodes[0]: cycle for cycle in arrangement.cycles}, inside)

    def _moved(self, nodes: Iterable[str]) -> bool:
        """Whether one of these says something else than before this pass."""
        both = [each for each in (self.by_policy, self.by_work) if isinstance(each, Again)]
        return any(each.moved(node) for node in nodes for each in both)

    def _delivering(self, node: str) -> Iterator[str]:
        """What a deal or a saving waits for, and the releases with which that comes."""
        for edge in self.network.edges[node]:
            yield edge.to
            own = self.network.own.get(edge.to)
            if own is not None and own.release is not None:
                yield own.release

    def _settled(self, node: str) -> Forecast | None:
        absence = self.network.absences.get(node)
        if (item := self.network.work.get(node)) is not None:
            return settled_work(item, absence[0] if absence else None)
        if node in self.network.releases:
            return settled_release(self.network.releases[node], absence[0] if absence else None, self.today)
        return _settled_objective(node, self.network.objectives[node])

    def _waits_for(self, node: str) -> list[str]:
        children = self.network.children.get(node, ())
        return [*children, *[edge.to for edge in self._binding_edges(node) if edge.obstacle is None]]

    def _binding_edges(self, node: str) -> Iterable[Edge]:
        item = self.network.work.get(node)
        return () if item is not None and is_started(item) else self.network.edges.get(node, ())

    def _mark(self, cycle: Cycle) -> None:
        """Every node of a cycle leads to its smallest, so that all effects have one cause."""
        sources = frozenset(source for node in cycle.nodes if (source := self._source(node)))
        first = Forecast(cycle.nodes[0], ForecastState.CYCLIC, None, Because.CYCLE, sources=sources)
        for node in cycle.nodes:
            following = Forecast(node, ForecastState.CYCLIC, None, Because.CYCLE, first, sources=sources)
            self.by_work[node] = self.by_policy[node] = first if node == first.node else following

    def _source(self, node: str) -> str | None:
        record = self.network.work.get(node) or self.network.releases.get(node)
        return record.source if record else None

    def _forecast(self, node: str) -> None:
        item = self.network.work.get(node)
        if item is None:
            forecast = self._release(node) if node in self.network.releases else self._objective(node)
            self.by_work[node] = self.by_policy[node] = forecast
            return
        contains = node in self.network.children or node in self.network.parents_work
        self.by_work[node] = work = self._work(item) if contains else self._pushed(self._by_own_date(item), item)
        if not contains and not self.network.own[node].release and node not in self.network.parents_policy:
            self.by_policy[node] = work
        else:
            self.by_policy[node] = self._work_by_policy(item)

    def _work(self, item: PlanWork) -> Forecast:
        below = self._below(item.id, self.by_work)
        below.add_rollup(self.network.parents_work.get(item.id))
        return self._pushed(contained(item.id, self._own_dates(item), below, source=item.source), item)

    def _work_by_policy(self, item: PlanWork) -> Forecast:
        """A release's date stands for its members, but never hides a later date of the work itself."""
        node = item.id
        below = self._below(node, self.by_policy)
        policy, work = self.network.parents_policy.get(node), self.network.parents_work.get(node)
        below.add_rollup(policy or work)
        below.consider_latest(work)
        dates = self._own_dates(item)
        if (release := self.network.own[node].release) is not None:
            # The release stands in for an own date that has passed: the policy prefers it.
            dates = [each for each in dates if each.state is ForecastState.DATED]
            dates += self._ships_with(release)
        return self._pushed(contained(node, dates, below, source=item.source), item)

    def _ships_with(self, release: str) -> list[Forecast]:
        """The date of a release as a date of its members; the same value for all of them."""
        if release not in self.shipping:
            dates = self._dated(release, self.network.releases[release].release_date, Because.RELEASE_DATE)
            self.shipping[release] = [replace(each, because=Because.SHIPS_WITH, next=each) for each in dates]
        return self.shipping[release]

    def _by_own_date(self, item: PlanWork) -> Forecast:
        """What ``contained`` says of work that contains nothing."""
        own, sources = self.network.own[item.id], only_source(item.source)
        if own.work is None:
            return Forecast(item.id, ForecastState.UNDATED, None, Because.NO_DATE, sources=sources)
        state = ForecastState.OVERDUE if own.work < self.today else ForecastState.DATED
        return Forecast(item.id, state, own.work, _DATES[own.source], sources=sources)

    def _own_dates(self, item: PlanWork) -> list[Forecast]:
        own = self.network.own[item.id]
        return self._dated(item.id, own.work, _DATES[own.source])

    def _dated(self, node: str, day: date | None, because: Because) -> list[Forecast]:
        if day is None:
            return []
        state = ForecastState.OVERDUE if day < self.today else ForecastState.DATED
        source = self._source(node)
        return [Forecast(node, state, day, because, sources=only_source(source) if source else NOWHERE)]

    def _below(self, node: str, readings: Mapping[str, Forecast]) -> Below:
        below = Below()
        for child in self.network.children.get(node, ()):
            below.add(readings[child])
        return below

    def _release(self, node: str) -> Forecast:
        release = self.network.releases[node]
        below = self._below(node, self.by_work)
        below.add_rollup(self.network.members.get(node))
        dates = self._dated(node, release.release_date, Because.RELEASE_DATE)
        return self._pushed(contained(node, dates, below, source=release.source), None)

    def _objective(self, node: str) -> Forecast:
        """The latest of what delivers it; it has no date of its own, for its target is a commitment."""
        below = Below()
        policy = self.network.delivery_policy.get(node)
        work = self.network.delivery_work.get(node)
        below.add_rollup(policy or work)
        below.consider_latest(work)
        children = self.network.children.get(node, ())
        for child in children:
            if child in self.network.objectives:
                below.add(self.by_policy[child])
        counted = below.counts
        for child in children:
            if child not in self.network.objectives:
                below.add(self.by_policy[child])
        if policy or work:
            # The roll-up has counted the linked spine already.
            below.open, below.undated, below.overdue = counted.open, counted.undated, counted.overdue
        forecast = contained(node, (), below, source=None, all_done=True)
        nothing_delivers = not (below.open or below.done or below.dropped)
        return self._pushed(forecast, None, first_date=nothing_delivers)

    def _pushed(self, base: Forecast, item: PlanWork | None, *, first_date: bool = False) -> Forecast:
        """Apply what the node needs: it begins after that and keeps its duration; slack absorbs.

        A date that has passed gives way to a need only where the duration is known; without one, ``overdue`` stays the
        honest word. ``first_date`` lets the need be the only date, for objectives that nothing delivers.
        """
        if base.state is ForecastState.UNKNOWN:
            return base
        readings = [
            (reading, edge)
            for edge in self._binding_edges(base.node)
            if (reading := self._needed(edge, item)) is not None
        ]
        if not readings:
            return base
        sources = _all_sources(base.sources, readings)
        worst = gravest(reading for reading, _ in readings)
        if worst is not None and (worst.supports_nothing or worst.state is ForecastState.UNKNOWN):
            held = replace(base, state=worst.state, day=None, because=Because.NEED, next=worst, sources=sources)
            return replace(held, need_owner=_owner(worst, readings))
        if sources is not base.sources:
            base = replace(base, sources=sources)
        duration = planned_days(item)
        best = base
        for reading, edge in readings:
            if reading.day is None:
                continue
            begin = edge.lag.after(reading.day, self.calendars)
            if item is not None and item.start is not None:
                begin = max(begin, item.start)
            finish = begin + timedelta(duration or 0)
            if self._gives_way(best, finish, first_date=first_date, known=duration is not None):
                best = replace(
                    base,
                    state=ForecastState.DATED,
                    day=finish,
                    because=Because.NEED,
                    next=reading,
                    lag=edge.lag,
                    need_owner=edge.owner,
                    takes_days=duration or 0,
                )
        return best

    def _gives_way(self, best: Forecast, finish: date, *, first_date: bool, known: bool) -> bool:
        match best.state:
            case ForecastState.DATED:
                return best.day is None or finish > best.day
            case ForecastState.OVERDUE:
                return known and finish >= self.today
            case ForecastState.UNDATED:
                return first_date
            case ForecastState.DONE:
                return finish > self.today
        return False

    def _needed(self, edge: Edge, item: PlanWork | None) -> Forecast | None:
        """What a node sees of one thing it needs; None when that does not hold it up.

        Two members of one release both ship with it, so inside a release only the dates of the work itself count: a
        member that has none, or whose own has passed, is in time for the release by the date policy.
        """
        if edge.obstacle is not None:
            return self._obstructed(edge)
        policy = self.by_policy[edge.to]
        other = self.network.own.get(edge.to)
        if item is None or other is None or not other.releases & self.network.own[item.id].releases:
            return policy
        work = self.by_work[edge.to]
        undecided = work.state in (ForecastState.UNDATED, ForecastState.OVERDUE) and work.because is not Because.NEED
        return None if undecided and policy.state is ForecastState.DATED else work

    def _obstructed(self, edge: Edge) -> Forecast:
        # As long as one source is not completely read, an unknown name may lie in what was not read (design 5.12).
        known = self.network.complete or edge.obstacle is not Obstacle.UNKNOWN_NAME
        state = ForecastState.UNRESOLVED if known else ForecastState.UNKNOWN
        because = _OBSTACLES[edge.obstacle or Obstacle.UNKNOWN_NAME]
        return Forecast(edge.to, state, None, because, wanted=edge.wanted)

    def _sink(self, node: str) -> Forecast:
        """When a promise can be kept, or a saving begin: after the latest thing it needs, and the lag behind it."""
        readings = [(self._delivered(edge), edge) for edge in self.network.edges[node]]
        sources = _all_sources(NOWHERE, readings)
        worst = gravest(reading for reading, _ in readings)
        if worst is not None and (worst.supports_nothing or worst.state is ForecastState.UNKNOWN):
            who = _owner(worst, readings)
            return Forecast(node, worst.state, None, Because.NEED, worst, sources=sources, need_owner=who)
        best: Forecast | None = None
        for reading, edge in readings:
            day = edge.lag.after(reading.day, self.calendars) if reading.day else None
            over = reading.state is ForecastState.DONE and (day is None or day <= self.today)
            state = ForecastState.DONE if over else ForecastState.DATED
            made = Forecast(node, state, day, Because.NEED, reading, edge.lag, sources=sources, need_owner=edge.owner)
            if best is None or _later(made, best):
                best = made
        if best is None:
            raise ValueError(f"{node} needs nothing")
        return best

    def _delivered(self, edge: Edge) -> Forecast:
        """What somebody outside sees of work that ships with a release: not before the release itself is out."""
        if edge.obstacle is not None:
            return self._obstructed(edge)
        base, own = self.by_policy[edge.to], self.network.own.get(edge.to)
        open_states = (ForecastState.DATED, ForecastState.OVERDUE, ForecastState.UNDATED)
        blocked = base.supports_nothing and base.because is Because.NEED
        if own is None or own.release is None or base.state not in open_states or blocked:
            return base
        shipping = self.by_policy[own.release]
        sources = together(base.sources, shipping.sources)
        dated = base.state is ForecastState.DATED
        if dated and shipping.state is ForecastState.OVERDUE:
            return base
        if dated and shipping.state is ForecastState.DATED and _day(shipping) <= _day(base):
            return replace(base, sources=sources)
        return Forecast(base.node, shipping.state, shipping.day, Because.SHIPS_WITH, shipping, sources=sources)


def _settled_objective(node: str, objective: Objective) -> Forecast | None:
    match objective.stage_gate:
        case StageGate.CANCELLED:
            return Forecast(node, ForecastState.DROPPED, None, Because.CANCELLED)
        case StageGate.CLOSED:
            return Forecast(node, ForecastState.DONE, None, Because.FINISHED)
    return None


def _all_sources(sources: frozenset[str], readings: Iterable[tuple[Forecast, Edge]]) -> frozenset[str]:
    return reduce(together, (reading.sources for reading, _ in readings), sources)


def _owner(reading: Forecast, readings: Iterable[tuple[Forecast, Edge]]) -> str | None:
    """Who looks after the need that brought this reading."""
    return next((edge.owner for each, edge in readings if each is reading and edge.owner), None)


def _later(one: Forecast, other: Forecast) -> bool:
    """Whether the first decides: what is still to come before what is over, then the later day, then the smaller id."""

    def rank(forecast: Forecast) -> tuple[bool, date]:
        return (forecast.state is ForecastState.DATED, _day(forecast))

    if rank(one) != rank(other):
        return rank(one) > rank(other)
    return one.next is not None and other.next is not None and one.next.node < other.next.node


def _day(forecast: Forecast) -> date:
    return forecast.day or date.min
