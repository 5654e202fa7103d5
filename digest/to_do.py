"""The to-do mail of one owner: what is theirs to move or to mend, with the way from their record to the money."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from digest.base import (
    Block,
    Bullets,
    Chip,
    DecisionCard,
    Digest,
    Fact,
    Inline,
    Line,
    Paragraph,
    SectionBlocks,
    Small,
    Text,
    Tone,
    line,
    phrase,
)
from digest.causes import Cause
from digest.findings_language import retold
from digest.hostile import clean
from digest.language import ENGLISH, Language, marked
from digest.sentences import ROW_LIMIT, SHORT_ID, days_text, due_line, linked, money_of, person, record_name
from model.causes import binding_step
from model.findings import Account, Finding, Impact, Step, TrackedFinding, combined
from model.objectives import Tolerance

MOST_MOVES = 3
MOST_WAYS = 2
MOST_MENDS = 5
"""A list that is longer is counted: it is read in a minute, and the rest is still there next time."""
LONGEST_WAY = 4
"""Stations between a record and the money that are named."""
_TITLE = 90
_ADVICE = 80


@dataclass(frozen=True, slots=True)
class Move:
    """A record of the owner at the start of a chain, with everything that it holds up."""

    cause: Cause
    alone: Tolerance | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDo:
    """What one owner is asked to do. ``leaders_from`` is when leaders begin to count what is not mended."""

    owner: str
    moves: tuple[Move, ...]
    mends: tuple[TrackedFinding, ...]
    now: datetime
    zone: ZoneInfo
    currency: str
    words: Language
    leaders_from: date | None = None

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def tasks(self) -> int:
        return len(self.moves) + len(self.mends)


def compose_to_do(to_do: ToDo) -> Digest:
    """The mail; empty when there is nothing to do."""
    words = to_do.words
    blocks = [SectionBlocks("bottom_line", "", _opening(to_do))]
    if to_do.moves:
        blocks.append(SectionBlocks("decisions", words.say("Money waits for these"), _moves(to_do)))
    if to_do.mends:
        blocks.append(SectionBlocks("watchlist", words.say("To mend in the data"), _mends(to_do)))
    blocks.append(SectionBlocks("foot", "", _foot(to_do)))
    number = ENGLISH.count(to_do.tasks, "{n} thing to do", "{n} things to do")
    return Digest(
        subject=_subject(to_do),
        title=words.say("Driftline for {owner}, {day}", owner=person(to_do.owner), day=_dated(to_do)),
        blocks=tuple(blocks),
        empty=not to_do.tasks,
        reason=f"to-do: {number}" if to_do.tasks else "nothing to do",
        language=words.code,
    )


def _dated(to_do: ToDo) -> str:
    return f"{to_do.words.weekday(to_do.today, to_do.today)} {to_do.today.year}"


def _stake(to_do: ToDo) -> Impact:
    return combined([move.cause.impact for move in to_do.moves])


def _amounts(to_do: ToDo, impact: Impact, *, rounded: bool) -> list[str]:
    words = to_do.words
    write = words.rounded if rounded else words.exact
    return [
        money_of(words, write(impact.full(account), to_do.currency), account)
        for account in Account
        if impact.full(account)
    ]


def _subject(to_do: ToDo) -> str:
    """``3 things to do, EUR 2.4M revenue waiting - 8 Sep``."""
    words = to_do.words
    number = words.count(to_do.tasks, "{n} thing to do", "{n} things to do")
    amounts = _amounts(to_do, _stake(to_do), rounded=True)[:1]
    waits = f", {words.say('{amount} waiting', amount=amounts[0])}" if amounts else ""
    return f"{number}{waits} - {words.day(to_do.today, to_do.today)}"


def _opening(to_do: ToDo) -> tuple[Block, ...]:
    words, amounts = to_do.words, _amounts(to_do, _stake(to_do), rounded=True)
    number = words.count(to_do.tasks, "{n} thing is yours to do.", "{n} things are yours to do.")
    if not amounts:
        return (Paragraph(line(number), lead=True),)
    waits = words.say("At stake: {amounts}.", amounts=words.listed(amounts))
    return (Paragraph(line(number), lead=True), Paragraph(line(waits)))


def _moves(to_do: ToDo) -> tuple[Block, ...]:
    shown = to_do.moves[:MOST_MOVES]
    blocks: list[Block] = [_card(number, move, to_do) for number, move in enumerate(shown, start=1)]
    hidden = len(to_do.moves) - len(shown)
    if hidden:
        blocks.append(Small(line(to_do.words.count(hidden, "and {n} more record", "and {n} more records"))))
    return tuple(blocks)


def _card(number: int, move: Move, to_do: ToDo) -> DecisionCard:
    """One record of the owner: what hangs on it and on which ways, who decides, and how far that is the owner."""
    words, cause = to_do.words, move.cause
    step = binding_step(cause.lead)
    name = record_name(step.key, step.title) if step else retold(words, cause.lead.title, to_do.today, _TITLE)
    late = Chip(days_text(words, cause.impact.days), Tone.WARN)
    held = (Chip(words.say("not re-checked"), Tone.WARN),) if cause.held_since else ()
    facts = (
        [Fact(words.say("Money"), line(Text(" / ".join(amounts), strong=True)))]
        if (amounts := _of(cause, to_do))
        else []
    )
    facts += [
        Fact(words.say("Holds up") if n == 0 else words.say("and"), way) for n, way in enumerate(_ways(cause, to_do))
    ]
    if cause.decider or cause.decide_by:
        facts.append(Fact(words.say("Decides"), due_line(words, cause, to_do.today)))
    if move.alone is not None:
        limit = Text(_limit(move.alone, to_do), strong=True)
        facts.append(Fact(words.say("You"), phrase(words, marked("may decide this alone up to {limit}"), limit=limit)))
    return DecisionCard(number, name, cause.findings[0].fingerprint[:SHORT_ID], (late, *held), tuple(facts))


def _of(cause: Cause, to_do: ToDo) -> list[str]:
    return _amounts(to_do, cause.impact, rounded=False)


def _ways(cause: Cause, to_do: ToDo) -> list[Line]:
    """The ways to the most money; two findings that go the same way are told once."""
    far = [each.finding for each in cause.findings if len(_stations(each.finding)) > 1]
    ways = list(dict.fromkeys(_way(finding, to_do) for finding in far or [cause.lead]))
    hidden = len(ways) - MOST_WAYS
    more = to_do.words.count(hidden, "{n} more way", "{n} more ways")
    return [*ways[:MOST_WAYS], *([line(Text(more, muted=True))] if hidden > 0 else [])]


def _way(finding: Finding, to_do: ToDo) -> Line:
    """``AUR-118 › Aurora 4.0 › OPP-1041 Northwind, EUR 620,000 revenue``: from the owner's record to the money."""
    steps = _stations(finding)
    if len(steps) > LONGEST_WAY:
        steps = [*steps[: LONGEST_WAY - 2], *steps[-2:]]
        gap: int | None = LONGEST_WAY - 2
    else:
        gap = None
    pieces: list[str | Inline] = []
    for number, step in enumerate(steps):
        pieces += [" › "] if number else []
        pieces += ["… › "] if number == gap else []
        last = number == len(steps) - 1
        name = clean(record_name(step.key, step.title), ROW_LIMIT) if last else _station(step)
        pieces.append(linked(name, step.where))
    if not pieces:
        pieces.append(retold(to_do.words, finding.title, to_do.today, _TITLE))
    amounts = _amounts(to_do, finding.impact, rounded=False)
    return line(*pieces, f", {', '.join(amounts)}" if amounts else "")


