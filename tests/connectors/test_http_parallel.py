"""Several questions at once: answers in order, few in memory, the limit per minute kept."""

import threading
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from connectors.base import ReadContext
from connectors.http.ahead import in_parallel
from connectors.http.pace import Pace
from model.errors import InterruptedRunError, SourceUnavailableError


def context() -> ReadContext:
    return ReadContext(datetime(2026, 10, 6, tzinfo=UTC), ZoneInfo("Europe/Berlin"))


def test_answers_come_in_the_order_of_the_questions_though_the_first_takes_longest() -> None:
    def question(number: int):
        def ask() -> int:
            time.sleep(0.02 if number == 0 else 0)
            return number

        return ask

    assert list(in_parallel(map(question, range(20)), context(), at_once=4)) == list(range(20))


def test_questions_are_under_way_at_the_same_time() -> None:
    meeting = threading.Barrier(3)

    def ask() -> int:
        return meeting.wait(timeout=5)

    assert sorted(in_parallel([ask] * 3, context(), at_once=3)) == [0, 1, 2]


def test_no_more_questions_are_begun_than_answers_may_wait() -> None:
    begun: list[int] = []
    answers = in_parallel(((lambda n=n: begun.append(n) or n) for n in range(100)), context(), at_once=4)
    assert next(answers) == 0
    time.sleep(0.02)
    assert len(begun) <= 5
    answers.close()
    assert len(begun) <= 5


def test_a_question_that_fails_ends_the_walk_after_the_answers_before_it() -> None:
    begun: list[int] = []

    def question(number: int):
        def ask() -> int:
            begun.append(number)
            if number == 2:
                raise SourceUnavailableError("down")
            return number

        return ask

    answers = in_parallel(map(question, range(100)), context(), at_once=2)
    assert [next(answers), next(answers)] == [0, 1]
    with pytest.raises(SourceUnavailableError):
        next(answers)
    assert max(begun) <= 4


def test_a_wish_to_stop_is_heard_between_two_answers() -> None:
    stopped = context()
    answers = in_parallel([lambda: 1, lambda: 2, lambda: 3], stopped, at_once=1)
    assert next(answers) == 1
    stopped.stop.set()
    with pytest.raises(InterruptedRunError):
        next(answers)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def test_the_limit_holds_within_any_minute() -> None:
    clock = Clock()
    pace = Pace(3, clock.wait, clock)
    begun = []
    for _ in range(10):
        pace.keep()
        begun.append(clock.now)
        clock.now += 7
    for start in begun:
        assert sum(start <= moment < start + 60 for moment in begun) <= 3
    assert clock.waits, "without a wait the check above could not fail"


def test_below_the_limit_nobody_waits() -> None:
    clock = Clock()
    pace = Pace(3, clock.wait, clock)
    for _ in range(3):
        pace.keep()
    assert clock.waits == []
