"""The ``match:`` of a rule: its conditions as values, each checked against the kinds of record that it is about."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from mapping.comparison import Bound
from mapping.conditions import Compares, Condition, Every, Neither, Says, Some, Where
from mapping.document import Document, Loc
from mapping.expression import ExpressionError, parse_expression
from mapping.facts import ATTRIBUTES, FIELD, WORK_ITEM_CONDITIONS
from mapping.field_types import FIELD_TYPES, FieldType
from mapping.schema import ComparisonEntry, MatchEntry
from mapping.wording import did_you_mean, nearest
from model.errors import Problem
from model.keys import normalise_key
from model.records import RecordKind

GROUPS = ("all", "any", "none")
"""The keys below which conditions stand in groups."""
_CONDITIONS = tuple(name for name in MatchEntry.model_fields if name not in {"fields", "where", *GROUPS})
_KINDS = tuple(RecordKind)


@dataclass(slots=True)
class ConditionReader:
    """Reads the conditions of one rule. ``custom`` are the custom fields that its sources have, None if nobody told.

    Problems and warnings gather in the reader.
    """

    document: Document
    custom: Collection[str] | None
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def read(self, match: MatchEntry, loc: Loc, kinds: tuple[RecordKind, ...] = _KINDS) -> tuple[Condition, ...]:
        """The conditions of a match or of a group in it, in the order of the schema."""
        kinds = self._kinds(match, loc, kinds)
        found = list(self._plain(match, loc, kinds))
        for name, values in match.fields.items():
            found.append(self._field(name, values, (*loc, "fields", name), kinds))
        if match.where is not None and (where := self._where(match.where, (*loc, "where"), kinds)):
            found.append(where)
        for every in self._groups(match, "all", loc, kinds):
            found.extend(every.parts)
        if some := self._groups(match, "any", loc, kinds):
            found.append(Some(tuple(some)))
        if neither := self._groups(match, "none", loc, kinds):
            found.append(Neither(tuple(neither)))
        return tuple(found)

    def _groups(self, match: MatchEntry, name: str, loc: Loc, kinds: tuple[RecordKind, ...]) -> list[Every]:
        groups: list[Every] = []
        for index, group in enumerate(getattr(match, name)):
            place = (*loc, name, index)
            conditions = self.read(group, place, kinds)
            groups.append(Every(conditions))
            if not conditions and group.where is None:
                message = f"the group has no condition that '{name}' could judge"
                self.problems.append(self.document.problem(place, message, "say what to match: label, type, fields …"))
        return groups

    def _plain(self, match: MatchEntry, loc: Loc, kinds: tuple[RecordKind, ...]) -> Iterator[Condition]:
        others = [kind for kind in kinds if kind is not RecordKind.WORK_ITEM] if len(kinds) < len(_KINDS) else []
        for name in _CONDITIONS:
            wanted = tuple(str(each) for each in getattr(match, name))
            if not wanted:
                continue
            yield Says(name, wanted)
            if others and name in WORK_ITEM_CONDITIONS:
                hint = f"{name} is a condition on work items"
                if near := nearest(name, ATTRIBUTES[others[0]]):
                    hint = f"did you mean fields: {{{near}: …}}?"
                self._problem((*loc, name), f"a {_words(others[0])} has no {name}", hint, at_key=True)
        for index, title in enumerate(match.title):
            if not set("*?") & set(title):
                message = f"only the exact title '{title}' is matched"
                hint = f'write "*{title}*" to match it anywhere in a title'
                self.warnings.append(self.document.problem((*loc, "title", index), message, hint))

    def _kinds(self, match: MatchEntry, loc: Loc, outer: tuple[RecordKind, ...]) -> tuple[RecordKind, ...]:
        """The kinds that can meet this match: as it says, or as its conditions imply, inside what stands around it."""
        if match.kind:
            for kind in match.kind:
                if kind not in outer:
                    message = f"the rule is about {' or '.join(map(_words, outer))} and never matches a {_words(kind)}"
                    self._problem((*loc, "kind"), message, "remove it, or add the kind to the whole rule")
            return tuple(kind for kind in match.kind if kind in outer) or match.kind
        if len(outer) == len(_KINDS) and any(getattr(match, name) for name in WORK_ITEM_CONDITIONS):
            return (RecordKind.WORK_ITEM,)
        return outer

    def kinds_of(self, match: MatchEntry) -> tuple[RecordKind, ...]:
        """The kinds that a whole match is about."""
        return ConditionReader(self.document, self.custom)._kinds(match, (), _KINDS)

    def _field(
        self, name: str, values: tuple[str, ...] | ComparisonEntry, loc: Loc, kinds: tuple[RecordKind, ...]
    ) -> Condition:
        self.check_field(name, loc, kinds, at_key=True)
        if isinstance(values, ComparisonEntry):
            bounds = tuple(_bounds(values))
            if not bounds:
                hint = f"one of {', '.join(ComparisonEntry.model_fields)}"
                self._problem(loc, "the comparison is empty", hint, at_key=True)
            for bound in bounds:
                self._check_bound(name, bound, (*loc, bound.word), kinds)
            return Compares(FIELD + name, bounds)
        several = isinstance(self.document.get(loc), list)
        for index, text in enumerate(values):
            self._check_value(name, text, (*loc, index) if several else loc, kinds)
        return Says(FIELD + name, values)

    def _where(self, text: str, loc: Loc, kinds: tuple[RecordKind, ...]) -> Condition | None:
        """An expression; a mistake in it is told at its column inside the file."""
        lead = len(written) - len(written.lstrip()) if isinstance(written := self.document.get(loc), str) else 0
        try:
            expression = parse_expression(text, kinds=kinds, custom=self.custom)
        except ExpressionError as error:
            offset = lead + error.column - 1
            self.problems.append(self.document.problem_within(loc, offset, error.message, error.hint))
            return None
        for name in sorted(expression.guessed):
            self.check_field(name, loc, kinds, at_key=False)
        return Where(expression)

    def check_field(self, name: str, loc: Loc, kinds: tuple[RecordKind, ...], *, at_key: bool) -> None:
        """A field must be built into every kind that the rule is about, or be a custom field."""
        lacking = [kind for kind in kinds if name not in ATTRIBUTES[kind]]
        if not lacking or (len(kinds) == len(_KINDS) and len(lacking) < len(kinds)):
            return
        built_in = set().union(*(ATTRIBUTES[kind] for kind in lacking))
        if self.custom is None and not any(name in attributes for attributes in ATTRIBUTES.values()):
            if near := nearest(name, built_in):
                message = f"'{name}' is read as a custom field"
                hint = f"did you mean '{near}'?"
                self.warnings.append(self.document.problem(loc, message, hint, at_key=at_key))
        elif normalise_key(name) not in {normalise_key(each) for each in self.custom or ()}:
            whose = "no record has a field" if len(kinds) > 1 else f"a {_words(lacking[0])} has no field"
            hint = did_you_mean(name, sorted(built_in | set(self.custom or ())), "fields")
            self._problem(loc, f"{whose} '{name}'", hint, at_key=at_key)

    def _check_value(self, name: str, text: str, loc: Loc, kinds: tuple[RecordKind, ...]) -> None:
        hints = [each.refuses_value(text) for each in self._types(name, kinds)]
        if hints and all(hints):
            sort = self._types(name, kinds)[0].sort
            self._problem(loc, f"{name} is {sort} and never '{text[:60]}'", hints[0] or "")

    def _check_bound(self, name: str, bound: Bound, loc: Loc, kinds: tuple[RecordKind, ...]) -> None:
        hints = [each.refuses_bound(bound) for each in self._types(name, kinds)]
        if hints and all(hints):
            sort = self._types(name, kinds)[0].sort
            self._problem(
                loc, f"{name} is {sort} and cannot be compared with '{bound.word}'", hints[0] or "", at_key=True
            )

    def _types(self, name: str, kinds: tuple[RecordKind, ...]) -> list[FieldType]:
        """What the field may hold; nothing where it may be a custom field of any sort."""
        types = [FIELD_TYPES[kind][name] for kind in kinds if name in FIELD_TYPES[kind]]
        return types if len(types) == len(kinds) or len(kinds) == len(_KINDS) else []

    def _problem(self, loc: Loc, message: str, hint: str = "", *, at_key: bool = False) -> None:
        self.problems.append(self.document.problem(loc, message, hint, at_key=at_key))


def _bounds(entry: ComparisonEntry) -> Iterator[Bound]:
    for word in ComparisonEntry.model_fields:
        operand = getattr(entry, word)
        if operand is not None:
            yield Bound(word, operand)


def _words(kind: RecordKind) -> str:
    return kind.value.replace("_", " ")
