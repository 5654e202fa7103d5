"""Jira Data Center: REST v2, lists paged by position, the changelog inside each issue."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import ClassVar
from zoneinfo import ZoneInfo

from connectors.jira.answers import Json, mapping, row_id, rows
from connectors.jira.client import JiraClient
from connectors.jira.site import Site
from model.errors import Problem, SourceUnavailableError

_IDS_PER_PAGE = 1000
_MOST_RETURNS = 20
_WHOLE_WALK = 5
"""A walk from the beginning counts like this many returns by a page."""
_UNKNOWN_ZONE = timedelta(hours=24)
"""Further than any two zones are apart."""


class DataCenterSite(Site):
    """A server of one's own; it calls itself Server."""

    has_epic_fields: ClassVar[bool] = True

    def __init__(self, client: JiraClient) -> None:
        super().__init__(client)
        self._ids_by_key: dict[str, str | None] = {}

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
        answer = self._client.get("its projects", "project", {"includeArchived": "true"})
        return {key: raw for raw in rows(answer, self._client.complaint) if (key := str(raw.get("key"))) in keys}

    def search(self, jql: str, fields: Sequence[str], page_size: int) -> Iterator[list[Json]]:
        for page in self._walk(jql, {"fields": list(fields), "expand": ["changelog"]}, page_size):
            self._ids_by_key.update((str(raw.get("key")), str(raw.get("id"))) for raw in page)
            yield page

    def ids(self, jql: str) -> Iterator[str]:
        for page in self._walk(jql, {"fields": ["id"]}, _IDS_PER_PAGE):
            for issue in page:
                yield row_id(issue, self._client.complaint)

    def count(self, jql: str) -> int:
        return self._total(self._page({"jql": jql, "startAt": 0, "maxResults": 0}))

    def _walk(self, jql: str, asked: Json, page_size: int) -> Iterator[list[Json]]:
        """Walk all pages, each issue once, while the list shifts below us (J13).

        Every page begins with the last row of the one before. When that row is another one, rows before it went away
        and some slipped past us: go back. A list that is longer than what we saw is walked again from its beginning.
        """
        seen: set[str] = set()
        start, known_before, returns, overlaps = 0, -1, 0, False
        while True:
            page = self._page({**asked, "jql": jql, "startAt": start, "maxResults": page_size})
            total, found = self._total(page), self._by_id(page)
            if start < total and not found:
                raise self._client.complaint("ended a list in the middle")
            shifted = overlaps and next(iter(found), None) not in seen
            fresh = [raw for native_id, raw in found.items() if native_id not in seen]
            seen.update(found)
            yield fresh
            ended = start + len(page["issues"]) >= total
            # What a whole walk more does not find is only counted twice by the server.
            if ended and not shifted and (len(seen) >= total or len(seen) == known_before):
                return
            if shifted or ended:
                returns += 1 if shifted else _WHOLE_WALK
                self._require_calm(returns)
                start = max(0, start - page_size) if shifted else 0
                known_before = len(seen) if start == 0 else -1
            else:
                start += max(1, len(found) - 1)
            overlaps = start > 0 and len(found) > 1

    def _page(self, asked: Json) -> Json:
        page = mapping(self._client.post(f"its issues ({asked['jql']})", "search", asked), self._client.complaint)
        if page.get("startAt", asked["startAt"]) != asked["startAt"]:
            raise self._client.complaint("goes round in circles: it answers another page than the one asked for")
        return page

    def _by_id(self, page: Json) -> dict[str, Json]:
        complain = self._client.complaint
        return {row_id(raw, complain): raw for raw in rows(page.get("issues"), complain)}

    def _total(self, page: Json) -> int:
        total = page.get("total")
        if not isinstance(total, int):
            raise self._client.complaint("answered a list without its length")
        return total

    def _require_calm(self, returns: int) -> None:
        if returns > _MOST_RETURNS:
            raise SourceUnavailableError(
                f"{self._client.name} changes faster than it can be read",
                location=self._client.name,
                hint="it is read again at its next turn; if it stays, its search index may need to be rebuilt",
            )

    def issues(self, ids: Sequence[str], fields: Sequence[str]) -> Iterator[list[Json]]:
        """One by one; there is no question for several. Raise SourceAuthError for one that exists and is kept from us:
        it must not look deleted."""
        for native_id in ids:
            found = self._issue(native_id, fields)
            if found is not None:
                yield [found]

    def _issue(self, id_or_key: str, fields: Sequence[str]) -> Json | None:
        params = {"fields": ",".join(fields), "expand": "changelog"}
        return self._client.find(f"the issue {id_or_key}", f"issue/{id_or_key}", params)

    def histories(self, raw_issues: Sequence[Json], field_ids: Sequence[str]) -> Mapping[str, Sequence[Json]]:
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
        wanted = set(keys)
        for key in sorted(wanted - self._ids_by_key.keys()):
            found = self._client.find(f"the issue {key}", f"issue/{key}", {"fields": "id"})
            self._ids_by_key[key] = None if found is None else row_id(found, self._client.complaint)
        return {key: native_id for key in wanted if (native_id := self._ids_by_key[key]) is not None}

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
