"""Rules as values: what they ask of a record, how specific they are and what they say about a record that matches."""

from dataclasses import dataclass, field
from decimal import Decimal

from mapping.conditions import Anchors, Condition, Every, Failure, Specificity, implies
from mapping.facts import FIELD, Facts
from mapping.serving import FromParent, ObjectiveSource, Serves
from model.calendars import EVERY_DAY
from model.links import Role

__all__ = ["Rule", "RuleNeed", "Specificity"]


@dataclass(frozen=True, slots=True)
class RuleNeed:
    """What a matched record waits for: what its ``field`` names, or the fixed ``on``."""

    field: str | None = None
    on: str | None = None
    lag_days: int = 0
    calendar: str = EVERY_DAY
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One checked rule. ``order`` counts through all files; ``location`` is the ``file:line`` that declares it.

    ``objective_ids`` are those that can be told without a record: as written, or all that its table leads to.
    ``objective_from`` says where the objective comes from when the rule does not name it.
    """

    name: str
    role: Role
    objective_ids: tuple[str, ...]
    conditions: tuple[Condition, ...]
    objective_from: ObjectiveSource | None = None
    weight: Decimal = Decimal(1)
    needs: tuple[RuleNeed, ...] = ()
    location: str = ""
    priority: int = 0
    """That of its file: among equally specific rules the higher one wins."""
    order: int = 0
    digest: str = ""
    """Changes with anything that shows in what the rule says about records, its location included."""
    whole: Every = field(init=False, repr=False, compare=False)
    """All conditions as one."""
    rung: Specificity = field(init=False, repr=False, compare=False)
    rank: tuple[bool, int, int, int, int] = field(init=False, repr=False, compare=False)
    """Sorts the winner first: the rung, the file's priority, the number of conditions, then the order in the files."""

    def __post_init__(self) -> None:
        whole = Every(self.conditions)
        rung = whole.rung
        object.__setattr__(self, "whole", whole)
        object.__setattr__(self, "rung", rung)
        object.__setattr__(self, "rank", (self.inherits, -rung, -self.priority, -whole.count, self.order))

    @property
    def inherits(self) -> bool:
        """Whether the objective is that of the work item above; any other rule wins over this one."""
        return isinstance(self.objective_from, FromParent)

    def serves(self, facts: Facts) -> Serves:
        """The objectives of a record that the rule matches."""
        if self.objective_from is None:
            return Serves(self.objective_ids)
        return self.objective_from.serves(facts, self.role)

    @property
    def anchors(self) -> Anchors | None:
        """Answers of which every matching record gives one; None when any record may match."""
        return self.whole.anchors

    @property
    def reads(self) -> frozenset[str]:
        """What it asks of a record, by the names of conditions: ``label``, ``fields.Region``."""
        needs = {FIELD + need.field for need in self.needs if need.field is not None}
        return self.whole.reads | needs | (self.objective_from.reads if self.objective_from else frozenset())

    @property
    def uses_today(self) -> bool:
        """Whether another day may bring another answer."""
        return self.whole.uses_today

    def holds(self, facts: Facts) -> bool:
        return all(condition.holds(facts) for condition in self.conditions)

    def first_failure(self, facts: Facts) -> Failure | None:
        """The first condition that does not hold; None when the rule matches."""
        return next((failed for condition in self.conditions if (failed := condition.failure(facts))), None)

    def narrows(self, other: "Rule") -> bool:
        """Whether this rule asks everything that the other asks, and more: then its win is meant, not ambiguous."""
        return implies(self.whole, other.whole) and not implies(other.whole, self.whole)
