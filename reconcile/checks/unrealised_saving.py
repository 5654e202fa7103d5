"""Work that is done while the saving that it was for books nothing (I38)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact
from model.keys import normalise_key, objective_node
from model.links import Role
from model.money import Month, MonthAmount
from model.records import Saving
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import controller, decider, owner
from reconcile.forecast import Forecast, ForecastState
from reconcile.impact import CENT, DAYS_OF_A_YEAR, planned_start, severity
from reconcile.promises import gone_reason, rests_on
from reconcile.story import says_of
from reconcile.values import NONE, by_month, field_evidence, months_share, served_by
from reconcile.wording import amount_text, day_text
from reconcile.world import World

_MOST_SHOWN = 12


class UnrealisedSavingOptions(CheckOptions):
    """Options of the check unrealised-saving."""

    closing_days: Annotated[int, Field(ge=0)] = 30
    """How many days after the end of a month its actuals may still be missing."""
    implemented_stages: tuple[str, ...] = (
        *("implemented", "effective", "closed", "completed"),
        *("umgesetzt", "wirksam", "abgeschlossen", "geschlossen"),
    )
    """The stage gates of savings at which the work counts as done, as the trackers write them."""


@dataclass(frozen=True, slots=True)
class _Nothing:
    """A saving that books nothing in these months although the work for it was done on a day."""

    saving: Saving
    forecast: Forecast | None
    since: date
    planned: tuple[MonthAmount, ...]
    objective_ids: tuple[str, ...]

    @property
    def currency(self) -> str:
        rate = self.saving.run_rate
        return rate.currency if rate is not None and not self.saving.plan else self.saving.currency

    @property
    def total(self) -> Decimal:
        return sum((cell.amount for cell in self.planned), NONE)


class UnrealisedSaving(Check[UnrealisedSavingOptions]):
    """The work for a saving is done, and the saving books nothing.

    What it finds
        A saving whose enabler is finished, lag included, or whose stage gate says that it is implemented, with at least
        one whole month since then and since its planned start that plans something, ended more than 30 days ago, and
        for which nothing is booked in any of them: the actual is zero while the forecast still claims something, or it
        is blank although this saving, or one of the same source linked to the same objective, has an actual for that
        month or a later one. A blank month that nobody has booked yet is unknown, not zero. One month with an actual
        means that the effect has begun. What it then falls short by, and a zero that no forecast contradicts, is a slip
        and told by value-slip. A source without any actuals cannot be judged. Lost is what these months plan; a yearly
        run-rate plans a 365th a day.

    Why it matters
        The project is reported as done, and the money that it was for does not come.

    What to do
        Ask what keeps the effect from coming, and let the controller confirm when and how much it will be.

    Example
        M-220 was implemented for 1 July 2026, and plans and forecasts EUR 42,000 a month. For July the actual is 0: on
        15 September EUR 42,000 are not there.
    """

    name = "unrealised-saving"
    title = "The work is done, and the saving books nothing"
    family = "savings and value"
    patterns = ("I38",)
    formula = "Work done, and nothing booked in any whole month since, after closing_days; lost = plan of these months."
    options_type = UnrealisedSavingOptions
    reads = FORECAST_READS | {
        "planned_start",
        "plan",
        "run_rate",
        "actual",
        "forecast",
        "stage_gate",
        "currency",
        "enabler",
    }
    roles = frozenset({Role.SAVES, Role.DELIVERS})

    def find(self, world: World, options: UnrealisedSavingOptions) -> Iterator[Verdict]:
        yield from _blind(world)
        stages = _stages(options)
        for objective in world.network.objectives.values():
            booked = _last_booked(world, objective.id)
            ids = {link.record_id for link in world.served.get(objective.id, ()) if link.role is Role.SAVES}
            for id_ in sorted(ids):
                saving = world.network.savings.get(id_)
                if saving is not None and _objective_of(world, saving) == objective.id:
                    yield from self._of(world, options, saving, stages, booked.get(saving.source))
        for saving in world.network.savings.values():
            if not _objective_of(world, saving):
                yield from self._of(world, options, saving, stages, None)

    def _of(
        self,
        world: World,
        options: UnrealisedSavingOptions,
        saving: Saving,
        stages: frozenset[str],
        booked: Month | None,
    ) -> Iterator[Verdict]:
        """What is to be said of one saving, whose source has booked actuals beside it up to a month."""
        forecast = world.forecasts.get(saving.id)
        if forecast is not None and forecast.state is ForecastState.UNKNOWN and not _is_at(saving, stages):
            yield Unjudged(_subjects(world, saving), f"{world.key(forecast.cause)} {says_of(world, forecast.cause)}")
        elif (nothing := _nothing(world, options, saving, stages, booked)) is not None:
            yield self._finding(world, nothing)

    def _finding(self, world: World, nothing: _Nothing) -> Finding:
        saving, ids = nothing.saving, nothing.objective_ids
        impact = Impact(None, (months_share(saving, nothing.planned, nothing.currency, world.rates),))
        first, last = nothing.planned[0].month, nothing.planned[-1].month
        when = f"for {first}" if first == last else f"from {first} to {last}"
        amount = amount_text(nothing.total, nothing.currency)
        name = f"{saving.key} {saving.title}" if saving.title != saving.key else saving.key
        confirms = saving.controller or controller(world.tree, ids)
        done, where = _done_says(world, nothing)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=_subjects(world, saving),
            title=f"{name}: the work is done since {day_text(nothing.since)}, and nothing of {amount} planned {when} "
            "is booked",
            objective_ids=ids,
            commitment=Claim(
                saving.source,
                saving.key,
                f"plans {amount} {when}",
                where=world.where(saving.id, f"plan.{first}"),
            ),
            forecast=Claim(
                saving.source, saving.key, f"books nothing; {done}", where=world.where(saving.id, f"actual.{first}")
            ),
            impact=impact,
            cause=saving.id,
            evidence=(Evidence(saving.id, saving.key, "done", done, where), *_evidence(world, nothing)),
            severity=severity(impact, None, world.today, world.options.severity),
            owner=saving.owner or owner(world.tree, ids),
            decider=confirms or decider(world.tree, ids, within_tolerance=False),
            advice=f"Ask what keeps the effect of {saving.key} from coming, and let {confirms or 'the controller'} "
            "confirm when and how much it will be.",
            sources=rests_on(nothing.forecast, saving) if nothing.forecast else (saving.source,),
        )

    def why_resolved(self, finding: Finding, world: World, options: UnrealisedSavingOptions) -> str:
        """Whether something is booked now, or the work is not done after all."""
        subject = finding.subjects[-1]
        key = finding.commitment.key if finding.commitment else subject
        saving = world.network.savings.get(subject)
        if saving is None:
            return gone_reason(subject, key, world)
        since = _done_since(world, saving, _stages(options))
        if since is None:
            return f"the work for {key} is not done any more"
        if any(cell.amount and cell.month.last >= since for cell in saving.actual):
            return f"{key} has booked its first effect"
        return f"{key} plans nothing any more for the months since {day_text(since)}"


def _stages(options: UnrealisedSavingOptions) -> frozenset[str]:
    return frozenset(normalise_key(stage) for stage in options.implemented_stages)


def _objective_of(world: World, saving: Saving) -> str:
    """The first objective that it is linked to as a saving; empty where there is none."""
    links = world.links.get(saving.id, ())
    return min(
        (link.objective_id for link in links if link.role is Role.SAVES and link.objective_id in world.tree), default=""
    )


def _subjects(world: World, saving: Saving) -> tuple[str, ...]:
    """The saving, with the objective before it beside whose other savings it is judged."""
    objective_id = _objective_of(world, saving)
    return (objective_node(objective_id), saving.id) if objective_id else (saving.id,)


def _is_at(saving: Saving, stages: frozenset[str]) -> bool:
    return saving.stage_gate is not None and normalise_key(saving.stage_gate) in stages


def _done_since(world: World, saving: Saving, stages: frozenset[str]) -> date | None:
    """Since when both the work is done and the plan counts; None while either is not, or is not known."""
    forecast, start = world.forecasts.get(saving.id), planned_start(saving)
    if start is None or start > world.today:
        return None
    if forecast is not None and forecast.next is not None and forecast.state is ForecastState.DONE:
        return max(start, forecast.day) if forecast.day is not None and forecast.day <= world.today else None
    return start if _is_at(saving, stages) else None


def _nothing(
    world: World, options: UnrealisedSavingOptions, saving: Saving, stages: frozenset[str], booked: Month | None
) -> _Nothing | None:
    since = _done_since(world, saving, stages)
    if since is None:
        return None
    begun = Month.of(since)
    if any(cell.amount and cell.month >= begun for cell in saving.actual):
        return None
    slipped = _told_as_a_slip(saving)
    last = max(
        (month for month in (*(cell.month for cell in saving.actual), booked) if month is not None), default=None
    )
    due = [
        cell
        for cell in _planned(saving, since, world.today - timedelta(options.closing_days))
        if last is not None and cell.month <= last and cell.month not in slipped
    ]
    if not due:
        return None
    return _Nothing(saving, world.forecasts.get(saving.id), since, tuple(due), served_by(world, saving))


def _told_as_a_slip(saving: Saving) -> set[Month]:
    """The months that are expected to bring nothing: by their forecast, or by an actual where there is none."""
    expected = by_month(saving.actual) | by_month(saving.forecast)
    return {month for month, amount in expected.items() if amount <= 0}


def _planned(saving: Saving, since: date, closed: date) -> Iterator[MonthAmount]:
    """What the plan holds for whole months after a day that were over on another one, in order."""
    first, end = Month.of(since), Month.of(closed)
    if since != first.first:
        first = Month.of(first.last + timedelta(1))
    if saving.plan:
        for month, amount in sorted(by_month(saving.plan).items()):
            if first <= month < end and amount > 0:
                yield MonthAmount(month, amount)
    elif saving.run_rate is not None and saving.run_rate.amount > 0:
        month = first
        while month < end:
            yield MonthAmount(month, (saving.run_rate.amount * month.days / DAYS_OF_A_YEAR).quantize(CENT))
            month = Month.of(month.last + timedelta(1))


def _last_booked(world: World, objective_id: str) -> Mapping[str, Month]:
    """For each source the last month for which a saving of this objective has an actual."""
    found: dict[str, Month] = {}
    for link in world.served.get(objective_id, ()):
        saving = world.network.savings.get(link.record_id)
        if saving is not None and saving.actual:
            last = max(cell.month for cell in saving.actual)
            found[saving.source] = max(last, found.get(saving.source, last))
    return found


def _done_says(world: World, nothing: _Nothing) -> tuple[str, str]:
    """What says that the work is done, and where it says so."""
    saving, forecast = nothing.saving, nothing.forecast
    if forecast is not None and forecast.next is not None and forecast.state is ForecastState.DONE:
        return f"{world.key(forecast.cause)} {says_of(world, forecast.cause)}", world.where(forecast.cause.node)
    return f"its stage gate is {saving.stage_gate}", world.where(saving.id, "stage_gate")


def _evidence(world: World, nothing: _Nothing) -> Iterator[Evidence]:
    """What each month plans, and what is booked for it; a run-rate is told once."""
    saving, actual = nothing.saving, by_month(nothing.saving.actual)
    if not saving.plan and saving.run_rate is not None:
        rate = amount_text(saving.run_rate.amount, saving.run_rate.currency)
        yield field_evidence(world, saving, "run_rate", rate)
    for cell in nothing.planned[:_MOST_SHOWN]:
        if saving.plan:
            yield field_evidence(world, saving, f"plan.{cell.month}", amount_text(cell.amount, nothing.currency))
        told = amount_text(actual[cell.month], nothing.currency) if cell.month in actual else "blank"
        yield field_evidence(world, saving, f"actual.{cell.month}", told)


def _blind(world: World) -> Iterator[Blind]:
    """Of a source of which no saving has an actual, nobody can tell what is booked."""
    known: dict[str, bool] = {}
    for saving in world.network.savings.values():
        known[saving.source] = known.get(saving.source, False) or bool(saving.actual)
    for source, delivers in sorted(known.items()):
        if not delivers:
            yield Blind(f"no saving of {source} has an actual", (source,))
