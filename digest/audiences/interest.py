"""What an audience wants to hear: whole findings are left out by source, check, decider, severity and money."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from digest.audiences.roles import reaches
from digest.base import Edition, News
from digest.options import DigestOptions
from model.causes import cause_key
from model.findings import Account, Finding, Impact, Share, TrackedFinding, combined
from model.keys import normalise_key


def wanted(edition: Edition) -> Callable[[TrackedFinding], bool]:
    """Which findings the audience wants to hear of. Money is that of a whole cause, each record once: forty small deals
    that one release breaks are one large piece of news."""
    options = edition.options
    asked = _asked_for(options, edition.people)
    told: dict[str, TrackedFinding] = {}
    for tracked in (*edition.standing, *(news.tracked for news in (*edition.news, *edition.past))):
        if asked(tracked.finding):
            told[tracked.fingerprint] = tracked
    if not (options.accounts or options.minimum_money or not options.unpriced):
        return lambda tracked: tracked.fingerprint in told
    causes: dict[str, list[TrackedFinding]] = {}
    for tracked in told.values():
        causes.setdefault(cause_key(tracked.finding), []).append(tracked)
    weighty = {key for key, members in causes.items() if _has_the_money(members, options)}

    def visible(tracked: TrackedFinding) -> bool:
        if tracked.fingerprint not in told:
            return False
        return tracked.finding.upkeep or cause_key(tracked.finding) in weighty

    return visible


def meets(tracked: TrackedFinding, options: DigestOptions, people: Mapping[str, str]) -> bool:
    """Whether an audience wants to hear of one finding by itself, without the others of its cause."""
    if not _asked_for(options, people)(tracked.finding):
        return False
    return tracked.finding.upkeep or _has_the_money([tracked], options)


def _asked_for(options: DigestOptions, people: Mapping[str, str]) -> Callable[[Finding], bool]:
    deciders = _spellings(options.decider, people)

    def asked(finding: Finding) -> bool:
        if finding.upkeep and not options.upkeep:
            return False
        if finding.severity < options.minimum_severity:
            return False
        if options.sources and set(options.sources).isdisjoint(finding.sources):
            return False
        if options.checks and finding.check not in options.checks:
            return False
        return not deciders or _plain(finding.decider or "") in deciders

    return asked


def _spellings(persons: Collection[str], people: Mapping[str, str]) -> frozenset[str]:
    """These persons by name and by address, as the table of people puts the two together."""
    found = {_plain(name) for name in persons}
    pairs = [(_plain(name), _plain(address)) for name, address in people.items()]
    found |= {address for name, address in pairs if name in found}
    return frozenset(found | {name for name, address in pairs if address in found})


def _plain(name: str) -> str:
    """Without the role in brackets."""
    return normalise_key(name.partition("(")[0]) or normalise_key(name)


def _has_the_money(members: Collection[TrackedFinding], options: DigestOptions) -> bool:
    impact = combined([tracked.finding.impact for tracked in members])
    if impact.unconverted:
        return True  # money without a rate is never taken for little
    if not impact.priced or not any(impact.full(account) for account in Account):
        return options.unpriced
    full = {account: impact.full(account) for account in options.told_accounts if impact.full(account)}
    if not full:
        return False
    return not options.minimum_money or reaches(full, options.minimum_money, unnamed=True)


def of_accounts(tracked: TrackedFinding, accounts: Collection[Account]) -> TrackedFinding:
    """The finding with the money of some accounts only."""
    if len(accounts) == len(Account):
        return tracked
    finding = replace(tracked.finding, impact=impact_of(tracked.finding.impact, accounts))
    decision = tracked.decision and replace(tracked.decision, before=impact_of(tracked.decision.before, accounts))
    return replace(tracked, finding=finding, told=impact_of(tracked.told, accounts), decision=decision)


def impact_of(impact: Impact, accounts: Collection[Account]) -> Impact:
    """The money of some accounts only; what is not converted belongs to no account and stays."""

    def kept(shares: Iterable[Share]) -> tuple[Share, ...]:
        cut = [replace(s, amounts=tuple(a for a in s.amounts if a.account in accounts)) for s in shares]
        return tuple(share for share in cut if share.amounts or share.unconverted is not None)

    return Impact(impact.days, kept(impact.shares), kept(impact.deferred), kept(impact.weekly), kept(impact.yearly))


def news_of_accounts(news: News, accounts: Collection[Account]) -> News:
    """The news with the money of some accounts only, before and after."""
    if len(accounts) == len(Account):
        return news
    steps = tuple(
        replace(
            step,
            before=None if step.before is None else impact_of(step.before, accounts),
            after=None if step.after is None else impact_of(step.after, accounts),
        )
        for step in news.transitions
    )
    return News(of_accounts(news.tracked, accounts), steps)


def amounts_of(impact: Impact, accounts: Iterable[Account] = tuple(Account)) -> Mapping[Account, Decimal]:
    """The full amounts at risk by account, without the accounts that have none."""
    return {account: impact.full(account) for account in accounts if impact.full(account)}
