"""How a Jira is signed in to and addressed."""

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.jira import JiraConnector, JiraOptions
from model.errors import SourceAuthError, SourceGoneError
from sandbox.http import Fault, Response
from sandbox.jira import JiraServer, JiraSite
from tests.connectors.contract import context_at, full_read, ids_of
from tests.connectors.jira.world import items, options_for


def test_the_address_for_people_can_differ_from_the_one_for_programs(site: JiraSite, connect: Any) -> None:
    """J31: scoped tokens are used at another address than the one that people open."""
    item = items(connect(browse_url="https://meridian.atlassian.net/"))["ERP-2"]
    assert item.url == "https://meridian.atlassian.net/browse/ERP-2"


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"projects": ()}, "projects"),
        ({"projects": ('ERP" OR project = "X',)}, "projects"),
        ({"url": "meridian.atlassian.net"}, "url"),
        ({"fields": {"due": "customfield_1"}}, "due is read anyway"),
        ({"statuses": {"Parked": "later"}}, "statuses"),
        ({"token": "plain-text"}, "a secret is written as a reference"),
        ({"email": None}, "add email"),
        ({"email": None, "user": "driftline"}, "add email"),
        ({"email": None, "url": "https://api.atlassian.com/ex/jira/11-22"}, "add email"),
        ({"user": "driftline"}, "give one of them"),
        ({"expires_on": "soon"}, "expires_on"),
    ],
)
def test_options_that_cannot_work_are_refused(given: dict[str, Any], part: str) -> None:
    whole: dict[str, Any] = {
        "kind": "jira",
        "url": "https://meridian.atlassian.net",
        "email": "a@b.example",
        "token": "env:JIRA_TOKEN",
        "projects": ["ERP"],
    }
    assert JiraOptions.model_validate(whole).page_size == 100
    with pytest.raises(ValidationError, match=part):
        JiraOptions.model_validate(whole | given)


@pytest.mark.parametrize("given", [{}, {"user": "driftline"}, {"email": "a@b.example"}])
def test_a_server_of_ones_own_may_be_signed_in_to_in_any_way_until_it_says_what_it_is(given: dict[str, Any]) -> None:
    """J32: only the address of a Cloud site tells beforehand."""
    whole = {"kind": "jira", "url": "https://jira.company.example/jira/", "token": "env:T", "projects": ["ERP"]}
    assert JiraOptions.model_validate(whole | given).url == "https://jira.company.example/jira"


def connector_to(server: JiraServer, request: pytest.FixtureRequest, **given: Any) -> JiraConnector:
    connector = JiraConnector("jira", options_for(server, **given), context_at())
    request.addfinalizer(connector.close)
    return connector


@pytest.mark.parametrize(
    ("deployment", "given"),
    [
        ("Cloud", {"email": "driftline@meridian.example"}),
        ("Server", {}),
        ("Server", {"user": "driftline"}),
    ],
)
def test_each_kind_of_jira_is_signed_in_to_in_its_own_way(
    site: JiraSite, request: pytest.FixtureRequest, deployment: str, given: dict[str, Any]
) -> None:
    """J32: e-mail address and token; a personal access token; user and password."""
    with JiraServer(site, deployment=deployment) as server:
        assert connector_to(server, request, **given).probe().identity == "driftline@meridian.example"


@pytest.mark.parametrize(
    ("deployment", "given", "said"),
    [
        ("Cloud", {"email": None}, "is Jira Cloud, which is read with an e-mail address and an API token"),
        ("Cloud", {"email": None, "user": "driftline"}, "is Jira Cloud, which is read with"),
        ("Server", {"email": "driftline@meridian.example"}, "does not sign in with its e-mail address"),
    ],
)
def test_the_other_way_to_sign_in_is_refused_with_what_to_change(
    site: JiraSite, request: pytest.FixtureRequest, deployment: str, given: dict[str, Any], said: str
) -> None:
    """J32: also when the server would let it pass."""
    with JiraServer(site, deployment=deployment) as server:
        server.knows = lambda _: True  # type: ignore[method-assign]
        with pytest.raises(SourceAuthError, match=said) as caught:
            connector_to(server, request, **given).probe()
    assert "email" in caught.value.problems[0].hint


GATEWAY = "/ex/jira/11aa-22bb"


def test_a_scoped_token_reads_through_the_gateway_and_links_lead_to_the_site(
    site: JiraSite, request: pytest.FixtureRequest
) -> None:
    """J31: everything is asked below the gateway's path, and people are sent to the site itself."""
    with JiraServer(site, prefix=GATEWAY, base_url="https://meridian.atlassian.net") as server:
        connector = connector_to(server, request)
        found = full_read(connector)
        probe = connector.probe()
    assert set(site.issues) <= ids_of(found)
    assert {record.url.partition("/browse")[0] for record in found if record.native_id in site.issues} == {
        "https://meridian.atlassian.net"
    }
    assert (probe.server, probe.problems) == ("https://meridian.atlassian.net", ())
    assert all(line.split()[1].startswith(GATEWAY) for line in server.requests)


def test_a_gateway_that_does_not_name_the_site_is_a_problem_until_browse_url_does(
    site: JiraSite, request: pytest.FixtureRequest
) -> None:
    """J31."""
    gateway = f"https://api.atlassian.com{GATEWAY}"
    with JiraServer(site, prefix=GATEWAY, base_url=gateway) as server:
        problems = connector_to(server, request).probe().problems
        mended = connector_to(server, request, browse_url="https://meridian.atlassian.net")
        assert items(mended)["ERP-2"].url == "https://meridian.atlassian.net/browse/ERP-2"
        assert mended.probe().problems == ()
    assert [problem.location for problem in problems] == ["jira: browse_url"]


def test_a_token_whose_scopes_are_too_narrow_is_told_which_it_needs(server: JiraServer, connect: Any) -> None:
    """J31: the gateway says only that the scope does not match."""
    refused = Response({"code": 401, "message": "Unauthorized; scope does not match"}, 401)
    server.add_fault(Fault("/rest/agile", refused, times=None))
    with pytest.raises(SourceAuthError, match=r"/rest/agile/1\.0/board") as caught:
        list(connect().side_tables())
    assert "read:sprint:jira-software" in caught.value.problems[0].hint


def test_a_site_under_another_path_than_configured_is_gone(site: JiraSite, request: pytest.FixtureRequest) -> None:
    """The control of the two tests above."""
    with JiraServer(site, prefix=GATEWAY) as server, pytest.raises(SourceGoneError, match="what the server is"):
        connector_to(server, request, url=server.url).probe()
