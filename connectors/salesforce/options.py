"""How a Salesforce source is configured."""

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from connectors.base import SourceOptions
from connectors.salesforce.soql import FIELD_NAME
from model.records import Outcome
from model.secret import Secret

FieldName = Annotated[str, Field(pattern=FIELD_NAME)]
"""An API name: Promised_Date__c, or Account.Industry for a field of a related record."""


class SalesforceOptions(SourceOptions):
    """A Salesforce org, who signs in to it, and which fields of Opportunity carry the promises."""

    kind: Literal["salesforce"] = "salesforce"
    """Salesforce."""
    url: str
    """The org's My Domain address: https://acme.my.salesforce.com."""
    client_id: str
    """The consumer key of the external client app (or connected app) that Driftline signs in through."""
    client_secret: Secret | None = None
    """Its consumer secret, for the client credentials flow, as a reference: env:SALESFORCE_CLIENT_SECRET."""
    username: str | None = None
    """The integration user, for the JWT bearer flow instead of a client secret."""
    private_key: Secret | None = None
    """The private key (PEM) whose certificate the app trusts, for the JWT bearer flow, as a reference."""
    audience: Literal["https://login.salesforce.com", "https://test.salesforce.com"] = "https://login.salesforce.com"
    """Who the JWT is meant for: https://test.salesforce.com for a sandbox org."""
    api_version: Annotated[str, Field(pattern=r"^\d+\.\d$", coerce_numbers_to_str=True)] = "62.0"
    """The version of the REST API."""
    key_field: FieldName | None = None
    """The field that holds the number people use for a deal; without it the Salesforce id is the key."""
    promised_field: FieldName | None = None
    """The field that says what was promised: a release, an issue key or an objective id."""
    promised_date_field: FieldName | None = None
    """The date field that says for when it was promised."""
    fields: Mapping[str, FieldName] = {}
    """Extra fields to keep: our name for it, and the field's API name; Account.Industry reaches a related record."""
    stages: Mapping[str, Outcome] = {}
    """Stages that mean something else than Salesforce's own closed and won flags: open, won or lost."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    """The currency of all amounts, for an org without multiple currencies."""

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> "SalesforceOptions":
        by_key = self.username is not None and self.private_key is not None
        if by_key == (self.client_secret is not None) or (self.username is None) != (self.private_key is None):
            raise ValueError("name either client_secret, or username and private_key")
        if (urlsplit(self.url).hostname or "") in ("login.salesforce.com", "test.salesforce.com"):
            raise ValueError("write the org's My Domain address in url: https://acme.my.salesforce.com")
        return self
