"""The numbers: what is at risk per account, new, open, resolved and accepted. Records count once in every column."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from digest import wording
from digest.base import Block, Column, Line, Small, Table, line
from digest.brief import Brief, Section
from digest.causes import Verdict, is_at_risk
from digest.sentences import STAKES
from model.findings import Account, Impact, TrackedFinding, combined
from model.measures import span

_OPENED = (Verdict.NEW, Verdict.REOPENED, Verdict.EXPIRED)


def compose(brief: Brief) -> tuple[Block, ...]:
    named = [(name, impact) for name, impact in _columns(brief) if name == "Open" or any(map(impact.full, Account))]
    columns = tuple(impact for _, impact in named)
    rows: list[tuple[Line, ...]] = []
    for account in Account:
        rows += _rows(account, columns)
    if not rows:
        return ()
    heads = (Column(brief.edition.currency), *(Column(name, figures=True) for name, _ in named))
    return (Table(heads, tuple(rows)), *_held(brief), *_silenced(brief), *_measured(brief))


def _columns(brief: Brief) -> tuple[tuple[str, Impact], ...]:
    """New, open, resolved and accepted; what is new is open too. A column without any money is left out."""
    opened = [told for told in brief.told if told.verdict in _OPENED and is_at_risk(told.tracked)]
    resolved = [told.before for told in brief.told if told.verdict is Verdict.RESOLVED]
    return (
        ("New", _of(told.tracked for told in opened)),
        ("Open", _of(brief.at_risk)),
        ("Resolved", combined([before for before in resolved if before is not None])),
        ("Accepted", _of(brief.accepted)),
    )


def _of(findings: Iterable[TrackedFinding]) -> Impact:
    return combined([tracked.finding.impact for tracked in findings])


def _rows(account: Account, columns: tuple[Impact, ...]) -> list[tuple[Line, ...]]:
    if not any(impact.full(account) for impact in columns):
        return []
    if account is not Account.REVENUE:
        return [_row(STAKES[account], columns, lambda impact: impact.full(account))]
    return [
        _row(f"{STAKES[account]}, full", columns, lambda impact: impact.full(account)),
        _row("weighted", columns, lambda impact: impact.weighted(account)),
    ]


def _row(name: str, columns: tuple[Impact, ...], of: Callable[[Impact], Decimal]) -> tuple[Line, ...]:
    return (line(name), *(line(wording.exact(of(impact))) for impact in columns))


def _held(brief: Brief) -> tuple[Block, ...]:
    """Name the part of the open money that rests on a source which was not completely read."""
    held = [tracked for tracked in brief.at_risk if tracked.held_since]
    if not held:
        return ()
    since = min(tracked.held_since for tracked in held if tracked.held_since)
    amounts = _amounts(_of(held), brief)
    part = f"Of Open, {wording.listed(amounts)}" if amounts else wording.count(len(held), "open finding")
    at = wording.moment(since, brief.edition.zone, brief.today)
    return (Small(line(f"{part}: not re-checked since {at}.")),)


def _silenced(brief: Brief) -> tuple[Block, ...]:
    """Name what is not counted because something above it was stopped, so that nobody takes it for gone."""
    if not brief.silenced:
        return ()
    amounts = _amounts(_of(brief.silenced), brief)
    worth = f" ({wording.listed(amounts)})" if amounts else ""
    what = wording.count(len(brief.silenced), "finding")
    return (Small(line(f"Not in Open: {what} below objectives that are on hold or cancelled{worth}.")),)


def _measured(brief: Brief) -> tuple[Block, ...]:
    """How late people learned of a change, and what came of what they were told: one line, once there is a figure."""
    measures = brief.edition.measures
    if measures is None or measures.told.median_seconds is None or measures.told.worst_seconds is None:
        return ()
    median, worst = span(measures.told.median_seconds), span(measures.told.worst_seconds)
    rate = measures.decisions
    decided = f"{rate.decided:,} of {wording.count(rate.findings, 'finding')} led to a decision"
    late = f"from a change in a tool to the first mail {median} (median), {worst} at worst"
    return (Small(line(f"Last {measures.days} days: {late}; {decided}.")),)


def _amounts(impact: Impact, brief: Brief) -> list[str]:
    return [
        f"{wording.exact(impact.full(account), brief.edition.currency)} {account.value}"
        for account in Account
        if impact.full(account)
    ]


SECTION = Section("numbers", 70, "Numbers", compose)
