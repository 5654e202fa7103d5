"""Decisions: what was decided about findings, by whom and until when; kept for good, and what came of each."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from model.findings import Account, Decided, FindingState, Impact, OptionKind, TrackedFinding, combined


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision as it was recorded; it is never changed, a later one takes its place.

    ``fingerprints`` names the finding first, then those that the same act settles. ``kind`` and ``record_id`` are those
    of the option that was chosen; both are None for free words. ``owner`` carries it out, and ``until`` is the day by
    which its effect is to be seen. ``overrides`` says whose right it was where ``by`` had none, and ``entered_by`` who
    typed it.
    """

    fingerprints: tuple[str, ...]
    says: str
    by: str
    owner: str
    until: date
    at: datetime
    kind: OptionKind | None = None
    record_id: str | None = None
    note: str = ""
    entered_by: str = ""
    overrides: str = ""
    number: int | None = field(default=None, compare=False)
    """Under which it is stored; None until it is."""

    def about(self, impact: Impact, says: str = "") -> Decided:
        """What one of the findings keeps of it; ``says`` is what is done about that one, where it is not the same."""
        return Decided(says or self.says, self.by, self.owner, self.until, self.at, impact, self.kind)


class Progress(StrEnum):
    """How far a decision has come."""

    UNDER_WAY = "under way"
    """Its day is still to come."""
    DONE = "done"
    """What it was about is gone."""
    OVERDUE = "overdue"
    """Its day has passed, and what it was about still stands."""
    OUTGROWN = "outgrown"
    """What it was about has worsened beyond what was decided, before its day."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one decision: the findings it is about, and how far they have come."""

    decision: Decided
    findings: tuple[TrackedFinding, ...]
    progress: Progress

    @property
    def before(self) -> Impact:
        """The impact that was decided on; each record counts once."""
        return combined([each.decision.before for each in self.findings if each.decision])

    @property
    def after(self) -> Impact:
        """What of it still stands."""
        return combined([each.finding.impact for each in self.findings if each.standing])

    @property
    def partly_seen(self) -> bool:
        """Whether some of the effect is there: a finding is gone, or what stands is smaller than it was."""
        if self.progress is Progress.DONE:
            return False
        gone = any(not each.standing for each in self.findings)
        return gone or any(_eased(each) for each in self.findings)


def outcomes(tracked: Iterable[TrackedFinding], today: date) -> tuple[Outcome, ...]:
    """The last decision about each of these findings and what came of it; those of one decision together, in the
    order of their days."""
    groups: dict[tuple[datetime, str], list[TrackedFinding]] = {}
    for each in tracked:
        if each.decision is not None and each.state is not FindingState.ACCEPTED:
            groups.setdefault((each.decision.at, each.decision.by), []).append(each)
    told = [_outcome(sorted(group, key=_weightiest), today) for group in groups.values()]
    return tuple(sorted(told, key=lambda each: (each.decision.until, each.decision.at, each.findings[0].fingerprint)))


def _outcome(findings: list[TrackedFinding], today: date) -> Outcome:
    decision = findings[0].decision
    assert decision is not None
    standing = [each for each in findings if each.standing]
    if not standing:
        progress = Progress.DONE
    elif decision.until < today:
        progress = Progress.OVERDUE
    elif all(each.decided for each in standing):
        progress = Progress.UNDER_WAY
    else:
        progress = Progress.OUTGROWN
    return Outcome(decision, tuple(findings), progress)


def _weightiest(tracked: TrackedFinding) -> tuple[Decimal, str]:
    impact = tracked.finding.impact
    return -max(impact.full(account) for account in Account), tracked.fingerprint


def _eased(tracked: TrackedFinding) -> bool:
    """Whether a standing finding is smaller than what was decided on, in days or money, and in neither larger."""
    if tracked.decision is None or not tracked.standing:
        return False
    before, after = tracked.decision.before, tracked.finding.impact
    if before.days is not None and after.days is None:
        return False
    moved = [before.full(account) - after.full(account) for account in Account]
    if before.days is not None and after.days is not None:
        moved.append(Decimal(before.days - after.days))
    return max(moved) > 0 and min(moved) >= 0
