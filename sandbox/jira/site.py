"""What is in the stand-in Jira site, and the ways in which it changes."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sandbox.jira.content import (
    OWN_FIELDS,
    STATUSES,
    Change,
    Field,
    History,
    Issue,
    Person,
    Project,
    Sprint,
    Version,
)


class JiraSite:
    """A small Jira site. Safe to change while a server answers from it.

    ``now`` is asked for the time of every change. Changes append to the changelog and bump ``updated``; a version's
    date does not bump its issues (J19).
    """

    def __init__(
        self, *, email: str = "driftline@meridian.example", token: str = "jira-token", now: Callable[[], datetime]
    ) -> None:
        self.email = email
        self.token = token
        self.time_zone = "UTC"
        """The zone in the profile of the account, in which dates in a search are read (J15)."""
        self.lock = threading.RLock()
        self.projects: dict[str, Project] = {}
        self.versions: dict[str, Version] = {}
        self.sprints: dict[str, Sprint] = {}
        self.issues: dict[str, Issue] = {}
        self.people: dict[str, Person] = {}
        self.links: list[tuple[str, str]] = []
        """Pairs of issue ids: the first blocks the second."""
        self.former_keys: dict[str, str] = {}
        self.former_project_keys: dict[str, str] = {}
        self.too_large: set[str] = set()
        """Ids of issues that do not fit into an answer in bulk, which lists them as errors instead."""
        self.fields: dict[str, Field] = {known.id: known for known in OWN_FIELDS}
        self._now = now
        self._last_id = 10000
        self.add_person(email, "Driftline")

    def _next_id(self) -> str:
        self._last_id += 1
        return str(self._last_id)

    def add_project(self, key: str, name: str) -> str:
        """Open a project with a scrum board and return its id."""
        with self.lock:
            self.projects[key] = Project(self._next_id(), key, name, board_id=len(self.projects) + 1)
            return self.projects[key].id

    def add_version(
        self, project: str, name: str, *, release_date: date | None, start: date | None = None, released: bool = False
    ) -> str:
        with self.lock:
            version = Version(self._next_id(), self._project(project).key, name, start, release_date, released)
            self.versions[version.id] = version
            return version.id

    def add_sprint(self, project: str, name: str, *, start: date, end: date, state: str) -> str:
        """Add a sprint; its state is future, active or closed."""
        with self.lock:
            sprint = Sprint(self._next_id(), self._project(project).key, name, start, end, state)
            self.sprints[sprint.id] = sprint
            return sprint.id

    def add_person(self, email: str, name: str) -> Person:
        with self.lock:
            self.people[email] = Person(f"account-{len(self.people) + 1:04d}", email, name)
            return self.people[email]

    def add_field(self, id: str, name: str, schema_type: str, custom_type: str) -> None:  # noqa: A002 - Jira's word
        """Add a custom field; two fields may have one name (J24)."""
        with self.lock:
            self.fields[id] = Field(id, name, schema_type, custom_type)

    def add_issue(
        self,
        key: str,
        *,
        type: str = "Story",  # noqa: A002 - Jira's word
        summary: str,
        status: str = "To Do",
        assignee: str | None = None,
        start: date | None = None,
        due: date | None = None,
        parent: str | None = None,
        versions: Sequence[str] = (),
        sprint: str | None = None,
        labels: Sequence[str] = (),
        components: Sequence[str] = (),
        priority: str = "Medium",
        custom: Mapping[str, Any] | None = None,
        created: datetime,
        resolved: datetime | None = None,
    ) -> str:
        """Add an issue and return its id. Versions and sprint go by name, custom fields by id or name."""
        with self.lock:
            project = self._project(key.rpartition("-")[0]).key
            finished = (resolved or created) if STATUSES[status] == "done" else None
            issue = Issue(
                id=self._next_id(),
                key=key,
                type=type,
                summary=summary,
                status=status,
                assignee=self._person(assignee).email if assignee else None,
                start=start,
                due=due,
                parent=self.find(parent).id if parent else None,
                versions=[self._version(project, name).id for name in versions],
                sprint=self._sprint(project, sprint).id if sprint else None,
                labels=tuple(labels),
                components=tuple(components),
                priority=priority,
                custom={self._field(name).id: _raw(self._field(name), raw) for name, raw in (custom or {}).items()},
                created=created,
                updated=finished or created,
                resolved=finished,
            )
            self.issues[issue.id] = issue
            return issue.id

    def block(self, blocker_key: str, blocked_key: str, *, by: str | None = None) -> None:
        """Link two issues: the second needs the first. With ``by`` the link counts as made now, else as made long ago.

        Both changelogs tell it, and both issues are bumped, when it is made now.
        """
        with self.lock:
            blocker, blocked = self.find(blocker_key), self.find(blocked_key)
            self.links.append((blocker.id, blocked.id))
            if by is not None:
                self._record(blocker, by, Change("Link", "issuelinks", None, f"This issue blocks {blocked.key}"))
                self._record(blocked, by, Change("Link", "issuelinks", None, f"This issue is blocked by {blocker.key}"))

    def move_due(self, key: str, day: date | None, *, by: str) -> None:
        with self.lock:
            issue = self.find(key)
            self._record(issue, by, Change("duedate", "duedate", _text(issue.due), _text(day)))
            issue.due = day

    def move_release(self, project: str, name: str, day: date | None, *, by: str) -> None:
        """Move a version's date. Nothing tells its issues, and no changelog keeps it (J19)."""
        with self.lock:
            self._person(by)
            self._version(project, name).release_date = day

    def set_status(self, key: str, status: str, *, by: str) -> None:
        """Change the status; a final one sets the resolution."""
        with self.lock:
            issue = self.find(key)
            self._record(issue, by, Change("status", "status", issue.status, status))
            issue.status = status
            issue.resolved = issue.updated if STATUSES[status] == "done" else None

    def set_versions(self, key: str, names: Sequence[str], *, by: str) -> None:
        """Put an issue into these versions of its project, by name; each that it leaves or joins is told by its id."""
        with self.lock:
            issue = self.find(key)
            wanted = [self._version(issue.project, name) for name in names]
            ids = [version.id for version in wanted]
            left = [self.versions[one] for one in issue.versions if one not in ids]
            joined = [version for version in wanted if version.id not in issue.versions]
            changes = [Change("Fix Version", "fixVersions", one.id, None, one.name, None) for one in left]
            changes += [Change("Fix Version", "fixVersions", None, one.id, None, one.name) for one in joined]
            self._record(issue, by, *changes)
            issue.versions = ids

    def rename(self, key: str, summary: str, *, by: str) -> None:
        with self.lock:
            issue = self.find(key)
            self._record(issue, by, Change("summary", "summary", issue.summary, summary))
            issue.summary = summary

    def delete(self, key: str) -> None:
        """Delete an issue. Nothing will ever mention it again (J20)."""
        with self.lock:
            gone = self.issues.pop(self.find(key).id)
            self.links = [pair for pair in self.links if gone.id not in pair]

    def move_to_project(self, key: str, new_key: str) -> None:
        """Move an issue to another project: its key changes, its id stays (J21)."""
        with self.lock:
            issue = self.find(key)
            old, new = issue.project, self._project(new_key.rpartition("-")[0]).key
            changes = (Change("project", "project", old, new), Change("Key", "issuekey", issue.key, new_key))
            self._record(issue, self.email, *changes)
            self.former_keys[issue.key] = issue.id
            issue.key, issue.versions, issue.sprint = new_key, [], None

    def rename_project(self, key: str, new_key: str) -> None:
        """Give a project another key, and so all its issues; nothing tells it, and nothing is bumped (J21)."""
        with self.lock:
            for issue in [one for one in self.issues.values() if one.project == key]:
                self.former_keys[issue.key] = issue.id
                issue.key = f"{new_key}-{issue.key.rpartition('-')[2]}"
            for version in self.versions.values():
                version.project = new_key if version.project == key else version.project
            for sprint in self.sprints.values():
                sprint.project = new_key if sprint.project == key else sprint.project
            project = self.projects[new_key] = self.projects.pop(key)
            project.key = self.former_project_keys[key] = new_key

    def project(self, key: str) -> Project | None:
        """The project that has or had the key, unless it is not shown to us."""
        found = self.projects.get(self.former_project_keys.get(key, key))
        return None if found is None or found.hidden or found.state == "deleted" else found

    def shows(self, issue: Issue) -> bool:
        """Whether we may see an issue, archived ones included."""
        return not issue.withheld and self.projects[issue.project].live

    def find(self, key_or_id: str) -> Issue:
        """Find an issue by id, key or former key; raise KeyError when there is none."""
        if key_or_id in self.issues:
            return self.issues[key_or_id]
        for issue in self.issues.values():
            if issue.key == key_or_id:
                return issue
        return self.issues[self.former_keys[key_or_id]]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others from changing the site while one answer is made from it."""
        with self.lock:
            yield

    def _record(self, issue: Issue, by: str, *changes: Change) -> None:
        at = self._now()
        issue.history.append(History(self._next_id(), self._person(by), at, changes))
        issue.updated = max(issue.updated, at)

    def _project(self, key: str) -> Project:
        if key not in self.projects:
            raise KeyError(f"no project {key} in the stand-in")
        return self.projects[key]

    def _person(self, email: str) -> Person:
        return self.people.get(email) or self.add_person(email, email.partition("@")[0].replace(".", " ").title())

    def _version(self, project: str, name: str) -> Version:
        for version in self.versions.values():
            if (version.project, version.name) == (project, name):
                return version
        raise KeyError(f"no version {name} in {project}")

    def _sprint(self, project: str, name: str) -> Sprint:
        for sprint in self.sprints.values():
            if (sprint.project, sprint.name) == (project, name):
                return sprint
        raise KeyError(f"no sprint {name} in {project}")

    def _field(self, id_or_name: str) -> Field:
        named = [known for known in self.fields.values() if id_or_name in (known.id, known.name)]
        if len(named) != 1:
            raise KeyError(f"{len(named)} fields are called {id_or_name}")
        return named[0]


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _raw(known: Field, given: Any) -> Any:
    """Write a value the way Jira's JSON holds it; anything that is raw already stays."""
    if isinstance(given, date):
        return given.isoformat()
    if isinstance(given, Decimal):
        return float(given)
    if known.schema_type == "option" and isinstance(given, str):
        return {"value": given}
    if known.schema_type == "array" and isinstance(given, (list, tuple)):
        options = "select" in known.custom_type or "checkbox" in known.custom_type
        return [{"value": one} if options and isinstance(one, str) else one for one in given]
    return given
