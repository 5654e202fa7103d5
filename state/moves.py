"""How dates moved: what the source's changelog tells and, where it is silent, what our revisions show."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise

from model.records import Move, Record, RecordKind

DATE_FIELDS: Mapping[RecordKind, tuple[str, ...]] = {
    RecordKind.WORK_ITEM: ("start", "due"),
    RecordKind.RELEASE: ("start", "release_date"),
    RecordKind.SPRINT: ("start", "end"),
    RecordKind.DEAL: ("close_date", "promised_date"),
    RecordKind.SAVING: ("planned_start",),
}
"""The dates that are planned or promised; when something was done is not a move."""


def moves_of(record: Record, history: Sequence[tuple[datetime, Record]]) -> tuple[Move, ...]:
    """All date moves of a record, oldest first.

    ``history`` holds what we saw, oldest first. A field that the changelog mentions is the changelog's; its times and
    names are better than ours.
    """
    told = {move.field for move in record.moves}
    silent = [field for field in _date_fields(record) if field not in told]
    moves = [*record.moves, *(move for field in silent for move in _seen(field, history))]
    return tuple(sorted(moves, key=lambda move: (move.at, move.field)))


def _date_fields(record: Record) -> list[str]:
    custom = [name for name, value in record.custom.items() if isinstance(value, date)]
    return [*DATE_FIELDS.get(record.kind, ()), *custom]


def _seen(field: str, history: Sequence[tuple[datetime, Record]]) -> Iterator[Move]:
    for (_, before), (seen_at, after) in pairwise(history):
        old, new = _day(before, field), _day(after, field)
        if old != new:
            yield Move(field, old, new, seen_at)


def _day(record: Record, field: str) -> date | None:
    value = record.custom[field] if field in record.custom else getattr(record, field, None)
    return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None
