"""A promise to a customer that still carries a date which the plan has replaced, most often by an earlier one."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated

from pydantic import Field

from model.findings import Account, Claim, Finding, Impact, Severity, Share
from model.links import Role
from reconcile.above import name_of
from reconcile.check import FORECAST_READS, Asked, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decider
from reconcile.forecast import ForecastState
from reconcile.former_dates import FormerDate, asked_about_dates, former_date, former_evidence, former_says
from reconcile.impact import revenue_share
from reconcile.promises import (
    Promise,
    commitment_claim,
    is_told_late,
    promise_evidence,
    promise_owner,
    promises,
    rests_on,
    sources_without_promises,
    why_kept,
)
from reconcile.scope import asked_about_targets, dropped_target
from reconcile.story import chain_steps, evidence_of, says_of
from reconcile.unsupported import runs
from reconcile.wording import amount_text, day_text, days_text, later_text
from reconcile.world import World

_DROPPED_SCOPE = "dropped-scope"
_COMPARABLE = frozenset({ForecastState.DATED, ForecastState.DONE})


class OutdatedPlanOptions(CheckOptions):
    """Options of the check outdated-plan."""

    gained_days: Annotated[int, Field(ge=1)] = 1
    """From how many days on a delivery that comes earlier than promised is told."""


class OutdatedPlan(Check[OutdatedPlanOptions]):
    """A deal still promises a date that was the plan's once and is not any more.

    What it finds
        An open or won deal whose promised date equals a former date of what was promised, or of the record that binds
        it, lag added: a due or release date that was moved since, or a target date that was approved once and is not
        in force any more. It is told where the work now comes earlier, with the days gained, until the promised day has
        come; and where it comes later by no more than the tolerance. A promise that breaks by the newer plan is told by
        late-commitment, which then names the former date as well, and one whose work left its release by dropped-scope,
        so that nobody reads one disagreement twice. It is an opportunity and no risk: its money is named and not
        counted as at risk.

    Why it matters
        Product moved and sales was not told: what could be delivered and invoiced earlier waits for an old date.

    What to do
        Offer the customer the new date, or confirm the one that was promised.

    Example
        Nordwind was promised Aurora 4.1 for 30 Nov 2026, its former date. On 3 September it moved to 14 Oct 2026: 47
        days earlier, EUR 480,000 could come with it.
    """

    name = "outdated-plan"
    title = "A deal promises a date that the plan has replaced"
    family = "promises"
    patterns = ("F1.2", "I65")
    formula = "Promised date = a former date of the plan; days gained = promised date - forecast."
    options_type = OutdatedPlanOptions
    reads = FORECAST_READS | {"outcome", "stage", "promised", "promised_date", "created"}
    roles = frozenset({Role.PROMISES, Role.DELIVERS})

    def asks(self, world: World, options: OutdatedPlanOptions) -> Asked:
        open_ones = [promise for promise in promises(world) if _days(world, promise, options) is not None]
        departures = asked_about_targets(world, open_ones) if runs(world, _DROPPED_SCOPE) else frozenset[str]()
        return Asked(moves=asked_about_dates(open_ones, world.network), changes=departures)

    def find(self, world: World, options: OutdatedPlanOptions) -> Iterator[Verdict]:
        yield from sources_without_promises(world, dated=True)
        for promise in promises(world):
            if promise.forecast.state is ForecastState.UNKNOWN:
                cause = promise.forecast.cause
                yield Unjudged((promise.deal.id,), f"{world.key(cause)} {says_of(world, cause)}")
            elif (days := _days(world, promise, options)) is not None:
                former = None if _is_told_dropped(world, promise) else former_date(world, promise)
                if former is not None and promise.deal.promised_date is not None:
                    yield self._finding(world, promise, promise.deal.promised_date, days, former)

    def _finding(self, world: World, promise: Promise, promised: date, days: int, former: FormerDate) -> Finding:
        deal, forecast, target = promise.deal, promise.forecast, promise.target
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(deal.id,),
            title=_title(world, promise, promised, days, former),
            objective_ids=promise.objective_ids,
            commitment=commitment_claim(promise, world),
            forecast=Claim(
                world.system(target),
                name_of(world, target),
                _says(world, promise),
                forecast.day,
                world.where(target.node),
            ),
            impact=Impact(days, (Share(deal.id),)),
            cause=forecast.cause.node,
            chain=chain_steps(world, forecast, f"promised for {day_text(promised)}", promised),
            evidence=(
                *promise_evidence(promise, world),
                *evidence_of(world, forecast),
                *former_evidence(world, forecast, former),
            ),
            severity=Severity.NOTICE,
            owner=promise_owner(promise, world),
            decider=decider(world.tree, promise.objective_ids, within_tolerance=True),
            advice=_advice(world, promise, days),
            sources=rests_on(forecast, deal),
        )

    def why_resolved(self, finding: Finding, world: World, options: OutdatedPlanOptions) -> str:
        """What changed; the day may also simply have come."""
        promised = finding.commitment.day if finding.commitment else None
        reason = why_kept(finding, world)
        if reason == "the tools agree again" and promised is not None and promised <= world.today:
            return f"the promised day has come: {day_text(promised)}"
        return reason


def _days(world: World, promise: Promise, options: OutdatedPlanOptions) -> int | None:
    """By how many days the work comes later than promised, negative for earlier; None where this check has no say."""
    promised, day = promise.deal.promised_date, promise.forecast.day
    if promised is None or day is None or promise.forecast.state not in _COMPARABLE:
        return None
    days = (day - promised).days
    if days < 0:
        return days if days <= -options.gained_days and promised > world.today else None
    late = promise.forecast.state is ForecastState.DATED and days > 0
    return days if late and not is_told_late(promise) else None


def _is_told_dropped(world: World, promise: Promise) -> bool:
    return runs(world, _DROPPED_SCOPE) and dropped_target(world, promise) is not None


def _says(world: World, promise: Promise) -> str:
    forecast = promise.forecast
    if forecast.lag or forecast.day is None or forecast.state is ForecastState.DONE:
        return says_of(world, promise.target if forecast.state is ForecastState.DONE else forecast)
    return f"now says {day_text(forecast.day)}"


def _title(world: World, promise: Promise, promised: date, days: int, former: FormerDate) -> str:
    what, day = name_of(world, promise.target), promise.forecast.day
    gap = later_text(days)
    if days > 0:
        gap += f", inside the tolerance of {days_text(promise.tolerance_days)}"
    now = "it is finished since" if promise.forecast.state is ForecastState.DONE else "the work now says"
    told = f"{promise.party} was promised {what} for {day_text(promised)}, {former_says(world, promise, former)}"
    return f"{told}; {now} {day_text(day)} ({gap})" if day else told


def _advice(world: World, promise: Promise, days: int) -> str:
    """Both ways are open: nothing is lost while the promise stands."""
    day = promise.forecast.day
    if day is None or days > 0:
        return "Write the date that is in force into the deal, or confirm the one that was promised."
    offered = day_text(max(day, world.today))
    share = revenue_share(promise.deal, world.rates)
    amount = Impact(None, (share,)).full(Account.REVENUE) if share.amounts else None
    money = f" ({amount_text(amount, world.rates.base)} could come earlier)" if amount else ""
    return f"Offer {promise.party} {offered}{money}, or confirm the date that was promised."
