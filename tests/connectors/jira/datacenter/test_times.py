"""Times as a Data Center is asked for them: as clocks show them to the account."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jira.datacenter import local_minute
from model.reading import Cursor
from sandbox.http import Fault, Response
from sandbox.jira import JiraServer, JiraSite
from tests.connectors.contract import NOW, records_of
from tests.connectors.jira.datacenter.listening import searches


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("UTC", "2026/10/06 05:44"),
        ("Europe/Berlin", "2026/10/06 07:44"),
        ("America/Los_Angeles", "2026/10/05 22:44"),
        ("Somewhere/Else", "2026/10/05 05:44"),
        ("", "2026/10/05 05:44"),
    ],
)
def test_the_question_for_changes_is_asked_in_the_zone_of_the_account(
    site: JiraSite, server: JiraServer, connect: Any, zone: str, written: str
) -> None:
    """J15, J16, J17: cut to the minute, without an upper bound; a day further back where the zone is not known."""
    known = zone in ("UTC", "Europe/Berlin", "America/Los_Angeles")
    if known:
        site.time_zone = zone
    else:
        answer = {"key": "driftline", "name": "driftline", "timeZone": zone}
        server.add_fault(Fault("/myself", Response(answer), times=None))
    asked = searches(server)
    list(connect().changed(Cursor("2026-10-06T05:44:59.123456+00:00")))
    assert (
        min(one["jql"] for one in asked)
        == f'project in ("ERP") AND updated >= "{written}" ORDER BY created ASC, key ASC'
    )
    assert [problem.location for problem in connect().probe().problems] == ([] if known else ["jira"])


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Europe/Berlin", "Pacific/Pago_Pago"])
def test_a_change_is_seen_whatever_the_zone_of_the_account_is(site: JiraSite, connect: Any, zone: str) -> None:
    """J15."""
    site.time_zone = zone
    site.move_due("ERP-3", date(2026, 11, 3), by="ada@meridian.example")
    assert [record.key for record in records_of(connect().changed(Cursor(NOW.isoformat())))] == ["ERP-3"]
    assert records_of(connect().changed(Cursor((NOW + timedelta(minutes=2)).isoformat()))) == []


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns"]


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), st.sampled_from(ZONES))
def test_a_written_time_is_never_later_than_meant_nor_much_earlier(since: datetime, name: str) -> None:
    """J15, J16: on the night on which clocks are turned back the same time is written twice."""
    zone = ZoneInfo(name)
    written = local_minute(since, zone).replace(tzinfo=None)
    readings = [written.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    assert all(reading <= since for reading in readings)
    assert all(since - reading < timedelta(hours=2, minutes=1) for reading in readings)


@pytest.mark.parametrize(("utc", "written"), [("00:30", "01:30"), ("01:30", "02:30"), ("02:30", "03:30")])
def test_the_hour_that_happens_twice_is_written_so_that_nothing_is_left_out(utc: str, written: str) -> None:
    """J15: 02:30 in Berlin on 25 October 2026 is 00:30 or 01:30 in UTC."""
    since = datetime.fromisoformat(f"2026-10-25T{utc}:00+00:00")
    assert f"{local_minute(since, ZoneInfo('Europe/Berlin')):%H:%M}" == written


def test_no_zone_on_earth_is_further_away_than_the_day_that_is_taken() -> None:
    """J15."""
    since = datetime(2026, 10, 6, 5, 44, 59, tzinfo=UTC)
    written = local_minute(since, None).replace(tzinfo=None)
    for name in ("Pacific/Kiritimati", "Etc/GMT+12", "Pacific/Pago_Pago"):
        assert written.replace(tzinfo=ZoneInfo(name)) <= since
