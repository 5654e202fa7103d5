"""A saving that the plan books before its enabler can deliver it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from model.findings import Account, Claim, Evidence, Finding, Impact, Share
from model.links import Role
from model.money import Month
from model.records import Saving
from reconcile.above import name_of
from reconcile.check import FORECAST_READS, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import controller, decide_by, decider, owner
from reconcile.forecast import Forecast, ForecastState, owner_of_nothing
from reconcile.impact import lost_share, periods_moved, planned_start, severity
from reconcile.promises import forecast_reason, gone_reason, moved_reason, rests_on
from reconcile.story import chain_steps, evidence_of, says_of
from reconcile.values import NONE, value_triage
from reconcile.wording import amount_text, day_text, days_text, lag_text, later_text
from reconcile.world import World


class EarlySavingOptions(CheckOptions):
    """Options of the check early-saving."""

    notice_days: Annotated[int, Field(ge=0)] = 14
    """How many days before the planned start the enabler can still be brought forward."""
    triage_percent: Annotated[Decimal, Field(gt=0)] = Decimal(15)
    """From how many percent of what the plan books in the years concerned on the loss is marked for triage."""


@dataclass(frozen=True, slots=True)
class _Gap:
    """One saving whose plan begins before it can. ``possible`` is None where nothing supports the enabler."""

    saving: Saving
    forecast: Forecast
    target: Forecast
    start: date
    possible: date | None
    until: date
    impact: Impact
    objective_ids: tuple[str, ...]
    within_tolerance: bool = False


class EarlySaving(Check[EarlySavingOptions]):
    """A saving is booked before its enabler makes it possible.

    What it finds
        A saving whose plan begins before the forecast of its enabler plus lag, by more than the tolerance of its
        objective (inside it, when the delay crosses the end of a quarter). Lost is what the plan books from the planned
        start up to the possible start: of a monthly cell the share of its days from the planned start on, of a yearly
        run-rate a 365th a day. Where nothing supports the enabler, it is everything that is planned from the planned
        start to the end of that calendar year, or of the current year if that is later. An unmoved plan stays as it is:
        plan, forecast and actual are never overwritten. Each year is shown with what it still gets of its plan: late
        within the year is yellow, an effect that only a later year reaches is red. A loss of 15 % or more of what the
        plan books in these years is a value slip and marked for triage.

    Why it matters
        The budget counts on the money, and the tracker stays green because nobody tells it that the enabler moved.

    What to do
        Let the controller confirm the amount, then book the saving from the possible start, or bring the record at the
        end of the chain forward.

    Example
        M-201 books EUR 620,000 in October from 1 October. Its enabler ERP-100 now says 22 October: 21 of 31 days,
        EUR 420,000 lost in October.
    """

    name = "early-saving"
    title = "A saving is booked before its enabler can deliver it"
    family = "savings and value"
    patterns = ("F5.1", "I33")
    formula = (
        "Planned start < forecast of the enabler + lag; lost = planned money of the days between, of a run-rate R / "
        "365 a day."
    )
    options_type = EarlySavingOptions
    reads = FORECAST_READS | {"planned_start", "plan", "run_rate", "currency", "enabler"}
    roles = frozenset({Role.SAVES, Role.DELIVERS})

    def find(self, world: World, options: EarlySavingOptions) -> Iterator[Verdict]:
        for saving in world.network.savings.values():
            forecast = world.forecasts.get(saving.id)
            start = planned_start(saving)
            if forecast is None or forecast.next is None or start is None:
                continue
            if forecast.state is ForecastState.UNKNOWN:
                cause = forecast.cause
                yield Unjudged((saving.id,), f"{world.key(cause)} {says_of(world, cause)}")
            elif (gap := _gap(world, saving, forecast, start)) is not None:
                yield self._finding(world, options, gap)

    def _finding(self, world: World, options: EarlySavingOptions, gap: _Gap) -> Finding:
        saving = gap.saving
        last_day = decide_by(gap.start, options.notice_days, world.today)
        years = _years(world, gap)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(saving.id,),
            title=_title(world, gap),
            objective_ids=gap.objective_ids,
            commitment=_commitment(world, gap),
            forecast=_forecast(world, gap),
            impact=gap.impact,
            cause=gap.forecast.cause.node,
            chain=chain_steps(world, gap.forecast, f"booked from {day_text(gap.start)}", gap.start),
            evidence=(*_plan_evidence(world, gap), *_effects(world, gap, years), *evidence_of(world, gap.forecast)),
            severity=severity(gap.impact, last_day, world.today, world.options.severity),
            owner=owner_of_nothing(gap.forecast) or saving.owner or owner(world.tree, gap.objective_ids),
            decider=decider(world.tree, gap.objective_ids, within_tolerance=gap.within_tolerance),
            decide_by=last_day,
            advice=_advice(world, gap),
            sources=rests_on(gap.forecast, saving),
            triage=value_triage(
                sum((year.lost for year in years), NONE),
                sum((year.planned for year in years), NONE),
                options.triage_percent,
            ),
        )

    def why_resolved(self, finding: Finding, world: World, options: EarlySavingOptions) -> str:
        subject = finding.subjects[0]
        key = finding.commitment.key if finding.commitment else subject
        saving, forecast = world.network.savings.get(subject), world.forecasts.get(subject)
        if saving is None:
            return gone_reason(subject, key, world)
        if (moved := moved_reason(finding, planned_start(saving), "the planned start")) is not None:
            return moved
        if forecast is None:
            return f"{key} waits for nothing any more"
        return forecast_reason(finding, forecast, world)


def _gap(world: World, saving: Saving, forecast: Forecast, start: date) -> _Gap | None:
    """The gap between plan and possibility; None when there is none, or when the plan books nothing in it."""
    objective_ids = world.objective_ids(forecast)
    days: int | None = None
    if forecast.supports_nothing:
        possible, until = None, date(max(start.year, world.today.year) + 1, 1, 1)
    elif forecast.state is ForecastState.DATED and forecast.day is not None and forecast.day > start:
        possible = until = forecast.day
        days = (until - start).days
    else:
        return None
    within = days is not None and days <= world.tolerance_days(objective_ids)
    impact = Impact(days, (lost_share(saving, start, until, world.rates),))
    known = bool(saving.plan) or saving.run_rate is not None
    books_nothing = known and not impact.priced and not impact.unconverted
    if books_nothing or (within and not periods_moved(start, until)):
        return None
    return _Gap(saving, forecast, forecast.next or forecast, start, possible, until, impact, objective_ids, within)


def _title(world: World, gap: _Gap) -> str:
    saving = gap.saving
    name = f"{saving.key} {saving.title}" if saving.title != saving.key else saving.key
    booked = f"{name} is booked from {day_text(gap.start)}"
    if gap.possible is None:
        cause = gap.forecast.cause
        reason = f"{name_of(world, cause)} {says_of(world, cause)}"
        until = day_text(gap.until - timedelta(1))
        return f"{booked}, but nothing supports its enabler: {reason}; the plan is counted to {until}"
    gap_text = later_text((gap.possible - gap.start).days)
    if gap.within_tolerance:
        gap_text += ", inside the tolerance but in another quarter"
    return f"{booked}; {name_of(world, gap.target)} makes it possible from {day_text(gap.possible)} ({gap_text})"


def _commitment(world: World, gap: _Gap) -> Claim:
    where = world.where(gap.saving.id, "planned_start")
    return Claim(gap.saving.source, gap.saving.key, f"books savings from {day_text(gap.start)}", gap.start, where)


def _forecast(world: World, gap: _Gap) -> Claim:
    if gap.possible is None:
        cause = gap.forecast.cause
        system = world.system(cause) or gap.saving.source
        return Claim(system, name_of(world, cause), says_of(world, cause), None, world.where(cause.node))
    target = gap.target
    says = f"now says {day_text(target.day)}" if target.day else says_of(world, target)
    if gap.forecast.lag:
        says += f", plus {lag_text(gap.forecast.lag)}"
    return Claim(world.system(target), name_of(world, target), says, gap.possible, world.where(target.node))


def _plan_evidence(world: World, gap: _Gap) -> Iterator[Evidence]:
    """The planned start and every figure that the lost amount is taken from, with its cell."""
    saving = gap.saving
    if saving.planned_start is not None:
        yield _field(world, saving, "planned_start", saving.planned_start.isoformat())
    if saving.enabler:
        yield _field(world, saving, "enabler", saving.enabler)
    if not saving.plan and saving.run_rate is not None:
        yield _field(world, saving, "run_rate", amount_text(saving.run_rate.amount, saving.run_rate.currency))
    first, last = Month.of(gap.start), Month.of(gap.until - timedelta(1))
    for cell in sorted(saving.plan, key=lambda cell: cell.month):
        if first <= cell.month <= last and cell.amount > 0:
            yield _field(world, saving, f"plan.{cell.month}", amount_text(cell.amount, saving.currency))


@dataclass(frozen=True, slots=True)
class _Year:
    """What the plan books in one year from the planned start on, and what of it cannot come."""

    year: int
    planned: Decimal
    lost: Decimal


def _years(world: World, gap: _Gap) -> tuple[_Year, ...]:
    """The calendar years that the gap touches; in the base currency, or in the saving's own where there is no rate."""
    (share,) = gap.impact.shares
    found = []
    for year in range(gap.start.year, (gap.until - timedelta(1)).year + 1):
        begin, end = max(gap.start, date(year, 1, 1)), date(year + 1, 1, 1)
        planned = _amount(lost_share(gap.saving, begin, end, world.rates))
        whole = begin == gap.start and gap.until <= end
        lost = _amount(share) if whole else _amount(lost_share(gap.saving, begin, min(end, gap.until), world.rates))
        found.append(_Year(year, planned, lost))
    return tuple(found)


