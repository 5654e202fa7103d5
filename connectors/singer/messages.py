"""The lines that a tap writes: SCHEMA, RECORD, STATE and ACTIVATE_VERSION."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SchemaMessage:
    """How the records of a stream look that follow."""

    stream: str
    schema: Row
    key_properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordMessage:
    """One record. ``version`` tells apart the readings of a whole table."""

    stream: str
    record: Row
    version: Any = None


@dataclass(frozen=True, slots=True)
class StateMessage:
    """From where the tap can go on: everything before it was told."""

    value: Any


@dataclass(frozen=True, slots=True)
class ActivateVersionMessage:
    """A whole table was told: records of the stream with another version are gone."""

    stream: str
    version: Any


Message: TypeAlias = SchemaMessage | RecordMessage | StateMessage | ActivateVersionMessage


def parse(line: bytes) -> Message:
    """Read one line; numbers become exact decimals. Raise ValueError telling what is wrong, without the line's text."""
    told = _decoded(line)
    if not isinstance(told, dict):
        raise ValueError("is no message: it holds no JSON object")
    kind = told.get("type")
    if kind == "RECORD":
        return RecordMessage(_text(told, "stream"), _mapping(told, "record"), told.get("version"))
    if kind == "SCHEMA":
        return SchemaMessage(_text(told, "stream"), _mapping(told, "schema"), _keys(told.get("key_properties")))
    if kind == "STATE":
        if "value" not in told:
            raise ValueError("is a STATE without a value")
        return StateMessage(json.loads(line)["value"])
    if kind == "ACTIVATE_VERSION":
        return ActivateVersionMessage(_text(told, "stream"), told.get("version"))
    if kind == "BATCH":
        raise ValueError("is a BATCH message, which is not supported: switch batches off in the tap's config")
    raise ValueError(f"has the unknown type {str(kind)[:40]!r}" if kind else "is no message: it has no type")


def decode(text: bytes) -> Any:
    """Read JSON with exact numbers. Raise ValueError for anything else, however deeply nested."""
    try:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=str)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


def _decoded(line: bytes) -> Any:
    try:
        return decode(line)
    except ValueError as error:
        begins = "broken JSON" if line.lstrip().startswith(b"{") else "no JSON"
        raise ValueError(f"is {begins}") from error


def _text(told: Row, name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"is a {told['type']} without a {name}")
    return value


def _mapping(told: Row, name: str) -> Row:
    value = told.get(name)
    if not isinstance(value, dict):
        raise ValueError(f"is a {told['type']} without a {name}")
    return value


def _keys(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(key, str) for key in value):
        return tuple(value)
    raise ValueError("is a SCHEMA whose key_properties are no list of names")
