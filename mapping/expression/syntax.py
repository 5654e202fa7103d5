"""The tree of a checked expression, and how it is written. Negations stand only where the writer put one."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from mapping.expression.fields import Field, Type
from mapping.expression.scanner import KEYWORDS
from mapping.facts import number_text
from model.money import Money

Value: TypeAlias = str | Decimal | Money | date | bool | int


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the text: characters from 0, the end not included."""

    start: int
    end: int

    def to(self, other: "Place") -> "Place":
        return Place(self.start, other.end)


@dataclass(frozen=True, slots=True)
class Literal:
    """A fixed value."""

    type: Type
    value: Value
    place: Place = dataclasses.field(compare=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A field of the record."""

    field: Field
    place: Place = dataclasses.field(compare=False)

    @property
    def type(self) -> Type:
        return self.field.type


@dataclass(frozen=True, slots=True)
class Today:
    """The day of the run."""

    place: Place = dataclasses.field(compare=False)

    @property
    def type(self) -> Type:
        return Type.DATE


@dataclass(frozen=True, slots=True)
class Shifted:
    """A day some calendar days later, or earlier where they are negative."""

    base: "Asked | Today | Literal"
    days: int
    place: Place = dataclasses.field(compare=False)

    @property
    def type(self) -> Type:
        return self.base.type


Operand: TypeAlias = Literal | Asked | Today | Shifted


@dataclass(frozen=True, slots=True)
class Compare:
    """``sign`` is one of ``= < <= > >=``; ``!=`` is the negation of ``=``."""

    sign: str
    left: Operand
    right: Operand
    place: Place = dataclasses.field(compare=False)


@dataclass(frozen=True, slots=True)
class OneOf:
    """The operand, or any text of a list, is one of the values."""

    left: Operand
    values: tuple[Literal, ...]
    place: Place = dataclasses.field(compare=False)


@dataclass(frozen=True, slots=True)
class Contains:
    """A list has the text, or a text has the other inside."""

    left: Operand
    right: Operand
    place: Place = dataclasses.field(compare=False)


@dataclass(frozen=True, slots=True)
class Like:
    """The whole text, or any text of a list, fits a pattern of ``*`` and ``?``."""

    left: Operand
    pattern: str
    place: Place = dataclasses.field(compare=False)


@dataclass(frozen=True, slots=True)
class Empty:
    """The record says nothing there."""

    asked: Operand
    place: Place = dataclasses.field(compare=False)


@dataclass(frozen=True, slots=True)
class Flag:
    """A field that is true."""

    asked: Asked
    place: Place = dataclasses.field(compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """What is known not to hold."""

    part: "Condition"
    place: Place = dataclasses.field(compare=False)


@dataclass(frozen=True, slots=True)
class All:
    """Joined with ``and``."""

    parts: "tuple[Condition, ...]"
    place: Place = dataclasses.field(compare=False)


@dataclass(frozen=True, slots=True)
class Some:
    """Joined with ``or``."""

    parts: "tuple[Condition, ...]"
    place: Place = dataclasses.field(compare=False)


Condition: TypeAlias = Compare | OneOf | Contains | Like | Empty | Flag | Not | All | Some


def operands(condition: Condition) -> Iterator[Operand]:
    """All operands in the order of the text."""
    match condition:
        case All(parts) | Some(parts):
            for part in parts:
                yield from operands(part)
        case Not(part):
            yield from operands(part)
        case Compare(_, left, right) | Contains(left, right):
            yield from (left, right)
        case OneOf(left) | Like(left):
            yield left
        case Empty(asked) | Flag(asked):
            yield asked


def base_of(operand: Operand) -> Literal | Asked | Today:
    """What stands there before days are added."""
    return operand.base if isinstance(operand, Shifted) else operand


def written(condition: Condition) -> str:
    """Write a condition so that it is read again as the same."""
    match condition:
        case All(parts):
            return " and ".join(f"({written(part)})" if isinstance(part, Some) else written(part) for part in parts)
        case Some(parts):
            return " or ".join(written(part) for part in parts)
        case Not(part):
            return f"not ({written(part)})" if isinstance(part, (All, Some)) else _single(part, negated=True)
        case _:
            return _single(condition, negated=False)


def _single(condition: Condition, *, negated: bool) -> str:
    no = "not " if negated else ""
    match condition:
        case Compare(sign, left, right) if negated and sign == "=":
            return f"{_operand(left)} != {_operand(right)}"
        case Compare(sign, left, right):
            return f"{no}{_operand(left)} {sign} {_operand(right)}"
        case OneOf(left, values):
            return f"{_operand(left)} {no}in [{', '.join(map(_operand, values))}]"
        case Contains(left, right):
            return f"{_operand(left)} {no}contains {_operand(right)}"
        case Like(left, pattern):
            return f"{_operand(left)} {no}like {_quoted(pattern)}"
        case Empty(asked):
            return f"{_operand(asked)} is {no}empty"
        case Flag(asked):
            return no + _operand(asked)
    return written(condition)


def _operand(operand: Operand) -> str:
    match operand:
        case Literal(_, value):
            return _value(operand.type, value)
        case Asked(asked):
            plain = asked.name.isidentifier() and asked.name.isprintable() and asked.name.lower() not in KEYWORDS
            return asked.name if plain else f"fields[{_quoted(asked.name)}]"
        case Today():
            return "today"
        case Shifted(base, days):
            return f"{_operand(base)} {'-' if days < 0 else '+'} {abs(days)}d"


def _value(value_type: Type, value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Money):
        return f"{number_text(value.amount)} {value.currency}"
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return f"{value}d" if value_type is Type.DAYS else _quoted(str(value))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if "'" in text else f"'{text}'"
