"""The Jira connector against a stand-in of Jira Cloud over real HTTP."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.jira import CONNECTOR, JiraConnector
from model.errors import SourceGoneError
from model.reading import Container, Cursor
from model.records import Move, NeedClaim, Release, Sprint, StatusCategory
from sandbox.http import Fault, Response
from sandbox.jira import JiraServer, JiraSite
from tests.connectors.contract import NOW, ConnectorContract, World, full_read, ids_of, records_of
from tests.connectors.jira.world import BEFORE, FLOAT, JiraWorld, items


class TestContract(ConnectorContract):
    @pytest.fixture
    def world(self, server: JiraServer) -> World:
        return JiraWorld(server)


def test_the_registry_finds_the_connector_by_its_kind() -> None:
    assert CONNECTOR is JiraConnector
    assert CONNECTOR.kind == "jira"


def test_an_issue_is_told_with_all_that_a_promise_can_hang_on(site: JiraSite, connect: Any) -> None:
    site.add_field("customfield_10050", "Cost of delay", "number", FLOAT)
    site.add_issue(
        "ERP-20",
        type="Story",
        summary="Migrate\u00a0 suppliers",
        status="In Review",
        assignee="ada.berg@meridian.example",
        start=date(2026, 9, 1),
        due=date(2026, 10, 30),
        parent="ERP-1",
        versions=["Go-live"],
        sprint="ERP 7",
        labels=["migration"],
        components=["Finance"],
        priority="High",
        custom={"Cost of delay": Decimal("12.5")},
        created=BEFORE,
    )
    site.block("OPS-1", "ERP-20")
    item = items(connect(fields={"cost": "customfield_10050"}))["ERP-20"]
    version = next(one.id for one in site.versions.values() if one.name == "Go-live")
    sprint = next(one.id for one in site.sprints.values() if one.name == "ERP 7")
    assert item.native_id == site.find("ERP-20").id
    assert item.title == "Migrate suppliers"
    assert item.url.endswith("/browse/ERP-20")
    assert item.owner == "ada.berg@meridian.example"
    assert (item.container, item.type) == ("ERP", "Story")
    assert (item.status, item.category) == ("In Review", StatusCategory.DOING)
    assert (item.start, item.due, item.finished) == (date(2026, 9, 1), date(2026, 10, 30), None)
    assert item.parent == site.find("ERP-1").id
    assert item.releases == (f"version:{version}",)
    assert item.sprint == f"sprint:{sprint}"
    assert item.needs == (NeedClaim("OPS-1"),)
    assert (item.labels, item.components, item.priority) == (("migration",), ("Finance",), "High")
    assert item.custom == {"cost": Decimal("12.5")}
    assert item.provenance["due"] == "duedate"
    assert item.provenance["cost"] == "customfield_10050"
    assert item.created == BEFORE


def test_only_the_blocked_issue_needs_the_other(site: JiraSite, connect: Any) -> None:
    site.block("ERP-2", "ERP-3")
    read = items(connect())
    assert read["ERP-3"].needs == (NeedClaim("ERP-2"),)
    assert read["ERP-2"].needs == ()


def test_link_types_that_mean_no_need_are_left_out(site: JiraSite, connect: Any) -> None:
    site.block("ERP-2", "ERP-3")
    assert items(connect(need_links=("Relates",)))["ERP-3"].needs == ()


def test_a_need_may_be_named_by_the_phrase_that_the_issue_shows(site: JiraSite, connect: Any) -> None:
    site.block("ERP-2", "ERP-3")
    read = items(connect(need_links=("is blocked by",)))
    assert (read["ERP-2"].needs, read["ERP-3"].needs) == ((), (NeedClaim("ERP-2"),))


@pytest.mark.parametrize(
    ("status", "given", "category"),
    [
        ("To Do", {}, StatusCategory.TODO),
        ("Blocked", {}, StatusCategory.DOING),
        ("Done", {}, StatusCategory.DONE),
        ("Won't Do", {}, StatusCategory.DROPPED),
        ("Won't Do", {"dropped": ()}, StatusCategory.DONE),
        ("In Review", {"statuses": {"in review": "done"}}, StatusCategory.DONE),
        ("Done", {"dropped": ("Done",)}, StatusCategory.DROPPED),
    ],
)
def test_a_status_means_what_jira_says_unless_the_configuration_says_otherwise(
    site: JiraSite, connect: Any, status: str, given: dict[str, Any], category: StatusCategory
) -> None:
    site.add_issue("OPS-9", summary="x", status=status, created=BEFORE)
    assert items(connect(**given))["OPS-9"].category is category


def test_work_is_finished_on_the_local_day_of_its_resolution(site: JiraSite, connect: Any) -> None:
    """J29: half past eleven in the evening in UTC is the next day in Berlin."""
    late = datetime(2026, 9, 15, 23, 30, tzinfo=UTC)
    site.add_issue("OPS-9", summary="x", status="Done", created=BEFORE, resolved=late)
    site.add_issue("OPS-10", summary="x", status="Won't Do", created=BEFORE, resolved=late)
    read = items(connect())
    assert read["OPS-9"].finished == date(2026, 9, 16)
    assert read["OPS-10"].finished is None


def test_a_blank_date_stays_unknown(connect: Any) -> None:
    item = items(connect())["OPS-1"]
    assert (item.start, item.due, item.finished, item.estimate) == (None, None, None, None)


def test_a_moved_date_is_told_with_who_and_when(site: JiraSite, connect: Any) -> None:
    """J10: from the bulk changelog, over all its pages, each move once."""
    for day in range(1, 10):
        site.move_due("ERP-2", date(2026, 11, day), by="ada@meridian.example")
        site.set_status("ERP-2", "In Progress", by="bo@meridian.example")
    moves = items(connect())["ERP-2"].moves
    at = NOW + timedelta(minutes=1)
    assert moves[0] == Move("due", date(2026, 10, 20), date(2026, 11, 1), at, "ada@meridian.example")
    assert [move.new for move in moves] == [date(2026, 11, day) for day in range(1, 10)]


def test_a_date_that_was_taken_away_is_a_move_to_nothing(site: JiraSite, connect: Any) -> None:
    site.move_due("ERP-2", None, by="ada@meridian.example")
    assert [(move.old, move.new) for move in items(connect())["ERP-2"].moves] == [(date(2026, 10, 20), None)]


def test_who_changed_status_and_releases_is_told(site: JiraSite, connect: Any) -> None:
    """F1.3: the bulk changelog is asked for these fields as well."""
    site.set_versions("ERP-2", ["Go-live"], by="ada@meridian.example")
    site.set_versions("ERP-2", [], by="bo@meridian.example")
    site.set_status("ERP-2", "Won't Do", by="bo@meridian.example")
    changes = items(connect())["ERP-2"].changes
    release = f"version:{next(each.id for each in site.versions.values() if each.name == 'Go-live')}"
    told = {(each.field, each.old, each.new, each.by) for each in changes}
    assert told >= {("releases", release, None, "bo@meridian.example")}
    assert ("status", "Won't Do", "bo@meridian.example") in {(each.field, each.new, each.by) for each in changes}


def test_versions_and_sprints_are_read_on_every_run(site: JiraSite, connect: Any) -> None:
    """J19: a release that slips touches none of its issues."""
    first = connect()
    full_read(first)
    cursor = Cursor((NOW + timedelta(days=1)).isoformat())
    site.move_release("ERP", "Go-live", date(2026, 12, 7), by="ada@meridian.example")
    again = connect()
    assert records_of(again.changed(cursor)) == []
    side = {record.key: record for record in records_of(again.side_tables())}
    release, sprint = side["Go-live"], side["ERP 7"]
    assert isinstance(release, Release)
    assert isinstance(sprint, Sprint)
    assert (release.start, release.release_date, release.released) == (date(2026, 8, 1), date(2026, 12, 7), False)
    assert (release.container, release.provenance["release_date"]) == ("ERP", "releaseDate")
    assert (sprint.state, sprint.start, sprint.end) == ("active", date(2026, 10, 5), date(2026, 10, 16))
    other = side["Wave 1"]
    assert isinstance(other, Release)
    assert (other.release_date, other.released) == (None, True)


def test_a_site_without_sprints_is_read_when_told_so(server: JiraServer, connect: Any) -> None:
    server.add_fault(Fault("/rest/agile", Response({"message": "not licensed"}, 404), times=None))
    with pytest.raises(SourceGoneError) as caught:
        list(connect().side_tables())
    assert "sprints: false" in caught.value.problems[0].hint
    kinds = {type(record) for record in records_of(connect(sprints=False).side_tables())}
    assert kinds == {Release}


def test_a_moved_issue_keeps_its_id_and_remembers_its_key(site: JiraSite, connect: Any) -> None:
    """J21."""
    native_id = site.find("ERP-5").id
    site.move_to_project("ERP-5", "OPS-50")
    item = items(connect())["OPS-50"]
    assert (item.native_id, item.former_keys, item.container) == (native_id, ("ERP-5",), "OPS")


def test_fetching_follows_an_issue_out_of_the_configured_projects(site: JiraSite, connect: Any) -> None:
    """J22: moved is not deleted."""
    native_id = site.find("ERP-5").id
    site.add_project("LAB", "Laboratory")
    site.move_to_project("ERP-5", "LAB-1")
    connector = connect()
    assert native_id not in ids_of(full_read(connector))
    assert [(one.native_id, one.key, one.container) for one in connector.fetch([native_id])] == [
        (native_id, "LAB-1", "LAB")
    ]


def test_fetching_finds_versions_and_sprints_too(site: JiraSite, connect: Any) -> None:
    wanted = {f"version:{next(iter(site.versions))}", f"sprint:{next(iter(site.sprints))}"}
    assert ids_of(connect().fetch(sorted(wanted))) == wanted


def test_more_than_a_hundred_issues_are_fetched_in_parts(site: JiraSite, server: JiraServer, connect: Any) -> None:
    ids = [site.add_issue(f"OPS-{n}", summary="x", created=BEFORE) for n in range(100, 250)]
    assert ids_of(connect().fetch(ids)) == set(ids)
    assert sum("bulkfetch" in line and "issue/" in line for line in server.requests) == 2


def test_the_census_reaches_the_end_of_a_large_project(site: JiraSite, connect: Any) -> None:
    """J8: pages of bare ids are long, and there is more than one."""
    for number in range(100, 450):
        site.add_issue(f"OPS-{number}", summary="x", created=BEFORE + timedelta(minutes=number))
    counted = list(connect().census(Container("OPS", "Operations")))
    assert len(counted) == 2 + 350 + 1
    assert len(set(counted)) == len(counted)


def test_the_question_for_changes_has_no_zone_and_no_upper_bound(server: JiraServer, connect: Any) -> None:
    """J15, J16, J17: epoch milliseconds, cut to the minute."""
    asked: list[str] = []
    original = server.answer

    def listening(method: str, target: str, headers: Any, body: bytes) -> Any:
        if "search/jql" in target:
            asked.append(json.loads(body)["jql"])
        return original(method, target, headers, body)

    server.answer = listening  # type: ignore[method-assign]
    list(connect().changed(Cursor("2026-10-06T05:44:59.123456+00:00")))
    assert min(asked) == 'project in ("ERP") AND updated >= 1791265440000 ORDER BY created ASC, key ASC'
    assert datetime.fromtimestamp(1791265440, UTC) == datetime(2026, 10, 6, 5, 44, tzinfo=UTC)


def test_the_cursor_goes_back_behind_the_start_of_the_run(connect: Any) -> None:
    """J18: the search index lags; what was changed while we read is seen by the next read."""
    assert connect().next_cursor() == Cursor((NOW - timedelta(minutes=15)).isoformat())


@pytest.mark.parametrize("position", ["", "b1946ac9", "2026-13-45"])
def test_a_cursor_that_is_no_time_means_to_read_everything(site: JiraSite, connect: Any, position: str) -> None:
    """S8."""
    assert ids_of(records_of(connect().changed(Cursor(position)))) == set(site.issues)


def test_an_issue_that_changes_between_pages_is_not_lost(site: JiraSite, connect: Any) -> None:
    """S7: the order of the walk does not depend on what changes."""
    seen: set[str] = set()
    for page in connect().changed(None):
        seen |= ids_of(page.records)
        site.move_due("ERP-2", date(2026, 12, 24), by="ada@meridian.example")
        site.move_due("ERP-6", date(2026, 12, 24), by="ada@meridian.example")
    assert seen == set(site.issues)


def test_an_archived_project_is_shown_and_not_read(site: JiraSite, connect: Any) -> None:
    """J22: its issues are not absent because they were deleted."""
    site.projects["OPS"].state = "archived"
    connector = connect()
    assert [(one.id, one.state) for one in connector.roster()] == [("ERP", "visible"), ("OPS", "archived")]
    assert all(record.container == "ERP" for record in full_read(connector))
    with pytest.raises(SourceGoneError, match="it is archived"):
        list(connector.census(Container("OPS", "Operations")))


def test_a_field_may_be_meant_by_its_name_when_the_name_is_unique(site: JiraSite, connect: Any) -> None:
    """J24."""
    site.add_field("customfield_10050", "Go-live owner", "user", "userpicker")
    site.add_issue("OPS-9", summary="x", created=BEFORE, custom={"Go-live owner": {"emailAddress": "a@b.example"}})
    assert items(connect(fields={"owner_of_go_live": "go-live  OWNER"}))["OPS-9"].custom == {
        "owner_of_go_live": "a@b.example"
    }


def test_a_field_that_is_missing_or_ambiguous_stops_the_read_and_shows_in_the_probe(
    site: JiraSite, connect: Any
) -> None:
    """J24, S9: a null would look like an answer; the ids to choose from are listed."""
    site.add_field("customfield_10050", "Value", "number", FLOAT)
    site.add_field("customfield_10051", "Value", "option", "x:select")
    connector = connect(fields={"value": "Value", "gone": "customfield_1"})
    messages = [problem.message for problem in connector.probe().problems]
    assert messages == ["2 fields of the site are named Value", "the site has no field customfield_1"]
    assert "customfield_10050 (float), customfield_10051 (select)" in connector.probe().problems[0].hint
    with pytest.raises(SourceGoneError):
        list(connector.changed(None))


def test_only_the_needed_fields_are_asked_for(server: JiraServer, connect: Any) -> None:
    """J9: not the default of all fields, and not one call for the list of fields per search (J24)."""
    list(connect().changed(None))
    assert sum("/field" in line for line in server.requests) == 1


def test_the_probe_says_who_we_are_and_what_is_there(connect: Any) -> None:
    probe = connect().probe()
    assert probe.identity == "driftline@meridian.example"
    assert probe.counts == [("ERP", 6), ("OPS", 2)]
    assert probe.problems == ()


def test_a_spoiled_issue_does_not_stop_the_read_of_its_page(site: JiraSite, connect: Any) -> None:
    """S10, over HTTP: the half character travels as an escape in valid JSON."""
    site.find("ERP-3").summary = "half \ud83d"
    pages = list(connect().changed(None))
    assert len(ids_of(records_of(pages))) == 7
    assert [one.native_id for page in pages for one in page.set_aside] == [site.find("ERP-3").id]
