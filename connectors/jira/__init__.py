"""Reads a Jira Cloud site: issues with needs and date moves, versions and sprints."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar

from connectors.base import Connector, ReadContext, SourceOptions
from connectors.jira.options import JiraOptions
from model.errors import Problem, RecordError, SourceGoneError
from model.reading import Container, Cursor, Page, Probe, SetAside
from model.records import Record

if TYPE_CHECKING:
    from connectors.jira.client import JiraClient
    from connectors.jira.fields import FieldPlan
    from connectors.jira.records import JiraReader

__all__ = ["CONNECTOR", "JiraConnector", "JiraOptions"]

_VISIBLE = "visible"


class JiraConnector(Connector):
    """One Jira Cloud site. Containers are projects, by key; versions and sprints belong to their project."""

    kind: ClassVar[str] = "jira"
    options_type: ClassVar[type[SourceOptions]] = JiraOptions
    options: JiraOptions

    def __init__(self, name: str, options: JiraOptions, context: ReadContext) -> None:
        super().__init__(name, options, context)
        self._identity = ""
        self._server = ""

    @cached_property
    def _client(self) -> "JiraClient":
        """The client, once the site has said what it is and who we are there (J3, J23)."""
        from connectors.jira.client import JiraClient

        client = JiraClient(self.name, self.options, self.context)
        try:
            server = client.open()
            person = client.myself()
        except BaseException:
            client.close()
            raise
        self._server = str(server.get("baseUrl") or self.options.url)
        self._identity = str(person.get("emailAddress") or person.get("displayName") or person["accountId"])
        return client

    @cached_property
    def _plan(self) -> "FieldPlan":
        from connectors.jira.fields import plan_fields

        return plan_fields(self.name, self.options, self._client.fields())

    @cached_property
    def _reader(self) -> "JiraReader":
        from connectors.jira.records import JiraReader

        plan = self._plan
        plan.require()
        browse_url = (self.options.browse_url or self._server).rstrip("/")
        return JiraReader(self.name, self.options, plan, self.context.zone, browse_url)

    @cached_property
    def _containers(self) -> Sequence[Container]:
        found = {key: self._client.project(key) for key in self.options.projects}
        missing = [key for key, project in found.items() if project is None]
        if missing:
            raise SourceGoneError(*(self._invisible(key) for key in missing))
        return tuple(
            Container(key, str(project.get("name") or key), _state(project))
            for key, project in found.items()
            if project is not None
        )

    def _invisible(self, key: str) -> Problem:
        hint = "give the account permission to browse it, or correct the key if it was renamed, or take it out"
        return Problem(f"{self.name} does not show the project {key}", f"{self.name}: projects", hint)

    def probe(self) -> Probe:
        client = self._client
        counts = [
            (container.id, client.count(_jql(container.id)))
            for container in self._containers
            if container.state == _VISIBLE
        ]
        return Probe(self._identity, self._server, self._containers, counts, self._plan.problems)

    def roster(self) -> Iterable[Container]:
        return self._containers

    def changed(self, cursor: Cursor | None) -> Iterable[Page]:
        since = None if cursor is None else _since(cursor)
        for container in self._containers:
            if container.state != _VISIBLE:
                continue
            jql = f"{_jql(container.id, since)} ORDER BY created ASC, key ASC"
            for raw_issues in self._client.search(jql, self._reader.fields, self.options.page_size):
                if raw_issues:
                    yield self._page(raw_issues)
        self._client.myself()

    def _page(self, raw_issues: "list[dict[str, object]]") -> Page:
        ids = [str(raw.get("id")) for raw in raw_issues]
        histories = self._client.histories(ids, self._reader.changelog_fields)
        return Page(*self._reader.issues(raw_issues, histories))

    def side_tables(self) -> Iterable[Page]:
        """Versions and sprints: their dates move without a trace on the issues (J19)."""
        for container in self._containers:
            if container.state == _VISIBLE:
                yield self._side_tables[container.id]

    @cached_property
    def _side_tables(self) -> dict[str, Page]:
        """By project. A sprint that several projects' boards show belongs to the first of them."""
        seen: set[str] = set()
        pages = {}
        for container in self._containers:
            if container.state == _VISIBLE:
                self.context.check()
                pages[container.id] = self._side_table(container.id, seen)
        return pages

    def _side_table(self, project: str, seen: set[str]) -> Page:
        records: list[Record] = []
        set_aside: list[SetAside] = []
        for native_id, read in self._side_rows(project):
            if native_id in seen:
                continue
            seen.add(native_id)
            try:
                records.append(read())
            except RecordError as error:
                set_aside.append(SetAside(native_id, error.summary, f"{self.name}: {project}"))
        return Page(records, set_aside)

    def _side_rows(self, project: str) -> Iterator[tuple[str, Callable[[], Record]]]:
        for raw in self._client.versions(project):
            yield f"version:{raw.get('id')}", partial(self._reader.release, raw, project)
        if self.options.sprints:
            for raw in self._client.sprints(project):
                yield f"sprint:{raw.get('id')}", partial(self._reader.sprint, raw, project)

    def census(self, container: Container) -> Iterable[str]:
        """Ids of issues, versions and sprints. Raise SourceGoneError for a project that is archived or not visible."""
        state = {known.id: known.state for known in self._containers}.get(container.id)
        if state != _VISIBLE:
            raise SourceGoneError(
                f"{self.name} cannot list the project {container.id}: it is {state or 'not configured'}",
                location=self.name,
                hint="restore the project in Jira, or take it out of projects",
            )
        seen: set[str] = set()
        for native_id in self._client.ids(f"{_jql(container.id)} ORDER BY created ASC, key ASC"):
            if native_id not in seen:
                seen.add(native_id)
                yield native_id
        page = self._side_tables[container.id]
        yield from (record.native_id for record in page.records)
        yield from (broken.native_id for broken in page.set_aside)
        self._client.myself()

    def fetch(self, native_ids: Sequence[str]) -> Iterable[Record]:
        """Fetch issues wherever they are now, and versions and sprints of the configured projects."""
        wanted = dict.fromkeys(native_ids)
        issue_ids = [native_id for native_id in wanted if ":" not in native_id]
        for raw_issues in self._client.issues(issue_ids, self._reader.fields):
            if raw_issues:
                yield from self._page(raw_issues).records
        if len(issue_ids) < len(wanted):
            for page in self._side_tables.values():
                yield from (record for record in page.records if record.native_id in wanted)
        self._client.myself()

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()


def _since(cursor: Cursor) -> datetime | None:
    """The time in a cursor; a position that is none, from whatever it came, means to read everything."""
    try:
        since = datetime.fromisoformat(cursor.position)
    except ValueError:
        return None
    return since if since.tzinfo else since.replace(tzinfo=UTC)


def _jql(project: str, since: datetime | None = None) -> str:
    """Everything of one project, or what was updated since.

    The time is written in epoch milliseconds, because dates are read in the account's zone (J15), and cut to the
    minute, as Jira does (J16). There is no upper bound: it would hide what changes while we read (J17).
    """
    jql = f'project in ("{project}")'
    if since is None:
        return jql
    minute = since.replace(second=0, microsecond=0)
    return f"{jql} AND updated >= {int(minute.timestamp() * 1000)}"


def _state(project: Mapping[str, object]) -> str:
    if project.get("deleted"):
        return "trashed"
    return "archived" if project.get("archived") else _VISIBLE


CONNECTOR = JiraConnector
