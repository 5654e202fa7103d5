"""How Jira's JSON becomes records: types of values, spoiled issues, directions of links."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.jira import JiraOptions
from connectors.jira.fields import FieldPlan, SiteField, field_value, sprint_value
from connectors.jira.records import JiraReader
from model.errors import RecordError
from model.records import NeedClaim, StatusCategory
from model.secret import Secret
from tests.connectors.contract import context_at


def a_reader(plan: FieldPlan | None = None, **given: Any) -> JiraReader:
    options = JiraOptions(
        kind="jira",
        url="https://meridian.atlassian.net/",
        email="a@b.example",
        token=Secret("env:X", "x"),
        projects=("ERP",),
        **given,
    )
    return JiraReader("jira", options, plan or FieldPlan(), context_at().zone, options.url)


def an_issue(**fields: Any) -> dict[str, Any]:
    return {
        "id": "10001",
        "key": "ERP-1",
        "fields": {
            "summary": "x",
            "issuetype": {"name": "Story"},
            "project": {"key": "ERP"},
            "status": {"name": "To Do", "statusCategory": {"key": "new"}},
            "created": "2026-09-01T10:00:00.000+0000",
            "updated": "2026-09-01T12:00:00.000+0200",
            **fields,
        },
    }


@pytest.mark.parametrize(
    "spoiled",
    [
        {"summary": "half \ud83d"},
        {"summary": "nul \x00"},
        {"summary": None},
        {"duedate": "0000-00-00"},
        {"created": "yesterday"},
        {"status": {}},
        {"assignee": {"displayName": "\udc00"}},
        {"issuelinks": [{"type": None, "inwardIssue": {"key": "ERP-2"}}]},
        {"fixVersions": ["x"]},
    ],
)
def test_a_spoiled_issue_is_set_aside_and_the_others_are_read(spoiled: dict[str, Any]) -> None:
    """S10."""
    reader = a_reader()
    with pytest.raises(RecordError):
        reader.issue(an_issue(**spoiled))
    records, set_aside = reader.issues([an_issue(**spoiled), an_issue() | {"id": "10002"}], {})
    assert [record.native_id for record in records] == ["10002"]
    assert [one.native_id for one in set_aside] == ["10001"]
    assert set_aside[0].reason
    json.dumps([set_aside[0].reason, set_aside[0].location]).encode()


@pytest.mark.parametrize("key", ["undefined", "something-new"])
def test_a_status_whose_category_jira_calls_undefined_means_nothing_that_is_known(key: str) -> None:
    """It is neither open nor done; a resolution beside it does not decide that, the configuration does."""
    status = {"name": "Parked", "statusCategory": {"id": 1, "key": key, "name": "No Category"}}
    given = {"status": status, "resolution": {"name": "Won't Do"}, "resolutiondate": "2026-09-02T10:00:00.000+0000"}
    parked, left_open = a_reader().issue(an_issue(**given)), a_reader().issue(an_issue(status=status))
    assert (parked.status, parked.category, parked.finished) == ("Parked", None, None)
    assert (left_open.status, left_open.category, left_open.finished) == ("Parked", None, None)
    said = a_reader(statuses={"parked": "dropped"}).issue(an_issue(**given))
    assert said.category is StatusCategory.DROPPED


def test_of_several_sprints_the_active_one_counts_else_the_nearest() -> None:
    """J25."""
    reader = a_reader(FieldPlan(sprint=SiteField("customfield_10020", "Sprint")))
    closed = {"id": 1, "name": "a, b=c]", "state": "closed", "startDate": "2026-01-01T00:00:00.000Z"}
    active = {"id": 2, "state": "active", "startDate": "2026-10-05T00:00:00.000Z"}
    near = {"id": 3, "state": "future", "startDate": "2026-10-19T00:00:00.000Z"}
    far = {"id": 4, "state": "future"}
    for sprints, expected in (
        ([closed, far, active], "sprint:2"),
        ([closed, far, near], "sprint:3"),
        ([far], "sprint:4"),
        ([closed], None),
        (None, None),
    ):
        assert reader.issue(an_issue(customfield_10020=sprints)).sprint == expected


STANDARD = (
    "id=7,rapidViewId=3,state=ACTIVE,name={name},startDate={start},endDate={start},completeDate=<null>,sequence=7"
)
NEWER = STANDARD + ",goal={goal},autoStartStop=false,synced=false"
OLDER = "rapidViewId=3,state=ACTIVE,name={name},startDate={start},endDate={start},completeDate=<null>,sequence=7,id=7"
BY_ALPHABET = (
    "completeDate=<null>,endDate={start},goal={goal},id=7,name={name},rapidViewId=3,sequence=7,"
    "startDate={start},state=ACTIVE"
)


@pytest.mark.parametrize("form", [STANDARD, NEWER, OLDER, BY_ALPHABET])
@pytest.mark.parametrize("goal", ["", "cut id=1, state=CLOSED], [ship]", "100 %!"])
@pytest.mark.parametrize(
    "name",
    [
        "Sprint 12",
        "[Customer] Sprint 03",
        "a],=b",
        "x,state=CLOSED,id=9,y",
        "name=z",
        "Ziel: A, B = C",
        "]",
        "",
        "12\n13",
    ],
)
@pytest.mark.parametrize("start", ["2026-10-05T08:00:00.000+02:00", "<null>"])
def test_a_sprint_is_read_from_a_java_objects_text(form: str, name: str, goal: str, start: str) -> None:
    """J25: whatever people wrote into its name and goal."""
    text = f"com.atlassian.greenhopper.service.sprint.Sprint@5f1b[{form.format(name=name, goal=goal, start=start)}]"
    assert sprint_value(text) == {"id": 7, "state": "active", "startDate": None if start == "<null>" else start}


def test_an_issue_of_a_data_center_is_in_its_active_sprint_and_one_that_cannot_be_read_is_told() -> None:
    """J25."""
    reader = a_reader(FieldPlan(sprint=SiteField("customfield_10020", "Sprint")))
    closed = "Sprint@1[id=1,rapidViewId=3,state=CLOSED,name=One,startDate=<null>,endDate=<null>]"
    active = "Sprint@2[id=2,rapidViewId=3,state=ACTIVE,name=Two,startDate=<null>,endDate=<null>]"
    assert reader.issue(an_issue(customfield_10020=[closed, active])).sprint == "sprint:2"
    with pytest.raises(RecordError, match="a sprint cannot be read"):
        reader.issue(an_issue(customfield_10020=["Sprint@3[who knows]"]))


@pytest.mark.parametrize("raw", ["ERP-9", {"key": "ERP-9"}, {"data": {"id": 10009, "key": "ERP-9"}, "showField": True}])
def test_an_epic_is_found_by_the_key_that_its_field_holds(raw: Any) -> None:
    """J26: text on most sites, an object on some."""
    reader = a_reader(FieldPlan(parents=(SiteField("customfield_1", "Epic"), SiteField("customfield_2", "Above"))))
    told = an_issue(customfield_2=raw)
    assert reader.parent_keys([told, an_issue(), {"fields": None}]) == {"ERP-9"}
    known = reader.issue(told, ids_by_key={"ERP-9": "10009"})
    assert (known.parent, known.provenance["parent"]) == ("10009", "customfield_2")
    assert reader.issue(told).parent is None
    sub_task = reader.issue(an_issue(customfield_2=raw, parent={"id": "10001"}), ids_by_key={"ERP-9": "10009"})
    assert (sub_task.parent, sub_task.provenance["parent"]) == ("10001", "parent")


def test_moves_of_a_custom_date_are_told_by_its_name_where_there_are_no_ids() -> None:
    """A Data Center's changelog; a date in a language of people is left out and not read as no date."""
    reader = a_reader(FieldPlan(start=SiteField("customfield_7", "Target start", "date")))
    told = {"field": "Target start", "fieldtype": "custom", "from": None, "fromString": "", "to": "2026-11-03"}
    text = {"field": "Target start", "fieldtype": "custom", "from": None, "fromString": "3/Nov/26", "to": None}
    entry = {"created": "2026-10-01T08:00:00.000+0000", "items": [told, text], "author": {"name": "ada"}}
    moves = reader.issue(an_issue(), [entry]).moves
    assert [(move.field, move.old, move.new, move.by) for move in moves] == [("start", None, date(2026, 11, 3), "ada")]


