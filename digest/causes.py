"""Findings grouped by what causes them: forty deals broken by one release are one piece of news (design 5.11)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from digest.base import AtOnce, News
from model.causes import cause_key, cause_rank, rank
from model.findings import (
    Finding,
    FindingState,
    Impact,
    TrackedFinding,
    Transition,
    TransitionKind,
    Triage,
    combined,
)


class Verdict(StrEnum):
    """What a reader has to know about one finding since the last mail."""

    NEW = "new"
    REOPENED = "reopened"
    EXPIRED = "acceptance expired"
    OVERDUE = "decision overdue"
    WORSENED = "worsened"
    IMPROVED = "improved"
    RESOLVED = "resolved"


_TOLD_AS = {
    TransitionKind.OPENED: Verdict.NEW,
    TransitionKind.REOPENED: Verdict.REOPENED,
    TransitionKind.EXPIRED: Verdict.EXPIRED,
    TransitionKind.OVERDUE: Verdict.OVERDUE,
    TransitionKind.WORSENED: Verdict.WORSENED,
    TransitionKind.IMPROVED: Verdict.IMPROVED,
    TransitionKind.RESOLVED: Verdict.RESOLVED,
    TransitionKind.SETTLED: Verdict.REOPENED,
}
_WAS_AT_RISK = (
    TransitionKind.WORSENED,
    TransitionKind.IMPROVED,
    TransitionKind.ACKNOWLEDGED,
    TransitionKind.ACCEPTED,
    TransitionKind.DECIDED,
    TransitionKind.OVERDUE,
    TransitionKind.RESOLVED,
    TransitionKind.HELD,
    TransitionKind.RELEASED,
)
_FIRST = (
    TransitionKind.OPENED,
    TransitionKind.REOPENED,
    TransitionKind.SETTLED,
    TransitionKind.EXPIRED,
    TransitionKind.OVERDUE,
)
"""What a reader is told of first, whatever came after it."""


@dataclass(frozen=True, slots=True)
class Told:
    """One finding with its verdict and the impact it had when the audience last heard of it (None: no risk yet)."""

    tracked: TrackedFinding
    verdict: Verdict
    before: Impact | None
    reason: str = ""
    at_once: datetime | None = None
    """When a notice told all of it before; then it is not told as if it were new."""

    @property
    def after(self) -> Impact | None:
        """The impact that counts as at risk now; None when resolved or accepted."""
        return self.tracked.finding.impact if is_at_risk(self.tracked) else None


def is_at_risk(tracked: TrackedFinding) -> bool:
    """Open and acknowledged findings are at risk; accepted ones were decided, resolved ones are over.

    What lies below something that was stopped is not: it is told when the work goes on.
    """
    return tracked.state in (FindingState.OPEN, FindingState.ACKNOWLEDGED) and not tracked.inhibited_by


def judge(news: News, at_once: AtOnce | None = None) -> Told | None:
    """Reduce what happened to one finding to one verdict; None when nothing of it is news.

    Of what a notice told already only what came after it counts for the verdict.
    """
    transitions = [transition for transition in news.transitions if not transition.baseline]
    telling = [transition for transition in transitions if transition.kind in _TOLD_AS and not transition.quiet]
    if not telling:
        return None
    before = _before(news.tracked, transitions)
    later = [step for step in telling if at_once is None or (step.sequence or 0) > at_once.sequence]
    told = at_once.at if at_once is not None and not later and news.tracked.standing else None
    return Told(news.tracked, _verdict(news.tracked, later or telling), before, telling[-1].reason, told)


def _verdict(tracked: TrackedFinding, telling: Sequence[Transition]) -> Verdict:
    """What was opened and then worsened is still new to the reader; of smaller moves the last one counts."""
    if tracked.state is FindingState.RESOLVED:
        return Verdict.RESOLVED
    kinds = [transition.kind for transition in telling]
    for kind in _FIRST:
        if kind in kinds:
            return _TOLD_AS[kind]
    return _TOLD_AS[kinds[-1]]


def _before(tracked: TrackedFinding, transitions: Sequence[Transition]) -> Impact | None:
    """What counted as at risk before the first of the transitions; an accepted finding did not count."""
    first = transitions[0]
    accepted_before = tracked.acceptance is not None and all(
        transition.kind is not TransitionKind.ACCEPTED for transition in transitions
    )
    if first.kind not in _WAS_AT_RISK or accepted_before:
        return None
    return first.before or tracked.told


@dataclass(frozen=True, slots=True)
class Cause:
    """The findings of one cause, the weightiest first. Their money is counted once per record."""

    findings: tuple[TrackedFinding, ...]
    told: tuple[Told, ...] = ()

    @property
    def lead(self) -> Finding:
        """The finding whose words stand for all of them."""
        return self.findings[0].finding

    @property
    def key(self) -> str:
        return cause_key(self.lead)

    @property
    def impact(self) -> Impact:
        return combined([tracked.finding.impact for tracked in self.findings])

    @property
    def decide_by(self) -> date | None:
        """The earliest day on which one of them must be decided."""
        days = [tracked.finding.decide_by for tracked in self.findings if tracked.finding.decide_by]
        return min(days, default=None)

    @property
    def decider(self) -> str | None:
        """Who decides: the one the weightiest finding names."""
        return next((tracked.finding.decider for tracked in self.findings if tracked.finding.decider), None)

    @property
    def triage(self) -> Triage | None:
        """The largest slip that turned the agenda to triage, if any did."""
        marks = [tracked.finding.triage for tracked in self.findings if tracked.finding.triage is not None]
        return max(marks, key=lambda mark: (mark.percent, mark.slip), default=None)

    @property
    def held_since(self) -> datetime | None:
        """Since when one of them was not re-checked."""
        return min((tracked.held_since for tracked in self.findings if tracked.held_since), default=None)


def days_of(causes: Iterable[Cause]) -> dict[str, date]:
    """The findings of some causes that must be decided by a day, each with this day."""
    members = (tracked.finding for cause in causes for tracked in cause.findings)
    return {finding.fingerprint: finding.decide_by for finding in members if finding.decide_by is not None}


def group(findings: Iterable[TrackedFinding], told: Iterable[Told] = ()) -> tuple[Cause, ...]:
    """Group by cause, ranked by money, then by the day of decision, then by key so that equal ones keep their order."""
    verdicts = {entry.tracked.fingerprint: entry for entry in told}
    groups: dict[str, list[TrackedFinding]] = {}
    for tracked in findings:
        groups.setdefault(cause_key(tracked.finding), []).append(tracked)
    causes = [_cause(members, verdicts) for members in groups.values()]
    return tuple(sorted(causes, key=lambda cause: cause_rank(cause.impact, cause.decide_by, cause.key)))


def _cause(members: Sequence[TrackedFinding], verdicts: dict[str, Told]) -> Cause:
    ranked = tuple(sorted(members, key=lambda tracked: rank(tracked.finding)))
    return Cause(ranked, tuple(verdicts[m.fingerprint] for m in ranked if m.fingerprint in verdicts))
