"""The agenda of the daemon: what is read next, what is kept back and why, and what is overdue."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from pipeline.agenda import Agenda, plans_of, rescheduled
from pipeline.spending import PutOff
from state.store import Store
from tests.pipeline.company import Company, Servers

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EVENING = datetime(2026, 9, 14, 19, 50, tzinfo=UTC)
"""Ten to ten in Berlin."""
SIX = datetime(2026, 9, 15, 4, 0, tzinfo=UTC)
NIGHTLY = {"from": "22:00", "until": "06:00"}


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as servers:
        yield servers


@pytest.fixture
def company(servers: Servers, tmp_path: Path) -> Company:
    return Company(tmp_path / "acme", servers, now=EVENING)


@pytest.fixture
def store(company: Company) -> Iterator[Store]:
    with company.open_store() as store:
        yield store


def set_up(company: Company, store: Store, **options: Any) -> Agenda:
    """An agenda whose source jira has these options and was read just now."""
    company.settings["sources"]["jira"] |= options
    company.write()
    agenda = Agenda(store, lambda: company.configuration, company.clock)
    for name in company.settings["sources"]:
        agenda.begins(name)
        agenda.ended(name)
    return agenda


def test_a_reading_that_is_on_time_keeps_the_distance_of_the_one_before(company: Company, store: Store):
    agenda = set_up(company, store, every="1h")
    table = agenda.timetable("jira")
    assert agenda.wait_after(table, timedelta(seconds=20)) == HOUR - timedelta(seconds=20)
    assert agenda.wait_after(table, 14 * 24 * HOUR) == HOUR, "what was missed is one reading (C15)"
    assert agenda.plans()["jira"].next_at == EVENING + HOUR


def test_a_schedule_is_kept_however_late_the_reading_before_began(company: Company, store: Store):
    agenda = set_up(company, store, cron="0 3 * * *")
    for late in (timedelta(), HOUR, 30 * 24 * HOUR):
        assert company.now + agenda.wait_after(agenda.timetable("jira"), late) == SIX - 3 * HOUR


def test_a_source_is_kept_back_in_a_blackout_and_the_log_says_until_when(company: Company, store: Store):
    agenda = set_up(company, store, blackout=[NIGHTLY])
    assert agenda.keeps_back("jira") is None
    company.pass_time(minutes=15)
    with structlog.testing.capture_logs() as lines:
        kept = agenda.keeps_back("jira")
    assert kept == PutOff(SIX, "a blackout")
    assert [(line["event"], line["source"], line["until"]) for line in lines] == [
        ("source.put_off", "jira", "2026-09-15T04:00:00+00:00")
    ]
    assert agenda.keeps_back("crm") is None
    company.now = SIX
    assert agenda.keeps_back("jira") is None


def test_a_source_is_kept_back_by_its_budget_and_not_into_a_blackout(company: Company, store: Store):
    agenda = set_up(company, store, budget={"requests": 10, "per": "1h"}, blackout=[NIGHTLY])
    store.take_requests("jira", 10, most=10, span=HOUR, now=company.now)
    kept = agenda.keeps_back("jira")
    assert kept == PutOff(SIX, "10 of its 10 requests per 1h are used")


def test_what_is_kept_back_is_neither_overdue_nor_stale_before_it_can_be_read(company: Company, store: Store):
    agenda = set_up(company, store, budget={"requests": 10, "per": "1d"})
    read_at = company.now
    store.take_requests("jira", 10, most=10, span=24 * HOUR, now=company.now)
    company.pass_time(minutes=16)
    kept = agenda.keeps_back("jira")
    assert kept is not None
    assert kept.until > read_at + 24 * HOUR
    for now in (kept.until - MINUTE, kept.until + MINUTE):
        company.now = now
        assert agenda.plans()["jira"].stale_at(read_at) == kept.until + 15 * MINUTE
    company.now = kept.until - MINUTE
    assert not agenda.overdue("jira")
    assert agenda.overdue("crm")
    company.now = kept.until + 2 * MINUTE
    assert agenda.overdue("jira")
    agenda.begins("jira")
    agenda.ended("jira")
    assert agenda.plans()["jira"].put_off is None


def test_in_a_blackout_nothing_is_overdue_and_the_plan_says_what_comes(company: Company, store: Store):
    agenda = set_up(company, store, blackout=[NIGHTLY], jitter="10m")
    company.pass_time(hours=3)
    assert not agenda.overdue("jira")
    plan = agenda.plans()["jira"]
    assert SIX < plan.next_at < SIX + 10 * MINUTE
    assert plan.put_off == PutOff(plan.next_at, "a blackout")
    assert agenda.wait("jira") == plan.next_at - company.now
    assert plan.stale_at(EVENING) == plan.next_at + 15 * MINUTE


def test_the_clock_that_is_set_back_moves_the_plan_and_gives_what_hangs_on_the_clock(company: Company, store: Store):
    """C13."""
    agenda = set_up(company, store, cron="0 3 * * *")
    for name in ("jira", "crm"):
        agenda.wait(name)
    before = dict(agenda.planned)
    company.pass_time(days=-3)
    assert agenda.set_back(timedelta(days=-3)) == ["jira"]
    assert agenda.planned["crm"] == before["crm"] - timedelta(days=3)
    assert company.now + agenda.wait("jira") == SIX - 3 * HOUR - timedelta(days=3)


@pytest.mark.parametrize(
    ("change", "anew"),
    [
        ({"every": "1h"}, True),
        ({"cron": "0 3 * * *"}, True),
        ({"jitter": "5m"}, True),
        ({"blackout": [NIGHTLY]}, True),
        ({"budget": {"requests": 9, "per": "1h"}}, True),
        ({"deadline": "10m"}, False),
        ({"overlap": "10m"}, False),
    ],
)
def test_what_says_when_a_source_is_read_plans_it_anew(company: Company, change: dict[str, Any], anew: bool):
    before = company.configuration.settings
    company.settings["sources"]["jira"] |= change
    company.write()
    after = company.configuration.settings
    assert [rescheduled(name, before, after) for name in ("jira", "crm")] == [anew, False]


def test_another_zone_plans_anew_what_goes_by_the_clock(company: Company):
    company.settings["sources"]["jira"]["cron"] = "0 3 * * *"
    company.write()
    before = company.configuration.settings
    company.settings["business"]["zone"] = "Asia/Tokyo"
    company.write()
    assert [rescheduled(name, before, company.configuration.settings) for name in ("jira", "crm")] == [True, False]


def test_from_what_is_stored_alone_the_same_is_told(company: Company, store: Store):
    """As another process tells it that only looks at the state."""
    company.settings["sources"]["jira"] |= {"every": "1h", "budget": {"requests": 1000, "per": "1h"}}
    company.settings["sources"]["crm"] |= {"every": "5m", "blackout": [NIGHTLY]}
    company.write()
    assert {name: plan.next_at for name, plan in plans_of(store, company.configuration, company.now).items()} == {
        "jira": EVENING,
        "crm": EVENING,
    }
    company.sync(store)
    company.pass_time(minutes=8)
    plans = plans_of(store, company.configuration, company.now)
    assert (plans["jira"].next_at, plans["jira"].put_off) == (EVENING + HOUR, None)
    assert plans["crm"].next_at == company.now
    company.pass_time(minutes=3)
    plans = plans_of(store, company.configuration, company.now)
    assert plans["crm"].put_off == PutOff(SIX, "a blackout")
    store.take_requests("jira", 1000, most=1000, span=HOUR, now=company.now)
    kept = plans_of(store, company.configuration, company.now)["jira"].put_off
    assert kept is not None
    assert kept.reason == "1,000 of its 1,000 requests per 1h are used"
