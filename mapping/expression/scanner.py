"""Words of an expression: names, values and signs, each with the place where it stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum

from mapping.expression.errors import ExpressionError
from model.keys import normalise_key

LONGEST = 10_000
"""Characters of an expression; longer ones are refused."""
KEYWORDS = frozenset({"and", "or", "not", "in", "contains", "like", "is", "empty", "true", "false", "today", "fields"})
"""Words with a meaning of their own, in any case. A custom field of such a name is written ``fields['today']``."""


class Sort(Enum):
    """What a token is, in words."""

    NAME = "a name"
    KEYWORD = "a keyword"
    TEXT = "a text"
    NUMBER = "a number"
    DATE = "a date"
    DAYS = "a length of time"
    SIGN = "a sign"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    """One word. ``value`` is what it means: a keyword in small letters, a text without quotes, a number of days."""

    sort: Sort
    value: str | Decimal | date | int
    written: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.written)

    def says(self, *words: str) -> bool:
        """Whether it is one of these keywords or signs."""
        return self.sort in {Sort.KEYWORD, Sort.SIGN} and self.value in words


_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"[^\W\d]\w*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\w)")
_DIGITS = re.compile(r"[0-9][\w.]*")
_NUMBER = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
_DAYS = re.compile(r"([0-9]{1,5})([dwDW])")
_SIGN = re.compile(r"!=|<=|>=|[=<>()\[\],+-]")
_OTHERS = {
    "==": "write =",
    "<>": "write !=",
    "&&": "write and",
    "||": "write or",
    "!": "write not, or != between two values",
    "{": "a list is written in square brackets: ['High', 'Highest']",
    ";": "write and, or a comma between the values of a list",
    ".": "a field whose name has dots or spaces is written fields['its name']",
    "~": "write contains or like",
    "%": "write a share as a number: 0.5",
}
_TYPOGRAPHIC = "‘’‚‛“”„‟«»‹›´`"
_MOST_DAYS = 36_600


def tokens(text: str) -> Iterator[Token]:
    """Read all words; the last one is the end. Raises ExpressionError for what is no word of the language."""
    if len(text) > LONGEST:
        message = f"the expression has {len(text):,} characters, at most {LONGEST:,} are read"
        raise ExpressionError(message, 1, 1, "split it into several rules, or use the matchers with lists")
    at = _after_space(text, 0)
    while at < len(text):
        token = _token(text, at)
        yield token
        at = _after_space(text, token.end)
    yield Token(Sort.END, "", "", len(text))


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _token(text: str, at: int) -> Token:
    if text[at] in "'\"":
        return _quoted(text, at)
    if found := _NAME.match(text, at):
        word = found[0].lower()
        return Token(Sort.KEYWORD, word, found[0], at) if word in KEYWORDS else Token(Sort.NAME, found[0], found[0], at)
    if found := _DATE.match(text, at):
        return Token(Sort.DATE, _day(found[0], at), found[0], at)
    if found := _DIGITS.match(text, at):
        return _number(found[0], at)
    other = text[at : at + 2] if text[at : at + 2] in _OTHERS else text[at]
    found = _SIGN.match(text, at)
    if found is None or other == "==" or other == "<>":
        raise _unknown(other, at)
    return Token(Sort.SIGN, found[0], found[0], at)


def _unknown(sign: str, at: int) -> ExpressionError:
    if sign in _TYPOGRAPHIC:
        return ExpressionError(f"{sign} is no quote here", at + 1, 1, "write plain quotes: 'text' or \"text\"")
    shown = sign if sign.isprintable() else f"the character {ascii(sign)[1:-1]}"
    return ExpressionError(f"{shown} means nothing here", at + 1, len(sign), _OTHERS.get(sign, ""))


def _quoted(text: str, at: int) -> Token:
    quote, end = text[at], at + 1
    while True:
        end = text.find(quote, end) + 1
        if end == 0:
            hint = f"end the text with {quote}"
            raise ExpressionError("unclosed quote", at + 1, len(text) - at, hint)
        if text[end : end + 1] != quote:
            break
        end += 1
    value = text[at + 1 : end - 1].replace(quote * 2, quote)
    if not normalise_key(value):
        raise ExpressionError("the text is empty", at + 1, end - at, "write: is empty, or: is not empty")
    return Token(Sort.TEXT, value, text[at:end], at)


def _day(written: str, at: int) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise ExpressionError(f"there is no such day: {written}", at + 1, len(written)) from None


def _number(written: str, at: int) -> Token:
    if _NUMBER.fullmatch(written):
        return Token(Sort.NUMBER, Decimal(written), written, at)
    if found := _DAYS.fullmatch(written):
        days = int(found[1]) * (7 if found[2] in "wW" else 1)
        if days > _MOST_DAYS:
            raise ExpressionError(f"{written} is longer than a hundred years", at + 1, len(written))
        return Token(Sort.DAYS, days, written, at)
    hint = "numbers are written as 1500 or 0.5, dates as 2026-10-31, lengths of time as 30d or 2w"
    shown = written if len(written) <= 40 else f"{written[:40]}…"
    raise ExpressionError(f"{shown} is neither a number nor a date", at + 1, len(written), hint)
