"""Columns are found by header name, wherever they stand; what is not found stops the sheet (S12, X14, X15)."""

import random
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl.worksheet.table import Table

from connectors.spreadsheet import SpreadsheetOptions
from model.errors import ConfigurationError, SourceContentError, SourceGoneError
from model.money import Month
from model.records import Saving
from tests.connectors.spreadsheet.books import COLUMNS, HEADER, extract, options, read, save, write

ROW = ("M-1", "Press", date(2026, 10, 1), 5)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "Tracker.xlsx"


def saving_of(book: Path, **changes: Any) -> Saving:
    record = read(book, **changes)["M-1"]
    assert isinstance(record, Saving)
    return record


def test_the_header_is_found_under_title_rows(book: Path) -> None:
    write(book, [("Savings 2026",), (), ("As of", date(2026, 9, 14)), HEADER, ROW])
    found = extract(book)
    assert found.header.row == 4
    assert saving_of(book).provenance["baseline"] == "Tracker.xlsx!Savings!D5"


def test_columns_may_stand_in_any_order(book: Path) -> None:
    """S12: no column is ever taken by its position."""
    shuffled = random.Random(7)
    for _ in range(10):
        order = shuffled.sample(range(6), 6)
        header, row = (*HEADER, "Notes", None), (*ROW, "see mail", "x")
        write(book, [[header[place] for place in order], [row[place] for place in order]])
        saving = saving_of(book)
        assert (saving.title, saving.planned_start, saving.baseline) == ("Press", date(2026, 10, 1), Decimal(5))


@pytest.mark.parametrize(
    "header", ["start", "  Start ", "START", "Sta\N{SOFT HYPHEN}rt", "\N{NO-BREAK SPACE}Start", "Ｓtart", "Beginn"]
)
def test_spelling_of_a_header_does_not_matter(header: str, book: Path) -> None:
    """X15: case, spaces, no-break spaces, full-width letters and configured aliases."""
    write(book, [("No.", "Name", header, "Amount"), ROW])
    columns = COLUMNS | {"planned_start": {"header": "Start", "aliases": ["Beginn"]}}
    assert saving_of(book, columns=columns).planned_start == date(2026, 10, 1)


def test_a_line_break_in_a_header_is_a_space(book: Path) -> None:
    write(book, [("No.", "Name", "Planned\nstart", "Amount"), ROW])
    assert saving_of(book, columns=COLUMNS | {"planned_start": "Planned start"}).planned_start == date(2026, 10, 1)


def test_a_missing_column_names_the_sheet_and_what_is_there(book: Path) -> None:
    write(book, [("No.", "Name", "Start date", "Amount"), ROW])
    with pytest.raises(SourceGoneError) as caught:
        extract(book)
    (problem,) = caught.value.problems
    assert problem.message == "no column 'Start'; the headers there are: No., Name, Start date, Amount"
    assert problem.location == "Tracker.xlsx!Savings, row 1"
    assert problem.hint == "was it renamed to 'Start date'? then add that to its aliases:"


def test_all_missing_columns_are_named_at_once(book: Path) -> None:
    write(book, [("No.", "Name"), ROW])
    with pytest.raises(SourceGoneError) as caught:
        extract(book)
    assert [problem.message.split(";")[0] for problem in caught.value.problems] == [
        "no column 'Start'",
        "no column 'Amount'",
    ]


def test_an_optional_column_may_be_missing_and_that_is_said(book: Path) -> None:
    write(book, [("No.", "Name", "Amount"), ("M-1", "Press", 5)])
    columns = COLUMNS | {"planned_start": {"header": "Start", "optional": True}}
    assert saving_of(book, columns=columns).planned_start is None
    assert "no column 'Start', which is optional" in [
        found.message for found in extract(book, columns=columns).problems
    ]


def test_a_header_that_stands_twice_is_not_chosen_from(book: Path) -> None:
    write(book, [(*HEADER, "Start"), (*ROW, date(2027, 1, 1))])
    with pytest.raises(SourceGoneError, match="the header 'Start' stands in C1 and E1"):
        extract(book)


