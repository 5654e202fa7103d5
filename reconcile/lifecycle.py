"""The life of a finding from run to run. Pure: the last state and a judgement in, changes and transitions out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from model.errors import UsageError
from model.findings import (
    Acceptance,
    Account,
    Decided,
    Finding,
    FindingState,
    Impact,
    TrackedFinding,
    Transition,
    TransitionKind,
)
from reconcile.flapping import damped
from reconcile.impact import raised, rate_alone
from reconcile.inhibition import inhibited
from reconcile.judgement import Hold, Judgement
from reconcile.wording import day_text, days_text

if TYPE_CHECKING:
    from reconcile.options import ReconcileOptions

_BEGINNINGS = frozenset({TransitionKind.OPENED, TransitionKind.REOPENED})


@dataclass(frozen=True, slots=True)
class Advance:
    """What a run changed.

    ``tracked`` are the findings whose stored form changed; ``confirmed`` are the fingerprints of those that were judged
    again with the same result, so that only their time of judgement moves. ``transitions`` come in a fixed order.
    """

    tracked: tuple[TrackedFinding, ...] = ()
    transitions: tuple[Transition, ...] = ()
    confirmed: tuple[str, ...] = ()


def advance(
    tracked: Mapping[str, TrackedFinding],
    judgement: Judgement,
    *,
    now: datetime,
    today: date,
    baseline: bool,
    options: "ReconcileOptions",
) -> Advance:
    """Lead every finding on. The same judgement a second time changes nothing. ``tracked`` are the stored findings, or
    of them only those that the run judged; they are gone through in the order of their fingerprints.

    A finding stands until it was judged and not found, or accepted; nothing that could not be judged is resolved.
    One that comes and goes, or lies below something that was stopped, keeps all its transitions, but they are quiet.
    With ``baseline`` what opens is marked as there before anybody looked.
    """
    found = {finding.fingerprint: finding for finding in judgement.findings}
    run = _Run(judgement, now, today, baseline, options)
    changed: list[TrackedFinding] = []
    confirmed: list[str] = []
    transitions: list[Transition] = []
    for key in sorted(found.keys() | tracked.keys()):
        before, now_found = tracked.get(key), found.get(key)
        if before and not now_found and not judgement.judges(before.finding.check, before.finding.subjects[0]):
            continue
        after, steps = run.lead(before, now_found)
        transitions.extend(steps)
        if after is None:
            continue
        if before is None or not _alike(after, before):
            changed.append(after)
        elif after.judged_at != before.judged_at:
            confirmed.append(key)
    return Advance(tuple(changed), tuple(transitions), tuple(confirmed))


def accept(
    tracked: TrackedFinding, acceptance: Acceptance, *, now: datetime, today: date
) -> tuple[TrackedFinding, Transition]:
    """Live with a finding until a day. Raise UsageError without a reason, a person or a day to come."""
    if not tracked.standing:
        raise UsageError("a resolved finding cannot be accepted", hint="driftline findings lists what stands")
    if not acceptance.by.strip() or not acceptance.why.strip():
        raise UsageError("an acceptance names who accepts and why", hint="say both")
    if acceptance.until < today:
        raise UsageError(f"{day_text(acceptance.until)} has passed", hint="name the last day of the acceptance")
    impact = tracked.finding.impact
    accepted = replace(
        tracked, state=FindingState.ACCEPTED, changed_at=now, acceptance=acceptance, decision=None, told=impact
    )
    reason = f"until {day_text(acceptance.until)}: {acceptance.why}"
    return accepted, _step(tracked, TransitionKind.ACCEPTED, now, reason, impact, by=acceptance.by)


def acknowledge(tracked: TrackedFinding, *, by: str, why: str = "", now: datetime) -> tuple[TrackedFinding, Transition]:
    """Note that somebody looks after a finding. Raise UsageError when it is resolved or accepted."""
    if tracked.state in (FindingState.RESOLVED, FindingState.ACCEPTED):
        raise UsageError(f"the finding is {tracked.state.value}", hint="only an open finding can be acknowledged")
    if not by.strip():
        raise UsageError("an acknowledgement names who looks after it", hint="say who")
    # A decision that did not hold what it promised is over when somebody looks after the finding anew.
    decision = tracked.decision if tracked.decided else None
    known = replace(tracked, state=FindingState.ACKNOWLEDGED, changed_at=now, decision=decision)
    return known, _step(tracked, TransitionKind.ACKNOWLEDGED, now, why, tracked.finding.impact, by=by)


def decide(
    tracked: TrackedFinding, decision: Decided, *, now: datetime, today: date
) -> tuple[TrackedFinding, Transition]:
    """Note what was decided about a finding: nobody is asked again before its day, unless it worsens beyond that.

    Raise UsageError without words, a person who decides, one who carries it out, or a day to come.
    """
    if not tracked.standing:
        raise UsageError("a resolved finding needs no decision", hint="driftline findings lists what stands")
    if not (decision.says.strip() and decision.by.strip() and decision.owner.strip()):
        raise UsageError("a decision names what is done, who decides and who carries it out", hint="say all three")
    if decision.until < today:
        raise UsageError(f"{day_text(decision.until)} has passed", hint="name the day by which the effect is there")
    impact = tracked.finding.impact
    decision = replace(decision, before=impact)
    decided = replace(
        tracked, state=FindingState.ACKNOWLEDGED, changed_at=now, acceptance=None, decision=decision, told=impact
    )
    reason = f"{decision.says}; {decision.owner} carries it out until {day_text(decision.until)}"
    return decided, _step(tracked, TransitionKind.DECIDED, now, reason, impact, by=decision.by)


@dataclass(frozen=True, slots=True)
class _Run:
    judgement: Judgement
    now: datetime
    today: date
    baseline: bool
    options: "ReconcileOptions"

    def lead(
        self, before: TrackedFinding | None, finding: Finding | None
    ) -> tuple[TrackedFinding | None, list[Transition]]:
        """Lead one finding on: what becomes of it, and the transitions on the way, the quiet ones marked."""
        after, steps = self._led(before, finding)
        if after is None:
            return after, steps
        hold = self.judgement.hold(after.finding, finding) if self._matters(before, after) else None
        damp = self.options.flapping
        after, steps = damped(before, after, steps, now=self.now, judged=hold is None, options=damp)
        steps += self._worse_than_told(before, after)
        goes_on = before is not None and before.standing
        reason = None
        if finding is not None and not (hold and goes_on):
            reason = self.judgement.inhibited.get(finding.fingerprint, "")
        return inhibited(before, after, steps, reason, self.now)

    def _worse_than_told(self, before: TrackedFinding | None, after: TrackedFinding) -> list[Transition]:
        """What came back quietly, and worse than when people last heard that it stands."""
        if before is None or before.standing or not after.standing or before.flapping is None:
            return []
        kind, reason = _change(replace(after, told=before.told), after.finding, self.options)
        if kind is not TransitionKind.WORSENED or not before.flapping.told_standing:
            return []
        return [replace(_step(after, kind, self.now, reason, after.finding.impact), before=before.told)]

    def _matters(self, before: TrackedFinding | None, after: TrackedFinding) -> bool:
        """Whether it makes a difference for the marks if this run could judge it."""
        marked = before is not None and bool(before.flapping or before.inhibited_by)
        return marked or after.fingerprint in self.judgement.inhibited

    def _led(
        self, before: TrackedFinding | None, finding: Finding | None
    ) -> tuple[TrackedFinding | None, list[Transition]]:
        if before is None or not before.standing:
            return self._begin(before, finding) if finding is not None else (before, [])
        current, steps = self._expired(before)
        hold = self.judgement.hold(current.finding, finding)
        if hold is not None:
            current, more = self._held(current, hold)
        elif finding is not None:
            current, more = self._stands(current, finding)
        else:
            current, more = self._resolved(current)
        return current, [*steps, *more]

    def _begin(self, before: TrackedFinding | None, finding: Finding) -> tuple[TrackedFinding | None, list[Transition]]:
        """Open or reopen, unless a source behind it was never read completely: then nothing is known yet.

        A source that was complete once and is behind now does not keep a new disagreement back; the mark says how old
        its side is.
        """
        hold = self.judgement.hold(finding, finding)
        if hold is not None and not (hold.behind and hold.since):
            return before, []
        kind = TransitionKind.REOPENED if before else TransitionKind.OPENED
        baseline = self.baseline and before is None
        opened = TrackedFinding(
            finding=finding,
            opened_at=self.now,
            changed_at=self.now,
            judged_at=self.now,
            told=finding.impact,
            held_since=hold.since if hold else None,
            held_because=hold.because if hold else "",
            baseline=baseline,
        )
        reason = hold.because if hold else ""
        return opened, [_step(opened, kind, self.now, reason, finding.impact, baseline=baseline)]

    def _expired(self, current: TrackedFinding) -> tuple[TrackedFinding, list[Transition]]:
        acceptance = current.acceptance
        if current.state is not FindingState.ACCEPTED or acceptance is None or acceptance.until >= self.today:
            return current, []
        reason = f"accepted by {acceptance.by} until {day_text(acceptance.until)}"
        reopened = replace(current, state=FindingState.OPEN, changed_at=self.now, acceptance=None)
        return reopened, [_step(current, TransitionKind.EXPIRED, self.now, reason, current.finding.impact)]

    def _held(self, current: TrackedFinding, hold: Hold) -> tuple[TrackedFinding, list[Transition]]:
        """Keep everything as it was last judged; say once that it was not judged, and why."""
        if current.held_since is not None:
            return replace(current, held_because=hold.because), []
        held = replace(current, held_since=hold.since or self.now, held_because=hold.because, changed_at=self.now)
        return held, [_step(current, TransitionKind.HELD, self.now, hold.because, current.finding.impact)]

    def _stands(self, current: TrackedFinding, finding: Finding) -> tuple[TrackedFinding, list[Transition]]:
        steps: list[Transition] = []
        if current.held_since is not None:
            steps.append(
                _step(current, TransitionKind.RELEASED, self.now, "judged again, and it still stands", finding.impact)
            )
            current = replace(current, held_since=None, held_because="", changed_at=self.now)
        finding = self._aged(finding, current)
        severity_before = current.finding.severity
        kind, reason = _change(current, finding, self.options)
        current = replace(current, finding=finding, judged_at=self.now)
        if current.decided:
            kind, reason = self._since_decided(current, kind, reason)
        elif current.state is FindingState.ACCEPTED:
            if kind is not TransitionKind.WORSENED:
                return current, steps
            kind, reason = TransitionKind.EXPIRED, f"it worsened beyond what was accepted: {reason}"
        elif kind is None and finding.severity > severity_before:
            kind = TransitionKind.WORSENED
            reason = f"{finding.severity.label} now, was {severity_before.label}"
        if kind is None:
            return current, steps
        steps.append(_step(current, kind, self.now, reason, finding.impact))
        # Somebody who acknowledged or accepted it has not seen the worse figure yet.
        state = current.state if kind is TransitionKind.IMPROVED else FindingState.OPEN
        return replace(current, state=state, acceptance=None, told=finding.impact, changed_at=self.now), steps

    def _since_decided(
        self, current: TrackedFinding, kind: TransitionKind | None, reason: str
    ) -> tuple[TransitionKind | None, str]:
        """What is to be told of a decided finding: that it worsened beyond what was decided, that it improved, or that
        the day has passed and it still stands. That it grows older, or worse again than it was lately, is not."""
        decision, finding = current.decision, current.finding
        assert decision is not None
        since, change = _change(replace(current, told=decision.before), finding, self.options)
        if since is TransitionKind.WORSENED:
            return since, f"it worsened beyond what was decided: {change}"
        if decision.until < self.today:
            effect = change or "no effect seen"
            words = f"{decision.by} decided: {decision.says}; {decision.owner} had until {day_text(decision.until)}"
            return TransitionKind.OVERDUE, f"{effect}; {words}"
        return (kind, reason) if kind is TransitionKind.IMPROVED else (None, "")

    def _aged(self, finding: Finding, current: TrackedFinding) -> Finding:
        age = (self.now - current.opened_at).days
        steps = sum(1 for days in self.options.severity.raise_after_days if age >= days)
        return replace(finding, severity=raised(finding.severity, steps))

    def _resolved(self, current: TrackedFinding) -> tuple[TrackedFinding, list[Transition]]:
        reason = self.judgement.gone_because(current.finding)
        resolved = replace(
            current,
            state=FindingState.RESOLVED,
            changed_at=self.now,
            judged_at=self.now,
            held_since=None,
            held_because="",
        )
        return resolved, [_step(current, TransitionKind.RESOLVED, self.now, reason, None)]


def _change(
    current: TrackedFinding, finding: Finding, options: "ReconcileOptions"
) -> tuple[TransitionKind | None, str]:
    """What is material since it was last told: days, or money beyond the percentage and the floor; any worse wins."""
    told, impact = current.told, finding.impact
    worse: list[str] = []
    better: list[str] = []
    if told.days != impact.days:
        text = f"{_late(impact.days)}, was {_late(told.days)}"
        if told.days is None or impact.days is None:
            (worse if impact.days is None else better).append(text)
        elif abs(impact.days - told.days) >= options.materiality_days:
            (worse if impact.days > told.days else better).append(text)
    for account in Account:
        if _is_material(told, impact, account, options):
            after, before = impact.full(account), told.full(account)
            text = f"{account.value} {after:,.0f}, was {before:,.0f}"
            if told.days == impact.days and rate_alone(told, impact, account):
                text += ", by the exchange rate alone"
            (worse if after > before else better).append(text)
    if worse or better:
        kind = TransitionKind.WORSENED if worse else TransitionKind.IMPROVED
        return kind, "; ".join([*worse, *better])
    return None, ""


def _is_material(told: Impact, impact: Impact, account: Account, options: "ReconcileOptions") -> bool:
    before, after = told.full(account), impact.full(account)
    moved = abs(after - before)
    return moved > options.materiality_floor and moved * 100 > options.materiality_percent * before


def _late(days: int | None) -> str:
    if days is None:
        return "nothing supports it"
    return f"{days_text(abs(days))} {'late' if days >= 0 else 'early'}"


def _step(
    tracked: TrackedFinding,
    kind: TransitionKind,
    now: datetime,
    reason: str,
    after: Impact | None,
    *,
    by: str = "driftline",
    baseline: bool = False,
) -> Transition:
    return Transition(
        fingerprint=tracked.fingerprint,
        kind=kind,
        at=now,
        reason=reason,
        by=by,
        before=None if kind in _BEGINNINGS else tracked.told,
        after=after,
        baseline=baseline,
    )


def _alike(one: TrackedFinding, other: TrackedFinding) -> bool:
    """Whether two are the same but for the times that move although nothing changed."""
    same_time = replace(one, judged_at=other.judged_at)
    return same_time == other or _unseen(same_time) == _unseen(other)


def _unseen(tracked: TrackedFinding) -> TrackedFinding:
    evidence = tuple(replace(each, seen=None) for each in tracked.finding.evidence)
    return replace(tracked, finding=replace(tracked.finding, evidence=evidence))
