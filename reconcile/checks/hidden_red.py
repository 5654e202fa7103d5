"""Every part is reported green, and the whole is not: the worst part decides, never the average."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact
from model.keys import objective_node
from model.links import Role
from model.records import Light, Record, Saving, WorkItem
from reconcile.above import name_of, sources_of
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decide_by, decider, owner
from reconcile.failing_needs import RED, failing_need, is_unseen
from reconcile.forecast import Because, Forecast, ForecastState, gravest
from reconcile.impact import severity
from reconcile.story import chain_steps, evidence_of, says_of
from reconcile.targets import Target, late_below, of_cause, target_evidence, targets, why_reached
from reconcile.wording import day_text, days_text, later_text
from reconcile.world import World

_SAID = frozenset({Light.GREEN, Light.YELLOW, Light.RED})
_OBJECTIVE = objective_node("")
_MOST_SHOWN = 12
"""How many reports are shown as evidence; all of them are green, and the first ones say it."""


class HiddenRedOptions(CheckOptions):
    """Options of the check hidden-red."""

    notice_days: Annotated[int, Field(ge=0)] = 14
    """How many days before the target the part that is worst can still be brought forward."""


@dataclass(frozen=True, slots=True)
class _Report:
    """What one part says of itself, beside what the work implies for it (None: it is no node of the plan)."""

    node: str
    light: Light
    forecast: Forecast | None
    proof: Evidence


@dataclass(frozen=True, slots=True)
class _Case:
    """An objective that is late, or a need below it that fails, with the reports about it."""

    target: Target
    failing: Forecast | None
    reports: tuple[_Report, ...]

    @property
    def shown(self) -> Forecast:
        """The forecast that is told: the objective's own where it is not to be reached, else that of the need."""
        return self.failing if self.failing is not None and not _is_late(self.target) else self.target.forecast

    @property
    def parts(self) -> Mapping[str, Forecast]:
        """The parts that are compared: the objectives below that report, or else the records that deliver."""
        below = {each.node: each.forecast for each in self.reports if each.node != self.target.node and each.forecast}
        objectives = {node: forecast for node, forecast in below.items() if node.startswith(_OBJECTIVE)}
        return objectives or below

    @property
    def worst(self) -> Forecast | None:
        """The part whose forecast is the gravest, or the latest where all have a date; never the average."""
        grave = gravest(each for each in self.parts.values() if each.state in RED)
        if grave is not None or self.shown is not self.target.forecast:
            return grave  # what a need fails by says nothing about how far the parts lie apart
        return max(self._dated, key=_by_day, default=None)

    @property
    def spread(self) -> int | None:
        """The days between the first and the last part that is still to come, where both have a date."""
        days = [each.day for each in self._dated if each.day is not None]
        if len(days) < 2 or self.worst is None or self.worst.state in RED:
            return None
        return (max(days) - min(days)).days

    @property
    def _dated(self) -> list[Forecast]:
        return [each for each in self.parts.values() if each.state is ForecastState.DATED]


class HiddenRed(Check[HiddenRedOptions]):
    """Every part of an objective is reported green, and the objective will not be reached.

    What it finds
        An objective with a target of which everything that is reported is green: its own light, those of the objectives
        directly below it, and those of the open records that deliver them. At least one must be reported; grey and
        blank say nothing, and one yellow or red part means that somebody has said it. It is found when its forecast
        lies behind its baseline in force by more than the tolerance, when nothing supports it or something that a part
        of it needs (cancelled, overdue, in a circle, a need that leads nowhere), or when a part needs an objective that
        is itself reported red. The worst part is named, with how far the parts lie apart. That the objective is late is
        told by schedule-slip; this tells that the reports hide it. An objective without any date has no evidence: it is
        grey, not red.

    Why it matters
        Each part looks well where it is reported, and whoever reads the reports learns of it when it is too late.

    What to do
        Ask the owner of the worst part what is true, and set the light by the evidence.

    Example
        DACH, Nordics and Iberia are reported green. Training in Iberia moved to 4 Dec 2026, which the whole of
        30 Oct 2026 needs: 35 days late, and 56 days behind DACH, the first.
    """

    name = "hidden-red"
    title = "Everything is reported green, and the whole is late"
    family = "dependencies"
    patterns = ("F3.2", "F3.3", "F3.4", "I46")
    formula = (
        "Everything that is reported is green, and forecast - baseline > tolerance, or nothing supports it; spread = "
        "last part - first part."
    )
    options_type = HiddenRedOptions
    reads = FORECAST_READS | {"light"}
    roles = frozenset({Role.DELIVERS, Role.SAVES})

    def find(self, world: World, options: HiddenRedOptions) -> Iterator[Verdict]:
        """Yield one finding per objective that is green by its reports and red by the evidence."""
        told = any(objective.implementation in _SAID for objective in world.network.objectives.values())
        doubtful = []
        for target in targets(world):
            if target.forecast.state is ForecastState.UNKNOWN:
                cause = target.forecast.cause
                yield Unjudged((target.node,), f"{world.key(cause)} {says_of(world, cause)}")
                continue
            failing, late = failing_need(world, target.objective.id), _is_late(target)
            if failing is not None and is_unseen(world, failing):
                if not late:
                    cause = failing.cause
                    yield Unjudged((target.node,), f"{world.key(cause)} {says_of(world, cause)}")
                    continue
                failing = None
            if failing is not None or late:
                doubtful.append((target, failing))
        for target, failing in doubtful:
            reports = tuple(_reports(world, target.node))
            told = told or bool(reports)
            if reports and all(each.light is Light.GREEN for each in reports):
                yield self._finding(world, options, _Case(target, failing, reports))
        if doubtful and not told:
            yield Blind("no objective and no record that delivers a late one reports a light")

    def _finding(self, world: World, options: HiddenRedOptions, case: _Case) -> Finding:
        target, shown = case.target, case.shown
        ids = (target.objective.id,)
        baseline = target.in_force.target
        days = target.days if _is_late(target) else None
        impact = Impact(days, of_cause(world, late_below(world, target.objective.id), shown.cause.node))
        last_day = decide_by(baseline, options.notice_days, world.today)
        named, says = _why_red(world, shown) if shown is case.failing else (shown.cause, says_of(world, shown.cause))
        chain = chain_steps(world, _link(target, shown), f"reported green for {day_text(baseline)}", baseline)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(target.node,),
            title=_title(world, case),
            objective_ids=ids,
            commitment=Claim(
                "objectives",
                target.objective.id,
                f"is reported green for {day_text(baseline)}",
                baseline,
                target.objective.location,
            ),
            forecast=Claim(
                world.system(named),
                name_of(world, named),
                says,
                shown.day if shown is target.forecast and shown.state is ForecastState.DATED else None,
                world.where(named.node),
            ),
            impact=impact,
            cause=shown.cause.node,
            chain=chain,
            evidence=(
                *target_evidence(target),
                *(each.proof for each in case.reports[:_MOST_SHOWN]),
                *evidence_of(world, _link(target, shown)),
            ),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=_owner_of(world, case.worst or shown) or owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            decide_by=last_day,
            advice=_advice(world, case),
            sources=sources_of(world, target.forecast.sources, shown.sources, _sources(world, case.reports)),
        )

    def why_resolved(self, finding: Finding, world: World, options: HiddenRedOptions) -> str:
        """Whether somebody reports it now, or the plan holds again."""
        node = finding.subjects[0]
        if node in world.network.objectives:
            said = [each for each in _reports(world, node) if each.light is not Light.GREEN]
            if said:
                return f"{said[0].proof.key} is reported {said[0].light} now"
        return why_reached(finding, world)


