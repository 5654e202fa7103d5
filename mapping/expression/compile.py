"""A checked tree becomes one Python function.

The tree of Python syntax is built here node by node, with names of our own: texts and values of the user stand beside
it as constants, and there are no builtins. A negation is pushed down to the comparisons (not (a and b) is: not a, or
not b), and each comparison is written so that it holds, or is refuted, only where the record says something.
"""

import ast
import fnmatch
import re
from collections.abc import Callable, Collection
from datetime import date
from types import CodeType, FunctionType
from typing import TypeAlias, cast

from mapping.expression import values
from mapping.expression.fields import Type
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
    Shifted,
    Some,
    Today,
)
from mapping.facts import Facts, fold
from model.keys import normalise_key
from model.records import RecordKind

Judgement: TypeAlias = Callable[[Facts, date], bool]

_SIGNS: dict[str, tuple[type[ast.cmpop], type[ast.cmpop]]] = {
    "=": (ast.Eq, ast.NotEq),
    "<": (ast.Lt, ast.GtE),
    "<=": (ast.LtE, ast.Gt),
    ">": (ast.Gt, ast.LtE),
    ">=": (ast.GtE, ast.Lt),
}
"""Each sign with its opposite."""
_SELDOM_TWICE = {"title", "url", "native_id"}
_INLINE = {Type.NUMBER, Type.DATE}


def compiled(condition: Condition, kinds: Collection[RecordKind], *, holds: bool) -> Judgement:
    """A function that is true where the condition holds, or with ``holds=False`` where it is known not to hold."""
    writer = _Writer()
    result = writer.condition(condition, holds)
    others = writer.constant(frozenset(RecordKind) - frozenset(kinds))
    body: list[ast.stmt] = [ast.Assign([ast.Name("record", ast.Store())], _attribute("facts", "record"))]
    if len(set(kinds)) < len(RecordKind):
        other_kind = _compare(_attribute("record", "kind"), ast.In(), others)
        body.append(ast.If(other_kind, [ast.Return(ast.Constant(False))], []))
    body.append(ast.Return(result))
    arguments = ast.arguments([], [ast.arg("facts"), ast.arg("today")], None, [], [], None, [])
    function = ast.FunctionDef("where", arguments, body, [], None, None)
    module = ast.fix_missing_locations(ast.Module([function], []))
    code = next(each for each in compile(module, "<where>", "exec").co_consts if isinstance(each, CodeType))
    return cast(Judgement, FunctionType(code, {"__builtins__": {}, **writer.constants}))


