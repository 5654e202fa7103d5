"""What each cell becomes: real workbooks, one doubt at a time."""

from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl.utils.datetime import MAC_EPOCH

from model.money import Month, MonthAmount
from model.records import Light, Measurement, NeedClaim, Saving, StatusCategory, WorkItem
from tests.connectors.spreadsheet.books import (
    COLUMNS,
    HEADER,
    calculate,
    extract,
    read,
    reasons,
    rewrite_part,
    save,
    write,
)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "Tracker.xlsx"


def amount_of(book: Path, content: Any, number_format: str | None = None, **changes: Any) -> Decimal | None:
    """What the cell D2 is read as, as an amount."""
    write_amount(book, content, number_format)
    record = read(book, **changes)["M-1"]
    assert isinstance(record, Saving)
    return record.baseline


def refusal_of(book: Path, content: Any, number_format: str | None = None, **changes: Any) -> str:
    """Why the row of the cell D2 is set aside."""
    write_amount(book, content, number_format)
    return reasons(book, **changes)["Savings/M-1"]


def write_amount(book: Path, content: Any, number_format: str | None) -> None:
    sheet = write(book, [HEADER, ("M-1", "Press", date(2026, 10, 1), content)])
    if number_format:
        sheet["D2"].number_format = number_format
    save(sheet, book)


def start_of(book: Path, content: Any, **changes: Any) -> date | None:
    write(book, [HEADER, ("M-1", "Press", content, 1)])
    record = read(book, **changes)["M-1"]
    assert isinstance(record, Saving)
    return record.planned_start


def test_a_blank_amount_is_unknown_and_a_zero_is_a_zero(book: Path) -> None:
    assert amount_of(book, None) is None
    assert amount_of(book, 0) == 0
    assert amount_of(book, "–") is None
    assert amount_of(book, "n/a") is None


def test_an_amount_is_an_exact_decimal(book: Path) -> None:
    """X8."""
    assert amount_of(book, 0.1 + 0.2) == Decimal("0.3")


def test_an_ambiguous_number_sets_the_row_aside_with_its_cell(book: Path) -> None:
    """X6."""
    sheet = write(book, [HEADER, ("M-1", "Press", None, "1.234"), ("M-2", "Belt", None, 5)])
    save(sheet, book)
    found = extract(book, locale=None)
    assert [record.key for record in found.records] == ["M-2"]
    (aside,) = found.set_aside
    assert aside.native_id == "Savings/M-1"
    assert aside.reason == "D2: Amount '1.234' is ambiguous: 1234 in German, 1.234 in English"
    assert aside.location == "Tracker.xlsx!Savings!D2"
    assert amount_of(book, "1.234", locale="de") == 1234


def test_every_cell_that_cannot_be_read_is_named(book: Path) -> None:
    write(book, [HEADER, ("M-1", "Press", "bald", "viel")])
    assert reasons(book)["Savings/M-1"] == "C2: Start 'bald' is not a date; D2: Amount 'viel' is not a number"


def test_an_error_is_not_a_blank(book: Path) -> None:
    """X5."""
    assert refusal_of(book, "#REF!") == "D2: Amount holds the error #REF!"


def test_a_formula_that_was_never_calculated_is_not_a_zero(book: Path) -> None:
    """X1."""
    said = refusal_of(book, "=1+1")
    assert said.startswith("D2: Amount holds a formula that was not calculated")
    calculate(book, {})
    assert reasons(book)["Savings/M-1"] == said, "whether or not the writer asks for a calculation on load"


def test_a_formula_counts_with_the_value_that_excel_stored(book: Path) -> None:
    write(book, [HEADER, ("M-1", "Press", None, "=1+1"), ("M-2", "Belt", None, "=1/0"), ("M-3", "Oil", None, '=""')])
    calculate(book, {"D2": "2", "D3": "#DIV/0!", "D4": ""})
    found = read(book)
    assert isinstance(found["M-1"], Saving)
    assert found["M-1"].baseline == 2
    assert isinstance(found["M-3"], Saving)
    assert found["M-3"].baseline is None, "a formula that answers an empty text is blank"
    assert reasons(book) == {"Savings/M-2": "D3: Amount holds the error #DIV/0!"}


def test_a_stored_zero_of_a_writer_that_never_calculates_is_not_believed(book: Path) -> None:
    """X2: XlsxWriter stores 0 and asks for a calculation on load."""
    write(book, [HEADER, ("M-1", "Press", None, "=1+1"), ("M-2", "Belt", None, 7)])
    calculate(book, {"D2": "0"})
    assert isinstance(read(book)["M-1"], Saving), "without the mark the stored value counts"
    rewrite_part(book, "xl/workbook.xml", lambda text: text.replace("<calcPr ", '<calcPr fullCalcOnLoad="1" '))
    assert "was not calculated" in reasons(book)["Savings/M-1"]
    assert list(read(book)) == ["M-2"], "cells without a formula are not affected"


