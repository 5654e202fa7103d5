"""The Jira connector against a stand-in of Jira Data Center over real HTTP."""

import re
from datetime import date, timedelta
from typing import Any

import pytest

from model.errors import SourceAuthError, SourceGoneError
from model.reading import Container, Cursor
from model.records import Move, Sprint
from sandbox.http import Fault, Response
from sandbox.jira import JiraServer, JiraSite
from tests.connectors.contract import NOW, ConnectorContract, World, full_read, ids_of, records_of
from tests.connectors.jira.world import BEFORE, FLOAT, JiraWorld, items, revoke_after


class TestContract(ConnectorContract):
    @pytest.fixture
    def world(self, server: JiraServer) -> World:
        return JiraWorld(server)


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


def test_who_took_work_out_of_its_release_is_told_by_names_alone(site: JiraSite, connect: Any) -> None:
    """F1.3: the version is Fix Version here, and an issue remembers each that it left."""
    site.set_versions("ERP-5", ["Go-live"], by="ada@meridian.example")
    site.set_versions("ERP-5", [], by="bo@meridian.example")
    changes = items(connect())["ERP-5"].changes
    release = f"version:{next(each.id for each in site.versions.values() if each.name == 'Go-live')}"
    assert [(each.field, each.old, each.new, each.by) for each in changes][-1] == (
        "releases",
        release,
        None,
        "bo@meridian.example",
    )


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
