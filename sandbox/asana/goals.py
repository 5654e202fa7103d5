"""A goal of the workspace behind the stand-in for Asana, and the row in which Asana shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(slots=True, kw_only=True)
class Goal:
    """A goal; its metric is there when ``target`` is a number. A percentage of 0.25 is shown as 25 % (A15)."""

    gid: str
    name: str
    owner: str | None = None
    current: float | None = None
    target: float | None = None
    unit: str = "none"
    currency: str | None = None
    progress_source: str = "manual"
    period: str | None = None
    start: date | None = None
    due: date | None = None


def goal_row(goal: Goal, people: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The whole goal; it has no times of creation and change, as in Asana."""
    start, due = (day.isoformat() if day else None for day in (goal.start, goal.due))
    period = {"gid": f"{goal.gid}5", "resource_type": "time_period", "display_name": goal.period}
    return {
        "gid": goal.gid,
        "resource_type": "goal",
        "name": goal.name,
        "owner": people.get(goal.owner or ""),
        "start_on": start,
        "due_on": due,
        "status": "green",
        "time_period": {**period, "start_on": start, "end_on": due} if goal.period else None,
        "metric": _metric(goal),
    }


def _metric(goal: Goal) -> dict[str, Any] | None:
    if goal.target is None:
        return None
    return {
        "gid": f"{goal.gid}6",
        "resource_type": "goal_metric",
        "resource_subtype": "number",
        "unit": goal.unit,
        "currency_code": goal.currency,
        "precision": 0,
        "initial_number_value": 0,
        "current_number_value": goal.current,
        "target_number_value": goal.target,
        "progress_source": goal.progress_source,
    }
