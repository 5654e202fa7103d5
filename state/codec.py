"""Values to JSON text and back. What was stored once reads the same for ever: numbers exact, dates as dates."""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar, cast

import orjson
from pydantic import TypeAdapter

from model.errors import RecordError, StateError
from model.records import RECORD_TYPES, FieldValue, Record, RecordKind, WorkItem
from state.faults import Fault, count

LARGEST_RECORD_BYTES = 2_000_000
LONGEST_NAME_BYTES = 1000
"""The longest id or name in an index; PostgreSQL refuses index rows of more than 2,700 bytes, which hold two names."""

_MOST_BYTES_OF_A_CHARACTER = 4
_TRACE = frozenset({"url", "changed", "provenance"})
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_Value = TypeVar("_Value")


class Encoded(NamedTuple):
    """A record as text: what it says, and where and when its source said it; each with its hash."""

    facts: str
    facts_hash: bytes
    trace: str
    trace_hash: bytes


def encode_record(record: Record) -> Encoded:
    """Write a record as JSON with sorted keys, fields at their default left out.

    Leaving defaults out keeps the hash of every stored record when a later version adds a field. Raise RecordError for
    what cannot be stored: a lone surrogate, NUL, a number that is none, a time without a zone, a monstrous size (S10).
    """
    try:
        _check(record)
        facts, trace = _written(record)
        written = _dumps(facts), _dumps(trace)
    except (orjson.JSONEncodeError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"cannot be stored: {error.__cause__ or error}", location=printable(record.id)) from error
    for text in written:
        if len(text) > LARGEST_RECORD_BYTES:
            raise RecordError(f"is larger than {LARGEST_RECORD_BYTES:,} bytes", location=record.id)
        if b"\\u0000" in text and _NUL.search(text):
            raise RecordError("holds a NUL character", location=printable(record.id))
    return Encoded(written[0].decode(), content_hash(written[0]), written[1].decode(), content_hash(written[1]))


def decode_record(kind: str, facts: str, trace: str) -> Record:
    """Read a stored record; raise StateError for what was never written so (C9)."""
    try:
        values = orjson.loads(facts)
        values.update(orjson.loads(trace))
        if "custom" in values:
            values["custom"] = {name: _custom_read(value) for name, value in values["custom"].items()}
        provenance = values.pop("provenance", None)
        record: Record = _reader(kind)(values)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged("record") from error
    if provenance:
        object.__setattr__(record, "provenance", _shared(tuple(provenance.items())))
    return record


@cache
def _reader(kind: str) -> Callable[[Mapping[str, Any]], Any]:
    return _adapter(cast(Hashable, RECORD_TYPES[RecordKind(kind)])).validator.validate_python


