"""What hangs on a custom check's finding: the money of the records that it is about, each of them once."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from model.findings import Account, Amount, Impact, Share
from model.links import Role
from model.money import Money
from model.records import Outcome, Saving
from reconcile.custom.comparison import Gap
from reconcile.custom.definition import ClaimType, CustomDefinition, Reading, Subject
from reconcile.custom.gathering import linked
from reconcile.impact import CENT, lost_share, planned_start, revenue_share
from reconcile.values import outlook
from reconcile.world import World

PRICED: dict[Subject, frozenset[Account]] = {
    Subject.DEAL: frozenset({Account.REVENUE, Account.COST}),
    Subject.SAVING: frozenset({Account.SAVINGS, Account.COST}),
    Subject.OBJECTIVE: frozenset(Account),
}
"""Which money is known of which subject; of the others none is."""


def why_not_priced(about: Subject, account: Account, claim_type: ClaimType) -> str:
    """Why this account says nothing of this comparison; empty where it does."""
    if account not in PRICED.get(about, frozenset()):
        return f"no {account.value} is known of a {about.words}"
    if account is Account.COST and claim_type is not ClaimType.AMOUNT:
        return "cost is only known where two amounts are compared"
    return ""


def impact_of(
    world: World, definition: CustomDefinition, node: str, gap: Gap, readings: tuple[Reading, Reading]
) -> Impact:
    """Days and money of one finding.

    Of a record whose amounts differ, it is the difference. Of an objective whose amounts differ, it is what its linked
    savings fall short of their own plans; the difference itself is no record's money. Otherwise it is what hangs on the
    records: the deals, and of the savings what the plan books between the two days or from today on.
    """
    days = int(gap.size) if gap.type is ClaimType.DATE else None
    account = definition.impact
    if account is None:
        return Impact(days)
    if gap.type is ClaimType.AMOUNT:
        if definition.about is not Subject.OBJECTIVE:
            return Impact(days, (_of_gap(node, account, gap),))
        if account is not Account.SAVINGS:
            return Impact(days)
        savings = _savings(world, definition, node)
        short = [outlook(saving).share(world.rates) for saving in savings if outlook(saving).short > 0]
        return Impact(days, tuple(short))
    if account is Account.REVENUE:
        return Impact(days, tuple(_deals(world, definition, node)))
    return Impact(days, tuple(_lost(world, _savings(world, definition, node), readings, gap.type)))


def weight_of(definition: CustomDefinition, node: str, gap: Gap, impact: Impact) -> Impact:
    """What the severity is taken from: a difference of an objective's amounts weighs, and is added up nowhere."""
    if definition.impact is None or gap.type is not ClaimType.AMOUNT:
        return impact
    return Impact(impact.days, (_of_gap(node, definition.impact, gap),))


def _of_gap(node: str, account: Account, gap: Gap) -> Share:
    return Share(node, (Amount(account, Money(gap.size.quantize(CENT), gap.currency)),))


def _deals(world: World, definition: CustomDefinition, node: str) -> Iterable[Share]:
    ids = linked(world, node, Role.PROMISES) if definition.about is Subject.OBJECTIVE else (node,)
    deals = (world.network.deals.get(each) for each in ids)
    return [revenue_share(deal, world.rates) for deal in deals if deal is not None and deal.outcome is not Outcome.LOST]


def _savings(world: World, definition: CustomDefinition, node: str) -> list[Saving]:
    ids = linked(world, node, Role.SAVES) if definition.about is Subject.OBJECTIVE else (node,)
    return [saving for each in ids if (saving := world.network.savings.get(each)) is not None]


def _lost(
    world: World, savings: Iterable[Saving], readings: tuple[Reading, Reading], claim_type: ClaimType
) -> Iterable[Share]:
    days = sorted(each.value for each in readings if isinstance(each.value, date))
    for saving in savings:
        start = planned_start(saving)
        if start is None:
            yield Share(saving.id)
            continue
        last = max((cell.month.last for cell in saving.plan), default=start) + timedelta(1)
        since, end = (days[0], days[-1]) if claim_type is ClaimType.DATE and len(days) == 2 else (world.today, last)
        yield lost_share(saving, start, max(end, start), world.rates, since=max(since, start))


def known_total(impact: Impact, account: Account) -> Decimal | None:
    """The whole amount of an account; None where no money is known."""
    priced = any(amount.account is account for share in impact.shares for amount in share.amounts)
    return impact.full(account) if priced else None
