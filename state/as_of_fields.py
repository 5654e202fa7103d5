"""The fields of a record as they were at a moment: what a source's own history undoes or does anew, and what a day
tells by itself (nothing was finished before the day on which it was)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from model.money import Money, Month
from model.records import (
    Change,
    Deal,
    FieldValue,
    Move,
    Outcome,
    Record,
    Release,
    Saving,
    Sprint,
    StatusCategory,
    WorkItem,
)
from state.changes import RELEASES

Told = Move | Change
_ENDED = (StatusCategory.DONE, StatusCategory.DROPPED)


@dataclass(slots=True)
class Meanings:
    """What the texts of each source mean: which category a status has, and what became of a deal in a stage."""

    categories: dict[tuple[str, str], StatusCategory | None] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict)

    def learn(self, record: Record) -> None:
        """Take note of one record as it was seen; of two meanings the later one counts."""
        if isinstance(record, WorkItem):
            self.categories[record.source, record.status] = record.category
        elif isinstance(record, Deal):
            self.outcomes[record.source, record.stage] = record.outcome


def told_by(record: Record) -> tuple[Told, ...]:
    """Everything that the source's own history tells of a record, oldest first."""
    return tuple(sorted((*record.moves, *record.changes), key=lambda told: told.at))


def undone(record: Record, since: datetime, day: date, meanings: Meanings) -> Record:
    """The record before everything that happened to it after ``since``, as far as its source tells.

    ``day`` is the business day at whose end it is looked at.
    """
    later = [told for told in told_by(record) if told.at > since]
    values: dict[str, Any] = {}
    for told in reversed(later):  # so that the earliest one has the last word
        _set(values, record, told.field, told.old, gone=told.new)
    values["moves"] = tuple(move for move in record.moves if move.at <= since)
    values["changes"] = tuple(change for change in record.changes if change.at <= since)
    kept = [told.at for told in (*values["moves"], *values["changes"])]
    if record.changed is not None and record.changed > since:
        values["changed"] = max(kept, default=record.created)
    return _on(replace(record, **values), day, meanings, status_told="status" in values, stage_told="stage" in values)


def done_anew(record: Record, news: Iterable[Told], meanings: Meanings) -> Record:
    """The record after what happened to it since it was seen, oldest first."""
    news = list(news)
    values: dict[str, Any] = {}
    for told in news:
        _set(values, record, told.field, told.new, gone=told.old)
    values["moves"] = (*record.moves, *(told for told in news if isinstance(told, Move)))
    values["changes"] = (*record.changes, *(told for told in news if isinstance(told, Change)))
    values["changed"] = max([*(told.at for told in news), *filter(None, [record.changed])])
    after = replace(record, **values)
    if isinstance(after, WorkItem) and "status" in values:
        return _finished_by_status(after, meanings)
    if isinstance(after, Deal) and "stage" in values:
        return replace(after, outcome=meanings.outcomes.get((after.source, after.stage), Outcome.OPEN))
    return after


def telling_days(record: Record) -> frozenset[date]:
    """The days on which a record becomes something else although no history tells it."""
    if isinstance(record, WorkItem):
        return frozenset(filter(None, [record.finished, record.blocked_since]))
    if isinstance(record, Release):
        return frozenset(filter(None, [record.release_date if record.released else None]))
    if isinstance(record, Sprint):
        ends = record.end + timedelta(1) if record.end else None
        return frozenset(filter(None, [record.start, ends]))
    if isinstance(record, Saving):
        return frozenset(cell.month.first for cell in record.actual)
    return frozenset()


def _set(values: dict[str, Any], record: Record, name: str, text: FieldValue, *, gone: FieldValue) -> None:
    """Put one field to what it was or became; what no field of the record is called is left alone."""
    if name == RELEASES and isinstance(record, WorkItem):
        releases = [one for one in values.get(RELEASES, record.releases) if one != gone]
        values[RELEASES] = tuple(dict.fromkeys([*releases, *filter(None, [text])]))
    elif name in record.custom:
        values["custom"] = {**values.get("custom", record.custom), name: text}
    elif name in _names(type(record)):
        known = getattr(record, name)
        value: Any = text
        if name == "amount":
            value = _money(text, known)
        elif isinstance(known, Decimal) or name == "probability":
            value = _number(text)
        elif isinstance(known, str) and text is None:
            value = None if name in _OPTIONAL else ""
        values[name] = value


_OPTIONAL = frozenset({"resolution", "promised", "owner", "priority"})
_NAMES: dict[type[Record], frozenset[str]] = {}


def _names(record_type: type[Record]) -> frozenset[str]:
    known = _NAMES.get(record_type)
    if known is None:
        known = _NAMES[record_type] = frozenset(each.name for each in fields(record_type))
    return known


def _number(text: FieldValue) -> Decimal | None:
    try:
        return None if text is None else Decimal(str(text))
    except InvalidOperation:
        return None


def _money(text: FieldValue, known: Money | None) -> Money | None:
    """``480000 EUR``, or the bare number in the currency that the record has."""
    amount, _, currency = str(text or "").partition(" ")
    value = _number(amount) if amount else None
    currency = currency or (known.currency if known else "")
    return Money(value, currency) if value is not None and currency else None


def _on(record: Record, day: date, meanings: Meanings, *, status_told: bool, stage_told: bool) -> Record:
    """What the day alone tells of a record that was seen later."""
    if isinstance(record, WorkItem):
        if record.blocked_since is not None and record.blocked_since > day:
            record = replace(record, blocked_since=None, blocked_reason=None)
        if status_told:
            record = _finished_by_status(record, meanings)
        if record.finished is not None and record.finished > day:
            record = _open_again(record)
    elif isinstance(record, Release):
        if record.released and record.release_date is not None and record.release_date > day:
            record = replace(record, released=False, archived=False)
    elif isinstance(record, Sprint):
        record = replace(record, state=_sprint_state(record, day))
    elif isinstance(record, Deal) and stage_told:
        record = replace(record, outcome=meanings.outcomes.get((record.source, record.stage), Outcome.OPEN))
    elif isinstance(record, Saving):
        month = Month.of(day)
        record = replace(record, actual=tuple(cell for cell in record.actual if cell.month <= month))
    return record


def _finished_by_status(record: WorkItem, meanings: Meanings) -> WorkItem:
    """A status that was told brings its category along; what is open was neither finished nor resolved."""
    category = meanings.categories.get((record.source, record.status), StatusCategory.DOING)
    if category in _ENDED:
        return replace(record, category=category)
    return replace(record, category=category, finished=None, resolution=None)


def _open_again(record: WorkItem) -> WorkItem:
    category = StatusCategory.DOING if record.category in _ENDED else record.category
    return replace(record, category=category, finished=None, resolution=None)


def _sprint_state(record: Sprint, day: date) -> str:
    if record.start is not None and day < record.start:
        return "future"
    if record.end is not None and day > record.end:
        return "closed"
    return record.state if record.start is None or record.end is None else "active"


def fields_told(records: Iterable[Record]) -> Mapping[str, frozenset[str]]:
    """By source, the fields whose history it tells of any of these records."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for record in records:
        found[record.source].update(told.field for told in told_by(record))
    return {source: frozenset(names) for source, names in found.items()}
