"""What is not funded, what a stored record says that it takes, and the option to fund it."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from model.findings import Account, Amount, DecisionOption, Evidence, OptionKind, Share
from model.links import Role
from model.money import Money
from model.objectives import Objective
from model.records import Record
from reconcile.above import called, objectives_of
from reconcile.decisions import nearest
from reconcile.impact import CENT
from reconcile.metrics import Figure, told
from reconcile.values import linked_to
from reconcile.wording import amount_text
from reconcile.world import World

BUDGET = "budget_approved"
"""The extra field of a record that tells the approved budget: a number, or whether there is one."""


def without_budget(world: World, node: str) -> Evidence | None:
    """What proves that nothing was approved; None where a budget is known, or nothing is known."""
    objective = world.network.objectives.get(node)
    if objective is None:
        record = world.record(node)
        return budget_proof(world, record) if record and is_unapproved(record) else None
    if objective.budget is not None:
        budget = amount_text(objective.budget.amount, objective.budget.currency)
        funded = objective.budget.amount > 0
        return None if funded else Evidence(node, objective.id, "budget", budget, objective.location)
    below = [child for child in world.network.children.get(node, ()) if child in world.network.work]
    children = dict.fromkeys([*below, world.forecasts.by_node[node].cause.node])
    world.library.fetch(children)
    telling = [
        record for child in children if (record := world.record(child)) and record.custom.get(BUDGET) is not None
    ]
    return budget_proof(world, telling[0]) if telling and all(map(is_unapproved, telling)) else None


def is_unapproved(record: Record) -> bool:
    """Whether a record tells that nothing was approved; a blank budget is unknown, not zero."""
    budget = record.custom.get(BUDGET)
    return budget is False or (isinstance(budget, Decimal) and budget <= 0)


def budget_proof(world: World, record: Record) -> Evidence:
    """What a record tells of its budget, as it stands there."""
    where = world.where(record.id, BUDGET)
    return Evidence(record.id, record.key, world.field_name(record.id, BUDGET), str(record.custom[BUDGET]), where)


def to_fund(
    world: World, node: str, *, until: date | None = None, otherwise: str | None = None
) -> DecisionOption | None:
    """The option to fund an objective or a record of which is known that nothing was approved, with what a stored
    record tells that it takes.

    The sponsor acts, or else ``otherwise``; a record is funded through the objectives that it serves.
    """
    objective, record = world.network.objectives.get(node), world.record(node)
    name = objective.name if objective else called(record) if record else None
    if name is None:
        return None
    ids = (objective.id,) if objective else objectives_of(world, node)
    stated = f"whose budget is {objective.budget.currency} 0" if objective and objective.budget else ""
    return DecisionOption(
        kind=OptionKind.FUND,
        says=f"Fund {name}, {stated or 'for which no budget is approved'}",
        record_id=node,
        acts=nearest(world.tree, ids, lambda each: each.sponsor) or otherwise,
        costs=tuple(_needed(world, objective)) if objective else (),
        until=until,
    )


def _needed(world: World, objective: Objective) -> Iterator[Share]:
    """What a measurement says that it still costs; without one, the one-time cost of its own savings."""
    reading = told(world, objective, world.options.metrics.cost_to_complete)
    if isinstance(reading, Figure):
        if reading.money is not None and reading.value > 0:
            yield cost_share(world, reading.measurement.id, reading.money)
        return
    if reading is None:
        for saving_id in sorted(set(linked_to(world, objective.id, Role.SAVES))):
            saving = world.network.savings[saving_id]
            if saving.one_time_cost is not None and saving.one_time_cost > 0 and saving.currency:
                yield cost_share(world, saving_id, Money(saving.one_time_cost, saving.currency))


def cost_share(world: World, record_id: str, cost: Money) -> Share:
    """A record's cost in the base currency, or as it is where there is no rate."""
    money = world.rates.convert(cost)
    if money is None:
        return Share(record_id, unconverted=cost)
    return Share(record_id, (Amount(Account.COST, Money(money.amount.quantize(CENT), money.currency)),))
