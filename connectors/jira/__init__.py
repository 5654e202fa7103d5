"""Reads a Jira Cloud site or a Jira Data Center: issues with needs and date moves, versions and sprints."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from connectors.base import Connector, ReadContext, SourceOptions
from connectors.jira.options import JiraOptions
from model.errors import Problem, RecordError, SourceGoneError
from model.reading import Container, Cursor, Page, Probe, SetAside
from model.records import Record

if TYPE_CHECKING:
    from connectors.jira.fields import FieldPlan
    from connectors.jira.records import JiraReader
    from connectors.jira.site import Site

__all__ = ["CONNECTOR", "JiraConnector", "JiraOptions"]

_VISIBLE = "visible"
_GATEWAY = "api.atlassian.com"
_DAYS_BEFORE_EXPIRY = 30


class JiraConnector(Connector):
    """One Jira Cloud site or Jira Data Center.

    Containers are projects, by key; versions and sprints belong to their project.
    """

    kind: ClassVar[str] = "jira"
    options_type: ClassVar[type[SourceOptions]] = JiraOptions
    options: JiraOptions

    def __init__(self, name: str, options: JiraOptions, context: ReadContext) -> None:
        super().__init__(name, options, context)
        self._server: Mapping[str, object] = {}

    @cached_property
    def _site(self) -> "Site":
        """The site, once it has said what it is and who we are there (J3, J23)."""
        from connectors.jira.client import CLOUD, JiraClient
        from connectors.jira.cloud import CloudSite
        from connectors.jira.datacenter import DataCenterSite

        client = JiraClient(self.name, self.options, self.context)
        try:
            self._server = client.open()
            return (CloudSite if self._server["deploymentType"] == CLOUD else DataCenterSite)(client)
        except BaseException:
            client.close()
            raise

    @property
    def _browse_url(self) -> str:
        """Where people open issues: never the gateway, which serves programs only (J31)."""
        return str(self.options.browse_url or self._server.get("baseUrl") or self.options.url).rstrip("/")

    @cached_property
    def _plan(self) -> "FieldPlan":
        from connectors.jira.fields import plan_fields

        site = self._site
        return plan_fields(self.name, self.options, site.fields(), epic_fields=site.has_epic_fields)

    @cached_property
    def _reader(self) -> "JiraReader":
        from connectors.jira.records import JiraReader

        plan = self._plan
        plan.require()
        return JiraReader(self.name, self.options, plan, self.context.zone, self._browse_url)

    @cached_property
    def _containers(self) -> Sequence[Container]:
        found = self._site.projects(self.options.projects)
        missing = [key for key in self.options.projects if key not in found]
        if missing:
            raise SourceGoneError(*(self._invisible(key) for key in missing))
        return tuple(
            Container(key, str(found[key].get("name") or key), _state(found[key])) for key in self.options.projects
        )

    def _invisible(self, key: str) -> Problem:
        hint = "give the account permission to browse it, or correct the key if it was renamed, or take it out"
        return Problem(f"{self.name} does not show the project {key}", f"{self.name}: projects", hint)

    def probe(self) -> Probe:
        site = self._site
        counts = [
            (container.id, site.count(_jql(container.id)))
            for container in self._containers
            if container.state == _VISIBLE
        ]
        problems = (*self._plan.problems, *site.problems, *self._address_problems(), *self._expiry_problems())
        server = str(self._server.get("baseUrl") or self.options.url)
        return Probe(site.identity, server, self._containers, counts, problems)

    def _address_problems(self) -> Iterator[Problem]:
        if urlsplit(self._browse_url).hostname == _GATEWAY:
            yield Problem(
                "the address of the site is not known; links to issues lead to the gateway, which people cannot open",
                f"{self.name}: browse_url",
                "write the address at which people open Jira in browse_url",
            )

    def _expiry_problems(self) -> Iterator[Problem]:
        """Jira never tells when a token expires, only on the day that it is too late (J34)."""
        expires = self.options.expires_on
        if expires is None:
            return
        days = (expires - self.context.now.astimezone(self.context.zone).date()).days
        if days <= _DAYS_BEFORE_EXPIRY:
            when = f"expires on {expires}, {days} days from now" if days >= 0 else f"expired on {expires}"
            hint = "make a new token, put it where token points to, and write its last day in expires_on"
            yield Problem(f"the token of {self.name} {when}", f"{self.name}: expires_on", hint)

    def identity(self) -> str:
        return self._site.account_now()

    def roster(self) -> Iterable[Container]:
        return self._containers

    def changed(self, cursor: Cursor | None) -> Iterable[Page]:
        since = None if cursor is None else _since(cursor)
        time = None if since is None else self._site.time(since)
        for container in self._containers:
            if container.state != _VISIBLE:
                continue
            jql = f"{_jql(container.id, time)} ORDER BY created ASC, key ASC"
            for raw_issues in self._site.search(jql, self._reader.fields, self.options.page_size):
                if raw_issues:
                    yield self._page(raw_issues)
        self._site.confirm_identity()

    def _page(self, raw_issues: "list[dict[str, object]]") -> Page:
        histories = self._site.histories(raw_issues, self._reader.changelog_fields)
        parents = self._site.ids_of(self._reader.parent_keys(raw_issues))
        return Page(*self._reader.issues(raw_issues, histories, parents))

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
        for raw in self._site.versions(project):
            yield f"version:{raw.get('id')}", partial(self._reader.release, raw, project)
        if self.options.sprints:
            for raw in self._site.sprints(project):
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
        for native_id in self._site.ids(f"{_jql(container.id)} ORDER BY created ASC, key ASC"):
            if native_id not in seen:
                seen.add(native_id)
                yield native_id
        page = self._side_tables[container.id]
        yield from (record.native_id for record in page.records)
        yield from (broken.native_id for broken in page.set_aside)
        self._site.confirm_identity()

    def fetch(self, native_ids: Sequence[str]) -> Iterable[Record]:
        """Fetch issues wherever they are now, and versions and sprints of the configured projects."""
        wanted = dict.fromkeys(native_ids)
        issue_ids = [native_id for native_id in wanted if ":" not in native_id]
        for raw_issues in self._site.issues(issue_ids, self._reader.fields):
            if raw_issues:
                yield from self._page(raw_issues).records
        if len(issue_ids) < len(wanted):
            for page in self._side_tables.values():
                yield from (record for record in page.records if record.native_id in wanted)
        self._site.confirm_identity()

    def close(self) -> None:
        if "_site" in self.__dict__:
            self._site.close()


def _since(cursor: Cursor) -> datetime | None:
    """The time in a cursor; a position that is none, from whatever it came, means to read everything."""
    try:
        since = datetime.fromisoformat(cursor.position)
    except ValueError:
        return None
    return since if since.tzinfo else since.replace(tzinfo=UTC)


def _jql(project: str, since: str | None = None) -> str:
    """Everything of one project, or what was updated since.

    There is no upper bound: it would hide what changes while we read (J17).
    """
    jql = f'project in ("{project}")'
    return jql if since is None else f"{jql} AND updated >= {since}"


def _state(project: Mapping[str, object]) -> str:
    if project.get("deleted"):
        return "trashed"
    return "archived" if project.get("archived") else _VISIBLE


CONNECTOR = JiraConnector
