"""``driftline status``: how fresh and complete the picture is, and what waits."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.world import Meridian
from state.lock import Ownership
from state.store import Store
from tests.cli.console import at_a_terminal, driftline
from tests.databases import url_of

Change = Callable[[Path, str, str], None]
FIELDS = {
    *("last_run", "sources", "set_aside", "findings", "cannot_judge", "deliveries", "owner", "expiring", "mapping"),
}
LATENCY_FIELDS = {"measured", "median_seconds", "worst_seconds", "unknown", "waiting"}
SOURCE_FIELDS = {"source", "records", "linked", "as_of", "complete", "error", "configured"}


def test_it_shows_each_source_the_last_run_the_findings_and_the_mails(tuesday: Meridian):
    said = driftline("status", folder=tuesday.folder)
    assert (said.code, said.err) == (0, "")
    assert said.lines[1].split() == ["jira", "50", "41", "of", "41", "15", "Sep", "2026", "09:10", "CEST", "complete"]
    count = len(driftline("findings", "--json", folder=tuesday.folder).json)
    assert "last run       2, done, 15 Sep 2026 09:10 CEST" in said.lines
    assert f"findings       {count} standing" in said.lines
    assert said.lines[-3:-1] == ["mails          none yet", "working now    nothing: no daemon runs on this state"]


@pytest.mark.parametrize("columns", [80, 120])
def test_at_a_terminal_all_that_matters_stands_on_one_screen(tuesday: Meridian, columns: int):
    """What cannot be judged is one line of it, and each line is whole."""
    lines = at_a_terminal("status", folder=tuesday.folder, columns=columns, NO_COLOR="1").splitlines()
    labels = [line[:15].strip() for line in lines[lines.index("") + 1 :]]
    assert labels == ["last run", "findings", "mails", "working now", "cannot judge"]
    assert len(lines) < 20
    assert max(map(len, lines)) <= 80


def test_it_says_what_could_not_be_judged_at_all_and_why(tuesday: Meridian):
    """A check that judges nothing must not look like one that finds nothing."""
    told = driftline("status", "--json", folder=tuesday.folder).json["cannot_judge"]
    checks = {each["check"] for each in told}
    counted = f"cannot judge   {len(checks)} checks, wholly or in part: driftline status --cannot-judge"
    assert driftline("status", folder=tuesday.folder).lines[-1] == counted
    said = driftline("status", "--cannot-judge", folder=tuesday.folder)
    assert said.code == 0
    assert {line.split()[0] for line in said.lines[1:]} == checks
    assert re.search(r"^value-slip +no saving of procurement has a forecast$", said.out, re.M)
    assert driftline("status", "--cannot-judge", "--json", folder=tuesday.folder).json["cannot_judge"] == told
    assert {
        "check": "value-slip",
        "reason": "no saving of procurement has a forecast",
        "sources": ["procurement"],
    } in told


def test_the_json_has_the_documented_fields(tuesday: Meridian):
    told = driftline("status", "--json", folder=tuesday.folder).json
    assert set(told) == FIELDS
    assert told["findings"]["open"] >= 11
    assert told["findings"]["held"] == 0
    assert [each["source"] for each in told["sources"]] == ["jira", "asana", "salesforce", "savings", "procurement"]
    assert all(set(each) >= SOURCE_FIELDS for each in told["sources"])
    assert told["last_run"]["outcome"] == "done"


def test_a_source_that_failed_says_why_and_what_rests_on_it_is_held(copy: Path):
    (copy / "secrets" / "jira-token").write_text("wrong", encoding="utf-8")
    assert driftline("sync", folder=copy).code == 3
    said = driftline("status", folder=copy)
    assert "failed: " in said.lines[1]
    assert "token" in said.lines[1]
    labels = [line.split("  ")[0] for line in said.lines[said.lines.index("") + 1 :]]
    assert labels[:2] == ["what to do", "last run"]
    held = re.search(r"(\d+) standing, (\d+) of them held because a source is incomplete", said.out)
    assert held is not None
    assert int(held[2]) >= 11
    told = driftline("status", "--json", folder=copy).json["findings"]
    assert told["held"] == int(held[2])
    assert "(not re-checked since 15 Sep 2026)" in driftline("findings", folder=copy).out


def test_before_the_first_sync_every_source_is_listed_and_what_to_do_is_said(unread: Path):
    said = driftline("status", folder=unread)
    assert said.code == 0
    assert all(line.endswith("never               not read yet") for line in said.lines[1:6])
    assert said.err == "nothing was read yet; run driftline sync\n"
    assert driftline("status", "--cannot-judge", folder=unread).err == said.err
    told = driftline("status", "--json", folder=unread).json
    assert set(told) == FIELDS
    assert told["last_run"] is None
    assert not any(each["complete"] for each in told["sources"])
    assert list((unread / "state").iterdir()) == []


def test_a_source_that_is_no_longer_configured_is_marked(copy: Path, changed: Change):
    changed(copy / "driftline.yaml", "  asana:\n    kind: asana", "  asana2:\n    kind: asana")
    changed(copy / "mapping" / "asana.yaml", "source: asana", "source: asana2")
    said = driftline("status", folder=copy)
    assert said.code == 0, said.err
    assert any(line.startswith("asana ") and line.endswith("no longer configured") for line in said.lines)
    assert any(line.startswith("asana2 ") and line.endswith("not read yet") for line in said.lines)


def test_a_mistake_in_the_rules_is_told_beside_everything_that_is_stored(copy: Path, changed: Change):
    changed(copy / "mapping" / "salesforce.yaml", "objective: M-101", "objective: M-1O1")
    said = driftline("status", folder=copy)
    assert said.code == 2
    assert "findings       " in said.out
    assert "mistakes       in the files: there is no objective 'M-1O1' (" in said.out
    assert "error: there is no objective 'M-1O1'\n  --> " in said.err
    told = driftline("status", "--json", folder=copy)
    assert told.code == 2
    assert told.json["mapping"]["mistakes"][0]["location"].endswith("salesforce.yaml:7:16")
    assert told.json["mapping"]["fingerprint"]


def test_a_mistake_in_the_settings_leaves_nothing_to_look_at(copy: Path, changed: Change):
    changed(copy / "driftline.yaml", "sources:", "sauces:")
    said = driftline("status", folder=copy)
    assert (said.code, said.out) == (2, "")
    assert "driftline.yaml:" in said.err


def test_without_a_change_of_the_mapping_nothing_is_said_about_it(tuesday: Meridian):
    assert "mapping  " not in driftline("status", folder=tuesday.folder).out
    told = driftline("status", "--json", folder=tuesday.folder).json["mapping"]
    assert (told["last_change"], told["refused"], told["mistakes"]) == (None, None, [])


def test_while_a_daemon_does_not_take_an_edit_it_says_so(copy: Path):
    """The files may be sound again by then; what counts is what the daemon works with."""
    from datetime import UTC, datetime

    from model.errors import Problem
    from model.mapping_changes import RefusedConfiguration
    from state.lock import Ownership
    from state.store import Store

    now = datetime(2026, 9, 15, 8, 0, tzinfo=UTC)
    problems = (Problem("there is no objective 'M-1O1'", "mapping/salesforce.yaml:7:16", "did you mean 'M-101'?"),) * 2
    with Store.open(url_of(copy / "state" / "driftline.db")) as store:
        store.set_refused_configuration(RefusedConfiguration(now, problems, "f4a7f6e3"))
        with Ownership.acquire(store, holder="driftline run", now=now):
            said = driftline("status", folder=copy)
            told = driftline("status", "--json", folder=copy).json["mapping"]
        after = driftline("status", folder=copy)
    assert said.code == 0
    assert (
        "not taken      an edit, since 15 Sep 2026 10:00 CEST: there is no objective 'M-1O1' "
        "(mapping/salesforce.yaml:7:16), and 1 more"
    ) in said.out
    assert told["refused"]["problems"][0]["hint"] == "did you mean 'M-101'?"
    assert "not taken" not in after.out


def test_the_measures_say_who_waits_what_is_linked_and_what_was_decided(tuesday: Meridian):
    """On Tuesday nobody was told yet; one promise was replanned after it had been found on Monday."""
    said = driftline("status", "--measures", folder=tuesday.folder)
    assert (said.code, said.err) == (0, "")
    assert re.fullmatch(r"the 90 days before 15 Sep 2026 09:1\d CEST", said.lines[0])
    waiting = driftline("status", "--measures", "--json", folder=tuesday.folder).json["measures"]["told"]["waiting"]
    assert f"first mail     none announced yet; {waiting} not mailed yet" in said.lines
    assert any(re.fullmatch(r"jira -> salesforce +– +– +0 of 6 +– +– +0 of 6", line) for line in said.lines)
    counted = r"coverage       98 % of 82 records linked, counted 15 Sep 2026 09:1\d CEST"
    assert any(re.fullmatch(counted, line) for line in said.lines)
    assert "               100 % of EUR 3,710,000 open deals" in said.lines
    assert ", 1 replanned; " in said.out


def test_two_pages_at_once_are_refused(tuesday: Meridian):
    said = driftline("status", "--measures", "--cannot-judge", folder=tuesday.folder)
    assert (said.code, said.out) == (2, "")
    assert "give one of them" in said.err


def test_the_measures_as_json_have_the_documented_fields(tuesday: Meridian):
    told = driftline("status", "--measures", "--json", folder=tuesday.folder).json
    assert set(told) == {"measures", "runs"}
    assert [each["run_id"] for each in told["runs"]] == [2, 1]
    measures = told["measures"]
    assert set(measures) == {
        *("at", "days", "told", "reflected", "first_mail", "pairs", "objectives", "decisions", "coverage"),
    }
    assert set(measures["told"]) == LATENCY_FIELDS
    assert measures["told"]["median_seconds"] is None
    assert set(measures["pairs"][0]) == {"changed_in", "other", "told", "reflected"}
    assert set(measures["objectives"][0]) == {"objective_id", "told", "reflected"}
    assert set(measures["decisions"]) == {
        *("findings", "accepted", "acknowledged", "commitment_changed", "ended_otherwise", "undecided", "recorded"),
    }
    assert set(measures["coverage"]) == {"counted_at", "records", "linked", "unpriced", "money"}
    assert set(measures["coverage"]["money"][0]) == {"account", "currency", "total", "linked"}


def test_before_the_first_sync_there_are_no_measures(unread: Path):
    said = driftline("status", "--measures", folder=unread)
    assert (said.code, said.out) == (0, "nothing was measured yet: the measures come with the next driftline sync\n")
    assert driftline("status", "--measures", "--json", folder=unread).json == {"measures": None, "runs": []}


def test_what_a_blackout_or_a_budget_keeps_back_is_told_with_the_reason(copy: Path, changed: Change):
    window = '[{from: "08:00", until: "12:30"}]'
    changed(copy / "driftline.yaml", "    kind: jira", f"    kind: jira\n    blackout: {window}")
    changed(copy / "driftline.yaml", "    kind: asana", "    kind: asana\n    budget: {requests: 3, per: 1h}")
    assert driftline("sync", folder=copy).code == 3
    said = driftline("status", folder=copy)
    assert said.code == 0
    assert "put off        jira until 15 Sep 2026 12:30 CEST: a blackout" in said.lines
    [kept] = [line for line in said.lines if line.startswith("put off        asana until 15 Sep 2026 10:")]
    assert kept.endswith(": 3 of its 3 requests per 1h are used, and reading it takes about 3")
    assert "asana takes more than its whole budget of 3 requests per 1h" in said.out
    told = {each["source"]: each for each in driftline("status", "--json", folder=copy).json["sources"]}
    assert told["jira"]["put_off"] == {"until": "2026-09-15T10:30:00+00:00", "reason": "a blackout"}
    assert told["asana"]["next_read"] == told["asana"]["put_off"]["until"]
    assert told["savings"]["put_off"] is None


def test_what_is_read_next_is_told_while_somebody_reads(copy: Path):
    with Store.open(url_of(copy / "state" / "driftline.db")) as store:
        owner = Ownership.acquire(store, holder="driftline run", now=datetime(2026, 9, 15, 7, 10, tzinfo=UTC))
        with owner:
            said = driftline("status", folder=copy)
    [line] = [line for line in said.lines if line.startswith("next reads")]
    assert re.search(r"15 Sep 2026 09:\d\d CEST: .*jira", line)
    assert not any(line.startswith("next reads") for line in driftline("status", folder=copy).lines)
