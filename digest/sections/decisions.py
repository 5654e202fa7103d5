"""The decisions that are needed: one card per cause, the weightiest first; the rest are counted."""

from collections.abc import Iterator, Sequence
from datetime import date

from digest.base import Block, Chip, DecisionCard, Fact, Small, Tone, line
from digest.brief import FRESH, Brief, Section
from digest.causes import Cause, Told
from digest.changes import cause_line, forecast_fact
from digest.choices import option_facts, without_outcome
from digest.findings_language import retold
from digest.hostile import clean
from digest.in_short import facts_in_short
from digest.language import Language, counted, marked
from digest.papers.recommend import recommend_for_all
from digest.sentences import (
    STAKES,
    claim_fact,
    due_line,
    money_lines,
    otherwise_line,
    record_key,
    short_id,
    told_chips,
    touches_line,
    triage_text,
    unconverted_text,
    urgent_chip,
)
from model.causes import binding_step
from model.findings import Account, Finding, OptionKind
from model.keys import objective_node

_LONGEST_ACT = 100
_OBJECTIVE = objective_node("")


def compose(brief: Brief) -> tuple[Block, ...]:
    cards: list[Block] = [
        DecisionCard(
            number,
            _question(cause, brief),
            short_id(cause.findings[0]),
            _chips(cause, brief),
            facts_in_short(cause, brief) if brief.in_short else _facts(cause, brief),
            tight=brief.in_short,
        )
        for number, cause in enumerate(brief.shown_decisions, start=1)
    ]
    hidden = brief.decisions[len(cards) :]
    if hidden:
        words, due = brief.words, brief.first_due(hidden)
        first = f", {words.say('first due {day}', day=words.weekday(due, brief.today))}" if due else ""
        more = words.count(len(hidden), "{n} more decision waits", "{n} more decisions wait")
        cards.append(Small(line(f"{more}{first}")))
    return tuple(cards)


def _question(cause: Cause, brief: Brief) -> str:
    """The options as the check words them; where the findings of a cause differ, the options that hold for all."""
    if len({tracked.finding.advice for tracked in cause.findings}) > 1:
        return _question_for_all(cause, brief)
    return _question_of(cause, brief)


def _question_of(cause: Cause, brief: Brief) -> str:
    advice = retold(brief.words, cause.lead.advice, brief.today, 160).removesuffix(".")
    if not advice:
        title = retold(brief.words, cause.lead.title, brief.today, 120)
        return brief.words.say("{title}: move the promise, move the work, or accept it until a day?", title=title)
    return advice if advice.endswith("?") else f"{advice}?"


def _question_for_all(cause: Cause, brief: Brief) -> str:
    """``Move 5 promises to 16 Nov, or bring AUR-118 forward?``: what the findings' own options say.

    By how many days, and for how much money, stands with the options.
    """
    findings = [tracked.finding for tracked in cause.findings]
    movable = [finding for finding in findings if not finding.options or _offers(finding, OptionKind.MOVE_PROMISE)]
    moves = _moves(movable, brief)
    others = [*_brings(findings, brief.words), *_funds(findings, brief.words)]
    if not others and not any(finding.options for finding in findings):
        others = [_without_options(cause, brief.words)]
    if not moves and not others:
        return _question_of(cause, brief)
    choices = [*([brief.words.listed(moves)] if moves else []), *others]
    question = choices[0]
    for choice in choices[1:]:
        question = brief.words.say("{first}, or {second}", first=question, second=choice)
    return f"{question[0].upper()}{question[1:]}?"


_KINDS = {
    "promise": counted("{n} promise", "{n} promises"),
    "saving": counted("{n} saving", "{n} savings"),
    "target": counted("{n} target", "{n} targets"),
}
"""What a finding is about, in the order in which they are told."""


def _kind(finding: Finding) -> str:
    """Only what was promised to somebody is a promise."""
    subject = finding.subjects[0]
    if subject.startswith(_OBJECTIVE):
        return "target"
    own = (amount.account for share in finding.impact.shares if share.record_id == subject for amount in share.amounts)
    return "saving" if Account.SAVINGS in own else "promise"


def _moves(findings: Sequence[Finding], brief: Brief) -> list[str]:
    """``move 5 promises and 1 target to 16 Nov``, ``re-plan 5 savings``: what goes to one day is told together."""
    told: dict[tuple[bool, date | None], list[str]] = {}
    for kind, names in _KINDS.items():
        several = [finding for finding in findings if _kind(finding) == kind]
        if several:
            what = told.setdefault((kind == "saving", _only_day(several)), [])
            what.append(brief.words.count(len(several), *names))
    return [_move(brief, what, day, savings=savings) for (savings, day), what in told.items()]


def _move(brief: Brief, kinds: Sequence[str], day: date | None, *, savings: bool) -> str:
    words, what = brief.words, brief.words.listed(kinds)
    if day is None:
        return words.say("re-plan {what}" if savings else "move {what}", what=what)
    text = marked("re-plan {what} from {day}") if savings else marked("move {what} to {day}")
    return words.say(text, what=what, day=words.day(day, brief.today))


