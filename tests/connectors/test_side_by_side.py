import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.http.side_by_side import side_by_side
from model.errors import InterruptedRunError, SourceUnavailableError
from tests.connectors.contract import context_at
from tests.examples import examples

Walk = list[int]


@settings(max_examples=examples(50), deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=6), max_size=9), st.integers(min_value=1, max_value=5))
def test_every_page_of_every_walk_comes_once_and_in_its_own_order(lengths: list[int], at_once: int) -> None:
    walks = [iter([(walk, page) for page in range(length)]) for walk, length in enumerate(lengths)]
    seen = list(side_by_side(walks, context_at(), at_once=at_once))
    assert sorted(seen) == [(walk, page) for walk, length in enumerate(lengths) for page in range(length)]
    for walk in range(len(lengths)):
        assert [page for one, page in seen if one == walk] == sorted(page for one, page in seen if one == walk)


class Watch:
    """Counts the pages that are under way or wait to be taken."""

    def __init__(self) -> None:
        self.held = self.most = 0
        self.at_a_time: dict[int, int] = {}
        self._guard = threading.Lock()

    def walk(self, number: int, pages: int) -> Iterator[int]:
        for page in range(pages):
            with self._guard:
                self.held += 1
                self.most = max(self.most, self.held)
                self.at_a_time[number] = self.at_a_time.get(number, 0) + 1
                assert self.at_a_time[number] == 1, "a walk is never on two pages"
            with self._guard:
                self.at_a_time[number] -= 1
            yield page

    def taken(self) -> None:
        with self._guard:
            self.held -= 1


def test_no_more_pages_are_held_than_walks_are_under_way() -> None:
    watch = Watch()
    walks = [watch.walk(number, 1 + number % 7) for number in range(30)]
    seen = 0
    for _ in side_by_side(walks, context_at(), at_once=4):
        watch.taken()
        seen += 1
    assert seen == sum(1 + number % 7 for number in range(30))
    # One more may be asked for between the taking of a page here and its counting.
    assert watch.most <= 5


def test_walks_really_go_side_by_side() -> None:
    """Each waits for the other: one after the other they would never end."""
    together = threading.Barrier(3, timeout=10)

    def walk() -> Iterator[int]:
        together.wait()
        yield 1

    assert list(side_by_side([walk(), walk(), walk()], context_at(), at_once=3)) == [1, 1, 1]


def test_a_single_walk_asks_for_no_page_before_it_is_wanted() -> None:
    asked: Walk = []

    def walk() -> Iterator[int]:
        for page in range(3):
            asked.append(page)
            yield page

    pages = side_by_side([walk()], context_at(), at_once=8)
    assert next(pages) == 0
    assert asked == [0]


def test_the_first_walk_that_fails_ends_them_all_with_its_error() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise SourceUnavailableError("down")

    with pytest.raises(SourceUnavailableError, match="down"):
        list(side_by_side([iter(range(1000)), failing()], context_at(), at_once=2))


def test_a_wish_to_stop_is_heard_between_pages() -> None:
    context = context_at()
    pages = side_by_side([iter(range(1000)), iter(range(1000))], context, at_once=2)
    next(pages)
    context.stop.set()
    with pytest.raises(InterruptedRunError):
        list(pages)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=6), max_size=9), st.integers(min_value=1, max_value=5))
def test_a_walk_that_is_a_page_ahead_gives_its_pages_in_its_own_order(lengths: list[int], at_once: int) -> None:
    watch = Watch()
    walks = [watch.walk(number, length) for number, length in enumerate(lengths)]
    seen = 0
    for _ in side_by_side(walks, context_at(), at_once=at_once, ahead=1):
        watch.taken()
        seen += 1
    assert seen == sum(lengths)
    assert watch.most <= 2 * at_once + 1
    numbered = [iter([(walk, page) for page in range(length)]) for walk, length in enumerate(lengths)]
    pages = list(side_by_side(numbered, context_at(), at_once=at_once, ahead=1))
    for walk, length in enumerate(lengths):
        assert [page for one, page in pages if one == walk] == list(range(length))


def test_a_walk_ahead_asks_for_its_next_page_before_the_last_was_taken() -> None:
    asked = threading.Semaphore(0)

    def walk() -> Iterator[int]:
        for page in range(3):
            asked.release()
            yield page

    pages = side_by_side([walk()], context_at(), at_once=8, ahead=1)
    assert next(pages) == 0
    assert asked.acquire(timeout=10)
    assert asked.acquire(timeout=10), "while the first page is looked at, the second was asked for"
    assert list(pages) == [1, 2]


def test_a_walk_ahead_that_fails_ends_the_others_and_leaves_no_thread_waiting() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise SourceUnavailableError("down")

    with pytest.raises(SourceUnavailableError):
        list(side_by_side([broken(), iter(range(100))], context_at(), at_once=2, ahead=1))
