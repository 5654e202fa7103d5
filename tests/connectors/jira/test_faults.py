"""The Jira connector when the site, the network or the token fails in the middle of a read."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from connectors.base import HttpOptions, ReadContext
from connectors.jira import JiraConnector
from model.errors import (
    SourceAuthError,
    SourceContentError,
    SourceError,
    SourceGoneError,
    SourceRateLimitedError,
    SourceUnavailableError,
)
from model.records import Record
from sandbox.http import LOGIN_PAGE, Fault, Response
from sandbox.jira import JiraServer, JiraSite
from tests.connectors.contract import NOW, InstantStop, context_at, full_read, ids_of, records_of
from tests.connectors.jira.world import options_for, revoke_after


@pytest.mark.parametrize("after", range(12))
def test_a_token_that_expires_during_the_read_is_an_auth_error(
    site: JiraSite, server: JiraServer, connect: Any, after: int
) -> None:
    """S5, J23: at whichever request the site turns anonymous, the read does not end as if it were complete."""
    revoke_after(server, site, after)
    with pytest.raises(SourceAuthError):
        full_read(connect())


def test_an_empty_answer_to_a_stranger_is_not_an_empty_project(site: JiraSite, server: JiraServer) -> None:
    """J23: the site answers 200 with no issues; without the check this would be a complete read of nothing."""
    site.token = "another-token"
    connector = JiraConnector("jira", options_for(server), context_at())
    with pytest.raises(SourceAuthError) as caught:
        list(connector.changed(None))
    assert "make a new API token" in caught.value.problems[0].hint
    connector.close()


def test_the_identity_is_asked_for_even_when_no_header_warns(site: JiraSite, server: JiraServer, connect: Any) -> None:
    """J23: a proxy that drops the header leaves only /myself to tell us, before and after."""
    server.add_fault(Fault("GET /rest/api/3/myself", Response({"errorMessages": []}, 401), after=1))
    with pytest.raises(SourceAuthError):
        list(connect().changed(None))


def test_a_page_token_that_comes_twice_ends_the_read_with_an_error(server: JiraServer, connect: Any) -> None:
    """J5: without the guard the walk would never end."""
    server.add_fault(Fault("search/jql", Response({"issues": [], "nextPageToken": "same"}), times=50))
    with pytest.raises(SourceContentError, match="goes round in circles"):
        list(connect().changed(None))
    assert sum("search/jql" in line for line in server.requests) <= 2 * 2


@pytest.mark.parametrize(
    "answer",
    [{}, {"issues": None}, {"issues": ["x"]}, [], None, {"issues": [], "isLast": False}, {"errorMessages": ["no"]}],
)
def test_an_answer_of_another_shape_is_an_error_and_not_the_end(server: JiraServer, connect: Any, answer: Any) -> None:
    server.add_fault(Fault("search/jql", Response(answer)))
    with pytest.raises(SourceContentError):
        list(connect().changed(None))


@pytest.mark.parametrize("answer", [{}, {"deploymentType": "Bamboo"}, [], None])
def test_a_site_that_hides_what_it_is_is_not_read(server: JiraServer, connect: Any, answer: Any) -> None:
    """J3: the client would answer None to every search."""
    server.add_fault(Fault("serverInfo", Response(answer), times=None))
    with pytest.raises(SourceContentError):
        connect().probe()
    assert not any("search" in line for line in server.requests)


def test_a_removed_endpoint_is_named(server: JiraServer, connect: Any) -> None:
    """J1, S14."""
    server.add_fault(Fault("search/jql", Response({"errorMessages": ["removed"]}, 410), times=None))
    with pytest.raises(SourceGoneError, match=r"POST /rest/api/3/search/jql"):
        list(connect().changed(None))


def test_an_outage_in_the_middle_is_ridden_out(server: JiraServer, connect: Any, site: JiraSite) -> None:
    """S1: at the first, a middle and the last page; Jira's searches are posts that may be sent again."""
    for after in (0, 2, 4):
        server.add_fault(Fault("search/jql", Response({}, 502), after=after))
    assert ids_of(records_of(connect().changed(None))) == set(site.issues)


def test_refusals_quote_jira_without_headers_or_cookies(server: JiraServer, connect: Any) -> None:
    """J37: the library's error text holds the session cookie."""
    cookie = {"Set-Cookie": "JSESSIONID=verysecret"}
    refused = Response({"errorMessages": ["The value 'ERP' is not allowed."]}, 400, cookie)
    server.add_fault(Fault("search/jql", refused))
    with pytest.raises(SourceContentError) as caught:
        list(connect().changed(None))
    assert "The value 'ERP' is not allowed." in str(caught.value)
    assert "verysecret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.fixture(params=["Cloud", "Server"])
