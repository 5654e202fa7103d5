"""Schedules: five fields by the clock on the wall, once a night whatever that clock does (M12, P1-P3, C14)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger

from connectors.timetable.cron import Cron, cron
from model.week import Weekday
from tests.connectors.timetable.nights import ALL_ZONES, SEED, Meant, Night, nights, zones
from tests.proofs.ledger import show, show_control

BERLIN = ZoneInfo("Europe/Berlin")
HALF_HOURS = [(hour, minute) for hour in range(24) for minute in (0, 30)]


def fired(schedule: str, night: Night) -> list[datetime]:
    return list(_walked(cron(schedule), night))


def _walked(schedule: Cron, night: Night) -> Iterator[datetime]:
    moment = night.begin - timedelta(seconds=1)
    while (moment := schedule.after(moment, night.zone)) <= night.end:
        yield moment


def at(hour: int, minute: int) -> Meant:
    return lambda wall: (wall.hour, wall.minute) == (hour, minute)


def test_a_time_of_day_is_due_once_a_day_in_every_zone_and_every_hour_stays_every_hour():
    seen = walked = 0
    for night in nights():
        seen += 1
        for hour, minute in HALF_HOURS if ALL_ZONES else [(0, 0), (1, 30), (2, 30), (3, 0)]:
            due = fired(f"{minute} {hour} * * *", night)
            assert due == night.due(at(hour, minute)), (str(night), hour, minute)
            walked += len(due)
        assert fired("*/20 * * * *", night) == night.due(lambda wall: wall.minute % 20 == 0, every_hour=True), night
        assert fired("15 */2 * * *", night) == night.due(lambda wall: wall.minute == 15 and wall.hour % 2 == 0), night
    assert walked > 6 * seen
    show(
        "C14 P2 M12",
        "A source with a schedule is read once for each time of day that it names, also in the nights in which the"
        " clock skips or repeats an hour",
        reach="every night of a clock change in two years, in every zone of tzdata, and each half-hour of the day",
        seen=f"{walked:,} times were due in {seen:,} nights of {len(zones()):,} zones, none missing and none twice,"
        " as a walk minute by minute tells",
        seed="" if ALL_ZONES else SEED,
    )


def test_the_library_alone_would_double_a_time_that_comes_twice():
    """P2, the negative control: in the zone itself the trigger fires at both half past twos."""
    night = Night(BERLIN, datetime(2026, 10, 25, 1, tzinfo=UTC))
    trigger = CronTrigger(minute="30", hour="2", timezone=BERLIN)
    first = trigger.get_next_fire_time(None, night.jump - timedelta(hours=2))
    second = trigger.get_next_fire_time(first, first)
    assert second.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=1)
    assert [moment.day for moment in fired("30 2 * * *", night)] == [24, 25, 26]
    show_control(
        "C14 P2 M12", removed="the schedule is given to the library in its zone", seen="02:30 came twice in a night"
    )


def test_a_time_that_is_skipped_is_due_when_the_clock_has_jumped_over_it():
    spring = Cron("30 2 * * *").after(datetime(2026, 3, 28, 12, tzinfo=UTC), BERLIN)
    assert spring == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_a_day_that_a_zone_left_out_is_made_up_for_at_once():
    """Samoa had no 30 December 2011: the schedules of that day come together with the first moment of the next."""
    apia = ZoneInfo("Pacific/Apia")
    moment = datetime(2011, 12, 29, 20, tzinfo=UTC)
    assert Cron("0 9 30 12 *").after(moment, apia) == datetime(2011, 12, 30, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "due"),
    [
        ("30 6-18 * * mon-fri", "2026-11-23T05:30"),
        ("0 0 29 2 *", "2028-02-28T23:00"),
        ("0 3 last * *", "2026-11-30T02:00"),
        ("0 3 13 * FRI", "2027-08-13T01:00"),
        ("*/10 * * * *", "2026-11-21T13:10"),
    ],
)
def test_what_cron_knows_is_known(schedule: str, due: str):
    """Where a day of the month and a weekday are given, both must fit."""
    now = datetime(2026, 11, 21, 13, 7, 30, tzinfo=UTC)
    assert cron(schedule).after(now, BERLIN) == datetime.fromisoformat(f"{due}Z")


@pytest.mark.parametrize(
    ("numbers", "named"),
    [
        ("1-5", "mon-fri"),
        ("0", "sun"),
        ("7", "sun"),
        ("6,0", "sat,sun"),
        ("*/2", "tue,thu,sat,sun"),
        ("mon-5", "mon-fri"),
        ("1,3", "mon,wed"),
        ("9", ", ".join(Weekday).replace(", sun", " or sun")),
    ],
)
def test_numbers_of_weekdays_are_refused_and_the_remedy_is_told(numbers: str, named: str):
    """Cron counts from Sunday and the library from Monday: each number would be a day off (P11)."""
    with pytest.raises(ValueError, match=f"write {named}$"):
        cron(f"0 3 * * {numbers}")


@pytest.mark.parametrize(
    "schedule",
    [
        "",
        "@daily",
        "* * * *",
        "0 0 3 * * *",
        "60 * * * *",
        "0 3 0 * *",
        "0 3 30 2 *",
        "0 3 31 4,6,9,11 *",
        "0 3 * * fun",
    ],
)
def test_what_is_no_schedule_or_never_due_is_refused(schedule: str):
    with pytest.raises(ValueError, match="schedule"):
        cron(schedule)
