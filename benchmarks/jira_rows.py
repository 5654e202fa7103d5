"""A large Jira Cloud site, its issues serialised beforehand: 6 to 15 KB each with all fields."""

import random
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from benchmarks.http_server import Answers, Asked, RefusedError

PROJECTS = ("ALFA", "BRAV", "CHAR", "DELT", "ECHO")
START_FIELD, SPRINT_FIELD = "customfield_10015", "customfield_10020"
MAPPED_FIELDS = (
    *("summary", "issuetype", "project", "status", "statuscategorychangedate", "resolution", "resolutiondate"),
    *("created", "updated", "duedate", "assignee", "parent", "fixVersions", "labels", "components", "priority"),
    *("issuelinks", "timeoriginalestimate", "timeestimate", START_FIELD, SPRINT_FIELD),
)
"""What Driftline asks for, and so what the reference decodes."""
_FIRST_DAY = datetime(2025, 1, 6, 8, tzinfo=UTC)
_EPICS_EACH = 50
_LINK = "https://example.atlassian.net/rest/api/3"
_PICTURE_SIZES = ("48x48", "24x24", "16x16", "32x32")
_API = "/rest/api/[23]"
_AGILE = "/rest/agile/1.0"
_STATUSES = (("To Do", "new"), ("In Progress", "indeterminate"), ("Done", "done"))
_CLAUSE = re.compile(r"\s+and\s+", re.IGNORECASE)
_PROJECT = re.compile(r"project\s*(?:=|in)\s*\(?([^)]*)\)?", re.IGNORECASE)
_UPDATED = re.compile(r"updated\s*>=\s*(\d+)", re.IGNORECASE)
_IDS = re.compile(r"id\s+in\s*\(([^)]*)\)", re.IGNORECASE)
_ORDER = re.compile(r"\s*order\s+by\b.*$", re.IGNORECASE)


