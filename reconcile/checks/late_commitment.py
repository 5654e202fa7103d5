"""A promise to a customer that is earlier than what the work now says."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Finding
from model.links import Role
from reconcile.above import name_of
from reconcile.check import FORECAST_READS, Asked, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decide_by, decider
from reconcile.forecast import ForecastState
from reconcile.former_dates import FormerDate, asked_about_dates, former_date, former_evidence, former_says
from reconcile.impact import severity
from reconcile.promises import (
    Promise,
    commitment_claim,
    is_told_late,
    promise_evidence,
    promise_impact,
    promise_owner,
    promises,
    rests_on,
    sources_without_promises,
    why_kept,
)
from reconcile.story import chain_steps, evidence_of, says_of
from reconcile.wording import day_text, days_text, later_text
from reconcile.world import World


class LateCommitmentOptions(CheckOptions):
    """Options of the check late-commitment."""

    notice_days: Annotated[int, Field(ge=0)] = 14
    """How many days before the promised day a customer must be told of a change."""


class LateCommitment(Check[LateCommitmentOptions]):
    """A deal was promised something for a day that the work no longer supports.

    What it finds
        An open or won deal whose promised date is earlier than the forecast of what was promised, by more than the
        tolerance of its objective. The forecast is the latest of everything the promise waits for, across all tools,
        lags included. The same day is on time. A deal inside the tolerance is told as well when the delay crosses the
        end of a quarter, because its money then changes the period. A blank promised date is unknown, not late, and
        what is finished is not late either. A promise that equals a former date of the plan is told as such, with who
        moved it and when; outdated-plan tells only of those that do not break.

    Why it matters
        The customer plans with the promised day, and finance with the revenue behind it; neither sees the work.

    What to do
        Move the promise to the forecast, or bring the record that binds forward; it is the last of the chain.

    Example
        Nordwind was promised Aurora 4.0 for 30 Sep 2026. AUR-118, which Aurora 4.0 holds, moved to 16 Nov 2026:
        47 days late, EUR 480,000 at risk, EUR 384,000 of it weighted by the probability of 80 %.
    """

    name = "late-commitment"
    title = "A deal was promised earlier than the work now says"
    family = "promises"
    patterns = ("F1.1", "I33")
    formula = (
        "Forecast - promised date > tolerance; at risk = sum of the amounts, in full and times probability; deferred = "
        "yearly recurring amount / 365 * days."
    )
    options_type = LateCommitmentOptions
    reads = FORECAST_READS | {"outcome", "stage", "amount", "currency", "probability", "promised", "promised_date"}
    roles = frozenset({Role.PROMISES, Role.DELIVERS})

    def asks(self, world: World, options: LateCommitmentOptions) -> Asked:
        late = (promise for promise in promises(world) if is_told_late(promise))
        return Asked(moves=asked_about_dates(late, world.network))

    def find(self, world: World, options: LateCommitmentOptions) -> Iterator[Verdict]:
        yield from sources_without_promises(world, dated=True)
        for promise in promises(world):
            forecast, promised = promise.forecast, promise.deal.promised_date
            if promised is None:
                continue
            if forecast.state is ForecastState.UNKNOWN:
                cause = forecast.cause
                yield Unjudged((promise.deal.id,), f"{world.key(cause)} {says_of(world, cause)}")
            elif forecast.day is not None and is_told_late(promise):
                yield self._finding(world, options, promise, promised, forecast.day)

    def _finding(
        self, world: World, options: LateCommitmentOptions, promise: Promise, promised: date, day: date
    ) -> Finding:
        deal, target, days = promise.deal, promise.target, (day - promised).days
        within = days <= promise.tolerance_days
        impact = promise_impact(promise, world, days)
        last_day = decide_by(promised, options.notice_days, world.today)
        former = former_date(world, promise)
        says = f"now says {day_text(day)}" if not promise.forecast.lag else says_of(world, promise.forecast)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(deal.id,),
            title=self._title(world, promise, promised, day, former),
            objective_ids=promise.objective_ids,
            commitment=commitment_claim(promise, world),
            forecast=Claim(world.system(target), name_of(world, target), says, day, world.where(target.node)),
            impact=impact,
            cause=promise.forecast.cause.node,
            chain=chain_steps(world, promise.forecast, f"promised for {day_text(promised)}", promised),
            evidence=(
                *promise_evidence(promise, world),
                *evidence_of(world, promise.forecast),
                *(former_evidence(world, promise.forecast, former) if former else ()),
            ),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=promise_owner(promise, world),
            decider=decider(world.tree, promise.objective_ids, within_tolerance=within),
            decide_by=last_day,
            advice=f"Move the promise to {day_text(day)}, or bring {name_of(world, promise.forecast.cause)} forward by "
            f"{days_text(days)}.",
            sources=rests_on(promise.forecast, deal),
        )

    def _title(self, world: World, promise: Promise, promised: date, day: date, former: FormerDate | None) -> str:
        days = (day - promised).days
        gap = later_text(days)
        if days <= promise.tolerance_days:
            gap += f", inside the tolerance of {days_text(promise.tolerance_days)} but in another quarter"
        told = f"{promise.party} was promised {name_of(world, promise.target)} for {day_text(promised)}"
        if former is not None:
            told += f", {former_says(world, promise, former)}"
        return f"{told}; the work now says {day_text(day)} ({gap})"

    def why_resolved(self, finding: Finding, world: World, options: LateCommitmentOptions) -> str:
        return why_kept(finding, world)
