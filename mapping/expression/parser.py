"""The reader of expressions: operators by binding power, loosest first: or, and, not, comparisons, plus and minus."""

import dataclasses
import difflib
import re
from decimal import Decimal

from mapping.expression import meaning
from mapping.expression.errors import ExpressionError
from mapping.expression.fields import Catalogue, Field, Type
from mapping.expression.meaning import Part
from mapping.expression.scanner import KEYWORDS, Sort, Token, tokens
from mapping.expression.syntax import Asked, Condition, Literal, Operand, Place, Today
from mapping.wording import did_you_mean, nearest
from model.money import Money

DEEPEST = 32
"""Brackets inside each other; with more the expression is refused, so that no call stack can overflow."""

_OR, _AND, _NOT, _COMPARISON, _SUM = 10, 20, 30, 40, 50
_POWERS = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "in", "not", "contains", "like", "is"), _COMPARISON),
    "+": _SUM,
    "-": _SUM,
}
_SLIP = 0.75
"""How much a name must resemble a known one to be a slip and not a text without quotes."""
_CURRENCY = re.compile(r"[A-Z]{3}")
_LITERALS = {Sort.TEXT: Type.TEXT, Sort.NUMBER: Type.NUMBER, Sort.DATE: Type.DATE, Sort.DAYS: Type.DAYS}


def parse(text: str, catalogue: Catalogue) -> Condition:
    """Read and check a whole expression. Raises ExpressionError."""
    reader = _Reader(list(tokens(text)), catalogue)
    part = reader.expression(0)
    reader.finish()
    return meaning.condition(part)


