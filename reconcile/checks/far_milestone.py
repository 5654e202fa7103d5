"""An objective with a far target has nothing to be measured by soon, or for long stretches (domain I30)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated

from pydantic import Field

from model.findings import Evidence, Finding
from model.keys import objective_node
from model.links import Role
from model.objectives import Objective
from model.records import StatusCategory
from reconcile.baselines import objective_baselines
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.forecast import ForecastState
from reconcile.ownership import runs, upkeep, why_not_looked_at
from reconcile.wording import day_text, days_text
from reconcile.world import World


class FarMilestoneOptions(CheckOptions):
    """Options of the check far-milestone."""

    within_days: Annotated[int, Field(ge=1)] = 90
    """Within how many days from now there must be a milestone."""
    most_days_between: Annotated[int, Field(ge=1)] = 183
    """How many days may lie between one milestone and the next, up to the target."""
    planning_days: Annotated[int, Field(ge=0)] = 30
    """How many days after its first approval an objective may still be without a plan."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """The days to be measured by, the target among them. ``whole`` is false where pieces come only as a sum, so that
    there may be more."""

    target: date
    days: tuple[date, ...]
    whole: bool


class FarMilestone(Check[FarMilestoneOptions]):
    """There is no milestone for a long time.

    What it finds
        An objective that runs, whose target in force lies more than 90 days ahead, and for which nothing is dated
        within these 90 days; or between two of whose milestones, up to the target, more than 183 days pass. A milestone
        is the target of an objective below, a release that is to come, and open work with a date that delivers it; what
        is overdue is to come at once. Dates of work inside other work count as far as the plan knows them; where
        several dated pieces are known by their number and their last date only, a nearer one may be among them, and
        nothing is found. For 30 days after its first approval an objective may be without a plan.

    Why it matters
        What is not measured before the target can only be found missing at the target.

    What to do
        Set a milestone within the next weeks: a result that can be seen.

    Example
        Software growth is to be reached by 30 Jun 2027, and its first milestone is on 26 Feb 2027, 164 days from now.
    """

    name = "far-milestone"
    title = "There is no milestone for a long time"
    family = "ownership"
    patterns = ("I30",)
    formula = (
        "Nothing dated within the next days, or more days than allowed between two milestones, while the target lies "
        "farther ahead."
    )
    options_type = FarMilestoneOptions
    reads = FORECAST_READS
    roles = frozenset({Role.DELIVERS})

    def find(self, world: World, options: FarMilestoneOptions) -> Iterator[Verdict]:
        """Yield one finding per objective whose next milestone is too far away."""
        if not any(objective_baselines(each).in_force for each in world.tree.objectives):
            yield Blind("no objective has a target")
        horizon = world.today + timedelta(options.within_days)
        for objective in world.network.objectives.values():
            in_force = objective_baselines(objective).in_force
            if in_force is None or in_force.target <= horizon or not runs(world, objective):
                continue
            if _is_being_planned(world, objective, options):
                continue
            forecast = world.forecasts.get(objective_node(objective.id))
            plan = _plan(world, objective, in_force.target, options)
            gap = _gap(world, plan, options) if plan.whole else None
            if gap is None:
                continue
            if forecast is not None and forecast.state is ForecastState.UNKNOWN:
                yield Unjudged((objective_node(objective.id),), f"{world.key(forecast.cause)} is out of sight")
                continue
            yield self._finding(world, objective, plan, gap)

    def _finding(self, world: World, objective: Objective, plan: _Plan, gap: tuple[date, date]) -> Finding:
        node, (before, after) = objective_node(objective.id), gap
        days = (after - before).days
        target = f"is to be reached by {day_text(plan.target)}"
        if before == world.today:
            first = (
                "without a milestone before"
                if after == plan.target
                else f"with the first milestone on {day_text(after)}"
            )
            says = f"{target}, {first}, {days_text(days)} from now"
        else:
            says = (
                f"{target}; between {day_text(before)} and {day_text(after)} lie {days_text(days)} without a milestone"
            )
        where = objective.location
        return upkeep(
            self,
            world,
            objective,
            says,
            evidence=(
                Evidence(node, objective.id, "target", plan.target.isoformat(), where),
                *(Evidence(node, objective.id, "milestone", day.isoformat(), where) for day in plan.days[:3]),
            ),
            advice=f"Set a milestone of {objective.name} that can be seen before {day_text(after)}.",
            sources={entry.source for entry in world.coverage},
        )

    def why_resolved(self, finding: Finding, world: World, options: FarMilestoneOptions) -> str:
        """A milestone was set, or time has passed."""
        return why_not_looked_at(finding, world) or "there is a milestone in time now"


def _is_being_planned(world: World, objective: Objective, options: FarMilestoneOptions) -> bool:
    days = [each.approved_on for each in objective.baselines if each.approved_on is not None]
    return bool(days) and (world.today - min(days)).days <= options.planning_days


def _gap(world: World, plan: _Plan, options: FarMilestoneOptions) -> tuple[date, date] | None:
    """The first stretch that is too long: from today, or from one milestone to the next."""
    days = sorted({world.today, plan.target, *(day for day in plan.days if world.today <= day <= plan.target)})
    for before, after in pairwise(days):
        most = options.within_days if before == world.today else options.most_days_between
        if (after - before).days > most and not (before == world.today and _is_due_now(world, plan)):
            return before, after
    return None


def _is_due_now(world: World, plan: _Plan) -> bool:
    """Something is overdue or due today: there is something to measure by at once."""
    return any(day <= world.today for day in plan.days)


def _plan(world: World, objective: Objective, target: date, options: FarMilestoneOptions) -> _Plan:
    """What is dated, as far as it has to be known: not beyond a piece that leaves it open, and where only the next
    weeks count, not beyond the first one in them."""
    days, horizon = set[date](), world.today + timedelta(options.within_days)
    near_is_enough = (target - world.today).days <= options.most_days_between
    for day, known in _milestones(world, objective):
        if not known:
            return _Plan(target, tuple(sorted(days)), whole=False)
        if day is not None:
            days.add(day)
            if near_is_enough and day <= horizon:
                break
    return _Plan(target, tuple(sorted(days)), whole=True)


def _milestones(world: World, objective: Objective) -> Iterator[tuple[date | None, bool]]:
    """Each day to be measured by; false with it where there may be more that are not known one by one."""
    network, row = world.network, [objective_node(objective.id)]
    seen = set(row)
    for node in row:
        yield from _own(world, node, objective)
        yield from _summed(world, node)
        for child in network.children.get(node, ()) if node not in network.releases else ():
            if child not in seen:
                seen.add(child)
                row.append(child)


def _own(world: World, node: str, top: Objective) -> Iterator[tuple[date | None, bool]]:
    network = world.network
    objective, release, item = network.objectives.get(node), network.releases.get(node), network.work.get(node)
    forecast = world.forecasts.get(node)
    if forecast is not None and forecast.state in (ForecastState.DONE, ForecastState.DROPPED):
        return
    if objective is not None and objective is not top:
        in_force = objective_baselines(objective).in_force
        yield (in_force.target if in_force else None), True
    elif release is not None and not release.released:
        yield release.release_date, True
    elif item is not None:
        yield _own_day(world, node), True


def _summed(world: World, node: str) -> Iterator[tuple[date | None, bool]]:
    """What comes as a sum below a node: its last date, and whether it is the only one."""
    network = world.network
    delivery = network.delivery_policy.get(node) or network.delivery_work.get(node)
    for rollup in (delivery, network.parents_policy.get(node) or network.parents_work.get(node)):
        if rollup is None:
            continue
        dated = rollup.open - rollup.undated - rollup.overdue
        if rollup is delivery:
            dated -= sum(1 for child in network.children.get(node, ()) if _is_dated_work(world, child))
        if rollup.oldest_overdue is not None:
            yield rollup.oldest_overdue, True
        yield rollup.latest, dated <= 1


def _own_day(world: World, node: str) -> date | None:
    """The date of a work item by the policy: that of its release where this is preferred."""
    own = world.network.own.get(node)
    release = world.network.releases.get(own.release) if own is not None and own.release else None
    return release.release_date if release is not None else own.work if own is not None else None


def _is_dated_work(world: World, node: str) -> bool:
    """Whether the sum of an objective counts a node as dated: its links' work is there one by one as well."""
    item, day = world.network.work.get(node), _own_day(world, node)
    is_open = item is not None and item.category in (StatusCategory.TODO, StatusCategory.DOING)
    return is_open and day is not None and day >= world.today
