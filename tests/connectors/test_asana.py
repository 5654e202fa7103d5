import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from connectors.asana import CONNECTOR, AsanaConnector, AsanaOptions
from connectors.asana.options import AsanaHttpOptions
from connectors.base import Connector
from model.errors import (
    InterruptedRunError,
    SourceContentError,
    SourceError,
    SourceGoneError,
    SourceRateLimitedError,
    SourceUnavailableError,
)
from model.reading import Container, Cursor, DiscoveredField, Missing
from model.records import Absence, Light, Move, NeedClaim, StatusCategory, WorkItem
from sandbox.http import LOGIN_PAGE, Fault, Response
from tests.connectors.asana.office import CREATED, LENA, OMAR, Office, running_office
from tests.connectors.contract import NOW, ConnectorContract, World, context_at, full_read, ids_of, records_of


@pytest.fixture
def office() -> Iterator[Office]:
    with running_office() as office:
        yield office


class AsanaWorld(World):
    secrets = ("asana-token", "revoked-token")
    hides_containers = True

    def __init__(self, office: Office) -> None:
        self.office = office
        self.token = "asana-token"
        tasks = [office.add(f"Task {number}") for number in range(8)]
        self.first = tasks[0]
        subtask = office.add("Book the hall", parent=tasks[1])
        office.add("Ask for a price", parent=subtask)
        office.add("Order the sorter", office.sorting)
        shared = office.add("Clear the hall", office.sorting)
        office.workspace.add_to_project(shared, office.roll_out)
        listed_subtask = office.add("Train the night shift", parent=tasks[2])
        office.workspace.add_to_project(listed_subtask, office.sorting)

    def connector(self, context) -> Connector:
        return AsanaConnector("asana", self.office.options(token=self.token), context)

    def expected_ids(self) -> set[str]:
        return set(self.office.workspace.tasks)

    def change_one(self) -> str:
        self.office.clock.now = NOW + timedelta(minutes=1)
        self.office.workspace.move_due(self.first, date(2026, 11, 20), by=LENA)
        return self.first

    def remove_one(self) -> str:
        self.office.workspace.delete(self.first)
        return self.first

    def break_access(self) -> None:
        self.token = "revoked-token"

    def answer_html(self) -> None:
        self.office.server.add_fault(Fault(response=LOGIN_PAGE, times=None))

    def hide_container(self) -> str:
        self.office.workspace.forbidden.add(self.office.sorting)
        return self.office.sorting


class TestAsanaContract(ConnectorContract):
    @pytest.fixture
    def world(self, office: Office) -> World:
        return AsanaWorld(office)


def test_a_milestone_with_its_needs_is_read_in_full_a18(office: Office) -> None:
    training = office.add("Train partners in Iberia")
    live = office.add(
        "Iberia live",
        assignee=OMAR,
        start=date(2026, 10, 1),
        due=date(2026, 10, 23),
        milestone=True,
        section=office.workspace.add_section(office.roll_out, "In progress"),
    )
    office.workspace.depend(live, training)
    record = office.read()["Iberia live"]
    assert (record.type, record.start, record.due) == ("milestone", date(2026, 10, 1), date(2026, 10, 23))
    assert (record.native_id, record.key, record.id) == (live, live, f"asana:{live}")
    assert (record.owner, record.status, record.container) == (OMAR, "In progress", office.roll_out)
    assert record.needs == (NeedClaim(training),)
    assert record.url.endswith(f"/project/{office.roll_out}/task/{live}")
    assert record.created == CREATED
    assert record.changed == office.clock.now
    assert record.provenance["due"] == "due_on"
    assert office.read()["Train partners in Iberia"].type == "task"


def test_a_due_time_counts_on_its_day_in_the_business_zone_a16(office: Office) -> None:
    gid = office.add("Sign the lease")
    office.workspace.set_due_time(gid, datetime(2026, 10, 8, 22, 30, tzinfo=UTC))
    record = office.one()
    assert record.due == date(2026, 10, 9)
    assert record.provenance["due"] == "due_at"


