"""An objective that was approved and on which nobody works."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact
from model.keys import objective_node
from model.links import Role
from model.objectives import Baseline, Objective, StageGate
from model.records import Saving
from reconcile.above import sources_of
from reconcile.baselines import objective_baselines
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.counts import NOT_COUNTED, Counts, counts_of, inflows_of, with_all_below
from reconcile.decisions import decider, owner
from reconcile.forecast import ForecastState
from reconcile.impact import severity
from reconcile.parts import parts_of
from reconcile.story import says_of
from reconcile.targets import LATE_READS
from reconcile.waiting import shares_of_days
from reconcile.wording import amount_text, day_text, days_text
from reconcile.world import World

_AT_REST = frozenset({StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD, StageGate.IMPLEMENTED})


class IdleObjectiveOptions(CheckOptions):
    """Options of the check idle-objective."""

    idle_days: Annotated[int, Field(ge=1)] = 30
    """How many days may pass between the approval and the first work."""


@dataclass(frozen=True, slots=True)
class _Idle:
    """An approved objective without active work. ``open`` pieces are linked to it and wait."""

    objective: Objective
    approved: Baseline
    since: date
    days: int
    open: int


class IdleObjective(Check[IdleObjectiveOptions]):
    """An objective was approved, and no work on it has begun.

    What it finds
        An objective whose baseline was approved more than 30 days ago (approved_on of its first baseline) and for which
        no work has begun or is done, neither linked to it nor to anything below it (I25). An objective that waits for
        another one, whose work is planned to start later, or whose savings and deals rest on work that others do is not
        idle. Where it has a budget, the finding tells that the budget is idle (I26); what was spent of it no source
        tells. The money is what the days since the approval are worth: what its values plan for the first twelve
        months, times days / 365. An objective whose approval bears no day is not judged.

    Why it matters
        A plan that was approved is taken for one that is being carried out.

    What to do
        Link or begin the work, or take the approval back and free the budget.

    Example
        Same-day sorting was approved on 2 Jun 2026 and has 4 pieces of work, none of them begun on 15 Sep: 105 days.
        It is to bring EUR 730,000 a year: 730,000 x 105 / 365 = EUR 210,000.
    """

    name = "idle-objective"
    title = "An objective was approved and no work on it has begun"
    family = "ownership"
    patterns = ("I25", "I26")
    formula = (
        "Today - approval > the days allowed without any begun work; money = value of the first twelve months * days / "
        "365."
    )
    options_type = IdleObjectiveOptions
    reads = FORECAST_READS | LATE_READS | {"actual"}
    roles = frozenset({Role.DELIVERS, Role.PROMISES, Role.SAVES})
    daily = True
    weighs_floats = True

    def find(self, world: World, options: IdleObjectiveOptions) -> Iterator[Verdict]:
        """Yield one finding per approved objective without active work."""
        if not any(_approval(each) for each in world.tree.objectives):
            yield Blind("no objective says on which day it was approved")
        counts = counts_of(world)
        for objective in world.network.objectives.values():
            idle = _idle(world, options, objective, counts)
            if isinstance(idle, Unjudged):
                yield idle
            elif idle is not None:
                yield self._finding(world, idle)

    def _finding(self, world: World, idle: _Idle) -> Finding:
        objective = idle.objective
        node, ids = objective_node(objective.id), (objective.id,)
        impact = Impact(None, shares_of_days(world, node, idle.days))
        responsible = owner(world.tree, ids)
        approval = f"was approved on {day_text(idle.since)}"
        if idle.approved.approved_by:
            approval += f" by {idle.approved.approved_by}"
        work = f"none of its {idle.open:,} pieces of work has begun" if idle.open > 1 else "its work has not begun"
        says = work if idle.open else "no work is linked to it"
        where = objective.location
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(node,),
            title=f"{objective.name} was approved on {day_text(idle.since)}, and {says} "
            f"({days_text(idle.days)}{_budget_says(objective)})",
            objective_ids=ids,
            commitment=Claim("objectives", objective.id, approval, where=where),
            forecast=Claim("objectives", objective.id, says, where=where),
            impact=impact,
            cause=node,
            evidence=tuple(_evidence(idle, says)),
            severity=severity(impact, None, world.today, world.options.severity),
            owner=responsible,
            decider=responsible or decider(world.tree, ids, within_tolerance=True),
            advice=f"Link or begin the work of {objective.name}, or take its approval back"
            + (" and free the budget." if objective.budget else "."),
            sources=sources_of(world, _sources(world, node)),
        )

    def why_resolved(self, finding: Finding, world: World, options: IdleObjectiveOptions) -> str:
        """Whether work began, or the objective is not meant to be worked on."""
        objective = world.network.objectives.get(finding.subjects[0])
        if objective is None:
            return "the objective is not declared any more"
        if objective.stage_gate in _AT_REST:
            return f"{objective.name} is {str(objective.stage_gate).replace('_', ' ')}"
        if _approval(objective) is None:
            return f"{objective.name} is not approved any more"
        if parts_of(world, finding.subjects[0]).begun is not False:
            return f"work on {objective.name} has begun"
        return f"{objective.name} waits for something else, or is planned for later"


def _idle(
    world: World, options: IdleObjectiveOptions, objective: Objective, counts: Counts | None
) -> _Idle | Unjudged | None:
    node, approved = objective_node(objective.id), _approval(objective)
    if approved is None or approved.approved_on is None or objective.stage_gate in _AT_REST:
        return None
    days = (world.today - approved.approved_on).days
    parts = parts_of(world, node) if days > options.idle_days else None
    if parts is None or parts.begun or parts.done or _waits(world, node):
        return None
    below = with_all_below(world, node)
    if _work_elsewhere(world, below):
        return None
    if (unseen := _out_of_sight(world, node)) is not None:
        return Unjudged((node,), unseen)
    if parts.open:
        # The roll-ups do not tell what of the open work is being done.
        if counts is None:
            return Unjudged((node,), NOT_COUNTED.reason)
        inflows = inflows_of(world, counts, below, approved.approved_on)
        starts = [each.unstarted for each in inflows if each.unstarted is not None]
        if any(each.begun or each.finished for each in inflows) or min(starts, default=world.today) > world.today:
            return None
    return _Idle(objective, approved, approved.approved_on, days, parts.open)


def _approval(objective: Objective) -> Baseline | None:
    """The first approval that bears a day; of one without a day nobody knows how long ago it was."""
    approved = objective_baselines(objective).approved
    return next((each for each in approved if each.approved_on is not None), None)


def _waits(world: World, node: str) -> bool:
    """Whether the objective needs something that has not finished; idle-handover tells of what has."""
    return bool(world.network.edges.get(node))


def _work_elsewhere(world: World, objective_ids: Sequence[str]) -> bool:
    """Whether a deal or saving below rests on work that others do, or brings something already."""
    for link in (link for each in objective_ids for link in world.served.get(each, ())):
        forecast = world.forecasts.get(link.record_id)
        if link.role in (Role.SAVES, Role.PROMISES) and forecast is not None and forecast.next is not None:
            return True
        saving: Saving | None = world.network.savings.get(link.record_id) if link.role is Role.SAVES else None
        if saving is not None and any(cell.amount for cell in saving.actual):
            return True
    return False


def _out_of_sight(world: World, node: str) -> str | None:
    forecast = world.forecasts.get(node)
    if forecast is None or forecast.state is not ForecastState.UNKNOWN:
        return None
    return f"{world.key(forecast.cause)} {says_of(world, forecast.cause)}"


def _budget_says(objective: Objective) -> str:
    if objective.budget is None or objective.budget.amount <= 0:
        return ""
    return f", with a budget of {amount_text(objective.budget.amount, objective.budget.currency)}"


def _evidence(idle: _Idle, says: str) -> Iterator[Evidence]:
    objective = idle.objective
    node, where = objective_node(objective.id), objective.location
    approval = f"{idle.since.isoformat()} by {idle.approved.approved_by}" if idle.approved.approved_by else ""
    yield Evidence(node, objective.id, "approved_on", approval or idle.since.isoformat(), where)
    yield Evidence(node, objective.id, "work", says, where)
    if objective.stage_gate is not None:
        yield Evidence(node, objective.id, "stage_gate", objective.stage_gate.value, where)
    if objective.budget is not None:
        budget = amount_text(objective.budget.amount, objective.budget.currency)
        yield Evidence(node, objective.id, "budget", budget, where)


def _sources(world: World, node: str) -> frozenset[str]:
    forecast = world.forecasts.get(node)
    return forecast.sources if forecast is not None else frozenset()
