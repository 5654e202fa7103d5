"""Custom checks as checks: each definition becomes one, which the engine runs beside the installed ones."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from pydantic import Field

from model.findings import Claim, Finding, Severity
from model.keys import normalise_key, objective_node, source_of
from model.objectives import Objective, StageGate
from model.records import Deal, Outcome
from reconcile.above import objectives_of, sources_of
from reconcile.check import Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.custom.claims import FIELDS
from reconcile.custom.comparison import Gap, exceeds, gap_between
from reconcile.custom.definition import CustomDefinition, Reading, Subject, Term
from reconcile.custom.readings import shown, subject_record
from reconcile.custom.stakes import impact_of, known_total, weight_of
from reconcile.custom.text import filled
from reconcile.decisions import controller, decider, nearest, owner
from reconcile.impact import severity
from reconcile.network import GONE
from reconcile.promises import gone_reason
from reconcile.story import chain_steps
from reconcile.wording import amount_text
from reconcile.world import World

DECIDERS = ("owner", "sponsor", "controller", "within_tolerance", "beyond", "across_measures", "stop")
"""Who may be named as decider by the part that they have; anybody else is named as a person."""
_AT_REST = frozenset({StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD})
_OBJECTIVES = "objectives"


class SwitchedOff(CheckOptions):
    """The options of a custom check that its own file switches off."""

    enabled: bool = Field(False)
    """Whether the check runs."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One subject whose claims disagree."""

    node: str
    key: str
    claim: Reading
    against: Reading
    gap: Gap


class CustomCheck(Check[CheckOptions]):
    """A comparison that an organisation has written itself."""

    name = "custom"
    title = "A comparison of two claims"
    options_type = CheckOptions
    weighs_floats = True
    definition: ClassVar[CustomDefinition]

    def find(self, world: World, options: CheckOptions) -> Iterator[Verdict]:
        """Compare the two claims of each subject; say where a source does not deliver one of them at all."""
        told: dict[tuple[str, str], bool] = {}
        for node in _subjects(world, self.definition):
            claim, against = self.definition.claim.read(world, node), self.definition.against.read(world, node)
            for term, reading in ((self.definition.claim, claim), (self.definition.against, against)):
                if term.own:
                    known = reading.value is not None or bool(reading.unknown)
                    told[source_of(node), term.name] = told.get((source_of(node), term.name), False) or known
            yield from self._verdict(world, node, claim, against)
        for (source, name), known in sorted(told.items()):
            if not known:
                yield Blind(f"no {self.definition.about.words} of {source} has {_spoken(name)}", (source,))

    def claims(self, world: World) -> Iterator[str]:
        """What both claims say of each subject, in words, for somebody who tries the check out."""
        definition = self.definition
        for node in _subjects(world, definition):
            claim, against = definition.claim.read(world, node), definition.against.read(world, node)
            yield (
                f"{_key(world, node)}: {definition.claim.name} says {shown(claim.value)}, "
                f"{definition.against.name} {shown(against.value)}"
            )

    def _verdict(self, world: World, node: str, claim: Reading, against: Reading) -> Iterator[Verdict]:
        if claim.unknown or against.unknown:
            yield Unjudged((node,), claim.unknown or against.unknown)
            return
        if claim.value is None or against.value is None:
            return
        gap = gap_between(claim.value, against.value, self.definition.relation)
        beyond = exceeds(gap, against.value, self.definition.tolerance) if gap is not None else False
        if beyond is None:
            yield Unjudged((node,), f"{self.definition.against.name} is zero, of which no percentage can be taken")
        elif beyond and gap is not None:
            yield self._finding(world, _Case(node, _key(world, node), claim, against, gap))

    def _finding(self, world: World, case: _Case) -> Finding:
        definition, ids = self.definition, _objectives(world, case.node)
        impact = impact_of(world, definition, case.node, case.gap, (case.claim, case.against))
        weight = weight_of(definition, case.node, case.gap, impact)
        forecast = case.against.forecast or case.claim.forecast
        sides = ((definition.claim, case.claim), (definition.against, case.against))
        if case.claim.forecast is not None and case.against.forecast is None:
            sides = (sides[1], sides[0])  # what the work implies is the forecast, on whichever side it stands
        who = _decider(world, definition, ids)
        values = self._values(world, case, ids, who)
        money = known_total(weight, definition.impact) if definition.impact else None
        values["money"] = "not priced" if money is None else amount_text(money, world.rates.base)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(case.node,),
            title=filled(definition.text, values),
            objective_ids=ids,
            commitment=_claim(world, case, *sides[0]),
            forecast=_claim(world, case, *sides[1]),
            impact=impact,
            cause=forecast.cause.node if forecast is not None else case.node,
            chain=chain_steps(world, forecast, *_first_step(definition, case)) if forecast is not None else (),
            evidence=tuple(dict.fromkeys((*case.claim.evidence, *case.against.evidence))),
            severity=definition.severity or self._grade(world, definition, weight),
            owner=_owner(world, case.node, ids),
            decider=who,
            advice=filled(definition.advice, values) if definition.advice else "",
            sources=sources_of(world, case.claim.sources, case.against.sources, _source(case.node)),
            upkeep=definition.upkeep,
        )

    @staticmethod
    def _grade(world: World, definition: CustomDefinition, weight: Any) -> Severity:
        if definition.upkeep:
            return Severity.NOTICE
        return severity(weight, None, world.today, world.options.severity)

    def _values(self, world: World, case: _Case, ids: tuple[str, ...], who: str | None) -> dict[str, str]:
        """What stands behind each placeholder of a text."""
        objective = world.tree.get(ids[0]) if ids else None
        return {
            "key": case.key,
            "title": _title(world, case.node) or case.key,
            "claim": shown(case.claim.value),
            "against": shown(case.against.value),
            "difference": case.gap.words,
            "objective": objective.name if objective is not None else "no objective",
            "owner": _owner(world, case.node, ids) or "nobody",
            "decider": who or "nobody",
            "source": _system(case.node),
        }

    def why_resolved(self, finding: Finding, world: World, options: CheckOptions) -> str:
        """What the claims say now, or why the subject is not looked at any more."""
        node, definition = finding.subjects[0], self.definition
        key = finding.commitment.key if finding.commitment else node
        if definition.about is Subject.OBJECTIVE and node not in world.network.objectives:
            return "the objective is not declared any more"
        if definition.about is not Subject.OBJECTIVE and subject_record(world, node) is None:
            return gone_reason(node, key, world)
        if not _is_judged(world, definition, node):
            return f"{key} is not among what the check looks at any more"
        claim, against = definition.claim.read(world, node), definition.against.read(world, node)
        fixed = definition.against.fixed
        said = f"{definition.claim.name} of {key} is now {shown(claim.value)}"
        if not fixed:
            said += f", {definition.against.name} {shown(against.value)}"
        if claim.value is None or against.value is None:
            return said
        gap = gap_between(claim.value, against.value, definition.relation)
        return f"{said}, which the check tolerates" if gap is not None and gap.size > 0 else said


