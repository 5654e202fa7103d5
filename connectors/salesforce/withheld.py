"""Tells what was deleted from what sharing keeps from us, for opportunities that no query shows (S12, S15)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from connectors.salesforce.client import NotAllowedError, SalesforceClient
from connectors.salesforce.deals import CONTAINER, long_id
from connectors.salesforce.soql import among, chunks, count_of_permissions, select
from model.errors import Problem, SourceGoneError

_LOG_REACHES_BACK = timedelta(days=14, hours=23)
"""Salesforce tells deletions of 15 days; a clock that is a little slow must not ask for more."""


class Withheld:
    """Answers for one run. ``user`` is the id of the user we are signed in as."""

    def __init__(self, source: str, client: SalesforceClient, user: str, now: datetime) -> None:
        self._source = source
        self._client = client
        self._user = user
        self._now = now
        self._sees_all: bool | None = None

    def of(self, unseen: Sequence[str]) -> list[str]:
        """Those that may still exist: neither the recycle bin nor the log of deletions knows them, and sharing may keep
        them from us. With View All on the object sharing keeps nothing back, and what is not shown is gone."""
        left = set(unseen)
        for ids in chunks(list(unseen)):
            asked = select(("Id", "IsDeleted"), CONTAINER, among("Id", ids))
            left -= {long_id(row["Id"]) for row in self._client.rows(asked, deleted_too=True) if row["IsDeleted"]}
        if not left or self.sees_all():
            return []
        left -= self._deleted_lately()
        return [one for one in unseen if one in left]

    def sees_all(self) -> bool:
        """Whether the user is known to have View All on opportunities; False also where we may not ask."""
        if self._sees_all is None:
            try:
                self._sees_all = self._client.count(count_of_permissions(CONTAINER, self._user)) > 0
            except (SourceGoneError, NotAllowedError):
                self._sees_all = False
        return self._sees_all

    def problems(self) -> list[Problem]:
        if self.sees_all():
            return []
        return [
            Problem(
                f"{self._source} may not see every opportunity: a hidden one cannot be told from one deleted long ago",
                self._source,
                "give the integration user View All on Opportunity, and View Setup and Configuration to let Driftline"
                " check it",
            )
        ]

    def _deleted_lately(self) -> set[str]:
        try:
            return {long_id(one) for one in self._client.deleted(self._now - _LOG_REACHES_BACK, self._now)}
        except (SourceGoneError, NotAllowedError):
            return set()
