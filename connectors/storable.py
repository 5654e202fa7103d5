"""Tells records that no database can hold from the others, so that one of them does not stop a read (S10)."""

from dataclasses import fields

from model.errors import RecordError
from model.records import Record


def require_storable(record: Record) -> None:
    """Raise RecordError when a text of the record holds half a character (a lone surrogate) or a NUL."""
    for name, value in _texts(record):
        if "\x00" in value:
            raise RecordError(f"{name} holds a NUL character", location=record.id)
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise RecordError(f"{name} holds half a character", location=record.id) from error


def _texts(record: Record) -> list[tuple[str, str]]:
    values = [(field.name, getattr(record, field.name)) for field in fields(record)]
    several = [(name, one) for name, value in [*values, *record.custom.items()] for one in _each(value)]
    return [(name, text) for name, text in several if isinstance(text, str)]


def _each(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)
