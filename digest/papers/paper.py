"""The decision paper: one page about one finding, from the question to what happens after the decision (domain 4.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from digest.base import Block, Bullets, Chip, Digest, Inline, Line, Paragraph, SectionBlocks, Small, Text, Tone, line
from digest.causes import Cause
from digest.findings_language import retold
from digest.hostile import clean
from digest.language import ENGLISH, Language, marked
from digest.papers.facts import bottleneck_line, changed_lines, consequence_blocks, evidence_line, money_words
from digest.papers.options import is_trade_off, options_blocks
from digest.papers.recommend import USUAL, Materiality, recommend
from digest.sentences import due_line, otherwise_line, person, short_id, triage_text
from model.findings import TrackedFinding
from model.objectives import ObjectiveTree

QUESTION_LIMIT = 160
_MOST_PEOPLE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What a paper is written from. ``others`` are the standing findings of the same cause."""

    tracked: TrackedFinding
    others: tuple[TrackedFinding, ...] = ()
    tree: ObjectiveTree
    now: datetime
    zone: ZoneInfo
    currency: str
    materiality: Materiality = USUAL
    words: Language = ENGLISH

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def cause(self) -> Cause:
        """The finding alone, as what it causes is told elsewhere."""
        return Cause((self.tracked,))


def compose_paper(paper: Paper) -> Digest:
    """Write the page as sections of blocks, to be rendered as HTML, Markdown or text."""
    words, finding = paper.words, paper.tracked.finding
    bottleneck = Paragraph(bottleneck_line(words, finding, paper.today))
    sections = (
        ("question", "", _question(paper)),
        ("changed", marked("What changed"), _changed(paper)),
        ("consequence", marked("If nothing is done"), _consequence(paper)),
        ("bottleneck", marked("What it hangs on"), (bottleneck,)),
        (
            "options",
            marked("Options"),
            options_blocks(words, finding, short_id(paper.tracked), paper.currency, paper.today),
        ),
        ("recommendation", marked("Recommendation"), _recommendation(paper)),
        ("afterwards", marked("After the decision"), _afterwards(paper)),
    )
    return Digest(
        subject=question_of(paper),
        title=words.say("Decision paper {code}, {day}", code=short_id(paper.tracked), day=_dated(words, paper.today)),
        blocks=tuple(SectionBlocks(name, words.say(heading), blocks) for name, heading, blocks in sections),
        empty=False,
        reason="",
        language=words.code,
    )


def _dated(words: Language, day: date) -> str:
    """With the year: a paper is filed."""
    return f"{words.weekday(day, day)} {day.year}"


def question_of(paper: Paper) -> str:
    """The question with its day: ``Move the promise to 16 Nov? To be decided by Wed 16 Sep 2026.``"""
    words, finding = paper.words, paper.tracked.finding
    asked = retold(words, finding.advice, paper.today, QUESTION_LIMIT).removesuffix(".").removesuffix("?")
    if not asked:
        asked = words.say(
            "{title}: what is to be done", title=retold(words, finding.title, paper.today, QUESTION_LIMIT)
        )
    if finding.decide_by is None:
        return words.say("{question}?", question=asked)
    return words.say("{question}? To be decided by {day}.", question=asked, day=_dated(words, finding.decide_by))


def labelled(label: str, content: Iterable[Inline | str]) -> Line:
    """``Decides: Paul Novak by Wed 16 Sep``."""
    return line(Text(f"{label}: ", strong=True), *content)


def _question(paper: Paper) -> tuple[Block, ...]:
    words, finding, today = paper.words, paper.tracked.finding, paper.today
    title = retold(words, finding.title, today, QUESTION_LIMIT)
    facts = [
        labelled(words.say("Decides"), due_line(words, paper.cause, today)),
        labelled(words.say("If nobody decides"), otherwise_line(words, paper.cause, paper.currency, today)),
    ]
    return (
        Paragraph(line(question_of(paper)), lead=True),
        Paragraph(line(*_spaced(_chips(paper)))),
        Paragraph(line(title if title.endswith((".", "?")) else f"{title}.")),
        Bullets(tuple(facts)),
    )


def _chips(paper: Paper) -> Iterable[Chip]:
    words, tracked = paper.words, paper.tracked
    if is_trade_off(tracked.finding):
        yield Chip(words.say("a trade-off: at least two options give something up"))
    else:
        yield Chip(words.say("an instruction, no trade-off: no two options are known to give something up"))
    if not tracked.standing:
        yield Chip(words.say("resolved: nothing is to be decided any more"), Tone.GOOD)
    elif tracked.decided:
        yield Chip(words.say("decided"), Tone.GOOD)
    if tracked.finding.triage:
        yield Chip(triage_text(words, tracked.finding.triage), Tone.BAD)
    if tracked.held_since:
        since = words.moment(tracked.held_since, paper.zone, paper.today)
        yield Chip(words.say("not re-checked since {time}", time=since), Tone.WARN)