def test_the_merged_header_above_tells_two_columns_of_one_name_apart(book: Path) -> None:
    """X14."""
    sheet = write(
        book,
        [
            ("No.", "Plan", None, "Actual", None),
            (None, "Start", "Amount", "Start", "Amount"),
            ("M-1", date(2026, 10, 1), 5, date(2026, 11, 1), 3),
        ],
    )
    sheet.merge_cells("B1:C1")
    sheet.merge_cells("D1:E1")
    save(sheet, book)
    columns = {"key": "No.", "planned_start": "Plan Start", "baseline": "Plan Amount"}
    saving = saving_of(book, columns=columns)
    assert (saving.planned_start, saving.baseline) == (date(2026, 10, 1), 5)


def test_a_configured_header_row_is_taken_and_no_other(book: Path) -> None:
    write(book, [HEADER, ("old", "old", None, 1), HEADER, ROW])
    assert list(read(book, header_row=3)) == ["M-1"]
    with pytest.raises(SourceGoneError):
        extract(book, header_row=4)


def test_a_header_printed_again_further_down_is_no_row(book: Path) -> None:
    write(book, [HEADER, ROW, HEADER, ("M-2", "Belt", None, 5)])
    found = extract(book)
    assert [record.key for record in found.records] == ["M-1", "M-2"]
    assert found.set_aside == []


def test_months_take_their_year_from_the_group_and_may_be_real_dates(book: Path) -> None:
    sheet = write(book, [("No.", "Forecast 2027", None), (None, "Jan", date(2027, 2, 1)), ("M-1", 1, 2)])
    sheet.merge_cells("B1:C1")
    save(sheet, book)
    months = [{"series": "forecast", "group": "Forecast"}]
    saving = saving_of(book, columns={"key": "No."}, months=months)
    assert [found.month for found in saving.forecast] == [Month(2027, 1), Month(2027, 2)]


def test_two_series_without_a_group_are_not_mixed_up(book: Path) -> None:
    write(book, [("No.", "Okt 26", "Nov 26", "Okt 26"), ("M-1", 1, 2, 3)])
    with pytest.raises(SourceGoneError, match="plan of 2026-10 stands in B1 and D1; name the header above it"):
        extract(book, columns={"key": "No."}, months=[{"series": "plan"}])


def test_a_month_pattern_tells_series_apart_in_one_header_row(book: Path) -> None:
    write(book, [("No.", "Plan Okt 26", "Ist Okt 26"), ("M-1", 5, 3)])
    months = [{"series": "plan", "header": "Plan {month}"}, {"series": "actual", "header": "Ist {month}"}]
    saving = saving_of(book, columns={"key": "No."}, months=months)
    assert ([a.amount for a in saving.plan], [a.amount for a in saving.actual]) == ([5], [3])


def test_missing_months_stop_the_sheet(book: Path) -> None:
    write(book, [HEADER, ROW])
    with pytest.raises(SourceGoneError, match="no column \"months of plan under 'Plan'\""):
        extract(book, months=[{"series": "plan", "group": "Plan"}])


def test_a_unit_in_the_header_is_followed(book: Path) -> None:
    write(book, [("No.", "Plan 2026 (T€)"), (None, "Okt"), ("M-1", "1,5")])
    saving = saving_of(book, columns={"key": "No."}, months=[{"series": "plan", "group": "Plan"}], currency=None)
    assert (saving.plan[0].amount, saving.currency) == (1500, "EUR")


def test_a_header_that_changes_its_unit_is_not_read_a_thousand_times_too_small(book: Path) -> None:
    write(book, [("No.", "Amount in Mio EUR"), ("M-1", 5)])
    columns = {"key": "No.", "baseline": {"header": "Amount in Mio EUR", "unit": "kEUR"}}
    with pytest.raises(SourceContentError, match="names another unit than the configured kEUR"):
        extract(book, columns=columns)


def test_a_table_is_found_wherever_it_lies(book: Path) -> None:
    """X18: rows above the table and columns beside it do not matter."""
    sheet = write(book, [("Title",), (), (None, *HEADER, "Start"), (None, *ROW), (None, None, "Legend", None, 7)])
    sheet.add_table(Table(displayName="Tracked", ref="B3:E4"))
    save(sheet, book)
    found = extract(book, table="tracked")
    assert [record.native_id for record in found.records] == ["tracked/M-1"]
    assert found.set_aside == []


