"""Comparisons of numbers and dates with what a field holds. What cannot be told is unknown: neither true nor false."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any, TypeAlias

from mapping.facts import number_text
from model.money import Money

NUMBER_WORDS = ("above", "at_least", "below", "at_most")
"""The words that compare numbers and money."""
DATE_WORDS = ("before", "until", "after", "since", "within", "last")
"""The words that compare dates."""

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "above": gt,
    "at_least": ge,
    "below": lt,
    "at_most": le,
    "before": lt,
    "until": le,
    "after": gt,
    "since": ge,
}
_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Day:
    """A fixed date, or today with a distance in calendar days."""

    fixed: date | None = None
    days: int = 0

    def on(self, today: date | None) -> date:
        """The date that is meant today."""
        if self.fixed is not None:
            return self.fixed
        if today is None:
            raise ValueError("a rule speaks of today, and nobody said which day that is")
        return today + timedelta(days=self.days)

    def __str__(self) -> str:
        if self.fixed is not None:
            return self.fixed.isoformat()
        return f"today {'+' if self.days > 0 else '-'} {abs(self.days)}d" if self.days else "today"


Operand: TypeAlias = Decimal | Money | Day | int | bool


@dataclass(frozen=True, slots=True)
class Bound:
    """One word of a comparison and what stands behind it; ``within`` and ``last`` are followed by days."""

    word: str
    operand: Operand

    @property
    def uses_today(self) -> bool:
        return self.word in {"within", "last"} or (isinstance(self.operand, Day) and self.operand.fixed is None)

    def holds(self, value: object, today: date | None) -> bool | None:
        """Whether a value lies inside; None when that cannot be told."""
        if self.word == "known":
            return (value not in (None, "", ())) is self.operand
        if self.word in NUMBER_WORDS:
            return self._holds_for_number(value)
        seen = date_in(value)
        if seen is None:
            return None
        if isinstance(self.operand, Day):
            return _ORDER[self.word](seen, self.operand.on(today))
        now, length = Day().on(today), timedelta(days=int(str(self.operand)))
        return now <= seen <= now + length if self.word == "within" else now - length <= seen <= now

    def _holds_for_number(self, value: object) -> bool | None:
        wanted = self.operand
        if isinstance(value, Money) and isinstance(wanted, Money):
            return _ORDER[self.word](value.amount, wanted.amount) if value.currency == wanted.currency else None
        seen = number_in(value)
        if seen is None or not isinstance(wanted, Decimal):
            return None
        return _ORDER[self.word](seen, wanted)

    def __str__(self) -> str:
        if self.word == "known":
            return "anything" if self.operand else "nothing"
        if isinstance(self.operand, Money):
            shown = f"{number_text(self.operand.amount)} {self.operand.currency}"
        elif isinstance(self.operand, Decimal):
            shown = number_text(self.operand)
        else:
            shown = str(self.operand) if isinstance(self.operand, Day) else f"{self.operand}d"
        words = {"last": "in the last"}.get(self.word, self.word.replace("_", " "))
        return f"{words} {shown}"


def number_in(value: object) -> Decimal | None:
    """The number that a field holds; a text counts when it is one number and nothing else."""
    if isinstance(value, Money):
        return value.amount
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    return value if isinstance(value, Decimal) and value.is_finite() else None


def date_in(value: object) -> date | None:
    """The date that a field holds; a time counts as its day in UTC, a text when it is a date as 2026-09-30."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str) and _DATE.fullmatch(value.strip()):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            return None
    return value if isinstance(value, date) else None
