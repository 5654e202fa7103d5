"""What was made to look better after the fact: targets, lights, progress and typed-in figures (I27)."""

from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding
from model.keys import objective_node
from model.links import Role
from model.objectives import Objective, StageGate
from model.records import Light, Measurement, Record, Saving, WorkItem
from reconcile.check import Asked, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import controller, decider, owner
from reconcile.edits import (
    FORMULAS,
    Edit,
    EditKind,
    is_named,
    lowered_target,
    risen_progress,
    turned_green,
    typed_in,
)
from reconcile.forecast import ForecastState
from reconcile.metrics import METRIC_READS
from reconcile.promises import gone_reason
from reconcile.values import served_by
from reconcile.wording import day_text, listed
from reconcile.world import World

_AT_REST = frozenset({StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD})
_TELLING = frozenset({Role.MEASURES, Role.REPORTS})
_LIT = frozenset({Role.SAVES, Role.DELIVERS})
_MOST_SHOWN = 12


class EditedHistoryOptions(CheckOptions):
    """Options of the check edited-history."""

    points: Annotated[Decimal, Field(gt=0)] = Decimal(10)
    """By how many percentage points a progress may rise without closed work."""
    still_days: Annotated[int, Field(ge=1)] = 14
    """How many days without closed work must lie before a progress that rose."""
    review_days: Annotated[int, Field(ge=1)] = 30
    """For how many days after a review a light that turned green just before it is told."""
    less_is_better: tuple[str, ...] = ()
    """The names of metrics of which less is better: there a raised target is the easier one."""


