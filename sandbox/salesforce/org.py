"""The org behind the stand-in for Salesforce: opportunities and their history, which a story can move."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

ORG_ID = "00DDm00000Meri1MAB"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_BASE_FIELDS: tuple[tuple[str, str, str], ...] = (
    ("Id", "id", "Opportunity ID"),
    ("IsDeleted", "boolean", "Deleted"),
    ("Name", "string", "Name"),
    ("AccountId", "reference", "Account ID"),
    ("StageName", "picklist", "Stage"),
    ("Amount", "currency", "Amount"),
    ("Probability", "percent", "Probability (%)"),
    ("CloseDate", "date", "Close Date"),
    ("IsClosed", "boolean", "Closed"),
    ("IsWon", "boolean", "Won"),
    ("OwnerId", "reference", "Owner ID"),
    ("CreatedDate", "datetime", "Created Date"),
    ("LastModifiedDate", "datetime", "Last Modified Date"),
    ("SystemModstamp", "datetime", "System Modstamp"),
    ("Launch_Release__c", "string", "Launch release"),
    ("Promised_Date__c", "date", "Promised date"),
    ("Deal_Number__c", "string", "Deal number"),
)
_RELATIONSHIPS = {"AccountId": "Account", "OwnerId": "Owner"}


def long_id(short: str) -> str:
    """Give the 18-character form of an id: three letters tell which of the fifteen are capitals (S23)."""
    parts = (short[start : start + 5] for start in (0, 5, 10))
    return short + "".join(
        _SUFFIX[sum(1 << place for place, letter in enumerate(part) if letter.isupper())] for part in parts
    )


_TRACKED = ("StageName", "Amount", "Probability", "CloseDate", "CurrencyIsoCode")


class SalesforceOrg:
    """One org with one object, Opportunity. Every change moves SystemModstamp to now and leaves history rows."""

    def __init__(
        self,
        *,
        client_id: str = "driftline",
        client_secret: str = "sf-secret",
        now: Callable[[], datetime],
        default_currency: str = "EUR",
    ) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        self.now = now
        self.default_currency = default_currency
        self.people: dict[str, dict[str, Any]] = {}
        self.accounts: dict[str, dict[str, Any]] = {}
        self.opportunities: dict[str, dict[str, Any]] = {}
        self.history: list[dict[str, Any]] = []
        self.field_history: list[dict[str, Any]] = []
        self.hidden_fields: set[str] = set()
        """Fields that field-level security keeps from the integration user (S14)."""
        self.hidden_objects: set[str] = set()
        """Objects that do not exist for the integration user: history that is not tracked, for example (S22)."""
        self.views_all = True
        """Whether the integration user has View All on Opportunity, so that sharing hides nothing from it (S15)."""
        self.hidden_records: set[str] = set()
        """Opportunities that sharing keeps from the integration user while it has no View All (S15)."""
        self.delete_log: list[tuple[str, datetime]] = []
        """What was deleted and when, as getDeleted tells it for 15 days (S12)."""
        self.refresh_tokens: set[str] = set()
        """Refresh tokens that are good now."""
        self.rotates_refresh_tokens = False
        """Whether a sign-in with a refresh token ends it and answers a new one (S5)."""
        self.passwords: dict[str, str] = {}
        """User name to password with security token, for SOAP login (S1)."""
        self.daily_requests = 100_000
        """How many API requests the org may make in 24 hours (S9)."""
        self.requests_of_others = 0
        """How many of them other programs have made."""
        self.line_items: list[dict[str, Any]] = []
        self.trusted_keys: dict[str, str] = {}
        """User name to public key (PEM) for the JWT bearer flow."""
        self._extra_fields: dict[str, dict[str, Any]] = {}
        self._multicurrency = False
        self._next = 1

    def add_person(self, email: str, name: str) -> None:
        self.people[email] = {
            "Id": self._id("005"),
            "Name": name,
            "Email": email,
            "Username": email,
            "IsActive": True,
        }

    def add_field(self, name: str, type: str, *, calculated: bool = False) -> None:  # noqa: A002 - Salesforce's word
        """Add a custom field to Opportunity; its value is None until ``set_field``."""
        self._extra_fields[name] = _described(name, type, name.removesuffix("__c"), calculated=calculated)
        for row in self.opportunities.values():
            row.setdefault(name, None)

    def add_opportunity(
        self,
        name: str,
        *,
        account: str,
        amount: Decimal | None,
        probability: int | None,
        close: date,
        stage: str,
        owner: str,
        promised: str | None = None,
        promised_date: date | None = None,
        created: datetime,
        currency: str | None = None,
        key: str | None = None,
    ) -> str:
        """Add an opportunity. The org is a multi-currency one as soon as an opportunity names its currency."""
        opportunity_id = self._id("006")
        self._multicurrency = self._multicurrency or currency is not None
        self.opportunities[opportunity_id] = {
            "Id": opportunity_id,
            "IsDeleted": False,
            "Name": name,
            "Account": self._account(account),
            "AccountId": self._account(account)["Id"],
            "StageName": stage,
            "Amount": amount,
            "Probability": probability,
            "CloseDate": close,
            **_closing(stage),
            "Owner": self._person(owner),
            "OwnerId": self._person(owner)["Id"],
            "CreatedDate": created,
            "LastModifiedDate": created,
            "SystemModstamp": created,
            "Launch_Release__c": promised,
            "Promised_Date__c": promised_date,
            "Deal_Number__c": key,
            "CurrencyIsoCode": currency or self.default_currency,
            **dict.fromkeys(self._extra_fields),
        }
        self._remember(opportunity_id, created, owner)
        return opportunity_id

    def add_product(self, opportunity_id: str, name: str, code: str | None = None) -> str:
        """Add a line item with a product to an opportunity, which leaves no trace on the opportunity itself (S11)."""
        row = {
            "Id": self._id("00k"),
            "OpportunityId": opportunity_id,
            "Product2": {"Name": name, "ProductCode": code},
        }
        self.line_items.append(row)
        return str(row["Id"])

    def remove_product(self, line_item_id: str) -> None:
        self.line_items = [row for row in self.line_items if row["Id"] != line_item_id]

    def merge_accounts(self, *, winner: str, loser: str) -> None:
        """Merge two accounts: the loser is gone, and its opportunities belong to the winner (S13)."""
        gone, kept = self.accounts.pop(loser), self._account(winner)
        for row in self.opportunities.values():
            if row["AccountId"] == gone["Id"]:
                row["Account"], row["AccountId"] = kept, kept["Id"]
                self._stamp(row)

    def move_close(self, opportunity_id: str, day: date, *, by: str) -> None:
        self.set_field(opportunity_id, "CloseDate", day, by=by)

    def move_promise(self, opportunity_id: str, day: date | None, *, by: str) -> None:
        self.set_field(opportunity_id, "Promised_Date__c", day, by=by)

    def set_stage(self, opportunity_id: str, stage: str, *, by: str) -> None:
        self.opportunities[opportunity_id].update(_closing(stage))
        self.set_field(opportunity_id, "StageName", stage, by=by)

    def set_amount(self, opportunity_id: str, amount: Decimal | None, *, by: str) -> None:
        self.set_field(opportunity_id, "Amount", amount, by=by)

    def set_field(self, opportunity_id: str, name: str, value: Any, *, by: str) -> None:
        """Change one field; a calculated one changes without a trace (S11)."""
        row = self.opportunities[opportunity_id]
        old, row[name] = row[name], value
        if self.fields().get(name, {}).get("calculated"):
            return
        moment = self._stamp(row)
        self.field_history.append(
            {
                "Id": self._id("017"),
                "OpportunityId": opportunity_id,
                "Field": name,
                "OldValue": old,
                "NewValue": value,
                "CreatedDate": moment,
                "CreatedBy": self._person(by),
            }
        )
        self._remember(opportunity_id, moment, by)

    def delete(self, opportunity_id: str) -> None:
        """Put it into the recycle bin: queries leave it out, queryAll shows it as deleted (S12)."""
        row = self.opportunities[opportunity_id]
        row["IsDeleted"] = True
        self.delete_log.append((opportunity_id, self._stamp(row)))

    def purge(self, opportunity_id: str, *, from_log: bool = False) -> None:
        """Empty it from the recycle bin; no query shows it any more, and in the end no log either (S12)."""
        if not self.opportunities.pop(opportunity_id)["IsDeleted"]:
            self.delete_log.append((opportunity_id, self.now().replace(microsecond=0)))
        if from_log:
            self.delete_log = [entry for entry in self.delete_log if entry[0] != opportunity_id]

    def sees(self, opportunity_id: str) -> bool:
        """Whether sharing lets the integration user see an opportunity."""
        return self.views_all or opportunity_id not in self.hidden_records

    def fields(self) -> Mapping[str, Mapping[str, Any]]:
        """What describe answers: the fields of Opportunity that the integration user may see."""
        described = {name: _described(name, kind, label) for name, kind, label in _BASE_FIELDS}
        if self._multicurrency:
            described["CurrencyIsoCode"] = _described("CurrencyIsoCode", "picklist", "Currency")
        visible = {**described, **self._extra_fields}
        return {name: field for name, field in visible.items() if name not in self.hidden_fields}

    def _remember(self, opportunity_id: str, moment: datetime, by: str) -> None:
        row = self.opportunities[opportunity_id]
        tracked = {name: row[name] for name in _TRACKED}
        author = self._person(by)
        self.history.append(
            {
                "Id": self._id("008"),
                "OpportunityId": opportunity_id,
                **tracked,
                "CreatedDate": moment,
                "CreatedBy": author,
            }
        )

    def _stamp(self, row: dict[str, Any]) -> datetime:
        moment = self.now().replace(microsecond=0)
        row["LastModifiedDate"] = row["SystemModstamp"] = moment
        return moment

    def _account(self, name: str) -> dict[str, Any]:
        if name not in self.accounts:
            self.accounts[name] = {"Id": self._id("001"), "Name": name}
        return self.accounts[name]

    def _person(self, email: str) -> dict[str, Any]:
        if email not in self.people:
            self.add_person(email, email)
        return self.people[email]

    def _id(self, prefix: str) -> str:
        self._next += 1
        return long_id(f"{prefix}Dm00000{self._next:05d}")


def _closing(stage: str) -> dict[str, bool]:
    return {"IsWon": stage == "Closed Won", "IsClosed": stage.startswith("Closed")}


def _described(name: str, kind: str, label: str, *, calculated: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "label": label,
        "calculated": calculated,
        "custom": name.endswith("__c"),
        "relationshipName": _RELATIONSHIPS.get(name),
    }
