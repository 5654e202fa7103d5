"""What stays inside the tolerance, or comes in full, but lands in another quarter or year than planned."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Finding, Impact, Severity, Share
from model.links import Role
from model.money import Money, Month, MonthAmount
from reconcile.above import name_of
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import controller, decide_by, decider, owner
from reconcile.forecast import ForecastState
from reconcile.impact import periods_moved, severity
from reconcile.promises import gone_reason
from reconcile.story import chain_steps, evidence_of, says_of
from reconcile.targets import (
    LATE_READS,
    Target,
    late_below,
    of_cause,
    target_claim,
    target_evidence,
    targets,
    why_reached,
)
from reconcile.values import NONE, Outlook, cause_of, cell_evidence, months_share, no_forecasts, outlook_of, served_by
from reconcile.wording import amount_text, day_text, days_text, later_text, listed
from reconcile.world import World


class CrossesPeriodOptions(CheckOptions):
    """Options of the check crosses-period."""

    from_amount: Annotated[Decimal, Field(ge=0)] = Decimal(1_000)
    """From how much money in the business currency on it is told that a saving's money changes the period."""
    from_percent: Annotated[Decimal, Field(ge=0, le=100)] = Decimal(5)
    """And from how many percent of what the saving plans for the months that it leaves: forecasts are never exact."""
    notice_days: Annotated[int, Field(ge=0)] = 14
    """How many days before the target, or the first month that falls short, something can still be done about it."""


@dataclass(frozen=True, slots=True)
class _Shift:
    """A part of a saving that a later month makes up for, in another quarter than it was planned for."""

    planned: Month
    expected: Month
    amount: Decimal

    @property
    def leaves_the_year(self) -> bool:
        return self.planned.year != self.expected.year


