"""One objective as the stored records show it: what was approved, what the plan implies, what the pace implies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from config.calendars import calendars_of
from config.load import Configuration
from model.findings import Step, TrackedFinding
from model.keys import objective_node
from model.objectives import Objective
from model.records import Record
from pipeline.judge import business_day, gravest_first
from pipeline.view import configured_view
from reconcile.baselines import Baselines, DateHistory, date_histories, objective_baselines, planned_field
from reconcile.engine import see
from reconcile.forecast import Forecast
from reconcile.story import chain_steps, says_of
from reconcile.throughput import Pace, Throughput, pace_of, paces_of_teams
from reconcile.view import View
from reconcile.world import World
from state.store import Store

MOST_LOOKED_AT = 2_000
"""So many of the records that deliver an objective are asked for their moves; those that bind its date come first."""


@dataclass(frozen=True, slots=True)
class MovedRecord:
    """A record that delivers an objective or binds its date, and how its planned day moved."""

    record: Record
    history: DateHistory


@dataclass(frozen=True, slots=True)
class ObjectivePicture:
    """What is known about one objective on a day. ``slip`` is against the baseline in force, ``whole_slip`` against the
    original; both are None where the plan says no day."""

    objective: Objective
    today: date
    baselines: Baselines
    forecast: Forecast | None
    chain: tuple[Step, ...]
    pace: Pace
    moved: tuple[MovedRecord, ...]
    findings: Sequence[TrackedFinding]

    @property
    def slip(self) -> int | None:
        return self.baselines.slip(self._day)

    @property
    def whole_slip(self) -> int | None:
        return self.baselines.slip_from_original(self._day)

    @property
    def _day(self) -> date | None:
        return None if self.forecast is None or self.forecast.supports_nothing else self.forecast.day


def picture_of(store: Store, configuration: Configuration, objective: Objective, *, now: datetime) -> ObjectivePicture:
    """Look at one objective; nothing is kept."""
    settings, tree = configuration.settings, configuration.mapping.tree
    today = business_day(now, settings.business.zone)
    with configured_view(store, configuration) as view:
        world = see(
            view,
            tree,
            settings.reconcile,
            now=now,
            today=today,
            rates=settings.business.rate_table(),
            calendars=calendars_of(settings.calendars, today),
        )
        forecast = world.forecasts.get(objective_node(objective.id))
        return ObjectivePicture(
            objective,
            today,
            objective_baselines(objective),
            forecast,
            chain_steps(world, forecast, _claim(world, forecast, objective), objective.target) if forecast else (),
            pace_of(view, tree, objective.id, today, settings.reconcile.throughput),
            _moved(world, view, objective, forecast),
            _standing(store.tracked(), tree.subtree([objective.id])),
        )


def paces(store: Store, configuration: Configuration, *, now: datetime) -> tuple[Throughput, ...]:
    """The pace of every team over everything it does."""
    today = business_day(now, configuration.settings.business.zone)
    with configured_view(store, configuration) as view:
        return paces_of_teams(view, today, configuration.settings.reconcile.throughput)


def _claim(world: World, forecast: Forecast, objective: Objective) -> str:
    wanted = "has no target" if objective.target is None else f"is to be reached by {objective.target.isoformat()}"
    return wanted if forecast.next is not None else f"{wanted}; {says_of(world, forecast)}"


def _moved(world: World, view: View, objective: Objective, forecast: Forecast | None) -> tuple[MovedRecord, ...]:
    """What delivers the objective or what is below it, and what binds its date, as far as its planned day moved."""
    nodes = dict.fromkeys(node for node in (forecast.chain if forecast else ()) if node not in world.network.objectives)
    nodes |= dict.fromkeys(view.delivering(world.tree.subtree([objective.id])))
    known = list(nodes)[:MOST_LOOKED_AT]
    moves, records = view.moves(known), view.records(known)
    found = [
        MovedRecord(records[node], history)
        for node in known
        if node in records
        for history in date_histories(moves.get(node, ()))
        if history.field == planned_field(records[node])
    ]
    return tuple(sorted(found, key=lambda each: (-each.history.pushed_days, each.record.key)))


def _standing(tracked: Mapping[str, TrackedFinding], below: frozenset[str]) -> Sequence[TrackedFinding]:
    return gravest_first(
        each for each in tracked.values() if each.standing and not below.isdisjoint(each.finding.objective_ids)
    )
