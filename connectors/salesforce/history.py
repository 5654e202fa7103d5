"""Asks Salesforce who moved a close date or a promised date, and who changed a stage, an amount or a probability, and
when (S22)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from connectors.salesforce.client import NotAllowedError, Row, SalesforceClient
from connectors.salesforce.deals import CONTAINER, day_of, long_id, moment_of
from connectors.salesforce.fields import CURRENCY
from connectors.salesforce.numbers import exact
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
from model.records import Change, Move

_STAGES, _FIELDS = "OpportunityHistory", "OpportunityFieldHistory"
_AUTHOR = ("CreatedDate", "CreatedBy.Name", "CreatedBy.Email")
_ORDER = ("CreatedDate", "Id")
_WHOSE = ("Id", "OpportunityId", "CloseDate")
_TRACKED = ("StageName", "Amount", "Probability")


@dataclass(frozen=True, slots=True)
class Currency:
    """In which currency an amount of the past is: that of its row in an org with several, else the one of the org."""

    each_row: bool = False
    of_org: str | None = None

    def written(self, amount: Any, row: Row) -> str:
        """``480000 EUR``; without the currency where nothing tells it."""
        return f"{exact(amount)} {(row.get(CURRENCY) if self.each_row else self.of_org) or ''}".rstrip()


class History:
    """The moves of dates, and the changes of stages, amounts and probabilities.

    An object or a field that we may not see is left out, and ``problems`` says so.
    """

    def __init__(
        self,
        source: str,
        client: SalesforceClient,
        promised_date: str | None,
        zone: ZoneInfo,
        currency: Currency = Currency(),
    ) -> None:
        self._source = source
        self._client = client
        # Salesforce tracks fields of the object itself, not those reached through a relation.
        self._promised_date = promised_date if promised_date and "." not in promised_date else None
        self._zone = zone
        self._currency = currency
        self._hidden: set[str] = set()
        self._only_dates = False
        """Whether the history shows us no more than close dates."""

    def problems(self) -> list[Problem]:
        """Try each history object once and tell which cannot be read."""
        self._snapshots("", limit=1)
        if self._promised_date:
            self._rows(_FIELDS, select(("Id", "Field"), _FIELDS, limit=1))
        partly = Problem(
            f"{self._source} shows us no more of {_STAGES} than close dates: what stage, amount and probability were "
            "before the first reading cannot be told",
            self._source,
            "let the integration user read StageName, Amount and Probability",
        )
        return [partly] * (self._only_dates and _STAGES not in self._hidden) + [
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
        pieces = [among("OpportunityId", ids) for ids in chunks(opportunity_ids, [*_WHOSE, *_TRACKED, *_AUTHOR])]
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
                self._add_snapshots(piece, found)
                if self._promised_date:
                    self._add_promise_moves(piece, self._promised_date, found)
        except (KeyError, TypeError) as error:
            raise SourceContentError(
                f"{self._source} answered a history that cannot be read: {error!r}",
                location=self._source,
                hint="try again; if it stays, this version of Driftline is too old",
            ) from error
        return found

    def _add_snapshots(self, of: str, found: "Moves") -> None:
        """What differs between one snapshot of an opportunity and the next one."""
        before: dict[str, Row] = {}
        rows = self._snapshots(of)
        fields = self._written
        for row in rows:
            opportunity = long_id(row["OpportunityId"])
            earlier = before.get(opportunity)
            if earlier is not None:
                if earlier["CloseDate"] != row["CloseDate"]:
                    found.add(opportunity, "close_date", earlier["CloseDate"], row, self._zone)
                for name, written in fields.items():
                    found.add_change(opportunity, name, written, earlier, row)
            before[opportunity] = row

    @property
    def _written(self) -> Mapping[str, Callable[[Row], str | None]]:
        """How each field that is no date is written in a change; none where we see only dates."""
        if self._only_dates:
            return {}
        currency = self._currency
        return {
            "stage": lambda row: row["StageName"] or None,
            "amount": lambda row: None if row["Amount"] is None else currency.written(row["Amount"], row),
            "probability": lambda row: None if row["Probability"] is None else str(exact(row["Probability"]) / 100),
        }

    def _snapshots(self, of: str, *, limit: int = 0) -> Iterable[Row]:
        """The opportunities as they were after each change of one of these fields, oldest first."""
        if not self._only_dates:
            fields = [*_WHOSE, *_TRACKED, *([CURRENCY] if self._currency.each_row else []), *_AUTHOR]
            try:
                return self._client.rows(_chosen(fields, of, limit))
            except (SourceGoneError, NotAllowedError):
                self._only_dates = True  # if not even these are shown, the object is hidden
        return self._rows(_STAGES, _chosen([*_WHOSE, *_AUTHOR], of, limit))

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
    """The moves and changes of some opportunities by 18-character id."""

    def __init__(self) -> None:
        self._found: defaultdict[str, list[Move]] = defaultdict(list)
        self._changes: defaultdict[str, list[Change]] = defaultdict(list)
        self._unreadable: dict[str, str] = {}

    def add(self, opportunity: str, name: str, old: str | None, row: Row, zone: ZoneInfo) -> None:
        """Add one move; a row that makes no sense concerns its own opportunity only."""
        new = row["CloseDate"] if name == "close_date" else row["NewValue"]
        try:
            days = day_of(old, zone), day_of(new, zone)
            self._found[opportunity].append(Move(name, *days, moment_of(row["CreatedDate"]), _author(row)))
        except ValueError as error:
            self._unreadable[opportunity] = str(error)

    def add_change(
        self, opportunity: str, name: str, written: Callable[[Row], str | None], earlier: Row, row: Row
    ) -> None:
        """Add one change of a field that is no date, if it is one."""
        try:
            old, new = written(earlier), written(row)
            if old != new:
                self._changes[opportunity].append(Change(name, old, new, moment_of(row["CreatedDate"]), _author(row)))
        except (ValueError, ArithmeticError) as error:
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

    def changes_of(self, opportunity: str) -> Sequence[Change]:
        """Oldest first."""
        found = self._changes.get(opportunity)
        return sorted(found, key=lambda change: change.at) if found else ()


def _author(row: Row) -> str | None:
    author = row.get("CreatedBy") or {}
    return author.get("Email") or author.get("Name")


def _chosen(fields: Sequence[str], of: str, limit: int) -> str:
    return select(fields, _STAGES, *([of] if of else []), order=_ORDER if of else (), limit=limit)
