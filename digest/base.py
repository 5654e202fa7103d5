"""What a digest is made of: inline pieces, blocks and sections; and the edition that it is composed from.

Blocks say what is meant, never how it looks. The text and the HTML part are both rendered from them, so they cannot
tell different stories.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from string import Formatter
from typing import ClassVar, TypeAlias
from zoneinfo import ZoneInfo

from digest.hostile import clean, safe_url
from digest.language import ENGLISH, Language
from digest.options import DigestOptions
from digest.papers.recommend import USUAL, Materiality
from model.calendars import Calendar
from model.credentials import Credentials
from model.findings import TrackedFinding, Transition
from model.measures import Measures
from model.objectives import ObjectiveTree
from model.records import Move
from model.runs import CannotJudge, Coverage

PAST = timedelta(days=90)
"""How far back a digest looks for its plots."""


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


def phrase(words: Language, text: str, /, **pieces: str | Inline | Iterable[Inline]) -> Line:
    """Say a text of the code whose named places hold pieces: ``phrase(words, "{who} by {day}", who=..., day=...)``."""
    said: list[Inline] = []
    for literal, place, _, _ in Formatter().parse(words.pattern(text)):
        if literal:
            said.append(Text(literal))
        if place is not None:
            piece = pieces[place]
            said += [Text(piece)] if isinstance(piece, str) else [piece] if isinstance(piece, Inline) else piece
    return tuple(said)


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

    ``code`` names the finding that stands for the others, so that every number can be traced. ``tight`` is set closely,
    as one of several.
    """

    kind: ClassVar[str] = "decision"
    number: int
    question: str
    code: str
    chips: tuple[Chip, ...]
    facts: tuple[Fact, ...]
    tight: bool = False

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


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing in PNG. ``alt`` says the same in words: it is what the text part and blocked images show.

    ``name`` is plain letters, digits and dashes. ``width`` and ``height`` are how large it is shown, in pixels.
    """

    kind: ClassVar[str] = "picture"
    name: str
    png: bytes = field(repr=False)
    alt: str
    width: int
    height: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "alt", clean(self.alt))

    @property
    def content_id(self) -> str:
        """What the HTML calls it by inside the mail; the same bytes have the same."""
        return f"{self.name}.{hashlib.sha256(self.png).hexdigest()[:16]}@driftline"


Block: TypeAlias = Paragraph | Bullets | Table | DecisionCard | Small | Divider | Picture


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with the mail. ``media_type`` may bear parameters: ``text/calendar; method=PUBLISH``."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


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
    attachments: tuple[Attachment, ...] = ()
    """Files that go with the mail; the mail is complete without them."""
    pieces: int = 0
    """How many pieces of news it tells: all findings of one cause are one piece."""
    held_back: tuple[str, ...] = ()
    """The findings whose news the readers' budget holds back."""
    asked: Mapping[str, date] = field(default_factory=dict, hash=False)
    """The findings whose decision it lays out, each with the last day for it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "subject", clean(self.subject).strip())
        object.__setattr__(self, "title", clean(self.title).strip())


@dataclass(frozen=True, slots=True)
class News:
    """A finding and what happened to it since the audience was last told, oldest first."""

    tracked: TrackedFinding
    transitions: tuple[Transition, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A record as people know it, and where it can be looked at: a link or a cell address."""

    key: str
    title: str
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A triage as the audience was told of it: when, what about, and the how manieth telling it was.

    ``about`` are the fingerprints of the findings; ``content`` tells one wording from another. ``cancelled`` ones were
    called off.
    """

    start: datetime
    about: tuple[str, ...]
    content: str
    sequence: int = 0
    cancelled: bool = False
    fresh: bool = False
    """Whether telling it is worth a mail of its own: it is new, about more than before, or called off."""


@dataclass(frozen=True, slots=True)
class AtOnce:
    """What a notice told of a finding before this mail: everything up to a transition, and when."""

    sequence: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What the budget of a week leaves to one reader for this mail.

    ``news`` is how many pieces of news; None for any number. ``mails_used_up`` leaves only what breaks the budget:
    what must be decided within ``decide_within`` days. ``earlier`` are the findings whose news was held back before.
    """

    news: int | None = None
    news_per_week: int | None = None
    mails_per_week: int | None = None
    mails_used_up: bool = False
    decide_within: int | None = None
    earlier: frozenset[str] = frozenset()


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
    past: tuple[News, ...] = ()
    """Findings with what happened to them within ``PAST`` before now, announced or not, for the plots; the resolved
    ones too."""
    moves: Mapping[str, tuple[Move, ...]] = field(default_factory=dict)
    """How the dates of what causes a decision moved, oldest first, by record."""
    named: Mapping[str, Named] = field(default_factory=dict)
    """The records that money comes from, for the workbook, by id."""
    meeting: Meeting | None = None
    """The triage that the audience is invited to with this mail, or that is called off with it."""
    calendar: Calendar = field(default_factory=Calendar)
    """The working days of the audience."""
    organizer: str = ""
    """The mail address that invites to a triage."""
    materiality: Materiality = USUAL
    """By how much money something must differ to count, for the paper of a triage."""
    language: Language = ENGLISH
    """In which language and with which figures the reader is told."""
    outside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Records that findings name and that serve only objectives the audience was not given, with what they are called;
    nothing of them gets into a mail."""
    granted_sources: frozenset[str] = frozenset()
    """The sources whose records serve what the audience was given; where it was given everything, nobody asks."""
    people: Mapping[str, str] = field(default_factory=dict)
    """Mail addresses by the names of people."""
    told_at_once: Mapping[str, AtOnce] = field(default_factory=dict)
    """What a notice told the readers since the last digest, by finding."""
    allowance: Allowance | None = None
    """What the readers' budget leaves for this mail; None: everything."""
    with_owners: frozenset[str] = frozenset()
    """Findings about the data that their owners were asked to mend so lately that nobody else is told of them."""
