"""The fast way for large sheets gives the same cells as openpyxl (X1, X2, X5, X7-X14, X16-X18)."""

import warnings
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.table import Table

from connectors.spreadsheet import large, opening
from connectors.spreadsheet.cells import Cell, CellState, Sheet
from connectors.spreadsheet.guard import check_workbook
from connectors.spreadsheet.large import open_large_sheets
from connectors.spreadsheet.sheet_choice import Wanted
from connectors.spreadsheet.values import Reading, read_date, read_figure, read_percent, read_text
from connectors.spreadsheet.workbook import open_sheets
from model.errors import SourceContentError
from tests.connectors.spreadsheet.books import (
    COLUMNS,
    HEADER,
    calculate,
    connector,
    extract,
    read,
    reasons,
    rewrite_part,
    save,
    write,
)

SHEET = "xl/worksheets/sheet1.xml"
FORMATS = ("General", "0%", '0 "k€"', "[$€-407] #,##0.00", "#,##0 y", "yyyy-mm-dd", "0.00", "Standard", "@", "[h]:mm")
FORMULAS = ("=SUM(A1:A3)", "=1+1", "=SUBTOTAL(9,A1:A2)", "=TODAY()", '=""', "=A1&B1")

VALUES = st.one_of(
    st.none(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.floats(0, 60_000).map(lambda number: round(number, 6)),
    st.booleans(),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12),
    st.sampled_from(["1.234,5", "#REF!", "#N/A", "15 %", " padded ", 't="e"', '<c r="A1">', "1.10.2026", "a\nb"]),
    st.dates(date(1950, 1, 1), date(2150, 1, 1)),
    st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1)).map(lambda moment: moment.replace(microsecond=0)),
    st.times().map(lambda moment: moment.replace(microsecond=0)),
    st.sampled_from(FORMULAS),
)
CELLS = st.tuples(VALUES, st.sampled_from(FORMATS), st.booleans())
GRIDS = st.lists(st.lists(CELLS, min_size=1, max_size=5), min_size=1, max_size=8)


def may_be_shown(value: Any, number_format: str) -> bool:
    """Excel shows no date for negative numbers and for those beyond the year 9999; neither reader gives one."""
    if not isinstance(value, int | float) or number_format not in ("yyyy-mm-dd", "[h]:mm", "#,##0 y", "Standard"):
        return True
    # openpyxl makes 59 of the sixtieth day, which the calendar of 1900 does not have.
    return (
        not 0 < abs(value) < 61 and abs(value) < 2_000_000 and (value >= 0 or number_format in ("#,##0 y", "Standard"))
    )


def build(path: Path, grid: list[list[tuple[Any, str, bool]]], *, from_1904: bool, start: tuple[int, int]) -> None:
    """Write each value with its format and fill, from some corner on."""
    workbook = Workbook()
    if from_1904:
        workbook.epoch = datetime(1904, 1, 1)
    sheet = workbook.worksheets[0]
    for row, values in enumerate(grid):
        for column, (given_value, number_format, filled) in enumerate(values):
            value = given_value
            cell = sheet.cell(start[0] + row, start[1] + column)
            if isinstance(value, float) and number_format in ("#,##0 y", "Standard", "[h]:mm", "yyyy-mm-dd"):
                # openpyxl rounds what it takes for a date to seconds; quarters of a day are not rounded.
                value = round(value * 4) / 4
            cell.value = value
            if not isinstance(value, date | time) and may_be_shown(value, number_format):
                cell.number_format = number_format
            if filled:
                cell.fill = PatternFill("solid", start_color="FFC000")
    sheet.row_dimensions[start[0] + 1].hidden = True
    sheet.column_dimensions["B"].hidden = True
    sheet.merge_cells(start_row=40, end_row=41, start_column=1, end_column=2)
    workbook.save(path)


def both(path: Path) -> tuple[Sheet, Sheet]:
    """The only sheet by openpyxl, and the fast way."""
    content = path.read_bytes()
    facts = check_workbook(content, path, most_unpacked_bytes=10**8, most_cells=10**6)
    wanted = Wanted()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        slow = open_sheets(content, path, wanted, facts=facts, with_fills=True)[0]
        fast = open_large_sheets(content, path, wanted, facts=facts, most_cells=10**6, with_fills=True)[0]
    return slow, fast


