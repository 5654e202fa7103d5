"""Teams deliver more and more, and the figure that all of it is meant to move does not move."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact
from model.keys import normalise_key, objective_node
from model.links import Role
from model.objectives import Objective, StageGate
from model.records import Measurement
from reconcile.above import sources_of
from reconcile.check import Asked, Blind, Check, CheckOptions, Unjudged, Verdict
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
from reconcile.decisions import decider, owner
from reconcile.impact import severity
from reconcile.parts import parts_of
from reconcile.readings import figure_text, reading_of
from reconcile.values import percent_of
from reconcile.wording import day_text
from reconcile.world import World

_AT_REST = frozenset({StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD})


class FlatOutcomeOptions(CheckOptions):
    """Options of the check flat-outcome."""

    weeks: Annotated[int, Field(ge=2, le=52)] = 8
    """How many whole weeks are looked at, beside as many before them."""
    rise_percent: Annotated[Decimal, Field(gt=0)] = Decimal(20)
    """From how many percent more finished work than in the weeks before on the output counts as up."""
    least_finished: Annotated[int, Field(ge=1)] = 10
    """How many pieces of work must have been finished in these weeks; fewer are no output."""
    change_percent: Annotated[Decimal, Field(gt=0)] = Decimal(5)
    """Below how many percent of the gap to its target a figure counts as flat; of its value where it has no target."""


@dataclass(frozen=True, slots=True)
class _Point:
    """What a measurement told for, or on, a day."""

    day: date
    value: Decimal
    measurement: Measurement


@dataclass(frozen=True, slots=True)
class _Series:
    """One figure of an objective over time, the oldest first."""

    objective: Objective
    points: tuple[_Point, ...]

    @property
    def now(self) -> _Point:
        return self.points[-1]

    @property
    def name(self) -> str:
        return self.now.measurement.metric or self.now.measurement.title

    @property
    def subjects(self) -> tuple[str, ...]:
        source, metric = self.now.measurement.source, normalise_key(self.name)
        return objective_node(self.objective.id), f"{source}:metric {metric}"

    def before(self, day: date) -> _Point | None:
        """What it told last, on that day or earlier."""
        return next((each for each in reversed(self.points) if each.day <= day), None)


@dataclass(frozen=True, slots=True)
class _Flat:
    """A figure that did not move while the output rose. ``before`` and ``lately`` are pieces of finished work."""

    series: _Series
    then: _Point
    before: int
    lately: int
    sources: frozenset[str]

    @property
    def gap(self) -> Decimal | None:
        now = self.series.now
        return None if now.measurement.target is None else abs(now.measurement.target - now.value)


class FlatOutcome(Check[FlatOutcomeOptions]):
    """More and more work is finished, and the figure that it is meant to move stays where it was.

    What it finds
        An objective with a measurement (role measures) below which at least 20 % more work was finished in the last 8
        whole weeks than in the 8 before, while the figure came nearer to its target by less than 5 % of the gap of that
        time; without a target, while it changed by less than 5 % (F2.4). A figure that was reached is not told, nor one
        that tells what was spent, how much is done, or what is still to be spent and gained (metrics). A measurement
        that is written anew each time is compared with what was seen of it 8 weeks ago, one that has a record for each
        period with the record of that time. An objective with more than 10,000 finished pieces below it is not judged.
        The gap is told in the unit of the figure; what a point of it is worth nobody stores, so that it is not priced.

    Why it matters
        The output is local; whoever waits for the outcome has nothing of it.

    What to do
        Ask what the figure waits for, and stop or change the work that does not move it.

    Example
        Delivery time was 62 hours on 19 Jul 2026 and is 61.8 now, with a target of 48: 0.2 / 14 = 1.4 % of the gap. Its
        teams finished 30 pieces in 8 weeks, 22 in the 8 before: 36.3 % more.
    """

    name = "flat-outcome"
    title = "More work is finished and the figure that it is meant to move does not move"
    family = "flow"
    patterns = ("F2.4", "F3.5")
    formula = (
        "Finished pieces up by the given percentage against the weeks before, while the gap of the figure closed by "
        "less than its limit."
    )
    options_type = FlatOutcomeOptions
    reads = frozenset({"metric", "value", "target", "unit", "period", "status", "finished", "parent", "releases"})
    roles = frozenset({Role.MEASURES, Role.DELIVERS})
    daily = True

    def asks(self, world: World, options: FlatOutcomeOptions) -> Asked:
        """What was seen of the measurements."""
        return Asked(histories=frozenset(node for node in world.measurements if _measures(world, node)))

    def find(self, world: World, options: FlatOutcomeOptions) -> Iterator[Verdict]:
        """Yield one finding per objective and figure."""
        counts = counts_of(world)
        if counts is None:
            yield NOT_COUNTED
            return
        if not any(_measures(world, node) for node in world.measurements):
            yield Blind("no measurement is linked to an objective in the role measures")
        for objective in world.network.objectives.values():
            for series in _series(world, objective) if objective.stage_gate not in _AT_REST else ():
                yield from self._of_series(world, options, counts, series)

    def _of_series(
        self, world: World, options: FlatOutcomeOptions, counts: Counts, series: _Series
    ) -> Iterator[Verdict]:
        begin = weeks_ago(world.today, options.weeks)
        then = series.before(begin)
        if world.absence(series.now.measurement.id) is not None:
            yield Unjudged(series.subjects, f"{series.name} is out of sight")
        elif then is None:
            yield Unjudged(series.subjects, f"{series.name} has not been told for {options.weeks} weeks yet")
        elif _is_flat(options, series, then) and 0 < _pieces_done(world, series) <= MOST_PIECES:
            flat = _output(world, options, counts, series, then)
            if flat is not None:
                yield self._finding(world, options, flat)

    def _finding(self, world: World, options: FlatOutcomeOptions, flat: _Flat) -> Finding:
        series, now = flat.series, flat.series.now
        objective, ids = series.objective, (series.objective.id,)
        node, unit = now.measurement.id, now.measurement.unit
        where = world.where(node, "value")
        rise = percent_of(flat.lately - flat.before, flat.before)
        output = f"{flat.lately:,} pieces of work in {options.weeks} weeks, {rise} % more than before"
        figure = f"{series.name} is {figure_text(now.value, unit)}"
        was = f"{figure_text(flat.then.value, unit)} on {day_text(flat.then.day)}"
        target = now.measurement.target
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=series.subjects,
            title=f"{objective.name} finished {output}, and {figure} after {was}{_gap_says(flat)}",
            objective_ids=ids,
            commitment=Claim(
                now.measurement.source,
                now.measurement.key,
                f"is to be {figure_text(target, unit)}" if target is not None else f"was {was}",
                where=world.where(node, "target"),
            ),
            forecast=Claim(
                now.measurement.source, now.measurement.key, f"is {figure_text(now.value, unit)}", where=where
            ),
            cause=node,
            evidence=(
                Evidence(
                    node,
                    now.measurement.key,
                    world.field_name(node, "value"),
                    figure_text(now.value, unit),
                    where,
                    old=figure_text(flat.then.value, unit),
                ),
                Evidence(objective_node(objective.id), objective.id, "finished", output, objective.location),
            ),
            severity=severity(Impact(), None, world.today, world.options.severity),
            owner=owner(world.tree, ids) or now.measurement.owner,
            decider=decider(world.tree, ids, within_tolerance=True),
            advice=f"Ask what {series.name} waits for, and stop or change the work that does not move it.",
            sources=sources_of(world, {now.measurement.source}, flat.sources),
        )

    def why_resolved(self, finding: Finding, world: World, options: FlatOutcomeOptions) -> str:
        """Whether the figure moved, or is told no more."""
        objective = world.network.objectives.get(finding.subjects[0])
        if objective is None:
            return "the objective is not declared any more"
        if objective.stage_gate in _AT_REST:
            return f"{objective.name} is {str(objective.stage_gate).replace('_', ' ')}"
        series = next((each for each in _series(world, objective) if each.subjects == finding.subjects), None)
        if series is None:
            return f"nothing tells this figure of {objective.name} any more"
        then = series.before(weeks_ago(world.today, options.weeks))
        if then is not None and not _is_flat(options, series, then):
            unit = series.now.measurement.unit
            return f"{series.name} moved from {figure_text(then.value, unit)} to {figure_text(series.now.value, unit)}"
        return f"{objective.name} does not finish more work than before any more"


def _measures(world: World, node: str) -> bool:
    return any(link.role is Role.MEASURES and link.objective_id in world.tree for link in world.links.get(node, ()))


def _series(world: World, objective: Objective) -> Iterator[_Series]:
    """The figures of an objective: one record that is written anew, or one for each period."""
    grouped: dict[tuple[str, str], list[Measurement]] = {}
    names = world.options.metrics
    told_otherwise = (*names.spent, *names.progress, *names.cost_to_complete, *names.remaining_benefit)
    no_outcomes = {normalise_key(name) for name in told_otherwise}
    links = world.served.get(objective.id, ())
    for node in sorted({link.record_id for link in links if link.role is Role.MEASURES}):
        measurement = world.measurements.get(node)
        if measurement is not None and measurement.value is not None:
            metric = normalise_key(measurement.metric or measurement.title)
            if metric not in no_outcomes:
                grouped.setdefault((measurement.source, metric), []).append(measurement)
    for _, several in sorted(grouped.items()):
        points = _seen(world, several[0]) if len(several) == 1 else _by_period(world, several)
        if points and len({each.measurement.unit for each in points}) == 1:
            yield _Series(objective, points)


def _seen(world: World, measurement: Measurement) -> tuple[_Point, ...]:
    """What was seen of a record that is written anew; one whose period is over will not change any more."""
    reading = reading_of(measurement)
    if reading is not None and reading.period.last < world.today:
        return ()
    points = [
        _Point(each.seen.date(), each.record.value, each.record)
        for each in world.histories.get(measurement.id, ())
        if isinstance(each.record, Measurement) and each.record.value is not None
    ]
    if measurement.value is not None:
        points.append(_Point(world.today, measurement.value, measurement))
    return tuple(sorted(points, key=lambda each: each.day))


def _by_period(world: World, several: Sequence[Measurement]) -> tuple[_Point, ...]:
    """What was told for each period that has begun; the present one counts for today."""
    points = [
        _Point(min(reading.period.last, world.today), measurement.value, measurement)
        for measurement in several
        if measurement.value is not None
        and (reading := reading_of(measurement)) is not None
        and reading.period.first <= world.today
    ]
    return tuple(sorted(points, key=lambda each: (each.day, each.measurement.id)))


def _is_flat(options: FlatOutcomeOptions, series: _Series, then: _Point) -> bool:
    """Whether the figure came nearer to its target by too little; reached is reached."""
    now, target = series.now.value, series.now.measurement.target
    if target is None:
        return abs(now - then.value) * 100 < options.change_percent * abs(then.value) or now == then.value
    gap = abs(target - then.value)
    reached = now >= target if target >= then.value else now <= target
    return not reached and (gap - abs(target - now)) * 100 < options.change_percent * gap


def _pieces_done(world: World, series: _Series) -> int:
    return parts_of(world, objective_node(series.objective.id)).done


def _output(world: World, options: FlatOutcomeOptions, counts: Counts, series: _Series, then: _Point) -> _Flat | None:
    """The output beside it, where it rose."""
    before = weeks_ago(world.today, 2 * options.weeks)
    inflows = inflows_of(world, counts, with_all_below(world, objective_node(series.objective.id)), before)
    begin = before + timedelta(WEEK * options.weeks)
    earlier = sum(by_week((each.finished for each in inflows), before, options.weeks))
    lately = sum(by_week((each.finished for each in inflows), begin, options.weeks))
    rose = (lately - earlier) * 100 >= options.rise_percent * earlier
    if not earlier or lately < options.least_finished or not rose:
        return None
    return _Flat(series, then, earlier, lately, frozenset(each.source for each in inflows))


def _gap_says(flat: _Flat) -> str:
    if flat.gap is None:
        return ""
    measurement = flat.series.now.measurement
    target = figure_text(measurement.target, measurement.unit) if measurement.target is not None else ""
    return f", {figure_text(flat.gap, measurement.unit)} short of {target}"
