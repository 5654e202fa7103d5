"""What an editor underlines in a file of custom checks, by a validator that is not ours."""

import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from config.schema import checks_schema
from mapping.document import SourceText, parse
from tests.config.test_custom_checks_broken import BROKEN, SOUND

VALIDATOR = Draft202012Validator(checks_schema())
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-custom-check.md"
BEYOND_A_SCHEMA = {
    "an installed check",  # names of checks that are installed somewhere
    "chosen by 'fields.Regio'",  # extra fields that are configured elsewhere
    "extra field 'Golive'",
    "no outcome is called",  # what belongs together in several keys
    "is a fixed value",
    "does not compare two",
    "is a date and amount",
    "compared with itself",
    "no such day",
    "is no tolerance here",
    "is known of",
    "is only known where",
    "neither a part",
    "no placeholder",
    "stands alone",
    "has no objective",
    "two records",
    "nothing is found here",
}


def mistakes(text: str) -> list[str]:
    value = parse(SourceText("file.yaml", text)).value
    return [".".join(map(str, error.absolute_path)) for error in VALIDATOR.iter_errors(value)]


@pytest.mark.parametrize(("sound", "broken", "message"), [(*each[:2], each[3]) for each in BROKEN])
def test_what_is_wrong_in_its_form_is_underlined(sound: str, broken: str, message: str) -> None:
    is_beyond = any(part in message for part in BEYOND_A_SCHEMA)
    assert bool(mistakes(SOUND.replace(sound, broken))) is not is_beyond


def test_a_claim_of_something_else_is_underlined_where_it_stands() -> None:
    assert mistakes(SOUND) == []
    assert mistakes(SOUND.replace("claim: close_date", "claim: planned_start")) == ["checks.0.claim"]
    assert mistakes(SOUND.replace("{outcome: open}", "{level: project}")) == ["checks.0.only"]


@pytest.mark.parametrize(
    "value", ["2026-12-31", "today", "today + 30d", "250000 EUR", "3", "0.5", "green", "fields.Go live"]
)
def test_a_fixed_value_or_an_extra_field_is_not_underlined(value: str) -> None:
    assert mistakes(SOUND.replace("against: forecast", f"against: {value}")) == []


def test_every_definition_of_the_how_to_is_valid() -> None:
    page = HOW_TO.read_text(encoding="utf-8")
    files = re.findall(r"<!-- file: checks/.*? -->\n```yaml\n(.*?)```", page, re.S)
    assert len(files) == 2
    assert [mistakes(text) for text in files] == [[], []]
