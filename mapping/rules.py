"""Rules as values: conditions that are compared with what a record says, and how specific a rule is."""

import fnmatch
import re
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum

from mapping.facts import FIELD, Facts, fold
from model.links import Role


class Specificity(IntEnum):
    """The ladder of design 5.9. A rule stands on the highest rung that any of its conditions reaches."""

    PLACE = 1
    """Only where the record lies: container, kind, source."""
    PATTERN = 2
    """A pattern of its title."""
    VALUE = 3
    """Something it says: a field, parent, release, sprint, label, component, type, status or owner."""
    KEY = 4
    """Its key."""


_RUNGS = {
    "key": Specificity.KEY,
    "title": Specificity.PATTERN,
    "container": Specificity.PLACE,
    "kind": Specificity.PLACE,
    "source": Specificity.PLACE,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold. ``wanted`` are the values as written, any of which is enough."""

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

    def holds(self, facts: Facts) -> bool:
        answers = facts.folded(self.name)
        if self._pattern is not None:
            return any(self._pattern.match(answer) for answer in answers)
        return not self.folded.isdisjoint(answers)

    @property
    def label(self) -> str:
        """The condition as the rule file says it: ``label`` or ``fields: Region``."""
        return f"fields: {self.name.removeprefix(FIELD)}" if self.name.startswith(FIELD) else self.name


def _glob(text: str) -> str:
    """A regular expression for a glob in which only ``*`` and ``?`` mean something; it cannot backtrack at length."""
    return fnmatch.translate(text.replace("[", "[[]"))


@dataclass(frozen=True, slots=True)
class RuleNeed:
    """What a matched record waits for: what its ``field`` names, or the fixed ``on``."""

    field: str | None = None
    on: str | None = None
    lag_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One checked rule. ``order`` counts through all files; ``location`` is the ``file:line`` that declares it."""

    name: str
    role: Role
    objective_ids: tuple[str, ...]
    conditions: tuple[Condition, ...]
    weight: Decimal = Decimal(1)
    needs: tuple[RuleNeed, ...] = ()
    location: str = ""
    order: int = 0

    @property
    def rung(self) -> Specificity:
        return max(condition.rung for condition in self.conditions)

    @property
    def rank(self) -> tuple[int, int, int]:
        """Sorts the winner first: the rung, then the number of conditions, then the order in the files."""
        return (-self.rung, -len(self.conditions), self.order)

    def first_failure(self, facts: Facts) -> Condition | None:
        """The first condition that does not hold; None when the rule matches."""
        return next((condition for condition in self.conditions if not condition.holds(facts)), None)

    def narrows(self, other: "Rule") -> bool:
        """Whether this rule asks everything that the other asks, and more: then its win is meant, not ambiguous."""
        own = {condition.name: condition.folded for condition in self.conditions}
        narrower = all(
            condition.name in own and own[condition.name] <= condition.folded for condition in other.conditions
        )
        return narrower and own != {condition.name: condition.folded for condition in other.conditions}
