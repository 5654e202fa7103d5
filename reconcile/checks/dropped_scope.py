"""A promise to a customer whose feature was taken out of the plan, or out of the release it was promised with."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Finding, Step
from model.keys import source_of
from model.links import Role
from model.records import Outcome
from reconcile.above import called, name_of
from reconcile.check import FORECAST_READS, Asked, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decide_by, decider
from reconcile.forecast import ForecastState
from reconcile.impact import severity
from reconcile.promises import (
    Promise,
    commitment_claim,
    gone_reason,
    promise_evidence,
    promise_impact,
    promise_owner,
    promises,
    rests_on,
    sources_without_promises,
)
from reconcile.scope import (
    Drop,
    asked_about_parts,
    asked_about_targets,
    drop_evidence,
    dropped_parts,
    dropped_target,
)
from reconcile.story import chain_steps, says_of
from reconcile.wording import day_text
from reconcile.world import World


class DroppedScopeOptions(CheckOptions):
    """Options of the check dropped-scope."""

    notice_days: Annotated[int, Field(ge=0)] = 14
    """How many days before the promised day a customer must be told of a change."""


class DroppedScope(Check[DroppedScopeOptions]):
    """A deal was promised something that was taken out of the plan.

    What it finds
        An open or won deal whose promised work, release or objective was cancelled or deleted, or whose promised work
        left its release and belongs to no release any more. Also a deal that was promised a release or an objective
        which a feature has left since the deal was made: linked work that was cancelled, or that moved out of the
        release and into none that comes as early. A feature is the topmost linked work that has work below it or that
        something waits for. What was out before the deal was made was never promised with it. The evidence names who
        took it out and when, as the source tells it, or else when it was first seen to be out.

        Each disagreement is told by one check. What is still planned and comes later than promised is told by
        late-commitment, what is still planned and rests on nothing by unsupported-commitment.

    Why it matters
        The date may still hold while what was sold is gone from it, so no comparison of dates would ever show it.

    What to do
        Bring the feature back into the plan, or agree with the customer what is delivered instead of it.

    Example
        Verde Energia was promised AUR-140 for 31 Oct 2026. On 15 September AUR-140 was closed as Won't Do by Aisha
        Rahman: EUR 220,000 were sold on something that will not come.
    """

    name = "dropped-scope"
    title = "A deal was promised something that was taken out of the plan"
    family = "promises"
    patterns = ("F1.3",)
    formula = (
        "What was promised, or a feature of it, left the plan after the deal was made; money = the amount of the deal."
    )
    options_type = DroppedScopeOptions
    reads = FORECAST_READS | {
        *("outcome", "stage", "amount", "currency", "probability", "promised", "promised_date", "created"),
    }
    roles = frozenset({Role.PROMISES, Role.DELIVERS})

    def asks(self, world: World, options: DroppedScopeOptions) -> Asked:
        promised = list(promises(world))
        return Asked(changes=asked_about_targets(world, promised) | asked_about_parts(world, promised))

    def find(self, world: World, options: DroppedScopeOptions) -> Iterator[Verdict]:
        yield from sources_without_promises(world)
        judged = []
        for promise in promises(world):
            if promise.forecast.state is ForecastState.UNKNOWN:
                cause = promise.forecast.cause
                reason = f"{world.key(cause)} {says_of(world, cause)}"
                yield Unjudged((promise.deal.id, promise.target.node), reason)
            elif (drop := dropped_target(world, promise)) is not None:
                yield self._finding(world, options, promise, drop)
            else:
                judged.append(promise)
        for promise, drop in dropped_parts(world, judged):
            yield self._finding(world, options, promise, drop)

    def _finding(self, world: World, options: DroppedScopeOptions, promise: Promise, drop: Drop) -> Finding:
        deal, objective_ids = promise.deal, _objectives(world, promise, drop)
        impact = promise_impact(promise, world, None)
        last_day = decide_by(deal.promised_date, options.notice_days, world.today)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(deal.id, drop.node),
            title=_title(world, promise, drop),
            objective_ids=promise.objective_ids,
            commitment=commitment_claim(promise, world),
            forecast=Claim(source_of(drop.node), _name(world, drop.node), drop.says, None, world.where(drop.node)),
            impact=impact,
            cause=drop.node,
            chain=_chain(world, promise, drop),
            evidence=(*promise_evidence(promise, world), *drop_evidence(world, drop)),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=promise_owner(promise, world),
            decider=decider(world.tree, objective_ids, within_tolerance=False),
            decide_by=last_day,
            advice=_advice(world, promise, drop),
            sources=tuple(sorted({*rests_on(promise.forecast, deal), source_of(drop.node)} - {"objective"})),
        )

    def why_resolved(self, finding: Finding, world: World, options: DroppedScopeOptions) -> str:
        deal_id, node = finding.subjects
        key = finding.commitment.key if finding.commitment else deal_id
        name, deal = _name(world, node), world.network.deals.get(deal_id)
        if deal is None:
            return gone_reason(deal_id, key, world)
        if deal.outcome is Outcome.LOST:
            return f"{key} was lost"
        forecast, dropped = world.forecasts.get(deal_id), world.forecasts.get(node)
        if forecast is None or forecast.next is None:
            return f"{key} waits for nothing any more"
        if forecast.state is ForecastState.DONE:
            return f"{world.key(forecast.next)} is finished"
        if dropped is not None and dropped.state is ForecastState.DONE:
            return f"{name} is finished"
        if node in world.network.work and forecast.next.node != node and not world.links.get(node):
            return f"no rule links {name} any more"
        if dropped is not None and not dropped.dropped_itself:
            return f"{name} is in the plan again"
        return f"{name} is no part any more of what {key} was promised"


def _objectives(world: World, promise: Promise, drop: Drop) -> tuple[str, ...]:
    """Those that the dropped work delivers come first: whoever decides about its scope decides."""
    served = sorted({link.objective_id for link in world.links.get(drop.node, ()) if link.objective_id in world.tree})
    return tuple(dict.fromkeys((*served, *promise.objective_ids)))


def _name(world: World, node: str) -> str:
    objective = world.network.objectives.get(node)
    record = world.record(node)
    if objective is not None:
        return objective.name
    return called(record) if record else node


def _title(world: World, promise: Promise, drop: Drop) -> str:
    when = f" for {day_text(promise.deal.promised_date)}" if promise.deal.promised_date else ""
    promised, name = name_of(world, promise.target), _name(world, drop.node)
    says = drop.says
    if drop.node == promise.target.node:
        return f"{promise.party} was promised {promised}{when}, but {name} {says}"
    if drop.left is not None:
        return f"{promise.party} was promised {promised}{when}, but {name} left it"
    return f"{promise.party} was promised {promised}{when}, but {name}, which is part of it, {says}"


def _chain(world: World, promise: Promise, drop: Drop) -> tuple[Step, ...]:
    """The deal, what it was promised, and what of that was dropped."""
    day = promise.deal.promised_date
    promised = f"promised for {day_text(day)}" if day else "promised without a date"
    first, second = chain_steps(world, promise.forecast, promised, day)[:2]
    name, record = _name(world, drop.node), world.record(drop.node)
    title = record.title if record and record.title != record.key else ""
    last = Step(drop.node, name, title, drop.says, None, world.where(drop.node))
    if drop.node == promise.target.node:
        return (first, last)
    return (first, replace(second, says=f"comes without {name}"), last)


def _advice(world: World, promise: Promise, drop: Drop) -> str:
    name = _name(world, drop.node)
    if drop.left is not None:
        release = world.record(drop.left)
        back = f"Put {name} back into {release.key}" if release else f"Put {name} into a release"
        return f"{back}, or agree with {promise.party} what comes without it and when."
    return f"Bring {name} back into the plan, or take the promise back."
