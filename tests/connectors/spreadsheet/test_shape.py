"""What the mapped columns of a workbook are, and what becomes of a reading when one of them is not there (S9, S12)."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from model.errors import SchemaDriftError
from tests.connectors.spreadsheet.books import COLUMNS, HEADER, connector, save, write

ROW = ("M-1", "Press", date(2026, 10, 1), 5)
CUSTOM = {"region": {"header": "Region"}, "head_count": {"header": "Heads", "type": "number"}}
WIDE = (*HEADER, "Region", "Heads")
FIELDS = {
    "key": "No.",
    "title": "Name",
    "planned_start": "Start",
    "baseline": "Amount",
    "region": "Region",
    "head_count": "Heads",
}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "Tracker.xlsx"


def shape(book: Path, **changes: Any) -> dict[str, str]:
    opened = connector(book, **changes)
    try:
        return dict(opened.shape())
    finally:
        opened.close()


def test_every_mapped_column_has_its_header_and_type(book: Path) -> None:
    write(book, [WIDE, (*ROW, "EMEA", 3)])
    told = shape(book, custom=CUSTOM)
    assert told.keys() == FIELDS.keys()
    assert (told["planned_start"], told["region"]) == ("'start' (date)", "'region' (text)")
    assert told["head_count"] == "'heads' (number)"


@pytest.mark.parametrize("name", FIELDS)
def test_a_column_that_is_gone_is_named_before_anything_is_read_s9_s12(book: Path, name: str) -> None:
    write(book, [tuple("Another" if head == FIELDS[name] else head for head in WIDE), (*ROW, "EMEA", 3)])
    with pytest.raises(SchemaDriftError) as caught:
        shape(book, custom=CUSTOM)
    assert caught.value.fields == (name,)
    assert caught.value.problems[0].location == "tracker: Tracker.xlsx!Savings, row 1"
    with pytest.raises(SchemaDriftError):
        list(connector(book, custom=CUSTOM).changed(None))


def test_a_header_that_stands_twice_is_no_column(book: Path) -> None:
    write(book, [(*HEADER, "Start"), (*ROW, date(2027, 1, 1))])
    with pytest.raises(SchemaDriftError) as caught:
        shape(book)
    assert caught.value.fields == ("planned_start",)


def test_months_that_are_gone_are_named_by_their_series(book: Path) -> None:
    write(book, [HEADER, ROW])
    with pytest.raises(SchemaDriftError) as caught:
        shape(book, months=[{"series": "plan", "header": "Plan {month}"}])
    assert caught.value.fields == ("plan",)


def test_a_column_may_move_and_be_written_as_an_alias_allows(book: Path) -> None:
    columns = COLUMNS | {"planned_start": {"header": "Start", "aliases": ["Beginn"]}}
    write(book, [HEADER, ROW])
    before = shape(book, columns=columns)
    write(book, [(), ("", *reversed([*HEADER[:2], "Beginn", HEADER[3]])), ("", *reversed(ROW))])
    assert shape(book, columns=columns) == before


def test_an_optional_column_may_be_absent(book: Path) -> None:
    columns = COLUMNS | {"planned_start": {"header": "Start", "optional": True}}
    write(book, [HEADER, ROW])
    assert shape(book, columns=columns)["planned_start"] == "'start' (date)"
    write(book, [("No.", "Name", "Amount"), ("M-1", "Press", 5)])
    assert shape(book, columns=columns)["planned_start"] == ""


def test_another_unit_in_the_headers_above_is_another_shape(book: Path) -> None:
    """A sheet that goes from euros to thousands would otherwise be read a thousand times too small."""

    def written(group: str) -> dict[str, str]:
        sheet = write(
            book, [("No.", "Name", group, None), (None, None, "Oct 2026", "Nov 2026"), ("M-1", "Press", 5, 6)]
        )
        sheet.merge_cells("C1:D1")
        save(sheet, book)
        return shape(book, columns={"key": "No.", "title": "Name"}, months=[{"series": "plan", "group": "Plan"}])

    before, after = written("Plan (EUR)"), written("Plan (kEUR)")
    assert {name for name in after if after[name] != before[name]} == {"plan"}


def test_another_month_is_no_other_shape(book: Path) -> None:
    options: dict[str, Any] = {"columns": {"key": "No.", "title": "Name"}}
    months = [{"series": "plan", "header": "Plan {month}"}]
    write(book, [("No.", "Name", "Plan Oct 2026"), ("M-1", "Press", 5)])
    before = shape(book, months=months, **options)
    write(book, [("No.", "Name", "Plan Nov 2026", "Plan Dec 2026"), ("M-1", "Press", 5, 6)])
    assert shape(book, months=months, **options) == before
