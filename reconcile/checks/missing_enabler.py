"""One side is nearly done, and what it needs to be of any use is not there: not funded, not begun, or much later."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import Field

from model.findings import Claim, DecisionOption, Evidence, Finding, Impact, Share
from model.keys import source_of
from model.links import Role
from model.money import Money
from model.objectives import StageGate
from model.records import StatusCategory, WorkItem
from reconcile.above import is_gone, name_of, objectives_of, own_finish, sources_of
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decide_by, decider, owner
from reconcile.forecast import Because, Forecast, ForecastState
from reconcile.funding import BUDGET, cost_share, to_fund, without_budget
from reconcile.impact import CENT, severity
from reconcile.network import Edge
from reconcile.parts import Parts, parts_of
from reconcile.story import chain_steps, evidence_of, says_of
from reconcile.wording import day_text, days_text, listed
from reconcile.world import World

_AT_REST = frozenset({StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD})
_OVER = frozenset({ForecastState.DONE, ForecastState.DROPPED})


class MissingEnablerOptions(CheckOptions):
    """Options of the check missing-enabler."""

    done_percent: Annotated[int, Field(ge=1, le=100)] = 80
    """From how many percent of its pieces done on the one side counts as nearly done."""
    idle_days: Annotated[int, Field(ge=0)] = 14
    """How many days the side that is nearly done may wait for the other one."""


@dataclass(frozen=True, slots=True)
class _Lack:
    """What is wrong with the other side. ``budget`` proves that it is not funded, ``idle`` are the days of waiting."""

    budget: Evidence | None
    begins: date | None
    idle: int | None
    waits: bool

    @property
    def is_any(self) -> bool:
        return self.budget is not None or self.begins is not None or self.waits


@dataclass(frozen=True, slots=True)
class _Case:
    """One side, the need, the other side as it is forecast, and what is wrong with it."""

    node: str
    edge: Edge
    parts: Parts
    finish: date | None
    reading: Forecast
    lack: _Lack

    @property
    def link(self) -> Forecast:
        """The first link of the chain: one side waits for the other."""
        edge = self.edge
        return Forecast(
            self.node,
            self.reading.state,
            self.reading.day,
            Because.NEED,
            self.reading,
            lag=edge.lag,
            need_owner=edge.owner,
        )


class MissingEnabler(Check[MissingEnablerOptions]):
    """One side is nearly done, and the other side that it needs is missing.

    What it finds
        An objective, a release or work with parts of which 80 % or more of the pieces are done, and which needs
        something that is not funded (its budget is zero, or its record says that none is approved), that has not begun
        although its planned start has passed, or that comes more than 14 days after the first side could be there, lags
        included. A blank budget is unknown, not zero. Pieces are counted once; what only contains others, and what was
        dropped, does not count. What the first side needs may be in any tool. What leads nowhere is broken-need's.

        The idle spend is the done share of the first side's budget, where the objective has one.

    Why it matters
        The money is spent, and nothing comes of it before the other side is there: each side looks well in its own
        tool.

    What to do
        Fund the other side and begin it, or stop spending on the first.

    Example
        The routing software is 80 % done, 4 of 5. The sorter hardware, which it needs, has an approved budget of
        EUR 0 and comes 140 days after it. Of a budget of EUR 500,000, EUR 400,000 lie idle.
    """

    name = "missing-enabler"
    title = "One side is nearly done, and what it needs is missing"
    family = "dependencies"
    patterns = ("F2.1",)
    formula = (
        "Done share >= done_percent, while what is needed is not funded, not begun or later than idle_days; idle spend "
        "= budget * done share."
    )
    options_type = MissingEnablerOptions
    reads = FORECAST_READS | {"custom"}
    roles = frozenset({Role.DELIVERS})
    weighs_floats = True

    @classmethod
    def rests_on(cls, fields: Collection[str], roles: Collection[Role]) -> bool:
        """The extra field that tells the budget counts like a built-in one."""
        return BUDGET in fields or super().rests_on(fields, roles)

    def find(self, world: World, options: MissingEnablerOptions) -> Iterator[Verdict]:
        """Yield one finding per side that is nearly done and thing it needs that is missing."""
        needs = list(_needs(world))
        if not needs:
            yield Blind("no objective, release or work with parts says what it needs")
        for node, edges in needs:
            parts = parts_of(world, node)
            if not parts.count or 100 * parts.done < options.done_percent * parts.count:
                continue
            for edge in {each.to: each for each in reversed(edges) if each.obstacle is None}.values():
                reading = world.forecasts.get(edge.to)
                if reading is None or _is_over(reading):
                    continue
                if reading.state is ForecastState.UNKNOWN:
                    cause = reading.cause
                    yield Unjudged((node, edge.to), f"{world.key(cause)} {says_of(world, cause)}")
                    continue
                finish = own_finish(world, node)
                lack = _lack(world, options, edge, reading, finish)
                if lack.is_any:
                    yield self._finding(world, _Case(node, edge, parts, finish, reading, lack))

    def _finding(self, world: World, case: _Case) -> Finding:
        node, reading, lack = case.node, case.reading, case.lack
        own_ids, other_ids = objectives_of(world, node), objectives_of(world, reading.node)
        impact = Impact(lack.idle, tuple(_idle_spend(world, case)))
        last_day = _decide_by(world, reading)
        record = world.record(reading.node)
        key = world.key(case.link)
        done = f"{case.parts.done} of {case.parts.count} done"
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(node, reading.node),
            title=_title(world, case),
            objective_ids=own_ids or other_ids,
            commitment=Claim(
                source_of(node), name_of(world, case.link), f"is {case.parts.percent} % done", where=world.where(node)
            ),
            forecast=Claim(
                world.system(reading), name_of(world, reading), _missing(lack), reading.day, world.where(reading.node)
            ),
            impact=impact,
            cause=reading.cause.node,
            chain=chain_steps(world, case.link, f"{case.parts.percent} % done", case.finish),
            evidence=(
                Evidence(node, key, "pieces", done, world.where(node)),
                *([lack.budget] if lack.budget else []),
                *evidence_of(world, case.link),
            ),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=case.edge.owner or (record.owner if record else None) or owner(world.tree, other_ids or own_ids),
            decider=_decider(world, (*own_ids, *other_ids)),
            decide_by=last_day,
            advice=_advice(world, case),
            options=_fund(world, case, last_day),
            sources=sources_of(world, reading.sources, world.forecasts.by_node[node].sources),
        )

    def why_resolved(self, finding: Finding, world: World, options: MissingEnablerOptions) -> str:
        """What became of either side, or of the need."""
        node, to = finding.subjects
        key = finding.commitment.key if finding.commitment else node
        other = finding.forecast.key if finding.forecast else to
        reading = world.forecasts.get(to)
        if is_gone(world, node) or is_gone(world, to):
            return f"{other if is_gone(world, to) else key} is not in the plan any more"
        if reading is None or not any(each.to == to for each in world.network.edges.get(node, ())):
            return f"{key} does not need {other} any more"
        if reading.state is ForecastState.DONE:
            return f"{other} is finished"
        parts = parts_of(world, node)
        if 100 * parts.done < options.done_percent * parts.count or not parts.count:
            return f"{key} is only {parts.percent} % done now"
        return f"{other} is funded, under way and in time" if reading.day else f"{other} is given up"


def _needs(world: World) -> Iterator[tuple[str, tuple[Edge, ...]]]:
    """What has needs and parts and is not at rest; whether it has begun does not matter here."""
    network = world.network
    for node, edges in network.edges.items():
        forecast = world.forecasts.get(node)
        if forecast is None or node in network.deals or node in network.savings:
            continue
        objective = network.objectives.get(node)
        if objective is not None and objective.stage_gate in _AT_REST:
            continue
        has_parts = node in network.children or node in network.parents_work or objective or node in network.releases
        ended = forecast.next is None and forecast.state in _OVER
        if has_parts and (objective is not None or not ended):
            yield node, edges


def _is_over(reading: Forecast) -> bool:
    """It is there; or it leads nowhere, which broken-need tells."""
    if reading.state is ForecastState.DONE:
        return True
    return reading.next is None and (reading.state is ForecastState.DROPPED or reading.because is Because.MOVED)


def _lack(world: World, options: MissingEnablerOptions, edge: Edge, reading: Forecast, finish: date | None) -> _Lack:
    idle = None
    if reading.state is ForecastState.DATED and reading.day is not None and finish is not None:
        idle = max(0, (edge.lag.after(reading.day, world.floats.calendars) - finish).days)
    return _Lack(
        without_budget(world, reading.node),
        _should_have_begun(world, reading.node),
        idle,
        idle is not None and idle > options.idle_days,
    )


def _should_have_begun(world: World, node: str) -> date | None:
    """The planned start that has passed without anything having begun."""
    item = world.network.work.get(node)
    if item is None or item.category not in (StatusCategory.TODO, None) or item.start is None:
        return None
    return item.start if item.start < world.today and parts_of(world, node).begun is False else None


def _idle_spend(world: World, case: _Case) -> Iterator[Share]:
    """The done share of the budget; nothing where there is none to take it from."""
    objective = world.network.objectives.get(case.node)
    share = case.parts.share
    if objective is None or objective.budget is None or objective.budget.amount <= 0 or share is None:
        return
    yield cost_share(
        world, case.node, Money((objective.budget.amount * share).quantize(CENT), objective.budget.currency)
    )


def _missing(lack: _Lack) -> str:
    """``has no approved budget and comes 140 days after it``."""
    told = ["has no approved budget"] if lack.budget else []
    told += [f"has not begun, although it was to begin on {day_text(lack.begins)}"] if lack.begins else []
    told += [f"comes {days_text(lack.idle)} after it"] if lack.waits and lack.idle else []
    return listed(told)


def _title(world: World, case: _Case) -> str:
    who, what = name_of(world, case.link), name_of(world, case.reading)
    words = f"{who} is {case.parts.percent} % done, but {what}, which it needs, {_missing(case.lack)}"
    return f"{words}, on {day_text(case.reading.day)}" if case.lack.waits and case.reading.day else words


def _fund(world: World, case: _Case, last_day: date | None) -> tuple[DecisionOption, ...]:
    """Fund the other side, where it is known that nothing was approved; in time for the day that the finding names."""
    if case.lack.budget is None:
        return ()
    option = to_fund(
        world, case.reading.node, until=last_day, otherwise=_decider(world, objectives_of(world, case.node))
    )
    return (option,) if option else ()


def _decide_by(world: World, reading: Forecast) -> date | None:
    """The day on which the work behind it is planned to begin; else the day it is needed by."""
    record = world.record(reading.cause.node)
    if isinstance(record, WorkItem) and record.start is not None and record.start >= world.today:
        return record.start
    asked = world.floats.get(reading.node)
    return decide_by(asked.need_by.day, 0, world.today) if asked else None


def _decider(world: World, ids: tuple[str, ...]) -> str | None:
    """Two sides of one thing: who decides across measures, else who decides beyond the tolerance."""
    across = (world.tree.inherited_right(objective_id, "across_measures") for objective_id in ids)
    return next((name for name in across if name), None) or decider(world.tree, ids, within_tolerance=False)


def _advice(world: World, case: _Case) -> str:
    who, what = name_of(world, case.link), name_of(world, case.reading)
    act = f"Fund {what}" if case.lack.budget else f"Begin {what}" if case.lack.begins else f"Bring {what} forward"
    idle = f" by {days_text(case.lack.idle)}" if case.lack.idle and act.startswith("Bring") else ""
    return f"{act}{idle}, or stop spending on {who} until it comes."