def _stations(finding: Finding) -> list[Step]:
    """The chain from what binds to what is promised."""
    start = next((n for n, step in enumerate(finding.chain) if step.node == finding.cause), len(finding.chain) - 1)
    return list(reversed(finding.chain[: start + 1]))


def _station(step: Step) -> str:
    """A record on the way by its key; by its title where the key is but a number."""
    return clean(step.title if step.key.isdecimal() and step.title else step.key or step.title, 40)


def _limit(tolerance: Tolerance, to_do: ToDo) -> str:
    words, parts = to_do.words, []
    if tolerance.days:
        parts.append(words.count(tolerance.days, "{n} day", "{n} days"))
    if tolerance.amount is not None:
        parts.append(words.exact(tolerance.amount.amount, tolerance.amount.currency))
    if tolerance.percent is not None:
        parts.append(words.percent(tolerance.percent))
    return words.listed(parts)


def _mends(to_do: ToDo) -> tuple[Block, ...]:
    shown = to_do.mends[:MOST_MENDS]
    blocks: list[Block] = [Bullets(tuple(_mend(each, to_do) for each in shown))]
    hidden = len(to_do.mends) - len(shown)
    if hidden:
        blocks.append(Small(line(to_do.words.count(hidden, "and {n} more", "and {n} more"))))
    return tuple(blocks)


def _mend(tracked: TrackedFinding, to_do: ToDo) -> Line:
    """What is wrong and the one thing to do about it."""
    words, finding = to_do.words, tracked.finding
    held: tuple[Inline | str, ...] = ()
    if tracked.held_since:
        held = (Chip(words.say("not re-checked"), Tone.WARN), " ")
    title = retold(words, finding.title, to_do.today, _TITLE)
    advice = retold(words, finding.advice, to_do.today, _ADVICE)
    return line(*held, title, f": {advice}" if advice else "", " ", _code(finding))


def _code(finding: Finding) -> Text:
    return Text(finding.fingerprint[:SHORT_ID], muted=True)


def _foot(to_do: ToDo) -> tuple[Block, ...]:
    words = to_do.words
    lines = [words.say("Change it where it is kept; it leaves this list by itself. More: driftline show CODE.")]
    if to_do.mends and to_do.leaders_from is not None:
        day = words.weekday(to_do.leaders_from, to_do.today)
        lines.append(words.say("Leaders see no names, only how many there are, and not before {day}.", day=day))
    return tuple(Small(line(text)) for text in lines)
