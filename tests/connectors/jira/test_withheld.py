"""What a Jira site keeps from us: projects that are not shown, issues behind a security level, archives."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from connectors.base import ReadContext
from connectors.jira import JiraConnector
from model.errors import SourceAuthError, SourceGoneError
from model.reading import Container, Cursor, Missing
from model.records import Absence
from sandbox.http import Fault, Response
from sandbox.jira import JiraServer, JiraSite
from tests.connectors.contract import NOW, context_at, full_read, ids_of, records_of
from tests.connectors.jira.world import items, options_for


@pytest.fixture(params=["Cloud", "Server"])
def server(site: JiraSite, request: pytest.FixtureRequest) -> Iterator[JiraServer]:
    with JiraServer(site, page_size=3, deployment=request.param) as server:
        yield server


def is_cloud(server: JiraServer) -> bool:
    return server.deployment == "Cloud"


def test_every_project_that_is_not_shown_is_lost_with_what_to_do(connect: Any) -> None:
    """J12, J22: the others are read; the probe names each."""
    connector = connect(projects=("ERP", "NOPE", "ALSO"))
    assert [(one.id, one.state) for one in connector.roster()] == [
        ("ERP", "visible"),
        ("NOPE", "lost"),
        ("ALSO", "lost"),
    ]
    said = ["jira does not show the project NOPE", "jira does not show the project ALSO"]
    assert [one.problem.message for one in connector.roster() if one.problem] == said
    assert all(one.problem.hint for one in connector.roster() if one.problem)
    assert [problem.message for problem in connector.probe().problems] == said
    assert {record.container for record in full_read(connector)} == {"ERP"}
    with pytest.raises(SourceGoneError, match="it is lost"):
        list(connector.census(Container("NOPE", "NOPE", "lost")))


def test_a_project_that_is_hidden_from_us_is_lost_and_the_other_is_read(site: JiraSite, connect: Any) -> None:
    """J22: a permission that was taken away."""
    site.projects["OPS"].hidden = True
    connector = connect()
    assert [(one.id, one.state) for one in connector.roster()] == [("ERP", "visible"), ("OPS", "lost")]
    assert {one.id for one in site.issues.values() if one.project == "ERP"} <= ids_of(full_read(connector))


def test_projects_are_not_taken_as_lost_by_a_stranger(site: JiraSite, server: JiraServer, connect: Any) -> None:
    """J22, J23: a site that shows nothing to anybody else is asked whether it still knows us."""
    listed = Response([] if not is_cloud(server) else {"values": [], "isLast": True})
    server.add_fault(Fault(r"GET /rest/api/\d/project", listed))
    server.add_fault(Fault("/project/", Response({"errorMessages": ["none"]}, 404), times=None))
    server.add_fault(Fault("/myself", Response({"errorMessages": []}, 401), after=1))
    with pytest.raises(SourceAuthError):
        connect(projects=("ERP",)).roster()


@pytest.mark.parametrize("state", ["archived", "deleted"])
def test_a_project_put_away_is_shown_and_not_read(site: JiraSite, server: JiraServer, connect: Any, state: str) -> None:
    """J22: a Data Center does not list what is in the trash."""
    site.projects["OPS"].state = state
    shown = {"archived": "archived", "deleted": "trashed" if is_cloud(server) else "lost"}[state]
    connector = connect()
    assert [(one.id, one.state) for one in connector.roster()] == [("ERP", "visible"), ("OPS", shown)]
    assert {record.container for record in full_read(connector)} == {"ERP"}


def test_an_issue_that_is_archived_by_itself_is_there_and_archived(site: JiraSite, connect: Any) -> None:
    """J22: no search finds it any more."""
    issue = site.find("ERP-4")
    issue.archived = NOW
    connector = connect()
    assert issue.id not in ids_of(full_read(connector))
    assert issue.id not in set(connector.census(Container("ERP", "One ERP")))
    assert list(connector.fetch([issue.id])) == [Missing(issue.id, Absence.ARCHIVED)]


def test_an_issue_behind_a_security_level_is_told_apart_where_jira_tells(
    site: JiraSite, server: JiraServer, connect: Any
) -> None:
    """J22: a Data Center refuses it; on Cloud it looks like one that is not there."""
    issue = site.find("ERP-4")
    issue.withheld = True
    told = list(connect().fetch([issue.id, site.find("ERP-5").id, "999999999"]))
    missing = [one for one in told if isinstance(one, Missing)]
    assert missing == ([] if is_cloud(server) else [Missing(issue.id, Absence.ACCESS_LOST)])
    assert [one.native_id for one in told if not isinstance(one, Missing)] == [site.find("ERP-5").id]


def test_an_issue_that_cannot_be_read_is_not_taken_as_deleted(site: JiraSite, connect: Any) -> None:
    """S10: it is there, whatever it says."""
    issue = site.find("ERP-4")
    issue.summary = "half \ud83d"
    assert list(connect().fetch([issue.id])) == [Missing(issue.id, Absence.UNOBSERVED)]


def test_a_project_that_got_another_key_is_read_under_it(site: JiraSite, connect: Any) -> None:
    """J21: the ids stay; the configuration is told, and works meanwhile."""
    native_id = site.find("ERP-2").id
    site.rename_project("ERP", "ENT")
    connector = connect()
    assert [(one.id, one.name, one.state) for one in connector.roster()] == [
        ("ENT", "One ERP", "visible"),
        ("OPS", "Operations", "visible"),
    ]
    read = items(connector)
    assert (read["ENT-2"].native_id, read["ENT-2"].container) == (native_id, "ENT")
    assert native_id in set(connector.census(Container("ENT", "One ERP")))
    assert {record.container for record in records_of(connector.side_tables())} == {"ENT", "OPS"}
    assert [problem.message for problem in connector.probe().problems] == ["the project ERP of jira is called ENT now"]


def test_a_project_under_its_old_and_its_new_key_is_read_once(site: JiraSite, connect: Any) -> None:
    """J21."""
    site.rename_project("ERP", "ENT")
    connector = connect(projects=("ERP", "ENT"))
    assert [one.id for one in connector.roster()] == ["ENT"]
    assert len(full_read(connector)) == len(ids_of(full_read(connector)))


def test_a_moved_issue_is_read_by_the_next_incremental_read_under_its_new_key(site: JiraSite, connect: Any) -> None:
    """J21: the move counts as a change, and the old key is remembered."""
    site.move_to_project("ERP-5", "OPS-50")
    seen = records_of(connect().changed(Cursor(NOW.isoformat())))
    assert [(one.key, one.former_keys, one.container) for one in seen] == [("OPS-50", ("ERP-5",), "OPS")]


def test_an_epic_that_is_kept_from_us_leaves_the_parent_unknown(
    site: JiraSite, server: JiraServer, request: pytest.FixtureRequest
) -> None:
    """J26: on a Data Center, where an issue names its epic by key."""
    if is_cloud(server):
        pytest.skip("an issue on Cloud names its parent by id")
    site.find("ERP-1").withheld = True
    site.move_due("ERP-2", date(2026, 11, 3), by="ada@meridian.example")
    context: ReadContext = context_at()
    connector = JiraConnector("jira", options_for(server), context)
    request.addfinalizer(connector.close)
    assert [one.parent for one in records_of(connector.changed(Cursor(NOW.isoformat())))] == [None]
