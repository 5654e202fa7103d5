"""What each revision of a record changed, field by field: a pure comparison of what its source said one after the
other."""

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from model.records import Absence, Record

if TYPE_CHECKING:
    from state.records import Revision

SERIES = ("plan", "forecast", "actual")
_BOOKKEEPING = frozenset({"provenance", "moves", "changes", "changed"})
"""What changes with every change and says nothing about it."""


@dataclasses.dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that said something else. A month of a series is a field of its own, as ``plan.2026-10``.

    ``place`` is where it stood then: a cell, or a field of the source's interface. ``again`` says that the new value
    had been there before.
    """

    field: str
    old: Any
    new: Any
    place: str = ""
    again: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One revision: what was first seen then, what changed, or why the record was not there from then on.

    ``what`` is ``first_seen``, ``changed``, ``absent`` or ``there_again``.
    """

    seen_at: datetime
    what: str
    absence: Absence | None = None
    changes: Sequence[FieldChange] = ()


def history_of(revisions: "Sequence[Revision]") -> list[Step]:
    """The steps of a record, oldest first."""
    steps: list[Step] = []
    last: Record | None = None
    seen: dict[str, list[Any]] = {}
    for revision in revisions:
        record = revision.record
        if record is None:
            steps.append(Step(revision.seen_at, "absent", revision.absence))
            continue
        was_away = bool(steps) and steps[-1].what == "absent"
        what = "first_seen" if last is None else "there_again" if was_away else "changed"
        changes = tuple(_changes(last, record, seen)) if last is not None else ()
        for name, value in facts_of(record).items():
            seen.setdefault(name, []).append(value)
        steps.append(Step(revision.seen_at, what, None, changes))
        last = record
    return steps


def facts_of(record: Record) -> dict[str, Any]:
    """Every fact by its name; months and custom fields one by one."""
    facts: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if field.name in _BOOKKEEPING:
            continue
        if field.name == "custom":
            facts |= dict(value)
        elif field.name in SERIES:
            facts |= {f"{field.name}.{each.month}": each.amount for each in value}
        else:
            facts[field.name] = value
    return facts


def _changes(old: Record, new: Record, seen: dict[str, list[Any]]) -> Iterator[FieldChange]:
    before, after = facts_of(old), facts_of(new)
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            again = after.get(name) in seen.get(name, ())
            # A cell that was cleared has no place any more; it stands where it stood.
            place = _place(new, name) or _place(old, name)
            yield FieldChange(name, before.get(name), after.get(name), place, again)


def _place(record: Record, name: str) -> str:
    return record.provenance.get(name) or record.provenance.get(f"custom.{name}", "")
