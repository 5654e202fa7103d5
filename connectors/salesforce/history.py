"""Asks Salesforce who moved a close date or a promised date, and when (S22)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from connectors.salesforce.client import NotAllowedError, Row, SalesforceClient
from connectors.salesforce.deals import day_of, long_id, moment_of
from connectors.salesforce.soql import among, chunks, select
from model.errors import Problem, RecordError, SourceContentError, SourceGoneError
from model.records import Move

_STAGES, _FIELDS = "OpportunityHistory", "OpportunityFieldHistory"
_AUTHOR = ("CreatedDate", "CreatedBy.Name", "CreatedBy.Email")
_ORDER = ("CreatedDate", "Id")


class History:
    """The moves of dates. An object that we may not see is left out, and ``problems`` says so."""

    def __init__(self, source: str, client: SalesforceClient, promised_date: str | None, zone: ZoneInfo) -> None:
        self._source = source
        self._client = client
        # Salesforce tracks fields of the object itself, not those reached through a relation.
        self._promised_date = promised_date if promised_date and "." not in promised_date else None
        self._zone = zone
        self._hidden: set[str] = set()
        self._unreadable: dict[str, str] = {}

    def problems(self) -> list[Problem]:
        """Try each history object once and tell which cannot be read."""
        self._rows(_STAGES, select(("Id", "CloseDate"), _STAGES, limit=1))
        if self._promised_date:
            self._rows(_FIELDS, select(("Id", "Field"), _FIELDS, limit=1))
        return [
            Problem(
                f"{self._source} does not show us {name}: who moved a date cannot be told",
                self._source,
                "switch on field history tracking of Opportunity, and let the integration user read it",
            )
            for name in sorted(self._hidden)
        ]

    def moves(self, opportunity_ids: Sequence[str]) -> Mapping[str, Sequence[Move]]:
        """The moves of these opportunities, oldest first, by 18-character id."""
        found: defaultdict[str, list[Move]] = defaultdict(list)
        self._unreadable.clear()
        try:
            for ids in chunks(opportunity_ids):
                self._add_close_moves(ids, found)
                if self._promised_date:
                    self._add_promise_moves(ids, self._promised_date, found)
        except (KeyError, TypeError) as error:
            raise SourceContentError(
                f"{self._source} answered a history that cannot be read: {error!r}",
                location=self._source,
                hint="try again; if it stays, this version of Driftline is too old",
            ) from error
        return {opportunity: sorted(moves, key=lambda move: move.at) for opportunity, moves in found.items()}

    def require_readable(self, opportunity_id: str) -> None:
        """Raise RecordError when the last ``moves`` met a row of this opportunity that makes no sense."""
        if opportunity_id in self._unreadable:
            raise RecordError(f"its history cannot be read: {self._unreadable[opportunity_id]}")

    def _add_close_moves(self, ids: Sequence[str], found: Mapping[str, list[Move]]) -> None:
        fields = ("Id", "OpportunityId", "CloseDate", *_AUTHOR)
        before: dict[str, Row] = {}
        for row in self._rows(_STAGES, select(fields, _STAGES, among("OpportunityId", ids), order=_ORDER)):
            opportunity = long_id(row["OpportunityId"])
            earlier = before.get(opportunity)
            if earlier is not None and earlier["CloseDate"] != row["CloseDate"]:
                self._add(found, opportunity, "close_date", earlier["CloseDate"], row["CloseDate"], row)
            before[opportunity] = row

    def _add_promise_moves(self, ids: Sequence[str], field: str, found: Mapping[str, list[Move]]) -> None:
        fields = ("Id", "OpportunityId", "OldValue", "NewValue", *_AUTHOR)
        conditions = (among("OpportunityId", ids), f"Field = '{field}'")
        for row in self._rows(_FIELDS, select(fields, _FIELDS, *conditions, order=_ORDER)):
            self._add(found, long_id(row["OpportunityId"]), "promised_date", row["OldValue"], row["NewValue"], row)

    def _add(
        self, found: Mapping[str, list[Move]], opportunity: str, name: str, old: str | None, new: str | None, row: Row
    ) -> None:
        """Add one move; a row that makes no sense concerns its own opportunity only."""
        author = row.get("CreatedBy") or {}
        by = author.get("Email") or author.get("Name")
        try:
            days = day_of(old, self._zone), day_of(new, self._zone)
            found[opportunity].append(Move(name, *days, moment_of(row["CreatedDate"]), by))
        except ValueError as error:
            self._unreadable[opportunity] = str(error)

    def _rows(self, name: str, query: str) -> Iterable[Row]:
        if name in self._hidden:
            return []
        try:
            return self._client.rows(query)
        except (SourceGoneError, NotAllowedError):
            self._hidden.add(name)
            return []
