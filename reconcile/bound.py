"""What would bind next: how early a node could finish if what binds it now were out of the way. Stored dates only."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeAlias

from model.network import DateSource, Group, Leaf
from reconcile.forecast import NO_LAG, Because, Forecast, ForecastState, Lag
from reconcile.network import is_started, planned_days
from reconcile.view import View
from reconcile.world import World

MOST_LEAVES = 6
"""How many rolled-up pieces of work below one node are looked at; more than five are no small part of a release."""
DEEPEST = 100
"""How many detours of one cause are followed inside each other; what lies deeper is taken to stay as it is."""

Leaves: TypeAlias = Mapping[str, Sequence[Leaf]]
"""The latest open work below a node that comes rolled up, the latest first."""

_Key: TypeAlias = tuple[str, Because, str]
_OVER = (ForecastState.DATED, ForecastState.DONE)
_WORK_ITSELF = "work "


@dataclass(frozen=True, slots=True)
class Holder:
    """A day, and the node that holds another to it."""

    day: date
    node: str


@dataclass(frozen=True, slots=True)
class Input:
    """One of the things that a node's finish is the latest of. ``node`` is the node itself for its own date.

    ``below`` tells what the node contains from what it needs. ``reading`` is the forecast behind it, where it has one.
    ``alone`` says that only the latest of rolled-up work is known: what comes after it may be as late.
    """

    node: str
    day: date
    below: bool = False
    lag: Lag = NO_LAG
    start: date | None = None
    takes_days: int = 0
    reading: Forecast | None = None
    alone: bool = False

    def at(self, day: date, world: World) -> date:
        """What it contributes when it finishes on this day."""
        begin = self.lag.after(day, world.calendars)
        return max(begin, self.start or begin) + timedelta(self.takes_days)


def bounds_of(view: View, world: World, paths: Iterable[Sequence[Forecast]]) -> "Bounds":
    """Bounds that know the latest rolled-up work below every node of these paths and of their detours."""
    bounds = Bounds(world)
    asked: dict[Group, set[str]] = {}
    for each in bounds.held_together(paths):
        if each.because is Because.CHILD or (each.next is not None and each.next.because is Because.LEAF):
            asked.setdefault(_group(each.node, world), set()).add(each.node)
    order, own = world.options.date_order, _without_release(world.options.date_order)
    leaves: dict[str, list[Leaf]] = {}
    shipped: set[str] = set()
    for group, nodes in asked.items():
        by_work = view.latest(group, sorted(nodes), own, world.today, MOST_LEAVES)
        by_policy = by_work
        if group is not Group.RELEASE and own != order:
            by_policy = view.latest(group, sorted(nodes), order, world.today, MOST_LEAVES)
        for node in nodes:
            leaves[node] = sorted(_joined(by_work.get(node, ()), by_policy.get(node, ()), shipped), key=_latest_first)
    return Bounds(world, leaves, frozenset(shipped))


def _without_release(order: tuple[DateSource, ...]) -> tuple[DateSource, ...]:
    return tuple(source for source in order if source is not DateSource.RELEASE)


def _joined(by_work: Sequence[Leaf], by_policy: Sequence[Leaf], shipped: set[str]) -> Iterator[Leaf]:
    """A release's date stands for its members but never hides a later date of the work itself (design 5.2).

    What has its date from a release only is noted in ``shipped``; what has one of its own that is as late or later
    keeps the other as an input beside it, for that is what remains when its own date moves.
    """
    own = {leaf.record_id: leaf for leaf in by_work}
    policy = {leaf.record_id: leaf for leaf in by_policy}
    for record_id in own.keys() | policy.keys():
        work, found = own.get(record_id), policy.get(record_id)
        release = found if found is not None and found.source is DateSource.RELEASE else None
        if release is not None and (work is None or work.day < release.day):
            shipped.add(record_id)
            yield release
            continue
        if (itself := work or found) is not None:
            yield itself
        if release is not None:
            yield Leaf(release.day, f"{_WORK_ITSELF}{record_id}", release.key)


def _latest_first(leaf: Leaf) -> tuple[int, str]:
    return -leaf.day.toordinal(), leaf.record_id


def _group(node: str, world: World) -> Group:
    if node in world.network.objectives:
        return Group.OBJECTIVE
    return Group.RELEASE if node in world.network.releases else Group.PARENT


@dataclass(slots=True)
class Bounds:
    """Answers for one run; what is below or before a node is looked through once."""

    world: World
    leaves: Leaves = field(default_factory=dict)
    shipped: frozenset[str] = frozenset()
    """Rolled-up work whose date is that of its release: it does not come earlier by itself."""
    _others: dict[tuple[object, ...], Holder | None] = field(default_factory=dict)
    _causes: dict[str, str] = field(default_factory=dict)
    _keys: dict[str, str] = field(default_factory=dict)
    _inputs: dict[_Key, Sequence[Input]] = field(default_factory=dict)
    _latest_first: dict[_Key, Sequence[Input]] = field(default_factory=dict)
    _depth: int = 0

    def __post_init__(self) -> None:
        self._keys = {leaf.record_id: leaf.key for leaves in self.leaves.values() for leaf in leaves}

    def held_together(self, paths: Iterable[Sequence[Forecast]]) -> Iterator[Forecast]:
        """Every node of these paths, and of the detours on which the same cause holds them too; each once."""
        waiting = [path for path in paths if path]
        seen: set[tuple[object, ...]] = set()
        while waiting:
            path = waiting.pop()
            cause = path[-1].node
            for each in path:
                key = (each.node, each.because, cause)
                if key in seen:
                    continue
                seen.add(key)
                yield each
                readings = (other.reading for other in self.inputs(each) if other.reading is not None)
                waiting.extend(tuple(reading.path()) for reading in readings if self._cause(reading) == cause)

    def without_cause(self, path: Sequence[Forecast]) -> Holder | None:
        """What would bind the first of the path if the last did not; None when nothing else does."""
        return self.carried(path, len(path) - 1, self._others_of(path[-1], path[-1].node))

    def with_cause_at(self, path: Sequence[Forecast], day: date) -> date:
        """What the first of the path comes to when the last finishes on this day, or as soon after as it can."""
        cause = path[-1].node
        reached = self.carried(path, len(path) - 1, later(Holder(day, cause), self._others_of(path[-1], cause)))
        return day if reached is None else reached.day

    def carried(
        self, path: Sequence[Forecast], index: int, holder: Holder | None, *, cause_stays: bool = False
    ) -> Holder | None:
        """What the first of the path comes to when the one at ``index`` comes to this.

        With ``cause_stays`` whatever else the cause of the path holds stays held.
        """
        cause = None if cause_stays else path[-1].node
        for above in reversed(path[:index]):
            through = None if holder is None else Holder(self._passed_on(above, holder.day), holder.node)
            holder = later(through, self._others_of(above, cause))
        return holder

    def _passed_on(self, above: Forecast, day: date) -> date:
        """What a node makes of the finish of the next on its path."""
        if above.because is not Because.NEED:
            return day
        item = self.world.network.work.get(above.node)
        begin = above.lag.after(day, self.world.calendars)
        if item is not None and item.start is not None:
            begin = max(begin, item.start)
        return begin + timedelta(above.takes_days)

    def _others_of(self, forecast: Forecast, cause: str | None) -> Holder | None:
        """The latest of what a node waits for or contains, beside what binds it; without what ``cause`` holds."""
        binding = forecast.next.node if forecast.next is not None else forecast.node
        key = (forecast.node, forecast.because, binding, cause)
        if key not in self._others:
            self._others[key] = None
            found: Holder | None = None
            for each in self.inputs(forecast):
                if each.node != binding or each.alone:
                    found = later(found, self._held_by(each, cause))
            self._others[key] = found
        return self._others[key]

    def _held_by(self, each: Input, cause: str | None) -> Holder | None:
        """What one input comes to when the cause is out of the way."""
        reading = each.reading
        if reading is None:
            return None if each.node == cause and not each.alone else Holder(each.day, each.node)
        holds = self._cause(reading)
        if holds != cause or self._depth >= DEEPEST:
            return Holder(each.day, holds)
        self._depth += 1
        left = self.without_cause(list(reading.path()))
        self._depth -= 1
        return None if left is None else Holder(each.at(left.day, self.world), left.node)

    def _cause(self, reading: Forecast) -> str:
        known = self._causes.get(reading.node)
        if known is None:
            known = self._causes[reading.node] = reading.cause.node
        return known

    def inputs(self, forecast: Forecast) -> Sequence[Input]:
        """Everything that the finish of a node is the latest of, as far as it is dated."""
        key = _key(forecast)
        known = self._inputs.get(key)
        if known is None:
            known = self._inputs[key] = tuple(self._gathered(forecast))
        return known

    def awaits(self, readings: Iterable[Forecast], nodes: Collection[str], *, beside: str) -> bool:
        """Whether any of these waits for one of the nodes in another way than through the node ``beside``."""
        waiting = list(readings) if nodes else []
        seen: set[_Key] = set()
        while waiting:
            reading = waiting.pop()
            if reading.node in nodes:
                return True
            key = _key(reading)
            inputs = () if key in seen else self.inputs(reading)
            seen.add(key)
            waiting.extend(each.reading for each in inputs if each.reading is not None and each.node != beside)
        return False

    def late_below(self, forecast: Forecast, day: date) -> tuple[Sequence[str], date | None]:
        """What a node contains that comes after a day, and the latest day of everything else.

        Nothing where that is no small part of it, or where it may not be all: only what comes latest is looked at, for
        a release that thousands of promises rest on is asked thousands of times.
        """
        key = _key(forecast)
        inputs = self._latest_first.get(key)
        if inputs is None:
            inputs = sorted(self.inputs(forecast), key=lambda each: each.day, reverse=True)
            self._latest_first[key] = inputs
        late: dict[str, None] = {}
        for each in inputs:
            if each.day <= day:
                break
            if each.below:
                late[plain(each.node)] = None
            if each.alone or len(late) >= MOST_LEAVES:
                return (), None
        kept = next((each.day for each in inputs if plain(each.node) not in late), None)
        return list(late), kept

    def _gathered(self, forecast: Forecast) -> Iterator[Input]:
        node, network = forecast.node, self.world.network
        planned = self.world.forecasts.get(node)
        if forecast.because is Because.SHIPS_WITH and planned is not None and planned is not forecast:
            # Seen from outside: the release, or the work itself where that is later.
            if planned.state in _OVER and planned.day:
                yield Input(f"{_WORK_ITSELF}{node}", planned.day, reading=planned)
            return
        yield from self._own(node)
        for child in network.children.get(node, ()):
            reading = self.world.forecasts.get(child)
            if reading is not None and reading.state is ForecastState.DATED and reading.day:
                yield Input(child, reading.day, below=True, reading=reading)
        for leaf in self._leaves_of(node):
            yield Input(leaf.record_id, leaf.day, below=True, alone=node not in self.leaves)
        yield from self._needed(node)
        yield from self._shipping(forecast)

    def _own(self, node: str) -> Iterator[Input]:
        network, today = self.world.network, self.world.today
        release = network.releases.get(node)
        if release is not None and release.release_date and release.release_date >= today:
            yield Input(node, release.release_date)
        own = network.own.get(node)
        if own is None:
            return
        if own.work and own.work >= today:
            yield Input(node, own.work)
        shipping = network.releases.get(own.release) if own.release else None
        if shipping is not None and shipping.release_date and shipping.release_date >= today:
            yield Input(shipping.id, shipping.release_date)

    def _leaves_of(self, node: str) -> Sequence[Leaf]:
        if node in self.leaves:
            return self.leaves[node]
        network = self.world.network
        tables = [network.parents_work, network.parents_policy]
        if node in network.releases:
            tables = [network.members]
        elif node in network.objectives:
            tables = [network.delivery_work, network.delivery_policy]
        found = (table.get(node) for table in tables)
        return [Leaf(each.latest, each.latest_record) for each in found if each and each.latest and each.latest_record]

    def _needed(self, node: str) -> Iterator[Input]:
        item = self.world.network.work.get(node)
        if item is not None and is_started(item):
            return
        for edge in self.world.network.edges.get(node, ()):
            reading = self.world.forecasts.get(edge.to)
            if reading is None or reading.state not in _OVER or reading.day is None:
                continue
            start, takes_days = (item.start if item else None), planned_days(item) or 0
            base = Input(edge.to, reading.day, False, edge.lag, start, takes_days)
            day = base.at(reading.day, self.world)
            yield Input(edge.to, day, False, edge.lag, start, takes_days, reading)

    def _shipping(self, forecast: Forecast) -> Iterator[Input]:
        """A deal or saving waits for the releases, too, with which the work that it needs ships."""
        node, network, forecasts = forecast.node, self.world.network, self.world.forecasts
        if node not in network.deals and node not in network.savings:
            return
        for edge in network.edges.get(node, ()):
            own, binding = network.own.get(edge.to), forecast.next
            told_already = binding is not None and binding.node == edge.to and binding.because is Because.SHIPS_WITH
            if own is None or own.release is None or (told_already and binding is not forecasts.get(edge.to)):
                continue
            reading, release = forecasts.get(edge.to), forecasts.get(own.release)
            if reading is None or release is None or reading.state is not ForecastState.DATED:
                continue
            if release.state is ForecastState.DATED and release.day:
                base = Input(own.release, release.day, lag=edge.lag)
                yield Input(own.release, base.at(release.day, self.world), lag=edge.lag, reading=release)

    def key(self, node: str) -> str:
        """What people call a node: its key, or its title where the key is but a number."""
        node = plain(node)
        key = self._key(node)
        record = self.world.record(node) if key.isdecimal() else None
        return record.title or key if record else key

    def _key(self, node: str) -> str:
        if (work := self.world.network.work.get(node)) is not None:
            return work.key
        if node in self.world.forecasts.by_node:
            return self.world.key(self.world.forecasts.by_node[node])
        if known := self._keys.get(node):
            return known
        record = self.world.record(node)
        return record.key if record else node.partition(":")[2]


def _key(forecast: Forecast) -> _Key:
    """Stands for what a forecast is the latest of."""
    return forecast.node, forecast.because, forecast.next.node if forecast.next is not None else ""


def plain(node: str) -> str:
    """The node that an input is about."""
    return node.removeprefix(_WORK_ITSELF)


def later(one: Holder | None, other: Holder | None) -> Holder | None:
    """The later of the two; of equal ones the first."""
    if one is None or other is None:
        return one or other
    return other if other.day > one.day else one
