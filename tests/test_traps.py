"""Every trap of the catalogue is named by a test of its own system, or by that system's part of the limits."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIMITS = ROOT / "docs" / "reference" / "limits.md"


@dataclass(frozen=True)
class Catalogue:
    """The traps of one system. The same letters name faults in the tests of other rooms, so only its own count."""

    letter: str
    last: int
    heading: str
    tests: tuple[str, ...]


CATALOGUES = (
    Catalogue("J", 39, "Jira", ("connectors/jira", "cli/test_drift.py", "pipeline/test_expiry.py")),
    Catalogue("A", 21, "Asana", ("connectors/asana", "connectors/test_asana.py", "connectors/test_asana_shape.py")),
    Catalogue("S", 25, "Salesforce", ("connectors/salesforce",)),
    Catalogue("X", 30, "Spreadsheets", ("connectors/spreadsheet",)),
)


def named_by_tests(catalogue: Catalogue) -> set[int]:
    """The numbers in the names and docstrings of tests. What a whole module says of itself proves nothing."""
    texts = [text for place in catalogue.tests for path in _modules(place) for text in _words_of(path)]
    return {number for text in texts for number in numbers_in(text, catalogue.letter)}


def named_by_limits(catalogue: Catalogue) -> set[int]:
    text = LIMITS.read_text(encoding="utf-8")
    parts = {part.partition("\n")[0]: part for part in text.split("\n## ")}
    return numbers_in(parts[catalogue.heading], catalogue.letter)


def unnamed(catalogue: Catalogue) -> list[int]:
    """The traps that neither a test nor a limit names."""
    named = named_by_tests(catalogue) | named_by_limits(catalogue)
    return sorted(set(range(1, catalogue.last + 1)) - named)


def numbers_in(text: str, letter: str) -> set[int]:
    """J15, test_..._j15_j16 and the range J15-J19."""
    ranges = re.findall(rf"\b{letter}(\d+)\s*[-–]\s*{letter}?(\d+)\b", text)
    single = re.findall(rf"(?:\b{letter}|(?<=_){letter.lower()})(\d+)(?![0-9A-Za-z])", text)
    return {int(each) for each in single} | {
        each for first, last in ranges for each in range(int(first), int(last) + 1)
    }


def _modules(place: str) -> list[Path]:
    path = ROOT / "tests" / place
    assert path.exists(), f"{path} is not there any more"
    return [path] if path.is_file() else sorted(path.rglob("test_*.py"))


def _words_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield f"{node.name} {ast.get_docstring(node) or ''}"


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda each: each.heading)
def test_every_trap_of_a_system_is_tested_or_a_limit(catalogue: Catalogue) -> None:
    lacking = unnamed(catalogue)
    assert lacking == [], f"no test and no limit names {[f'{catalogue.letter}{number}' for number in lacking]}"


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda each: each.heading)
def test_most_traps_are_handled_and_not_only_confessed(catalogue: Catalogue) -> None:
    assert len(named_by_tests(catalogue)) > 0.8 * catalogue.last


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda each: each.heading)
def test_a_trap_that_nothing_names_is_found(catalogue: Catalogue) -> None:
    """The control of the tests above: one trap more than there are, and another system's tests in place of its own."""
    assert unnamed(replace(catalogue, last=catalogue.last + 1)) == [catalogue.last + 1]
    others = next(each for each in CATALOGUES if each.letter not in (catalogue.letter, "S", "J")).tests
    assert len(unnamed(replace(catalogue, tests=others))) > 0.3 * catalogue.last


def test_only_a_test_names_a_trap(tmp_path: Path) -> None:
    """What a module, a class or another function says of itself does not count."""
    path = tmp_path / "test_it.py"
    said = [f'{kind}:\n    """Z{number}"""\n' for number, kind in enumerate(("class A", "def a()", "def test_a()"), 2)]
    path.write_text('"""Z1"""\n' + "".join(said), encoding="utf-8")
    assert {number for text in _words_of(path) for number in numbers_in(text, "Z")} == {4}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("J15, J16", {15, 16}),
        ("J15-J19", {15, 16, 17, 18, 19}),
        ("test_a_key_moves_j21_j22", {21, 22}),
        ("AJ1 J2x ADJ3 proj4", set()),
    ],
)
def test_ids_are_told_from_other_words(text: str, found: set[int]) -> None:
    """Part of other words they are none."""
    assert numbers_in(text, "J") == found
