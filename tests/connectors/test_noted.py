import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import noted
from connectors.noted import Noted
from tests.examples import examples

PAGES = st.lists(st.lists(st.integers(0, 30).map(str), max_size=6), max_size=12)


@settings(max_examples=examples(50), deadline=None)
@given(PAGES, st.integers(0, 12))
def test_each_id_is_new_once_and_kept_in_order_wherever_it_stands(pages: list[list[str]], in_memory: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(noted, "_MOST_IN_MEMORY", in_memory)
        seen, expected = Noted(), dict[str, None]()
        for page in pages:
            assert seen.note(page) == set(page) - expected.keys()
            expected.update(dict.fromkeys(page))
        assert list(seen) == list(expected)
        assert list(seen) == list(expected), "they can be asked for again"
        seen.close()
