"""What is claimed about an objective: what its file says, and what the records say together that serve it.

Whatever serves it or an objective below it counts once; a part that is not known leaves the whole unknown.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal

from model.findings import Evidence
from model.keys import objective_node, source_of
from model.links import Role
from model.money import Money
from model.objectives import Objective
from model.records import Light, Outcome
from reconcile.baselines import objective_baselines
from reconcile.custom.definition import Reading, Value
from reconcile.custom.readings import converted, rank, shown, unseen
from reconcile.forecast import Forecast, ForecastState
from reconcile.network import GONE
from reconcile.story import evidence_of
from reconcile.values import NONE
from reconcile.world import World

_RED = frozenset({ForecastState.OVERDUE, ForecastState.DROPPED, ForecastState.UNRESOLVED, ForecastState.CYCLIC})
_MOST_SHOWN = 10
"""Records of a sum that are shown as evidence."""
_ORDER = (Light.GREEN, Light.YELLOW, Light.RED)


def delivery_counts(world: World, node: str, name: str) -> Reading:
    """How many open work items deliver the objective or one below it; each link counts."""
    objective = world.network.objectives.get(node)
    if objective is None:
        return Reading()
    number, sources = 0, set[str]()
    for each in below(world, node):
        rollup = world.network.delivery_policy.get(each) or world.network.delivery_work.get(each)
        forecast = world.forecasts.get(each)
        if forecast is not None and forecast.state is ForecastState.UNKNOWN:
            return Reading(unknown=unseen(world, forecast))
        number += getattr(rollup, name) if rollup is not None else 0
        sources |= forecast.sources if forecast is not None else set()
    return Reading(Decimal(number), _of_objective(objective, f"{name} work", Decimal(number)), frozenset(sources))


def below(world: World, node: str) -> Iterator[str]:
    """An objective's node and those of the objectives below it."""
    seen, row = {node}, [node]
    for each in row:
        yield each
        for child in world.network.children.get(each, ()):
            if child in world.network.objectives and child not in seen:
                seen.add(child)
                row.append(child)


def linked(world: World, node: str, role: Role) -> tuple[str, ...]:
    """The records that serve an objective, or one below it, in a role; each once."""
    ids = (world.network.objectives[each].id for each in below(world, node))
    return tuple(sorted({link.record_id for each in ids for link in world.served.get(each, ()) if link.role is role}))


def objective_reading(world: World, node: str, name: str, value_of: Callable[[Objective], object]) -> Reading:
    """Something that the objectives file says."""
    objective = world.network.objectives.get(node)
    value = value_of(objective) if objective is not None else None
    if objective is None or value is None:
        return Reading()
    if isinstance(value, str) and not isinstance(value, Light):
        return Reading(unknown=value)
    assert isinstance(value, (date, Money, Light))
    money = converted(world, value, objective.id) if isinstance(value, Money) else value
    if isinstance(money, str) and not isinstance(money, Light):
        return Reading(unknown=money)
    return Reading(money, _of_objective(objective, name, money))


def _of_objective(objective: Objective, name: str, value: Value) -> Callable[[], Iterable[Evidence]]:
    node = objective_node(objective.id)
    return lambda: [Evidence(node, objective.id, name, shown(value), objective.location)]


def target_of(objective: Objective) -> date | None:
    """The date in force."""
    in_force = objective_baselines(objective).in_force
    return in_force.target if in_force is not None else None


def first_target_of(objective: Objective) -> date | None:
    """The date that was approved first."""
    original = objective_baselines(objective).original
    return original.target if original is not None else None


def value_of(objective: Objective, account: str = "") -> Money | str | None:
    """The money that the objective is to bring: of the account, or of the only one that it has.

    Accounts are never added to each other, nor currencies.
    """
    values = [each for each in objective.values if not account or each.account.casefold() == account.casefold()]
    values = [each for each in values if each.plan]
    if not values:
        return None
    if len({(each.account.casefold(), each.currency) for each in values}) > 1:
        return f"{objective.id} states values of several accounts or currencies: name one, as value(savings)"
    amounts = (cell.amount for each in values for cell in each.plan)
    return Money(sum(amounts, NONE), values[0].currency)


def derived_light(world: World, node: str) -> Reading:
    """Green in time, yellow late within the tolerance, red beyond it or unsupported, grey without evidence."""
    objective, forecast = world.network.objectives.get(node), world.forecasts.get(node)
    if objective is None:
        return Reading()
    if forecast is not None and forecast.state is ForecastState.UNKNOWN:
        return Reading(unknown=unseen(world, forecast))
    light = _light_of(world, objective, forecast)
    told = _of_objective(objective, "derived light", light)
    if forecast is None or light is Light.GREY:
        return Reading(light, told, forecast.sources if forecast is not None else frozenset())
    return Reading(light, lambda: (*told(), *evidence_of(world, forecast)), forecast.sources)


