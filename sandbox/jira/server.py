"""The stand-in's HTTP side: Jira's REST and agile APIs on Cloud or Data Center, as far as a reader needs them."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sandbox.http import Request, Response, StandIn
from sandbox.jira import answers
from sandbox.jira.content import Issue
from sandbox.jira.datacenter import DataCenterRoutes
from sandbox.jira.jql import JqlError, position, search
from sandbox.jira.site import JiraSite

_API = "/rest/api/[23]"
_AGILE = "/rest/agile/1.0"
_LOGIN_FAILED = {"x-seraph-loginreason": "AUTHENTICATED_FAILED"}
_IDS_PER_FIELD_PAGE = 100
"""Pages of bare ids are this much longer than pages with fields (J8)."""


class JiraServer(StandIn):
    """Serves a site. Unknown credentials get 401 where Jira asks for a login and an empty answer elsewhere (J23)."""

    def __init__(
        self,
        site: JiraSite,
        page_size: int = 50,
        *,
        deployment: str = "Cloud",
        prefix: str = "",
        base_url: str | None = None,
    ) -> None:
        """``deployment`` is what serverInfo says: Cloud or Server, as a Data Center calls itself.

        ``prefix`` is a path before all others: a context path, or that of Atlassian's gateway. ``base_url`` is where
        the site says that people find it, if that is not here.
        """
        super().__init__()
        self.site = site
        self.page_size = page_size
        self.deployment = deployment
        self._prefix = prefix
        self._base_url = base_url
        self._open("GET", f"{_API}/serverInfo", self._server_info)
        if deployment == "Cloud":
            self._serve_cloud()
        else:
            self._serve_data_center()
        self._closed("GET", f"{_API}/project/([^/]+)", self._project)
        self._closed("GET", f"{_API}/project/([^/]+)/versions", self._versions)
        self._closed("GET", f"{_API}/project/([^/]+)/version", self._version_page)
        self._closed("GET", f"{_AGILE}/board", self._boards)
        self._closed("GET", f"{_AGILE}/board/(\\d+)/sprint", self._sprints)

    def _serve_cloud(self) -> None:
        self._open("GET", f"{_API}/field", self._fields)
        self._open("GET", f"{_API}/project/search", self._projects)
        self._open("GET", f"{_API}/search/jql", self._search)
        self._open("POST", f"{_API}/search/jql", self._search)
        self._open("POST", f"{_API}/search/approximate-count", self._count)
        self._open("POST", f"{_API}/issue/bulkfetch", self._bulk_fetch)
        self._closed("GET", f"{_API}/search", lambda _: _gone())
        self._closed("GET", f"{_API}/myself", self._myself)
        self._closed("POST", f"{_API}/changelog/bulkfetch", self._changelogs)
        self._closed("GET", f"{_API}/issue/([^/]+)", self._issue)
        self._closed("GET", f"{_API}/issue/([^/]+)/changelog", self._changelog)

    def _serve_data_center(self) -> None:
        routes = DataCenterRoutes(lambda: self.site, self.page_size)
        api = "/rest/api/2"
        self._closed("GET", f"{api}/myself", routes.myself)
        self._closed("GET", f"{api}/field", routes.fields)
        self._closed("GET", f"{api}/project", routes.projects)
        self._closed("GET", f"{api}/search", routes.search)
        self._closed("POST", f"{api}/search", routes.search)
        self._closed("GET", f"{api}/issue/([^/]+)", routes.issue)

    @property
    def address(self) -> str:
        """The url to configure: where the server listens, with the prefix."""
        return f"{self.url}{self._prefix}"

    def knows(self, request: Request) -> bool:
        """Tell whether the request bears the right credentials: e-mail address and token on Cloud; on a Data Center a
        personal access token, or user name and password."""
        given = {name.lower(): value for name, value in request.headers.items()}.get("authorization", "")
        cloud = self.deployment == "Cloud"
        name = self.site.email if cloud else self.site.people[self.site.email].user_name
        basic = base64.b64encode(f"{name}:{self.site.token}".encode()).decode()
        return given == f"Basic {basic}" or (not cloud and given == f"Bearer {self.site.token}")

    def _open(self, method: str, path: str, route: Callable[[Request], Response]) -> None:
        """A route that strangers may call; they see what is public, which is nothing."""

        def answered(request: Request) -> Response:
            with self.site.held():
                response = route(request)
            if self.knows(request):
                return response
            return Response(response.body, response.status, {**response.headers, **_LOGIN_FAILED})

        self.route(method, re.escape(self._prefix) + path, answered)

    def _closed(self, method: str, path: str, route: Callable[[Request], Response]) -> None:
        def answered(request: Request) -> Response:
            if not self.knows(request):
                refusal = "Client must be authenticated to access this resource."
                return Response({"errorMessages": [refusal]}, 401, _LOGIN_FAILED)
            with self.site.held():
                return route(request)

        self.route(method, re.escape(self._prefix) + path, answered)

    def _server_info(self, _: Request) -> Response:
        numbers = [1001, 0, 0] if self.deployment == "Cloud" else [9, 12, 8]
        version = ".".join(map(str, numbers))
        return Response(
            {
                "baseUrl": self._base_url or self.address,
                "version": f"{version}-SNAPSHOT" if self.deployment == "Cloud" else version,
                "versionNumbers": numbers,
                "deploymentType": self.deployment,
                "serverTitle": "Jira",
            }
        )

    def _myself(self, _: Request) -> Response:
        return Response(answers.person(self.site.people[self.site.email]))

    def _fields(self, _: Request) -> Response:
        return Response([answers.field(known) for known in self.site.fields.values()])

    def _projects(self, request: Request) -> Response:
        wanted = request.query.get("keys")
        known = [one for one in self.site.projects.values() if not one.hidden and self.knows(request)]
        found = [one for one in known if wanted in (None, one.key)]
        return _page(request, [answers.project(one) for one in found], self.page_size)

    def _project(self, request: Request) -> Response:
        known = self.site.project(request.match[1])
        return Response(answers.project(known)) if known else _missing("No project could be found with that key.")

    def _project_versions(self, request: Request) -> list[dict[str, Any]] | None:
        known = self.site.project(request.match[1])
        if known is None or not known.live:
            return None
        return [answers.version(one, known.id) for one in self.site.versions.values() if one.project == known.key]

    def _versions(self, request: Request) -> Response:
        found = self._project_versions(request)
        return _missing("No project could be found with that key.") if found is None else Response(found)

    def _version_page(self, request: Request) -> Response:
        found = self._project_versions(request)
        if found is None:
            return _missing("No project could be found with that key.")
        return _page(request, found, self.page_size)

    def _search(self, request: Request) -> Response:
        asked = request.json() if request.method == "POST" else _search_from_query(request)
        found = self._found(request, asked)
        if isinstance(found, Response):
            return found
        fields = asked.get("fields") or ["id"]
        longest = self.page_size * (_IDS_PER_FIELD_PAGE if set(fields) == {"id"} else 1)
        try:
            rest = [issue for issue in found if _after(issue, asked.get("nextPageToken"))]
        except ValueError:
            return Response({"errorMessages": ["The nextPageToken is invalid."]}, 400)
        page = rest[: min(longest, int(asked.get("maxResults") or 50))]
        body: dict[str, Any] = {
            "issues": [answers.issue(self.site, issue, fields) for issue in page],
            "isLast": len(page) == len(rest),
        }
        if not body["isLast"]:
            body["nextPageToken"] = _token(page[-1])
        return Response(body)

    def _found(self, request: Request, asked: dict[str, Any]) -> list[Issue] | Response:
        if not self.knows(request):
            return []
        try:
            return search(self.site, str(asked.get("jql") or ""))
        except JqlError as error:
            return Response({"errorMessages": [str(error)], "warningMessages": []}, 400)

    def _count(self, request: Request) -> Response:
        found = self._found(request, request.json())
        return found if isinstance(found, Response) else Response({"count": len(found)})

    def _issue(self, request: Request) -> Response:
        try:
            issue = self.site.find(request.match[1])
        except KeyError:
            return _unseen()
        if not self.site.shows(issue):
            return _unseen()
        body = answers.issue(self.site, issue, request.query.get("fields", "*all").split(","))
        if "changelog" in request.query.get("expand", ""):
            histories = [answers.history(entry) for entry in issue.history]
            body["changelog"] = {"startAt": 0, "total": len(histories), "histories": histories}
        return Response(body)

    def _bulk_fetch(self, request: Request) -> Response:
        asked = request.json()
        wanted = asked.get("issueIdsOrKeys") or []
        if not 1 <= len(wanted) <= 100:
            return Response({"errorMessages": ["issueIdsOrKeys must hold between 1 and 100 values."]}, 400)
        seen = self._visible(wanted) if self.knows(request) else []
        fields = asked.get("fields") or ["*all"]
        found = [answers.issue(self.site, one, fields) for one in seen if one.id not in self.site.too_large]
        errors = [{"id": one.id, "errorMessage": "too large"} for one in seen if one.id in self.site.too_large]
        return Response({"issues": found, "issueErrors": errors})

    def _visible(self, wanted: Sequence[str]) -> list[Issue]:
        found: dict[str, Issue] = {}
        for name in wanted:
            try:
                issue = self.site.find(str(name))
            except KeyError:
                continue
            if self.site.shows(issue):
                found[issue.id] = issue
        return list(found.values())

    def _changelog(self, request: Request) -> Response:
        found = self._visible([request.match[1]])
        if not found:
            return _unseen()
        return _page(request, [answers.history(entry) for entry in found[0].history], self.page_size)

    def _changelogs(self, request: Request) -> Response:
        """Every page but the first begins with the last entry of the one before, as Jira's do."""
        asked = request.json()
        wanted = set(asked.get("fieldIds") or ())
        entries = [
            (issue.id, entry)
            for issue in self._visible(asked.get("issueIdsOrKeys") or [])
            for entry in issue.history
            if not wanted or any(change.field_id in wanted for change in entry.changes)
        ]
        start = int(asked.get("nextPageToken") or 0)
        end = start + min(int(asked.get("maxResults") or 1000), self.page_size)
        page = entries[max(0, start - 1) : end]
        logs: dict[str, list[dict[str, Any]]] = {}
        for issue_id, entry in page:
            logs.setdefault(issue_id, []).append(answers.bulk_history(entry))
        body: dict[str, Any] = {
            "issueChangeLogs": [{"issueId": issue_id, "changeHistories": found} for issue_id, found in logs.items()]
        }
        if end < len(entries):
            body["nextPageToken"] = str(end)
        return Response(body)

    def _boards(self, request: Request) -> Response:
        wanted = request.query.get("projectKeyOrId")
        found = [one for one in self.site.projects.values() if wanted in (None, one.key, one.id)]
        return _page(request, [answers.board(one) for one in found], self.page_size)

    def _sprints(self, request: Request) -> Response:
        number = int(request.match[1])
        projects = {one.key for one in self.site.projects.values() if one.board_id == number}
        found = [one for one in self.site.sprints.values() if one.project in projects]
        return _page(request, [answers.sprint(one, number) for one in found], self.page_size)


