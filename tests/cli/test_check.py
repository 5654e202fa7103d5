"""``driftline check``: everything that is wrong, at once, each with its place and one thing to do."""

from collections.abc import Callable
from pathlib import Path

from sandbox.world import Meridian
from tests.cli.console import driftline

Change = Callable[[Path, str, str], None]
COUNTS = {"sources": 5, "objectives": 26, "rules": 19, "digests": 1}


def test_a_sound_configuration_is_counted_in_one_line_of_correct_english(tuesday: Meridian):
    said = driftline("check", folder=tuesday.folder)
    assert (said.code, said.err) == (0, "")
    assert said.out == "ok: 5 sources, 26 objectives, 19 rules, 1 digest\n"


def test_the_json_has_the_documented_fields(tuesday: Meridian):
    told = driftline("check", "--json", folder=tuesday.folder).json
    assert told == {"ok": True, "problems": [], "warnings": [], **COUNTS}


def test_an_unknown_objective_in_a_rule_is_shown_with_its_place_its_line_and_the_nearest_name(
    copy: Path, changed: Change
):
    changed(copy / "mapping" / "jira.yaml", "objective: M-102", "objective: M-1002")
    said = driftline("check", folder=copy)
    assert (said.code, said.out) == (2, "")
    told = said.err.splitlines()
    assert told[0].startswith("error: ")
    assert "M-1002" in told[0]
    path, line, column = told[1].removeprefix("  --> ").rsplit(":", 2)
    assert path.endswith("mapping/jira.yaml")
    text = (copy / "mapping" / "jira.yaml").read_text("utf-8").splitlines()[int(line) - 1]
    assert text[int(column) - 1 :].startswith("M-1002")
    assert told[2] == f"   |  {text.strip()}"
    assert told[3].startswith("hint: did you mean 'M-102'?")
    assert told[-1] == "1 mistake"


def test_all_mistakes_of_all_files_come_at_once(copy: Path, changed: Change):
    changed(copy / "mapping" / "jira.yaml", "objective: M-102", "objective: M-1002")
    changed(copy / "driftline.yaml", "currency: EUR\n\n# The", "curency: EUR\n\n# The")
    changed(copy / "objectives.yaml", "level: organization", "level: organisation")
    said = driftline("check", folder=copy)
    assert said.code == 2
    for place in ("driftline.yaml:", "objectives.yaml:", "mapping/jira.yaml:"):
        assert f"{place}" in said.err
    assert "did you mean 'currency'?" in said.err
    assert int(said.err.splitlines()[-1].split()[0]) == said.err.count("error: ") >= 3


def test_mistakes_as_json_have_a_message_a_place_a_line_and_a_hint(copy: Path, changed: Change):
    changed(copy / "mapping" / "jira.yaml", "objective: M-102", "objective: M-1002")
    said = driftline("check", "--json", folder=copy)
    assert (said.code, said.err) == (2, "")
    assert set(said.json) == {"ok", "problems"}
    [problem] = said.json["problems"]
    assert set(problem) == {"message", "location", "hint", "line"}
    assert all(problem.values())


def test_a_secret_that_cannot_be_had_is_a_mistake_that_names_the_setting(copy: Path):
    (copy / "secrets" / "jira-token").unlink()
    said = driftline("check", folder=copy)
    assert said.code == 2
    assert "  --> sources.jira.token" in said.err


def test_a_warning_is_no_mistake_unless_it_is_asked_to_be_one(copy: Path):
    (copy / "secrets" / "jira-token").chmod(0o644)
    said = driftline("check", folder=copy)
    assert said.code == 0
    assert said.err.startswith("warning: ")
    assert said.out.startswith("ok: ")
    assert len(driftline("check", "--json", folder=copy).json["warnings"]) == 1
    assert driftline("check", "--strict", folder=copy).code == 2


def test_checking_makes_no_state_and_calls_nobody(unread: Path, tuesday: Meridian):
    before = len(tuesday.jira_server.requests)
    driftline("check", folder=unread)
    assert list((unread / "state").iterdir()) == []
    assert len(tuesday.jira_server.requests) == before
