"""Rules out of their files: each entry checked against objectives, sources and the fields that records have."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mapping.document import Document, Loc, problems_of
from mapping.facts import ATTRIBUTES, FIELD, WORK_ITEM_CONDITIONS
from mapping.objectives import Ids
from mapping.rules import Condition, Rule, RuleNeed
from mapping.schema import MatchEntry, RuleEntry, RuleNeedEntry, RulesFile
from mapping.wording import did_you_mean, nearest
from model.errors import Problem
from model.keys import normalise_key
from model.records import RecordKind

_CONDITIONS = tuple(name for name in MatchEntry.model_fields if name != "fields")


@dataclass(slots=True)
class RuleReader:
    """Reads rule files. ``custom_fields`` are the configured custom fields per source, None where nobody told.

    Problems and warnings gather in the reader.
    """

    ids: Ids
    sources: Collection[str]
    custom_fields: Mapping[str, Collection[str]] | None = None
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    _seen: dict[str, tuple[str, Loc]] = field(default_factory=dict)

    def read(self, documents: Sequence[Document]) -> tuple[Rule, ...]:
        """Check all rules of all files; what comes back counts only if there are no problems."""
        rules: list[Rule] = []
        for document in documents:
            whole, mistakes = problems_of(document, RulesFile)
            self.problems += mistakes
            entries = document.get(("rules",))
            for index in range(len(entries) if isinstance(entries, list) else 0):
                loc: Loc = ("rules", index)
                self._check_names(document, loc)
                entry = whole.rules[index] if whole else problems_of(document, RuleEntry, loc)[0]
                if entry is not None:
                    self._check(document, loc, entry)
                    rules.append(self._rule(document, loc, entry, len(rules)))
        return tuple(rules)

    def _rule(self, document: Document, loc: Loc, entry: RuleEntry, order: int) -> Rule:
        found = [self.ids.find(each) for each in entry.objective]
        return Rule(
            name=entry.name,
            role=entry.role,
            objective_ids=tuple(dict.fromkeys(each.id for each in found if each)),
            conditions=tuple(_conditions(entry)),
            weight=entry.weight,
            needs=tuple(RuleNeed(need.field, need.on, need.lag) for need in entry.needs),
            location=document.location(loc),
            order=order,
        )

    def _check_names(self, document: Document, loc: Loc) -> None:
        """Check what the rule names, as written, so that another mistake in the rule does not hide these."""
        location = document.location(loc)
        for place, name in _written(document, (*loc, "name")):
            first = self._seen.setdefault(normalise_key(name), (location, place))
            if first != (location, place):
                message = f"the rule '{name}' exists a second time; the first is at {first[0]}"
                self.problems.append(document.problem(place, message, "give one of them another name"))
        for place, written in _written(document, (*loc, "objective")):
            if self.ids.find(written) is None:
                message = f"there is no objective '{written}'"
                self.problems.append(document.problem(place, message, self.ids.hint(written)))
        for place, source in _written(document, (*loc, "source")):
            if source not in self.sources:
                hint = did_you_mean(source, sorted(self.sources))
                self.problems.append(document.problem(place, f"there is no source '{source}'", hint))

    def _check(self, document: Document, loc: Loc, entry: RuleEntry) -> None:
        def wrong(part: Loc, message: str, hint: str = "", *, at_key: bool = False) -> None:
            self.problems.append(document.problem(loc + part, message, hint, at_key=at_key))

        if not any(_conditions_of(entry.match)):
            wrong(("match",), "the rule has no condition", "say what to match: key, container, label …", at_key=True)
        self._check_kinds(entry, wrong)
        for index, title in enumerate(entry.match.title):
            if not set("*?") & set(title):
                message = f"only the exact title '{title}' is matched"
                hint = f'write "*{title}*" to match it anywhere in a title'
                self.warnings.append(document.problem((*loc, "match", "title", index), message, hint))
        for name in entry.match.fields:
            self._check_field(entry, name, document, (*loc, "match", "fields", name), at_key=True)
        for index, need in enumerate(entry.needs):
            self._check_need(entry, need, document, (*loc, "needs", index))

    def _check_kinds(self, entry: RuleEntry, wrong: Callable[..., None]) -> None:
        """Refuse conditions that a kind can never meet."""
        others = [kind for kind in entry.match.kind if kind is not RecordKind.WORK_ITEM]
        for name in sorted(WORK_ITEM_CONDITIONS):
            if others and getattr(entry.match, name):
                hint = f"{name} is a condition on work items"
                if near := nearest(name, ATTRIBUTES[others[0]]):
                    hint = f"did you mean fields: {{{near}: …}}?"
                wrong(("match", name), f"a {_words(others[0])} has no {name}", hint, at_key=True)

    def _check_need(self, entry: RuleEntry, need: RuleNeedEntry, document: Document, loc: Loc) -> None:
        if (need.field is None) == (need.on is None):
            message = "a need has either 'field' or 'on'"
            self.problems.append(document.problem(loc, message, "field: names the field to read, on: a fixed key"))
        elif need.field is not None:
            self._check_field(entry, need.field, document, (*loc, "field"), at_key=False)

    def _check_field(self, entry: RuleEntry, name: str, document: Document, loc: Loc, *, at_key: bool) -> None:
        """A field must be built into every kind that the rule is about, or be a custom field."""
        kinds = _kinds(entry)
        lacking = [kind for kind in kinds if name not in ATTRIBUTES[kind]]
        if not lacking or (not entry.match.kind and len(lacking) < len(kinds)):
            return
        built_in = set().union(*(ATTRIBUTES[kind] for kind in lacking))
        custom = self._custom_names(entry)
        if custom is None and not any(name in attributes for attributes in ATTRIBUTES.values()):
            if near := nearest(name, built_in):
                message = f"'{name}' is read as a custom field"
                self.warnings.append(document.problem(loc, message, f"did you mean '{near}'?", at_key=at_key))
        elif normalise_key(name) not in {normalise_key(each) for each in custom or ()}:
            whose = "no record has a field" if len(kinds) > 1 else f"a {_words(lacking[0])} has no field"
            hint = did_you_mean(name, sorted(built_in | (custom or set())), "fields")
            self.problems.append(document.problem(loc, f"{whose} '{name}'", hint, at_key=at_key))

    def _custom_names(self, entry: RuleEntry) -> set[str] | None:
        """The custom fields of the sources that the rule is about; None when nobody told which there are."""
        if self.custom_fields is None:
            return None
        return {name for source in entry.source or self.sources for name in self.custom_fields.get(source, ())}


def _written(document: Document, loc: Loc) -> Iterator[tuple[Loc, str]]:
    """The texts of a place that holds one value or a list, each with its place."""
    value = document.get(loc)
    places = [((*loc, index), each) for index, each in enumerate(value)] if isinstance(value, list) else [(loc, value)]
    for place, each in places:
        if isinstance(each, (str, int)) and not isinstance(each, bool) and str(each).strip():
            yield place, str(each).strip()


def _kinds(entry: RuleEntry) -> tuple[RecordKind, ...]:
    """The kinds that the rule can match: as it says, or as its conditions imply."""
    if entry.match.kind:
        return entry.match.kind
    if any(getattr(entry.match, name) for name in WORK_ITEM_CONDITIONS):
        return (RecordKind.WORK_ITEM,)
    return tuple(RecordKind)


def _conditions(entry: RuleEntry) -> Iterator[Condition]:
    """What the rule asks, the source first, then in the order of the schema."""
    if entry.source:
        yield Condition("source", entry.source)
    yield from _conditions_of(entry.match)


def _conditions_of(match: MatchEntry) -> Iterator[Condition]:
    for name in _CONDITIONS:
        if wanted := getattr(match, name):
            yield Condition(name, tuple(str(each) for each in wanted))
    for name, values in match.fields.items():
        yield Condition(FIELD + name, values)


def _words(kind: RecordKind) -> str:
    return kind.value.replace("_", " ")
