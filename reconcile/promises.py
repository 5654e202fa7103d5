"""What the checks on deals share: which promises there are, what they wait for, and why one is kept again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from model.findings import Claim, Evidence, Finding, Impact
from model.records import Absence, Deal, Outcome, Record
from reconcile.check import Blind
from reconcile.decisions import owner
from reconcile.forecast import Forecast, ForecastState, owner_of_nothing
from reconcile.impact import periods_moved, revenue_share
from reconcile.wording import day_text
from reconcile.world import World


@dataclass(frozen=True, slots=True)
class Promise:
    """One deal that is open or won and waits for work. ``target`` is the forecast of what it needs most."""

    deal: Deal
    forecast: Forecast
    target: Forecast
    objective_ids: tuple[str, ...]
    tolerance_days: int

    @property
    def party(self) -> str:
        """To whom it was promised."""
        return self.deal.account or self.deal.title


def promises(world: World) -> Sequence[Promise]:
    """Every promise of the run. Lost deals weigh nothing (design 5.5)."""
    if "promises" not in world.derived:
        world.derived["promises"] = tuple(_promises(world))
    found: Sequence[Promise] = world.derived["promises"]
    return found


def _promises(world: World) -> Iterator[Promise]:
    for deal in world.network.deals.values():
        promise = promise_of(world, deal)
        if promise is not None:
            yield promise


def promise_of(world: World, deal: Deal) -> Promise | None:
    """What a deal was promised; None where it is lost or waits for nothing."""
    forecast = world.forecasts.get(deal.id) if deal.outcome is not Outcome.LOST else None
    if forecast is None or forecast.next is None:
        return None
    objective_ids = world.objective_ids(forecast)
    return Promise(deal, forecast, forecast.next, objective_ids, world.tolerance_days(objective_ids))


def sources_without_promises(world: World, *, dated: bool = False) -> Iterator[Blind]:
    """Sources whose linked deals all lack what was promised, or with ``dated`` the day: nothing there can be judged."""
    deals: dict[str, list[Deal]] = {}
    for deal in world.network.deals.values():
        if deal.outcome is not Outcome.LOST:
            deals.setdefault(deal.source, []).append(deal)
    for source, several in sorted(deals.items()):
        if all(world.forecasts.get(deal.id) is None for deal in several):
            yield Blind(f"no deal of {source} tells what was promised", (source,))
        elif dated and all(deal.promised_date is None for deal in several):
            yield Blind(f"no deal of {source} has a promised date", (source,))


def is_told_late(promise: Promise) -> bool:
    """Whether the promise is earlier than the forecast by so much that it is told: beyond the tolerance, or inside it
    and across the end of a quarter (design 5.1). The check late-commitment tells it, and no other does."""
    promised, day = promise.deal.promised_date, promise.forecast.day
    if promised is None or day is None or promise.forecast.state is not ForecastState.DATED or day <= promised:
        return False
    return (day - promised).days > promise.tolerance_days or periods_moved(promised, day)


def promise_says(promise: Promise, world: World) -> str:
    """``promises Aurora 4.0 for 30 Sep 2026``."""
    words = f"promises {world.key(promise.target)}"
    return f"{words} for {day_text(promise.deal.promised_date)}" if promise.deal.promised_date else words


def commitment_claim(promise: Promise, world: World) -> Claim:
    deal = promise.deal
    where = world.where(deal.id, "promised_date")
    return Claim(deal.source, deal.key, promise_says(promise, world), deal.promised_date, where)


def promise_evidence(promise: Promise, world: World) -> Iterator[Evidence]:
    """The deal's own fields: when it promises, and what."""
    deal = promise.deal
    if deal.promised_date is not None:
        yield _field(world, deal, "promised_date", deal.promised_date.isoformat())
    if deal.promised:
        yield _field(world, deal, "promised", deal.promised)


def _field(world: World, record: Record, field: str, value: str) -> Evidence:
    return Evidence(record.id, record.key, world.field_name(record.id, field), value, world.where(record.id, field))


def promise_owner(promise: Promise, world: World) -> str | None:
    return owner_of_nothing(promise.forecast) or promise.deal.owner or owner(world.tree, promise.objective_ids)


def promise_impact(promise: Promise, world: World, days: int | None) -> Impact:
    return Impact(days, (revenue_share(promise.deal, world.rates),))


def rests_on(forecast: Forecast, record: Record) -> tuple[str, ...]:
    """The sources whose complete reading a judgement of this record rests on."""
    return tuple(sorted(forecast.sources | {record.source}))


def why_kept(finding: Finding, world: World) -> str:
    """Why a deal's finding is not found any more."""
    subject = finding.subjects[0]
    key = finding.commitment.key if finding.commitment else subject
    deal = world.network.deals.get(subject)
    if deal is None:
        return gone_reason(subject, key, world)
    if deal.outcome is Outcome.LOST:
        return f"{key} was lost"
    if (moved := moved_reason(finding, deal.promised_date, "the promise")) is not None:
        return moved
    forecast = world.forecasts.get(subject)
    if forecast is None or forecast.next is None:
        return f"{key} waits for nothing any more"
    return forecast_reason(finding, forecast, world)


def gone_reason(subject: str, key: str, world: World) -> str:
    """Why a record is not among those that are judged."""
    match world.absence(subject):
        case Absence.DELETED:
            return f"{key} was deleted"
        case Absence.MOVED:
            return f"{key} was moved out of what is read"
    return f"no rule links {key} any more"


def moved_reason(finding: Finding, now: date | None, what: str) -> str | None:
    """Whether the commitment itself changed, in words."""
    before = finding.commitment.day if finding.commitment else None
    if now == before:
        return None
    if now is None:
        return f"{what} has no date any more"
    return f"{what} moved from {day_text(before)} to {day_text(now)}" if before else f"{what} is now {day_text(now)}"


def forecast_reason(finding: Finding, forecast: Forecast, world: World) -> str:
    """What the work says now, in words."""
    target = world.key(forecast.next or forecast)
    if forecast.state is ForecastState.DONE:
        return f"{target} is finished"
    if forecast.supports_nothing:
        return f"nothing supports {target} any more, which is a finding of its own"
    if forecast.day is not None and (finding.forecast is None or forecast.day != finding.forecast.day):
        return f"{target} now says {day_text(forecast.day)}"
    return "the tools agree again"