def attempt(read_cell: Callable[..., object], cell: Cell, *arguments: object) -> object:
    try:
        return read_cell(cell, *arguments)
    except ValueError:
        return "refused"


def meaning(cell: Cell) -> list[object]:
    """All that the rest of the program can learn from a cell."""
    reading = Reading(locale="de")
    # Above 15 digits a number is no text that anybody typed into Excel.
    huge = isinstance(cell.value, int | float) and abs(cell.value) >= 1e15
    text = None if huge else attempt(read_text, cell)
    dates = attempt(read_date, cell, reading)
    return [
        cell.address,
        cell.state,
        text,
        dates,
        attempt(read_figure, cell, reading),
        attempt(read_percent, cell, reading),
    ]


def assert_alike(slow: Sheet, fast: Sheet) -> None:
    told = {place: cell for place, cell in slow.cells.items() if cell.state is not CellState.BLANK}
    found = {place: cell for place, cell in fast.cells.items() if cell.state is not CellState.BLANK}
    assert found.keys() == told.keys()
    for place, cell in told.items():
        assert meaning(found[place]) == meaning(cell)
        if "SUM(" in cell.formula or "SUBTOTAL(" in cell.formula:
            assert found[place].formula == cell.formula
    assert set(slow.used_rows) <= set(fast.used_rows) | {row for row, _ in slow.cells.keys() - told.keys()}
    assert (fast.title, fast.visible, fast.hidden_columns, fast.listed) == (
        slow.title,
        slow.visible,
        slow.hidden_columns,
        slow.listed,
    )
    assert fast.hidden_rows == slow.hidden_rows
    assert list(fast.merged) == list(slow.merged)
    assert list(fast.tables) == list(slow.tables)
    assert dict(fast.fills) == dict(slow.fills)
    assert list(fast.painted) == list(slow.painted)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    grid=GRIDS,
    from_1904=st.booleans(),
    start=st.tuples(st.integers(1, 4), st.integers(1, 30)),
)
def test_both_ways_give_the_same_cells(
    grid: list[list[tuple[Any, str, bool]]], from_1904: bool, start: tuple[int, int], tmp_path: Path
) -> None:
    build(tmp_path / "T.xlsx", grid, from_1904=from_1904, start=start)
    assert_alike(*both(tmp_path / "T.xlsx"))


@pytest.fixture
def always_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "LARGE_CELLS", 0)


def test_a_large_sheet_loses_nothing_that_the_small_one_tells(tmp_path: Path, always_large: None) -> None:
    """X5, X7, X10, X16, X18: errors, units and percentages in formats, totals by formula, tables and names."""
    path = tmp_path / "T.xlsx"
    sheet = write(path, [HEADER, ("M-1", "Press", None, 5), ("M-2", "Belt", None, "=1+1"), ("M-3", "Oil", None, None)])
    sheet["D2"].number_format = '0 "k€"'
    sheet.append(("M-4", "Pump", None, "=SUM(D2:D4)"))
    sheet.append(("M-5", "Fan", None, "=A1/0"))
    sheet.append(("M-6", "Lamp", None, "=2+2"))
    sheet.add_table(Table(displayName="Tracked", ref="A1:D7"))
    assert sheet.parent is not None
    sheet.parent.defined_names["Savings"] = DefinedName("Savings", attr_text="Savings!$A$1:$D$7")
    save(sheet, path)
    calculate(path, {"D3": "2", "D5": "7", "D6": "#DIV/0!"})
    for changes in ({}, {"table": "Tracked"}):
        found = extract(path, **changes)
        assert found.sheet.reader == "python-calamine for the values and openpyxl for the rest"
        assert {record.key: record.baseline for record in found.records} == {"M-1": 5000, "M-2": 2, "M-3": None}
        why = {row.native_id.rpartition("/")[2]: row.reason for row in found.set_aside}
        assert "#DIV/0!" in why["M-5"]
        assert "was not calculated" in why["M-6"]
        assert "add up other rows" in why["M-4"]