class _Reader:
    def __init__(self, words: list[Token], catalogue: Catalogue) -> None:
        self._words = words
        self._catalogue = catalogue
        self._next = 0
        self._depth = 0

    @property
    def _token(self) -> Token:
        return self._words[self._next]

    def _take(self) -> Token:
        token = self._token
        if token.sort is not Sort.END:
            self._next += 1
        return token

    def expression(self, least: int) -> Part:
        """Read what binds more tightly than ``least``."""
        if self._token.says("not") and least >= _NOT:
            raise _at(self._token, "'not' is not expected here", "write not before the whole comparison")
        left = self._prefix()
        while (power := self._power()) > least:
            sign = self._take()
            if power in {_AND, _OR}:
                left = self._joined(sign, left, power)
            elif power == _COMPARISON:
                left = self._compared(sign, meaning.operand(left, sign))
            else:
                right = meaning.operand(self.expression(_SUM), sign)
                left = meaning.shifted(sign, meaning.operand(left, sign), right)
        return left

    def finish(self) -> None:
        """Nothing may follow."""
        token = self._token
        if token.sort is Sort.END:
            return
        if token.says(")", "]"):
            raise _at(token, f"nothing was opened that {token.written} could close", "remove it")
        hint = "join conditions with and, or; compare with = != < <= > >= in contains like"
        if token.sort is Sort.NAME and (near := nearest(token.written, ["and", "or", "contains", "like", "in", "is"])):
            hint = f"did you mean '{near}'?"
        raise _at(token, f"{_shown(token)} is not expected here", hint)

    def _power(self) -> int:
        token = self._token
        return _POWERS.get(str(token.value), 0) if token.sort in {Sort.KEYWORD, Sort.SIGN} else 0

    def _joined(self, sign: Token, left: Part, power: int) -> Condition:
        parts = [meaning.condition(left), meaning.condition(self.expression(power))]
        while self._token.says(str(sign.value)):
            self._take()
            parts.append(meaning.condition(self.expression(power)))
        return meaning.both(parts) if power == _AND else meaning.either(parts)

    def _compared(self, sign: Token, left: Operand) -> Condition:
        if sign.says("not"):
            word = self._take()
            if not word.says("in", "contains", "like"):
                raise _at(sign, "'not' is not expected here", "write not in, not contains, not like, or and not")
            return meaning.negation(self._compared(word, left), left.place.start)
        if sign.says("is"):
            return self._empty(sign, left)
        if sign.says("in") and self._token.says("["):
            return meaning.membership(sign, left, *self._values())
        right = meaning.operand(self.expression(_COMPARISON), sign)
        if sign.says("in"):
            return meaning.membership(sign, left, right, right.place.end)
        if sign.says("contains"):
            return meaning.containing(sign, left, right)
        if sign.says("like"):
            return meaning.likeness(sign, left, right)
        return meaning.comparison(sign, left, right)

    def _empty(self, sign: Token, left: Operand) -> Condition:
        negated = self._token.says("not")
        if negated:
            self._take()
        word = self._take()
        if not word.says("empty"):
            raise _at(word, f"{_shown(word)} cannot follow 'is'", "write is empty, is not empty, or =")
        found = meaning.emptiness(sign, left, word.end)
        return meaning.negation(found, left.place.start) if negated else found

    def _values(self) -> tuple[tuple[Literal, ...], int]:
        """A list in square brackets, and where it ends."""
        opening = self._take()
        values: list[Literal] = []
        while not self._token.says("]"):
            token = self._token
            value = self._prefix() if not token.says("(", "[", "not") else None
            if not isinstance(value, Literal):
                hint = "a list holds fixed texts, numbers, dates or money: ['High', 'Highest']"
                raise _at(token, f"{_shown(token)} cannot stand in a list", hint)
            values.append(value)
            if self._token.says(","):
                self._take()
            elif not self._token.says("]"):
                raise self._unclosed(opening, "]", "put a comma between the values of a list")
        closing = self._take()
        if not values:
            raise ExpressionError(
                "the list is empty", opening.start + 1, closing.end - opening.start, "put values in it"
            )
        return tuple(values), closing.end

    def _prefix(self) -> Part:
        token = self._take()
        if token.says("not"):
            return self._negated(token)
        if token.says("("):
            return self._bracketed(token)
        if token.says("-"):
            return self._negative(token)
        if token.says("fields"):
            return self._quoted_name(token)
        if token.says("today"):
            return Today(_place(token))
        if token.says("true", "false"):
            return Literal(Type.BOOLEAN, token.value == "true", _place(token))
        if token.sort is Sort.NAME:
            return Asked(self._field(token.written, token), _place(token))
        if token.sort in _LITERALS:
            return self._literal(token)
        raise self._misplaced(token)

    def _negated(self, first: Token) -> Condition:
        odd = True
        while self._token.says("not"):
            self._take()
            odd = not odd
        part = meaning.condition(self.expression(_NOT))
        return meaning.negation(part, first.start) if odd else part

    def _bracketed(self, opening: Token) -> Part:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _at(opening, f"more than {DEEPEST} brackets inside each other", "split it into several rules")
        inside = self.expression(0)
        if not self._token.says(")"):
            raise self._unclosed(opening, ")", "close it, or remove it")
        self._depth -= 1
        return dataclasses.replace(inside, place=_place(opening).to(_place(self._take())))

    def _unclosed(self, opening: Token, closing: str, hint: str) -> ExpressionError:
        if self._token.sort is Sort.END:
            return _at(opening, f"{opening.written} is never closed", f"close it with {closing}")
        return _at(self._token, f"{_shown(self._token)} is not expected before {closing}", hint)

    def _negative(self, sign: Token) -> Literal:
        token = self._take()
        if token.sort is not Sort.NUMBER:
            raise _at(sign, "- needs a number, or a date before it", "write -3, or today - 3d")
        found = self._literal(token)
        value = Money(-found.value.amount, found.value.currency) if isinstance(found.value, Money) else None
        place = Place(sign.start, found.place.end)
        return Literal(found.type, -Decimal(str(found.value)) if value is None else value, place)

    def _literal(self, token: Token) -> Literal:
        following = self._token
        if token.sort is Sort.NUMBER and isinstance(token.value, Decimal) and following.sort is Sort.NAME:
            if _CURRENCY.fullmatch(following.written):
                self._take()
                value = Money(token.value, following.written)
                return Literal(Type.MONEY, value, _place(token).to(_place(following)))
            if _CURRENCY.fullmatch(following.written.upper()):
                hint = f"write {token.written} {following.written.upper()}"
                raise _at(following, "a currency is written in capitals", hint)
        return Literal(_LITERALS[token.sort], token.value, _place(token))

    def _quoted_name(self, word: Token) -> Asked:
        opening, name, closing = self._take(), self._take(), self._take()
        if not opening.says("[") or name.sort is not Sort.TEXT or not closing.says("]"):
            raise _at(word, "'fields' must be followed by a name", "write fields['Go live']")
        return Asked(self._field(str(name.value), name), _place(word).to(_place(closing)))

    def _field(self, name: str, token: Token) -> Field:
        found = self._catalogue.find(name)
        if isinstance(found, Field):
            return found
        before = self._words[max(0, self._next - 2)]
        behind = before.says("=", "!=", "contains", "like", "in", "[", ",") and token.sort is Sort.NAME
        hint = found.hint
        near = nearest(name, [*self._catalogue.names, *sorted(KEYWORDS)])
        if behind and (near is None or difflib.SequenceMatcher(None, name, near).ratio() < _SLIP):
            hint = f"a text stands in quotes: '{name}'"
        elif near in KEYWORDS:
            hint = f"did you mean '{near}'?"
        raise _at(token, found.message, hint)

    def _misplaced(self, token: Token) -> ExpressionError:
        if token.sort is Sort.END:
            message = "the expression is empty" if len(self._words) == 1 else "the expression ends too early"
            return _at(token, message, "write a condition, as labels contains 'erp'")
        if token.says("["):
            return _at(token, "a list is not expected here", "a list stands after in: priority in ['High', 'Highest']")
        hint = did_you_mean(token.written, ["not", "today", "true", "false"]) if token.sort is Sort.NAME else ""
        return _at(token, f"{_shown(token)} is not expected here", hint or "a field or a value belongs here")


def _shown(token: Token) -> str:
    if token.sort is Sort.END:
        return "the end"
    return token.written if len(token.written) <= 40 else f"{token.written[:40]}…"


def _place(token: Token) -> Place:
    return Place(token.start, token.end)


def _at(token: Token, message: str, hint: str) -> ExpressionError:
    return ExpressionError(message, token.start + 1, len(token.written), hint)
