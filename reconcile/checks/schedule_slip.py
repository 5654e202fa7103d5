"""Targets that the work no longer supports, and savings whose planned start was moved away, against the baseline."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact, Share
from model.links import Role
from model.records import Move, Saving
from reconcile.above import name_of
from reconcile.baselines import objective_baselines
from reconcile.check import FORECAST_READS, Asked, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import controller, decide_by, decider, owner
from reconcile.forecast import ForecastState
from reconcile.impact import lost_share, planned_start, severity
from reconcile.promises import gone_reason
from reconcile.story import chain_steps, evidence_of, says_of
from reconcile.targets import (
    LATE_READS,
    Target,
    approved_on,
    late_below,
    of_cause,
    target_claim,
    target_evidence,
    targets,
    time_slip,
    time_triage,
    why_reached,
)
from reconcile.values import served_by
from reconcile.wording import day_text, days_text, later_text
from reconcile.world import World


class ScheduleSlipOptions(CheckOptions):
    """Options of the check schedule-slip."""

    triage_percent: Annotated[Decimal, Field(gt=0)] = Decimal(15)
    """From how many percent of the time from the approval to the target on a slip is marked for triage."""
    notice_days: Annotated[int, Field(ge=0)] = 14
    """How many days before the target the work can still be brought forward."""
    saving_days: Annotated[int, Field(ge=0)] = 2
    """By how many days the planned start of a saving may move without being told, where its objective tolerates less:
    savings are planned by month."""


@dataclass(frozen=True, slots=True)
class _Moved:
    """A saving whose planned start was moved. ``first`` is the saving as it was planned at first."""

    saving: Saving
    first: Saving
    moves: tuple[Move, ...]
    original: date
    now: date
    objective_ids: tuple[str, ...]

    @property
    def days(self) -> int:
        return (self.now - self.original).days


class ScheduleSlip(Check[ScheduleSlipOptions]):
    """An objective's target, or a saving's planned start, has slipped from its baseline.

    What it finds
        An objective whose work is forecast to finish after its baseline in force, by more than its tolerance; and a
        saving that has not begun and whose planned start was moved, in all its moves together, by more than that, and
        by more than two days. Slip in percent = days / (baseline - approval), where the time counts from the day on
        which the first baseline was approved; 15 % or more is marked for triage. Without a dated approval there is no
        percentage, and the finding says so. The money is that of the promises and savings below that the same record
        makes late. The original baseline is kept and shown. Where the target has passed and the open work has no date
        that holds, the days up to today count, as the least. Where the work has no date and the target is still to
        come, nothing can be judged. A saving that is booked before its enabler is early-saving's; a slip inside the
        tolerance is crosses-period's, where it crosses the end of a quarter.

    Why it matters
        Ten moves of two days are twenty days, and nobody decided on them. This is the schedule trigger of triage; the
        value trigger is value-slip.

    What to do
        Bring the record at the end of the chain forward, or have a new baseline approved.

    Example
        The go-live was approved on 16 Feb 2026 for 1 Oct 2026, 227 days. The work now says 22 Oct: 21 / 227 = 9.2 %,
        beyond the tolerance but no triage. At 5 Nov it is 35 / 227 = 15.4 %: triage.
    """

    name = "schedule-slip"
    title = "A target or a planned start has slipped from its baseline"
    family = "dependencies"
    patterns = ("I1", "I33")
    formula = (
        "Slip = forecast - baseline > tolerance; in percent = slip / (baseline - approval); triage from triage_percent "
        "on."
    )
    options_type = ScheduleSlipOptions
    reads = FORECAST_READS | LATE_READS | {"actual"}
    roles = frozenset({Role.DELIVERS, Role.PROMISES, Role.SAVES})

    def asks(self, world: World, options: ScheduleSlipOptions) -> Asked:
        """What was seen of the savings that have not begun."""
        return Asked(histories=frozenset(each.id for each in world.network.savings.values() if not _has_begun(each)))

    def find(self, world: World, options: ScheduleSlipOptions) -> Iterator[Verdict]:
        for target in targets(world):
            if (reason := _unknown(world, target)) is not None:
                yield Unjudged((target.node,), reason)
            elif _is_late(world, target):
                late = late_below(world, target.objective.id)
                shares = of_cause(world, late, target.forecast.cause.node)
                yield self._of_target(world, options, target, shares)
        yield from _blind(world)
        for saving in world.network.savings.values():
            moved = _moved(world, saving)
            if moved is not None and moved.days > max(world.tolerance_days(moved.objective_ids), options.saving_days):
                yield self._of_saving(world, options, moved)

    def _of_target(
        self, world: World, options: ScheduleSlipOptions, target: Target, shares: tuple[Share, ...]
    ) -> Finding:
        objective, forecast, baseline = target.objective, target.forecast, target.in_force.target
        days = target.days
        counted = (world.today - baseline).days if days is None else days
        start = approved_on(target.baselines)
        impact = Impact(days, shares)
        last_day = decide_by(baseline, options.notice_days, world.today)
        ids = (objective.id,)
        named = name_of(world, forecast.cause)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(target.node,),
            title=_target_title(world, target, counted),
            objective_ids=ids,
            commitment=target_claim(target),
            forecast=Claim(
                world.system(forecast.cause),
                named,
                says_of(world, forecast.cause),
                forecast.day if days is not None else None,
                world.where(forecast.cause.node),
            ),
            impact=impact,
            cause=forecast.cause.node,
            chain=chain_steps(world, forecast, f"baseline {day_text(baseline)}", baseline),
            evidence=(*target_evidence(target), *evidence_of(world, forecast)),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            decide_by=last_day,
            advice=f"Bring {named} forward by {days_text(days)}, or have a new baseline approved."
            if days is not None
            else f"Give {named} a date that holds, or have a new baseline approved.",
            sources=tuple(sorted(forecast.sources)),
            triage=time_triage(counted, start, baseline, options.triage_percent),
        )

    def _of_saving(self, world: World, options: ScheduleSlipOptions, moved: _Moved) -> Finding:
        saving, ids = moved.saving, moved.objective_ids
        start = _approval(world, ids)
        impact = Impact(moved.days, (lost_share(moved.first, moved.original, moved.now, world.rates),))
        last_day = decide_by(moved.now, options.notice_days, world.today)
        where = world.where(saving.id, "planned_start")
        confirms = saving.controller or controller(world.tree, ids) or "the controller"
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(saving.id,),
            title=_saving_title(moved, start),
            objective_ids=ids,
            commitment=Claim(
                saving.source, saving.key, f"was planned from {day_text(moved.original)}", moved.original, where
            ),
            forecast=Claim(saving.source, saving.key, f"is planned from {day_text(moved.now)}", moved.now, where),
            impact=impact,
            cause=saving.id,
            evidence=tuple(_move_evidence(world, saving, each) for each in moved.moves),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=saving.owner or owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            decide_by=last_day,
            advice=f"Let {confirms} confirm what the later start costs, and approve it or take it back.",
            sources=(saving.source,),
            triage=time_triage(moved.days, start, moved.original, options.triage_percent),
        )

    def why_resolved(self, finding: Finding, world: World, options: ScheduleSlipOptions) -> str:
        subject = finding.subjects[0]
        if subject.startswith("objective:"):
            return why_reached(finding, world)
        saving = world.network.savings.get(subject)
        key = finding.commitment.key if finding.commitment else subject
        if saving is None:
            return gone_reason(subject, key, world)
        if _has_begun(saving):
            return f"{key} has begun"
        start = planned_start(saving)
        return f"{key} is planned from {day_text(start)} again" if start else f"{key} has no planned start any more"


def _unknown(world: World, target: Target) -> str | None:
    """Why the date of an objective cannot be judged; None where it can."""
    forecast = target.forecast
    passed = target.in_force.target < world.today
    if forecast.state is ForecastState.UNKNOWN or (forecast.supports_nothing and not passed):
        return f"{world.key(forecast.cause)} {says_of(world, forecast.cause)}"
    return None


def _is_late(world: World, target: Target) -> bool:
    days = target.days
    at_least = (world.today - target.in_force.target).days
    return (at_least if days is None else days) > target.tolerance_days


def _target_title(world: World, target: Target, days: int) -> str:
    baseline, forecast = target.in_force.target, target.forecast
    name = f"{target.objective.name} is to be reached by {day_text(baseline)}"
    if forecast.state is ForecastState.DATED and forecast.day is not None:
        says = f"{name}; the work now says {day_text(forecast.day)} ({later_text(days)})"
    else:
        says = f"{name}, which has passed, and its open work has no date that holds (at least {later_text(days)})"
    says += _percent_says(time_slip(days, approved_on(target.baselines), baseline))
    original = target.baselines.original
    if original is not None and original.target != baseline:
        slip = target.baselines.slip_from_original(forecast.day if target.days is not None else world.today) or 0
        says += f"; {later_text(slip)} than the original of {day_text(original.target)}"
    return says


def _percent_says(percent: Decimal | None) -> str:
    if percent is None:
        return "; no approval is dated, so that the slip has no percentage"
    return f", a schedule slip of {percent} %"


def _saving_title(moved: _Moved, start: date | None) -> str:
    saving = moved.saving
    name = f"{saving.key} {saving.title}" if saving.title != saving.key else saving.key
    times = f"moved {len(moved.moves)} times" if len(moved.moves) > 1 else "moved once"
    return (
        f"{name} was planned from {day_text(moved.original)} and is now planned from {day_text(moved.now)} "
        f"({later_text(moved.days)}, {times}){_percent_says(time_slip(moved.days, start, moved.original))}"
    )


def _has_begun(saving: Saving) -> bool:
    return any(cell.amount > 0 for cell in saving.actual)


def _moved(world: World, saving: Saving) -> _Moved | None:
    """How the planned start of a saving that has not begun moved; None where it did not, or nothing was seen of it."""
    seen = world.histories.get(saving.id, ())
    now = planned_start(saving)
    if now is None or len(seen) < 2 or _has_begun(saving):
        return None
    starts = [(planned_start(each.record), each) for each in seen if isinstance(each.record, Saving)]
    known = [(day, each) for day, each in starts if day is not None]
    moves = tuple(
        Move("planned_start", one[0], other[0], other[1].seen) for one, other in pairwise(known) if one[0] != other[0]
    )
    if not moves or not isinstance(known[0][1].record, Saving):
        return None
    return _Moved(saving, known[0][1].record, moves, known[0][0], now, served_by(world, saving))


def _approval(world: World, objective_ids: Sequence[str]) -> date | None:
    """When the plan was approved: by the first objective on the way up that says so."""
    return next(
        (
            day
            for objective_id in objective_ids
            for objective in world.tree.path(objective_id)
            if (day := approved_on(objective_baselines(objective))) is not None
        ),
        None,
    )


def _move_evidence(world: World, saving: Saving, move: Move) -> Evidence:
    return Evidence(
        saving.id,
        saving.key,
        world.field_name(saving.id, "planned_start"),
        move.new.isoformat() if move.new else "",
        world.where(saving.id, "planned_start"),
        old=move.old.isoformat() if move.old else "",
        at=move.at,
    )


def _blind(world: World) -> Iterator[Blind]:
    """A source whose savings never say when they begin cannot tell that a start moved."""
    known: dict[str, bool] = {}
    for saving in world.network.savings.values():
        known[saving.source] = known.get(saving.source, False) or planned_start(saving) is not None
    for source, delivers in sorted(known.items()):
        if not delivers:
            yield Blind(f"no saving of {source} has a planned start", (source,))