class CrossesPeriod(Check[CrossesPeriodOptions]):
    """A target or a saving keeps to its tolerance and still lands in another quarter or year.

    What it finds
        An objective whose work is forecast to finish after its target by no more than its tolerance, but across the end
        of a quarter or a year, with the money of the promises and savings below that the same record makes late. And a
        saving whose forecast brings later what it does not bring when planned: the amount that moves from one quarter
        to another, with what the year that it leaves still gets. Inside the year it is late (yellow); over the end of a
        year, that year's effect is not reached (red). What has moved into months that are over is not told, nor less
        than a floor, nor less than 5 % of what the months plan that it leaves. Nobody reads the same thing twice: a
        deal inside its tolerance in another quarter is told by late-commitment, a saving that its enabler delays by
        early-saving, a target beyond its tolerance by schedule-slip, and money that is not made up for at all by
        value-slip.

    Why it matters
        Inside the tolerance nobody has to be asked, but the quarter and the year are closed on a day: money on the
        other side of it is missing in the result that was promised.

    What to do
        Bring it forward over the end of the period, or tell finance in which period the money now comes.

    Example
        M-201 plans EUR 620,000 for December 2026 and forecasts EUR 400,000, and EUR 220,000 more than planned for
        January 2027: EUR 220,000 move from Q4 2026 to Q1 2027. Nothing is lost over both years, but 2026 does not get
        what it planned (red).
    """

    name = "crosses-period"
    title = "Something lands in another quarter or year than planned"
    family = "savings and value"
    patterns = ("F5.1", "I12")
    formula = (
        "Baseline < forecast <= baseline + tolerance, in another quarter; of savings: what later months make up for, "
        "across a quarter."
    )
    options_type = CrossesPeriodOptions
    reads = FORECAST_READS | LATE_READS | {"forecast", "actual"}
    roles = frozenset({Role.DELIVERS, Role.PROMISES, Role.SAVES})

    def find(self, world: World, options: CrossesPeriodOptions) -> Iterator[Verdict]:
        for target in targets(world):
            if target.forecast.state is ForecastState.UNKNOWN:
                cause = target.forecast.cause
                yield Unjudged((target.node,), f"{world.key(cause)} {says_of(world, cause)}")
            elif (day := _other_period(target)) is not None:
                late = late_below(world, target.objective.id)
                shares = of_cause(world, late, target.forecast.cause.node)
                yield self._of_target(world, options, target, day, shares)
        outlooks = [outlook_of(world, saving) for saving in world.network.savings.values()]
        yield from (Blind(*blind) for blind in no_forecasts(outlooks))
        for each in outlooks:
            if each.undefined:
                yield Unjudged((each.saving.id,), each.undefined)
            elif shifts := _material(world, options, each, _shifts(each, world.today)):
                yield self._of_saving(world, options, each, shifts)

    def _of_target(
        self, world: World, options: CrossesPeriodOptions, target: Target, day: date, shares: tuple[Share, ...]
    ) -> Finding:
        objective, forecast, baseline = target.objective, target.forecast, target.in_force.target
        days = (day - baseline).days
        impact = Impact(days, shares)
        last_day = decide_by(baseline, options.notice_days, world.today)
        ids = (objective.id,)
        named = name_of(world, forecast.cause)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(target.node,),
            title=f"{objective.name} is to be reached by {day_text(baseline)}; the work now says {day_text(day)} "
            f"({later_text(days)}), inside the tolerance of {days_text(target.tolerance_days)} but in "
            f"{_quarter(Month.of(day))} instead of {_quarter(Month.of(baseline))}",
            objective_ids=ids,
            commitment=target_claim(target),
            forecast=Claim(
                world.system(forecast.cause),
                named,
                says_of(world, forecast.cause),
                day,
                world.where(forecast.cause.node),
            ),
            impact=impact,
            cause=forecast.cause.node,
            chain=chain_steps(world, forecast, f"baseline {day_text(baseline)}", baseline),
            evidence=(*target_evidence(target), *evidence_of(world, forecast)),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=True),
            decide_by=last_day,
            advice=f"Bring {named} forward by {days_text(days)}, or tell finance that the money of "
            f"{objective.name} comes in {_quarter(Month.of(day))}.",
            sources=tuple(sorted(forecast.sources)),
        )

    def _of_saving(
        self, world: World, options: CrossesPeriodOptions, each: Outlook, shifts: Sequence[_Shift]
    ) -> Finding:
        saving = each.saving
        ids = served_by(world, saving)
        moved = _share(world, each, shifts)
        last_day = decide_by(shifts[0].planned.first, options.notice_days, world.today)
        red = any(shift.leaves_the_year for shift in shifts)
        degree = severity(Impact(None, (moved,)), last_day, world.today, world.options.severity)
        name = f"{saving.key} {saving.title}" if saving.title != saving.key else saving.key
        first = shifts[0].planned
        where = world.where(saving.id, f"plan.{first}")
        months = {month for shift in shifts for month in (shift.planned, shift.expected)}
        confirms = saving.controller or controller(world.tree, ids) or "the controller"
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(saving.id,),
            title=f"{name}: {_moves_text(each, shifts)}",
            objective_ids=ids,
            commitment=Claim(
                saving.source, saving.key, f"plans it {_quarters(shift.planned for shift in shifts)}", where=where
            ),
            forecast=Claim(
                saving.source,
                saving.key,
                f"forecasts it {_quarters(shift.expected for shift in shifts)}; {_years_say(each, shifts)}",
                where=world.where(saving.id, f"forecast.{shifts[0].expected}"),
            ),
            impact=Impact(None, deferred=(moved,)),
            cause=cause_of(world, saving),
            evidence=tuple(cell_evidence(saving, (cell for cell in each.cells if cell.month in months), each.currency)),
            severity=degree if red else min(degree, Severity.MINOR),
            owner=saving.owner or owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=not red),
            decide_by=last_day,
            advice=f"Let {confirms} confirm in which period the money comes, or bring it forward.",
            sources=(saving.source,),
        )

    def why_resolved(self, finding: Finding, world: World, options: CrossesPeriodOptions) -> str:
        subject = finding.subjects[0]
        if subject.startswith("objective:"):
            return why_reached(finding, world)
        saving = world.network.savings.get(subject)
        key = finding.commitment.key if finding.commitment else subject
        if saving is None:
            return gone_reason(subject, key, world)
        return f"no money of {key} moves into a quarter that is still to come"


