"""The question that is asked after every round; only the transport is a stub."""

from collections.abc import Iterator

import pytest
import requests
import responses
import structlog

import scheduler
from model.runs import Run, RunOutcome
from model.secret import Secret
from service.dead_man import DeadMan, ask
from tests.service.conftest import Watched

ADDRESS = "https://pings.example/canary-83ab1f"
URL = Secret("env:PING").resolved(ADDRESS)


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        yield web


def test_it_is_asked_once_after_each_round_of_all_sources(web: responses.RequestsMock):
    web.get(ADDRESS, body="OK")
    dead_man, sources = DeadMan(), ["jira", "crm"]
    rounds = [dead_man.completed(source, sources, URL) for source in ("jira", "jira", "crm", "crm", "jira")]
    for asking in filter(None, rounds):
        asking.join(5)
    assert [each is not None for each in rounds] == [False, False, True, False, True]
    assert len(web.calls) == 2


def test_without_an_address_nobody_is_asked():
    assert DeadMan().completed("jira", ["jira"], None) is None


@pytest.mark.parametrize("outcome", RunOutcome)
def test_the_daemon_counts_what_was_read_completely_and_nothing_else(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, outcome: RunOutcome
):
    counted: list[tuple[str, set[str]]] = []
    run = Run(id=1, started_at=watched.company.now, outcome=outcome)
    monkeypatch.setattr(scheduler, "make_pass", lambda *_, **__: run)
    monkeypatch.setattr(DeadMan, "completed", lambda _, source, sources, _url: counted.append((source, set(sources))))
    watched.daemon.read("jira")
    assert counted == ([("jira", {"jira", "crm"})] if outcome is RunOutcome.DONE else [])


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"status": 500}, "answered 500"),
        ({"status": 302, "headers": {"Location": "http://169.254.169.254/"}}, "answered 302"),
        ({"body": requests.ConnectionError(f"cannot reach {ADDRESS}")}, "ConnectionError"),
    ],
)
def test_a_failure_is_logged_without_the_address_and_follows_no_redirect(
    web: responses.RequestsMock, answer: dict[str, object], told: str
):
    """F8, X1."""
    web.get(ADDRESS, **answer)
    with structlog.testing.capture_logs() as lines:
        assert ask(URL) is False
    assert [(line["event"], line["error"]) for line in lines] == [("dead_man.failed", told)]
    assert len(web.calls) == 1
    assert "canary" not in str(lines)


def test_an_address_without_https_is_not_asked(web: responses.RequestsMock):
    with structlog.testing.capture_logs() as lines:
        assert ask(Secret("env:PING").resolved("http://pings.example/canary-83ab1f")) is False
    assert len(web.calls) == 0
    assert "canary" not in str(lines)
