"""What a delay itself costs, beside what is at risk; nothing is told that no stored amount tells."""

from datetime import date
from decimal import Decimal

from model.findings import Account, Finding, Impact, total_of
from reconcile.options import ReconcileOptions
from tests.reconcile.world import TODAY, Stored

SEP_30, OCT_7 = date(2026, 9, 30), date(2026, 10, 7)
ARR = ReconcileOptions(recurring_field="arr")


def sold(**more: object) -> Stored:
    """365,000 a year, promised for 30 September; the work says 7 October."""
    stored = Stored()
    stored.work("A-1", OCT_7)
    stored.deal("OPP-1", "A-1", SEP_30, 480_000, **{"custom": {"arr": Decimal(365_000)}, **more})
    return stored


def impact(stored: Stored, **more: object) -> Impact:
    finding: Finding
    (finding,) = stored.judge(**more).findings  # type: ignore[arg-type]
    return finding.impact


def test_a_week_of_a_recurring_deal_is_deferred_and_costs_seven_days_and_stands_for_a_year() -> None:
    """30 September and six days of October at 1,000 a day."""
    found = impact(sold(), options=ARR)

    assert [(each.period, each.full.amount) for each in found.deferred[0].amounts] == [
        ("2026-09", Decimal("1000.00")),
        ("2026-10", Decimal("6000.00")),
    ]
    assert total_of(found.weekly, Account.REVENUE) == 7_000
    assert total_of(found.yearly, Account.REVENUE) == 365_000
    assert found.full(Account.REVENUE) == 480_000


def test_without_the_named_field_it_is_not_known() -> None:
    for found in (impact(sold()), impact(sold(custom={}), options=ARR)):
        assert (found.deferred, found.weekly, found.yearly) == ((), (), ())


def test_where_nothing_supports_the_promise_nobody_knows_what_moves_but_a_week_has_its_price() -> None:
    stored = sold()
    stored.change("jira:A-1", due=None)
    found = impact(stored, options=ARR)

    assert found.deferred == ()
    assert total_of(found.weekly, Account.REVENUE) == 7_000


def test_a_saving_costs_in_a_week_what_the_plan_books_after_the_possible_start() -> None:
    """310,000 over 31 days of October: seven days from the 8th are 70,000."""
    stored = Stored()
    stored.work("A-1", date(2026, 10, 8))
    stored.saving("M-1", "A-1", date(2026, 10, 1), {"2026-10": 310_000})

    assert total_of(impact(stored).weekly, Account.SAVINGS) == 70_000


def test_a_saving_that_nothing_supports_costs_from_today_on() -> None:
    """From its start on 1 October; once that has passed, from today: 310,000 / 30 x 7 in September, 15 September on."""
    stored = Stored()
    stored.work("A-1", None)
    stored.saving("M-1", "A-1", date(2026, 9, 1), {"2026-09": 300_000})
    assert date(2026, 9, 15) == TODAY

    assert total_of(impact(stored).weekly, Account.SAVINGS) == 70_000


def test_money_without_a_rate_stays_in_its_own_currency() -> None:
    found = impact(sold(currency="CHF"), options=ARR)

    assert total_of(found.deferred, Account.REVENUE) == 0
    assert [str(each.unconverted) for each in (*found.deferred, *found.weekly)] == ["CHF 7,000.00", "CHF 7,000.00"]
