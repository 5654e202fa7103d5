"""Asks Salesforce who moved a close date or a promised date, and when (S22)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from connectors.salesforce.client import NotAllowedError, Row, SalesforceClient
from connectors.salesforce.deals import CONTAINER, day_of, long_id, moment_of
from connectors.salesforce.soql import among, chunks, select, those_where
from model.errors import (
    Problem,
    RecordError,
    SourceAuthError,
    SourceContentError,
    SourceError,
    SourceGoneError,
    SourceRateLimitedError,
)
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

    def moves(self, opportunity_ids: Sequence[str], window: Sequence[str] = ()) -> "Moves":
        """The moves of these opportunities; several threads may ask.

        ``window`` are conditions that all of them hold and few others: one question takes the place of many then.
        """
        pieces = [among("OpportunityId", ids) for ids in chunks(opportunity_ids)]
        if not window or len(pieces) < 2:
            return self._moves_of(pieces)
        try:
            return self._moves_of([those_where("OpportunityId", CONTAINER, window)])
        except (SourceAuthError, SourceRateLimitedError, SourceContentError):
            raise
        except SourceError:
            # An org that is too busy for it is asked by ids; a real outage ends that as well.
            return self._moves_of(pieces)

    def _moves_of(self, pieces: Sequence[str]) -> "Moves":
        found = Moves()
        try:
            for piece in pieces:
                self._add_close_moves(piece, found)
                if self._promised_date:
                    self._add_promise_moves(piece, self._promised_date, found)
        except (KeyError, TypeError) as error:
            raise SourceContentError(
                f"{self._source} answered a history that cannot be read: {error!r}",
                location=self._source,
                hint="try again; if it stays, this version of Driftline is too old",
            ) from error
        return found

    def _add_close_moves(self, of: str, found: "Moves") -> None:
        fields = ("Id", "OpportunityId", "CloseDate", *_AUTHOR)
        before: dict[str, Row] = {}
        for row in self._rows(_STAGES, select(fields, _STAGES, of, order=_ORDER)):
            opportunity = long_id(row["OpportunityId"])
            earlier = before.get(opportunity)
            if earlier is not None and earlier["CloseDate"] != row["CloseDate"]:
                found.add(opportunity, "close_date", earlier["CloseDate"], row, self._zone)
            before[opportunity] = row

    def _add_promise_moves(self, of: str, field: str, found: "Moves") -> None:
        fields = ("Id", "OpportunityId", "OldValue", "NewValue", *_AUTHOR)
        for row in self._rows(_FIELDS, select(fields, _FIELDS, of, f"Field = '{field}'", order=_ORDER)):
            found.add(long_id(row["OpportunityId"]), "promised_date", row["OldValue"], row, self._zone)

    def _rows(self, name: str, query: str) -> Iterable[Row]:
        if name in self._hidden:
            return []
        try:
            return self._client.rows(query)
        except (SourceGoneError, NotAllowedError):
            self._hidden.add(name)
            return []


class Moves:
    """The moves of some opportunities by 18-character id."""

    def __init__(self) -> None:
        self._found: defaultdict[str, list[Move]] = defaultdict(list)
        self._unreadable: dict[str, str] = {}

    def add(self, opportunity: str, name: str, old: str | None, row: Row, zone: ZoneInfo) -> None:
        """Add one move; a row that makes no sense concerns its own opportunity only."""
        author = row.get("CreatedBy") or {}
        by = author.get("Email") or author.get("Name")
        new = row["CloseDate"] if name == "close_date" else row["NewValue"]
        try:
            days = day_of(old, zone), day_of(new, zone)
            self._found[opportunity].append(Move(name, *days, moment_of(row["CreatedDate"]), by))
        except ValueError as error:
            self._unreadable[opportunity] = str(error)

    def require_readable(self, opportunity: str) -> None:
        """Raise RecordError when a row of this opportunity makes no sense."""
        if opportunity in self._unreadable:
            raise RecordError(f"its history cannot be read: {self._unreadable[opportunity]}")

    def told(self, opportunity: str) -> Sequence[Any]:
        """Everything that is known of an opportunity here, to tell whether it is the same as before."""
        return [known.get(opportunity) for known in vars(self).values()]

    def of(self, opportunity: str) -> Sequence[Move]:
        """Oldest first."""
        found = self._found.get(opportunity)
        return sorted(found, key=lambda move: move.at) if found else ()
