"""The decisions that are needed: one card per cause, the weightiest first; the rest are counted."""

from digest import wording
from digest.base import Block, Chip, DecisionCard, Fact, Small, Tone, line
from digest.brief import Brief, Section
from digest.causes import Cause
from digest.hostile import clean
from digest.sentences import (
    STAKES,
    cause_line,
    claim_fact,
    days_text,
    due_line,
    money_lines,
    otherwise_line,
    short_id,
    unconverted_text,
    verdict_chip,
)
from model.findings import Finding


def compose(brief: Brief) -> tuple[Block, ...]:
    cards: list[Block] = [
        DecisionCard(
            number, _question(cause.lead), short_id(cause.findings[0]), _chips(cause, brief), _facts(cause, brief)
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


def _question(finding: Finding) -> str:
    """The options as the check words them; without any, the question that every gap leaves."""
    advice = clean(finding.advice, 160)
    return advice or f"{clean(finding.title, 120)}: move the promise, move the work, or accept it until a day?"


def _chips(cause: Cause, brief: Brief) -> tuple[Chip, ...]:
    chips: list[Chip] = []
    if cause.told:
        chips.append(verdict_chip(cause.told[0].verdict))
    else:
        opened = min(tracked.opened_at for tracked in cause.findings)
        chips.append(Chip(f"open since {wording.day(opened.astimezone(brief.edition.zone).date(), brief.today)}"))
    if cause.held_since:
        since = wording.moment(cause.held_since, brief.edition.zone, brief.today)
        chips.append(Chip(f"not re-checked since {since}", Tone.WARN))
    return tuple(chips)


def _facts(cause: Cause, brief: Brief) -> tuple[Fact, ...]:
    finding, today, currency = cause.lead, brief.today, brief.edition.currency
    facts: list[Fact] = []
    if finding.commitment:
        facts.append(claim_fact(finding.commitment, today))
    if finding.forecast:
        facts.append(claim_fact(finding.forecast, today, days_text(cause.impact.days)))
    facts += [Fact(STAKES[account], content) for account, content in money_lines(cause.impact, currency)]
    unconverted = unconverted_text(cause.impact)
    if unconverted:
        facts.append(Fact("Other money", line(unconverted)))
    if not cause.impact.priced and not unconverted:
        facts.append(Fact("Money", line("not priced: no amount is linked")))
    moved = cause_line(finding, today, brief.edition.zone)
    if moved:
        facts.append(Fact("Cause", moved))
    facts.append(Fact("Decides", due_line(cause, today)))
    facts.append(Fact("Otherwise", otherwise_line(cause, currency, today)))
    return tuple(facts)


SECTION = Section("decisions", 30, "Decisions needed", compose)
