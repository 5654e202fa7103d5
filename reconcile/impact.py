"""What a disagreement costs, in decimals, and how grave that makes it (design 5.5, 5.6, 5.8, 5.10)."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from model.findings import Account, Amount, Finding, Impact, Severity, Share, combined
from model.money import Money, Month, MonthAmount, RateTable
from model.objectives import ObjectiveTree
from model.records import Deal, Outcome, Saving

if TYPE_CHECKING:
    from reconcile.options import SeverityOptions

CENT = Decimal("0.01")
DAYS_OF_A_YEAR = 365
_NOTHING = Decimal(0)


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
    return Share(
        deal.id, (Amount(Account.REVENUE, _rounded(full), weighted),), original=_foreign(deal.amount, full.currency)
    )


def recurring_amount(deal: Deal, field: str | None) -> Money | None:
    """The yearly amount of a deal: the number in its extra field, in the deal's currency. None where it is not known.

    Without an amount the deal has no currency, and a text is no number: neither is guessed.
    """
    amount = deal.custom.get(field) if field else None
    if not isinstance(amount, Decimal) or amount <= 0 or deal.amount is None:
        return None
    return Money(amount, deal.amount.currency)


def deferred_share(deal: Deal, recurring: Money, start: date, end: date, rates: RateTable) -> Share:
    """What a delay moves out of each month: a 365th of the yearly amount for each day from ``start`` up to ``end``."""
    return _monthly_share(
        deal.id, Account.REVENUE, dict(_daily(recurring.amount, start, end)), recurring.currency, rates
    )


def yearly_share(
    record_id: str, account: Account, yearly: Money, rates: RateTable, days: int = DAYS_OF_A_YEAR
) -> Share:
    """A yearly amount, or the part of it that falls on so many days."""
    own = Money(yearly.amount * days / DAYS_OF_A_YEAR, yearly.currency)
    money = rates.convert(own)
    if money is None:
        return Share(record_id, unconverted=_rounded(own))
    return Share(record_id, (Amount(account, _rounded(money)),), original=_foreign(_rounded(own), money.currency))


def yearly_saving(saving: Saving, start: date) -> Money | None:
    """What a saving brings in a year: its run-rate, or the plan of the twelve months from ``start`` where all are
    planned. Fewer months are no year, and nothing is stretched to one."""
    if saving.run_rate is not None:
        return saving.run_rate if saving.run_rate.amount > 0 else None
    first = Month.of(start)
    year = {cell.month: cell.amount for cell in saving.plan if 0 <= _months_between(first, cell.month) < 12}
    return Money(sum(year.values(), Decimal(0)), saving.currency) if len(year) == 12 and any(year.values()) else None


def _months_between(first: Month, other: Month) -> int:
    return (other.year - first.year) * 12 + other.month - first.month


def planned_start(saving: Saving) -> date | None:
    """The day from which the plan counts: the stated one, or the first day of the first month with a positive plan."""
    if saving.planned_start is not None:
        return saving.planned_start
    return min((cell.month.first for cell in saving.plan if cell.amount > 0), default=None)


def lost_share(saving: Saving, start: date, end: date, rates: RateTable, *, since: date | None = None) -> Share:
    """What the plan, which counts from ``start`` on, books up to, but not on, ``end``; per month. With ``since`` only
    what it books from that day on.

    A monthly cell covers the days of its month from the planned start on, so a month that begins with the start loses
    cell x days / days of that month. Without monthly cells, the yearly run-rate counts a 365th a day. Cells that are
    not positive book nothing. Amounts are rounded to cents once, at the end.
    """
    by_month = dict(_lost_by_month(saving, start, since or start, end))
    currency = saving.run_rate.currency if saving.run_rate and not saving.plan else saving.currency
    return _monthly_share(saving.id, Account.SAVINGS, by_month, currency, rates)


def whole_months_share(record_id: str, lost: Iterable[MonthAmount], currency: str, rates: RateTable) -> Share:
    """Amounts of whole months as what a saving loses, in the base currency."""
    by_month: dict[Month, Decimal] = {}
    for cell in lost:
        if cell.amount > 0:
            by_month[cell.month] = by_month.get(cell.month, _NOTHING) + cell.amount
    return _monthly_share(record_id, Account.SAVINGS, by_month, currency, rates)


def _monthly_share(
    record_id: str, account: Account, by_month: Mapping[Month, Decimal], currency: str, rates: RateTable
) -> Share:
    if not by_month:
        return Share(record_id)
    own = Money(sum(by_month.values(), Decimal(0)), currency)
    amounts = []
    for month, lost in sorted(by_month.items()):
        money = rates.convert(Money(lost, currency))
        if money is None:
            return Share(record_id, unconverted=_rounded(own))
        amounts.append(Amount(account, _rounded(money), period=str(month)))
    return Share(record_id, tuple(amounts), original=_foreign(_rounded(own), rates.base))


def _lost_by_month(saving: Saving, start: date, since: date, end: date) -> Iterator[tuple[Month, Decimal]]:
    if saving.plan:
        booked: dict[Month, Decimal] = {}
        for cell in saving.plan:
            booked[cell.month] = booked.get(cell.month, Decimal(0)) + cell.amount
        for month, amount in booked.items():
            covered = _days_in(month, start, month.last + timedelta(1))
            days = _days_in(month, since, end)
            if amount > 0 and days > 0:
                yield month, amount * days / covered
    elif saving.run_rate is not None and saving.run_rate.amount > 0:
        yield from _daily(saving.run_rate.amount, since, end)


def _daily(yearly: Decimal, start: date, end: date) -> Iterator[tuple[Month, Decimal]]:
    """A 365th of a yearly amount for each day, by month."""
    month = Month.of(start)
    while max(month.first, start) < end:
        yield month, yearly * _days_in(month, start, end) / DAYS_OF_A_YEAR
        month = Month.of(month.last + timedelta(1))


def _days_in(month: Month, start: date, end: date) -> int:
    """Days of the month that lie from ``start`` up to, but not on, ``end``."""
    return (min(end, month.last + timedelta(1)) - max(start, month.first)).days


def _rounded(money: Money) -> Money:
    return Money(money.amount.quantize(CENT, ROUND_HALF_EVEN), money.currency)


def _foreign(own: Money, base: str) -> Money | None:
    """The record's own money where it was converted."""
    return None if own.currency == base else own


