"""Month columns become a series of periods, whatever rows their year, month and series stand in (X14, X15)."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.spreadsheet.dates import parse_month, year_in
from model.errors import SourceGoneError
from model.money import Month
from model.records import Saving
from tests.connectors.spreadsheet.books import extract, save, write

KEY = {"key": "No."}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "Tracker.xlsx"


def plan_of(book: Path, *blocks: dict[str, Any]) -> dict[str, int]:
    return series_of(book, "plan", *(blocks or ({"series": "plan"},)))


def series_of(book: Path, series: str, *blocks: dict[str, Any]) -> dict[str, int]:
    (record,) = extract(book, columns=KEY, months=list(blocks)).records
    assert isinstance(record, Saving)
    return {str(each.month): int(each.amount) for each in getattr(record, series)}


WRITTEN = (
    "Okt 26|Oct-26|OKT. 2026|October 2026|Okt'26|Oktober\N{NO-BREAK SPACE}2026|10/2026|10.2026|10/26|2026-10|2026/10"
    "|01.10.2026|31.10.2026|2026-10-01|2026-10-31"
)


@pytest.mark.parametrize("text", WRITTEN.split("|"))
def test_a_month_is_read_however_it_is_written(text: str) -> None:
    assert parse_month(text) == Month(2026, 10)


@pytest.mark.parametrize(
    "text", ["Okt", "26", "2026", "10", "Q4/26", "Q4 2026", "15.10.2026", "13/2026", "10/11", "FY26"]
)
def test_what_is_not_clearly_a_month_is_none(text: str) -> None:
    assert parse_month(text) is None


def test_a_year_is_told_by_a_header_and_not_by_a_date_or_a_span() -> None:
    assert [year_in(text) for text in ("Plan 2026", "2026", "2026.0", "Budget 2026 (T€)")] == [2026] * 4
    assert [year_in(text) for text in ("Stand 14.09.2025", "GJ 2026/27", "2025 vs. 2026", "Plan")] == [None] * 4


@pytest.mark.parametrize("cell", [date(2026, 10, 1), datetime(2026, 10, 31), "Okt 26"])
def test_a_month_header_may_be_the_first_or_the_last_day_as_a_real_date(cell: object, book: Path) -> None:
    write(book, [("No.", cell), ("M-1", 5)])
    assert plan_of(book) == {"2026-10": 5}


def test_years_stand_in_a_row_of_their_own_merged_or_written_once(book: Path) -> None:
    lines = [("No.", 2026, None, 2027, None), (None, "Nov", "Dez", "Jan", "Feb"), ("M-1", 1, 2, 3, 4)]
    sheet = write(book, lines)
    told = {"2026-11": 1, "2026-12": 2, "2027-01": 3, "2027-02": 4}
    assert plan_of(book) == told
    sheet.merge_cells("B1:C1")
    sheet.merge_cells("D1:E1")
    save(sheet, book)
    assert plan_of(book) == told


def test_the_year_may_stand_below_the_month(book: Path) -> None:
    write(book, [("No.", "Nov", "Dez", "Jan"), (None, 2026, 2026, 2027), ("M-1", 1, 2, 3)])
    assert plan_of(book) == {"2026-11": 1, "2026-12": 2, "2027-01": 3}


def test_three_rows_of_series_year_and_month(book: Path) -> None:
    write(
        book,
        [
            ("No.", "Plan", None, "Forecast", None),
            (None, "2026", "2027", "2026", "2027"),
            (None, "Dez", "Jan", "Dez", "Jan"),
            ("M-1", 1, 2, 3, 4),
        ],
    )
    blocks = ({"series": "plan", "group": "Plan"}, {"series": "forecast", "group": "Forecast"})
    assert series_of(book, "plan", *blocks) == {"2026-12": 1, "2027-01": 2}
    assert series_of(book, "forecast", *blocks) == {"2026-12": 3, "2027-01": 4}


def test_a_group_that_is_written_once_counts_for_all_its_months(book: Path) -> None:
    """Unmerged, it stands above the first month only; the others must not be lost silently."""
    write(book, [("No.", "Plan 2026", None, None, "Notes"), (None, "Okt", "Nov", "Dez", None), ("M-1", 1, 2, 3, "x")])
    assert plan_of(book, {"series": "plan", "group": "Plan"}) == {"2026-10": 1, "2026-11": 2, "2026-12": 3}


def test_the_series_may_stand_below_the_month(book: Path) -> None:
    write(book, [("No.", "Okt 26", None, "Nov 26", None), (None, "Plan", "Ist", "Plan", "Ist"), ("M-1", 1, 2, 3, 4)])
    blocks = ({"series": "plan", "header": "{month} Plan"}, {"series": "actual", "header": "{month} Ist"})
    assert series_of(book, "plan", *blocks) == {"2026-10": 1, "2026-11": 3}
    assert series_of(book, "actual", *blocks) == {"2026-10": 2, "2026-11": 4}


def test_a_january_behind_december_under_one_year_is_not_guessed(book: Path) -> None:
    write(book, [("No.", "Plan 2026", None, None), (None, "Nov", "Dez", "Jan"), ("M-1", 1, 2, 3)])
    with pytest.raises(SourceGoneError, match="the year of 'Jan' in D2 is not told: 2026 stands above all of them"):
        plan_of(book)


def test_the_date_of_a_title_is_not_the_year_of_the_months(book: Path) -> None:
    sheet = write(book, [("Stand: 14.09.2025",), ("No.", "Okt", "Nov"), ("M-1", 1, 2)])
    sheet.merge_cells("A1:C1")
    save(sheet, book)
    with pytest.raises(SourceGoneError, match="months of plan"):
        plan_of(book)


def test_quarters_and_sums_beside_the_months_are_not_counted_too(book: Path) -> None:
    write(book, [("No.", "Okt 26", "Nov 26", "Dez 26", "Q4/26", "Summe 2026"), ("M-1", 1, 2, 3, 6, 6)])
    assert plan_of(book) == {"2026-10": 1, "2026-11": 2, "2026-12": 3}


def test_a_unit_behind_the_month_is_followed(book: Path) -> None:
    write(book, [("No.", "Okt 26 [T€]", "Nov 26 [T€]"), ("M-1", 1, 2)])
    assert plan_of(book) == {"2026-10": 1000, "2026-11": 2000}
