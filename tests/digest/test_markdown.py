"""Markdown, read back by a CommonMark parser of somebody else."""

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from digest.base import Bullets, Chip, Link, Paragraph, line
from digest.hostile import clean
from digest.markdown import escaped, markdown_of, render_markdown
from tests.digest.channels.receiver import a_digest
from tests.examples import examples

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def tokens(text: str) -> list[Token]:
    found: list[Token] = []
    for token in PARSER.parse(text):
        found += [token, *(token.children or [])]
    return found


def skeleton(text: str) -> list[str]:
    return [token.type for token in tokens(text) if token.type not in ("text", "softbreak")]


def words(text: str) -> str:
    return "".join(token.content for token in tokens(text) if token.type == "text").replace("\u200b", "")


HOSTILE = st.text("<>!@#$%^&*()[]{}|\\`~_-+=.:/'\"0 1aW;x\n", max_size=40) | st.text(max_size=30)


@given(HOSTILE)
@example("[free](https://evil.example)")
@example("![x](https://evil.example/pixel.png)")
@example("<img src=x onerror=alert(1)>")
@example("1. first")
@example("- list")
@example("# heading")
@example("&lt;b&gt;")
@example("**bold** __bold__ ~~gone~~ `code`")
@example("a | b")
@example("===")
@settings(max_examples=examples(150))
def test_no_title_changes_what_the_document_is_made_of(title: str):
    """M13: whatever a title holds, the parser finds the same blocks, links and emphasis."""
    plain = render_markdown(a_digest("plain words"))
    assert skeleton(render_markdown(a_digest(f"x{clean(title)}"))) == skeleton(plain)


@given(HOSTILE)
@settings(max_examples=examples(150))
def test_the_words_come_back_as_they_were(title: str):
    said = f"x{clean(title)}".strip()
    assert words(escaped(said)).split() == said.split()


@given(HOSTILE)
@settings(max_examples=examples(100))
def test_a_paragraph_that_begins_with_anything_stays_a_paragraph(start: str):
    start = clean(start).strip()
    if not start:
        return
    assert skeleton(markdown_of(Paragraph(line(start)))) == ["paragraph_open", "inline", "paragraph_close"]


def test_links_chips_and_strong_words_are_kept():
    said = markdown_of(Bullets((line(Link("OPP-7", "https://crm.example/(7)"), " moved ", Chip("late")),)))
    assert said == "- [OPP-7](<https://crm.example/(7)>) moved **\\[late\\]**"
    assert [token.attrs["href"] for token in tokens(said) if token.type == "link_open"] == ["https://crm.example/(7)"]


def test_ordinary_words_carry_no_backslash():
    """Chat services show a backslash that nothing needs."""
    said = "R&D moved PROJ_A-12 from 30 Sep (EUR 2.4M) to 16 Nov, 47 % of snake_case_name!"
    assert escaped(said) == said


def test_nobody_is_called_and_no_address_becomes_a_link():
    assert escaped("@channel see https://evil.example") == "@\u200bchannel see https:\u200b//evil.example"
