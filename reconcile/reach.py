"""What a change can reach: which forecasts it can move, and about what something else may have to be said."""

from collections.abc import Callable, Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from reconcile.above import contained_in
from reconcile.floats import committed_day
from reconcile.forecast import Forecast, ForecastState
from reconcile.impact import planned_start
from reconcile.network import Network, is_started, planned_days
from reconcile.world import World

_ENDED = frozenset({ForecastState.DONE, ForecastState.DROPPED, ForecastState.UNRESOLVED, ForecastState.UNKNOWN})


def downstream(nodes: Iterable[str], *worlds: World) -> frozenset[str]:
    """These nodes and all whose forecast may rest on one of them, in any of these worlds."""

    def following(node: str) -> Iterator[str]:
        for world in worlds:
            yield from _containing(world, node)
            yield from world.dependents.get(node, ())
            if node in world.network.releases:
                yield from _waiting_for_members(world, node)

    return _closure(nodes, following)


def containing(nodes: Iterable[str], *worlds: World) -> frozenset[str]:
    """These nodes and everything that they are part of or serve."""
    return _closure(nodes, lambda node: (each for world in worlds for each in _containing(world, node)))


def asking(nodes: Collection[str], world: World) -> frozenset[str]:
    """These nodes and all that may ask one of them, however indirectly, to be finished by a day."""
    shipping = [
        member
        for node in nodes
        if node in world.network.releases  # its date stands for the work that ships with it
        for member in world.network.children.get(node, ())
        if _ships_with(world, member, node)
    ]

    def following(node: str) -> Iterator[str]:
        yield from _containing(world, node)
        yield from world.dependents.get(node, ())
        if node in world.network.releases:
            yield from _waiting_for_members(world, node)

    return _closure([*nodes, *shipping], following)


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
    network = world.network
    for member in network.children.get(release, ()):
        if _ships_with(world, member, release):
            dependents = world.dependents.get(member, ())
            yield from (each for each in dependents if each in network.deals or each in network.savings)


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
    dependents = {each for node in part_of for world in worlds for each in world.dependents.get(node, ())}
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
    told = change.told & change.forecast
    return frozenset(part_of | dependents | needed | paths | asked | told)


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
    for rollups in (
        network.parents_work,
        network.parents_policy,
        network.members,
        network.delivery_work,
        network.delivery_policy,
    ):
        rollup = rollups.get(node)
        if rollup is not None:
            yield from (each for each in (rollup.latest_record, rollup.overdue_record) if each is not None)
