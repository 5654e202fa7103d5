"""Walks the lists of projects side by side, and asks for what lies below their tasks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import TypeAlias

from connectors.asana.client import AsanaClient, Row
from connectors.asana.projects import Project
from connectors.asana.tasks import SKELETON_FIELDS, TaskReader
from connectors.http.beside import Beside
from connectors.noted import Noted
from model.errors import SourceContentError

Homed: TypeAlias = tuple[Row, str]
"""A task, and the gid of the project in which its record stands."""

_PAGE_RECORDS = 100
_DEEPEST_SUBTASK = 10
"""Asana nests five levels; more than this is a circle."""


class Lists:
    """The lists of some projects. A task that several of them show is taken from that of its home alone (A13)."""

    def __init__(self, source: str, client: AsanaClient, reader: TaskReader) -> None:
        self._source = source
        self._client = client
        self._reader = reader

    def tasks(
        self, projects: Sequence[Project], fields: str, since: Mapping[str, str | None] | None = None
    ) -> Iterator[list[Homed]]:
        """Pages of tasks; ``since`` tells by project from which change on, or None for all of them."""
        starts = since or {}
        return self._client.walk_all([self._of(project.gid, fields, starts.get(project.gid)) for project in projects])

    def subtasks(self, pages: Iterator[list[Homed]], fields: str) -> Iterator[list[Homed]]:
        """What lies below the tasks of these pages and in no list itself (A9); one answer for each task with some."""
        return self._client.ask_all(
            partial(self._under, row, project, fields) for page in pages for row, project in page if _has_some(row)
        )

    def whole(
        self, projects: Sequence[Project], fields: str, note: Callable[[list[Homed]], list[Homed]]
    ) -> Iterator[list[Homed]]:
        """Pages of tasks and, as soon as their parents came, of what lies below them; ``note`` sees each page and gives
        what was not known before."""
        gathered: list[Homed] = []
        below: Beside[list[Homed]] = self._client.beside()
        with below:
            for page in self.tasks(projects, fields):
                # The gid alone: what lies below may wait for its turn until all lists were read.
                parents = [({"gid": row["gid"]}, project) for row, project in note(page) if _has_some(row)]
                below.ask([partial(self._under, row, project, fields) for row, project in parents])
                yield page
                for answer in below.ready():
                    gathered += note(answer)
                if len(gathered) >= _PAGE_RECORDS:
                    yield gathered
                    gathered = []
            yield from in_pages(chain([gathered], (note(answer) for answer in below.rest())))

    def _of(self, project: str, fields: str, since: str | None) -> Iterator[list[Homed]]:
        for rows in self._client.tasks(project, fields, since):
            yield [(row, project) for row in rows if self._reader.home(row) in (project, None)]

    def _under(self, task: Row, project: str, fields: str) -> list[Homed]:
        return [(row, project) for row in self._below(task, fields, 1)]

    def _below(self, parent: Row, fields: str, depth: int) -> Iterator[Row]:
        if depth > _DEEPEST_SUBTASK:
            raise SourceContentError(
                f"{self._source} nests subtasks more than {_DEEPEST_SUBTASK} deep",
                location=f"{self._source}:{parent['gid']}",
                hint="look at the task in Asana: its subtasks may form a circle",
            )
        for rows in self._client.subtasks(parent["gid"], fields):
            for row in rows:
                if self._reader.home(row) is None:
                    yield row
                    if _has_some(row):
                        yield from self._below(row, fields, depth + 1)


class Skeletons:
    """The ids of each project as one walk through everything shows them: a census."""

    def __init__(self, projects: Sequence[Project]) -> None:
        self._ids = {project.gid: Noted() for project in projects}
        self.complete = False
        """Whether the walk came to its end; before that nothing is proven."""

    def noting(self, pages: Iterator[list[Homed]]) -> Iterator[list[Homed]]:
        """The same pages, noted in passing."""
        for page in pages:
            self.note(page)
            yield page

    def note(self, page: Sequence[Homed]) -> list[Homed]:
        """Note a page; give back those that were not known before."""
        new = {project: self._ids[project].note(gids) for project, gids in _by_project(page).items()}
        return [(row, project) for row, project in page if row["gid"] in new[project]]

    def of(self, project: str) -> Iterator[str] | None:
        """The ids of one project, or None when they are not known completely."""
        return iter(self._ids[project]) if self.complete and project in self._ids else None

    def close(self) -> None:
        for noted in self._ids.values():
            noted.close()


def _by_project(page: Sequence[Homed]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row, project in page:
        found.setdefault(project, []).append(row["gid"])
    return found


def walk_skeleton(lists: Lists, projects: Sequence[Project], fields: str, noted: Skeletons) -> Iterator[list[Homed]]:
    """Yield every subtask of the projects with these fields, and note it and all tasks in ``noted``."""
    pages = noted.noting(lists.tasks(projects, SKELETON_FIELDS))
    for below in lists.subtasks(pages, fields):
        yield noted.note(below)
    noted.complete = True


def walk_whole(lists: Lists, projects: Sequence[Project], fields: str, noted: Skeletons) -> Iterator[list[Homed]]:
    """Yield every task of the projects with these fields and every subtask, and note them in ``noted``."""
    yield from lists.whole(projects, fields, noted.note)
    noted.complete = True


def in_pages(answers: Iterator[list[Homed]]) -> Iterator[list[Homed]]:
    """The same tasks in pages of the same size: what lies below one task are few."""
    waiting: list[Homed] = []
    for answer in answers:
        for row in answer:
            waiting.append(row)
            if len(waiting) == _PAGE_RECORDS:
                yield waiting
                waiting = []
    if waiting:
        yield waiting


def _has_some(row: Row) -> bool:
    return bool(row.get("num_subtasks"))
