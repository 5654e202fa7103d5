"""What the sections of one mail are written from: the edition, sorted once into decisions, news and what eased."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from digest.base import Block, Edition
from digest.causes import Cause, Told, Verdict, group, is_at_risk, judge
from model.findings import FindingState, Impact, Severity, TrackedFinding, combined

EXPIRY_NOTICE = timedelta(days=14)
"""How long before its end an acceptance is brought up again."""

FULL_OF_DECISIONS = 3
"""With so many decisions, what their cards tell is told nowhere else, and how it hangs together is left to the code."""

FRESH = (Verdict.NEW, Verdict.REOPENED, Verdict.EXPIRED, Verdict.WORSENED)


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

    @property
    def has_news(self) -> bool:
        return bool(self.told) or self.expiring_is_news

    @property
    def shown_decisions(self) -> tuple[Cause, ...]:
        return self.decisions[: self.edition.options.max_decisions]

    @property
    def full_of_decisions(self) -> bool:
        return len(self.shown_decisions) >= FULL_OF_DECISIONS

    def first_due(self, decisions: Iterable[Cause]) -> date | None:
        return min((cause.decide_by for cause in decisions if cause.decide_by), default=None)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the mail. ``compose`` gives its blocks, or none when it has nothing to say."""

    name: str
    order: int
    heading: str
    compose: Callable[[Brief], tuple[Block, ...]]


def sort_edition(edition: Edition) -> Brief:
    """Keep what this audience may see and wants to hear, and sort it into what the sections tell."""
    today = edition.now.astimezone(edition.zone).date()
    visible = _audience_filter(edition)
    told = tuple(
        entry for entry in (judge(news) for news in edition.news if visible(news.tracked)) if entry is not None
    )
    current = {tracked.fingerprint: tracked for tracked in edition.standing if visible(tracked)}
    current.update({news.tracked.fingerprint: news.tracked for news in edition.news if visible(news.tracked)})
    standing = [tracked for tracked in current.values() if tracked.standing]
    at_risk = tuple(tracked for tracked in standing if is_at_risk(tracked))
    accepted = tuple(tracked for tracked in standing if tracked.state is FindingState.ACCEPTED)
    fresh = [entry for entry in told if entry.verdict in FRESH]
    eased = [entry for entry in told if entry.verdict not in FRESH]
    news_prints = {entry.tracked.fingerprint for entry in told}
    decisions = tuple(cause for cause in group(at_risk, told) if _needs_decision(cause))
    decided_on = {tracked.fingerprint for cause in decisions for tracked in cause.findings}
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
            for tracked in at_risk
            if tracked.finding.severity is Severity.NOTICE and tracked.fingerprint not in news_prints | decided_on
        ),
        before=_value_before(at_risk, told),
        after=combined([tracked.finding.impact for tracked in at_risk]),
        upkeep=0 if edition.options.upkeep else sum(is_at_risk(t) for t in edition.standing if t.finding.upkeep),
    )


def _audience_filter(edition: Edition) -> Callable[[TrackedFinding], bool]:
    granted = edition.tree.subtree(edition.options.objectives) if edition.options.objectives else None

    def visible(tracked: TrackedFinding) -> bool:
        finding = tracked.finding
        if finding.upkeep and not edition.options.upkeep:
            return False
        if finding.severity < edition.options.minimum_severity:
            return False
        return granted is None or not granted.isdisjoint(finding.objective_ids)

    return visible


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
