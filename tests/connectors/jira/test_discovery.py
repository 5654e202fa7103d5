"""What a Jira source could be configured to read."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from sandbox.http import Fault, Response
from sandbox.jira import JiraServer, JiraSite
from tests.connectors.jira.world import BEFORE, FLOAT

SELECT = "com.atlassian.jira.plugin.system.customfieldtypes:select"


@pytest.fixture(params=["Cloud", "Server"])
def server(site: JiraSite, request: pytest.FixtureRequest) -> Iterator[JiraServer]:
    site.add_field("customfield_10050", "Cost of delay", "number", FLOAT)
    site.add_field("customfield_10051", "Tier", "option", SELECT)
    site.add_field("customfield_10052", "tier", "option", SELECT)
    site.add_project("LAB", "Laboratory")
    site.add_issue("ERP-90", summary="x", created=BEFORE, custom={"Cost of delay": Decimal("12.5")})
    site.add_issue("OPS-90", summary="x", created=BEFORE, custom={"Cost of delay": Decimal(3), "Tier": "Gold"})
    with JiraServer(site, page_size=50, deployment=request.param) as server:
        yield server


def test_own_fields_are_listed_with_type_sample_and_the_setting_to_write(connect: Any) -> None:
    """J24: the setting is the id, because names are not unique."""
    found = connect(fields={"cost": "cost of  DELAY"}).discover()
    fields = {one.id: one for one in found.fields}
    cost, tier, other = (fields[f"customfield_1005{n}"] for n in range(3))
    assert (cost.name, cost.kind, cost.sample, cost.containers) == (
        "Cost of delay",
        "number",
        "12.5",
        ("One ERP", "Operations"),
    )
    assert (cost.setting, cost.kept_as) == ("customfield_10050", "cost")
    assert (tier.sample, tier.containers, tier.setting, tier.kept_as) == (
        "Gold",
        ("Operations",),
        "customfield_10051",
        "",
    )
    assert (other.sample, other.containers, other.setting) == ("", (), "customfield_10052")
    assert found.option == "fields"
    assert found.problems == ()


def test_what_is_read_anyway_is_not_suggested(connect: Any) -> None:
    """J25, J26: the sprint and the links to epics are known by what they are."""
    names = {one.name: one.kept_as for one in connect().discover().fields}
    assert not {"Sprint", "Epic Link", "Parent Link"} & set(names)
    assert names["Start date"] == "start"


def test_every_project_that_we_see_is_listed(site: JiraSite, connect: Any) -> None:
    site.projects["LAB"].state = "archived"
    listed = {one.id: (one.name, one.state) for one in connect().discover().containers}
    assert listed == {
        "ERP": ("One ERP", "visible"),
        "OPS": ("Operations", "visible"),
        "LAB": ("Laboratory", "archived"),
    }


def test_a_configuration_that_is_wrong_is_a_problem_and_not_the_end(connect: Any) -> None:
    """J12, J24, S9."""
    found = connect(projects=("ERP", "NOPE"), fields={"tier": "Tier", "gone": "customfield_1"}).discover()
    assert [problem.message for problem in found.problems] == [
        "jira does not show the project NOPE",
        "2 fields of the site are named Tier",
        "the site has no field customfield_1",
    ]
    assert {"customfield_10051", "customfield_10052"} <= {one.id for one in found.fields}


def test_a_project_whose_issues_cannot_be_searched_is_a_problem(server: JiraServer, connect: Any) -> None:
    """J12: the other one still gives samples."""
    server.add_fault(Fault(r"POST .*/search(/jql)?$", Response({"errorMessages": ["no"]}, 400)))
    found = connect().discover()
    assert len(found.problems) == 1
    assert {one.id: one.containers for one in found.fields}["customfield_10050"] == ("Operations",)


def test_a_value_that_is_odd_is_shown_as_it_is(site: JiraSite, connect: Any) -> None:
    site.add_field("customfield_10060", "Day", "date", "x:datepicker")
    site.add_issue("ERP-91", summary="x", created=BEFORE, custom={"Day": "tomorrow " * 20})
    site.add_field("customfield_10061", "Days", "array", "x:multi")
    site.add_issue("ERP-92", summary="x", created=BEFORE, custom={"Days": ["Mon", "Tue"]})
    samples = {one.name: one.sample for one in connect().discover().fields}
    assert samples["Day"].startswith("tomorrow tomorrow")
    assert len(samples["Day"]) == 80
    assert samples["Days"] == "Mon, Tue"
