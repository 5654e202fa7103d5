"""What is shown is older than it may be (F3.6, I55): a report that nobody touched, a figure whose successor is due."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Severity
from model.keys import objective_node
from model.links import Role
from model.objectives import Objective
from model.records import Deal, Measurement, Outcome, Record, Saving
from reconcile.above import called, called_in_full
from reconcile.check import Asked, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import owner
from reconcile.promises import gone_reason
from reconcile.readings import Reading, reading_of, readings_of, served_objectives
from reconcile.reporting import AT_REST, in_memory, out_of_sight, still_reports
from reconcile.wording import day_text, days_text
from reconcile.world import World


class StaleRecordOptions(CheckOptions):
    """Options of the check stale-record."""

    report_days: Annotated[int, Field(ge=1)] = 35
    """After so many days without a change a report (role reports) is too old; a monthly one is just in time."""
    closing_days: Annotated[int, Field(ge=0)] = 20
    """How many days after the end of a period its figure may come."""
    deal_days: Annotated[int | None, Field(ge=1, examples=[120])] = None
    """After so many days without a change an open deal is too old; without it deals are not judged."""
    saving_days: Annotated[int | None, Field(ge=1, examples=[60])] = None
    """After so many days without a change a saving is too old; without it savings are not judged."""


@dataclass(frozen=True, slots=True)
class _Aged:
    """A record that must change every so many days, and when it was last changed: None where nobody knows.

    ``told`` is whether its source says so itself; else it is what was seen.
    """

    record: Record
    limit: int
    changed: date | None
    told: bool


class StaleRecord(Check[StaleRecordOptions]):
    """A report or a figure is older than it may be.

    What it finds
        A record that reports on an objective (role reports) and was not changed for 35 days: as its source says, or,
        where that tells no times, as it was seen here. A metric whose next figure is due: the newest period that it is
        told for ended longer ago than its own rhythm (the time between its last two periods) and 20 days for closing
        the books; a metric with one period only has no rhythm. Deals and savings only where their own limit is set: a
        row that does not change may simply be true. Reports that are done, and what serves only objectives that are
        closed, cancelled or on hold, need no change.

    Why it matters
        A report is read as the state of today; two weeks later it is the state of two weeks ago.

    What to do
        Bring it up to date, or take the link away if nobody keeps it any more.

    Example
        On-time delivery in kpis is told up to 2026-06; the figure for the next period was due on 20 Aug 2026.
    """

    name = "stale-record"
    title = "A report or a figure is older than it may be"
    family = "truth"
    patterns = ("F3.6", "I55")
    formula = (
        "Today - last change > limit; of a metric: today - end of the newest period > its own rhythm + days for "
        "closing."
    )
    options_type = StaleRecordOptions
    reads = frozenset({"changed", "status", "metric", "period", "value", "outcome", "stage"})
    roles = frozenset(Role)

    def asks(self, world: World, options: StaleRecordOptions) -> Asked:
        """What was seen of those whose source tells no times."""
        return Asked(histories=frozenset(each.id for each, _ in _kept(world, options) if each.changed is None))

    def find(self, world: World, options: StaleRecordOptions) -> Iterator[Verdict]:
        """Yield one finding per report, deal or saving that is too old, and per metric whose next figure is due."""
        for record, limit in _kept(world, options):
            aged = _aged(world, record, limit)
            if aged.changed is None:
                yield Unjudged((record.id,), f"nobody knows when {record.key} was last changed")
            elif (world.today - aged.changed).days > limit:
                yield self._of_record(world, aged, aged.changed)
        yield from self._of_metrics(world, options)

    def _of_metrics(self, world: World, options: StaleRecordOptions) -> Iterator[Verdict]:
        for objective in world.network.objectives.values():
            if objective.stage_gate in AT_REST:
                continue
            for series in _series(world, objective):
                newest, due = series[-1].measurement, _next_due(options, series)
                if objective.id != _first_served(world, newest.id):
                    continue  # told at another one
                if out_of_sight(world, newest):
                    yield Unjudged(_of_objective(objective, newest), f"{newest.key} was not seen in the last reading")
                elif due < world.today:
                    yield self._of_metric(world, objective, newest, due)
        readable: dict[str, bool] = {}
        for each in world.measurements.values():
            readable[each.source] = readable.get(each.source, False) or reading_of(each) is not None
        for source, delivers in sorted(readable.items()):
            if not delivers:
                yield Blind(f"no measurement of {source} has a metric and a period that can be read", (source,))

    def _of_record(self, world: World, aged: _Aged, changed: date) -> Finding:
        record = aged.record
        says = "was last changed on" if aged.told else "was last seen to change on"
        age = days_text((world.today - changed).days)
        field = "changed" if aged.told else "last seen to change"
        return self._finding(
            world,
            record,
            (record.id,),
            f"{_name(record)} {says} {day_text(changed)}, {age} ago",
            Claim("settings", called(record), f"may be {days_text(aged.limit)} old"),
            Claim(record.source, called(record), f"{says} {day_text(changed)}", changed, world.where(record.id)),
            Evidence(
                record.id, record.key, world.field_name(record.id, field), changed.isoformat(), world.where(record.id)
            ),
        )

    def _of_metric(self, world: World, objective: Objective, newest: Measurement, due: date) -> Finding:
        where = world.where(newest.id, "period")
        return self._finding(
            world,
            newest,
            _of_objective(objective, newest),
            f"{newest.metric} in {newest.source} is told up to {newest.period}; the figure for the next period was due "
            f"on {day_text(due)}",
            Claim("settings", newest.key, f"is due by {day_text(due)}", due),
            Claim(newest.source, newest.key, f"is told up to {newest.period}", where=where),
            Evidence(newest.id, newest.key, world.field_name(newest.id, "period"), newest.period, where),
        )

    def _finding(
        self,
        world: World,
        record: Record,
        subjects: tuple[str, ...],
        title: str,
        commitment: Claim,
        forecast: Claim,
        proof: Evidence,
    ) -> Finding:
        ids = _linked(world, record.id)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=subjects,
            title=title,
            objective_ids=ids,
            commitment=commitment,
            forecast=forecast,
            cause=record.id,
            evidence=(proof,),
            severity=Severity.NOTICE,
            owner=_keeper(record) or owner(world.tree, ids),
            advice=f"Bring {called(record)} up to date in {record.source}, or take its link away if nobody keeps it.",
            sources=(record.source,),
            upkeep=True,
        )

    def why_resolved(self, finding: Finding, world: World, options: StaleRecordOptions) -> str:
        subject = finding.subjects[-1]
        key = finding.forecast.key if finding.forecast else subject
        record = world.record(subject)
        if record is None or not still_reports(world, record):
            return gone_reason(subject, key, world)
        if isinstance(record, Measurement) and reading_of(record) is not None:
            return f"a newer figure of {record.metric} is told, or none is due"
        aged = _aged(world, record, 0)
        if aged.changed is not None and (finding.forecast is None or finding.forecast.day != aged.changed):
            return f"{key} was changed on {day_text(aged.changed)}"
        return f"{key} need not be newer any more"


def _kept(world: World, options: StaleRecordOptions) -> Iterator[tuple[Record, int]]:
    """The records that somebody has to keep up to date, with how many days old they may be."""
    reports = [node for node, links in world.links.items() if any(each.role is Role.REPORTS for each in links)]
    world.library.fetch(node for node in reports if not in_memory(world, node))
    for node in reports:
        record = world.record(node)
        if record is None or (isinstance(record, Measurement) and reading_of(record) is not None):
            continue  # a figure is as old as its period
        if still_reports(world, record) and _linked(world, node, Role.REPORTS):
            yield record, options.report_days
    yield from _by_own_limit(world, options, frozenset(reports))


def _by_own_limit(world: World, options: StaleRecordOptions, told: frozenset[str]) -> Iterator[tuple[Record, int]]:
    if options.deal_days is not None:
        for deal in world.network.deals.values():
            if deal.outcome is Outcome.OPEN and deal.id not in told and _linked(world, deal.id):
                yield deal, options.deal_days
    if options.saving_days is not None:
        for saving in world.network.savings.values():
            if saving.id not in told and _linked(world, saving.id):
                yield saving, options.saving_days


def _linked(world: World, node: str, role: Role | None = None) -> tuple[str, ...]:
    """The objectives that a record serves and that are neither over nor at rest."""
    links = world.links.get(node, ())
    objectives = (world.tree.get(each.objective_id) for each in links if role in (None, each.role))
    return tuple(sorted({each.id for each in objectives if each is not None and each.stage_gate not in AT_REST}))


def _aged(world: World, record: Record, limit: int) -> _Aged:
    if record.changed is not None:
        return _Aged(record, limit, record.changed.date(), told=True)
    seen = world.histories.get(record.id, ())
    return _Aged(record, limit, max((each.seen.date() for each in seen), default=None), told=False)


def _first_served(world: World, node: str) -> str | None:
    """The first objective of which a measurement tells and that is not at rest."""
    found = (world.tree.get(each) for each in served_objectives(world, node))
    return next((each.id for each in found if each is not None and each.stage_gate not in AT_REST), None)


def _of_objective(objective: Objective, measurement: Measurement) -> tuple[str, ...]:
    return (objective_node(objective.id), measurement.id)


def _series(world: World, objective: Objective) -> Iterator[Sequence[Reading]]:
    """The figures of an objective by source and metric, one per period, the newest last, where there are two or more.

    A blank one is no figure.
    """
    found: dict[tuple[str, str], dict[date, Reading]] = {}
    for reading in readings_of(world, objective):
        if reading.measurement.value is not None:
            series = found.setdefault((reading.measurement.source, reading.metric), {})
            series[reading.period.last] = reading
    for several in found.values():
        if len(several) > 1:
            yield [several[day] for day in sorted(several)]


def _next_due(options: StaleRecordOptions, series: Sequence[Reading]) -> date:
    """By when the figure that follows the newest one must be there, at the rhythm of the last two."""
    before, newest = series[-2].period, series[-1].period
    return newest.last + (newest.last - before.last) + timedelta(options.closing_days)


def _keeper(record: Record) -> str | None:
    return (record.reporter if isinstance(record, Measurement) else None) or record.owner


def _name(record: Record) -> str:
    kind = "deal" if isinstance(record, Deal) else "saving" if isinstance(record, Saving) else "report"
    return f"The {kind} {called_in_full(record)} in {record.source}"
