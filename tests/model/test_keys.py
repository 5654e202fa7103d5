"""Two spellings of one name are one key."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.keys import normalise_key


@given(st.text())
def test_a_key_is_folded_as_its_words_say(text: str) -> None:
    """NFKC, then white space, then case; texts in ASCII take a shorter way to the same."""
    slowly = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip().casefold()
    assert normalise_key(text) == slowly


@pytest.mark.parametrize(
    "text", ["Payroll 2.0", " payroll\t2.0 ", "PAYROLL\u00a02.0", "payroll\u20092.0", "payroll\n2.0"]
)
def test_spellings_of_one_name_are_equal(text: str) -> None:
    """A19, X15: no-break and thin spaces are spaces."""
    assert normalise_key(text) == "payroll 2.0"
