"""A stand-in for Asana: the part of its REST API that clients read, over a workspace that a story can move."""

import threading
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sandbox.asana.goals import goal_row
from sandbox.asana.workspace import WORKSPACE_GID, AsanaWorkspace, Project, Task, stamp
from sandbox.http import Request, Response, StandIn

_NOBODY = {"gid": "1", "name": "Driftline", "email": "driftline@example.com"}


class AsanaServer(StandIn):
    """Asana's REST API over a workspace; pages hold at most ``page_size`` rows whatever the caller asks for."""

    def __init__(self, workspace: AsanaWorkspace, page_size: int = 50) -> None:
        super().__init__()
        self.workspace = workspace
        self.page_size = page_size
        self._offsets: dict[str, tuple[str, int]] = {}
        self._offsets_made = 0
        self._offset_lock = threading.Lock()
        api = "/api/1.0"
        self.route("GET", f"{api}/users/me", self._me)
        self.route("GET", f"{api}/workspaces", self._workspaces)
        self.route("GET", f"{api}/projects", self._projects)
        self.route("GET", rf"{api}/projects/(?P<gid>[^/]+)", self._project)
        self.route("GET", rf"{api}/projects/(?P<gid>[^/]+)/sections", self._sections)
        self.route("GET", rf"{api}/projects/(?P<gid>[^/]+)/task_counts", self._task_counts)
        self.route("GET", rf"{api}/portfolios/(?P<gid>[^/]+)/items", self._portfolio_items)
        self.route("GET", f"{api}/goals", self._goals)
        self.route("GET", rf"{api}/goals/(?P<gid>[^/]+)", self._goal)
        self.route("GET", f"{api}/tasks", self._tasks)
        self.route("GET", rf"{api}/tasks/(?P<gid>[^/]+)", self._task)
        self.route("GET", rf"{api}/tasks/(?P<gid>[^/]+)/subtasks", self._subtasks)
        self.route("GET", rf"{api}/tasks/(?P<gid>[^/]+)/dependencies", self._dependencies)
        self.route("GET", rf"{api}/tasks/(?P<gid>[^/]+)/stories", self._stories)

    @property
    def api_url(self) -> str:
        """What a client is configured with."""
        return f"{self.url}/api/1.0"

    def expire_offsets(self) -> None:
        """Make every offset that was handed out useless, as Asana does after a while (A6)."""
        with self._offset_lock:
            self._offsets.clear()

    def authorise(self, request: Request) -> Response | None:
        if request.headers.get("Authorization") == f"Bearer {self.workspace.token}":
            return None
        return _error(401, "Not Authorized")

    def _me(self, request: Request) -> Response:
        me = next(
            iter(self.workspace.people.values()), {"gid": "1", "name": "Driftline", "email": "driftline@example.com"}
        )
        return self._one(request, {**me, "resource_type": "user", "workspaces": [self._workspace()]}, full=True)

    def _workspace(self) -> dict[str, Any]:
        return {"gid": WORKSPACE_GID, "resource_type": "workspace", "name": self.workspace.name}

    def _workspaces(self, request: Request) -> Response:
        return self._list(request, [self._workspace()])

    def _projects(self, request: Request) -> Response:
        if request.query.get("workspace", WORKSPACE_GID) != WORKSPACE_GID:
            return _error(404, "workspace: Unknown object")
        hidden = self.workspace.forbidden
        projects = [project for project in list(self.workspace.projects.values()) if project.gid not in hidden]
        wanted = request.query.get("archived")
        if wanted is not None:
            projects = [project for project in projects if project.archived == (wanted.lower() == "true")]
        return self._list(request, [self._project_row(project) for project in projects])

    def _project(self, request: Request) -> Response:
        project = self.workspace.projects.get(request.match["gid"])
        refusal = self._refusal(request.match["gid"], "project", known=project is not None)
        return refusal or self._one(request, self._project_row(project), full=True)

    def _sections(self, request: Request) -> Response:
        project = self.workspace.projects.get(request.match["gid"])
        if project is None:
            return _error(404, "project: Unknown object")
        rows = [{"gid": gid, "resource_type": "section", "name": name} for gid, name in project.sections.items()]
        return self._list(request, rows)

    def _task_counts(self, request: Request) -> Response:
        gid = request.match["gid"]
        listed = sum(gid in task.projects for task in list(self.workspace.tasks.values()))
        return self._one(request, {"num_tasks": listed}, full=False)

    def _portfolio_items(self, request: Request) -> Response:
        """What stands in a portfolio; what the caller may not see is left out, as in Asana."""
        gid = request.match["gid"]
        if "portfolios" in self.workspace.unpaid:
            return _error(402, "Portfolios are only available to organizations on a plan that includes them")
        refusal = self._refusal(gid, "portfolio", known=gid in self.workspace.portfolios)
        visible = (item for item in self.workspace.portfolios.get(gid, ()) if item not in self.workspace.forbidden)
        return refusal or self._list(request, [self._portfolio_item(item) for item in visible])

    def _portfolio_item(self, gid: str) -> dict[str, Any]:
        if gid in self.workspace.portfolios:
            return {"gid": gid, "resource_type": "portfolio", "name": "Portfolio"}
        return self._reference_to_project(gid)

    def _goals(self, request: Request) -> Response:
        """The goals of a workspace; what the caller may not see is left out, as in Asana."""
        workspace = request.query.get("workspace")
        if workspace is None:
            return _error(400, "You should specify one of portfolio, project, task, team or workspace")
        refusal = self._unpaid_goals() or self._refusal(workspace, "workspace", known=workspace == WORKSPACE_GID)
        shown = [goal for goal in list(self.workspace.goals.values()) if goal.gid not in self.workspace.forbidden]
        return refusal or self._list(request, [goal_row(goal, self.workspace.people) for goal in shown])

    def _goal(self, request: Request) -> Response:
        gid = request.match["gid"]
        goal = self.workspace.goals.get(gid)
        refusal = self._unpaid_goals() or self._refusal(gid, "goal", known=goal is not None)
        if refusal or goal is None:
            return refusal or _error(404, f"goal: Unknown object: {gid}")
        return self._one(request, goal_row(goal, self.workspace.people), full=True)

    def _unpaid_goals(self) -> Response | None:
        if "goals" in self.workspace.unpaid:
            return _error(402, "Goals are only available to organizations on a plan that includes them")
        return None

    def _tasks(self, request: Request) -> Response:
        gid = request.query.get("project")
        if gid is None:
            return _error(400, "You should specify one of workspace, project, tag, section or user_task_list")
        refusal = self._refusal(gid, "project", known=gid in self.workspace.projects)
        if refusal:
            return refusal
        since = request.query.get("modified_since")
        earliest = datetime.fromisoformat(since) if since else datetime.min.replace(tzinfo=UTC)
        tasks = [task for task in list(self.workspace.tasks.values()) if gid in task.projects]
        return self._task_list(request, [task for task in tasks if task.modified >= earliest])

    def _task(self, request: Request) -> Response:
        task = self.workspace.tasks.get(request.match["gid"])
        refusal = self._refusal(request.match["gid"], "task", known=task is not None)
        return refusal or self._one(request, self._task_row(task), full=True)

    def _subtasks(self, request: Request) -> Response:
        gid = request.match["gid"]
        refusal = self._refusal(gid, "task", known=gid in self.workspace.tasks)
        return refusal or self._task_list(request, self.workspace.subtasks(gid))

    def _dependencies(self, request: Request) -> Response:
        task = self.workspace.tasks.get(request.match["gid"])
        if task is None:
            return _error(404, "task: Unknown object")
        return self._list(request, [self._task_row(self.workspace.tasks[gid]) for gid in task.needs])

    def _stories(self, request: Request) -> Response:
        task = self.workspace.tasks.get(request.match["gid"])
        return _error(404, "task: Unknown object") if task is None else self._list(request, task.stories)

    def _refusal(self, gid: str, kind: str, *, known: bool) -> Response | None:
        if not gid.isdigit():
            return _error(400, f"{kind}: Not a recognized ID: {gid}")
        if gid in self.workspace.forbidden:
            return _error(403, f"{kind}: Not authorized to access the {kind}")
        return None if known else _error(404, f"{kind}: Unknown object: {gid}")

    def _project_row(self, project: Project | None) -> dict[str, Any]:
        if project is None:
            raise LookupError("refused before")
        return {
            "gid": project.gid,
            "resource_type": "project",
            "name": project.name,
            "archived": project.archived,
            "owner": self.workspace.people.get(project.owner or ""),
            "start_on": project.start.isoformat() if project.start else None,
            "due_on": project.due.isoformat() if project.due else None,
            "completed": project.completed_at is not None,
            "completed_at": stamp(project.completed_at),
            "created_at": stamp(project.created),
            "modified_at": stamp(project.modified),
            "current_status_update": self._status_update(project),
            "permalink_url": f"https://app.asana.com/1/{WORKSPACE_GID}/project/{project.gid}",
            "workspace": self._workspace(),
            "custom_field_settings": [
                {"gid": f"{gid}9", "custom_field": self._described(gid)}
                for gid in self.workspace.fields_of([project.gid])
            ],
        }

    def _status_update(self, project: Project) -> dict[str, Any] | None:
        if project.status is None:
            return None
        return {"gid": f"{project.gid}7", "resource_type": "status_update", "status_type": project.status}

    def _described(self, gid: str) -> dict[str, Any]:
        described = self.workspace.custom_fields[gid]
        return {**described, "resource_type": "custom_field", "resource_subtype": described["type"]}

    def _task_row(self, task: Task | None) -> dict[str, Any]:
        if task is None:
            raise LookupError("refused before")
        done, due_at = task.completed_at, task.due_at
        return {
            "gid": task.gid,
            "resource_type": "task",
            "resource_subtype": "milestone" if task.milestone else "default_task",
            "name": task.name,
            "completed": done is not None,
            "completed_at": stamp(done),
            "created_at": stamp(task.created),
            "modified_at": stamp(task.modified),
            "start_on": task.start.isoformat() if task.start else None,
            "start_at": None,
            "due_on": task.due.isoformat() if task.due else None,
            "due_at": stamp(due_at),
            "assignee": self.workspace.people.get(task.assignee or ""),
            "permalink_url": self._permalink(task),
            "parent": self._reference(task.parent),
            "num_subtasks": len(self.workspace.subtasks(task.gid)),
            "dependencies": [{"gid": gid, "resource_type": "task"} for gid in task.needs],
            "memberships": [self._membership(gid, section) for gid, section in task.projects.items()],
            "projects": [self._reference_to_project(gid) for gid in task.projects],
            "tags": [],
            "custom_fields": [
                self._custom_value(gid, task.custom.get(gid)) for gid in self.workspace.fields_of(task.projects)
            ],
        }

    def _permalink(self, task: Task) -> str:
        project = next(iter(task.projects), None)
        place = f"project/{project}/" if project else ""
        return f"https://app.asana.com/1/{WORKSPACE_GID}/{place}task/{task.gid}"

    def _reference(self, gid: str | None) -> dict[str, Any] | None:
        return {"gid": gid, "resource_type": "task", "name": self.workspace.tasks[gid].name} if gid else None

    def _reference_to_project(self, gid: str) -> dict[str, Any]:
        return {"gid": gid, "resource_type": "project", "name": self.workspace.projects[gid].name}

    def _membership(self, gid: str, section: str) -> dict[str, Any]:
        named = {"gid": section, "resource_type": "section", "name": self.workspace.projects[gid].sections[section]}
        return {"project": self._reference_to_project(gid), "section": named}

    def _custom_value(self, gid: str, value: Any) -> dict[str, Any]:
        row = {**self._described(gid), "display_value": _displayed(value)}
        match row["type"]:
            case "number":
                row["number_value"] = None if value is None else float(value)
            case "enum":
                row["enum_value"] = _choice(value)
            case "multi_enum":
                row["multi_enum_values"] = [_choice(one) for one in value or ()]
            case "date":
                row["date_value"] = _date_value(value)
            case "people":
                row["people_value"] = [self.workspace.people[one] for one in value or ()]
            case _:
                row["text_value"] = value
        return row

    def _one(self, request: Request, row: dict[str, Any], *, full: bool) -> Response:
        return Response({"data": _projected(row, request.query.get("opt_fields"), full=full)})

    def _task_list(self, request: Request, tasks: Sequence[Task]) -> Response:
        """A list of tasks without those that the caller may not see: nothing tells that they were left out."""
        shown = [task for task in tasks if task.gid not in self.workspace.forbidden]
        return self._list(request, shown, self._task_row)

    def _list(
        self, request: Request, listed: Sequence[Any], row_of: Callable[[Any], dict[str, Any]] = lambda row: row
    ) -> Response:
        start = 0
        asked = {name: value for name, value in request.query.items() if name not in ("offset", "limit")}
        fingerprint = f"{request.path}?{sorted(asked.items())}"
        if "offset" in request.query:
            place = self._offsets.get(request.query["offset"])
            if place is None or place[0] != fingerprint:
                return _error(400, "offset: Your pagination token has expired.")
            start = place[1]
        end = start + min(int(request.query.get("limit", self.page_size)), self.page_size)
        fields = request.query.get("opt_fields")
        page = [_projected(row_of(one), fields, full=False) for one in listed[start:end]]
        return Response({"data": page, "next_page": self._next_page(request, fingerprint, end, len(listed))})

    def _next_page(self, request: Request, fingerprint: str, end: int, total: int) -> dict[str, str] | None:
        if end >= total:
            return None
        with self._offset_lock:
            self._offsets_made += 1
            offset = f"eyJ0eXAiOiJKV1QifQ.{self._offsets_made}"
            self._offsets[offset] = (fingerprint, end)
        path = f"{request.path.removeprefix('/api/1.0')}?offset={offset}"
        return {"offset": offset, "path": path, "uri": f"{self.url}/api/1.0{path}"}


