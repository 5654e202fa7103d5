"""When a source is due next, worked out from its last attempt and the time alone (C13-C15)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.base import SourceOptions
from connectors.timetable.blackout import BlackoutOptions, covers_the_week
from pipeline.timetable import Timetable
from tests.connectors.timetable.nights import ALL_ZONES, zones

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NIGHTLY = {"from": "22:00", "until": "06:00"}


def timetable(name: str = "jira", zone: ZoneInfo = BERLIN, **options: object) -> Timetable:
    return Timetable(name, SourceOptions.model_validate({"kind": "jira", **options}), zone)


moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
clock_times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 10, 30, 59]))
windows = st.fixed_dictionaries(
    {"from": clock_times, "until": clock_times},
    optional={"days": st.lists(st.sampled_from(["mon", "sat", "sun"]), min_size=1)},
).filter(lambda each: each["from"] != each["until"])
rhythms = st.one_of(
    st.builds(lambda number: {"every": f"{number}m"}, st.integers(1, 3000)),
    st.builds(
        lambda *fields: {"cron": " ".join(fields)},
        st.sampled_from(["0", "*/7", "30", "59"]),
        st.sampled_from(["*", "2", "*/5", "0,23"]),
        st.sampled_from(["*", "1", "last"]),
        st.just("*"),
        st.sampled_from(["*", "mon-fri", "sun"]),
    ),
)
timetables = st.builds(
    lambda name, zone, rhythm, jitter, blackout: timetable(
        name, ZoneInfo(zone), **rhythm, jitter=f"{jitter}s", blackout=blackout
    ),
    st.sampled_from(["jira", "crm", "asana", "x"]),
    st.sampled_from(zones()),
    rhythms,
    st.integers(0, 7200),
    st.lists(windows, max_size=2).filter(
        lambda found: not covers_the_week([*map(BlackoutOptions.model_validate, found)])
    ),
)


@settings(max_examples=4000 if ALL_ZONES else 50, deadline=None)
@given(timetables, moments, st.timedeltas(timedelta(seconds=1), timedelta(days=40)))
@example(timetable(every="1h", blackout=[NIGHTLY], jitter="10m"), MONDAY, 14 * DAY)
def test_whatever_was_missed_is_one_reading_that_begins_when_it_may(table: Timetable, last: datetime, pause: timedelta):
    """C15, and no reading ever begins in a blackout, before now or twice."""
    now = last + pause
    due = table.due(last, now)
    assert due.begin >= now
    assert table.blackout_ends(due.begin) is None
    assert due == table.due(last, now), "it is worked out from these alone"
    following = table.due(due.begin, due.begin).begin
    assert following > due.begin


@settings(max_examples=4000 if ALL_ZONES else 50, deadline=None)
@given(timetables, moments)
def test_no_source_begins_later_than_its_jitter_or_its_next_time_allows(table: Timetable, last: datetime):
    due = table.due(last, last)
    if not due.blackout:
        assert due.slot <= due.begin <= due.slot + table.options.jitter
        assert due.begin < table.slot_after(due.slot)


@settings(max_examples=2000 if ALL_ZONES else 30, deadline=None)
@given(
    timetables, moments, st.timedeltas(timedelta(0), timedelta(days=3)), st.timedeltas(timedelta(0), timedelta(days=3))
)
def test_time_goes_forward(table: Timetable, last: datetime, more: timedelta, pause: timedelta):
    """A later attempt is never followed by an earlier reading; a clock that was set back makes nobody wait for it."""
    now = last + more + pause
    assert table.slot_after(last) <= table.slot_after(last + more)
    assert table.due(now + 3 * DAY, now).begin == table.due(now, now).begin


def test_a_source_that_was_never_read_is_read_at_once_but_not_in_a_blackout():
    assert timetable(cron="0 3 * * *").due(None, MONDAY).begin == MONDAY
    kept = timetable(cron="0 3 * * *", blackout=[NIGHTLY]).due(None, MONDAY + 14 * HOUR)
    assert (kept.begin, kept.blackout) == (datetime(2026, 11, 24, 5, tzinfo=UTC), True)


def test_an_interval_keeps_its_distance_and_a_schedule_its_times():
    assert timetable(every="2h").due(MONDAY, MONDAY + HOUR).begin == MONDAY + 2 * HOUR
    assert timetable(every="2h").due(MONDAY, MONDAY + 5 * HOUR).begin == MONDAY + 5 * HOUR
    assert timetable(cron="30 */2 * * *").due(MONDAY, MONDAY).begin == MONDAY + 90 * MINUTE


def test_what_is_due_in_a_blackout_is_read_once_right_after_it():
    """Every quarter of an hour for eight hours is one reading at six."""
    table = timetable(every="15m", blackout=[NIGHTLY])
    late = datetime(2026, 11, 23, 20, 50, tzinfo=UTC)
    end = datetime(2026, 11, 24, 5, tzinfo=UTC)
    for now in (late, late + 2 * HOUR, end - timedelta(seconds=1)):
        assert table.due(late, now).begin == end
    assert table.due(end, end).begin == end + 15 * MINUTE


def test_sources_that_are_due_together_begin_apart_and_each_always_at_its_own_time():
    names = [f"source-{number}" for number in range(40)]
    for options in (
        {"cron": "0 3 * * *"},
        {"every": "1h"},
        {"every": "1h", "blackout": [{"from": "08:00", "until": "12:00"}]},
    ):
        begins = [timetable(name, jitter="20m", **options).due(MONDAY - DAY, MONDAY).begin for name in names]
        assert max(begins) - min(begins) > 15 * MINUTE
        assert len(set(begins)) == len(names)
    again = timetable("source-1", jitter="20m", cron="0 3 * * *")
    nights = {again.due(MONDAY + number * DAY, MONDAY + number * DAY).begin.time() for number in range(5)}
    assert len(nights) == 1


def test_a_source_is_not_late_before_it_could_be_read():
    """Over a weekend of its own a source grows old and nothing was missed."""
    weekend = [
        {"days": ["fri"], "from": "22:00", "until": "00:00"},
        {"days": ["sat", "sun"], "from": "00:00", "until": "00:00"},
    ]
    table = timetable(every="1h", blackout=weekend)
    friday = datetime(2026, 11, 27, 20, 30, tzinfo=UTC)
    assert table.overdue_at(friday, 2) == datetime(2026, 11, 30, 0, tzinfo=UTC)
    assert timetable(every="1h").overdue_at(friday, 2) == friday + 2 * HOUR
    assert timetable(cron="0 3 * * mon").overdue_at(friday, 2) == datetime(2026, 12, 7, 2, tzinfo=UTC)
