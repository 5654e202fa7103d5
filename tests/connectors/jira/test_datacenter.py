"""The Jira connector against a stand-in of Jira Data Center over real HTTP."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import ReadContext
from connectors.jira import JiraConnector
from connectors.jira.datacenter import local_minute
from model.errors import SourceAuthError, SourceContentError, SourceGoneError, SourceUnavailableError
from model.reading import Container, Cursor
from model.records import Move, Sprint
from sandbox.http import Fault, Response
from sandbox.jira import JiraServer, JiraSite
from tests.connectors.contract import NOW, ConnectorContract, World, context_at, full_read, ids_of, records_of
from tests.connectors.jira.world import BEFORE, FLOAT, JiraWorld, build_site, items, options_for, revoke_after


@pytest.fixture
def site() -> JiraSite:
    return build_site()


@pytest.fixture
def server(site: JiraSite) -> Iterator[JiraServer]:
    """Under a context path, as many companies run it (J39)."""
    with JiraServer(site, page_size=3, deployment="Server", prefix="/jira") as server:
        yield server


@pytest.fixture
def connect(server: JiraServer, request: pytest.FixtureRequest) -> Any:
    """Make connectors with other options; they are closed when the test ends."""

    def make(context: ReadContext | None = None, **given: Any) -> JiraConnector:
        connector = JiraConnector("jira", options_for(server, **given), context or context_at())
        request.addfinalizer(connector.close)
        return connector

    return make


class TestContract(ConnectorContract):
    @pytest.fixture
    def world(self, server: JiraServer) -> World:
        return JiraWorld(server)


def searches(server: JiraServer) -> list[dict[str, Any]]:
    """Collects what is searched for from now on."""
    asked: list[dict[str, Any]] = []
    original = server.answer

    def listening(method: str, target: str, headers: Any, body: bytes) -> Any:
        if target.endswith("/search"):
            asked.append(json.loads(body))
        return original(method, target, headers, body)

    server.answer = listening  # type: ignore[method-assign]
    return asked


def after_each_search(server: JiraServer, happen: Any) -> None:
    """Let something happen on the site after every page."""
    original = server.answer

    def disturbed(method: str, target: str, headers: Any, body: bytes) -> Any:
        answer = original(method, target, headers, body)
        if target.endswith("/search"):
            happen()
        return answer

    server.answer = disturbed  # type: ignore[method-assign]


def test_only_what_a_data_center_has_is_asked_for(server: JiraServer, site: JiraSite, connect: Any) -> None:
    """J14, J39: REST v2 below the context path, and nothing of Cloud's."""
    connector = connect(user="driftline")
    full_read(connector)
    list(connector.census(Container("ERP", "One ERP")))
    list(connector.fetch([site.find("ERP-2").id]))
    connector.probe()
    assert all(line.split()[1].startswith(("/jira/rest/api/2/", "/jira/rest/agile/1.0/")) for line in server.requests)
    assert not any(re.search("bulkfetch|search/jql|project/search|approximate", line) for line in server.requests)


def test_an_issue_is_told_as_on_cloud(site: JiraSite, connect: Any, server: JiraServer) -> None:
    """J25, J26: the sprint from a text, the epic and what is above it from fields known by their type."""
    site.add_field("customfield_10050", "Cost of delay", "number", FLOAT)
    site.add_issue("OPS-20", type="Initiative", summary="One company", created=BEFORE)
    site.find("ERP-1").parent = site.find("OPS-20").id
    site.sprints[site._sprint("ERP", "ERP 7").id].name = "[ERP], seven = 7]"
    site.add_issue(
        "ERP-20",
        summary="Migrate",
        assignee="ada.berg@meridian.example",
        due=date(2026, 10, 30),
        parent="ERP-1",
        sprint="[ERP], seven = 7]",
        custom={"Cost of delay": 12.5},
        created=BEFORE,
    )
    site.add_issue("ERP-21", type="Sub-task", summary="Export", parent="ERP-20", created=BEFORE)
    site.block("OPS-1", "ERP-20")
    read = items(connect(fields={"cost": "Cost of delay"}))
    item = read["ERP-20"]
    assert item.parent == site.find("ERP-1").id
    assert item.sprint == f"sprint:{site.find('ERP-20').sprint}"
    assert read["ERP-1"].parent == site.find("OPS-20").id
    assert read["ERP-21"].parent == site.find("ERP-20").id
    assert (item.owner, item.due) == ("ada.berg@meridian.example", date(2026, 10, 30))
    assert [need.wanted for need in item.needs] == ["OPS-1"]
    assert item.custom["cost"] == 12.5
    assert item.url == f"{server.address}/browse/ERP-20"