def test_a_completed_task_is_finished_on_its_day_in_the_business_zone(office: Office) -> None:
    gid = office.add("Install devices")
    office.clock.now = datetime(2026, 10, 1, 22, 15, tzinfo=UTC)
    office.workspace.complete(gid, by=OMAR)
    record = office.one()
    assert (record.category, record.finished) == (StatusCategory.DONE, date(2026, 10, 2))


@pytest.mark.parametrize(
    ("section", "completed", "phase", "expected"),
    [
        ("Waiting", False, None, StatusCategory.TODO),
        ("Waiting", True, None, StatusCategory.DONE),
        ("In Progress ", False, None, StatusCategory.DOING),
        ("Won't do", False, None, StatusCategory.DROPPED),
        ("Won't do", True, None, StatusCategory.DROPPED),
        ("Waiting", False, "Building", StatusCategory.DOING),
        ("Waiting", True, "Building", StatusCategory.DONE),
        ("In progress", True, "Cancelled", StatusCategory.DROPPED),
        ("In progress", False, "Thinking", StatusCategory.DOING),
        ("Waiting", False, "Thinking", None),
    ],
)
def test_the_category_follows_completion_status_and_section(
    office: Office, section: str, completed: bool, phase: str | None, expected: StatusCategory | None
) -> None:
    office.add(
        "Task",
        section=office.workspace.add_section(office.roll_out, section),
        completed=completed,
        custom={"Phase": phase},
    )
    record = office.one(
        doing_sections=("in progress",),
        dropped_sections=("Won't do",),
        status_field="Phase",
        statuses={"Building": "doing", "Cancelled": "dropped"},
    )
    assert record.category is expected
    assert record.status == (phase or section)


def test_a_task_in_no_section_has_no_status(office: Office) -> None:
    office.add("Task")
    assert office.one().status == ""


def test_a_reached_start_date_means_doing_only_when_configured(office: Office) -> None:
    office.add("Train the night shift", start=date(2026, 10, 6))
    assert office.one().category is StatusCategory.TODO
    assert office.one(start_means_doing=True).category is StatusCategory.DOING


@pytest.mark.parametrize(
    ("said", "light"),
    [
        ("Green", Light.GREEN),
        ("at risk", Light.YELLOW),
        ("RED", Light.RED),
        ("Fine, I guess", Light.GREY),
        (None, None),
    ],
)
def test_the_reported_light_is_read_from_its_field(office: Office, said: str | None, light: Light | None) -> None:
    office.add("Iberia live", custom={"Light": said})
    assert office.one(light_field="light").light is light


def test_custom_values_keep_their_types_a15(office: Office) -> None:
    for name, kind in (("Teams", "multi_enum"), ("Signed", "date"), ("Approvers", "people")):
        office.workspace.add_custom_field(name, kind)
    office.add(
        "Order the sorter",
        custom={
            "Budget": Decimal("0.25"),
            "Region": "Iberia",
            "Phase": "Building",
            "Teams": ["IT", "Ops"],
            "Signed": date(2026, 9, 1),
            "Approvers": [LENA],
        },
    )
    record = office.one(
        fields={
            "budget": "Budget",
            "region": "Region",
            "phase": "Phase",
            "teams": "Teams",
            "signed": "Signed",
            "approvers": "Approvers",
        }
    )
    assert record.custom == {
        "budget": Decimal("0.25"),
        "region": "Iberia",
        "phase": "Building",
        "teams": ("IT", "Ops"),
        "signed": date(2026, 9, 1),
        "approvers": (LENA,),
    }
    assert record.provenance["budget"].startswith("custom_fields.")


def test_an_unset_custom_field_is_unknown_and_not_zero(office: Office) -> None:
    office.add("Order the sorter")
    assert office.one(fields={"budget": "Budget"}).custom == {"budget": None}


def test_a_field_name_matches_across_no_break_spaces_a19(office: Office) -> None:
    office.workspace.add_custom_field("Budget\u00a0approved EUR", "number")
    office.add("Order the sorter", custom={"Budget\u00a0approved EUR": Decimal(0)})
    assert office.one(fields={"approved": "Budget approved EUR"}).custom == {"approved": Decimal(0)}


