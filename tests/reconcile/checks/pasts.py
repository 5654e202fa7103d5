"""What was seen of a record earlier, for the tests of checks that look at the past."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

from model.records import Revision
from tests.reconcile.world import Stored


def was(stored: Stored, node: str, field: str, *seen: tuple[date, Any], **more: Any) -> None:
    """On which days a field of a record was first seen with which values; the last one is the present value."""
    changed: dict[str, Any] = {field: seen[-1][1], **more}
    stored.change(node, **changed)
    (now,) = (each for each in stored.records_ if each.id == node)
    past: list[Revision] = []
    for day, value in seen:
        told: dict[str, Any] = {field: value}
        past.append(Revision(datetime.combine(day, time(8), UTC), replace(now, **told)))
    stored.histories_[node] = past


def september(day: int) -> date:
    return date(2026, 9, day)