def test_an_epic_that_was_not_read_before_its_issue_is_asked_for_once(
    site: JiraSite, server: JiraServer, connect: Any
) -> None:
    """J26: an incremental read sees the issue alone, and needs the id of the epic all the same."""
    for key in ("ERP-2", "ERP-3"):
        site.move_due(key, date(2026, 11, 3), by="ada@meridian.example")
    seen = records_of(connect(page_size=1).changed(Cursor(NOW.isoformat())))
    assert {(record.key, record.parent) for record in seen} == {
        ("ERP-2", site.find("ERP-1").id),
        ("ERP-3", site.find("ERP-1").id),
    }
    assert sum("/issue/ERP-1" in line for line in server.requests) == 1


def test_an_epic_that_we_may_not_see_leaves_the_parent_unknown(
    site: JiraSite, server: JiraServer, connect: Any
) -> None:
    """J26."""
    site.move_due("ERP-2", date(2026, 11, 3), by="ada@meridian.example")
    server.add_fault(Fault("/issue/ERP-1", Response({"errorMessages": ["Issue Does Not Exist"]}, 404)))
    assert [record.parent for record in records_of(connect().changed(Cursor(NOW.isoformat())))] == [None]


def test_moved_dates_and_former_keys_come_with_the_issues(site: JiraSite, server: JiraServer, connect: Any) -> None:
    """J10, J21: from the changelog inside each issue, without a request more."""
    site.move_due("ERP-2", date(2026, 11, 3), by="ada@meridian.example")
    site.move_to_project("ERP-5", "OPS-50")
    read = items(connect())
    at = NOW + timedelta(minutes=1)
    assert read["ERP-2"].moves == (Move("due", date(2026, 10, 20), date(2026, 11, 3), at, "ada@meridian.example"),)
    assert (read["OPS-50"].native_id, read["OPS-50"].former_keys) == (site.find("OPS-50").id, ("ERP-5",))
    assert not any("/issue/" in line for line in server.requests)


def test_a_changelog_that_was_cut_in_the_list_is_asked_for_by_itself(
    site: JiraSite, server: JiraServer, connect: Any
) -> None:
    """J10."""
    for number in (3, 4, 5):
        site.move_due("ERP-2", date(2026, 11, number), by="ada@meridian.example")
    original = server.answer

    def cutting(method: str, target: str, headers: Any, body: bytes) -> Any:
        response, fault = original(method, target, headers, body)
        for issue in response.body.get("issues", ()) if target.endswith("/search") else ():
            issue["changelog"]["histories"] = issue["changelog"]["histories"][-1:]
        return response, fault

    server.answer = cutting  # type: ignore[method-assign]
    assert [move.new for move in items(connect())["ERP-2"].moves] == [date(2026, 11, n) for n in (3, 4, 5)]
    assert sum("/issue/" in line for line in server.requests) == 1


def test_pages_are_asked_for_by_position_in_an_order_that_changes_do_not_move(server: JiraServer, connect: Any) -> None:
    """J13: every page begins with the last row of the one before."""
    asked = searches(server)
    list(connect(projects=("ERP",)).changed(None))
    assert sorted(one["startAt"] for one in asked) == [0, 2, 4]
    assert {one["jql"] for one in asked} == {'project in ("ERP") ORDER BY created ASC, key ASC'}
    assert all(one["expand"] == ["changelog"] and "summary" in one["fields"] for one in asked)


