"""What a digest is made of: inline pieces, blocks and sections; and the edition that it is composed from.

Blocks say what is meant, never how it looks. The text and the HTML part are both rendered from them, so they cannot
tell different stories.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, TypeAlias
from zoneinfo import ZoneInfo

from digest.hostile import clean, safe_url
from digest.options import DigestOptions
from model.credentials import Credentials
from model.findings import TrackedFinding, Transition
from model.measures import Measures
from model.objectives import ObjectiveTree
from model.runs import CannotJudge, Coverage


class Tone(StrEnum):
    """How much a chip asks for; its word says the same."""

    CALM = "calm"
    WARN = "warn"
    BAD = "bad"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Text:
    """Words. They are cleaned on the way in, so that no block can hold a control character."""

    kind: ClassVar[str] = "text"
    text: str
    strong: bool = False
    muted: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to a record. An address that is not plain http or https is dropped; the words stay."""

    kind: ClassVar[str] = "link"
    text: str
    url: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))
        object.__setattr__(self, "url", safe_url(self.url) or "")


@dataclass(frozen=True, slots=True)
class Chip:
    """A state in one or a few words; the tone colours it but never says more than the words."""

    kind: ClassVar[str] = "chip"
    text: str
    tone: Tone = Tone.CALM

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))


Inline: TypeAlias = Text | Link | Chip
Line: TypeAlias = tuple[Inline, ...]
"""Pieces of one line, set one after the other without a space between them."""


def line(*pieces: str | Inline) -> Line:
    """Build a line from texts and pieces."""
    return tuple(Text(piece) if isinstance(piece, str) else piece for piece in pieces)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; a lead paragraph is set larger and comes first in a mail."""

    kind: ClassVar[str] = "paragraph"
    content: Line
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A short list."""

    kind: ClassVar[str] = "bullets"
    entries: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """The head of a column; figures are set flush right."""

    head: str
    figures: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "head", clean(self.head))


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of lines under column heads; every row has as many cells as there are columns."""

    kind: ClassVar[str] = "table"
    columns: tuple[Column, ...]
    rows: tuple[tuple[Line, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("a row of a table has as many cells as there are columns")


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled line of a decision card."""

    label: str
    content: Line

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", clean(self.label, 28))


@dataclass(frozen=True, slots=True)
class DecisionCard:
    """One decision: the question, what two systems say, the money, who decides by when and what happens otherwise.

    ``code`` names the finding that stands for the others, so that every number can be traced.
    """

    kind: ClassVar[str] = "decision"
    number: int
    question: str
    code: str
    chips: tuple[Chip, ...]
    facts: tuple[Fact, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "question", clean(self.question))
        object.__setattr__(self, "code", clean(self.code))


@dataclass(frozen=True, slots=True)
class Small:
    """A line in small print."""

    kind: ClassVar[str] = "small"
    content: Line


@dataclass(frozen=True, slots=True)
class Divider:
    """A thin rule."""

    kind: ClassVar[str] = "divider"


Block: TypeAlias = Paragraph | Bullets | Table | DecisionCard | Small | Divider


@dataclass(frozen=True, slots=True)
class SectionBlocks:
    """What one section has to say; an empty heading means that it has none."""

    name: str
    heading: str
    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "heading", clean(self.heading))


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One composed mail. ``empty`` means that nothing goes out; ``reason`` says why it goes out or why not."""

    subject: str
    title: str
    blocks: tuple[SectionBlocks, ...]
    empty: bool
    reason: str
    language: str = "en"

    def __post_init__(self) -> None:
        object.__setattr__(self, "subject", clean(self.subject).strip())
        object.__setattr__(self, "title", clean(self.title).strip())


@dataclass(frozen=True, slots=True)
class News:
    """A finding and what happened to it since the audience was last told, oldest first."""

    tracked: TrackedFinding
    transitions: tuple[Transition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """Everything one digest is composed from.

    ``standing`` holds every finding that is not resolved, those in ``news`` included or not. ``currency`` is the base
    currency of all impacts. ``since`` is when the audience was last told; None before the first time.
    """

    audience: str
    options: DigestOptions
    now: datetime
    zone: ZoneInfo
    tree: ObjectiveTree
    news: tuple[News, ...]
    standing: tuple[TrackedFinding, ...]
    coverage: tuple[Coverage, ...]
    currency: str
    since: datetime | None
    credentials: tuple[Credentials, ...] = ()
    """Those whose end is known, the first to end first."""
    blind: tuple[CannotJudge, ...] = ()
    """What could not be judged at all."""
    measures: Measures | None = None
    """What Driftline measured about itself up to now; None before it measured anything."""
