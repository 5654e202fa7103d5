"""Many requests at once: nothing is lost, nothing is asked twice, and never too much at a time."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.asana import AsanaConnector
from connectors.asana.options import AsanaHttpOptions, AsanaOptions
from model.errors import SourceUnavailableError
from model.reading import Page
from model.records import Move
from sandbox.asana.faults import offset_expired
from sandbox.http import Fault, Response
from tests.connectors.asana.office import LENA, Office, running_office
from tests.connectors.contract import NOW, full_read, ids_of, records_of
from tests.connectors.under_way import UnderWay


def _many(office: Office) -> list[str]:
    """Tasks, subtasks and their subtasks in two projects."""
    gids = []
    for number in range(20):
        project = office.sorting if number % 2 else office.roll_out
        gids.append(office.add(f"Task {number}", project, due=date(2026, 11, 2)))
        if number % 3 == 0:
            gids.append(office.add(f"Below {number}", parent=gids[-1], due=date(2026, 11, 2)))
            gids.append(office.add(f"Below that {number}", parent=gids[-1]))
    return gids


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.booleans(), st.lists(st.integers(0, 2), max_size=2, unique=True)), max_size=25
    )
)
def test_every_task_is_read_once_wherever_it_stands_a9_a13(tasks: list[tuple[int, bool, list[int]]]) -> None:
    with running_office(page_size=2) as office:
        projects = [office.roll_out, office.sorting, office.workspace.add_project("Hall")]
        gids: list[str] = []
        for number, (home, below, others) in enumerate(tasks):
            parent = gids[-1] if below and gids else None
            gids.append(office.add(f"Task {number}", projects[home], parent=parent))
            for other in others:
                office.workspace.add_to_project(gids[-1], projects[other])
        connector = office.connector(projects=tuple(projects))
        read = full_read(connector)
        assert sorted(record.native_id for record in read) == sorted(gids)
        census = {container.id: set(connector.census(container)) for container in connector.roster()}
        assert {record.native_id: record.container for record in read} == {
            gid: project for project, listed in census.items() for gid in listed
        }


@pytest.mark.parametrize("history", [False, True])
def test_never_more_requests_are_under_way_than_the_options_allow_a17(office: Office, history: bool) -> None:
    gids = _many(office)
    watch = UnderWay(office.server)
    for parallel in (1, 3, 8):
        watch.most = 0
        http = AsanaHttpOptions(parallel=parallel, requests_per_minute=1500)
        assert ids_of(full_read(office.connector(http=http, date_history=history))) == set(gids)
        assert watch.most <= parallel
        assert parallel == 1 or watch.most > 1


_WALKS = [AsanaConnector.side_tables, AsanaConnector.everything]
"""What walks every list to its end."""


@pytest.mark.parametrize("walk", _WALKS)
def test_a_census_after_a_walk_costs_no_request(
    office: Office, walk: Callable[[AsanaConnector], Iterable[Page]]
) -> None:
    gids = _many(office)
    connector = office.connector(http=AsanaHttpOptions(requests_per_minute=1500))
    records_of(walk(connector))
    containers = list(connector.roster())
    asked = len(office.server.requests)
    assert {gid for container in containers for gid in connector.census(container)} == set(gids)
    assert len(office.server.requests) == asked


@pytest.mark.parametrize("walk", _WALKS)
def test_a_walk_that_broke_off_is_no_census(office: Office, walk: Callable[[AsanaConnector], Iterable[Page]]) -> None:
    gids = _many(office)
    connector = office.connector(http=AsanaHttpOptions(attempts=1, requests_per_minute=1500))
    office.server.add_fault(Fault("/subtasks", Response({}, 500), after=3))
    with pytest.raises(SourceUnavailableError):
        records_of(walk(connector))
    counted = {gid for container in connector.roster() for gid in connector.census(container)}
    assert counted == set(gids)


def test_everything_walks_each_list_once_whatever_place_is_forgotten_a6(office: Office) -> None:
    gids = _many(office)
    connector = office.connector(http=AsanaHttpOptions(requests_per_minute=1500))
    assert sorted(record.native_id for record in records_of(connector.everything())) == sorted(gids)
    assert len([line for line in office.server.requests if "/tasks?" in line and "subtasks?" not in line]) < 20
    office.server.add_fault(offset_expired(after=2))
    again = office.connector(http=AsanaHttpOptions(requests_per_minute=1500))
    assert ids_of(records_of(again.everything())) == set(gids)


def test_an_offset_that_expires_in_one_of_many_lists_loses_nothing_a6(office: Office) -> None:
    gids = _many(office)
    office.server.add_fault(offset_expired(after=2))
    connector = office.connector(http=AsanaHttpOptions(requests_per_minute=1500))
    assert ids_of(full_read(connector)) == set(gids)
    counted = [gid for container in connector.roster() for gid in connector.census(container)]
    assert sorted(counted) == sorted(gids), "each once, however often the list began anew"


def test_moves_are_those_of_their_own_task_however_many_are_asked_at_once(office: Office) -> None:
    days = {office.add(f"Task {day}", due=date(2026, 11, 1)): date(2026, 11, 1 + day) for day in range(1, 20)}
    for gid, day in days.items():
        office.workspace.move_due(gid, day, by=LENA)
    http = AsanaHttpOptions(requests_per_minute=1500)
    for record in full_read(office.connector(date_history=True, http=http)):
        expected = Move("due", date(2026, 11, 1), days[record.native_id], office.clock.now, LENA)
        assert record.moves == (expected,)


def test_many_tasks_are_fetched_at_once_and_in_order(office: Office) -> None:
    gids = [office.add(f"Task {number}") for number in range(20)]
    watch = UnderWay(office.server)
    assert [one.native_id for one in office.connector().fetch(gids[::-1])] == gids[::-1]
    assert watch.most > 1


def test_by_default_no_more_is_asked_than_the_free_plan_grants_a17(office: Office) -> None:
    options = AsanaOptions.model_validate({"token": office.options().token, "projects": ["1"]})
    assert options.http.requests_per_minute == 150
    paid = AsanaOptions.model_validate(
        {"token": office.options().token, "projects": ["1"], "http": {"requests_per_minute": 1500}}
    )
    assert (paid.http.requests_per_minute, paid.http.parallel) == (1500, 8)
    patient = AsanaOptions.model_validate({"token": office.options().token, "projects": ["1"], "http": {"attempts": 2}})
    assert patient.http.requests_per_minute == 150, "another setting beside it leaves it as it is"


def test_a_task_that_leaves_its_list_while_it_is_read_is_found_by_its_id_a8_a11(office: Office) -> None:
    """It may be missing from a census that was taken meanwhile; asked for by its id, it is there."""
    gid = office.add("Task")
    office.clock.now = NOW + timedelta(minutes=1)
    office.workspace.tasks[gid].projects.clear()
    office.workspace.add_to_project(gid, office.sorting)
    (found,) = office.connector().fetch([gid])
    assert (found.native_id, getattr(found, "container", "")) == (gid, office.sorting)
