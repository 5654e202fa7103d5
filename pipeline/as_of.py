"""Findings as they would have stood at the end of a past business day: the real linking and judging on the world of
that day. Nothing is stored."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime

from config.load import Configuration
from model.errors import UsageError
from model.findings import FindingState, TrackedFinding, Transition, TransitionKind
from pipeline.judge import business_day, gravest_first, judging
from pipeline.link import link_records
from reconcile.impact import raised
from reconcile.judgement import Judgement
from reconcile.lifecycle import advance
from reconcile.wording import day_text
from state.as_of import end_of
from state.as_of_store import Past, Reconstruction, past_of
from state.store import Store

_BEGINNINGS = (TransitionKind.OPENED, TransitionKind.REOPENED)
_STATES: Mapping[TransitionKind, FindingState] = {
    TransitionKind.ACKNOWLEDGED: FindingState.ACKNOWLEDGED,
    TransitionKind.DECIDED: FindingState.ACKNOWLEDGED,
    TransitionKind.ACCEPTED: FindingState.ACCEPTED,
    **dict.fromkeys(
        (*_BEGINNINGS, TransitionKind.WORSENED, TransitionKind.EXPIRED, TransitionKind.OVERDUE), FindingState.OPEN
    ),
}


@dataclass(frozen=True, slots=True)
class AsOf:
    """What could be known at the end of a business day, the gravest first, and on what that rests.

    ``moment`` is the last moment of the day, or now on the day of today. The rules and objectives are today's.
    """

    day: date
    moment: datetime
    findings: tuple[TrackedFinding, ...]
    reconstruction: tuple[Reconstruction, ...]


def reconcile_as_of(store: Store, configuration: Configuration, day: date, *, now: datetime) -> AsOf:
    """Judge the world of a past day; nothing is stored. Raise UsageError for a day to come."""
    zone = configuration.settings.business.zone
    require_past(day, configuration, now)
    with past_of(store, zone) as past:
        moment = min(end_of(day, zone), now)
        with judged_then(past, configuration, day, now=now) as judgement:
            step = advance(
                {}, judgement, now=moment, today=day, baseline=False, options=configuration.settings.reconcile
            )
        lives = _lives(store.transitions(), moment)
        findings = [_as_told(entry, lives, moment, configuration) for entry in step.tracked]
        return AsOf(day, moment, tuple(gravest_first(findings)), past.reconstruction())


@contextmanager
def judged_then(past: Past, configuration: Configuration, day: date, *, now: datetime) -> Iterator[Judgement]:
    """Let a world stand as on a day, link it by today's rules and judge it. Days only follow each other."""
    past.lead_to(day, now)
    link_records(past.world, configuration.mapping, configuration.settings.sources, today=day)
    past.settle_needs()
    moment = min(end_of(day, configuration.settings.business.zone), now)
    with judging(past.world, configuration, now=moment) as judgement:
        yield judgement


def require_past(day: date, configuration: Configuration, now: datetime) -> None:
    """Raise UsageError for a day that has not come yet."""
    today = business_day(now, configuration.settings.business.zone)
    if day > today:
        raise UsageError(f"{day_text(day)} has not come yet", hint=f"name a day up to {today.isoformat()}")


def _lives(transitions: Sequence[Transition], moment: datetime) -> Mapping[str, tuple[datetime, FindingState]]:
    """By fingerprint, since when a finding stood and how, as far as that was stored by then."""
    lives: dict[str, tuple[datetime, FindingState]] = {}
    for step in transitions:
        if step.at > moment:
            continue
        if step.kind is TransitionKind.RESOLVED:
            lives.pop(step.fingerprint, None)
        elif step.kind in _BEGINNINGS:
            lives[step.fingerprint] = (step.at, FindingState.OPEN)
        elif step.kind in _STATES and step.fingerprint in lives:
            lives[step.fingerprint] = (lives[step.fingerprint][0], _STATES[step.kind])
    return lives


def _as_told(
    entry: TrackedFinding,
    lives: Mapping[str, tuple[datetime, FindingState]],
    moment: datetime,
    configuration: Configuration,
) -> TrackedFinding:
    """A finding with its age and its state of that day, where Driftline had found it by then."""
    since, state = lives.get(entry.fingerprint, (moment, entry.state))
    options = configuration.settings.reconcile.severity
    steps = sum(1 for days in options.raise_after_days if (moment - since).days >= days)
    finding = replace(entry.finding, severity=raised(entry.finding.severity, steps))
    return replace(entry, finding=finding, opened_at=since, changed_at=since, state=state)
