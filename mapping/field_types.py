"""What the built-in fields of records hold, so that a rule that asks for something else is refused when it is read."""

import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Union

from mapping.comparison import DATE_WORDS, NUMBER_WORDS, Bound
from mapping.facts import ATTRIBUTES, number_text
from mapping.wording import did_you_mean
from model.money import Money
from model.records import RECORD_TYPES, RecordKind

_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?")
_MONEY = re.compile(r"[+-]?\d{1,15}(\.\d{1,4})?( [A-Z]{3})?")


class Sort(StrEnum):
    """The sorts of values; each is called by how people call it."""

    TEXT = "text"
    NUMBER = "a number"
    MONEY = "money"
    DATE = "a date"
    TIME = "a time"
    FLAG = "true or false"
    CHOICE = "one of few words"


@dataclass(frozen=True, slots=True)
class FieldType:
    """The sort of a field; ``choices`` are the words of a choice."""

    sort: Sort
    choices: tuple[str, ...] = ()

    def refuses_value(self, text: str) -> str | None:
        """A hint when no value of the field can ever be this text; None when one can."""
        match self.sort:
            case Sort.NUMBER if not _NUMBER.fullmatch(text):
                return "write a number, as 3 or 0.5"
            case Sort.NUMBER if number_text(Decimal(text)) != text:
                return f"write it without quotes: {number_text(Decimal(text))}"
            case Sort.MONEY if not _MONEY.fullmatch(text):
                return "write an amount, as 250000 or 250000 EUR"
            case Sort.DATE if not _is(text, date):
                return "write a date, as 2026-09-30"
            case Sort.TIME if len(text) < 11 or not _is(text, datetime):
                return "compare its day: {since: 2026-09-30, until: 2026-09-30}"
            case Sort.FLAG if text not in {"true", "false"}:
                return "write true or false"
            case Sort.CHOICE if text.strip().casefold() not in self.choices:
                return did_you_mean(text, self.choices, "one of")
        return None

    def refuses_bound(self, bound: Bound) -> str | None:
        """A hint when the field cannot be compared in this way."""
        if bound.word == "known":
            return None
        if self.sort in {Sort.NUMBER, Sort.MONEY}:
            if bound.word not in NUMBER_WORDS:
                return f"compare it with {_or(NUMBER_WORDS)}"
            plain = self.sort is Sort.NUMBER and isinstance(bound.operand, Money)
            return "write the number without a currency" if plain else None
        if self.sort in {Sort.DATE, Sort.TIME}:
            return None if bound.word in DATE_WORDS else f"compare it with {_or(DATE_WORDS)}"
        return "write the value that it must have"


def _types_of(kind: RecordKind) -> dict[str, FieldType]:
    hints = typing.get_type_hints(RECORD_TYPES[kind])
    return {name: _type_of(hints[name]) for name in ATTRIBUTES[kind]}


def _type_of(hint: object) -> FieldType:
    if typing.get_origin(hint) in (Union, types.UnionType, tuple):
        return _type_of(next(each for each in typing.get_args(hint) if each not in (type(None), ...)))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return FieldType(Sort.CHOICE, tuple(str(member.value) for member in hint))
    return FieldType(_SORTS.get(hint, Sort.TEXT))


_SORTS: Mapping[object, Sort] = {
    bool: Sort.FLAG,
    Decimal: Sort.NUMBER,
    Money: Sort.MONEY,
    date: Sort.DATE,
    datetime: Sort.TIME,
}
FIELD_TYPES: Mapping[RecordKind, Mapping[str, FieldType]] = {kind: _types_of(kind) for kind in RecordKind}
"""The type of every built-in field that a rule may ask for, by kind."""


def _is(text: str, sort: type[date]) -> bool:
    try:
        sort.fromisoformat(text)
    except ValueError:
        return False
    return True


def _or(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
