"""Work that waits for itself: needs, and what contains what, lead around in a circle."""

from collections.abc import Iterator
from itertools import pairwise

from model.findings import Claim, Evidence, Finding, Impact, Step
from model.keys import source_of
from model.links import Role
from reconcile.above import is_gone, is_waiting, name_of, objectives_of, sources_of
from reconcile.arrangement import Cycle
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Verdict
from reconcile.decisions import decide_by, decider, nearest, owner
from reconcile.impact import severity
from reconcile.network import Edge
from reconcile.wording import listed
from reconcile.world import World


class NeedCycle(Check[CheckOptions]):
    """Things wait for each other, so that none of them can ever begin.

    What it finds
        Every circle in the plan, over all tools: A needs B, B needs C, C needs A. What contains something waits for it
        too, so work that needs its own parent closes a circle as well. One finding per circle, with all that belongs to
        it and the shortest way around in words. Promises and savings that wait for the circle are told by
        unsupported-commitment and early-saving, with the same cause and with their money.

    Why it matters
        No date can be worked out for anything in the circle or behind it.

    What to do
        Those who look after the needs agree on which of them is not one.

    Example
        ERP-10 needs ERP-20, ERP-20 needs task T-7 in Asana, and T-7 needs ERP-10: each team waits for the next.
    """

    name = "need-cycle"
    title = "Things of the plan wait for each other"
    family = "dependencies"
    patterns = ("I40",)
    formula = (
        "A strongly connected part of the graph of needs, parents and releases: several members, or one that waits for "
        "itself."
    )
    options_type = CheckOptions
    reads = FORECAST_READS
    roles = frozenset({Role.DELIVERS})
    weighs_floats = True

    def find(self, world: World, options: CheckOptions) -> Iterator[Verdict]:
        """Yield one finding per circle."""
        if not world.network.edges:
            yield Blind("no record and no objective says what it needs")
        for cycle in world.forecasts.cycles.values():
            yield self._finding(world, cycle)

    def _finding(self, world: World, cycle: Cycle) -> Finding:
        first = cycle.nodes[0]
        way = [*cycle.loop, cycle.loop[0]]
        ids = tuple(sorted({id_ for node in cycle.nodes for id_ in objectives_of(world, node)}))
        needs = list(_needs(world, cycle))
        days = [asked.need_by.day for node in cycle.nodes if (asked := world.floats.get(node)) is not None]
        last_day = decide_by(min(days, default=None), 0, world.today)
        impact = Impact()
        told = _around(world, way)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=cycle.nodes,
            title=f"{_called(world, first)} {told}",
            objective_ids=ids,
            commitment=Claim(source_of(first), _called(world, first), told, None, world.where(first)),
            impact=impact,
            cause=first,
            chain=tuple(_step(world, node, way[place + 1 : place + 2]) for place, node in enumerate(way)),
            evidence=tuple(_evidence(world, cycle, needs)),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=next((edge.owner for _, edge in needs if edge.owner), None) or _owner(world, cycle, ids),
            decider=_decider(world, ids),
            decide_by=last_day,
            advice=_advice(world, needs),
            sources=sources_of(world, world.forecasts.by_node[first].sources),
        )

    def why_resolved(self, finding: Finding, world: World, options: CheckOptions) -> str:
        """Which of its parts left the circle, or that it was opened."""
        for step in finding.chain:
            if is_gone(world, step.node):
                return f"{step.key} is not in the plan any more"
        return "the circle is open: one of its needs is gone, or what has begun or ended waits no more"


def _key(world: World, node: str) -> str:
    return world.key(world.forecasts.by_node[node])


def _called(world: World, node: str) -> str:
    return name_of(world, world.forecasts.by_node[node])


def _needs(world: World, cycle: Cycle) -> Iterator[tuple[str, Edge]]:
    """The needs that close the circle; work that has begun is in it for what it contains, not for its needs."""
    inside = set(cycle.nodes)
    for node in cycle.nodes:
        if is_waiting(world, node):
            yield from ((node, edge) for edge in world.network.edges.get(node, ()) if edge.to in inside)


def _evidence(world: World, cycle: Cycle, needs: list[tuple[str, Edge]]) -> Iterator[Evidence]:
    """The needs; of work that contains itself without any need, what it is part of."""
    for node, edge in needs:
        yield Evidence(node, _key(world, node), "needs", edge.wanted, world.where(node))
    for node in cycle.nodes if not needs else ():
        item = world.network.work.get(node)
        if item is not None and item.parent in cycle.nodes:
            yield Evidence(node, _key(world, node), "parent", _key(world, item.parent), world.where(node, "parent"))


def _joins(world: World, node: str, following: str) -> str:
    contains = following in world.network.children.get(node, ())
    needs = any(edge.to == following for edge in world.network.edges.get(node, ()))
    return "contains" if contains and not needs else "waits for"


def _around(world: World, way: list[str]) -> str:
    """``waits for B, which contains C, which waits for it``."""
    if len(way) == 2:
        return f"{_joins(world, way[0], way[1])} itself"
    parts = [f"{_joins(world, node, following)} {_called(world, following)}" for node, following in pairwise(way[:-1])]
    return ", which ".join([*parts, f"{_joins(world, way[-2], way[-1])} it"])


def _step(world: World, node: str, following: list[str]) -> Step:
    forecast = world.forecasts.by_node[node]
    says = f"{_joins(world, node, following[0])} {_called(world, following[0])}" if following else "is where it began"
    return Step(node, world.key(forecast), world.title(forecast), says, None, world.where(node))


def _owner(world: World, cycle: Cycle, ids: tuple[str, ...]) -> str | None:
    records = (world.record(node) for node in cycle.nodes)
    return next((record.owner for record in records if record and record.owner), None) or owner(world.tree, ids)


def _decider(world: World, ids: tuple[str, ...]) -> str | None:
    """Where several measures wait for each other: who decides across them, or the steering committee."""
    if len(ids) > 1:
        across = (world.tree.inherited_right(objective_id, "across_measures") for objective_id in ids)
        committee = nearest(world.tree, ids, lambda objective: objective.steering_committee)
        if who := next((name for name in across if name), None) or committee:
            return who
    return decider(world.tree, ids, within_tolerance=False)


def _advice(world: World, needs: list[tuple[str, Edge]]) -> str:
    if not needs:
        return "Correct what is part of what: nothing can contain itself."
    told = [f"{_called(world, node)} on {_called(world, edge.to)}" for node, edge in needs]
    return f"Remove one of these needs: {listed(told)}." if len(told) > 1 else f"Remove the need of {told[0]}."
