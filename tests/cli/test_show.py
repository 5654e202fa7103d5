"""``driftline show``: the whole of one finding for the one who decides, and of one record for the one who asks why."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.cell_range import CellRange

from config.load import load
from connectors.base import ReadContext
from connectors.spreadsheet import SpreadsheetConnector
from model.findings import FindingState
from model.reading import Page
from model.records import Absence, WorkItem
from sandbox.workbooks import save_atomically, set_cell_by_header
from sandbox.world import Meridian
from state.store import Store
from tests.cli.console import ESCAPE, driftline
from tests.databases import url_of

FINDING_FIELDS = {"fingerprint", "totals", "so_what", "finding", "history", "decisions"}
RECORD_FIELDS = {
    *(
        "kind",
        "record",
        "first_seen",
        "last_seen",
        "absence",
        "revisions",
        "history",
        "dates",
        "links",
        "needs",
        "findings",
    ),
}
NOW = datetime(2026, 9, 15, 8, 0, tzinfo=UTC)
STREAM = "Software growth › Aurora platform › Aurora 4.0 launch › Launch customers"


def state_of(folder: Path) -> Store:
    return Store.open(url_of(folder / "state" / "driftline.db"))


def test_a_finding_says_first_what_is_to_decide_by_whom_and_what_it_costs(tuesday: Meridian):
    said = driftline("show", "9bac7357", folder=tuesday.folder)
    assert (said.code, said.err) == (0, "")
    assert said.lines[:8] == [
        "Nordwind Logistik was promised Aurora 4.0 for 30 Sep 2026; the work now says 16 Nov 2026 (47 days later)",
        "",
        "to decide        Move the promise to 16 Nov 2026, or bring AUR-118 forward by 47 days.",
        "decides          Paul Novak (VP Sales), by 16 Sep 2026",
        f"so what          {STREAM} › Sell Aurora to launch customers: EUR 480,000 revenue",
        "severity         critical",
        "variance         47 days late",
        "revenue at risk  EUR 480,000 in full, EUR 384,000 weighted by probability",
    ]
    assert "objective        M-101 Sell Aurora to launch customers" in said.lines


def test_a_finding_shows_what_can_be_decided_with_who_acts_the_price_and_the_last_day(tuesday: Meridian):
    said = driftline("show", "9bac7357", folder=tuesday.folder)
    start = said.lines.index("what can be decided")
    told = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in said.lines[start + 1 : start + 7]]
    assert told == [
        ["option", "who acts", "gives up", "open until"],
        [
            "1",
            "Bring AUR-118 forward by 47 days, to 30 Sep 2026: the date is kept",
            "tomas.silva@meridian.example",
            "not priced",
            "25 Sep 2026",
        ],
        [
            "2",
            "Leave AUR-110 and AUR-118 out of Aurora 4.0 (7 of 9 open remain): the date is kept",
            "paul.novak@meridian.example",
            "not priced",
            "25 Sep 2026",
        ],
        [
            "3",
            "Move the promise to Nordwind Logistik from 30 Sep 2026 to 16 Nov 2026",
            "paul.novak@meridian.example",
            "EUR 480,000 revenue",
            "16 Sep 2026",
        ],
        [
            "4",
            "Accept it until 16 Nov 2026, when the work is to be there",
            "Paul Novak (VP Sales)",
            "EUR 480,000 revenue",
        ],
        ["5", "Stop Sell Aurora to launch customers", "Martin Keller (COO)", "EUR 480,000 revenue"],
    ]


def test_a_finding_shows_both_claims_the_chain_to_its_cause_and_who_moved_what(tuesday: Meridian):
    said = driftline("show", "9bac7357", folder=tuesday.folder)
    assert "  salesforce     OPP-0001 promises Aurora 4.0 for 30 Sep 2026" in said.lines
    assert "  jira           Aurora 4.0 now says 16 Nov 2026" in said.lines
    chain = said.lines.index("why, the cause last")
    assert said.lines[chain + 1].startswith("  OPP-0001 Nordwind Logistik")
    assert said.lines[chain + 2] == "  └ Aurora 4.0: waits for AUR-118"
    assert said.lines[chain + 3] == "    └ AUR-118 Certify the safety gateway: due 16 Nov 2026"
    moved = "16 Nov 2026, before 18 Sep 2026, changed by tomas.silva@meridian.example on 15 Sep 2026"
    assert any(line.endswith(moved) for line in said.lines)
    assert "  15 Sep 2026 09:10 CEST  opened" in said.lines


def test_a_saving_shows_the_months_it_loses_and_its_cells(tuesday: Meridian):
    [found] = [
        each["fingerprint"]
        for each in driftline("findings", "--check", "early-saving", "--json", folder=tuesday.folder).json
        if each["finding"]["title"].startswith("M-201 ")
    ]
    said = driftline("show", found, folder=tuesday.folder)
    assert "savings lost   EUR 420,000" in said.lines
    # 620,000 over the 31 days of October are 20,000 a day.
    assert "a week more    EUR 140,000 savings" in said.lines
    assert "               Oct 2026: EUR 420,000" in said.lines
    cell = ["planned_start", "1", "Oct", "2026", "Einsparungen_2026.xlsx!Maßnahmen!F6"]
    assert cell in [line.split() for line in said.lines]


def test_a_resolved_finding_says_why_and_asks_for_nothing(tuesday: Meridian):
    [lund] = [
        each
        for each in driftline("findings", "--all", "--json", folder=tuesday.folder).json
        if each["state"] == FindingState.RESOLVED
    ]
    said = driftline("show", lund["fingerprint"], folder=tuesday.folder)
    assert "to decide        nothing any more: it is resolved" in said.lines
    moved = "the promise moved from 30 Nov 2026 to 15 Dec 2026, by mira.lindholm@meridian.example on 15 Sep 2026"
    assert said.lines[-3].endswith(f"resolved  {moved}")


def test_a_held_finding_says_since_when_it_was_not_looked_at_again(copy: Path):
    with state_of(copy) as store:
        one = next(each for each in store.tracked().values() if each.standing)
        store.save_findings(None, [replace(one, held_since=NOW, held_because="jira failed")], [])
    said = driftline("show", one.fingerprint, folder=copy)
    assert any("not re-checked since 15 Sep 2026 10:00 CEST: jira failed" in line for line in said.lines)


def test_the_json_of_a_finding_has_the_documented_fields(tuesday: Meridian):
    shown = driftline("show", "9bac7357", "--json", folder=tuesday.folder).json
    assert set(shown) == FINDING_FIELDS
    assert shown["totals"] == {"revenue": {"full": "480000.00", "weighted": "384000.00"}}
    assert [step["kind"] for step in shown["history"]] == ["opened"]
    assert [step["key"] for step in shown["finding"]["finding"]["chain"]] == ["OPP-0001", "Aurora 4.0", "AUR-118"]


def test_a_record_shows_its_fields_in_words_with_the_cell_each_came_from(tuesday: Meridian):
    said = driftline("show", "M-201", folder=tuesday.folder)
    assert said.lines[:2] == ["M-201 Einkaufsvolumen bündeln", "saving in savings, Maßnahmen"]
    assert "planned start  1 Oct 2026                     Einsparungen_2026.xlsx!Maßnahmen!F6" in said.lines
    assert "plan           Oct 2026  EUR 620,000          Einsparungen_2026.xlsx!Maßnahmen!N6" in said.lines
    assert (
        "  M-201          Bundle purchasing volumes, saves  by rule purchasing (mapping/savings.yaml:4)" in said.lines
    )
    assert "  ERP-100        rule purchasing" in said.lines
    for python in ("Decimal", "datetime", "(", "None", "_item"):
        assert python not in said.out.replace("(mapping/savings.yaml:4)", "").replace("(21 days later)", "")


def test_a_record_calls_what_it_refers_to_by_its_name(tuesday: Meridian):
    said = driftline("show", "aur-118", folder=tuesday.folder)
    assert "parent         AUR-110 Safety gateway        parent" in said.lines
    assert "releases       Aurora 4.0                    fixVersions" in said.lines
    deal = driftline("show", "OPP-0001", folder=tuesday.folder)
    assert "probability    80 %                         Probability" in deal.lines


def test_a_record_tells_what_changed_between_its_revisions_and_who_moved_it(tuesday: Meridian):
    said = driftline("show", "ERP-90", folder=tuesday.folder)
    assert said.lines[-3:] == [
        "revisions",
        "  14 Sep 2026 08:30 CEST  first seen",
        "  15 Sep 2026 09:10 CEST  due: 24 Sep 2026 → 15 Oct 2026  duedate",
    ]
    moved = "  15 Sep 2026 09:10 CEST  due: 24 Sep 2026 → 15 Oct 2026  by jonas.weber@meridian.example"
    assert moved in said.lines
    assert sum(1 for line in said.lines if "ERP-100 makes it possible" in line) == 5


def test_a_record_that_went_and_came_back_says_so(copy: Path):
    item = WorkItem(source="jira", native_id="1", key="AUR-900", title="Back again", due=date(2026, 10, 1))
    with state_of(copy) as store:
        run = store.start_run(NOW, baseline=False)
        store.save_page(run, Page([item]), "jira", NOW)
        store.mark_absent(run, "jira", {"1": Absence.DELETED}, NOW)
        gone = driftline("show", "AUR-900", folder=copy)
        store.save_page(run, Page([replace(item, custom={"region": "DACH"})]), "jira", NOW)
    assert "no longer there: deleted, since 15 Sep 2026 10:00 CEST" in gone.lines
    back = driftline("show", "AUR-900", folder=copy)
    assert [line.split("  ")[-1] for line in back.lines[-4:]] == [
        "first seen",
        "no longer there: deleted",
        "there again",
        "region: blank → DACH",
    ]
    assert "region         DACH" in back.lines


def reading(copy: Path, minutes: int, *changes: tuple[str, object]) -> None:
    """Change cells of M-201 and read the workbook so many minutes after ``NOW``."""
    workbook = next(copy.rglob("Einsparungen_2026.xlsx"))
    for header, value in changes:
        set_cell_by_header(workbook, "M-201", header, value)  # type: ignore[arg-type]
    sources = load(copy / "driftline.yaml").settings.sources
    context = ReadContext(NOW + timedelta(minutes=minutes), ZoneInfo("Europe/Berlin"))
    connector = SpreadsheetConnector("savings", sources["savings"], context)
    with state_of(copy) as store:
        run = store.start_run(context.now, baseline=False)
        for page in connector.changed(None):
            store.save_page(run, page, "savings", context.now)


def test_a_row_of_a_workbook_has_its_history_cell_by_cell(copy: Path):
    """The workbook keeps no history; each distinct content is a revision, also when a change is taken back."""
    reading(copy, 1, ("Start", date(2026, 11, 1)), ("Okt 26", 500_000), ("Ampel", "Gelb"))
    reading(copy, 2, ("Okt 26", None))
    reading(copy, 3, ("Start", date(2026, 10, 1)))
    said = driftline("show", "M-201", folder=copy)
    cell = "Einsparungen_2026.xlsx!Maßnahmen!"
    lines = [" ".join(line.split()) for line in said.lines[said.lines.index("revisions") + 1 :]]
    assert lines == [
        "14 Sep 2026 08:30 CEST first seen",
        "15 Sep 2026 10:01 CEST planned start: 1 Oct 2026 → 1 Nov 2026 F6",
        "plan Oct 2026: EUR 620,000 → EUR 500,000 N6",
        "light: green → yellow H6",
        "15 Sep 2026 10:02 CEST plan Oct 2026: EUR 500,000 → blank N6",
        "15 Sep 2026 10:03 CEST planned start: 1 Nov 2026 → 1 Oct 2026, as before F6",
    ]
    [shown] = driftline("show", "M-201", "--json", folder=copy).json
    assert [step["what"] for step in shown["history"]] == ["first_seen", "changed", "changed", "changed"]
    assert shown["history"][2]["changes"] == [
        {"field": "plan.2026-10", "old": "500000", "new": None, "place": f"{cell}N6", "again": False}
    ]


def test_a_row_that_only_moved_has_no_new_revision_and_a_new_place(copy: Path):
    """X19: rows above it and columns before it change where a value stands, not what it says."""
    path = next(copy.rglob("Einsparungen_2026.xlsx"))
    workbook = load_workbook(path)
    sheet = workbook.worksheets[0]
    merged = [str(area) for area in sheet.merged_cells.ranges]
    for area in merged:
        sheet.unmerge_cells(area)
    sheet.insert_rows(1, 2)
    for area in merged:
        sheet.merge_cells(moved_down(area, 2))
    save_atomically(workbook, path)
    reading(copy, 1)
    said = driftline("show", "M-201", folder=copy)
    assert said.lines[-2:] == ["revisions", "  14 Sep 2026 08:30 CEST  first seen"]
    assert "planned start  1 Oct 2026                     Einsparungen_2026.xlsx!Maßnahmen!F8" in said.lines


def moved_down(area: str, rows: int) -> str:
    found = CellRange(area)
    found.shift(row_shift=rows)
    return str(found.coord)


def test_the_json_of_a_record_has_the_documented_fields(tuesday: Meridian):
    [shown] = driftline("show", "AUR-118", "--json", folder=tuesday.folder).json
    assert set(shown) == RECORD_FIELDS
    assert (shown["kind"], shown["record"]["due"], shown["absence"]) == ("work_item", "2026-11-16", None)
    assert len(shown["revisions"]) == 2
    assert len(shown["findings"]) == 6


def test_a_hostile_record_is_printed_harmlessly(copy: Path):
    """F10."""
    title = "Pay\x1b[8m now\nrevisions\n  forged"
    item = WorkItem(source="jira", native_id="1", key="EVIL-1", title=title, labels=("a\x1b[2Jb", "\u2067c"))
    with state_of(copy) as store:
        store.save_page(store.start_run(NOW, baseline=False), Page([item]), "jira", NOW)
    said = driftline("show", "EVIL-1", folder=copy)
    assert said.lines[0] == "EVIL-1 Pay [8m now revisions   forged"
    assert ESCAPE not in said.out
    assert "\u2067" not in said.out
    assert said.lines.count("revisions") == 1


@pytest.mark.parametrize("json", [[], ["--json"]])
def test_a_name_that_means_nothing_is_refused(tuesday: Meridian, json: list[str]):
    said = driftline("show", "NOPE-1", *json, folder=tuesday.folder)
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[0] == "error: there is no finding or record NOPE-1"
    assert said.err.splitlines()[-1].startswith("hint: ")


def test_the_beginning_of_several_ids_asks_for_more_digits(tuesday: Meridian):
    said = driftline("show", "e", folder=tuesday.folder)
    assert said.code == 2
    assert re.search(r"error: e begins \d findings", said.err)
    assert "more digits" in said.err


def test_before_the_first_sync_it_says_what_to_do(unread: Path):
    said = driftline("show", "M-201", folder=unread)
    assert (said.code, said.out) == (2, "")
    assert said.err == "error: there is no finding or record M-201: nothing was read yet\nhint: run driftline sync\n"
    assert list((unread / "state").iterdir()) == []
