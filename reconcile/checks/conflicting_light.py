"""Two reports of one objective in two colours (F4.3, I15): which of them is the source of record is to be decided."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact
from model.keys import objective_node, source_of
from model.links import Link, Role
from model.objectives import Objective
from model.records import Light, Measurement, Record, Revision, Saving
from reconcile.above import called
from reconcile.check import Asked, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decider, owner
from reconcile.impact import severity
from reconcile.reporting import AT_REST, SAID, light_of, lights_seen, out_of_sight, reports_on
from reconcile.wording import day_text, listed
from reconcile.world import World


class ConflictingLightOptions(CheckOptions):
    """Options of the check conflicting-light."""

    grace_days: Annotated[int, Field(ge=0)] = 3
    """For so many days after one report has changed its colour the others may follow before it is told."""
    leaders_from_steps: Annotated[int, Field(ge=1, le=2)] = 2
    """From how many steps between the colours on leaders are asked: 2 is green beside red. Below, those who report
    settle it among themselves."""
    light_field: Annotated[str | None, Field(examples=["rag"])] = None
    """Which of the extra fields of measurements (fields: of their source) holds a light as a word."""
    potential_rules: Annotated[tuple[str, ...], Field(examples=[["value-report"]])] = ()
    """The mapping rules whose work reports the potential, that is, the value; other work reports the implementation."""


class _Kind(StrEnum):
    """The two lights of an objective, which are never compared with each other."""

    IMPLEMENTATION = "implementation"
    POTENTIAL = "potential"


@dataclass(frozen=True, slots=True)
class _Report:
    """One light of one objective, and by whom. ``record`` is None where the objective itself says it."""

    key: str
    kind: _Kind
    light: Light
    record: Record | None = None

    @property
    def system(self) -> str:
        return self.record.source if self.record is not None else source_of(objective_node(""))


@dataclass(frozen=True, slots=True)
class _Conflict:
    """The reports of one kind, the best first, that are not of one colour. ``since`` is None where it was never
    seen otherwise."""

    objective: Objective
    reports: tuple[_Report, ...]
    since: datetime | None = None

    @property
    def best(self) -> _Report:
        return self.reports[0]

    @property
    def worst(self) -> _Report:
        return self.reports[-1]

    @property
    def steps(self) -> int:
        return _steps([each.light for each in self.reports])


class ConflictingLight(Check[ConflictingLightOptions]):
    """Two reports of one objective show two colours.

    What it finds
        An objective of which the same light is reported in two colours: its own, and those of the records that are
        linked to it in the role reports. Implementation and potential are kept apart: work reports the implementation,
        savings and measurements report the potential. Grey and blank say nothing; what is done or dropped reports no
        more. A colour that has just changed has three days before the others must have followed. Green beside red is
        for leaders; one step apart is for those who report. What the parts of an objective report of themselves is no
        report of the whole: hidden-red looks at that.

    Why it matters
        While two colours stand for one objective, each side acts on its own, and nobody decides.

    What to do
        Decide which report is the source of record, and let the other follow it or stop.

    Example
        Platform migration: the CTO's board says green, the CFO's dashboard says red since 3 Sep 2026.
    """

    name = "conflicting-light"
    title = "Two reports of one objective show two colours"
    family = "truth"
    patterns = ("F4.3", "I15", "I46")
    formula = "Two reports of the same light differ for more than grace_days; green beside red is two steps."
    options_type = ConflictingLightOptions
    reads = frozenset({"light", "status"})
    roles = frozenset({Role.REPORTS})

    def asks(self, world: World, options: ConflictingLightOptions) -> Asked:
        """What was seen of the reports that are not of one colour now."""
        conflicts = (each for objective in _judged(world) for each in _conflicts(world, options, objective))
        return Asked(histories=frozenset(each.record.id for one in conflicts for each in one.reports if each.record))

    def find(self, world: World, options: ConflictingLightOptions) -> Iterator[Verdict]:
        """Yield one finding per objective, and nothing while the others may still follow."""
        reporting = silent = 0
        for objective in _judged(world):
            reported = list(reports_on(world, objective))
            reporting += len(reported)
            silent += sum(light_of(record, options.light_field) is None for _, record in reported)
            found = []
            for conflict in _conflicts(world, options, objective):
                records = (each.record for each in conflict.reports if each.record)
                hidden = next((each for each in records if out_of_sight(world, each)), None)
                if hidden is not None:
                    yield Unjudged((objective_node(objective.id),), f"{hidden.key} was not seen in the last reading")
                elif _stands(world, options, conflict):
                    found.append(conflict)
            if found:
                yield self._finding(world, options, sorted(found, key=lambda each: (-each.steps, each.best.kind)))
        if reporting and reporting == silent:
            yield Blind("no record that reports on an objective has a light")

    def _finding(self, world: World, options: ConflictingLightOptions, conflicts: Sequence[_Conflict]) -> Finding:
        first = conflicts[0]
        objective, ids, node = first.objective, (first.objective.id,), objective_node(first.objective.id)
        settle = first.steps < options.leaders_from_steps
        names = listed([_name(world, each) for each in (first.best, first.worst)])
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(node,),
            title=f"{objective.name}: {'; '.join(_says(world, each) for each in conflicts)}",
            objective_ids=ids,
            commitment=_claim(world, first.objective, first.best),
            forecast=_claim(world, first.objective, first.worst),
            cause=node,
            evidence=tuple(
                _proof(world, objective, each, _since_when(world, options, each))
                for conflict in conflicts
                for each in conflict.reports
            ),
            severity=severity(Impact(), None, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=settle),
            advice=f"Decide which of {names} is the source of record, and let the other follow it.",
            sources=tuple(
                sorted({each.record.source for conflict in conflicts for each in conflict.reports if each.record})
            ),
            upkeep=settle,
        )

    def why_resolved(self, finding: Finding, world: World, options: ConflictingLightOptions) -> str:
        """The colour that they agree on, or that nobody compares them any more."""
        objective = world.network.objectives.get(finding.subjects[0])
        if objective is None:
            return "the objective is not declared any more"
        if objective.stage_gate in AT_REST:
            return f"{objective.name} is {str(objective.stage_gate).replace('_', ' ')}"
        lights = {each.light for each in _reports(world, options, objective)}
        if len(lights) == 1:
            return f"{objective.name} is reported {lights.pop()} by all"
        return f"no two reports of {objective.name} are of two colours any more"


def _judged(world: World) -> Iterator[Objective]:
    return (each for each in world.network.objectives.values() if each.stage_gate not in AT_REST)


def _reports(world: World, options: ConflictingLightOptions, objective: Objective) -> Iterator[_Report]:
    for kind, light in ((_Kind.IMPLEMENTATION, objective.implementation), (_Kind.POTENTIAL, objective.potential)):
        if light is not None and light in SAID:
            yield _Report(objective.id, kind, light)
    for link, record in reports_on(world, objective):
        if (told := light_of(record, options.light_field)) is not None:
            yield _Report(record.key, _kind(options, link, record), told, record)


def _kind(options: ConflictingLightOptions, link: Link, record: Record) -> _Kind:
    of_value = isinstance(record, (Saving, Measurement)) or link.rule in options.potential_rules
    return _Kind.POTENTIAL if of_value else _Kind.IMPLEMENTATION


def _conflicts(world: World, options: ConflictingLightOptions, objective: Objective) -> Iterator[_Conflict]:
    """The kinds of light that are told in more than one colour."""
    reports = list(_reports(world, options, objective))
    for kind in _Kind:
        told = sorted((each for each in reports if each.kind is kind), key=_best_first)
        if _steps([each.light for each in told]):
            yield _Conflict(objective, tuple(told), _since(world, options, told))


def _best_first(report: _Report) -> tuple[int, str, str]:
    return (SAID.index(report.light), report.system, report.key)


def _steps(lights: Sequence[Light]) -> int:
    """How far the best and the worst lie apart."""
    places = [SAID.index(light) for light in lights]
    return max(places) - min(places) if places else 0


def _since(world: World, options: ConflictingLightOptions, reports: Sequence[_Report]) -> datetime | None:
    """Since when they have differed without a break; None where they were never seen to agree."""
    seen = [
        lights_seen(world.histories.get(each.record.id, ()), options.light_field) for each in reports if each.record
    ]
    own = [each.light for each in reports if each.record is None]
    agreed, since = not _steps([*own, *filter(None, (history[0][1] for history in seen if history))]), None
    for moment in sorted({revision.seen for history in seen for revision, _ in history[1:]}):
        differ = _steps([*own, *filter(None, (_at(history, moment) for history in seen if history))]) > 0
        since = moment if differ and agreed else since if differ else None
        agreed = not differ
    return since


def _at(history: Sequence[tuple[Revision, Light | None]], moment: datetime) -> Light | None:
    """The light at that time; before it was first seen it counts as it was seen then."""
    return next((light for revision, light in reversed(history) if revision.seen <= moment), history[0][1])


def _since_when(world: World, options: ConflictingLightOptions, report: _Report) -> datetime | None:
    """Since when a report has its present light; None where it was never seen with another."""
    history = world.histories.get(report.record.id, ()) if report.record else ()
    lights = lights_seen(history, options.light_field)
    return lights[-1][0].seen if len(lights) > 1 else None


def _stands(world: World, options: ConflictingLightOptions, conflict: _Conflict) -> bool:
    return conflict.since is None or conflict.since.date() <= world.today - timedelta(options.grace_days)


def _says(world: World, conflict: _Conflict) -> str:
    best, worst = conflict.best, conflict.worst
    since = f" (they differ since {day_text(conflict.since.date())})" if conflict.since else ""
    told = f"{_name(world, best)} reports {best.light.value}, {_name(world, worst)} reports {worst.light.value}"
    return f"of the {conflict.best.kind.value} {told}{since}"


def _name(world: World, report: _Report) -> str:
    """``the objectives file`` or ``CFO dashboard in tracker``."""
    record = report.record
    if record is None:
        return "the objectives file"
    return f"{called(record)} in {record.source}"


def _claim(world: World, objective: Objective, report: _Report) -> Claim:
    record = report.record
    name, where = (called(record), world.where(record.id, "light")) if record else (report.key, objective.location)
    return Claim(report.system, name, f"reports the {report.kind.value} as {report.light.value}", where=where)


def _proof(world: World, objective: Objective, report: _Report, since: datetime | None) -> Evidence:
    if report.record is None:
        node = objective_node(objective.id)
        return Evidence(node, objective.id, report.kind.value, report.light.value, objective.location)
    node = report.record.id
    return Evidence(
        node, report.key, world.field_name(node, "light"), report.light.value, world.where(node, "light"), at=since
    )
