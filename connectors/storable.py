"""Tells records that no database can hold from the others, so that one of them does not stop a read (S10)."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, cast

from model.errors import RecordError
from model.records import Record


def require_storable(record: Record) -> None:
    """Raise RecordError when a text of the record holds half a character (a lone surrogate) or a NUL."""
    values = (*_fields_of(cast(Hashable, type(record)))[1](record), *record.custom.values())
    texts = "".join([value for value in values if type(value) is str])
    texts += "".join([one for value in values if type(value) is tuple for one in value if isinstance(one, str)])
    try:
        texts.encode()
    except UnicodeEncodeError as error:
        raise RecordError(f"{_holder(record, _is_half)} holds half a character", location=record.id) from error
    if "\x00" in texts:
        raise RecordError(f"{_holder(record, _has_nul)} holds a NUL character", location=record.id)


def _texts(record: Record) -> Iterator[tuple[str, str]]:
    """The texts of a record, alone and in lists, each with the name of its field."""
    names, values = _fields_of(cast(Hashable, type(record)))
    for name, value in (*zip(names, values(record), strict=True), *record.custom.items()):
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, tuple):
            for one in value:
                if isinstance(one, str):
                    yield name, one


@cache
def _fields_of(record_type: Hashable) -> tuple[tuple[str, ...], Callable[[Record], tuple[Any, ...]]]:
    names = tuple(field.name for field in fields(cast(type[Record], record_type)))
    return names, attrgetter(*names)


def _holder(record: Record, spoilt: Callable[[str], bool]) -> str:
    return next(name for name, text in _texts(record) if spoilt(text))


def _has_nul(text: str) -> bool:
    return "\x00" in text


def _is_half(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)