def rate_alone(before: Impact, after: Impact, account: Account) -> bool:
    """Whether the money of an account changed although no record did: the rates alone moved it (design 5.8).

    True as well where a rate came or went. What an earlier version stored without its own currency counts as changed.
    """
    if before.full(account) == after.full(account):
        return False
    old, new = _own_money(before, account), _own_money(after, account)
    changed = [record for record in old.keys() | new.keys() if old.get(record) != new.get(record)]
    return not changed


def _own_money(impact: Impact, account: Account) -> dict[str, object]:
    """What each record tells in its own currency; for one in the base currency, that amount."""
    return {
        share.record_id: share.unconverted or share.original or sum(amount.full.amount for amount in share.amounts)
        for share in impact.shares
        if share.unconverted is not None or any(amount.account is account for amount in share.amounts)
    }


def rolled_up(findings: Iterable[Finding], tree: ObjectiveTree) -> Mapping[str, Impact]:
    """What hangs on each objective and everything below it; each record counts once at every level (design 5.9)."""
    below: dict[str, dict[str, Impact]] = {}
    for finding in findings:
        reached = {each.id for objective_id in finding.objective_ids for each in tree.path(objective_id)}
        for objective_id in reached:
            below.setdefault(objective_id, {})[finding.fingerprint] = finding.impact
    return {objective_id: combined(list(impacts.values())) for objective_id, impacts in below.items()}


def periods_moved(start: date, end: date) -> bool:
    """Whether a calendar quarter ends between the two days (design 5.1)."""
    return (start.year, (start.month - 1) // 3) != (end.year, (end.month - 1) // 3)


def largest_amount(impact: Impact) -> Decimal:
    """The largest amount of any one account; accounts are never added to each other, and no record counts twice."""
    distinct: dict[tuple[Account, str, str | None], Decimal] = {}
    for share in impact.shares:
        for amount in share.amounts:
            place = (amount.account, share.record_id, amount.period)
            distinct[place] = max(amount.full.amount, distinct.get(place, _NOTHING))
    totals = dict.fromkeys(Account, _NOTHING)
    for (account, _, _), money in distinct.items():
        totals[account] += money
    return max(totals.values())


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