def test_lights_by_colour_are_read_from_a_large_sheet(tmp_path: Path, always_large: None) -> None:
    """X17: also where a rule paints other cells."""
    path = tmp_path / "T.xlsx"
    sheet = write(path, [(*HEADER, "Light"), ("M-1", "Press", None, 5, None), ("M-2", "Belt", None, 5, None)])
    sheet["E2"].fill = PatternFill("solid", start_color="00B050")
    rule = CellIsRule(operator="equal", formula=["1"], fill=PatternFill("solid", end_color="FF0000"))
    sheet.conditional_formatting.add("E3", rule)
    save(sheet, path)
    found = extract(path, columns={**COLUMNS, "light": "Light"}, lights_from="colour")
    assert [str(getattr(record, "light", None)) for record in found.records] == ["green", "None"]
    assert found.sheet.reader.startswith("python-calamine")


@pytest.mark.parametrize("dimension", ["A1:A1", "A1:D2", "A1:XFD1048576"])
def test_a_wrong_dimension_hides_no_row(dimension: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """X11, X12."""
    path = tmp_path / "T.xlsx"
    write(path, [HEADER, *((f"M-{number}", "Press", None, number) for number in range(50))])
    rewrite_part(path, SHEET, lambda text: text.replace('<dimension ref="A1:D51"', f'<dimension ref="{dimension}"'))
    small = read(path)
    monkeypatch.setattr(large, "LARGE_CELLS", 0)
    assert read(path) == small
    assert len(small) == 50


@pytest.mark.parametrize(
    ("old", "new"),
    [('<c r="A2"', "<c"), ('<c r="A2"', '<c\nr="A2"'), ("<sheetData>", "<!-- <c r='A1'> --><sheetData>")],
)
def test_xml_that_cannot_be_searched_is_left_to_openpyxl(
    old: str, new: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X26: cells without an address and other forms that no spreadsheet program writes."""
    path = tmp_path / "T.xlsx"
    write(path, [HEADER, ("M-1", "Press", None, 5)])
    rewrite_part(path, SHEET, lambda text: text.replace(old, new))
    monkeypatch.setattr(large, "LARGE_CELLS", 0)
    found = extract(path)
    assert found.sheet.reader == "openpyxl"
    assert [record.key for record in found.records] == ["M-1"]
    monkeypatch.setattr(opening, "MOST_OPENPYXL_CELLS", 0)
    assert extract(path).sheet.reader == "python-calamine"


def test_a_date_beyond_all_calendars_is_named(tmp_path: Path, always_large: None) -> None:
    """X9: the reading process falls over it; the error says what to look for."""
    path = tmp_path / "T.xlsx"
    sheet = write(path, [HEADER, ("M-1", "Press", -106751991808, 5)])
    sheet["C2"].number_format = "yyyy-mm-dd"
    save(sheet, path)
    with pytest.raises(SourceContentError, match="number beyond all calendars, shown as ###### in Excel"):
        extract(path)


def test_hidden_rows_of_a_large_sheet_are_counted(tmp_path: Path, always_large: None) -> None:
    """X17."""
    path = tmp_path / "T.xlsx"
    sheet = write(path, [HEADER, ("M-1", "Press", None, 5), ("M-2", "Belt", None, 5)])
    sheet.row_dimensions[3].hidden = True
    save(sheet, path)
    assert dict(connector(path).probe().counts)["hidden rows read"] == 1


def test_a_workbook_that_was_never_calculated_shows_no_made_up_zeros(tmp_path: Path, always_large: None) -> None:
    """X1, X2."""
    path = tmp_path / "T.xlsx"
    write(path, [HEADER, ("M-1", "Press", None, "=1+1"), ("M-2", "Belt", None, 3)])
    rewrite_part(path, SHEET, lambda text: text.replace("<f>1+1</f><v></v>", "<f>1+1</f><v>0</v>"))
    assert "was not calculated" in reasons(path)["Savings/M-1"]
    assert read(path)["M-2"].baseline == 3