def _amount(share: Share) -> Decimal:
    if share.unconverted is not None:
        return share.unconverted.amount
    return sum((amount.full.amount for amount in share.amounts), NONE)


def _effects(world: World, gap: _Gap, years: tuple[_Year, ...]) -> Iterator[Evidence]:
    """What each year still gets of its plan, with the light that follows (design 5.6)."""
    saving = gap.saving
    currency = gap.impact.unconverted[0].currency if gap.impact.unconverted else world.rates.base
    late = gap.possible is not None and gap.possible.year == gap.start.year
    for each in years:
        if each.planned > 0:
            gets = amount_text(each.planned - each.lost, currency)
            light = "late within the year (yellow)" if late else "not reached (red)"
            value = f"{gets} of {amount_text(each.planned, currency)} planned, {light}"
            yield Evidence(saving.id, saving.key, f"effect in {each.year}", value, world.where(saving.id))


def _field(world: World, saving: Saving, field: str, value: str) -> Evidence:
    return Evidence(saving.id, saving.key, world.field_name(saving.id, field), value, world.where(saving.id, field))


def _advice(world: World, gap: _Gap) -> str:
    confirms = gap.saving.controller or controller(world.tree, gap.objective_ids)
    confirmed = f" ({confirms} confirms the amount)" if confirms else ""
    cause = name_of(world, gap.forecast.cause)
    if gap.possible is None:
        return f"Give {cause} a date that holds, or take the saving out of the plan{confirmed}."
    days = days_text((gap.possible - gap.start).days)
    lost = gap.impact.full(Account.SAVINGS)
    amount = f"{amount_text(lost, world.rates.base)} cannot come: " if gap.impact.priced else ""
    return f"{amount}book the saving from {day_text(gap.possible)}{confirmed}, or bring {cause} forward by {days}."