def test_a_vanished_custom_field_stops_the_read_and_is_named(office: Office) -> None:
    office.add("Order the sorter")
    with pytest.raises(SourceGoneError, match="no project of asana has the custom field Budgets") as caught:
        office.read(fields={"budget": "Budgets"})
    assert caught.value.problems[0].hint == "did you mean Budget?"
    (problem,) = office.connector(fields={"budget": "Budgets"}).probe().problems
    assert "Budgets" in problem.message


def test_a_field_name_that_two_fields_bear_must_be_named_by_gid(office: Office) -> None:
    second = office.workspace.add_custom_field("Budget", "number")
    office.add("Order the sorter", custom={second: Decimal(7)})
    with pytest.raises(SourceGoneError, match="several custom fields named Budget"):
        office.read(fields={"budget": "Budget"})
    assert office.one(fields={"budget": second}).custom == {"budget": Decimal(7)}


def test_a_gid_may_stand_in_yaml_as_a_number(office: Office) -> None:
    assert office.options(projects=(1209000000000001,)).projects == ("1209000000000001",)


def test_every_listing_names_the_fields_it_wants_a14(office: Office) -> None:
    office.add("Book the hall", parent=office.add("Roll out"))
    office.read()
    listings = [line for line in office.server.requests if "/tasks" in line]
    assert listings
    assert all("opt_fields=" in line for line in listings)


def test_a_task_in_two_projects_is_one_record_of_the_first_a13(office: Office) -> None:
    shared = office.add("Clear the hall", office.sorting)
    office.workspace.add_to_project(shared, office.roll_out)
    connector = office.connector()
    records = full_read(connector)
    assert [(record.native_id, record.container) for record in records] == [(shared, office.roll_out)]
    census = {container.id: list(connector.census(container)) for container in connector.roster()}
    assert census == {office.roll_out: [shared], office.sorting: []}


def test_a_subtask_knows_its_parent_and_stands_in_its_project_a9(office: Office) -> None:
    parent = office.add("Roll out", office.sorting)
    child = office.add("Book the hall", parent=parent)
    grandchild = office.add("Ask for a price", parent=child)
    subtasks = [record for record in records_of(office.connector().side_tables()) if isinstance(record, WorkItem)]
    assert {record.native_id: (record.parent, record.container) for record in subtasks} == {
        child: (parent, office.sorting),
        grandchild: (child, office.sorting),
    }


def test_a_change_in_a_subtask_alone_is_seen_by_an_incremental_read_a8(office: Office) -> None:
    child = office.add("Book the hall", parent=office.add("Roll out"))
    office.clock.now = NOW
    office.workspace.move_due(child, date(2026, 12, 1), by=LENA)
    connector = office.connector()
    cursor = Cursor((NOW - timedelta(minutes=15)).isoformat())
    assert records_of(connector.changed(cursor)) == []
    (subtask,) = records_of(connector.side_tables())
    assert isinstance(subtask, WorkItem)
    assert subtask.due == date(2026, 12, 1)


def test_an_expired_offset_restarts_the_listing_and_loses_nothing_a6(office: Office) -> None:
    gids = {office.add(f"Task {number}") for number in range(8)}
    pages = office.connector().changed(None)
    seen = ids_of(next(pages).records)
    office.server.expire_offsets()
    assert seen | ids_of(records_of(pages)) == gids


def test_an_offset_that_never_lasts_is_an_error_a6(office: Office) -> None:
    for number in range(8):
        office.add(f"Task {number}")
    office.server.add_fault(Fault("offset=", Response({"errors": []}, 400), times=None))
    with pytest.raises(SourceUnavailableError, match="forgot the place"):
        office.read()


def test_a_listing_that_leads_back_to_itself_is_an_error(office: Office) -> None:
    office.add("Task")
    circle = {"data": [], "next_page": {"offset": "again"}}
    office.server.add_fault(Fault(r"/tasks\?", Response(circle), times=None))
    with pytest.raises(SourceContentError, match="leads back"):
        office.read()


