"""A handover that nobody took up: what was waited for is finished, and the work that waited has not begun."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from model.calendars import DEFAULT_CALENDAR, Calendar
from model.findings import Claim, Evidence, Finding, Impact
from model.keys import source_of
from model.links import Role
from model.objectives import StageGate
from reconcile.above import is_gone, name_of, objectives_of, sources_of
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decider, owner
from reconcile.forecast import Forecast, ForecastState
from reconcile.impact import severity
from reconcile.network import Edge, is_started
from reconcile.parts import parts_of
from reconcile.story import says_of
from reconcile.targets import LATE_READS
from reconcile.waiting import shares_of_days
from reconcile.wording import day_text, days_text
from reconcile.world import World

_WAITING = frozenset({ForecastState.DATED, ForecastState.OVERDUE, ForecastState.UNDATED})
_AT_REST = frozenset({StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD, StageGate.IMPLEMENTED})


class IdleHandoverOptions(CheckOptions):
    """Options of the check idle-handover."""

    working_days: Annotated[int, Field(ge=0)] = 10
    """How many working days may pass between the day on which work could begin and its begin."""
    ahead_days: Annotated[int, Field(ge=0)] = 14
    """Work without a planned start that is to finish, or is needed, later than in so many days may wait, and is not
    told."""


@dataclass(frozen=True, slots=True)
class _Handover:
    """Work that could have begun. ``last`` is what it needed that finished last, ``since`` the day it could begin."""

    node: str
    forecast: Forecast
    last: Forecast
    edge: Edge
    since: date
    idle: int


class IdleHandover(Check[IdleHandoverOptions]):
    """What some work waited for is finished, and the work has not begun.

    What it finds
        Work that serves an objective, or an objective, that has not begun although everything that it needs was
        finished, lags included, more than 10 working days ago (I37). What is planned to start later counts from its
        planned start, and what has no planned start is told only when it is to finish, or is needed, within 14 days.
        Something that contains work has begun when anything in it has. The money is what the days since then are worth:
        the yearly value of what needs the work soonest, times days / 365.

    Why it matters
        The one side reports that it has delivered, the other was never told that it can begin; the days in between
        belong to nobody.

    What to do
        Tell the owner of the waiting work that it can begin, or have its start planned anew.

    Example
        Master data (ERP-90) was finished on 24 Aug 2026. Cut-over (ERP-100) needs it and has not begun on 15 Sep:
        22 days. The saving behind it brings EUR 1,200,000 a year: 1,200,000 x 22 / 365 = EUR 72,328.77.
    """

    name = "idle-handover"
    title = "What was waited for is finished, and the work that waited has not begun"
    family = "dependencies"
    patterns = ("I37",)
    formula = "Today - (last of what was needed + lag) > the working days allowed; money = yearly value * days / 365."
    options_type = IdleHandoverOptions
    reads = FORECAST_READS | LATE_READS
    roles = frozenset({Role.DELIVERS, Role.PROMISES, Role.SAVES})
    weighs_floats = True

    def find(self, world: World, options: IdleHandoverOptions) -> Iterator[Verdict]:
        """Yield one finding per piece of work or objective that nobody began."""
        if not world.network.edges:
            yield Blind("no work, release or objective says what it needs")
        found = []
        for node in _may_wait(world):
            handover = _handover(world, options, node)
            if isinstance(handover, Unjudged):
                yield handover
            elif handover is not None and objectives_of(world, node):
                found.append(handover)
        world.library.fetch(node for each in found for node in (each.node, each.last.node))
        yield from (self._finding(world, each) for each in found)

    def _finding(self, world: World, handover: _Handover) -> Finding:
        waiting, last = handover.forecast, handover.last
        ids = objectives_of(world, handover.node)
        record = world.record(handover.node)
        impact = Impact(None, shares_of_days(world, handover.node, handover.idle))
        name, key = name_of(world, waiting), world.key(waiting)
        system = "objectives" if handover.node in world.network.objectives else source_of(handover.node)
        ended, where = says_of(world, last), world.where(last.node, "finished")
        since = day_text(handover.since)
        receiver = record.owner if record is not None else None
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(handover.node,),
            title=f"{name} could begin on {since} and has not begun; {name_of(world, last)} {ended} "
            f"({days_text(handover.idle)} without work on it)",
            objective_ids=ids,
            commitment=Claim(world.system(last), name_of(world, last), ended, last.day, where),
            forecast=Claim(system, name, "has not begun", where=world.where(handover.node, "status")),
            impact=impact,
            cause=handover.node,
            evidence=(
                Evidence(last.node, world.key(last), "finished", last.day.isoformat() if last.day else "", where),
                Evidence(handover.node, key, "could begin", handover.since.isoformat(), world.where(handover.node)),
            ),
            severity=severity(impact, None, world.today, world.options.severity),
            owner=receiver or handover.edge.owner or owner(world.tree, ids),
            decider=receiver or handover.edge.owner or decider(world.tree, ids, within_tolerance=True),
            advice=f"Tell the owner of {name} that it can begin, or plan its start anew.",
            sources=sources_of(world, waiting.sources, last.sources),
        )

    def why_resolved(self, finding: Finding, world: World, options: IdleHandoverOptions) -> str:
        """Whether it began, ended, or waits again."""
        node = finding.subjects[0]
        key = finding.forecast.key if finding.forecast else node
        if node not in world.network.objectives and is_gone(world, node):
            return f"{key} is not in the plan any more"
        forecast = world.forecasts.get(node)
        if forecast is None or not world.network.edges.get(node):
            return f"{key} needs nothing any more"
        if forecast.state not in _WAITING:
            return f"{key} {says_of(world, forecast)}"
        return f"{key} has begun" if _has_begun(world, node) else f"{key} is planned for later, or waits again"


def _may_wait(world: World) -> Iterator[str]:
    """Work and objectives that have not begun and need something."""
    edges = world.network.edges
    yield from (node for node in world.network.work if node in edges and not _has_begun(world, node))
    for node, objective in world.network.objectives.items():
        if node in edges and objective.stage_gate not in _AT_REST and not _has_begun(world, node):
            yield node


def _has_begun(world: World, node: str) -> bool:
    item = world.network.work.get(node)
    return (item is not None and is_started(item)) or bool(parts_of(world, node).begun)


def _handover(world: World, options: IdleHandoverOptions, node: str) -> _Handover | Unjudged | None:
    forecast = world.forecasts.get(node)
    if forecast is not None and forecast.state is ForecastState.UNKNOWN:
        return Unjudged((node,), f"{world.key(forecast.cause)} {says_of(world, forecast.cause)}")
    if forecast is None or forecast.state not in _WAITING:
        return None
    begin: tuple[date, str] | None = None
    chosen: tuple[Forecast, Edge] | None = None
    for edge in world.network.edges[node]:
        reading = world.forecasts.get(edge.to)
        if edge.obstacle is not None or reading is None:
            return None
        if reading.state is not ForecastState.DONE:
            return None
        if reading.day is None:
            return Unjudged((node,), f"nobody knows on which day {world.key(reading)} was finished")
        day = edge.lag.after(reading.day, world.calendars), edge.to
        if begin is None or day > begin:
            begin, chosen = day, (reading, edge)
    if begin is None or chosen is None:
        return None
    return _idle(world, options, forecast, begin[0], *chosen)


def _idle(
    world: World, options: IdleHandoverOptions, forecast: Forecast, possible: date, last: Forecast, edge: Edge
) -> _Handover | None:
    """The handover, where the work is later than it may be."""
    item = world.network.work.get(forecast.node)
    start = item.start if item is not None else None
    if start is None and not _is_wanted_soon(world, options, forecast):
        return None
    since = max(possible, start) if start is not None else possible
    working = world.calendars.get(DEFAULT_CALENDAR, Calendar())
    if world.today <= since or working.after(since, options.working_days) >= world.today:
        return None
    return _Handover(forecast.node, forecast, last, edge, since, (world.today - since).days)


def _is_wanted_soon(world: World, options: IdleHandoverOptions, forecast: Forecast) -> bool:
    """Whether work that nobody planned to start is to finish soon, by its own date or by what needs it."""
    if forecast.state is ForecastState.OVERDUE:
        return True
    asked = world.floats.get(forecast.node) if forecast.day is None else None
    ends = forecast.day if forecast.day is not None else asked.need_by.day if asked is not None else None
    return ends is not None and ends <= world.today + timedelta(options.ahead_days)
