"""What a delay itself costs, beside what is at risk: revenue that moves, the next week, the yearly effect behind it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from model.findings import Account, Finding, Share
from model.records import Deal, Saving
from reconcile.forecast import Forecast, ForecastState
from reconcile.impact import (
    deferred_share,
    lost_share,
    planned_start,
    recurring_amount,
    yearly_saving,
    yearly_share,
)
from reconcile.world import World

WEEK = 7


def with_delay(finding: Finding, world: World) -> Finding:
    """Add what the delay of each deal and saving of the finding costs, as far as stored amounts tell it.

    Only where the forecast is later than the commitment, or nothing supports it. ``deferred`` needs both days.
    """
    deferred: list[Share] = []
    weekly: list[Share] = []
    yearly: list[Share] = []
    for record_id in dict.fromkeys(share.record_id for share in finding.impact.shares):
        for target, share in _of_record(record_id, world):
            {"deferred": deferred, "weekly": weekly, "yearly": yearly}[target].append(share)
    if not (deferred or weekly or yearly):
        return finding
    impact = replace(finding.impact, deferred=tuple(deferred), weekly=tuple(weekly), yearly=tuple(yearly))
    return replace(finding, impact=impact)


def _of_record(record_id: str, world: World) -> Iterator[tuple[str, Share]]:
    forecast = world.forecasts.get(record_id)
    if forecast is None:
        return
    deal, saving = world.network.deals.get(record_id), world.network.savings.get(record_id)
    if deal is not None:
        yield from _of_deal(deal, forecast, world)
    elif saving is not None:
        yield from _of_saving(saving, forecast, world)


def _of_deal(deal: Deal, forecast: Forecast, world: World) -> Iterator[tuple[str, Share]]:
    recurring = recurring_amount(deal, world.options.recurring_field)
    possible = _possible(forecast, deal.promised_date)
    if recurring is None or deal.promised_date is None or (possible is None and not forecast.supports_nothing):
        return
    if possible is not None:
        yield "deferred", deferred_share(deal, recurring, deal.promised_date, possible, world.rates)
    yield "weekly", yearly_share(deal.id, Account.REVENUE, recurring, world.rates, days=WEEK)
    yield "yearly", yearly_share(deal.id, Account.REVENUE, recurring, world.rates)


def _of_saving(saving: Saving, forecast: Forecast, world: World) -> Iterator[tuple[str, Share]]:
    start = planned_start(saving)
    possible = _possible(forecast, start)
    if start is None or (possible is None and not forecast.supports_nothing):
        return
    begin = possible or max(start, world.today)
    week = lost_share(saving, start, begin + timedelta(WEEK), world.rates, since=begin)
    if week.amounts or week.unconverted:
        yield "weekly", week
    if (effect := yearly_saving(saving, start)) is not None:
        yield "yearly", yearly_share(saving.id, Account.SAVINGS, effect, world.rates)


def _possible(forecast: Forecast, committed: date | None) -> date | None:
    """The day that the work now gives, where it is later than the commitment."""
    if forecast.state is ForecastState.DATED and forecast.day is not None and committed is not None:
        return forecast.day if forecast.day > committed else None
    return None
