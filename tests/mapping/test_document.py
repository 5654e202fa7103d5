"""Strict, located YAML (F2)."""

import time
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from pydantic import Field

from mapping.document import Document, DocumentError, SourceText, parse, problems_of, validated
from model.errors import Problem, UserError
from model.options import Duration, Options
from model.secret import Secret


def value_of(text: str) -> dict[str, Any]:
    return parse(SourceText("a.yaml", text)).value


def problem_of(text: str) -> Problem:
    with pytest.raises(DocumentError) as caught:
        parse(SourceText("a.yaml", text))
    assert isinstance(caught.value, UserError)
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NO", "NO"),
        ("off", "off"),
        ("y", "y"),
        ("12:30:00", "12:30:00"),
        ("190:20:30", "190:20:30"),
        ("0123", "0123"),
        ("-017", "-017"),
        ("1_000", "1_000"),
        ("2026-10-01", "2026-10-01"),
        ("2026-10", "2026-10"),
        ("2026-10-01T08:00:00Z", "2026-10-01T08:00:00Z"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000),
        ("=", "="),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("5", 5),
        ("-5", -5),
        ("0", 0),
        ("0x1F", 31),
        ("0o17", 15),
        ("0.50", 0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ('""', ""),
    ],
)
def test_a_scalar_means_what_people_read_in_it(written: str, meant: object) -> None:
    """F2: Norway, sexagesimal, octal and dates stay text; YAML 1.2 numbers and booleans are values."""
    value = value_of(f"a: {written}\n")["a"]
    assert value == meant
    assert type(value) is type(meant)


def test_keys_are_always_text() -> None:
    assert value_of("NO: 1\n2026-10: 2\n5: 3\ntrue: 4\n~: 5\n0123: 6\n") == {
        "NO": 1,
        "2026-10": 2,
        "5": 3,
        "true": 4,
        "~": 5,
        "0123": 6,
    }


def test_all_duplicate_keys_are_told_with_both_lines() -> None:
    """F2: duplicate keys."""
    with pytest.raises(DocumentError) as caught:
        parse(SourceText("a.yaml", "a: 1\nb: {c: 1, 'c': 2}\na: 2\n"))
    problems = {problem.location: problem for problem in caught.value.problems}
    assert set(problems) == {"a.yaml:2:11", "a.yaml:3:1"}
    assert problems["a.yaml:3:1"] == Problem(
        "the key 'a' is here a second time; the first is in line 1", "a.yaml:3:1", "keep one of them", "a: 2"
    )


BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{chr(98 + step)}: &{chr(98 + step)} [{','.join(['*' + chr(97 + step)] * 9)}]\n" for step in range(8)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "the file holds more than 200,000 values, aliases included"),
        ("a: &a [*a]", "nothing before this line is named &a"),
        ("a: " + "[" * 20_000, "the nesting is deeper than 40 levels"),
        ("a: " + "{a: " * 20_000, "the nesting is deeper than 40 levels"),
        ("- " * 20_000, "the nesting is deeper than 40 levels"),
        ("? " * 20_000, "the nesting is deeper than 40 levels"),
        ("".join(" " * depth + "a:\n" for depth in range(1_000)), "the nesting is deeper than 40 levels"),
        ("a0: &a0 []\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 600)), "the nesting is deeper"),
        ("a0: &a0 {}\n" + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}}}\n" for n in range(1, 600)), "the nesting is deeper"),
        ("a: [" + "1," * 400_000 + "]", "the file holds more than 200,000 values"),
        ("a: " + "x" * 2_000_000, "the file is larger than 1,000,000 characters"),
    ],
    ids=[
        "alias bomb",
        "alias inside its own anchor",
        "20,000 open lists",
        "20,000 open mappings",
        "20,000 block lists",
        "20,000 complex keys",
        "1,000 indented blocks",
        "600 aliases of aliases",
        "600 merges of merges",
        "400,000 values",
        "2 MB",
    ],
)
def test_what_would_exhaust_the_machine_is_one_located_problem_and_no_endless_work(text: str, message: str) -> None:
    """F2: bombs, deep nesting and size."""
    began = time.process_time()
    problem = problem_of(text)
    assert time.process_time() - began < 20, "a bomb takes hours; this bound only tells the two apart"
    assert problem.message.startswith(message)
    assert problem.location.startswith("a.yaml")


