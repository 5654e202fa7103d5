"""How fields that are no dates changed: what the source's changelog tells and, where it is silent, our revisions."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from model.records import Change, Record, RecordKind

RELEASES = "releases"
CHANGE_FIELDS: Mapping[RecordKind, tuple[str, ...]] = {
    RecordKind.WORK_ITEM: ("status", "resolution", RELEASES),
    RecordKind.DEAL: ("stage", "promised"),
}
"""What tells whether work will come and with which release, and what a deal was promised."""


def changes_of(record: Record, history: Sequence[tuple[datetime, Record]]) -> tuple[Change, ...]:
    """All such changes of a record, oldest first.

    ``history`` holds what we saw, oldest first. A field that the changelog mentions is the changelog's; its times and
    names are better than ours, which are those of the reading that showed it first and name nobody.
    """
    told = {change.field for change in record.changes}
    silent = [field for field in CHANGE_FIELDS.get(record.kind, ()) if field not in told]
    changes = [*record.changes, *(change for field in silent for change in _seen(field, history))]
    return tuple(sorted(changes, key=lambda change: change.at))


def _seen(field: str, history: Sequence[tuple[datetime, Record]]) -> Iterator[Change]:
    for (_, before), (seen_at, after) in pairwise(history):
        old, new = getattr(before, field), getattr(after, field)
        if old == new:
            continue
        if field != RELEASES:
            yield Change(field, old or None, new or None, seen_at)
            continue
        yield from (Change(field, one, None, seen_at) for one in old if one not in new)
        yield from (Change(field, None, one, seen_at) for one in new if one not in old)
