"""A list by position that changes while it is read: nothing that was there all the time is left out."""

from collections.abc import Callable, Generator, Iterable
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.jira.positions import AskAll, PositionWalk, Rows
from model.errors import SourceContentError, SourceUnavailableError
from tests.examples import examples

Schedule = list[tuple[int, int]]
"""What happens after each question: which place in the list, and what: below 0 a row goes, else one enters there."""


class ShiftingList:
    """A list whose rows come and go after each question, in an order that is theirs for ever."""

    def __init__(self, length: int, schedule: Schedule) -> None:
        self.rows = [number * 1000 for number in range(1, length + 1)]
        self.always = set(self.rows)
        self.questions: list[tuple[int, int]] = []
        self._schedule = iter(schedule)

    def ask(self, start: int, size: int) -> Rows:
        self.questions.append((start, size))
        page = self.rows[start : start + size]
        answer = Rows(start, len(self.rows), len(page), {row: {"id": str(row)} for row in page})
        for place, what in islice(self._schedule, 1):
            self._happen(place, what)
        return answer

    def _happen(self, place: int, what: int) -> None:
        if not self.rows:
            return
        at = place % len(self.rows)
        if what < 0:
            self.always.discard(self.rows.pop(at))
            return
        before = self.rows[at - 1] if at else 0
        between = (before + self.rows[at]) // 2
        if before < between < self.rows[at]:
            self.rows.insert(at, between)


def in_an_order(order: list[int], at_once: int) -> AskAll:
    """Asks a few questions together, whose answers are made in any order, and yields them in theirs."""
    choices = iter(order)

    def ask_all(questions: Iterable[Callable[[], Rows]]) -> Generator[Rows, None, None]:
        rest = iter(questions)
        while window := list(islice(rest, at_once)):
            answers: dict[int, Rows] = {}
            waiting = list(range(len(window)))
            while waiting:
                number = waiting.pop(next(choices, 0) % len(waiting))
                answers[number] = window[number]()
            yield from (answers[number] for number in range(len(window)))

    return ask_all


def walked(shifting: ShiftingList, size: int, order: list[int], at_once: int) -> list[int]:
    walk = PositionWalk(shifting.ask, size, SourceContentError, lambda: SourceUnavailableError("restless"))
    rows = walk.begin()
    for page in walk.rest(in_an_order(order, at_once)):
        rows += page
    read = [int(row["id"]) for row in rows]
    assert read == list(walk.ids)
    return read


SCHEDULES: Any = st.lists(st.tuples(st.integers(0, 60), st.sampled_from([-1, -1, 1])), max_size=25)


@settings(max_examples=examples(400))
@given(st.integers(0, 40), st.integers(1, 9), SCHEDULES, st.lists(st.integers(0, 7), max_size=40), st.integers(1, 8))
def test_no_row_that_stays_is_left_out_and_none_comes_twice(
    length: int, size: int, schedule: Schedule, order: list[int], at_once: int
) -> None:
    """J13, S7: over random schedules of rows that go and enter, and answers in any order."""
    shifting = ShiftingList(length, schedule)
    try:
        read = walked(shifting, size, order, at_once)
    except (SourceUnavailableError, SourceContentError):
        return  # said, and not taken for the whole list
    assert shifting.always <= set(read)
    assert len(read) == len(set(read))


@given(st.integers(0, 60), st.integers(2, 9), st.lists(st.integers(0, 7), max_size=40), st.integers(1, 8))
def test_a_list_at_rest_is_read_in_order_with_one_row_of_overlap(
    length: int, size: int, order: list[int], at_once: int
) -> None:
    """J13: each page is asked for once."""
    shifting = ShiftingList(length, [])
    assert walked(shifting, size, order, at_once) == shifting.rows
    starts = sorted(start for start, _ in shifting.questions)
    assert starts == [0, *range(size - 1, length - 1, size - 1)] if length > size else starts == [0]


def test_without_the_overlap_rows_would_slip_past() -> None:
    """The control: pages side by side, the list one shorter after the first of them."""
    shifting = ShiftingList(6, [(0, -1)])
    read = [*shifting.ask(0, 3).by_id, *shifting.ask(3, 3).by_id]
    assert not shifting.always <= set(read)
    again = ShiftingList(6, [(0, -1)])
    assert again.always - {1000} <= set(walked(again, 3, [], 1))


def test_a_server_that_answers_shorter_pages_than_asked_for_is_read_with_those() -> None:
    """J8: its administrator set a limit."""
    shifting = ShiftingList(30, [])

    def capped(start: int, size: int) -> Rows:
        return shifting.ask(start, min(size, 4))

    walk = PositionWalk(capped, 10, SourceContentError, lambda: SourceUnavailableError("restless"))
    rows = walk.begin()
    for page in walk.rest(in_an_order([], 4)):
        rows += page
    assert [int(row["id"]) for row in rows] == shifting.rows
    assert len(shifting.questions) == 10


def test_a_page_that_is_empty_before_the_end_is_an_error() -> None:
    """J13, S3."""

    def ask(start: int, size: int) -> Rows:
        return Rows(start, 50, 1 if start == 0 else 0, {1: {"id": "1"}} if start == 0 else {})

    walk = PositionWalk(ask, 10, SourceContentError, lambda: SourceUnavailableError("restless"))
    walk.begin()
    with pytest.raises(SourceContentError, match="ended a list in the middle"):
        list(walk.rest(in_an_order([], 4)))