def test_the_type_of_the_column_wins_over_a_format_that_looks_like_a_date(book: Path) -> None:
    """X9: openpyxl takes `Standard` and `#,##0 y` for dates."""
    assert amount_of(book, 1234.5, "Standard") == Decimal("1234.5")
    assert amount_of(book, 45000, "#,##0 y") == 45000
    assert "holds the date" in refusal_of(book, date(2026, 10, 1))


def test_a_bare_serial_number_in_a_date_column_is_that_day(book: Path) -> None:
    """X9."""
    assert start_of(book, 46296) == date(2026, 10, 1)
    assert start_of(book, datetime(2026, 10, 1, 14, 30)) == date(2026, 10, 1)


@pytest.mark.parametrize("content", [2026, 0.5, time(8, 0), True, "Okt 26", date(1926, 10, 1)])
def test_what_is_no_plausible_day_is_refused(content: Any, book: Path) -> None:
    """X9: a year, a time and a date of another century are not guessed at."""
    write(book, [HEADER, ("M-1", "Press", content, 1)])
    assert reasons(book)["Savings/M-1"].startswith("C2: Start ")


def test_dates_of_a_workbook_that_counts_from_1904_are_right(book: Path) -> None:
    """X9."""
    sheet = write(book, [HEADER, ("M-1", "Press", date(2026, 10, 1), 1), ("M-2", "Belt", 46296 - 1462, 1)])
    assert sheet.parent is not None
    sheet.parent.epoch = MAC_EPOCH
    save(sheet, book)
    found = read(book)
    for key in ("M-1", "M-2"):
        record = found[key]
        assert isinstance(record, Saving)
        assert record.planned_start == date(2026, 10, 1)


def test_slashes_need_an_order(book: Path) -> None:
    assert start_of(book, "03/10/2026", locale="de") == date(2026, 10, 3)
    columns = COLUMNS | {"planned_start": {"header": "Start", "date_order": "mdy"}}
    assert start_of(book, "03/10/2026", locale="en", columns=columns) == date(2026, 3, 10)
    assert "ambiguous" in reasons(book, locale="en")["Savings/M-1"]


@pytest.mark.parametrize(
    ("content", "number_format", "share"),
    [
        (0.15, "0%", "0.15"),
        (15, "General", "0.15"),
        (0.15, "General", "0.15"),
        ("15 %", "General", "0.15"),
        ("12,5%", "General", "0.125"),
        (1, "0%", "1"),
    ],
)
def test_a_percentage_is_a_share_of_one_however_it_was_typed(
    content: Any, number_format: str, share: str, book: Path
) -> None:
    """X7."""
    sheet = write(book, [("No.", "Done"), ("M-1", content)])
    sheet["B2"].number_format = number_format
    save(sheet, book)
    found = read(book, columns={"key": "No."}, custom={"done": {"header": "Done", "type": "percent"}})
    assert found["M-1"].custom == {"done": Decimal(share)}


def test_a_percentage_that_could_mean_two_things_is_refused(book: Path) -> None:
    write(book, [("No.", "Done"), ("M-1", 1), ("M-2", 1500)])
    said = reasons(book, columns={"key": "No."}, custom={"done": {"header": "Done", "type": "percent"}})
    assert said == {
        "Savings/M-1": "B2: Done holds 1 without a percent sign: 1 % or 100 %",
        "Savings/M-2": "B3: Done holds 1500, which is no plausible percentage",
    }


def test_the_currency_comes_from_the_row_the_cell_or_the_file(book: Path) -> None:
    """X10."""
    sheet = write(
        book,
        [(*HEADER, "Currency"), ("M-1", "Press", None, 5, "CHF"), ("M-2", "Belt", None, 5), ("M-3", "Oil", None, 5)],
    )
    sheet["D3"].number_format = "#,##0.00 [$£-809]"
    save(sheet, book)
    found = read(book, columns=COLUMNS | {"currency": "Currency"})
    currencies = {key: record.currency for key, record in found.items() if isinstance(record, Saving)}
    assert currencies == {"M-1": "CHF", "M-2": "GBP", "M-3": "EUR"}


def test_a_row_in_two_currencies_or_in_none_is_set_aside(book: Path) -> None:
    """X10: an amount is never given a currency that it may not have."""
    write(book, [(*HEADER, "Cost"), ("M-1", "Press", None, "5 £", "7 €")])
    said = reasons(book, columns=COLUMNS | {"one_time_cost": "Cost"}, currency="GBP")
    assert said == {"Savings/M-1": "E2: Cost is in EUR, the row is in GBP"}
    assert "has no currency" in refusal_of(book, 5, currency=None)
    assert "has no currency" in refusal_of(book, "$ 5", currency=None), "a dollar sign names several"
    assert amount_of(book, "$ 5", currency="CAD") == 5


