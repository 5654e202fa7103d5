from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.spreadsheet.numbers import exact, exact_all, parse_amount, tidy


@pytest.mark.parametrize(
    ("text", "locale", "number"),
    [
        ("1.234,56", "de", "1234.56"),
        ("1,234.56", "en", "1234.56"),
        ("1.234", "de", "1234"),
        ("1.234", "en", "1.234"),
        ("1.234.567", "de", "1234567"),
        ("12", None, "12"),
        ("1.234,56", None, "1234.56"),
        ("1 234,56", "de", "1234.56"),
        ("1\N{NO-BREAK SPACE}234,56", "de", "1234.56"),
        ("1\N{NARROW NO-BREAK SPACE}234,56", "de", "1234.56"),
        ("1'234.50", "en", "1234.5"),
        ("1’234,50", "de", "1234.5"),
        ("-5", "de", "-5"),
        ("5-", "de", "-5"),
        ("\N{MINUS SIGN}5", "de", "-5"),
        ("(1.234)", "de", "-1234"),
        ("+7", "de", "7"),
    ],
)
def test_a_number_in_text_is_read_by_its_locale(text: str, locale, number: str) -> None:
    """X6."""
    assert parse_amount(text, locale).number == Decimal(number)


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("1.234", None),
        ("1,234", None),
        ("1234.56", "de"),
        ("1.23", "de"),
        ("12.34.56", "de"),
        ("M-101", "de"),
        ("Tranche 5", "en"),
        ("5 pieces", "en"),
        ("12-34", "en"),
        ("(5", "en"),
        ("--5", "en"),
        ("k 5", "en"),
        ("EUR 5 USD", "en"),
        ("", "en"),
        ("n/a", "en"),
        ("1.234,5,6", "de"),
    ],
)
def test_what_is_ambiguous_or_no_number_is_refused(text: str, locale) -> None:
    """X6: never a guess."""
    with pytest.raises(ValueError, match=r"number|ambiguous|units"):
        parse_amount(text, locale)


def test_an_ambiguous_number_shows_both_readings() -> None:
    with pytest.raises(ValueError, match=r"'1\.234' is ambiguous: 1234 in German, 1\.234 in English"):
        parse_amount("1.234", None)


@pytest.mark.parametrize(
    ("text", "scale", "currencies"),
    [
        ("1,2 Mio. €", "1000000", {"EUR"}),
        ("250 k", "1000", set()),
        ("250 kEUR", "1000", {"EUR"}),
        ("T€ 250", "1000", {"EUR"}),
        ("EUR 250", None, {"EUR"}),
        ("250 Tsd. €", "1000", {"EUR"}),
        ("$ 250", None, {"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"}),
        ("250", None, set()),
    ],
)
def test_a_unit_beside_the_number_is_understood(text: str, scale: str | None, currencies: set[str]) -> None:
    amount = parse_amount(text, "de")
    assert amount.scale == (Decimal(scale) if scale else None)
    assert amount.currencies == currencies


def test_a_float_is_the_decimal_that_was_meant() -> None:
    """X8."""
    assert exact(0.1 + 0.2) == Decimal("0.3")
    assert str(exact(1250.0)) == "1250"
    assert str(tidy(Decimal("12.500"))) == "12.5"


amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=2)


@given(amounts)
def test_both_ways_of_writing_give_the_same_amount(amount: Decimal) -> None:
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert parse_amount(english, "en").number == amount
    assert parse_amount(german, "de").number == amount


@given(amounts)
def test_without_a_locale_a_number_is_read_as_it_was_written_or_not_at_all(amount: Decimal) -> None:
    for written in (f"{amount:,.2f}", f"{amount:,.0f}"):
        try:
            assert parse_amount(written, None).number == Decimal(written.replace(",", ""))
        except ValueError as error:
            assert "ambiguous" in str(error)  # noqa: PT017 - either way is right


@given(
    st.lists(
        st.one_of(
            st.integers(-(10**18), 10**18),
            st.floats(allow_nan=False, allow_infinity=False),
            st.integers(-(10**9), 10**9).map(lambda cents: cents / 100),
            st.sampled_from([0.0, -0.0, 5.0, -0.5, 0.1 + 0.2, 1e-13, 1e17]),
        )
    )
)
def test_many_numbers_are_the_same_decimals_as_each_alone(numbers: list[int | float]) -> None:
    """X8: down to how they are written."""
    assert list(map(str, exact_all(numbers))) == [str(exact(number)) for number in numbers]
