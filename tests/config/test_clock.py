"""The clock that everything else is given ``now`` from."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from config.clock import Clock, ClockOptions, system_time

TIMES = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))


def test_without_options_it_tells_the_system_time():
    before = system_time()
    told = Clock().now()
    assert before <= told <= system_time()
    assert told.utcoffset() == timedelta(0)
    assert not Clock().is_set


@given(shows=TIMES, since=TIMES, passed=st.timedeltas(timedelta(0), timedelta(days=900)))
def test_a_set_clock_runs_on_from_the_time_it_shows(shows, since, passed):
    clock = Clock(ClockOptions(shows=shows, since=since), system=lambda: since + passed)
    assert clock.is_set
    assert clock.now() == shows + passed
    assert clock.now().tzinfo is UTC


def test_times_with_another_offset_are_told_in_utc():
    options = ClockOptions.model_validate({"shows": "2026-03-02T08:00:00+02:00", "since": "2026-11-20T22:00:00Z"})
    clock = Clock(options, system=lambda: datetime(2026, 11, 20, 23, tzinfo=UTC))
    assert clock.now() == datetime(2026, 3, 2, 7, tzinfo=UTC)


def test_a_time_without_an_offset_is_refused():
    with pytest.raises(ValidationError):
        ClockOptions.model_validate({"shows": "2026-03-02T08:00:00", "since": "2026-11-20T22:00:00Z"})
