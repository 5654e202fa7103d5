"""A digest that falls on a day off of its calendar goes out on the next working day, once."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.options import DigestOptions
from model.calendars import Calendar
from pipeline.slots import SlotBook, latest_slot, next_slot
from state.store import Store

BERLIN = ZoneInfo("Europe/Berlin")
HOLIDAYS = Calendar(off=frozenset({date(2026, 12, 25), date(2027, 1, 1), date(2026, 10, 5)}))
MONDAYS, WEEKDAYS = (0,), range(5)
AT = time(7)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def slots(weekdays: object, first: str, days: int, calendar: Calendar | None) -> list[str]:
    """The names of the slots that come up in a time, looked for every hour."""
    found = [
        latest_slot(AT, weekdays, BERLIN, at(first) + timedelta(hours=hour), calendar) for hour in range(24 * days)
    ]
    names = [slot.name if slot else "" for slot in found]
    return [later for earlier, later in pairwise(names) if later != earlier]


def test_a_weekly_digest_on_a_holiday_goes_out_the_day_after():
    assert slots(MONDAYS, "2026-10-04T00:00:00+02:00", 9, HOLIDAYS) == ["2026-10-06", "2026-10-12"]


def test_without_a_calendar_it_goes_out_on_the_holiday():
    assert slots(MONDAYS, "2026-10-04T00:00:00+02:00", 9, None) == ["2026-10-05", "2026-10-12"]


def test_a_daily_digest_skips_the_holiday_and_does_not_go_out_twice_the_day_after():
    assert slots(WEEKDAYS, "2026-12-24T00:00:00+01:00", 6, HOLIDAYS) == ["2026-12-24", "2026-12-28", "2026-12-29"]


def test_a_holiday_before_a_weekend_moves_a_friday_digest_to_monday():
    assert slots((4,), "2026-12-23T00:00:00+01:00", 11, HOLIDAYS) == ["2026-12-28"]


def test_it_is_due_at_its_own_time_of_the_next_working_day():
    slot = latest_slot(AT, MONDAYS, BERLIN, at("2026-10-06T07:00:00+02:00"), HOLIDAYS)
    assert (slot.day, slot.due_at) == (date(2026, 10, 6), at("2026-10-06T07:00:00+02:00"))
    before = latest_slot(AT, MONDAYS, BERLIN, at("2026-10-06T06:59:59+02:00"), HOLIDAYS)
    assert before.day == date(2026, 9, 28)


@settings(max_examples=40, deadline=None)
@given(
    off=st.frozensets(st.dates(date(2026, 9, 1), date(2026, 9, 30)), max_size=12),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    hours=st.integers(0, 24 * 20),
)
def test_every_slot_lies_on_a_working_day_and_the_next_one_becomes_the_latest(
    off: frozenset[date], weekdays: frozenset[int], hours: int
):
    calendar, now = Calendar(off=off), at("2026-09-08T00:00:00+02:00") + timedelta(hours=hours)
    coming = next_slot(AT, weekdays, BERLIN, now, calendar)
    if coming is not None:
        assert calendar.works_on(coming.day)
        assert latest_slot(AT, weekdays, BERLIN, coming.due_at, calendar) == coming
        assert latest_slot(AT, weekdays, BERLIN, coming.due_at - timedelta(seconds=1), calendar) != coming


@pytest.fixture
def book(store: Store) -> SlotBook:
    options = DigestOptions(recipients=("a@acme.example",), days=("mon",), calendar="plant")
    return SlotBook(store, {"leaders": options}, BERLIN, lambda _today: {"plant": HOLIDAYS})


def test_the_book_serves_a_moved_slot_once_and_knows_when_the_next_one_comes(book: SlotBook):
    book.begin(at("2026-10-01T12:00:00+02:00"))
    assert book.due("leaders", at("2026-10-05T09:00:00+02:00")) is None
    slot = book.due("leaders", at("2026-10-06T09:00:00+02:00"))
    assert slot is not None
    assert slot.name == "2026-10-06"
    book.serve("leaders", slot)
    assert book.due("leaders", at("2026-10-07T09:00:00+02:00")) is None
    coming = book.next("leaders", at("2026-10-06T09:00:00+02:00"))
    assert coming is not None
    assert coming.name == "2026-10-12"
