from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.language import ENGLISH, Language, writes_numbers

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
    assert ENGLISH.rounded(Decimal(amount), "EUR") == f"EUR {text}"


@given(st.decimals(min_value=1, max_value=10**12, places=2))
def test_a_rounded_amount_is_within_five_percent_of_the_exact_one(amount: Decimal):
    text = ENGLISH.rounded(amount)
    sizes = {"k": 10**3, "M": 10**6, "bn": 10**9}
    unit = next((unit for unit in sizes if text.endswith(unit)), "")
    shown = Decimal(text.removesuffix(unit).replace(",", "")) * sizes.get(unit, 1)
    assert abs(shown - amount) <= amount * Decimal("0.05") + Decimal("0.5") * (amount < 10)


@pytest.mark.parametrize(
    ("amount", "text"), [("2400000", "EUR 2,400,000"), ("0.5", "EUR 1"), ("-1234.4", "EUR -1,234")]
)
def test_a_table_shows_the_exact_amount_to_the_unit(amount: str, text: str):
    assert ENGLISH.exact(Decimal(amount), "EUR") == text


def test_a_year_is_written_only_when_it_is_another():
    assert ENGLISH.weekday(date(2026, 9, 15), TODAY) == "Tue 15 Sep"
    assert ENGLISH.weekday(date(2027, 1, 4), TODAY) == "Mon 4 Jan 2027"


def test_the_week_follows_iso():
    assert ENGLISH.week(date(2027, 1, 1)) == "week 53"


def test_a_moment_is_told_in_the_business_zone():
    zone = ZoneInfo("Europe/Berlin")
    assert ENGLISH.moment(datetime(2026, 9, 8, 4, 55, tzinfo=UTC), zone, TODAY) == "06:55"
    assert ENGLISH.moment(datetime(2026, 9, 7, 22, 30, tzinfo=UTC), zone, TODAY) == "00:30"
    assert ENGLISH.moment(datetime(2026, 9, 7, 16, 0, tzinfo=UTC), zone, TODAY) == "Mon 7 Sep 18:00"


def test_periods_have_names():
    assert ENGLISH.month("2026-10") == "Oct 2026"
    assert ENGLISH.quarter("2026-10") == "Q4 2026"
    assert [ENGLISH.month("soon"), ENGLISH.quarter("soon")] == ["soon", "soon"]


@pytest.mark.parametrize(
    ("parts", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_a_list_reads_as_a_sentence(parts: list[str], text: str):
    assert ENGLISH.listed(parts) == text


def test_counts_agree_with_their_noun():
    assert [ENGLISH.count(n, "{n} deal", "{n} deals") for n in (0, 1, 1200)] == ["0 deals", "1 deal", "1,200 deals"]


GERMAN, SWISS = Language("de", "de"), Language("de", "de_CH")


def test_a_german_reader_gets_german_figures_days_and_counts():
    assert GERMAN.rounded(Decimal(2_400_000), "EUR") == "2,4 Mio. EUR"
    assert GERMAN.rounded(Decimal(995_000), "EUR") == "1,0 Mio. EUR"
    assert GERMAN.exact(Decimal("2400000.4"), "EUR") == "2.400.000 EUR"
    assert GERMAN.weekday(date(2026, 9, 15), TODAY) == "Di 15. Sep"
    assert GERMAN.day(date(2027, 3, 4), TODAY) == "4. Mär 2027"
    assert GERMAN.percent(Decimal("18.40")) == "18,40 %"
    assert [GERMAN.count(n, "{n} deal", "{n} deals") for n in (1, 1200)] == ["1 Auftrag", "1.200 Aufträge"]
    assert GERMAN.listed(["a", "b", "c"]) == "a, b und c"
    assert GERMAN.week(date(2026, 9, 15)) == "KW 38"


def test_a_swiss_reader_gets_german_words_and_swiss_figures():
    assert SWISS.exact(Decimal(2_400_000), "CHF") == "2’400’000 CHF"
    assert SWISS.rounded(Decimal(2_400_000), "CHF") == "2.4 Mio. CHF"


def test_what_a_catalogue_lacks_stays_english_and_an_empty_text_stays_empty():
    assert GERMAN.say("No catalogue has this, {who}", who="{Ann}") == "No catalogue has this, {Ann}"
    assert GERMAN.say("") == ""


@pytest.mark.parametrize(
    ("seconds", "english", "german"),
    [
        (59, "under a minute", "unter einer Minute"),
        (60, "1 minute", "1 Minute"),
        (47 * 3600, "47 hours", "47 Stunden"),
        (20 * 86_400, "20 days", "20 Tage"),
        (21 * 86_400, "3 weeks", "3 Wochen"),
    ],
)
def test_a_span_is_rounded_down(seconds: int, english: str, german: str):
    assert [ENGLISH.span(seconds), GERMAN.span(seconds)] == [english, german]


@pytest.mark.parametrize(
    ("place", "known"), [("de_CH", True), ("en", True), ("xx", False), ("../de", False), ("", False)]
)
def test_only_places_that_write_figures_are_places(place: str, known: bool):
    assert writes_numbers(place) is known
