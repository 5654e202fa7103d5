"""A compact set of ids answers as a set does."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.ids import Ids


@given(st.lists(st.lists(st.text(max_size=3))), st.lists(st.text(max_size=3)))
def test_compact_ids_are_a_set(added: list[list[str]], asked: list[str]) -> None:
    compact, plain = Ids(), set[str]()
    for some in added:
        compact.update(some)
        plain.update(some)
        assert len(compact) == len(plain)
    assert [one in compact for one in asked] == [one in plain for one in asked]
    assert all(one in compact for one in plain)
