"""An expression that was read and checked: it judges records, and says what failed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from mapping.expression.compile import Judgement, compiled
from mapping.expression.fields import Catalogue, Field, Type
from mapping.expression.parser import parse
from mapping.expression.syntax import (
    All,
    Asked,
    Compare,
    Condition,
    Contains,
    Literal,
    Not,
    OneOf,
    Some,
    Today,
    base_of,
    operands,
    written,
)
from mapping.facts import Facts, fold
from model.records import RecordKind


@dataclass(frozen=True, slots=True)
class FailedPart:
    """The smallest part of an expression that kept it from holding.

    ``text`` stands in the expression from ``column`` (from 1) over ``length`` characters. ``holds`` is what the part
    itself came to: true where it stands below a ``not``, None where the record does not say enough. ``seen`` are the
    fields it reads with what the record says.
    """

    text: str
    column: int
    length: int
    holds: bool | None
    seen: tuple[tuple[str, tuple[str, ...]], ...]

    def __str__(self) -> str:
        what = {True: "holds and must not", False: "does not hold", None: "cannot be told"}[self.holds]
        seen = ", ".join(f"{name} is {' and '.join(map(repr, texts)) or 'nothing'}" for name, texts in self.seen)
        return f"{self.text} {what}" + (f": {seen}" if seen else "")


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked ``where:``.

    ``holds(facts, today)`` tells whether it holds for a record. ``reads`` are the names of the fields, ``answers`` the
    same as ``Facts`` names them (``label``, ``fields.priority``), ``guessed`` those that were taken for custom fields
    because nobody told which there are. ``equalities`` are conditions that every matching record meets, for an
    index: of ``Facts.folded(name)`` at least one is among the texts.
    """

    text: str
    kinds: tuple[RecordKind, ...]
    reads: frozenset[str]
    answers: frozenset[str]
    guessed: frozenset[str]
    uses_today: bool
    equalities: Mapping[str, frozenset[str]] = field(compare=False)
    holds: Judgement = field(compare=False, repr=False)
    _refuted: Judgement = field(compare=False, repr=False)
    _root: Condition = field(compare=False, repr=False)
    _parts: dict[tuple[int, bool], Judgement] = field(default_factory=dict, compare=False, repr=False)

    def __str__(self) -> str:
        """The expression in one spelling, which is read again as the same."""
        return written(self._root)

    def truth(self, facts: Facts, today: date) -> bool | None:
        """Whether it holds; None when the record does not say enough."""
        return True if self.holds(facts, today) else False if self._refuted(facts, today) else None

    def first_failure(self, facts: Facts, today: date) -> FailedPart | None:
        """The smallest part that kept it from holding, the first where there are several; None when it holds."""
        if self.holds(facts, today):
            return None
        return self._failed(self._root, facts, today, wanted=True)

    def _failed(self, condition: Condition, facts: Facts, today: date, *, wanted: bool) -> FailedPart:
        """Go down to the first part that must come to ``wanted`` and does not."""
        if isinstance(condition, Not):
            inside = condition.part
            if isinstance(inside, (All, Some)) and self._narrows(inside, not wanted):
                return self._failed(inside, facts, today, wanted=not wanted)
        elif isinstance(condition, (All, Some)) and self._narrows(condition, wanted):
            first = next(part for part in condition.parts if self._truth(part, facts, today) is not wanted)
            return self._failed(first, facts, today, wanted=wanted)
        asked = {each.field.name: each.field for each in _asked(condition)}
        place = condition.place
        return FailedPart(
            self.text[place.start : place.end],
            place.start + 1,
            place.end - place.start,
            self._truth(condition, facts, today),
            tuple((name, _shown(facts, each)) for name, each in asked.items()),
        )

    @staticmethod
    def _narrows(condition: Condition, wanted: bool) -> bool:
        """Whether one part alone is to blame: of ``and`` that must hold, of ``or`` that must not."""
        return isinstance(condition, All if wanted else Some)

    def _truth(self, condition: Condition, facts: Facts, today: date) -> bool | None:
        if self._judged(condition, facts, today, holds=True):
            return True
        return False if self._judged(condition, facts, today, holds=False) else None

    def _judged(self, condition: Condition, facts: Facts, today: date, *, holds: bool) -> bool:
        judgement = self._parts.get((id(condition), holds))
        if judgement is None:
            judgement = self._parts[id(condition), holds] = compiled(condition, self.kinds, holds=holds)
        return judgement(facts, today)


def parse_expression(text: str, *, kinds: Collection[RecordKind], custom: Collection[str] | None) -> Expression:
    """Read and check an expression against the fields of these kinds; no kinds are all kinds.

    ``custom`` are the configured names of custom fields, None where nobody told. Raises ExpressionError.
    """
    catalogue = Catalogue.of(kinds, custom)
    root = parse(text, catalogue)
    asked = _asked(root)
    return Expression(
        text=text,
        kinds=catalogue.kinds,
        reads=frozenset(each.field.name for each in asked),
        answers=frozenset(each.field.answer for each in asked),
        guessed=frozenset(each.field.name for each in asked if custom is None and not each.field.attribute),
        uses_today=any(isinstance(base_of(operand), Today) for operand in operands(root)),
        equalities=_implied(root),
        holds=compiled(root, catalogue.kinds, holds=True),
        _refuted=compiled(root, catalogue.kinds, holds=False),
        _root=root,
    )


def _shown(facts: Facts, asked: Field) -> tuple[str, ...]:
    shown = facts.shown(asked.answer)
    return shown[-1:] if asked.type is Type.MONEY else shown


def _asked(condition: Condition) -> list[Asked]:
    return [base for operand in operands(condition) if isinstance(base := base_of(operand), Asked)]


def _implied(condition: Condition) -> dict[str, frozenset[str]]:
    """Texts of which every record that meets the condition gives one, by the name of the answer."""
    match condition:
        case All(parts):
            found: dict[str, frozenset[str]] = {}
            for part in parts:
                for name, texts in _implied(part).items():
                    found[name] = min(found.get(name, texts), texts, key=len)
            return found
        case Some(parts):
            each = [_implied(part) for part in parts]
            shared = set(each[0]).intersection(*each[1:])
            return {name: frozenset().union(*(one[name] for one in each)) for name in sorted(shared)}
        case Compare("=", Asked() as asked, Literal() as value) | Compare("=", Literal() as value, Asked() as asked):
            return _texts(asked, (value,))
        case OneOf(Asked() as asked, listed):
            return _texts(asked, listed)
        case Contains(Asked() as asked, Literal() as value) if asked.type is Type.TEXTS:
            return _texts(asked, (value,))
    return {}


def _texts(asked: Asked, listed: tuple[Literal, ...]) -> dict[str, frozenset[str]]:
    if any(value.type is not Type.TEXT for value in listed):
        return {}
    return {asked.field.answer: frozenset(fold(str(value.value)) for value in listed)}