def _other_period(target: Target) -> date | None:
    """The forecast day, where it is inside the tolerance and in another quarter than the target."""
    days, day = target.days, target.forecast.day
    if days is None or day is None or not 0 < days <= target.tolerance_days:
        return None
    return day if periods_moved(target.in_force.target, day) else None


def _shifts(each: Outlook, today: date) -> tuple[_Shift, ...]:
    """What a later month brings more than planned makes up for the oldest shortfall before it."""
    open_: list[tuple[Month, Decimal]] = []
    found: list[_Shift] = []
    for cell in each.cells:
        if cell.short > 0:
            open_.append((cell.month, cell.short))
        more = -cell.short
        while more > 0 and open_:
            month, short = open_.pop(0)
            made_up = min(short, more)
            more -= made_up
            if short > made_up:
                open_.insert(0, (month, short - made_up))
            if periods_moved(month.first, cell.month.first) and cell.month >= Month.of(today):
                found.append(_Shift(month, cell.month, made_up))
    return tuple(found)


def _material(
    world: World, options: CrossesPeriodOptions, each: Outlook, shifts: tuple[_Shift, ...]
) -> tuple[_Shift, ...]:
    """The shifts, where together they reach both floors; money without a rate is never too little."""
    left = {shift.planned for shift in shifts}
    planned = sum((cell.planned for cell in each.cells if cell.month in left), NONE)
    if _total(shifts) * 100 < planned * options.from_percent:
        return ()
    whole = world.rates.convert(Money(_total(shifts), each.currency))
    return shifts if shifts and (whole is None or whole.amount >= options.from_amount) else ()


def _total(shifts: Sequence[_Shift]) -> Decimal:
    return sum((shift.amount for shift in shifts), NONE)


def _share(world: World, each: Outlook, shifts: Sequence[_Shift]) -> Share:
    """The money by the month that it leaves."""
    left: dict[Month, Decimal] = {}
    for shift in shifts:
        left[shift.planned] = left.get(shift.planned, NONE) + shift.amount
    cells = tuple(MonthAmount(month, amount) for month, amount in sorted(left.items()))
    return months_share(each.saving, cells, each.currency, world.rates)


def _moves_text(each: Outlook, shifts: Sequence[_Shift]) -> str:
    amount = amount_text(_total(shifts), each.currency)
    return (
        f"{amount} {_quarters((shift.planned for shift in shifts), 'leave')} "
        f"and {_quarters((shift.expected for shift in shifts), 'come in')} instead"
    )


def _years_say(each: Outlook, shifts: Sequence[_Shift]) -> str:
    """In-year and over all compared months, with the light that follows (design 5.6)."""
    year = shifts[0].planned.year
    inside = [cell for cell in each.cells if cell.month.year == year]
    planned = sum((cell.planned for cell in inside), NONE)
    expected = sum((cell.expected for cell in inside), NONE)
    in_year = f"{year} gets {amount_text(expected, each.currency)} of {amount_text(planned, each.currency)} planned"
    whole = f"{amount_text(each.expected, each.currency)} of {amount_text(each.planned, each.currency)}"
    red = any(shift.leaves_the_year for shift in shifts)
    return f"{in_year}, all months together {whole} ({'red' if red else 'yellow'})"


def _quarters(months: Iterator[Month], verb: str = "for") -> str:
    return f"{verb} {listed(list(dict.fromkeys(_quarter(month) for month in months)))}"


def _quarter(month: Month) -> str:
    return f"Q{(month.month - 1) // 3 + 1} {month.year}"
