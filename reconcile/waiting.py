"""What days in which nothing happens are worth: the part of a yearly value that falls on them, where one is stored."""

from decimal import Decimal

from model.findings import Account, Share
from model.keys import objective_node
from model.money import Money
from model.objectives import Objective, Value
from reconcile.impact import planned_start, recurring_amount, yearly_saving, yearly_share
from reconcile.world import World

_MONTHS_OF_A_YEAR = 12
_ACCOUNTS = {account.value: account for account in Account}


def shares_of_days(world: World, node: str, days: int) -> tuple[Share, ...]:
    """What so many days are worth of an objective, or of what needs another node soonest; empty where nobody says it.

    The yearly recurring amount of a deal, the yearly effect of a saving, or what the first twelve months of an
    objective's values plan, times days / 365.
    """
    objective = world.network.objectives.get(node)
    if objective is not None:
        return _of_objective(world, objective, days)
    asked = world.floats.get(node)
    return _of_commitment(world, asked.need_by.commitment.node, days) if asked is not None else ()


def _of_commitment(world: World, node: str, days: int) -> tuple[Share, ...]:
    objective, deal, saving = (
        world.network.objectives.get(node),
        world.network.deals.get(node),
        world.network.savings.get(node),
    )
    if objective is not None:
        return _of_objective(world, objective, days)
    if deal is not None:
        recurring = recurring_amount(deal, world.options.recurring_field)
        return (yearly_share(node, Account.REVENUE, recurring, world.rates, days),) if recurring else ()
    start = planned_start(saving) if saving is not None else None
    effect = yearly_saving(saving, start) if saving is not None and start is not None else None
    return (yearly_share(node, Account.SAVINGS, effect, world.rates, days),) if effect else ()


def _of_objective(world: World, objective: Objective, days: int) -> tuple[Share, ...]:
    """By account and currency, so that accounts are never added to each other."""
    yearly: dict[tuple[Account, str], Decimal] = {}
    for value in objective.values:
        account = _ACCOUNTS.get(value.account.strip().casefold())
        if account is not None and account is not Account.COST:
            place = account, value.currency
            yearly[place] = yearly.get(place, Decimal(0)) + _first_year(value)
    node = objective_node(objective.id)
    return tuple(
        yearly_share(node, account, Money(amount, currency), world.rates, days)
        for (account, currency), amount in sorted(yearly.items())
        if amount > 0
    )


def _first_year(value: Value) -> Decimal:
    """What the first twelve months plan; fewer are not stretched to a year."""
    months = sorted(value.plan, key=lambda cell: cell.month)
    first = months[0].month if months else None
    return sum(
        (
            cell.amount
            for cell in months
            if first is not None
            and (cell.month.year - first.year) * _MONTHS_OF_A_YEAR + cell.month.month - first.month < _MONTHS_OF_A_YEAR
        ),
        Decimal(0),
    )
