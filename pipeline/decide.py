"""What people say about a finding: what is done about it, that they live with it, or that they look after it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime

import structlog

from config.load import Configuration
from model.causes import cause_key
from model.decisions import Decision
from model.errors import UsageError
from model.findings import Acceptance, DecisionOption, Finding, FindingState, OptionKind, TrackedFinding, Transition
from pipeline.judge import business_day
from reconcile.authority import Authority, authority
from reconcile.lifecycle import accept, acknowledge, decide
from reconcile.wording import listed
from state.store import Store

log = structlog.get_logger("driftline.decision")

Change = Callable[[TrackedFinding], tuple[TrackedFinding, Transition]]


def who_may_accept(configuration: Configuration, finding: Finding) -> Authority:
    """The people who may live with a finding of this size."""
    return authority(
        finding,
        configuration.mapping.tree,
        tolerance_days=configuration.settings.reconcile.tolerance_days,
        rates=configuration.settings.business.rate_table(),
    )


def accept_finding(
    store: Store,
    configuration: Configuration,
    shown: TrackedFinding,
    acceptance: Acceptance,
    *,
    entered_by: str,
    override: bool,
    now: datetime,
) -> TrackedFinding:
    """Keep that somebody lives with a finding, as it was ``shown``, until a day.

    May be done while another process owns the state. Raise UsageError when they have no right to, unless ``override``
    is set; the acceptance and its transition then say so for good.
    """
    right = who_may_accept(configuration, shown.finding)
    if not right.holds(acceptance.by):
        if not override:
            raise _refused(acceptance.by, right)
        acceptance = replace(acceptance, overrides=_who(right))
    today = business_day(now, configuration.settings.business.zone)

    def accepted(tracked: TrackedFinding) -> tuple[TrackedFinding, Transition]:
        kept, step = accept(tracked, acceptance, now=now, today=today)
        return kept, replace(step, reason=_with_entry(step, acceptance, entered_by))

    [kept] = _keep(store, [shown], accepted)
    log.info(
        "finding.accepted",
        finding=kept.fingerprint,
        by=acceptance.by,
        until=acceptance.until.isoformat(),
        overrides=acceptance.overrides or None,
    )
    return kept


def acknowledge_finding(store: Store, shown: TrackedFinding, *, by: str, note: str, now: datetime) -> TrackedFinding:
    """Keep that somebody looks after a finding. May be done while another process owns the state."""
    [kept] = _keep(store, [shown], lambda tracked: acknowledge(tracked, by=by, why=note, now=now))
    log.info("finding.acknowledged", finding=kept.fingerprint, by=by)
    return kept


def decide_findings(
    store: Store,
    configuration: Configuration,
    shown: Sequence[TrackedFinding],
    decision: Decision,
    *,
    override: bool,
    now: datetime,
) -> list[TrackedFinding]:
    """Keep what was decided about findings as they were ``shown``: about the first, and about those of the others that
    ``decision.by`` may decide about as well.

    May be done while another process owns the state. Raise UsageError without the right to decide about the first,
    unless ``override`` is set; the decision then says so for good, and is about all of them.
    """
    first, *others = shown
    right = who_may_decide(configuration, first.finding, decision.kind)
    if not right.holds(decision.by):
        if not override:
            raise _refused(decision.by, right, "decide about")
        decision = replace(decision, overrides=_who(right))
    elif not override:
        others = [
            each for each in others if who_may_decide(configuration, each.finding, decision.kind).holds(decision.by)
        ]
    decision = replace(decision, fingerprints=(first.fingerprint, *(each.fingerprint for each in others)))
    today = business_day(now, configuration.settings.business.zone)

    def decided(tracked: TrackedFinding) -> tuple[TrackedFinding, Transition]:
        about = decision.about(tracked.finding.impact, _its_own(tracked.finding, decision.kind))
        kept, step = decide(tracked, about, now=now, today=today)
        return kept, replace(step, reason=_with_entry(step, decision, decision.entered_by))

    kept = _keep(store, [first, *others], decided, decision)
    log.info(
        "finding.decided",
        finding=decision.fingerprints[0],
        findings=len(kept),
        by=decision.by,
        owner=decision.owner,
        until=decision.until.isoformat(),
        overrides=decision.overrides or None,
    )
    return kept


def who_may_decide(configuration: Configuration, finding: Finding, kind: OptionKind | None) -> Authority:
    """The people who may decide about a finding of this size; to end the work there is a right of its own."""
    right = who_may_accept(configuration, finding)
    if kind is not OptionKind.STOP:
        return right
    tree = configuration.mapping.tree
    named = [name for each in finding.objective_ids if (name := tree.inherited_right(each, "stop"))]
    return Authority(tuple(dict.fromkeys(named)), within_tolerance=False) if named else right


def decision_about(
    shown: TrackedFinding,
    option: DecisionOption | None,
    *,
    says: str,
    by: str,
    entered_by: str,
    owner: str,
    until: date | None,
    note: str,
    at: datetime,
) -> Decision:
    """Word a decision about a finding: an option as it was computed, or what somebody ``says``.

    Without an owner whoever acts on the option carries it out, else the owner of the finding; without a day it is the
    last day of the option. Raise UsageError where neither is known.
    """
    until = until or (option.until if option else None)
    owner = owner or (option.acts if option else None) or shown.finding.owner or ""
    if until is None:
        raise UsageError("by when is its effect to be seen?", hint="name the day: --until 2026-12-31")
    if not owner:
        raise UsageError("who carries it out?", hint="name somebody: --owner NAME")
    return Decision(
        fingerprints=(shown.fingerprint,),
        says=option.says if option else says,
        by=by,
        owner=owner,
        until=until,
        at=at,
        kind=option.kind if option else None,
        record_id=option.record_id if option else None,
        note=note,
        entered_by=entered_by,
    )


def same_cause(store: Store, shown: TrackedFinding) -> list[TrackedFinding]:
    """The other findings that the same record makes disagree and that nobody has decided about."""
    cause = cause_key(shown.finding)
    others = (each for each in store.tracked().values() if each.standing and each.fingerprint != shown.fingerprint)
    waiting = (each for each in others if each.state is not FindingState.ACCEPTED and not each.decided)
    return sorted((each for each in waiting if cause_key(each.finding) == cause), key=lambda each: each.fingerprint)


_OF_ITS_OWN = (OptionKind.MOVE_PROMISE, OptionKind.ACCEPT)
"""What is done to each promise by itself."""


def _its_own(finding: Finding, kind: OptionKind | None) -> str:
    """What is done about this one, where that is done to each by itself; empty where it is the same for all."""
    return next((option.says for option in finding.options if option.kind is kind and kind in _OF_ITS_OWN), "")


def settled_with(others: Sequence[TrackedFinding], option: DecisionOption | None) -> list[TrackedFinding]:
    """Those that the same act on the same record settles, because they need no more of it than was chosen."""
    if option is None or option.kind in _OF_ITS_OWN:
        return []
    return [
        each
        for each in others
        if any(
            offered.kind is option.kind
            and offered.record_id == option.record_id
            and (offered.days or 0) <= (option.days or 0)
            for offered in each.finding.options
        )
    ]


def _keep(
    store: Store, shown: Sequence[TrackedFinding], change: Change, decision: Decision | None = None
) -> list[TrackedFinding]:
    """Write a decision about exactly what was shown; what happens to other findings meanwhile does not matter."""
    while True:
        newest = store.newest_transition()
        changed = [change(_as_shown(store, each)) for each in shown]
        kept, steps = [each for each, _ in changed], [step for _, step in changed]
        if store.save_findings(None, kept, steps, since=newest, decision=decision):
            return kept


def _as_shown(store: Store, shown: TrackedFinding) -> TrackedFinding:
    [current] = store.find_finding(shown.fingerprint)
    if (current.state, current.finding.impact) != (shown.state, shown.finding.impact):
        raise UsageError(
            "the finding changed while you looked at it", hint=f"look again: driftline show {shown.fingerprint[:8]}"
        )
    return current


def _refused(by: str, right: Authority, what: str = "accept") -> UsageError:
    if not right.named:
        return UsageError(
            f"{by} may not {what} this finding: nobody is named who may",
            hint="name an owner and a sponsor in the objectives file, or add --override, which is kept with it",
        )
    size = "it is within the tolerance" if right.within_tolerance else "it is beyond the tolerance of the owner"
    return UsageError(
        f"{by} may not {what} this finding: {size}, and it is for {_who(right)}",
        hint=f"let them {what.partition(' ')[0]} it (--by NAME), or add --override, which is kept with it",
    )


def _who(right: Authority) -> str:
    return (
        f"{', '.join(right.named[:-1])} or {right.named[-1]}"
        if len(right.named) > 1
        else listed(right.named) or "nobody"
    )


def _with_entry(step: Transition, kept: Acceptance | Decision, entered_by: str) -> str:
    """The reason with what else must not be forgotten: whose right it was, and who typed it."""
    parts = [step.reason]
    if isinstance(kept, Decision) and kept.note:
        parts.append(kept.note)
    if kept.overrides:
        parts.append(f"without the right to, which is with {kept.overrides}")
    if entered_by != kept.by:
        parts.append(f"entered by {entered_by}")
    return "; ".join(parts)
