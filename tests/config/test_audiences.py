"""Names in the settings of audiences that mean nothing, and how a mistake in one of their options is told."""

import re
from pathlib import Path

import pytest

from config.load import load
from model.errors import ConfigurationError, Problem
from tests.config.test_load import SETTINGS

MAIL = "mail: {sender: a@example.com, smtp: {host: smtp.example.com}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "objectives.yaml").write_text("version: 1\nobjectives:\n- {id: COSTS, name: Costs, level: program}\n")
    (tmp_path / "mapping").mkdir()
    (tmp_path / "mapping" / "rules.yaml").write_text("version: 1\nrules: []\n")
    return tmp_path


def mistakes(folder: Path, text: str) -> tuple[Problem, ...]:
    (folder / "driftline.yaml").write_text(SETTINGS + text)
    with pytest.raises(ConfigurationError) as raised:
        load(folder / "driftline.yaml")
    return raised.value.problems


@pytest.mark.parametrize(
    ("option", "message", "hint"),
    [
        ("sources: [savigns]", "there is no source 'savigns'", "savings"),
        ("checks: [late-comitment]", "there is no check 'late-comitment'", "late-commitment"),
        ("calendar: plants", "there is no calendar 'plants'", "plant"),
    ],
)
def test_a_name_that_means_nothing_is_a_mistake_with_the_nearest_one(
    folder: Path, option: str, message: str, hint: str
):
    digests = f"calendars: {{plant: {{}}}}\ndigests: {{leaders: {{recipients: [a@example.com], {option}}}}}\n"
    (problem,) = mistakes(folder, MAIL + digests)
    assert problem.message == message
    assert hint in problem.hint
    assert re.fullmatch(r".*driftline\.yaml:\d+:\d+", problem.location)


def test_owners_need_a_mail_server_and_a_calendar_that_there_is(folder: Path):
    problems = mistakes(folder, "owners: {domains: [example.com], calendar: works}\n")
    assert [each.message for each in problems] == [
        "owners are to get mails, but there is no mail server",
        "there is no calendar 'works'",
    ]


@pytest.mark.parametrize(
    "option",
    [
        "role: pope",
        "minimum_money: much",
        "accounts: [gold]",
        "at_once: {at_most_per_day: 0}",
        "minimum_money: {gold: 1}",
    ],
)
def test_a_wrong_value_is_told_at_its_place(folder: Path, option: str):
    problems = mistakes(folder, f"{MAIL}digests: {{leaders: {{recipients: [a@example.com], {option}}}}}\n")
    assert len(problems) == 1
    assert "driftline.yaml:" in problems[0].location


def test_owners_without_a_domain_are_a_mistake(folder: Path):
    assert mistakes(folder, f"{MAIL}owners: {{domains: []}}\n")