def either(site: JiraSite, request: pytest.FixtureRequest) -> Iterator[JiraServer]:
    with JiraServer(site, page_size=3, deployment=request.param) as server:
        yield server


@pytest.fixture
def read(either: JiraServer, request: pytest.FixtureRequest) -> Any:
    """Read everything, keeping what came before an error in ``kept``; return it only when the read ended normally."""

    def everything(kept: list[Record], context: ReadContext | None = None, **http: Any) -> list[Record]:
        options = options_for(either, http=HttpOptions(**http))
        connector = JiraConnector("jira", options, context or context_at())
        request.addfinalizer(connector.close)
        for page in connector.changed(None):
            kept += page.records
        return kept

    return everything


PAGES = {"Cloud": 5, "Server": 4}
"""How many questions for issues a full read takes: on Cloud ids first; a Data Center's pages overlap."""
SEARCH = r"POST /rest/api/(3/search/jql|3/issue/bulkfetch|2/search)$"


@pytest.fixture(params=["first", "middle", "last"])
def position(either: JiraServer, request: pytest.FixtureRequest) -> int:
    """How many searches are answered before the one that fails."""
    return {"first": 0, "middle": 2, "last": PAGES[either.deployment] - 1}[request.param]


def fail(server: JiraServer, position: int, **fault: Any) -> None:
    server.add_fault(Fault(SEARCH, after=position, times=None, **fault))


def test_without_a_fault_everything_is_read(either: JiraServer, read: Any, site: JiraSite) -> None:
    """The control of the tests below."""
    assert ids_of(read([])) == set(site.issues)
    assert sum(bool(re.search(SEARCH, line)) for line in either.requests) == PAGES[either.deployment]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"response": LOGIN_PAGE}, SourceContentError),
        ({"response": Response(b'{"issues": [{"id"', content_type="application/json")}, SourceContentError),
        ({"response": Response({}, 500)}, SourceUnavailableError),
        ({"response": Response({}, 503)}, SourceUnavailableError),
        ({"response": Response({}, 502, {"Retry-After": "nonsense"})}, SourceUnavailableError),
        ({"response": Response({}, 429, {"Retry-After": "7200"})}, SourceRateLimitedError),
        ({"response": Response({"errorMessages": []}, 401)}, SourceAuthError),
        ({"response": Response({"errorMessages": ["no"]}, 403)}, SourceAuthError),
        ({"response": Response({"errorMessages": ["no"]}, 410)}, SourceGoneError),
        ({"response": Response({"issues": []})}, SourceContentError),
        ({"cut_at": 40}, SourceUnavailableError),
    ],
    ids=lambda given: str(given)[:60] if isinstance(given, dict) else given.__name__,
)
def test_a_fault_on_any_page_is_an_error_and_never_a_shorter_list(
    either: JiraServer, site: JiraSite, read: Any, position: int, fault: dict[str, Any], error: type[SourceError]
) -> None:
    """S1, S3, S4, J35, J36: what came before stays true, the read does not end as if it were complete."""
    if fault.get("response") == Response({"issues": []}) and either.deployment == "Cloud":
        fault = {"response": Response({})}
    fail(either, position, **fault)
    kept: list[Record] = []
    with pytest.raises(error) as caught:
        read(kept)
    assert caught.value.problems[0].hint
    assert ids_of(kept) < set(site.issues)


def test_an_answer_that_drips_is_given_up_at_its_deadline(either: JiraServer, read: Any, position: int) -> None:
    """S2: every byte starts the usual time-outs anew."""
    fail(either, position, drip_seconds=0.2)
    with pytest.raises(SourceUnavailableError, match="did not finish its answer in time"):
        read([], answer_deadline_seconds=1.0, attempts=1)


@pytest.mark.parametrize("as_date", [False, True])
def test_a_pause_that_jira_asks_for_is_kept_in_full_before_the_page_is_asked_for_again(
    either: JiraServer, site: JiraSite, read: Any, position: int, as_date: bool
) -> None:
    """J35, J36: the client library cuts it to a minute, and breaks on a date."""
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)
    either.add_fault(Fault(SEARCH, Response({}, 429, {"Retry-After": until if as_date else "600"}), after=position))
    stop = InstantStop()
    assert ids_of(read([], ReadContext(NOW, context_at().zone, stop))) == set(site.issues)
    # Whichever thread asks meanwhile waits for as long; here no time passes in a wait.
    assert stop.waits
    assert all(590 <= wait <= 610 for wait in stop.waits)


def test_an_outage_of_one_page_is_ridden_out(either: JiraServer, site: JiraSite, read: Any, position: int) -> None:
    """S1: Jira's searches are posts that may be sent again."""
    either.add_fault(Fault(SEARCH, Response({}, 502), after=position, times=3))
    assert ids_of(read([])) == set(site.issues)
