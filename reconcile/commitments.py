"""What the nodes of the plan have committed to, and what that costs by their forecasts."""

from collections.abc import Mapping
from datetime import date

from model.findings import Impact, Share
from model.records import Deal, Release, Saving
from model.traces import NodeKind
from reconcile.floats import committed_day
from reconcile.forecast import ForecastState
from reconcile.impact import lost_share, periods_moved, planned_start, revenue_share
from reconcile.wording import day_text
from reconcile.world import World


def kind_of(world: World, node: str) -> NodeKind:
    """What a node is."""
    network = world.network
    if node in network.objectives:
        return NodeKind.OBJECTIVE
    if node in network.deals:
        return NodeKind.DEAL
    if node in network.savings:
        return NodeKind.SAVING
    if node in network.releases:
        return NodeKind.RELEASE
    if node in network.work:
        return NodeKind.WORK
    kinds: Mapping[type, NodeKind] = {Deal: NodeKind.DEAL, Saving: NodeKind.SAVING, Release: NodeKind.RELEASE}
    record = world.record(node)
    return NodeKind.NOTHING if record is None else kinds.get(type(record), NodeKind.WORK)


def _commitment(world: World, node: str) -> date | None:
    network = world.network
    if node in network.deals:
        return network.deals[node].promised_date
    if node in network.savings:
        return planned_start(network.savings[node])
    return committed_day(network.objectives[node]) if node in network.objectives else None


def claim_of(world: World, node: str) -> str:
    """``promised for 30 Sep 2026``; empty where a node commits to nothing."""
    day = _commitment(world, node)
    if day is None:
        return ""
    words = {NodeKind.DEAL: "promised for", NodeKind.SAVING: "booked from"}
    return f"{words.get(kind_of(world, node), 'committed to')} {day_text(day)}"


def effect_of(world: World, node: str) -> Impact | None:
    """What a commitment costs by its forecast, as the checks count it; None where there is nothing to compare."""
    forecast, committed = world.forecasts.get(node), _commitment(world, node)
    if forecast is None or committed is None or forecast.state is ForecastState.UNKNOWN:
        return None
    if forecast.supports_nothing:
        return Impact(None, _shares(world, node, committed, None))
    if forecast.state is not ForecastState.DATED or forecast.day is None:
        return None
    days = (forecast.day - committed).days
    tolerated = days <= world.tolerance_days(world.objective_ids(forecast))
    if days <= 0 or (tolerated and not periods_moved(committed, forecast.day)):
        return Impact(days)
    return Impact(days, _shares(world, node, committed, forecast.day))


def _shares(world: World, node: str, committed: date, possible: date | None) -> tuple[Share, ...]:
    network = world.network
    if node in network.deals:
        return (revenue_share(network.deals[node], world.rates),)
    if node in network.savings:
        until = possible or date(max(committed.year, world.today.year) + 1, 1, 1)
        return (lost_share(network.savings[node], committed, until, world.rates),)
    return ()
