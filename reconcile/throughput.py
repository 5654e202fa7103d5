"""A second witness beside the dates of the plan: when the work that is left would end at the pace of the last weeks.

It never replaces a date; it is shown beside it, with what it was calculated from (design 5.4).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from model.findings import Evidence, Finding
from model.keys import objective_node
from model.objectives import Objective, ObjectiveTree
from model.options import Options
from model.throughput import Flow
from reconcile.resampling import weeks_until
from reconcile.view import View
from reconcile.wording import day_text

if TYPE_CHECKING:
    from reconcile.world import World

WEEK = timedelta(7)
LIKELY_PERCENT = 50
SAFE_PERCENT = 85


class ThroughputOptions(Options):
    """How the pace of the last weeks is turned into a second forecast of an objective, beside the dates of the plan."""

    weeks: Annotated[int, Field(ge=1, le=104)] = 12
    """How many whole weeks back are looked at; weeks before the first finished work do not count."""
    least_weeks: Annotated[int, Field(ge=1)] = 4
    """In how many of these weeks something must have been finished; with fewer there is no such forecast."""
    resamples: Annotated[int, Field(ge=100, le=100_000)] = 1_000
    """How often the weeks to come are drawn from those that were."""
    seed: int = 1
    """Where the drawing starts from, so that the same facts always give the same dates."""
    horizon_weeks: Annotated[int, Field(ge=1, le=1_000)] = 260
    """How many weeks ahead a forecast may reach; what lies beyond is said to lie beyond."""
    differs_days: Annotated[int, Field(ge=0)] = 14
    """From how many days beyond the tolerance on the two forecasts of an objective are shown as different."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """The pace of some work and what it implies.

    ``weeks`` are the weeks that were drawn from, by their Monday, oldest first, with what was finished in each.
    ``likely`` and ``safe`` are the days by which half and 85 % of the draws had ended; ``undefined`` says why one of
    them is missing. ``undated`` work was finished on a day that nobody knows and is in none of the weeks.
    """

    name: str
    remaining: int
    weeks: tuple[tuple[date, int], ...] = ()
    likely: date | None = None
    safe: date | None = None
    undefined: str = ""
    undated: int = 0


def history_since(today: date, options: ThroughputOptions) -> date:
    """The Monday from which on finished work is looked at."""
    return this_monday(today) - options.weeks * WEEK


def this_monday(today: date) -> date:
    return today - timedelta(today.weekday())


def together(name: str, flows: Iterable[Flow]) -> Flow:
    """Several teams as one."""
    whole = _Sum()
    for flow in flows:
        whole.add(flow)
    return whole.flow(name)


@dataclass(slots=True)
class _Sum:
    """Flows that share no piece of work, added one after the other."""

    finished: Counter[date] = field(default_factory=Counter)
    open: int = 0
    undated: int = 0
    began: date = date.max

    def add(self, flow: Flow) -> None:
        self.finished.update(flow.finished)
        self.open += flow.open
        self.undated += flow.undated
        self.began = min(self.began, flow.began or date.max)

    def flow(self, name: str) -> Flow:
        began = None if self.began == date.max else self.began
        return Flow(name, dict(sorted(self.finished.items())), open=self.open, undated=self.undated, began=began)


def throughput(flow: Flow, today: date, options: ThroughputOptions) -> Throughput:
    """Draw the weeks to come from the whole weeks that were; the same facts give the same answer.

    The current week is not over and counts in neither. A draw ends on the day that lies as many whole weeks from today
    as it took, so that a forecast is never finer than its history.
    """
    weeks = tuple(_weeks(flow, today, options))
    known = Throughput(flow.team, flow.open, weeks, undated=flow.undated)
    if not flow.open:
        return replace(known, undefined="nothing is left to do")
    busy = sum(1 for _, finished in weeks if finished)
    if busy < options.least_weeks:
        return replace(known, undefined=_too_short(busy, flow, options))
    taken = weeks_until(
        flow.open,
        [finished for _, finished in weeks],
        (LIKELY_PERCENT, SAFE_PERCENT),
        seed=options.seed,
        resamples=options.resamples,
        longest=options.horizon_weeks + 1,
    )
    likely, safe = (None if took > options.horizon_weeks else _ahead(today, took) for took in taken)
    beyond = "" if safe else f"more than {options.horizon_weeks:,} weeks at this pace"
    return replace(known, likely=likely, safe=safe, undefined=beyond)


def _ahead(today: date, weeks: int) -> date | None:
    try:
        return today + weeks * WEEK
    except OverflowError:
        return None


def _weeks(flow: Flow, today: date, options: ThroughputOptions) -> Iterable[tuple[date, int]]:
    """Every whole week since something was first finished, the empty ones too."""
    finished: Counter[date] = Counter()
    for day, number in flow.finished.items():
        finished[this_monday(day)] += number
    monday = history_since(today, options)
    if flow.began is None:
        return
    monday = max(monday, this_monday(flow.began))
    while monday < this_monday(today):
        yield monday, finished[monday]
        monday += WEEK


def _too_short(busy: int, flow: Flow, options: ThroughputOptions) -> str:
    said = "nothing was" if not busy else f"something was finished in only {busy} of the last {options.weeks} weeks"
    if not busy:
        said += f" finished in the last {options.weeks} weeks"
    if flow.undated:
        said += f" ({flow.undated:,} finished on days that nobody knows)"
    return f"{said}, and {options.least_weeks} are needed"


@dataclass(frozen=True, slots=True)
class Pace:
    """The throughput of an objective with everything below it, and of each team's part of it."""

    whole: Throughput
    teams: tuple[Throughput, ...] = ()


