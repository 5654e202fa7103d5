"""A digest is due once per local day, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.slots import latest_slot

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
        for minutes in range(0, 8 * 60)
    ]
    changes = [later for earlier, later in zip(slots, slots[1:], strict=False) if later != earlier]
    assert changes == [night]


def test_two_weeks_offline_fold_into_one_slot():
    """C15: the latest slot only, not fourteen."""
    back = latest_slot(time(7), EVERY_DAY, BERLIN, at("2026-09-29T09:00:00+02:00"))
    assert back.name == "2026-09-29"


@settings(max_examples=150, deadline=None)
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
