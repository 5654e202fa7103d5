"""``driftline check``: everything that is wrong, at once, each with its place and one thing to do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.world import Meridian
from tests.cli.console import driftline

Change = Callable[[Path, str, str], None]
COUNTS = {"sources": 5, "objectives": 26, "rules": 21, "digests": 1}


def test_a_sound_configuration_is_counted_in_one_line_of_correct_english(unread: Path):
    said = driftline("check", folder=unread)
    assert (said.code, said.err) == (0, "")
    assert said.out == "ok: 5 sources, 26 objectives, 21 rules, 1 digest\n"


def test_the_json_has_the_documented_fields(unread: Path):
    told = driftline("check", "--json", folder=unread).json
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


def test_a_warning_is_no_mistake_unless_it_is_asked_to_be_one(unread: Path):
    (unread / "secrets" / "jira-token").chmod(0o644)
    said = driftline("check", folder=unread)
    assert said.code == 0
    assert said.err.startswith("warning: ")
    assert said.out.startswith("ok: ")
    assert len(driftline("check", "--json", folder=unread).json["warnings"]) == 1
    assert driftline("check", "--strict", folder=unread).code == 2


def test_checking_makes_no_state_and_calls_nobody(unread: Path, tuesday: Meridian):
    before = len(tuesday.jira_server.requests)
    driftline("check", folder=unread)
    assert list((unread / "state").iterdir()) == []
    assert len(tuesday.jira_server.requests) == before


def warnings(folder: Path) -> list[dict[str, str]]:
    """The warnings as JSON, those about the demo's own idle money left out."""
    found: list[dict[str, str]] = driftline("check", "--json", folder=folder).json["warnings"]
    return [each for each in found if "wait for nothing" not in each["message"]]


def stands_at(folder: Path, warning: dict[str, str], text: str) -> bool:
    """Whether the place of a warning is where a text begins in its file."""
    path, line, column = warning["location"].rsplit(":", 2)
    name = path.rpartition("/demo/")[2]
    return (folder / name).read_text("utf-8").splitlines()[int(line) - 1][int(column) - 1 :].startswith(text)


def test_an_owner_that_is_no_single_person_is_warned_about_without_any_state(unread: Path, changed: Change):
    changed(
        unread / "objectives.yaml",
        "name: Meridian Conveyors",
        "name: Meridian Conveyors\n    steering_committee: Board",
    )
    assert warnings(unread) == []
    path = unread / "objectives.yaml"
    text = path.read_text("utf-8").replace(
        "owner: aisha.rahman@meridian.example", "owner: Aurora steering committee", 1
    )
    path.write_text(text, encoding="utf-8")
    [found] = warnings(unread)
    assert found["message"] == "the owner 'Aurora steering committee' of 'AURORA' is no single person"
    assert stands_at(unread, found, "owner: Aurora steering committee")
    assert found["hint"].startswith("name the one person")
    assert driftline("check", "--strict", folder=unread).code == 2


def test_missing_deciders_are_warned_about_where_one_line_would_mend_it(unread: Path, changed: Change):
    path = unread / "objectives.yaml"
    path.write_text(path.read_text("utf-8") + "\n  - id: NEW\n    level: measure\n    name: New\n", encoding="utf-8")
    found = warnings(unread)
    assert [each["message"] for each in found] == [
        "nobody answers for 'NEW'",
        "nobody may decide beyond the tolerance of 'NEW'",
    ]
    assert all(stands_at(unread, each, "id: NEW") for each in found)


def test_a_rule_that_links_nothing_and_an_objective_without_work_are_warned_about_once_something_was_read(
    copy: Path, changed: Change
):
    changed(copy / "mapping" / "asana.yaml", "region: Iberia", "region: Ibiza")
    found = {each["message"]: each for each in warnings(copy)}
    assert set(found) == {
        "there is no work for 'M-303'",
        "the rule 'roll-out-iberia' links none of the stored records",
    }
    assert stands_at(copy, found["there is no work for 'M-303'"], "id: M-303")
    assert stands_at(
        copy, found["the rule 'roll-out-iberia' links none of the stored records"], "name: roll-out-iberia"
    )


def test_an_objective_that_only_a_field_names_has_work_and_must_have_an_owner_and_a_decider(
    copy: Path, changed: Change
):
    path = copy / "objectives.yaml"
    led = "owner: lena.brandt@meridian.example, sponsor: martin.keller@meridian.example"
    below = f"  - {{id: DACH-1, level: measure, parent: DACH, name: One, {led}}}\n"
    top = "\n  - {id: DACH, level: program, name: Three countries}\n"
    path.write_text(path.read_text("utf-8") + top + below, encoding="utf-8")
    assert [each["message"] for each in warnings(copy)] == ["there is no work for 'DACH', nor for the 1 below it"]
    changed(copy / "mapping" / "asana.yaml", "objective: M-301", "objective: {field: region}")
    found = {each["message"] for each in warnings(copy)}
    assert {"nobody answers for 'DACH'", "nobody may decide beyond the tolerance of 'DACH'"} <= found
    assert found >= {"there is no work for 'M-301'", "there is no work for 'DACH-1'"}
    assert not any("no work for 'DACH'" in each for each in found)


