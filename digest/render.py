"""Blocks to the two parts of a mail: plain text and HTML. Both say the same words.

HTML is tables with inline styles, because Outlook renders with Word (M7); no colour without a word, and no picture
without its words (M8).
"""

import base64
import re
import textwrap
from collections.abc import Iterable
from functools import cache

import css_inline
import jinja2

from digest.base import (
    Block,
    Bullets,
    Chip,
    DecisionCard,
    Digest,
    Divider,
    Line,
    Link,
    Paragraph,
    Picture,
    Small,
    Table,
)

WIDTH = 76
"""Characters of a line of the text part."""
_MOST_IN_A_ROW = 5
"""Columns of a row of the text part that is wider than a line."""
_SPACE_BEFORE_NEWLINE = re.compile(r"[ \t]+\n")


def render_html(digest: Digest, *, alone: bool = False) -> str:
    """The HTML part: one page, styles inlined, dark mode kept in a media query. Every text is escaped (M6, M13).

    ``alone`` puts the pictures into the page itself: a browser finds no other part of the mail.
    """
    source = _within if alone else _beside
    page = _environment().get_template("digest.html.j2").render(digest=digest, source=source)
    inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
    return _SPACE_BEFORE_NEWLINE.sub("\n", inliner.inline(page)) + "\n"


def render_paper(paper: Digest) -> str:
    """A decision paper as a page of its own, which a browser prints to one sheet. Every text is escaped (M6, M13)."""
    return _environment().get_template("paper.html.j2").render(paper=paper) + "\n"


def _beside(picture: Picture) -> str:
    return f"cid:{picture.content_id}"


def _within(picture: Picture) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture.png).decode('ascii')}"


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("digest"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
    )


def render_text(digest: Digest) -> str:
    """The text part: the same words as the HTML. An address stands below the words it belongs to, once in the mail."""
    return _TextPart().write(digest)


class _TextPart:
    """One text part while it is written; it remembers which addresses were given already."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def write(self, digest: Digest) -> str:
        parts = [_wrap(digest.title)]
        for section in digest.blocks:
            parts += [f"{section.heading}\n{'-' * len(section.heading)}"] if section.heading else []
            parts += [self._block(block) for block in section.blocks]
        return "\n\n".join(parts) + "\n"

    def _block(self, block: Block) -> str:
        match block:
            case Paragraph() | Small():
                return self._line(block.content)
            case Picture():
                return _wrap(block.alt)
            case Bullets():
                return "\n".join(self._line(entry, "- ", "  ") for entry in block.entries)
            case Table():
                return self._table(block)
            case DecisionCard():
                return self._card(block)
            case Divider():
                return "-" * WIDTH

    def _line(self, content: Line, first: str = "", rest: str = "") -> str:
        return "\n".join([_wrap(_words(content), first, rest), *self._addresses([content], rest)])

    def _addresses(self, contents: Iterable[Line], indent: str) -> list[str]:
        urls = [piece.url for content in contents for piece in content if isinstance(piece, Link) and piece.url]
        fresh = [url for url in dict.fromkeys(urls) if url not in self._given]
        self._given.update(fresh)
        return [f"{indent}<{url}>" for url in fresh]

    def _card(self, card: DecisionCard) -> str:
        number = f"{card.number}. "
        indent = " " * len(number)
        lines = [_wrap(card.question, number, indent)]
        lines.append(_wrap(" ".join([*(_words((chip,)) for chip in card.chips), card.code]), indent, indent))
        width = max((len(fact.label) for fact in card.facts), default=0) + 2
        rest = indent + " " * width
        lines += [self._line(fact.content, f"{indent}{fact.label.ljust(width)}", rest) for fact in card.facts]
        return "\n".join(lines)

    def _table(self, table: Table) -> str:
        """Aligned columns where they fit; addresses stand below the row, so that they do not tear the columns apart."""
        cells = [[_words(cell) for cell in row] for row in table.rows]
        heads = [column.head for column in table.columns]
        widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
        fits = sum(widths) + 2 * (len(widths) - 1) <= WIDTH
        if not fits and len(heads) > _MOST_IN_A_ROW:
            return self._stacked(table, cells)
        lines = []
        for texts, row in [(heads, ()), *zip(cells, table.rows, strict=True)]:
            pairs = zip(texts, widths, table.columns, strict=True)
            columns = [text.rjust(width) if column.figures else text.ljust(width) for text, width, column in pairs]
            lines.append("  ".join(columns).rstrip() if fits else " | ".join(texts))
            lines += self._addresses(row, "  ")
        return "\n".join(lines)

    def _stacked(self, table: Table, cells: list[list[str]]) -> str:
        """Many columns that do not fit: each row is a paragraph, with the head before each cell that says something."""
        lines = []
        for row, (first, second, *others) in zip(table.rows, cells, strict=True):
            told = [
                f"{column.head} {text}" for column, text in zip(table.columns[2:], others, strict=True) if text != "–"
            ]
            indent = " " * (len(first) + 1)
            lines.append(_wrap(f"{second}; {'; '.join(told)}" if told else second, f"{first} ", indent))
            lines += self._addresses(row, indent)
        return "\n".join(lines)


def _words(content: Line) -> str:
    return "".join(f"[{piece.text}]" if isinstance(piece, Chip) else piece.text for piece in content).strip()


def _wrap(text: str, first: str = "", rest: str = "") -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
