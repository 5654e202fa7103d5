"""The second reader: .xls, .xlsb, .ods, Strict and odd .xlsx; what values alone cannot tell (X5, X9, X10, X21, X25)."""

import sys
import time
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.spreadsheet import calamine
from model.errors import ConfigurationError, SourceContentError, SourceGoneError, SourceUnavailableError
from model.reading import Container
from tests.connectors.spreadsheet.books import (
    COLUMNS,
    HEADER,
    connector,
    extract,
    read,
    reasons,
    rewrite_part,
    save,
    write,
)
from tests.connectors.spreadsheet.odd_formats import (
    break_styles,
    make_strict,
    write_ods,
    write_ods_body,
    write_xls,
    write_xlsb,
)

SHEET = "xl/worksheets/sheet1.xml"
ROWS: list[list[Any]] = [
    [None],
    [None, "Savings 2026"],
    [None, *HEADER],
    [None, "M-1", "Press", "01.10.2026", 5.0],
    [None, "M-2", "Belt", None, 1250.5],
    [None, 4711, "Oil", "2026-11-01", None],
]


def write_strict(path: Path, rows: list[list[Any]]) -> None:
    write(path, rows)
    make_strict(path)


def write_odd(path: Path, rows: list[list[Any]]) -> None:
    write(path, rows)
    break_styles(path)


KINDS: list[tuple[str, Callable[[Path, Any], Any]]] = [
    ("T.xls", write_xls),
    ("T.xlsb", write_xlsb),
    ("T.ods", write_ods),
    ("strict.xlsx", write_strict),
    ("odd.xlsx", write_odd),
]


@pytest.mark.parametrize(("name", "writer"), KINDS)
def test_each_kind_gives_what_openpyxl_gives_of_the_same_rows(
    name: str, writer: Callable[[Path, Any], Any], tmp_path: Path
) -> None:
    """X21, X25, X26: empty rows and columns before the data count, whole floats are the integers that were typed."""
    writer(tmp_path / name, ROWS)
    write(tmp_path / "plain.xlsx", ROWS)
    found, control = read(tmp_path / name), read(tmp_path / "plain.xlsx")
    assert list(found) == list(control) == ["M-1", "M-2", "4711"]
    for key, record in found.items():
        other = control[key]
        assert (record.native_id, record.title, record.planned_start, record.baseline) == (
            other.native_id,
            other.title,
            other.planned_start,
            other.baseline,
        )
        cells = {field: address.rpartition("!")[2] for field, address in record.provenance.items()}
        assert cells == {field: address.rpartition("!")[2] for field, address in other.provenance.items()}
    assert found["M-1"].provenance["baseline"] == f"{name}!Savings!E4"
    assert found["4711"].baseline is None, "an empty amount is unknown, never zero"


@pytest.mark.parametrize(("name", "writer"), KINDS)
def test_a_probe_says_which_reader_was_used_and_what_it_cannot_tell(
    name: str, writer: Callable[[Path, Any], Any], tmp_path: Path
) -> None:
    """X5, X10, X26."""
    writer(tmp_path / name, ROWS)
    probe = connector(tmp_path / name).probe()
    assert probe.server.endswith(", read by python-calamine")
    said = " / ".join(problem.message for problem in probe.problems)
    assert "a broken or never calculated formula looks like an empty cell" in said
    assert "number formats were not seen; these are taken in single units: E3 'Amount'" in said
    write(tmp_path / "plain.xlsx", ROWS)
    assert connector(tmp_path / "plain.xlsx").probe().server.endswith(", read by openpyxl")


def test_a_broken_amount_is_unknown_and_a_broken_key_proves_no_absence(tmp_path: Path) -> None:
    """X5: calamine shows both as empty cells."""
    path = tmp_path / "T.xlsx"
    write(path, [HEADER, ("M-1", "Press", None, "#REF!"), ("#REF!", "Belt", None, 5)])
    assert "holds the error #REF!" in reasons(path)["Savings/M-1"], "what openpyxl tells"
    found = extract(path, reader="python-calamine")
    assert [(record.key, record.baseline) for record in found.records] == [("M-1", None)]
    assert found.set_aside[0].reason == "the row has no key"
    with pytest.raises(SourceContentError, match=r"A3 cannot be read, so the rows cannot be counted"):
        connector(path, reader="python-calamine").census(Container("Savings", ""))


def test_a_workbook_that_was_never_calculated_is_refused(tmp_path: Path) -> None:
    """X1, X2: without formulas nobody can tell a made-up zero from an amount."""
    path = tmp_path / "T.xlsx"
    write(path, [HEADER, ("M-1", "Press", None, "=1+1")])
    with pytest.raises(SourceContentError, match="holds formulas that were never calculated"):
        extract(path, reader="python-calamine")


