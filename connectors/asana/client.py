"""The asana library under our policy: our session below it, our errors above it, every listing walked to its end."""

import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import orjson
import requests

from connectors.asana.options import AsanaOptions
from connectors.base import ReadContext
from connectors.http import SessionPool, in_parallel, open_session
from connectors.http.beside import Beside
from connectors.http.side_by_side import side_by_side
from model.errors import SourceAuthError, SourceContentError, SourceError, SourceGoneError, SourceUnavailableError

Row: TypeAlias = Mapping[str, Any]
"""One resource as Asana tells it."""
Call: TypeAlias = Callable[..., Any]
"""A method of the library: the parts of the path, then the options that become the query."""

_Answer = TypeVar("_Answer")

_NO_BREAK_SPACE = "\xa0".encode()
_PAGE_ROWS = 100
_MOST_RESTARTS = 3


class NotSharedError(SourceAuthError):
    """The token is good, but what we ask for is not shared with us."""


class NotInPlanError(SourceError):
    """Asana knows what we ask for, but the organisation's plan does not include it (A18)."""


class OffsetExpiredError(Exception):
    """The place in a listing is no longer known to Asana (A6)."""


class AsanaClient:
    """Asks Asana for one run, for several threads at once.

    Every method raises SourceError when the answer is not what was asked for. However many threads ask, no more than
    ``http.parallel`` requests are under way.
    """

    def __init__(self, source: str, options: AsanaOptions, context: ReadContext) -> None:
        import asana

        self._source = source
        self._context = context
        token = options.token.reveal()
        self._session = open_session(source, options.http, context, base_url=options.url, secrets=(token,))
        # The library writes the header itself; without this a machine's .netrc would overwrite it.
        self._session.auth = _unchanged
        self._parallel = options.http.parallel
        self._under_way = threading.BoundedSemaphore(self._parallel)
        self._api: Any = asana
        self._client = _library_client(options.url.rstrip("/"), token, self._session)
        self._tasks = asana.TasksApi(self._client)
        self._projects = asana.ProjectsApi(self._client)

    def close(self) -> None:
        self._session.close()

    def ask_all(self, questions: Iterable[Callable[[], _Answer]]) -> Iterator[_Answer]:
        """Ask several questions at once; yield the answers in the order of the questions."""
        return in_parallel(questions, self._context, at_once=self._parallel)

    def walk_all(self, walks: Sequence[Iterator[_Answer]]) -> Iterator[_Answer]:
        """Walk several listings side by side, each one page ahead; yield their pages as they come."""
        return side_by_side(walks, self._context, at_once=self._parallel, ahead=1)

    def beside(self) -> "Beside[_Answer]":
        """Takes questions that are asked while a listing is walked."""
        return Beside(self._context, at_once=self._parallel)

    def me(self) -> Row:
        return self._one(self._api.UsersApi(self._client).get_user, "me", fields="gid,name,email")

    def project(self, gid: str, fields: str) -> Row:
        return self._one(self._projects.get_project, gid, fields=fields)

    def task(self, gid: str, fields: str) -> Row:
        return self._one(self._tasks.get_task, gid, fields=fields)

    def task_count(self, project: str) -> int:
        """How many tasks stand in a project's list."""
        row = self._one(self._projects.get_task_counts_for_project, project, fields="num_tasks")
        return int(row.get("num_tasks") or 0)

    def workspaces(self) -> Iterator[list[Row]]:
        return self._pages(self._api.WorkspacesApi(self._client).get_workspaces, fields="gid,name")

    def projects(self, workspace: str) -> Iterator[list[Row]]:
        return self._pages(self._projects.get_projects, fields="gid,name,archived", workspace=workspace)

    def sections(self, project: str) -> Iterator[list[Row]]:
        listing = self._api.SectionsApi(self._client).get_sections_for_project
        return self._pages(listing, project, fields="gid,name")

    def tasks(self, project: str, fields: str, modified_since: str | None = None) -> Iterator[list[Row]]:
        """Tasks that stand in a project's list; subtasks do not (A9)."""
        narrowed = {} if modified_since is None else {"modified_since": modified_since}
        return self._pages(self._tasks.get_tasks, fields=fields, project=project, **narrowed)

    def subtasks(self, task: str, fields: str) -> Iterator[list[Row]]:
        return self._pages(self._tasks.get_subtasks_for_task, task, fields=fields)

    def stories(self, task: str, fields: str) -> Iterator[list[Row]]:
        return self._pages(self._api.StoriesApi(self._client).get_stories_for_task, task, fields=fields)

    def portfolio_items(self, portfolio: str, fields: str) -> Iterator[list[Row]]:
        """Projects and portfolios that stand in a portfolio; those that we may not see are left out by Asana."""
        listing = self._api.PortfoliosApi(self._client).get_items_for_portfolio
        return self._pages(listing, portfolio, fields=fields)

    def goals(self, workspace: str, fields: str) -> Iterator[list[Row]]:
        """Goals of a workspace and of its teams; those that we may not see are left out by Asana."""
        return self._pages(self._api.GoalsApi(self._client).get_goals, fields=fields, workspace=workspace)

    def goal(self, gid: str, fields: str) -> Row:
        return self._one(self._api.GoalsApi(self._client).get_goal, gid, fields=fields)

    def _one(self, call: Call, *path: str, fields: str) -> Row:
        row = self._ask(call, path, {"opt_fields": fields})["data"]
        if not isinstance(row, dict):
            raise self._nonsense("a resource that is no object")
        return row

    def _pages(self, call: Call, *path: str, fields: str, **asked: str) -> Iterator[list[Row]]:
        """Walk a listing to its end; an expired place starts it again from the beginning, rows repeat then (A6)."""
        for _ in range(_MOST_RESTARTS + 1):
            try:
                yield from self._walk(call, path, {"opt_fields": fields, **asked})
                return
            except OffsetExpiredError:
                continue
        raise SourceUnavailableError(
            f"{self._source} forgot the place in a listing {_MOST_RESTARTS + 1} times",
            location=self._source,
            hint="it is tried again at the next run; ask for less at once by splitting the source by project",
        )

    def _walk(self, call: Call, path: Sequence[str], asked: Mapping[str, Any]) -> Iterator[list[Row]]:
        offsets: set[str] = set()
        place: dict[str, str] = {}
        while True:
            self._context.check()
            # A fresh dictionary each time: the library writes into the one it gets (A5).
            answer = self._ask(call, path, {**asked, "limit": _PAGE_ROWS, **place})
            rows = answer["data"]
            if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("gid") for row in rows):
                raise self._nonsense("a listing that is no list of resources")
            yield rows
            following = answer.get("next_page")
            if not following:
                return
            offset = following.get("offset")
            if not offset or offset in offsets:
                raise self._nonsense("a listing that leads back to a page it already gave")
            offsets.add(offset)
            place = {"offset": offset}

    def _ask(self, call: Call, path: Sequence[str], opts: dict[str, Any]) -> Mapping[str, Any]:
        from asana.rest import ApiException

        placed = "offset" in opts
        try:
            with self._under_way:
                answer = call(*path, opts, full_payload=True)
        except ApiException as error:
            if placed and error.status == 400:
                raise OffsetExpiredError from None
            # Its text holds all headers and the body; the status says enough.
            raise self._refused(int(error.status or 0)) from None
        if not isinstance(answer, dict) or "data" not in answer:
            raise self._nonsense("an answer without data")
        return answer

    def _refused(self, status: int) -> SourceError:
        kind: type[SourceError]
        match status:
            case 402:
                kind, message = NotInPlanError, "asks for a plan that includes what we ask for"
                hint = "take the feature out of the source's options, or upgrade the Asana plan"
            case 403:
                kind, message = NotSharedError, "does not let our account see what we ask for"
                hint = "share the project with the account that the token belongs to"
            case 404:
                kind, message = SourceGoneError, "does not know what we ask for"
                hint = "check the gids in the source's options"
            case _:
                kind, message = SourceContentError, "refuses what we ask for"
                hint = "check the options of the source; if they are right, this version of Driftline is too old"
        return kind(f"{self._source} {message} ({status})", location=self._source, hint=hint)

    def _nonsense(self, what: str) -> SourceContentError:
        return SourceContentError(
            f"{self._source} answered {what}",
            location=self._source,
            hint="check that url is Asana's API and that no proxy answers in its place",
        )


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _library_client(host: str, token: str, session: requests.Session) -> Any:
    """Make the library's client without its threads, log handlers and connections (A20)."""
    import asana

    level = logging.getLogger("urllib3").level
    configuration = asana.Configuration()
    for logger in configuration.logger.values():
        logger.removeHandler(configuration.logger_stream_handler)
    # The library's own logger stays at WARNING: below that it would print whole answers.
    logging.getLogger("urllib3").setLevel(level)
    configuration.host = host
    configuration.access_token = token
    client = asana.ApiClient(configuration)
    client.pool.close()
    client.pool.join()
    client.rest_client.pool_manager = SessionPool(session)
    # Its own decoder reads what was decoded already once more.
    client.deserialize = _decoded
    return client


def _decoded(response: Any, _kind: str) -> Any:
    """What the JSON of an answer says, as the library tells it: no-break spaces are plain ones (A19), and what is no
    JSON stays as it is."""
    data: bytes = response.data
    try:
        if _NO_BREAK_SPACE in data:
            return orjson.loads(data.replace(_NO_BREAK_SPACE, b" "))
        return response.urllib3_response.decoded()
    except orjson.JSONDecodeError:
        return _decoded_slowly(data)


def _decoded_slowly(data: bytes) -> Any:
    """The same for what the fast decoder refuses and the library's own one reads, as NaN."""
    try:
        return json.loads(data.decode().replace("\xa0", " "))
    except ValueError:
        return data
