"""Objectives out of their files: each entry checked, then all of them together as one tree."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mapping.document import Document, problems_of
from mapping.needs import calendar_problems
from mapping.schema import ObjectiveEntry, ObjectivesFile
from mapping.wording import did_you_mean
from model.errors import Problem
from model.keys import normalise_key, objective_node
from model.links import Need, NeedOrigin
from model.money import MonthAmount
from model.objectives import (
    Baseline,
    DecisionRights,
    Level,
    Objective,
    ObjectiveNeed,
    StageGate,
    Tolerance,
    Value,
)

MOST_HINTS = 40
"""Different wrong ids for which the nearest one is looked for; among thousands that takes time."""
_LEVELS = list(Level)


@dataclass(frozen=True, slots=True, eq=False)
class Declared:
    """One objective as a file declares it. ``entry`` is None where the entry itself has mistakes."""

    document: Document
    index: int
    id: str
    entry: ObjectiveEntry | None

    def problem(self, key: str, message: str, hint: str = "") -> Problem:
        return self.document.problem(("objectives", self.index, key), message, hint)

    @property
    def place(self) -> str:
        return self.document.place(("objectives", self.index, "id"))

    @property
    def location(self) -> str:
        return self.document.location(("objectives", self.index))


def declared_in(documents: Sequence[Document]) -> tuple[list[Declared], list[Problem]]:
    """Read the entries of all files, and every mistake that shows without knowing the other entries."""
    declared: list[Declared] = []
    problems: list[Problem] = []
    for document in documents:
        whole, mistakes = problems_of(document, ObjectivesFile)
        problems += mistakes
        entries = document.get(("objectives",))
        for index, raw in enumerate(entries if isinstance(entries, list) else []):
            identity = raw.get("id") if isinstance(raw, dict) else None
            if isinstance(identity, (str, int)) and not isinstance(identity, bool) and str(identity).strip():
                entry = whole.objectives[index] if whole else _sound_entry(document, index)
                declared.append(Declared(document, index, str(identity).strip(), entry))
    return declared, problems


def _sound_entry(document: Document, index: int) -> ObjectiveEntry | None:
    """An entry without mistakes in a file that has some elsewhere, so that the others can still be checked by it."""
    return problems_of(document, ObjectiveEntry, ("objectives", index))[0]


class Ids:
    """Objective ids by their folded spelling: ``mp-aurora`` finds ``MP-AURORA``."""

    def __init__(self, declared: Sequence[Declared]) -> None:
        self._known = {normalise_key(each.id): each for each in reversed(declared)}
        self._hints: dict[str, str] = {}

    def find(self, written: str) -> Declared | None:
        return self._known.get(normalise_key(written))

    def by_spelling(self) -> dict[str, str]:
        """The ids by their folded spelling."""
        return {folded: each.id for folded, each in self._known.items()}

    def hint(self, written: str) -> str:
        """The nearest id, or all of them when they are few; looked for only a limited number of times."""
        if written not in self._hints:
            known = [each.id for each in self._known.values()] if len(self._hints) < MOST_HINTS else []
            self._hints[written] = did_you_mean(written, known)
        return self._hints[written]


def tree_problems(
    declared: Sequence[Declared], ids: Ids, calendars: Collection[str] | None = None
) -> Iterator[Problem]:
    """Check the entries against each other: unique ids, known wider parents, no circle, a reason for a stop."""
    circles = _circles(declared, ids)
    for circle in circles:
        path = " -> ".join(each.id for each in (*circle, circle[0]))
        message = f"the parents go round in a circle: {path}"
        yield circle[0].problem("parent", message, "give one of them another parent")
    circling = {each.id for circle in circles for each in circle}
    for each in declared:
        first = ids.find(each.id)
        if first is not None and first is not each:
            message = f"the objective '{each.id}' is declared a second time; the first is at {first.place}"
            yield each.problem("id", message, "give one of them another id")
        if each.entry is not None:
            yield from _own_problems(each, each.entry, ids, calendars)
            if each.id not in circling:
                yield from _parent_problems(each, each.entry, ids)


def _own_problems(
    each: Declared, entry: ObjectiveEntry, ids: Ids, calendars: Collection[str] | None
) -> Iterator[Problem]:
    if entry.stage_gate in {StageGate.ON_HOLD, StageGate.CANCELLED} and not entry.stage_reason:
        stage = entry.stage_gate.value.replace("_", " ")
        yield each.problem("stage_gate", f"'{each.id}' is {stage} without a reason", "add stage_reason: …")
    for index, need in enumerate(entry.needs):
        if ids.find(need.after) is ids.find(each.id):
            loc = ("objectives", each.index, "needs", index, "after")
            yield each.document.problem(loc, f"'{each.id}' needs itself", "remove this need")
        yield from calendar_problems(each.document, ("objectives", each.index, "needs", index), need, calendars)


def _parent_problems(each: Declared, entry: ObjectiveEntry, ids: Ids) -> Iterator[Problem]:
    if entry.parent is None:
        return
    parent = ids.find(entry.parent)
    if parent is None:
        yield each.problem("parent", f"there is no objective '{entry.parent}'", ids.hint(entry.parent))
    elif parent.entry is not None and _LEVELS.index(parent.entry.level) >= _LEVELS.index(entry.level):
        lower, upper = _words(entry.level), _words(parent.entry.level)
        order = " > ".join(_words(level) for level in _LEVELS)
        message = f"the {lower} '{each.id}' cannot lie below the {upper} '{parent.id}'"
        yield each.problem("parent", message, f"a parent is wider than its child: {order}")


def _words(level: Level) -> str:
    return level.value.replace("_", " ")


def _circles(declared: Sequence[Declared], ids: Ids) -> list[list[Declared]]:
    """Every circle of parents, once; each entry is walked over once."""
    circles: list[list[Declared]] = []
    done: set[str] = set()
    for start in declared:
        path: dict[str, Declared] = {}
        current: Declared | None = ids.find(start.id)
        while current is not None and current.id not in done and current.id not in path:
            path[current.id] = current
            parent = current.entry.parent if current.entry else None
            current = ids.find(parent) if parent else None
        if current is not None and current.id in path:
            walked = list(path.values())
            circles.append(walked[walked.index(current) :])
        done |= path.keys()
    return circles


def objective_of(each: Declared, entry: ObjectiveEntry, ids: Ids) -> Objective:
    """The vocabulary's objective, with its location; references are spelled as the ids are."""
    plain: dict[str, Any] = {
        name: getattr(entry, name)
        for name in (
            *("name", "level", "owner", "sponsor", "controller", "business_unit", "function", "legal_entity"),
            *("steering_committee", "stage_gate", "stage_reason", "target", "budget", "review", "assumption"),
            *("implementation", "potential"),
        )
    }
    return Objective(
        id=each.id,
        parent=_canonical(entry.parent, ids) if entry.parent else None,
        intent=entry.intent or "",
        baselines=tuple(Baseline(each.target, each.approved_by, each.approved_on) for each in entry.baselines),
        tolerance=Tolerance(entry.tolerance.days, entry.tolerance.amount, entry.tolerance.percent),
        values=tuple(
            Value(
                value.account,
                value.currency,
                tuple(MonthAmount(month, value.plan[month]) for month in sorted(value.plan)),
                value.validated_by,
            )
            for value in entry.values
        ),
        decision_rights=DecisionRights(**entry.decision_rights.model_dump()),
        needs=tuple(
            ObjectiveNeed(_canonical(need.after, ids), need.lag_days, need.owner, need.counts_by)
            for need in entry.needs
        ),
        location=each.location,
        **plain,
    )


def _canonical(written: str, ids: Ids) -> str:
    found = ids.find(written)
    return found.id if found else written


def needs_of(objective: Objective) -> Iterator[Need]:
    """The needs that the objectives file states, as edges of the plan network."""
    for need in objective.needs:
        yield Need(
            objective_node(objective.id),
            need.wanted,
            need.lag_days,
            NeedOrigin.OBJECTIVES_FILE,
            location=objective.location,
            calendar=need.calendar,
            owner=need.owner,
        )