def test_a_format_that_multiplies_asks_for_the_unit(tmp_path: Path) -> None:
    """X10: 5 shown as 5 k€ would be read a thousand times too small."""
    path = tmp_path / "T.xlsx"
    sheet = write(path, [HEADER, ("M-1", "Press", None, 5)])
    sheet["D2"].number_format = '0 "k€"'
    save(sheet, path)
    assert read(path)["M-1"].baseline == 5000, "what openpyxl tells"
    with pytest.raises(SourceContentError, match="nothing tells the unit of D1 'Amount'"):
        extract(path, reader="python-calamine")
    columns = {**COLUMNS, "baseline": {"header": "Amount", "unit": "kEUR"}}
    assert read(path, reader="python-calamine", columns=columns)["M-1"].baseline == 5000


@pytest.mark.parametrize("from_1904", [False, True])
@pytest.mark.parametrize("reader", ["openpyxl", "python-calamine"])
def test_both_readers_know_the_calendar_of_the_workbook(reader: str, from_1904: bool, tmp_path: Path) -> None:
    """X9: date cells and bare numbers, counted from 1900 and from 1904."""
    path = tmp_path / "T.xlsx"
    serial = 46296 - (1462 if from_1904 else 0)
    sheet = write(path, [HEADER, ("M-1", "Press", serial, 5), ("M-2", "Belt", serial, 6)])
    sheet["C2"].number_format = "yyyy-mm-dd"
    save(sheet, path)
    if from_1904:
        rewrite_part(path, "xl/workbook.xml", lambda text: text.replace("<workbookPr", '<workbookPr date1904="1"', 1))
    starts = {record.planned_start for record in extract(path, reader=reader).records}
    assert starts == {date(2026, 10, 1)}


@pytest.mark.parametrize(("name", "writer"), [("T.xls", write_xls), ("T.xlsb", write_xlsb)])
def test_a_bare_number_is_no_date_where_the_calendar_is_not_seen(
    name: str, writer: Callable[[Path, Any], Any], tmp_path: Path
) -> None:
    """X9: it could be four years off."""
    writer(tmp_path / name, [list(HEADER), ["M-1", "Press", 46296, 5]])
    assert reasons(tmp_path / name)["Savings/M-1"] == "C2: Start holds 46296, not a date"


