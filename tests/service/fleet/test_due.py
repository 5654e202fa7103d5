"""When workers read: by the timetable of each source, the clock of the database and the start of the first of them."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.spending import PutOff
from pipeline.timetable import Timetable
from service.fleet import due as due_module
from service.fleet.due import due_now, next_plans, overdue
from service.fleet.work import Work
from state.lock import Ownership, workers_for
from state.store import Store
from tests.pipeline.company import Company
from tests.service.fleet.test_work import hurry

TEMPLATE = "fleet_queue"


@pytest.fixture
def work(company: Company, store: Store) -> Work:
    return Work(store, company.configuration, company.clock, "process 1 on here", stop=company.stop)


def test_what_is_due_goes_by_the_timetable_and_not_by_the_clock_of_a_worker(work: Work, company: Company) -> None:
    is_due = due_now(work.store, company.configuration, company.now)
    assert [is_due("jira", ago) for ago in (None, timedelta(minutes=16), timedelta(minutes=14))] == [True, True, False]
    company.settings["sources"]["jira"]["cron"] = "0 12 * * *"
    company.settings["sources"]["crm"]["blackout"] = [{"days": ["mon"], "from": "00:00", "until": "23:00"}]
    company.write()
    is_due = due_now(work.store, company.configuration, company.now)
    assert not is_due("crm", None)
    assert not is_due("jira", timedelta(hours=1))
    at_noon = datetime(2026, 9, 14, 10, 0, 1, tzinfo=UTC)
    assert due_now(work.store, company.configuration, at_noon)("jira", timedelta(hours=5))


def test_sources_that_were_due_before_there_were_workers_are_spread_by_their_jitter(
    work: Work, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the daemon does after its own start; the others keep their distance."""
    sources = company.settings["sources"]
    sources["jira"] |= {"every": "1h", "jitter": "30m"}
    company.write()
    settings = company.configuration.settings
    table, start = Timetable("jira", settings.sources["jira"], settings.business.zone), company.now
    for ago in (timedelta(hours=5), None):
        first = table.due(None if ago is None else start - ago, start).begin
        assert timedelta(minutes=1) < first - start < timedelta(minutes=30)
        for seconds, due in ((0, False), (-1, False), (1, True)):
            at = start if not seconds else first + timedelta(seconds=seconds)
            monkeypatch.setattr(due_module, "workers_for", lambda _, for_=at - start: for_)
            since = None if ago is None else at - start + ago
            assert due_now(work.store, company.configuration, at)("jira", since) is due
            assert due_now(work.store, company.configuration, at)("crm", since)
            if ago is None:
                assert next_plans(work.store, company.configuration, at)["jira"].next_at == max(first, at)
    monkeypatch.setattr(due_module, "workers_for", lambda _: timedelta(minutes=10))
    is_due = due_now(work.store, company.configuration, company.now)
    assert not is_due("jira", timedelta(minutes=59, seconds=59))
    assert is_due("jira", timedelta(hours=1)), "it came due while there were workers"
    assert sorted(overdue(work.store, company.configuration, company.now)) == ["crm", "jira"], "a digest waits for it"


def test_after_a_blackout_a_source_begins_later_by_its_jitter(work: Work, company: Company) -> None:
    company.settings["sources"]["jira"] |= {
        "jitter": "10m",
        "blackout": [{"days": ["mon"], "from": "06:00", "until": "11:00"}],
    }
    company.write()
    settings = company.configuration.settings
    first = Timetable("jira", settings.sources["jira"], settings.business.zone).after_blackout(company.now)
    ends = datetime(2026, 9, 14, 9, 0, tzinfo=UTC)  # 11:00 in Berlin
    assert timedelta(0) < first - ends < timedelta(minutes=10)
    seen = {}
    for at in (company.now, ends, first - timedelta(seconds=1), first):
        ago = at - company.now + timedelta(minutes=14)
        seen[at] = due_now(work.store, company.configuration, at)("jira", ago)
    assert list(seen.values()) == [False, False, False, True]
    told = next_plans(work.store, company.configuration, company.now)
    assert (told["jira"].next_at, told["jira"].put_off) == (first, PutOff(first, "a blackout"))
    assert (told["crm"].next_at, told["crm"].put_off) == (company.now, None)


def test_how_long_there_have_been_workers_is_told_by_the_database(store: Store, state_url: str, work: Work) -> None:
    assert workers_for(store) is None
    with Ownership.acquire(store, "driftline run", work.clock()):
        assert workers_for(store) is None
    with Store.open(state_url) as second, Ownership.share(store, work.clock()):
        before = workers_for(store)
        with Ownership.share(second, work.clock()):
            both = workers_for(second)
    assert before is not None
    assert both is not None
    assert timedelta(0) <= before <= both < timedelta(minutes=5)


def test_a_source_is_overdue_when_it_was_missed_or_is_read_for_long(
    work: Work, company: Company, state_url: str
) -> None:
    def late() -> list[str]:
        return sorted(overdue(work.store, company.configuration, company.now))

    assert late() == ["crm", "jira"]
    work.look_round()
    assert late() == []
    work.read("jira")
    hurry(state_url, minutes=2)
    assert late() == ["crm"]
    hurry(state_url, minutes=13, seconds=30)
    assert late() == ["crm"]
    hurry(state_url, minutes=1)
    assert late() == ["crm", "jira"]
