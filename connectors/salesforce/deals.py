"""Turns an opportunity as Salesforce tells it into a deal. Pure: everything it needs is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from connectors.salesforce.client import Row
from connectors.salesforce.fields import CURRENCY, FieldPlan
from connectors.salesforce.numbers import exact
from connectors.salesforce.options import SalesforceOptions
from connectors.storable import require_storable
from model.errors import RecordError
from model.keys import normalise_key
from model.money import Money
from model.records import Change, Deal, FieldValue, Move, Outcome

CONTAINER = "Opportunity"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_NOTHING: Mapping[str, FieldValue] = MappingProxyType({})
_API_FIELDS = {
    "title": "Name",
    "owner": "Owner.Email",
    "stage": "StageName",
    "amount": "Amount",
    "probability": "Probability",
    "close_date": "CloseDate",
    "account": "Account.Name",
    "outcome": "IsWon",
}


def long_id(text: str) -> str:
    """Give the 18-character form of an id, which compares safely where case is lost (S23)."""
    if len(text) != 15:
        return text
    parts = (text[start : start + 5] for start in (0, 5, 10))
    return text + "".join(
        _SUFFIX[sum(1 << place for place, letter in enumerate(part) if letter.isupper())] for part in parts
    )


@dataclass(frozen=True, slots=True)
class DealReader:
    """What it takes to read an opportunity. ``instance`` is the org's address, for links."""

    source: str
    options: SalesforceOptions
    plan: FieldPlan
    instance: str
    zone: ZoneInfo
    _own_fields: Mapping[str, str] = field(init=False)
    """Our names of the fields to keep, and their paths below an opportunity."""
    _asked: Mapping[str, str] = field(init=False)
    """Every field of a deal that has one source, and its path."""
    _direct: Sequence[tuple[str, str]] = field(init=False)
    _related: Sequence[tuple[str, str]] = field(init=False)
    """Those of them that an opportunity has itself, and those of its related records."""
    _provenances: dict[tuple[Any, ...], dict[str, str]] = field(default_factory=dict, init=False)
    _stages: Mapping[str, Outcome] = field(init=False)

    def __post_init__(self) -> None:
        options, names = self.options, self.plan.names
        own = {name: names[wanted] for name, wanted in options.fields.items() if name not in self.plan.lines}
        mapped = {"key": options.key_field, "promised": options.promised_field}
        mapped |= {"promised_date": options.promised_date_field}
        object.__setattr__(self, "_own_fields", own)
        stages = ((normalise_key(name), outcome) for name, outcome in reversed(list(options.stages.items())))
        object.__setattr__(self, "_stages", dict(stages))
        asked = _API_FIELDS | {ours: names[wanted] for ours, wanted in mapped.items() if wanted} | own
        object.__setattr__(self, "_asked", asked)
        object.__setattr__(self, "_direct", [(ours, theirs) for ours, theirs in asked.items() if "." not in theirs])
        object.__setattr__(self, "_related", [(ours, theirs) for ours, theirs in asked.items() if "." in theirs])

    def read(
        self,
        row: Row,
        moves: Sequence[Move] = (),
        sold: Mapping[str, FieldValue] = _NOTHING,
        changes: Sequence[Change] = (),
    ) -> Deal:
        """Normalise one opportunity; ``sold`` is of its line items. Raise RecordError for what makes no sense."""
        try:
            deal = self._deal(row, moves, sold, changes)
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise RecordError(f"a field cannot be read: {error}", location=f"{self.source}:{row.get('Id')}") from error
        require_storable(deal)
        return deal

    def _deal(self, row: Row, moves: Sequence[Move], sold: Mapping[str, FieldValue], changes: Sequence[Change]) -> Deal:
        native_id = long_id(row["Id"])
        options = self.options
        owner = row.get("Owner") or {}
        return Deal(
            source=self.source,
            native_id=native_id,
            key=_text(self._configured(row, options.key_field)) or native_id,
            title=row["Name"],
            url=f"{self.instance}/{native_id}",
            owner=owner.get("Email") or owner.get("Name"),
            owner_active=at_path(row, "Owner.IsActive"),
            container=CONTAINER,
            created=moment_of(row["CreatedDate"]),
            changed=moment_of(row["SystemModstamp"]),
            moves=tuple(moves),
            changes=tuple(changes),
            custom={**{name: self._value(row, path) for name, path in self._own_fields.items()}, **sold},
            provenance=self._provenance(row, sold),
            stage=row["StageName"] or "",
            outcome=self._outcome(row),
            amount=self._amount(row),
            probability=None if row["Probability"] is None else exact(row["Probability"]) / 100,
            close_date=day_of(row["CloseDate"], self.zone),
            promised_date=day_of(self._configured(row, options.promised_date_field), self.zone),
            promised=_text(self._configured(row, options.promised_field)),
            account=at_path(row, "Account.Name"),
        )

    def _outcome(self, row: Row) -> Outcome:
        configured = self._stages.get(normalise_key(row["StageName"] or "")) if self._stages else None
        if configured is not None:
            return configured
        if row["IsWon"]:
            return Outcome.WON
        return Outcome.LOST if row["IsClosed"] else Outcome.OPEN

    def _amount(self, row: Row) -> Money | None:
        """The amount in the record's own currency; a blank amount is unknown, not zero (S19)."""
        currency = row[CURRENCY] if self.plan.multicurrency else self.options.currency
        if row["Amount"] is None:
            return None
        if not currency:
            raise ValueError("an amount without a currency")
        return Money(exact(row["Amount"]), str(currency))

    def _configured(self, row: Row, wanted: str | None) -> Any:
        return None if wanted is None else at_path(row, self.plan.names[wanted])

    def _value(self, row: Row, path: str) -> FieldValue:
        return _typed(at_path(row, path), self.plan.types.get(path, ""))

    def _provenance(self, row: Row, sold: Mapping[str, FieldValue]) -> Mapping[str, str]:
        """Where the values came from; shared by all deals that say the same fields."""
        told = tuple([ours for ours, theirs in self._direct if row.get(theirs) is not None])
        related = tuple([ours for ours, theirs in self._related if at_path(row, theirs) is not None])
        lines = tuple([name for name, value in sold.items() if value]) if sold else ()
        known = self._provenances.get((told, related, lines))
        if known is None:
            known = {ours: theirs for ours, theirs in self._asked.items() if ours in told or ours in related}
            known |= {name: f"OpportunityLineItem.{self.plan.lines[name]}" for name in lines}
            self._provenances[told, related, lines] = known
        return known


def moment_of(text: str) -> datetime:
    """Read a time such as ``2026-09-14T08:00:00.000+0000``. Raise ValueError when it names no zone (S21)."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {text}")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def day_of(text: Any, zone: ZoneInfo) -> date | None:
    """Read a day, or the business zone's day of a time."""
    if not text:
        return None
    if not isinstance(text, str):
        raise ValueError(f"not a date: {text!r}")
    return moment_of(text).astimezone(zone).date() if "T" in text else _day(text)


@lru_cache(maxsize=4096)
def _day(text: str) -> date:
    """Read a day, remembered: many deals close on the same ones."""
    return date.fromisoformat(text)


def at_path(row: Row, path: str) -> Any:
    """Follow a path such as ``Owner.Email``; None where the relation is empty."""
    if "." not in path:
        return row.get(path)
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str | None:
    text = None if value is None else str(value).strip()
    return text or None


def _typed(value: Any, kind: str) -> FieldValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return exact(value)
    match kind:
        case "date":
            return _day(value)
        case "datetime":
            return moment_of(value)
        case "multipicklist":
            return tuple(str(value).split(";"))
    return str(value)
