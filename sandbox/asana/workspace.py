"""The workspace behind the stand-in for Asana: people, projects and tasks that a story can move."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from sandbox.asana.goals import Goal

WORKSPACE_GID = "1207000000000001"
_FIRST_GID = 1209000000000001
_TIME_OF_COMPLETION = time(15, 0, tzinfo=UTC)


@dataclass(slots=True)
class Project:
    """A project with its sections, gid to name; ``status`` is the type of its latest status update."""

    gid: str
    name: str
    archived: bool
    created: datetime
    modified: datetime
    sections: dict[str, str] = field(default_factory=dict)
    owner: str | None = None
    start: date | None = None
    due: date | None = None
    completed_at: datetime | None = None
    status: str | None = None


@dataclass(slots=True)
class Task:
    """A task; ``projects`` maps each project it is homed in to the section there."""

    gid: str
    name: str
    projects: dict[str, str]
    created: datetime
    modified: datetime
    assignee: str | None = None
    start: date | None = None
    due: date | None = None
    due_at: datetime | None = None
    milestone: bool = False
    completed_at: datetime | None = None
    parent: str | None = None
    custom: dict[str, Any] = field(default_factory=dict)
    needs: list[str] = field(default_factory=list)
    stories: list[dict[str, Any]] = field(default_factory=list)


class AsanaWorkspace:
    """One workspace. Every change moves the task's ``modified_at`` to now, as in Asana; a parent's stays (A8)."""

    def __init__(self, *, token: str = "asana-token", now: Callable[[], datetime]) -> None:
        self.token = token
        self.now = now
        self.name = "Meridian"
        self.people: dict[str, dict[str, str]] = {}
        self.projects: dict[str, Project] = {}
        self.custom_fields: dict[str, dict[str, str]] = {}
        self.local_fields: dict[str, str] = {}
        """The one project of a custom field that is no other's (A15)."""
        self.tasks: dict[str, Task] = {}
        self._below: dict[str, list[str]] = {}
        self.portfolios: dict[str, list[str]] = {}
        """The gids of the projects and portfolios in each portfolio."""
        self.goals: dict[str, Goal] = {}
        self.unpaid: set[str] = set()
        """Resource types that the plan does not include; they answer 402 (A18)."""
        self.forbidden: set[str] = set()
        """Gids that answer 403: they exist, but the token's user may not see them."""
        self._next = _FIRST_GID

    def add_person(self, email: str, name: str) -> None:
        self.people[email] = {"gid": self._gid(), "resource_type": "user", "name": name, "email": email}

    def add_project(self, name: str, *, archived: bool = False) -> str:
        project = Project(self._gid(), name, archived, self.now(), self.now())
        self.projects[project.gid] = project
        self.add_section(project.gid, "Untitled section")
        return project.gid

    def add_section(self, project_gid: str, name: str) -> str:
        gid = self._gid()
        self.projects[project_gid].sections[gid] = name
        return gid

    def delete_project(self, gid: str) -> None:
        """Delete a project; its tasks remain, in no project or in their others."""
        del self.projects[gid]
        for task in self.tasks.values():
            if task.projects.pop(gid, None) is not None:
                task.modified = self.now()

    def plan_project(self, gid: str, *, owner: str, start: date | None = None, due: date | None = None) -> None:
        project = self.projects[gid]
        project.owner, project.start, project.due, project.modified = owner, start, due, self.now()

    def report_status(self, gid: str, status: str) -> None:
        """Post a status update: on_track, at_risk, off_track, on_hold, complete or dropped."""
        self.projects[gid].status, self.projects[gid].modified = status, self.now()

    def complete_project(self, gid: str) -> None:
        self.projects[gid].completed_at = self.projects[gid].modified = self.now()

    def add_portfolio(self, *items: str) -> str:
        """Add a portfolio of projects and portfolios."""
        gid = self._gid()
        self.portfolios[gid] = list(items)
        return gid

    def add_goal(self, name: str, **values: Any) -> str:
        """Add a goal with what ``Goal`` has; without a target it has no metric."""
        gid = self._gid()
        self.goals[gid] = Goal(gid=gid, name=name, **values)
        return gid

    def measure_goal(self, gid: str, current: float) -> None:
        """Enter the current value of a goal's metric."""
        self.goals[gid].current = current

    def add_custom_field(self, name: str, type: str, *, project: str | None = None) -> str:  # noqa: A002 - Asana's word
        """Add a field to every project, or to one alone: text, number, enum, multi_enum, date, people."""
        gid = self._gid()
        self.custom_fields[gid] = {"gid": gid, "name": name, "type": type}
        if project is not None:
            self.local_fields[gid] = project
        return gid

    def fields_of(self, projects: Iterable[str]) -> list[str]:
        """The gids of the custom fields that these projects show together."""
        shown = set(projects)
        return [gid for gid in self.custom_fields if self.local_fields.get(gid) in {None, *shown}]

    def add_task(
        self,
        name: str,
        *,
        project: str,
        section: str | None = None,
        assignee: str | None = None,
        start: date | None = None,
        due: date | None = None,
        milestone: bool = False,
        completed: bool = False,
        completed_on: date | None = None,
        parent: str | None = None,
        custom: Mapping[str, Any] = {},
        created: datetime,
        gid: str | None = None,
    ) -> str:
        """Add a task; one with a parent is a subtask and stands in no project's list of its own (A9)."""
        gid = gid or self._gid()
        finished = datetime.combine(completed_on, _TIME_OF_COMPLETION) if completed_on else created
        self.tasks[gid] = Task(
            gid=gid,
            name=name,
            projects={} if parent else {project: section or next(iter(self.projects[project].sections))},
            created=created,
            modified=max(created, finished) if completed else created,
            assignee=assignee,
            start=start,
            due=due,
            milestone=milestone,
            completed_at=finished if completed else None,
            parent=parent,
            custom={self._field(field_name): value for field_name, value in custom.items()},
        )
        if parent:
            self._below.setdefault(parent, []).append(gid)
        return gid

    def subtasks(self, gid: str) -> list[Task]:
        """The subtasks right below a task."""
        return [self.tasks[below] for below in self._below.get(gid, ()) if below in self.tasks]

    def add_to_project(self, task_gid: str, project_gid: str, section: str | None = None) -> None:
        """Home a task in one more project (A13)."""
        project = self.projects[project_gid]
        self._touch(task_gid).projects[project_gid] = section or next(iter(project.sections))

    def move_to_section(self, task_gid: str, project_gid: str, section: str) -> None:
        self._touch(task_gid).projects[project_gid] = section

    def depend(self, task_gid: str, on_gid: str) -> None:
        """Say that a task waits for another."""
        self._touch(task_gid).needs.append(on_gid)

    def move_due(self, gid: str, day: date | None, *, by: str) -> None:
        task = self._touch(gid)
        old, task.due, task.due_at = task.due, day, None
        self._tell(
            task,
            by,
            "due_date_changed",
            old_dates={"due_on": old.isoformat() if old else None, "start_on": None},
            new_dates={"due_on": day.isoformat() if day else None, "start_on": None},
        )

    def set_due_time(self, gid: str, moment: datetime) -> None:
        """Give a task a due time instead of a due day; Asana then shows the day in UTC too (A16)."""
        task = self._touch(gid)
        task.due_at, task.due = moment, moment.astimezone(UTC).date()

    def complete(self, gid: str, *, by: str) -> None:
        task = self._touch(gid)
        task.completed_at = task.modified
        self._tell(task, by, "marked_complete")

    def rename(self, gid: str, name: str) -> None:
        self._touch(gid).name = name

    def delete(self, gid: str) -> None:
        """Delete a task with its subtasks; nothing of it remains to be read (A11)."""
        for subtask in self.subtasks(gid):
            self.delete(subtask.gid)
        del self.tasks[gid]
        for task in self.tasks.values():
            if gid in task.needs:
                task.needs.remove(gid)

    def set_custom(self, gid: str, field_name: str, value: Any, *, by: str) -> None:
        task = self._touch(gid)
        task.custom[self._field(field_name)] = value
        self._tell(task, by, "enum_custom_field_changed")

    def _gid(self) -> str:
        while str(self._next) in self.tasks:
            self._next += 1
        self._next += 1
        return str(self._next - 1)

    def _field(self, name: str) -> str:
        return next(gid for gid, described in self.custom_fields.items() if name in (gid, described["name"]))

    def _touch(self, gid: str) -> Task:
        task = self.tasks[gid]
        task.modified = self.now()
        return task

    def _tell(self, task: Task, by: str, subtype: str, **dates: Any) -> None:
        author = self.people.get(by, {"gid": "0", "name": by, "email": by})
        story = {"resource_type": "story", "resource_subtype": subtype, "created_at": stamp(task.modified)}
        task.stories.append({"gid": self._gid(), "created_by": author, **story, **dates})


def stamp(moment: datetime | None) -> str | None:
    """Write a time as Asana does: UTC with milliseconds."""
    if moment is None:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
