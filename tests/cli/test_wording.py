"""Days, amounts and counts as people write them, and no text that could steer a terminal."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.wording import clean, count, day, human, lateness, moment, money, number, said, waiting
from model.money import Money, Month, MonthAmount
from model.records import Light, NeedClaim, RecordKind

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "blank"),
        ("", "blank"),
        ((), "blank"),
        (True, "yes"),
        (False, "no"),
        (date(2026, 10, 1), "1 Oct 2026"),
        (datetime(2026, 9, 15, 22, 10, tzinfo=UTC), "16 Sep 2026 00:10 CEST"),
        (Decimal("1234567.50"), "1,234,567.5"),
        (Decimal("1E+3"), "1,000"),
        (Decimal("0.8"), "0.8"),
        (Money(Decimal("480000.00"), "EUR"), "EUR 480,000"),
        (Money(Decimal("0.5"), "USD"), "USD 0.50"),
        (Light.GREEN, "green"),
        (RecordKind.WORK_ITEM, "work item"),
        (("DACH", "Iberia"), "DACH, Iberia"),
        ((NeedClaim("ERP-70"), NeedClaim("X-1", 3)), "ERP-70, X-1 plus 3 days"),
        ((MonthAmount(Month(2026, 10), Decimal(620000)),), "Oct 2026 620,000"),
        ("plain", "plain"),
    ],
)
def test_a_value_reads_as_a_person_would_write_it(value: object, text: str):
    assert human(value, BERLIN) == text


def test_one_is_singular_and_all_else_plural():
    assert [count(many, "digest") for many in (0, 1, 2, 1000)] == [
        "0 digests",
        "1 digest",
        "2 digests",
        "1,000 digests",
    ]


def test_lateness_has_a_direction():
    assert [lateness(days) for days in (47, 1, 0, -1, -3)] == [
        "47 days late",
        "1 day late",
        "on the day",
        "1 day early",
        "3 days early",
    ]


def test_what_is_unknown_is_a_dash_and_never_a_date():
    assert (day(None), moment(None, BERLIN)) == ("–", "–")


def test_only_a_whole_iso_date_is_rewritten():
    assert said("2026-11-16") == "16 Nov 2026"
    assert said("2026-11-16 or so") == "2026-11-16 or so"
    assert said("ERP-100") == "ERP-100"


def test_a_lag_is_told_with_its_direction():
    assert [waiting("A", lag) for lag in (0, 1, -2)] == ["A", "A plus 1 day", "A minus 2 days"]
    assert [waiting("A", 10, by) for by in ("default", "de-by")] == [
        "A plus 10 working days",
        "A plus 10 working days (de-by)",
    ]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_an_amount_loses_no_digit(amount: Decimal):
    assert Decimal(money(amount, "EUR").removeprefix("EUR ").replace(",", "")) == amount
    assert Decimal(number(amount).replace(",", "")) == amount


@given(st.text())
def test_a_cleaned_text_has_nothing_but_visible_characters(text: str):
    cleaned = clean(text)
    assert cleaned.isprintable()
    assert len(cleaned) == len(text)
    assert clean(cleaned) == cleaned
