"""How a Jira Cloud site is read: bare ids first, then the issues by id, several at once."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from connectors.base import HttpOptions
from model.errors import SourceAuthError, SourceContentError, SourceError
from model.reading import Container, Cursor
from model.records import WorkItem
from sandbox.http import Fault, Response
from sandbox.jira import JiraServer, JiraSite
from sandbox.jira.faults import JIRA_FAULTS, expired_token, given_nothing, no_bulk
from tests.connectors.contract import NOW, full_read, ids_of, records_of
from tests.connectors.jira.world import BEFORE, items

CHANGED = Cursor(NOW.isoformat())


def asked_of(server: JiraServer, part: str) -> list[dict[str, Any]]:
    """Collects the bodies of what is posted to addresses with the part, from now on."""
    asked: list[dict[str, Any]] = []
    original = server.answer

    def listening(method: str, target: str, headers: Any, body: bytes) -> Any:
        if part in target:
            asked.append(json.loads(body))
        return original(method, target, headers, body)

    server.answer = listening  # type: ignore[method-assign]
    return asked


def once_before(server: JiraServer, part: str, happen: Callable[[], Any]) -> None:
    """Let something happen on the site before the first answer to an address with the part."""
    original = server.answer
    waiting = [happen]

    def disturbed(method: str, target: str, headers: Any, body: bytes) -> Any:
        if part in target and waiting:
            waiting.pop()()
        return original(method, target, headers, body)

    server.answer = disturbed  # type: ignore[method-assign]


def many(site: JiraSite, project: str, count: int) -> None:
    for number in range(1000, 1000 + count):
        site.add_issue(f"{project}-{number}", summary="x", created=BEFORE + timedelta(minutes=number))


def test_ids_are_listed_once_and_the_issues_asked_for_by_id(site: JiraSite, server: JiraServer, connect: Any) -> None:
    """J8, J9: pages of bare ids are long; only the needed fields are asked for, a hundred issues at a time."""
    many(site, "OPS", 250)
    listed, given = asked_of(server, "search/jql"), asked_of(server, "/issue/bulkfetch")
    changes = asked_of(server, "changelog/bulkfetch")
    assert ids_of(records_of(connect(page_size=100).changed(None))) == set(site.issues)
    assert {tuple(one["fields"]) for one in listed} == {("id",)}
    assert {one["maxResults"] for one in listed} == {5000}
    assert sorted(len(one["issueIdsOrKeys"]) for one in given) == [58, 100, 100]
    assert all("summary" in one["fields"] and "*all" not in one["fields"] for one in given)
    assert sorted(len(one["issueIdsOrKeys"]) for one in changes) == [58, 200]


@pytest.mark.parametrize("dates", [3, 7])
def test_the_changelog_is_asked_for_ten_fields_at_most_and_else_for_all(
    site: JiraSite, server: JiraServer, connect: Any, dates: int
) -> None:
    """J10: the question in bulk takes ten fields; those of every issue are five, with the start six."""
    for number in range(dates):
        site.add_field(f"customfield_2000{number}", f"Date {number}", "date", "datepicker")
    fields = {f"date_{number}": f"customfield_2000{number}" for number in range(dates)}
    site.move_due("ERP-2", date(2026, 11, 3), by="ada@meridian.example")
    changes = asked_of(server, "changelog/bulkfetch")
    read = records_of(connect(fields=fields).changed(None))
    assert {len(one.get("fieldIds", ())) for one in changes} == {9 if dates == 3 else 0}  # none: all fields
    assert [move.new for one in read if one.key == "ERP-2" for move in one.moves] == [date(2026, 11, 3)]


def test_the_census_after_a_full_read_asks_nothing_again(site: JiraSite, server: JiraServer, connect: Any) -> None:
    """J20: listing the ids was the census."""
    connector = connect()
    full_read(connector)
    before = [line for line in server.requests if "search" in line]
    counted = [one for container in connector.roster() for one in connector.census(container) if ":" not in one]
    assert [line for line in server.requests if "search" in line] == before
    assert sorted(counted) == sorted(site.issues)


def test_the_census_after_an_incremental_read_asks(site: JiraSite, connect: Any) -> None:
    """The control: what changed is not all that there is."""
    connector = connect()
    assert records_of(connector.changed(CHANGED)) == []
    counted = set(connector.census(Container("ERP", "One ERP")))
    assert {one.id for one in site.issues.values() if one.project == "ERP"} <= counted


def test_an_issue_that_is_deleted_after_it_was_listed_is_not_there(
    site: JiraSite, server: JiraServer, connect: Any
) -> None:
    """S7: that is no error; the next census will not list it."""
    once_before(server, "/issue/bulkfetch", lambda: site.delete("ERP-4"))
    assert ids_of(records_of(connect().changed(None))) == set(site.issues)


def test_an_issue_that_is_made_after_the_ids_were_listed_is_seen_by_the_next_read(
    site: JiraSite, server: JiraServer, connect: Any
) -> None:
    """S7, J18: it was updated after the start of the run."""
    at = NOW + timedelta(minutes=1)
    once_before(server, "/issue/bulkfetch", lambda: site.add_issue("OPS-99", summary="new", created=at))
    first = connect()
    seen = ids_of(records_of(first.changed(None)))
    missed = site.find("OPS-99").id
    assert missed not in seen
    assert ids_of(records_of(connect().changed(first.next_cursor()))) == {missed}


@pytest.mark.parametrize(("key", "new_key"), [("ERP-2", "OPS-50"), ("OPS-1", "ERP-50")])
def test_an_issue_that_moves_while_ids_are_listed_is_neither_doubled_nor_lost(
    site: JiraSite, server: JiraServer, connect: Any, key: str, new_key: str
) -> None:
    """J21, S7: seen in both projects, in one, or in none and then by the next read."""
    native_id = site.find(key).id
    searches = 0
    original = server.answer

    def moving(method: str, target: str, headers: Any, body: bytes) -> Any:
        nonlocal searches
        if "search/jql" in target:
            searches += 1
            if searches == 2:
                site.move_to_project(key, new_key)
        return original(method, target, headers, body)

    server.answer = moving  # type: ignore[method-assign]
    first = connect(http=HttpOptions(parallel=1))
    seen = [record.native_id for record in records_of(first.changed(None))]
    assert len(seen) == len(set(seen))
    later = ids_of(records_of(connect().changed(first.next_cursor())))
    assert set(seen) | later == set(site.issues)
    assert native_id in later


def test_a_few_changes_take_one_question_and_one_for_their_history(
    site: JiraSite, server: JiraServer, connect: Any
) -> None:
    site.move_due("ERP-3", date(2026, 11, 3), by="ada@meridian.example")
    assert ids_of(records_of(connect().changed(CHANGED))) == {site.find("ERP-3").id}
    asked = [line for line in server.requests if "search/jql" in line or "bulkfetch" in line]
    assert sum("search/jql" in line for line in asked) == 2  # one for each project
    assert sum("changelog" in line for line in asked) == 1
    assert len(asked) == 3


def test_many_changes_are_read_as_ids_first(site: JiraSite, server: JiraServer, connect: Any) -> None:
    """J2: whatever does not fit on the first page."""
    for number in range(2, 7):
        site.move_due(f"ERP-{number}", date(2026, 11, 3), by="ada@meridian.example")
    seen = [record.key for record in records_of(connect().changed(CHANGED))]
    assert sorted(seen) == [f"ERP-{number}" for number in range(2, 7)]
    assert any("/issue/bulkfetch" in line for line in server.requests)


def test_issues_that_do_not_fit_into_an_answer_are_asked_for_by_themselves(
    site: JiraSite, server: JiraServer, connect: Any
) -> None:
    """Jira lists them as errors, which are not absences."""
    wanted = {site.find("ERP-2").id, site.find("OPS-1").id}
    site.too_large |= wanted
    site.move_due("ERP-2", date(2026, 11, 3), by="ada@meridian.example")
    read = items(connect())
    assert {one.native_id for one in read.values()} == set(site.issues)
    assert [move.new for move in read["ERP-2"].moves] == [date(2026, 11, 3)]
    assert sum(line.startswith("GET /rest/api/3/issue/") for line in server.requests) == 2


@pytest.mark.parametrize("refusal", [Response({"message": "no route"}, 404), Response({}, 405)])
def test_a_site_behind_an_old_proxy_is_searched_page_by_page(
    site: JiraSite, server: JiraServer, connect: Any, refusal: Response
) -> None:
    site.move_due("ERP-2", date(2026, 11, 3), by="ada@meridian.example")
    expected = {one.native_id: one for one in records_of(connect().changed(None))}
    server.add_fault(Fault("bulkfetch", refusal, times=None))
    read = records_of(connect().changed(None))
    assert {one.native_id: one for one in read} == expected
    moved = next(one for one in read if isinstance(one, WorkItem) and one.key == "ERP-2")
    assert [move.new for move in moved.moves] == [date(2026, 11, 3)]
    assert ids_of(connect().fetch([site.find("ERP-3").id, "999999999"])) == {site.find("ERP-3").id}


def test_a_site_that_lists_issues_and_gives_none_is_not_read(site: JiraSite, server: JiraServer, connect: Any) -> None:
    """S6, J22: a permission that was lost in between must not end as a complete read."""
    many(site, "OPS", 30)
    server.add_fault(given_nothing()[0])
    with pytest.raises(SourceContentError, match="lists 38 issues and gives 0 of them"):
        list(connect().changed(None))


@pytest.mark.parametrize("header", [True, False])
def test_an_expired_token_is_noticed_in_the_middle_of_the_read(
    site: JiraSite, server: JiraServer, connect: Any, header: bool
) -> None:
    """J23, fact 1: also when only the question who we are tells it."""

    def expire() -> None:
        for fault in expired_token(header=header):
            server.add_fault(fault)

    once_before(server, "/issue/bulkfetch", expire)
    with pytest.raises(SourceAuthError):
        list(connect().changed(None))


@pytest.mark.parametrize("name", sorted(set(JIRA_FAULTS) - {"no-bulk"}))
def test_every_fault_of_the_stand_in_ends_the_read_with_an_error(
    site: JiraSite, server: JiraServer, connect: Any, name: str
) -> None:
    """J2, J5, J10, J23."""
    many(site, "OPS", 30)
    for fault in JIRA_FAULTS[name]():
        server.add_fault(fault)
    with pytest.raises(SourceError) as caught:
        full_read(connect())
    assert caught.value.problems[0].hint


def test_without_bulk_questions_the_stand_in_is_read_in_full(site: JiraSite, server: JiraServer, connect: Any) -> None:
    """The control of the test above."""
    server.add_fault(no_bulk()[0])
    assert set(site.issues) <= ids_of(full_read(connect()))


@pytest.mark.parametrize("native_id", ["ERP-1", "-5", "1" * 30, "٣"])
def test_an_id_that_is_no_number_is_an_error(server: JiraServer, connect: Any, native_id: str) -> None:
    server.add_fault(Fault("search/jql", Response({"issues": [{"id": native_id}], "isLast": True})))
    with pytest.raises(SourceContentError, match="answered an id that is none"):
        list(connect().changed(None))


def test_a_number_that_is_not_json_is_refused(server: JiraServer, connect: Any) -> None:
    """S3: not a number is not an amount; Python's own reader takes it."""
    nan = Response(b'{"issues": [{"id": "1", "x": NaN}], "isLast": true}', content_type="text/json")
    server.add_fault(Fault("search/jql", nan))
    with pytest.raises(SourceContentError):
        list(connect().changed(None))
