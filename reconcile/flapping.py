"""Findings that come and go: told once, then no more until they have settled. Every flip is still a transition."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from model.findings import Flapping, TrackedFinding, Transition, TransitionKind
from model.options import Options
from reconcile.wording import days_text

FLIPS = frozenset({TransitionKind.REOPENED, TransitionKind.RESOLVED})


class FlappingOptions(Options):
    """When a finding counts as one that comes and goes."""

    flips: Annotated[int, Field(ge=2)] = 4
    """So many times it must have resolved or reopened; four are two times there and back."""
    within_days: Annotated[int, Field(ge=1)] = 14
    """Within so many days."""
    settles_after_days: Annotated[int, Field(ge=1)] = 7
    """After so many days without another change it counts as settled, and how it stands then is told."""


def damped(
    before: TrackedFinding | None,
    after: TrackedFinding,
    steps: Sequence[Transition],
    *,
    now: datetime,
    judged: bool,
    options: FlappingOptions,
) -> tuple[TrackedFinding, list[Transition]]:
    """Count the flips of one finding, and take from those of a flapping one that they are news.

    ``judged`` says whether this run could judge it: what nobody could look at has not settled.
    """
    flips = [step for step in steps if step.kind in FLIPS]
    if before is None:
        return after, list(steps)
    if before.flapping is None:
        if not flips:
            return after, list(steps)  # what goes on carries its flips with it
        return _counted(replace(after, flips=before.flips), steps, now, options)
    after = replace(after, flips=(), flapping=before.flapping)
    if flips:
        quiet = [replace(step, quiet="it comes and goes") if step.kind in FLIPS else step for step in steps]
        return replace(after, flapping=replace(before.flapping, last=now)), quiet
    if judged and now - before.flapping.last >= timedelta(options.settles_after_days):
        return _settled(after, before.flapping, steps, now)
    return after, list(steps)


def _counted(
    after: TrackedFinding, steps: Sequence[Transition], now: datetime, options: FlappingOptions
) -> tuple[TrackedFinding, list[Transition]]:
    recent = (*(time for time in after.flips if now - time < timedelta(options.within_days)), now)
    if len(recent) < options.flips:
        return replace(after, flips=recent), list(steps)
    often = f"it opened and resolved {len(recent)} times in {days_text(max(1, (now - recent[0]).days))}"
    told = [
        replace(step, reason=_joined(step.reason, f"{often}; it is told again when it has settled"))
        if step.kind in FLIPS
        else step
        for step in steps
    ]
    mark = _step(after, TransitionKind.FLAPPING, now, often)
    return replace(after, flips=(), flapping=Flapping(now, now, after.standing)), [*told, mark]


def _settled(
    after: TrackedFinding, flapping: Flapping, steps: Sequence[Transition], now: datetime
) -> tuple[TrackedFinding, list[Transition]]:
    """It counts again; told only where people last heard the other thing of it."""
    quiet_for = days_text((now - flapping.last).days)
    reason = f"it has {'stood' if after.standing else 'been gone'} for {quiet_for}"
    quiet = "people know how it stands" if after.standing is flapping.told_standing else ""
    mark = replace(_step(after, TransitionKind.SETTLED, now, reason), quiet=quiet)
    told = after.told if quiet or not after.standing else after.finding.impact
    return replace(after, flapping=None, told=told), [*steps, mark]


def _joined(reason: str, more: str) -> str:
    return f"{reason}; {more}" if reason else more


def _step(after: TrackedFinding, kind: TransitionKind, now: datetime, reason: str) -> Transition:
    impact = after.finding.impact if after.standing else None
    return Transition(fingerprint=after.fingerprint, kind=kind, at=now, reason=reason, before=after.told, after=impact)
