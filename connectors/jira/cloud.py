"""Jira Cloud: REST v3, lists paged by token, the changelog and issues by id in bulk."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from connectors.jira.answers import Json, mapping, row_id, rows
from connectors.jira.site import Site

_IDS_PER_PAGE = 5000
_IDS_PER_FETCH = 100
_CHANGES_PER_PAGE = 1000
_CIRCLE = "goes round in circles: it gave the same page token twice"


class CloudSite(Site):
    """A site at atlassian.net, or behind Atlassian's gateway."""

    has_epic_fields: ClassVar[bool] = False

    def _account(self, person: Json) -> str:
        return str(person.get("accountId") or "")

    def projects(self, keys: Sequence[str]) -> Mapping[str, Json]:
        found = {}
        for key in keys:
            params = {"keys": key, "status": ["live", "archived", "deleted"]}
            for project in self._client.values("its projects", "project/search", params):
                if project.get("key") == key:
                    found[key] = project
        return found

    def search(self, jql: str, fields: Sequence[str], page_size: int) -> Iterator[list[Json]]:
        """Walk all pages. An end without an end mark or a repeated token is an error (J2, J5)."""
        complain = self._client.complaint
        seen: set[str] = set()
        asked: Json = {"jql_str": jql, "nextPageToken": None, "maxResults": page_size, "fields": list(fields)}
        while True:
            page = mapping(self._client.search_cloud(f"its issues ({jql})", asked), complain)
            yield rows(page.get("issues"), complain)
            token = page.get("nextPageToken")
            if token is None and page.get("isLast") is False:
                raise complain("ended a list in the middle")
            if not token:
                return
            if token in seen:
                raise complain(_CIRCLE)
            seen.add(token)
            asked["nextPageToken"] = token

    def ids(self, jql: str) -> Iterator[str]:
        """Bare ids come on long pages (J8)."""
        for page in self.search(jql, ["id"], _IDS_PER_PAGE):
            for issue in page:
                yield row_id(issue, self._client.complaint)

    def count(self, jql: str) -> int:
        return self._client.count_cloud(jql)

    def issues(self, ids: Sequence[str], fields: Sequence[str]) -> Iterator[list[Json]]:
        complain = self._client.complaint
        for start in range(0, len(ids), _IDS_PER_FETCH):
            asked = {"issueIdsOrKeys": list(ids[start : start + _IDS_PER_FETCH]), "fields": list(fields)}
            page = mapping(self._client.post("issues by id", "issue/bulkfetch", asked), complain)
            yield rows(page.get("issues"), complain)

    def histories(self, raw_issues: Sequence[Json], field_ids: Sequence[str]) -> Mapping[str, Sequence[Json]]:
        """In bulk: the changelog inside an issue is cut at 20 entries (J10).

        A page may begin with the last entry of the page before; entries are kept once, by their id.
        """
        complain = self._client.complaint
        ids = [str(raw.get("id")) for raw in raw_issues]
        found: dict[str, dict[str, Json]] = {}
        seen: set[str] = set()
        asked: Json = {"issueIdsOrKeys": ids, "fieldIds": list(field_ids), "maxResults": _CHANGES_PER_PAGE}
        while ids:
            page = mapping(self._client.post("the changelog", "changelog/bulkfetch", asked), complain)
            for log in rows(page.get("issueChangeLogs"), complain):
                entries = rows(log.get("changeHistories"), complain)
                of_issue = found.setdefault(str(log.get("issueId")), {})
                of_issue.update((str(entry.get("id")), entry) for entry in entries)
            token = page.get("nextPageToken")
            if not token:
                break
            if token in seen:
                raise complain(_CIRCLE)
            seen.add(token)
            asked["nextPageToken"] = token
        return {issue_id: list(entries.values()) for issue_id, entries in found.items()}

    def ids_of(self, keys: Iterable[str]) -> Mapping[str, str]:
        """Nothing on Cloud names another issue by its key alone (J26)."""
        return {}

    def time(self, since: datetime) -> str:
        """In epoch milliseconds, because dates are read in the account's zone (J15)."""
        return str(int(since.replace(second=0, microsecond=0).timestamp() * 1000))