@pytest.mark.parametrize("body", [[], "text", {"errors": []}, {"data": "text"}, {"data": [{"name": "no gid"}]}])
def test_an_answer_of_another_form_is_an_error_a21(office: Office, body: object) -> None:
    office.server.add_fault(Fault(r"/tasks\?", Response(body), times=None))
    with pytest.raises(SourceContentError):
        office.read()


@pytest.mark.parametrize(
    ("status", "kind"), [(429, SourceRateLimitedError), (500, SourceUnavailableError), (402, SourceError)]
)
def test_an_exhausted_source_is_one_of_our_errors_a3(office: Office, status: int, kind: type[SourceError]) -> None:
    office.server.add_fault(Fault(r"/tasks\?", Response({"errors": []}, status), times=None))
    with pytest.raises(kind):
        office.read()


def test_a_short_outage_is_ridden_out(office: Office) -> None:
    office.add("Task")
    office.server.add_fault(Fault(r"/tasks\?", Response({"errors": []}, 503), times=1))
    assert list(office.read()) == ["Task"]


def test_the_library_leaves_no_handlers_and_no_threads_behind_a20(office: Office) -> None:
    office.read()
    level = logging.getLogger("urllib3").level
    office.read(date_history=True)
    # The stand-in may still be closing connections; it has a thread for each.
    ours = [one.name for one in threading.enumerate() if "process_request" not in one.name]
    assert not [name for name in ours if name.startswith(("ask", "ThreadPool", "Thread-pool"))]
    assert logging.getLogger("asana").handlers == []
    assert not any(isinstance(handler, logging.StreamHandler) for handler in logging.getLogger("urllib3").handlers)
    assert logging.getLogger("urllib3").level == level


def test_a_record_that_no_database_can_hold_is_set_aside_and_the_rest_is_read(office: Office) -> None:
    office.add("Task")
    broken = office.add("Half a \ud83d smile")
    (page,) = (page for page in office.connector().changed(None) if page.set_aside)
    assert [record.title for record in page.records] == ["Task"]
    assert [(one.native_id, one.reason) for one in page.set_aside] == [(broken, "title holds half a character")]


def test_a_date_that_is_none_sets_its_record_aside(office: Office) -> None:
    gid = office.add("Task")
    row = {"gid": gid, "name": "Task", "due_on": "0000-13-01", "created_at": None, "modified_at": None}
    office.server.add_fault(Fault(r"/tasks\?", Response({"data": [row], "next_page": None}), times=None))
    page = next(iter(office.connector().changed(None)))
    assert [one.native_id for one in page.set_aside] == [gid]


def test_fetching_tells_gone_from_forbidden_a11(office: Office) -> None:
    kept, gone, hidden = (office.add(name) for name in ("Kept", "Gone", "Hidden"))
    office.workspace.delete(gone)
    assert ids_of(office.connector().fetch([kept, gone, "not-a-gid"])) == {kept}
    office.workspace.forbidden.add(hidden)
    assert list(office.connector().fetch([hidden])) == [Missing(hidden, Absence.ACCESS_LOST)]


def test_a_task_that_moved_to_another_project_is_found_there(office: Office) -> None:
    elsewhere = office.workspace.add_project("Something else")
    task = office.add("Moved", elsewhere)
    subtask = office.add("Below it", parent=office.add("Roll out"))
    found = {record.native_id: record.container for record in office.connector().fetch([task, subtask])}
    assert found == {task: elsewhere, subtask: office.roll_out}


def test_a_project_that_is_not_there_is_named_with_the_nearest_name(office: Office) -> None:
    with pytest.raises(SourceGoneError, match="no project named Rollout") as caught:
        list(office.connector(projects=("Rollout",)).roster())
    assert caught.value.problems[0].hint.startswith("did you mean Roll-out? otherwise share the project")


def test_a_project_name_that_two_projects_bear_must_be_named_by_gid(office: Office) -> None:
    second = office.workspace.add_project("roll-out")
    with pytest.raises(SourceError, match="several projects") as caught:
        list(office.connector(projects=("Roll-out",)).roster())
    assert second in caught.value.problems[0].hint


