"""Reads a Jira Cloud site or a Jira Data Center: issues with needs and date moves, versions and sprints."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from connectors.base import Connector, ReadContext, SourceOptions
from connectors.jira.options import JiraOptions
from model.errors import Problem, RecordError, SourceGoneError
from model.reading import Container, Cursor, Discovery, Missing, Page, Probe, SetAside
from model.records import Absence, Record

if TYPE_CHECKING:
    from connectors.answers import Answers
    from connectors.http.early import Early
    from connectors.jira.answers import Json
    from connectors.jira.fields import FieldPlan
    from connectors.jira.records import JiraReader
    from connectors.jira.site import Batch, SideTable, Site, Wanted

__all__ = ["CONNECTOR", "JiraConnector", "JiraOptions"]

_VISIBLE = "visible"
_LOST = "lost"
_PUT_AWAY = ("archived", "trashed")
_ORDER = " ORDER BY created ASC, key ASC"
_GATEWAY = "api.atlassian.com"


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
        self._listed: Early[Mapping[str, Json]] | None = None

    @cached_property
    def _site(self) -> "Site":
        """The site, once it has said what it is and who we are there (J3, J23)."""
        from connectors.http.early import Early
        from connectors.jira.client import CLOUD, JiraClient
        from connectors.jira.cloud import CloudSite
        from connectors.jira.datacenter import DataCenterSite

        client = JiraClient(self.name, self.options, self.context)
        try:
            self._server = client.open()
            site = (CloudSite if self._server["deploymentType"] == CLOUD else DataCenterSite)(client)
            # Whatever comes next wants its fields and the projects; they are asked for side by side.
            self._listed = Early(lambda: site.projects(self.options.projects))
            return site
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
        """The configured projects by the keys that they have now; one that is not shown is ``lost`` (J12, J21, J22)."""
        site = self._site
        listed = self._listed.answer() if self._listed else site.projects(self.options.projects)
        found = [self._container(key, listed.get(key)) for key in self.options.projects]
        if any(container.state == _LOST for container in found):
            self._site.confirm_identity()  # nobody is shown anything
        return tuple({container.id: container for container in found}.values())

    def _container(self, key: str, raw: Mapping[str, object] | None) -> Container:
        raw = raw or self._site.project(key)
        if raw is None:
            hint = "give the account permission to browse it, or correct the key, or take it out"
            problem = Problem(f"{self.name} does not show the project {key}", f"{self.name}: projects", hint)
            return Container(key, key, _LOST, problem)
        return Container(str(raw.get("key")), str(raw.get("name") or key), _state(raw))

    def _renamed_problems(self) -> Iterator[Problem]:
        known = {container.id for container in self._containers}
        for key in self.options.projects:
            raw = None if key in known else self._site.project(key)
            if raw is not None:
                hint = f"write {raw.get('key')} in projects; the old key works only as long as no other project gets it"
                yield Problem(
                    f"the project {key} of {self.name} is called {raw.get('key')} now", f"{self.name}: projects", hint
                )

    def probe(self) -> Probe:
        site = self._site
        counts = [
            (container.id, site.count(_jql(container.id)))
            for container in self._containers
            if container.state == _VISIBLE
        ]
        problems = (*self._lost_problems(), *self._plan.problems, *site.problems, *self._address_problems())
        server = str(self._server.get("baseUrl") or self.options.url)
        return Probe(site.identity, server, self._containers, counts, problems)

    def _address_problems(self) -> Iterator[Problem]:
        if urlsplit(self._browse_url).hostname == _GATEWAY:
            yield Problem(
                "the address of the site is not known; links to issues lead to the gateway, which people cannot open",
                f"{self.name}: browse_url",
                "write the address at which people open Jira in browse_url",
            )

    def discover(self) -> Discovery:
        from connectors.jira.discovery import discover

        every = [Container(str(raw.get("key")), str(raw.get("name")), _state(raw)) for raw in self._site.all_projects()]
        projects = {known: f"{_jql(known.id)}{_ORDER}" for known in self._containers if known.state == _VISIBLE}
        found = discover(self._site, self.options, self._plan, projects, every)
        return replace(found, problems=(*self._lost_problems(), *found.problems))

    def _lost_problems(self) -> Iterator[Problem]:
        yield from (container.problem for container in self._containers if container.problem is not None)
        yield from self._renamed_problems()

    def identity(self) -> str:
        known = "_site" in self.__dict__
        site = self._site
        # Opening the site has just asked.
        return site.account_now() if known else site.account

    def shape(self) -> Mapping[str, str]:
        self._plan.require()
        return self._plan.shape

    def roster(self) -> Iterable[Container]:
        return self._containers

    def changed(self, cursor: Cursor | None) -> Iterable[Page]:
        since = None if cursor is None else _since(cursor)
        time = None if since is None else self._site.time(since)
        jqls = {
            container.id: f"{_jql(container.id, time)}{_ORDER}"
            for container in self._containers
            if container.state == _VISIBLE and self.walks(container.id)
        }
        for page in self._site.read(jqls, self._wanted, self._news, whole=time is None):
            if page.records or page.set_aside or page.unchanged:
                yield page
        self._site.confirm_identity()

    @property
    def _wanted(self) -> "Wanted":
        from connectors.jira.site import Wanted

        return Wanted(self._reader.fields, self._reader.changelog_fields, self.options.page_size)

    def _page(self, batch: "Batch") -> Page:
        parents = self._site.ids_of(self._reader.parent_keys(batch.issues))
        return Page(*self._reader.issues(batch.issues, batch.histories, parents))

    def _news(self, batch: "Batch") -> Page:
        """A page on which what was read from the same answers before is not read again."""
        parents = self._site.ids_of(self._reader.parent_keys(batch.issues))
        answers = {
            str(raw.get("id")): (raw, batch.histories.get(str(raw.get("id"))), self._reader.parent_ids(raw, parents))
            for raw in batch.issues
        }
        compared = self._answers.compare(answers)
        rest = [raw for raw in batch.issues if str(raw.get("id")) not in compared.unchanged]
        read = self._reader.issues(rest, batch.histories, parents)
        return Page(*read, unchanged=list(compared.unchanged), digests=compared.digests)

    @cached_property
    def _answers(self) -> "Answers":
        from connectors.answers import Answers

        return Answers(self.context.known, self._reader)

    def side_tables(self) -> Iterable[Page]:
        """Versions and sprints: their dates move without a trace on the issues (J19)."""
        for container in self._containers:
            if container.state == _VISIBLE:
                yield self._side_tables[container.id]

    @cached_property
    def _side_tables(self) -> dict[str, Page]:
        """By project. A sprint that several projects' boards show belongs to the first of them."""
        seen: set[str] = set()
        visible = [container.id for container in self._containers if container.state == _VISIBLE]
        tables = self._site.side_tables(visible, sprints=self.options.sprints)
        return {table.project: self._side_table(table, seen) for table in tables}

    def _side_table(self, table: "SideTable", seen: set[str]) -> Page:
        records: list[Record] = []
        set_aside: list[SetAside] = []
        reader = self._reader
        rows = [("version", raw) for raw in table.versions] + [("sprint", raw) for raw in table.sprints]
        for kind, raw in rows:
            native_id = f"{kind}:{raw.get('id')}"
            if native_id in seen:
                continue
            seen.add(native_id)
            read = reader.release if kind == "version" else reader.sprint
            try:
                records.append(read(raw, table.project))
            except RecordError as error:
                set_aside.append(SetAside(native_id, error.summary, f"{self.name}: {table.project}"))
        return Page(records, set_aside)

    def census(self, container: Container) -> Iterable[str]:
        """Ids of issues, versions and sprints; a full read of this run has listed those of the issues already.

        Raise SourceGoneError for a project that is archived or not visible.
        """
        state = {known.id: known.state for known in self._containers}.get(container.id)
        if state != _VISIBLE:
            raise SourceGoneError(
                f"{self.name} cannot list the project {container.id}: it is {state or 'not configured'}",
                location=self.name,
                hint="restore the project in Jira, or take it out of projects",
            )
        listed = self._site.listed.get(container.id)
        for native_id in self._site.ids(f"{_jql(container.id)}{_ORDER}") if listed is None else listed:
            yield str(native_id)
        page = self._side_tables[container.id]
        yield from (record.native_id for record in page.records)
        yield from (broken.native_id for broken in page.set_aside)
        self._site.confirm_identity()

    def fetch(self, native_ids: Sequence[str]) -> Iterable[Record | Missing]:
        """Fetch issues wherever they are now, and versions and sprints of the configured projects (J22)."""
        from connectors.jira.records import ARCHIVED_FIELD, is_archived

        put_away = {container.id for container in self._containers if container.state in _PUT_AWAY}
        wanted = dict.fromkeys(native_ids)
        issue_ids = [native_id for native_id in wanted if ":" not in native_id]
        asked = replace(self._wanted, fields=[*self._wanted.fields, ARCHIVED_FIELD])
        for batch in self._site.issues(issue_ids, asked):
            yield from (Missing(native_id, Absence.ACCESS_LOST) for native_id in batch.withheld)
            archived = {str(raw.get("id")) for raw in batch.issues if is_archived(raw)}
            page = self._page(batch)
            for record in page.records:
                away = record.native_id in archived or record.container in put_away
                yield Missing(record.native_id, Absence.ARCHIVED) if away else record
            # It is there; what it says cannot be known.
            yield from (Missing(broken.native_id, Absence.UNOBSERVED) for broken in page.set_aside)
        if len(issue_ids) < len(wanted):
            for page in self._side_tables.values():
                yield from (record for record in page.records if record.native_id in wanted)
        self._site.confirm_identity()

    def everything(self) -> Iterable[Page]:
        """Issues are listed while versions and sprints are asked for."""
        from connectors.http.early import Begun

        with Begun(iter(self.changed(None))) as issues:
            yield from self.side_tables()
            yield from issues

    def close(self) -> None:
        if self._listed is not None:
            self._listed.drop()
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
