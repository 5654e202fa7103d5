"""A digest is due once per local day, whatever the clocks do."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.options import DigestOptions
from pipeline.slots import SlotBook, latest_slot
from state.store import Store
from tests.examples import examples

BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY = range(7)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_slot_is_due_from_its_minute_on():
    before = latest_slot(time(7), EVERY_DAY, BERLIN, at("2026-09-15T06:59:59+02:00"))
    after = latest_slot(time(7), EVERY_DAY, BERLIN, at("2026-09-15T07:00:00+02:00"))
    assert (before.day, after.day) == (date(2026, 9, 14), date(2026, 9, 15))


def test_the_weekend_has_no_slot_of_its_own_when_only_working_days_are_asked_for():
    sunday = latest_slot(time(7), range(5), BERLIN, at("2026-09-20T12:00:00+02:00"))
    assert sunday.day == date(2026, 9, 18)


def test_no_slot_is_due_when_no_weekday_is_named():
    assert latest_slot(time(7), (), BERLIN, at("2026-09-20T12:00:00+02:00")) is None


@pytest.mark.parametrize("night", ["2026-10-25", "2027-03-28"])
def test_a_half_past_two_digest_is_due_once_on_both_nights_of_the_clock_change(night: str):
    """C14, P2, M12: 02:30 comes twice in autumn and not at all in spring."""
    start = at(f"{night}T00:00:00+01:00") - timedelta(hours=2)
    slots = [
        latest_slot(time(2, 30), EVERY_DAY, BERLIN, start + timedelta(minutes=minutes)).name
        for minutes in range(8 * 60)
    ]
    changes = [later for earlier, later in pairwise(slots) if later != earlier]
    assert changes == [night]


def test_two_weeks_offline_fold_into_one_slot():
    """C15: the latest slot only, not fourteen."""
    back = latest_slot(time(7), EVERY_DAY, BERLIN, at("2026-09-29T09:00:00+02:00"))
    assert back.name == "2026-09-29"


@settings(max_examples=examples(150), deadline=None)
@given(
    zone=st.sampled_from(sorted(available_timezones())),
    half_hour=st.integers(0, 47),
    first=st.dates(date(2026, 1, 1), date(2027, 12, 1)),
)
def test_in_every_zone_each_local_day_has_exactly_one_slot(zone: str, half_hour: int, first: date):
    """C14: walking through thirty days by quarters of an hour, each day's slot comes up once and in order."""
    place, clock = ZoneInfo(zone), time(half_hour // 2, half_hour % 2 * 30)
    begin = datetime.combine(first, time(12), tzinfo=place).astimezone(UTC)
    seen: list[date] = []
    for quarter in range(30 * 96):
        slot = latest_slot(clock, EVERY_DAY, place, begin + timedelta(minutes=15 * quarter))
        assert slot is not None
        if not seen or seen[-1] != slot.day:
            seen.append(slot.day)
    assert seen == [seen[0] + timedelta(days=offset) for offset in range(len(seen))]
    assert len(seen) >= 29


class TestTheBook:
    """Which slots were served outlives the process (M12, C13, C15)."""

    MONDAY = at("2026-09-14T08:30:00+02:00")

    @pytest.fixture
    def book(self, store: Store) -> Callable[[], SlotBook]:
        """A book as each start of the program opens it."""
        leaders = DigestOptions(recipients=("ann@acme.example",), at="07:00")
        return lambda: SlotBook(store, {"leaders": leaders}, BERLIN)

    def test_what_was_due_before_the_first_start_is_not_made_up_for(self, book: Callable[[], SlotBook]):
        book().begin(self.MONDAY)
        assert book().due("leaders", self.MONDAY) is None
        assert book().due("leaders", at("2026-09-15T06:59:59+02:00")) is None

    def test_a_slot_is_due_until_it_was_served_and_then_never_again(self, book: Callable[[], SlotBook]):
        book().begin(self.MONDAY)
        tuesday = at("2026-09-15T07:00:00+02:00")
        slot = book().due("leaders", tuesday)
        assert slot is not None
        assert slot.name == "2026-09-15"
        assert book().due("leaders", tuesday) == slot
        book().serve("leaders", slot)
        assert book().due("leaders", tuesday) is None
        assert book().due("leaders", tuesday + timedelta(hours=20)) is None

    def test_slots_that_were_missed_while_nothing_ran_are_one_slot_on_return(self, book: Callable[[], SlotBook]):
        book().begin(self.MONDAY)
        book().begin(back := at("2026-09-18T10:00:00+02:00"))
        slot = book().due("leaders", back)
        assert slot is not None
        assert slot.name == "2026-09-18"
        book().serve("leaders", slot)
        assert book().due("leaders", back) is None

    def test_a_digest_that_is_configured_later_begins_then(self, book: Callable[[], SlotBook], store: Store):
        book().begin(self.MONDAY)
        leaders = DigestOptions(recipients=("ann@acme.example",), at="07:00")
        both = SlotBook(store, {"leaders": leaders, "sales": leaders}, BERLIN)
        tuesday = at("2026-09-15T09:00:00+02:00")
        both.begin(tuesday)
        assert both.due("sales", tuesday) is None
        assert both.due("leaders", tuesday) is not None

    def test_a_clock_that_was_set_back_doubles_nothing(self, book: Callable[[], SlotBook]):
        book().begin(self.MONDAY)
        tuesday = at("2026-09-15T07:00:05+02:00")
        slot = book().due("leaders", tuesday)
        assert slot is not None
        book().serve("leaders", slot)
        assert book().due("leaders", tuesday - timedelta(hours=2)) is None
        assert book().due("leaders", tuesday) is None

    def test_a_clock_that_ran_ahead_loses_no_later_day(self, book: Callable[[], SlotBook]):
        """It served Friday on Tuesday; Wednesday's digest is due all the same."""
        book().begin(self.MONDAY)
        ahead = book().due("leaders", at("2026-09-18T07:00:00+02:00"))
        assert ahead is not None
        book().serve("leaders", ahead)
        assert book().due("leaders", at("2026-09-15T09:00:00+02:00")) is None
        assert book().due("leaders", at("2026-09-15T23:00:00+02:00")) is None
        wednesday = book().due("leaders", at("2026-09-16T07:00:00+02:00"))
        assert wednesday is not None
        assert wednesday.name == "2026-09-16"
