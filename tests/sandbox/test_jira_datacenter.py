"""The stand-in Jira Data Center, asked by the vendor's own client as anybody would ask a real one."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests
from jira import JIRA
from jira.exceptions import JIRAError

from sandbox.jira import JiraServer, JiraSite

START = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def site() -> JiraSite:
    site = JiraSite(now=lambda: START + timedelta(days=14))
    site.add_project("ERP", "One ERP")
    site.add_sprint("ERP", "ERP 7", start=date(2026, 9, 7), end=date(2026, 9, 18), state="active")
    site.add_issue("ERP-1", type="Epic", summary="Go live", created=START)
    for number in range(2, 6):
        created = START + timedelta(hours=number)
        site.add_issue(f"ERP-{number}", summary=f"Step {number}", parent="ERP-1", sprint="ERP 7", created=created)
    return site


@pytest.fixture
def server(site: JiraSite) -> Iterator[JiraServer]:
    with JiraServer(site, page_size=2, deployment="Server", prefix="/jira") as server:
        yield server


@pytest.fixture
def client(server: JiraServer) -> Iterator[JIRA]:
    client = JIRA(server.address, token_auth=server.site.token, max_retries=0)
    yield client
    client.close()


def test_the_vendors_client_walks_all_pages_by_position(client: JIRA) -> None:
    """J14."""
    found: Any = client.search_issues('project = "ERP" ORDER BY created ASC, key ASC', maxResults=False)
    assert [one.key for one in found] == [f"ERP-{number}" for number in range(1, 6)]
    assert found[1].fields.customfield_10014 == "ERP-1"
    assert "state=ACTIVE,name=ERP 7," in found[1].fields.customfield_10020[0]
    assert client.server_info()["deploymentType"] == "Server"


def test_without_an_order_a_change_makes_issues_jump_between_pages(client: JIRA, site: JiraSite) -> None:
    """J13."""
    jql = 'project = "ERP"'
    first = client.search_issues(jql, startAt=0, maxResults=2)
    site.move_due("ERP-2", date(2026, 11, 3), by="ada@meridian.example")
    assert [one.key for one in client.search_issues(jql, maxResults=2)] != [one.key for one in first]


def test_a_changelog_tells_fields_by_name(client: JIRA, site: JiraSite) -> None:
    site.move_due("ERP-3", date(2026, 11, 3), by="ada@meridian.example")
    history = client.issue("ERP-3", expand="changelog").changelog.histories[0]
    assert (history.author.name, history.items[0].field) == ("ada", "duedate")
    assert not hasattr(history.items[0], "fieldId")


def test_a_user_signs_in_with_name_and_password_too(server: JiraServer, site: JiraSite) -> None:
    """J32."""
    client = JIRA(server.address, basic_auth=("driftline", site.token), max_retries=0)
    assert client.myself()["name"] == "driftline"
    client.close()


@pytest.mark.parametrize("path", ["/rest/api/2/myself", "/rest/api/2/search", "/rest/api/2/field"])
def test_a_stranger_is_refused(server: JiraServer, path: str) -> None:
    answer = requests.get(server.address + path, headers={"Authorization": "Bearer wrong"}, timeout=5)
    assert (answer.status_code, answer.headers["x-seraph-loginreason"]) == (401, "AUTHENTICATED_FAILED")


def test_what_only_cloud_has_is_not_there(client: JIRA, server: JiraServer, site: JiraSite) -> None:
    """J14."""
    bearer = {"Authorization": f"Bearer {site.token}"}
    for path in ("/rest/api/2/search/jql", "/rest/api/3/myself", "/rest/api/2/project/search"):
        assert requests.get(server.address + path, headers=bearer, timeout=5).status_code == 404
    with pytest.raises(JIRAError):
        client.issue("ERP-99")
