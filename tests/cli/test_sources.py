"""``driftline sources``: what is configured, and what a first contact shows."""

from pathlib import Path

import pytest

from connectors.asana import AsanaConnector
from sandbox.http import Fault, Response
from sandbox.world import Meridian
from tests.cli.console import driftline
from tests.databases import copy_folder

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
    assert sum(1 for line in said.lines if line.startswith("  signed in as ")) == 3
    # A file has no sign-in.
    assert sum(1 for line in said.lines if line.startswith("  reads ") and ".xlsx: " in line) == 2
    assert any(line.startswith("  sees ") and "AUR" in line for line in said.lines)
    assert list((unread / "state").iterdir()) == []


def test_a_probe_shows_a_value_of_each_configured_field(tuesday: Meridian):
    said = driftline("sources", "probe", "jira", "asana", "salesforce", folder=tuesday.folder)
    told = [line.strip() for line in said.lines if line.startswith("  reads ")]
    assert "reads start_field from customfield_10015 (date), such as '2026-08-24'" in told
    assert "reads region from Region (text), such as 'DACH'" in told
    assert "reads promised_field from Launch_Release__c (string), such as 'Aurora 4.0'" in told


def test_a_configured_field_that_nobody_fills_has_no_sample(tuesday: Meridian, tmp_path: Path):
    copy_folder(tuesday.folder, tmp_path / "copy")
    settings = tmp_path / "copy" / "driftline.yaml"
    settings.write_text(settings.read_text().replace("start_field: customfield_10015", "fields: {place: environment}"))
    tuesday.jira.add_field("environment", "Environment", "string", "")
    said = driftline("sources", "probe", "jira", "--json", folder=tmp_path / "copy")
    [field] = [each for each in said.json["sources"]["jira"]["fields"] if each["name"] == "place"]
    assert field == {"name": "place", "at_source": "environment (string)", "sample": ""}


def test_the_json_of_a_probe_has_the_documented_fields(tuesday: Meridian):
    told = driftline("sources", "probe", "jira", "--json", folder=tuesday.folder).json
    assert set(told) == {"sources", "failed"}
    assert told["failed"] == {}
    assert list(told["sources"]) == ["jira"]
    assert set(told["sources"]["jira"]) == {"identity", "server", "containers", "counts", "problems", "fields"}


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


SHOWN = {
    "name",
    "kind",
    "owner",
    "every",
    "as_of",
    "full_at",
    "complete",
    "records",
    "kinds",
    "linked",
    "unlinked",
    "unlinkable",
    "absences",
    "set_aside",
    "failing",
    "in_part",
    "held",
    "approvals",
}


def test_one_source_is_shown_with_what_it_holds(tuesday: Meridian):
    said = driftline("sources", "show", "jira", folder=tuesday.folder)
    assert (said.code, said.err) == (0, "")
    rows = dict(line.strip().split("  ", 1) for line in said.lines[1:])
    rows = {name: text.strip() for name, text in rows.items()}
    assert said.lines[0] == "jira"
    assert rows["kind"] == "jira, read every 30s"
    assert rows["last complete read"] == "15 Sep 2026 09:10 CEST"
    assert rows["condition"] == "complete"
    assert rows["records"].startswith("50 present: ")
    assert rows["linked"].startswith("41 of 41, ")
    assert (rows["unlinked"], rows["absent"], rows["set aside"]) == ("0", "none", "none")


def test_the_json_of_one_source_has_the_documented_fields(tuesday: Meridian):
    told = driftline("sources", "show", "jira", "--json", folder=tuesday.folder).json
    assert set(told) == SHOWN
    assert told["records"] == sum(told["kinds"].values()) == 50
    assert told["kinds"]["work_item"] == 41
    assert (told["linked"], told["unlinked"], told["unlinkable"]) == (41, 0, 9)
    assert (told["absences"], told["set_aside"], told["failing"]) == ({}, [], None)
    assert told["complete"] is True


def test_a_source_that_was_never_read_shows_nothing_as_fact(unread: Path):
    said = driftline("sources", "show", "asana", folder=unread)
    assert said.code == 0
    assert "last complete read  never" in said.out
    assert said.lines[-1].endswith("not read yet")
    assert said.err == "asana: nothing was read yet; run driftline sync\n"
    assert set(driftline("sources", "show", "asana", "--json", folder=unread).json) == SHOWN
    assert list((unread / "state").iterdir()) == []


def test_a_failing_source_shows_since_when_and_what_to_do_and_forgets_it_when_it_is_back(copy: Path):
    token = (copy / "secrets" / "jira-token").read_text("utf-8")
    (copy / "secrets" / "jira-token").write_text("wrong", encoding="utf-8")
    for _ in range(2):
        assert driftline("sync", folder=copy).code == 3
    told = driftline("sources", "show", "jira", "--json", folder=copy).json
    assert (told["complete"], told["records"]) == (False, 50)
    assert told["failing"]["attempts"] == 2
    assert "token" in told["failing"]["error"]
    assert told["failing"]["hint"]
    assert told["failing"]["since"] > told["as_of"]
    assert told["failing"]["or_longer"] is False
    said = driftline("sources", "show", "jira", folder=copy).out
    assert "condition           failed: " in said
    assert "CEST, 2 attempts" in said
    assert driftline("sources", "show", "asana", "--json", folder=copy).json["failing"] is None
    (copy / "secrets" / "jira-token").write_text(token, encoding="utf-8")
    assert driftline("sync", folder=copy).code == 0
    assert driftline("sources", "show", "jira", "--json", folder=copy).json["failing"] is None


