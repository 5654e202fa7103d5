"""Numbers in answers: read fast, and still exactly as they were written (S20)."""

from decimal import Decimal

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.salesforce.numbers import decode, exact


def _answer(text: str) -> requests.Response:
    response = requests.Response()
    response._content = text.encode()
    return response


_WRITTEN = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "-"]),
        st.one_of(st.just("0"), st.from_regex(r"[1-9][0-9]{0,20}", fullmatch=True)),
        st.one_of(st.just(""), st.from_regex(r"\.[0-9]{1,20}", fullmatch=True)),
        st.one_of(st.just(""), st.from_regex(r"[eE][+-]?[0-2]?[0-9]", fullmatch=True)),
    ),
).filter(lambda text: len(Decimal(text).as_tuple().digits) + abs(int(Decimal(text).adjusted())) <= 28)


@given(_WRITTEN)
@example("1234567.10")
@example("1.2E7")
@example("100000.00000000001")
@example("0.1000000000000000055")
@example("9007199254740993")
@example("1234567890123456e2")
@example("123456789012345.5")
def test_a_number_is_what_was_written_however_long_s20(text: str) -> None:
    said = decode(_answer(f'{{"Name": "Nordwind", "Amount": {text}}}'))["Amount"]
    assert exact(said) == Decimal(text)


def test_the_fast_decoder_alone_would_not_be_exact() -> None:
    assert Decimal(repr(float("0.1000000000000000055"))) != Decimal("0.1000000000000000055")


def test_nothing_is_written_one_way_only() -> None:
    assert {str(exact(nothing)) for nothing in (-0.0, 0.0, 0, Decimal("-0.00"))} == {"0"}


@pytest.mark.parametrize("value", [True, "12", None, float("nan"), float("inf"), Decimal("NaN")])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not a number"):
        exact(value)


def test_half_a_character_is_left_to_its_record_and_nonsense_refused_s10() -> None:
    assert decode(_answer('{"Name": "\\ud83d", "Amount": 1.5}')) == {"Name": "\ud83d", "Amount": Decimal("1.5")}
    for text in ("<html>", '{"Amount": NaN}', '{"Amount": 1'):
        with pytest.raises(ValueError):  # noqa: PT011 - the library's words
            decode(_answer(text))