@pytest.mark.parametrize(
    ("text", "location", "message"),
    [
        ("", "a.yaml", "the file is empty"),
        ("# nothing\n", "a.yaml", "the file is empty"),
        ("- a\n", "a.yaml:1:1", "the file must consist of keys and values"),
        ("text\n", "a.yaml:1:1", "the file must consist of keys and values"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2:1", "a second document begins here"),
        ("a:\n\t- b\n", "a.yaml:2:1", "a tab is used for indentation"),
        ("a: b: c\n", "a.yaml:1:5", "a key cannot begin here"),
        ("a: [1\nb: 2\n", "a.yaml:1:4", "a bracket is not closed"),
        ("a: 1\nb: 'x\n", "a.yaml:2:4", "a quote is not closed"),
        ("a: 1\r\nb: \x07\r\n", "a.yaml:2:4", "the character U+0007 cannot be in a YAML file"),
        ("a: \ud800\n", "a.yaml:1:4", "the character U+D800 cannot be in a YAML file"),
        ("a: !!python/object/apply:os.system [ls]\n", "a.yaml:1:4", "the tag !!python/object/apply:os.system is not"),
        ("a: !!binary aGk=\n", "a.yaml:1:4", "the tag !!binary is not allowed"),
        ("a: !own 1\n", "a.yaml:1:4", "the tag !own is not allowed"),
        ("a: *b\n", "a.yaml:1:4", "nothing before this line is named &b"),
        ("[a]: 1\n", "a.yaml:1:1", "a key must be a single word or text"),
        ("<<: 1\n", "a.yaml:1:5", "<< needs a mapping or a list of mappings"),
    ],
)
def test_a_file_that_is_not_good_yaml_is_a_located_problem(text: str, location: str, message: str) -> None:
    problem = problem_of(text)
    assert problem.location == location
    assert problem.message.startswith(message)
    assert problem.hint


def test_a_byte_order_mark_does_not_move_columns() -> None:
    assert problem_of("\ufeffa: b: c\n").location == "a.yaml:1:5"
    assert value_of("\ufeffa: 1\n") == {"a": 1}


def test_aliases_and_merges_work_and_the_own_key_wins() -> None:
    text = "base: &base {a: 1, b: 2}\nmore: &more {b: 9, c: 3}\nx: {<<: [*base, *more], a: 0}\ny: *base\n"
    value = value_of(text)
    assert value["x"] == {"a": 0, "b": 2, "c": 3}
    assert value["y"] == {"a": 1, "b": 2}


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Lamp(Options):
    colour: Colour = Colour.RED
    every: Duration | None = None
    token: Secret | None = None
    watts: int | list[int] = 1
    names: tuple[str, ...] = ()
    share: Decimal = Field(default=Decimal(1), le=1)


class House(Options):
    version: int
    lamps: tuple[Lamp, ...] = ()
    rooms: dict[str, Lamp] = Field(default_factory=dict)


def document(text: str) -> Document:
    return parse(SourceText("house.yaml", text))


def test_a_sound_document_becomes_the_model() -> None:
    house = validated(document("version: 1\nlamps: [{colour: green, every: 2h}]\n"), House)
    assert house.lamps[0].colour is Colour.GREEN


def test_every_mistake_is_told_at_once_in_plain_words_where_it_is() -> None:
    text = (
        "lamps:\n"
        "  - color: red\n"
        "    colour: grene\n"
        "    every: 5\n"
        "    watts: many\n"
        "    names: [NO, 7]\n"
        "rooms:\n"
        "  2026-10: {share: 2}\n"
        "  kitchen:\n"
        "  hall: [1]\n"
    )
    with pytest.raises(DocumentError) as caught:
        validated(document(text), House)
    assert [(each.location, each.message, each.hint) for each in caught.value.problems] == [
        ("house.yaml:1:1", "'version' is missing", "add version: …"),
        ("house.yaml:2:5", "unknown key 'color'", "did you mean 'colour'?"),
        ("house.yaml:3:13", "'grene' is not an allowed value", "did you mean 'green'?"),
        ("house.yaml:4:12", "a duration is a number with a unit: 30s, 15m, 2h, 1d or 1w", ""),
        ("house.yaml:5:12", "expected a whole number or a list, found text", ""),
        ("house.yaml:6:17", "expected text, found a number", 'write it in quotes: "7"'),
        ("house.yaml:8:20", "the value must be at most 1", ""),
        ("house.yaml:9:3", "expected keys with values, found nothing", ""),
        ("house.yaml:10:9", "expected keys with values, found a list", ""),
    ]
    assert caught.value.problems[1].line.strip() == "- color: red"


def test_a_missing_key_points_at_the_parent() -> None:
    class Outer(Options):
        inner: House

    problems = problems_of(document("inner:\n  lamps: []\n"), Outer)[1]
    assert problems[0].location == "house.yaml:1:1"
    assert problems[0].message == "'version' is missing"


def test_a_part_of_a_document_can_be_validated_with_places_in_the_whole_file() -> None:
    value, problems = problems_of(document("rooms:\n  hall:\n    colour: blue\n"), Lamp, ("rooms", "hall"))
    assert value is None
    assert problems[0].location == "house.yaml:3:13"
    assert problems[0].hint == "one of: red, green"


def test_a_mistake_in_an_aliased_value_points_at_where_it_is_written() -> None:
    problems = problems_of(document("version: 1\nrooms:\n  a: &a {watts: x}\n  b: *a\n"), House)[1]
    assert {problem.location for problem in problems} == {"house.yaml:3:17"}


def test_thousands_of_mistakes_are_cut_off_quickly_and_said_to_be() -> None:
    text = "version: 1\n" + "".join(f"key{number}: 1\n" for number in range(60_000))
    began = time.process_time()
    problems = problems_of(document(text), House)[1]
    assert time.process_time() - began < 20
    assert len(problems) == 201
    assert problems[-1].message == "59,800 more mistakes are not shown"


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nlamps: [{token: hunter2}]\n",
        "version: 1\napi_token: hunter2\n",
        "version: 1\nlamps:\n  - my_password: hunter2: x\n",
        "version: 1\nclient_secret: 'hunter2\n",
        "secret: hunter2\nsecret: env:HUNTER\n",
    ],
)
def test_a_secret_in_a_file_is_never_shown(text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        validated(document(text), House)
    assert "hunter2" not in str(caught.value)
    assert "(hidden)" in str(caught.value) or "env:" in str(caught.value)


def test_a_reference_to_a_secret_is_shown() -> None:
    problem = problems_of(document("version: 1\ntokn: env:JIRA_TOKEN\n"), House)[1][0]
    assert "env:JIRA_TOKEN" in problem.line


def test_a_place_that_the_file_does_not_have_falls_back_to_the_nearest_above() -> None:
    found = document("version: 1\nlamps:\n  - colour: red\n")
    assert found.problem(("lamps", 0, "watts"), "x").location == "house.yaml:3:5"
    assert found.problem(("lamps", 7), "x", at_key=True).location == "house.yaml:2:1"
    assert found.get(("lamps", 0, "colour")) == "red"
    assert found.get(("lamps", 4)) is None
    assert found.location(("lamps", 0)) == "house.yaml:3"
