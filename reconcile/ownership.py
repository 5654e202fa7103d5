"""What the checks on ownership and governance share: which objectives run, and what is at hand for them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from model.findings import Claim, Evidence, Finding
from model.keys import objective_node
from model.links import Link, Role
from model.money import Month
from model.network import PlanWork
from model.objectives import Objective, StageGate
from model.records import Deal, Measurement, Outcome, Record, Saving, StatusCategory, WorkItem
from reconcile.check import FORECAST_READS, Check
from reconcile.decisions import decider, owner
from reconcile.forecast import ForecastState
from reconcile.network import GONE
from reconcile.wording import listed
from reconcile.world import World

AT_HAND_READS = FORECAST_READS | {"outcome", "plan"}
"""The fields of records on which it rests what is at hand."""
MOST_SHOWN = 12
"""How many records are shown as evidence; the number of all stands in the title."""
_AT_REST = frozenset({StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD})
_OVER = frozenset({ForecastState.DONE, ForecastState.DROPPED})
_SOON = timedelta(14)
"""Work that is due within so many days is at hand, whether or not it has begun."""
_KINDS: Mapping[type[Record], str] = {Deal: "deal", Saving: "saving", Measurement: "measurement", WorkItem: "work item"}


def is_at_rest(world: World, objective: Objective) -> bool:
    """Whether an objective is closed, stopped or on hold, or below one that is."""
    return any(each.stage_gate in _AT_REST for each in world.tree.path(objective.id))


def runs(world: World, objective: Objective) -> bool:
    """Whether an objective is neither at rest nor delivered."""
    if is_at_rest(world, objective):
        return False
    forecast = world.forecasts.get(objective_node(objective.id))
    return forecast is None or forecast.state not in _OVER


def is_decisive(world: World, objective: Objective) -> bool:
    """Whether there is something to decide about an objective: records serve it, it has a date, money, a stage or a
    need of its own, or nothing below it."""
    own = objective.target or objective.baselines or objective.values or objective.budget or objective.stage_gate
    if own or objective.needs or world.served.get(objective.id):
        return True
    return not any(True for _ in children(world, objective))


def children(world: World, objective: Objective) -> Iterator[Objective]:
    """The objectives directly below."""
    yield from world.tree.children(objective.id)


def objectives_below(world: World, objective: Objective) -> Iterator[Objective]:
    """An objective and all below it, the upper ones first."""
    row = [objective]
    for each in row:
        yield each
        row.extend(children(world, each))


def lacking_at_top(
    world: World, lacks: Callable[[Objective], bool], counts: Callable[[Objective], bool]
) -> Iterator[tuple[Objective, tuple[Objective, ...]]]:
    """The topmost objectives that lack what is inherited, where one line mends all below, with those of them that
    count; none where nothing that counts lacks it."""
    for objective in world.network.objectives.values():
        above = world.tree.get(objective.parent) if objective.parent else None
        if not lacks(objective) or (above is not None and lacks(above)) or not runs(world, objective):
            continue
        row, found = [objective], []
        for each in row:
            found += [each] if counts(each) and runs(world, each) else []
            row += [child for child in children(world, each) if lacks(child)]
        if found:
            yield objective, tuple(found)


def nor_below(objective: Objective, found: Iterable[Objective]) -> str:
    """``, nor do 3 objectives below it``; empty where there are none."""
    more = sum(1 for each in found if each.id != objective.id)
    if not more:
        return ""
    return ", nor does 1 objective below it" if more == 1 else f", nor do {more:,} objectives below it"


def at_hand_of_all(world: World) -> Iterator[tuple[Objective, tuple[Record, ...]]]:
    """Each objective that is not at rest with what is at hand for it; their work is looked up together.

    Deals and savings of an objective of which all work is done are still at hand.
    """
    running = [each for each in world.network.objectives.values() if not is_at_rest(world, each)]
    known = look_up_at_hand(world, running)
    for each in running:
        yield each, known[each.id]


def at_hand(world: World, objective: Objective) -> tuple[Record, ...]:
    """What somebody must look after now: open deals, savings that are still planned, measurements, and work that is
    under way or due within two weeks. Work inside other work that is linked as well is left to the owner of that."""
    return look_up_at_hand(world, (objective,))[objective.id]


def look_up_at_hand(world: World, objectives: Iterable[Objective]) -> Mapping[str, tuple[Record, ...]]:
    """What is at hand for at least these objectives, by their ids; the work of all of them is looked up at once."""
    known: dict[str, tuple[Record, ...]] = world.derived.setdefault("at hand", {})
    missing = [(each, work_at_hand(world, each)) for each in objectives if each.id not in known]
    world.library.fetch(item.id for _, items in missing for item in items)
    for objective, items in missing:
        linked = {record.id: record for record in _linked(world, objective)}
        linked |= {item.id: record for item in items if (record := world.library.get(item.id)) is not None}
        known[objective.id] = tuple(linked[id_] for id_ in sorted(linked))
    return known


def work_at_hand(world: World, objective: Objective) -> tuple[PlanWork, ...]:
    """The work that is under way or due within two weeks, as the plan knows it."""
    network = world.network
    delivering = {link.record_id for link in _links(world, objective, Role.DELIVERS)}
    items = (network.work[id_] for id_ in sorted(delivering) if id_ in network.work)
    return tuple(item for item in items if item.parent not in delivering and _is_at_hand(world, item))


def _is_at_hand(world: World, item: PlanWork) -> bool:
    absent = world.network.absences.get(item.id)
    if absent is not None and absent[0] in GONE:
        return False
    if item.category is StatusCategory.DOING:
        return True
    due = world.network.own[item.id].work
    soon = due is not None and due <= world.today + _SOON
    return item.category is StatusCategory.TODO and (soon or (item.start is not None and item.start <= world.today))


def _linked(world: World, objective: Objective) -> Iterator[Record]:
    month = Month.of(world.today)
    for link in _links(world, objective):
        if link.role is Role.DELIVERS:
            continue
        deal = world.network.deals.get(link.record_id)
        saving = world.network.savings.get(link.record_id)
        if deal is not None and _is_running_deal(world, deal):
            yield deal
        elif saving is not None and (not saving.plan or any(cell.month >= month for cell in saving.plan)):
            yield saving
        elif (measurement := world.measurements.get(link.record_id)) is not None:
            yield measurement


def _is_running_deal(world: World, deal: Deal) -> bool:
    """It is open, or won and what was promised is still to come."""
    forecast = world.forecasts.get(deal.id)
    awaited = forecast is not None and forecast.next is not None and forecast.state not in _OVER
    return deal.outcome is Outcome.OPEN or (deal.outcome is Outcome.WON and awaited)


def _links(world: World, objective: Objective, role: Role | None = None) -> Iterator[Link]:
    return (link for link in world.served.get(objective.id, ()) if role in (None, link.role))


def counted(records: Iterable[Record]) -> str:
    """``3 deals and 1 saving``."""
    numbers: dict[str, int] = {}
    for record in records:
        kind = _KINDS.get(type(record), "record")
        numbers[kind] = numbers.get(kind, 0) + 1
    return listed([f"{number:,} {kind}{'' if number == 1 else 's'}" for kind, number in sorted(numbers.items())])


def kind_word(record: Record) -> str:
    return _KINDS.get(type(record), "record")


def owner_evidence(world: World, records: Iterable[Record], value: str = "") -> Iterator[Evidence]:
    """What each of the first few records says about its owner."""
    for record in list(records)[:MOST_SHOWN]:
        field, where = world.field_name(record.id, "owner"), world.where(record.id, "owner")
        yield Evidence(record.id, record.key, field, value or record.owner or "", where)


def upkeep(check: Check[Any], world: World, objective: Objective, says: str, **more: Any) -> Finding:
    """A finding about how an objective is looked after: its owner mends it, and whoever decides about it is told.

    ``says`` is what is found, as a sentence without its subject; ``title`` in ``more`` takes its place in lists.
    """
    ids = (objective.id,)
    title = more.pop("title", f"{objective.name} {says}")
    sources = sources_for(world, objective, more.pop("sources", ()))
    return Finding(
        check=check.name,
        check_version=check.version,
        subjects=(objective_node(objective.id),),
        title=title,
        objective_ids=ids,
        forecast=Claim("objectives", objective.id, says, where=objective.location),
        owner=owner(world.tree, ids),
        decider=decider(world.tree, ids, within_tolerance=False),
        sources=sources,
        upkeep=True,
        **more,
    )


def sources_for(world: World, objective: Objective, told: Iterable[str]) -> tuple[str, ...]:
    """These sources, and those that decide whether an objective still runs."""
    forecast = world.forecasts.get(objective_node(objective.id))
    return tuple(sorted({*told, *(forecast.sources if forecast else ())}))


def why_not_looked_at(finding: Finding, world: World, *, is_over: bool = True) -> str | None:
    """Why an objective is not looked at any more; None where it is. ``is_over``: its work being done is a reason."""
    objective = world.network.objectives.get(finding.subjects[0])
    if objective is None:
        return "the objective is not declared any more"
    if is_at_rest(world, objective):
        return f"{objective.name} is closed, stopped or on hold"
    return f"the work of {objective.name} is done" if is_over and not runs(world, objective) else None
