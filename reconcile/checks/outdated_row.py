"""A tracker row that nobody has touched since what it waits for was moved (F5.3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact
from model.keys import source_of
from model.links import Role
from model.records import Move, Record, Saving
from reconcile.above import called
from reconcile.baselines import planned_field
from reconcile.check import FORECAST_READS, Asked, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import owner
from reconcile.forecast import Forecast, ForecastState
from reconcile.impact import planned_start
from reconcile.promises import forecast_reason, gone_reason, rests_on
from reconcile.story import says_of
from reconcile.values import served_by
from reconcile.wording import day_text, days_text, later_text
from reconcile.world import World


class OutdatedRowOptions(CheckOptions):
    """Options of the check outdated-row."""

    limit_days: Annotated[int, Field(ge=0)] = 7
    """How many days a row may stay as it is after what it waits for was moved."""


@dataclass(frozen=True, slots=True)
class _Stale:
    """A row, since when it says the same, and the first and last move of what it waits for after that."""

    saving: Saving
    forecast: Forecast
    start: date
    touched: datetime
    record: Record
    first: Move
    last: Move

    @property
    def days(self) -> int | None:
        """By how many days it moved since; None where it has no date any more."""
        if self.first.old is None or self.last.new is None:
            return None
        return (self.last.new - self.first.old).days

    @property
    def shift(self) -> str:
        """``from 1 Oct 2026 to 22 Oct 2026 (21 days later)``."""
        old = day_text(self.first.old) if self.first.old else "no date"
        new = day_text(self.last.new) if self.last.new else "no date"
        return f"from {old} to {new}" + (f" ({later_text(self.days)})" if self.days is not None else "")


class OutdatedRow(Check[OutdatedRowOptions]):
    """A tracker row was last touched before its enabler moved.

    What it finds
        A saving whose plan begins before its enabler can deliver it, whose row says the same as before the enabler, or
        the record that binds it, was moved to a later date or lost its date, and where that move is more than 7 days
        old. A row counts as touched when its source says so; where it does not, when its present content was first
        seen. What was moved back again, and a move before the row was first seen, is no finding. Reality latency is
        the time from the move to today; the lead time lost is the part of it before the planned start. What the plan
        loses is told by early-saving, with the money: this tells the owner of the row that it is out of date.

    Why it matters
        Each day between the move and the row is a day on which a decision could have been taken and was not.

    What to do
        Bring the row up to date: its start, its months and its light; or write down that the plan still holds.

    Example
        ERP-90 moved by 21 days on 1 September. M-201, which waits for it, was last touched on 12 August: on
        15 September the reality latency is 14 days, and 14 days of lead time are lost.
    """

    name = "outdated-row"
    title = "A tracker row is older than the move of its enabler"
    family = "truth"
    patterns = ("F5.3", "I6")
    formula = (
        "Move of the enabler - last change of the row > the days allowed; reality latency = today - move; lead time "
        "lost = its part before the planned start."
    )
    options_type = OutdatedRowOptions
    reads = FORECAST_READS | {"planned_start", "plan", "enabler", "changed"}
    roles = frozenset({Role.SAVES, Role.DELIVERS})

    def asks(self, world: World, options: OutdatedRowOptions) -> Asked:
        """When the rows that are late were touched, and what they wait for was moved."""
        late = [saving.id for saving in world.network.savings.values() if _is_late(world, saving)]
        nodes = {each for node in late for each in world.forecasts.by_node[node].chain[1:]}
        return Asked(
            moves=frozenset(node for node in nodes if node not in world.network.objectives), histories=frozenset(late)
        )

    def find(self, world: World, options: OutdatedRowOptions) -> Iterator[Verdict]:
        yield from _blind(world)
        for saving in world.network.savings.values():
            forecast = world.forecasts.get(saving.id)
            if forecast is not None and forecast.state is ForecastState.UNKNOWN:
                yield Unjudged((saving.id,), f"{world.key(forecast.cause)} {says_of(world, forecast.cause)}")
                continue
            stale = _stale(world, saving)
            if stale is not None and (world.today - stale.first.at.date()).days > options.limit_days:
                yield self._finding(world, stale)

    def _finding(self, world: World, stale: _Stale) -> Finding:
        saving, record = stale.saving, stale.record
        ids = served_by(world, saving) or world.objective_ids(stale.forecast)
        name = f"{saving.key} {saving.title}" if saving.title != saving.key else saving.key
        touched, moved = day_text(stale.touched.date()), day_text(stale.first.at.date())
        where = world.where(saving.id, "planned_start")
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(saving.id,),
            title=f"{name} was last touched on {touched}; {called(record)}, which it waits for, moved {stale.shift} "
            f"since {moved}",
            objective_ids=ids,
            commitment=Claim(
                saving.source, saving.key, f"still books savings from {day_text(stale.start)}", stale.start, where
            ),
            forecast=Claim(
                record.source,
                called(record),
                f"moved {stale.shift}",
                stale.last.new,
                world.where(record.id, _field(stale)),
            ),
            impact=Impact(stale.days),
            cause=stale.forecast.cause.node,
            evidence=tuple(_evidence(world, stale)),
            owner=saving.owner or owner(world.tree, ids),
            decider=saving.owner or owner(world.tree, ids),
            advice=f"Bring {saving.key} up to date, or write down that its plan holds although {called(record)} moved.",
            sources=rests_on(stale.forecast, saving),
            upkeep=True,
        )

    def why_resolved(self, finding: Finding, world: World, options: OutdatedRowOptions) -> str:
        """Whether the row was touched, or what it waits for fits again."""
        subject = finding.subjects[0]
        key = finding.commitment.key if finding.commitment else subject
        saving, forecast = world.network.savings.get(subject), world.forecasts.get(subject)
        if saving is None:
            return gone_reason(subject, key, world)
        if forecast is None or forecast.next is None:
            return f"{key} waits for nothing any more"
        if not _is_late(world, saving):
            start = planned_start(saving)
            moved = start is not None and finding.commitment is not None and start != finding.commitment.day
            return f"{key} is up to date again" if moved else forecast_reason(finding, forecast, world)
        touched = _touched(world, saving)
        return f"{key} was touched on {day_text(touched.date())}" if touched else f"{key} is up to date again"


def _is_late(world: World, saving: Saving) -> bool:
    """Whether the row begins before what it waits for can be there."""
    forecast, start = world.forecasts.get(saving.id), planned_start(saving)
    if forecast is None or forecast.next is None or start is None:
        return False
    dated = forecast.state is ForecastState.DATED and forecast.day is not None and forecast.day > start
    return dated or forecast.supports_nothing


def _touched(world: World, saving: Saving) -> datetime | None:
    """When the row was last changed: as its source says, or else since when it is seen as it is."""
    seen = world.histories.get(saving.id, ())
    return saving.changed or (seen[-1].seen if seen else None)


def _stale(world: World, saving: Saving) -> _Stale | None:
    forecast, start, touched = world.forecasts.get(saving.id), planned_start(saving), _touched(world, saving)
    if forecast is None or start is None or touched is None or not _is_late(world, saving):
        return None
    for node in reversed(forecast.chain[1:]):
        record = world.record(node) if world.moves.get(node) else None
        moves = _later_moves(world.moves.get(node, ()), planned_field(record) if record else None, touched)
        if record is not None and moves:
            found = _Stale(saving, forecast, start, touched, record, moves[0], moves[-1])
            if found.last.new is None or found.days is None or found.days > 0:
                return found
    return None


def _later_moves(moves: Sequence[Move], field: str | None, touched: datetime) -> list[Move]:
    told = sorted((move for move in moves if move.field == field and move.at > touched), key=lambda move: move.at)
    return told if told and told[0].old is not None and told[0].old != told[-1].new else []


def _field(stale: _Stale) -> str:
    return planned_field(stale.record) or ""


def _evidence(world: World, stale: _Stale) -> Iterator[Evidence]:
    saving, record, first, last = stale.saving, stale.record, stale.first, stale.last
    name, where = world.field_name(saving.id, "planned_start"), world.where(saving.id, "planned_start")
    yield Evidence(saving.id, saving.key, name, stale.start.isoformat(), where)
    yield Evidence(
        saving.id, saving.key, "last touched", stale.touched.date().isoformat(), world.where(saving.id, "planned_start")
    )
    yield Evidence(
        record.id,
        record.key,
        world.field_name(record.id, _field(stale)),
        last.new.isoformat() if last.new else "",
        world.where(record.id, _field(stale)),
        old=first.old.isoformat() if first.old else "",
        by=last.by,
        at=last.at,
    )
    moved = first.at.date()
    latency = max(0, (world.today - moved).days)
    yield Evidence(saving.id, saving.key, "reality latency", days_text(latency), where)
    lost = min(latency, max(0, (stale.start - moved).days))
    yield Evidence(saving.id, saving.key, "lead time lost", days_text(lost), where)


def _blind(world: World) -> Iterator[Blind]:
    """Of a source whose savings wait for nothing, no row can be older than a move."""
    known: dict[str, bool] = {}
    for saving in world.network.savings.values():
        forecast = world.forecasts.get(saving.id)
        waits = forecast is not None and forecast.next is not None
        known[source_of(saving.id)] = known.get(source_of(saving.id), False) or waits
    for source, delivers in sorted(known.items()):
        if not delivers:
            yield Blind(f"no saving of {source} names what it waits for", (source,))