@pytest.mark.parametrize("gone", [1, 2, 3, 4, 5])
def test_an_issue_that_is_deleted_while_we_read_makes_no_other_slip_past_us(
    site: JiraSite, server: JiraServer, connect: Any, gone: int
) -> None:
    """J13: the rows after it move one place up, over the border between two pages."""
    doomed = [f"ERP-{number}" for number in range(1, gone + 1)]

    def delete_all() -> None:
        while doomed:
            site.delete(doomed.pop())

    after_each_search(server, delete_all)
    read = ids_of(records_of(connect().changed(None)))
    assert set(site.issues) <= read
    assert len(site.issues) == 8 - gone


def test_an_issue_that_enters_the_list_while_we_read_is_read_once(
    site: JiraSite, server: JiraServer, connect: Any
) -> None:
    """J13: rows come twice, records do not; and what entered before our position is read as well."""
    new = iter(range(30, 35))

    def enter() -> None:
        number = next(new, None)
        if number:
            site.add_issue(f"ERP-{number}", summary="Moved here", created=BEFORE - timedelta(days=1))

    after_each_search(server, enter)
    read = [record.native_id for record in records_of(connect().changed(None))]
    assert set(read) == set(site.issues)
    assert len(read) == len(set(read))


def test_the_census_does_not_miss_what_others_deletions_move(site: JiraSite, server: JiraServer, connect: Any) -> None:
    """J13: an id that it leaves out would be taken as deleted."""
    for number in range(30, 60):
        site.add_issue(f"ERP-{number}", summary="x", created=BEFORE)
    doomed = ["ERP-1", "ERP-2", "ERP-3", "ERP-30", "ERP-31", "ERP-32"]

    def delete_two() -> None:
        for key in (doomed.pop(), doomed.pop()) if doomed else ():
            site.delete(key)

    after_each_search(server, delete_two)
    counted = list(connect().census(Container("ERP", "One ERP")))
    assert {one.id for one in site.issues.values() if one.project == "ERP"} <= set(counted)
    assert len(counted) == len(set(counted))


def test_a_list_that_never_comes_to_rest_is_an_error(site: JiraSite, server: JiraServer, connect: Any) -> None:
    """J13: it ends, and not as if it were complete."""
    number = 100

    def enter() -> None:
        nonlocal number
        number += 1
        site.add_issue(f"ERP-{number}", summary="x", created=BEFORE - timedelta(days=number))

    after_each_search(server, enter)
    with pytest.raises(SourceUnavailableError, match="changes faster than it can be read"):
        list(connect().census(Container("ERP", "One ERP")))


def test_an_index_that_counts_an_issue_twice_is_read_all_the_same(server: JiraServer, connect: Any) -> None:
    """J13: nodes of a cluster disagree; a whole walk more finds nothing, and the read ends."""
    original = server.answer

    def doubling(method: str, target: str, headers: Any, body: bytes) -> Any:
        response, fault = original(method, target, headers, body)
        if target.endswith("/search") and response.body["startAt"] + len(response.body["issues"]) >= 6:
            response.body["issues"].append(response.body["issues"][-1])
            response.body["total"] += 1
        return response, fault

    server.answer = doubling  # type: ignore[method-assign]
    assert len(ids_of(records_of(connect(projects=("ERP",)).changed(None)))) == 6


@pytest.mark.parametrize(
    "answer",
    [
        {"startAt": 0, "issues": [{"id": "1", "key": "ERP-1"}], "total": 50},
        {"startAt": 2, "issues": [], "total": 50},
        {"startAt": 2, "issues": [{"id": "1"}]},
        {"startAt": 2, "issues": [{"key": "ERP-1"}], "total": 5},
        {"startAt": 2, "total": 5},
        [],
    ],
)
def test_a_page_that_cannot_be_the_one_that_was_asked_for_is_an_error(
    server: JiraServer, connect: Any, answer: Any
) -> None:
    """J5: a cache that answers the first page for ever, a list that ends before its length, rows without ids."""
    server.add_fault(Fault("POST /jira/rest/api/2/search", Response(answer), after=1, times=None))
    with pytest.raises(SourceContentError):
        list(connect().changed(None))


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


