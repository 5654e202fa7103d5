"""What is asked of a Jira site, and how, whichever kind it is."""

import json
import logging
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from connectors.base import HttpOptions
from connectors.jira import JiraConnector
from model.records import Release
from sandbox.jira import JiraServer, JiraSite
from tests.connectors.contract import full_read, ids_of, records_of
from tests.connectors.jira.world import BEFORE, FLOAT


@pytest.fixture(params=["Cloud", "Server"])
def server(site: JiraSite, request: pytest.FixtureRequest) -> Iterator[JiraServer]:
    with JiraServer(site, page_size=3, deployment=request.param) as server:
        yield server


@pytest.fixture
def asked(server: JiraServer) -> list[tuple[str, str, dict[str, str], dict[str, Any]]]:
    """Method, address, headers and body of everything that is asked."""
    seen: list[tuple[str, str, dict[str, str], dict[str, Any]]] = []
    original = server.answer

    def listening(method: str, target: str, headers: Any, body: bytes) -> Any:
        seen.append((method, target, dict(headers), json.loads(body) if body else {}))
        return original(method, target, headers, body)

    server.answer = listening  # type: ignore[method-assign]
    return seen


def everything(connector: JiraConnector, site: JiraSite) -> None:
    full_read(connector)
    for container in connector.roster():
        list(connector.census(container))
    list(connector.fetch([site.find("ERP-2").id, "999999999"]))


def test_questions_for_issues_are_posts_whatever_is_configured(
    site: JiraSite, server: JiraServer, connect: Any, asked: Any
) -> None:
    """J4, J11: no address grows with the fields, and Cloud is not asked by position."""
    names = {}
    for number in range(300):
        site.add_field(f"customfield_{20000 + number}", f"Field {number}", "number", FLOAT)
        names[f"field_{number}"] = f"customfield_{20000 + number}"
    site.find("ERP-2").custom["customfield_20007"] = 7.0
    connector = connect(fields=names)
    everything(connector, site)
    [found] = list(connector.fetch([site.find("ERP-2").id]))
    assert found.custom["field_7"] == 7
    searches = [one for one in asked if "/search" in one[1] and "project/search" not in one[1]]
    assert {method for method, *_ in searches} == {"POST"}
    assert max(len(target) for _, target, *_ in asked) < 2000
    if server.deployment == "Cloud":
        assert not any("startAt" in body for *_, body in searches)


def test_every_search_is_bound_to_one_project(site: JiraSite, connect: Any, asked: Any) -> None:
    """J7, J12: an unbounded search is refused, and one bad project would spoil the others'."""
    connector = connect()
    everything(connector, site)
    connector.probe()
    connector.discover()
    searches = [body["jql"] for *_, body in asked if "jql" in body]
    assert searches
    assert all(jql.startswith(('project in ("ERP")', 'project in ("OPS")')) for jql in searches)


def test_a_count_is_asked_for_by_the_probe_alone(site: JiraSite, connect: Any, asked: Any) -> None:
    """J6: about how many there are is nothing to conclude from."""
    everything(connect(), site)
    assert not any("approximate-count" in target or body.get("maxResults") == 0 for _, target, _, body in asked)
    assert connect().probe().counts == [("ERP", 6), ("OPS", 2)]


def test_errors_are_asked_for_in_english(site: JiraSite, connect: Any, asked: Any) -> None:
    """J30: whatever the language in the account's profile."""
    everything(connect(), site)
    languages = {(headers.get("Accept-Language"), headers.get("X-Force-Accept-Language")) for _, _, headers, _ in asked}
    assert languages == {("en", "true")}


def test_the_official_client_leaves_logging_and_our_options_as_they_are(site: JiraSite, connect: Any) -> None:
    """J38: it sets the level of its logger, and changes what it is given."""
    before = {name: logging.getLogger(name).level for name in ("jira", "jira.client", "")}
    connector = connect(fields={})
    options = connector.options.model_dump()
    everything(connector, site)
    assert {name: logging.getLogger(name).level for name in before} == before
    assert connector.options.model_dump() == options


def test_a_session_shared_by_several_threads_gives_the_same_as_one(site: JiraSite, connect: Any) -> None:
    """J38: several requests under way at once."""
    one, several = ({"parallel": 1}, {"parallel": 8})
    read = [records_of(connect(http=http).changed(None)) for http in (one, several)]
    assert ids_of(read[0]) == ids_of(read[1]) == set(site.issues)
    assert {record.id: record for record in read[0]} == {record.id: record for record in read[1]}


def test_an_issue_tells_all_its_releases_and_dates_come_from_days_only(
    site: JiraSite, server: JiraServer, connect: Any
) -> None:
    """J28: which of several counts is for the rule to say; the localised date is never read."""
    site.add_version("ERP", "Later", release_date=date(2026, 12, 1))
    issue = site.find("ERP-2")
    issue.versions = [one.id for one in site.versions.values() if one.project == "ERP"]
    original = server.answer

    def localised(method: str, target: str, headers: Any, body: bytes) -> Any:
        response, fault = original(method, target, headers, body)
        for version in response.body if target.endswith("/versions") else ():
            version["userReleaseDate"] = "31. Vend. 99"
        return response, fault

    server.answer = localised  # type: ignore[method-assign]
    connector = connect()
    [found] = [one for one in records_of(connector.changed(None)) if one.key == "ERP-2"]
    assert len(found.releases) == 2
    dates = {one.key: one.release_date for one in records_of(connector.side_tables()) if isinstance(one, Release)}
    assert dates == {"Go-live": date(2026, 11, 2), "Later": date(2026, 12, 1), "Wave 1": None}


def test_never_more_requests_are_under_way_than_configured(site: JiraSite, server: JiraServer, connect: Any) -> None:
    """J35: also where a Data Center is asked for epics, younger than their issues, while pages are under way (J26)."""
    for number in range(60):
        late, early = BEFORE + timedelta(days=1, minutes=number), BEFORE + timedelta(minutes=number)
        site.add_issue(f"OPS-{1000 + number}", type="Epic", summary="x", created=late)
        site.add_issue(f"OPS-{2000 + number}", summary="x", parent=f"OPS-{1000 + number}", created=early)
    guard, going, most = threading.Lock(), 0, 0
    original = server.answer

    def counting(*given: Any) -> Any:
        nonlocal going, most
        with guard:
            going += 1
            most = max(most, going)
        try:
            threading.Event().wait(0.01)
            return original(*given)
        finally:
            with guard:
                going -= 1

    server.answer = counting  # type: ignore[assignment,method-assign]
    full_read(connect(http=HttpOptions(parallel=2)))
    assert most == 2