class EditedHistory(Check[EditedHistoryOptions]):
    """Something was changed after the fact so that it looks better, and nothing that is read explains it.

    What it finds
        Four kinds of edit, in what was seen of the records before. A measurement's target that is lower than what was
        approved for the same period (with its objective: at the last dated approval, or once the objective has passed
        its decision); raised, for metrics of which less is better. A light of a saving or of work that delivers that
        turned green on the day of its objective's review or the day before, while nothing else of the record changed. A
        progress (metrics.progress) that rose by 10 points or more after no piece of work of the objective had been
        closed for 14 days. And figures of a saving that the workbook calculated and that are typed in now: single ones
        and months of plan and forecast to come. Where the workbook's settings do not say formulas: true, that cannot be
        judged. That a plan or a baseline says something else than what was approved is told by edited-baseline.

    Why it matters
        Numbers that follow the wish and not the work are believed until nothing can be done any more.

    What to do
        Ask the owner what the change is for: the answer comes first. Then let the controller confirm it or put it back.

    Example
        The sorting project has a review on 15 Sep 2026. Its light was yellow until 14 September and is green since;
        no date, status or figure changed with it.
    """

    name = "edited-history"
    title = "Something was changed after the fact, and nothing explains it"
    family = "truth"
    patterns = ("I27",)
    formula = (
        "Target now < target when approved; green within a day of the review; progress up without closed work; a "
        "formula that is a typed figure now."
    )
    options_type = EditedHistoryOptions
    reads = METRIC_READS | {
        *("light", "custom", "plan", "forecast", "run_rate", "baseline", "one_time_cost", "currency"),
        *("status", "resolution", "finished", "parent", "releases", "stage_gate", "planned_start", "due", "start"),
    }
    roles = frozenset({Role.MEASURES, Role.REPORTS, Role.SAVES, Role.DELIVERS})

    @classmethod
    def rests_on(cls, fields: Collection[str], roles: Collection[Role]) -> bool:
        """The extra field that names the calculated figures counts like a built-in one."""
        return FORMULAS in fields or super().rests_on(fields, roles)

    def asks(self, world: World, options: EditedHistoryOptions) -> Asked:
        """What was seen of the measurements, of the lights before a review, and of savings with formulas."""
        measured = {each.id for each, _ in _measured(world)}
        lights = {record.id for record, _ in _green_at_review(world, options)}
        calculated = {each.id for each in world.network.savings.values() if FORMULAS in each.custom}
        return Asked(histories=frozenset(measured | lights | calculated))

    def find(self, world: World, options: EditedHistoryOptions) -> Iterator[Verdict]:
        yield from _blind(world)
        for measurement, objective in _measured(world):
            edit = lowered_target(world, measurement, objective, is_named(measurement, options.less_is_better))
            if edit is not None:
                yield self._finding(world, edit)
        for record, objective in _green_at_review(world, options):
            if (edit := turned_green(world, record, objective)) is not None:
                yield self._finding(world, edit)
        for objective in _under_way(world):
            forecast = world.forecasts.get(objective_node(objective.id))
            edit = risen_progress(world, objective, options.points, options.still_days)
            if edit is None:
                continue
            if forecast is not None and forecast.state is ForecastState.UNKNOWN:
                reason = f"not all work of {objective.name} can be seen"
                yield Unjudged(_subjects(edit), reason)
            else:
                yield self._finding(world, edit)
        for saving in world.network.savings.values():
            edit = typed_in(world, saving) if FORMULAS in saving.custom else None
            if edit is not None:
                yield self._finding(world, edit)

    def _finding(self, world: World, edit: Edit) -> Finding:
        record = edit.record
        ids = (edit.objective.id,) if edit.objective else _served(world, record)
        first = edit.changes[0]
        confirms = (record.controller if isinstance(record, Saving) else None) or controller(world.tree, ids)
        where = world.where(record.id, first.field)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=_subjects(edit),
            title=_title(record, edit),
            objective_ids=ids,
            commitment=Claim(record.source, record.key, f"said {first.field} {first.old}", where=where),
            forecast=Claim(record.source, record.key, f"says {first.field} {first.new}", where=where),
            cause=record.id,
            evidence=tuple(
                Evidence(
                    record.id,
                    record.key,
                    world.field_name(record.id, each.field),
                    each.new,
                    world.where(record.id, each.field),
                    old=each.old,
                    at=each.seen,
                )
                for each in edit.changes[:_MOST_SHOWN]
            ),
            owner=record.owner or owner(world.tree, ids),
            decider=confirms or decider(world.tree, ids, within_tolerance=False),
            advice=f"Ask what the change is for; then let {confirms or 'the controller'} confirm it, or put back "
            f"{first.old}.",
            sources=_sources(world, edit),
            upkeep=True,
        )

    def why_resolved(self, finding: Finding, world: World, options: EditedHistoryOptions) -> str:
        """Whether it was put back, confirmed by an approval, or overtaken by the work."""
        subject = finding.subjects[-2]
        key = finding.commitment.key if finding.commitment else subject
        if world.record(subject) is None:
            return gone_reason(subject, key, world)
        match finding.subjects[-1].rpartition(" ")[2]:
            case EditKind.TARGET:
                return f"the target of {key} is an approved one"
            case EditKind.LIGHT:
                return f"the light of {key} changed again, or its review is over"
            case EditKind.PROGRESS:
                return f"work was closed since, or the progress of {key} changed again"
        return f"the figures of {key} are calculated again, or their months have come"


def _subjects(edit: Edit) -> tuple[str, ...]:
    """The record and the kind of edit, because of one record several things can be changed; of a progress the objective
    before it, which it is compared with."""
    record, kind = edit.record, edit.kind
    told = (record.id, f"{record.id} {kind}")
    if kind is EditKind.PROGRESS and edit.objective is not None:
        return (objective_node(edit.objective.id), *told)
    return told


def _served(world: World, record: Record) -> tuple[str, ...]:
    return served_by(world, record) if isinstance(record, Saving) else ()


def _under_way(world: World) -> Iterator[Objective]:
    yield from (each for each in world.network.objectives.values() if each.stage_gate not in _AT_REST)


