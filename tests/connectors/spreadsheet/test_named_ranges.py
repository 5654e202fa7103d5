"""A named range stands for one rectangle, wherever it lies; anything else it may stand for is said (X18)."""

from pathlib import Path
from typing import Any

import pytest
from openpyxl.workbook.defined_name import DefinedName

from model.errors import SourceContentError, SourceGoneError
from tests.connectors.spreadsheet.books import HEADER, connector, extract, read, save, write

ROWS = [("M-1", "Press", None, 10), ("M-2", "Belt", None, 20)]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "Tracker.xlsx"


def named(book: Path, refers_to: str, *, name: str = "SavingsTable", scope: str = "", hidden: str = "") -> None:
    """Two trackers side by side and one on a second sheet; the name refers to part of them."""
    lines = [("Title",), (), (*HEADER, None, *HEADER), *[(*row, None, row[0] + "x", *row[1:]) for row in ROWS]]
    sheet = write(book, lines, title="Plan 2026")
    workbook = sheet.parent
    assert workbook is not None
    other = workbook.create_sheet("Old")
    for row in [HEADER, ("M-9", "Gone", None, 1)]:
        other.append(row)
    names = workbook[scope].defined_names if scope else workbook.defined_names
    names[name] = DefinedName(name, attr_text=refers_to)
    if hidden:
        workbook[hidden].sheet_state = "hidden"
    save(sheet, book)


@pytest.mark.parametrize(
    "refers_to",
    ["'Plan 2026'!$A$3:$D$5", "'Plan 2026'!$A:$D", "'plan 2026'!A1:D99", "'Plan 2026'!$D$5:$A$3"],
)
def test_a_named_range_is_read_and_nothing_beside_it(refers_to: str, book: Path) -> None:
    named(book, refers_to)
    found = extract(book, range="savingstable")
    assert [record.native_id for record in found.records] == ["savingstable/M-1", "savingstable/M-2"]
    assert found.header.row == 3
    assert found.records[0].provenance["baseline"] == "Tracker.xlsx!Plan 2026!D4"


def test_the_second_of_two_trackers_on_a_sheet_is_read_by_its_name(book: Path) -> None:
    named(book, "'Plan 2026'!$F$3:$I$5")
    assert list(read(book, range="SavingsTable")) == ["M-1x", "M-2x"]
    source = connector(book, range="SavingsTable")
    assert [(container.id, container.state) for container in source.roster()] == [("SavingsTable", "visible")]


@pytest.mark.parametrize("wanted", ["SavingsTable", "Old!SavingsTable", "'Old'!SavingsTable"])
def test_a_name_that_only_a_sheet_knows_is_found(wanted: str, book: Path) -> None:
    named(book, "Old!$A$1:$D$2", scope="Old")
    assert list(read(book, range=wanted)) == ["M-9"]


def test_a_name_of_the_workbook_and_of_a_sheet_must_be_told_apart(book: Path) -> None:
    named(book, "Old!$A$1:$D$2", scope="Old")
    sheet = write_second_name(book)
    assert sheet == "Plan 2026"
    with pytest.raises(SourceContentError, match="has 2 names 'savingstable': Plan 2026!SavingsTable, Old!Savings"):
        extract(book, range="savingstable")
    assert list(read(book, range="Plan 2026!SavingsTable")) == ["M-1", "M-2"]


def write_second_name(book: Path) -> str:
    from openpyxl import load_workbook

    workbook = load_workbook(book)
    sheet = workbook.worksheets[0]
    sheet.defined_names["SavingsTable"] = DefinedName("SavingsTable", attr_text="'Plan 2026'!$A$3:$D$5")
    workbook.save(book)
    return str(sheet.title)


@pytest.mark.parametrize(
    ("refers_to", "error", "said"),
    [
        ("'Plan 2026'!#REF!", SourceGoneError, "refers to cells that were deleted"),
        ("Gone!$A$1:$D$9", SourceGoneError, "refers to a sheet that is not there: Gone"),
        ("'Plan 2026'!$A$3:$D$5,'Plan 2026'!$F$3:$I$5", SourceContentError, "refers to several areas, not to one"),
        ("OFFSET('Plan 2026'!$A$3,0,0,9,4)", SourceContentError, "refers to a formula or a constant, not to one area"),
        ("0.19", SourceContentError, "refers to a formula or a constant, not to one area: 0.19"),
        ("[1]Other!$A$1:$D$9", SourceContentError, "refers to a formula or a constant"),
        ("Tracked[#All]", SourceContentError, "refers to a formula or a constant"),
    ],
)
def test_what_is_no_rectangle_is_said(refers_to: str, error: Any, said: str, book: Path) -> None:
    named(book, refers_to)
    with pytest.raises(error, match=said) as caught:
        list(connector(book, range="SavingsTable").changed(None))
    (problem,) = caught.value.problems
    assert problem.location == f"tracker: {book}"
    assert problem.hint


def test_a_name_that_is_not_there_names_the_nearest(book: Path) -> None:
    named(book, "'Plan 2026'!$A$3:$D$5")
    with pytest.raises(SourceGoneError, match="has no named range 'SavingTable': it has SavingsTable") as caught:
        extract(book, range="SavingTable")
    assert caught.value.problems[0].hint == "did you mean SavingsTable?"


def test_a_name_on_a_hidden_sheet_is_refused(book: Path) -> None:
    """X17: nobody sees what changes there; by the sheet's own name it may be read."""
    named(book, "Old!$A$1:$D$2", hidden="Old")
    with pytest.raises(SourceContentError, match="the name SavingsTable refers to the hidden sheet 'Old'") as caught:
        extract(book, range="SavingsTable")
    assert caught.value.problems[0].hint == "show the sheet, or read it with sheet: Old"


def test_rows_typed_below_a_named_range_are_said(book: Path) -> None:
    """A name does not grow; a table does."""
    named(book, "'Plan 2026'!$A$3:$D$4")
    found = extract(book, range="SavingsTable")
    assert [record.key for record in found.records] == ["M-1"]
    assert "row 5 is filled and lies below the named range SavingsTable; it is not read" in [
        problem.message for problem in found.problems
    ]


def test_headers_above_a_named_range_are_no_part_of_it(book: Path) -> None:
    named(book, "'Plan 2026'!$A$4:$D$5")
    with pytest.raises(SourceGoneError, match=r"no column 'No\.'"):
        extract(book, range="SavingsTable")
