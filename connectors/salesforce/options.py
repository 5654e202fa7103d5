"""How a Salesforce source is configured."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from connectors.base import SourceOptions
from connectors.salesforce.soql import FIELD_NAME
from model.records import Outcome
from model.secret import Secret

FieldName = Annotated[str, Field(pattern=FIELD_NAME)]
"""An API name: Promised_Date__c, or Account.Industry for a field of a related record."""

_WAYS_TO_SIGN_IN: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (frozenset({"client_id", "client_secret"}), frozenset()),
    (frozenset({"client_id", "username", "private_key"}), frozenset()),
    (frozenset({"client_id", "refresh_token"}), frozenset({"client_secret"})),
    (frozenset({"client_id", "refresh_token_file"}), frozenset({"client_secret"})),
    (frozenset({"username", "password"}), frozenset({"security_token"})),
)
"""What each way needs, and what may come with it."""
_CREDENTIALS = sorted(frozenset[str]().union(*(needed | more for needed, more in _WAYS_TO_SIGN_IN)))
_FIRST_VERSION_WITHOUT_PASSWORDS = 65.0


class SalesforceOptions(SourceOptions):
    """A Salesforce org, who signs in to it, and which fields of Opportunity carry the promises."""

    kind: Literal["salesforce"] = "salesforce"
    """Salesforce."""
    url: str
    """The org's My Domain address: https://acme.my.salesforce.com."""
    client_id: str | None = None
    """The consumer key of the external client app (or connected app) that Driftline signs in through."""
    client_secret: Secret | None = None
    """Its consumer secret, for the client credentials flow, as a reference: env:SALESFORCE_CLIENT_SECRET."""
    refresh_token: Secret | None = None
    """A refresh token that the app keeps for good, for the refresh token flow, as a reference."""
    refresh_token_file: Path | None = None
    """A file with a refresh token of an app with rotation; each new token replaces the one in it."""
    username: str | None = None
    """The integration user, for the JWT bearer flow instead of a client secret, or for a password."""
    private_key: Secret | None = None
    """The private key (PEM) whose certificate the app trusts, for the JWT bearer flow, as a reference."""
    password: Secret | None = None
    """The user's password, as a reference, for SOAP login without an app: Salesforce ends it in Summer '27."""
    security_token: Secret | None = None
    """The user's security token, as a reference; a password needs it outside the org's trusted IP ranges."""
    audience: Literal["https://login.salesforce.com", "https://test.salesforce.com"] = "https://login.salesforce.com"
    """Who the JWT is meant for: https://test.salesforce.com for a sandbox org."""
    api_version: Annotated[str, Field(pattern=r"^\d+\.\d$", coerce_numbers_to_str=True)] = "62.0"
    """The version of the REST API; with a password at most 64.0."""
    daily_requests_run_percent: Annotated[int, Field(ge=1, le=100)] = 25
    """The share of the org's daily API requests that one run may use, in percent."""
    daily_requests_total_percent: Annotated[int, Field(ge=1, le=100)] = 80
    """When everybody in the org has used more than this share of the daily API requests, nothing more is read."""
    key_field: FieldName | None = None
    """The field that holds the number people use for a deal; without it the Salesforce id is the key."""
    promised_field: FieldName | None = None
    """The field that says what was promised: a release, an issue key or an objective id."""
    promised_date_field: FieldName | None = None
    """The date field that says for when it was promised."""
    fields: Mapping[str, FieldName] = {}
    """Extra fields to keep: our name for it, and the field's API name.
    Account.Industry reaches a related record, and OpportunityLineItems.Product2.Name the products of a deal.
    Such fields and formulas change without a trace on the deal, so with one of them every run reads every deal."""
    stages: Mapping[str, Outcome] = {}
    """Stages that mean something else than Salesforce's own closed and won flags: open, won or lost."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    """The currency of all amounts, for an org without multiple currencies."""

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> "SalesforceOptions":
        named = {name for name in _CREDENTIALS if getattr(self, name) is not None}
        if not any(needed <= named <= needed | optional for needed, optional in _WAYS_TO_SIGN_IN):
            raise ValueError(
                "sign in with client_id and client_secret; with client_id, username and private_key; with client_id"
                " and refresh_token or refresh_token_file (and client_secret, where the app wants it);"
                " or, until Summer '27, with username and password (and security_token)"
            )
        if self.password is not None and float(self.api_version) >= _FIRST_VERSION_WITHOUT_PASSWORDS:
            raise ValueError("a password signs in to api_version 64.0 at most: sign in with an app instead")
        if (urlsplit(self.url).hostname or "") in ("login.salesforce.com", "test.salesforce.com"):
            raise ValueError("write the org's My Domain address in url: https://acme.my.salesforce.com")
        return self
