"""What Asana does not show us any more: projects that are lost, tasks that are kept from us (A11, A12, A18)."""

from collections.abc import Callable

import pytest

from model.errors import SchemaDriftError, SourceError, SourceGoneError
from model.reading import Container, Missing
from model.records import Absence
from sandbox.asana.faults import not_in_plan, not_shared, shrunken, sync_token_expired
from tests.connectors.asana.office import Office
from tests.connectors.contract import full_read, ids_of, records_of

LOSE: dict[str, Callable[[Office], object]] = {
    "403": lambda office: office.workspace.forbidden.add(office.sorting),
    "404": lambda office: office.workspace.delete_project(office.sorting),
}


@pytest.fixture(params=LOSE)
def lose(request: pytest.FixtureRequest) -> Callable[[Office], object]:
    return LOSE[request.param]


def test_a_project_that_is_not_shown_is_lost_and_the_others_are_read(
    office: Office, lose: Callable[[Office], object]
) -> None:
    kept = office.add("Kept")
    office.add("Lost", office.sorting)
    lose(office)
    connector = office.connector(projects=(office.roll_out, office.sorting), project_status=True)
    visible, lost = connector.roster()
    assert (visible.id, visible.state) == (office.roll_out, "visible")
    assert (lost.id, lost.state) == (office.sorting, "lost")
    assert lost.problem is not None
    assert lost.problem.message == (
        f"asana does not show us the project {office.sorting}: it was deleted, or is not shared with us"
    )
    assert "share the project" in lost.problem.hint
    assert ids_of(full_read(connector)) == {kept, office.roll_out}
    with pytest.raises(SourceGoneError, match="does not show us"):
        list(connector.census(lost))
    assert set(connector.census(visible)) == {kept, office.roll_out}


def test_a_probe_and_a_discovery_name_the_lost_project(office: Office, lose: Callable[[Office], object]) -> None:
    lose(office)
    connector = office.connector(projects=(office.roll_out, office.sorting))
    for told in (connector.probe(), connector.discover()):
        (problem,) = told.problems
        assert f"does not show us the project {office.sorting}" in problem.message


def test_when_every_project_is_lost_nothing_is_read_and_nothing_is_empty(office: Office) -> None:
    for gid in (office.roll_out, office.sorting):
        office.workspace.forbidden.add(gid)
    connector = office.connector(projects=(office.roll_out, office.sorting))
    assert [container.state for container in connector.roster()] == ["lost", "lost"]
    assert full_read(connector) == []


def test_a_field_of_the_lost_project_alone_does_not_stop_the_others(office: Office) -> None:
    office.workspace.add_custom_field("Supplier", "text", project=office.sorting)
    kept = office.add("Kept")
    office.workspace.forbidden.add(office.sorting)
    connector = office.connector(projects=(office.roll_out, office.sorting), fields={"supplier": "Supplier"})
    (record,) = full_read(connector)
    assert (record.native_id, record.custom) == (kept, {"supplier": None})
    assert connector.shape() == {"supplier": ""}, "what the field is now cannot be told"
    with pytest.raises(SchemaDriftError):
        office.read(projects=(office.roll_out,), fields={"supplier": "Supplier"})


def test_a_task_of_two_projects_is_read_from_the_one_that_is_left_a13(office: Office) -> None:
    shared = office.add("Clear the hall", office.sorting)
    office.workspace.add_to_project(shared, office.roll_out)
    office.workspace.forbidden.add(office.sorting)
    connector = office.connector(projects=(office.sorting, office.roll_out))
    assert [(one.native_id, one.container) for one in full_read(connector)] == [(shared, office.roll_out)]


def test_a_name_that_no_project_bears_is_an_error_because_its_records_cannot_be_told(office: Office) -> None:
    office.workspace.forbidden.add(office.roll_out)
    with pytest.raises(SourceGoneError, match="no project named Roll-out") as caught:
        list(office.connector().roster())
    assert "otherwise share the project with the account" in caught.value.problems[0].hint


def test_a_private_task_is_access_lost_and_a_deleted_one_is_gone_a11(office: Office) -> None:
    kept, hidden, gone = (office.add(name) for name in ("Kept", "Hidden", "Gone"))
    office.workspace.forbidden.add(hidden)
    office.workspace.delete(gone)
    answers = list(office.connector().fetch([hidden, gone, kept]))
    assert answers[0] == Missing(hidden, Absence.ACCESS_LOST)
    assert [one.native_id for one in answers[1:]] == [kept]
    (container, _) = office.connector().roster()
    assert list(office.connector().census(container)) == [kept], "no list shows what is private"


def test_a_subtask_whose_parent_became_private_is_access_lost_too_a11(office: Office) -> None:
    parent = office.add("Roll out")
    child = office.add("Book the hall", parent=parent)
    office.workspace.forbidden.add(parent)
    assert list(office.connector().fetch([child])) == [Missing(child, Absence.ACCESS_LOST)]


@pytest.mark.parametrize("fault", [not_in_plan, not_shared])
def test_a_resource_type_that_is_kept_from_us_is_not_available_and_never_empty_a18(
    office: Office, fault: Callable[[], object]
) -> None:
    office.add("Task")
    office.server.add_fault(fault())  # type: ignore[arg-type]
    (container, _) = office.connector().roster()
    for question in (
        lambda: records_of(office.connector().changed(None)),
        lambda: records_of(office.connector().side_tables()),
        lambda: list(office.connector().census(container)),
    ):
        with pytest.raises(SourceError):
            question()


def test_a_shrunken_list_shows_in_the_census_so_that_the_guard_can_doubt_it_a12(office: Office) -> None:
    office.add("Task")
    office.server.add_fault(shrunken())
    connector = office.connector()
    assert records_of(connector.changed(None)) == []
    assert [list(connector.census(container)) for container in connector.roster()] == [[], []]


def test_an_offset_that_was_used_is_never_taken_to_the_next_list_a5(office: Office) -> None:
    """The library writes into the options it is given; re-used for the next project, its first page would be left
    out."""
    gids = {office.add(f"Task {number}", project) for number in range(5) for project in (None, office.sorting)}
    assert ids_of(full_read(office.connector())) == gids
    first_pages = [line for line in office.server.requests if "/tasks?" in line and "offset=" not in line]
    assert len(first_pages) == 4, "two lists, once for the tasks and once for their subtasks"


def test_what_answers_with_412_is_an_error_a10(office: Office) -> None:
    office.add("Task")
    office.server.add_fault(sync_token_expired())
    with pytest.raises(SourceError, match="412"):
        office.read()


def test_the_stand_in_is_reached_through_the_official_client_a1(office: Office) -> None:
    """The library cannot be intercepted below its own connections; the tests speak real HTTP to a server."""
    office.add("Task")
    office.read()
    assert any(line.startswith("GET /api/1.0/tasks?") for line in office.server.requests)


def test_a_container_that_is_not_configured_has_no_census(office: Office) -> None:
    with pytest.raises(SourceGoneError, match="not among those"):
        list(office.connector().census(Container("1", "Other")))
