"""The API budget of a source: counted before each request, over all readings, and never quietly exceeded."""

from datetime import timedelta

import pytest

from model.runs import SourceOutcome
from pipeline.spending import PutOff, put_off_by_budget
from sandbox.http import Fault, Response
from state.requests import Requests
from state.store import Store
from tests.pipeline.company import Company

HOUR = timedelta(hours=1)


class Killed(BaseException):
    """The process ends here; nothing of ours runs any more."""


def allow(company: Company, requests: int, per: str = "1h", source: str = "jira") -> None:
    company.settings["sources"][source]["budget"] = {"requests": requests, "per": per}
    company.write()


def counted(company: Company, store: Store, source: str = "jira", span: timedelta = HOUR) -> int:
    return sum(store.requests(source, span=span, now=company.now).values())


def put_off(company: Company, store: Store) -> PutOff | None:
    return put_off_by_budget(store, "jira", company.configuration.settings.sources["jira"], company.now)


def asked(company: Company) -> int:
    return len(company.jira_server.requests)


@pytest.fixture
def full(company: Company, store: Store) -> int:
    """How many requests a full reading takes."""
    company.read(store, "jira", full=True)
    number = asked(company)
    company.jira_server.requests.clear()
    return number


@pytest.mark.parametrize("source", ["jira", "crm"])
def test_every_request_is_counted_and_nothing_else(company: Company, store: Store, source: str):
    allow(company, 1000, source=source)
    for _ in range(2):
        assert company.read(store, source).outcome is SourceOutcome.COMPLETE
        company.pass_time(minutes=1)
    server = company.jira_server if source == "jira" else company.crm_server
    assert counted(company, store, source) == len(server.requests) > 0


def test_a_repeated_request_is_one_more(company: Company, store: Store, full: int):
    company.settings["sources"]["jira"]["http"] = {"attempts": 3}
    allow(company, 1000)
    company.jira_server.add_fault(Fault("/search", Response({}, 503, {"Retry-After": "0"}), times=2))
    assert company.read(store, "jira", full=True).outcome is SourceOutcome.COMPLETE
    assert counted(company, store) == asked(company) == full + 2


def test_a_reading_that_would_go_beyond_is_put_off_before_it_asks_anything_also_after_a_restart(
    company: Company, store: Store, full: int
):
    company.settings["sources"]["jira"]["full_every"] = "5m"
    allow(company, 2 * full - 1)
    assert company.read(store, "jira", full=True).outcome is SourceOutcome.COMPLETE
    company.jira_server.requests.clear()
    company.pass_time(minutes=10)
    with company.open_store() as again:
        result = company.read(again, "jira")
    assert asked(company) == 0
    assert result.outcome is SourceOutcome.FAILED
    assert result.error == (
        f"jira is put off until 14 Sep 2026 09:02 CEST: {full} of its {2 * full - 1} requests per 1h are used,"
        f" and reading it takes about {full}"
    )
    assert "sources.jira.budget" in result.hint


def test_it_goes_on_when_enough_of_the_budget_is_free(company: Company, store: Store, full: int):
    company.settings["sources"]["jira"]["full_every"] = "1s"
    allow(company, full)
    company.pass_time(minutes=1)
    assert company.read(store, "jira").outcome is SourceOutcome.COMPLETE
    company.pass_time(minutes=1)
    kept = put_off(company, store)
    assert kept is not None
    assert timedelta(minutes=59) <= kept.until - company.now <= timedelta(minutes=62)
    company.now = kept.until - timedelta(seconds=1)
    assert put_off(company, store) is not None
    company.now = kept.until
    assert put_off(company, store) is None
    assert company.read(store, "jira").outcome is SourceOutcome.COMPLETE


def test_a_reading_of_what_changed_is_not_put_off_for_what_a_full_one_takes(company: Company, store: Store, full: int):
    allow(company, 2 * full - 1, per="1d")
    assert company.read(store, "jira", full=True).outcome is SourceOutcome.COMPLETE
    company.pass_time(minutes=15)
    assert company.read(store, "jira").outcome is SourceOutcome.COMPLETE


def test_a_budget_that_ends_in_the_middle_fails_the_reading_and_says_so(company: Company, store: Store, full: int):
    """Nothing is concluded from a part, and the next reading gets the whole budget."""
    before = store.cursor("jira")
    records = store.present_ids("jira")
    company.settings["sources"]["jira"]["full_every"] = "1s"
    allow(company, full - 1)
    company.pass_time(minutes=1)
    result = company.read(store, "jira")
    assert result.outcome is SourceOutcome.FAILED
    assert result.error == f"reading jira takes more than its whole budget of {full - 1} requests per 1h"
    assert asked(company) == counted(company, store) == full - 1
    assert (store.cursor("jira"), store.present_ids("jira")) == (before, records)
    company.pass_time(minutes=50)
    company.jira_server.requests.clear()
    assert "is put off until" in company.read(store, "jira").error
    assert asked(company) == 0
    allow(company, full)
    company.pass_time(minutes=13)
    assert company.read(store, "jira").outcome is SourceOutcome.COMPLETE


def test_a_killed_reading_has_counted_what_it_asked(
    company: Company, store: Store, full: int, monkeypatch: pytest.MonkeyPatch
):
    """C1: counted before it is sent, in parts of a hundredth; what was not sent is at most one part."""
    allow(company, 1000)
    monkeypatch.setattr(Store, "finish_source", lambda *_, **__: (_ for _ in ()).throw(Killed))
    monkeypatch.setattr(Requests, "give_back_requests", lambda *_, **__: None)
    with pytest.raises(Killed):
        company.read(store, "jira", full=True)
    with company.open_store() as again:
        assert asked(company) <= counted(company, again) < asked(company) + 10


def test_two_sources_have_each_a_budget_of_its_own_and_one_without_is_not_counted(company: Company, store: Store):
    allow(company, 1000)
    company.read(store, "jira")
    company.read(store, "crm")
    assert counted(company, store) > 0
    assert counted(company, store, "crm") == 0


def test_what_a_clock_that_ran_ahead_counted_holds_nothing_up(company: Company, store: Store, full: int):
    """C13."""
    allow(company, full)
    company.pass_time(days=30)
    company.read(store, "jira", full=True)
    company.pass_time(days=-30)
    assert put_off(company, store) is None


def test_what_is_a_day_old_is_forgotten(company: Company, store: Store):
    allow(company, 1000)
    company.read(store, "jira")
    first = set(store.requests("jira", span=timedelta(days=1), now=company.now))
    company.pass_time(days=2)
    company.read(store, "jira")
    assert not first & set(store.requests("jira", span=timedelta(days=4), now=company.now))
