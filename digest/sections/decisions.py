"""The decisions that are needed: one card per cause, the weightiest first; the rest are counted."""

from collections.abc import Sequence

from digest import wording
from digest.base import Block, Chip, DecisionCard, Fact, Small, Tone, line
from digest.brief import FRESH, Brief, Section
from digest.causes import Cause, Verdict
from digest.choices import option_facts
from digest.hostile import clean
from digest.sentences import (
    STAKES,
    cause_line,
    claim_fact,
    due_line,
    forecast_fact,
    money_lines,
    otherwise_line,
    short_dates,
    short_id,
    touches_line,
    triage_text,
    unconverted_text,
    verdict_chip,
)
from model.causes import binding_step
from model.findings import Account, Finding, OptionKind, Step
from model.keys import objective_node

_OBJECTIVE = objective_node("")
WHOLE_CARDS = 2
"""One screen of a phone holds two decisions; what comes after them is told in short."""


def compose(brief: Brief) -> tuple[Block, ...]:
    cards: list[Block] = [
        DecisionCard(
            number,
            _question(cause, brief, in_short=number > WHOLE_CARDS),
            short_id(cause.findings[0]),
            _chips(cause, brief),
            _facts(cause, brief) if number <= WHOLE_CARDS else _facts_in_short(cause, brief),
        )
        for number, cause in enumerate(brief.shown_decisions, start=1)
    ]
    hidden = brief.decisions[len(cards) :]
    if hidden:
        due = brief.first_due(hidden)
        first = f", first due {wording.weekday(due, brief.today)}" if due else ""
        more = wording.count(len(hidden), "more decision waits", "more decisions wait")
        cards.append(Small(line(f"{more}{first}")))
    return tuple(cards)


def _question(cause: Cause, brief: Brief, *, in_short: bool) -> str:
    """The options as the check words them; where the findings of a cause differ, the options that hold for all."""
    if len({tracked.finding.advice for tracked in cause.findings}) > 1:
        return _question_for_all(cause, brief, in_short=in_short)
    return _question_of(cause, brief)


def _question_of(cause: Cause, brief: Brief) -> str:
    words = short_dates(clean(cause.lead.advice, 160), brief.today).strip().removesuffix(".")
    if not words:
        return f"{clean(cause.lead.title, 120)}: move the promise, move the work, or accept it until a day?"
    return words if words.endswith("?") else f"{words}?"


def _question_for_all(cause: Cause, brief: Brief, *, in_short: bool) -> str:
    """``Move 5 promises to 16 Nov, or bring AUR-118 forward?``: what the findings' own options say.

    By how many days stands with the options; ``in_short``, where they are not laid out, it stands here.
    """
    findings = [tracked.finding for tracked in cause.findings]
    movable = [finding for finding in findings if not finding.options or _offers(finding, OptionKind.MOVE_PROMISE)]
    moves = _moves(movable, brief)
    others = [*_brings(findings, with_days=in_short), *_funds(findings)]
    if not others and not any(finding.options for finding in findings):
        others = [_without_options(cause)]
    if not moves and not others:
        return _question_of(cause, brief)
    question = f"{', or '.join([*([' and '.join(moves)] if moves else []), *others])}?"
    return question[0].upper() + question[1:]


_KINDS = ("promise", "saving", "target")
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
    told: dict[tuple[str, str], list[str]] = {}
    for kind in _KINDS:
        several = [finding for finding in findings if _kind(finding) == kind]
        if several:
            verb, word = ("re-plan", "from") if kind == "saving" else ("move", "to")
            what = told.setdefault((verb, _to_the_day(several, word, brief)), [])
            what.append(wording.count(len(several), kind))
    return [f"{verb} {wording.listed(what)}{day}" for (verb, day), what in told.items()]


def _offers(finding: Finding, kind: OptionKind) -> bool:
    return any(option.kind is kind for option in finding.options)


