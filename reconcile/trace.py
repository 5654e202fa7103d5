"""Walking the plan network both ways from one node: what causes it, and what it hits. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from model.findings import combined
from model.keys import objective_node, source_of
from model.links import Link, Role
from model.network import PlanWork
from model.records import WorkItem
from model.traces import Branch, NodeKind, Trace
from reconcile.commitments import claim_of, effect_of, kind_of
from reconcile.forecast import Because, Forecast, ForecastState, settled_work
from reconcile.impact import largest_amount
from reconcile.network import Edge
from reconcile.story import says_of
from reconcile.wording import days_text, lag_text
from reconcile.world import World

MOST_STEPS = 40
"""A longer chain is told by its beginning and its cause."""


def trace(world: World, node: str, links: Sequence[Link] = (), *, everything: bool = False) -> Trace:
    """Walk both ways from a node.

    Without ``everything`` only what binds is followed: the chain that decides the node, and what the node itself
    decides. With it every need, child and dependent is. ``links`` are those of a record that is part of the plan only
    within a roll-up.
    """
    walker = _Walker(world, node, links)
    return walker.walked(everything=everything)


@dataclass(slots=True)
class _Walker:
    world: World
    root: str
    links: Sequence[Link]
    bound: dict[str, Forecast] = field(default_factory=dict)
    """What the root decides: the forecast of each such node."""

    def walked(self, *, everything: bool) -> Trace:
        forecast = self._forecast(self.root)
        chains = list(self._decided(self.root))
        self.bound = {chain[-1].node: chain[-1] for chain in chains}
        around = _Around(self.world, self.root, self.links)
        causes = self._prerequisites(around) if everything else self._chain(forecast)
        hits = self._dependents(around) if everything else self._tree(chains)
        hung_on = around.above_all(self.root)
        effects = {branch.node: branch.effect for branch in hits.walk() if branch.effect and branch.binds}
        return Trace(
            causes=causes,
            hits=hits,
            total=replace(combined(list(effects.values())), days=None),
            others=0 if everything else len(hung_on - self.bound.keys()),
            cause_hits=self._beside(forecast.cause.node),
        )

    def _beside(self, cause: str) -> int:
        """How many other deals and savings the node decides that decides the root."""
        if cause == self.root:
            return 0
        network, mine = self.world.network, {self.root, *self.bound}
        decided = {chain[-1].node for chain in self._decided(cause)} - mine
        return sum(1 for node in decided if node in network.deals or node in network.savings)

    # --- what causes it ---------------------------------------------------------------------------------------------

    def _chain(self, forecast: Forecast) -> Branch:
        """The chain that binds, the cause last."""
        path = list(forecast.path())
        skipped = max(0, len(path) - MOST_STEPS)
        shown = [*path[: MOST_STEPS - 1], path[-1]] if skipped else path
        made: Branch | None = None
        for step in reversed(shown):
            branch = self._branch(step, self._told(step))
            if made is not None:
                branch = replace(branch, branches=(made,))
            elif skipped:
                branch = replace(branch, skipped=skipped)
            made = branch
        assert made is not None
        return made

    def _prerequisites(self, around: "_Around") -> Branch:
        def below(node: str) -> Iterator[tuple[Forecast, bool]]:
            forecast = self._forecast(node)
            following = forecast.next
            seen = {following.node} if following else set()
            if following is not None:
                yield following, True
            for name, edge in around.before(node):
                if name not in seen:
                    seen.add(name)
                    yield self._forecast(name, edge), False

        return self._grown(self._forecast(self.root), below, lambda forecast, _binds: self._told(forecast), _latest)

    # --- what it hits -----------------------------------------------------------------------------------------------

    def _decided(self, node: str) -> Iterator[list[Forecast]]:
        """For everything that a node decides: the forecasts on the way from it, the effect last."""
        leads: dict[int, bool] = {}
        for forecast in self.world.forecasts.by_node.values():
            way: list[Forecast] = []
            found = False
            for each in forecast.path():
                found = each.node == node or leads.get(id(each), False)
                if found or id(each) in leads:
                    break
                way.append(each)
            leads.update((id(each), found) for each in way)
            if found and forecast.node != node:
                yield _way_from(node, forecast)

    def _tree(self, chains: Iterable[list[Forecast]]) -> Branch:
        """Put the ways to all effects together, as far as they are one."""
        top = _Fork(self._forecast(self.root))
        for chain in chains:
            fork = top
            for forecast in chain:
                fork = fork.branches.setdefault(forecast.node, _Fork(forecast))
        return self._of_fork(top, 0)

    def _of_fork(self, fork: "_Fork", depth: int) -> Branch:
        root = fork.forecast.node == self.root
        branch = self._branch(fork.forecast, self._told(fork.forecast) if root else self._hangs(fork.forecast))
        if depth >= MOST_STEPS:
            return replace(branch, hidden=sum(1 for _ in fork.all()) - 1)
        behind = [self._of_fork(each, depth + 1) for each in fork.branches.values()]
        return replace(branch, branches=tuple(sorted(behind, key=_costliest)))

    def _dependents(self, around: "_Around") -> Branch:
        def above(node: str) -> Iterator[tuple[Forecast, bool]]:
            for name in around.above(node):
                forecast = self.world.forecasts.get(name)
                if forecast is not None:
                    yield self.bound.get(name, forecast), name in self.bound

        def told(forecast: Forecast, binds: bool) -> str:
            return self._hangs(forecast) if binds else self._stands(forecast)

        return self._grown(self._forecast(self.root), above, told, _costliest)

    def _grown(self, start: Forecast, following: "_Following", told: "_Telling", rank: "_Rank") -> Branch:
        """A tree over a net: breadth first, so that a node stands where it is nearest, and once with what follows."""
        order: list[tuple[Forecast, bool]] = [(start, True)]
        depth, hidden = {start.node: 0}, dict[str, int]()
        children: dict[str, list[tuple[Forecast, bool, bool]]] = {}
        for forecast, _ in order:
            found = children.setdefault(forecast.node, [])
            for each, binds in following(forecast.node):
                again = each.node in depth
                if depth[forecast.node] == MOST_STEPS and not again:
                    hidden[forecast.node] = hidden.get(forecast.node, 0) + 1
                    continue
                found.append((each, binds, again))
                if not again:
                    depth[each.node] = depth[forecast.node] + 1
                    order.append((each, binds))
        made: dict[str, Branch] = {}
        for forecast, binds in reversed(order):
            says = self._told(forecast) if forecast.node == self.root else told(forecast, binds)
            behind = [
                replace(self._branch(each, told(each, bound)), again=True, binds=bound) if again else made[each.node]
                for each, bound, again in children[forecast.node]
            ]
            ordered = tuple(sorted(behind, key=rank))
            made[forecast.node] = replace(
                self._branch(forecast, says), binds=binds, branches=ordered, hidden=hidden.get(forecast.node, 0)
            )
        return made[start.node]

    # --- one node ---------------------------------------------------------------------------------------------------

    def _forecast(self, node: str, edge: Edge | None = None) -> Forecast:
        """What is known of a node; of a record that only a roll-up counts, what it says itself."""
        known = self.world.forecasts.get(node)
        if known is not None:
            return known
        record = self.world.record(node)
        sources = frozenset((source_of(node),))
        if isinstance(record, WorkItem):
            settled = settled_work(PlanWork.of(record), self.world.absence(node))
            if settled is not None:
                return settled
            if record.due is not None:
                state = ForecastState.OVERDUE if record.due < self.world.today else ForecastState.DATED
                return Forecast(node, state, record.due, Because.LEAF, sources=sources)
        if record is None and edge is not None:
            because = Because(edge.obstacle.value) if edge.obstacle else Because.UNKNOWN_NAME
            return Forecast(node, ForecastState.UNRESOLVED, None, because, wanted=edge.wanted)
        return Forecast(node, ForecastState.UNDATED, None, Because.NO_DATE, sources=sources)

    def _branch(self, forecast: Forecast, says: str) -> Branch:
        node, world = forecast.node, self.world
        kind = kind_of(world, node)
        sold = kind in (NodeKind.DEAL, NodeKind.SAVING)
        effect = effect_of(world, node) if kind not in (NodeKind.WORK, NodeKind.RELEASE) else None
        objective = world.network.objectives.get(node)
        return Branch(
            node=node,
            key=objective.id if objective else world.key(forecast),
            kind=kind,
            title=objective.name if objective else world.title(forecast),
            source="" if objective or kind is NodeKind.NOTHING else source_of(node),
            says=says,
            day=forecast.day,
            effect=effect,
            serves=tuple(dict.fromkeys(link.objective_id for link in world.links.get(node, ()))) if sold else (),
        )

    def _told(self, forecast: Forecast) -> str:
        """What a node says: its own commitment, and what decides it."""
        claim = claim_of(self.world, forecast.node)
        if forecast.next is None and kind_of(self.world, forecast.node) in (NodeKind.DEAL, NodeKind.SAVING):
            return claim or "waits for nothing"
        says = says_of(self.world, forecast)
        return f"{claim}; {says}" if claim else says

    def _hangs(self, forecast: Forecast) -> str:
        """How a node hangs on the one before it, and its own commitment."""
        match forecast.because:
            case Because.SHIPS_WITH:
                words = "ships with it"
            case Because.CYCLE:
                words = "is in a circle with it"
            case Because.NEED:
                words = "waits for it"
                words += f" and {lag_text(forecast.lag)} more" if forecast.lag else ""
                words += f", then takes {days_text(forecast.takes_days)}" if forecast.takes_days else ""
            case _:
                words = "contains it"
        claim = claim_of(self.world, forecast.node)
        return f"{claim}; {words}" if claim else words

    def _stands(self, forecast: Forecast) -> str:
        """What decides a node that hangs on the root too."""
        cause = self.world.key(forecast.cause)
        words = "decided by itself" if forecast.next is None else f"decided by {cause}"
        claim = claim_of(self.world, forecast.node)
        return f"{claim}; {words}" if claim else words


def _way_from(node: str, forecast: Forecast) -> list[Forecast]:
    way: list[Forecast] = []
    for each in forecast.path():
        if each.node == node:
            break
        way.append(each)
    return way[::-1]


@dataclass(slots=True)
class _Fork:
    forecast: Forecast
    branches: dict[str, "_Fork"] = field(default_factory=dict)

    def all(self) -> Iterator["_Fork"]:
        waiting = [self]
        while waiting:
            fork = waiting.pop()
            yield fork
            waiting.extend(fork.branches.values())


_Following: TypeAlias = Callable[[str], Iterable[tuple[Forecast, bool]]]
_Telling: TypeAlias = Callable[[Forecast, bool], str]
_Rank: TypeAlias = Callable[[Branch], tuple[Any, ...]]


class _Around:
    """The neighbours of every node, whether they bind or not."""

    def __init__(self, world: World, root: str, links: Iterable[Link]) -> None:
        self._world = world
        self._above: dict[str, dict[str, None]] = {}
        for dependent, edges in world.network.edges.items():
            for edge in edges:
                self._add(edge.to, dependent)
        for parent, children in world.network.children.items():
            for child in children:
                self._add(child, parent)
        for node, own in world.network.own.items():
            if own.release is not None:
                self._add(own.release, node)
        if root not in world.forecasts.by_node:
            for parent in _parents(world, root, links):
                self._add(root, parent)

    def _add(self, node: str, above: str) -> None:
        self._above.setdefault(node, {})[above] = None

    def above(self, node: str) -> Iterable[str]:
        return self._above.get(node, ())

    def above_all(self, node: str) -> set[str]:
        """Everything that hangs on a node, directly or not, as far as it has a forecast."""
        found: set[str] = set()
        waiting = [node]
        while waiting:
            for each in self.above(waiting.pop()):
                if each not in found and each != node and each in self._world.forecasts.by_node:
                    found.add(each)
                    waiting.append(each)
        return found

    def before(self, node: str) -> Iterator[tuple[str, Edge | None]]:
        network = self._world.network
        yield from ((edge.to, edge) for edge in network.edges.get(node, ()))
        yield from ((child, None) for child in network.children.get(node, ()))


def _parents(world: World, node: str, links: Iterable[Link]) -> Iterator[str]:
    """What contains a record that is part of the plan only within a roll-up."""
    record = world.record(node)
    if isinstance(record, WorkItem):
        plan = PlanWork.of(record)
        yield from filter(None, [plan.parent, *plan.releases])
    yield from (objective_node(link.objective_id) for link in links if link.role is Role.DELIVERS)


def _costliest(branch: Branch) -> tuple[Any, ...]:
    """What the root decides and what ends here first; of these the most money, then the most days."""
    effect = branch.effect
    money = largest_amount(effect) if effect else Decimal(0)
    days = 0 if effect is None else effect.days if effect.days is not None else date.max.toordinal()
    return (not branch.binds, bool(branch.branches), -money, -days, branch.key, branch.node)


def _latest(branch: Branch) -> tuple[Any, ...]:
    """What binds first, then the latest day, then by name."""
    return (not branch.binds, -(branch.day or date.min).toordinal(), branch.key, branch.node)
