"""Files with custom checks into sound definitions with their examples, or every mistake in all of them at once."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from config.check_examples import Example, example_of
from config.check_schema import NAME_PATTERN, SEVERITIES, CheckEntry, ChecksFile
from mapping.document import Document, DocumentError, Loc, SourceText, parse, problems_of
from mapping.wording import did_you_mean
from model.errors import ConfigurationError, Problem
from model.findings import CUSTOM_CHECK
from model.keys import normalise_key
from model.objectives import Level, StageGate
from model.records import Light, Outcome, StatusCategory
from reconcile.checks import checks
from reconcile.custom.check import DECIDERS, CustomCheck, custom_checks
from reconcile.custom.claims import CLAIMS, FIELDS, ONLY, has_extra_fields, term_of
from reconcile.custom.comparison import relation_words
from reconcile.custom.definition import (
    RELATIONS,
    ClaimType,
    CustomDefinition,
    DefinitionError,
    Subject,
    Template,
    Term,
    Tolerance,
)
from reconcile.custom.stakes import why_not_priced
from reconcile.custom.text import PLACEHOLDERS, template_of

MOST_CHECKS = 500
"""Checks of all files together; each of them goes through all its subjects in every run."""

_LAG = re.compile(r"(\d{1,4})([dw])")
_MONEY = re.compile(r"(\d{1,15}(?:\.\d{1,4})?) ?([A-Z]{3})")
_PERCENT = re.compile(r"(\d{1,4}(?:\.\d{1,4})?) ?%")
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,6})?")
_WRITTEN: Mapping[ClaimType, str] = {
    ClaimType.DATE: "write a number of days or weeks: 14d or 2w",
    ClaimType.AMOUNT: "write money or a share of the second amount: 5000 EUR or 5 %",
    ClaimType.NUMBER: "write a number or a share of the second one: 2 or 5 %",
    ClaimType.LIGHT: "remove it; not better than and not worse than say which lights are meant",
}
_ALLOWED: Mapping[tuple[Subject, str], Sequence[str]] = {
    (Subject.DEAL, "outcome"): [each.value for each in Outcome],
    (Subject.SAVING, "light"): [each.value for each in Light],
    (Subject.WORK_ITEM, "category"): [each.value for each in StatusCategory],
    (Subject.OBJECTIVE, "level"): [each.value for each in Level],
    (Subject.OBJECTIVE, "stage_gate"): [each.value for each in StageGate],
}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class LoadedChecks:
    """The custom checks of a configuration by their full names, with the examples that tell what they find."""

    checks: Mapping[str, CustomCheck] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def definitions(self) -> tuple[CustomDefinition, ...]:
        return tuple(each.definition for each in self.checks.values())


def load_checks(
    sources: Sequence[SourceText], *, extra: frozenset[str] | None, currency: str, zone: ZoneInfo
) -> LoadedChecks:
    """Check all files together; raise ConfigurationError with all problems, by file and line.

    ``extra`` are the names of the configured extra fields, None where nobody can tell. ``currency`` is the one of the
    business, in which tolerances are written.
    """
    reader = _Reader(extra, currency, zone)
    for source in sources:
        try:
            reader.read(parse(source))
        except DocumentError as error:
            reader.problems += error.problems
    if reader.problems:
        raise ConfigurationError(*dict.fromkeys(reader.problems))
    return LoadedChecks(custom_checks(reader.definitions), tuple(reader.examples), tuple(reader.warnings))


@dataclass(slots=True)
class _Reader:
    """Reads the files one by one; problems, definitions and examples gather in it."""

    extra: frozenset[str] | None
    currency: str
    zone: ZoneInfo
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    definitions: list[CustomDefinition] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    _seen: dict[str, str] = field(default_factory=dict)

    def read(self, document: Document) -> None:
        whole, mistakes = problems_of(document, ChecksFile)
        found = list(mistakes)
        entries = document.get(("checks",))
        for index, _ in enumerate(entries if isinstance(entries, list) else ()):
            at: Loc = ("checks", index)
            if len(self._seen) >= MOST_CHECKS:
                message = f"there are more than {MOST_CHECKS} checks"
                found.append(document.problem(at, message, "make one check of several that differ by a value"))
                break
            entry = whole.checks[index] if whole else _without_examples(document.get(at))
            if entry is not None:
                found += _Entry(self, document, at, entry).read()
        self.problems += sorted(found, key=_place)

    def claimed(self, name: str, place: str) -> str:
        """Where a check of this name stands already; empty where it is the first."""
        first = self._seen.setdefault(name, place)
        return "" if first == place else first


def _without_examples(written: object) -> CheckEntry | None:
    """The check itself in a file that has mistakes elsewhere, so that its own can still be told."""
    if not isinstance(written, dict):
        return None
    try:
        return CheckEntry.model_validate({key: value for key, value in written.items() if key != "examples"})
    except ValidationError:
        return None


def _place(problem: Problem) -> tuple[int, int]:
    line, column = [*problem.location.rsplit(":", 2), "", ""][1:3]
    return (int(line), int(column)) if line.isdigit() and column.isdigit() else (10**9, 0)


@dataclass(slots=True)
class _Entry:
    """Reads one check."""

    reader: _Reader
    document: Document
    at: Loc
    entry: CheckEntry
    problems: list[Problem] = field(default_factory=list)

    def read(self) -> list[Problem]:
        """What is wrong with the check; a sound one is added to the reader's."""
        entry = self.entry
        self._check_name()
        self._check_only()
        self._check_decider()
        claim, against = self._terms()
        types = {term.type for term in (claim, against) if term is not None}
        claim_type = types.pop() if len(types) == 1 else None  # of two types nobody knows which one is meant
        tolerance = None
        if claim_type is not None:
            self._check_relation(claim_type)
            tolerance = self._tried(("tolerance",), lambda: self._tolerance(claim_type))
            self._check_impact(claim_type)
        text = self._template("text", entry.text, claim_type)
        advice = self._template("advice", entry.advice, claim_type) if entry.advice else None
        if not self.problems and claim is not None and against is not None and tolerance is not None and text:
            self._add((claim, against), tolerance, text, advice)
        self._read_examples()
        return self.problems

    def _add(self, terms: tuple[Term, Term], tolerance: Tolerance, text: Template, advice: Template | None) -> None:
        entry, reader = self.entry, self.reader
        if not entry.examples:
            hint = "add examples: one with finds: true, one with finds: false"
            message = f"nothing shows what the check {entry.name} finds"
            reader.warnings.append(self._problem(("name",), message, hint))
        if not {"key", "title"} & set(text.names):
            message, hint = "the text does not say which record it is about", "put {key} or {title} in it"
            reader.warnings.append(self._problem(("text",), message, hint))
        reader.definitions.append(
            CustomDefinition(
                name=entry.name,
                version=entry.version,
                enabled=entry.enabled,
                title=entry.title,
                why=entry.why or "",
                about=entry.about,
                only=tuple(
                    (name, frozenset(normalise_key(each) for each in wanted)) for name, wanted in entry.only.items()
                ),
                claim=terms[0],
                relation=entry.must_be,
                against=terms[1],
                tolerance=tolerance,
                severity=SEVERITIES[entry.severity] if entry.severity else None,
                impact=entry.impact,
                decider=entry.decider,
                text=text,
                advice=advice,
                upkeep=entry.upkeep,
                location=self.document.location(self.at),
            )
        )

    # --- single keys --------------------------------------------------------------------------------------------

    def _check_name(self) -> None:
        name = self.entry.name
        if not re.fullmatch(NAME_PATTERN, name):
            hint = "write it in lower case, with hyphens between words: deal-closes-early"
            self._add_problem(("name",), f"'{name[:60]}' is no name of a check", hint)
        elif name in checks():
            self._add_problem(("name",), f"{name} is the name of an installed check", "give yours another name")
        elif first := self.reader.claimed(name, self.document.place((*self.at, "name"))):
            message = f"the check '{name}' is declared a second time; the first is at {first}"
            self._add_problem(("name",), message, "give one of them another name")

    def _check_only(self) -> None:
        about, extra = self.entry.about, self.reader.extra
        known = [*ONLY[about], *(f"{FIELDS}{name}" for name in sorted(extra or ()) if has_extra_fields(about))]
        for name, wanted in self.entry.only.items():
            if name not in known and not (extra is None and name.startswith(FIELDS) and has_extra_fields(about)):
                message = f"a {about.words} cannot be chosen by '{name}'"
                self._add_problem(("only", name), message, did_you_mean(name, known, "fields"), at_key=True)
                continue
            allowed = _ALLOWED.get((about, name))
            for index, each in enumerate(wanted if allowed is not None else ()):
                if allowed is not None and normalise_key(each) not in allowed:
                    listed = isinstance(self.document.get((*self.at, "only", name)), list)
                    loc: Loc = ("only", name, index) if listed else ("only", name)
                    self._add_problem(loc, f"no {name} is called '{each}'", did_you_mean(each, allowed, "one of"))

    def _check_decider(self) -> None:
        wanted = self.entry.decider
        if wanted not in DECIDERS and "@" not in wanted and " " not in wanted:
            hint = did_you_mean(wanted, DECIDERS, "one of")
            self._add_problem(("decider",), f"'{wanted}' is neither a part that somebody has nor a person", hint)

    def _check_relation(self, claim_type: ClaimType) -> None:
        if self.entry.must_be not in RELATIONS[claim_type]:
            message = f"'{self.entry.must_be.value}' does not compare two {claim_type.value}s"
            self._add_problem(("must_be",), message, f"one of: {relation_words(claim_type)}")

    def _check_impact(self, claim_type: ClaimType) -> None:
        account = self.entry.impact
        if account is not None and (why := why_not_priced(self.entry.about, account, claim_type)):
            self._add_problem(("impact",), why, "remove it, or compare something that has this money")

    # --- the two claims -----------------------------------------------------------------------------------------

    def _terms(self) -> tuple[Term | None, Term | None]:
        """Both sides, as far as they are known; an extra field takes on the type of the other side."""
        entry, extra = self.entry, self.reader.extra
        left_waits, right_waits = (text.startswith(FIELDS) for text in (entry.claim, entry.against))
        claim = against = None
        if not left_waits or right_waits:
            claim = self._tried(("claim",), lambda: term_of(entry.claim, entry.about, None, extra))
        if not right_waits or (left_waits and right_waits):
            against = self._tried(("against",), lambda: term_of(entry.against, entry.about, None, extra))
        if left_waits and not right_waits and against is not None:
            wanted = against.type
            claim = self._tried(("claim",), lambda: term_of(entry.claim, entry.about, wanted, extra))
        if right_waits and not left_waits and claim is not None:
            expected = claim.type
            against = self._tried(("against",), lambda: term_of(entry.against, entry.about, expected, extra))
        if claim is not None and claim.fixed:
            hint = f"name what is looked at, such as {next(iter(CLAIMS[entry.about]))}"
            self._add_problem(("claim",), f"{claim.name} is a fixed value, no claim", hint)
        elif claim is not None and against is not None:
            self._check_comparable(claim, against)
        return claim, against

    def _check_comparable(self, claim: Term, against: Term) -> None:
        if claim.name == against.name:
            self._add_problem(("against",), f"{claim.name} is compared with itself", "name another claim or a value")
        elif claim.type is not against.type:
            same = [each.name for each in CLAIMS[self.entry.about].values() if each.type is claim.type]
            others = [name for name in same if name != claim.name]
            message = f"{claim.name} is {_a(claim.type)} and {against.name} is {_a(against.type)}"
            hint = f"compare it with {', '.join(others[:8])}" if others else f"compare it with {_FIXED[claim.type]}"
            self._add_problem(("against",), message, hint)

    def _tolerance(self, claim_type: ClaimType) -> Tolerance:
        written = self.entry.tolerance
        if written is None:
            return Tolerance()
        if claim_type is ClaimType.DATE and (lag := _LAG.fullmatch(written)):
            return Tolerance(Decimal(int(lag[1]) * (7 if lag[2] == "w" else 1)))
        if claim_type is ClaimType.AMOUNT and (money := _MONEY.fullmatch(written)):
            if money[2] != self.reader.currency:
                hint = f"write it in {self.reader.currency}, in which amounts are compared"
                raise DefinitionError(f"the tolerance is in {money[2]}", hint)
            return Tolerance(Decimal(money[1]))
        if claim_type in (ClaimType.AMOUNT, ClaimType.NUMBER) and (percent := _PERCENT.fullmatch(written)):
            return Tolerance(Decimal(percent[1]), percent=True)
        if claim_type is ClaimType.NUMBER and _NUMBER.fullmatch(written):
            return Tolerance(Decimal(written))
        what = "lights have no tolerance" if claim_type is ClaimType.LIGHT else f"'{written}' is no tolerance here"
        raise DefinitionError(what, _WRITTEN[claim_type])

    def _template(self, key: str, text: str, claim_type: ClaimType | None) -> Template | None:
        left_out = {"difference"} if claim_type is ClaimType.LIGHT else set()
        left_out |= {"money"} if self.entry.impact is None else set()
        allowed = [name for name in PLACEHOLDERS if name not in left_out]
        return self._tried((key,), lambda: template_of(text, allowed))

    # --- examples -----------------------------------------------------------------------------------------------

    def _read_examples(self) -> None:
        for index, each in enumerate(self.entry.examples):
            at: Loc = (*self.at, "examples", index)
            name = f"{CUSTOM_CHECK}{self.entry.name}"
            example, problems = example_of(name, each, self.document, at, self.reader.zone)
            self.problems += problems
            if example is not None:
                self.reader.examples.append(example)

    # --- problems -----------------------------------------------------------------------------------------------

    def _tried(self, loc: Loc, make: Callable[[], _T]) -> _T | None:
        try:
            return make()
        except DefinitionError as error:
            at = (*self.at, *loc)
            if error.offset is not None:
                problem = self.document.problem_within(at, error.offset, error.message, error.hint)
            else:
                problem = self.document.problem(at, error.message, error.hint)
            self.problems.append(problem)
            return None

    def _problem(self, loc: Loc, message: str, hint: str, *, at_key: bool = False) -> Problem:
        return self.document.problem((*self.at, *loc), message, hint, at_key=at_key)

    def _add_problem(self, loc: Loc, message: str, hint: str, *, at_key: bool = False) -> None:
        self.problems.append(self._problem(loc, message, hint, at_key=at_key))


_FIXED: Mapping[ClaimType, str] = {
    ClaimType.DATE: "a day such as 2026-12-31 or today",
    ClaimType.AMOUNT: "money such as 250000 EUR",
    ClaimType.NUMBER: "a number such as 3",
    ClaimType.LIGHT: "green, yellow or red",
}


def _a(claim_type: ClaimType) -> str:
    return f"an {claim_type.value}" if claim_type is ClaimType.AMOUNT else f"a {claim_type.value}"
