"""What the checks on objectives share: their dates in force beside what the work implies, and what is late below."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from model.findings import Claim, Evidence, Finding, Share, Slip, Triage
from model.keys import objective_node
from model.links import Role
from model.objectives import Baseline, Objective, StageGate
from model.records import Deal, Outcome, Saving
from reconcile.baselines import Baselines, objective_baselines
from reconcile.forecast import Forecast, ForecastState
from reconcile.impact import lost_share, planned_start, revenue_share
from reconcile.promises import forecast_reason, moved_reason
from reconcile.values import linked_below, percent_of
from reconcile.wording import day_text
from reconcile.world import World

LATE_READS = frozenset(
    {
        *("outcome", "stage", "amount", "currency", "probability", "promised", "promised_date"),
        *("planned_start", "plan", "run_rate", "enabler"),
    }
)
"""The fields of deals and savings on which it rests what is late below an objective."""
_AT_REST = frozenset({StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD})


@dataclass(frozen=True, slots=True)
class Target:
    """An objective with a date to be reached and a forecast. ``in_force`` is the baseline that counts now."""

    objective: Objective
    baselines: Baselines
    in_force: Baseline
    forecast: Forecast
    tolerance_days: int

    @property
    def node(self) -> str:
        return objective_node(self.objective.id)

    @property
    def days(self) -> int | None:
        """How many days the forecast lies behind the baseline in force; None where the work has no date."""
        return self.baselines.slip(self.forecast.day) if self.forecast.state is ForecastState.DATED else None


def targets(world: World) -> Iterator[Target]:
    """Every objective that has a date, is not over or at rest, and whose work is not done."""
    for objective in world.network.objectives.values():
        target = target_of(world, objective)
        if target is not None:
            yield target


def target_of(world: World, objective: Objective) -> Target | None:
    baselines = objective_baselines(objective)
    forecast = world.forecasts.get(objective_node(objective.id))
    in_force = baselines.in_force
    if in_force is None or forecast is None or objective.stage_gate in _AT_REST:
        return None
    if forecast.state is ForecastState.DONE:
        return None
    return Target(objective, baselines, in_force, forecast, world.tolerance_days((objective.id,)))


def approved_on(baselines: Baselines) -> date | None:
    """The day on which the plan was first approved: from it on the time to the target counts."""
    return next((each.approved_on for each in baselines.approved if each.approved_on is not None), None)


def time_slip(days: int, start: date | None, target: date) -> Decimal | None:
    """A slip in percent of the time from the approval to the target; None where no time is known to lie between."""
    return percent_of(days, (target - start).days) if start is not None and start < target and days > 0 else None


def time_triage(days: int, start: date | None, target: date, percent: Decimal) -> Triage | None:
    """The mark of a schedule slip at or above so many percent; exact."""
    slip = time_slip(days, start, target)
    if slip is None or start is None or days * 100 < percent * (target - start).days:
        return None
    return Triage(Slip.SCHEDULE, slip)


def target_claim(target: Target) -> Claim:
    objective, in_force = target.objective, target.in_force
    day = day_text(in_force.target)
    on = in_force.approved_on
    says = f"is to be reached by {day}" if on is None else f"was approved for {day} on {day_text(on)}"
    return Claim("objectives", objective.id, says, in_force.target, objective.location)


def target_evidence(target: Target) -> Iterator[Evidence]:
    """The original baseline and the one in force, with who approved them and when."""
    objective, original = target.objective, target.baselines.original
    field = "baseline" if objective.baselines else "target"
    if original is not None and original != target.in_force:
        yield Evidence(target.node, objective.id, f"original {field}", _approved(original), objective.location)
    yield Evidence(target.node, objective.id, field, _approved(target.in_force), objective.location)


def _approved(baseline: Baseline) -> str:
    by = f" by {baseline.approved_by}" if baseline.approved_by else ""
    on = f" on {day_text(baseline.approved_on)}" if baseline.approved_on else ""
    return f"{baseline.target.isoformat()}, approved{by}{on}" if by or on else baseline.target.isoformat()


def late_below(world: World, objective_id: str) -> tuple[Share, ...]:
    """What the promises and savings of an objective and of all below it lose, each record once: those that their own
    work makes late."""
    records = (*linked_below(world, objective_id, Role.PROMISES), *linked_below(world, objective_id, Role.SAVES))
    shares = (_late(world, record_id) for record_id in records)
    return tuple(share for share in shares if share is not None)


def of_cause(world: World, shares: Iterable[Share], cause: str) -> tuple[Share, ...]:
    """Those of the shares whose record is late for this cause: what else makes others late is told where it binds."""
    found = ((share, world.forecasts.get(share.record_id)) for share in shares)
    return tuple(share for share, forecast in found if forecast is not None and forecast.cause.node == cause)


def _late(world: World, record_id: str) -> Share | None:
    """What a deal or a saving loses; worked out once, however many objectives lie above it."""
    known: dict[str, Share | None] = world.derived.setdefault("late", {})
    if record_id not in known:
        deal = world.network.deals.get(record_id)
        known[record_id] = _late_deal(world, deal) if deal else _late_saving(world, world.network.savings[record_id])
    return known[record_id]


def _late_deal(world: World, deal: Deal) -> Share | None:
    late = deal.outcome is not Outcome.LOST and _possible(world, deal.id, deal.promised_date) is not None
    return revenue_share(deal, world.rates) if late else None


def _late_saving(world: World, saving: Saving) -> Share | None:
    start = planned_start(saving)
    possible = _possible(world, saving.id, start)
    return None if start is None or possible is None else lost_share(saving, start, possible, world.rates)


def _possible(world: World, node: str, committed: date | None) -> date | None:
    """The later day that the work gives a commitment; where nothing supports it, the day after the year in question."""
    forecast = world.forecasts.get(node)
    if committed is None or forecast is None or forecast.next is None:
        return None
    if forecast.supports_nothing:
        return date(max(committed.year, world.today.year) + 1, 1, 1)
    late = forecast.state is ForecastState.DATED and forecast.day is not None and forecast.day > committed
    return forecast.day if late else None


def why_reached(finding: Finding, world: World) -> str:
    """Why a finding about an objective's date is not found any more."""
    objective = world.network.objectives.get(finding.subjects[0])
    if objective is None:
        return "the objective is not declared any more"
    if objective.stage_gate in _AT_REST:
        return f"{objective.name} is {str(objective.stage_gate).replace('_', ' ')}"
    in_force = objective_baselines(objective).in_force
    if (moved := moved_reason(finding, in_force.target if in_force else None, "the target in force")) is not None:
        return moved
    forecast = world.forecasts.get(finding.subjects[0])
    return forecast_reason(finding, forecast, world) if forecast is not None else "the tools agree again"