def test_a_missing_sheet_or_table_names_what_is_there(book: Path) -> None:
    write(book, [HEADER, ROW])
    with pytest.raises(SourceGoneError, match="has no sheet 'Saving': it has Savings") as caught:
        extract(book, sheet="Saving")
    assert caught.value.problems[0].hint == "did you mean Savings?"
    with pytest.raises(SourceGoneError, match="has no table 'Tracked': it has none"):
        extract(book, table="Tracked")


def test_hidden_sheets_are_read_only_by_name(book: Path) -> None:
    """X17."""
    sheet = write(book, [HEADER, ROW])
    assert sheet.parent is not None
    old = sheet.parent.create_sheet("Old")
    old.append(HEADER)
    old.append(("M-9", "Gone", None, 1))
    old.sheet_state = "hidden"
    save(sheet, book)
    assert list(read(book)) == ["M-1"]
    assert list(read(book, sheet="Old")) == ["M-9"]
    old.sheet_state = "visible"
    save(sheet, book)
    with pytest.raises(ConfigurationError, match="has 2 visible sheets and none is named") as caught:
        extract(book)
    assert caught.value.problems[0].hint == "set sheet: to one of Savings, Old"


def test_an_empty_sheet_is_an_error_and_not_an_empty_tracker(book: Path) -> None:
    write(book, [])
    with pytest.raises(SourceGoneError, match="the sheet is empty"):
        extract(book)


def test_a_sheet_with_a_header_and_no_rows_is_an_empty_tracker(book: Path) -> None:
    write(book, [HEADER])
    assert extract(book).records == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": {}}, "at least one field needs a column"),
        ({"columns": {"ownr": "Owner"}}, "did you mean owner\\?"),
        (
            {"columns": {"key": "No.", "planned_start": {"header": "S", "type": "text"}}},
            "planned_start is always read as date",
        ),
        ({"columns": {"owner": "Owner"}}, "map key or title"),
        ({"identity": ["title"]}, "not used when a column is mapped to key"),
        ({"sheet": "A", "table": "B"}, "set only one of sheet:, table:"),
        (
            {"records": "measurement", "months": [{"series": "plan"}], "columns": {"key": "No."}},
            "only savings have month",
        ),
        ({"currency": "Euro"}, "ISO code"),
        ({"columns": {"key": "No.", "baseline": {"header": "A", "unit": "apples"}}}, "no such unit: 'apples'"),
        ({"custom": {"title": "Name"}}, "'title' is the name of a field"),
        ({"months": [{"series": "plan", "header": "Okt"}]}, "pattern"),
        ({"path": Path("T.csv"), "sheet": "A"}, "a .csv file has no sheets"),
        ({"path": Path("T.csv"), "table": "A"}, "table: only for .xlsx and .xlsm, not for .csv"),
        ({"path": Path("T.ods"), "reader": "openpyxl"}, "reader: only for .xlsx and .xlsm, not for .ods"),
        ({"delimiter": ";"}, "delimiter: only for .csv and .tsv, not for .xlsx"),
        ({"path": Path("T.csv"), "delimiter": '"'}, "a quote or line break parts no fields"),
        ({"lights_from": "colour"}, "lights_from: no column is mapped to light"),
        ({"light_colours": {"yellowish": "yellow"}}, "six hexadecimal digits"),
        ({"path": Path("2026-*/T.xlsx")}, "only the file's name may be a pattern"),
        ({"colums": {}}, "Extra inputs are not permitted"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_at_once(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        options(**{"path": Path("Tracker.xlsx"), **changes})


@pytest.mark.parametrize("name", ["~$Tracker.xlsx", "Tracker.pdf", "Tracker.docx", "Tracker"])
def test_files_that_cannot_be_read_are_refused_by_their_name(name: str) -> None:
    """X22."""
    with pytest.raises(ValueError, match=r"marks a workbook as open|cannot be read; save the workbook as \.xlsx"):
        options(Path(name))


def test_the_options_have_a_schema_for_editors_in_which_each_field_is_described() -> None:
    schema = SpreadsheetOptions.model_json_schema()
    described = {name for name, field in schema["properties"].items() if field.get("description")}
    assert described == set(schema["properties"])
    column = schema["properties"]["columns"]["additionalProperties"]["anyOf"]
    assert {"type": "string"} in column, "a plain header is enough"
