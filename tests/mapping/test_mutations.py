"""Whatever somebody's slip of the hand makes of a good file: it loads, or it is a located mistake (F1, F2)."""

import os
import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.document import SourceText
from mapping.load import LoadedMapping, load_mapping
from model.errors import UserError
from tests.mapping.samples import OBJECTIVES, RULES, SOURCES

MUTATIONS_TRIED = int(os.environ.get("DRIFTLINE_MUTATIONS", "1000"))
PIECES = (
    *(
        "\t",
        "  ",
        "\n",
        ":",
        ": ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "&a ",
        "*a",
        "!!x ",
        "'",
        '"',
        "#",
        "|",
        ">",
        "%",
        "@",
        "`",
    ),
    *("?", "? ", "<<: *a\n", "---\n", "...\n", "\u0085", "\u2028", "\ufeff", "\x00", "NO", "1e9", "\ud800", "é", "\r"),
)


def load(objectives: str, rules: str) -> LoadedMapping | None:
    """Load, or None for a mistake that is told as it should be; anything else that is raised fails the test."""
    told: UserError | None = None
    try:
        return load_mapping([SourceText("o.yaml", objectives)], [SourceText("r.yaml", rules)], sources=SOURCES)
    except UserError as error:
        told = error
    assert told.problems
    assert all(problem.message and problem.location for problem in told.problems)
    assert str(told).encode()
    return None


def _cut(text: str, chance: random.Random) -> str:
    start = chance.randrange(len(text))
    return text[:start] + text[start + chance.randrange(1, 12) :]


def _insert(text: str, chance: random.Random) -> str:
    start = chance.randrange(len(text))
    return text[:start] + chance.choice(PIECES) + text[start:]


def _double_line(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))
    return "".join(lines)


def _indent(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    number = chance.randrange(len(lines))
    lines[number] = lines[number].lstrip() if chance.random() < 0.3 else " " * chance.randrange(1, 4) + lines[number]
    return "".join(lines)


MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (_cut, _insert, _double_line, _indent)


def test_a_thousand_mutations_of_a_good_mapping_load_or_are_told() -> None:
    """DRIFTLINE_MUTATIONS=10000 tries more of them."""
    chance = random.Random(20260930)
    outcomes = []
    for _ in range(MUTATIONS_TRIED):
        objectives, rules = OBJECTIVES, RULES
        for _ in range(chance.randrange(1, 4)):
            mutate = chance.choice(MUTATIONS)
            if chance.random() < 0.5:
                objectives = mutate(objectives, chance)
            else:
                rules = mutate(rules, chance)
        outcomes.append(load(objectives, rules) is not None)
    assert 0.01 < sum(outcomes) / MUTATIONS_TRIED < 0.95


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from((*PIECES, "a", "version: 1\n", "rules:", "match", "key", "\n  ")), max_size=30))
def test_any_heap_of_yaml_pieces_loads_or_is_told(pieces: list[str]) -> None:
    load(OBJECTIVES, "".join(pieces))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_loads_or_is_told(text: str) -> None:
    load(text, RULES)