class _Writer:
    """Writes the parts of one function and gathers their constants."""

    def __init__(self) -> None:
        self.constants: dict[str, object] = {}
        self._locals = 0

    def constant(self, value: object) -> ast.expr:
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return _name(name)

    def condition(self, condition: Condition, holds: bool) -> ast.expr:
        """An expression that is true where the condition holds, or is known not to."""
        match condition:
            case All(parts) | Some(parts):
                joined = ast.And() if isinstance(condition, All) is holds else ast.Or()
                return ast.BoolOp(joined, [self.condition(part, holds) for part in parts])
            case Not(part):
                return self.condition(part, not holds)
            case Compare(sign, left, right):
                return self._comparison(sign, left, right, holds)
            case OneOf(left, listed):
                return self._one_of(left, listed, holds)
            case Contains(left, right):
                return self._contains(left, right, holds)
            case Like(left, pattern):
                # fnmatch alone knows how to write a glob that cannot backtrack; [ means nothing of its own here.
                glob = re.compile(fnmatch.translate(fold(pattern).replace("[", "[[]")))
                return self._told(values.fits, holds, self._value(left), self.constant(glob))
            case Empty(asked):
                return self._empty(asked, holds)
            case Flag(asked):
                return _compare(self._value(asked), ast.Is(), ast.Constant(holds))

    def _comparison(self, sign: str, left: Operand, right: Operand, holds: bool) -> ast.expr:
        if sign == "=" and isinstance(left, Literal):
            left, right = right, left
        if (
            isinstance(right, Literal)
            and right.type is Type.TEXT
            and isinstance(left, Asked)
            and left.type is Type.TEXT
        ):
            return self._text_in(left, (right,), holds)
        if left.type is right.type and left.type in _INLINE:
            return self._inline(_SIGNS[sign][0 if holds else 1](), left, right)
        if sign == "=":
            textual = {left.type, right.type} & {Type.TEXT, Type.TEXTS}
            check = values.same_text if textual else values.equal
            return self._told(check, holds, self._value(left), self._value(right))
        return self._told(values.ordered, holds, ast.Constant(sign), self._value(left), self._value(right))

    def _inline(self, sign: ast.cmpop, left: Operand, right: Operand) -> ast.expr:
        """Compare numbers or dates where both are known."""
        checks: list[ast.expr] = []
        sides = [self._known(left, checks), self._known(right, checks)]
        return _all([*checks, _compare(sides[0], sign, sides[1])])

    def _known(self, operand: Operand, checks: list[ast.expr]) -> ast.expr:
        """An operand by name, after checks that it is there; no number is compared with "not a number"."""
        if isinstance(operand, (Literal, Today)):
            return self._value(operand)
        name = self._local()
        checks.append(_compare(_walrus(name, self._value(operand)), ast.IsNot(), ast.Constant(None)))
        if operand.type is Type.NUMBER:
            checks.append(_call(_attribute(name, "is_finite")))
        return _name(name)

    def _one_of(self, left: Operand, listed: tuple[Literal, ...], holds: bool) -> ast.expr:
        if isinstance(left, Asked) and left.type in {Type.TEXT, Type.TEXTS}:
            return self._text_in(left, listed, holds)
        if left.type in _INLINE:
            checks: list[ast.expr] = []
            known = self._known(left, checks)
            wanted = self.constant(frozenset(each.value for each in listed))
            return _all([*checks, _compare(known, ast.In() if holds else ast.NotIn(), wanted)])
        if listed[0].type is Type.TEXT:
            wanted = self.constant(frozenset(fold(str(each.value)) for each in listed))
            return self._told(values.same_text, holds, self._value(left), wanted)
        wanted = self.constant(tuple(each.value for each in listed))
        return self._told(values.one_of, holds, self._value(left), wanted)

    def _text_in(self, asked: Asked, listed: tuple[Literal, ...], holds: bool) -> ast.expr:
        """A text of the record is one of these."""
        wanted = frozenset(fold(str(each.value)) for each in listed)
        if asked.field.by_answer:
            return self._answered(asked, wanted, holds)
        name = self._local()
        there = _compare(_walrus(name, self._value(asked)), ast.IsNot(), ast.Constant(None))
        often = fold if asked.field.name not in _SELDOM_TWICE else normalise_key
        folded = _call(self.constant(often), _name(name))
        if holds:
            return _all([there, self._among(folded, wanted, holds)])
        said = _compare(_walrus(name, folded), ast.NotEq(), ast.Constant(""))
        return _all([there, said, self._among(_name(name), wanted, holds)])

    def _answered(self, asked: Asked, wanted: frozenset[str], holds: bool) -> ast.expr:
        """One of the answers is one of these."""
        if len(wanted) == 1:
            return _compare(self.constant(min(wanted)), ast.In() if holds else ast.NotIn(), self._value(asked))
        call = _call(ast.Attribute(self.constant(wanted), "isdisjoint", ast.Load()), self._value(asked))
        return ast.UnaryOp(ast.Not(), call) if holds else call

    def _among(self, text: ast.expr, wanted: frozenset[str], holds: bool) -> ast.expr:
        if len(wanted) == 1:
            return _compare(text, ast.Eq() if holds else ast.NotEq(), self.constant(min(wanted)))
        return _compare(text, ast.In() if holds else ast.NotIn(), self.constant(wanted))

    def _contains(self, left: Operand, right: Operand, holds: bool) -> ast.expr:
        if isinstance(left, Asked) and left.type is Type.TEXTS and isinstance(right, Literal):
            return self._answered(left, frozenset({fold(str(right.value))}), holds)
        check = values.has_inside if left.type is Type.TEXT else values.has
        return self._told(check, holds, self._value(left), self._value(right))

    def _empty(self, operand: Operand, holds: bool) -> ast.expr:
        value = self._value(operand)
        if operand.type in _INLINE | {Type.TIME, Type.MONEY, Type.BOOLEAN}:
            return _compare(value, ast.Is() if holds else ast.IsNot(), ast.Constant(None))
        if isinstance(operand, Asked) and operand.field.by_answer:
            return ast.UnaryOp(ast.Not(), value) if holds else _call(self.constant(bool), value)
        call = _call(self.constant(values.missing), value)
        return call if holds else ast.UnaryOp(ast.Not(), call)

    def _told(self, check: Callable[..., bool | None], holds: bool, *arguments: ast.expr) -> ast.expr:
        """Ask a function that may not be able to tell."""
        return _compare(_call(self.constant(check), *arguments), ast.Is(), ast.Constant(holds))

    def _value(self, operand: Operand) -> ast.expr:
        match operand:
            case Literal(_, value):
                return self.constant(value)
            case Today():
                return _name("today")
            case Shifted(base, days):
                return _call(self.constant(values.shifted), self._value(base), ast.Constant(days))
            case Asked(field):
                if field.by_answer:
                    return _call(_attribute("facts", "folded"), self.constant(field.answer))
                if field.attribute:
                    return _attribute("record", field.attribute)
                return _call(self.constant(values.custom_value), _name("record"), self.constant(field.name))

    def _local(self) -> str:
        self._locals += 1
        return f"v{self._locals}"


def _name(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _attribute(name: str, attribute: str) -> ast.expr:
    return ast.Attribute(_name(name), attribute, ast.Load())


def _walrus(name: str, value: ast.expr) -> ast.expr:
    return ast.NamedExpr(ast.Name(name, ast.Store()), value)


def _compare(left: ast.expr, sign: ast.cmpop, right: ast.expr) -> ast.expr:
    return ast.Compare(left, [sign], [right])


def _call(function: ast.expr, *arguments: ast.expr) -> ast.expr:
    return ast.Call(function, list(arguments), [])


def _all(checks: list[ast.expr]) -> ast.expr:
    return checks[0] if len(checks) == 1 else ast.BoolOp(ast.And(), checks)
