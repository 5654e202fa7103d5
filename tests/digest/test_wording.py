from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import wording

TODAY = date(2026, 9, 8)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0"),
        ("0.4", "0"),
        ("7", "7"),
        ("44.5", "45"),
        ("449", "450"),
        ("999", "1.0k"),
        ("1234", "1.2k"),
        ("96500", "97k"),
        ("965000", "970k"),
        ("994999", "990k"),
        ("995000", "1.0M"),
        ("2400000", "2.4M"),
        ("24600000", "25M"),
        ("1950000000", "2.0bn"),
        ("-130000", "-130k"),
    ],
)
def test_a_headline_shows_two_significant_digits(amount: str, text: str):
    assert wording.rounded(Decimal(amount), "EUR") == f"EUR {text}"


@given(st.decimals(min_value=1, max_value=10**12, places=2))
def test_a_rounded_amount_is_within_five_percent_of_the_exact_one(amount: Decimal):
    text = wording.rounded(amount)
    sizes = {"k": 10**3, "M": 10**6, "bn": 10**9}
    unit = next((unit for unit in sizes if text.endswith(unit)), "")
    shown = Decimal(text.removesuffix(unit).replace(",", "")) * sizes.get(unit, 1)
    assert abs(shown - amount) <= amount * Decimal("0.05") + Decimal("0.5") * (amount < 10)


@pytest.mark.parametrize(
    ("amount", "text"), [("2400000", "EUR 2,400,000"), ("0.5", "EUR 1"), ("-1234.4", "EUR -1,234")]
)
def test_a_table_shows_the_exact_amount_to_the_unit(amount: str, text: str):
    assert wording.exact(Decimal(amount), "EUR") == text


def test_a_year_is_written_only_when_it_is_another():
    assert wording.weekday(date(2026, 9, 15), TODAY) == "Tue 15 Sep"
    assert wording.weekday(date(2027, 1, 4), TODAY) == "Mon 4 Jan 2027"


def test_the_week_follows_iso():
    assert wording.week(date(2027, 1, 1)) == "week 53"


def test_a_moment_is_told_in_the_business_zone():
    zone = ZoneInfo("Europe/Berlin")
    assert wording.moment(datetime(2026, 9, 8, 4, 55, tzinfo=UTC), zone, TODAY) == "06:55"
    assert wording.moment(datetime(2026, 9, 7, 22, 30, tzinfo=UTC), zone, TODAY) == "00:30"
    assert wording.moment(datetime(2026, 9, 7, 16, 0, tzinfo=UTC), zone, TODAY) == "Mon 7 Sep 18:00"


def test_periods_have_names():
    assert wording.month("2026-10") == "Oct 2026"
    assert wording.quarter("2026-10") == "Q4 2026"
    assert wording.year("2026-10") == "2026"
    assert [wording.month("soon"), wording.quarter("soon")] == ["soon", "soon"]


@pytest.mark.parametrize(
    ("parts", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_a_list_reads_as_a_sentence(parts: list[str], text: str):
    assert wording.listed(parts) == text


def test_counts_agree_with_their_noun():
    assert [wording.count(n, "deal") for n in (0, 1, 1200)] == ["0 deals", "1 deal", "1,200 deals"]
