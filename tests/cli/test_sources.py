"""``driftline sources``: what is configured, and what a first contact shows."""

from pathlib import Path

from sandbox.world import Meridian
from tests.cli.console import driftline

NAMES = ["jira", "asana", "salesforce", "savings", "procurement"]


def test_the_sources_are_listed_in_the_order_of_the_settings_with_their_last_complete_read(tuesday: Meridian):
    said = driftline("sources", "list", folder=tuesday.folder)
    assert (said.code, said.err) == (0, "")
    assert [line.split()[0] for line in said.lines[1:]] == NAMES
    assert said.lines[1].split() == ["jira", "jira", "30s", "15", "Sep", "2026", "09:10", "CEST"]


def test_the_json_of_the_list_has_the_documented_fields(tuesday: Meridian):
    listed = driftline("sources", "list", "--json", folder=tuesday.folder).json
    assert [each["name"] for each in listed] == NAMES
    assert all(set(each) == {"name", "kind", "every", "as_of"} for each in listed)
    assert listed[0]["as_of"].startswith("2026-09-15T07:10")


def test_a_source_that_was_never_read_says_never_and_looking_makes_nothing(unread: Path):
    said = driftline("sources", "list", folder=unread)
    assert all(line.endswith("never") for line in said.lines[1:])
    assert driftline("sources", "list", "--json", folder=unread).json[0]["as_of"] is None
    assert list((unread / "state").iterdir()) == []


def test_a_probe_tells_who_we_are_and_what_is_seen_and_stores_nothing(unread: Path):
    said = driftline("sources", "probe", folder=unread)
    assert said.code == 0
    assert [line for line in said.lines if not line.startswith(" ")] == NAMES
    assert sum(1 for line in said.lines if line.startswith("  signed in as ")) == 5
    assert any(line.startswith("  sees ") and "AUR" in line for line in said.lines)
    assert list((unread / "state").iterdir()) == []


def test_the_json_of_a_probe_has_the_documented_fields(tuesday: Meridian):
    told = driftline("sources", "probe", "jira", "--json", folder=tuesday.folder).json
    assert set(told) == {"sources", "failed"}
    assert told["failed"] == {}
    assert list(told["sources"]) == ["jira"]
    assert set(told["sources"]["jira"]) == {"identity", "server", "containers", "counts", "problems"}


def test_a_source_that_cannot_be_asked_ends_with_3_and_the_others_are_still_told(copy: Path):
    (copy / "secrets" / "jira-token").write_text("wrong", encoding="utf-8")
    said = driftline("sources", "probe", "jira", "savings", folder=copy)
    assert said.code == 3
    assert "savings" in said.lines
    assert "jira: could not be asked" in said.err
    assert "error: " in said.err
    assert "hint: " in said.err
    told = driftline("sources", "probe", "jira", "savings", "--json", folder=copy)
    assert told.code == 3
    assert set(told.json["failed"]) == {"jira"}
    assert set(told.json["failed"]["jira"][0]) == {"message", "location", "hint", "line"}


def test_a_name_that_is_not_configured_is_refused(tuesday: Meridian):
    said = driftline("sources", "probe", "sap", folder=tuesday.folder)
    assert said.code == 2
    assert "error: there is no source named sap" in said.err
