"""The numbers: what is at risk per account, new, open, resolved and accepted. Records count once in every column."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from digest.base import Block, Column, Line, Small, Table, line
from digest.brief import Brief, Section
from digest.causes import Verdict, is_at_risk
from digest.language import Language, marked
from digest.sentences import STAKES, money_of
from model.findings import Account, Impact, TrackedFinding, combined

OPEN = marked("Open")
_OPENED = (Verdict.NEW, Verdict.REOPENED, Verdict.EXPIRED)


def compose(brief: Brief) -> tuple[Block, ...]:
    named = [(name, impact) for name, impact in _columns(brief) if name == OPEN or any(map(impact.full, Account))]
    columns = tuple(impact for _, impact in named)
    rows: list[tuple[Line, ...]] = []
    for account in brief.accounts:
        rows += _rows(brief.words, account, columns)
    if not rows:
        return ()
    heads = (Column(brief.edition.currency), *(Column(brief.words.say(name), figures=True) for name, _ in named))
    return (Table(heads, tuple(rows)), *_held(brief), *_silenced(brief), *_measured(brief))


def _columns(brief: Brief) -> tuple[tuple[str, Impact], ...]:
    """New, open, resolved and accepted; what is new is open too. A column without any money is left out."""
    opened = [told for told in brief.told if told.verdict in _OPENED and is_at_risk(told.tracked)]
    resolved = [told.before for told in brief.told if told.verdict is Verdict.RESOLVED]
    return (
        (marked("New"), _of(told.tracked for told in opened)),
        (OPEN, _of(brief.at_risk)),
        (marked("Resolved"), combined([before for before in resolved if before is not None])),
        (marked("Accepted"), _of(brief.accepted)),
    )


def _of(findings: Iterable[TrackedFinding]) -> Impact:
    return combined([tracked.finding.impact for tracked in findings])


def _rows(words: Language, account: Account, columns: tuple[Impact, ...]) -> list[tuple[Line, ...]]:
    if not any(impact.full(account) for impact in columns):
        return []
    if account is not Account.REVENUE:
        return [_row(words, words.say(STAKES[account]), columns, lambda impact: impact.full(account))]
    return [
        _row(words, words.say("Revenue at risk, full"), columns, lambda impact: impact.full(account)),
        _row(words, words.say("weighted"), columns, lambda impact: impact.weighted(account)),
    ]


def _row(words: Language, name: str, columns: tuple[Impact, ...], of: Callable[[Impact], Decimal]) -> tuple[Line, ...]:
    return (line(name), *(line(words.exact(of(impact))) for impact in columns))


def _held(brief: Brief) -> tuple[Block, ...]:
    """Name the part of the open money that rests on a source which was not completely read."""
    held = [tracked for tracked in brief.at_risk if tracked.held_since]
    if not held:
        return ()
    since = min(tracked.held_since for tracked in held if tracked.held_since)
    words, amounts = brief.words, _amounts(_of(held), brief)
    part = words.count(len(held), "{n} open finding", "{n} open findings")
    if amounts:
        part = words.say("Of Open, {amounts}", amounts=words.listed(amounts))
    at = words.moment(since, brief.edition.zone, brief.today)
    return (Small(line(words.say("{part}: not re-checked since {time}.", part=part, time=at))),)


def _silenced(brief: Brief) -> tuple[Block, ...]:
    """Name what is not counted because something above it was stopped, so that nobody takes it for gone."""
    if not brief.silenced:
        return ()
    words, amounts = brief.words, _amounts(_of(brief.silenced), brief)
    silenced = words.count(
        len(brief.silenced),
        "Not in Open: {n} finding below objectives that are on hold or cancelled{worth}.",
        "Not in Open: {n} findings below objectives that are on hold or cancelled{worth}.",
        worth=f" ({words.listed(amounts)})" if amounts else "",
    )
    return (Small(line(silenced)),)


def _measured(brief: Brief) -> tuple[Block, ...]:
    """How late people learned of a change, and what came of what they were told: one line, once there is a figure."""
    measures = brief.edition.measures
    if measures is None or measures.told.median_seconds is None or measures.told.worst_seconds is None:
        return ()
    words, rate = brief.words, measures.decisions
    late = words.say(
        "from a change in a tool to the first mail {median} (median), {worst} at worst",
        median=words.span(measures.told.median_seconds),
        worst=words.span(measures.told.worst_seconds),
    )
    decided = words.count(
        rate.findings,
        "{decided} of {n} finding led to a decision ({made} recorded)",
        "{decided} of {n} findings led to a decision ({made} recorded)",
        decided=words.figure(rate.decided),
        made=words.figure(rate.made),
    )
    window = words.count(measures.days, "Last {n} days", "Last {n} days")
    return (Small(line(f"{window}: {late}; {decided}.")),)


def _amounts(impact: Impact, brief: Brief) -> list[str]:
    return [
        money_of(brief.words, brief.words.exact(impact.full(account), brief.edition.currency), account)
        for account in Account
        if impact.full(account)
    ]


SECTION = Section("numbers", 70, "Numbers", compose)
