"""Counting working days, against a walk over the days one by one."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.calendars import Calendar

DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
CALENDARS = st.builds(
    Calendar,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.frozensets(st.dates(date(2026, 1, 1), date(2026, 3, 31)), max_size=60),
)
NEAR = st.dates(date(2025, 12, 1), date(2026, 4, 15))
FRIDAY, SATURDAY, MONDAY = date(2026, 9, 25), date(2026, 9, 26), date(2026, 9, 28)


def walked(calendar: Calendar, day: date, working_days: int) -> date:
    """The same, day by day."""
    left = working_days
    while left or (working_days == 0 and not calendar.works_on(day)):
        day += timedelta(1)
        left -= calendar.works_on(day) and left > 0
    return day


@given(CALENDARS, NEAR, st.integers(0, 90))
def test_counting_equals_a_walk_over_the_days(calendar: Calendar, day: date, working_days: int) -> None:
    assert calendar.after(day, working_days) == walked(calendar, day, working_days)


@given(CALENDARS, NEAR)
def test_after_no_working_day_it_is_the_same_day_if_that_is_worked(calendar: Calendar, day: date) -> None:
    assert (calendar.after(day, 0) == day) == calendar.works_on(day)


@given(CALENDARS, DAYS, DAYS, st.integers(0, 400), st.integers(0, 400))
def test_later_days_and_more_days_never_end_earlier(
    calendar: Calendar, one: date, other: date, few: int, more: int
) -> None:
    first, last = sorted((one, other))
    few, more = sorted((few, more))
    assert calendar.after(first, few) <= calendar.after(last, more)
    assert calendar.works_on(calendar.after(first, few))


@given(CALENDARS, NEAR, st.integers(1, 60), st.integers(0, 60))
def test_two_lags_one_after_the_other_are_one(calendar: Calendar, day: date, first: int, second: int) -> None:
    assert calendar.after(calendar.after(day, first), second) == calendar.after(day, first + second)


@given(CALENDARS, NEAR, st.integers(0, 90))
def test_counting_back_finds_the_latest_day_that_is_early_enough(
    calendar: Calendar, day: date, working_days: int
) -> None:
    latest = calendar.before(day, working_days)
    assert walked(calendar, latest, working_days) <= day < walked(calendar, latest + timedelta(1), working_days)


def test_counting_back_over_a_weekend_ends_on_its_last_day() -> None:
    """One working day after Friday, Saturday or Sunday is Monday, so Sunday is early enough for Monday."""
    assert Calendar().before(MONDAY, 1) == date(2026, 9, 27)
    assert Calendar().before(SATURDAY, 0) == FRIDAY
    assert Calendar().before(date(1, 1, 9), 400) == date.min


def test_weekends_and_days_off_are_not_counted() -> None:
    closed = Calendar(off=frozenset({MONDAY}))
    assert Calendar().after(FRIDAY, 1) == Calendar().after(SATURDAY, 1) == MONDAY
    assert closed.after(FRIDAY, 1) == date(2026, 9, 29)
    assert Calendar().after(FRIDAY, 10) == date(2026, 10, 9)


def test_the_last_day_of_all_dates_is_the_end_of_counting() -> None:
    assert Calendar().after(date(9999, 12, 30), 9999) == date.max


@pytest.mark.parametrize("weekdays", [frozenset[int](), frozenset({7})])
def test_a_calendar_without_a_working_day_is_refused(weekdays: frozenset[int]) -> None:
    with pytest.raises(ValueError, match="at least one day"):
        Calendar(weekdays)


def test_days_are_counted_forward_only() -> None:
    with pytest.raises(ValueError, match="forward"):
        Calendar().after(FRIDAY, -1)
