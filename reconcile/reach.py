"""What a change can reach: which forecasts it can move, and about what something else may have to be said."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from model.network import RollUp
from reconcile.above import contained_in, lies_in
from reconcile.failing_needs import fails
from reconcile.floats import committed_day, hands_nothing_on
from reconcile.forecast import Forecast, ForecastState
from reconcile.impact import planned_start
from reconcile.network import Network, is_settled, is_started, planned_days
from reconcile.world import World

_ENDED = frozenset({ForecastState.DONE, ForecastState.DROPPED, ForecastState.UNRESOLVED, ForecastState.UNKNOWN})


def downstream(nodes: Iterable[str], *worlds: World) -> frozenset[str]:
    """These nodes and all whose forecast may rest on one of them, in any of these worlds.

    What has ended, is gone or has begun rests on none of the things it needed.
    """

    def following(node: str) -> Iterator[str]:
        for world in worlds:
            network = world.network
            yield from (each for each in contained_in(world, node) if not is_settled(network, each))
            yield from (each for each in world.dependents.get(node, ()) if _is_held_up(network, each))
            if node in network.releases:
                yield from _waiting_for_members(world, node)

    return _closure(nodes, following)


def _is_held_up(network: Network, node: str) -> bool:
    """Whether the forecast of a node that needs something rests on that."""
    item = network.work.get(node)
    if item is not None and is_started(item):
        return False
    return not is_settled(network, node)


def containing(nodes: Iterable[str], *worlds: World) -> frozenset[str]:
    """These nodes and everything that they are part of or serve."""
    return _closure(nodes, lambda node: (each for world in worlds for each in _containing(world, node)))


def asking(nodes: Iterable[str], world: World) -> frozenset[str]:
    """These nodes and all that may ask one of them, however indirectly, to be finished by a day."""
    network, forecasts = world.network, world.forecasts
    asked = list(nodes)
    shipping = [
        member
        for node in asked
        if node in network.releases  # its date stands for the work that ships with it
        for member in network.children.get(node, ())
        if _ships_with(world, member, node)
    ]
    naming = [above for node in asked if not _is_node(network, node) for above in _naming(world).get(node, ())]

    def following(node: str) -> Iterator[str]:
        yield from (each for each in contained_in(world, node) if not hands_nothing_on(forecasts.get(each)))
        yield from (each for each in world.dependents.get(node, ()) if _asks(world, each))
        if node in network.releases:
            yield from _waiting_for_members(world, node)

    found = _closure([*asked, *shipping, *naming], following)
    # A promise of work that ships with a release asks the release by way of that work.
    by_way = (each for node in found if node in network.releases for each in _promised_members(world, node))
    return found.union(by_way)


def _asks(world: World, node: str) -> bool:
    """Whether a node asks for what it needs: a deal or a saving does, and what waits and has not begun."""
    if _is_sink(world, node):
        return True
    item = world.network.work.get(node)
    return not (item is not None and is_started(item)) and not hands_nothing_on(world.forecasts.get(node))


def _is_node(network: Network, node: str) -> bool:
    return network.is_inner(node) or node in network.deals or node in network.savings


def _naming(world: World) -> Mapping[str, Sequence[str]]:
    """By the work that roll-ups name, the nodes whose roll-ups do; worked out once."""
    if "naming" not in world.derived:
        network, found = world.network, defaultdict[str, list[str]](list)
        for node in dict.fromkeys(each for rollups in _rollups(network) for each in rollups):
            for leaf in leaves_named(network, node):
                found[leaf].append(node)
        world.derived["naming"] = dict(found)
    named: Mapping[str, Sequence[str]] = world.derived["naming"]
    return named


def _ships_with(world: World, node: str, release: str) -> bool:
    own = world.network.own.get(node)
    return own is not None and own.release == release


def _closure(nodes: Iterable[str], following: Callable[[str], Iterable[str]]) -> frozenset[str]:
    row = list(dict.fromkeys(nodes))
    seen = set(row)
    for node in row:
        for each in following(node):
            if each not in seen:
                seen.add(each)
                row.append(each)
    return frozenset(seen)


def _containing(world: World, node: str) -> Iterator[str]:
    """What a node is part of, or serves in any role: parent, releases, objectives."""
    return contained_in(world, node, any_role=True)


def _waiting_for_members(world: World, release: str) -> Iterator[str]:
    """Deals and savings that wait for work which ships with this release: they wait for the release too."""
    for member in _promised_members(world, release):
        yield from (each for each in world.dependents[member] if _is_sink(world, each))


def _promised_members(world: World, release: str) -> Iterator[str]:
    """The work that ships with a release and that a deal or a saving waits for."""
    for member in world.network.children.get(release, ()):
        waited_for = any(_is_sink(world, each) for each in world.dependents.get(member, ()))
        if waited_for and _ships_with(world, member, release):
            yield member


@dataclass(frozen=True, slots=True)
class Reached:
    """Two worlds, one after the other, and what is between them.

    ``records`` are those that changed, ``nodes`` all about which something is different, ``themselves`` those of them
    of which more is different than what lies below them, and ``forecast`` those that were forecast anew. ``told`` are
    the nodes that findings are about.
    """

    before: World
    after: World
    records: AbstractSet[str]
    nodes: AbstractSet[str]
    themselves: AbstractSet[str]
    forecast: AbstractSet[str]
    told: AbstractSet[str]


def reached(change: Reached) -> frozenset[str]:
    """The nodes about which something else may have to be said than before.

    A verdict rests on the subject, on what it needs and contains, on what it is part of and serves, on who needs it,
    and on the commitments that it is needed for.
    """
    worlds = (change.before, change.after)
    moved = frozenset(node for node in change.forecast if _told_otherwise(change, node))
    different = moved | change.nodes
    left = {release for node in different for release in change.before.departed.get(node, ())}
    part_of = left | containing(different, *worlds)
    near = _near(part_of, different, *worlds)
    dependents = {each for node in near for world in worlds for each in world.dependents.get(node, ())}
    needed = {edge.to for node in different for world in worlds for edge in world.network.edges.get(node, ())}
    sinks = [node for node in moved if any(_is_sink(world, node) for world in worlds)]
    paths = {
        each.node
        for node in sinks
        for world in worlds
        if (forecast := world.forecasts.get(node)) is not None
        for each in forecast.path()
    }
    asked = _upstream(_asked_otherwise(change, moved), worlds)
    # What could be decided about a finding follows whatever lies before it, also where no forecast moved.
    told = {node for node in change.told if any(_leads_over(change, world, node) for world in worlds)}
    shipped = {each for world in worlds for each in _shipped(world, moved)}
    found = frozenset(part_of | dependents | needed | paths | asked | told | shipped)
    return found.union(*(_failed(world, found) for world in worlds))


def _near(part_of: Iterable[str], different: AbstractSet[str], *worlds: World) -> set[str]:
    """Of what is above some nodes the work, the releases and the objectives that are served by these themselves: who
    needs one of them needs its parts. What is above these objectives is needed as a whole; its forecast tells it."""
    objectives = worlds[0].network.objectives
    pieces = [node for node in part_of if node not in objectives]
    served = (each for node in pieces for world in worlds for each in _containing(world, node))
    return {*pieces, *served, *different}


def _shipped(world: World, nodes: Iterable[str]) -> Iterator[str]:
    """The objectives whose work comes with a release among these nodes, whatever that work says itself."""
    for release in (node for node in nodes if node in world.network.releases):
        for member in world.network.children.get(release, ()):
            yield from (each for each in contained_in(world, member) if each in world.network.objectives)


def _leads_over(change: Reached, world: World, node: str) -> bool:
    """Whether a forecast rests on what was forecast anew, or ships with it."""
    if node in change.forecast:
        return True
    forecast = world.forecasts.get(node)
    return forecast is not None and any(each.node in change.forecast for each in forecast.path())


def _failed(world: World, nodes: Iterable[str]) -> frozenset[str]:
    """The objectives that may be said to fail by one of these nodes: those that need it however far behind, where it
    lies in none itself (see ``reconcile.failing_needs``)."""

    def following(node: str) -> Iterator[str]:
        yield from _containing(world, node)
        if node not in world.network.objectives and not lies_in(world, node):
            yield from world.dependents.get(node, ())
            if node in world.network.releases:
                yield from (each for each in world.network.children.get(node, ()) if _ships_with(world, each, node))

    failing = [node for node in nodes if fails(world, node) and not lies_in(world, node)]
    return frozenset(node for node in _closure(failing, following) if node in world.network.objectives)


def _is_sink(world: World, node: str) -> bool:
    return node in world.network.deals or node in world.network.savings


def _told_otherwise(change: Reached, node: str) -> bool:
    """Whether the forecast is another one, or leads over a node about which something is different."""
    before, after = change.before.forecasts.get(node), change.after.forecasts.get(node)
    inside = change.before.forecasts.inside.get(node), change.after.forecasts.inside.get(node)
    if before is not after or inside[0] is not inside[1]:
        return True
    return after is not None and any(each.node in change.nodes for each in after.path())


def _asked_otherwise(change: Reached, moved: Collection[str]) -> Iterator[str]:
    """Nodes that may be needed by another day than before."""
    for node in change.themselves:
        if _place(change.before, node) != _place(change.after, node):
            yield node
        if _terms(change.before, node) != _terms(change.after, node):
            yield from _targets(change, node)
    for node in moved:
        before, after = change.before.forecasts.get(node), change.after.forecasts.get(node)
        if _ended(before) != _ended(after) or _late(change.before, node, before) != _late(change.after, node, after):
            yield node
            yield from _targets(change, node)


def _place(world: World, node: str) -> tuple[object, ...]:
    """What decides who asks a node."""
    item, absent = world.network.work.get(node), world.network.absences.get(node)
    within = (item.parent, item.releases) if item is not None else None
    return within, absent and absent[0], world.links.get(node), world.network.own.get(node)


def _terms(world: World, node: str) -> tuple[object, ...]:
    """What decides by when a node asks for what it needs."""
    network = world.network
    deal, saving = network.deals.get(node), network.savings.get(node)
    item = network.work.get(node)
    return (
        network.edges.get(node),
        (is_started(item), planned_days(item)) if item is not None else None,
        (deal.promised_date, deal.outcome) if deal is not None else None,
        planned_start(saving) if saving is not None else None,
    )


def _targets(change: Reached, node: str) -> Iterator[str]:
    """What a node needs or contains, and the releases with which that comes."""
    for world in (change.before, change.after):
        yield from world.network.children.get(node, ())
        for edge in world.network.edges.get(node, ()):
            yield edge.to
            own = world.network.own.get(edge.to)
            if own is not None and own.release is not None and _is_sink(world, node):
                yield own.release


def _ended(forecast: Forecast | None) -> bool:
    return forecast is None or (forecast.next is None and forecast.state in _ENDED)


def _late(world: World, node: str, forecast: Forecast | None) -> int:
    """By how many days an objective misses what it is committed to."""
    objective = world.network.objectives.get(node)
    day = committed_day(objective) if objective is not None else None
    if day is None or forecast is None or forecast.day is None:
        return 0
    return max(0, (forecast.day - day).days)


def _upstream(nodes: Iterable[str], worlds: Collection[World]) -> frozenset[str]:
    """These nodes and everything that they ask to be finished."""

    def before(node: str) -> Iterator[str]:
        for world in worlds:
            yield from world.network.children.get(node, ())
            yield from (edge.to for edge in world.network.edges.get(node, ()) if edge.obstacle is None)

    found = _closure(nodes, before)
    networks = [world.network for world in worlds]
    named = {leaf for node in found for network in networks for leaf in leaves_named(network, node)}
    own = (network.own.get(node) for node in found for network in networks)
    return found.union(named, (each.release for each in own if each is not None and each.release is not None))


def leaves_named(network: Network, node: str) -> Iterator[str]:
    """The work that the roll-ups of a node name."""
    for rollups in _rollups(network):
        rollup = rollups.get(node)
        if rollup is not None:
            yield from (each for each in (rollup.latest_record, rollup.overdue_record) if each is not None)


def _rollups(network: Network) -> tuple[Mapping[str, RollUp], ...]:
    return (
        network.parents_work,
        network.parents_policy,
        network.members,
        network.delivery_work,
        network.delivery_policy,
    )
