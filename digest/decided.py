"""What came of what was decided: taken since the reader was last told, done, worsened, or overdue (domain 4.2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from digest.base import News
from model.decisions import Outcome, Progress, outcomes
from model.findings import Acceptance, FindingState, TrackedFinding, TransitionKind

_ORDER = (Progress.OVERDUE, Progress.OUTGROWN, Progress.DONE, Progress.UNDER_WAY)
_TELLING = {
    Progress.OVERDUE: frozenset(TransitionKind),
    Progress.OUTGROWN: frozenset({TransitionKind.DECIDED, TransitionKind.WORSENED}),
    Progress.DONE: frozenset({TransitionKind.RESOLVED}),
    Progress.UNDER_WAY: frozenset({TransitionKind.DECIDED, TransitionKind.IMPROVED, TransitionKind.RESOLVED}),
}
"""What must have happened since the last mail for a decision to be told; one that is overdue is told every time."""


@dataclass(frozen=True, slots=True)
class LastDecision:
    """One decision that the reader is told of: what came of it, or the acceptance that it is.

    ``taken`` says that it was taken since the reader was last told.
    """

    findings: tuple[TrackedFinding, ...]
    taken: bool
    outcome: Outcome | None = None
    acceptance: Acceptance | None = None


def last_decisions(tracked: Iterable[TrackedFinding], news: Iterable[News], today: date) -> tuple[LastDecision, ...]:
    """The decisions that a mail tells of: what is overdue first, then what was outgrown, took effect or was taken."""
    known = tuple(tracked)
    steps = {entry.tracked.fingerprint: _kinds(entry) for entry in news}
    told = [last for outcome in outcomes(known, today) if (last := _told(outcome, steps)) is not None]
    told.sort(key=lambda last: _ORDER.index(last.outcome.progress) if last.outcome else len(_ORDER))
    return (*told, *_accepted(known, steps))


def _kinds(entry: News) -> frozenset[TransitionKind]:
    return frozenset(step.kind for step in entry.transitions if not step.quiet)


def _told(outcome: Outcome, steps: Mapping[str, frozenset[TransitionKind]]) -> LastDecision | None:
    happened = frozenset[TransitionKind]().union(*(steps.get(each.fingerprint, ()) for each in outcome.findings))
    if outcome.progress is not Progress.OVERDUE and happened.isdisjoint(_TELLING[outcome.progress]):
        return None
    return LastDecision(outcome.findings, TransitionKind.DECIDED in happened, outcome=outcome)


def _accepted(
    tracked: Iterable[TrackedFinding], steps: Mapping[str, frozenset[TransitionKind]]
) -> Iterable[LastDecision]:
    """The acceptances of one person for one reason and until one day are one decision."""
    groups: dict[Acceptance, list[TrackedFinding]] = {}
    for each in tracked:
        accepted = each.state is FindingState.ACCEPTED and each.acceptance is not None
        if accepted and each.acceptance and TransitionKind.ACCEPTED in steps.get(each.fingerprint, ()):
            groups.setdefault(each.acceptance, []).append(each)
    return [LastDecision(tuple(found), True, acceptance=acceptance) for acceptance, found in groups.items()]