def custom_checks(definitions: Iterable[CustomDefinition]) -> Mapping[str, CustomCheck]:
    """The checks of these definitions by their full names, in the order of the names; to be run beside the others."""
    made = (_made(each) for each in sorted(definitions, key=lambda each: each.name))
    return {check.name: check for check in made}


def _made(definition: CustomDefinition) -> CustomCheck:
    terms = (definition.claim, definition.against)
    only = frozenset(name.removeprefix(FIELDS) for name, _ in definition.only)
    about = {
        "name": definition.full_name,
        "version": definition.version,
        "title": definition.title,
        "options_type": CheckOptions if definition.enabled else SwitchedOff,
        "reads": frozenset[str]().union(*(term.reads for term in terms), only),
        "roles": frozenset().union(*(term.roles for term in terms)),
        "definition": definition,
        "__doc__": documentation(definition),
    }
    made: type[CustomCheck] = type("CustomCheckOf", (CustomCheck,), about)
    return made()


def documentation(definition: CustomDefinition) -> str:
    """The text of a custom check in the form of all checks."""
    tolerance = definition.tolerance
    inside = f", by more than {tolerance.amount}{' %' if tolerance.percent else ''}" if tolerance.amount else ""
    subject = definition.about.words
    parts = (
        (
            "What it finds",
            f"Each {subject} whose {definition.claim.name} is not {definition.relation.value} "
            f"{definition.against.name}{inside}. Where one of the two is blank, nothing is said.".replace(
                "is not not ", "is "
            ),
        ),
        ("Why it matters", definition.why or "It was written for this organisation, which knows why."),
        ("What to do", _as_written(definition) or "Ask the owner which of the two is true."),
        ("Example", f"Run driftline check: it runs the examples in {definition.location}."),
    )
    body = "\n\n".join(f"{title}\n{textwrap.indent(textwrap.fill(text, 110), '    ')}" for title, text in parts)
    return f"{definition.title}.\n\n{body}\n"


def _as_written(definition: CustomDefinition) -> str:
    template = definition.advice
    if template is None:
        return ""
    names = (f"{{{name}}}" for name in template.names)
    rest = (name + part for name, part in zip(names, template.parts[1:], strict=True))
    return "".join((template.parts[0], *rest))


def _spoken(name: str) -> str:
    plain = name.removeprefix(FIELDS).replace("_", " ")
    return f"an {plain}" if plain[:1] in "aeiou" else f"a {plain}"


