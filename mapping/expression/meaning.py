"""What operators mean for which types. Every condition of a tree is made here, so that none is ill-typed."""

import dataclasses
import re
from collections.abc import Sequence
from typing import TypeAlias

from mapping.expression.errors import ExpressionError
from mapping.expression.fields import Type
from mapping.expression.scanner import Token
from mapping.expression.syntax import (
    All,
    Asked,
    Compare,
    Condition,
    Contains,
    Empty,
    Flag,
    Like,
    Literal,
    Not,
    OneOf,
    Operand,
    Place,
    Shifted,
    Some,
    Today,
    base_of,
)
from mapping.facts import fold
from mapping.wording import did_you_mean

Part: TypeAlias = Operand | Condition

_ORDERED = {Type.NUMBER, Type.MONEY, Type.DATE, Type.TIME}
_MOMENTS = {Type.DATE, Type.TIME}
_NUMBER_OR_DATE = re.compile(r"\s*(-?\d+(\.\d+)?|\d{4}-\d{2}-\d{2})\s*")
_MOST_DAYS = 36_600


def operand(part: Part, sign: Token) -> Operand:
    """A value, not a condition."""
    if isinstance(part, (Literal, Asked, Today, Shifted)):
        return part
    message = f"a value must stand beside {sign.written}, not a condition"
    raise _at(sign, message, "join conditions with and: 1 < estimate and estimate < 5")


def condition(part: Part) -> Condition:
    """A condition: a comparison, or a field that is true or false."""
    if not isinstance(part, (Literal, Asked, Today, Shifted)):
        return part
    if isinstance(part, Asked) and part.type in {Type.BOOLEAN, Type.ANY}:
        return Flag(part, part.place)
    hint = "compare it with something"
    if isinstance(part, Asked):
        name = part.field.name
        hint = f"write {name} contains '…'" if part.type is Type.TEXTS else f"write {name} = …, or {name} is not empty"
    raise _wrong(part, f"a condition must stand here, not {_article(part.type)}", hint)


def both(parts: Sequence[Condition]) -> Condition:
    """Join with ``and``."""
    flat = [each for part in parts for each in (part.parts if isinstance(part, All) else (part,))]
    return All(tuple(flat), parts[0].place.to(parts[-1].place))


def either(parts: Sequence[Condition]) -> Condition:
    """Join with ``or``."""
    flat = [each for part in parts for each in (part.parts if isinstance(part, Some) else (part,))]
    return Some(tuple(flat), parts[0].place.to(parts[-1].place))


def negation(part: Condition, start: int) -> Condition:
    """Negate; a double negation is none."""
    place = Place(start, part.place.end)
    return dataclasses.replace(part.part, place=place) if isinstance(part, Not) else Not(part, place)


def comparison(sign: Token, left: Operand, right: Operand) -> Condition:
    """``= != < <= > >=``. The types must be equal; a date may be compared with a time, a list with one of its texts."""
    _refuse_fixed(sign, left, right)
    _check_values(left, right)
    place = left.place.to(right.place)
    if sign.value == "!=":
        return negation(_equal(sign, left, right, place), place.start)
    if sign.value == "=":
        return _equal(sign, left, right, place)
    types = {left.type, right.type} - {Type.ANY}
    if types <= _ORDERED and (len(types) <= 1 or types == _MOMENTS):
        return Compare(str(sign.value), left, right, place)
    if types == {Type.TEXT}:
        hint = _quoted_hint(left, right) or "texts are compared with =, !=, in, contains or like"
        raise _at(sign, f"{sign.written} says nothing about texts", hint)
    if len(types) == 1:
        raise _at(sign, f"{sign.written} says nothing about {_article(types.pop())}", "")
    raise _mismatch(sign, left, right)


def _equal(sign: Token, left: Operand, right: Operand, place: Place) -> Condition:
    types = {left.type, right.type}
    for one, other in ((left, right), (right, left)):
        flags = isinstance(other, Literal) and other.type is Type.BOOLEAN
        if flags and isinstance(one, Asked) and one.type in {Type.BOOLEAN, Type.ANY}:
            flag = Flag(one, place)
            return flag if isinstance(other, Literal) and other.value else Not(flag, place)
        if one.type is Type.TEXTS and other.type is Type.TEXT:
            return Contains(one, other, place)
    alike = len(types) == 1 and types <= _ORDERED | {Type.TEXT, Type.BOOLEAN}
    dynamic = Type.ANY in types and types <= _ORDERED | {Type.TEXT, Type.ANY}
    if alike or dynamic or types == _MOMENTS:
        return Compare("=", left, right, place)
    raise _mismatch(sign, left, right)


def membership(sign: Token, left: Operand, right: Operand | tuple[Literal, ...], end: int) -> Condition:
    """``in``: one of the listed values, or a text that a list has."""
    place = Place(left.place.start, end)
    if not isinstance(right, tuple):
        if right.type is Type.TEXTS and left.type in {Type.TEXT, Type.ANY}:
            return Contains(right, left, place)
        if right.type is Type.ANY and left.type is Type.TEXT:
            return Compare("=", right, left, place)
        hint = "write a list in square brackets, or use contains to look inside a text"
        raise _at(sign, f"'in' needs a list, not {_article(right.type)}", hint)
    if isinstance(left, Literal):
        raise _fixed(sign, left, right[0])
    _check_values(left, *right)
    for value in right:
        pair = {Type.TEXT if each is Type.TEXTS else each for each in (left.type, value.type)}
        if len(pair - {Type.ANY}) > 1 and pair != _MOMENTS:
            raise _mismatch(sign, left, value)
        if value.type not in _ORDERED | {Type.TEXT}:
            raise _wrong(value, f"a list cannot hold {_article(value.type)}", "")
        if value.type is not right[0].type:
            message = f"the list begins with {_article(right[0].type)}, this is {_article(value.type)}"
            raise _wrong(value, message, "a list holds values of one type")
    return OneOf(left, right, place)


