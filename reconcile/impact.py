"""What a disagreement costs, in decimals, and how grave that makes it (design 5.5, 5.6, 5.8, 5.10)."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from model.findings import Account, Amount, Impact, Severity, Share
from model.money import Money, Month, RateTable
from model.records import Deal, Outcome, Saving

if TYPE_CHECKING:
    from reconcile.options import SeverityOptions

CENT = Decimal("0.01")
DAYS_OF_A_YEAR = 365


def revenue_share(deal: Deal, rates: RateTable) -> Share:
    """What hangs on one deal: its full amount, and that times its probability, which is 1 once it is won.

    A blank amount is not zero: the share then holds no money. An unknown probability leaves the weighted amount out.
    """
    if deal.amount is None:
        return Share(deal.id)
    full = rates.convert(deal.amount)
    if full is None:
        return Share(deal.id, unconverted=deal.amount)
    probability = Decimal(1) if deal.outcome is Outcome.WON else deal.probability
    weighted = None if probability is None else _rounded(Money(full.amount * probability, full.currency))
    return Share(deal.id, (Amount(Account.REVENUE, _rounded(full), weighted),))


def planned_start(saving: Saving) -> date | None:
    """The day from which the plan counts: the stated one, or the first day of the first month with a positive plan."""
    if saving.planned_start is not None:
        return saving.planned_start
    return min((cell.month.first for cell in saving.plan if cell.amount > 0), default=None)


def lost_share(saving: Saving, start: date, end: date, rates: RateTable) -> Share:
    """What the plan books from ``start`` up to, but not on, ``end``; per month.

    A monthly cell covers the days of its month from the planned start on, so a month that begins with the start loses
    cell x days / days of that month. Without monthly cells, the yearly run-rate counts a 365th a day. Cells that are
    not positive book nothing. Amounts are rounded to cents once, at the end.
    """
    by_month = dict(_lost_by_month(saving, start, end))
    currency = saving.run_rate.currency if saving.run_rate and not saving.plan else saving.currency
    if not by_month:
        return Share(saving.id)
    amounts = []
    for month, lost in sorted(by_month.items()):
        money = rates.convert(Money(lost, currency))
        if money is None:
            return Share(saving.id, unconverted=_rounded(Money(sum(by_month.values(), Decimal(0)), currency)))
        amounts.append(Amount(Account.SAVINGS, _rounded(money), period=str(month)))
    return Share(saving.id, tuple(amounts))


def _lost_by_month(saving: Saving, start: date, end: date) -> Iterator[tuple[Month, Decimal]]:
    if saving.plan:
        booked: dict[Month, Decimal] = {}
        for cell in saving.plan:
            booked[cell.month] = booked.get(cell.month, Decimal(0)) + cell.amount
        for month, amount in booked.items():
            covered = _days_in(month, start, month.last + timedelta(1))
            days = _days_in(month, start, end)
            if amount > 0 and days > 0:
                yield month, amount * days / covered
    elif saving.run_rate is not None and saving.run_rate.amount > 0:
        month = Month.of(start)
        while month.first < end:
            yield month, saving.run_rate.amount * _days_in(month, start, end) / DAYS_OF_A_YEAR
            month = Month.of(month.last + timedelta(1))


def _days_in(month: Month, start: date, end: date) -> int:
    """Days of the month that lie from ``start`` up to, but not on, ``end``."""
    return (min(end, month.last + timedelta(1)) - max(start, month.first)).days


def _rounded(money: Money) -> Money:
    return Money(money.amount.quantize(CENT, ROUND_HALF_EVEN), money.currency)


def periods_moved(start: date, end: date) -> bool:
    """Whether a calendar quarter ends between the two days (design 5.1)."""
    return (start.year, (start.month - 1) // 3) != (end.year, (end.month - 1) // 3)


def largest_amount(impact: Impact) -> Decimal:
    """The largest amount of any one account; accounts are never added to each other."""
    return max(impact.full(account) for account in Account)


def severity(impact: Impact, decide_by: date | None, today: date, options: "SeverityOptions") -> Severity:
    """Money sets the degree; a near decision or many records raise it by one. Unpriced counts as minor, not as none."""
    money = largest_amount(impact)
    if money >= options.critical_from:
        degree = Severity.CRITICAL
    elif money >= options.major_from:
        degree = Severity.MAJOR
    else:
        degree = Severity.MINOR if money > 0 or not impact.priced else Severity.NOTICE
    urgent = decide_by is not None and (decide_by - today).days <= options.urgent_days
    many = len({share.record_id for share in impact.shares}) >= options.many_records
    return raised(degree, 1 if urgent or many else 0)


def raised(degree: Severity, steps: int) -> Severity:
    return Severity(min(degree + steps, Severity.CRITICAL))