def test_an_archived_project_is_shown_as_such_and_not_read(office: Office) -> None:
    kept, both = office.add("Kept"), office.add("In both")
    office.add("Put away", office.sorting)
    office.workspace.add_to_project(both, office.sorting)
    office.workspace.projects[office.sorting].archived = True
    assert {item.native_id: item.container for item in office.read(projects=(office.sorting, "Roll-out")).values()} == {
        kept: office.roll_out,
        both: office.roll_out,
    }
    assert list(office.connector().roster()) == [
        Container(office.roll_out, "Roll-out", "visible"),
        Container(office.sorting, "Sorting", "archived"),
    ]


def test_a_census_of_a_project_that_is_not_read_is_an_error(office: Office) -> None:
    with pytest.raises(SourceGoneError):
        list(office.connector().census(Container("1", "Other")))


def test_a_probe_counts_tasks_and_names_sections_that_are_not_there(office: Office) -> None:
    office.add("Task")
    office.workspace.add_section(office.roll_out, "Doing")
    probe = office.connector(doing_sections=("Doing", "Dong")).probe()
    assert probe.identity == f"Omar Haddad <{OMAR}>"
    assert probe.counts == [("tasks in Roll-out", 1), ("tasks in Sorting", 0)]
    assert [(problem.message, problem.hint) for problem in probe.problems] == [
        ("no project of asana has a section Dong", "did you mean Doing?")
    ]


def test_the_date_history_tells_who_moved_a_due_date(office: Office) -> None:
    gid = office.add("Train partners", due=date(2026, 10, 16))
    office.workspace.move_due(gid, date(2026, 11, 6), by=LENA)
    assert office.one().moves == ()
    expected = Move("due", date(2026, 10, 16), date(2026, 11, 6), office.clock.now, LENA)
    assert office.one(date_history=True).moves == (expected,)


def test_the_connector_is_found_under_its_kind() -> None:
    assert (CONNECTOR.kind, CONNECTOR.options_type) == ("asana", AsanaOptions)


def test_a_discovery_tells_projects_fields_and_a_value_of_each(office: Office) -> None:
    old = office.workspace.add_project("Put away", archived=True)
    only_there = office.workspace.add_custom_field("Supplier", "text", project=office.sorting)
    office.add("Order the sorter", office.sorting, custom={"Supplier": "Nordwind", "Budget": Decimal(7)})
    found = office.connector(fields={"budget": "Budget"}, light_field="light").discover()
    assert found.option == "fields"
    assert found.containers == [
        Container(office.roll_out, "Roll-out"),
        Container(office.sorting, "Sorting"),
        Container(old, "Put away", "archived"),
    ]
    fields = {field.name: field for field in found.fields}
    assert list(fields) == ["Budget", "Light", "Phase", "Region", "Supplier"]
    assert fields["Supplier"] == DiscoveredField(only_there, "Supplier", "text", "Nordwind", ("Sorting",), only_there)
    assert (fields["Budget"].kept_as, fields["Budget"].setting, fields["Budget"].sample) == ("budget", "Budget", "7")
    assert (fields["Light"].kept_as, fields["Light"].sample) == ("light_field", "")
    assert fields["Region"].containers == ("Roll-out", "Sorting")


def test_a_discovered_field_is_named_by_gid_unless_each_project_has_its_own_a15(office: Office) -> None:
    own = [
        office.workspace.add_custom_field("Size", "number", project=gid) for gid in (office.roll_out, office.sorting)
    ]
    twice = [office.workspace.add_custom_field("Cost", "number") for _ in range(2)]
    for gid in own:
        project = office.workspace.local_fields[gid]
        office.add(f"Task in {project}", project, custom={gid: Decimal(3)})
    settings = {field.id: field.setting for field in office.connector().discover().fields}
    assert {gid: settings[gid] for gid in (*own, *twice)} == dict.fromkeys(own, "Size") | {gid: gid for gid in twice}
    read = office.read(fields={"size": settings[own[0]], "cost": settings[twice[0]]})
    assert {record.custom["size"] for record in read.values()} == {Decimal(3)}