def test_dates_of_an_open_document_are_dates(tmp_path: Path) -> None:
    write_ods(tmp_path / "T.ods", [list(HEADER), ["M-1", "Press", date(2026, 10, 1), 5]])
    assert read(tmp_path / "T.ods")["M-1"].planned_start == date(2026, 10, 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"table": "Tracked"}, "table: python-calamine cannot tell the totals row of a table"),
        (
            {"lights_from": "colour", "columns": {**COLUMNS, "light": "Name"}},
            "lights_from: python-calamine sees no col",
        ),
    ],
)
def test_what_only_openpyxl_can_tell_is_refused_when_the_other_reader_must_be_taken(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    """X26."""
    write_odd(tmp_path / "T.xlsx", ROWS)
    with pytest.raises(SourceContentError) as caught:
        extract(tmp_path / "T.xlsx", **changes)
    assert said in str(caught.value)
    assert all(problem.location and problem.hint for problem in caught.value.problems)


def test_the_second_reader_can_be_ruled_out(tmp_path: Path) -> None:
    """X21, X26."""
    for writer, said in ((write_odd, "could not read stylesheet"), (write_strict, "saved as Strict Open XML")):
        writer(tmp_path / "T.xlsx", ROWS)
        with pytest.raises(SourceContentError, match=said):
            extract(tmp_path / "T.xlsx", reader="openpyxl")
        assert len(extract(tmp_path / "T.xlsx").records) == 3


def test_months_under_a_group_are_refused_where_merges_are_not_told(tmp_path: Path) -> None:
    """X14: .xlsb and .ods are read without merged cells; a Strict workbook with them."""
    rows = [[None, None, "Plan 2026", None], ["No.", "Name", "Okt", "Nov"], ["M-1", "Press", 1, 2]]
    wanted: dict[str, Any] = {"columns": {"key": "No."}, "months": [{"series": "plan", "group": "Plan", "unit": "EUR"}]}
    for name, writer in (("T.ods", write_ods), ("T.xlsb", write_xlsb)):
        writer(tmp_path / name, rows)
        with pytest.raises(SourceContentError, match="no merged headers are told"):
            extract(tmp_path / name, **wanted)
    sheet = write(tmp_path / "T.xlsx", rows)
    sheet.merge_cells("C1:D1")
    save(sheet, tmp_path / "T.xlsx")
    make_strict(tmp_path / "T.xlsx")
    assert [amount.amount for amount in read(tmp_path / "T.xlsx", **wanted)["M-1"].plan] == [Decimal(1), Decimal(2)]


def test_sheets_are_chosen_as_with_openpyxl(tmp_path: Path) -> None:
    """X17: a hidden sheet is read when it is named, and several visible ones ask for a name."""
    path = tmp_path / "T.xlsx"
    sheet = write(path, [HEADER, ("M-1", "Press", None, 5)])
    assert sheet.parent is not None
    other = sheet.parent.create_sheet("Lists")
    other["A1"] = "x"
    save(sheet, path)
    for reader in ("openpyxl", "python-calamine"):
        with pytest.raises(ConfigurationError, match="has 2 visible sheets and none is named"):
            extract(path, reader=reader)
        with pytest.raises(SourceGoneError, match="has no sheet 'Saving': it has Savings, Lists"):
            extract(path, reader=reader, sheet="Saving")
    other.sheet_state = "veryHidden"
    save(sheet, path)
    for reader in ("openpyxl", "python-calamine"):
        assert [record.key for record in extract(path, reader=reader).records] == ["M-1"]
    other.sheet_state, sheet.sheet_state = "visible", "hidden"
    save(sheet, path)
    for reader in ("openpyxl", "python-calamine"):
        assert [record.key for record in extract(path, reader=reader, sheet="savings").records] == ["M-1"]


FAR_ROWS = (
    '<table:table-row table:number-rows-repeated="1048560"><table:table-cell office:value-type="float"'
    ' office:value="1" table:number-columns-repeated="16384"/></table:table-row>'
)


def test_a_file_that_needs_too_much_costs_no_more_than_its_own_process(tmp_path: Path) -> None:
    """F4, X12: one cell in the far corner, as .xls and .xlsx, and 17 billion repeated cells in an .ods."""
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    write_odd(tmp_path / "T.xlsx", ROWS)
    rewrite_part(tmp_path / "T.xlsx", SHEET, lambda text: text.replace("</sheetData>", far + "</sheetData>"))
    write_xls(tmp_path / "T.xls", [*ROWS, *([[None]] * 65_000), [*([None] * 255), 7.0]])
    write_ods_body(tmp_path / "T.ods", f'<table:table table:name="Savings">{FAR_ROWS}</table:table>')
    for name in ("T.xlsx", "T.xls", "T.ods"):
        began = time.monotonic()
        with pytest.raises(SourceContentError, match="cannot be read by python-calamine"):
            extract(tmp_path / name)
        assert time.monotonic() - began < 20


def test_a_reader_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F4."""
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(calamine, "_CHILD", sleeper)
    monkeypatch.setattr(calamine, "WALL_SECONDS", 0.3)
    write_ods(tmp_path / "T.ods", ROWS)
    with pytest.raises(SourceContentError, match="it takes too long"):
        extract(tmp_path / "T.ods")


def test_too_many_cells_are_refused(tmp_path: Path) -> None:
    """F4: also where they cannot be counted before."""
    write_xls(tmp_path / "T.xls", [list(HEADER), *([["M", "x", "y", 1]] * 40)])
    with pytest.raises(SourceContentError, match="it has more than 20 filled cells"):
        extract(tmp_path / "T.xls", most_cells=20)


@pytest.mark.parametrize(("name", "writer"), KINDS[:3])
def test_no_cut_of_a_file_is_ever_read_as_a_smaller_file(
    name: str, writer: Callable[[Path, Any], Any], tmp_path: Path
) -> None:
    """S11: also in a file of another kind."""
    writer(tmp_path / name, ROWS)
    content = (tmp_path / name).read_bytes()
    step = max(1, len(content) // 25)
    for cut in [*range(0, len(content), step), len(content) - 1]:
        (tmp_path / name).write_bytes(content[:cut])
        if content[cut:].strip(b"\0"):
            with pytest.raises((SourceContentError, SourceUnavailableError)):
                extract(tmp_path / name)


def test_an_encrypted_workbook_is_named_as_such(tmp_path: Path) -> None:
    """X22: the compound file that Excel makes of a workbook with a password."""
    write_xls(tmp_path / "T.xls", ROWS)
    content = (tmp_path / "T.xls").read_bytes()
    (tmp_path / "T.xls").write_bytes(content + "EncryptedPackage".encode("utf-16-le"))
    with pytest.raises(SourceContentError, match="is protected by a password"):
        extract(tmp_path / "T.xls")


def test_the_kind_is_told_by_the_content_and_not_by_the_name(tmp_path: Path) -> None:
    """X25: an old workbook that somebody renamed to .xlsx."""
    write_xls(tmp_path / "T.xlsx", ROWS)
    assert list(read(tmp_path / "T.xlsx")) == ["M-1", "M-2", "4711"]


def test_the_reading_process_imports_nothing_of_the_project() -> None:
    source = Path(calamine.__file__).with_name("calamine_child.py").read_text()
    assert "connectors" not in source
    assert "model" not in source
    assert "python_calamine" not in sys.modules, "the daemon's own process never loads it"
