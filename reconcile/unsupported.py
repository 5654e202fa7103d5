"""Who tells that a need leads nowhere: the promise or the saving that fails by it, with its money, or nobody yet.

A check that is switched off tells nothing.
"""

from collections.abc import Iterator

from model.records import Deal, Saving
from reconcile.above import contained_in
from reconcile.forecast import ForecastState
from reconcile.impact import lost_share, planned_start
from reconcile.planned_revenue import end_of_year
from reconcile.promises import promise_of
from reconcile.world import World

CERTAIN_WITHOUT_A_DATE = frozenset({ForecastState.DROPPED, ForecastState.UNRESOLVED})
"""What will never come or cannot be found supports no promise, not even one without a date."""


def is_told(world: World, node: str, to: str) -> bool:
    """Whether a finding about a promise or a saving names what is needed here as its cause, by way of this need."""
    if _is_sink(world, node):
        return world.forecasts.by_node[node].cause.node == to and _names(world, node, to)
    row, seen = [node], {node}
    for each in row:
        for above in _above(world, each):
            if above in seen or not _ends_at(world, above, to):
                continue
            seen.add(above)
            if not _is_sink(world, above):
                row.append(above)
            elif _chain(world, above)[-2:] == (node, to) and _names(world, above, to):
                return True
    return False


def _is_sink(world: World, node: str) -> bool:
    return node in world.network.deals or node in world.network.savings


def _above(world: World, node: str) -> Iterator[str]:
    """What waits for a node, for what contains it, or for what ships with it."""
    yield from world.dependents.get(node, ())
    yield from contained_in(world, node)
    if node in world.network.releases:
        for member in world.network.children.get(node, ()):
            yield from (each for each in world.dependents.get(member, ()) if _is_sink(world, each))


def _ends_at(world: World, node: str, to: str) -> bool:
    readings = world.forecasts.get(node), world.forecasts.inside.get(node)
    return any(reading is not None and reading.cause.node == to for reading in readings)


def _chain(world: World, node: str) -> tuple[str, ...]:
    return world.forecasts.by_node[node].chain


def _names(world: World, node: str, cause: str) -> bool:
    """Whether a promise that is not lost, or a saving that is booked, rests on nothing, so that it is told with this
    as its cause."""
    forecast = world.forecasts.get(node)
    if forecast is None or not forecast.supports_nothing:
        return False
    deal, saving = world.network.deals.get(node), world.network.savings.get(node)
    if deal is not None:
        return _promise_names(world, deal, forecast.state, cause)
    return saving is not None and runs(world, "early-saving") and _is_booked(world, saving)


def _promise_names(world: World, deal: Deal, state: ForecastState, cause: str) -> bool:
    promise = promise_of(world, deal)
    if promise is None:
        return False
    if promise.target.dropped_itself:
        return promise.target.node == cause and runs(world, "dropped-scope")
    certain = deal.promised_date is not None or state in CERTAIN_WITHOUT_A_DATE
    return certain and runs(world, "unsupported-commitment")


def _is_booked(world: World, saving: Saving) -> bool:
    start = planned_start(saving)
    if start is None:
        return False
    lost = lost_share(saving, start, end_of_year(start, world.today), world.rates)
    return bool(lost.amounts or lost.unconverted) or not (saving.plan or saving.run_rate)


def runs(world: World, check: str) -> bool:
    """Whether an installed check is switched on, by its name."""
    options = getattr(world.options.checks, check.replace("-", "_"), None)
    return options is not None and options.enabled
