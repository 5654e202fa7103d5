"""Draws that are added up side by side give what draws give that are added up one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile import resampling
from reconcile.resampling import weeks_until
from tests.examples import examples

counts = st.lists(st.integers(0, 40), min_size=1, max_size=12).filter(any)


def one_by_one(remaining: int, weeks: list[int], percents: tuple[int, ...], longest: int) -> list[int]:
    """The definition: add each draw up, sort how long they took, and look at the places of the percentiles."""
    drawn = resampling._drawn(1, 100, len(weeks), longest)
    taken = []
    for draw in drawn:
        done, took = 0, longest
        for number, week in enumerate(draw, 1):
            done += weeks[week]
            if done >= remaining:
                took = number
                break
        taken.append(took)
    return [sorted(taken)[-(-len(taken) * percent // 100) - 1] for percent in percents]


@settings(max_examples=examples(80), deadline=None)
@given(st.integers(1, 2_000), counts, st.integers(1, 60))
def test_the_weeks_until_so_many_draws_have_ended_are_those_of_the_definition(remaining, weeks, longest):
    found = weeks_until(remaining, weeks, (50, 85), seed=1, resamples=100, longest=longest)
    assert found == one_by_one(remaining, weeks, (50, 85), longest)


def test_what_never_ends_takes_the_longest_and_what_is_huge_does_not_run_over():
    assert weeks_until(10**12, [1, 0, 3], (50, 85), seed=1, resamples=100, longest=20) == [20, 20]
    assert weeks_until(3 * 10**9, [10**9], (50, 85), seed=1, resamples=100, longest=20) == [3, 3]


def test_more_draws_than_can_be_held_side_by_side_are_added_up_one_by_one(monkeypatch):
    before = weeks_until(77, [3, 0, 9, 4], (50, 85), seed=1, resamples=100, longest=60)
    monkeypatch.setattr(resampling, "_MOST_BYTES", 0)
    assert weeks_until(77, [3, 0, 9, 4], (50, 85), seed=1, resamples=100, longest=60) == before
