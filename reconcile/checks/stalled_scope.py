"""A team delivers at full speed, and what is left of its milestone does not shrink or its date moves away."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact
from model.links import Role
from model.records import Move
from model.work_counts import Inflow
from reconcile.above import sources_of
from reconcile.check import FORECAST_READS, Asked, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.counts import (
    MOST_PIECES,
    NOT_COUNTED,
    WEEK,
    Counts,
    by_week,
    counts_of,
    inflows_of,
    weeks_ago,
    with_all_below,
)
from reconcile.decisions import decide_by, decider, owner
from reconcile.forecast import ForecastState
from reconcile.impact import severity
from reconcile.parts import parts_of
from reconcile.story import says_of
from reconcile.targets import LATE_READS, Target, target_claim, target_evidence, target_of, why_reached
from reconcile.throughput import this_monday
from reconcile.waiting import shares_of_days
from reconcile.wording import day_text, days_text
from reconcile.world import World


class StalledScopeOptions(CheckOptions):
    """Options of the check stalled-scope."""

    weeks: Annotated[int, Field(ge=2, le=52)] = 6
    """How many whole weeks are looked at, beside as many before them."""
    percent: Annotated[int, Field(ge=1)] = 100
    """From how many percent of the pace of the weeks before on the team counts as being at full speed."""
    least_finished: Annotated[int, Field(ge=1)] = 6
    """How many pieces of work must have been finished in each of the two spans; fewer are no pace."""
    least_open: Annotated[int, Field(ge=1)] = 6
    """How many pieces of work must be left."""
    moved_days: Annotated[int, Field(ge=1)] = 7
    """From how many days later the date of what binds counts as having moved away."""
    ahead_weeks: Annotated[int, Field(ge=1)] = 13
    """How many weeks ahead the target may lie; what lies farther away still has time."""
    notice_days: Annotated[int, Field(ge=0)] = 14
    """How many days before the target its scope can still be cut."""


@dataclass(frozen=True, slots=True)
class _Span:
    """What came, went and is left of some work. ``finished`` are the pieces of each of the whole weeks of the span."""

    finished: tuple[int, ...]
    before: int
    open: int
    open_before: int

    @property
    def total(self) -> int:
        return sum(self.finished)

    @property
    def percent(self) -> int:
        """The pace in percent of the one before, rounded down."""
        return 100 * self.total // self.before if self.before else 0

    def weeks_left(self) -> int:
        """How many weeks the open work takes at this pace, if nothing more comes."""
        return -(-self.open * len(self.finished) // self.total)


@dataclass(frozen=True, slots=True)
class _Stalled:
    """An objective whose work goes fast and leads nowhere. ``ends`` is the day that the pace gives at best."""

    target: Target
    span: _Span
    ends: date
    days: int
    moved: tuple[Move, ...]
    sources: frozenset[str]

    @property
    def grew(self) -> bool:
        return self.span.open >= self.span.open_before


class StalledScope(Check[StalledScopeOptions]):
    """Work is finished at full speed, and the milestone does not come nearer.

    What it finds
        An objective whose baseline in force lies at most 13 weeks ahead, or has passed, and whose teams finished at
        least as many pieces of work in the last 6 whole weeks as in the 6 before (velocity of 100 % or more), while
        what is left did not shrink in these weeks, or the date of the record that binds moved later by a week or more
        (F4.1). Left before = left now + finished - made - dropped since then. It is told only when at this pace, even
        if nothing more comes, the work that is left ends after the target and its tolerance, or when the plan itself is
        late. Pieces count, not points: what was planned per sprint no source tells. Objectives with more
        than 10,000 pieces below them are not judged, but what lies below them. The money is what the days of delay
        are worth by the values of the objective; what the teams cost meanwhile is not known.

    Why it matters
        Velocity is what teams report, and it is green while the milestone stands still.

    What to do
        Cut or freeze the scope of the milestone, or agree on a later target.

    Example
        The migration finished 24 pieces in 6 weeks, 20 in the 6 before: 120 %. 40 were left then and 42 are left now:
        at 4 a week they end on 1 Dec 2026, 47 days after the target of 15 Oct.
    """

    name = "stalled-scope"
    title = "Work is finished at full speed and the milestone does not come nearer"
    family = "flow"
    patterns = ("F4.1",)
    formula = (
        "Velocity = finished / finished in the weeks before >= percent, while open now >= open before or the date "
        "moved right."
    )
    options_type = StalledScopeOptions
    reads = FORECAST_READS | LATE_READS | {"created"}
    roles = frozenset({Role.DELIVERS})
    daily = True
    weighs_floats = True

    def asks(self, world: World, options: StalledScopeOptions) -> Asked:
        """How the dates of what binds the objectives in question moved."""
        causes = (target.forecast.cause.node for target in _near(world, options))
        return Asked(moves=frozenset(node for node in causes if node not in world.network.objectives))

    def find(self, world: World, options: StalledScopeOptions) -> Iterator[Verdict]:
        """Yield one finding per objective."""
        counts = counts_of(world)
        if counts is None:
            yield NOT_COUNTED
            return
        undated, judged = set[str](), False
        for target in _near(world, options):
            if target.forecast.state is ForecastState.UNKNOWN:
                cause = target.forecast.cause
                yield Unjudged((target.node,), f"{world.key(cause)} {says_of(world, cause)}")
                continue
            inflows = _asked(world, options, counts, target)
            if inflows and all(each.undated == each.open + sum(each.finished.values()) for each in inflows):
                undated.update(each.source for each in inflows)
                yield Unjudged((target.node,), f"nobody knows when the work of {target.objective.name} was made")
                continue
            judged = True
            stalled = _stalled(world, options, target, inflows)
            if stalled is not None:
                yield self._finding(world, options, stalled)
        if undated and not judged:
            yield Blind("no work of an objective tells when it was made", tuple(sorted(undated)))

    def _finding(self, world: World, options: StalledScopeOptions, stalled: _Stalled) -> Finding:
        target = stalled.target
        objective, baseline = target.objective, target.in_force.target
        ids = (objective.id,)
        impact = Impact(stalled.days, shares_of_days(world, target.node, stalled.days))
        last_day = decide_by(baseline, options.notice_days, world.today)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(target.node,),
            title=_title(stalled),
            objective_ids=ids,
            commitment=target_claim(target),
            forecast=Claim(
                "objectives",
                objective.id,
                f"ends on {day_text(stalled.ends)} at the pace of the last {options.weeks} weeks",
                stalled.ends,
                objective.location,
            ),
            impact=impact,
            cause=target.node,
            evidence=(*target_evidence(target), *_evidence(world, stalled)),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            decide_by=last_day,
            advice=f"Cut or freeze the scope of {objective.name}, or agree on a later target.",
            sources=sources_of(world, target.forecast.sources, stalled.sources),
        )

    def why_resolved(self, finding: Finding, world: World, options: StalledScopeOptions) -> str:
        """Whether the target is another one or was reached, or what is left shrinks again."""
        reason = why_reached(finding, world)
        objective = world.network.objectives.get(finding.subjects[0])
        target = target_of(world, objective) if objective is not None else None
        return reason if target is None else f"what is left of {target.objective.name} shrinks, or ends in time"


def _near(world: World, options: StalledScopeOptions) -> Iterator[Target]:
    """The objectives whose target is so near that it counts, with enough work that is done and that is left."""
    until = world.today + timedelta(WEEK * options.ahead_weeks)
    for objective in world.network.objectives.values():
        target = target_of(world, objective)
        if target is None or target.in_force.target > until:
            continue
        parts = parts_of(world, target.node)
        enough = parts.open >= options.least_open and parts.done >= options.least_finished
        if enough and parts.count <= MOST_PIECES:
            yield target


def _asked(world: World, options: StalledScopeOptions, counts: Counts, target: Target) -> Sequence[Inflow]:
    below = with_all_below(world, target.node)
    return inflows_of(world, counts, below, weeks_ago(world.today, 2 * options.weeks))


def _stalled(world: World, options: StalledScopeOptions, target: Target, inflows: Sequence[Inflow]) -> _Stalled | None:
    span = _span(world, options, inflows)
    if span.total < options.least_finished or span.before < options.least_finished or span.open < options.least_open:
        return None
    moved = _moved_away(world, options, target)
    if span.percent < options.percent or (span.open < span.open_before and not moved):
        return None
    ends = world.today + timedelta(WEEK * span.weeks_left())
    late = max((ends - target.in_force.target).days, target.days or 0)
    if target.forecast.state is ForecastState.OVERDUE:
        late = max(late, (world.today - target.in_force.target).days)
    if late <= target.tolerance_days:
        return None
    return _Stalled(target, span, ends, late, moved, frozenset(each.source for each in inflows))


def _span(world: World, options: StalledScopeOptions, inflows: Sequence[Inflow]) -> _Span:
    """The last whole weeks; what is left at their begin is reckoned back from what is left now."""
    begin = weeks_ago(world.today, options.weeks)
    before = by_week((each.finished for each in inflows), weeks_ago(world.today, 2 * options.weeks), options.weeks)
    since = [(day, number) for each in inflows for day, number in each.finished.items() if day >= begin]
    made = [(day, number) for each in inflows for day, number in each.created.items() if day >= begin]
    left = sum(each.open for each in inflows)
    gone = sum(number for _, number in since) + sum(each.dropped for each in inflows)
    return _Span(
        by_week((each.finished for each in inflows), begin, options.weeks),
        sum(before),
        left,
        left + gone - sum(number for _, number in made),
    )


def _moved_away(world: World, options: StalledScopeOptions, target: Target) -> tuple[Move, ...]:
    """The moves of what binds in these weeks, where they come to so many days later."""
    node = target.forecast.cause.node
    field = "release_date" if node in world.network.releases else "due"
    since = datetime.combine(weeks_ago(world.today, options.weeks), time.min, UTC)
    moves = tuple(each for each in world.moves.get(node, ()) if each.field == field and each.at >= since)
    days = sum((each.new - each.old).days for each in moves if each.new is not None and each.old is not None)
    return moves if days >= options.moved_days else ()


def _title(stalled: _Stalled) -> str:
    span, target = stalled.span, stalled.target
    weeks = len(span.finished)
    words = f"{target.objective.name} finished {span.total:,} pieces of work in {weeks} weeks, {span.percent} % of the "
    words += f"{weeks} weeks before, "
    if stalled.grew:
        grown = "are left as before" if span.open == span.open_before else f"are left after {span.open_before:,}"
        words += f"and {span.open:,} {grown}"
    else:
        words += "and the date of what binds it moved later"
    return f"{words}; its target is {day_text(target.in_force.target)} ({days_text(stalled.days)} late at this pace)"


def _evidence(world: World, stalled: _Stalled) -> Iterator[Evidence]:
    target, span = stalled.target, stalled.span
    node, key, where = target.node, target.objective.id, target.objective.location
    since = this_monday(world.today) - timedelta(WEEK * len(span.finished))
    told = " ".join(str(number) for number in span.finished)
    yield Evidence(node, key, "finished per week", f"{told} since {day_text(since)}; {span.before:,} before", where)
    yield Evidence(node, key, "work left", f"{span.open:,}", where, old=f"{span.open_before:,}")
    for move in stalled.moved:
        old, new = (day.isoformat() if day else "" for day in (move.old, move.new))
        cause = target.forecast.cause
        place = world.where(cause.node, move.field)
        yield Evidence(cause.node, world.key(cause), move.field, new, place, old=old, by=move.by, at=move.at)
