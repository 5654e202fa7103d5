"""The backward pass over the plan network: by when each node is needed, for whose sake, and how much float is left.

It mirrors the forward pass step by step (design 5.3): needs with their lags, durations, children and releases. What
the forward pass does not push, such as work that has started, is not asked to be earlier either.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from model.calendars import Calendar
from model.network import RollUp
from model.objectives import Objective, StageGate
from model.records import Outcome
from reconcile.baselines import objective_baselines
from reconcile.forecast import Because, Forecast, Forecasts, ForecastState
from reconcile.impact import planned_start
from reconcile.network import Edge, Network, is_started, planned_days

_ENDED = frozenset({ForecastState.DONE, ForecastState.DROPPED, ForecastState.UNRESOLVED, ForecastState.UNKNOWN})

_MOST_APART = 64
"""From how many answers on the next question is taken for one of many."""


@dataclass(frozen=True, slots=True, eq=False)
class NeedBy:
    """By when a node must be finished so that a commitment can be kept.

    ``toward`` is the next node on the way to the commitment, which is the last of them: a deal, a saving or an
    objective with the date that it committed to.
    """

    node: str
    day: date
    toward: "NeedBy | None" = field(default=None, repr=False)

    def path(self) -> Iterator["NeedBy"]:
        """This node and those that wait for it, the commitment last."""
        current: NeedBy | None = self
        while current is not None:
            yield current
            current = current.toward

    @property
    def commitment(self) -> "NeedBy":
        last = self
        while last.toward is not None:
            last = last.toward
        return last


@dataclass(frozen=True, slots=True)
class Float:
    """How many days a node may still slip: ``days`` from ``forecast`` to the day it is needed by; negative is late.

    ``days`` is None where nothing says when the node will be finished.
    """

    need_by: NeedBy
    forecast: date | None
    days: int | None


def committed_day(objective: Objective) -> date | None:
    """The day an objective is committed to: its baseline in force; None while it is on hold."""
    in_force = objective_baselines(objective).in_force
    return in_force.target if in_force is not None and objective.stage_gate is not StageGate.ON_HOLD else None


def hands_nothing_on(forecast: Forecast | None) -> bool:
    """What has ended or cannot be seen asks nothing of others; a circle has no beginning to ask for."""
    if forecast is None or forecast.because is Because.CYCLE:
        return True
    return forecast.next is None and forecast.state in _ENDED


@dataclass(frozen=True)
class Floats:
    """The float of every node that some commitment needs; worked out when it is first asked for.

    Commitments are the promised days of deals, the planned starts of savings and the baselines in force of objectives.
    With ``late_by`` only these objectives count, by their nodes, and each may be so many days late.

    Where only a few nodes will be asked about, ``asking`` gives some nodes with all that may ask them: then nothing
    else is gone through. Each question is one pass over its own surroundings, so that several are better announced
    together; after many single ones everything that is ``likely`` to be asked about is gone through at once.
    """

    network: Network
    forecasts: Forecasts
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    late_by: Mapping[str, int] | None = None
    asking: Callable[[Iterable[str]], AbstractSet[str]] | None = None
    likely: AbstractSet[str] = frozenset()
    _parts: dict[str, "_Backward"] = field(default_factory=dict, init=False, repr=False, compare=False)

    def get(self, node: str) -> Float | None:
        """The smallest float of a node; None where no commitment needs it."""
        return min(self._readings(node), key=_tightest, default=None)

    def announce(self, nodes: Iterable[str]) -> None:
        """Say what will be asked about, so that it is worked out together."""
        asked = {node for node in nodes if node not in self._parts}
        if self.asking is not None and asked:
            self._parts.update(dict.fromkeys(asked, self._gone_through(self.asking(asked))))

    def forget(self) -> None:
        """Let go of what was worked out; who asks later has it worked out again."""
        self.__dict__.pop("_backward", None)
        self._parts.clear()

    def __iter__(self) -> Iterator[str]:
        """Every node that has a float, in no particular order."""
        found = self._backward
        return iter(found.policy.keys() | found.work.keys() | found.dates.keys() | found.leaves.keys())

    def _about(self, node: str) -> "_Backward":
        if self.asking is None:
            return self._backward
        if node not in self._parts:
            many = len(self._parts) >= _MOST_APART
            self.announce((node, *self.likely) if many else (node,))
        return self._parts[node]

    @cached_property
    def _backward(self) -> "_Backward":
        return self._gone_through(None)

    def _gone_through(self, within: AbstractSet[str] | None) -> "_Backward":
        backward = _Backward(self.network, self.forecasts, self.calendars, within)
        if self.late_by is None:
            backward.ask_for_sinks()
        backward.ask_for_targets(self.late_by)
        backward.run()
        return backward

    def _readings(self, node: str) -> Iterator[Float]:
        """A node is needed in up to four ways: as it is seen, inside a release, by its own date, in a roll-up."""
        found, forecasts = self._about(node), self.forecasts
        seen = forecasts.get(node)
        if (need_by := found.policy.get(node)) is not None:
            yield _float(need_by, _finish(seen))
        if (need_by := found.shipped.get(node)) is not None:
            release = self.network.own[node].release
            yield _float(need_by, _later(_finish(seen), _finish(forecasts.get(release) if release else None)))
        if (need_by := found.work.get(node)) is not None:
            yield _float(need_by, _finish(forecasts.inside.get(node, seen)))
        if (need_by := found.dates.get(node)) is not None:
            yield _float(need_by, self.network.releases[node].release_date)
        yield from (_float(need_by, day) for need_by, day in found.leaves.get(node, ()))


def _float(need_by: NeedBy, day: date | None) -> Float:
    return Float(need_by, day, (need_by.day - day).days if day else None)


def _finish(forecast: Forecast | None) -> date | None:
    """The day on which something is or will be finished; a day that passed while it is open says nothing."""
    return forecast.day if forecast and forecast.state in (ForecastState.DATED, ForecastState.DONE) else None


def _later(one: date | None, other: date | None) -> date | None:
    return max(one, other) if one and other else one or other


def _tightest(each: Float) -> tuple[bool, int, date, str]:
    return (each.days is None, each.days or 0, each.need_by.day, each.need_by.node)


@dataclass(slots=True)
class _Backward:
    """The state of one pass. A node's reading inside a release is asked for apart from the one that others see."""

    network: Network
    forecasts: Forecasts
    calendars: Mapping[str, Calendar]
    within: AbstractSet[str] | None = None
    policy: dict[str, NeedBy] = field(default_factory=dict)
    work: dict[str, NeedBy] = field(default_factory=dict)
    shipped: dict[str, NeedBy] = field(default_factory=dict)
    """Work that a deal or a saving waits for: it comes with its release."""
    dates: dict[str, NeedBy] = field(default_factory=dict)
    """Releases whose date stands for work that others need."""
    leaves: dict[str, list[tuple[NeedBy, date | None]]] = field(default_factory=dict)
    """Work that only a roll-up names."""

    def run(self) -> None:
        for node in self._order([*self.policy]):
            self._hand_on(node)

    def ask_for_sinks(self) -> None:
        for commitment, edges in self._sinks():
            for edge in edges:
                self._ask_delivered(edge, commitment)
        for node, need_by in self.shipped.items():
            if (release := self.network.own[node].release) is not None:
                self._ask(self.policy, release, NeedBy(release, need_by.day, need_by))

    def ask_for_targets(self, late_by: Mapping[str, int] | None) -> None:
        objectives = self.network.objectives
        for node in self._among(objectives) if late_by is None else late_by:
            day = committed_day(objectives[node])
            if day is not None and not self._hands_nothing_on(node):
                late = min(late_by[node] if late_by else 0, (date.max - day).days)
                self._ask(self.policy, node, NeedBy(node, day + timedelta(late)))

    def _sinks(self) -> Iterator[tuple[NeedBy, tuple[Edge, ...]]]:
        """Promised days and planned starts, with what they wait for."""
        network = self.network
        for deal in map(network.deals.__getitem__, self._among(network.deals)):
            if deal.promised_date is not None and deal.outcome is not Outcome.LOST and deal.id in network.edges:
                yield NeedBy(deal.id, deal.promised_date), network.edges[deal.id]
        for saving in map(network.savings.__getitem__, self._among(network.savings)):
            start = planned_start(saving) if saving.id in network.edges else None
            if start is not None:
                yield NeedBy(saving.id, start), network.edges[saving.id]

    def _ask_delivered(self, edge: Edge, commitment: NeedBy) -> None:
        if edge.obstacle is not None:
            return
        need_by = NeedBy(edge.to, edge.lag.before(commitment.day, self.calendars), commitment)
        self._ask(self.policy, edge.to, need_by)
        own = self.network.own.get(edge.to)
        if own is not None and own.release is not None and not self._hands_nothing_on(edge.to):
            self._ask(self.shipped, edge.to, need_by)

    def _ask(self, readings: dict[str, NeedBy], node: str, need_by: NeedBy) -> None:
        """Keep the earliest; of two on one day the one for the smaller node, so that order never matters."""
        if self.within is not None and node not in self.within:
            return
        known = readings.get(node)
        if known is None or _rank(need_by) < _rank(known):
            readings[node] = need_by

    def _among(self, nodes: Mapping[str, object]) -> Iterable[str]:
        """The nodes of a mapping that are gone through."""
        return nodes if self.within is None else [node for node in sorted(self.within) if node in nodes]

    def _hands_nothing_on(self, node: str) -> bool:
        return hands_nothing_on(self.forecasts.get(node))

    def _waited_for(self, node: str) -> Iterable[str]:
        if self._hands_nothing_on(node):
            return ()
        needed = (edge.to for edge in self._binding_edges(node) if edge.obstacle is None)
        found = (*self.network.children.get(node, ()), *needed)
        return found if self.within is None else [each for each in found if each in self.within]

    def _binding_edges(self, node: str) -> tuple[Edge, ...]:
        item = self.network.work.get(node)
        return () if item is not None and is_started(item) else self.network.edges.get(node, ())

    def _order(self, starts: Iterable[str]) -> Iterator[str]:
        """What the starts wait for, each node before what it waits for itself; ends are left out. Not recursive."""
        finished: list[str] = []
        entered: set[str] = set()
        for start in starts:
            if start in entered:
                continue
            entered.add(start)
            walk = [(start, iter(self._waited_for(start)))]
            while walk:
                node, rest = walk[-1]
                following = next((each for each in rest if each not in entered), None)
                if following is None:
                    walk.pop()
                    if self._has_below(node):
                        finished.append(node)
                else:
                    entered.add(following)
                    walk.append((following, iter(self._waited_for(following))))
        return reversed(finished)

    def _has_below(self, node: str) -> bool:
        network = self.network
        own = network.own.get(node)
        return (
            (own is not None and own.release is not None)
            or node in network.children
            or node in network.edges
            or node in network.parents_work
            or node in network.parents_policy
            or node in network.members
            or node in network.objectives
        )

    def _hand_on(self, node: str) -> None:
        if self._hands_nothing_on(node):
            return
        if (seen := self.policy.get(node)) is not None:
            self._hand_to_children(node, seen, self.work if node in self.network.releases else self.policy)
            self._hand_to_release(node, seen)
            self._hand_to_needs(node, seen)
            self._hand_to_leaves(seen, self._rolled_up(node))
        if (inside := self.work.get(node)) is not None:
            self._hand_to_children(node, inside, self.work)
            self._hand_to_needs(node, inside)
            self._hand_to_leaves(inside, (self.network.parents_work.get(node),))

    def _hand_to_children(self, node: str, need_by: NeedBy, readings: dict[str, NeedBy]) -> None:
        for child in self.network.children.get(node, ()):
            if self.within is None or child in self.within:
                self._ask(readings, child, NeedBy(child, need_by.day, need_by))

    def _hand_to_release(self, node: str, need_by: NeedBy) -> None:
        own = self.network.own.get(node)
        if own is not None and own.release is not None:
            self._ask(self.dates, own.release, NeedBy(own.release, need_by.day, need_by))

    def _hand_to_needs(self, node: str, need_by: NeedBy) -> None:
        item = self.network.work.get(node)
        begin = need_by.day - timedelta(min(planned_days(item) or 0, (need_by.day - date.min).days))
        for edge in self._binding_edges(node):
            if edge.obstacle is None:
                day = edge.lag.before(begin, self.calendars)
                readings = self.work if self._share_a_release(node, edge.to) else self.policy
                self._ask(readings, edge.to, NeedBy(edge.to, day, need_by))

    def _share_a_release(self, node: str, other: str) -> bool:
        """Inside a release, only the dates of the work itself count between two members."""
        one, two = self.network.own.get(node), self.network.own.get(other)
        return one is not None and two is not None and not one.releases.isdisjoint(two.releases)

    def _rolled_up(self, node: str) -> tuple[RollUp | None, ...]:
        network = self.network
        if node in network.releases:
            return (network.members.get(node),)
        if node in network.objectives:
            return (network.delivery_policy.get(node), network.delivery_work.get(node))
        return (network.parents_policy.get(node), network.parents_work.get(node))

    def _hand_to_leaves(self, need_by: NeedBy, rollups: Iterable[RollUp | None]) -> None:
        for rollup in rollups:
            if rollup is not None and rollup.latest_record is not None:
                asked = NeedBy(rollup.latest_record, need_by.day, need_by)
                self.leaves.setdefault(rollup.latest_record, []).append((asked, rollup.latest))


def _rank(need_by: NeedBy) -> tuple[date, str]:
    return (need_by.day, need_by.toward.node if need_by.toward else "")