def test_a_discovery_survives_what_is_configured_wrongly(office: Office) -> None:
    found = office.connector(projects=("Rollout", "Sorting"), fields={"budget": "Budgets"}).discover()
    assert [problem.message for problem in found.problems] == [
        "asana shows us no project named Rollout",
        "no project of asana has the custom field Budgets",
    ]
    assert [container.name for container in found.containers] == ["Roll-out", "Sorting"]
    assert {field.name for field in found.fields} == {"Budget", "Light", "Phase", "Region"}


def test_the_projects_of_portfolios_are_read_with_those_of_portfolios_within_a18(office: Office) -> None:
    hall, night = (office.workspace.add_project(name) for name in ("Hall", "Night shift"))
    inner = office.workspace.add_portfolio(night, office.roll_out)
    outer = office.workspace.add_portfolio(hall, inner)
    office.workspace.portfolios[inner].append(outer)
    office.add("Clear it", hall)
    office.add("Train it", night)
    connector = office.connector(projects=("Roll-out",), portfolios=(outer,))
    assert [container.name for container in connector.roster()] == ["Roll-out", "Hall", "Night shift"]
    assert set(office.read(projects=("Roll-out",), portfolios=(int(outer),))) == {"Clear it", "Train it"}


@pytest.mark.parametrize(
    ("refuse", "said"),
    [
        (
            lambda office, gid: office.workspace.unpaid.add("portfolios"),
            "the plan of asana does not include portfolios",
        ),
        (lambda office, gid: office.workspace.forbidden.add(gid), "asana does not show us the portfolio"),
        (lambda office, gid: office.workspace.portfolios.pop(gid), "asana does not show us the portfolio"),
    ],
    ids=["402", "403", "404"],
)
def test_a_portfolio_that_is_not_available_is_never_an_empty_one_a18(
    office: Office, refuse: Callable[[Office, str], object], said: str
) -> None:
    hall = office.workspace.add_project("Hall")
    gid = office.workspace.add_portfolio(hall)
    office.add("Clear it", hall)
    refuse(office, gid)
    with pytest.raises(SourceGoneError, match=f"portfolios are not available: {said}"):
        list(office.connector(portfolios=(gid,)).roster())
    with pytest.raises(SourceGoneError):
        office.read(portfolios=(gid,))
    probe = office.connector(portfolios=(gid,)).probe()
    assert [container.name for container in probe.containers] == ["Roll-out", "Sorting"]
    (problem,) = probe.problems
    assert said in problem.message
    assert "take" in problem.hint
    assert office.connector(portfolios=(gid,)).discover().problems == list(probe.problems)
    assert office.connector().probe().problems == []


def test_a_portfolio_is_named_by_its_gid_alone(office: Office) -> None:
    with pytest.raises(ValidationError):
        office.options(portfolios=("Strategy 2026",))


def test_a_project_that_joins_later_is_read_in_full_however_old_its_tasks_are_a8(office: Office) -> None:
    """Its tasks did not change since the cursor, so that asking for changes would never show them."""
    hall = office.workspace.add_project("Hall")
    portfolio = office.workspace.add_portfolio()
    old = office.add("Clear it", hall)
    office.add("Roll out")
    before = office.connector(portfolios=(portfolio,))
    full_read(before)
    cursor = before.next_cursor()
    office.workspace.portfolios[portfolio].append(hall)
    joined = office.connector(portfolios=(portfolio,))
    assert ids_of(records_of(joined.changed(cursor))) == {old}
    assert ids_of(records_of(office.connector(portfolios=(portfolio,)).changed(joined.next_cursor()))) == set()


def test_a_cursor_of_a_bare_time_still_stands_for_every_project(office: Office) -> None:
    office.add("Roll out")
    cursor = Cursor((NOW - timedelta(minutes=15)).isoformat())
    assert records_of(office.connector().changed(cursor)) == []