def _measured(world: World) -> Iterator[tuple[Measurement, Objective]]:
    """Each measurement with the first objective under way that it measures."""
    for measurement in world.measurements.values():
        linked = sorted(link.objective_id for link in world.links.get(measurement.id, ()) if link.role in _TELLING)
        known = (world.tree.get(objective_id) for objective_id in linked)
        objective = next((each for each in known if each is not None and each.stage_gate not in _AT_REST), None)
        if objective is not None:
            yield measurement, objective


def _green_at_review(world: World, options: EditedHistoryOptions) -> Iterator[tuple[Record, Objective]]:
    """Open records with a green light that serve an objective whose review is near or was a short time ago."""
    for objective in _under_way(world):
        if not _is_reviewed(world, options, objective):
            continue
        linked = sorted({link.record_id for link in world.served.get(objective.id, ()) if link.role in _LIT})
        world.library.fetch(node for node in linked if node in world.network.work)
        for record_id in linked:
            record = world.record(record_id)
            if isinstance(record, (Saving, WorkItem)) and record.light is Light.GREEN:
                others = (world.tree.get(link.objective_id) for link in world.links.get(record_id, ()))
                reviewed = [each.id for each in others if each is not None and _is_reviewed(world, options, each)]
                if objective.id == min(reviewed, default=objective.id):
                    yield record, objective


def _is_reviewed(world: World, options: EditedHistoryOptions, objective: Objective) -> bool:
    """Whether its review is tomorrow, today, or was a short time ago."""
    if objective.review is None or objective.stage_gate in _AT_REST:
        return False
    return -1 <= (world.today - objective.review).days <= options.review_days


def _title(record: Record, edit: Edit) -> str:
    name = f"{record.key} {record.title}" if record.title != record.key else record.key
    first = edit.changes[0]
    seen = day_text(first.seen.date())
    whose = edit.objective.name if edit.objective else ""
    match edit.kind:
        case EditKind.TARGET:
            return f"{name}: value changed after approval, the target from {first.old} to {first.new} (seen {seen})"
        case EditKind.LIGHT:
            review = day_text(edit.since) if edit.since else ""
            return (
                f"{name}: the light turned from {first.old} to green on {seen}, before the review of {whose} on "
                f"{review}, and nothing else of it changed"
            )
        case EditKind.PROGRESS:
            since = day_text(edit.since) if edit.since else ""
            return (
                f"{name}: the progress of {whose} rose from {first.old} to {first.new} (seen {seen}), and no work was "
                f"closed since {since}"
            )
    fields = listed([each.field for each in edit.changes[:3]])
    more = f" and {len(edit.changes) - 3} more" if len(edit.changes) > 3 else ""
    figures = "figure was" if len(edit.changes) == 1 else "figures were"
    return f"{name}: {len(edit.changes)} calculated {figures} typed over (seen {seen}): {fields}{more}"


def _sources(world: World, edit: Edit) -> tuple[str, ...]:
    found = {edit.record.source}
    if edit.kind is EditKind.PROGRESS and edit.objective is not None:
        forecast = world.forecasts.get(objective_node(edit.objective.id))
        found |= forecast.sources if forecast is not None and forecast.sources else {c.source for c in world.coverage}
    return tuple(sorted(found))


def _blind(world: World) -> Iterator[Blind]:
    """What no source tells: reviews, progress, targets and formulas."""
    if not any(objective.review for objective in world.tree.objectives):
        yield Blind("no objective has a review date, so no light is compared with one")
    measured = [each for each, _ in _measured(world)]
    if not any(each.target is not None for each in measured):
        yield Blind("no measurement that is linked has a target")
    if not any(is_named(each, world.options.metrics.progress) for each in measured):
        yield Blind("no measurement tells the progress of an objective (metrics.progress)")
    known: dict[str, bool] = {}
    for saving in world.network.savings.values():
        known[saving.source] = known.get(saving.source, False) or FORMULAS in saving.custom
    for source, delivers in sorted(known.items()):
        if not delivers:
            yield Blind(f"no saving of {source} tells which of its figures are calculated (formulas: true)", (source,))