def _by_day(forecast: Forecast) -> tuple[object, str]:
    return (forecast.day, forecast.node)


def _is_late(target: Target) -> bool:
    if target.forecast.state in RED:
        return True
    return target.days is not None and target.days > target.tolerance_days


def _reports(world: World, node: str) -> Iterator[_Report]:
    """The lights that are told of an objective, of those directly below it, and of the records that deliver them."""
    network = world.network
    children = [child for child in network.children.get(node, ()) if child in network.objectives]
    records = {
        link.record_id: link.role
        for each in (node, *children)
        for link in world.served.get(network.objectives[each].id, ())
        if link.role in (Role.DELIVERS, Role.SAVES)
    }
    work = (record_id for record_id in records if record_id in network.work)
    lit = {each.id for each in world.library.select(work, _tells_a_light)}
    for each in (node, *children):
        objective = network.objectives[each]
        light = objective.implementation
        if light in _SAID and light is not None:
            proof = Evidence(each, objective.id, "implementation", light.value, objective.location)
            yield _Report(each, light, world.forecasts.get(each), proof)
    for record_id in sorted(records):
        record = world.record(record_id) if record_id in lit or record_id not in network.work else None
        forecast = world.forecasts.get(record_id) if record_id in network.work else None
        ended = forecast is not None and forecast.state in (ForecastState.DONE, ForecastState.DROPPED)
        if isinstance(record, (WorkItem, Saving)) and record.light is not None and record.light in _SAID and not ended:
            where = world.where(record_id, "light")
            proof = Evidence(record_id, record.key, world.field_name(record_id, "light"), record.light.value, where)
            yield _Report(record_id, record.light, forecast, proof)


def _tells_a_light(record: Record) -> bool:
    return isinstance(record, WorkItem) and record.light is not None


def _link(target: Target, shown: Forecast) -> Forecast:
    """The chain from the objective: its own, or over the need of a part that fails."""
    if shown is target.forecast:
        return shown
    return Forecast(target.node, shown.state, None, Because.NEED, shown, sources=shown.sources)


def _title(world: World, case: _Case) -> str:
    """``Field service in three regions is reported green for 30 Oct 2026; the work says 4 Dec 2026 (…): Iberia …``."""
    target, shown, worst = case.target, case.shown, case.worst
    words = f"{target.objective.name} is reported green for {day_text(target.in_force.target)}"
    if shown is target.forecast and shown.day is not None and target.days is not None:
        words += f"; the work now says {day_text(shown.day)} ({later_text(target.days)})"
    else:
        named, says = _why_red(world, shown)
        words += f", but {name_of(world, named)} {says}"
    if worst is not None:
        words += f"; the worst part is {name_of(world, worst)}"
        if case.spread:
            words += f", {days_text(case.spread)} behind the first"
    return words


def _why_red(world: World, shown: Forecast) -> tuple[Forecast, str]:
    """What supports nothing at the end of the chain, or the objective that is itself reported red."""
    if shown.state in RED:
        return shown.cause, says_of(world, shown.cause)
    return shown, "is reported red"


def _owner_of(world: World, part: Forecast) -> str | None:
    objective = world.network.objectives.get(part.node)
    if objective is not None:
        return owner(world.tree, (objective.id,))
    record = world.record(part.node)
    return record.owner if record else None


def _advice(world: World, case: _Case) -> str:
    cause = name_of(world, case.shown.cause)
    if case.worst is None:
        return f"Set the light of {case.target.objective.name} by the evidence: {cause}."
    return f"Ask the owner of {name_of(world, case.worst)} about {cause}, and set the lights by the evidence."


def _sources(world: World, reports: Iterable[_Report]) -> frozenset[str]:
    records = (world.record(each.node) for each in reports)
    return frozenset(record.source for record in records if record is not None)
