"""Jira Data Center: REST v2, lists paged by position, the changelog inside each issue."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import ClassVar, TypeVar
from zoneinfo import ZoneInfo

from connectors.jira.answers import Json, mapping, rows
from connectors.jira.client import JiraClient, WithheldError
from connectors.jira.id_lists import IdsByKey, numeric_id
from connectors.jira.positions import PositionWalk, Rows
from connectors.jira.site import Batch, Site, Wanted
from model.errors import Problem, SourceUnavailableError

_Answer = TypeVar("_Answer")

_IDS_PER_PAGE = 1000
_UNKNOWN_ZONE = timedelta(hours=24)
"""Further than any two zones are apart."""


class DataCenterSite(Site):
    """A server of one's own; it calls itself Server."""

    has_epic_fields: ClassVar[bool] = True

    def __init__(self, client: JiraClient) -> None:
        super().__init__(client)
        self._ids_by_key = IdsByKey()
        self._unseen: set[str] = set()

    def _account(self, person: Json) -> str:
        return str(person.get("key") or person.get("name") or "")

    @cached_property
    def zone(self) -> ZoneInfo | None:
        """The time zone in the account's profile, in which dates in a search are read (J15)."""
        try:
            return ZoneInfo(str(self.person["timeZone"]))
        except (KeyError, ValueError, OSError):
            return None

    @property
    def problems(self) -> Sequence[Problem]:
        if self.zone:
            return ()
        name = self._client.name
        hint = "choose a time zone in the account's profile; until then every read goes back a day further"
        return (Problem(f"{name} does not tell the time zone of our account", name, hint),)

    def projects(self, keys: Sequence[str]) -> Mapping[str, Json]:
        """There is no search for projects here; the list leaves archived ones out unless asked for them."""
        return {key: raw for raw in self.all_projects() if (key := str(raw.get("key"))) in keys}

    def all_projects(self) -> Iterator[Json]:
        answer = self._client.get("its projects", "project", {"includeArchived": "true"})
        yield from rows(answer, self._client.complaint)

    def read(
        self, jqls: Mapping[str, str], wanted: Wanted, turned: Callable[[Batch], _Answer], *, whole: bool
    ) -> Iterator[_Answer]:
        """First pages of several projects at once, then the other pages of each; turned in their order, because an
        epic's key must be known before its issues."""
        asked: Json = {"fields": list(wanted.fields), "expand": ["changelog"]}
        walks = {key: self._walk(jql, asked, wanted.page_size) for key, jql in jqls.items()}
        for first in self._ask_all(walk.begin for walk in walks.values()):
            yield turned(self._batch(first, wanted))
        for key, walk in walks.items():
            for page in walk.rest(self._ask_all):
                yield turned(self._batch(page, wanted))
            if whole:
                self.listed[key] = walk.ids

    def _batch(self, raw_issues: Sequence[Json], wanted: Wanted) -> Batch:
        for raw in raw_issues:
            self._ids_by_key.learn(str(raw.get("key")), numeric_id(raw, self._client.complaint))
        return Batch(raw_issues, self._histories(raw_issues, wanted.changes))

    def ids(self, jql: str) -> "array[int]":
        walk = self._walk(jql, {"fields": ["id"]}, _IDS_PER_PAGE)
        walk.begin()
        for _ in walk.rest(self._ask_all):
            pass
        return walk.ids

    def count(self, jql: str) -> int:
        return self._total(self._page({"jql": jql, "startAt": 0, "maxResults": 0}))

    def some(self, jql: str, fields: Sequence[str], limit: int) -> list[Json]:
        page = self._page({"jql": jql, "startAt": 0, "maxResults": limit, "fields": list(fields)})
        return rows(page.get("issues"), self._client.complaint)

    def _walk(self, jql: str, asked: Json, page_size: int) -> PositionWalk:
        def ask(start: int, size: int) -> Rows:
            page = self._page({**asked, "jql": jql, "startAt": start, "maxResults": size})
            total, found = self._total(page), rows(page.get("issues"), self._client.complaint)
            return Rows(start, total, len(found), {numeric_id(raw, self._client.complaint): raw for raw in found})

        return PositionWalk(ask, page_size, self._client.complaint, self._restless)

    def _page(self, asked: Json) -> Json:
        page = mapping(self._client.post(f"its issues ({asked['jql']})", "search", asked), self._client.complaint)
        if page.get("startAt", asked["startAt"]) != asked["startAt"]:
            raise self._client.complaint("goes round in circles: it answers another page than the one asked for")
        return page

    def _total(self, page: Json) -> int:
        total = page.get("total")
        if not isinstance(total, int):
            raise self._client.complaint("answered a list without its length")
        return total

    def _restless(self) -> SourceUnavailableError:
        return SourceUnavailableError(
            f"{self._client.name} changes faster than it can be read",
            location=self._client.name,
            hint="it is read again at its next turn; if it stays, its search index may need to be rebuilt",
        )

    def issues(self, ids: Sequence[str], wanted: Wanted) -> Iterator[Batch]:
        """One by one, several at once; there is no question for several."""
        yield from self._ask_all(partial(self._single, native_id, wanted) for native_id in ids)

    def _issue(self, id_or_key: str, fields: Sequence[str]) -> Json | None:
        return self._find_issue(id_or_key, fields, expand="changelog")

    def _histories(self, raw_issues: Sequence[Json], field_ids: Sequence[str]) -> Mapping[str, Sequence[Json]]:
        """What came with the issues; a changelog that was cut there is asked for by itself (J10)."""
        return {str(raw.get("id")): self._history(raw) for raw in raw_issues}

    def _history(self, raw: Json) -> list[Json]:
        log = raw.get("changelog")
        if not _is_whole(log):
            again = self._issue(str(raw.get("id")), ["id"]) or {}
            log = again.get("changelog")
        told = mapping(log or {"histories": []}, self._client.complaint)
        return rows(told.get("histories"), self._client.complaint)

    def ids_of(self, keys: Iterable[str]) -> Mapping[str, str]:
        """Most epics were read before their issues, which are younger; the others are asked for once."""
        found: dict[str, str] = {}
        unknown = []
        for key in sorted(set(keys)):
            native_id = self._ids_by_key.get(key)
            if native_id is not None:
                found[key] = str(native_id)
            elif key not in self._unseen:
                unknown.append(key)
        for key, native_id in self._ask_all(partial(self._id_of, key) for key in unknown):
            if native_id is None:
                self._unseen.add(key)
            else:
                self._ids_by_key.learn(key, native_id)
                found[key] = str(native_id)
        return found

    def _id_of(self, key: str) -> tuple[str, int | None]:
        try:
            raw = self._client.find(f"the issue {key}", f"issue/{key}", {"fields": "id"})
        except WithheldError:
            raw = None
        return key, None if raw is None else numeric_id(raw, self._client.complaint)

    def time(self, since: datetime) -> str:
        """In the zone of the account; a day further back where that is unknown (J15)."""
        return f'"{local_minute(since, self.zone):%Y/%m/%d %H:%M}"'


def local_minute(since: datetime, zone: ZoneInfo | None) -> datetime:
    """The wall clock's time at ``since``, cut to the minute.

    Where the clock is turned back a wall clock's time happens twice, and which one Jira means is not known; then the
    time is taken from before that hour, so that neither reading is later than ``since``.
    """
    if zone is None:
        return (since.astimezone(UTC) - _UNKNOWN_ZONE).replace(second=0, microsecond=0)
    moment = since.astimezone(UTC)
    while (latest := _latest_reading(moment.astimezone(zone))) > since:
        moment -= latest - moment
    return moment.astimezone(zone).replace(second=0, microsecond=0)


def _latest_reading(local: datetime) -> datetime:
    return max(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def _is_whole(log: object) -> bool:
    if not isinstance(log, dict) or not isinstance(log.get("histories"), list):
        return False
    total = log.get("total")
    return not isinstance(total, int) or len(log["histories"]) >= total