def _offers(finding: Finding, kind: OptionKind) -> bool:
    return any(option.kind is kind for option in finding.options)


def _brings(findings: Sequence[Finding], words: Language) -> list[str]:
    """What binds, where bringing it forward is still open."""
    for finding in findings:
        if (step := binding_step(finding)) is not None and _offers(finding, OptionKind.BRING_FORWARD):
            return [words.say("bring {work} forward", work=record_key(step))]
    return []


def _funds(findings: Sequence[Finding], words: Language) -> list[str]:
    """What is not funded, the first of it."""
    option = next((each for found in findings for each in found.options if each.kind is OptionKind.FUND), None)
    if option is None:
        return []
    return [words.say("fund {what}", what=clean(option.says.partition(", ")[0].removeprefix("Fund "), 40))]


def _without_options(cause: Cause, words: Language) -> str:
    step, days = binding_step(cause.lead), cause.impact.days
    work = record_key(step) if step else words.say("the work")
    if not days:
        return words.say("give {work} a date that holds", work=work)
    return _bring(words, work, days, at_most=len({tracked.finding.impact.days for tracked in cause.findings}) > 1)


def _bring(words: Language, work: str, days: int, *, at_most: bool) -> str:
    if at_most:
        return words.count(
            days, "bring {work} forward by up to {n} day", "bring {work} forward by up to {n} days", work=work
        )
    return words.count(days, "bring {work} forward by {n} day", "bring {work} forward by {n} days", work=work)


def _only_day(findings: Sequence[Finding]) -> date | None:
    """The day on which all of them can be kept, where it is one."""
    days = {finding.forecast.day for finding in findings if finding.forecast}
    return days.pop() if len(days) == 1 else None


def _chips(cause: Cause, brief: Brief) -> tuple[Chip, ...]:
    words, chips = brief.words, list[Chip]()
    if cause.told:
        chips += told_chips(words, _news(cause), brief.edition.zone, brief.today)
    else:
        opened = min(tracked.opened_at for tracked in cause.findings)
        since = words.day(opened.astimezone(brief.edition.zone).date(), brief.today)
        chips.append(Chip(words.say("open since {day}", day=since)))
    if cause.triage:
        chips.append(Chip(triage_text(words, cause.triage, in_short=brief.in_short), Tone.BAD))
    if brief.in_short and (urgent := urgent_chip(words, cause, brief.today, brief.working_days)) is not None:
        chips.append(urgent)
    if cause.held_since:
        since = words.moment(cause.held_since, brief.edition.zone, brief.today)
        chips.append(Chip(words.say("not re-checked since {time}", time=since), Tone.WARN))
    return tuple(chips)


def _news(cause: Cause) -> Sequence[Told]:
    """What is news about it; that a part of it eased is told only where nothing else is."""
    return [entry for entry in cause.told if entry.verdict in FRESH] or cause.told[:1]


def _stakes(cause: Cause, brief: Brief) -> list[Fact]:
    lines = dict(money_lines(brief.words, cause.impact, brief.edition.currency))
    return [Fact(brief.words.say(STAKES[account]), lines[account]) for account in brief.accounts if account in lines]


def _recommended(cause: Cause, brief: Brief) -> Iterator[Fact]:
    """Only where the rule gives one option for all of it."""
    findings = [tracked.finding for tracked in cause.findings]
    found = recommend_for_all(brief.words, findings, brief.edition.materiality)
    if found is not None and found.option is not None:
        act = without_outcome(found.option.says, found.option.kind)
        said = f"{retold(brief.words, act, brief.today, _LONGEST_ACT)}; {found.because}"
        yield Fact(brief.words.say("Recommended"), line(said))


def _facts(cause: Cause, brief: Brief) -> tuple[Fact, ...]:
    finding, today, currency, words = cause.lead, brief.today, brief.edition.currency, brief.words
    facts: list[Fact] = []
    if finding.commitment:
        facts.append(claim_fact(words, finding.commitment, today))
    zone, shows_way = brief.edition.zone, not brief.full_of_decisions
    if finding.forecast:
        facts.append(forecast_fact(words, finding, finding.forecast, today, zone, shows_way=shows_way))
    if touched := touches_line(words, finding, brief.edition.tree):
        facts.append(Fact(words.say("Touches"), touched))
    facts += _stakes(cause, brief)
    unconverted = unconverted_text(words, cause.impact)
    if unconverted:
        facts.append(Fact(words.say("Other money"), line(unconverted)))
    if not cause.impact.priced and not unconverted:
        facts.append(Fact(words.say("Money"), line(words.say("not priced: no amount is linked"))))
    moved = cause_line(words, finding, today, zone, shows_way=shows_way)
    if moved:
        facts.append(Fact(words.say("Cause"), moved))
    facts += option_facts(words, cause, currency, today)
    facts += _recommended(cause, brief)
    facts.append(Fact(words.say("Decides"), due_line(words, cause, today, brief.working_days)))
    facts.append(Fact(words.say("Otherwise"), otherwise_line(words, cause, currency, today)))
    return tuple(facts)


SECTION = Section("decisions", 30, "Decisions needed", compose)
