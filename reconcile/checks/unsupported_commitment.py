"""A promise to a customer that is planned and rests on nothing: undated, overdue, unknown or dropped work."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Finding, Step
from model.links import Role
from reconcile.above import name_of
from reconcile.check import FORECAST_READS, Asked, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decide_by, decider
from reconcile.forecast import Because, Forecast, ForecastState
from reconcile.impact import severity
from reconcile.promises import (
    Promise,
    commitment_claim,
    promise_evidence,
    promise_impact,
    promise_owner,
    promises,
    rests_on,
    sources_without_promises,
    why_kept,
)
from reconcile.scope import Drop, asked_about_targets, drop_evidence, dropped_target
from reconcile.story import chain_steps, evidence_of, says_of
from reconcile.unsupported import CERTAIN_WITHOUT_A_DATE, runs
from reconcile.wording import day_text
from reconcile.world import World


class UnsupportedCommitmentOptions(CheckOptions):
    """Options of the check unsupported-commitment."""

    notice_days: Annotated[int, Field(ge=0)] = 14
    """How many days before the promised day a customer must be told of a change."""


class UnsupportedCommitment(Check[UnsupportedCommitmentOptions]):
    """A deal was promised something that nothing supports.

    What it finds
        An open or won deal that waits for work which has no date, is open although its date has passed, waits for
        itself or for work that was cancelled or deleted, or goes by a name that nothing or several things have. A
        promise without a date counts as well where the work will never come or cannot be found. A name that nothing has
        is judged only when every source was completely read. The need that leads nowhere is told with the promise, and
        not by broken-need beside it.

        Where the promised thing itself was cancelled, deleted or taken out of its release, dropped-scope tells it, and
        this check does not. While dropped-scope is switched off, broken-need tells what was cancelled or deleted, this
        check what left its release for none, and nobody the features that were taken out of a promised release or
        objective.

    Why it matters
        There is no day to compare the promise with, so no comparison of dates would ever show it; the revenue is
        forecast all the same.

    What to do
        Give the record at the end of the chain a date that holds, name what was really promised, or take the promise
        back.

    Example
        Verde Energia was promised AUR-140 for 31 Oct 2026. AUR-140 waits for AUR-138, which has no date: EUR 220,000
        rest on nothing.
    """

    name = "unsupported-commitment"
    title = "A deal was promised something that nothing supports"
    family = "promises"
    patterns = ("F1.1",)
    formula = (
        "The promise has no forecast, or one that has passed; at risk = the amount, in full and times probability."
    )
    options_type = UnsupportedCommitmentOptions
    reads = FORECAST_READS | {"outcome", "stage", "amount", "currency", "probability", "promised", "promised_date"}
    roles = frozenset({Role.PROMISES, Role.DELIVERS})

    def asks(self, world: World, options: UnsupportedCommitmentOptions) -> Asked:
        return Asked(changes=asked_about_targets(world, promises(world)))

    def find(self, world: World, options: UnsupportedCommitmentOptions) -> Iterator[Verdict]:
        yield from sources_without_promises(world)
        for promise in promises(world):
            forecast = promise.forecast
            if forecast.state is ForecastState.UNKNOWN:
                cause = forecast.cause
                yield Unjudged((promise.deal.id,), f"{world.key(cause)} {says_of(world, cause)}")
                continue
            drop = dropped_target(world, promise)
            certain = promise.deal.promised_date is not None or forecast.state in CERTAIN_WITHOUT_A_DATE
            if drop is not None and drop.left is not None and not runs(world, "dropped-scope"):
                yield self._finding(world, options, promise, drop)
            elif drop is None and forecast.supports_nothing and certain:
                yield self._finding(world, options, promise)

    def _finding(
        self, world: World, options: UnsupportedCommitmentOptions, promise: Promise, drop: Drop | None = None
    ) -> Finding:
        """``drop`` tells how the promised thing itself left its release, where no other check does."""
        deal, cause = promise.deal, promise.target if drop else promise.forecast.cause
        says = drop.says if drop else says_of(world, cause)
        impact = promise_impact(promise, world, None)
        last_day = decide_by(deal.promised_date, options.notice_days, world.today)
        system = world.system(cause) or deal.source
        proof = drop_evidence(world, drop) if drop else evidence_of(world, promise.forecast)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(deal.id,),
            title=_title(world, promise, cause, says),
            objective_ids=promise.objective_ids,
            commitment=commitment_claim(promise, world),
            forecast=Claim(system, name_of(world, cause), says, None, world.where(cause.node)),
            impact=impact,
            cause=cause.node,
            chain=_chain(world, promise, drop),
            evidence=(*promise_evidence(promise, world), *proof),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=promise_owner(promise, world),
            decider=decider(world.tree, promise.objective_ids, within_tolerance=False),
            decide_by=last_day,
            advice=f"Put {name_of(world, cause)} into a release, or take the promise back."
            if drop
            else _advice(world, cause),
            sources=rests_on(promise.forecast, deal),
        )

    def why_resolved(self, finding: Finding, world: World, options: UnsupportedCommitmentOptions) -> str:
        return why_kept(finding, world)


def _title(world: World, promise: Promise, cause: Forecast, says: str) -> str:
    what = name_of(world, promise.target)
    when = f" for {day_text(promise.deal.promised_date)}" if promise.deal.promised_date else ""
    reason = f"{name_of(world, cause)} {says}"
    if cause.node != promise.target.node:
        reason = f"it waits for {name_of(world, cause)}, which {says}"
    return f"{promise.party} was promised {what}{when}, but {reason}"


def _chain(world: World, promise: Promise, drop: Drop | None) -> tuple[Step, ...]:
    """What binds; of what left its release itself only the deal and that."""
    day = promise.deal.promised_date
    promised = f"promised for {day_text(day)}" if day else "promised without a date"
    steps = chain_steps(world, promise.forecast, promised, day)
    return (steps[0], replace(steps[1], says=drop.says, day=None)) if drop else steps


def _advice(world: World, cause: Forecast) -> str:
    key = name_of(world, cause)
    match cause.state:
        case ForecastState.DROPPED:
            return f"Bring {key} back into the plan, or take the promise back."
        case ForecastState.OVERDUE | ForecastState.UNDATED:
            return f"Give {key} a date that holds, or move the promise."
        case ForecastState.CYCLIC:
            return f"Remove one of the needs in the circle around {key}, or move the promise."
    if cause.because is Because.AMBIGUOUS_NAME:
        return f"Say which of the things called {key} was promised, by its key."
    return f"Name a release, a record or an objective that exists instead of {key}, or take the promise back."