@pytest.mark.parametrize(
    ("status", "light", "category"),
    [
        (None, None, StatusCategory.TODO),
        ("on_track", Light.GREEN, StatusCategory.DOING),
        ("at_risk", Light.YELLOW, StatusCategory.DOING),
        ("off_track", Light.RED, StatusCategory.DOING),
        ("on_hold", Light.GREY, StatusCategory.TODO),
        ("complete", Light.GREEN, StatusCategory.TODO),
        ("dropped", Light.GREY, StatusCategory.DROPPED),
        ("a_word_of_tomorrow", Light.GREY, StatusCategory.TODO),
    ],
)
def test_a_project_bears_the_light_of_its_latest_status_update_a18(
    office: Office, status: str | None, light: Light | None, category: StatusCategory
) -> None:
    office.workspace.plan_project(office.roll_out, owner=LENA, start=date(2026, 9, 1), due=date(2026, 10, 30))
    if status is not None:
        office.workspace.report_status(office.roll_out, status)
    assert "Roll-out" not in office.read()
    record = office.read(project_status=True)["Roll-out"]
    assert (record.native_id, record.container, record.type) == (office.roll_out, office.roll_out, "project")
    assert (record.light, record.category, record.status) == (light, category, (status or "").replace("_", " "))
    assert (record.owner, record.start, record.due) == (LENA, date(2026, 9, 1), date(2026, 10, 30))
    assert ("light" in record.provenance) == (status is not None)


def test_a_completed_project_is_finished_on_its_day_in_the_business_zone(office: Office) -> None:
    office.clock.now = datetime(2026, 10, 1, 22, 15, tzinfo=UTC)
    office.workspace.complete_project(office.roll_out)
    record = office.read(project_status=True)["Roll-out"]
    assert (record.category, record.finished) == (StatusCategory.DONE, date(2026, 10, 2))


def test_a_kept_project_is_part_of_its_census_and_stays_when_projects_are_no_longer_kept(office: Office) -> None:
    """The option alone proves no deletion: what is asked for by its id is found."""
    container = Container(office.roll_out, "Roll-out")
    assert list(office.connector(project_status=True).census(container)) == [office.roll_out]
    assert list(office.connector().census(container)) == []
    assert ids_of(office.connector().fetch([office.roll_out])) == {office.roll_out}


def test_a_project_that_cannot_be_understood_is_set_aside_and_its_tasks_are_read(office: Office) -> None:
    gid = office.add("Task")
    office.workspace.projects[office.roll_out].name = "Half a \ud83d smile"
    connector = office.connector(projects=(office.roll_out,), project_status=True)
    (page,) = connector.side_tables()
    assert [(one.native_id, one.reason) for one in page.set_aside] == [
        (office.roll_out, "title holds half a character")
    ]
    assert ids_of(records_of(connector.changed(None))) == {gid}


def test_neither_search_nor_events_are_relied_on_a7_a10(office: Office) -> None:
    """Search ends at 100 rows without a word, events are told at most once; lists and the census are complete."""
    office.add("Book the hall", parent=office.add("Roll out"))
    office.read(project_status=True, date_history=True)
    assert office.server.requests
    assert not [line for line in office.server.requests if "/search" in line or "/events" in line]


def test_a_wish_to_stop_ends_a_long_wait_at_once_a4(office: Office) -> None:
    """The library would sleep for as long as Retry-After says, and nobody could end it."""
    office.add("Task")
    office.server.add_fault(Fault(r"/tasks\?", Response({}, 429, {"Retry-After": "600"}), times=None))
    context = replace(context_at(), stop=threading.Event())
    connector = AsanaConnector("asana", office.options(), context)
    office.opened.append(connector)
    threading.Timer(0.2, context.stop.set).start()
    begun = time.monotonic()
    with pytest.raises(InterruptedRunError):
        full_read(connector)
    assert time.monotonic() - begun < 5


def test_an_answer_that_never_ends_is_given_up_in_time_a2(office: Office) -> None:
    office.add("Task")
    office.server.add_fault(Fault(r"/tasks\?", drip_seconds=0.2, times=None))
    hurried = AsanaHttpOptions(attempts=1, answer_deadline_seconds=1.0)
    with pytest.raises(SourceUnavailableError, match="did not finish its answer in time"):
        office.read(http=hurried)
