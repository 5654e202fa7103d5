"""Both parts of the mail say the same, and hostile titles change neither the skeleton nor the words around them."""

import random
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.base import (
    Block,
    Bullets,
    Chip,
    Column,
    Digest,
    Divider,
    Edition,
    Link,
    Paragraph,
    SectionBlocks,
    Table,
    Text,
    line,
)
from digest.compose import compose
from digest.render import render_html, render_text
from model.findings import Claim, Finding, Step
from tests.digest.editions import (
    SOURCES,
    accepted,
    aurora,
    coverage,
    edition,
    erp,
    failed_source,
    late_deal,
    old_deal,
    opened,
    resolved,
    three_causes,
    two_causes,
    unsupported_rollout,
)
from tests.digest.reading import addresses, page, without_addresses, words
from tests.examples import examples

STORIES: dict[str, Callable[[], Edition]] = {
    "two causes": two_causes,
    "three causes": three_causes,
    "failed source": failed_source,
    "heartbeat": lambda: edition([], heartbeat=True),
    "only good news": lambda: edition([resolved(old_deal())], [accepted(erp()[0], until=old_deal().decide_by)]),  # type: ignore[arg-type]
}


@pytest.fixture(params=list(STORIES))
def digest(request: pytest.FixtureRequest) -> Digest:
    return compose(STORIES[request.param]())


def test_the_text_part_says_the_same_words_as_the_html(digest: Digest):
    assert words(without_addresses(render_text(digest))) == words(page(render_html(digest)).text)


def test_both_parts_lead_to_the_same_records(digest: Digest):
    assert addresses(render_text(digest)) == set(page(render_html(digest)).links)


def test_a_text_that_left_something_out_would_be_noticed():
    """Negative control of the two above."""
    digest = compose(two_causes())
    shorter = replace(digest, blocks=digest.blocks[:-1])
    assert words(without_addresses(render_text(shorter))) != words(page(render_html(digest)).text)


def test_rendering_twice_gives_the_same(digest: Digest):
    assert render_html(digest) == render_html(digest)
    assert render_text(digest) == render_text(digest)


class TestForm:
    """What mail programs need (M6, M7, M8)."""

    def test_the_page_names_its_language_and_both_colour_schemes(self, digest: Digest):
        html = render_html(digest)
        read = page(html)
        assert ("html", "lang", "en") in read.attributes
        assert ("meta", "content", "light dark") in read.attributes
        assert "@media (prefers-color-scheme: dark)" in html

    def test_it_is_under_eighty_kilobytes(self, digest: Digest):
        assert len(render_html(digest).encode()) < 80_000

    def test_it_needs_nothing_from_elsewhere(self, digest: Digest):
        read = page(render_html(digest))
        tags = {tag for tag, _ in read.tags}
        assert tags.isdisjoint({"img", "script", "link", "iframe", "object", "form", "svg", "video"})
        assert "url(" not in render_html(digest)
        assert {name for _, name, _ in read.attributes}.isdisjoint({"src", "background", "onclick", "onload"})

    def test_layout_tables_are_hidden_from_screen_readers_and_tables_of_figures_are_not(self):
        read = page(render_html(compose(two_causes())))
        tables = [names for tag, names in read.tags if tag == "table"]
        figures = [
            value for tag, name, value in read.attributes if (tag, name) == ("table", "class") and value == "rows"
        ]
        assert sum("role" not in names for names in tables) == len(figures) == 3
        assert ("th", "scope", "col") in read.attributes

    def test_styles_stand_on_the_tags_because_word_reads_no_style_sheet(self):
        read = page(render_html(compose(two_causes())))
        unstyled = [
            tag for tag, names in read.tags if tag in ("td", "th", "p", "h1", "h2", "h3") and "style" not in names
        ]
        assert unstyled == []
        assert "<!--[if mso]>" in render_html(compose(two_causes()))

    def test_colour_never_says_more_than_the_word(self):
        """M8: every chip has words."""
        read = page(render_html(compose(failed_source())))
        chips = [
            value
            for tag, name, value in read.attributes
            if (tag, name) == ("span", "class") and "chip" in (value or "")
        ]
        assert chips
        text = without_addresses(render_text(compose(failed_source())))
        assert "[failed]" in text
        assert "[worsened]" in text
        assert "[not re-checked since Mon 7 Sep 18:00]" in text

    def test_no_line_of_the_text_is_longer_than_78_but_for_addresses(self, digest: Digest):
        assert [row for row in render_text(digest).splitlines() if len(row) > 78 and "<http" not in row] == []

    def test_an_address_is_given_once_in_the_text(self):
        given_addresses = re.findall(r"<http[^>]*>", render_text(compose(three_causes())))
        assert len(given_addresses) == len(set(given_addresses))


