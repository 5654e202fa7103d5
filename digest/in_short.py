"""A decision in few words: with several of them the whole of each does not fit on the screen of a phone (domain 4.2).

Nothing that a decider needs is left out: what stands against what, the money of each option, who decides by when and
what happens otherwise. How it came about stands with the news, and the code leads to the rest.
"""

import re
from collections.abc import Iterator
from datetime import date

from digest.base import Fact, Inline, Line, Text, line
from digest.brief import Brief
from digest.causes import Cause
from digest.choices import few_options, price_of
from digest.language import Language, marked
from digest.papers.recommend import recommend_for_all
from digest.sentences import (
    claim_fact,
    days_text,
    decider_line,
    linked,
    money_of,
    otherwise_line,
    system_name,
    unconverted_text,
)
from model.findings import Account, Claim, DecisionOption, Finding, OptionKind

_ACTS = {
    OptionKind.MOVE_PROMISE: marked("move"),
    OptionKind.BRING_FORWARD: marked("bring forward"),
    OptionKind.CUT_SCOPE: marked("cut scope"),
    OptionKind.FUND: marked("fund"),
    OptionKind.ACCEPT: marked("accept"),
    OptionKind.STOP: marked("stop"),
}


def facts_in_short(cause: Cause, brief: Brief) -> tuple[Fact, ...]:
    """What two systems say, what is at stake, what each option gives up, and who decides by when or else."""
    words = brief.words
    facts = [Fact(words.say("Disagree"), claims) for claims in _claims(cause, brief)]
    facts.append(Fact(words.say("At risk"), _stakes(cause, brief)))
    options = _options(cause, brief)
    facts += [Fact(words.say("Options"), options)] if options else []
    facts.append(Fact(words.say("Decides"), _decides(cause, brief)))
    return tuple(facts)


def _claims(cause: Cause, brief: Brief) -> Iterator[Line]:
    """``Salesforce OPP-7 30 Sep; Jira AUR-118 16 Nov, 47 days late``: neither is called wrong."""
    finding, words = cause.lead, brief.words
    pieces: list[str | Inline] = []
    if finding.commitment is not None:
        pieces += _promised(words, finding.commitment, brief.today)
    if finding.forecast is not None:
        fact = claim_fact(words, finding.forecast, brief.today, _gap(words, finding))
        pieces += ["; "] if pieces else []
        pieces += [f"{fact.label} ", *fact.content]
    if pieces:
        yield line(*pieces)


def _promised(words: Language, claim: Claim, today: date) -> list[str | Inline]:
    """The day that was promised; how it came to be promised is left to the code."""
    if claim.day is None:
        fact = claim_fact(words, claim, today)
        return [f"{fact.label} ", *fact.content]
    named: list[str | Inline] = [" ", linked(claim.key, claim.where)] if claim.key else []
    return [system_name(words, claim.system), *named, f" {words.day(claim.day, today)}"]


def _gap(words: Language, finding: Finding) -> str:
    """How late it is, unless the claim tells it."""
    days = finding.impact.days
    told = finding.forecast is not None and re.search(rf"\b{days}\b", finding.forecast.says)
    return "" if days is None or told else days_text(words, days)


def _stakes(cause: Cause, brief: Brief) -> Line:
    words, currency, impact = brief.words, brief.edition.currency, cause.impact
    parts: list[Inline | str] = []
    for account in brief.accounts:
        if not impact.full(account):
            continue
        parts += [", "] if parts else []
        parts.append(Text(money_of(words, words.rounded(impact.full(account), currency), account), strong=True))
        if account is Account.REVENUE:
            parts.append(f" ({words.say('{amount} weighted', amount=words.rounded(impact.weighted(account)))})")
    unconverted = unconverted_text(words, impact)
    if unconverted:
        parts += [", " if parts else "", unconverted]
    return line(*parts) if parts else line(words.say("not priced: no amount is linked"))


def _options(cause: Cause, brief: Brief) -> Line:
    """What the question asks, by price; what is recommended is said to be that."""
    words = brief.words
    findings = [tracked.finding for tracked in cause.findings]
    found = recommend_for_all(words, findings, brief.edition.materiality)
    best = found.option.kind if found is not None and found.option is not None else None
    prices: dict[str, list[str]] = {}
    for option in few_options(cause):
        act = _act(option, brief)
        if option.kind is best:
            act = words.say("{act} (recommended)", act=act)
        prices.setdefault(price_of(words, option, cause, brief.edition.currency), []).append(act)
    told = [words.say("{acts}: {price}", acts=", ".join(acts), price=price) for price, acts in prices.items()]
    return line("; ".join(told)) if told else ()


def _act(option: DecisionOption, brief: Brief) -> str:
    words = brief.words
    if option.kind is OptionKind.ACCEPT and option.day is not None:
        return words.say("accept until {day}", day=words.day(option.day, brief.today))
    if option.kind is OptionKind.BRING_FORWARD and option.days:
        return words.count(option.days, "bring forward {n} day", "bring forward {n} days")
    return words.say(_ACTS[option.kind])


def _decides(cause: Cause, brief: Brief) -> Line:
    due = decider_line(brief.words, cause, brief.today)
    otherwise = otherwise_line(brief.words, cause, brief.edition.currency, brief.today, in_short=True)
    return line(*due, f"; {brief.words.say('otherwise')} ", *otherwise)
