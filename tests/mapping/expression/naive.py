"""Random well-typed expressions, and a plain interpreter that judges them the slow way.

An expression is a nested tuple: its first member says what it is. ``write`` makes the text, ``judge`` the truth value.
"""

import fnmatch
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from model.money import Money
from model.records import Deal, Record, WorkItem

WORDS = ("alpha", "Beta", "GAMMA ray", "it's")
SPELLINGS = (str, str.upper, str.lower, lambda text: f" {text.replace(' ', chr(0xA0))}  ")
PATTERNS = ("*", "alpha", "*a*", "B?ta", "*RAY", "x*", "?", "[a]*")
TODAY = date(2026, 11, 2)
SIGNS = ("=", "!=", "<", "<=", ">", ">=")

words = st.sampled_from(WORDS)
numbers = st.sampled_from([Decimal(text) for text in ("0", "1", "2.5", "2.50", "-3", "8", "1500")])
days = st.dates(date(2026, 10, 28), date(2026, 11, 6))
moneys = st.builds(Money, numbers, st.sampled_from(["EUR", "USD"]))
signs = st.sampled_from(SIGNS)
negated = st.booleans()
shifts = st.integers(-4, 4)

NUMBERS, DATES, TEXTS = ("estimate", "remaining"), ("start", "due", "finished"), ("priority", "owner", "status")
moment = st.one_of(
    st.tuples(st.just("field"), st.sampled_from(DATES), shifts),
    st.tuples(st.just("today"), st.just(None), shifts),
    st.tuples(st.just("day"), days, st.just(0)),
)
custom_value = st.one_of(words, numbers, days, st.booleans(), st.just("2.5"), st.just("2026-11-01"), st.just(""))
custom_value = st.one_of(custom_value, st.none(), st.lists(words, max_size=2).map(tuple))

shared_atoms = (
    st.tuples(st.just("text"), st.sampled_from(("owner", "title")), signs.filter(lambda sign: sign in "!="), words),
    st.tuples(st.just("any"), st.just("Extra"), signs, st.one_of(numbers, days)),
    st.tuples(st.just("any"), st.just("Extra"), st.sampled_from(("=", "!=")), words),
    st.tuples(st.just("any in"), st.just("Extra"), st.lists(words, min_size=1, max_size=3), negated),
    st.tuples(st.just("any contains"), st.just("Extra"), words, negated),
    st.tuples(st.just("like"), st.sampled_from(("title", "Extra")), st.sampled_from(PATTERNS), negated),
    st.tuples(st.just("inside"), st.just("title"), words, negated),
    st.tuples(st.just("flag"), st.just("Extra")),
)
work_atoms = st.one_of(
    *shared_atoms,
    st.tuples(st.just("number"), st.sampled_from(NUMBERS), signs, st.one_of(numbers, st.sampled_from(NUMBERS))),
    st.tuples(st.just("number in"), st.sampled_from(NUMBERS), st.lists(numbers, min_size=1, max_size=3), negated),
    st.tuples(st.just("date"), moment.filter(lambda side: side[0] != "day"), signs, moment),
    st.tuples(st.just("text"), st.sampled_from(TEXTS), st.sampled_from(("=", "!=")), words),
    st.tuples(st.just("text in"), st.sampled_from(TEXTS), st.lists(words, min_size=1, max_size=3), negated),
    st.tuples(st.just("list"), st.sampled_from(("has", "in", "=")), words, negated),
    st.tuples(st.just("list in"), st.lists(words, min_size=1, max_size=2), negated),
    st.tuples(st.just("empty"), st.sampled_from((*DATES, *NUMBERS, *TEXTS, "labels", "Extra")), negated),
)
deal_atoms = st.one_of(
    *shared_atoms,
    st.tuples(st.just("money"), signs, moneys),
    st.tuples(st.just("money in"), st.lists(moneys, min_size=1, max_size=2), negated),
    st.tuples(st.just("empty"), st.sampled_from(("amount", "title", "Extra")), negated),
)


