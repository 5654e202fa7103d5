"""What lies above a node of the plan: what it is part of, which objectives it serves, and how people call it."""

from collections.abc import Iterable, Iterator
from datetime import date

from model.keys import objective_node
from model.links import Role
from model.records import Record
from reconcile.forecast import Forecast, ForecastState
from reconcile.network import is_started
from reconcile.world import World

_ENDED = frozenset({ForecastState.DONE, ForecastState.DROPPED, ForecastState.UNKNOWN})


def objectives_of(world: World, node: str) -> tuple[str, ...]:
    """The objectives that a node serves: by what contains it; else those that need it soonest."""
    found = _containing(world, node)
    if not found and (asked := world.floats.get(node)) is not None:
        served = (_served_by(world, each.node, any_role=True) for each in asked.need_by.path())
        found = next((set(ids) for ids in served if ids), set())
    return tuple(sorted(found))


def lies_in(world: World, node: str) -> bool:
    """Whether a node is a part of any objective, whatever needs it; worked out once."""
    known: dict[str, bool] = world.derived.setdefault("lies in", {})
    if node not in known:
        known[node] = bool(_containing(world, node))
    return known[node]


def _containing(world: World, node: str) -> set[str]:
    return {objective_id for each in _upward(world, node) for objective_id in _served_by(world, each)}


def contained_in(world: World, node: str, *, any_role: bool = False) -> Iterator[str]:
    """What a node is directly part of: its parent, its releases and the objectives that it delivers, or with
    ``any_role`` serves in any role."""
    item = world.network.work.get(node)
    if item is not None:
        yield from item.releases
        if item.parent is not None:
            yield item.parent
    objective = world.network.objectives.get(node)
    if objective is not None and objective.parent is not None:
        yield objective_node(objective.parent)
    for link in world.links.get(node, ()):
        if (any_role or link.role is Role.DELIVERS) and link.objective_id in world.tree:
            yield objective_node(link.objective_id)


def _upward(world: World, node: str) -> Iterator[str]:
    """A node and what it is part of, up to the first objectives."""
    seen, row = {node}, [node]
    for each in row:
        yield each
        if each not in world.network.objectives:
            for above in contained_in(world, each):
                if above not in seen:
                    seen.add(above)
                    row.append(above)


def _served_by(world: World, node: str, *, any_role: bool = False) -> tuple[str, ...]:
    if node in world.network.objectives:
        return (world.network.objectives[node].id,)
    sink = any_role or node in world.network.deals or node in world.network.savings
    links = world.links.get(node, ())
    return tuple(
        link.objective_id for link in links if (sink or link.role is Role.DELIVERS) and link.objective_id in world.tree
    )


def name_of(world: World, forecast: Forecast) -> str:
    """What people call a node: its key, or its title where the key is but a number."""
    key = world.key(forecast)
    return world.title(forecast) or key if key.isdecimal() else key


def called(record: Record) -> str:
    """What people call a record: its key, or its title where the key is but a number."""
    return record.title or record.key if record.key.isdecimal() else record.key


def called_in_full(record: Record) -> str:
    """Its key with its title, as far as they say different things."""
    name = called(record)
    return f"{name} {record.title}" if record.title and record.title != name else name


def is_gone(world: World, node: str) -> bool:
    """Whether a node is neither an objective nor a record any more; work without any need is no node, and is there."""
    return node not in world.forecasts.by_node and world.record(node) is None


def is_waiting(world: World, node: str) -> bool:
    """Whether what a node needs still holds it up: it is there, has not ended, and has not begun."""
    forecast, item = world.forecasts.get(node), world.network.work.get(node)
    if forecast is None or (forecast.next is None and forecast.state in _ENDED):
        return False
    return item is None or not is_started(item)


def sources_of(world: World, *told: Iterable[str]) -> tuple[str, ...]:
    """These sources; where no record tells any, every source that is read: something in one of them decided it."""
    found = frozenset[str]().union(*told)
    return tuple(sorted(found or (entry.source for entry in world.coverage)))


def own_finish(world: World, node: str) -> date | None:
    """When a node would finish by its own dates and those of what it contains, whatever it needs itself."""
    network = world.network
    if node in network.objectives:
        rollups = (network.delivery_policy.get(node), network.delivery_work.get(node))
    elif node in network.releases:
        rollups = (network.members.get(node), None)
    else:
        rollups = (network.parents_policy.get(node), network.parents_work.get(node))
    own = network.own.get(node)
    release = network.releases.get(node)
    days = [rollup.latest for rollup in rollups if rollup is not None]
    days += [own.work if own else None, release.release_date if release else None]
    days += [
        forecast.day
        for child in network.children.get(node, ())
        if (forecast := world.forecasts.get(child)) and forecast.state is ForecastState.DATED
    ]
    return max((day for day in days if day is not None), default=None)
