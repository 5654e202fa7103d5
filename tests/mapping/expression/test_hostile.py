"""Texts that were written to break out, to hang or to crash do none of it."""

import dataclasses
import time
import types

import pytest

from mapping.expression import ExpressionError, parse_expression
from mapping.expression.parser import DEEPEST
from mapping.facts import Facts
from model.records import RecordKind
from tests.mapping.expression.samples import BLANK, NAMES, ROLLOUT, TODAY, mistake, read, truth


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__.__bases__",
        "labels.__class__ = 'x'",
        "labels[0] = 'x'",
        "open('/etc/passwd') = 'x'",
        "f'{labels}' = key",
        "key = f'{labels}'",
        "lambda: 1",
        "(x := 1) = 1",
        "key = 'a'; import os",
        "key = 'a' if True else 'b'",
        "[x for x in labels]",
        "facts = 'x'",
        "record = 'x'",
        "c0 = 'x'",
        "v1 = 'x'",
        "custom = 'x'",
        "provenance is empty",
        "kind.__init__ = 'x'",
        "key = 'a' # and more",
        "key = \\x41",
        "key = `id`",
        "${key} = 'a'",
        "{{ key }} = 'a'",
        "key = 'a'\x00",
        "\x00",
        "\u202ekey = 'a'",
        "\ud800 = 'a'",
        "key\u200b = 'a'",
        "５ > 3",
        "estimate > ٣",
        "estimate > 1_000",
        "estimate > 0x10",
        "today()",
        "key = 'a' or 1 = 1",
    ],
)
def test_python_and_other_languages_mean_nothing(text: str) -> None:
    error = mistake(text)
    assert 1 <= error.column <= len(text) + 1


def test_texts_of_the_user_are_only_compared() -> None:
    evil = "__import__('os').system('false')"
    record = dataclasses.replace(ROLLOUT, title=evil)
    assert truth(f'title = "{evil}"', record) is True
    assert truth(f'title like "{evil}*" and title contains "{evil}" and title in ["{evil}"]', record) is True
    assert truth("title = '{title}' or title = '%s' or title like '[r]*'") is False


def test_the_compiled_function_has_no_builtins_and_no_names_of_the_user() -> None:
    evil = 'title = "__import__" and Region = "exec" and labels contains "eval"'
    holds = read(evil).holds
    assert isinstance(holds, types.FunctionType)
    assert holds.__globals__["__builtins__"] == {}
    names = {*holds.__code__.co_names, *holds.__code__.co_varnames}
    assert {name for name in names if not name[1:].isdigit()} <= {"facts", "today", "record", "kind", "title", "folded"}
    assert not {"__import__", "exec", "eval"} & {each for each in holds.__code__.co_consts if isinstance(each, str)}


def test_custom_fields_of_any_name_are_only_looked_up() -> None:
    for name in ("__class__", "today", "and", "x'y", 'x"y', "a.b", "c0", "ſ", "\x00", "fields['x']"):
        quoted = name.replace("'", "''")
        expression = parse_expression(f"fields['{quoted}'] = 'yes'", kinds=[RecordKind.WORK_ITEM], custom=[name])
        record = dataclasses.replace(BLANK, custom={name: "YES"})
        assert expression.reads == {name}
        assert expression.holds(Facts(record, NAMES), TODAY)
        again = parse_expression(str(expression), kinds=[RecordKind.WORK_ITEM], custom=[name])
        assert again.reads == {name}


@pytest.mark.parametrize("count", [DEEPEST + 1, 400, 3_000])
def test_deep_brackets_are_refused(count: int) -> None:
    text = "(" * count + "key = 'a'" + ")" * count
    assert mistake(text).message == f"more than {DEEPEST} brackets inside each other"


@pytest.mark.parametrize(
    "text", ["(" * 100_000, "[" * 100_000, "not " * 100_000, "'" * 100_001, "key = 'a' and " * 10_000]
)
def test_long_texts_are_refused_at_once(text: str) -> None:
    started = time.perf_counter()
    assert "at most 10,000 are read" in mistake(text).message
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    "level",
    [
        "(",
        "not (",
        "not not (",
        "key = 'a' or key = 'b' and not (",
        "key = 'a' or not (",
    ],
)
def test_the_deepest_nesting_that_is_read_is_also_compiled_and_explained(level: str) -> None:
    text = level * DEEPEST + "key = 'c'" + ")" * DEEPEST
    expression = read(text)
    facts = Facts(ROLLOUT, NAMES)
    expression.first_failure(facts, TODAY)
    assert read(str(expression)).truth(facts, TODAY) is expression.truth(facts, TODAY)


@pytest.mark.parametrize(
    "text",
    [
        "key" + " = not key" * 990,
        "key" + " = key" * 1_600,
        "- " * 4_999,
        "key in " * 1_400,
        "key not " * 1_200,
        "key is not " * 900,
        "[" * 9_999,
        "key in [" + "[" * 9_000,
        "fields[" * 1_400,
        "'" * 9_999,
        "due " + "+ " * 4_900,
        "key = 'a' or " * 760,
    ],
)
def test_repetition_without_brackets_is_refused_without_depth(text: str) -> None:
    assert len(text) <= 10_000
    with pytest.raises(ExpressionError):
        parse_expression(text, kinds=[RecordKind.WORK_ITEM], custom=())


@pytest.mark.parametrize(
    "text",
    [
        " and ".join(["key = 'AUR-7'"] * 500),
        " or ".join(["key = 'x'"] * 600 + ["key = 'AUR-7'"]),
        "not " * 2_400 + "key = 'AUR-7'",
        "due" + " + 1d" * 1_600 + " > today",
        "key in [" + ", ".join(["'x'"] * 1_900 + ["'AUR-7'"]) + "]",
        "title = 'x' or " + "title != '" + "y" * 9_900 + "'",
    ],
)
def test_long_expressions_that_are_sound_are_read(text: str) -> None:
    assert truth(text) is True


def test_a_glob_never_hangs() -> None:
    record = dataclasses.replace(BLANK, title="a" * 20_000)
    started = time.perf_counter()
    assert truth(f"title like '{'*a' * 40}b'", record) is False
    assert truth(f"title like '{'a*' * 200}'", record) is True
    assert time.perf_counter() - started < 2
