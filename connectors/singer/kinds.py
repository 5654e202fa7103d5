"""Which fields each kind of record takes from a stream, and how the value of each is read."""

import re
from collections.abc import Mapping
from enum import StrEnum

from model.records import RecordKind


class FieldType(StrEnum):
    """How a value of a stream is read."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    LIST = "list"
    URL = "url"
    LIGHT = "light"
    REFERENCE = "reference"
    REFERENCES = "references"
    NEEDS = "needs"


class CustomType(StrEnum):
    """How the value of an extra field is read."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    LIST = "list"


MONTH_FIELD = re.compile(r"(plan|forecast|actual)\.(\d{4}-(?:0[1-9]|1[0-2]))")
"""The name of a field that holds what one month has of a saving's plan, forecast or actuals."""

_EVERY_RECORD = {
    "key": FieldType.TEXT,
    "title": FieldType.TEXT,
    "url": FieldType.URL,
    "owner": FieldType.TEXT,
    "created": FieldType.DATETIME,
    "changed": FieldType.DATETIME,
}

FIELDS: Mapping[RecordKind, Mapping[str, FieldType]] = {
    RecordKind.WORK_ITEM: _EVERY_RECORD
    | {
        "type": FieldType.TEXT,
        "status": FieldType.TEXT,
        "resolution": FieldType.TEXT,
        "start": FieldType.DATE,
        "due": FieldType.DATE,
        "finished": FieldType.DATE,
        "parent": FieldType.REFERENCE,
        "releases": FieldType.REFERENCES,
        "sprint": FieldType.REFERENCE,
        "needs": FieldType.NEEDS,
        "labels": FieldType.LIST,
        "components": FieldType.LIST,
        "estimate": FieldType.NUMBER,
        "remaining": FieldType.NUMBER,
        "priority": FieldType.TEXT,
        "blocked_since": FieldType.DATE,
        "blocked_reason": FieldType.TEXT,
        "light": FieldType.LIGHT,
    },
    RecordKind.RELEASE: _EVERY_RECORD
    | {
        "start": FieldType.DATE,
        "release_date": FieldType.DATE,
        "released": FieldType.BOOLEAN,
        "archived": FieldType.BOOLEAN,
    },
    RecordKind.SPRINT: _EVERY_RECORD | {"state": FieldType.TEXT, "start": FieldType.DATE, "end": FieldType.DATE},
    RecordKind.DEAL: _EVERY_RECORD
    | {
        "stage": FieldType.TEXT,
        "outcome": FieldType.TEXT,
        "amount": FieldType.NUMBER,
        "currency": FieldType.TEXT,
        "probability": FieldType.NUMBER,
        "close_date": FieldType.DATE,
        "promised_date": FieldType.DATE,
        "promised": FieldType.TEXT,
        "account": FieldType.TEXT,
    },
    RecordKind.SAVING: _EVERY_RECORD
    | {
        "currency": FieldType.TEXT,
        "planned_start": FieldType.DATE,
        "run_rate": FieldType.NUMBER,
        "baseline": FieldType.NUMBER,
        "one_time_cost": FieldType.NUMBER,
        "light": FieldType.LIGHT,
        "stage_gate": FieldType.TEXT,
        "controller": FieldType.TEXT,
        "enabler": FieldType.TEXT,
    },
    RecordKind.MEASUREMENT: _EVERY_RECORD
    | {
        "metric": FieldType.TEXT,
        "value": FieldType.NUMBER,
        "target": FieldType.NUMBER,
        "unit": FieldType.TEXT,
        "period": FieldType.TEXT,
        "reporter": FieldType.TEXT,
    },
}
"""Field name to type, for each kind of record."""


def field_type(kind: RecordKind, name: str) -> FieldType | None:
    """How a field of a kind of record is read; None when the kind has no such field."""
    if kind is RecordKind.SAVING and MONTH_FIELD.fullmatch(name):
        return FieldType.NUMBER
    return FIELDS[kind].get(name)
