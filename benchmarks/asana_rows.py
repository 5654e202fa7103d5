"""A large Asana workspace: the tasks of four projects, serialised beforehand."""

import random
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from benchmarks.http_server import Answers, Asked, RefusedError

PROJECTS = ("1200000000000001", "1200000000000002", "1200000000000003", "1200000000000004")
MAPPED_FIELDS = (
    *("gid", "name", "resource_subtype", "completed", "completed_at", "created_at", "modified_at", "start_on"),
    *("start_at", "due_on", "due_at", "assignee.email", "assignee.name", "permalink_url", "parent.gid"),
    *("num_subtasks", "dependencies.gid", "tags.name", "memberships.project.gid", "memberships.section.name"),
)
"""What Driftline asks for, and so what the reference decodes."""
_FIRST_DAY = datetime(2025, 1, 6, 8, tzinfo=UTC)
_PAGE_ROWS = 100
_API = "/api/1.0"


class AsanaRows:
    """The tasks of four projects; one in a hundred has a subtask."""

    def __init__(self, tasks: int) -> None:
        chance = random.Random(tasks)  # noqa: S311 - the same rows every time
        self._modified: list[str] = []
        self._fields: list[dict[str, bytes]] = []
        self._subtasks: dict[str, bytes] = {}
        self._places = {project: list(range(number, tasks, len(PROJECTS))) for number, project in enumerate(PROJECTS)}
        for place in range(tasks):
            self._add(place, chance)

    def _add(self, place: int, chance: random.Random) -> None:
        gid = str(1_300_000_000_000_000 + place)
        subtasks = place % 100 == 0
        row: dict[str, Any] = _task(place, gid, PROJECTS[place % len(PROJECTS)], chance) | {
            "num_subtasks": int(subtasks)
        }
        if subtasks:
            below: dict[str, Any] = _task(place, f"{gid}9", None, chance) | {"parent": {"gid": gid}, "memberships": []}
            self._subtasks[gid] = orjson.dumps(below)
        self._modified.append(row["modified_at"])
        self._fields.append({name: orjson.dumps(name) + b":" + orjson.dumps(value) for name, value in row.items()})

    def serve(self, answers: Answers) -> None:
        me = {"gid": "1", "name": "Driftline", "email": "driftline@example.com"}
        answers.route("GET", f"{_API}/users/me", lambda *_: orjson.dumps({"data": me}))
        answers.route("GET", f"{_API}/projects/(\\d+)", self._project)
        answers.route("GET", f"{_API}/tasks", self._tasks)
        answers.route("GET", f"{_API}/tasks/(\\d+)/subtasks", self._below)

    def change(self, count: int) -> None:
        """Let so many tasks, spread over all, get another name now."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        for place in range(0, len(self._fields), max(1, len(self._fields) // count)) if count else ():
            for name, value in (("name", f"Changed at {now}"), ("modified_at", now)):
                self._fields[place][name] = orjson.dumps(name) + b":" + orjson.dumps(value)
            self._modified[place] = now

    def _project(self, _: Asked, match: re.Match[str]) -> bytes:
        if match[1] not in self._places:
            raise RefusedError(404, "project: Unknown object")
        row = {"gid": match[1], "name": f"Project {match[1][-1]}", "archived": False}
        return orjson.dumps({"data": {**row, "custom_field_settings": []}})

    def _tasks(self, asked: Asked, _: object) -> bytes:
        found = self._places[asked.query["project"]]
        since = asked.query.get("modified_since", "")[:19]
        if since:
            found = [place for place in found if self._modified[place][:19] >= since]
        start = int(asked.query.get("offset", 0))
        end = start + min(int(asked.query.get("limit", 50)), _PAGE_ROWS)
        names = list(dict.fromkeys(name.partition(".")[0] for name in asked.query["opt_fields"].split(",")))
        rows = [self._shown(place, names) for place in found[start:end]]
        following = b'{"offset":"%d"}' % end if end < len(found) else b"null"
        return b'{"data":[' + b",".join(rows) + b'],"next_page":' + following + b"}"

    def _shown(self, place: int, names: list[str]) -> bytes:
        fields = self._fields[place]
        return b"{" + b",".join([fields[name] for name in names if name in fields]) + b"}"

    def _below(self, _: Asked, match: re.Match[str]) -> bytes:
        return b'{"data":[' + self._subtasks.get(match[1], b"") + b'],"next_page":null}'


def _task(place: int, gid: str, project: str | None, chance: random.Random) -> dict[str, Any]:
    created = _FIRST_DAY + timedelta(minutes=7 * place)
    due = date(2026, 9, 1) + timedelta(days=chance.randrange(300))
    modified = (created + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    done = place % 3 == 0
    return {
        "gid": gid,
        "name": f"Launch step {place} for market {place % 50}",
        "resource_subtype": "milestone" if place % 20 == 0 else "default_task",
        "completed": done,
        "completed_at": modified if done else None,
        "created_at": created.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "modified_at": modified,
        "start_on": str(due - timedelta(days=14)) if place % 2 else None,
        "start_at": None,
        "due_on": str(due),
        "due_at": None,
        "assignee": {"gid": str(place % 40), "email": f"person.{place % 40}@example.com", "name": "Person"},
        "permalink_url": f"https://app.asana.com/0/{project}/{gid}",
        "parent": None,
        "dependencies": [{"gid": str(int(gid) - 4)}] if place % 25 == 24 else [],
        "tags": [{"gid": "7", "name": "launch"}] if place % 4 == 0 else [],
        "memberships": [{"project": {"gid": project}, "section": {"gid": "5", "name": "Build"}}],
    }
