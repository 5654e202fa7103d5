"""How a disagreement of the past ended: somebody moved the commitment, or the work changed; what and when. Nobody is
named: systems disagree, people are not accused."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from model.findings import Finding
from model.money import Money, MonthAmount, total
from model.records import Record, RecordKind
from reconcile.wording import day_text, listed
from state.as_of import Then
from state.as_of_fields import told_by

_PROMISED: Mapping[RecordKind, tuple[str, ...]] = {
    RecordKind.DEAL: ("promised_date", "promised", "outcome"),
    RecordKind.SAVING: ("planned_start", "plan", "forecast", "run_rate", "enabler"),
    RecordKind.WORK_ITEM: ("due", "start", "releases", "sprint", "status", "light"),
    RecordKind.RELEASE: ("release_date", "released"),
    RecordKind.SPRINT: ("end",),
    RecordKind.MEASUREMENT: ("value", "target"),
}
"""What people change of a record when they act: what it promises or plans, and whether it still counts."""


class Ending(StrEnum):
    """How a disagreement ended."""

    ACTED = "acted"
    """Somebody changed the commitment: moved the promised date, planned the saving anew, gave the deal up."""
    WORK = "work"
    """The work changed, so that the commitment holds again."""
    OTHERWISE = "otherwise"
    """It is gone and no record that it names was changed: time passed, or the plan around it changed."""
    NOT_YET = "not_yet"
    """It stands on the last day."""


@dataclass(frozen=True, slots=True)
class End:
    """How, on which day, and what was changed, in words."""

    ending: Ending
    day: date
    says: str


def ending_of(
    finding: Finding, before: Mapping[str, Then], after: Mapping[str, Then], day: date, zone: ZoneInfo
) -> End:
    """Tell how a finding ended that stood on one replayed day and not on the next, which is ``day``.

    ``before`` and ``after`` are the records it names as they stood on the two.
    """
    for ending, ids in ((Ending.ACTED, _committed(finding)), (Ending.WORK, _work(finding))):
        for id_ in ids:
            end = _changed(before.get(id_), after.get(id_), day, zone)
            if end is not None:
                return End(ending, *end)
    return End(Ending.OTHERWISE, day, "no record that it names was changed")


def named(finding: Finding) -> frozenset[str]:
    """The ids of the records whose change may have ended a finding; some are nodes that are no records."""
    return frozenset((*_committed(finding), *_work(finding)))


def _committed(finding: Finding) -> Sequence[str]:
    """The side that promised: what the finding is about first, unless that is itself what slipped."""
    return [subject for subject in finding.subjects[:1] if subject != finding.cause]


def _work(finding: Finding) -> Collection[str]:
    nodes = [*filter(None, [finding.cause]), *(step.node for step in reversed(finding.chain))]
    return dict.fromkeys((*nodes, *(proof.record_id for proof in finding.evidence)))


def _changed(before: Then | None, after: Then | None, day: date, zone: ZoneInfo) -> tuple[date, str] | None:
    """On which day and what was changed of a record; None where nothing of that kind was."""
    if before is None or after is None:
        return None
    if after.absence is not None and before.absence is None:
        return day, f"{after.record.key} is not there any more ({after.absence.value.replace('_', ' ')})"
    changed = [
        name
        for name in _PROMISED[after.record.kind]
        if getattr(before.record, name, None) != getattr(after.record, name, None)
    ]
    if not changed:
        return None
    at = _last_told(after.record, changed, _seen(before))
    told = listed([_said(name, before.record, after.record) for name in changed])
    return (at.astimezone(zone).date() if at else day), f"{after.record.key}: {told}"


def _seen(then: Then) -> datetime | None:
    told = told_by(then.record)
    return told[-1].at if told else None


def _last_told(record: Record, names: Collection[str], after: datetime | None) -> datetime | None:
    """When the source says that one of these fields was last changed."""
    for told in reversed(told_by(record)):
        if told.field in names and (after is None or told.at > after):
            return told.at
    return None


def _said(name: str, before: Record, after: Record) -> str:
    words = name.replace("_", " ")
    old, new = _text(getattr(before, name, None)), _text(getattr(after, name, None))
    if old is None or new is None:
        return f"{words} changed"
    return f"{words} {old} -> {new}"


def _text(value: Any) -> str | None:
    """A value in a few words; None for what has no short form."""
    if value is None or value == "":
        return "blank"
    if isinstance(value, date):
        return day_text(value)
    if isinstance(value, tuple):
        amounts = [cell.amount for cell in value if isinstance(cell, MonthAmount)]
        return f"{total(amounts):,.0f} in all" if amounts else None
    if isinstance(value, Money):
        return f"{value.currency} {value.amount:,.0f}"
    return str(value)
