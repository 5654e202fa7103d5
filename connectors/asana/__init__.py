"""Reads Asana: tasks, milestones and subtasks of the configured projects with their dependencies, and goals."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import ClassVar

from connectors.answers import Answers
from connectors.asana.client import AsanaClient, NotSharedError, Row
from connectors.asana.discovery import discover
from connectors.asana.goals import GOALS, Goals, fetch_goal, find_goals, goal_pages, is_goal
from connectors.asana.lists import Homed, Lists, Skeletons, in_pages, walk_skeleton, walk_whole
from connectors.asana.options import AsanaOptions
from connectors.asana.portfolios import PortfolioNotAvailableError, portfolio_projects
from connectors.asana.project_record import project_record
from connectors.asana.projects import Found, Project, find_projects, match_fields, missing_sections, workspaces_of
from connectors.asana.shape import known_gids, shape_of
from connectors.asana.tasks import SKELETON_FIELDS, STORY_FIELDS, TaskReader, due_moves, task_fields
from connectors.base import Connector, ReadContext, SourceOptions
from model.errors import Problem, RecordError, SourceContentError, SourceGoneError
from model.reading import Container, Cursor, Discovery, Missing, Page, Probe, SetAside
from model.records import Absence, Record, WorkItem

__all__ = ["CONNECTOR", "AsanaConnector", "AsanaOptions"]

_PROJECTS_FOLLOW = " "
_MOST_PARENTS = 10
"""Asana nests five levels; a chain of parents that is longer than this is a circle."""


class AsanaConnector(Connector):
    """Asana through the ``asana`` library. A task's container is the first configured project that it is in (A13)."""

    kind: ClassVar[str] = "asana"
    options_type: ClassVar[type[SourceOptions]] = AsanaOptions
    options: AsanaOptions

    def __init__(self, name: str, options: SourceOptions, context: ReadContext) -> None:
        super().__init__(name, options, context)
        self._client: AsanaClient | None = None
        self._me: Row = {}
        self._found: Found | None = None
        self._counted: Skeletons | None = None
        self._goals_read: Goals | None = None
        self._compared: Answers | None = None

    def probe(self) -> Probe:
        client = self._opened()
        found, problems = self._visible_projects(client)
        projects, containers = found.projects, [*_containers(found), *self._goal_containers(found)]
        problems += [container.problem for container in containers if container.problem]
        problems += match_fields(self.name, self.options, projects, found.lost)[1]
        problems += missing_sections(self.name, self.options, client, projects)
        counts = [(f"tasks in {project.name}", client.task_count(project.gid)) for project in projects]
        if self.options.goals and self._goals(found).container.problem is None:
            counts.append(("goals", len(self._goals(found).rows)))
        who = self._me.get("email") or self._me.get("gid")
        return Probe(
            identity=f"{self._me.get('name')} <{who}>",
            server=self.options.url,
            containers=containers,
            counts=counts,
            problems=problems,
        )

    def discover(self) -> Discovery:
        return discover(self.name, self.options, self._opened())

    def identity(self) -> str:
        known = bool(self._me)
        client = self._opened()
        # Opening it has just asked.
        return str((client.me() if known else self._me).get("gid"))

    def shape(self) -> Mapping[str, str]:
        found = self._known()
        return shape_of(self.name, self.options, found.projects, found.lost)

    def roster(self) -> Iterable[Container]:
        found = self._known()
        return [*_containers(found), *self._goal_containers(found)]

    def changed(self, cursor: Cursor | None) -> Iterator[Page]:
        """Tasks in the projects' lists; subtasks are side tables, because no project lists them (A8, A9)."""
        reader = self._reader()
        projects = [project for project in self._read_projects() if self.walks(project.gid)]
        since = {project.gid: _since(cursor, project) for project in projects}
        for homed in self._lists(reader).tasks(projects, task_fields(self.options), since):
            yield self._page(reader, homed)

    def _read_projects(self) -> Sequence[Project]:
        """The configured projects that are at work; what was archived stays as it was last seen."""
        return [project for project in self._known().projects if not project.archived]

    def side_tables(self) -> Iterator[Page]:
        """Yield projects, goals, and every subtask: a change in one does not make its parent a changed one (A8).

        On the way every list is walked to its end, which is a census of the same run.
        """
        reader, projects = self._reader(), self._read_projects()
        yield from self._beside_tasks()
        counted = self._counted_anew(projects)
        found = walk_skeleton(self._lists(reader), projects, task_fields(self.options), counted)
        for homed in in_pages(found):
            yield self._page(reader, homed)

    def everything(self) -> Iterator[Page]:
        """Every list once, with all fields, and what lies below: that is a census as well."""
        reader, projects = self._reader(), self._read_projects()
        yield from self._beside_tasks()
        counted = self._counted_anew(projects)
        for homed in walk_whole(self._lists(reader), projects, task_fields(self.options), counted):
            yield self._page(reader, homed)

    def _counted_anew(self, projects: Sequence[Project]) -> Skeletons:
        if self._counted is not None:
            self._counted.close()
        self._counted = Skeletons(projects)
        return self._counted

    def _beside_tasks(self) -> Iterator[Page]:
        if self.options.project_status:
            yield self._project_page()
        if self.options.goals:
            yield from goal_pages(self.name, self._goals(self._known()))

    def census(self, container: Container) -> Iterator[str]:
        if self.options.goals and container.id == GOALS:
            yield from self._goals(self._known()).census()
            return
        project = self._project_of(container)
        if self.options.project_status:
            yield project.gid
        known = self._counted.of(project.gid) if self._counted else None
        if known is None:
            with closing(Skeletons([project])) as counted:
                for _ in walk_skeleton(self._lists(self._reader()), [project], SKELETON_FIELDS, counted):
                    self.context.check()
                yield from counted.of(project.gid) or ()
            return
        yield from known

    def fetch(self, native_ids: Sequence[str]) -> Iterator[Record | Missing]:
        """Ask for each task and goal; one that Asana refuses with 403 is there (A11)."""
        reader = self._reader()
        # A gid is a number; Asana answers 400 to anything else, and no record can have it.
        questions = (partial(self._fetched, reader, gid) for gid in native_ids if gid.isdecimal() or is_goal(gid))
        return (answer for answer in self._opened().ask_all(questions) if answer is not None)

    def _fetched(self, reader: TaskReader, gid: str) -> Record | Missing | None:
        if is_goal(gid):
            return fetch_goal(self.name, gid, self._opened())
        project = next((known for known in self._known().projects if known.gid == gid), None)
        if project is not None:
            # Kept before project_status was switched off: it is there all the same.
            return self._project_record(project)
        try:
            row = self._opened().task(gid, task_fields(self.options))
            return reader.read(row, self._place(reader, row), list(due_moves(self._stories(row), reader.zone)))
        except SourceGoneError:
            return None
        except NotSharedError:
            return Missing(gid, Absence.ACCESS_LOST)
        except RecordError as error:
            # It is there, so leaving it out would tell that it is gone.
            raise SourceContentError(*error.problems) from error

    def next_cursor(self) -> Cursor:
        """The time, and the projects that were read: one that joins later is read in full, however old its tasks."""
        read = ",".join(sorted(project.gid for project in self._read_projects()))
        return Cursor(f"{super().next_cursor().position}{_PROJECTS_FOLLOW}{read}")

    def close(self) -> None:
        if self._counted is not None:
            self._counted.close()
        if self._client is not None:
            self._client.close()

    def _opened(self) -> AsanaClient:
        """The client, once Asana has told who we are (S6)."""
        if self._client is None:
            self._client = AsanaClient(self.name, self.options, self.context)
        if not self._me:
            self._me = self._client.me()
        return self._client

    def _lists(self, reader: TaskReader) -> Lists:
        return Lists(self.name, self._opened(), reader)

    def _known(self) -> Found:
        if self._found is None:
            client = self._opened()
            within = portfolio_projects(self.name, self.options.portfolios, client)
            self._found = find_projects(self.name, [*self.options.projects, *within], client)
        return self._found

    def _goals(self, found: Found) -> Goals:
        """The goals, read once in a run: what is listed and what is read are the same."""
        if self._goals_read is None:
            self._goals_read = find_goals(self.name, workspaces_of(found.projects), self._opened())
        return self._goals_read

    def _goal_containers(self, found: Found) -> list[Container]:
        return [self._goals(found).container] if self.options.goals else []

    def _project_of(self, container: Container) -> Project:
        found = self._known()
        for lost in found.lost:
            if lost.id == container.id and lost.problem:
                raise SourceGoneError(lost.problem)
        for project in found.projects:
            if project.gid == container.id:
                return project
        raise SourceGoneError(
            f"the project {container.name} is not among those of {self.name}",
            location=self.name,
            hint="add it to projects, or forget the records of that project",
        )

    def _visible_projects(self, client: AsanaClient) -> tuple[Found, list[Problem]]:
        """The configured projects; those of portfolios that are not available are a problem to tell."""
        try:
            return self._known(), []
        except PortfolioNotAvailableError as error:
            return find_projects(self.name, self.options.projects, client), list(error.problems)

    def _reader(self) -> TaskReader:
        """Raise SchemaDriftError when a configured custom field has vanished: unknown is not empty (S9)."""
        projects, lost = self._known().projects, self._known().lost
        custom_gids = known_gids(self.name, self.options, projects, lost)
        return TaskReader(
            source=self.name,
            options=self.options,
            zone=self.context.zone,
            today=self.context.now.astimezone(self.context.zone).date(),
            # A task in several projects lives where work goes on, so that its record outlasts an archived project.
            homes=[project.gid for project in sorted(projects, key=lambda project: project.archived)],
            custom_gids=custom_gids,
        )

    def _page(self, reader: TaskReader, homed: Sequence[Homed]) -> Page:
        """Normalise some tasks, but not those that were read from the same answers before; when their histories are
        asked for, several at once."""
        questions = [partial(self._stories, row) for row, _ in homed]
        asked = self._opened().ask_all(questions) if self.options.date_history else (ask() for ask in questions)
        stories = list(asked)
        compared = self._answers(reader).compare(
            {str(row["gid"]): (row, container, told) for (row, container), told in zip(homed, stories, strict=True)}
        )
        read = [
            self._told(reader, row, container, told)
            for (row, container), told in zip(homed, stories, strict=True)
            if row["gid"] not in compared.unchanged
        ]
        return Page(
            [one for one in read if isinstance(one, WorkItem)],
            [one for one in read if isinstance(one, SetAside)],
            list(compared.unchanged),
            compared.digests,
        )

    def _answers(self, reader: TaskReader) -> Answers:
        if self._compared is None:
            gids = sorted((wanted, sorted(found)) for wanted, found in reader.custom_gids.items())
            today = reader.today if self.options.start_means_doing else None
            self._compared = Answers(self.context.known, self.options, reader.zone, reader.homes, gids, today)
        return self._compared

    def _told(self, reader: TaskReader, row: Row, container: str, stories: Sequence[Row]) -> WorkItem | SetAside:
        try:
            return reader.read(row, container, list(due_moves(stories, reader.zone)))
        except RecordError as error:
            return SetAside(str(row.get("gid")), error.summary, row.get("permalink_url") or "")

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

    def _stories(self, row: Row) -> Sequence[Row]:
        if not self.options.date_history or not row.get("due_on"):
            return ()
        return [story for page in self._opened().stories(row["gid"], STORY_FIELDS) for story in page]

    def _place(self, reader: TaskReader, row: Row) -> str:
        """Where a fetched task is now: a configured project, that of a parent, or a project we do not read."""
        for _ in range(_MOST_PARENTS):
            home = reader.home(row)
            if home is not None:
                return home
            parent = (row.get("parent") or {}).get("gid")
            if parent is None:
                break
            row = self._opened().task(parent, f"{SKELETON_FIELDS},parent.gid")
        elsewhere = ((membership.get("project") or {}).get("gid") for membership in row.get("memberships") or ())
        return next((gid for gid in elsewhere if gid), "")


def _containers(found: Found) -> list[Container]:
    return [*(project.container for project in found.projects), *found.lost]


def _since(cursor: Cursor | None, project: Project) -> str | None:
    """From when on a project's tasks are asked for; None for all of them. A bare time stands for every project."""
    if cursor is None:
        return None
    since, marked, read = cursor.position.partition(_PROJECTS_FOLLOW)
    return None if marked and project.gid not in read.split(",") else since


CONNECTOR = AsanaConnector
