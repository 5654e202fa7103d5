"""What an admin sees of a field that vanished, and of credentials that end, wherever he looks (S9, J34)."""

from collections.abc import Callable
from pathlib import Path

from sandbox.world import Meridian
from tests.cli.console import driftline

Change = Callable[[Path, str, str], None]
GONE = "Opportunity has no field Promised_Date__c that salesforce may see"


def hide(world: Meridian) -> None:
    assert driftline("sync", folder=world.folder).code == 0
    world.salesforce.hidden_fields.add("Promised_Date__c")


def test_a_vanished_field_is_told_with_what_needs_it_by_every_command_that_looks(monday: Meridian) -> None:
    hide(monday)
    synced = driftline("sync", folder=monday.folder)
    assert synced.code == 3
    [error] = [line.removeprefix("error: ") for line in synced.err.splitlines() if line.startswith("error: ")]
    assert error.startswith(f"promised_date_field cannot be read any more: {GONE}; needed by the checks ")
    assert "late-commitment" in error
    assert f"error: {error}\n  --> source salesforce\nhint: give the integration user's permission set" in synced.err
    assert "until then nothing that rests on salesforce is judged" in synced.err
    status = driftline("status", folder=monday.folder)
    assert f"failed: {error}" in status.out
    assert "what to do     salesforce: give the integration user's permission set read access" in status.out
    told = {each["source"]: each for each in driftline("status", "--json", folder=monday.folder).json["sources"]}
    assert told["salesforce"]["error"] == error
    assert told["salesforce"]["hint"].endswith("nothing that rests on salesforce is judged")
    assert told["jira"]["hint"] == ""
    shown = driftline("sources", "show", "salesforce", folder=monday.folder)
    assert f"failed: {error}" in shown.out
    assert "until then nothing that rests on salesforce is judged" in shown.out
    probed = driftline("sources", "probe", "salesforce", folder=monday.folder)
    assert probed.code == 0
    assert f"warning: {error}" in probed.err
    assert probed.err.count(GONE) == 1


def test_a_source_that_is_read_without_a_field_that_nothing_needs_says_so_everywhere(
    monday: Meridian, changed: Change
) -> None:
    folder, fields = monday.folder, monday.asana.custom_fields
    changed(folder / "driftline.yaml", "budget_approved: Budget", "budget_note: Budget")
    assert driftline("sync", folder=folder).code == 0
    [budget] = [field for field in fields.values() if field["name"] == "Budget approved EUR"]
    budget["name"] = "Budget"
    synced = driftline("sync", "asana", "--json", folder=folder)
    assert synced.code == 3
    [read] = synced.json["results"]
    assert (read["outcome"], read["read"] > 0) == ("failed", True)
    told = "; the rest of asana is read and judged as ever"
    assert read["hint"].endswith(told)
    status = driftline("status", folder=folder)
    assert "read in part: budget_note cannot be read any more: no project of asana has the custom" in status.out
    assert "held because" not in status.out
    sources = driftline("status", "--json", folder=folder).json["sources"]
    assert {each["source"]: each["held_checks"] for each in sources if not each["complete"]} == {"asana": []}
    shown = driftline("sources", "show", "asana", folder=folder)
    assert "read in part: budget_note" in shown.out
    assert driftline("sources", "show", "asana", "--json", folder=folder).json["in_part"]
    probed = driftline("sources", "probe", "asana", folder=folder)
    assert probed.code == 0
    assert told in probed.err


def test_rules_are_told_with_file_and_line(monday: Meridian) -> None:
    assert driftline("sync", folder=monday.folder).code == 0
    monday.salesforce.add_field("Launch_Release__c", "reference")
    err = driftline("sync", folder=monday.folder).err
    assert "promised_field was Launch_Release__c (string) and is now Launch_Release__c (reference)" in err
    assert "rules to look at: " in err
    assert "mapping/salesforce.yaml:" in err
    probed = driftline("sources", "probe", "salesforce", folder=monday.folder)
    assert "is now Launch_Release__c (reference); needed by the rule" in probed.err


def test_a_workbook_without_a_column_cannot_be_probed_and_says_what_needs_it(monday: Meridian, changed: Change) -> None:
    changed(monday.folder / "driftline.yaml", "planned_start: Start\n", "planned_start: Begin\n")
    probed = driftline("sources", "probe", "savings", folder=monday.folder)
    assert probed.code == 3
    assert "no column 'Begin'" in probed.err
    assert "; needed by the checks " in probed.err
    assert "early-saving" in probed.err


def test_credentials_that_end_soon_are_told_by_every_command_that_looks(monday: Meridian, changed: Change) -> None:
    """J34."""
    changed(monday.folder / "driftline.yaml", "    kind: jira\n", "    kind: jira\n    expires_on: 2026-09-20\n")
    said = "the credentials of jira end in 6 days (2026-09-20)"
    synced = driftline("sync", folder=monday.folder)
    assert synced.code == 0
    assert f"warning: {said}\n  --> jira: expires_on\nhint: make new ones" in synced.err
    assert said not in driftline("sync", "asana", folder=monday.folder).err
    assert f"renew          {said}: make new ones" in driftline("status", folder=monday.folder).out
    [told] = driftline("status", "--json", folder=monday.folder).json["expiring"]
    assert told["message"] == said
    probed = driftline("sources", "probe", folder=monday.folder)
    assert probed.code == 0
    assert probed.err.count(said) == 1