class JiraRows:
    """The issues of five projects, in the order in which they were created."""

    def __init__(self, issues: int) -> None:
        chance = random.Random(issues)  # noqa: S311 - the same rows every time
        self._names: dict[str, int] = {}
        self._keys: list[str] = []
        self._projects: list[str] = []
        self._updated: list[int] = []
        self._fields: list[dict[str, bytes]] = []
        self._history: dict[str, bytes] = {}
        self._found: dict[str, list[int]] = {}
        self._filler = _filler(chance)
        self._filler_sizes = [chance.randrange(4500, 13000) for _ in range(issues)]
        shared = _shared_fragments()
        for place in range(issues):
            self._add(place, chance, shared)

    def _add(self, place: int, chance: random.Random, shared: dict[str, list[bytes]]) -> None:
        project = place % len(PROJECTS)
        number = place // len(PROJECTS) + 1
        key, native_id = f"{PROJECTS[project]}-{number}", str(10_000 + place)
        created = _FIRST_DAY + timedelta(minutes=7 * place)
        updated = created + timedelta(days=chance.randrange(1, 20), milliseconds=123)
        due = date(2026, 9, 1) + timedelta(days=chance.randrange(300))
        status = chance.randrange(3)
        fields = {
            "summary": _pair("summary", f"Deliver part {number} of {PROJECTS[project]}, stage {chance.randrange(9)}"),
            "issuetype": shared["epic"][0] if number <= _EPICS_EACH else shared["issuetype"][place % 3],
            "project": shared["project"][project],
            "status": shared["status"][status],
            "statuscategorychangedate": _pair("statuscategorychangedate", _moment(updated)),
            "resolution": shared["resolution"][status == 2],
            "resolutiondate": _pair("resolutiondate", _moment(updated) if status == 2 else None),
            "created": _pair("created", _moment(created)),
            "updated": _pair("updated", _moment(updated)),
            "duedate": _pair("duedate", due.isoformat() if place % 4 else None),
            "assignee": shared["assignee"][place % 40],
            "fixVersions": shared["fixVersions"][project * 10 + place % 10],
            "labels": shared["labels"][place % 7],
            "components": shared["components"][place % 5],
            "priority": shared["priority"][place % 3],
            "issuelinks": shared["nothing"][0],
            "timeoriginalestimate": _pair("timeoriginalestimate", 3600 * (place % 30) or None),
            "timeestimate": _pair("timeestimate", 1800 * (place % 30) or None),
            START_FIELD: _pair(START_FIELD, (due - timedelta(days=21)).isoformat() if place % 3 else None),
            SPRINT_FIELD: shared["sprint"][place % 8],
        }
        if number > _EPICS_EACH:
            above = place % (_EPICS_EACH * len(PROJECTS)) // len(PROJECTS) * len(PROJECTS) + project
            fields["parent"] = _pair("parent", _near(str(10_000 + above), self._keys[above], place))
        if place % 10 == 7:
            fields["issuelinks"] = _pair("issuelinks", [_blocked_by(place - 5, self._keys[place - 5])])
        self._names[native_id] = self._names[key] = place
        self._keys.append(key)
        self._projects.append(PROJECTS[project])
        self._updated.append(int(updated.timestamp() * 1000))
        self._fields.append(fields)
        if place % 5 == 0:
            self._history[native_id] = _history(place, updated, due)

    def serve(self, answers: Answers) -> None:
        answers.route("GET", f"{_API}/serverInfo", self._server_info)
        answers.route("GET", f"{_API}/myself", lambda *_: orjson.dumps(_person(0)))
        answers.route("GET", f"{_API}/field", lambda *_: orjson.dumps(_described_fields()))
        answers.route("GET", f"{_API}/project/search", self._found_projects)
        answers.route("GET", f"{_API}/project/([A-Z]+)/versions", lambda _, match: orjson.dumps(_versions(match[1])))
        answers.route("GET", f"{_AGILE}/board", self._boards)
        answers.route("GET", f"{_AGILE}/board/(\\d+)/sprint", self._sprints)
        answers.route("POST", f"{_API}/search/jql", self._search)
        answers.route("POST", f"{_API}/search/approximate-count", self._count)
        answers.route("POST", f"{_API}/issue/bulkfetch", self._bulk)
        answers.route("POST", f"{_API}/changelog/bulkfetch", self._changelogs)

    def change(self, count: int) -> None:
        """Let so many issues, spread over all, get another title now."""
        now = datetime.now(UTC)
        for place in range(0, len(self._keys), max(1, len(self._keys) // count)) if count else ():
            self._fields[place] |= {
                "summary": _pair("summary", f"Changed at {now.isoformat()}"),
                "updated": _pair("updated", _moment(now)),
            }
            self._updated[place] = int(now.timestamp() * 1000)
        self._found.clear()

    def _server_info(self, *_: object) -> bytes:
        said = {"baseUrl": "http://127.0.0.1", "version": "1001.0.0", "versionNumbers": [1001, 0, 0]}
        return orjson.dumps({**said, "deploymentType": "Cloud", "serverTitle": "Jira"})

    def _found_projects(self, asked: Asked, _: object) -> bytes:
        wanted = asked.query.get("keys", ",".join(PROJECTS)).split(",")
        return _list([_project(number) for number, key in enumerate(PROJECTS) if key in wanted])

    def _boards(self, asked: Asked, _: object) -> bytes:
        project = PROJECTS.index(asked.query["projectKeyOrId"])
        return _list([{"id": project + 1, "name": f"Board {project}", "type": "scrum"}])

    def _sprints(self, _: Asked, match: re.Match[str]) -> bytes:
        return _list([_sprint(number) for number in range(1, 8)] if match[1] == "1" else [])

    def _search(self, asked: Asked, _: object) -> bytes:
        wanted = asked.json()
        found = self._matching(str(wanted["jql"]))
        start = int(wanted.get("nextPageToken") or 0)
        fields = wanted.get("fields") or ["id"]
        bare = fields == ["id"]
        end = start + min(int(wanted.get("maxResults") or 50), 5000 if bare else 100)
        page = found[start:end]
        shown = [b'{"id":"%d"}' % (10_000 + place) for place in page] if bare else self._shown(page, fields)
        rest = b'"isLast":true}' if end >= len(found) else b'"isLast":false,"nextPageToken":"%d"}' % end
        return b'{"issues":[' + b",".join(shown) + b"]," + rest

    def _count(self, asked: Asked, _: object) -> bytes:
        return orjson.dumps({"count": len(self._matching(str(asked.json()["jql"])))})

    def _bulk(self, asked: Asked, _: object) -> bytes:
        wanted = asked.json()
        names = wanted["issueIdsOrKeys"]
        if not 1 <= len(names) <= 100:
            raise RefusedError(400, "issueIdsOrKeys must hold between 1 and 100 values.")
        places = [self._names[name] for name in names if name in self._names]
        shown = self._shown(places, wanted.get("fields") or ["*all"])
        return b'{"issues":[' + b",".join(shown) + b'],"issueErrors":[]}'

    def _changelogs(self, asked: Asked, _: object) -> bytes:
        wanted = asked.json()
        logs = [self._history[name] for name in wanted["issueIdsOrKeys"] if name in self._history]
        start = int(wanted.get("nextPageToken") or 0)
        end = start + min(int(wanted.get("maxResults") or 1000), 1000)
        rest = b"}" if end >= len(logs) else b',"nextPageToken":"%d"}' % end
        return b'{"issueChangeLogs":[' + b",".join(logs[start:end]) + b"]" + rest

    def _shown(self, places: list[int], wanted: list[str]) -> list[bytes]:
        """The issues with the wanted fields, put together from what was serialised beforehand."""
        shown = []
        for place in places:
            fields = self._fields[place]
            if "*all" in wanted:
                pieces = [*fields.values(), self._filler[: self._filler_sizes[place]] + b'"']
            else:
                pieces = [fields[name] for name in wanted if name in fields]
            head = b'{"id":"%d","key":"%s","fields":{' % (10_000 + place, self._keys[place].encode())
            shown.append(head + b",".join(pieces) + b"}}")
        return shown

    def _matching(self, jql: str) -> list[int]:
        """The places of the issues that a query finds; few forms are known, any other is refused."""
        found = self._found.get(jql)
        if found is None:
            found = list(range(len(self._keys)))
            for clause in _CLAUSE.split(_ORDER.sub("", jql).strip()):
                found = self._narrowed(found, clause)
            self._found[jql] = found
        return found

    def _narrowed(self, found: list[int], clause: str) -> list[int]:
        if listed := _PROJECT.fullmatch(clause):
            projects = {name.strip().strip("\"'") for name in listed[1].split(",")}
            return [place for place in found if self._projects[place] in projects]
        if since := _UPDATED.fullmatch(clause):
            earliest = int(since[1])
            return [place for place in found if self._updated[place] >= earliest]
        if named := _IDS.fullmatch(clause):
            ids = {self._names.get(name.strip().strip("\"'"), -1) for name in named[1].split(",")}
            return [place for place in found if place in ids]
        raise RefusedError(400, f"Error in the JQL Query: cannot understand '{clause}'.")


def _pair(name: str, value: Any) -> bytes:
    return orjson.dumps(name) + b":" + orjson.dumps(value)


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"


def _person(number: int) -> dict[str, Any]:
    return {
        "self": f"{_LINK}/user?accountId=712020:00000000-0000-4000-8000-{number:012d}",
        "accountId": f"712020:00000000-0000-4000-8000-{number:012d}",
        "emailAddress": f"person.{number}@example.com",
        "avatarUrls": _pictures(f"user/{number}"),
        "displayName": f"Person {number}",
        "active": True,
        "timeZone": "Europe/Berlin",
        "accountType": "atlassian",
    }


def _pictures(of: str) -> dict[str, str]:
    return {size: f"{_LINK}/universal_avatar/view/type/{of}?size={size}" for size in _PICTURE_SIZES}


def _project(number: int) -> dict[str, Any]:
    return {
        "self": f"{_LINK}/project/{number + 1}",
        "id": str(number + 1),
        "key": PROJECTS[number],
        "name": f"Project {PROJECTS[number]}",
        "projectTypeKey": "software",
        "simplified": False,
        "avatarUrls": _pictures(f"project/{number}"),
    }


def _issue_type(number: int, name: str) -> dict[str, Any]:
    return {
        "self": f"{_LINK}/issuetype/{number}",
        "id": str(number),
        "description": "A piece of work that is planned, done and accepted as a whole.",
        "iconUrl": f"{_LINK}/universal_avatar/view/type/issuetype/avatar/{number}?size=medium",
        "name": name,
        "subtask": False,
        "avatarId": number,
        "hierarchyLevel": int(name == "Epic"),
    }


def _status(number: int) -> dict[str, Any]:
    name, key = _STATUSES[number]
    category = {"self": f"{_LINK}/statuscategory/{number}", "id": number, "key": key, "colorName": "yellow"}
    return {
        "self": f"{_LINK}/status/{number}",
        "description": "",
        "iconUrl": f"{_LINK}/images/icons/statuses/generic.png",
        "name": name,
        "id": str(number),
        "statusCategory": {**category, "name": name},
    }


def _priority(number: int) -> dict[str, Any]:
    icon = f"{_LINK}/images/icons/priorities/{number}.svg"
    return {"self": f"{_LINK}/priority/{number}", "iconUrl": icon, "name": f"P{number}", "id": str(number)}


def _near(native_id: str, key: str, place: int) -> dict[str, Any]:
    """Another issue, as an issue shows it."""
    fields = {"summary": f"The work of {key}", "status": _status(place % 3), "priority": _priority(place % 3)}
    link = f"{_LINK}/issue/{native_id}"
    return {"id": native_id, "key": key, "self": link, "fields": {**fields, "issuetype": _issue_type(9, "Epic")}}


def _versions(project: str) -> list[dict[str, Any]]:
    number = PROJECTS.index(project)
    return [_version(number, each) for each in range(10)]


def _version(project: int, number: int) -> dict[str, Any]:
    native_id, released = str(project * 10 + number + 1), str(date(2026, number + 1, 15))
    state = {"released": number < 3, "archived": False, "releaseDate": released}
    link = f"{_LINK}/version/{native_id}"
    return {"self": link, "id": native_id, "description": "", "name": f"{PROJECTS[project]} {number}.0", **state}


def _sprint(number: int) -> dict[str, Any]:
    dates = {"startDate": f"2026-{number:02d}-01T08:00:00.000Z", "endDate": f"2026-{number:02d}-14T16:00:00.000Z"}
    return {"id": number, "name": f"Sprint {number}", "state": "active" if number == 7 else "closed", **dates}


def _blocked_by(place: int, key: str) -> dict[str, Any]:
    kind = {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
    return {"id": str(place), "type": kind, "inwardIssue": _near(str(10_000 + place), key, place)}


def _history(place: int, at: datetime, due: date) -> bytes:
    change = {"field": "duedate", "fieldId": "duedate", "from": str(due - timedelta(days=14)), "to": str(due)}
    entry = {"id": str(place), "author": _person(place % 40), "created": int(at.timestamp() * 1000), "items": [change]}
    return orjson.dumps({"issueId": str(10_000 + place), "changeHistories": [entry]})


def _list(values: list[Any]) -> bytes:
    return orjson.dumps({"startAt": 0, "total": len(values), "isLast": True, "values": values})


def _shared_fragments() -> dict[str, list[bytes]]:
    """What many issues have in common, serialised once."""
    return {
        "epic": [_pair("issuetype", _issue_type(9, "Epic"))],
        "issuetype": [
            _pair("issuetype", _issue_type(number, name)) for number, name in enumerate(("Story", "Task", "Bug"))
        ],
        "project": [_pair("project", _project(number)) for number in range(len(PROJECTS))],
        "status": [_pair("status", _status(number)) for number in range(len(_STATUSES))],
        "resolution": [_pair("resolution", None), _pair("resolution", {"id": "1", "name": "Done"})],
        "assignee": [_pair("assignee", _person(number)) for number in range(40)],
        "fixVersions": [
            _pair("fixVersions", [_version(project, number)] if number else [])
            for project in range(len(PROJECTS))
            for number in range(10)
        ],
        "labels": [_pair("labels", [f"label-{number}", "platform"][: number % 3]) for number in range(7)],
        "components": [_pair("components", [{"id": str(number), "name": f"Part {number}"}]) for number in range(5)],
        "priority": [_pair("priority", _priority(number)) for number in range(3)],
        "sprint": [_pair(SPRINT_FIELD, [_sprint(number)] if number else None) for number in range(8)],
        "nothing": [_pair("issuelinks", [])],
    }


def _described_fields() -> list[dict[str, Any]]:
    start = {"type": "date", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:datepicker"}
    sprint = {"type": "array", "items": "json", "custom": "com.pyxis.greenhopper.jira:gh-sprint"}
    known = [
        {"id": START_FIELD, "name": "Start date", "custom": True, "schema": start},
        {"id": SPRINT_FIELD, "name": "Sprint", "custom": True, "schema": sprint},
    ]
    system = [{"id": name, "name": name.title(), "schema": {"type": "string"}} for name in MAPPED_FIELDS[:-2]]
    return [*known, *system]


def _filler(chance: random.Random) -> bytes:
    """The fields that nobody maps: sixty empty ones and a long description, cut to length for each issue."""
    empty = b",".join(b'"customfield_%d":null' % number for number in range(11_000, 11_060))
    words = " ".join(chance.choice(("deliver", "review", "customer", "contract", "release")) for _ in range(2000))
    return empty + b',"description":"' + words.encode()
