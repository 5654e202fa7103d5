"""What a rule asks of a record. A condition holds, does not hold, or cannot be told because the record does not say.

Only a condition that holds counts. ``none`` needs conditions that are known not to hold: what a record leaves blank
matches neither a condition nor its opposite.
"""

import fnmatch
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import TypeAlias

from mapping.comparison import Bound, Day
from mapping.expression import Expression
from mapping.facts import FIELD, GRAM, TITLE_GRAMS, Facts, fold, value_of

Anchors: TypeAlias = Mapping[str, frozenset[str]]
"""Answers by the name of their condition, folded: a record that gives none of them cannot match."""


class Specificity(IntEnum):
    """The ladder of design 5.9. A rule stands on the highest rung that any of its conditions reaches."""

    PLACE = 1
    """Only where the record lies: container, kind, source; or only what it must not be."""
    PATTERN = 2
    """A pattern of its title."""
    VALUE = 3
    """Something it says: a field, parent, release, sprint, label, component, type, status or owner."""
    KEY = 4
    """Its key."""


_WILDCARDS = re.compile(r"[*?]+")
_RUNGS = {
    "key": Specificity.KEY,
    "title": Specificity.PATTERN,
    "container": Specificity.PLACE,
    "kind": Specificity.PLACE,
    "source": Specificity.PLACE,
}
_MOST_SELECTIVE_FIRST = (
    *("key", "parent", FIELD, "release", "sprint", "label", "component", TITLE_GRAMS, "owner"),
    *("type", "status", "container"),
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A condition that did not hold: what the rule wanted, what the record says, and both in words."""

    condition: str
    wanted: tuple[str, ...]
    seen: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return self.text


class Condition(ABC):
    """One thing that must hold."""

    __slots__ = ()

    @property
    @abstractmethod
    def rung(self) -> Specificity:
        """How specific a rule is that asks this."""

    @abstractmethod
    def truth(self, facts: Facts) -> bool | None:
        """Whether it holds; None when the record does not say."""

    @abstractmethod
    def failure(self, facts: Facts) -> Failure | None:
        """What did not hold, in words; None when it holds."""

    @property
    def count(self) -> int:
        """How many conditions it counts for when two rules stand on one rung."""
        return 1

    @property
    def parts(self) -> "tuple[Condition, ...]":
        """The conditions inside; none for a single one."""
        return ()

    @property
    def reads(self) -> frozenset[str]:
        """The names of what it asks for: ``label``, ``fields.Region``."""
        return frozenset().union(*(part.reads for part in self.parts))

    @property
    def uses_today(self) -> bool:
        """Whether another day may bring another answer."""
        return any(part.uses_today for part in self.parts)

    @property
    def anchors(self) -> Anchors | None:
        """Answers of which every matching record gives one; None when it cannot be found by any answer."""
        return None

    def holds(self, facts: Facts) -> bool:
        return self.truth(facts) is True


@dataclass(frozen=True, slots=True)
class Says(Condition):
    """The record gives one of the answers that are wanted, as they are written."""

    name: str
    wanted: tuple[str, ...]
    folded: frozenset[str] = field(init=False, repr=False, compare=False)
    _pattern: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", frozenset(fold(text) for text in self.wanted))
        pattern = "|".join(_glob(text) for text in sorted(self.folded)) if self.name == "title" else None
        object.__setattr__(self, "_pattern", re.compile(pattern) if pattern is not None else None)

    @property
    def rung(self) -> Specificity:
        return _RUNGS.get(self.name, Specificity.VALUE)

    def truth(self, facts: Facts) -> bool | None:
        answers = facts.folded(self.name)
        if self._pattern is not None:
            return any(self._pattern.match(answer) for answer in answers)
        if not self.folded.isdisjoint(answers):
            return True
        return False if answers or facts.tells(self.name) else None

    def failure(self, facts: Facts) -> Failure | None:
        if self.holds(facts):
            return None
        label, seen = label_of(self.name), facts.shown(self.name)
        wanted = " or ".join(repr(text) for text in self.wanted)
        return Failure(label, self.wanted, seen, f"{label} is {_seen(seen)}, wanted {wanted}")

    @property
    def reads(self) -> frozenset[str]:
        return frozenset({self.name})

    def holds(self, facts: Facts) -> bool:
        if self._pattern is not None:
            return any(self._pattern.match(answer) for answer in facts.folded(self.name))
        return not self.folded.isdisjoint(facts.folded(self.name))

    @property
    def anchors(self) -> Anchors | None:
        if self.name == "title":
            grams = [_last_gram(text) for text in self.folded]
            return {TITLE_GRAMS: frozenset(grams)} if all(grams) else None
        return {self.name: self.folded} if _place(self.name) is not None else None


@dataclass(frozen=True, slots=True)
class Compares(Condition):
    """A number or a date of the record lies inside all bounds."""

    name: str
    bounds: tuple[Bound, ...]

    @property
    def rung(self) -> Specificity:
        return Specificity.VALUE

    def truth(self, facts: Facts) -> bool | None:
        value = value_of(facts.record, self.name.removeprefix(FIELD))
        return _every(bound.holds(value, facts.today) for bound in self.bounds)

    def failure(self, facts: Facts) -> Failure | None:
        if self.holds(facts):
            return None
        seen, wanted = facts.shown(self.name), tuple(str(bound) for bound in self.bounds)
        text = f"{label_of(self.name)} is {_seen(seen)}, wanted {' and '.join(wanted)}"
        return Failure(label_of(self.name), wanted, seen, text)

    @property
    def reads(self) -> frozenset[str]:
        return frozenset({self.name})

    @property
    def uses_today(self) -> bool:
        return any(bound.uses_today for bound in self.bounds)


@dataclass(frozen=True, slots=True)
class Where(Condition):
    """An expression holds."""

    expression: Expression

    @property
    def rung(self) -> Specificity:
        return Specificity.VALUE

    def truth(self, facts: Facts) -> bool | None:
        return self.expression.truth(facts, self._today(facts))

    def holds(self, facts: Facts) -> bool:
        return self.expression.holds(facts, self._today(facts))

    def failure(self, facts: Facts) -> Failure | None:
        failed = self.expression.first_failure(facts, self._today(facts))
        if failed is None:
            return None
        seen = tuple(text for _, texts in failed.seen for text in texts)
        return Failure("where", (failed.text,), seen, f"where: {failed}")

    @property
    def reads(self) -> frozenset[str]:
        return self.expression.answers

    @property
    def uses_today(self) -> bool:
        return self.expression.uses_today

    @property
    def anchors(self) -> Anchors | None:
        found = [{name: texts} for name, texts in self.expression.equalities.items() if _place(name) is not None]
        return min(found, key=_cost) if found else None

    def _today(self, facts: Facts) -> date:
        return Day().on(facts.today) if self.uses_today else date.min


@dataclass(frozen=True, slots=True)
class Every(Condition):
    """All of these hold: what stands together in one match."""

    groups: tuple[Condition, ...]

    @property
    def parts(self) -> tuple[Condition, ...]:
        return self.groups

    @property
    def rung(self) -> Specificity:
        return max((part.rung for part in self.parts), default=Specificity.PLACE)

    @property
    def count(self) -> int:
        return sum(part.count for part in self.parts)

    def truth(self, facts: Facts) -> bool | None:
        return _every(part.truth(facts) for part in self.parts)

    def failure(self, facts: Facts) -> Failure | None:
        return next((failed for part in self.parts if (failed := part.failure(facts))), None)

    @property
    def anchors(self) -> Anchors | None:
        found = [anchors for part in self.parts if (anchors := part.anchors) is not None]
        return min(found, key=_cost) if found else None


@dataclass(frozen=True, slots=True)
class Some(Condition):
    """At least one of these holds: the groups below ``any``."""

    groups: tuple[Condition, ...]

    @property
    def parts(self) -> tuple[Condition, ...]:
        return self.groups

    @property
    def rung(self) -> Specificity:
        return min(part.rung for part in self.parts)

    @property
    def count(self) -> int:
        return min(part.count for part in self.parts)

    def truth(self, facts: Facts) -> bool | None:
        unknown = False
        for part in self.parts:
            truth = part.truth(facts)
            if truth:
                return True
            unknown = unknown or truth is None
        return None if unknown else False

    def failure(self, facts: Facts) -> Failure | None:
        if self.holds(facts):
            return None
        failed = [failure for part in self.parts if (failure := part.failure(facts))]
        wanted = tuple(text for each in failed for text in each.wanted)
        seen = tuple(dict.fromkeys(text for each in failed for text in each.seen))
        return Failure("any", wanted, seen, f"any: {'; '.join(map(str, failed))}")

    @property
    def anchors(self) -> Anchors | None:
        found: dict[str, frozenset[str]] = {}
        for part in self.parts:
            anchors = part.anchors
            if anchors is None:
                return None
            for name, values in anchors.items():
                found[name] = found.get(name, frozenset()) | values
        return found


@dataclass(frozen=True, slots=True)
class Neither(Condition):
    """None of these holds, and each is known not to hold: the groups below ``none``."""

    groups: tuple[Condition, ...]

    @property
    def parts(self) -> tuple[Condition, ...]:
        return self.groups

    @property
    def rung(self) -> Specificity:
        return Specificity.PLACE

    def truth(self, facts: Facts) -> bool | None:
        return _every(None if (truth := part.truth(facts)) is None else not truth for part in self.parts)

    def failure(self, facts: Facts) -> Failure | None:
        for part in self.parts:
            truth = part.truth(facts)
            if truth is None:
                failed = part.failure(facts)
                return Failure("none", (), (), f"none: it cannot be told, {failed}")
            if truth:
                seen = ", ".join(f"{label_of(name)} is {_seen(facts.shown(name))}" for name in sorted(part.reads))
                return Failure("none", (), (), f"none: this holds, {seen}")
        return None


def implies(first: Condition, second: Condition) -> bool:
    """Whether the second is sure to hold for every record for which the first holds."""
    if first == second:
        return True
    if isinstance(second, Every):
        return all(implies(first, part) for part in second.groups)
    if isinstance(first, Some):
        return all(implies(part, second) for part in first.groups)
    if isinstance(second, Some):
        return any(implies(first, part) for part in second.groups)
    if isinstance(first, Every):
        return any(implies(part, second) for part in first.groups)
    if isinstance(first, Neither) and isinstance(second, Neither):
        return all(any(implies(each, part) for part in first.groups) for each in second.groups)
    if isinstance(first, Says) and isinstance(second, Says):
        return first.name == second.name and first.folded <= second.folded
    return False


def label_of(name: str) -> str:
    """A condition's name as the rule file says it: ``label`` or ``fields: Region``."""
    return f"fields: {name.removeprefix(FIELD)}" if name.startswith(FIELD) else name


def _every(truths: Iterable[bool | None]) -> bool | None:
    unknown = False
    for truth in truths:
        if truth is False:
            return False
        unknown = unknown or truth is None
    return None if unknown else True


def _seen(texts: tuple[str, ...]) -> str:
    return " and ".join(repr(text) for text in texts) or "nothing"


def _place(name: str) -> int | None:
    name = FIELD if name.startswith(FIELD) else name
    return _MOST_SELECTIVE_FIRST.index(name) if name in _MOST_SELECTIVE_FIRST else None


def _last_gram(pattern: str) -> str:
    """The end of the longest text in a pattern, which every title that matches contains; empty when all are short."""
    longest = max(_WILDCARDS.split(pattern), key=len)
    return longest[-GRAM:] if len(longest) >= GRAM else ""


def _cost(anchors: Anchors) -> int:
    return max(_place(name) or 0 for name in anchors)


def _glob(text: str) -> str:
    """A regular expression for a glob in which only ``*`` and ``?`` mean something; it cannot backtrack at length."""
    return fnmatch.translate(text.replace("[", "[[]"))