def test_the_beginning_of_a_long_failure_is_found_or_said_to_lie_further_back(
    copy: Path, monkeypatch: pytest.MonkeyPatch
):
    (copy / "secrets" / "jira-token").write_text("wrong", encoding="utf-8")
    for _ in range(3):
        assert driftline("sync", "jira", folder=copy).code == 3
    monkeypatch.setattr("cli.source_view.FEWEST_RUNS", 1)
    assert driftline("sources", "show", "jira", "--json", folder=copy).json["failing"]["attempts"] == 3
    monkeypatch.setattr("cli.source_view.MOST_RUNS", 1)
    cut = driftline("sources", "show", "jira", "--json", folder=copy).json["failing"]
    assert (cut["attempts"], cut["or_longer"]) == (1, True)
    assert "or longer, 1 attempt" in driftline("sources", "show", "jira", folder=copy).out


def test_a_record_that_is_set_aside_is_shown_with_reason_and_place_s10(monday: Meridian):
    """One poisoned record does not stop its source; it is kept apart, with why and where (quarantine)."""
    assert driftline("sync", folder=monday.folder).code == 0
    broken = next(iter(monday.asana.tasks))
    monday.asana.rename(broken, "Half a \ud83d smile")
    assert driftline("sync", folder=monday.folder).code == 0
    (aside,) = driftline("sources", "show", "asana", "--json", folder=monday.folder).json["set_aside"]
    assert (aside["native_id"], aside["reason"]) == (broken, "title holds half a character")
    assert aside["location"].startswith("https://app.asana.com/")
    assert aside["since"]
    for columns in (80, 120):
        said = driftline("sources", "show", "asana", folder=monday.folder, columns=columns)
        assert "set aside           1 record" in said.out
        assert f"{broken}  title holds half a character, since 14 Sep 2026" in said.out
        assert f"\n      {aside['location']}\n" in said.out, "an address that is folded does not open"
        assert aside["location"] in driftline("status", folder=monday.folder, columns=columns).out


def test_absences_are_counted_by_class(monday: Meridian):
    assert driftline("sync", folder=monday.folder).code == 0
    gone = next(gid for gid, task in monday.asana.tasks.items() if task.name == "Train the night shift")
    before = driftline("sources", "show", "asana", "--json", folder=monday.folder).json
    monday.asana.delete(gone)
    assert driftline("sync", "--full", folder=monday.folder).code == 0
    told = driftline("sources", "show", "asana", "--json", folder=monday.folder).json
    assert told["absences"] == {"deleted": 1}
    assert told["records"] == sum(told["kinds"].values()) == before["records"] - 1
    assert "absent              1 deleted" in driftline("sources", "show", "asana", folder=monday.folder).out


@pytest.mark.parametrize("lists", ["no task at all", "some of the tasks"])
def test_a_list_that_came_up_short_is_no_deletion_a12(monday: Meridian, lists: str):
    """Asana showed 658 of 794 tasks for a while; taken as it came, that would have been 136 deletions."""
    assert driftline("sync", folder=monday.folder).code == 0
    before = driftline("sources", "show", "asana", "--json", folder=monday.folder).json["records"]
    rows = [{"gid": gid, "name": "Task"} for gid in list(monday.asana.tasks)[:2]] if lists != "no task at all" else []
    short = Response({"data": rows, "next_page": None})
    monday.asana_server.add_fault(Fault(r"GET /api/1.0/tasks\?", short, times=None))
    assert driftline("sync", "--full", "asana", folder=monday.folder).code == 3
    told = driftline("sources", "show", "asana", "--json", folder=monday.folder).json
    assert "no longer shows" in told["failing"]["error"]
    assert (told["records"], told["absences"]) == (before, {})
    monday.asana_server.clear_faults()
    assert driftline("sync", "--full", "asana", folder=monday.folder).code == 0
    assert driftline("sources", "show", "asana", "--json", folder=monday.folder).json["records"] == before


def test_a_source_to_show_that_is_not_configured_is_refused(tuesday: Meridian):
    said = driftline("sources", "show", "sap", folder=tuesday.folder)
    assert said.code == 2
    assert "error: there is no source named sap" in said.err


