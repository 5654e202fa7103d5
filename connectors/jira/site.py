"""What we ask of a Jira, whichever kind it is; Cloud and Data Center answer it in their own ways."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from connectors.jira.answers import Json, mapping, row_id, rows
from connectors.jira.client import AGILE, JiraClient
from model.errors import Problem, SourceAuthError


class Site(ABC):
    """One site, read during one run by an account that it knows."""

    has_epic_fields: ClassVar[bool]
    """Whether an issue tells its epic in a field of its own instead of its parent (J26)."""

    def __init__(self, client: JiraClient) -> None:
        """Ask who we are; raise SourceAuthError when the site does not know us (J23)."""
        self._client = client
        self.person = self._myself()

    @property
    def identity(self) -> str:
        """Who we are there, as people say it."""
        person = self.person
        return str(person.get("emailAddress") or person.get("displayName") or self._account(person))

    @property
    def problems(self) -> Sequence[Problem]:
        """What an admin should mend about the account."""
        return ()

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

    def versions(self, project: str) -> list[Json]:
        answer = self._client.get(f"the versions of {project}", f"project/{project}/versions")
        return rows(answer, self._client.complaint)

    def sprints(self, project: str) -> Iterator[Json]:
        """All sprints of the project's boards; kanban boards have none."""
        for board in self._client.values(f"the boards of {project}", "board", {"projectKeyOrId": project}, AGILE):
            if board.get("type") != "kanban":
                path = f"board/{row_id(board, self._client.complaint)}/sprint"
                yield from self._client.values(f"the sprints of {project}", path, {}, AGILE)

    def close(self) -> None:
        self._client.close()

    @abstractmethod
    def _account(self, person: Json) -> str:
        """What identifies a person for ever; empty for nobody."""

    @abstractmethod
    def projects(self, keys: Sequence[str]) -> Mapping[str, Json]:
        """Those of the projects that we see, archived and deleted ones included, by key."""

    @abstractmethod
    def search(self, jql: str, fields: Sequence[str], page_size: int) -> Iterator[list[Json]]:
        """Walk all pages of a search that orders by what does not change. Raise SourceError before its end is reached
        or not at all."""

    @abstractmethod
    def ids(self, jql: str) -> Iterator[str]:
        """The ids of all issues that a search finds."""

    @abstractmethod
    def count(self, jql: str) -> int:
        """About how many issues there are; good for a person to compare, never for a conclusion (J6)."""

    @abstractmethod
    def issues(self, ids: Sequence[str], fields: Sequence[str]) -> Iterator[list[Json]]:
        """Fetch issues by id, wherever they are now; those that we cannot see are left out (J22)."""

    @abstractmethod
    def histories(self, raw_issues: Sequence[Json], field_ids: Sequence[str]) -> Mapping[str, Sequence[Json]]:
        """The changelog of some fields of issues just read, complete, by issue id."""

    @abstractmethod
    def ids_of(self, keys: Iterable[str]) -> Mapping[str, str]:
        """The ids of issues that other issues name by key; a key that we cannot see has none."""

    @abstractmethod
    def time(self, since: datetime) -> str:
        """A time as a search is asked for it, cut to the minute as Jira does (J16); never later than ``since``."""
