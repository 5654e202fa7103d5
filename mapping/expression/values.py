"""Comparisons of values whose types are known only when a record is read. None stands for: it cannot be told."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from mapping.comparison import date_in, number_in
from mapping.facts import fold
from model.keys import normalise_key
from model.money import Money
from model.records import Record

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_SHORT = 60


def custom_value(record: Record, name: str) -> object:
    """A custom field by its configured name; sources may spell it in other cases."""
    custom = record.custom
    if name in custom:
        return custom[name]
    wanted = fold(name)
    return next((value for each, value in custom.items() if fold(each) == wanted), None)


def folded(text: str) -> str:
    """Fold a text for comparison; only short ones come often enough to be remembered."""
    return fold(text) if len(text) <= _SHORT else normalise_key(text)


def shifted(value: object, days: int) -> date | None:
    """A day or time some days later; None where there is no such day."""
    day = value if isinstance(value, datetime) else date_in(value)
    try:
        return None if day is None else day + timedelta(days=days)
    except OverflowError:
        return None


def equal(left: object, right: object) -> bool | None:
    """Whether two values are the same; of lists, whether they share a text."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right if isinstance(left, bool) and isinstance(right, bool) else None
    pair = _pair(left, right)
    if pair is not None:
        return bool(pair[0] == pair[1])
    return same_text(left, right)


def same_text(left: object, right: object) -> bool | None:
    """Whether two texts are the same, or two lists share one; a number is no text."""
    ours, theirs = _texts(left), _texts(right)
    return None if ours is None or theirs is None else not ours.isdisjoint(theirs)


def ordered(sign: str, left: object, right: object) -> bool | None:
    """Compare by ``< <= > >=``."""
    pair = _pair(left, right)
    return None if pair is None else _ORDER[sign](*pair)


def one_of(left: object, values: Sequence[object]) -> bool | None:
    """Whether a value is one of several."""
    found = [equal(left, value) for value in values]
    return True if True in found else None if None in found else False


def has(left: object, right: object) -> bool | None:
    """Whether a list has a text, or a text has another inside."""
    return has_inside(left, right) if isinstance(left, str) else same_text(left, right)


def has_inside(left: object, right: object) -> bool | None:
    """Whether any of our texts has any of theirs inside."""
    ours, theirs = _texts(left), _texts(right)
    if ours is None or theirs is None:
        return None
    return any(inner in outer for inner in theirs for outer in ours)


def fits(left: object, pattern: re.Pattern[str]) -> bool | None:
    """Whether any of our texts fits a pattern."""
    ours = _texts(left)
    return None if ours is None else any(pattern.match(text) for text in ours)


def missing(value: object) -> bool:
    """Whether nothing is said."""
    return value is None or value == () or (isinstance(value, str) and not folded(value))


def _pair(left: object, right: object) -> tuple[Any, Any] | None:
    """Two values that can be put in order; None when they are texts or of different sorts."""
    if isinstance(left, bool) or isinstance(right, bool):
        return None
    if isinstance(left, Money) and isinstance(right, Money):
        finite = left.amount.is_finite() and right.amount.is_finite()
        return (left.amount, right.amount) if finite and left.currency == right.currency else None
    if isinstance(left, Money) or isinstance(right, Money):
        return None
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        numbers = number_in(left), number_in(right)
        return None if None in numbers else numbers
    if isinstance(left, datetime) and isinstance(right, datetime) and (left.tzinfo is None) == (right.tzinfo is None):
        return left, right
    if isinstance(left, date) or isinstance(right, date):
        days = date_in(left), date_in(right)
        return None if None in days else days
    return None


def _texts(value: object) -> frozenset[str] | None:
    """The folded texts of a value; an empty list is known to be empty, an empty text is not said."""
    if isinstance(value, str):
        text = folded(value)
        return frozenset({text}) if text else None
    if isinstance(value, (tuple, frozenset)):
        return frozenset(folded(each) for each in value) - {""}
    return None
