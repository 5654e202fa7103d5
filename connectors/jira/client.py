"""The official Jira client under our HTTP policy, asked for raw JSON page by page. Raises SourceError only."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import requests
from jira import JIRA
from jira.exceptions import JIRAError

from connectors.base import ReadContext
from connectors.http import PolicyAdapter
from connectors.jira.options import JiraOptions
from model.errors import (
    DriftlineError,
    SourceAuthError,
    SourceContentError,
    SourceError,
    SourceGoneError,
)

Json: TypeAlias = dict[str, Any]

_AGILE = JIRA.AGILE_BASE_URL
_LONGEST_QUOTE = 200
_IDS_PER_PAGE = 5000
_IDS_PER_FETCH = 100
_CHANGES_PER_PAGE = 1000


class JiraClient:
    """One site during one run. Every method asks anew; nothing is remembered."""

    def __init__(self, name: str, options: JiraOptions, context: ReadContext) -> None:
        self._name = name
        self._context = context
        token = options.token.reveal()
        adapter = PolicyAdapter(
            name,
            options.http,
            context,
            base_url=options.url,
            secrets=(token,),
            retry_posts=True,  # Jira's searches are posts that only read
            on_response=self._refuse_strangers,
        )
        self._jira = JIRA(
            server=options.url,
            options={
                "rest_api_version": "3",
                # Error texts are localised otherwise (J30).
                "headers": {"Accept-Language": "en", "X-Force-Accept-Language": "true"},
            },
            basic_auth=(options.email, token),
            get_server_info=False,  # it would be asked before the policy is in place
            max_retries=0,
            logging=False,
        )
        adapter.govern(self._jira._session)
        # Without this the client asks for all fields and rewrites the list that we pass (J24).
        self._jira._fields_cache_value = {"id": "id"}

    def open(self) -> Json:
        """Learn what the server is, without which the client does not search at all (J3)."""
        answer = self._ask("what the server is", self._jira.server_info)
        server = _mapping(answer, self._content_error)
        if server.get("deploymentType") != "Cloud":
            raise SourceContentError(
                f"{self._name} is a Jira {server.get('deploymentType', 'of an unknown kind')}, not Jira Cloud",
                location=self._name,
                hint="give the url of a Jira Cloud site; Jira Data Center is not read",
            )
        self._jira.deploymentType = "Cloud"
        return server

    def myself(self) -> Json:
        """Who we are there; raises SourceAuthError when the site does not know us (J23)."""
        person = _mapping(self._ask("who we are", self._jira.myself), self._content_error)
        if not person.get("accountId"):
            raise self._stranger("answers without saying who we are")
        return person

    def fields(self) -> list[Json]:
        return _rows(self._ask("its fields", self._jira.fields), self._content_error)

    def project(self, key: str) -> Json | None:
        """One project as we see it, archived and deleted ones included; None when it is not visible."""
        states = ["live", "archived", "deleted"]
        for project in self._values("its projects", "project/search", {"keys": key, "status": states}):
            if project.get("key") == key:
                return project
        return None

    def versions(self, project: str) -> list[Json]:
        return _rows(self._get(f"the versions of {project}", f"project/{project}/versions"), self._content_error)

    def sprints(self, project: str) -> Iterator[Json]:
        """All sprints of the project's boards; kanban boards have none."""
        for board in self._values(f"the boards of {project}", "board", {"projectKeyOrId": project}, _AGILE):
            if board.get("type") != "kanban":
                path = f"board/{_id(board, self._content_error)}/sprint"
                yield from self._values(f"the sprints of {project}", path, {}, _AGILE)

    def search(self, jql: str, fields: Sequence[str], page_size: int) -> Iterator[list[Json]]:
        """Walk all pages of a search. An end without an end mark or a repeated token is an error (J2, J5)."""
        seen: set[str] = set()
        token: str | None = None
        while True:
            page = self._search_page(jql, fields, page_size, token)
            yield _rows(page.get("issues"), self._content_error)
            token = page.get("nextPageToken")
            if token is None and page.get("isLast") is False:
                raise self._content_error("ended a list in the middle")
            if not token:
                return
            if token in seen:
                raise self._content_error("goes round in circles: it gave the same page token twice")
            seen.add(token)

    def _search_page(self, jql: str, fields: Sequence[str], page_size: int, token: str | None) -> Json:
        self._context.check()
        page = self._ask(
            f"its issues ({jql})",
            lambda: self._jira.enhanced_search_issues(
                jql, nextPageToken=token, maxResults=page_size, fields=list(fields), json_result=True, use_post=True
            ),
        )
        return _mapping(page, self._content_error)

    def ids(self, jql: str) -> Iterator[str]:
        for page in self.search(jql, ["id"], _IDS_PER_PAGE):
            for issue in page:
                yield _id(issue, self._content_error)

    def count(self, jql: str) -> int:
        """About how many issues there are; good for a person to compare, never for a conclusion (J6)."""
        counted = self._ask("how many issues there are", lambda: self._jira.approximate_issue_count(jql))
        return int(counted)

    def issues(self, ids: Sequence[str], fields: Sequence[str]) -> Iterator[list[Json]]:
        """Fetch issues by id, wherever they are now; those that we cannot see are left out (J22)."""
        for start in range(0, len(ids), _IDS_PER_FETCH):
            asked = {"issueIdsOrKeys": list(ids[start : start + _IDS_PER_FETCH]), "fields": list(fields)}
            page = _mapping(self._post("issues by id", "issue/bulkfetch", asked), self._content_error)
            yield _rows(page.get("issues"), self._content_error)

    def histories(self, ids: Sequence[str], field_ids: Sequence[str]) -> dict[str, list[Json]]:
        """The changelog of some fields, complete, by issue id. The one inside an issue is cut at 20 entries (J10).

        A page may begin with the last entry of the page before; entries are kept once, by their id.
        """
        found: dict[str, dict[str, Json]] = {}
        seen: set[str] = set()
        asked: Json = {"issueIdsOrKeys": list(ids), "fieldIds": list(field_ids), "maxResults": _CHANGES_PER_PAGE}
        while ids:
            page = _mapping(self._post("the changelog", "changelog/bulkfetch", asked), self._content_error)
            for log in _rows(page.get("issueChangeLogs"), self._content_error):
                entries = _rows(log.get("changeHistories"), self._content_error)
                of_issue = found.setdefault(str(log.get("issueId")), {})
                of_issue.update((str(entry.get("id")), entry) for entry in entries)
            token = page.get("nextPageToken")
            if not token:
                break
            if token in seen:
                raise self._content_error("goes round in circles: it gave the same page token twice")
            seen.add(token)
            asked["nextPageToken"] = token
        return {issue_id: list(entries.values()) for issue_id, entries in found.items()}

    def close(self) -> None:
        self._jira.close()  # type: ignore[no-untyped-call]

    def _values(
        self, what: str, path: str, params: Mapping[str, Any], base: str = JIRA.JIRA_BASE_URL
    ) -> Iterator[Json]:
        """Walk a list that is paged by position."""
        start = 0
        while True:
            page = _mapping(
                self._get(what, path, {**params, "startAt": start, "maxResults": 50}, base), self._content_error
            )
            values = _rows(page.get("values"), self._content_error)
            yield from values
            start += len(values)
            if page.get("isLast", start >= page.get("total", 0)):
                return
            if not values:
                raise self._content_error("ended a list in the middle")

    def _get(
        self, what: str, path: str, params: Mapping[str, Any] | None = None, base: str = JIRA.JIRA_BASE_URL
    ) -> Any:
        self._context.check()
        return self._ask(what, lambda: self._jira._get_json(path, dict(params or {}), base))

    def _post(self, what: str, path: str, body: Json) -> Any:
        self._context.check()
        return self._ask(what, lambda: self._jira._get_json(path, body, use_post=True))

    def _ask(self, what: str, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except JIRAError as error:
            # Not chained: the text of a JIRAError holds headers with session cookies (J37).
            raise self._refused(what, error) from None
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise self._content_error("answered something that cannot be read") from error

    def _refused(self, what: str, error: JIRAError) -> SourceError:
        status = error.status_code
        said = " ".join(str(error.text or "").split())[:_LONGEST_QUOTE]
        message = f"{self._name} does not tell {what} ({status}): {said}"
        if status == 403:
            hint = "give the account permission to browse the configured projects"
            return SourceAuthError(message, location=self._name, hint=hint)
        if status == 404:
            hint = "check url, and whether the site has what is asked for (sprints: false without Jira Software)"
            return SourceGoneError(message, location=self._name, hint=hint)
        return SourceContentError(message, location=self._name, hint="check projects and fields of the source")

    def _refuse_strangers(self, response: requests.Response) -> None:
        """Jira answers 200 and nothing to a token that expired, and says so in a header only (J23)."""
        reason = response.headers.get("x-seraph-loginreason", "")
        if "FAILED" in reason or "DENIED" in reason:
            raise self._stranger("answers as to a stranger")

    def _stranger(self, what: str) -> SourceAuthError:
        return SourceAuthError(
            f"{self._name} {what}: it does not accept our token",
            location=self._name,
            hint="make a new API token for the account and put it where the token of the source points to",
        )

    def _content_error(self, what: str) -> DriftlineError:
        return SourceContentError(
            f"{self._name} {what}",
            location=self._name,
            hint="try again; if it stays, look for a proxy that changes answers, or report it with the time",
        )


Complaint: TypeAlias = Callable[[str], DriftlineError]


def _mapping(answer: Any, complain: Complaint) -> Json:
    if not isinstance(answer, dict):
        raise complain("answered something that is not what was asked for")
    return answer


def _rows(answer: Any, complain: Complaint) -> list[Json]:
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
        raise complain("answered without the list that was asked for")
    return answer


def _id(row: Json, complain: Complaint) -> str:
    if not isinstance(row.get("id"), (str, int)):
        raise complain("answered a row without its id")
    return str(row["id"])
