"""Who may decide about a variance, and the last day on which that still helps."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from model.objectives import Objective, ObjectiveTree


def decider(tree: ObjectiveTree, objective_ids: Sequence[str], *, within_tolerance: bool) -> str | None:
    """The named right first; else the owner inside the tolerance and the sponsor beyond it, the nearest up the tree."""
    right = "within_tolerance" if within_tolerance else "beyond"
    for objective_id in objective_ids:
        if name := tree.inherited_right(objective_id, right):
            return name
    first, second = (_owner, _sponsor) if within_tolerance else (_sponsor, _owner)
    return nearest(tree, objective_ids, first) or nearest(tree, objective_ids, second)


def nearest(tree: ObjectiveTree, objective_ids: Sequence[str], named: Callable[[Objective], str | None]) -> str | None:
    """The first name found on the way up from these objectives."""
    return next(
        (name for objective_id in objective_ids for objective in tree.path(objective_id) if (name := named(objective))),
        None,
    )


def owner(tree: ObjectiveTree, objective_ids: Sequence[str]) -> str | None:
    return nearest(tree, objective_ids, _owner)


def controller(tree: ObjectiveTree, objective_ids: Sequence[str]) -> str | None:
    return nearest(tree, objective_ids, lambda objective: objective.controller)


def decide_by(commitment: date | None, notice_days: int, today: date) -> date | None:
    """The last day that leaves the notice before the committed day; today when that has passed."""
    return None if commitment is None else max(today, commitment - timedelta(notice_days))


def _owner(objective: Objective) -> str | None:
    return objective.owner


def _sponsor(objective: Objective) -> str | None:
    return objective.sponsor
