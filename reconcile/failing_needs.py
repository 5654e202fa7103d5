"""Which need below an objective fails: what a part of it needs supports nothing, or is itself reported red."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from model.keys import objective_node
from model.records import Light
from reconcile.above import is_waiting, lies_in, objectives_of
from reconcile.forecast import Because, Forecast, ForecastState, gravest
from reconcile.values import children_of
from reconcile.world import World

RED = frozenset({ForecastState.OVERDUE, ForecastState.DROPPED, ForecastState.UNRESOLVED, ForecastState.CYCLIC})
_RED_OR_UNSEEN = RED | {ForecastState.UNKNOWN}


@dataclass(frozen=True, slots=True)
class _Failing:
    """What fails in an objective and below it. ``outside`` is no part of any objective, and some part may need it."""

    worst: Forecast | None = None
    outside: frozenset[str] = frozenset()


def failing_need(world: World, objective_id: str) -> Forecast | None:
    """The gravest thing that a part of an objective needs and that supports nothing or is reported red.

    A part lies in the objective or in one below it; what lies in none is a part of the one that needs it soonest. Where
    nothing is known to fail, it is what cannot be seen and may (``is_unseen``).
    """
    known: dict[str, _Failing] = world.derived.setdefault("failing needs", {})
    row = [objective_id]
    for each in row:
        row.extend(child for child in children_of(world, each) if child not in known)
    for each in reversed(row):
        if each not in known:
            known[each] = _together(world, _own(world, each), [known[child] for child in children_of(world, each)])
    found = known[objective_id]
    outside = (node for node in found.outside if _is_below(world, node, objective_id))
    return _worst(world, [*_some(found.worst), *(reading for node in outside for reading in _readings(world, node))])


def is_unseen(world: World, reading: Forecast) -> bool:
    """Whether nobody can tell if it fails: it is out of sight, and nobody reports it red."""
    return reading.state is ForecastState.UNKNOWN and not _is_reported_red(world, reading.node)


def _worst(world: World, readings: Iterable[Forecast]) -> Forecast | None:
    """What is known to fail weighs more than what cannot be seen."""
    several = list(readings)
    return gravest([each for each in several if not is_unseen(world, each)] or several)


def _together(world: World, own: _Failing, below: list[_Failing]) -> _Failing:
    several = [own, *below]
    worst = _worst(world, [each.worst for each in several if each.worst is not None])
    return _Failing(worst, frozenset[str]().union(*(each.outside for each in several)))


def _own(world: World, objective_id: str) -> _Failing:
    """What lies in one objective, without those below it, and what that needs."""
    network = world.network
    node = objective_node(objective_id)
    inside = [node]
    seen = {node}
    for each in inside:
        children = [child for child in network.children.get(each, ()) if child not in seen]
        found = [child for child in children if child not in network.objectives]
        seen.update(found)
        inside.extend(found)
    readings = [reading for each in inside if each in network.edges for reading in _readings(world, each)]
    outside = list(_outside(world, [*inside, *(link.record_id for link in world.served.get(objective_id, ()))]))
    return _Failing(_worst(world, readings), frozenset(each for each in outside if any(_readings(world, each))))


def _outside(world: World, starts: list[str]) -> Iterator[str]:
    """What lies in no objective and is needed by these, however far behind."""
    row, seen = list(starts), set(starts)
    for node in row:
        for each in _before(world, node):
            if each not in seen and not lies_in(world, each):
                seen.add(each)
                row.append(each)
                yield each


def _before(world: World, node: str) -> Iterator[str]:
    """What a node contains, ships with and needs."""
    network = world.network
    yield from network.children.get(node, ())
    own = network.own.get(node)
    if own is not None and own.release is not None:
        yield own.release
    yield from (edge.to for edge in network.edges.get(node, ()) if edge.obstacle is None)


def _readings(world: World, node: str) -> Iterator[Forecast]:
    """What a node that waits needs in vain or cannot see, or needs from somebody who reports red."""
    network = world.network
    if node in network.deals or node in network.savings or not is_waiting(world, node):
        return
    waiting = world.forecasts.by_node[node]
    fails = waiting.next if waiting.because is Because.NEED and waiting.state in _RED_OR_UNSEEN else None
    for edge in network.edges.get(node, ()):
        reading = fails
        if reading is None and _is_reported_red(world, edge.to):
            reading = world.forecasts.get(edge.to)
        yield from _some(reading)


def fails(world: World, node: str) -> bool:
    """Whether ``failing_need`` has something to say about a node itself, for those that it is needed for."""
    return any(True for _ in _readings(world, node))


def _some(reading: Forecast | None) -> list[Forecast]:
    return [] if reading is None else [reading]


def _is_reported_red(world: World, node: str) -> bool:
    objective = world.network.objectives.get(node)
    return objective is not None and objective.implementation is Light.RED


def _is_below(world: World, node: str, objective_id: str) -> bool:
    return any(objective_id == each.id for id_ in objectives_of(world, node) for each in world.tree.path(id_))