def test_an_extra_field_that_is_a_date_tells_its_moves_by_our_name() -> None:
    """Who approved which date when; an extra field that is no date has no moves."""
    extra = {
        "approved": SiteField("customfield_8", "Approved date", "date"),
        "region": SiteField("customfield_9", "Region", "string"),
    }
    reader = a_reader(FieldPlan(extra=extra))
    told = {"field": "Approved date", "fieldId": "customfield_8", "from": "2026-09-01", "to": "2026-10-01"}
    other = {"field": "Region", "fieldId": "customfield_9", "from": "2026-09-01", "to": "2026-10-01"}
    entry = {"created": "2026-08-01T08:00:00.000+0000", "items": [told, other], "author": {"displayName": "Ada"}}
    moves = reader.issue(an_issue(), [entry]).moves
    assert "customfield_8" in reader.changelog_fields
    assert "customfield_9" not in reader.changelog_fields
    assert [(move.field, move.old, move.new) for move in moves] == [("approved", date(2026, 9, 1), date(2026, 10, 1))]


def change(field: str, at: str, *, old: Any = None, new: Any = None, **more: Any) -> dict[str, Any]:
    """One entry of a changelog by ada; a version has its id and its name."""
    texts = {"fromString": more.pop("was", old), "toString": more.pop("now", new)}
    told = {"field": field, "fieldtype": "jira", "from": old, "to": new, **texts, **more}
    return {"created": f"2026-{at}T08:00:00.000+0000", "items": [told], "author": {"displayName": "Ada"}}


