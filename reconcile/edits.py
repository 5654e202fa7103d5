"""What was changed after the fact, found in what was seen of records before: figures, lights, progress and targets.

Each kind of edit is told with what the record said before and since when it says something else, never with who is
to blame: a workbook does not tell who changed a cell.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from model.keys import normalise_key, objective_node
from model.money import Month
from model.objectives import Objective, StageGate
from model.records import Light, Measurement, Record, Revision, Saving, StatusCategory, WorkItem
from reconcile.baselines import objective_baselines
from reconcile.forecast import ForecastState
from reconcile.metrics import Figure, told
from reconcile.values import by_month
from reconcile.wording import amount_text
from reconcile.world import World

FORMULAS = "formulas"
"""The extra field of a saving that names those of its figures that the workbook calculates."""
_APPROVED = frozenset({StageGate.DECIDED, StageGate.IMPLEMENTED, StageGate.CLOSED})
RecordT = TypeVar("RecordT", bound=Record)
_SINGLE = ("run_rate", "baseline", "one_time_cost")


class EditKind(StrEnum):
    """What was changed."""

    TARGET = "target"
    LIGHT = "light"
    PROGRESS = "progress"
    FORMULA = "formula"


@dataclass(frozen=True, slots=True)
class Changed:
    """One field before and now, and since when it is so."""

    field: str
    old: str
    new: str
    seen: datetime


@dataclass(frozen=True, slots=True)
class Edit:
    """What was changed of one record. ``since`` is the day from which on nothing explains it, where that matters."""

    kind: EditKind
    record: Record
    objective: Objective | None
    changes: tuple[Changed, ...]
    since: date | None = None


def lowered_target(world: World, measurement: Measurement, objective: Objective, easier_up: bool) -> Edit | None:
    """A target that is easier to reach than the one that was approved with the objective.

    Compared is what was seen at the last approval of the objective, or first of all, for the same period and unit.
    """
    seen = _history(world, measurement.id, Measurement)
    place = approved_place(world, objective, [revision for revision, _ in seen])
    if place is None or measurement.target is None:
        return None
    same = [each for each in seen[place:] if _is_same(each[1], measurement) and each[1].target is not None]
    before = same[0][1].target if same else None
    if before is None or before == measurement.target or (measurement.target > before) is not easier_up:
        return None
    since = _since([(revision, record.target) for revision, record in seen], measurement.target)
    texts = (_figure(measurement, before), _figure(measurement, measurement.target))
    return Edit(EditKind.TARGET, measurement, objective, (Changed("target", *texts, since),))


def _is_same(record: Measurement, now: Measurement) -> bool:
    return (record.period, record.unit, record.metric) == (now.period, now.unit, now.metric)


def _figure(measurement: Measurement, number: Decimal) -> str:
    return Figure(measurement, number).text


def approved_place(world: World, objective: Objective, seen: Sequence[Revision]) -> int | None:
    """Which of the contents seen was approved: that of the last dated approval of the nearest objective, else the first
    where one has passed its decision; None where nothing was approved."""
    path = world.tree.path(objective.id)
    days = (
        max((each.approved_on for each in objective_baselines(above).approved if each.approved_on), default=None)
        for above in path
    )
    day = next((each for each in days if each is not None), None)
    if not seen or (day is None and not any(above.stage_gate in _APPROVED for above in path)):
        return None
    before = [place for place, each in enumerate(seen) if day is not None and each.seen.date() <= day]
    return max(before, default=0)


def turned_green(world: World, record: Record, objective: Objective) -> Edit | None:
    """A light that turned green within a day before the objective's review while nothing else of the record changed."""
    review = objective.review
    seen = [
        (revision, each)
        for revision in world.histories.get(record.id, ())
        if isinstance(each := revision.record, (Saving, WorkItem))
    ]
    if review is None or not seen or seen[-1][1].light is not Light.GREEN:
        return None
    place = len(seen) - 1
    while place > 0 and seen[place - 1][1].light is Light.GREEN:
        place -= 1
    if place == 0:
        return None
    (was, before), (turned, after) = seen[place - 1], seen[place]
    if before.light not in (Light.YELLOW, Light.RED) or not review - timedelta(1) <= turned.seen.date() <= review:
        return None
    alike = replace(before, light=after.light, changed=after.changed, provenance=after.provenance)
    closed = last_closed(world, record.id)
    if alike != after or (closed is not None and closed.day >= was.seen.date()):
        return None  # its reasons changed as well, or work below it was closed
    return Edit(
        EditKind.LIGHT, record, objective, (Changed("light", before.light.value, "green", turned.seen),), since=review
    )


def risen_progress(world: World, objective: Objective, points: Decimal, still_days: int) -> Edit | None:
    """A progress that rose by so many points after no piece of work had been closed for so many days.

    Where no work is left to be closed, a progress may rise: what remains is to take it over.
    """
    forecast = world.forecasts.get(objective_node(objective.id))
    if forecast is not None and forecast.state is ForecastState.DONE:
        return None
    reading = told(world, objective, world.options.metrics.progress)
    closed = last_closed(world, objective_node(objective.id)) if isinstance(reading, Figure) else None
    if not isinstance(reading, Figure) or closed is None:
        return None
    seen = _history(world, reading.measurement.id, Measurement)
    same = [each for each in seen if _is_same(each[1], reading.measurement) and _share(each[1]) is not None]
    now = _share(reading.measurement)
    if now is None or len(same) < 2:
        return None
    earlier = [each for each in same if each[0].seen.date() <= closed.day] or same[:1]
    base = _share(earlier[-1][1])
    since = _since([(revision, _share(record)) for revision, record in same], now)
    quiet_from = max(closed.day, same[0][0].seen.date())
    if base is None or now - base < points or (since.date() - quiet_from).days < still_days:
        return None
    change = Changed("value", f"{base.normalize():f} %", f"{now.normalize():f} %", since)
    return Edit(EditKind.PROGRESS, reading.measurement, objective, (change,), since=quiet_from)


