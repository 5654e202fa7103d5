"""Windows in which a source is left alone: by the clock on the wall, over midnight and over its jumps (C14)."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors.timetable.blackout import BlackoutOptions, covers_the_week, end_of_blackout
from tests.connectors.timetable.nights import MINUTE, Night, nights

BERLIN = ZoneInfo("Europe/Berlin")
STEP = 29
"""Minutes between two looks."""
UTC_ZONE = ZoneInfo("UTC")


def window(begin: str, end: str, *days: str) -> BlackoutOptions:
    return BlackoutOptions.model_validate({"from": begin, "until": end} | ({"days": days} if days else {}))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NIGHT = window("22:00", "06:00", "fri")


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2026-11-20T20:59:59", None),
        ("2026-11-20T21:00", "2026-11-21T05:00"),
        ("2026-11-21T04:59:59", "2026-11-21T05:00"),
        ("2026-11-21T05:00", None),
        ("2026-11-21T21:30", None),
    ],
)
def test_a_window_goes_on_over_midnight_and_begins_on_its_days_alone(moment: str, end: str | None):
    """20 November 2026 is a Friday."""
    assert end_of_blackout([NIGHT], utc(moment), BERLIN) == (utc(end) if end else None)


def test_windows_one_right_behind_the_other_are_one():
    weekend = [window("18:00", "00:00", "fri"), window("00:00", "00:00", "sat", "sun"), window("00:00", "06:00", "mon")]
    assert end_of_blackout(weekend, utc("2026-11-20T20:00"), UTC_ZONE) == utc("2026-11-23T06:00")


def test_in_every_zone_a_window_lasts_from_the_first_coming_of_its_begin_to_the_last_of_its_end():
    for night in nights():
        for begin, end in (("01:30", "02:30"), ("23:15", "02:00"), ("02:10", "00:10")):
            each = window(begin, end)
            told = {moment for moment in looks(night) if end_of_blackout([each], moment, night.zone)}
            assert told == _inside(night, each), (str(night), begin, end)


def looks(night: Night) -> list[datetime]:
    return [moment for moment, _, _ in night.minutes[::STEP]]


def _inside(night: Night, each: BlackoutOptions) -> set[datetime]:
    """Every look from the one in which the wall has first shown the begin or jumped over it, to the last in which it
    shows the end, which does not belong to the window, or less."""
    found: set[datetime] = set()
    first = datetime.combine(night.minutes[0][1], time())
    for number in range(-1, 5):
        span = each.on_the_wall(first + number * timedelta(days=1))
        assert span is not None
        begun = next((moment for moment, wall, _ in night.minutes if wall >= span[0]), night.end + MINUTE)
        still = next(((moment, wall) for moment, wall, _ in reversed(night.minutes) if wall <= span[1]), None)
        if still is not None:
            last = still[0] if still[1] == span[1] else still[0] + MINUTE
            found.update(moment for moment in looks(night) if begun <= moment < last)
    return found


def test_a_week_without_a_gap_is_told():
    assert covers_the_week([window("06:00", "22:00"), window("22:00", "06:00")])
    assert covers_the_week([window("00:00", "00:00")])
    assert not covers_the_week([window("06:00", "22:00"), window("22:00", "05:59")])
    assert not covers_the_week([window("00:00", "00:00", "mon", "tue", "wed", "thu", "fri", "sat")])
    assert not covers_the_week([])


def test_what_never_ends_is_not_looked_at_for_ever():
    begin = utc("2026-11-20T20:00")
    end = end_of_blackout([window("00:00", "00:00")], begin, UTC_ZONE)
    assert end is not None
    assert end - begin > timedelta(days=900)