def _spaced(chips: Iterable[Chip]) -> Iterable[Inline]:
    for number, chip in enumerate(chips):
        if number:
            yield Text(" ")
        yield chip


def _changed(paper: Paper) -> tuple[Block, ...]:
    words, tracked, today = paper.words, paper.tracked, paper.today
    told = changed_lines(words, tracked, today, paper.zone)
    facts = Bullets(tuple(labelled(label, content) for label, content in told))
    if not tracked.finding.evidence:
        return (facts,)
    evidence = evidence_line(words, tracked.finding, today, paper.zone)
    return (facts, Small(labelled(words.say("Evidence"), evidence)))


def _consequence(paper: Paper) -> tuple[Block, ...]:
    words = paper.words
    blocks = consequence_blocks(words, paper.tracked.finding.impact, paper.currency, paper.today.year)
    if not paper.others:
        return blocks
    whole = Cause((paper.tracked, *paper.others)).impact
    amounts = money_words(words, whole.shares, paper.currency)
    more = words.count(
        len(paper.others),
        "{n} more finding has the same cause{together}.",
        "{n} more findings have the same cause{together}.",
        together=f"; {words.say('together {amounts}', amounts=amounts)}" if amounts else "",
    )
    return (*blocks, Small(line(more)))


def _recommendation(paper: Paper) -> tuple[Block, ...]:
    words, finding = paper.words, paper.tracked.finding
    found = recommend(words, finding, paper.materiality)
    if found.option is None:
        return (Paragraph(line(words.say("No recommendation: {why}.", why=found.because))),)
    number = words.figure(finding.options.index(found.option) + 1)
    what = retold(words, found.option.says, paper.today, QUESTION_LIMIT)
    said = words.say("Option {number}, {what}: {why}.", number=number, what=what, why=found.because)
    return (Paragraph(line(Text(said, strong=True))),)


def _afterwards(paper: Paper) -> tuple[Block, ...]:
    """Who carries it out, until when, when it is looked at again, and who hears of it; before it is decided, how."""
    words, tracked = paper.words, paper.tracked
    decision = tracked.decision if tracked.decided else None
    facts = []
    if decision is not None:
        by = words.say(
            "{who} on {day}", who=person(decision.by), day=_dated(words, decision.at.astimezone(paper.zone).date())
        )
        facts.append(
            labelled(words.say("Decided"), [f"{retold(words, decision.says, paper.today, QUESTION_LIMIT)} ({by})"])
        )
    owner = person(decision.owner) if decision else words.say("whoever acts on the chosen option")
    due = (
        _dated(words, decision.until) if decision else words.say("the last day of the chosen option, or an earlier one")
    )
    facts += [labelled(words.say("Owner"), [owner]), labelled(words.say("Due"), [due])]
    facts.append(labelled(words.say("Review"), [_review(paper)]))
    facts.append(labelled(words.say("Told"), [", ".join(_told(paper)) or words.say("nobody is named")]))
    if decision is None and tracked.standing:
        how = f"driftline decide {short_id(tracked)} --option {words.say('NUMBER')} --by {words.say('NAME')}"
        facts.append(labelled(words.say("Record it"), [how]))
    return (Bullets(tuple(facts)),)


def _review(paper: Paper) -> str:
    """The next review on record; a decision without effect comes back by itself."""
    words, again = paper.words, paper.words.say("Driftline asks again after the due day unless the effect is seen")
    days = [
        each.review
        for objective_id in paper.tracked.finding.objective_ids
        for each in paper.tree.path(objective_id)
        if each.review is not None and each.review >= paper.today
    ]
    if not days:
        return words.say("no review is on record; {again}", again=again)
    return f"{_dated(words, min(days))}; {again}"


def _told(paper: Paper) -> Iterable[str]:
    """Whom it concerns by their part in it, each once."""
    finding = paper.tracked.finding
    names = [finding.decider, finding.owner, *(option.acts for option in finding.options)]
    for objective_id in finding.objective_ids:
        for each in paper.tree.path(objective_id)[:1]:
            names += [each.owner, each.sponsor, each.controller]
    known: dict[str, str] = {}
    for name in filter(None, names):
        known.setdefault(_plain(name), clean(person(name), 40))
    return list(known.values())[:_MOST_PEOPLE]


def _plain(name: str) -> str:
    """``Paul Novak (VP Sales)`` and ``paul.novak@example.com`` are one person."""
    return " ".join(name.partition("(")[0].partition("@")[0].replace(".", " ").casefold().split())
