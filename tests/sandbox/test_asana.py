from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests

from sandbox.asana import AsanaServer, AsanaWorkspace

NOW = datetime(2026, 9, 14, 8, 0, tzinfo=UTC)
CREATED = NOW - timedelta(days=30)


class Desk:
    """A workspace with one project behind a running server, and a client of it."""

    def __init__(self) -> None:
        self.now = NOW
        self.workspace = AsanaWorkspace(now=lambda: self.now)
        self.workspace.add_person("omar@example.com", "Omar Haddad")
        self.project = self.workspace.add_project("Roll-out")
        self.server = AsanaServer(self.workspace, page_size=2)

    def get(self, path: str, token: str = "asana-token", **query: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{self.server.api_url}{path}", params=query, headers=headers, timeout=5)

    def data(self, path: str, **query: str) -> Any:
        return self.get(path, **query).json()["data"]

    def add(self, name: str, **values: Any) -> str:
        return self.workspace.add_task(name, project=self.project, created=CREATED, **values)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    with desk.server:
        yield desk


def test_a_wrong_token_is_told_so_in_json(desk: Desk) -> None:
    refused = desk.get("/users/me", token="other")
    assert refused.status_code == 401
    assert refused.json()["errors"][0]["message"] == "Not Authorized"
    assert desk.data("/users/me")["email"] == "omar@example.com"


def test_a_listing_is_walked_by_offsets_to_its_end(desk: Desk) -> None:
    gids = [desk.add(f"Task {number}") for number in range(5)]
    answer = desk.get("/tasks", project=desk.project, limit="100").json()
    seen = [[row["gid"] for row in answer["data"]]]
    while answer["next_page"]:
        offset = answer["next_page"]["offset"]
        answer = desk.get("/tasks", project=desk.project, limit="100", offset=offset).json()
        seen.append([row["gid"] for row in answer["data"]])
    assert seen == [gids[:2], gids[2:4], gids[4:]]


def test_an_expired_or_foreign_offset_is_refused(desk: Desk) -> None:
    for number in range(3):
        desk.add(f"Task {number}")
    offset = desk.get("/tasks", project=desk.project).json()["next_page"]["offset"]
    other = desk.get("/tasks", project=desk.project, opt_fields="name", offset=offset)
    assert other.status_code == 400
    desk.server.expire_offsets()
    assert desk.get("/tasks", project=desk.project, offset=offset).status_code == 400


def test_without_opt_fields_a_listed_task_is_compact(desk: Desk) -> None:
    desk.add("Task", due=date(2026, 10, 1))
    (compact,) = desk.data("/tasks", project=desk.project)
    assert set(compact) == {"gid", "name", "resource_type", "resource_subtype"}
    (asked,) = desk.data("/tasks", project=desk.project, opt_fields="due_on,memberships.section.name")
    assert set(asked) == {"gid", "due_on", "memberships"}
    assert asked["due_on"] == "2026-10-01"
    assert [set(membership) for membership in asked["memberships"]] == [{"section"}]


def test_a_change_moves_the_time_of_modification_and_a_parent_stays(desk: Desk) -> None:
    parent = desk.add("Parent")
    child = desk.add("Child", parent=parent)
    needed = desk.add("Needed")
    desk.now = NOW + timedelta(hours=1)
    desk.workspace.move_due(child, date(2026, 12, 1), by="omar@example.com")
    desk.workspace.depend(needed, parent)
    since = desk.now.isoformat()
    assert [row["name"] for row in desk.data("/tasks", project=desk.project, modified_since=since)] == ["Needed"]
    assert [row["name"] for row in desk.data(f"/tasks/{parent}/subtasks")] == ["Child"]
    assert [row["gid"] for row in desk.data(f"/tasks/{needed}/dependencies")] == [parent]
    story = desk.data(f"/tasks/{child}/stories", opt_fields="created_by.name,old_dates,new_dates")[0]
    assert story["created_by"]["name"] == "Omar Haddad"
    assert (story["old_dates"]["due_on"], story["new_dates"]["due_on"]) == (None, "2026-12-01")


def test_a_completed_task_says_when(desk: Desk) -> None:
    gid = desk.add("Task")
    desk.workspace.complete(gid, by="omar@example.com")
    row = desk.data(f"/tasks/{gid}")
    assert (row["completed"], row["completed_at"]) == (True, "2026-09-14T08:00:00.000Z")


def test_a_deleted_task_takes_its_subtasks_and_dependencies_with_it(desk: Desk) -> None:
    parent, other = desk.add("Parent"), desk.add("Other")
    child = desk.add("Child", parent=parent)
    desk.workspace.depend(other, parent)
    desk.workspace.delete(parent)
    assert [desk.get(f"/tasks/{gid}").status_code for gid in (parent, child, other)] == [404, 404, 200]
    assert desk.data(f"/tasks/{other}")["dependencies"] == []


def test_what_is_hidden_or_no_gid_is_refused(desk: Desk) -> None:
    gid = desk.add("Task")
    desk.workspace.forbidden.add(gid)
    assert desk.get(f"/tasks/{gid}").status_code == 403
    assert desk.get("/tasks/PROJ-1").status_code == 400
    assert desk.get("/tasks").status_code == 400


def test_projects_are_listed_with_sections_and_can_be_filtered(desk: Desk) -> None:
    old = desk.workspace.add_project("Old", archived=True)
    desk.workspace.add_section(desk.project, "In progress")
    assert [row["gid"] for row in desk.data("/projects", archived="true")] == [old]
    assert [row["name"] for row in desk.data(f"/projects/{desk.project}/sections")] == [
        "Untitled section",
        "In progress",
    ]
    desk.add("Task")
    assert desk.data(f"/projects/{desk.project}/task_counts", opt_fields="num_tasks") == {"num_tasks": 1}


def test_given_gids_never_collide_with_those_that_follow(desk: Desk) -> None:
    first = desk.add("First")
    desk.add("Given", gid=str(int(first) + 1))
    desk.add("Second")
    assert len(desk.workspace.tasks) == 3


def test_a_field_of_one_project_is_shown_there_and_on_its_tasks_alone(desk: Desk) -> None:
    other = desk.workspace.add_project("Other")
    local = desk.workspace.add_custom_field("Supplier", "text", project=other)
    common = desk.workspace.add_custom_field("Region", "text")
    gid = desk.add("Task")
    shown = "custom_field_settings.custom_field.gid"
    settings = [
        [
            each["custom_field"]["gid"]
            for each in desk.data(f"/projects/{project}", opt_fields=shown)[shown.split(".")[0]]
        ]
        for project in (desk.project, other)
    ]
    assert settings == [[common], [local, common]]
    assert [field["gid"] for field in desk.data(f"/tasks/{gid}", opt_fields="custom_fields.gid")["custom_fields"]] == [
        common
    ]


def test_a_portfolio_lists_what_the_caller_may_see_or_asks_for_a_plan(desk: Desk) -> None:
    hidden = desk.workspace.add_project("Hidden")
    inner = desk.workspace.add_portfolio()
    gid = desk.workspace.add_portfolio(desk.project, hidden, inner)
    desk.workspace.forbidden.add(hidden)
    listed = desk.data(f"/portfolios/{gid}/items")
    assert [(row["gid"], row["resource_type"]) for row in listed] == [(desk.project, "project"), (inner, "portfolio")]
    assert desk.get("/portfolios/1/items").status_code == 404
    desk.workspace.unpaid.add("portfolios")
    assert desk.get(f"/portfolios/{gid}/items").status_code == 402