class TestBlocks:
    """Each kind of block in both parts, apart from any section."""

    def both(self, *blocks: Block) -> tuple[str, str]:
        digest = Digest(
            subject="s",
            title="t",
            blocks=(SectionBlocks("news", "H", blocks),),
            empty=False,
            reason="",
        )
        return render_text(digest), page(render_html(digest)).text

    def test_a_link_without_a_web_address_is_only_words(self):
        text, html = self.both(Paragraph(line(Link("AUR-118", "javascript:alert(1)"), " moved")))
        assert text == "t\n\nH\n-\n\nAUR-118 moved\n"
        assert html == "t H AUR-118 moved"

    def test_bullets_and_rules(self):
        text, _ = self.both(Bullets((line("one"), line(Chip("new"), " two"))), Divider())
        assert "- one\n- [new] two\n\n" + "-" * 76 in text

    def test_figures_are_flush_right(self):
        columns = (Column("Promise"), Column("EUR", figures=True))
        text, _ = self.both(Table(columns, ((line("a"), line("1,000")), (line("bb"), line("2")))))
        assert "Promise    EUR\na        1,000\nbb           2" in text

    def test_a_table_too_wide_for_columns_keeps_all_its_words(self):
        columns = (Column("Promise"), Column("EUR", figures=True))
        text, html = self.both(Table(columns, ((line("x" * 90), line("1,000")),)))
        assert f"{'x' * 90} | 1,000" in text
        assert words(text) == words(html)

    def test_a_row_with_a_missing_cell_is_a_mistake_of_the_section(self):
        with pytest.raises(ValueError, match="as many cells"):
            Table((Column("a"), Column("b")), ((line("1"),),))

    def test_strong_and_muted_words_are_words_in_both(self):
        text, html = self.both(Paragraph(line(Text("EUR 1", strong=True), " and ", Text("id", muted=True))))
        assert "EUR 1 and id" in text
        assert "EUR 1 and id" in html


PAYLOADS = [
    "<script>alert(1)</script>",
    "</td></tr></table><h1>Owned</h1>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "{{ 7*7 }} {% include '/etc/passwd' %}",
    "<!-- -->  --> <![endif]--> <!--[if mso]><b>",
    "<style>*{display:none}</style>",
    "</style><script>x</script>",
    "</title><script>x</script>",
    "&lt;b&gt; &amp; &#60;script&#62; &nbsp;",
    "<a href='javascript:alert(1)'>x</a>",
    "javascript:alert(1)",
    "a\r\nBcc: everyone@acme.example\r\n\r\n<b>body</b>",
    "a\x00b\x1b[31mred\x07",
    "\u202eevil\u202c \u2066x\u2069",
    "\u2028\u2029\x85\x0b\x0c",
    "\ud800 lone",
    "<base href=//evil><meta http-equiv=refresh content=0>",
    "<plaintext>",
    "<textarea><!--",
    "]]><![CDATA[",
    "＜script＞",
    "[new] **bold** `x`",
    '=HYPERLINK("http://evil")',
]


