"""Ids at eight bytes each."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jira.id_lists import IdsByKey, distinct, id_list, in_order, in_parts

IDS = st.lists(st.integers(1, 50), max_size=30)


@given(st.lists(IDS, max_size=4))
def test_every_id_of_several_lists_comes_once_and_in_order(lists: list[list[int]]) -> None:
    together = distinct(*(in_order(id_list(ids)) for ids in lists))
    assert list(together) == sorted({one for ids in lists for one in ids})


def test_a_list_that_is_in_order_is_not_copied() -> None:
    ids = id_list(range(1000))
    assert in_order(ids) is ids
    assert isinstance(ids, array)
    assert ids.itemsize == 8


@given(IDS, st.integers(1, 7))
def test_parts_hold_everything_in_order(ids: list[int], size: int) -> None:
    parts = list(in_parts(ids, size))
    assert [one for part in parts for one in part] == ids
    assert all(len(part) == size for part in parts[:-1])


@given(st.dictionaries(st.tuples(st.sampled_from(["ERP", "OPS_2"]), st.integers(1, 500)), st.integers(1, 10**9)))
def test_a_key_that_was_learnt_gives_its_id(known: dict[tuple[str, int], int]) -> None:
    """J26."""
    book = IdsByKey()
    for (project, number), native_id in known.items():
        book.learn(f"{project}-{number}", native_id)
    for (project, number), native_id in known.items():
        assert book.get(f"{project}-{number}") == native_id
    assert book.get("ERP-501") is None
    assert book.get("LAB-1") is None


@pytest.mark.parametrize("key", ["ERP-0", "ERP-99999999999", "ERP", "", "ERP-x", "ERP-٣"])
def test_a_key_that_is_odd_costs_nothing_and_is_not_known(key: str) -> None:
    book = IdsByKey()
    book.learn(key, 7)
    assert book.get(key) is None