def _error(status: int, message: str) -> Response:
    links = "For more information on API status codes and how to handle them, read the docs on errors"
    return Response({"errors": [{"message": message, "help": links}]}, status)


def _displayed(value: Any) -> str | None:
    if value is None:
        return None
    return ", ".join(value) if isinstance(value, list | tuple) else str(value)


def _choice(value: str | None) -> dict[str, Any] | None:
    return None if value is None else {"gid": str(zlib.crc32(value.encode())), "name": value, "enabled": True}


def _date_value(value: date | datetime | None) -> dict[str, Any] | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return {"date": value.astimezone(UTC).date().isoformat(), "date_time": stamp(value)}
    return {"date": value.isoformat(), "date_time": None}


_COMPACT = ("resource_type", "name", "resource_subtype")


def _projected(row: dict[str, Any], opt_fields: str | None, *, full: bool) -> dict[str, Any]:
    """Keep what ``opt_fields`` names and the gid; without it, everything or the compact form (A14)."""
    if opt_fields is None:
        return row if full else {name: row[name] for name in ("gid", *_COMPACT) if name in row}
    return _kept(row, [path.split(".") for path in opt_fields.split(",")])


def _kept(row: dict[str, Any], paths: Sequence[Sequence[str]]) -> dict[str, Any]:
    kept: dict[str, Any] = {"gid": row["gid"]} if "gid" in row else {}
    for name, value in row.items():
        below = [path[1:] for path in paths if path[0] == name]
        if below:
            kept[name] = _kept_value(value, [path for path in below if path])
    return kept


def _kept_value(value: Any, paths: Sequence[Sequence[str]]) -> Any:
    if isinstance(value, list):
        return [_kept_value(one, paths) for one in value]
    if isinstance(value, dict):
        return _kept(value, paths) if paths else _compact(value)
    return value


def _compact(value: dict[str, Any]) -> dict[str, Any]:
    known = {name: value[name] for name in ("gid", *_COMPACT) if name in value}
    return known or dict(value)