# --- subjects ---------------------------------------------------------------------------------------------------


def _subjects(world: World, definition: CustomDefinition) -> Iterator[str]:
    """What is judged, one by one: a run after a few changes goes through no more than these can reach."""
    network = world.network
    everything: Mapping[Subject, Iterable[str]] = {
        Subject.DEAL: network.deals,
        Subject.SAVING: network.savings,
        Subject.MEASUREMENT: world.measurements,
        Subject.RELEASE: network.releases,
        Subject.WORK_ITEM: network.work,
        Subject.OBJECTIVE: network.objectives,
    }
    for node in everything[definition.about]:
        if _is_judged(world, definition, node):
            yield node


def _is_judged(world: World, definition: CustomDefinition, node: str) -> bool:
    """Whether the subject is there, is not over, and is among those that the definition names."""
    if definition.about is Subject.OBJECTIVE:
        subject: object = world.network.objectives.get(node)
    else:
        subject = subject_record(world, node)
        if world.absence(node) in GONE:
            return False
    if subject is None or _is_over(subject, {name for name, _ in definition.only}):
        return False
    return all(_answers(subject, name) & wanted for name, wanted in definition.only)


def _is_over(subject: object, asked: set[str]) -> bool:
    """Lost deals and objectives at rest are left out, unless the definition asks for them by name."""
    if isinstance(subject, Deal):
        return subject.outcome is Outcome.LOST and "outcome" not in asked
    return isinstance(subject, Objective) and subject.stage_gate in _AT_REST and "stage_gate" not in asked


def _answers(subject: object, name: str) -> frozenset[str]:
    if name.startswith(FIELDS):
        value = getattr(subject, "custom", {}).get(name.removeprefix(FIELDS))
    else:
        value = getattr(subject, name, None)
    values = value if isinstance(value, tuple) else (value,)
    return frozenset(normalise_key(str(each)) for each in values if each is not None)


# --- the words of a finding -------------------------------------------------------------------------------------


def _key(world: World, node: str) -> str:
    objective = world.network.objectives.get(node)
    if objective is not None:
        return objective.id
    record = subject_record(world, node)
    return record.key if record is not None else node


def _title(world: World, node: str) -> str:
    objective = world.network.objectives.get(node)
    if objective is not None:
        return objective.name
    record = world.record(node)
    return record.title if record is not None else ""


def _system(node: str) -> str:
    source = source_of(node)
    return _OBJECTIVES if source == source_of(objective_node("")) else source


def _source(node: str) -> frozenset[str]:
    return frozenset() if node.startswith(objective_node("")) else frozenset({source_of(node)})


def _objectives(world: World, node: str) -> tuple[str, ...]:
    objective = world.network.objectives.get(node)
    if objective is not None:
        return (objective.id,)
    linked = {link.objective_id for link in world.links.get(node, ()) if link.objective_id in world.tree}
    return tuple(sorted(linked)) or objectives_of(world, node)


def _owner(world: World, node: str, ids: tuple[str, ...]) -> str | None:
    record = None if node in world.network.objectives else world.record(node)
    return (record.owner if record is not None else None) or owner(world.tree, ids)


def _decider(world: World, definition: CustomDefinition, ids: tuple[str, ...]) -> str | None:
    match definition.decider:
        case "owner":
            return owner(world.tree, ids)
        case "sponsor":
            return nearest(world.tree, ids, lambda objective: objective.sponsor)
        case "controller":
            return controller(world.tree, ids)
        case "within_tolerance" | "beyond":
            return decider(world.tree, ids, within_tolerance=definition.decider == "within_tolerance")
        case "across_measures" | "stop" as right:
            return next((name for each in ids if (name := world.tree.inherited_right(each, right))), None)
    return definition.decider


def _claim(world: World, case: _Case, term: Term, reading: Reading) -> Claim:
    """One side; a fixed value is claimed by the definition itself."""
    day = reading.value if isinstance(reading.value, date) else None
    says = shown(reading.value) if term.fixed else f"{term.name} {shown(reading.value)}"
    system, key = _system(case.node), case.key
    if reading.forecast is not None:
        target = reading.forecast.next or reading.forecast
        system, key = world.system(target) or system, world.key(target)
        system = _OBJECTIVES if system == source_of(objective_node("")) else system
    where = world.where(reading.forecast.cause.node) if reading.forecast is not None else reading.where
    return Claim(system, key, says, day, where)


def _first_step(definition: CustomDefinition, case: _Case) -> tuple[str, date | None]:
    """What the subject itself says, at the head of the chain."""
    term, reading = (
        (definition.against, case.against) if case.against.forecast is None else (definition.claim, case.claim)
    )
    day = reading.value if isinstance(reading.value, date) else None
    return f"{term.name} {shown(reading.value)}", day
