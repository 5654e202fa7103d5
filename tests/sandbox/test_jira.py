"""The stand-in Jira, asked by the vendor's own client as anybody would ask a real site."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests
from jira import JIRA
from jira.exceptions import JIRAError

from sandbox.jira import JiraServer, JiraSite

START = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
TUESDAY = datetime(2026, 9, 15, 7, 10, tzinfo=UTC)


@pytest.fixture
def site() -> JiraSite:
    site = JiraSite(now=lambda: TUESDAY)
    site.add_project("ERP", "One ERP")
    site.add_project("OPS", "Operations")
    site.add_version("ERP", "Go-live", release_date=date(2026, 11, 2))
    site.add_sprint("ERP", "ERP 7", start=date(2026, 9, 7), end=date(2026, 9, 18), state="active")
    for number in range(1, 6):
        site.add_issue(
            f"ERP-{number}",
            summary=f"Step {number}",
            created=START + timedelta(hours=number),
            due=date(2026, 10, 20),
            versions=["Go-live"],
            sprint="ERP 7",
        )
    return site


@pytest.fixture
def server(site: JiraSite) -> Iterator[JiraServer]:
    server = JiraServer(site, page_size=2)
    with server:
        yield server


@pytest.fixture
def client(server: JiraServer) -> Iterator[JIRA]:
    with_version: dict[str, Any] = {"rest_api_version": "3"}
    client = JIRA(server.url, options=with_version, basic_auth=(server.site.email, server.site.token), max_retries=0)
    yield client
    client.close()


def test_the_vendors_client_walks_all_pages(client: JIRA, server: JiraServer) -> None:
    found = client.enhanced_search_issues('project in ("ERP") ORDER BY created ASC', maxResults=0)
    assert [one.key for one in found] == ["ERP-1", "ERP-2", "ERP-3", "ERP-4", "ERP-5"]
    assert found[0].fields.summary == "Step 1"
    assert sum("search/jql" in line for line in server.requests) == 3


def test_the_vendors_client_reads_versions_boards_and_sprints(client: JIRA) -> None:
    assert [(one.name, one.releaseDate) for one in client.project_versions("ERP")] == [("Go-live", "2026-11-02")]
    board = client.boards(projectKeyOrID="ERP")[0]
    assert [(one.name, one.state) for one in client.sprints(board.id)] == [("ERP 7", "active")]


def test_the_vendors_client_learns_that_it_is_the_cloud_and_who_it_is(client: JIRA) -> None:
    assert client.server_info()["deploymentType"] == "Cloud"
    assert client.myself()["emailAddress"] == "driftline@meridian.example"


def test_the_old_search_is_gone(server: JiraServer, site: JiraSite) -> None:
    """J1."""
    answer = requests.get(f"{server.url}/rest/api/3/search", auth=(site.email, site.token), timeout=5)
    assert answer.status_code == 410


def test_changes_are_found_by_time_and_told_by_the_changelog(client: JIRA, site: JiraSite) -> None:
    site.move_due("ERP-3", date(2026, 11, 3), by="ada@meridian.example")
    since = int((TUESDAY - timedelta(minutes=1)).timestamp() * 1000)
    found = client.enhanced_search_issues(f'project = "ERP" AND updated >= {since}', maxResults=0)
    assert [(one.key, one.fields.duedate) for one in found] == [("ERP-3", "2026-11-03")]
    history = client.issue("ERP-3", expand="changelog").changelog.histories[0]
    assert history.author.emailAddress == "ada@meridian.example"
    change: Any = history.items[0]
    assert (change.field, change.fromString, change.toString) == ("duedate", "2026-10-20", "2026-11-03")


def test_a_release_that_moves_does_not_touch_its_issues(client: JIRA, site: JiraSite) -> None:
    """J19."""
    before = {one.id: one.updated for one in site.issues.values()}
    site.move_release("ERP", "Go-live", date(2026, 12, 7), by="ada@meridian.example")
    assert {one.id: one.updated for one in site.issues.values()} == before
    assert client.project_versions("ERP")[0].releaseDate == "2026-12-07"


def test_a_final_status_sets_the_resolution_and_an_open_one_takes_it_away(client: JIRA, site: JiraSite) -> None:
    site.set_status("ERP-1", "Won't Do", by="ada@meridian.example")
    fields: Any = client.issue("ERP-1").fields
    assert (fields.status.name, fields.status.statusCategory.key) == ("Won't Do", "done")
    assert fields.resolution.name == "Won't Do"
    assert fields.resolutiondate == "2026-09-15T07:10:00.000+0000"
    site.set_status("ERP-1", "In Progress", by="ada@meridian.example")
    assert client.issue("ERP-1").fields.resolution is None


def test_a_link_shows_on_both_sides_in_its_direction(client: JIRA, site: JiraSite) -> None:
    site.block("ERP-1", "ERP-2")
    blocked = client.issue("ERP-2").fields.issuelinks[0]
    blocker = client.issue("ERP-1").fields.issuelinks[0]
    assert (blocked.type.inward, blocked.inwardIssue.key) == ("is blocked by", "ERP-1")
    assert (blocker.type.outward, blocker.outwardIssue.key) == ("blocks", "ERP-2")


def test_a_moved_issue_is_found_under_its_old_key_and_a_deleted_one_is_not(client: JIRA, site: JiraSite) -> None:
    """J20, J21."""
    native_id = client.issue("ERP-4").id
    site.move_to_project("ERP-4", "OPS-1")
    moved = client.issue("ERP-4")
    assert (moved.id, moved.key) == (native_id, "OPS-1")
    site.delete("OPS-1")
    with pytest.raises(JIRAError) as caught:
        client.issue(native_id)
    assert caught.value.status_code == 404


def test_a_stranger_gets_an_empty_answer_and_a_header_where_jira_is_open(server: JiraServer, site: JiraSite) -> None:
    """J23: and 401 where it is not."""
    stranger = (site.email, "wrong")
    body = {"jql": 'project = "ERP"', "fields": ["summary"]}
    search = requests.post(f"{server.url}/rest/api/3/search/jql", json=body, auth=stranger, timeout=5)
    assert (search.status_code, search.json()["issues"]) == (200, [])
    assert search.headers["x-seraph-loginreason"] == "AUTHENTICATED_FAILED"
    assert requests.get(f"{server.url}/rest/api/3/myself", auth=stranger, timeout=5).status_code == 401


@pytest.mark.parametrize("jql", ["", "ORDER BY key", 'project in ("NOPE")', 'assignee = "ada"', "updated >= soon"])
def test_a_question_that_jira_would_refuse_is_refused(client: JIRA, jql: str) -> None:
    """J7, J12."""
    with pytest.raises(JIRAError) as caught:
        client.enhanced_search_issues(jql, maxResults=0)
    assert caught.value.status_code == 400


def test_bare_ids_come_on_longer_pages(client: JIRA, server: JiraServer) -> None:
    """J8, J9."""
    page: Any = client.enhanced_search_issues('project = "ERP"', maxResults=5000, fields=["id"], json_result=True)
    assert page["issues"][0].keys() == {"id", "key"}
    assert len(page["issues"]) == 5
    assert page["isLast"]


def test_the_site_refuses_what_it_does_not_know(site: JiraSite) -> None:
    with pytest.raises(KeyError, match="no project LAB"):
        site.add_issue("LAB-1", summary="x", created=START)
    with pytest.raises(KeyError, match="no version Never in ERP"):
        site.add_issue("ERP-9", summary="x", versions=["Never"], created=START)


def test_a_project_that_got_another_key_is_found_under_both(client: JIRA, site: JiraSite) -> None:
    """J21."""
    native_id = client.issue("ERP-2").id
    site.rename_project("ERP", "ENT")
    assert (client.issue("ERP-2").id, client.issue("ENT-2").id) == (native_id, native_id)
    assert client.project("ERP").key == "ENT"
    found = client.enhanced_search_issues('project in ("ERP")', maxResults=0)
    assert {one.key for one in found} == {f"ENT-{number}" for number in range(1, 6)}
    assert [one.name for one in client.project_versions("ENT")] == ["Go-live"]


def test_what_is_kept_from_us_is_not_there(client: JIRA, server: JiraServer, site: JiraSite) -> None:
    """J22: a security level, and a project without permission."""
    secret = site.find("ERP-2")
    secret.withheld = True
    with pytest.raises(JIRAError) as caught:
        client.issue("ERP-2")
    assert caught.value.status_code == 404
    assert len(client.enhanced_search_issues('project = "ERP"', maxResults=0)) == 4
    site.projects["ERP"].hidden = True
    with pytest.raises(JIRAError):
        client.project("ERP")
    with pytest.raises(JIRAError):
        client.enhanced_search_issues('project = "ERP"', maxResults=0)


def test_an_archived_issue_is_found_by_its_key_only(client: JIRA, site: JiraSite) -> None:
    """J22."""
    site.find("ERP-2").archived = TUESDAY
    fields: Any = client.issue("ERP-2").fields
    assert fields.archiveddate == "2026-09-15T07:10:00.000+0000"
    assert len(client.enhanced_search_issues('project = "ERP"', maxResults=0)) == 4


def test_in_bulk_what_does_not_fit_is_an_error_and_what_is_not_there_is_left_out(
    server: JiraServer, site: JiraSite
) -> None:
    """As the description of the API says."""
    large = site.find("ERP-2").id
    site.too_large.add(large)
    body = {"issueIdsOrKeys": [large, site.find("ERP-3").id, "999999999"], "fields": ["summary"]}
    auth = (site.email, site.token)
    told = requests.post(f"{server.url}/rest/api/3/issue/bulkfetch", json=body, auth=auth, timeout=5).json()
    assert [one["key"] for one in told["issues"]] == ["ERP-3"]
    assert [one["id"] for one in told["issueErrors"]] == [large]


def test_the_changelog_of_one_issue_comes_in_pages(server: JiraServer, site: JiraSite) -> None:
    for day in (1, 2, 3):
        site.move_due("ERP-2", date(2026, 11, day), by="ada@meridian.example")
    url = f"{server.url}/rest/api/3/issue/ERP-2/changelog"
    page = requests.get(url, auth=(site.email, site.token), timeout=5).json()
    assert (len(page["values"]), page["total"], page["isLast"]) == (2, 3, False)
