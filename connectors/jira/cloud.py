"""Jira Cloud: REST v3, lists paged by token, issues by id and their changelogs in bulk.

A cursor of pages is sequential. So a long list is read as bare ids, which come 5,000 a page, and then the issues by id,
many at once.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import ClassVar, TypeVar

from connectors.jira.answers import Json, mapping, row_id, rows
from connectors.jira.client import NotThereError
from connectors.jira.id_lists import distinct, id_list, in_order, in_parts, numeric_id
from connectors.jira.site import Batch, Site, Wanted
from model.errors import SourceContentError

_Answer = TypeVar("_Answer")

_IDS_PER_PAGE = 5000
_IDS_PER_FETCH = 100
_FETCHES_PER_CHANGELOG = 2
_CHANGES_PER_PAGE = 1000
_MOST_CHANGED_FIELDS = 10
_STATES = ["live", "archived", "deleted"]
_FEW = 20
_CIRCLE = "goes round in circles: it gave the same page token twice"


class CloudSite(Site):
    """A site at atlassian.net, or behind Atlassian's gateway."""

    has_epic_fields: ClassVar[bool] = False

    def _account(self, person: Json) -> str:
        return str(person.get("accountId") or "")

    def projects(self, keys: Sequence[str]) -> Mapping[str, Json]:
        listed = self._ask_all(partial(self._project, key) for key in keys)
        return {key: found for key, found in zip(keys, listed, strict=True) if found is not None}

    def _project(self, key: str) -> Json | None:
        params = {"keys": key, "status": _STATES}
        listed = self._client.values("its projects", "project/search", params)
        return next((found for found in listed if found.get("key") == key), None)

    def all_projects(self) -> Iterator[Json]:
        yield from self._client.values("its projects", "project/search", {"status": _STATES})

    def read(
        self, jqls: Mapping[str, str], wanted: Wanted, turned: Callable[[Batch], _Answer], *, whole: bool
    ) -> Iterator[_Answer]:
        """Read whole projects, and whatever does not fit on a first page, as ids first."""
        long = dict(jqls)
        read: set[int] = set()
        if not whole:
            first_pages = self._ask_all(partial(self._first_page, key, jql, wanted) for key, jql in jqls.items())
            for key, batch, more in first_pages:
                if more:
                    read.update(numeric_id(raw, self._client.complaint) for raw in batch.issues)
                else:
                    del long[key]
                yield turned(batch)
        listed = dict(zip(long, self._ask_all(partial(self.ids, jql) for jql in long.values()), strict=True))
        if whole:
            self.listed.update(listed)
        try:
            yield from self._by_id((one for one in distinct(*listed.values()) if one not in read), wanted, turned)
        except NotThereError:  # an old proxy before the site may not know this way
            for jql in long.values():
                for page, _ in self._search(jql, wanted.fields, wanted.page_size):
                    yield turned(self._with_histories(page, wanted))

    def _first_page(self, key: str, jql: str, wanted: Wanted) -> tuple[str, Batch, bool]:
        page, more = next(self._search(jql, wanted.fields, wanted.page_size))
        return key, self._with_histories(page, wanted), more

    def _by_id(self, ids: Iterable[int], wanted: Wanted, turned: Callable[[Batch], _Answer]) -> Iterator[_Answer]:
        listed = given = 0
        parts = in_parts(ids, min(wanted.page_size, _IDS_PER_FETCH) * _FETCHES_PER_CHANGELOG)
        for asked, came, answer in self._ask_all(partial(self._given, part, wanted, turned) for part in parts):
            listed += asked
            given += came
            yield answer
        # One that was deleted since it was listed is not given; many are a permission that was lost.
        if listed - given > max(_FEW, listed // 10):
            raise SourceContentError(
                f"{self._client.name} lists {listed} issues and gives {given} of them",
                location=self._client.name,
                hint="check whether the permissions of the account changed while it was read; it is read again at its "
                "next turn",
            )

    def _given(
        self, ids: Sequence[int], wanted: Wanted, turned: Callable[[Batch], _Answer]
    ) -> tuple[int, int, _Answer]:
        """How many were asked for, how many came, and what comes of them."""
        found: list[Json] = []
        withheld: list[str] = []
        for part in in_parts(ids, min(wanted.page_size, _IDS_PER_FETCH)):
            batch = self._bulk([str(native_id) for native_id in part], wanted)
            found += batch.issues
            withheld += batch.withheld
        histories = self._histories(found, wanted.changes)
        return len(ids), len(found), turned(Batch(found, histories, withheld))

    def _bulk(self, ids: Sequence[str], wanted: Wanted) -> Batch:
        """Issues by id, without their changelogs. Those that Jira lists as errors did not fit into the answer or failed
        in passing, and are asked for by themselves; those that we may not see it leaves out."""
        complain = self._client.complaint
        asked = {"issueIdsOrKeys": list(ids), "fields": list(wanted.fields)}
        page = mapping(self._client.post("issues by id", "issue/bulkfetch", asked), complain)
        found = rows(page.get("issues"), complain)
        withheld: list[str] = []
        for error in rows(page.get("issueErrors") or [], complain):
            single = self._single(row_id(error, complain), Wanted(wanted.fields, (), 1))
            found += single.issues
            withheld += single.withheld
        return Batch(found, withheld=withheld)

    def _search(self, jql: str, fields: Sequence[str], page_size: int) -> Iterator[tuple[list[Json], bool]]:
        """Walk all pages; with each tell whether there are more. An end without an end mark or a repeated token is an
        error (J2, J5)."""
        complain = self._client.complaint
        seen: set[str] = set()
        asked: Json = {"jql_str": jql, "nextPageToken": None, "maxResults": page_size, "fields": list(fields)}
        while True:
            page = mapping(self._client.search_cloud(f"its issues ({jql})", asked), complain)
            found = rows(page.get("issues"), complain)
            token = page.get("nextPageToken")
            if token is None and page.get("isLast") is False:
                raise complain("ended a list in the middle")
            if token in seen:
                raise complain(_CIRCLE)
            yield found, bool(token)
            if not token:
                return
            seen.add(token)
            asked["nextPageToken"] = token

    def ids(self, jql: str) -> "array[int]":
        """Bare ids come on long pages (J8)."""
        found = id_list()
        for page, _ in self._search(jql, ["id"], _IDS_PER_PAGE):
            found.extend(numeric_id(issue, self._client.complaint) for issue in page)
        return id_list(distinct(in_order(found)))

    def count(self, jql: str) -> int:
        return self._client.count_cloud(jql)

    def some(self, jql: str, fields: Sequence[str], limit: int) -> list[Json]:
        return next(self._search(jql, fields, limit))[0]

    def issues(self, ids: Sequence[str], wanted: Wanted) -> Iterator[Batch]:
        try:
            for part in (ids[at : at + _IDS_PER_FETCH] for at in range(0, len(ids), _IDS_PER_FETCH)):
                batch = self._bulk(part, wanted)
                yield Batch(batch.issues, self._histories(batch.issues, wanted.changes), batch.withheld)
        except NotThereError:
            yield from self._ask_all(partial(self._single, native_id, wanted) for native_id in ids)

    def _issue(self, id_or_key: str, fields: Sequence[str]) -> Json | None:
        return self._find_issue(id_or_key, fields)

    def _with_histories(self, raw_issues: Sequence[Json], wanted: Wanted) -> Batch:
        return Batch(raw_issues, self._histories(raw_issues, wanted.changes))

    def _histories(self, raw_issues: Sequence[Json], field_ids: Sequence[str]) -> Mapping[str, Sequence[Json]]:
        """In bulk: the changelog inside an issue is cut at 20 entries (J10)."""
        ids = [row_id(raw, self._client.complaint) for raw in raw_issues] if field_ids else []
        try:
            return self._changelogs(ids, field_ids)
        except NotThereError:
            return {native_id: self._changelog(native_id) for native_id in ids}

    def _changelogs(self, ids: Sequence[str], field_ids: Sequence[str]) -> Mapping[str, Sequence[Json]]:
        """A page may begin with the last entry of the page before; entries are kept once, by their id."""
        complain = self._client.complaint
        found: dict[str, dict[str, Json]] = {}
        seen: set[str] = set()
        asked: Json = {"issueIdsOrKeys": ids, "maxResults": _CHANGES_PER_PAGE}
        if len(field_ids) <= _MOST_CHANGED_FIELDS:  # of more, it tells the changes of all fields
            asked["fieldIds"] = list(field_ids)
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

    def _changelog(self, native_id: str) -> list[Json]:
        return list(self._client.values("the changelog", f"issue/{native_id}/changelog", {}))

    def ids_of(self, keys: Iterable[str]) -> Mapping[str, str]:
        """Nothing on Cloud names another issue by its key alone (J26)."""
        return {}

    def time(self, since: datetime) -> str:
        """In epoch milliseconds, because dates are read in the account's zone (J15)."""
        return str(int(since.replace(second=0, microsecond=0).timestamp() * 1000))
