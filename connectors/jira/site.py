"""What we ask of a Jira, whichever kind it is; Cloud and Data Center answer it in their own ways."""

from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import ClassVar, TypeVar

from connectors.http import in_parallel
from connectors.jira.answers import Json, mapping, row_id, rows
from connectors.jira.client import AGILE, JiraClient, WithheldError
from model.errors import Problem, SourceAuthError

_Answer = TypeVar("_Answer")
_LONGEST_PARAMETER = 1500
"""Addresses of 2,000 characters are safe with every proxy (J11)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for of every issue: fields, those whose changes are told, and how many issues at a time."""

    fields: Sequence[str]
    changes: Sequence[str]
    page_size: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Some issues with their changelogs by issue id; ``withheld`` are ids that exist and are kept from us."""

    issues: Sequence[Json]
    histories: Mapping[str, Sequence[Json]] = field(default_factory=dict)
    withheld: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SideTable:
    """What belongs to a project beside its issues."""

    project: str
    versions: Sequence[Json]
    sprints: Sequence[Json]


class Site(ABC):
    """One site, read during one run by an account that it knows."""

    has_epic_fields: ClassVar[bool]
    """Whether an issue tells its epic in a field of its own instead of its parent (J26)."""

    def __init__(self, client: JiraClient) -> None:
        """Ask who we are; raise SourceAuthError when the site does not know us (J23)."""
        self._client = client
        self.person = self._myself()
        self.listed: dict[str, array[int]] = {}
        """The ids of all issues of a project, of those projects that were read whole."""

    @property
    def identity(self) -> str:
        """Who we are there, as people say it."""
        person = self.person
        return str(person.get("emailAddress") or person.get("displayName") or self._account(person))

    @property
    def problems(self) -> Sequence[Problem]:
        """What an admin should mend about the account."""
        return ()

    @property
    def account(self) -> str:
        """Who we were there for the site when it was opened."""
        return self._account(self.person)

    def account_now(self) -> str:
        """Who we are there for the site, asked anew; raise SourceAuthError when it does not know us (J23)."""
        return self._account(self._myself())

    def confirm_identity(self) -> None:
        """Raise SourceAuthError unless the site still takes us for the one that we were at the beginning (J23)."""
        now = self.account_now()
        if now != self._account(self.person):
            raise SourceAuthError(
                f"{self._client.name} took us for {self._account(self.person)} first and for {now} later",
                location=self._client.name,
                hint="look for a proxy that answers for somebody else, and read the source again",
            )

    def _myself(self) -> Json:
        person = mapping(self._client.get("who we are", "myself"), self._client.complaint)
        if not self._account(person):
            raise self._client.stranger("answers without saying who we are")
        return person

    def fields(self) -> list[Json]:
        return rows(self._client.get("its fields", "field"), self._client.complaint)

    def side_tables(self, projects: Iterable[str], *, sprints: bool) -> Iterator[SideTable]:
        """Versions and, where wanted, sprints, of several projects at once."""
        yield from self._ask_all(partial(self._side_table, project, sprints) for project in projects)

    def _side_table(self, project: str, sprints: bool) -> SideTable:
        answer = self._client.get(f"the versions of {project}", f"project/{project}/versions")
        versions = rows(answer, self._client.complaint)
        return SideTable(project, versions, list(self._sprints(project)) if sprints else ())

    def _sprints(self, project: str) -> Iterator[Json]:
        """All sprints of the project's boards; kanban boards have none."""
        for board in self._client.values(f"the boards of {project}", "board", {"projectKeyOrId": project}, AGILE):
            if board.get("type") != "kanban":
                path = f"board/{row_id(board, self._client.complaint)}/sprint"
                yield from self._client.values(f"the sprints of {project}", path, {}, AGILE)

    def project(self, key: str) -> Json | None:
        """A project by a key that it has or had (J21); None when it is not shown to us."""
        try:
            return self._client.find(f"the project {key}", f"project/{key}", {})
        except WithheldError:
            return None

    def _ask_all(self, questions: Iterable[Callable[[], _Answer]]) -> Generator[_Answer, None, None]:
        yield from in_parallel(questions, self._client.context, at_once=self._client.ahead)

    def _single(self, native_id: str, wanted: Wanted) -> Batch:
        """One issue, asked for by itself; none when it does not exist for us."""
        try:
            raw = self._issue(native_id, wanted.fields)
        except WithheldError:
            return Batch((), withheld=(native_id,))
        if raw is None:
            return Batch(())
        return Batch((raw,), self._histories((raw,), wanted.changes))

    def _find_issue(self, id_or_key: str, fields: Sequence[str], **params: str) -> Json | None:
        """There is no post for one issue; all fields are asked for when their names are too long for an address."""
        listed = ",".join(fields)
        asked = {"fields": listed if len(listed) <= _LONGEST_PARAMETER else "*all", **params}
        return self._client.find(f"the issue {id_or_key}", f"issue/{id_or_key}", asked)

    @abstractmethod
    def _issue(self, id_or_key: str, fields: Sequence[str]) -> Json | None:
        """One issue, or None when there is none; raise WithheldError when the site says that it is kept from us."""

    @abstractmethod
    def _histories(self, raw_issues: Sequence[Json], field_ids: Sequence[str]) -> Mapping[str, Sequence[Json]]:
        """The changelog of some fields of issues just read, complete, by issue id."""

    def close(self) -> None:
        self._client.close()

    @abstractmethod
    def _account(self, person: Json) -> str:
        """What identifies a person for ever; empty for nobody."""

    @abstractmethod
    def projects(self, keys: Sequence[str]) -> Mapping[str, Json]:
        """Those of the projects that are listed for us, by key; archived ones included, deleted ones where Jira tells
        them."""

    @abstractmethod
    def all_projects(self) -> Iterator[Json]:
        """Every project that is listed for us."""

    @abstractmethod
    def read(
        self, jqls: Mapping[str, str], wanted: Wanted, turned: Callable[[Batch], _Answer], *, whole: bool
    ) -> Iterator[_Answer]:
        """Read what searches find, by project, each of which orders by what does not change; ``whole`` says that each
        finds all of its project, whose ids are ``listed`` afterwards. An issue may come twice. Raise SourceError before
        the end of a search is reached or not at all.

        Each batch is ``turned`` as soon as it came, by the thread that asked for it: what comes of it takes less
        memory while it waits to be taken."""

    @abstractmethod
    def ids(self, jql: str) -> "array[int]":
        """The ids of all issues that a search finds, each once."""

    @abstractmethod
    def count(self, jql: str) -> int:
        """About how many issues there are; good for a person to compare, never for a conclusion (J6)."""

    @abstractmethod
    def some(self, jql: str, fields: Sequence[str], limit: int) -> list[Json]:
        """A few of the issues that a search finds."""

    @abstractmethod
    def issues(self, ids: Sequence[str], wanted: Wanted) -> Iterator[Batch]:
        """Fetch issues by id, wherever they are now; those that do not exist for us are left out (J22)."""

    @abstractmethod
    def ids_of(self, keys: Iterable[str]) -> Mapping[str, str]:
        """The ids of issues that other issues name by key; a key that we cannot see has none."""

    @abstractmethod
    def time(self, since: datetime) -> str:
        """A time as a search is asked for it, cut to the minute as Jira does (J16); never later than ``since``."""
