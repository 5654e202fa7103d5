"""Questions that are asked while something else is read."""

import threading

import pytest

from connectors.http.beside import Beside
from model.errors import InterruptedRunError, SourceUnavailableError
from tests.connectors.contract import context_at


def test_answers_come_in_the_order_of_the_questions_whenever_they_were_asked() -> None:
    with Beside[int](context_at(), at_once=3) as beside:
        beside.ask([lambda: 1, lambda: 2])
        first = list(beside.ready())
        beside.ask((lambda n=n: n) for n in range(3, 10))
        assert [*first, *beside.ready(), *beside.rest()] == list(range(1, 10))


def test_what_is_not_answered_yet_keeps_nobody_waiting() -> None:
    gate = threading.Event()
    with Beside[bool](context_at(), at_once=2) as beside:
        beside.ask([lambda: gate.wait(5), lambda: True])
        assert list(beside.ready()) == []
        gate.set()
        assert list(beside.rest()) == [True, True]


def test_no_more_answers_wait_than_may_be_under_way() -> None:
    begun: list[int] = []
    met = threading.Event()

    def ask(number: int) -> None:
        begun.append(number)
        if len(begun) == 2:
            met.set()

    with Beside[None](context_at(), at_once=2) as beside:
        beside.ask((lambda n=n: ask(n)) for n in range(50))
        assert met.wait(5)
    assert begun == [0, 1], "leaving drops what was not begun"


def test_a_question_that_fails_and_a_wish_to_stop_end_it() -> None:
    def fail() -> int:
        raise SourceUnavailableError("down")

    context = context_at()
    with Beside[int](context, at_once=2) as beside:
        beside.ask([fail, lambda: 1, lambda: 2])
        with pytest.raises(SourceUnavailableError):
            list(beside.rest())
        context.stop.set()
        with pytest.raises(InterruptedRunError):
            list(beside.rest())
