"""What the sections of one mail are written from: the edition, sorted once into decisions, news and what eased."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from digest.audiences.budget import count_pieces, within
from digest.audiences.grant import granted
from digest.audiences.interest import news_of_accounts, of_accounts, wanted
from digest.base import Block, Edition, News
from digest.causes import Cause, Told, Verdict, group, is_at_risk, judge
from digest.decided import LastDecision, last_decisions
from digest.language import Language
from model.calendars import Calendar
from model.causes import cause_key
from model.findings import Account, FindingState, Impact, Severity, TrackedFinding, combined

EXPIRY_NOTICE = timedelta(days=14)
"""How long before its end an acceptance is brought up again."""

FULL_OF_DECISIONS = 3
"""With so many decisions, what their cards tell is told nowhere else, and how it hangs together is left to the code."""

OPENED = (Verdict.NEW, Verdict.REOPENED, Verdict.EXPIRED)
WHOLE_CARDS = 1
"""The screen of a phone holds one decision with all that is known; several are told in short, each with the same."""

FRESH = (Verdict.NEW, Verdict.REOPENED, Verdict.EXPIRED, Verdict.OVERDUE, Verdict.WORSENED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One edition, sorted. Causes are ranked; ``before`` and ``after`` are the whole value at risk, records once."""

    edition: Edition
    today: date
    told: tuple[Told, ...]
    at_risk: tuple[TrackedFinding, ...]
    accepted: tuple[TrackedFinding, ...]
    silenced: tuple[TrackedFinding, ...] = ()
    decisions: tuple[Cause, ...]
    fresh: tuple[Cause, ...]
    eased: tuple[Cause, ...]
    expiring: tuple[TrackedFinding, ...]
    expiring_is_news: bool
    watched: tuple[TrackedFinding, ...]
    before: Impact
    after: Impact
    upkeep: int = 0
    """How many findings about the data itself stand and are left to those who look after it."""
    past: tuple[News, ...] = ()
    """What happened to its findings within the time that the plots show."""
    pieces: int = 0
    """How many pieces of news are told: all findings of one cause are one."""
    held_back: tuple[str, ...] = ()
    """The findings whose news the readers' budget holds back."""
    held_pieces: int = 0
    """How many pieces of news that are."""
    last_decisions: tuple[LastDecision, ...] = ()
    """What was decided or took effect since the reader was last told, and what is overdue."""

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts that are told, in the reader's order."""
        return self.edition.options.told_accounts

    @property
    def working_days(self) -> Calendar | None:
        """The calendar by which days are counted, where the audience names one."""
        return self.edition.calendar if self.edition.options.calendar else None

    @property
    def words(self) -> Language:
        """How the reader is spoken to."""
        return self.edition.language

    @property
    def mails_used_up(self) -> bool:
        """Whether the readers' budget has room only for what breaks it."""
        return self.edition.allowance is not None and self.edition.allowance.mails_used_up

    @property
    def has_news(self) -> bool:
        """Whether there is a reason for a mail. What was decided is none: it opens the next one (domain 4.2)."""
        if self.mails_used_up:
            return bool(self.told) or self.triage_is_news
        return bool(self.told) or self.expiring_is_news or self.triage_is_news

    @property
    def triage_is_news(self) -> bool:
        """Whether a triage is called for or called off."""
        return self.edition.meeting is not None and self.edition.meeting.fresh

    @property
    def taken(self) -> int:
        """How many decisions were taken since the reader was last told."""
        return sum(each.taken for each in self.last_decisions)

    @property
    def shown_decisions(self) -> tuple[Cause, ...]:
        return self.decisions[: self.edition.options.max_decisions]

    @property
    def in_short(self) -> bool:
        """Whether the decisions are told in short."""
        return len(self.shown_decisions) > WHOLE_CARDS

    @property
    def full_of_decisions(self) -> bool:
        return len(self.shown_decisions) >= FULL_OF_DECISIONS

    def first_due(self, decisions: Iterable[Cause]) -> date | None:
        return min((cause.decide_by for cause in decisions if cause.decide_by), default=None)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the mail. ``compose`` gives its blocks, or none when it has nothing to say.

    The heading is a text of the code like those that are said; it is translated when the mail is put together.
    """

    name: str
    order: int
    heading: str
    compose: Callable[[Brief], tuple[Block, ...]]


def sort_edition(edition: Edition) -> Brief:
    """Keep what this audience may see and wants to hear, and sort it into what the sections tell."""
    today = edition.now.astimezone(edition.zone).date()
    edition = _of_audience(granted(edition))
    judged = (judge(news, edition.told_at_once.get(news.tracked.fingerprint)) for news in edition.news)
    told, held = within(edition.allowance, [entry for entry in judged if entry is not None], today)
    unheard = {entry.tracked.fingerprint for entry in held if entry.verdict in OPENED}
    current = {t.fingerprint: t for t in edition.standing if edition.options.upkeep or not t.finding.upkeep}
    current.update({news.tracked.fingerprint: news.tracked for news in edition.news})
    standing = [tracked for tracked in current.values() if tracked.standing]
    at_risk = tuple(tracked for tracked in standing if is_at_risk(tracked))
    accepted = tuple(tracked for tracked in standing if tracked.state is FindingState.ACCEPTED)
    fresh = [entry for entry in told if entry.verdict in FRESH]
    eased = [entry for entry in told if entry.verdict not in FRESH]
    news_prints = {entry.tracked.fingerprint for entry in told}
    heard = [tracked for tracked in at_risk if tracked.fingerprint not in unheard]
    asked = (tracked for tracked in heard if not tracked.decided)
    decisions = tuple(cause for cause in group(asked, told) if _needs_decision(cause))
    told_above = news_prints | {tracked.fingerprint for cause in decisions for tracked in cause.findings}
    expiring = _expiring(accepted, today)
    return Brief(
        edition=edition,
        today=today,
        told=told,
        at_risk=at_risk,
        accepted=accepted,
        silenced=tuple(tracked for tracked in standing if tracked.inhibited_by),
        decisions=decisions,
        fresh=group((entry.tracked for entry in fresh), fresh),
        eased=group((entry.tracked for entry in eased), eased),
        expiring=expiring,
        expiring_is_news=any(_comes_into_notice(tracked, edition, today) for tracked in expiring),
        watched=tuple(
            tracked
            for tracked in heard
            if tracked.finding.severity is Severity.NOTICE and tracked.fingerprint not in told_above
        ),
        before=_value_before(at_risk, told),
        after=combined([tracked.finding.impact for tracked in at_risk]),
        past=edition.past,
        upkeep=0 if edition.options.upkeep else _upkeep(edition),
        pieces=count_pieces(told),
        held_back=_held_back(edition, told, held),
        held_pieces=len({cause_key(entry.tracked.finding) for entry in held}),
        last_decisions=last_decisions(current.values(), edition.news, today),
    )


def _of_audience(edition: Edition) -> Edition:
    """Only what the audience wants to hear, with the money of its accounts; what is about the data stays, to be
    counted."""
    visible, accounts = wanted(edition), edition.options.told_accounts
    return replace(
        edition,
        news=tuple(news_of_accounts(news, accounts) for news in edition.news if visible(news.tracked)),
        past=tuple(news_of_accounts(news, accounts) for news in edition.past if visible(news.tracked)),
        standing=tuple(
            of_accounts(tracked, accounts)
            for tracked in edition.standing
            if visible(tracked) or (tracked.finding.upkeep and not edition.options.upkeep)
        ),
    )


def _held_back(edition: Edition, told: Iterable[Told], held: Iterable[Told]) -> tuple[str, ...]:
    """The findings to come back to; where there is no mail, also those to which only something small happened."""
    found = {entry.tracked.fingerprint for entry in held}
    if edition.allowance is not None and edition.allowance.mails_used_up:
        found |= {news.tracked.fingerprint for news in edition.news}
        found -= {entry.tracked.fingerprint for entry in told}
    return tuple(sorted(found))


def _upkeep(edition: Edition) -> int:
    """What is about the data and stands, without what its owners were only just asked to mend."""
    return sum(
        is_at_risk(tracked) and tracked.fingerprint not in edition.with_owners
        for tracked in edition.standing
        if tracked.finding.upkeep
    )


def _needs_decision(cause: Cause) -> bool:
    """Somebody may decide something: a decider, a last day or an option is named. Notices need no action."""
    return cause.lead.severity > Severity.NOTICE and bool(cause.decider or cause.decide_by or cause.lead.advice)


def _value_before(at_risk: Iterable[TrackedFinding], told: Iterable[Told]) -> Impact:
    """The value at risk when the audience was last told: what has not moved, and what moved as it was then."""
    moved = {entry.tracked.fingerprint: entry.before for entry in told}
    still = [tracked.finding.impact for tracked in at_risk if tracked.fingerprint not in moved]
    return combined([*still, *(impact for impact in moved.values() if impact is not None)])


def _expiring(accepted: Iterable[TrackedFinding], today: date) -> tuple[TrackedFinding, ...]:
    soon = [
        tracked
        for tracked in accepted
        if tracked.acceptance is not None and tracked.acceptance.until <= today + EXPIRY_NOTICE
    ]
    return tuple(sorted(soon, key=lambda tracked: (_until(tracked), tracked.fingerprint)))


def _until(tracked: TrackedFinding) -> date:
    return tracked.acceptance.until if tracked.acceptance else date.max


def _comes_into_notice(tracked: TrackedFinding, edition: Edition, today: date) -> bool:
    """An acceptance is news once: on the first mail after it came within the notice before its end."""
    if edition.since is None:
        return False
    last_told = edition.since.astimezone(edition.zone).date()
    return last_told < _until(tracked) - EXPIRY_NOTICE <= today
