"""One metric, one period, two values (I18): two departments with different figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact
from model.keys import normalise_key, objective_node
from model.links import Role
from model.objectives import Objective
from model.records import Measurement
from reconcile.check import Asked, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import controller, decider, owner
from reconcile.impact import severity
from reconcile.readings import Reading, as_money, figure_text, reading_of, readings_of, rounds_to, served_objectives
from reconcile.reporting import AT_REST, out_of_sight
from reconcile.wording import day_text
from reconcile.world import World

_FACTORS = tuple(Decimal(10) ** power for power in (1, 2, 3, 6))


class ConflictingNumberOptions(CheckOptions):
    """Options of the check conflicting-number."""

    closing_days: Annotated[int, Field(ge=0)] = 10
    """So many days after the end of a period its figures must agree; until then they are provisional."""
    tolerance_percent: Annotated[Decimal, Field(ge=0)] = Decimal(1)
    """By how many percent of the larger one two values may differ."""
    tolerance_value: Annotated[Decimal, Field(ge=0)] = Decimal(0)
    """By how much two values may differ, in the unit of the metric, whatever that is in percent."""
    definition_field: Annotated[str | None, Field(examples=["definition"])] = None
    """Which of the extra fields of measurements (fields: of their source) tells how the metric is defined."""
    scope_fields: Annotated[tuple[str, ...], Field(examples=[["region", "legal_entity"]])] = ()
    """Which of the extra fields of measurements tell what the figure covers."""


class _Why(StrEnum):
    """What the stored facts say about a difference."""

    DEFINITION = "definition"
    TIMING = "timing"
    SCOPE = "scope"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class _Figure:
    """A value with what it is in the unit in which it is compared."""

    measurement: Measurement
    told: Decimal
    compared: Decimal

    @property
    def text(self) -> str:
        return figure_text(self.told, self.measurement.unit)


@dataclass(frozen=True, slots=True)
class _Conflict:
    """The lowest and the highest value of one metric of one objective for one period. ``first`` is the smallest id."""

    objective: Objective
    period: str
    low: _Figure
    high: _Figure
    first: str
    unit: str

    @property
    def difference(self) -> Decimal:
        return self.high.compared - self.low.compared

    @property
    def percent(self) -> Decimal:
        """Of the larger one, to one place."""
        return (self.difference * 100 / _larger(self.low.compared, self.high.compared)).quantize(Decimal("0.1"))


class ConflictingNumber(Check[ConflictingNumberOptions]):
    """One metric of one objective has two values for the same period.

    What it finds
        Two measurements of an objective with the same metric and the same period whose values differ by more than 1 %
        of the larger one, from ten days after the end of the period on. A figure that is the other one rounded agrees
        with it; two currencies are compared at the configured rates. The difference is classified where the stored
        facts allow it: error (a factor of 10, 100, 1,000 or 1,000,000, or the other sign), timing (one of them showed
        the other's value earlier, or was last changed before the figures closed), scope (they serve different
        objectives, or an extra field says that they cover different things), definition (their targets, their units or
        an extra field that defines them differ). A blank value is no zero, and a period that is not understood is not
        judged.

    Why it matters
        A review that begins with whose number is right ends without a decision.

    What to do
        Let the controller say which figure is valid and why they differ; then correct the other one or its definition.

    Example
        On-time delivery of 2026-08 is 91 % in operations and 95.5 % in the sales report, 4.5 % apart (scope: the second
        covers Europe only).
    """

    name = "conflicting-number"
    title = "One metric has two values for the same period"
    family = "truth"
    patterns = ("I15", "I18")
    formula = (
        "|a - b| > tolerance_percent of the larger value and > tolerance_value, once the period has been over for "
        "closing_days."
    )
    options_type = ConflictingNumberOptions
    reads = frozenset({"metric", "value", "unit", "period"})
    roles = frozenset({Role.MEASURES, Role.REPORTS})

    def asks(self, world: World, options: ConflictingNumberOptions) -> Asked:
        """What was seen of the two that differ."""
        pairs = (each for each in _conflicts(world, options) if isinstance(each, _Conflict))
        return Asked(histories=frozenset(each.measurement.id for pair in pairs for each in (pair.low, pair.high)))

    def find(self, world: World, options: ConflictingNumberOptions) -> Iterator[Verdict]:
        """Yield one finding per objective, metric and period."""
        yield from _blind(world)
        for conflict in _conflicts(world, options):
            if isinstance(conflict, Unjudged):
                yield conflict
                continue
            pair = (conflict.low.measurement, conflict.high.measurement)
            hidden = next((each for each in pair if out_of_sight(world, each)), None)
            if hidden is not None:
                yield Unjudged(_subjects(conflict), f"{hidden.key} was not seen in the last reading")
            else:
                yield self._finding(world, options, conflict)

    def _finding(self, world: World, options: ConflictingNumberOptions, conflict: _Conflict) -> Finding:
        objective, ids = conflict.objective, (conflict.objective.id,)
        low, high = conflict.low, conflict.high
        why = _classified(world, options, conflict)
        because = f" ({why[0].value}: {why[1]})" if why else ""
        metric = low.measurement.metric
        valid = controller(world.tree, ids)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=_subjects(conflict),
            title=f"{metric} of {objective.name} for {conflict.period} is {low.text} in {_place(low)} and {high.text} "
            f"in {_place(high)}, {conflict.percent} % apart{because}",
            objective_ids=ids,
            commitment=_claim(world, low),
            forecast=_claim(world, high),
            cause=objective_node(objective.id),
            evidence=(*_evidence(world, options, low), *_evidence(world, options, high)),
            severity=severity(Impact(), None, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=valid or decider(world.tree, ids, within_tolerance=False),
            advice=_advice(why[0] if why else None, valid or "the controller"),
            sources=tuple(sorted({low.measurement.source, high.measurement.source})),
        )

    def why_resolved(self, finding: Finding, world: World, options: ConflictingNumberOptions) -> str:
        if finding.subjects[0] not in world.network.objectives:
            return "the objective is not declared any more"
        measurement = world.measurements.get(finding.subjects[1])
        if measurement is None:
            return f"{finding.commitment.key if finding.commitment else finding.subjects[1]} is not told any more"
        return f"the figures of {measurement.metric} for {measurement.period} agree within the tolerance"


def _blind(world: World) -> Iterator[Blind]:
    """Sources of which no measurement has a metric and a period that can be read."""
    told: dict[str, bool] = {}
    for each in world.measurements.values():
        told[each.source] = told.get(each.source, False) or reading_of(each) is not None
    for source, readable in sorted(told.items()):
        if not readable:
            yield Blind(f"no measurement of {source} has a metric and a period that can be read", (source,))


def _conflicts(world: World, options: ConflictingNumberOptions) -> Iterator[_Conflict | Unjudged]:
    for objective in world.network.objectives.values():
        if objective.stage_gate in AT_REST:
            continue
        groups: dict[tuple[str, date, date], list[Measurement]] = {}
        for reading in readings_of(world, objective):
            if reading.measurement.value is not None and _is_closed(world, options, reading):
                place = (reading.metric, reading.period.first, reading.period.last)
                groups.setdefault(place, []).append(reading.measurement)
        for group in groups.values():
            conflict = _conflict(world, options, objective, group) if len(group) > 1 else None
            if conflict is not None:
                yield conflict


def _is_closed(world: World, options: ConflictingNumberOptions, reading: Reading) -> bool:
    return world.today > reading.period.last + timedelta(options.closing_days)


def _conflict(
    world: World, options: ConflictingNumberOptions, objective: Objective, group: Sequence[Measurement]
) -> _Conflict | Unjudged | None:
    """The two that lie farthest apart, where they do not agree; told at the first objective that both serve."""
    first = min(each.id for each in group)
    compared = _compared(world, group)
    if isinstance(compared, str):
        return Unjudged((objective_node(objective.id), first), compared)
    figures, unit = compared
    ordered = sorted(figures, key=lambda each: (each.compared, each.measurement.id))
    low, high = ordered[0], ordered[-1]
    shared = set(served_objectives(world, low.measurement.id)) & set(served_objectives(world, high.measurement.id))
    if _agree(options, low.compared, high.compared) or objective.id != min(shared, default=objective.id):
        return None
    return _Conflict(objective, group[0].period, low, high, first, unit)


def _compared(world: World, group: Sequence[Measurement]) -> tuple[list[_Figure], str] | str:
    """The values in one unit; in words why they have none. A blank unit is taken for that of the others."""
    units = {normalise_key(each.unit): each.unit for each in group if normalise_key(each.unit)}
    told = [(each, each.value) for each in group if each.value is not None]
    if len(units) <= 1:
        return [_Figure(each, value, value) for each, value in told], next(iter(units.values()), "")
    figures = []
    for each, value in told:
        own = as_money(each.unit, value)
        money = world.rates.convert(own) if own is not None else None
        if money is None:
            kinds = " and ".join(sorted(units.values()))
            return f"{each.metric} is told in {kinds}, which cannot be compared"
        figures.append(_Figure(each, value, money.amount))
    return figures, world.rates.base


def _agree(options: ConflictingNumberOptions, one: Decimal, other: Decimal) -> bool:
    difference = abs(one - other)
    within = (
        difference * 100 <= options.tolerance_percent * _larger(one, other) or difference <= options.tolerance_value
    )
    return within or rounds_to(one, other)


def _larger(one: Decimal, other: Decimal) -> Decimal:
    return max(abs(one), abs(other))


def _classified(world: World, options: ConflictingNumberOptions, conflict: _Conflict) -> tuple[_Why, str] | None:
    """What the stored facts say about why they differ, the surest first; None where they say nothing."""
    for why, says in (
        (_Why.ERROR, _error(options, conflict)),
        (_Why.TIMING, _earlier_value(world, options, conflict)),
        (_Why.SCOPE, _scope(world, options, conflict)),
        (_Why.DEFINITION, _definition(options, conflict)),
        (_Why.TIMING, _before_closing(world, options, conflict)),
    ):
        if says:
            return why, says
    return None


def _error(options: ConflictingNumberOptions, conflict: _Conflict) -> str:
    low, high = conflict.low.compared, conflict.high.compared
    if low and _agree(options, -low, high):
        return "one has the other sign"
    small, large = sorted((abs(low), abs(high)))
    factor = next((each for each in _FACTORS if small and _near(options, small * each, large)), None)
    return f"one is {factor:,} times the other" if factor else ""


def _near(options: ConflictingNumberOptions, one: Decimal, other: Decimal) -> bool:
    return abs(one - other) * 100 <= options.tolerance_percent * other


def _earlier_value(world: World, options: ConflictingNumberOptions, conflict: _Conflict) -> str:
    """One of them showed earlier what the other shows now."""
    for figure, other in ((conflict.low, conflict.high), (conflict.high, conflict.low)):
        if normalise_key(figure.measurement.unit) != normalise_key(other.measurement.unit):
            continue
        seen = world.histories.get(figure.measurement.id, ())
        for before, after in pairwise(seen):
            was = before.record.value if isinstance(before.record, Measurement) else None
            if was is not None and _agree(options, was, other.told) and not _agree(options, was, figure.told):
                return f"{_place(figure)} showed {other.text} until {day_text(after.seen.date())}"
    return ""


def _before_closing(world: World, options: ConflictingNumberOptions, conflict: _Conflict) -> str:
    """One of them was last changed while the figures were provisional, and the other one later."""
    reading = reading_of(conflict.low.measurement)
    if reading is None:
        return ""
    closing = reading.period.last + timedelta(options.closing_days)
    low, high = _changed(world, conflict.low), _changed(world, conflict.high)
    for figure, day, later in ((conflict.low, low, high), (conflict.high, high, low)):
        if day is not None and later is not None and day <= closing < later:
            return f"{_place(figure)} was last changed on {day_text(day)}, before figures closed on {day_text(closing)}"
    return ""


def _changed(world: World, figure: _Figure) -> date | None:
    """When the value was last changed, as its source says; else when it was first seen with another before."""
    if figure.measurement.changed is not None:
        return figure.measurement.changed.date()
    seen = world.histories.get(figure.measurement.id, ())
    return seen[-1].seen.date() if len(seen) > 1 else None


def _scope(world: World, options: ConflictingNumberOptions, conflict: _Conflict) -> str:
    low, high = conflict.low.measurement, conflict.high.measurement
    for field in options.scope_fields:
        told = [each.custom.get(field) for each in (low, high)]
        if all(told) and told[0] != told[1]:
            return f"{field} is {told[0]} in {_place(conflict.low)} and {told[1]} in {_place(conflict.high)}"
    served = [set(served_objectives(world, each.id)) for each in (low, high)]
    for figure, more in ((conflict.low, served[0] - served[1]), (conflict.high, served[1] - served[0])):
        if more:
            return f"{_place(figure)} tells of {', '.join(sorted(more))} as well"
    return ""


def _definition(options: ConflictingNumberOptions, conflict: _Conflict) -> str:
    low, high = conflict.low.measurement, conflict.high.measurement
    field = options.definition_field
    told = [each.custom.get(field) for each in (low, high)] if field is not None else []
    if told and all(told) and told[0] != told[1]:
        return f"{field} is {told[0]} in {_place(conflict.low)} and {told[1]} in {_place(conflict.high)}"
    if low.target is not None and high.target is not None and not _agree(options, low.target, high.target):
        return f"the targets differ, {figure_text(low.target, low.unit)} and {figure_text(high.target, high.unit)}"
    blank = next((each for each in (conflict.low, conflict.high) if not each.measurement.unit.strip()), None)
    return f"{_place(blank)} names no unit" if blank is not None and conflict.unit else ""


_ADVICE: Mapping[_Why | None, str] = {
    _Why.ERROR: "Correct the slip, after {who} has said which figure is valid.",
    _Why.TIMING: "Bring the older figure up to date, after {who} has said which is valid.",
    _Why.SCOPE: "Let {who} say what the figure has to cover, and give the other one a metric of its own.",
    _Why.DEFINITION: "Let {who} say which definition holds, and give the other one a metric of its own.",
    None: "Let {who} say which figure is valid and why they differ.",
}


def _advice(why: _Why | None, who: str) -> str:
    return _ADVICE[why].format(who=who)


def _subjects(conflict: _Conflict) -> tuple[str, ...]:
    return (objective_node(conflict.objective.id), conflict.first)


def _place(figure: _Figure) -> str:
    """``kpis KPI-7``: the two may stand in one source."""
    return f"{figure.measurement.source} {figure.measurement.key}"


def _claim(world: World, figure: _Figure) -> Claim:
    measurement = figure.measurement
    by = f", reported by {measurement.reporter}" if measurement.reporter else ""
    return Claim(
        measurement.source, measurement.key, f"says {figure.text}{by}", where=world.where(measurement.id, "value")
    )


def _evidence(world: World, options: ConflictingNumberOptions, figure: _Figure) -> Iterator[Evidence]:
    measurement = figure.measurement
    told = {"value": figure.text, "period": measurement.period}
    if measurement.target is not None:
        told["target"] = figure_text(measurement.target, measurement.unit)
    for field in filter(None, (options.definition_field, *options.scope_fields)):
        if measurement.custom.get(field):
            told[field] = str(measurement.custom[field])
    for field, value in told.items():
        where = world.where(measurement.id, field)
        at = measurement.changed if field == "value" else None
        yield Evidence(measurement.id, measurement.key, world.field_name(measurement.id, field), value, where, at=at)
