"""As of a past day: what a run on that day really stored, and what it would have stored had there been one."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from model.errors import UsageError
from model.findings import Account, Finding, FindingState, combined
from model.records import Record
from pipeline.as_of import AsOf, reconcile_as_of
from pipeline.backtest import backtest
from pipeline.backtest_endings import Ending
from state import tables
from state.as_of_store import Reconstruction
from state.store import Store
from tests.pipeline.company import LONG_AGO, MONDAY, SELLER, Company, standing

DAY = timedelta(days=1)
TODAY = MONDAY.date()


def as_of(store: Store, company: Company, day: date) -> AsOf:
    return reconcile_as_of(store, company.configuration, day, now=company.now)


def told(findings: Any) -> list[Finding]:
    """Findings without the time at which each record of the evidence was last confirmed."""
    plain = [
        replace(each.finding, evidence=tuple(replace(one, seen=None) for one in each.finding.evidence))
        for each in findings
    ]
    return sorted(plain, key=lambda finding: finding.fingerprint)


def late(known: AsOf, store: Store) -> dict[str, int | None]:
    """Days of lateness by the key of what was promised."""
    ids = {each.finding.subjects[0]: each.finding.impact.days for each in known.findings if not each.finding.upkeep}
    return {seen.record.key: days for id_, days in ids.items() for seen in store.find(id_)}


def everything(store: Store) -> dict[str, list[str]]:
    with store.reading() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in tables.metadata.sorted_tables
        }


def test_as_of_each_day_is_what_the_run_of_that_day_stored(company: Company, store: Store):
    """Monday all is well; on Tuesday WEB-1 slips; on Wednesday one promise is put right."""
    stored: dict[date, list[Finding]] = {}
    for change in (
        lambda: None,
        company.slip,
        lambda: company.org.move_promise(company.deals["D-3"], date(2026, 12, 1), by=SELLER),
    ):
        company.pass_time(hours=1)
        change()
        company.pass_time(hours=1)
        company.sync(store)
        stored[company.now.date()] = told(each for each in store.tracked().values() if each.standing)
        company.pass_time(hours=22)
    assert [len([each for each in found if not each.upkeep]) for found in stored.values()] == [0, 8, 7]
    before = everything(store)
    for day, found in stored.items():
        assert told(as_of(store, company, day).findings) == found, day
    assert everything(store) == before


def test_before_anything_was_read_the_sources_histories_tell(company: Company, store: Store):
    """WEB-1 slipped ten days ago: 1 October to 16 November are 46 days, 15 October to 16 November 32."""
    company.now = MONDAY - 10 * DAY
    company.slip()
    company.now = MONDAY
    company.sync(store)
    known = as_of(store, company, TODAY - 10 * DAY)
    assert late(known, store) == {f"D-{number}": 32 for number in range(1, 9)}
    assert combined([each.finding.impact for each in known.findings]).full(Account.REVENUE) == Decimal(3_600_000)
    assert late(as_of(store, company, TODAY - 11 * DAY), store) == {}
    assert known.reconstruction == (
        Reconstruction("crm", as_first_read=9),
        Reconstruction("jira", rolled_back=12, as_first_read=2, told=("due",)),
    )


def test_amounts_stages_and_probabilities_before_the_first_reading_are_told_by_the_history_of_the_deals(
    company: Company, store: Store
):
    """S22: late since ten days ago, and five days ago D-8 rose from 800,000 to 1,800,000, D-2 (200,000) from 50 to
    90 %, and D-1 (100,000) was lost: 3,600,000 - 100,000 + 1,000,000, half of it weighted, and 80,000 more."""
    company.now = MONDAY - 10 * DAY
    company.slip()
    company.now = MONDAY - 5 * DAY
    company.org.set_amount(company.deals["D-8"], Decimal(1_800_000), by=SELLER)
    company.org.set_field(company.deals["D-2"], "Probability", 90, by=SELLER)
    company.org.set_stage(company.deals["D-1"], "Closed Lost", by=SELLER)
    company.now = MONDAY
    company.sync(store)

    before, after = (as_of(store, company, TODAY - days * DAY) for days in (6, 5))
    then, now = (combined([each.finding.impact for each in known.findings]) for known in (before, after))
    assert (then.full(Account.REVENUE), then.weighted(Account.REVENUE)) == (Decimal(3_600_000), Decimal(1_800_000))
    assert (now.full(Account.REVENUE), now.weighted(Account.REVENUE)) == (Decimal(4_500_000), Decimal(2_330_000))
    assert ("D-1" in late(before, store), "D-1" in late(after, store)) == (True, False)
    assert before.reconstruction[0] == Reconstruction("crm", rolled_back=9, told=("amount", "probability", "stage"))

    replayed = backtest(store, company.configuration, TODAY - 12 * DAY, TODAY, now=company.now).disagreements
    (lost,) = (each for each in replayed if each.finding.commitment and each.finding.commitment.key == "D-1")
    assert (lost.first, lost.end, lost.ending) == (TODAY - 10 * DAY, TODAY - 5 * DAY, Ending.ACTED)


def test_without_the_rolling_back_the_figures_are_others(
    company: Company, store: Store, monkeypatch: pytest.MonkeyPatch
):
    """The negative control of the test before."""
    company.now = MONDAY - 10 * DAY
    company.slip()
    company.now = MONDAY
    company.sync(store)

    def as_it_is(record: Record, *_: object) -> Record:
        return record

    monkeypatch.setattr("state.as_of.undone", as_it_is)
    assert len(late(as_of(store, company, TODAY - 11 * DAY), store)) == 8


def test_a_record_that_was_created_later_is_absent_and_one_that_was_deleted_later_is_there(
    company: Company, store: Store
):
    company.slip()
    company.sync(store)
    company.pass_time(days=1)
    company.org.delete(company.deals["D-1"])
    company.org.add_opportunity(
        "Customer 20",
        account="Customer 20",
        amount=Decimal(50_000),
        probability=50,
        close=date(2026, 9, 25),
        stage="Proposal",
        owner=SELLER,
        promised="R1",
        promised_date=date(2026, 10, 15),
        created=company.now,
        key="D-20",
    )
    company.sync(store)
    assert {"D-1", "D-20"} & standing(store).keys() == {"D-20"}
    monday, tuesday = (late(as_of(store, company, day), store).keys() for day in (TODAY, TODAY + DAY))
    assert ({"D-1", "D-20"} & monday, {"D-1", "D-20"} & tuesday) == ({"D-1"}, {"D-20"})


def test_nobody_waited_for_what_came_into_being_later(company: Company, store: Store):
    """OPS-9 is created on 10 September, and due after the day for which D-9 was promised it."""
    ops_9 = MONDAY - 4 * DAY
    company.jira.add_issue("OPS-9", summary="Chore 9", due=date(2027, 1, 15), created=ops_9)
    company.org.opportunities[company.deals["D-9"]]["Launch_Release__c"] = "OPS-9"
    company.sync(store)
    assert late(as_of(store, company, TODAY - 5 * DAY), store) == {}
    assert late(as_of(store, company, TODAY - 4 * DAY), store) == {"D-9": 15}
    replayed = backtest(store, company.configuration, TODAY - 6 * DAY, TODAY - 3 * DAY, now=company.now)
    assert [(each.first, each.earlier) for each in replayed.disagreements] == [(ops_9.date(), False)]


def test_a_finding_has_the_age_and_the_state_of_that_day(tuesday: Company, store: Store):
    with tuesday.open_store() as opened:
        known = as_of(opened, tuesday, TODAY + DAY)
        found = {each.fingerprint: each for each in known.findings}
        stored = {name: each for name, each in opened.tracked().items() if each.standing}
        assert found.keys() == stored.keys()
        assert {each.opened_at for each in known.findings} == {each.opened_at for each in stored.values()}
        assert {each.state for each in known.findings} == {FindingState.OPEN}


def test_today_ends_now_and_a_day_to_come_is_refused(company: Company, store: Store):
    company.slip()
    company.sync(store)
    assert as_of(store, company, TODAY).moment == company.now
    # Midnight in Berlin is 22:00 UTC in summer.
    assert as_of(store, company, TODAY - DAY).moment == datetime(2026, 9, 13, 21, 59, 59, tzinfo=UTC)
    with pytest.raises(UsageError, match="15 Sep 2026 has not come yet"):
        as_of(store, company, TODAY + DAY)
    assert as_of(store, company, LONG_AGO.date() - DAY).findings == ()  # before anything was created
