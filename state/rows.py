"""Between records and their rows: the typed columns, the names a record is found by, and the way back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, Select, or_

from model.keys import normalise_key, record_id
from model.reading import Observed
from model.records import Absence, Deal, Record, Release, Sprint, WorkItem
from state import tables
from state.codec import Encoded, decode_record, encode_record, fits_index

if TYPE_CHECKING:
    AnyRow = Row[*tuple[Any, ...]]
    AnySelect = Select[*tuple[Any, ...]]
else:  # subscripting these differs between the versions of SQLAlchemy
    AnyRow, AnySelect = Row, Select

GONE = (Absence.DELETED, Absence.MOVED)
"""The absences that change what we conclude; a record absent for another reason counts as it was last seen (D.2)."""

_TYPED: Mapping[str, Any] = dict.fromkeys(
    (
        "category",
        "start_date",
        "due",
        "finished",
        "parent_id",
        "sprint_id",
        "release_date",
        "released",
        "end_date",
        "outcome",
    )
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A record that can be stored, as text. Its rows are made only when they are written."""

    record: Record
    encoded: Encoded

    @property
    def row(self) -> dict[str, Any]:
        """The row of the record without our own times."""
        record, encoded = self.record, self.encoded
        return {
            "id": record.id,
            "source": record.source,
            "native_id": record.native_id,
            "kind": record.kind.value,
            "key": record.key,
            "title": record.title,
            "container": record.container,
            "facts": encoded.facts,
            "facts_hash": encoded.facts_hash,
            "trace": encoded.trace,
            "trace_hash": encoded.trace_hash,
            **_TYPED,
            **_typed(record),
        }

    @property
    def names(self) -> dict[str, str]:
        """The normalised names it is found by, and what each of them is."""
        return _names(self.record)

    @property
    def release_ids(self) -> list[str]:
        """The releases that a work item belongs to."""
        releases = self.record.releases if isinstance(self.record, WorkItem) else ()
        return [record_id(self.record.source, release) for release in dict.fromkeys(releases)]


def prepare(record: Record) -> Prepared:
    """Make a record ready; raise RecordError when it cannot be stored."""
    return Prepared(record, encode_record(record))


def _typed(record: Record) -> dict[str, str | date | bool | None]:
    """The columns that roll-ups and joins need, repeated from the facts."""
    if isinstance(record, WorkItem):
        return {
            "category": record.category.value if record.category else None,
            "start_date": record.start,
            "due": record.due,
            "finished": record.finished,
            "parent_id": record_id(record.source, record.parent) if record.parent else None,
            "sprint_id": record_id(record.source, record.sprint) if record.sprint else None,
        }
    if isinstance(record, Release):
        return {"start_date": record.start, "release_date": record.release_date, "released": record.released}
    if isinstance(record, Sprint):
        return {"start_date": record.start, "end_date": record.end}
    if isinstance(record, Deal):
        return {"outcome": record.outcome.value}
    return {}


def _names(record: Record) -> dict[str, str]:
    """Normalised names and what they are; the most telling meaning of a name comes first and stays."""
    spoken = [(record.key, "key"), (record.native_id, "native")]
    if isinstance(record, Release) and record.container:
        spoken.append((f"{record.container}/{record.key}", "qualified"))
    spoken += [(former, "former") for former in record.former_keys]
    found: dict[str, str] = {}
    for text, what in spoken:
        name = normalise_key(text)
        if name and fits_index(name):
            found.setdefault(name, what)
    return found


def standing() -> ColumnElement[bool]:
    """The condition for records that still count: present, or absent for a reason that proves nothing."""
    return or_(tables.records.c.absence.is_(None), tables.records.c.absence.not_in(GONE))


def observed(row: AnyRow, read_at: datetime | None) -> Observed:
    """A stored record with our times; one that is present was confirmed by the last complete read of its source."""
    return Observed(decode_record(row.kind, row.facts, row.trace), row.first_seen, last_seen(row, read_at))


def last_seen(row: AnyRow, read_at: datetime | None) -> datetime:
    """When a record was last confirmed: an unchanged row is not written anew, its source's read stands for it."""
    seen: datetime = row.seen_at
    if row.absence is None and read_at is not None and read_at > seen:
        return read_at
    return seen
