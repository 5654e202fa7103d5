"""Blocks as CommonMark: for chat services, pull requests and papers. The same words as in the mail."""

import re
from collections.abc import Iterable

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
    Text,
)

_SPECIAL = re.compile(r"[\\`*\[\]<>|]|~(?=~)|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
"""Only what would mean something where it stands: chat services show a needless backslash."""
_BLOCK_START = re.compile(r"\s*(?:[#+=-]|\d+(?=[.)]))")
_ADDRESSED = re.compile(r"@(?=\w)|:(?=//)|(?<=www)\.|(?<=WWW)\.")
_INVISIBLE = "\u200b"


def render_markdown(digest: Digest) -> str:
    """The whole digest under its title."""
    parts = [f"# {escaped(digest.title)}"]
    for section in digest.blocks:
        parts += [f"## {escaped(section.heading)}"] if section.heading else []
        parts += [markdown_of(block) for block in section.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def markdown_of(block: Block) -> str:
    """One block; of a picture what it says in words."""
    match block:
        case Paragraph() | Small():
            return _line(block.content)
        case Bullets():
            return "\n".join(f"- {_line(entry)}" for entry in block.entries)
        case Table():
            return _table(block)
        case DecisionCard():
            return _card(block)
        case Picture():
            return escaped(block.alt)
        case Divider():
            return "---"


def escaped(text: str) -> str:
    """Words that mean nothing but themselves: no markup, nobody mentioned, no address that becomes a link (M13)."""
    return _ADDRESSED.sub(rf"\g<0>{_INVISIBLE}", _SPECIAL.sub(r"\\\g<0>", text))


def _line(content: Line) -> str:
    """One line that cannot begin a heading, a list or a rule by what stands first in it."""
    words = "".join(_pieces(content)).strip()
    start = _BLOCK_START.match(words)
    if start is None:
        return words
    end = start.end() if words[start.end() - 1].isdigit() else start.end() - 1
    return f"{words[:end]}\\{words[end:]}"


def _pieces(content: Line) -> Iterable[str]:
    for piece in content:
        match piece:
            case Link():
                yield f"[{escaped(piece.text)}](<{piece.url}>)" if piece.url else escaped(piece.text)
            case Chip():
                yield f"**\\[{escaped(piece.text)}\\]**"
            case Text():
                words = piece.text.strip()
                if piece.strong and words:
                    lead, _, rest = piece.text.partition(words)
                    yield f"{lead}**{escaped(words)}**{rest}"
                else:
                    yield escaped(piece.text)


def _card(card: DecisionCard) -> str:
    chips = " ".join([*(_line((chip,)) for chip in card.chips), f"`{card.code}`"])
    facts = [f"- **{escaped(fact.label)}:** {_line(fact.content)}" for fact in card.facts]
    return "\n".join([f"**{card.number}. {escaped(card.question)}**", "", chips, "", *facts])


def _table(table: Table) -> str:
    head = " | ".join(escaped(column.head) for column in table.columns)
    marks = " | ".join("---:" if column.figures else "---" for column in table.columns)
    rows = [" | ".join(_line(cell) for cell in row) for row in table.rows]
    return "\n".join(f"| {row} |" for row in (head, marks, *rows))
