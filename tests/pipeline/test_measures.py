"""What a run measures about Driftline itself, calculated by hand on the small company.

Monday 6:00 first reading; 9:00 WEB-1 slips; Tuesday 6:00 eight promises disagree, 7:00 everybody is told; noon D-1 is
promised anew. So people learn of the change after 22 hours, and Salesforce reflects it after 27.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from model.deliveries import DeliveryState
from model.findings import Acceptance, Account
from model.measures import (
    WINDOW,
    DecisionRate,
    Latency,
    LinkedMoney,
    LinkedShare,
    Measures,
    ObjectiveLatency,
    PairLatency,
)
from pipeline.decide import accept_finding, acknowledge_finding, decide_findings, decision_about
from pipeline.judge import judge_and_keep
from pipeline.measures import STORED_EVERY, keep_measures, measures_now
from pipeline.notify import edition_for, prepare
from state.store import Store
from tests.databases import Kept, keep
from tests.digest.smtp_servers import running
from tests.pipeline.company import LEAD, SELLER, Company, Servers, standing

HOUR = 3600
SLOT = "2026-09-15"
WEDNESDAY = datetime(2026, 9, 16, 6, 0, tzinfo=UTC)


def reach_tuesday(company: Company) -> None:
    """What happens in the tools up to Tuesday 6:00."""
    company.pass_time(hours=3)
    company.slip()
    company.pass_time(hours=21)


@pytest.fixture(scope="session")
def told_state(servers: Servers, blank_state: Kept, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """What a state holds on Tuesday 7:00, when the mail has gone."""
    company = Company(tmp_path_factory.mktemp("told") / "acme", servers)
    blank_state.bring_back(company.state)
    with company.open_store() as store, running(company.mailbox) as port:
        company.settings["mail"]["smtp"]["port"] = port
        company.write()
        company.sync(store)
        reach_tuesday(company)
        company.sync(store)
        company.pass_time(hours=1)
        company.send(store, SLOT)
    return keep(company.state)


@pytest.fixture
def told(told_state: Kept, store: Store, company: Company) -> Company:
    """It is Tuesday 7:00, and the mail has gone."""
    store.close()
    told_state.bring_back(company.state)
    reach_tuesday(company)
    company.pass_time(hours=1)
    return company


def now(store: Store, company: Company) -> Measures:
    measures = measures_now(store, company.configuration, now=company.now)
    assert measures is not None
    return measures


def promise_anew(company: Company, deal: str = "D-1") -> None:
    """Tuesday noon a promise is put right; then it is Wednesday 6:00."""
    company.pass_time(hours=5)
    company.org.move_promise(company.deals[deal], date(2026, 11, 30), by=SELLER)
    company.pass_time(hours=18)


def test_people_learn_of_a_change_when_the_first_mail_about_it_is_sent(told: Company, store: Store):
    measures = now(store, told)
    latency = Latency(8, 22 * HOUR, 22 * HOUR)
    waiting = Latency(waiting=8)
    assert (measures.told, measures.reflected) == (latency, waiting)
    assert measures.pairs == (PairLatency("jira", "crm", latency, waiting),)
    assert measures.objectives == (ObjectiveLatency("LAUNCH", latency, waiting),)
    assert measures.first_mail == Latency(8, 1 * HOUR, 1 * HOUR)
    edition, _ = edition_for(store, told.configuration, "leaders", now=told.now)
    assert edition.measures == measures


def test_before_the_mail_is_sent_they_wait(tuesday: Company, store: Store):
    """The negative control: nothing is measured as zero."""
    measures = now(store, tuesday)
    assert measures.told == measures.first_mail == Latency(waiting=8)


def test_the_other_tool_reflects_a_change_when_the_commitment_is_moved(told: Company, store: Store):
    promise_anew(told)
    told.sync(store)
    [stored] = store.measures()
    assert (stored.run_id, stored.measures.at) == (3, WEDNESDAY)
    assert stored.measures.reflected == Latency(1, 27 * HOUR, 27 * HOUR, waiting=7)
    assert stored.measures.decisions == DecisionRate(findings=8, commitment_changed=1, undecided=7)

    # D-2 and D-3 follow after 51 hours: that is the median of the three.
    for deal in ("D-2", "D-3"):
        told.pass_time(hours=6)
        told.org.move_promise(told.deals[deal], date(2026, 11, 30), by=SELLER)
        told.pass_time(hours=-6)
    told.pass_time(days=1)
    told.sync(store)
    assert now(store, told).reflected == Latency(3, 51 * HOUR, 51 * HOUR, waiting=5)


def test_work_that_comes_back_is_no_decision_about_the_commitment(told: Company, store: Store):
    told.pass_time(hours=5)
    told.slip(date(2026, 10, 1))
    told.pass_time(hours=18)
    told.sync(store)
    measures = now(store, told)
    assert measures.decisions == DecisionRate(findings=8, ended_otherwise=8)
    assert measures.reflected == Latency()


def test_what_people_accept_or_look_after_is_a_decision(told: Company, store: Store):
    found = standing(store)
    until = Acceptance(LEAD, "they agreed", date(2026, 12, 1))
    accept_finding(store, told.configuration, found["D-1"], until, entered_by=LEAD, override=True, now=told.now)
    acknowledge_finding(store, found["D-2"], by=LEAD, note="", now=told.now)
    promise_anew(told, "D-2")
    told.sync(store)
    assert now(store, told).decisions == DecisionRate(findings=8, accepted=1, acknowledged=1, undecided=6)


def test_what_somebody_decided_counts_even_where_it_was_looked_after_before(told: Company, store: Store):
    found = standing(store)
    acknowledge_finding(store, found["D-1"], by=LEAD, note="", now=told.now)
    for deal in ("D-1", "D-2"):
        shown = standing(store)[deal]
        word = {"says": "Move it", "by": LEAD, "entered_by": LEAD, "owner": "", "until": told.now.date(), "note": ""}
        decision = decision_about(shown, None, **word, at=told.now)  # type: ignore[arg-type]
        decide_findings(store, told.configuration, [shown], decision, override=False, now=told.now)
    promise_anew(told, "D-2")
    told.sync(store)
    rate = now(store, told).decisions
    assert rate == DecisionRate(findings=8, recorded=2, undecided=6)
    assert (rate.made, rate.decided) == (2, 2)


def test_what_no_history_tells_is_unknown_and_not_zero(told: Company, store: Store):
    """WEB-2 is overdue by December, and with it what D-9 was promised: time has passed, and no tool was changed."""
    told.now = datetime(2026, 12, 2, 6, 0, tzinfo=UTC)
    told.sync(store)
    _, mails = prepare(store, told.configuration, "leaders", slot="2026-12-02", now=told.now)
    for each in mails:
        assert each.id is not None
        store.mark_delivery(each.id, DeliveryState.SENT, now=told.now)
    measures = now(store, told)
    untold = measures.first_mail.measured - 8
    assert untold >= 1
    assert measures.told == Latency(8, 22 * HOUR, 22 * HOUR, unknown=untold)


def test_what_is_longer_ago_than_the_window_is_left_out(told: Company, store: Store):
    measures = measures_now(store, told.configuration, now=told.now + WINDOW + timedelta(hours=1))
    assert measures is not None
    assert (measures.told, measures.first_mail) == (Latency(), Latency())
    assert measures.decisions == DecisionRate(findings=8, undecided=8)  # they still stand


def test_what_was_there_before_the_first_reading_has_no_latency(company: Company, store: Store):
    company.slip()
    company.pass_time(hours=1)
    company.sync(store)
    measures = now(store, company)
    assert (measures.told, measures.reflected, measures.first_mail) == (Latency(), Latency(), Latency())
    assert measures.decisions == DecisionRate(findings=8, undecided=8)


def test_an_audience_that_does_not_see_a_finding_was_not_told_of_it(told: Company, store: Store):
    told.settings["digests"]["leaders"]["objectives"] = ["OTHER"]
    told.write()
    assert now(store, told).told == Latency(waiting=8)


def test_coverage_is_by_count_and_by_money(tuesday: Company, store: Store):
    """Of 21 work items and deals the four chores serve nothing; nine deals are worth 100,000 to 900,000."""
    assert now(store, tuesday).coverage == LinkedShare(
        tuesday.now, 21, 17, money=(LinkedMoney(Account.REVENUE, "EUR", Decimal(4_500_000), Decimal(4_500_000)),)
    )


def test_nothing_is_stored_when_nothing_changed(told: Company, store: Store):
    told.pass_time(hours=2)
    told.sync(store)
    assert [each.run_id for each in store.measures(10)] == [3, 2, 1]  # a mail was sent since the second
    told.pass_time(hours=2)
    run = told.sync(store)
    assert (run.id, store.measures()[0].run_id) == (4, 3)


def test_a_daemon_follows_up_every_run_and_stores_once_an_hour(told: Company, store: Store):
    told.org.move_promise(told.deals["D-1"], date(2026, 11, 30), by=SELLER)
    told.pass_time(hours=1)
    told.sync(store)
    told.org.move_promise(told.deals["D-2"], date(2026, 11, 30), by=SELLER)
    told.pass_time(minutes=10)
    assert told.read(store, "crm").changed == 1
    judge_and_keep(store, told.configuration, 3, now=told.now)
    assert not keep_measures(store, told.configuration, 3, now=told.now, whole=False)
    assert now(store, told).reflected.measured == 2
    assert keep_measures(store, told.configuration, 3, now=told.now + STORED_EVERY, whole=False)


def test_a_run_that_was_killed_before_it_measured_is_made_up_for(
    told: Company, store: Store, monkeypatch: pytest.MonkeyPatch
):
    promise_anew(told)
    monkeypatch.setattr("pipeline.run.keep_measures", lambda *_args, **_wishes: False)
    told.sync(store)
    assert now(store, told).reflected.measured == 0
    monkeypatch.undo()
    told.pass_time(hours=1)
    told.sync(store)
    assert now(store, told).reflected == Latency(1, 27 * HOUR, 27 * HOUR, waiting=7)
