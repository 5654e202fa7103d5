"""One source may read several sheets that are built alike; a key names one row among all of them (X17, X19)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from model.errors import SchemaDriftError, SourceGoneError
from model.reading import Container
from state.store import Store
from tests.connectors.spreadsheet.books import HEADER, connector, extract, options, reasons
from tests.databases import url_of

Rows = Sequence[Sequence[Any]]
PLAN_2026 = [HEADER, ("M-1", "Press", None, 10), ("M-2", "Belt", None, 20)]
PLAN_2027 = [("Budget",), (), HEADER[::-1], (30, None, "Oil", "M-3")]
NOW = datetime(2026, 9, 15, 8, 0, tzinfo=UTC)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "Tracker.xlsx"


def write_sheets(book: Path, sheets: Mapping[str, Rows], hidden: Sequence[str] = ()) -> None:
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for title, rows in sheets.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        sheet.sheet_state = "hidden" if title in hidden else "visible"
    workbook.save(book)


BOTH: Mapping[str, Rows] = {"Plan 2026": PLAN_2026, "Notes": [("not a tracker",)], "Plan 2027": PLAN_2027}


@pytest.mark.parametrize("sheets", ["Plan *", "plan 202?", ["Plan 2026", "PLAN 2027"], ["Plan 2026", "Plan *"]])
def test_all_matching_sheets_are_read_each_by_its_own_header(sheets: Any, book: Path) -> None:
    write_sheets(book, BOTH)
    found = extract(book, sheets=sheets)
    assert [(record.native_id, record.container) for record in found.records] == [
        ("rows/M-1", "Plan 2026"),
        ("rows/M-2", "Plan 2026"),
        ("rows/M-3", "Plan 2027"),
    ]
    assert found.records[2].provenance["title"] == "Tracker.xlsx!Plan 2027!C4"


def test_each_sheet_is_a_container_with_its_own_census(book: Path) -> None:
    write_sheets(book, BOTH)
    source = connector(book, sheets="Plan *")
    roster = list(source.roster())
    assert [(container.id, container.name) for container in roster] == [
        ("Plan 2026", "Tracker.xlsx!Plan 2026"),
        ("Plan 2027", "Tracker.xlsx!Plan 2027"),
    ]
    assert [list(source.census(container)) for container in roster] == [["rows/M-1", "rows/M-2"], ["rows/M-3"]]
    with pytest.raises(SourceGoneError):
        list(source.census(Container("Notes", "Notes")))


def test_a_row_keeps_its_id_when_it_moves_to_another_sheet(book: Path) -> None:
    write_sheets(book, {"Plan 2026": PLAN_2026[:2], "Plan 2027": [HEADER, PLAN_2026[2]]})
    moved = {record.native_id: record.container for record in extract(book, sheets="Plan *").records}
    assert moved == {"rows/M-1": "Plan 2026", "rows/M-2": "Plan 2027"}


def test_a_key_on_two_sheets_is_a_conflict_that_names_both_cells(book: Path) -> None:
    """X19: neither is taken, and neither counts as gone."""
    write_sheets(book, {"Plan 2026": PLAN_2026, "Plan 2027": [HEADER, ("m-2", "Belt again", None, 7)]})
    found = extract(book, sheets="Plan *")
    assert [record.key for record in found.records] == ["M-1"]
    assert [(aside.reason, aside.location) for aside in found.set_aside] == [
        ("'M-2' stands in Plan 2026!A3 and Plan 2027!A2; which row is meant?", "Tracker.xlsx!Plan 2026!A3"),
        ("'M-2' stands in Plan 2026!A3 and Plan 2027!A2; which row is meant?", "Tracker.xlsx!Plan 2027!A2"),
    ]
    assert found.ids_by_container == {"Plan 2026": ["rows/M-1", "rows/M-2"], "Plan 2027": ["rows/m-2"]}


def test_sheets_may_count_their_keys_each_for_itself(book: Path) -> None:
    write_sheets(book, {"Plan IT": [HEADER, (1, "Press", None, 10)], "Plan HR": [HEADER, (1, "Belt", None, 20)]})
    found = extract(book, sheets="Plan *", keys_per_sheet=True)
    assert [record.native_id for record in found.records] == ["Plan IT/1", "Plan HR/1"]
    assert reasons(book, sheets="Plan *", keys_per_sheet=True) == {}


def test_hidden_sheets_are_read_only_by_their_exact_name(book: Path) -> None:
    """X17."""
    write_sheets(book, BOTH, hidden=["Plan 2027"])
    assert [part.container for part in extract(book, sheets="Plan *").sheets] == ["Plan 2026"]
    assert [part.container for part in extract(book, sheets=["Plan *", "Plan 2027"]).sheets] == [
        "Plan 2026",
        "Plan 2027",
    ]
    with pytest.raises(SourceGoneError, match=r"no visible sheet of .* matches '\*7': .*Plan 2027 would match and is"):
        extract(book, sheets="*7")


def test_a_pattern_that_matches_nothing_is_an_error_and_not_an_empty_source(book: Path) -> None:
    write_sheets(book, BOTH)
    with pytest.raises(SourceGoneError) as caught:
        list(connector(book, sheets="Forecast *").roster())
    assert str(caught.value) == (
        "error: no visible sheet of Tracker.xlsx matches 'Forecast *': it has Plan 2026, Notes, Plan 2027\n"
        f"  --> tracker: {book}\n"
        "hint: correct sheets: in the source's settings; a hidden sheet is read only by its exact name"
    )


def test_a_named_sheet_that_is_gone_is_lost_beside_the_others(book: Path) -> None:
    write_sheets(book, {"Plan 2026": PLAN_2026})
    source = connector(book, sheets=["Plan 2026", "Plan 2O27"])
    lost = [container for container in source.roster() if container.state == "lost"]
    assert [container.id for container in lost] == ["Plan 2O27"]
    assert lost[0].problem is not None
    assert lost[0].problem.message == "Tracker.xlsx has no sheet 'Plan 2O27': it has Plan 2026"
    assert lost[0].problem.location == f"tracker: {book}"
    assert [record.key for page in source.changed(None) for record in page.records] == ["M-1", "M-2"]
    with pytest.raises(SourceGoneError, match="has no sheet 'Gone'"):
        list(connector(book, sheets=["Gone", "Gone too"]).roster())


def test_a_sheet_without_a_required_header_stops_the_whole_file(book: Path) -> None:
    """The file is one moment: no sheet is taken while another cannot be read."""
    write_sheets(book, {**BOTH, "Plan 2027": [("No.", "Name"), ("M-3", "Oil")]})
    with pytest.raises(SchemaDriftError) as caught:
        list(connector(book, sheets="Plan *").changed(None))
    assert {problem.location for problem in caught.value.problems} == {"tracker: Tracker.xlsx!Plan 2027, row 1"}


def test_rows_of_a_sheet_that_was_deleted_are_not_deleted_silently(book: Path, tmp_path: Path) -> None:
    """A sheet that matches no more proves nothing about its rows: they are outside of what is read."""
    write_sheets(book, BOTH)
    with Store.open(url_of(tmp_path / "state.db")) as store:
        assert outcome(store, book, NOW) == ("complete", {})
        write_sheets(book, {title: rows for title, rows in BOTH.items() if title != "Plan 2027"})
        assert outcome(store, book, NOW + timedelta(days=2)) == ("complete", {"tracker:rows/M-3": "filtered_out"})


def outcome(store: Store, book: Path, now: datetime) -> tuple[str, dict[str, str]]:
    from pipeline.read import read_source
    from tests.connectors.contract import context_at

    run = store.start_run(now, baseline=False)
    result = read_source(
        store,
        run,
        "tracker",
        options(book, sheets="Plan *"),
        context_at(now),
        clock=lambda: now,
        progress=lambda *_: None,
        full=True,
    )
    with store.view() as view:
        return result.outcome.value, {id_: why.value for id_, (why, _) in view.absences().items()}


def test_a_probe_shows_each_sheet(book: Path) -> None:
    write_sheets(book, BOTH)
    probe = connector(book, sheets="Plan *").probe()
    counts = dict(probe.counts)
    assert (counts["rows"], counts["rows on Plan 2026"], counts["rows on Plan 2027"]) == (3, 2, 1)
    assert counts["title from 'Name' (C3 on Plan 2027), such as 'Oil'"] == 1
    places = "Plan 2026, header in row 1, columns A:D; Plan 2027, header in row 3, columns A:D"
    assert probe.server.startswith(f"{book.name}: {places}")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sheet": "A", "sheets": "B*"}, "set only one of sheet:, sheets:"),
        ({"sheet": "Plan *"}, "sheet: no sheet can be called so; write sheets: 'Plan \\*' for a pattern"),
        ({"table": "A", "range": "B"}, "set only one of table:, range:"),
        ({"keys_per_sheet": True}, "keys_per_sheet: only together with sheets:"),
        ({"sheets": [""]}, "at least 1 character"),
        ({"path": Path("T.csv"), "sheets": "A"}, "a .csv file has no sheets"),
        ({"path": Path("T.ods"), "range": "A"}, "range: only for .xlsx and .xlsm"),
    ],
)
def test_choices_that_cannot_work_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        options(**{"path": Path("Tracker.xlsx"), **changes})