def _brings(findings: Sequence[Finding], *, with_days: bool) -> list[str]:
    """What binds, where bringing it forward is still open."""
    for finding in findings:
        if (step := binding_step(finding)) is not None and _offers(finding, OptionKind.BRING_FORWARD):
            if not with_days:
                return [f"bring {_work(step)} forward"]
            offered = (option for each in findings for option in each.options)
            days = {option.days or 0 for option in offered if option.kind is OptionKind.BRING_FORWARD}
            most = "up to " if len(days) > 1 else ""
            return [f"bring {_work(step)} forward by {most}{wording.count(max(days), 'day')}"]
    return []


def _funds(findings: Sequence[Finding]) -> list[str]:
    says = (option.says for each in findings for option in each.options if option.kind is OptionKind.FUND)
    return [f"fund {clean(each.partition(', ')[0].removeprefix('Fund '), 40)}" for each in dict.fromkeys(says)][:1]


def _work(step: Step) -> str:
    return clean(step.title if step.key.isdecimal() and step.title else step.key, 40)


def _without_options(cause: Cause) -> str:
    step, days = binding_step(cause.lead), cause.impact.days
    work = _work(step) if step else "the work"
    most = "up to " if len({tracked.finding.impact.days for tracked in cause.findings}) > 1 else ""
    return f"bring {work} forward by {most}{wording.count(days, 'day')}" if days else f"give {work} a date that holds"


def _to_the_day(findings: Sequence[Finding], word: str, brief: Brief) -> str:
    days = {finding.forecast.day for finding in findings if finding.forecast}
    only = days.pop() if len(days) == 1 else None
    return f" {word} {wording.day(only, brief.today)}" if only else ""


def _chips(cause: Cause, brief: Brief) -> tuple[Chip, ...]:
    chips: list[Chip] = []
    if cause.told:
        chips += map(verdict_chip, _verdicts(cause))
    else:
        opened = min(tracked.opened_at for tracked in cause.findings)
        chips.append(Chip(f"open since {wording.day(opened.astimezone(brief.edition.zone).date(), brief.today)}"))
    if cause.triage:
        chips.append(Chip(triage_text(cause.triage), Tone.BAD))
    if cause.held_since:
        since = wording.moment(cause.held_since, brief.edition.zone, brief.today)
        chips.append(Chip(f"not re-checked since {since}", Tone.WARN))
    return tuple(chips)


def _verdicts(cause: Cause) -> Sequence[Verdict]:
    """What is news about it, each once; that a part of it eased is told only where nothing else is."""
    told = list(dict.fromkeys(entry.verdict for entry in cause.told))
    return [verdict for verdict in told if verdict in FRESH] or told[:1]


def _facts_in_short(cause: Cause, brief: Brief) -> tuple[Fact, ...]:
    """What weighs on it, and who decides by when; the code leads to the rest."""
    money = [Fact(STAKES[account], content) for account, content in money_lines(cause.impact, brief.edition.currency)]
    return (*money, Fact("Decides", due_line(cause, brief.today, in_short=True)))


def _facts(cause: Cause, brief: Brief) -> tuple[Fact, ...]:
    finding, today, currency = cause.lead, brief.today, brief.edition.currency
    facts: list[Fact] = []
    if finding.commitment:
        facts.append(claim_fact(finding.commitment, today))
    zone, shows_way = brief.edition.zone, not brief.full_of_decisions
    if finding.forecast:
        facts.append(forecast_fact(finding, finding.forecast, today, zone, shows_way=shows_way))
    if touched := touches_line(finding, brief.edition.tree):
        facts.append(Fact("Touches", touched))
    facts += [Fact(STAKES[account], content) for account, content in money_lines(cause.impact, currency)]
    unconverted = unconverted_text(cause.impact)
    if unconverted:
        facts.append(Fact("Other money", line(unconverted)))
    if not cause.impact.priced and not unconverted:
        facts.append(Fact("Money", line("not priced: no amount is linked")))
    moved = cause_line(finding, today, zone, shows_way=shows_way)
    if moved:
        facts.append(Fact("Cause", moved))
    facts += option_facts(cause, currency, today)
    facts.append(Fact("Decides", due_line(cause, today)))
    facts.append(Fact("Otherwise", otherwise_line(cause, currency, today)))
    return tuple(facts)


SECTION = Section("decisions", 30, "Decisions needed", compose)
