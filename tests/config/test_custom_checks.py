"""Files of custom checks are part of the configuration: found, fingerprinted and refused like all others."""

from pathlib import Path

import pytest

from config.check_examples import failures
from config.load import Configuration, load
from config.upgrade import upgrade_files
from model.errors import ConfigurationError
from tests.config.test_custom_checks_broken import SOUND

SETTINGS = """\
version: 1
checks: [checks/*.yaml]
mapping: []
business: {currency: EUR, rates: {as_of: 2026-01-02, USD: 0.5}}
sources: {}
"""
OBJECTIVES = "version: 1\nobjectives:\n  - {id: ACME, level: organization, name: Acme}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one custom check, which is also the working directory."""
    (tmp_path / "checks").mkdir()
    (tmp_path / "driftline.yaml").write_text(SETTINGS)
    (tmp_path / "objectives.yaml").write_text(OBJECTIVES)
    (tmp_path / "checks" / "own.yaml").write_text(SOUND)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(folder: Path) -> Configuration:
    return load(folder / "driftline.yaml")


def edit(folder: Path, old: str, new: str, name: str = "checks/own.yaml") -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))


def failed(folder: Path) -> list[tuple[str, str, str]]:
    configuration = loaded(folder)
    found = failures(configuration.custom.examples, configuration.custom.checks, configuration.settings)
    return [(each.location, each.message, each.hint) for each in found]


def test_they_stand_beside_the_installed_checks(folder: Path) -> None:
    configuration = loaded(folder)
    assert "custom:closes-early" in configuration.checks
    assert "late-commitment" in configuration.checks
    assert folder / "checks" / "own.yaml" in configuration.files
    assert configuration.custom.definitions[0].location == "checks/own.yaml:3"


def test_an_edited_check_changes_the_fingerprint(folder: Path) -> None:
    before = loaded(folder).fingerprint
    edit(folder, "14d", "13d")
    assert loaded(folder).fingerprint != before


def test_without_files_there_are_none_and_a_pattern_that_names_none_is_a_mistake(folder: Path) -> None:
    edit(folder, "checks: [checks/*.yaml]\n", "", "driftline.yaml")
    assert not loaded(folder).custom.checks
    edit(folder, "mapping: []", "checks: [own/*.yaml]\nmapping: []", "driftline.yaml")
    with pytest.raises(ConfigurationError) as caught:
        loaded(folder)
    [problem] = caught.value.problems
    assert (problem.location, problem.message) == ("driftline.yaml:2:10", "no file matches own/*.yaml")


def test_their_mistakes_come_with_those_of_the_other_files(folder: Path) -> None:
    edit(folder, "14d", "14")
    edit(folder, "level: organization", "level: organisation", "objectives.yaml")
    edit(folder, "currency: EUR", "curency: EUR", "driftline.yaml")
    with pytest.raises(ConfigurationError) as caught:
        loaded(folder)
    assert [each.location for each in caught.value.problems] == [
        "driftline.yaml:4:12",
        "objectives.yaml:3:23",
        "checks/own.yaml:10:16",
    ]


def test_an_upgrade_of_objectives_and_rules_leaves_them_alone(folder: Path) -> None:
    assert [path.name for path in upgrade_files(loaded(folder))] == ["objectives.yaml"]


# --- examples ---------------------------------------------------------------------------------------------------


def test_an_example_that_comes_out_as_it_says_is_no_problem(folder: Path) -> None:
    assert failed(folder) == []


def test_an_example_in_which_nothing_is_found_says_what_both_claims_say(folder: Path) -> None:
    edit(folder, "2026-11-16", "2026-10-14")
    assert failed(folder) == [
        (
            "checks/own.yaml:22:16",
            "custom:closes-early finds nothing in the example 'early'",
            "D-1: close_date says 30 Sep 2026, forecast 14 Oct 2026",
        )
    ]


def test_an_example_that_cannot_be_judged_says_why(folder: Path) -> None:
    edit(folder, ", close_date: 2026-09-30", "")
    [(_, message, hint)] = failed(folder)
    assert message.endswith("it cannot be judged: no deal of example has a close date")
    assert hint == "D-1: close_date says nothing, forecast 16 Nov 2026"


def test_an_example_without_anything_to_look_at_says_so(folder: Path) -> None:
    edit(folder, "{outcome: open}", "{outcome: won}")
    assert failed(folder)[0][2] == "there is nothing that the check looks at"


def test_an_example_in_which_something_is_found_that_must_not_be(folder: Path) -> None:
    edit(folder, "finds: true", "finds: false")
    [(place, message, _)] = failed(folder)
    assert place == "checks/own.yaml:22:16"
    assert message.endswith(
        "finds something in the example 'early': D-1 closes on 30 Sep 2026, 47 days too early (not priced)"
    )


def test_the_text_of_an_example_is_compared_word_for_word(folder: Path) -> None:
    edit(folder, "finds: true", "finds: true\n        text: D-1 closes too early")
    [(place, message, hint)] = failed(folder)
    assert (place, message) == (
        "checks/own.yaml:23:15",
        "custom:closes-early says something else in the example 'early'",
    )
    assert hint == "it says: D-1 closes on 30 Sep 2026, 47 days too early (not priced)"


def test_examples_are_judged_with_the_rates_and_options_of_the_settings(folder: Path) -> None:
    edit(folder, "kind: deal, ", "kind: deal, amount: 100 USD, ")
    edit(folder, "finds: true", 'finds: true\n        text: "D-1 closes on 30 Sep 2026, 47 days too early (EUR 50)"')
    assert failed(folder) == []


def test_an_example_of_a_check_that_is_switched_off_is_run_all_the_same(folder: Path) -> None:
    edit(folder, "    about: deal", "    enabled: false\n    about: deal")
    assert failed(folder) == []
    edit(folder, "finds: true", "finds: false")
    assert len(failed(folder)) == 1