def containing(sign: Token, left: Operand, right: Operand) -> Condition:
    """``contains``: a list has a text, a text has another inside."""
    if left.type not in {Type.TEXT, Type.TEXTS, Type.ANY}:
        raise _at(sign, f"{_article(left.type)} contains nothing", "contains asks a list or a text")
    if right.type not in {Type.TEXT, Type.ANY}:
        hint = _quoted_hint(right, right) or "write a text in quotes"
        raise _at(sign, f"'contains' looks for a text, not for {_article(right.type)}", hint)
    _refuse_fixed(sign, left, right)
    return Contains(left, right, left.place.to(right.place))


def likeness(sign: Token, left: Operand, right: Operand) -> Condition:
    """``like``: the whole text fits a pattern."""
    if not isinstance(right, Literal) or right.type is not Type.TEXT:
        raise _at(sign, "'like' needs a pattern in quotes", "write like 'AUR-*': * is any text, ? one character")
    if left.type not in {Type.TEXT, Type.TEXTS, Type.ANY}:
        raise _at(sign, f"'like' fits texts, not {_article(left.type)}", "compare with = != < <= > >=")
    _refuse_fixed(sign, left, right)
    return Like(left, str(right.value), left.place.to(right.place))


def emptiness(sign: Token, asked: Operand, end: int) -> Condition:
    """``is empty``."""
    if not isinstance(asked, Asked):
        raise _at(sign, "only a field can be empty", "write a field's name before it: due is empty")
    return Empty(asked, Place(asked.place.start, end))


def shifted(sign: Token, left: Operand, right: Operand) -> Operand:
    """A day plus or minus a length of time."""
    if not isinstance(right, Literal) or right.type is not Type.DAYS:
        hint = "lengths of time are 30d or 2w; of two dates write due > start + 30d"
        raise _at(sign, f"{sign.written} needs a length of time, not {_article(right.type)}", hint)
    if left.type not in {Type.DATE, Type.TIME, Type.ANY}:
        raise _at(sign, f"days cannot be added to {_article(left.type)}", "days are added to a date: today + 30d")
    days = int(str(right.value)) * (1 if sign.value == "+" else -1)
    if isinstance(left, Shifted):
        days += left.days
    if abs(days) > _MOST_DAYS:
        raise _at(sign, "the days add up to more than a hundred years", "")
    return Shifted(base_of(left), days, left.place.to(right.place))


def _check_values(*sides: Operand) -> None:
    """Refuse a text that a field with few values never has."""
    asked = next((side.field for side in sides if isinstance(side, Asked) and side.field.allowed), None)
    for side in sides:
        if (
            asked
            and isinstance(side, Literal)
            and side.type is Type.TEXT
            and fold(str(side.value)) not in asked.allowed
        ):
            hint = did_you_mean(str(side.value), asked.allowed, "one of")
            raise _wrong(side, f"{asked.name} is never '{side.value}'", hint)


def _refuse_fixed(sign: Token, left: Operand, right: Operand) -> None:
    if isinstance(base_of(left), Literal) and isinstance(base_of(right), Literal):
        raise _fixed(sign, left, right)


def _fixed(sign: Token, left: Operand, right: Operand) -> ExpressionError:
    texts = [each for each in (left, right) if isinstance(each, Literal) and each.type is Type.TEXT]
    hint = f"the name of a field stands without quotes: {texts[0].value}" if texts else "name a field of the record"
    return _at(sign, "both sides are fixed values", hint)


def _mismatch(sign: Token, left: Operand, right: Operand) -> ExpressionError:
    message = f"cannot compare {left.type.value} with {right.type.value}"
    types, hint = {left.type, right.type}, _quoted_hint(left, right)
    if types == {Type.MONEY, Type.NUMBER}:
        hint = "add the currency: 100000 EUR"
    elif Type.DAYS in types and types & _MOMENTS:
        hint = "count from a day: today + 30d"
    elif types == {Type.TEXT, Type.NUMBER} and not hint:
        number = next((each for each in (left, right) if isinstance(each, Literal)), None)
        hint = "" if number is None else f"a text stands in quotes: '{number.value}'"
    return _at(sign, message, hint)


def _quoted_hint(*sides: Operand) -> str:
    """What to say when a number or a date was put in quotes."""
    for side in sides:
        if isinstance(side, Literal) and side.type is Type.TEXT and _NUMBER_OR_DATE.fullmatch(str(side.value)):
            return f"numbers and dates stand without quotes: {str(side.value).strip()}"
    return ""


def _article(value_type: Type) -> str:
    if value_type in {Type.MONEY, Type.BOOLEAN}:
        return str(value_type.value)
    return f"a {value_type.value}"


def _at(sign: Token, message: str, hint: str) -> ExpressionError:
    return ExpressionError(message, sign.start + 1, len(sign.written), hint)


def _wrong(part: Operand, message: str, hint: str) -> ExpressionError:
    return ExpressionError(message, part.place.start + 1, part.place.end - part.place.start, hint)