def test_a_discovery_lists_projects_and_fields_and_suggests_a_block_that_works(monday: Meridian):
    """A15: what is suggested is pasted as it stands; a name of a record's own is not taken from it."""
    monday.asana.add_custom_field("Priority", "enum")
    monday.asana.add_custom_field('2026 Größe: "brutto"', "number")
    monday.asana.set_custom("1208000000000401", "Priority", "High # not a comment", by="lena.brandt@meridian.example")
    settings = monday.folder / "driftline.yaml"
    said = driftline("sources", "discover", "asana", folder=monday.folder)
    assert (said.code, said.err) == (0, "")
    assert any(line.startswith("  sees Same-day sorting (") for line in said.lines)
    block = said.out[said.out.index("    fields:\n") :].rstrip("\n").splitlines()
    assert [line.split(":")[0].strip() for line in block] == [
        "fields",
        "budget_approved",
        "region",
        "field_2026_grosse_brutto",
        "priority_field",
    ]
    text = settings.read_text("utf-8")
    old = "    fields:\n      region: Region\n      budget_approved: Budget approved EUR"
    assert old in text
    settings.write_text(text.replace(old, "\n".join(block)), encoding="utf-8")
    assert driftline("sync", "asana", folder=monday.folder).code == 0
    shown = driftline("show", "1208000000000401", "--json", folder=monday.folder).out
    assert '"priority_field": "High # not a comment"' in shown
    again = driftline("sources", "discover", "asana", folder=monday.folder).out
    assert sorted(again[again.index("    fields:\n") :].rstrip("\n").splitlines()) == sorted(block)


def test_the_json_of_a_discovery_has_the_documented_fields(tuesday: Meridian):
    told = driftline("sources", "discover", "asana", "--json", folder=tuesday.folder).json
    assert set(told) == {"name", "option", "containers", "fields", "suggestion", "problems", "settings"}
    assert (told["name"], told["option"], told["problems"]) == ("asana", "fields", [])
    assert {each["name"] for each in told["containers"]} == {"Field service roll-out", "Same-day sorting"}
    assert all(set(each) == {"id", "name", "state", "problem"} for each in told["containers"])
    parts = {"id", "name", "kind", "sample", "containers", "setting", "kept_as"}
    assert all(set(each) == parts for each in told["fields"])
    assert {each["name"]: each["kept_as"] for each in told["fields"]}["Light"] == "light_field"
    assert told["suggestion"] == {"budget_approved": "Budget approved EUR", "region": "Region"}


def test_a_discovery_works_while_the_configuration_names_what_is_not_there(copy: Path):
    settings = copy / "driftline.yaml"
    text = settings.read_text("utf-8").replace("[Field service roll-out, Same-day", "[Field service, Same-day")
    settings.write_text(text.replace("region: Region", "region: Regoin"), encoding="utf-8")
    said = driftline("sources", "discover", "asana", folder=copy)
    assert said.code == 0
    assert "warning: asana shows us no project named Field service" in said.err
    assert "warning: no project of asana has the custom field Regoin" in said.err
    assert "did you mean Region?" in said.err
    assert "  sees Field service roll-out (" in said.out
    assert '      region_2: "12' in said.out


def test_a_workbook_whose_columns_are_wrong_is_discovered_and_what_it_suggests_works(copy: Path):
    settings = copy / "driftline.yaml"
    right = settings.read_text("utf-8")
    before, _, tracker = right.partition("\n  savings:")
    wrong = tracker.replace("key: {header: Maßnahme-Nr., aliases: [Nr.]}", "key: Nummer").replace(": Ampel", ": Licht")
    settings.write_text(f"{before}\n  savings:{wrong}", encoding="utf-8")
    said = driftline("sources", "discover", "savings", folder=copy)
    assert said.code == 0
    assert "warning: no column 'Nummer'; the headers there are: Maßnahme- Nr., Maßnahme, Verantwortlich" in said.err
    assert "  sees sheet of 11 rows, 16 columns (Maßnahmen), visible" in said.lines
    block = said.out[said.out.index("    columns:\n") :].rstrip("\n")
    assert '      key: "Maßnahme- Nr."  # A5, for example M-201' in block.splitlines()
    old = wrong[wrong.index("    columns:\n") : wrong.index("    months:\n")]
    settings.write_text(f"{before}\n  savings:{wrong.replace(old, block + chr(10), 1)}", encoding="utf-8")
    probed = driftline("sources", "probe", "savings", folder=copy)
    assert probed.code == 0
    assert "  counts 6 light from 'Ampel' (H5), such as 'Grün'" in probed.lines
    told = driftline("sources", "discover", "savings", "--json", folder=copy).json
    assert (told["option"], told["suggestion"], told["settings"].startswith("columns:")) == ("columns", {}, True)


def test_a_kind_of_source_that_offers_no_discovery_says_so(copy: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(AsanaConnector, "discover")
    said = driftline("sources", "discover", "asana", folder=copy)
    assert (said.code, said.out) == (2, "")
    assert "error: a source of the kind asana does not tell what it has to offer" in said.err
    assert "hint: see what works with: driftline sources probe asana" in said.err


def test_a_discovery_of_a_source_that_cannot_be_asked_is_an_error(copy: Path):
    (copy / "secrets" / "asana-token").write_text("wrong", encoding="utf-8")
    said = driftline("sources", "discover", "asana", folder=copy)
    assert (said.code, said.out) == (3, "")
    assert "asana does not accept our credentials" in said.err