def poisoned(payload: str) -> Edition:
    """The payload in every text and link that a source can fill."""
    finding = late_deal("OPP-1", "Customer", 1000, "0.5")
    bad: Finding = replace(
        finding,
        title=f"T{payload}",
        owner=f"O{payload}",
        decider=f"D{payload}",
        advice=f"A{payload}",
        commitment=Claim(f"S{payload}", f"K{payload}", f"says{payload}", finding.commitment.day, payload),  # type: ignore[union-attr]
        forecast=Claim(f"J{payload}", f"F{payload}", f"says{payload}", None, payload),
        chain=(
            Step("crm:1", f"K{payload}", f"N{payload}", payload),
            Step("jira:10118", f"C{payload}", f"N{payload}", payload, None, payload),
        ),
        evidence=tuple(
            replace(
                e,
                key=f"C{payload}",
                field=f"f{payload}",
                value=f"v{payload}",
                old=f"o{payload}",
                by=f"b{payload}",
                where=payload,
            )
            for e in finding.evidence
        ),
    )
    second = replace(bad, subjects=("crm:2",))
    lonely = replace(bad, subjects=("crm:3",), cause="jira:9", chain=(), commitment=None, forecast=None, evidence=())
    ended = replace(old_deal(), title=f"R{payload}")
    life = accepted(replace(erp()[0], title=f"E{payload}"), until=finding.decide_by)  # type: ignore[arg-type]
    sources = (*SOURCES, coverage(f"s{payload}", complete=False, error=f"e{payload}"))
    return edition([opened(bad), opened(second), opened(lonely), resolved(ended, f"because{payload}")], [life], sources)


def skeleton(digest: Digest) -> list[tuple[str, tuple[str, ...]]]:
    return page(render_html(digest)).tags


def listing(titles: list[str]) -> Digest:
    entries = tuple(line(Text(title), Chip(title), Text(title, strong=True)) for title in titles)
    blocks = (SectionBlocks("news", "H", (Bullets(entries),)),)
    return Digest(subject=titles[0], title=titles[0], blocks=blocks, empty=False, reason="")


BENIGN = skeleton(compose(poisoned("x")))


class TestHostileTitles:
    """M6, M13; reliability M5 and M6."""

    @pytest.mark.parametrize("payload", PAYLOADS)
    def test_a_hostile_title_leaves_the_skeleton_as_it_is(self, payload: str):
        digest = compose(poisoned(payload))
        assert skeleton(digest) == BENIGN
        read = page(render_html(digest))
        assert all(link.startswith("https://") for link in read.links)
        assert "\n" not in digest.subject

    @settings(max_examples=examples(60), deadline=None)
    @given(st.text(alphabet=st.characters(codec=None), max_size=60))
    def test_any_title_leaves_the_skeleton_as_it_is(self, payload: str):
        assert skeleton(compose(poisoned(payload))) == BENIGN

    @settings(max_examples=examples(60), deadline=None)
    @given(st.text(alphabet="<>\"'&/=-![]{}%;#scriptonmg \n\x00\u202e", max_size=40))
    def test_any_heap_of_markup_leaves_the_skeleton_as_it_is(self, payload: str):
        assert skeleton(compose(poisoned(payload))) == BENIGN

    @pytest.mark.parametrize("payload", PAYLOADS)
    def test_a_hostile_title_says_the_same_in_both_parts(self, payload: str):
        digest = compose(poisoned(payload))
        assert words(without_addresses(render_text(digest))) == words(page(render_html(digest)).text)

    def test_ten_thousand_hostile_titles_leave_the_skeleton_as_it_is(self):
        dice = random.Random(20260908)
        for _ in range(20):
            titles = ["".join(dice.choices(PAYLOADS, k=dice.randint(1, 3))) for _ in range(500)]
            hostile = listing([dice.choice((title, title[dice.randint(0, len(title)) :])) for title in titles])
            assert skeleton(hostile) == skeleton(listing(["x"] * 500))

    def test_markup_that_was_not_escaped_would_be_noticed(self):
        """Negative control: a tag more is a difference."""
        html = render_html(compose(poisoned("x")))
        assert page(html.replace("Tx", "T<b>x</b>", 1).replace("Ax", "A<b>x</b>", 1)).tags != BENIGN

    def test_only_web_addresses_become_links(self):
        finding = replace(
            aurora(1)[0], commitment=Claim("Salesforce", "OPP-1", "promises", None, "javascript:alert(1)")
        )
        html = render_html(compose(edition([opened(finding), opened(unsupported_rollout())])))
        assert "javascript" not in html
        assert page(html).links
