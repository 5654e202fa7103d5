"""Texts with placeholders: nothing that a source writes is ever read as one, or breaks the line it is put on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconcile.custom.definition import DefinitionError
from reconcile.custom.text import LONGEST_FOREIGN, filled, foreign, template_of

NAMES = ("key", "title")


def told(text: str, **values: str) -> str:
    return filled(template_of(text, NAMES), values)


def test_placeholders_are_filled_in_and_doubled_brackets_are_brackets() -> None:
    assert told("{key}: {title} {{{key}}}", key="D-1", title="Nordwind") == "D-1: Nordwind {D-1}"


def test_what_stands_in_a_value_is_never_a_placeholder() -> None:
    assert told("{key} {title}", key="{title}", title="{key} {0.__class__} %s") == "{title} {key} {0.__class__} %s"


def test_a_hostile_title_stays_on_its_line_and_is_cut() -> None:
    hostile = "Nord\r\nBcc: all@acme.example\x00\x1b[31m\u202e" + "x" * 500
    shown = told("{title}", title=hostile)
    assert shown.isprintable()
    assert len(shown) == LONGEST_FOREIGN
    assert shown.startswith("Nord Bcc: all@acme.example [31m x")


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("a {kee}", "there is no placeholder {kee} here", 2),
        ("{}", "the placeholder has no name", 0),
        ("{0}", "there is no placeholder {0} here", 0),
        ("{key!r}", "there is no placeholder {key!r} here", 0),
        ("{key.__class__}", "there is no placeholder {key.__class__} here", 0),
        ("a {key", "{ stands alone", 2),
        ("a } b", "} stands alone", 2),
    ],
)
def test_anything_else_in_brackets_is_refused_at_its_place(text: str, message: str, offset: int) -> None:
    with pytest.raises(DefinitionError) as caught:
        template_of(text, NAMES)
    assert (caught.value.message, caught.value.offset) == (message, offset)
    assert caught.value.hint


@given(st.text(), st.text())
def test_whatever_the_values_the_fixed_words_stand_where_they_were_written(key: str, title: str) -> None:
    assert told("<{key}|{title}>", key=key, title=title) == f"<{foreign(key)}|{foreign(title)}>"


@given(st.text())
def test_any_text_is_read_or_refused_and_a_read_one_has_as_many_parts_as_placeholders_and_one(text: str) -> None:
    template, offset = None, None
    try:
        template = template_of(text, NAMES)
    except DefinitionError as error:
        offset = error.offset
    if template is not None:
        assert len(template.parts) == len(template.names) + 1
    else:
        assert offset in range(len(text))
