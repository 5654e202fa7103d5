from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.spreadsheet.dates import parse_date, parse_month, year_in
from model.money import Month


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("2026-10-03", None),
        ("03.10.2026", None),
        ("3.10.26", "mdy"),
        ("03. 10. 2026", None),
        ("3. Oktober 2026", None),
        ("3 Oct 2026", None),
        ("Oct 3, 2026", None),
        ("3/10/2026", "dmy"),
        ("10/3/2026", "mdy"),
        ("2026-10-03 00:00:00", None),
    ],
)
def test_a_typed_date_is_read(text: str, order) -> None:
    """X9."""
    assert parse_date(text, order) == date(2026, 10, 3)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("03/10/2026", "ambiguous: day or month first"),
        ("Okt 26", "names a month, not a day"),
        ("Ende Q3", "is not a date"),
        ("31.02.2026", "is not a day of the calendar"),
        ("01.01.1926", "lies outside 2000 to 2100"),
        ("46000", "is not a date"),
    ],
)
def test_what_could_mean_two_days_or_none_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_date(text, None)


def test_a_day_above_twelve_settles_the_order() -> None:
    assert parse_date("10/22/2026", None) == parse_date("22/10/2026", None) == date(2026, 10, 22)
    assert parse_date("05/05/2026", None) == date(2026, 5, 5)


@pytest.mark.parametrize(
    "text",
    [
        "Okt 26",
        "Oct 2026",
        "Oktober 2026",
        "Okt. 26",
        "Okt-26",
        "Okt '26",
        "10/2026",
        "10.2026",
        "2026-10",
        "OKT\n2026",
    ],
)
def test_a_month_header_is_read_in_both_languages(text: str) -> None:
    assert parse_month(text) == Month(2026, 10)


@pytest.mark.parametrize("text", ["Owner", "Start", "Mai", "Q3 26", "13/2026", "Total 2026", "2026", "March-in 26"])
def test_other_headers_are_no_months(text: str) -> None:
    assert parse_month(text) is None


def test_a_month_without_a_year_takes_that_of_the_header_above() -> None:
    assert parse_month("Mrz", year_in("Plan 2027 (T€)")) == Month(2027, 3)
    assert year_in("Plan") is None


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_every_day_is_read_back_from_each_way_of_writing(day: date) -> None:
    for written in (f"{day:%Y-%m-%d}", f"{day:%d.%m.%Y}", f"{day:%d.%m.%y}", f"{day.day} {day:%B %Y}"):
        assert parse_date(written, None) == day
    assert parse_date(f"{day:%d/%m/%Y}", "dmy") == parse_date(f"{day:%m/%d/%Y}", "mdy") == day
