"""Requests are counted in parts of a span; each part counts until its last moment is out of the span."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from state.store import Store
from tests.state.worlds import DAY_1

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def total(store: Store, span: timedelta = HOUR, *, after: timedelta = timedelta()) -> int:
    return sum(store.requests("jira", span=span, now=DAY_1 + after).values())


def take(store: Store, number: int, *, most: int = 10, span: timedelta = HOUR, after: timedelta = timedelta()) -> int:
    return store.take_requests("jira", number, most=most, span=span, now=DAY_1 + after)[0]


def test_no_more_are_granted_than_are_left(store: Store) -> None:
    assert [take(store, 4) for _ in range(4)] == [4, 4, 2, 0]
    assert total(store) == 10
    assert store.requests("crm", span=HOUR, now=DAY_1) == {}


def test_a_request_counts_at_least_for_the_whole_span_and_not_much_longer(store: Store) -> None:
    take(store, 10)
    assert total(store, after=HOUR) == 10
    assert total(store, after=HOUR * 1.05) == 0
    assert take(store, 3, after=HOUR * 1.05) == 3


def test_what_was_not_sent_is_given_back(store: Store) -> None:
    granted, part = store.take_requests("jira", 5, most=10, span=HOUR, now=DAY_1)
    store.give_back_requests("jira", granted - 1, part)
    assert total(store) == 1


def test_another_span_counts_the_same_requests(store: Store) -> None:
    take(store, 3)
    take(store, 3, after=2 * HOUR)
    assert total(store, DAY, after=2 * HOUR) == 6
    assert total(store, HOUR, after=2 * HOUR) == 3


def test_after_a_day_nothing_is_kept(store: Store) -> None:
    take(store, 3)
    take(store, 3, after=2 * DAY)
    assert total(store, 5 * DAY, after=2 * DAY) == 3


def test_what_was_counted_in_the_future_does_not_count(store: Store) -> None:
    """C13."""
    take(store, 10, after=3 * DAY)
    assert take(store, 10) == 10


def test_what_is_taken_at_the_same_time_is_all_counted(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        granted = sum(pool.map(lambda _: take(store, 3, most=1000), range(12)))
    assert granted == total(store) == 36