def _share(record: Measurement) -> Decimal | None:
    """A progress in percent: told so, or as a number of its target."""
    if record.value is None or record.unit.strip() == "%":
        return record.value
    return record.value * 100 / record.target if record.target else None


@dataclass(frozen=True, slots=True)
class Closed:
    """The last day on which a piece of work was closed; ``date.min`` where none ever was."""

    day: date


def last_closed(world: World, top: str) -> Closed | None:
    """When work below a node, or the node itself, was closed last; None where there is none, or where a closed one does
    not tell its day."""
    network, days, count = world.network, [date.min], 0
    row = [top]
    seen = set(row)
    for node in row:
        item = network.work.get(node)
        if item is not None:
            count += 1
            if item.category is StatusCategory.DONE:
                if item.finished is None:
                    return None
                days.append(item.finished)
        for rollup in (
            network.delivery_policy.get(node) or network.delivery_work.get(node),
            network.parents_work.get(node),
            network.members.get(node),
        ):
            if rollup is not None:
                count += rollup.open + rollup.done
                if rollup.done and rollup.finished is None:
                    return None
                days += [rollup.finished] if rollup.finished is not None else []
        for child in network.children.get(node, ()):
            if child not in seen:
                seen.add(child)
                row.append(child)
    return Closed(max(days)) if count else None


def typed_in(world: World, saving: Saving) -> Edit | None:
    """Figures that the workbook calculated and that are typed in now.

    Told are months to come of plan and forecast, and single figures, where the replacement left the figure as it was;
    of the forecast also where it changed it. A plan that says something else is a changed plan, and told as one.
    """
    if len(world.histories.get(saving.id, ())) < 2 or not isinstance(saving.custom.get(FORMULAS), tuple):
        return None
    seen = [
        each
        for each in _history(world, saving.id, Saving)
        if isinstance(each[1].custom.get(FORMULAS), tuple) and each[1].currency == saving.currency
    ]
    this_month = Month.of(world.today)
    found = (_replaced(seen, path) for path in sorted(_calculated(seen) - _names(saving)))
    changes = tuple(change for change in found if change is not None and _is_to_come(change.field, this_month))
    return Edit(EditKind.FORMULA, saving, None, changes) if changes else None


def _calculated(seen: Sequence[tuple[Revision, Saving]]) -> set[str]:
    return {name for _, record in seen for name in _names(record)}


def _names(saving: Saving) -> frozenset[str]:
    names = saving.custom.get(FORMULAS)
    return frozenset(names) if isinstance(names, tuple) else frozenset()


def _is_to_come(path: str, this_month: Month) -> bool:
    series, _, month = path.partition(".")
    if series in _SINGLE:
        return True
    return series in ("plan", "forecast") and Month.parse(month) >= this_month


def _replaced(seen: Sequence[tuple[Revision, Saving]], path: str) -> Changed | None:
    """The last time that one figure was calculated, and what it is since; None where it is not there any more."""
    last = max(place for place, (_, record) in enumerate(seen) if path in _names(record))
    if last + 1 >= len(seen):
        return None
    (_, before), (revision, after) = seen[last], seen[last + 1]
    old, new, now = (_amount(each, path) for each in (before, after, seen[-1][1]))
    if old is None or new is None or now is None:
        return None
    if not path.startswith("forecast.") and not old == new == now:
        return None  # a plan that says something else is told as a changed plan
    currency = after.currency
    return Changed(path, f"{amount_text(old, currency)} (formula)", amount_text(new, currency), revision.seen)


def _amount(saving: Saving, path: str) -> Decimal | None:
    series, _, month = path.partition(".")
    if month:
        return by_month(getattr(saving, series)).get(Month.parse(month)) if series in ("plan", "forecast") else None
    if series == "run_rate":
        return saving.run_rate.amount if saving.run_rate else None
    return getattr(saving, series) if series in _SINGLE else None


def _history(world: World, record_id: str, kind: type[RecordT]) -> list[tuple[Revision, RecordT]]:
    return [
        (revision, revision.record)
        for revision in world.histories.get(record_id, ())
        if isinstance(revision.record, kind)
    ]


def _since(seen: Sequence[tuple[Revision, Decimal | None]], now: Decimal) -> datetime:
    """When the present figure was first seen without a break."""
    since = seen[-1][0].seen
    for revision, figure in reversed(seen):
        if figure != now:
            break
        since = revision.seen
    return since


def is_named(measurement: Measurement, names: Sequence[str]) -> bool:
    """Whether a measurement's metric is one of these names."""
    return normalise_key(measurement.metric or measurement.title) in {normalise_key(name) for name in names}
