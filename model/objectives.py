"""Objectives: the CAT4-shaped tree that records are linked to (design 6). Any level may be missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from model.calendars import EVERY_DAY
from model.money import Money, MonthAmount
from model.records import Light


class Level(StrEnum):
    """The six levels, widest first."""

    ORGANIZATION = "organization"
    PORTFOLIO = "portfolio"
    PROGRAM = "program"
    PROJECT = "project"
    MEASURE_PACKAGE = "measure_package"
    MEASURE = "measure"


class StageGate(StrEnum):
    """How far a measure has come."""

    DEFINED = "defined"
    IDENTIFIED = "identified"
    DETAILED = "detailed"
    DECIDED = "decided"
    IMPLEMENTED = "implemented"
    CLOSED = "closed"
    ON_HOLD = "on_hold"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Baseline:
    """An approved target date; the last one is in force, the first is the original."""

    target: date
    approved_by: str | None = None
    approved_on: date | None = None


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much variance the owner may absorb alone. Zero days is the default (design 5.1)."""

    days: int = 0
    amount: Money | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DecisionRights:
    """Who may decide what; a name per situation."""

    within_tolerance: str | None = None
    beyond: str | None = None
    across_measures: str | None = None
    stop: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectiveNeed:
    """This objective cannot finish before another objective or record, plus ``lag_days``.

    The days are working days of the ``calendar`` where one is named, and calendar days otherwise.
    """

    wanted: str
    lag_days: int = 0
    owner: str | None = None
    calendar: str = EVERY_DAY


@dataclass(frozen=True, slots=True)
class Value:
    """Money that an objective is to bring, by account and month."""

    account: str
    currency: str
    plan: tuple[MonthAmount, ...] = ()
    validated_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One node of the tree. ``location`` is the ``file:line`` that declares it."""

    id: str
    name: str
    level: Level
    parent: str | None = None
    intent: str = ""
    owner: str | None = None
    sponsor: str | None = None
    controller: str | None = None
    business_unit: str | None = None
    function: str | None = None
    legal_entity: str | None = None
    steering_committee: str | None = None
    stage_gate: StageGate | None = None
    stage_reason: str | None = None
    target: date | None = None
    baselines: tuple[Baseline, ...] = ()
    tolerance: Tolerance = Tolerance()
    values: tuple[Value, ...] = ()
    budget: Money | None = None
    decision_rights: DecisionRights = DecisionRights()
    needs: tuple[ObjectiveNeed, ...] = ()
    review: date | None = None
    assumption: str | None = None
    implementation: Light | None = None
    """The light that people report for the work."""
    potential: Light | None = None
    """The light that people report for the value."""
    location: str = ""


@dataclass(frozen=True, slots=True)
class ObjectiveTree:
    """All objectives with their ancestry. Built from a checked list: unique ids, known parents, no cycle."""

    objectives: Sequence[Objective]
    _by_id: Mapping[str, Objective] = field(init=False, repr=False, compare=False)
    _paths: dict[str, tuple[Objective, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)
    _below: dict[str, list[Objective]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_id", {objective.id: objective for objective in self.objectives})
        for objective in sorted(self.objectives, key=lambda each: each.id):
            if objective.parent in self._by_id:
                self._below.setdefault(objective.parent or "", []).append(objective)

    def __contains__(self, objective_id: object) -> bool:
        return objective_id in self._by_id

    def get(self, objective_id: str) -> Objective | None:
        return self._by_id.get(objective_id)

    def children(self, objective_id: str) -> Sequence[Objective]:
        """The objectives directly below, by id."""
        return self._below.get(objective_id, ())

    def path(self, objective_id: str) -> tuple[Objective, ...]:
        """The objective and its ancestors, the objective first. Empty when it is unknown."""
        known = self._paths.get(objective_id)
        if known is not None:
            return known
        found: dict[str, Objective] = {}
        current = self._by_id.get(objective_id)
        while current is not None and current.id not in found:
            found[current.id] = current
            current = self._by_id.get(current.parent) if current.parent else None
        self._paths[objective_id] = path = tuple(found.values())
        return path

    def inherited_right(self, objective_id: str, right: str) -> str | None:
        """The nearest name for a decision right (``beyond``, ``stop`` …), walking up the tree."""
        for objective in self.path(objective_id):
            name: str | None = getattr(objective.decision_rights, right)
            if name:
                return name
        return None

    def subtree(self, objective_ids: Iterable[str]) -> frozenset[str]:
        """The given ids and everything below them."""
        wanted = set(objective_ids)
        return frozenset(
            objective.id
            for objective in self.objectives
            if any(ancestor.id in wanted for ancestor in self.path(objective.id))
        )