def _joined(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(parts, min_size=2, max_size=3)
    return st.one_of(
        st.tuples(st.just("and"), several), st.tuples(st.just("or"), several), st.tuples(st.just("not"), parts)
    )


work_expressions = st.recursive(work_atoms, _joined, max_leaves=8)
deal_expressions = st.recursive(deal_atoms, _joined, max_leaves=6)
spelled = st.builds(lambda text, spell: spell(text), words, st.sampled_from(SPELLINGS))
maybe = st.one_of(st.none(), spelled)
customs = st.one_of(st.just({}), st.builds(lambda value: {"Extra": value}, custom_value))
common: dict[str, Any] = {
    "source": st.just("s"),
    "native_id": st.just("1"),
    "key": st.just("K-1"),
    "title": st.one_of(st.just(""), spelled),
    "owner": maybe,
    "custom": customs,
}
work_items = st.builds(
    WorkItem,
    **common,
    status=st.one_of(st.just(""), spelled),
    priority=maybe,
    labels=st.lists(spelled, max_size=2).map(tuple),
    **{name: st.one_of(st.none(), numbers, st.just(Decimal("NaN"))) for name in NUMBERS},
    **{name: st.one_of(st.none(), days) for name in DATES},
)
deals = st.builds(Deal, **common, amount=st.one_of(st.none(), moneys))


def quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"


def value_text(value: Any) -> str:
    if isinstance(value, Money):
        return f"{value.amount} {value.currency}"
    if isinstance(value, (Decimal, date)):
        return str(value)
    return quoted(value)


def moment_text(side: Any) -> str:
    sort, what, shift = side
    base = "today" if sort == "today" else str(what)
    return f"{base} {'+' if shift > 0 else '-'} {abs(shift)}d" if shift else base


def write(tree: Any) -> str:
    """The expression as a person might write it."""
    no = "not " if tree[-1] is True else ""
    match tree:
        case ("and" | "or" as word, parts):
            return f" {word} ".join(f"({write(part)})" for part in parts)
        case ("not", part):
            return f"not ({write(part)})"
        case ("number", name, sign, other):
            return f"{name} {sign} {other}"
        case ("date", left, sign, right):
            return f"{moment_text(left)} {sign} {moment_text(right)}"
        case ("text" | "any", name, sign, value):
            return f"{name} {sign} {value_text(value)}"
        case ("text in" | "any in" | "number in", name, listed, _):
            return f"{name} {no}in [{', '.join(map(value_text, listed))}]"
        case ("money", sign, value):
            return f"amount {sign} {value_text(value)}"
        case ("money in", listed, _):
            return f"amount {no}in [{', '.join(map(value_text, listed))}]"
        case ("list", how, word, _):
            forms = {"has": f"labels {no}contains", "in": f"{quoted(word)} {no}in labels", "=": f"{no}labels ="}
            return forms[how] if how == "in" else f"{forms[how]} {quoted(word)}"
        case ("list in", listed, _):
            return f"labels {no}in [{', '.join(map(quoted, listed))}]"
        case ("like", name, pattern, _):
            return f"{name} {no}like {quoted(pattern)}"
        case ("inside" | "any contains", name, word, _):
            return f"{name} {no}contains {quoted(word)}"
        case ("empty", name, _):
            return f"{name} is {no}empty"
        case ("flag", name):
            return str(name)
    raise AssertionError(tree)


def plain(text: str) -> str:
    return " ".join(text.split()).lower()


def compare(sign: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None or left != left or right != right:
        return None
    found: dict[str, bool] = {
        "=": left == right,
        "!=": left != right,
        "<": sign in "<" and left < right,
        "<=": sign == "<=" and left <= right,
        ">": sign == ">" and left > right,
        ">=": sign == ">=" and left >= right,
    }
    return found[sign]


def flip(truth: bool | None, turn: bool) -> bool | None:
    return truth if truth is None or not turn else not truth


def field(record: Record, name: str) -> Any:
    return record.custom.get(name) if name == "Extra" else getattr(record, name)


def said(value: Any) -> list[str] | None:
    """The texts of a value: none for what is no text or blank."""
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return [plain(value)] if isinstance(value, str) and plain(value) else None


def any_of(texts: list[str] | None, wanted: Any) -> bool | None:
    return None if texts is None else any(wanted(text) for text in texts)


def moment_value(side: Any, record: Record) -> date | None:
    sort, what, shift = side
    base = {"today": TODAY, "day": what}.get(sort) if sort != "field" else getattr(record, what)
    return None if base is None else base + timedelta(days=shift)


def as_type_of(value: Any, literal: Any) -> Any:
    """A custom value as the type of what it is compared with, None where it is of another one."""
    if isinstance(value, bool):
        return None
    if isinstance(literal, Decimal):
        return Decimal("2.5") if value == "2.5" else value if isinstance(value, Decimal) else None
    return date(2026, 11, 1) if value == "2026-11-01" else value if isinstance(value, date) else None


def either(truths: list[bool | None]) -> bool | None:
    return True if True in truths else None if None in truths else False


def judge(tree: Any, record: Any) -> bool | None:
    """Three-valued truth, worked out the slow way."""
    match tree:
        case ("and", parts):
            return flip(either([flip(judge(part, record), True) for part in parts]), True)
        case ("or", parts):
            return either([judge(part, record) for part in parts])
        case ("not", part):
            return flip(judge(part, record), True)
        case ("number", name, sign, other):
            return compare(sign, field(record, name), field(record, other) if isinstance(other, str) else other)
        case ("number in", name, listed, no):
            return flip(either([compare("=", field(record, name), each) for each in listed]), no)
        case ("date", left, sign, right):
            return compare(sign, moment_value(left, record), moment_value(right, record))
        case ("money", sign, value):
            return _money(sign, record.amount, value)
        case ("money in", listed, no):
            return flip(either([_money("=", record.amount, each) for each in listed]), no)
        case ("text" | "any", name, sign, str() as word):
            return flip(any_of(said(field(record, name)), lambda text: text == plain(word)), sign == "!=")
        case ("any", name, sign, literal):
            return compare(sign, as_type_of(field(record, name), literal), literal)
        case ("text in" | "any in", name, listed, no):
            return flip(any_of(said(field(record, name)), lambda text: text in map(plain, listed)), no)
        case ("list", _, word, no):
            return flip(any_of(said(record.labels), lambda text: text == plain(word)), no)
        case ("list in", listed, no):
            return flip(any_of(said(record.labels), lambda text: text in map(plain, listed)), no)
        case ("like", name, pattern, no):
            glob = plain(pattern).replace("[", "[[]")
            return flip(any_of(said(field(record, name)), lambda text: fnmatch.fnmatchcase(text, glob)), no)
        case ("inside", name, word, no):
            return flip(any_of(said(field(record, name)), lambda text: plain(word) in text), no)
        case ("any contains", name, word, no):
            value = field(record, name)
            inside = isinstance(value, str)
            return flip(any_of(said(value), lambda text: plain(word) in text if inside else plain(word) == text), no)
        case ("empty", name, no):
            value = field(record, name)
            return flip(value is None or value == () or (isinstance(value, str) and not plain(value)), no)
        case ("flag", name):
            value = field(record, name)
            return value if isinstance(value, bool) else None
    raise AssertionError(tree)


def _money(sign: str, seen: Money | None, wanted: Money) -> bool | None:
    if seen is None or seen.currency != wanted.currency:
        return None
    return compare(sign, seen.amount, wanted.amount)
