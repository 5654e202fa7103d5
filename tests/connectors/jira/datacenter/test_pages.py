"""Pages of a Data Center by position, while others change what they list."""

from datetime import timedelta
from typing import Any

import pytest

from model.errors import SourceContentError, SourceUnavailableError
from model.reading import Container
from sandbox.http import Fault, Response
from sandbox.jira import JiraServer, JiraSite
from tests.connectors.contract import ids_of, records_of
from tests.connectors.jira.datacenter.listening import after_each_search, searches
from tests.connectors.jira.world import BEFORE


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