def test_records_that_two_rules_claim_equally_are_warned_about(copy: Path):
    path = copy / "mapping" / "asana.yaml"
    match = "match: {kind: work_item, fields: {region: DACH}}"
    rival = f"\n  - name: rival\n    role: delivers\n    objective: M-302\n    {match}\n"
    path.write_text(path.read_text("utf-8").replace("source: asana", "source: [asana]") + rival, encoding="utf-8")
    path.write_text(path.read_text("utf-8").replace("    source: [asana]\n", "", 1), encoding="utf-8")
    [found] = [each for each in warnings(copy) if "equally" in each["message"]]
    assert found["message"].startswith("3 records are matched equally by 'roll-out-dach' and 'rival': ")
    assert stands_at(copy, found, match)


def test_money_that_waits_for_nothing_is_warned_about_at_the_rule_that_links_it(copy: Path):
    found = driftline("check", folder=copy)
    assert found.code == 0
    assert "2 of 10 open deals that 'deals-promise-a-launch' links wait for nothing: OPP-0017, OPP-0018" in found.err
    assert "mapping/salesforce.yaml:10:5" in found.err
    assert driftline("check", "--strict", folder=copy).code == 2


def test_a_source_that_was_never_read_makes_no_rule_idle(unread: Path, tuesday: Meridian):
    assert driftline("sync", "jira", folder=unread).code == 0
    assert warnings(unread) == []


@pytest.mark.sqlite_only("a file that is no database")
def test_a_state_that_cannot_be_read_is_a_warning_and_the_files_are_still_checked(copy: Path):
    for file in (copy / "state").iterdir():
        file.unlink()
    (copy / "state" / "driftline.db").write_bytes(b"this is no database at all")
    said = driftline("check", folder=copy)
    assert said.code == 0
    assert said.out.startswith("ok: ")
    assert said.err.startswith("warning: the stored records were not looked at: ")


def test_files_of_an_older_format_are_read_with_a_warning_and_rewritten_on_request(unread: Path, changed: Change):
    path = unread / "mapping" / "jira.yaml"
    today = path.read_text("utf-8")
    changed(path, "version: 2", "version: 1")
    changed(path, "{after:", "{on:")
    old = path.read_text("utf-8")
    [warning] = warnings(unread)
    assert warning["message"].endswith("in version 1 of its format: 'on' is now 'after'")
    assert stands_at(unread, warning, "on:")
    assert driftline("check", "--strict", folder=unread).code == 2
    assert path.read_text("utf-8") == old != today
    said = driftline("check", "--upgrade", "--strict", folder=unread)
    assert (said.code, said.lines) == (0, ["ok: 5 sources, 26 objectives, 21 rules, 1 digest"])
    assert "rewrote " in said.err
    assert path.read_text("utf-8") == today


def test_nothing_is_rewritten_while_there_is_a_mistake(unread: Path, changed: Change):
    changed(unread / "mapping" / "jira.yaml", "version: 2", "version: 1")
    changed(unread / "mapping" / "asana.yaml", "role: delivers", "role: deliver")
    assert driftline("check", "--upgrade", folder=unread).code == 2
    assert "version: 1" in (unread / "mapping" / "jira.yaml").read_text("utf-8")


def test_equal_claims_of_two_files_are_told_with_both_places(copy: Path):
    rule = "rules:\n  - name: sales\n    role: delivers\n    objective: M-302\n"
    text = rule + "    match: {kind: work_item, fields: {region: DACH}}\n    source: asana\n"
    (copy / "mapping" / "sales.yaml").write_text(text, encoding="utf-8")
    [found] = [each for each in warnings(copy) if "equally" in each["message"]]
    assert found["location"].endswith("mapping/sales.yaml:5:5")
    assert "'roll-out-dach' at " in found["message"]
    assert "mapping/asana.yaml:" in found["message"]
    (copy / "mapping" / "sales.yaml").write_text("priority: 1\n" + text, encoding="utf-8")
    assert not [each for each in warnings(copy) if "equally" in each["message"]]


@pytest.mark.parametrize("options", [("--without-secrets",), ("--strict", "--without-secrets")])
def test_a_job_without_secrets_needs_the_files_alone(copy: Path, changed: Change, options: tuple[str, ...]):
    """What is stored cannot be looked at without the database's password; the files are sound all the same."""
    text = (copy / "driftline.yaml").read_text("utf-8")
    (line,) = [each for each in text.splitlines() if each.startswith("  url: ")]
    there = "  url: postgresql://nobody@127.0.0.1:1/driftline\n  password: env:NO_SUCH_PASSWORD"
    changed(copy / "driftline.yaml", line, there)
    said = driftline("check", *options, folder=copy)
    assert (said.code, said.out[:3]) == (0, "ok:")
    assert "warning: the stored records were not looked at: the environment variable NO_SUCH_PASSWORD" in said.err
    asked = driftline("check", folder=copy)
    assert (asked.code, "state.password" in asked.err) == (2, True)


def test_a_limit_of_a_duration_is_told_as_one_writes_it(copy: Path):
    path = copy / "driftline.yaml"
    path.write_text(path.read_text("utf-8") + "\nservice:\n  job_deadline: 1s\n")
    said = driftline("check", folder=copy)
    assert said.code == 2
    assert "the value must be at least 1m" in said.err