@pytest.mark.parametrize("ids", [{"fieldId": "status"}, {}])
def test_of_status_and_resolution_the_last_change_is_told_and_of_releases_every_one(ids: dict[str, str]) -> None:
    """With field ids as on Cloud, and by names alone as on Data Center; a field of people's own is none of them."""
    releases = {"fieldId": "fixVersions"} if ids else {}
    log = [
        change("status", "10-03", old="3", new="6", was="In Progress", now="Won\u00a0t Do", **ids),
        change("status", "10-01", old="1", new="3", was="To Do", now="In Progress", **ids),
        change("Fix Version", "10-01", new="10001", now="Aurora 4.0", **releases),
        change("Fix Version", "10-02", old="10001", was="Aurora 4.0", **releases),
        change("status", "10-04", was="Low", now="High", fieldtype="custom"),
    ]
    log[-1]["items"][0] |= {"fieldId": "customfield_9"} if ids else {}
    changes = a_reader().issue(an_issue(), log).changes
    assert [(each.field, each.old, each.new, each.at.day, each.by) for each in changes] == [
        ("releases", None, "version:10001", 1, "Ada"),
        ("releases", "version:10001", None, 2, "Ada"),
        ("status", "In Progress", "Won t Do", 3, "Ada"),
    ]


def test_a_link_type_that_points_the_other_way_is_named_by_its_phrase() -> None:
    """The phrase on the needing issue tells the direction."""
    kind = {"name": "Dependency", "inward": "is depended on by", "outward": "depends on"}
    links = [{"type": kind, "outwardIssue": {"key": "ERP-8"}}, {"type": kind, "inwardIssue": {"key": "ERP-9"}}]
    reader = a_reader(need_links=("depends on",))
    assert reader.issue(an_issue(issuelinks=links)).needs == (NeedClaim("ERP-8"),)


def test_times_from_the_epoch_are_read_in_milliseconds_and_in_seconds() -> None:
    change = {"field": "duedate", "fieldId": "duedate", "from": None, "to": "2026-11-03"}
    for created in (1789487114594, 1789487114, "2026-09-15T15:45:14.000+0000"):
        moves = a_reader().issue(an_issue(), [{"created": created, "items": [change]}]).moves
        assert moves[0].at.replace(microsecond=0) == datetime(2026, 9, 15, 15, 45, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "known", "expected"),
    [
        (None, SiteField("f", "F", "number"), None),
        ("", SiteField("f", "F", "string"), None),
        (12.10, SiteField("f", "F", "number"), Decimal("12.1")),
        (True, SiteField("f", "F", "any"), True),
        ("2026-10-01", SiteField("f", "F", "date"), date(2026, 10, 1)),
        ("2026-10-01T08:00:00.000+0200", SiteField("f", "F", "datetime"), datetime(2026, 10, 1, 6, tzinfo=UTC)),
        ({"value": "Gold\u00a0plus"}, SiteField("f", "F", "option"), "Gold plus"),
        ({"value": "EU", "child": {"value": "DE"}}, SiteField("f", "F", "option-with-child"), "EU / DE"),
        ([{"value": "a"}, {"value": "b"}], SiteField("f", "F", "array", "option"), ("a", "b")),
        ({"displayName": "Ada"}, SiteField("f", "F", "user"), "Ada"),
        ({"name": "Go-live"}, SiteField("f", "F", "version"), "Go-live"),
        (
            {"type": "doc", "content": [{"type": "new", "content": [{"text": "Hello"}, {"text": "you"}]}]},
            SiteField("f", "F", "string"),
            "Hello you",
        ),
    ],
)
def test_a_custom_value_has_the_type_of_its_field(raw: Any, known: SiteField, expected: Any) -> None:
    """J27 for rich text."""
    assert field_value(raw, known) == expected


def test_an_estimate_in_points_is_read_from_its_field_and_times_in_hours() -> None:
    points = SiteField("customfield_10016", "Story Points", "number")
    by_points = a_reader(FieldPlan(estimate=points)).issue(an_issue(customfield_10016=5.0, timeestimate=3600))
    by_time = a_reader().issue(an_issue(timeoriginalestimate=7200, timeestimate=5400))
    assert (by_points.estimate, by_points.remaining) == (Decimal("5.0"), None)
    assert (by_time.estimate, by_time.remaining) == (Decimal(2), Decimal("1.5"))


def test_the_same_answer_gives_the_same_record() -> None:
    reader = a_reader()
    assert reader.issue(an_issue()) == reader.issue(an_issue())
    assert reader.issue(an_issue()) != replace(reader.issue(an_issue()), title="y")


@pytest.mark.parametrize(
    ("assignee", "active"),
    [
        ({"displayName": "Anna", "active": True}, True),
        ({"displayName": "Anna", "active": False}, False),
        ({"displayName": "Anna"}, None),
        (None, None),
    ],
)
def test_whether_the_account_of_an_assignee_is_switched_on(assignee: Any, active: bool | None) -> None:
    assert a_reader().issue(an_issue(assignee=assignee)).owner_active is active
