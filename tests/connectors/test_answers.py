"""Answers are compared by digest: what is the same is known, whatever differs is not."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.answers import Answers

TOLD = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=4) | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def known(digests: dict[str, bytes]) -> Any:
    return lambda native_ids: {one: digests[one] for one in native_ids if one in digests}


def nothing(_native_ids: Any) -> dict[str, bytes]:
    return {}


@given(TOLD, TOLD)
def test_two_answers_have_one_digest_only_if_they_say_the_same(one: Any, other: Any) -> None:
    digests = Answers(nothing).compare({"1": (one,), "2": (other,), "3": (one,)}).digests
    if "1" in digests and "2" in digests:
        assert (digests["1"] == digests["2"]) is (repr(one) == repr(other))
    assert digests.get("1") == digests.get("3")


def test_an_answer_that_is_known_is_unchanged_and_another_one_is_not() -> None:
    before = Answers(nothing, "settings").compare({"1": ({"a": 1},), "2": ({"a": 2},)})
    assert not before.unchanged
    again = Answers(known(dict(before.digests)), "settings").compare({"1": ({"a": 1},), "2": ({"a": 3},)})
    assert set(again.unchanged) == {"1"}
    assert set(again.digests) == {"1", "2"}


def test_nothing_is_known_under_other_settings() -> None:
    before = Answers(nothing, "settings").compare({"1": ("said",)})
    assert not Answers(known(dict(before.digests)), "others").compare({"1": ("said",)}).unchanged


def test_an_answer_that_cannot_be_written_has_no_digest_s10() -> None:
    """Half a character spoils one record only, which is read each time and set aside."""
    assert set(Answers(nothing).compare({"1": ("\ud83d",), "2": (Decimal("1.5"),)}).digests) == {"2"}


def test_an_exact_number_is_not_the_text_that_looks_like_it_s20() -> None:
    compared = Answers(nothing).compare({"1": (Decimal("1.5"),), "2": ("1.5",)})
    assert compared.digests["1"] != compared.digests["2"]
