"""The deadline of one source: it ends that reading wherever it waits, and nothing else (S2, P6)."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.base import HttpOptions, ReadContext
from connectors.deadline import Deadline
from connectors.http import in_parallel, open_session
from model.errors import InterruptedRunError, SourceRateLimitedError, SourceUnavailableError
from sandbox.http import Fault, Response, StandIn
from tests.connectors.contract import context_at
from tests.connectors.test_http import raw_server

SAID = "jira was not read to its end within its deadline of 30m"
LIMIT = 60


class Time:
    """A monotonic clock that a test moves, or that runs from where it was put."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def context_until(monotonic: object = time.monotonic, *, left: float = 0.3) -> ReadContext:
    """A reading that has so many seconds left of its half an hour."""
    base = context_at()
    deadline = Deadline.begin("jira", timedelta(minutes=30), monotonic)  # type: ignore[arg-type]
    assert deadline is not None
    deadline = replace(deadline, ends=deadline.ends - 1800 + left)
    return ReadContext(base.now, base.zone, threading.Event(), deadline=deadline)


def test_a_source_without_one_may_take_any_time():
    assert Deadline.begin("jira", None) is None
    assert context_at().wait(0.0) is False


def test_it_names_itself_and_the_remedy():
    clock = Time()
    context = context_until(clock, left=10)
    clock.seconds = 9.9
    context.check()
    clock.seconds = 10
    with pytest.raises(SourceUnavailableError) as ended:
        context.check()
    [problem] = ended.value.problems
    assert (problem.message, problem.location) == (SAID, "jira")
    assert "raise sources.jira.deadline" in problem.hint


def test_a_wish_to_stop_comes_before_it():
    context = context_until(left=0)
    context.stop.set()
    with pytest.raises(InterruptedRunError):
        context.check()
    assert context.wait(60) is True


def test_a_wait_ends_with_it():
    began = time.monotonic()
    with pytest.raises(SourceUnavailableError, match=SAID):
        context_until().wait(LIMIT)
    assert time.monotonic() - began < LIMIT / 2


def test_a_server_that_keeps_silent_is_left_at_the_deadline():
    """Long before the time-outs of the connection, which say something else."""
    options = HttpOptions(attempts=5, read_timeout_seconds=LIMIT, answer_deadline_seconds=LIMIT)
    began = time.monotonic()
    with (
        raw_server(pause=0) as url,
        open_session("jira", options, context_until(), base_url=url) as session,
        pytest.raises(SourceUnavailableError, match=SAID),
    ):
        session.get(f"{url}/things")
    assert time.monotonic() - began < LIMIT / 2


def test_a_pause_that_the_source_asks_for_and_that_is_too_long_fails_at_once():
    """S1: nobody sits through a pause after which there is no time left."""
    server = StandIn()
    server.add_fault(Fault("", Response({}, 429, {"Retry-After": "1200"}), times=None))
    with (
        server,
        open_session("jira", HttpOptions(), context_until(left=600), base_url=server.url) as session,
        pytest.raises(SourceRateLimitedError, match="longer than this run may take"),
    ):
        session.get(f"{server.url}/things")


def test_nothing_is_asked_after_it():
    server = StandIn()
    with (
        server,
        open_session("jira", HttpOptions(), context_until(left=0), base_url=server.url) as session,
        pytest.raises(SourceUnavailableError, match=SAID),
    ):
        session.get(f"{server.url}/things")
    assert server.requests == []


def test_questions_that_are_asked_at_once_end_with_it():
    clock = Time()
    context = context_until(clock, left=5)

    def answer() -> int:
        clock.seconds += 3
        return 1

    walk = in_parallel([answer] * 9, context, at_once=1)
    assert next(walk) == 1
    with pytest.raises(SourceUnavailableError, match=SAID):
        list(walk)


def test_a_budget_is_asked_before_each_request_and_its_end_is_the_end_of_the_reading():
    server = StandIn()
    server.route("GET", "/things", lambda _: Response({}))
    left = iter([True, True])

    def spend() -> None:
        if not next(left, False):
            raise SourceRateLimitedError("used up")

    base = context_at()
    with server, open_session("jira", HttpOptions(), replace(base, spend=spend), base_url=server.url) as session:
        for _ in range(2):
            session.get(f"{server.url}/things")
        with pytest.raises(SourceRateLimitedError, match="used up"):
            session.get(f"{server.url}/things")
    assert len(server.requests) == 2