def test_the_unit_of_the_text_wins_then_the_column_then_the_header_then_the_format(book: Path) -> None:
    columns = COLUMNS | {"baseline": {"header": "Amount", "unit": "kEUR"}}
    assert amount_of(book, 250, columns=columns) == 250_000
    assert amount_of(book, "1,2 Mio. €", columns=columns) == 1_200_000
    assert amount_of(book, 250, '#,##0 "T€"') == 250_000
    assert amount_of(book, 250_000, '#,##0, "T€"') == 250_000, "the format divides, the cell holds it all"


def test_lights_and_statuses_are_read_in_both_languages(book: Path) -> None:
    write(
        book,
        [("No.", "Status", "Ampel"), ("T-1", "In Arbeit", "GRÜN"), ("T-2", "Abgenommen", "🔴"), ("T-3", None, None)],
    )
    columns = {"key": "No.", "status": "Status", "light": "Ampel"}
    found = read(book, columns=columns, records="work_item", statuses={"Abgenommen": "done"})
    seen = {key: (item.category, item.light) for key, item in found.items() if isinstance(item, WorkItem)}
    assert seen["T-1"] == (StatusCategory.DOING, Light.GREEN)
    assert seen["T-2"] == (StatusCategory.DONE, Light.RED)
    unexplained = read(book, columns=columns, records="work_item")["T-2"]
    assert isinstance(unexplained, WorkItem)
    assert (unexplained.status, unexplained.category) == ("Abgenommen", None)


def test_an_unknown_light_stays_unknown_and_is_said(book: Path) -> None:
    write(book, [("No.", "Ampel"), ("M-1", "blau")])
    found = extract(book, columns={"key": "No.", "light": "Ampel"})
    (record,) = found.records
    assert isinstance(record, Saving)
    assert record.light is None
    assert [(problem.message, problem.location) for problem in found.problems] == [
        ("the light 'blau' is not known", "Tracker.xlsx!Savings!B2")
    ]


def test_a_milestone_tracker_gives_work_items(book: Path) -> None:
    write(
        book,
        [
            ("ID", "Milestone", "Owner", "Status", "Due", "Done on", "Part of", "Needs", "Effort"),
            ("T-1", "Go-live", "lena", "open", date(2026, 10, 22), None, None, "ERP-7, ERP-8", 12.5),
            ("T-2", "Cut-over", "jonas", "done", date(2026, 9, 1), date(2026, 9, 2), "T-1", None, None),
        ],
    )
    columns = dict(
        zip(
            ("key", "title", "owner", "status", "due", "finished", "parent", "needs", "estimate"),
            ("ID", "Milestone", "Owner", "Status", "Due", "Done on", "Part of", "Needs", "Effort"),
            strict=True,
        )
    )
    found = read(book, columns=columns, records="work_item")
    first, second = found["T-1"], found["T-2"]
    assert isinstance(first, WorkItem)
    assert isinstance(second, WorkItem)
    assert (first.due, first.needs, first.estimate) == (
        date(2026, 10, 22),
        (NeedClaim("ERP-7"), NeedClaim("ERP-8")),
        Decimal("12.5"),
    )
    assert (second.category, second.finished, second.parent) == (StatusCategory.DONE, date(2026, 9, 2), first.native_id)


def test_a_sheet_of_readings_gives_measurements(book: Path) -> None:
    write(
        book,
        [("KPI", "Month", "Value", "Target"), ("Delivery time", "2026-09", 4.2, 3.4), ("Returns", "2026-09", None, 5)],
    )
    columns = {"metric": "KPI", "period": "Month", "value": "Value", "target": "Target"}
    found = read(book, columns=columns, records="measurement", identity=["metric", "period"])
    reading = found["Delivery time / 2026-09"]
    assert isinstance(reading, Measurement)
    assert (reading.value, reading.target, reading.period) == (Decimal("4.2"), Decimal("3.4"), "2026-09")
    blank = found["Returns / 2026-09"]
    assert isinstance(blank, Measurement)
    assert blank.value is None


def test_plan_forecast_and_actual_stand_side_by_side(book: Path) -> None:
    months = [{"series": "plan", "group": "Plan"}, {"series": "actual", "group": "Ist"}]
    sheet = write(
        book, [("No.", "Plan", None, "Ist"), (None, "Okt 26", "Nov 26", "Okt 26", "Nov 26"), ("M-1", 100, 200, 90)]
    )
    sheet.merge_cells("B1:C1")
    sheet.merge_cells("D1:E1")
    save(sheet, book)
    saving = read(book, columns={"key": "No."}, months=months)["M-1"]
    assert isinstance(saving, Saving)
    assert saving.plan == (MonthAmount(Month(2026, 10), Decimal(100)), MonthAmount(Month(2026, 11), Decimal(200)))
    assert saving.actual == (MonthAmount(Month(2026, 10), Decimal(90)),)
    assert saving.forecast == ()
