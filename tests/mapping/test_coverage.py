"""Coverage: every record once wherever it is counted, money by account and currency, gaps by name."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mapping.coverage import MOST_SHOWN, Counting, LinkCoverage, Placed, placed
from model.findings import Account
from model.links import Link, Role
from model.money import Money, Month, MonthAmount, RateTable
from model.objectives import Level, Objective, ObjectiveNeed, ObjectiveTree, Value
from model.records import Deal, Measurement, Outcome, Record, Release, Saving, WorkItem

EUR = RateTable("EUR", (("USD", Decimal("0.5")),))
TREE = ObjectiveTree(
    [
        Objective(id="ORG", name="Org", level=Level.ORGANIZATION),
        Objective(id="A", name="A", level=Level.PROJECT, parent="ORG"),
        Objective(id="A1", name="A1", level=Level.MEASURE, parent="A"),
        Objective(id="A2", name="A2", level=Level.MEASURE, parent="A"),
        Objective(id="B", name="B", level=Level.PROJECT, parent="ORG"),
        Objective(id="B1", name="B1", level=Level.MEASURE, parent="B"),
    ]
)


def deal(key: str, amount: str | None = "100", currency: str = "EUR", outcome: Outcome = Outcome.OPEN) -> Deal:
    money = Money(Decimal(amount), currency) if amount is not None else None
    return Deal(source="crm", native_id=key, key=key, title=key, owner="sam", outcome=outcome, amount=money)


def work(key: str) -> WorkItem:
    return WorkItem(source="jira", native_id=key, key=key, title=key)


def place(record: Record, *links: tuple[str, Role], needs: int = 0) -> Placed:
    made = [Link(record.id, objective, role, "rule") for objective, role in links]
    return placed(record, made, needs, EUR)


def counted(*records: Placed, tree: ObjectiveTree = TREE) -> LinkCoverage:
    counting = Counting(tree)
    for each in records:
        counting.add(each)
    return counting.result()


def test_coverage_is_by_count_and_by_money_per_source_and_per_owner():
    found = counted(
        place(deal("D-1", "300"), ("A1", Role.PROMISES)),
        place(deal("D-2", "100")),
        place(work("J-1"), ("A1", Role.DELIVERS)),
    )
    crm = found.by_source["crm"]
    assert (crm.records, crm.linked, crm.unlinked) == (2, 1, 1)
    [money] = crm.of(Account.REVENUE)
    assert (money.total, money.linked, money.unlinked) == (400, 300, 100)
    assert found.by_source["jira"].sums == ()
    assert (found.total.records, found.total.linked) == (3, 2)
    assert found.by_owner["sam"] == crm
    assert found.by_owner[None].records == 1


def measured(key: str) -> Measurement:
    return Measurement(source="kpi", native_id=key, key=key, title=key)


def test_work_leads_to_impact_where_money_or_a_kpi_counts_on_its_objective_or_one_above_it():
    linked = [place(work("J-1"), ("A1", Role.DELIVERS)), place(work("J-2"), ("B1", Role.DELIVERS))]
    found = counted(*linked, place(work("J-3")), place(deal("D-1"), ("A2", Role.PROMISES)))
    assert (found.impact.work, found.impact.leading) == (2, 1)
    assert [each.key for each in found.gaps.work_without_impact.foremost] == ["J-2"]
    assert found.gaps.work_without_impact.tally.records == 1
    with_kpi = counted(*linked, place(measured("K-1"), ("B", Role.MEASURES)))
    assert [each.key for each in with_kpi.gaps.work_without_impact.foremost] == ["J-1"]


def test_money_that_only_the_organization_has_in_common_with_the_work_is_no_path_to_impact():
    found = counted(place(work("J-1"), ("A1", Role.DELIVERS)), place(deal("D-1"), ("ORG", Role.PROMISES)))
    assert (found.impact.work, found.impact.leading) == (1, 0)
    itself = counted(place(work("J-1"), ("ORG", Role.DELIVERS)), place(deal("D-1"), ("ORG", Role.PROMISES)))
    assert (itself.impact.work, itself.impact.leading) == (1, 1)


def test_a_deal_without_an_amount_is_no_impact_and_a_planned_amount_is():
    served = place(work("J-1"), ("A1", Role.DELIVERS))
    assert counted(served, place(deal("D-1", None), ("A1", Role.PROMISES))).impact.leading == 0
    planned = Value("EBITDA", "EUR", (MonthAmount(Month(2026, 10), Decimal(5)),))
    tree = ObjectiveTree([Objective(id="A1", name="A1", level=Level.MEASURE, values=(planned,))])
    assert counted(served, tree=tree).impact.leading == 1


def test_a_record_of_many_objectives_is_shown_under_each_and_counted_once_above_them():
    """Design 5.9."""
    both = place(deal("D-1"), ("A1", Role.PROMISES), ("A2", Role.PROMISES), ("B1", Role.PROMISES))
    found = counted(both)
    for each in ("A1", "A2", "A", "B", "B1", "ORG"):
        coverage = found.objectives[each]
        assert coverage.below == {Role.PROMISES: 1}
        assert coverage.tally.of(Account.REVENUE)[0].total == 100
    assert found.objectives["A"].own == {}
    assert found.total.of(Account.REVENUE)[0].total == 100


def test_a_record_in_two_roles_counts_under_each_role_and_its_money_once():
    found = counted(place(deal("D-1"), ("A1", Role.PROMISES), ("A1", Role.REPORTS)))
    assert found.objectives["ORG"].below == {Role.PROMISES: 1, Role.REPORTS: 1}
    assert found.objectives["ORG"].tally.records == 1
    assert found.objectives["ORG"].tally.of(Account.REVENUE)[0].total == 100


def test_money_without_a_rate_stays_in_its_currency_and_unknown_amounts_are_not_zero():
    """Design 5.8."""
    found = counted(
        place(deal("D-1")), place(deal("D-2", "100", "USD")), place(deal("D-3", "7", "CHF")), place(deal("D-4", None))
    )
    assert [(each.currency, each.total) for each in found.total.sums] == [("CHF", 7), ("EUR", 150)]
    assert found.total.unpriced == 1


def test_won_and_lost_deals_carry_no_money_and_are_no_gap():
    found = counted(place(deal("D-1", outcome=Outcome.LOST)), place(deal("D-2", outcome=Outcome.WON)))
    assert found.total.sums == ()
    assert found.gaps.deals_without_objective.tally.records == 0


def test_a_saving_carries_its_plan_or_else_a_year_of_its_run_rate():
    months = (MonthAmount(Month(2026, 10), Decimal(10)), MonthAmount(Month(2026, 11), Decimal(20)))
    planned = Saving(source="s", native_id="1", key="1", title="", currency="EUR", plan=months)
    rated = Saving(source="s", native_id="2", key="2", title="", run_rate=Money(Decimal(12), "USD"))
    found = counted(place(planned), place(rated))
    [money] = found.total.of(Account.SAVINGS)
    assert money.total == 36


def test_releases_count_only_where_a_rule_links_them():
    release = Release(source="jira", native_id="r", key="R1", title="R1")
    assert counted(place(release)).total.records == 0
    assert counted(place(release, ("A1", Role.DELIVERS))).total.records == 1


def test_the_topmost_objective_without_work_is_named_and_what_waits_for_work_has_some():
    found = counted(place(deal("D-1"), ("A1", Role.PROMISES), needs=1))
    assert found.objectives["A"].has_work
    assert found.objectives["A1"].has_work
    assert found.gaps.objectives_without_work == ("A2", "B")


def test_the_need_of_an_objective_counts_as_its_work():
    needy = ObjectiveTree([Objective(id="M", name="M", level=Level.MEASURE, needs=(ObjectiveNeed("X-1"),))])
    assert counted(tree=needy).gaps.objectives_without_work == ()


def test_gaps_name_what_has_the_most_money_first_and_count_all():
    found = counted(*(place(deal(f"D-{number:03}", str(number))) for number in range(50)))
    gap = found.gaps.deals_without_objective
    assert gap.tally.records == 50
    assert [each.key for each in gap.foremost] == [f"D-{number:03}" for number in range(49, 49 - MOST_SHOWN, -1)]
    assert found.gaps.deals_without_needs.tally.records == 50


@given(st.lists(st.tuples(st.integers(0, 500), st.sets(st.sampled_from(["A1", "A2", "B1", "A"]))), max_size=30))
def test_sums_over_sources_owners_and_the_top_equal_the_sum_over_distinct_records(plan: list[tuple[int, set[str]]]):
    records = [
        place(deal(f"D-{index}", str(amount)), *((each, Role.PROMISES) for each in sorted(targets)))
        for index, (amount, targets) in enumerate(plan)
    ]
    found = counted(*records)
    whole = sum(amount for amount, _ in plan)
    linked = sum(amount for amount, targets in plan if targets)
    assert sum(each.total for each in found.total.sums) == whole
    assert sum(each.linked for each in found.total.sums) == linked
    assert sum(each.total for each in found.objectives["ORG"].tally.sums) == linked
    assert sum(tally.records for tally in found.by_owner.values()) == len(plan)