def pace_of(view: View, tree: ObjectiveTree, objective_id: str, today: date, options: ThroughputOptions) -> Pace:
    """Ask the view about the work of one objective and of all below it; each piece of work counts once."""
    flows = view.flows(tree.subtree([objective_id]), history_since(today, options))
    whole = throughput(together(objective_node(objective_id), flows), today, options)
    return Pace(whole, tuple(throughput(flow, today, options) for flow in flows))


def paces_of_teams(view: View, today: date, options: ThroughputOptions) -> tuple[Throughput, ...]:
    """The throughput of each team over everything it does."""
    return tuple(throughput(flow, today, options) for flow in view.flows(None, history_since(today, options)))


def throughput_says(pace: Throughput) -> str:
    """``50 % by 3 Nov 2026, 85 % by 24 Nov 2026``, or why there is none."""
    told = [
        f"{percent} % by {day_text(day)}"
        for percent, day in ((LIKELY_PERCENT, pace.likely), (SAFE_PERCENT, pace.safe))
        if day is not None
    ]
    if pace.likely is not None and pace.safe is None:
        told.append(f"{SAFE_PERCENT} % takes {pace.undefined}")
        return ", ".join(told)
    return ", ".join(told) or pace.undefined


def inputs_say(pace: Throughput) -> str:
    """``41 left; finished per week since 22 Jun 2026: 3 5 0 7``."""
    said = f"{pace.remaining:,} left"
    if pace.weeks:
        counts = " ".join(str(finished) for _, finished in pace.weeks)
        said += f"; finished per week since {day_text(pace.weeks[0][0])}: {counts}"
    return f"{said}; {pace.undated:,} finished on days that nobody knows" if pace.undated else said


def with_second_witness(findings: Sequence[Finding], view: View, world: "World") -> Sequence[Finding]:
    """Add what the pace implies to findings about an objective with a target, where it says something else.

    Only the objectives of these findings are counted, all of them in one pass over what delivers them.
    """
    asked = {
        node: objective
        for finding in findings
        for node in finding.subjects
        if (objective := world.network.objectives.get(node)) is not None and objective.target is not None
    }
    flows = _flows_of(asked, view, world)
    found = {node: _witness(flow, world, node, asked[node]) for node, flow in flows.items()}
    told = []
    for finding in findings:
        added = [proof for node in finding.subjects if (proof := found.get(node)) is not None]
        told.append(replace(finding, evidence=(*finding.evidence, *added)) if added else finding)
    return told


def _below(world: "World", node: str) -> frozenset[str]:
    """The ids of an objective and of those below it."""
    objectives, row = world.network.objectives, [node]
    for each in row:
        row.extend(child for child in world.network.children.get(each, ()) if child in objectives)
    return frozenset(objectives[each].id for each in row)


def _flows_of(nodes: Iterable[str], view: View, world: "World") -> Mapping[str, Flow]:
    """What was finished and is left of each of these objectives with everything below it; no piece counts twice."""
    served_by: dict[str, list[str]] = {}
    sums = {node: _Sum() for node in nodes}
    for node in sums:
        for objective_id in _below(world, node):
            served_by.setdefault(objective_id, []).append(node)
    since = history_since(world.today, world.options.throughput)
    for served, flow in view.served_flows(served_by, since) if served_by else ():
        for node in {node for objective_id in served for node in served_by[objective_id]}:
            sums[node].add(flow)
    return {node: whole.flow(node) for node, whole in sums.items()}


def _witness(flow: Flow, world: "World", node: str, objective: Objective) -> Evidence | None:
    """What the pace says, where it is far from the forecast of the plan or where the plan says nothing."""
    options = world.options.throughput
    pace = throughput(flow, world.today, options)
    forecast = world.forecasts.get(node)
    planned = None if forecast is None or forecast.supports_nothing else forecast.day
    if pace.safe is None:
        return None
    allowed = world.tolerance_days((objective.id,)) + options.differs_days
    if planned is not None and abs((pace.safe - planned).days) <= allowed:
        return None
    return Evidence(
        node, objective.name, "throughput", f"{throughput_says(pace)} ({inputs_say(pace)})", objective.location
    )