def _light_of(world: World, objective: Objective, forecast: Forecast | None) -> Light:
    target = target_of(objective)
    if forecast is None or forecast.state is ForecastState.UNDATED:
        return Light.GREY
    if forecast.state in _RED:
        return Light.RED
    if forecast.state is ForecastState.DONE:
        return Light.GREEN
    if target is None or forecast.day is None:
        return Light.GREY
    late = (forecast.day - target).days
    if late <= 0:
        return Light.GREEN
    return Light.YELLOW if late <= world.tolerance_days((objective.id,)) else Light.RED


def worst_light(world: World, node: str, of: Callable[[World, str], Reading]) -> Reading:
    """The worst light of the savings that serve the objective; grey ones have no evidence and do not count."""
    ids = linked(world, node, Role.SAVES)
    if hidden := _out_of_sight(world, ids):
        return Reading(unknown=hidden)
    readings = [of(world, each) for each in ids if each in world.network.savings]
    ranked = [(place, reading) for reading in readings if (place := _place(reading)) is not None]
    if not ranked:
        return Reading()
    worst = max(place for place, _ in ranked)
    first = next(reading for place, reading in ranked if place == worst)
    sources = frozenset[str]().union(*(reading.sources for _, reading in ranked))
    return Reading(_ORDER[worst], first.prove, sources)


def _place(reading: Reading) -> int | None:
    return rank(reading.value) if isinstance(reading.value, Light) else None


def gathered(
    world: World, node: str, role: Role, read: Callable[[World, str], Reading], how: Callable[[list[Value]], Value]
) -> Reading:
    """What the records of an objective say together; nothing where none says anything.

    A record that cannot be seen, or of which the claim is not known, leaves the whole unknown. One that says nothing
    is left out of an earliest or latest day and leaves a sum unknown, because blank is not zero.
    """
    ids = linked(world, node, role)
    if hidden := _out_of_sight(world, ids):
        return Reading(unknown=hidden)
    records = [each for each in ids if _counts(world, each)]
    readings = [(each, read(world, each)) for each in records]
    unknown = next((reading.unknown for _, reading in readings if reading.unknown), "")
    told = [reading for _, reading in readings if reading.value is not None]
    if not unknown and how is added and told:
        blank = next((each for each, reading in readings if reading.value is None), "")
        unknown = f"{_key(world, blank)} says nothing of it" if blank else ""
    if unknown:
        return Reading(unknown=unknown)
    if not told:
        return Reading()
    value = how([reading.value for reading in told if reading.value is not None])
    sources = frozenset[str]().union(*(reading.sources for reading in told))
    return Reading(value, lambda: (each for one in told[:_MOST_SHOWN] for each in one.prove()), sources)


def counted(world: World, node: str, role: Role) -> Reading:
    """How many records serve the objective."""
    ids = linked(world, node, role)
    if hidden := _out_of_sight(world, ids):
        return Reading(unknown=hidden)
    records = [each for each in ids if _counts(world, each)]
    objective = world.network.objectives[node]
    number = Decimal(len(records))
    return Reading(number, _of_objective(objective, "linked", number), frozenset(map(source_of, records)))


def added(values: list[Value]) -> Value:
    """The sum of money in one currency."""
    money = [each for each in values if isinstance(each, Money)]
    return Money(sum((each.amount for each in money), NONE), money[0].currency)


def earliest(values: list[Value]) -> Value:
    return min(each for each in values if isinstance(each, date))


def latest(values: list[Value]) -> Value:
    return max(each for each in values if isinstance(each, date))


def _counts(world: World, record_id: str) -> bool:
    """Deals that are open or won, and savings."""
    deal = world.network.deals.get(record_id)
    return deal.outcome is not Outcome.LOST if deal is not None else record_id in world.network.savings


def _out_of_sight(world: World, record_ids: Iterable[str]) -> str:
    """Why one of them cannot be seen, where that proves nothing about it."""
    for each in record_ids:
        absence = world.absence(each)
        if absence is not None and absence not in GONE:
            return f"{_key(world, each)} cannot be seen"
    return ""


def _key(world: World, record_id: str) -> str:
    record = world.record(record_id)
    return record.key if record is not None else record_id
