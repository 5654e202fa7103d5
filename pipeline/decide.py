"""What people say about a finding: that they live with it until a day, or that they look after it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import structlog

from config.load import Configuration
from model.errors import UsageError
from model.findings import Acceptance, Finding, TrackedFinding, Transition
from pipeline.judge import business_day
from reconcile.authority import Authority, authority
from reconcile.lifecycle import accept, acknowledge
from reconcile.wording import listed
from state.store import Store

log = structlog.get_logger("driftline.decision")

Decision = Callable[[TrackedFinding], tuple[TrackedFinding, Transition]]


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

    def decide(tracked: TrackedFinding) -> tuple[TrackedFinding, Transition]:
        accepted, step = accept(tracked, acceptance, now=now, today=today)
        return accepted, replace(step, reason=_with_entry(step, acceptance, entered_by))

    kept = _keep(store, shown, decide)
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
    kept = _keep(store, shown, lambda tracked: acknowledge(tracked, by=by, why=note, now=now))
    log.info("finding.acknowledged", finding=kept.fingerprint, by=by)
    return kept


def _keep(store: Store, shown: TrackedFinding, decide: Decision) -> TrackedFinding:
    """Write a decision about exactly what was shown; what happens to other findings meanwhile does not matter."""
    while True:
        newest = store.newest_transition()
        [current] = store.find_finding(shown.fingerprint)
        if (current.state, current.finding.impact) != (shown.state, shown.finding.impact):
            raise UsageError(
                "the finding changed while you looked at it", hint=f"look again: driftline show {shown.fingerprint[:8]}"
            )
        decided, step = decide(current)
        if store.save_findings(None, [decided], [step], since=newest):
            return decided


def _refused(by: str, right: Authority) -> UsageError:
    if not right.named:
        return UsageError(
            f"{by} may not accept this finding: nobody is named who may",
            hint="name an owner and a sponsor in the objectives file, or add --override, which is kept with it",
        )
    size = "it is within the tolerance" if right.within_tolerance else "it is beyond the tolerance of the owner"
    return UsageError(
        f"{by} may not accept this finding: {size}, and it is for {_who(right)}",
        hint="let them accept it (--by NAME), or add --override, which is kept with it",
    )


def _who(right: Authority) -> str:
    return (
        f"{', '.join(right.named[:-1])} or {right.named[-1]}"
        if len(right.named) > 1
        else listed(right.named) or "nobody"
    )


def _with_entry(step: Transition, acceptance: Acceptance, entered_by: str) -> str:
    """The reason with what else must not be forgotten: whose right it was, and who typed it."""
    parts = [step.reason]
    if acceptance.overrides:
        parts.append(f"without the right to, which is with {acceptance.overrides}")
    if entered_by != acceptance.by:
        parts.append(f"entered by {entered_by}")
    return "; ".join(parts)
