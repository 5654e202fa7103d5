"""Money in decimals, calculated by hand beside each case (design 5.5, 5.6, 5.8, 5.10)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.causes import by_cause
from model.findings import Account, Amount, Finding, Impact, Severity, Share, combined
from model.money import Money, Month, MonthAmount, RateTable
from model.objectives import Level, Objective, ObjectiveTree
from model.records import Deal, Outcome, Saving
from reconcile.impact import (
    deferred_share,
    lost_share,
    periods_moved,
    planned_start,
    rate_alone,
    recurring_amount,
    revenue_share,
    rolled_up,
    severity,
    yearly_saving,
)
from reconcile.options import SeverityOptions

EUR = RateTable("EUR", (("USD", Decimal("0.9")),))


def deal(amount: str | None, currency: str = "EUR", **more) -> Deal:
    money = None if amount is None else Money(Decimal(amount), currency)
    return Deal(source="crm", native_id="1", key="OPP-1", title="Deal", amount=money, **more)


def saving(plan: dict[str, str] | None = None, **more) -> Saving:
    cells = tuple(MonthAmount(Month.parse(month), Decimal(amount)) for month, amount in (plan or {}).items())
    values = {"currency": "EUR", **more}
    return Saving(source="savings", native_id="1", key="M-1", title="Saving", plan=cells, **values)


def lost(row: Saving, start: date, end: date, rates: RateTable = EUR) -> dict[str | None, str]:
    return {amount.period: str(amount.full.amount) for amount in lost_share(row, start, end, rates).amounts}


# --- revenue -------------------------------------------------------------------------------------------------------


def test_full_and_weighted_amounts_stand_side_by_side():
    share = revenue_share(deal("480000", probability=Decimal("0.8")), EUR)

    amount = share.amounts[0]
    assert (amount.full, amount.weighted) == (Money(Decimal("480000.00"), "EUR"), Money(Decimal("384000.00"), "EUR"))


def test_a_won_deal_weighs_its_full_amount_whatever_its_probability_says():
    share = revenue_share(deal("100", outcome=Outcome.WON, probability=Decimal("0.5")), EUR)

    assert share.amounts[0].weighted == Money(Decimal("100.00"), "EUR")


def test_a_blank_amount_is_not_zero_and_a_blank_probability_is_not_one():
    assert revenue_share(deal(None), EUR).amounts == ()
    assert revenue_share(deal("100"), EUR).amounts[0].weighted is None


def test_amounts_are_converted_with_the_rate_table_and_left_alone_without_a_rate():
    assert revenue_share(deal("1000", "USD"), EUR).amounts[0].full == Money(Decimal("900.00"), "EUR")
    without = revenue_share(deal("1000", "CHF"), EUR)
    assert (without.amounts, without.unconverted) == ((), Money(Decimal(1000), "CHF"))


def test_one_deal_in_two_findings_counts_once():
    share = revenue_share(deal("100", probability=Decimal("0.5")), EUR)
    both = combined([Impact(3, (share,)), Impact(None, (share,))])

    assert both.full(Account.REVENUE) == Decimal(100)
    assert both.weighted(Account.REVENUE) == Decimal(50)


# --- savings -------------------------------------------------------------------------------------------------------


def test_a_month_loses_the_share_of_its_days_before_the_possible_start():
    """October has 31 days, 1 to 21 October are lost: 620,000 x 21 / 31 = 420,000. November is not touched."""
    row = saving({"2026-10": "620000", "2026-11": "600000"})

    assert lost(row, date(2026, 10, 1), date(2026, 10, 22)) == {"2026-10": "420000.00"}


def test_a_month_that_begins_before_the_planned_start_covers_only_the_days_after_it():
    """The cell of October covers 15 to 31 October, 17 days; 15 to 21 October, 7 days, are lost: 170,000 x 7 / 17."""
    row = saving({"2026-10": "170000"})

    assert lost(row, date(2026, 10, 15), date(2026, 10, 22)) == {"2026-10": "70000.00"}


def test_a_gap_over_the_year_end_takes_whole_months_between():
    """October 16/31 of 310,000 = 160,000; November and December whole; January 10/31 of 310,000 = 100,000."""
    row = saving({"2026-10": "310000", "2026-11": "300000", "2026-12": "310000", "2027-01": "310000"})

    assert lost(row, date(2026, 10, 1), date(2027, 1, 11)) == {
        "2026-10": "310000.00",
        "2026-11": "300000.00",
        "2026-12": "310000.00",
        "2027-01": "100000.00",
    }


def test_a_february_of_a_leap_year_has_29_days():
    """2028-02: 29,000 over 29 days, 14 days lost = 14,000."""
    assert lost(saving({"2028-02": "29000"}), date(2028, 2, 1), date(2028, 2, 15)) == {"2028-02": "14000.00"}


def test_a_yearly_run_rate_counts_a_365th_a_day_split_by_month():
    """730,000 / 365 = 2,000 a day from 15 October to 5 November: 17 days of October, 5 of November."""
    row = saving(run_rate=Money(Decimal(730000), "EUR"))

    assert lost(row, date(2026, 10, 15), date(2026, 11, 6)) == {"2026-10": "34000.00", "2026-11": "10000.00"}


def test_monthly_cells_go_before_the_run_rate_and_cells_that_are_not_positive_book_nothing():
    row = saving({"2026-10": "-500", "2026-11": "3000"}, run_rate=Money(Decimal(730000), "EUR"))

    assert lost(row, date(2026, 10, 1), date(2026, 11, 11)) == {"2026-11": "1000.00"}


def test_cents_are_rounded_once_and_half_to_even():
    """100 x 1 / 31 = 3.2258...; 0.31 x 1 / 62 would be 0.005: half goes to the even cent."""
    assert lost(saving({"2026-10": "100"}), date(2026, 10, 1), date(2026, 10, 2)) == {"2026-10": "3.23"}
    assert lost(saving({"2026-10": "0.155"}), date(2026, 10, 1), date(2026, 10, 2)) == {"2026-10": "0.00"}


def test_savings_without_a_rate_are_named_in_their_own_currency():
    share = lost_share(saving({"2026-10": "620000"}, currency="CHF"), date(2026, 10, 1), date(2026, 10, 22), EUR)

    assert (share.amounts, share.unconverted) == ((), Money(Decimal("420000.00"), "CHF"))


def test_a_plan_without_a_start_begins_with_its_first_positive_month():
    assert planned_start(saving({"2026-09": "0", "2026-11": "5", "2026-10": "5"})) == date(2026, 10, 1)
    assert planned_start(saving({"2026-10": "5"}, planned_start=date(2026, 10, 8))) == date(2026, 10, 8)
    assert planned_start(saving()) is None


days = st.dates(date(2026, 1, 1), date(2028, 12, 31))


@given(days, days, days, st.integers(1, 10**9))
def test_a_later_possible_start_never_loses_less_and_nothing_is_lost_twice(start, one, other, amount):
    """What is lost lies between nothing and the plan, and grows with the gap; a cent a month is rounding."""
    earlier, later = sorted((one, other))
    row = saving({f"{year}-{month:02}": str(amount) for year in (2026, 2027, 2028) for month in range(1, 13)})
    small = Impact(0, (lost_share(row, start, earlier, EUR),)).full(Account.SAVINGS)
    large = Impact(0, (lost_share(row, start, later, EUR),)).full(Account.SAVINGS)

    assert 0 <= small <= large <= Decimal(amount) * 36
    if start <= earlier and (start.day, earlier.day) == (1, 1):
        months = (earlier.year - start.year) * 12 + earlier.month - start.month
        assert small == Decimal(amount) * months


# --- severity ------------------------------------------------------------------------------------------------------


def impact(amount: int | None) -> Impact:
    amounts = () if amount is None else (Amount(Account.REVENUE, Money(Decimal(amount), "EUR")),)
    return Impact(1, (Share("crm:1", amounts),))


@pytest.mark.parametrize(
    ("amount", "degree"),
    [
        (None, Severity.MINOR),
        (0, Severity.NOTICE),
        (99_999, Severity.MINOR),
        (100_000, Severity.MAJOR),
        (999_999, Severity.MAJOR),
        (1_000_000, Severity.CRITICAL),
    ],
)
def test_money_sets_the_degree_and_what_has_no_price_is_not_harmless(amount, degree):
    assert severity(impact(amount), None, date(2026, 9, 1), SeverityOptions()) is degree


def test_a_near_decision_raises_the_degree_by_one():
    today = date(2026, 9, 1)

    assert severity(impact(5), date(2026, 9, 8), today, SeverityOptions()) is Severity.MAJOR
    assert severity(impact(5), date(2026, 9, 9), today, SeverityOptions()) is Severity.MINOR
    assert severity(impact(2_000_000), today, today, SeverityOptions()) is Severity.CRITICAL


def test_many_records_raise_the_degree_by_one():
    shares = tuple(Share(f"crm:{number}", impact(5).shares[0].amounts) for number in range(10))

    assert severity(Impact(1, shares), None, date(2026, 9, 1), SeverityOptions()) is Severity.MAJOR
    assert severity(Impact(1, shares[:9]), None, date(2026, 9, 1), SeverityOptions()) is Severity.MINOR


def test_a_quarter_end_lies_between_30_september_and_1_october():
    assert periods_moved(date(2026, 9, 30), date(2026, 10, 1))
    assert not periods_moved(date(2026, 7, 1), date(2026, 9, 30))
    assert periods_moved(date(2026, 8, 1), date(2027, 8, 1))


# --- what a delay itself costs -------------------------------------------------------------------------------------


def recurring(amount: str, field: str = "arr", **more) -> Deal:
    return deal("480000", custom={field: Decimal(amount)}, **more)


def test_deferred_revenue_is_a_365th_of_the_yearly_amount_for_each_day_of_each_month():
    """30 September to 16 November: 1, 31 and 15 days of 365,000 a year, which is 1,000 a day."""
    share = deferred_share(
        recurring("365000"), Money(Decimal(365_000), "EUR"), date(2026, 9, 30), date(2026, 11, 16), EUR
    )

    assert {each.period: each.full.amount for each in share.amounts} == {
        "2026-09": Decimal(1000),
        "2026-10": Decimal(31_000),
        "2026-11": Decimal(15_000),
    }


def test_a_yearly_amount_is_known_only_as_a_number_in_the_named_field_of_a_deal_with_a_currency():
    assert recurring_amount(recurring("12"), "arr") == Money(Decimal(12), "EUR")
    assert recurring_amount(recurring("12"), None) is None
    assert recurring_amount(recurring("12"), "other") is None
    assert recurring_amount(recurring("0"), "arr") is None
    assert recurring_amount(deal("1", custom={"arr": "about twelve"}), "arr") is None
    assert recurring_amount(deal(None, custom={"arr": Decimal(12)}), "arr") is None


def test_one_more_week_costs_what_the_plan_books_in_it_and_not_the_rest_of_the_month_again():
    """620,000 over the 31 days of October are 20,000 a day; the seven days from the 22nd are 140,000."""
    row = saving({"2026-10": "620000"}, planned_start=date(2026, 10, 1))
    week = lost_share(row, date(2026, 10, 1), date(2026, 10, 29), EUR, since=date(2026, 10, 22))

    assert [each.full.amount for each in week.amounts] == [Decimal("140000.00")]


def test_a_year_of_a_saving_is_its_run_rate_or_twelve_planned_months_and_never_stretched():
    year = {f"2026-{month:02}": "10" for month in range(1, 13)}
    assert yearly_saving(saving(year), date(2026, 1, 1)) == Money(Decimal(120), "EUR")
    assert yearly_saving(saving(dict(list(year.items())[:11])), date(2026, 1, 1)) is None
    assert yearly_saving(saving(run_rate=Money(Decimal(7), "USD")), date(2026, 1, 1)) == Money(Decimal(7), "USD")


def test_what_falls_into_a_year_is_told_apart_from_the_whole():
    row = saving({"2026-12": "310", "2027-01": "310"}, planned_start=date(2026, 12, 1))
    impact = Impact(62, (lost_share(row, date(2026, 12, 1), date(2027, 2, 1), EUR),))

    assert (impact.within(Account.SAVINGS, 2026), impact.full(Account.SAVINGS)) == (Decimal(310), Decimal(620))
    assert impact.by_month(Account.SAVINGS)
    assert not Impact(1, (revenue_share(deal("5"), EUR),)).by_month(Account.REVENUE)


# --- rates ---------------------------------------------------------------------------------------------------------


def risk(amount: str, currency: str, rate: str | None) -> Impact:
    rates = RateTable("EUR", ((currency, Decimal(rate)),) if rate else ())
    return Impact(1, (revenue_share(deal(amount, currency), rates),))


def test_a_change_of_the_rate_alone_is_told_from_a_change_of_the_record():
    """Design 5.8."""
    before = risk("1000", "USD", "0.9")

    assert rate_alone(before, risk("1000", "USD", "0.8"), Account.REVENUE)
    assert not rate_alone(before, risk("1100", "USD", "0.9"), Account.REVENUE)
    assert not rate_alone(before, risk("1100", "USD", "0.8"), Account.REVENUE)
    assert not rate_alone(before, before, Account.REVENUE)
    assert not rate_alone(risk("1000", "EUR", None), risk("900", "EUR", None), Account.REVENUE)


def test_a_rate_that_comes_or_goes_is_a_change_of_the_rate_alone():
    with_rate, without = risk("1000", "USD", "0.9"), risk("1000", "USD", None)

    assert rate_alone(without, with_rate, Account.REVENUE)
    assert rate_alone(with_rate, without, Account.REVENUE)


def test_a_saving_in_another_currency_is_compared_in_its_own():
    row = saving({"2026-10": "310"}, planned_start=date(2026, 10, 1), currency="USD")

    def lost_at(rate: str, end: date) -> Impact:
        return Impact(1, (lost_share(row, date(2026, 10, 1), end, RateTable("EUR", (("USD", Decimal(rate)),))),))

    assert rate_alone(lost_at("0.9", date(2026, 10, 5)), lost_at("0.8", date(2026, 10, 5)), Account.SAVINGS)
    assert not rate_alone(lost_at("0.9", date(2026, 10, 5)), lost_at("0.8", date(2026, 10, 6)), Account.SAVINGS)


def test_what_an_earlier_version_kept_without_its_own_currency_counts_as_changed():
    kept = Impact(1, (replace(risk("1000", "USD", "0.9").shares[0], original=None),))

    assert not rate_alone(kept, risk("1000", "USD", "0.8"), Account.REVENUE)


# --- sums up the tree ----------------------------------------------------------------------------------------------

SMALL_TREE = ObjectiveTree(
    (
        Objective(id="ORG", name="All", level=Level.ORGANIZATION),
        Objective(id="A", name="A", level=Level.PROGRAM, parent="ORG"),
        Objective(id="A1", name="A1", level=Level.MEASURE, parent="A"),
        Objective(id="A2", name="A2", level=Level.MEASURE, parent="A"),
        Objective(id="B", name="B", level=Level.PROGRAM, parent="ORG"),
    )
)


def told(number: int, record: str, amount: int, *objectives: str) -> Finding:
    money = Money(Decimal(amount), "EUR")
    impact = Impact(1, (Share(record, (Amount(Account.REVENUE, money, money),)),))
    return Finding(
        check="c", check_version=1, subjects=(f"s{number}",), title="t", objective_ids=objectives, impact=impact
    )


def test_one_deal_on_two_objectives_is_shown_under_each_and_counted_once_above_them():
    """Design 5.9."""
    rolled = rolled_up([told(1, "d1", 100, "A1", "A2"), told(2, "d1", 100, "B"), told(3, "d2", 7, "A2")], SMALL_TREE)

    assert {key: impact.full(Account.REVENUE) for key, impact in rolled.items()} == {
        "A1": 100,
        "A2": 107,
        "A": 107,
        "B": 100,
        "ORG": 107,
    }


drawn = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.lists(st.sampled_from(["A1", "A2", "A", "B", "X"]), max_size=3)),
    max_size=12,
)


@given(drawn)
def test_no_sum_is_larger_than_the_distinct_records_below_it(found: list[tuple[int, int, list[str]]]):
    """A record always tells the same amount: a hundred times its number."""
    findings = [told(n, f"d{record}", 100 * record, *ids) for n, (record, _, ids) in enumerate(found)]
    rolled = rolled_up(findings, SMALL_TREE)

    for objective_id, impact in rolled.items():
        below = SMALL_TREE.subtree([objective_id])
        records = {f.impact.shares[0].record_id for f in findings if below.intersection(f.objective_ids)}
        assert impact.full(Account.REVENUE) == sum(100 * int(record[1:]) for record in records)


@given(drawn)
def test_a_cause_counts_each_record_once_and_loses_no_finding(found: list[tuple[int, int, list[str]]]):
    findings = [
        replace(told(n, f"d{record}", 100 * record), cause=f"c{cause}" if cause else None)
        for n, (record, cause, _) in enumerate(found)
    ]
    causes = by_cause(findings)

    assert sorted(f.fingerprint for cause in causes for f in cause.effects) == sorted(f.fingerprint for f in findings)
    amounts = [cause.impact.full(Account.REVENUE) for cause in causes]
    assert amounts == sorted(amounts, reverse=True)
    for cause in causes:
        records = {f.impact.shares[0].record_id for f in cause.effects}
        assert cause.impact.full(Account.REVENUE) == sum(100 * int(record[1:]) for record in records)
