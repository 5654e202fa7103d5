"""Tells records that no database can hold from the others, so that one of them does not stop a read (S10)."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import fields
from functools import cache
from operator import attrgetter
from types import UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

from model.errors import RecordError
from model.records import Record


def require_storable(record: Record) -> None:
    """Raise RecordError when a text of the record holds half a character (a lone surrogate) or a NUL."""
    values = _texts_of(cast(Hashable, type(record)))(record)
    if record.custom:
        values = (*values, *record.custom.values())
    texts = "".join([value for value in values if type(value) is str])
    for value in values:
        if value and type(value) is tuple:
            texts += "".join([one for one in value if isinstance(one, str)])
    if texts.isascii() and "\x00" not in texts:
        return
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


@cache
def _texts_of(record_type: Hashable) -> Callable[[Record], tuple[Any, ...]]:
    """What gives the fields that may hold a text or several, which are less than half of them."""
    declared = get_type_hints(cast(type[Record], record_type))
    names, _ = _fields_of(record_type)
    return attrgetter(*(name for name in names if str in _plain_types(declared[name])))


def _plain_types(declared: Any) -> set[Any]:
    """The types that a declaration is made of: those of a union, and of what a tuple holds."""
    inner = get_args(declared) if isinstance(declared, UnionType) or get_origin(declared) is tuple else ()
    return {declared}.union(*(_plain_types(one) for one in inner))


def _holder(record: Record, spoilt: Callable[[str], bool]) -> str:
    return next(name for name, text in _texts(record) if spoilt(text))


def _has_nul(text: str) -> bool:
    return "\x00" in text


def _is_half(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)