def test_fetching_follows_an_issue_into_another_project(site: JiraSite, connect: Any) -> None:
    """J21, J22: moved is not deleted."""
    native_id = site.find("ERP-5").id
    site.add_project("LAB", "Laboratory")
    site.move_to_project("ERP-5", "LAB-1")
    assert [(one.key, one.former_keys) for one in connect().fetch([native_id, "999999999"])] == [("LAB-1", ("ERP-5",))]


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (Response({"message": "forbidden by the proxy"}, 403), SourceAuthError),
        (Response({"message": "no route"}, 404), SourceGoneError),
        (Response(b"not here", 404, content_type="text/plain"), SourceGoneError),
    ],
)
def test_an_issue_that_is_kept_from_us_or_from_the_proxy_is_not_taken_as_deleted(
    site: JiraSite, server: JiraServer, connect: Any, refusal: Response, error: type[Exception]
) -> None:
    """J22: only Jira's own word counts."""
    server.add_fault(Fault("/issue/", refusal))
    with pytest.raises(error):
        list(connect().fetch([site.find("ERP-5").id]))


@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({"X-AUSERNAME": "anonymous"}, 200, "answers as to a stranger"),
        ({"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}, 200, "answers as to a stranger"),
        (
            {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=https://x/login.jsp"},
            403,
            "solve a CAPTCHA",
        ),
        (
            {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=https://x/login.jsp"},
            401,
            "solve a CAPTCHA",
        ),
    ],
)
def test_an_account_that_is_not_let_in_is_an_auth_error_on_any_page(
    server: JiraServer, connect: Any, headers: dict[str, str], status: int, said: str
) -> None:
    """J23, J39: Jira says so in a header, with an empty list where it lets strangers in."""
    empty = {"startAt": 0, "maxResults": 3, "total": 0, "issues": []}
    server.add_fault(Fault("POST /jira/rest/api/2/search", Response(empty, status, headers), after=3))
    with pytest.raises(SourceAuthError, match=said):
        list(connect().changed(None))


def test_an_account_that_becomes_another_one_during_the_read_is_an_auth_error(server: JiraServer, connect: Any) -> None:
    """J23: a proxy with a cache of sign-ins."""
    other = Response({"key": "JIRAUSER7", "name": "other", "timeZone": "UTC"})
    server.add_fault(Fault("/myself", other, after=1))
    with pytest.raises(SourceAuthError, match="took us for JIRAUSER0001 first and for JIRAUSER7 later"):
        list(connect().changed(None))


@pytest.mark.parametrize("after", range(12))
def test_a_token_that_is_revoked_during_the_read_is_an_auth_error(
    site: JiraSite, server: JiraServer, connect: Any, after: int
) -> None:
    """S5, J23."""
    revoke_after(server, site, after)
    with pytest.raises(SourceAuthError):
        full_read(connect())


def test_sprints_are_read_in_full_on_every_run(connect: Any) -> None:
    """J19, J25."""
    sprints = [record for record in records_of(connect().side_tables()) if isinstance(record, Sprint)]
    assert [(one.key, one.state) for one in sprints] == [("ERP 7", "active"), ("ERP 8", "future")]


def test_the_probe_counts_exactly(connect: Any) -> None:
    probe = connect().probe()
    assert (probe.counts, probe.problems) == ([("ERP", 6), ("OPS", 2)], ())
    assert probe.identity == "driftline@meridian.example"


def test_fetching_gives_records_equal_to_those_of_the_read(site: JiraSite, connect: Any) -> None:
    wanted = site.find("ERP-2").id
    assert list(connect().fetch([wanted])) == [items(connect())["ERP-2"]]
    assert ids_of(connect().fetch([wanted])) == {wanted}
