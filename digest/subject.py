"""The subject line carries the news, and the date, so that mail programs do not fold two digests into one (M11)."""

from datetime import date

from digest import wording
from digest.brief import Brief
from digest.causes import Verdict
from digest.options import SubjectStyle
from model.findings import Account, Impact, combined

LONGEST = 78
"""Characters, before any encoding (M9)."""

_NAMES = {Account.REVENUE: "revenue", Account.SAVINGS: "savings", Account.COST: "cost"}


def subject_of(brief: Brief) -> str:
    """The richest wording that fits: ``3 decisions, EUR 2.4M revenue at risk, first due Tue 15 Sep - week 38``."""
    when = wording.week(brief.today)
    dated = f"{wording.day(brief.today, brief.today)}, {when}"
    heads = [head for head in _heads(brief) if head]
    for head in heads:
        for tail in (dated, when):
            subject = f"{head} - {tail}"
            if len(subject) <= LONGEST:
                return subject
    return f"{heads[-1][: LONGEST - len(when) - 3]} - {when}"


def _heads(brief: Brief) -> list[str]:
    """From the richest to the shortest."""
    if not brief.has_news:
        return [f"No news{_money(brief, brief.after, 'still at risk')}", "No news"]
    if not brief.decisions:
        return _heads_without_decisions(brief)
    number = wording.count(len(brief.decisions), "decision")
    if triage := sum(1 for cause in brief.decisions if cause.triage):
        number += f" ({triage} triage)" if len(brief.decisions) > 1 else " (triage)"
    impact = combined([cause.impact for cause in brief.decisions])
    first = brief.first_due(brief.decisions)
    due, money = _due(first, brief.today, several=len(brief.decisions) > 1), _money(brief, impact, "at risk")
    return [
        f"{number}{money}{due}",
        f"{number}{money}{_due(first, brief.today, several=False)}",
        f"{number}{due}",
        number,
    ]


def _heads_without_decisions(brief: Brief) -> list[str]:
    resolved = sum(told.verdict is Verdict.RESOLVED for told in brief.told)
    opened = sum(told.verdict in (Verdict.NEW, Verdict.REOPENED, Verdict.EXPIRED) for told in brief.told)
    worsened = sum(told.verdict is Verdict.WORSENED for told in brief.told)
    improved = sum(told.verdict is Verdict.IMPROVED for told in brief.told)
    counts = [
        f"{number} {word}"
        for number, word in ((opened, "new"), (worsened, "worsened"), (resolved, "resolved"), (improved, "improved"))
        if number
    ]
    if not counts:
        counts = [wording.count(len(brief.expiring), "acceptance ends soon", "acceptances end soon")]
    told = ", ".join(counts)
    return [f"{told}{_money(brief, brief.after, 'at risk')}, nothing to decide", f"{told}, nothing to decide", told]


def _money(brief: Brief, impact: Impact, what: str) -> str:
    """The largest account by name; accounts are never added."""
    if brief.edition.options.subject is SubjectStyle.DISCREET:
        return ""
    account = max(Account, key=impact.full)
    if not impact.full(account):
        return ""
    return f", {wording.rounded(impact.full(account), brief.edition.currency)} {_NAMES[account]} {what}"


def _due(due: date | None, today: date, *, several: bool) -> str:
    if due is None:
        return ""
    return f", {'first ' if several else ''}due {wording.weekday(due, today)}"
