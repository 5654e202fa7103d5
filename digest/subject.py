"""The subject line carries the news, and the date, so that mail programs do not fold two digests into one (M11)."""

from collections.abc import Mapping
from datetime import date

from digest.brief import Brief
from digest.causes import Verdict
from digest.language import marked
from digest.options import SubjectStyle
from model.findings import Account, Impact, combined

LONGEST = 78
"""Characters, before any encoding (M9)."""

_AT_RISK = {
    Account.REVENUE: marked("{amount} revenue at risk"),
    Account.SAVINGS: marked("{amount} savings at risk"),
    Account.COST: marked("{amount} cost at risk"),
}
_STILL_AT_RISK = {
    Account.REVENUE: marked("{amount} revenue still at risk"),
    Account.SAVINGS: marked("{amount} savings still at risk"),
    Account.COST: marked("{amount} cost still at risk"),
}


def subject_of(brief: Brief) -> str:
    """The richest wording that fits: ``3 decisions, EUR 2.4M revenue at risk, first due Tue 15 Sep - week 38``."""
    when = brief.words.week(brief.today)
    dated = f"{brief.words.day(brief.today, brief.today)}, {when}"
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
        quiet = brief.words.say("No news")
        if brief.taken:
            quiet = brief.words.count(brief.taken, "{n} decided", "{n} decided")
        return [f"{quiet}{_money(brief, brief.after, _STILL_AT_RISK)}", quiet]
    if not brief.decisions:
        return _heads_without_decisions(brief)
    words = brief.words
    number = words.count(len(brief.decisions), "{n} decision", "{n} decisions")
    if triage := sum(1 for cause in brief.decisions if cause.triage):
        several = len(brief.decisions) > 1
        number += f" ({words.count(triage, '{n} triage', '{n} triage') if several else words.say('triage')})"
    impact = combined([cause.impact for cause in brief.decisions])
    first = brief.first_due(brief.decisions)
    due, money = _due(brief, first, several=len(brief.decisions) > 1), _money(brief, impact, _AT_RISK)
    return [
        f"{number}{money}{due}",
        f"{number}{money}{_due(brief, first, several=False)}",
        f"{number}{due}",
        number,
    ]


def _heads_without_decisions(brief: Brief) -> list[str]:
    resolved = sum(told.verdict is Verdict.RESOLVED for told in brief.told)
    fresh = [told for told in brief.told if told.at_once is None]
    at_once = len(brief.told) - len(fresh)
    opened = sum(told.verdict in (Verdict.NEW, Verdict.REOPENED, Verdict.EXPIRED) for told in fresh)
    worsened = sum(told.verdict is Verdict.WORSENED for told in fresh)
    improved = sum(told.verdict is Verdict.IMPROVED for told in brief.told)
    words = brief.words
    counts = [
        words.count(opened, "{n} new", "{n} new") if opened else "",
        words.count(worsened, "{n} worsened", "{n} worsened") if worsened else "",
        words.count(resolved, "{n} resolved", "{n} resolved") if resolved else "",
        words.count(improved, "{n} improved", "{n} improved") if improved else "",
        words.count(at_once, "{n} told at once", "{n} told at once") if at_once else "",
        words.count(brief.taken, "{n} decided", "{n} decided") if brief.taken else "",
    ]
    if not any(counts) and brief.triage_is_news and not brief.expiring_is_news:
        counts = [words.say("triage called off")]
    if not any(counts):
        counts = [words.count(len(brief.expiring), "{n} acceptance ends soon", "{n} acceptances end soon")]
    told, nothing = ", ".join(filter(None, counts)), words.say("nothing to decide")
    return [f"{told}{_money(brief, brief.after, _AT_RISK)}, {nothing}", f"{told}, {nothing}", told]


def _money(brief: Brief, impact: Impact, names: Mapping[Account, str]) -> str:
    """The largest account by name, or the reader's first one that has money; accounts are never added."""
    if brief.edition.options.subject is SubjectStyle.DISCREET:
        return ""
    account = max(Account, key=impact.full)
    if brief.edition.options.accounts:
        account = next((each for each in brief.accounts if impact.full(each)), account)
    if not impact.full(account):
        return ""
    amount = brief.words.rounded(impact.full(account), brief.edition.currency)
    return f", {brief.words.say(names[account], amount=amount)}"


def _due(brief: Brief, due: date | None, *, several: bool) -> str:
    if due is None:
        return ""
    day = brief.words.weekday(due, brief.today)
    return f", {brief.words.say('first due {day}' if several else 'due {day}', day=day)}"
