"""Work that is delayed or blocked while no money is linked to anything that waits for it (F5.2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding
from model.keys import objective_node, source_of
from model.links import Role
from model.objectives import Objective, StageGate
from model.records import Record, WorkItem
from reconcile.above import name_of, sources_of
from reconcile.baselines import date_histories, planned_field
from reconcile.check import FORECAST_READS, Asked, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decider, owner
from reconcile.downstream import downstream, has_money, money_below
from reconcile.forecast import Forecast, ForecastState
from reconcile.story import says_of
from reconcile.wording import day_text, later_text, listed
from reconcile.world import World

_AT_REST = frozenset({StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD})
_OPEN = frozenset({ForecastState.DATED, ForecastState.OVERDUE, ForecastState.UNDATED})
_MOST_SHOWN = 10


class UnpricedDelayOptions(CheckOptions):
    """Options of the check unpriced-delay."""

    late_days: Annotated[int, Field(ge=0)] = 14
    """From how many days on work counts as delayed: overdue, blocked, or moved behind its first date."""


@dataclass(frozen=True, slots=True)
class _Delay:
    """One record that is delayed, in words, with what proves it."""

    node: str
    key: str
    says: str
    proof: Evidence


class UnpricedDelay(Check[UnpricedDelayOptions]):
    """Work is delayed or blocked, and no money is linked to anything that waits for it.

    What it finds
        An objective whose delivering work or releases are more than 14 days overdue, blocked for more than 14 days, or
        moved by more than 14 days behind their first date, where nobody can say what that costs: no deal, no saving and
        no value is linked to the objective, to what lies below it, to the objectives above it up to the portfolio, or
        to anything that needs its work. It is told once per objective, with the measures that lie downstream; where
        what binds the work delivers an objective of its own, it is told there. A delay with money behind it is told by
        the checks on promises, savings and dates. While no money is linked to anything, nothing can be judged.

    Why it matters
        A delay without a price is a technical matter until somebody finds the bill.

    What to do
        Link the work to the measure whose effect waits for it, or say by a value what the objective is to bring.

    Example
        Same-day sorting is delivered by RTE-30, which was due on 1 Aug 2026. No deal, saving or value is linked to it:
        not priced. Downstream lies Faster operations.
    """

    name = "unpriced-delay"
    title = "A delay on which no linked money hangs"
    family = "truth"
    patterns = ("F5.2",)
    formula = "Days overdue, blocked or moved > late_days, and no money below, above or behind it."
    options_type = UnpricedDelayOptions
    reads = FORECAST_READS | {"blocked_since"}
    roles = frozenset({Role.DELIVERS, Role.SAVES, Role.PROMISES})
    daily = True

    def asks(self, world: World, options: UnpricedDelayOptions) -> Asked:
        """When what binds the work of objectives without money was moved."""
        if not _any_money(world):
            return Asked()
        readings = [each for objective in _unpriced(world) for each in _delivering(world, objective)]
        world.library.fetch(node for each in readings for node in (each.node, each.cause.node))
        return Asked(moves=frozenset(each.cause.node for each in readings if each.state is ForecastState.DATED))

    def find(self, world: World, options: UnpricedDelayOptions) -> Iterator[Verdict]:
        if not _any_money(world):
            yield Blind("no deal, saving or value is linked to any objective")
            return
        for objective in _unpriced(world):
            node = objective_node(objective.id)
            delays = list(_delays(world, options, objective))
            forecast = world.forecasts.get(node)
            if delays:
                yield self._finding(world, objective, delays)
            elif forecast is not None and forecast.state is ForecastState.UNKNOWN:
                yield Unjudged((node,), f"{world.key(forecast.cause)} {says_of(world, forecast.cause)}")

    def _finding(self, world: World, objective: Objective, delays: list[_Delay]) -> Finding:
        node, ids = objective_node(objective.id), (objective.id,)
        first = delays[0]
        more = f" and {len(delays) - 1} more" if len(delays) > 1 else ""
        behind = downstream(world, [node, *(each.node for each in delays)]).nodes
        measures = [world.network.objectives[each] for each in behind if each in world.network.objectives]
        forecast = world.forecasts.get(node)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(node,),
            title=f"{objective.name} is delayed and not priced: {first.key} {first.says}{more}, and no money is linked "
            "to anything that waits for it",
            objective_ids=ids,
            commitment=Claim("objectives", objective.id, "has no money linked", where=objective.location),
            forecast=Claim(source_of(first.node), first.key, first.says, where=first.proof.where),
            cause=first.node,
            evidence=(
                *(each.proof for each in delays[:_MOST_SHOWN]),
                *(
                    Evidence(node, objective.id, "downstream", f"{each.id} {each.name}", each.location)
                    for each in measures[:_MOST_SHOWN]
                ),
            ),
            owner=owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=True),
            advice=f"Link {first.key} to the measure whose effect waits for it, or state a value of {objective.name}"
            + (f"; downstream: {listed([each.name for each in measures[:3]])}." if measures else "."),
            sources=sources_of(
                world, forecast.sources if forecast else (), frozenset(source_of(each.node) for each in delays)
            ),
            upkeep=True,
        )

    def why_resolved(self, finding: Finding, world: World, options: UnpricedDelayOptions) -> str:
        """Whether it has a price now, or is not delayed any more."""
        objective = world.network.objectives.get(finding.subjects[0])
        if objective is None:
            return "the objective is not declared any more"
        if objective.stage_gate in _AT_REST:
            return f"{objective.name} is {str(objective.stage_gate).replace('_', ' ')}"
        if _has_money(world, objective):
            return f"money is linked to {objective.name} or to what waits for it"
        return f"nothing that delivers {objective.name} is delayed any more"


def _any_money(world: World) -> bool:
    return any(money_below(world, objective.id) for objective in world.tree.objectives if objective.parent is None)


def _unpriced(world: World) -> Iterator[Objective]:
    """The objectives under way with work on which no money hangs.

    Money may be linked anywhere on the way, far from what changed: all of them are looked at.
    """
    for objective in world.tree.objectives:
        under_way = objective.stage_gate not in _AT_REST and _is_delivered(world, objective)
        if under_way and not _has_money(world, objective):
            yield objective


def _is_delivered(world: World, objective: Objective) -> bool:
    return any(link.role is Role.DELIVERS for link in world.served.get(objective.id, ())) or _rolled_up(
        world, objective
    )


def _rolled_up(world: World, objective: Objective) -> bool:
    node = objective_node(objective.id)
    return node in world.network.delivery_policy or node in world.network.delivery_work


def _has_money(world: World, objective: Objective) -> bool:
    node = objective_node(objective.id)
    return has_money(world, [node, *(each.node for each in _delivering(world, objective))])


def _delivering(world: World, objective: Objective) -> Iterator[Forecast]:
    """The forecasts of the work and releases that deliver an objective itself and are open."""
    for child in sorted(world.network.children.get(objective_node(objective.id), ())):
        forecast = world.forecasts.get(child) if child not in world.network.objectives else None
        if forecast is not None and forecast.state in _OPEN:
            yield forecast


def _delays(world: World, options: UnpricedDelayOptions, objective: Objective) -> Iterator[_Delay]:
    """What is delayed of an objective, each record once: the linked work, then the oldest of what is only counted."""
    told: set[str] = set()
    for forecast in _delivering(world, objective):
        delay = _delay(world, options, forecast)
        elsewhere = delay is not None and delay.node != forecast.node and _delivers_any(world, delay.node)
        if delay is not None and delay.node not in told and not elsewhere:
            told.add(delay.node)
            yield delay
    node = objective_node(objective.id)
    rollup = world.network.delivery_policy.get(node) or world.network.delivery_work.get(node)
    if rollup is None or rollup.overdue_record is None or rollup.oldest_overdue is None:
        return
    late = world.today - rollup.oldest_overdue > timedelta(options.late_days)
    record = world.record(rollup.overdue_record) if late else None
    # Work that is a node was judged above, with what is known of it there.
    if record is not None and record.id not in world.network.work and world.absence(record.id) is None:
        where = world.where(record.id)
        proof = Evidence(record.id, record.key, "overdue since", rollup.oldest_overdue.isoformat(), where)
        yield _Delay(record.id, _called(record), f"was due {day_text(rollup.oldest_overdue)}", proof)


def _delay(world: World, options: UnpricedDelayOptions, forecast: Forecast) -> _Delay | None:
    """How one record is delayed: blocked itself, overdue, or moved; the last two by what binds it."""
    limit = timedelta(options.late_days)
    own, cause = world.record(forecast.node), forecast.cause
    if isinstance(own, WorkItem) and own.blocked_since and world.today - own.blocked_since > limit:
        where = world.where(own.id, "blocked_since")
        name = world.field_name(own.id, "blocked_since")
        proof = Evidence(own.id, own.key, name, own.blocked_since.isoformat(), where)
        return _Delay(own.id, _called(own), f"is blocked since {day_text(own.blocked_since)}", proof)
    if forecast.state is ForecastState.OVERDUE and cause.day is not None and world.today - cause.day > limit:
        where = world.where(cause.node, "due")
        proof = Evidence(cause.node, world.key(cause), "overdue since", cause.day.isoformat(), where)
        return _Delay(cause.node, name_of(world, cause), f"was due {day_text(cause.day)}", proof)
    record = world.record(cause.node) if forecast.state is ForecastState.DATED else None
    return _moved(world, options, record) if record is not None else None


def _moved(world: World, options: UnpricedDelayOptions, record: Record) -> _Delay | None:
    """How far the planned date of a record lies behind its first one, where that is too far."""
    field = planned_field(record) or ""
    moved = (each for each in date_histories(world.moves.get(record.id, ())) if each.field == field)
    history = next(moved, None)
    if history is None or history.now is None or history.original is None or (history.days or 0) <= options.late_days:
        return None
    name, where = world.field_name(record.id, field), world.where(record.id, field)
    old, by, at = history.original.isoformat(), history.last.by, history.last.at
    proof = Evidence(record.id, record.key, name, history.now.isoformat(), where, old=old, by=by, at=at)
    moved_to = f"moved to {day_text(history.now)} ({later_text(history.days or 0)})"
    return _Delay(record.id, _called(record), moved_to, proof)


def _delivers_any(world: World, node: str) -> bool:
    """Whether a record delivers an objective itself: what binds others is told there."""
    return any(link.role is Role.DELIVERS and link.objective_id in world.tree for link in world.links.get(node, ()))


def _called(record: Record) -> str:
    """Its key, or its title where the key is but a number."""
    return record.title or record.key if record.key.isdecimal() else record.key