@lru_cache(maxsize=1024)
def _shared(provenance: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """Most records of a source come from the same fields, and telling which takes more room than what they say."""
    return dict(provenance)


def encode(value: Any) -> str:
    """Write a frozen value of the vocabulary (not a record: custom fields need their tags)."""
    return _dumps(value).decode()


def decode(value_type: type[_Value], text: str) -> _Value:
    """Read what ``encode`` wrote; raise StateError for what it did not (C9)."""
    try:
        return cast(_Value, _adapter(cast(Hashable, value_type)).validate_json(text))
    except ValueError as error:
        raise _damaged(value_type.__name__) from error


def _damaged(what: str) -> StateError:
    count(Fault.DAMAGED)
    return StateError(f"the state is damaged: a stored {what} cannot be read", hint="restore the last backup")


def content_hash(content: bytes) -> bytes:
    """A short hash by which two contents are compared."""
    return blake2b(content, digest_size=16).digest()


def printable(text: str) -> str:
    """Make a foreign text storable in both databases: what they refuse is written as an escape."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def fits_index(text: str) -> bool:
    """Whether a text is short enough to be found by."""
    if len(text) <= LONGEST_NAME_BYTES // _MOST_BYTES_OF_A_CHARACTER:
        return True
    return len(text) <= LONGEST_NAME_BYTES and len(text.encode("utf-8", "surrogatepass")) <= LONGEST_NAME_BYTES


def _check(record: Record) -> None:
    if not record.native_id:
        raise ValueError("it has no id")
    names = (record.id, record.container, *_neighbours(record))
    # Almost always they fit all together.
    if not (fits_index("".join(names)) or all(map(fits_index, names))):
        raise ValueError(f"an id or the container's name is longer than {LONGEST_NAME_BYTES} bytes")
    told = [move.at for move in record.moves] + [change.at for change in record.changes]
    for time in (record.created, record.changed, *told):
        if time is not None and time.tzinfo is not UTC and time.utcoffset() is None:
            raise ValueError("a time has no zone")


def _neighbours(record: Record) -> tuple[str, ...]:
    """The ids by which a work item names others."""
    if not isinstance(record, WorkItem):
        return ()
    return (record.parent or "", record.sprint or "", *record.releases)


def _written(record: Record) -> tuple[dict[str, Any], dict[str, Any]]:
    fields_of = _fields_of(cast(Hashable, type(record)))
    facts, trace = fields_of.facts(record), fields_of.trace(record)
    if "custom" in facts:
        facts["custom"] = {name: _custom_written(name, value) for name, value in record.custom.items()}
    if "provenance" in trace:
        trace["provenance"] = _provenance_written(record.provenance)
    return facts, trace


def _provenance_written(provenance: Mapping[str, str]) -> orjson.Fragment:
    """The records of a source share a few mappings, each of which is written once. What is kept is kept with its
    mapping, so that no other one can have its id meanwhile."""
    known = _WRITTEN.get(id(provenance))
    if known is None:
        if len(_WRITTEN) >= _MOST_WRITTEN:
            _WRITTEN.clear()
        known = _WRITTEN[id(provenance)] = (provenance, orjson.Fragment(_dumps(dict(provenance))))
    return known[1]


_WRITTEN: dict[int, tuple[Mapping[str, str], orjson.Fragment]] = {}
_MOST_WRITTEN = 1024


@dataclass(frozen=True, slots=True)
class _Part:
    """Some fields of a kind of record, taken from one all at once."""

    names: tuple[str, ...]
    defaults: tuple[Any, ...]
    values: Callable[[Record], tuple[Any, ...]]

    @classmethod
    def of(cls, known: "Sequence[Field[Any]]") -> "_Part":
        names = tuple(field.name for field in known)
        return cls(names, tuple(map(_default, known)), attrgetter(*names))

    def __call__(self, record: Record) -> dict[str, Any]:
        """The fields that are not at their default."""
        return {
            name: value
            for name, value, default in zip(self.names, self.values(record), self.defaults, strict=False)
            if value is not default and (default is None or value != default)
        }


@dataclass(frozen=True, slots=True)
class _Parts:
    facts: _Part
    trace: _Part


@cache
def _fields_of(record_type: Hashable) -> _Parts:
    known = fields(cast(type[Record], record_type))
    return _Parts(
        _Part.of([field for field in known if field.name not in _TRACE]),
        _Part.of([field for field in known if field.name in _TRACE]),
    )


def _default(field: "Field[Any]") -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _custom_written(name: str, value: FieldValue) -> Any:
    """Tag what JSON cannot tell apart from a text; ``datetime`` is a ``date`` and comes first."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Decimal):
        return {"number": value}
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise ValueError(f"the time in {name} has no zone")
        return {"time": value}
    if isinstance(value, date):
        return {"date": value}
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"the field {name} holds a {type(value).__name__}")


def _custom_read(value: Any) -> FieldValue:
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, Mapping):
        return cast(FieldValue, value)
    ((tag, text),) = value.items()
    readers: dict[str, Callable[[str], FieldValue]] = {
        "number": Decimal,
        "time": datetime.fromisoformat,
        "date": date.fromisoformat,
    }
    return readers[tag](text)


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, default=_foreign, option=orjson.OPT_SORT_KEYS)


def _foreign(value: Any) -> str:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is not a number")
        return str(value)
    raise TypeError(f"a {type(value).__name__} cannot be stored")


@cache
def _adapter(value_type: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast(Any, value_type))
