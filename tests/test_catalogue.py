"""The catalogue: each check says which patterns it answers, and no pattern is left without an answer."""

import importlib.util
import re
from pathlib import Path

import click
import pytest

from cli.main import cli
from reconcile.checks import checks

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
IDS = {
    *(f"F{story}.{number}" for story, last in enumerate((7, 5, 6, 5, 5), 1) for number in range(1, last + 1)),
    *(f"I{number}" for number in range(1, 66)),
}
"""Seven, five, six, five and five patterns of the five stories, and 65 sentences that imply one."""
LONGEST = 40
"""Lines on the page of one check, so that it stays something that people read."""

_spec = importlib.util.spec_from_file_location("catalogue", ROOT / "docs" / "catalogue.py")
assert _spec is not None
assert _spec.loader is not None
catalogue = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(catalogue)

LIMITS = (REFERENCE / "limits.md").read_text(encoding="utf-8")
PAGE = (REFERENCE / "checks.md").read_text(encoding="utf-8")


def unanswered(limits: str) -> set[str]:
    answered = {pattern for check in checks().values() for pattern in check.patterns}
    return set(catalogue.patterns()) - answered - set(catalogue.without_check(limits))


def test_the_list_of_patterns_is_whole():
    assert set(catalogue.patterns()) == IDS
    assert all(catalogue.patterns().values())


def test_every_pattern_has_a_check_or_a_line_among_the_limits():
    assert unanswered(LIMITS) == set()


def test_a_pattern_without_a_line_is_noticed():
    """The control of the test before: without the limits, exactly those are left that no check answers."""
    without = LIMITS.replace("* F1.7: ", "* ")

    assert unanswered(without) == {"F1.7"}
    assert {"F1.6", "F4.4", "I31", "I58"} <= unanswered("")


def test_the_limits_speak_only_of_patterns_that_there_are():
    assert set(catalogue.without_check(LIMITS)) <= IDS


@pytest.mark.parametrize("name", sorted(checks()))
def test_a_check_names_its_patterns_its_family_and_its_formula(name: str):
    check = checks()[name]

    assert check.patterns
    assert set(check.patterns) <= IDS
    assert check.family in catalogue.FAMILIES
    assert check.formula.endswith(".")
    assert check.title in PAGE


@pytest.mark.parametrize("name", sorted(checks()))
def test_the_page_of_a_check_is_short_and_shows_what_it_prints(name: str):
    section = re.split(r"^##", PAGE.split(f"\n### {name}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]

    assert len(section.splitlines()) <= LONGEST
    assert "\ndecides  " in section.split("```text\n")[1]
    assert all(f"`{option}`" in section for option in checks()[name].options_type.model_fields if option != "enabled")


def test_every_command_that_the_limits_name_as_an_answer_is_there():
    assert isinstance(cli, click.Group)
    section = LIMITS.split("## Patterns without a check")[1]
    named = set(re.findall(r"`driftline ([a-z]+)", section))

    assert len(named) > 8
    assert named <= set(cli.list_commands(click.Context(cli)))
