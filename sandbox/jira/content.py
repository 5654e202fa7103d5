"""What there is in a Jira site: people, fields, projects, versions, sprints and issues with their changelogs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

START_FIELD = "customfield_10015"
SPRINT_FIELD = "customfield_10020"
EPIC_LINK_FIELD = "customfield_10014"
PARENT_LINK_FIELD = "customfield_10018"

STATUSES: Mapping[str, str] = {
    "To Do": "new",
    "In Progress": "indeterminate",
    "In Review": "indeterminate",
    "Blocked": "indeterminate",
    "Done": "done",
    "Won't Do": "done",
}
"""Every status with the key of its category."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    account_id: str
    email: str
    name: str

    @property
    def user_name(self) -> str:
        """The name with which somebody signs in at a Data Center."""
        return self.email.partition("@")[0]


@dataclass(frozen=True, slots=True)
class Field:
    """A field as ``/field`` lists it; ``custom_type`` is empty for Jira's own fields."""

    id: str
    name: str
    schema_type: str
    custom_type: str = ""


@dataclass(slots=True)
class Project:
    """A project with its scrum board. ``state`` is live, archived or deleted; a ``hidden`` one is not shown to us."""

    id: str
    key: str
    name: str
    board_id: int
    state: str = "live"
    hidden: bool = False

    @property
    def live(self) -> bool:
        """Whether we may read what is in it."""
        return self.state == "live" and not self.hidden


@dataclass(slots=True)
class Version:
    """A release of one project."""

    id: str
    project: str
    name: str
    start: date | None
    release_date: date | None
    released: bool
    archived: bool = False


@dataclass(slots=True)
class Sprint:
    """A sprint on the board of one project."""

    id: str
    project: str
    name: str
    start: date
    end: date
    state: str


@dataclass(frozen=True, slots=True)
class Change:
    """One field that changed. The raw values and, where they differ from these, how Jira shows them."""

    field: str
    field_id: str
    old: str | None
    new: str | None
    old_shown: str | None = None
    new_shown: str | None = None


@dataclass(frozen=True, slots=True)
class History:
    """One entry of a changelog."""

    id: str
    author: Person
    at: datetime
    changes: tuple[Change, ...]


@dataclass(slots=True, kw_only=True)
class Issue:
    """One issue as the site keeps it."""

    id: str
    key: str
    type: str
    summary: str
    status: str
    assignee: str | None
    start: date | None
    due: date | None
    parent: str | None
    versions: list[str]
    sprint: str | None
    labels: tuple[str, ...]
    components: tuple[str, ...]
    priority: str
    custom: dict[str, Any]
    created: datetime
    updated: datetime
    resolved: datetime | None
    history: list[History] = field(default_factory=list)
    archived: datetime | None = None
    withheld: bool = False
    """Whether a security level keeps it from us."""

    @property
    def project(self) -> str:
        return self.key.rpartition("-")[0]


_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes"

OWN_FIELDS = (
    Field("summary", "Summary", "string"),
    Field("issuekey", "Key", "string"),
    Field("issuetype", "Issue Type", "issuetype"),
    Field("project", "Project", "project"),
    Field("status", "Status", "status"),
    Field("statuscategorychangedate", "Status Category Changed", "datetime"),
    Field("resolution", "Resolution", "resolution"),
    Field("resolutiondate", "Resolved", "datetime"),
    Field("created", "Created", "datetime"),
    Field("updated", "Updated", "datetime"),
    Field("duedate", "Due date", "date"),
    Field("assignee", "Assignee", "user"),
    Field("parent", "Parent", "issuelink"),
    Field("fixVersions", "Fix versions", "array"),
    Field("labels", "Labels", "array"),
    Field("components", "Components", "array"),
    Field("priority", "Priority", "priority"),
    Field("issuelinks", "Linked Issues", "array"),
    Field("timeoriginalestimate", "Original estimate", "number"),
    Field("timeestimate", "Remaining Estimate", "number"),
    Field(START_FIELD, "Start date", "date", f"{_TYPES}:datepicker"),
    Field(SPRINT_FIELD, "Sprint", "array", "com.pyxis.greenhopper.jira:gh-sprint"),
)