def _page(request: Request, values: Sequence[Any], page_size: int) -> Response:
    start = int(request.query.get("startAt", 0))
    size = min(int(request.query.get("maxResults", 50)), page_size)
    shown = list(values[start : start + size])
    last = start + len(shown) >= len(values)
    return Response({"startAt": start, "maxResults": size, "total": len(values), "isLast": last, "values": shown})


def _search_from_query(request: Request) -> dict[str, Any]:
    asked: dict[str, Any] = dict(request.query)
    asked["fields"] = [name for name in str(asked.get("fields", "")).split(",") if name]
    return asked


def _token(issue: Issue) -> str:
    created, number = position(issue)
    return base64.urlsafe_b64encode(json.dumps([created.isoformat(), number]).encode()).decode()


def _after(issue: Issue, token: str | None) -> bool:
    """Whether an issue comes after the last one of the page before. Raise ValueError for a token that is not ours."""
    if not token:
        return True
    try:
        created, number = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, UnicodeDecodeError, TypeError) as error:
        raise ValueError("not a token") from error
    return position(issue) > (datetime.fromisoformat(created), int(number))


def _unseen() -> Response:
    return _missing("Issue does not exist or you do not have permission to see it.")


def _missing(text: str) -> Response:
    return Response({"errorMessages": [text], "errors": {}}, 404)


def _gone() -> Response:
    text = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."
    return Response({"errorMessages": [text], "errors": {}}, 410)
