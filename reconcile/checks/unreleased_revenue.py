"""Revenue that finance expects from a day on which the work behind it is not released yet."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from model.findings import Account, Claim, Finding, Impact, Share
from model.links import Role
from reconcile.above import name_of
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import controller, decide_by, decider, owner
from reconcile.forecast import Because, Forecast, ForecastState
from reconcile.impact import periods_moved, recurring_amount, severity
from reconcile.planned_revenue import PlannedRevenue, Told, end_of_year, planned_revenue, planned_revenues, unpriced
from reconcile.promises import forecast_reason
from reconcile.story import chain_steps, evidence_of, says_of
from reconcile.values import linked_below
from reconcile.wording import amount_text, day_text, days_text, later_text, listed
from reconcile.world import World

_MOST_NAMED = 5


class UnreleasedRevenueOptions(CheckOptions):
    """Options of the check unreleased-revenue."""

    accounts: tuple[str, ...] = ("revenue",)
    """The accounts of objectives' values that are revenue, in finance's words."""
    metrics: tuple[str, ...] = ()
    """The metrics of measurements that tell the revenue which finance expects of a month; their unit is the currency
    and their period the month (2026-10)."""
    notice_days: Annotated[int, Field(ge=0)] = 14
    """How many days before its start the expected revenue can still be changed."""


@dataclass(frozen=True, slots=True)
class _Gap:
    """Revenue that is expected before it can come. ``possible`` is None where nothing supports it."""

    planned: PlannedRevenue
    forecast: Forecast
    possible: date | None
    until: date
    share: Share
    days: int | None
    within: bool


class UnreleasedRevenue(Check[UnreleasedRevenueOptions]):
    """Finance expects revenue from work that is not released by then.

    What it finds
        An objective whose planned revenue begins on a day that lies before the forecast of what delivers it, by more
        than its tolerance, or inside it and across the end of a quarter. The revenue is what the objectives file says
        under values, by month, or what measurements tell whose metric is named in the options. Work that is done waits
        for its release while that is not out. Deferred is what is expected from the start up to the forecast, of a
        month that is cut the share of its days; where nothing supports the work, everything up to the end of that year,
        or of the current year if that is later. The amount is told as deferred revenue, not as revenue at risk: it is
        made of the deals, which late-commitment, dropped-scope and unsupported-commitment count one by one. Where
        these deals tell their recurring revenue themselves, it is named and not counted.

    Why it matters
        The forecast of the quarter holds money that cannot be recognised, and no deal needs to be late for that.

    What to do
        Let the controller move the expected revenue to the forecast, or bring the record at the end of the chain
        forward.

    Example
        Aurora plans EUR 310,000 of revenue a month from 1 Oct 2026; Aurora 4.0 now says 16 Nov 2026. October whole and
        15 of 30 days of November, EUR 310,000 + 155,000 = 465,000, come later.
    """

    name = "unreleased-revenue"
    title = "Finance expects revenue before the work behind it is released"
    family = "savings and value"
    patterns = ("F1.4",)
    formula = (
        "Start of the planned revenue < forecast of the release; deferred = plan of the days between, of a cut month "
        "its share of days."
    )
    options_type = UnreleasedRevenueOptions
    reads = FORECAST_READS | {"metric", "value", "unit", "period"}
    roles = frozenset({Role.DELIVERS, Role.MEASURES, Role.PROMISES})

    def find(self, world: World, options: UnreleasedRevenueOptions) -> Iterator[Verdict]:
        revenues = list(planned_revenues(world, Told.by(options.accounts, options.metrics)))
        if not revenues:
            yield Blind("no objective and no measurement tells the revenue that finance expects by month")
        orphans = [planned.objective.name for planned in revenues if _nothing_delivers(world, planned.node)]
        if orphans:
            yield Blind(f"nothing is linked that delivers {_named(orphans)}, of which revenue is expected")
        for planned in revenues:
            forecast = _delivery(world, planned.node)
            if forecast is None or _nothing_delivers(world, planned.node):
                continue
            if forecast.state is ForecastState.UNKNOWN:
                yield Unjudged((planned.node,), f"{world.key(forecast.cause)} {says_of(world, forecast.cause)}")
            elif (gap := _gap(world, planned, forecast)) is not None:
                yield self._finding(world, options, gap)

    def _finding(self, world: World, options: UnreleasedRevenueOptions, gap: _Gap) -> Finding:
        planned, forecast, ids = gap.planned, gap.forecast, (gap.planned.objective.id,)
        last_day = decide_by(planned.start, options.notice_days, world.today)
        deferred = () if _deals_tell_it(world, planned) or not gap.share.amounts else (gap.share,)
        target = forecast.next or forecast
        says = says_of(world, forecast.cause) if gap.possible is None else f"now says {day_text(gap.possible)}"
        told = forecast.cause if gap.possible is None else target
        shown = Share(planned.node, unconverted=gap.share.unconverted) if gap.share.unconverted else unpriced(gap.share)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(planned.node,),
            title=_title(world, gap),
            objective_ids=ids,
            commitment=Claim(
                "objectives",
                planned.objective.name,
                f"expects revenue from {day_text(planned.start)}",
                planned.start,
                planned.objective.location,
            ),
            forecast=Claim(world.system(told), name_of(world, told), says, gap.possible, world.where(told.node)),
            impact=Impact(gap.days, (shown,), deferred=deferred),
            cause=forecast.cause.node,
            chain=chain_steps(world, forecast, f"revenue expected from {day_text(planned.start)}", planned.start),
            evidence=(*planned.evidence, *evidence_of(world, forecast)),
            severity=severity(Impact(gap.days, (gap.share,)), last_day, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=gap.within),
            decide_by=last_day,
            advice=_advice(world, gap),
            sources=tuple(sorted(forecast.sources | planned.sources)),
        )

    def why_resolved(self, finding: Finding, world: World, options: UnreleasedRevenueOptions) -> str:
        node = finding.subjects[0]
        key = finding.commitment.key if finding.commitment else node
        objective, told = world.network.objectives.get(node), Told.by(options.accounts, options.metrics)
        planned = planned_revenue(world, objective, told) if objective is not None else None
        if planned is None:
            return f"no revenue of {key} is expected by month any more"
        before = finding.commitment.day if finding.commitment else None
        if before is not None and planned.start != before:
            return f"the expected revenue now begins on {day_text(planned.start)}"
        forecast = _delivery(world, node)
        if forecast is None or _nothing_delivers(world, node):
            return f"nothing is linked any more that delivers {key}"
        return forecast_reason(finding, forecast, world)


def _delivery(world: World, node: str) -> Forecast | None:
    """When what delivers an objective is released: its work, and the releases that this work still waits for."""
    forecast = world.forecasts.get(node)
    if forecast is None or forecast.state not in (ForecastState.DONE, ForecastState.DATED):
        return forecast
    releases = {
        release
        for child in world.network.children.get(node, ())
        if (own := world.network.own.get(child)) is not None
        for release in own.releases
    }
    for release in sorted(releases):
        shipping = world.forecasts.get(release)
        if shipping is not None and _comes_after(shipping, forecast):
            sources = forecast.sources | shipping.sources
            forecast = Forecast(node, shipping.state, shipping.day, Because.SHIPS_WITH, shipping, sources=sources)
    return forecast


def _comes_after(shipping: Forecast, forecast: Forecast) -> bool:
    if shipping.state is ForecastState.DATED:
        later = forecast.day is None or (shipping.day is not None and shipping.day > forecast.day)
        return later and not forecast.supports_nothing
    return shipping.supports_nothing and not shipping.dropped_itself and forecast.state is ForecastState.DONE


def _nothing_delivers(world: World, node: str) -> bool:
    network, forecast = world.network, world.forecasts.get(node)
    known = (network.children, network.delivery_work, network.delivery_policy, network.edges)
    undated = forecast is None or forecast.state is ForecastState.UNDATED
    return undated and not any(each.get(node) for each in known)


def _gap(world: World, planned: PlannedRevenue, forecast: Forecast) -> _Gap | None:
    start = planned.start
    possible, days = None, None
    if forecast.state is ForecastState.DATED and forecast.day is not None and forecast.day > start:
        possible = until = forecast.day
        days = (until - start).days
    elif forecast.supports_nothing:
        until = end_of_year(start, world.today)
    else:
        return None
    within = days is not None and days <= world.tolerance_days((planned.objective.id,))
    if within and not periods_moved(start, until):
        return None
    return _Gap(planned, forecast, possible, until, planned.before(until, world), days, within)


def _deals_tell_it(world: World, planned: PlannedRevenue) -> bool:
    """Whether deals of the objective tell their recurring revenue, so that theirs is the deferred revenue."""
    below = linked_below(world, planned.objective.id, Role.PROMISES)
    field = world.options.recurring_field
    return any(recurring_amount(world.network.deals[deal], field) is not None for deal in below)


def _title(world: World, gap: _Gap) -> str:
    expects = f"Revenue of {gap.planned.objective.name} is expected from {day_text(gap.planned.start)}"
    money = _money(world, gap)
    if gap.possible is None:
        cause = gap.forecast.cause
        until = day_text(gap.until - timedelta(1))
        return f"{expects}, but {name_of(world, cause)} {says_of(world, cause)}: {money} to {until} rest on nothing"
    gap_text = later_text(gap.days or 0)
    if gap.within:
        gap_text += ", inside the tolerance but in another quarter"
    return f"{expects}; the work now says {day_text(gap.possible)} ({gap_text}): {money} come later"


def _money(world: World, gap: _Gap) -> str:
    if gap.share.unconverted is not None:
        return (
            f"{amount_text(gap.share.unconverted.amount, gap.share.unconverted.currency)}, for which there is no rate,"
        )
    return amount_text(Impact(None, (gap.share,)).full(Account.REVENUE), world.rates.base)


def _advice(world: World, gap: _Gap) -> str:
    objective = gap.planned.objective
    confirms = gap.planned.validated_by or controller(world.tree, (objective.id,))
    confirmed = f" ({confirms} confirms the amount)" if confirms else ""
    cause = name_of(world, gap.forecast.cause)
    if gap.possible is None:
        return f"Give {cause} a date that holds, or take the revenue out of the forecast{confirmed}."
    by = days_text(gap.days or 0)
    return f"Expect the revenue from {day_text(gap.possible)}{confirmed}, or bring {cause} forward by {by}."


def _named(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    shown = sorted(names)[:_MOST_NAMED]
    return listed([*shown, f"{more} more"] if more > 0 else shown)
