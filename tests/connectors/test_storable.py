"""A record that no database can hold is told before it reaches one (S10)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.storable import require_storable
from model.errors import RecordError
from model.records import WorkItem

letters = st.text(st.sampled_from(["a", "é", "😀", "\x00", "\ud83d", "\ude00"]), max_size=3)


def item(**fields: object) -> WorkItem:
    return WorkItem(**{"source": "jira", "native_id": "1", "key": "A-1", "title": "Ship", **fields})


def can_be_held(text: str) -> bool:
    try:
        return b"\x00" not in text.encode()
    except UnicodeEncodeError:
        return False


@given(st.tuples(letters, letters, letters, letters, letters))
def test_a_record_is_refused_if_and_only_if_one_of_its_texts_cannot_be_held(texts: tuple[str, ...]) -> None:
    """Two halves that would be a whole character together are still two halves."""
    title, owner, label, other_label, custom = texts
    record = item(title=title, owner=owner, labels=(label, other_label), custom={"Region": custom, "n": Decimal(1)})
    if all(map(can_be_held, texts)):
        require_storable(record)
    else:
        with pytest.raises(RecordError):
            require_storable(record)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"owner": "a\x00b"}, "owner holds a NUL character"),
        ({"title": "\ud83d"}, "title holds half a character"),
        ({"labels": ("fine", "\ude00")}, "labels holds half a character"),
        ({"custom": {"Region": "\ude00"}}, "Region holds half a character"),
        ({"custom": {"Region": ("a", "\x00")}}, "Region holds a NUL character"),
    ],
)
def test_the_spoilt_field_is_named(fields: dict[str, object], said: str) -> None:
    with pytest.raises(RecordError) as caught:
        require_storable(item(**fields))
    assert caught.value.summary == said
