"""Goals as measurements: their numbers, their census, and what happens where the plan has none."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.asana.goals import goal_record
from connectors.asana.projects import Project, workspaces_of
from connectors.base import Connector
from model.errors import RecordError, SourceContentError, SourceGoneError
from model.reading import Container, Missing
from model.records import Absence, Measurement
from sandbox.asana.faults import not_in_plan, not_shared, offset_expired
from sandbox.asana.workspace import WORKSPACE_GID
from sandbox.http import LOGIN_PAGE, Fault, Response
from tests.connectors.asana.office import LENA, OMAR, Office, running_office
from tests.connectors.contract import NOW, ConnectorContract, World, full_read, ids_of, records_of

REFUSE: dict[str, Callable[[Office], object]] = {
    "402": lambda office: office.workspace.unpaid.add("goals"),
    "403": lambda office: office.workspace.forbidden.add(WORKSPACE_GID),
}


def measured(office: Office, **changes: object) -> dict[str, Measurement]:
    records = full_read(office.connector(goals=True, **changes))
    return {record.title: record for record in records if isinstance(record, Measurement)}


def roster(connector: Connector) -> dict[str, Container]:
    return {container.id: container for container in connector.roster()}


class GoalsWorld(World):
    """Tasks and goals; what changes and what is deleted is a goal."""

    secrets = ("asana-token", "revoked-token")
    hides_containers = True

    def __init__(self, office: Office) -> None:
        self.office = office
        self.token = "asana-token"
        for number in range(7):
            office.add(f"Task {number}")
        office.add("Order the sorter", office.sorting)
        self.goals = [office.workspace.add_goal(f"Goal {number}", current=1, target=number) for number in range(5)]

    def connector(self, context: Any) -> Connector:
        return self.office.connector(context, token=self.token, goals=True)

    def expected_ids(self) -> set[str]:
        return {*self.office.workspace.tasks, *(f"goal:{gid}" for gid in self.office.workspace.goals)}

    def change_one(self) -> str:
        self.office.clock.now = NOW + timedelta(minutes=1)
        self.office.workspace.measure_goal(self.goals[3], 2)
        return f"goal:{self.goals[3]}"

    def remove_one(self) -> str:
        del self.office.workspace.goals[self.goals[2]]
        return f"goal:{self.goals[2]}"

    def break_access(self) -> None:
        self.token = "revoked-token"

    def answer_html(self) -> None:
        self.office.server.add_fault(Fault(response=LOGIN_PAGE, times=None))

    def hide_container(self) -> str:
        self.office.workspace.unpaid.add("goals")
        return "goals"


class TestGoalsContract(ConnectorContract):
    @pytest.fixture
    def world(self) -> Iterator[World]:
        with running_office() as office:
            yield GoalsWorld(office)


def test_a_goal_is_a_measurement_with_what_people_entered(office: Office) -> None:
    gid = office.workspace.add_goal(
        "Orders a day",
        owner=LENA,
        current=812.5,
        target=1000,
        period="Q4 FY26",
        start=date(2026, 10, 1),
        due=date(2026, 12, 31),
    )
    assert measured(office)["Orders a day"] == Measurement(
        source="asana",
        native_id=f"goal:{gid}",
        key=gid,
        title="Orders a day",
        owner=LENA,
        container="goals",
        provenance={
            "title": "name",
            "metric": "name",
            "owner": "owner",
            "reporter": "owner",
            "value": "metric.current_number_value",
            "target": "metric.target_number_value",
            "period": "time_period.display_name",
        },
        metric="Orders a day",
        value=Decimal("812.5"),
        target=Decimal(1000),
        period="Q4 FY26",
        reporter=LENA,
    )


def test_goals_are_read_only_when_they_are_asked_for(office: Office) -> None:
    office.workspace.add_goal("Orders a day", target=1)
    connector = office.connector()
    assert full_read(connector) == []
    assert "goals" not in roster(connector)
    assert not [line for line in office.server.requests if "/goals" in line]
    with pytest.raises(SourceGoneError):
        list(connector.census(Container("goals", "Goals")))


@pytest.mark.parametrize(
    ("metric", "value", "target", "unit", "told_by"),
    [
        ({"unit": "percentage", "current": 0.25, "target": 1}, "25", "100", "%", "metric.unit"),
        ({"unit": "percentage", "current": 0.251, "target": 0.07}, "25.1", "7", "%", "metric.unit"),
        ({"unit": "percentage", "current": 1e-07, "target": 12}, "0.00001", "1200", "%", "metric.unit"),
        (
            {"unit": "currency", "currency": "EUR", "current": 1.5e6, "target": 2000000.0},
            "1500000",
            "2000000",
            "EUR",
            "metric.currency_code",
        ),
        ({"unit": "currency", "current": -3, "target": 0}, "-3", "0", "currency", "metric.unit"),
        ({"unit": "none", "current": 0, "target": 8.12}, "0", "8.12", "", None),
        ({"unit": "stars", "current": 4, "target": 5}, "4", "5", "stars", "metric.unit"),
    ],
)
def test_numbers_are_told_as_people_see_them_a15(
    office: Office, metric: dict[str, Any], value: str, target: str, unit: str, told_by: str | None
) -> None:
    office.workspace.add_goal("Goal", **metric)
    record = measured(office)["Goal"]
    assert (str(record.value), str(record.target), record.unit) == (value, target, unit)
    assert record.provenance.get("unit") == told_by


@given(st.floats(-1e12, 1e12, allow_nan=False))
def test_no_digit_of_a_percentage_is_lost_or_invented_a15(told: float) -> None:
    row = {"gid": "1", "name": "Goal", "metric": {"unit": "percentage", "current_number_value": told}}
    value = goal_record("asana", row).value
    assert value is not None
    assert value == Decimal(str(told)) * 100
    assert "E" not in str(value) or value == 0 or abs(value) < Decimal("0.000001")


def test_what_is_not_measured_is_unknown_and_not_zero(office: Office) -> None:
    office.workspace.add_goal("Without a metric", owner=OMAR)
    office.workspace.add_goal("Not entered yet", owner=OMAR, target=10)
    read = measured(office)
    bare = read["Without a metric"]
    assert (bare.value, bare.target, bare.reporter, bare.owner) == (None, None, None, OMAR)
    assert (read["Not entered yet"].value, read["Not entered yet"].target) == (None, Decimal(10))
    assert "value" not in read["Not entered yet"].provenance


def test_a_metric_that_does_not_count_in_numbers_leaves_the_value_unknown() -> None:
    metric = {"resource_subtype": "text", "current_number_value": 5, "target_number_value": 6, "unit": "none"}
    record = goal_record("asana", {"gid": "1", "name": "Goal", "metric": metric})
    assert (record.value, record.target) == (None, None)


def test_what_asana_works_out_itself_nobody_reports(office: Office) -> None:
    office.workspace.add_goal("Roll-outs", owner=LENA, current=0.5, target=1, progress_source="subgoal_progress")
    record = measured(office)["Roll-outs"]
    assert (record.owner, record.reporter) == (LENA, None)
    assert "reporter" not in record.provenance


@pytest.mark.parametrize(
    ("row", "period", "told_by"),
    [
        (
            {"time_period": {"start_on": "2026-10-01", "end_on": "2026-12-31"}},
            "2026-10-01 to 2026-12-31",
            "time_period",
        ),
        ({"start_on": "2026-10-01", "due_on": "2026-12-31"}, "2026-10-01 to 2026-12-31", "start_on, due_on"),
        ({"due_on": "2026-12-31", "time_period": None}, "until 2026-12-31", "due_on"),
        ({}, "", None),
    ],
)
def test_without_a_named_period_its_dates_stand_for_it(row: dict[str, Any], period: str, told_by: str | None) -> None:
    record = goal_record("asana", {"gid": "1", "name": "Goal", **row})
    assert (record.period, record.provenance.get("period")) == (period, told_by)


def test_a_new_value_is_another_record_of_the_same_goal(office: Office) -> None:
    gid = office.workspace.add_goal("Orders a day", current=1, target=5)
    before = measured(office)["Orders a day"]
    office.workspace.measure_goal(gid, 2)
    assert measured(office)["Orders a day"] == replace(before, value=Decimal(2))


def test_goals_are_read_on_every_run_because_they_tell_no_time_of_change(office: Office) -> None:
    office.workspace.add_goal("Orders a day", current=1, target=5)
    connector = office.connector(goals=True)
    full_read(connector)
    later = office.connector(goals=True)
    assert records_of(later.changed(connector.next_cursor())) == []
    assert [record.title for record in records_of(later.side_tables())] == ["Orders a day"]


def test_roster_side_tables_and_census_cost_one_walk(office: Office) -> None:
    gids = {f"goal:{office.workspace.add_goal(f'Goal {number}', target=1)}" for number in range(7)}
    connector = office.connector(goals=True)
    container = roster(connector)["goals"]
    read = [one.native_id for one in records_of(connector.side_tables()) if one.container == "goals"]
    assert sorted(read) == sorted(connector.census(container)) == sorted(gids)
    assert len([line for line in office.server.requests if "/goals" in line]) == 3, "three pages of three"


def test_an_offset_that_expires_loses_and_repeats_no_goal_a6(office: Office) -> None:
    gids = [f"goal:{office.workspace.add_goal(f'Goal {number}', target=1)}" for number in range(7)]
    office.server.add_fault(offset_expired(after=1))
    connector = office.connector(goals=True)
    assert sorted(one.native_id for one in records_of(connector.side_tables())) == sorted(gids)


@pytest.mark.parametrize("refuse", REFUSE.values(), ids=REFUSE)
def test_goals_that_are_refused_are_lost_and_never_empty_and_the_tasks_are_read_a18(
    office: Office, refuse: Callable[[Office], object]
) -> None:
    kept = office.add("Kept")
    office.workspace.add_goal("Orders a day", target=1)
    refuse(office)
    connector = office.connector(projects=(office.roll_out,), goals=True)
    lost = roster(connector)["goals"]
    assert (lost.name, lost.state) == ("Goals", "lost")
    assert lost.problem is not None
    assert lost.problem.message.startswith("goals are not available: ")
    assert "goals: false" in lost.problem.hint
    assert ids_of(full_read(connector)) == {kept}
    with pytest.raises(SourceGoneError, match="goals are not available"):
        list(connector.census(lost))
    probe = office.connector(goals=True).probe()
    assert [problem.message for problem in probe.problems] == [lost.problem.message]
    assert "goals" not in dict(probe.counts)


@pytest.mark.parametrize(
    ("fault", "said"), [(not_in_plan, "the plan of asana"), (not_shared, "does not show them to our account")]
)
def test_the_problem_tells_a_plan_without_goals_from_a_right_that_lacks_a18(
    office: Office, fault: Callable[[str], Fault], said: str
) -> None:
    office.server.add_fault(fault("goals"))
    problem = roster(office.connector(goals=True))["goals"].problem
    assert problem is not None
    assert said in problem.message


def test_a_plan_without_goals_says_nothing_while_they_are_not_asked_for_a18(office: Office) -> None:
    office.workspace.unpaid.add("goals")
    assert office.connector().probe().problems == []


def test_goals_that_cannot_be_read_for_another_reason_are_an_error(office: Office) -> None:
    office.server.add_fault(Fault("/goals", Response({"errors": []}, 400), None))
    with pytest.raises(SourceContentError):
        list(office.connector(goals=True).roster())


def test_a_probe_counts_the_goals(office: Office) -> None:
    office.workspace.add_goal("Orders a day", target=1)
    assert dict(office.connector(goals=True).probe().counts)["goals"] == 1


def test_a_workspace_without_goals_is_empty_and_not_lost(office: Office) -> None:
    container = roster(office.connector(goals=True))["goals"]
    assert container.state == "visible"
    assert list(office.connector(goals=True).census(container)) == []


def test_each_workspace_of_the_projects_is_asked_once() -> None:
    rows = [{"workspace": {"gid": "7"}}, {"workspace": {"gid": "8"}}, {"workspace": {"gid": "7"}}, {}]
    projects = [Project(str(number), "Project", False, {}, {}, row) for number, row in enumerate(rows)]
    assert workspaces_of(projects) == ["7", "8"]


def test_goals_are_lost_when_no_project_tells_their_workspace(office: Office) -> None:
    for gid in (office.roll_out, office.sorting):
        office.workspace.forbidden.add(gid)
    connector = office.connector(projects=(office.roll_out, office.sorting), goals=True)
    assert {container.state for container in connector.roster()} == {"lost"}
    assert full_read(connector) == []


def test_a_fetched_goal_is_the_one_of_the_full_read_and_a_deleted_one_is_gone(office: Office) -> None:
    kept, gone, hidden = (office.workspace.add_goal(name, target=1) for name in ("Kept", "Gone", "Hidden"))
    read = measured(office)["Kept"]
    del office.workspace.goals[gone]
    office.workspace.forbidden.add(hidden)
    task = office.add("Task")
    wanted = [f"goal:{gone}", f"goal:{hidden}", f"goal:{kept}", task, "goal:x", "goal:"]
    answers = list(office.connector(goals=True).fetch(wanted))
    assert answers[:2] == [Missing(f"goal:{hidden}", Absence.ACCESS_LOST), read]
    assert [answer.native_id for answer in answers[2:]] == [task]
    assert f"goal:{hidden}" not in office.connector(goals=True).census(Container("goals", "Goals"))


def test_a_goal_is_not_gone_because_the_plan_lost_goals_a18(office: Office) -> None:
    gid = office.workspace.add_goal("Orders a day", target=1)
    office.workspace.unpaid.add("goals")
    assert list(office.connector(goals=True).fetch([f"goal:{gid}"])) == [Missing(f"goal:{gid}", Absence.ACCESS_LOST)]


@pytest.mark.parametrize("told", [float("inf"), float("nan"), True, "many", {}])
def test_a_number_that_is_none_is_refused(told: object) -> None:
    with pytest.raises(RecordError):
        goal_record("asana", {"gid": "1", "name": "Goal", "metric": {"unit": "none", "current_number_value": told}})


def test_a_goal_that_cannot_be_understood_is_set_aside_and_counted(office: Office) -> None:
    office.workspace.add_goal("Good", target=1)
    bad = office.workspace.add_goal("Bad", target="many")
    connector = office.connector(goals=True)
    pages = list(connector.side_tables())
    assert [record.title for record in records_of(pages)] == ["Good"]
    assert [aside.native_id for page in pages for aside in page.set_aside] == [f"goal:{bad}"]
    assert f"goal:{bad}" in connector.census(Container("goals", "Goals"))
    with pytest.raises(SourceContentError):
        list(office.connector(goals=True).fetch([f"goal:{bad}"]))
