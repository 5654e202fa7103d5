"""What is not told because something above it was stopped. It stays open and visible; nothing resolves by it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from model.findings import Finding, FindingState, TrackedFinding, Transition, TransitionKind
from model.objectives import Objective, ObjectiveTree, StageGate
from reconcile.world import World

_STOPPED = {StageGate.ON_HOLD: "is on hold", StageGate.CANCELLED: "is cancelled"}


def inhibitions(findings: Iterable[Finding], world: World) -> Mapping[str, str]:
    """Fingerprint to the reason why a finding is not told: everything it serves lies below a stopped objective.

    What is found about the stopped objective itself is told, and so is every promise to a customer: it stands whatever
    becomes of the plan.
    """
    if not world.options.silence_below_stopped:
        return {}
    return {
        finding.fingerprint: reason
        for finding in findings
        if world.network.deals.keys().isdisjoint(finding.subjects)
        and (reason := _stopped_above(world.tree, finding.objective_ids))
    }


def _stopped_above(tree: ObjectiveTree, objective_ids: Sequence[str]) -> str:
    """Which objective above is stopped, in words; empty unless there is one above each of these."""
    stopped = [
        next((each for each in tree.path(id_)[1:] if each.stage_gate in _STOPPED), None) for id_ in objective_ids
    ]
    named = [objective for objective in stopped if objective is not None]
    return _words(named[0]) if named and len(named) == len(stopped) else ""


def _words(objective: Objective) -> str:
    gate = _STOPPED[objective.stage_gate] if objective.stage_gate else ""
    because = f" ({objective.stage_reason})" if objective.stage_reason else ""
    return f"{objective.id} {objective.name} above it {gate}{because}"


def inhibited(
    before: TrackedFinding | None,
    after: TrackedFinding,
    steps: Sequence[Transition],
    reason: str | None,
    now: datetime,
) -> tuple[TrackedFinding, list[Transition]]:
    """Mark one finding as not told, or lift the mark; ``reason`` is None where this run could not judge it."""
    known = before.inhibited_by if before is not None and before.standing else ""
    if not after.standing:
        return replace(after, inhibited_by="") if known else after, _quiet(steps, known)
    if reason is None or reason == known:
        return replace(after, inhibited_by=known) if known else after, _quiet(steps, known)
    if reason:
        mark = [] if known else [_step(after, TransitionKind.INHIBITED, now, reason)]
        return replace(after, inhibited_by=reason), [*_quiet(steps, reason), *mark]
    return _lifted(after, steps, known, now)


def _lifted(
    after: TrackedFinding, steps: Sequence[Transition], known: str, now: datetime
) -> tuple[TrackedFinding, list[Transition]]:
    """It counts again, so it is told as a whole: what happened meanwhile was no news."""
    accepted = after.state is FindingState.ACCEPTED
    kind = TransitionKind.RELEASED if accepted else TransitionKind.REOPENED
    lifted = _step(after, kind, now, f"it was not told while this was so: {known}")
    changed = replace(after, inhibited_by="", told=after.finding.impact, changed_at=now)
    return changed, [*_quiet(steps, known), lifted]


def _quiet(steps: Sequence[Transition], reason: str) -> list[Transition]:
    return [replace(step, quiet=reason) for step in steps] if reason else list(steps)


def _step(after: TrackedFinding, kind: TransitionKind, now: datetime, reason: str) -> Transition:
    impact = after.finding.impact
    before = None if kind is TransitionKind.REOPENED else after.told
    return Transition(fingerprint=after.fingerprint, kind=kind, at=now, reason=reason, before=before, after=impact)
