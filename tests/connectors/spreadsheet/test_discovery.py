"""What discovery shows of a workbook while nothing is configured rightly yet, and what it suggests to paste."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.table import Table

from connectors.spreadsheet.field_words import WORDS, field_for
from connectors.spreadsheet.fields import FIELDS, RowKind
from model.errors import SourceContentError, SourceGoneError
from model.reading import Discovery
from tests.connectors.spreadsheet.books import connector, read, save, write

ENGLISH = ("No.", "Initiative", "Owner", "Start date", "Run-rate in kEUR", "RAG", "Yes", "2nd review", "No.")
ROW = ("P-1", "Bundle", "lena@example.com", date(2026, 10, 1), 120, "Green", "x", date(2026, 11, 1), 7)
WRONG = {"key": "Wrong", "title": "Also wrong"}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "Tracker.xlsx"


def discovered(book: Path, **changes: Any) -> Discovery:
    return connector(book, **{"columns": WRONG, **changes}).discover()


def test_sheets_tables_and_named_ranges_are_listed_hidden_ones_too(book: Path) -> None:
    sheet = write(book, [ENGLISH[:8], ROW[:8]], title="Plan")
    workbook = sheet.parent
    assert workbook is not None
    old = workbook.create_sheet("Old")
    old.append(["No.", "Name"])
    old.sheet_state = "hidden"
    sheet.add_table(Table(displayName="Tracked", ref="A1:H2"))
    workbook.defined_names["All"] = DefinedName("All", attr_text="Plan!$A$1:$H$2")
    workbook.defined_names["Broken"] = DefinedName("Broken", attr_text="Plan!#REF!")
    save(sheet, book)
    assert [(each.id, each.name, each.state) for each in discovered(book, sheet="Not there").containers] == [
        ("Plan", "sheet of 2 rows, 8 columns", "visible"),
        ("Tracked", "table on Plan, A1:H2", "visible"),
        ("All", "named range on Plan", "visible"),
        ("Old", "sheet of 1 row, 2 columns", "hidden"),
    ]


def test_a_header_is_suggested_for_the_field_it_is_known_for_and_else_kept_as_custom(book: Path) -> None:
    write(book, [("Procurement pipeline",), (), ENGLISH[:8], ROW[:8]])
    found = discovered(book)
    assert yaml.safe_load(found.settings) == {
        "columns": {
            "key": "No.",
            "title": "Initiative",
            "owner": "Owner",
            "planned_start": "Start date",
            "run_rate": "Run-rate in kEUR",
            "light": "RAG",
        },
        "custom": {"yes_column": "Yes", "column_2nd_review": {"header": "2nd review", "type": "date"}},
    }
    assert [(each.id, each.name, each.kind, each.sample) for each in found.fields][3:5] == [
        ("D3", "Start date", "date", "2026-10-01"),
        ("E3", "Run-rate in kEUR", "number", "120"),
    ]
    saving = read(book, **yaml.safe_load(found.settings))["P-1"]
    assert (saving.title, saving.custom["column_2nd_review"]) == ("Bundle", date(2026, 11, 1))


def test_what_is_wrong_with_the_configuration_is_said_with_its_place(book: Path) -> None:
    write(book, [ENGLISH[:8], ROW[:8]])
    problems = discovered(book, sheet="Not there").problems
    assert [problem.message.split(":")[0] for problem in problems] == [
        "Tracker.xlsx has no sheet 'Not there'",
        "no column 'Wrong'; the headers there are",
        "no column 'Also wrong'; the headers there are",
    ]
    assert all(problem.location.startswith("tracker: ") for problem in problems)


def test_what_is_configured_stays_as_it_is_written(book: Path) -> None:
    write(book, [ENGLISH[:8], ROW[:8]])
    columns = {"key": "No.", "title": "Initiative", "run_rate": {"header": "Run-rate", "unit": "kEUR"}}
    suggested = yaml.safe_load(discovered(book, columns=columns, custom={"review": "2nd review"}).settings)
    assert suggested["columns"]["run_rate"] == {"header": "Run-rate", "unit": "kEUR"}
    assert suggested["columns"]["owner"] == "Owner"
    assert suggested["custom"] == {"review": "2nd review", "yes_column": "Yes"}


def test_like_built_sheets_show_each_column_once_with_the_sheets_that_have_it(book: Path) -> None:
    sheet = write(book, [("No.", "Name"), ("M-1", "Press")], title="Plan 2026")
    assert sheet.parent is not None
    other = sheet.parent.create_sheet("Plan 2027")
    other.append(["Name", "No.", "Owner"])
    save(sheet, book)
    found = discovered(book, sheets="Plan *")
    assert {each.name: tuple(each.containers) for each in found.fields} == {
        "No.": ("Plan 2026", "Plan 2027"),
        "Name": ("Plan 2026", "Plan 2027"),
        "Owner": ("Plan 2027",),
    }


def test_a_file_that_cannot_be_opened_or_is_not_there_is_an_error(book: Path) -> None:
    with pytest.raises(SourceGoneError, match="there is no workbook") as caught:
        discovered(book)
    assert caught.value.problems[0].location.startswith("tracker: ")
    book.write_bytes(b"<html>sign in</html>")
    with pytest.raises(SourceContentError):
        discovered(book)


def test_a_text_file_is_discovered_too(tmp_path: Path) -> None:
    path = tmp_path / "Tracker.csv"
    path.write_text("Nr.;Bezeichnung;Verantwortlich\nM-1;Presse;lena\n", encoding="utf-8")
    found = discovered(path)
    assert [(each.id, each.name) for each in found.containers] == [("rows", "text file of 2 rows, 3 columns")]
    assert yaml.safe_load(found.settings)["columns"] == {
        "key": "Nr.",
        "title": "Bezeichnung",
        "owner": "Verantwortlich",
    }


def test_every_known_word_is_for_a_field_and_is_found(book: Path) -> None:
    fields = {name for kind in RowKind for name in FIELDS[kind]}
    assert set(WORDS) == fields
    for kind in RowKind:
        for name in FIELDS[kind]:
            assert field_for(WORDS[name].split("|")[0].upper(), kind) is not None


def test_an_empty_workbook_suggests_nothing(book: Path) -> None:
    write(book, [])
    found = discovered(book)
    assert (found.settings, list(found.fields)) == ("", [])
    assert found.problems
