"""Reads Asana: tasks, milestones and subtasks of the configured projects, with their dependencies."""

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from connectors.asana.client import AsanaClient, Row
from connectors.asana.discovery import discover
from connectors.asana.options import AsanaOptions
from connectors.asana.portfolios import PortfolioNotAvailableError, portfolio_projects
from connectors.asana.project_record import project_record
from connectors.asana.projects import Project, find_projects, match_fields, missing_sections
from connectors.asana.tasks import SKELETON_FIELDS, STORY_FIELDS, TaskReader, due_moves, task_fields
from connectors.base import Connector, ReadContext, SourceOptions
from model.errors import Problem, RecordError, SourceContentError, SourceGoneError
from model.reading import Container, Cursor, Discovery, Page, Probe, SetAside
from model.records import Move, WorkItem

__all__ = ["CONNECTOR", "AsanaConnector", "AsanaOptions"]

_PAGE_RECORDS = 100
_PROJECTS_FOLLOW = " "
_DEEPEST_SUBTASK = 10
"""Asana nests five levels; more than this is a circle."""


class AsanaConnector(Connector):
    """Asana through the ``asana`` library. A task's container is the first configured project that it is in (A13)."""

    kind: ClassVar[str] = "asana"
    options_type: ClassVar[type[SourceOptions]] = AsanaOptions
    options: AsanaOptions

    def __init__(self, name: str, options: SourceOptions, context: ReadContext) -> None:
        super().__init__(name, options, context)
        self._client: AsanaClient | None = None
        self._me: Row = {}
        self._projects: Sequence[Project] | None = None

    def probe(self) -> Probe:
        client = self._opened()
        projects, problems = self._visible_projects(client)
        problems += match_fields(self.name, self.options, projects)[1]
        problems += missing_sections(self.name, self.options, client, projects)
        who = self._me.get("email") or self._me.get("gid")
        return Probe(
            identity=f"{self._me.get('name')} <{who}>",
            server=self.options.url,
            containers=[project.container for project in projects],
            counts=[(f"tasks in {project.name}", client.task_count(project.gid)) for project in projects],
            problems=problems,
        )

    def discover(self) -> Discovery:
        return discover(self.name, self.options, self._opened())

    def identity(self) -> str:
        return str(self._opened().me().get("gid"))

    def roster(self) -> Iterable[Container]:
        return [project.container for project in self._known_projects()]

    def changed(self, cursor: Cursor | None) -> Iterator[Page]:
        """Tasks in the projects' lists; subtasks are side tables, because no project lists them (A8, A9)."""
        client, reader = self._opened(), self._reader()
        seen: set[str] = set()
        for project in self._read_projects():
            for rows in client.tasks(project.gid, task_fields(self.options), _since(cursor, project)):
                homed = [(row, reader.home(row) or project.gid) for row in rows if row["gid"] not in seen]
                seen.update(row["gid"] for row in rows)
                yield self._page(reader, homed)

    def _read_projects(self) -> Sequence[Project]:
        """The configured projects that are at work; what was archived stays as it was last seen."""
        return [project for project in self._known_projects() if not project.archived]

    def side_tables(self) -> Iterator[Page]:
        """Yield every subtask: a change in one does not make its parent a changed one (A8); and the projects."""
        reader = self._reader()
        if self.options.project_status:
            yield self._project_page()
        seen: set[str] = set()
        waiting: list[tuple[Row, str]] = []
        for project in self._read_projects():
            for row in self._subtasks(reader, project, task_fields(self.options)):
                if row["gid"] not in seen:
                    seen.add(row["gid"])
                    waiting.append((row, project.gid))
                if len(waiting) >= _PAGE_RECORDS:
                    yield self._page(reader, waiting)
                    waiting = []
        if waiting:
            yield self._page(reader, waiting)

    def census(self, container: Container) -> Iterator[str]:
        reader = self._reader()
        project = next((known for known in self._known_projects() if known.gid == container.id), None)
        if project is None:
            raise SourceGoneError(
                f"the project {container.name} is not among those of {self.name}",
                location=self.name,
                hint="add it to projects, or forget the records of that project",
            )
        if self.options.project_status:
            yield project.gid
        seen: set[str] = set()
        for rows in self._opened().tasks(project.gid, SKELETON_FIELDS):
            for row in rows:
                if reader.home(row) in (project.gid, None) and row["gid"] not in seen:
                    seen.add(row["gid"])
                    yield row["gid"]
        for row in self._subtasks(reader, project, SKELETON_FIELDS):
            if row["gid"] not in seen:
                seen.add(row["gid"])
                yield row["gid"]

    def fetch(self, native_ids: Sequence[str]) -> Iterator[WorkItem]:
        client, reader = self._opened(), self._reader()
        projects = {project.gid: project for project in self._known_projects()}
        for gid in native_ids:
            if gid in projects:
                # Kept before project_status was switched off: it is there all the same.
                yield self._project_record(projects[gid])
                continue
            # A gid is a number; Asana answers 400 to anything else, and no record can have it.
            if not gid.isdecimal():
                continue
            try:
                row = client.task(gid, task_fields(self.options))
            except SourceGoneError:
                continue
            try:
                yield reader.read(row, self._place(reader, row), self._moves(reader, row))
            except RecordError as error:
                # It is there, so leaving it out would tell that it is gone.
                raise SourceContentError(*error.problems) from error

    def next_cursor(self) -> Cursor:
        """The time, and the projects that were read: one that joins later is read in full, however old its tasks."""
        read = ",".join(sorted(project.gid for project in self._read_projects()))
        return Cursor(f"{super().next_cursor().position}{_PROJECTS_FOLLOW}{read}")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _opened(self) -> AsanaClient:
        """The client, once Asana has told who we are (S6)."""
        if self._client is None:
            self._client = AsanaClient(self.name, self.options, self.context)
        if not self._me:
            self._me = self._client.me()
        return self._client

    def _known_projects(self) -> Sequence[Project]:
        if self._projects is None:
            client = self._opened()
            within = portfolio_projects(self.name, self.options.portfolios, client)
            self._projects = find_projects(self.name, [*self.options.projects, *within], client)
        return self._projects

    def _visible_projects(self, client: AsanaClient) -> tuple[Sequence[Project], list[Problem]]:
        """The configured projects; those of portfolios that are not available are a problem to tell."""
        try:
            return self._known_projects(), []
        except PortfolioNotAvailableError as error:
            return find_projects(self.name, self.options.projects, client), list(error.problems)

    def _reader(self) -> TaskReader:
        """Raise SourceGoneError when a configured custom field has vanished: unknown is not empty (S9)."""
        projects = self._known_projects()
        custom_gids, problems = match_fields(self.name, self.options, projects)
        if problems:
            raise SourceGoneError(*problems)
        return TaskReader(
            source=self.name,
            options=self.options,
            zone=self.context.zone,
            today=self.context.now.astimezone(self.context.zone).date(),
            # A task in several projects lives where work goes on, so that its record outlasts an archived project.
            homes=[project.gid for project in sorted(projects, key=lambda project: project.archived)],
            custom_gids=custom_gids,
        )

    def _page(self, reader: TaskReader, homed: Sequence[tuple[Row, str]]) -> Page:
        records, set_aside = [], []
        for row, container in homed:
            try:
                records.append(reader.read(row, container, self._moves(reader, row)))
            except RecordError as error:
                set_aside.append(SetAside(str(row.get("gid")), error.summary, row.get("permalink_url") or ""))
        return Page(records, set_aside)

    def _project_page(self) -> Page:
        records, set_aside = [], []
        for project in self._read_projects():
            try:
                records.append(project_record(self.name, project, self.context.zone))
            except RecordError as error:
                set_aside.append(SetAside(project.gid, error.summary, project.row.get("permalink_url") or ""))
        return Page(records, set_aside)

    def _project_record(self, project: Project) -> WorkItem:
        try:
            return project_record(self.name, project, self.context.zone)
        except RecordError as error:
            raise SourceContentError(*error.problems) from error

    def _moves(self, reader: TaskReader, row: Row) -> Sequence[Move]:
        if not self.options.date_history or not row.get("due_on"):
            return ()
        stories = [story for page in self._opened().stories(row["gid"], STORY_FIELDS) for story in page]
        return list(due_moves(stories, reader.zone))

    def _subtasks(self, reader: TaskReader, project: Project, fields: str) -> Iterator[Row]:
        """Subtasks below the tasks of a project that are in no project's list themselves."""
        for rows in self._opened().tasks(project.gid, SKELETON_FIELDS):
            for row in rows:
                if reader.home(row) in (project.gid, None):
                    yield from self._below(reader, row, fields, 1)

    def _below(self, reader: TaskReader, parent: Row, fields: str, depth: int) -> Iterator[Row]:
        if not parent.get("num_subtasks"):
            return
        if depth > _DEEPEST_SUBTASK:
            raise SourceContentError(
                f"{self.name} nests subtasks more than {_DEEPEST_SUBTASK} deep",
                location=f"{self.name}:{parent['gid']}",
                hint="look at the task in Asana: its subtasks may form a circle",
            )
        for rows in self._opened().subtasks(parent["gid"], fields):
            for row in rows:
                if reader.home(row) is None:
                    yield row
                    yield from self._below(reader, row, fields, depth + 1)

    def _place(self, reader: TaskReader, row: Row) -> str:
        """Where a fetched task is now: a configured project, that of a parent, or a project we do not read."""
        for _ in range(_DEEPEST_SUBTASK):
            home = reader.home(row)
            if home is not None:
                return home
            parent = (row.get("parent") or {}).get("gid")
            if parent is None:
                break
            row = self._opened().task(parent, f"{SKELETON_FIELDS},parent.gid")
        elsewhere = ((membership.get("project") or {}).get("gid") for membership in row.get("memberships") or ())
        return next((gid for gid in elsewhere if gid), "")


def _since(cursor: Cursor | None, project: Project) -> str | None:
    """From when on a project's tasks are asked for; None for all of them. A bare time stands for every project."""
    if cursor is None:
        return None
    since, marked, read = cursor.position.partition(_PROJECTS_FOLLOW)
    return None if marked and project.gid not in read.split(",") else since


CONNECTOR = AsanaConnector
