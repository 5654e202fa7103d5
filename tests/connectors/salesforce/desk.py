"""A Salesforce org behind a running server, as the connector's tests use it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from connectors.base import HttpOptions
from connectors.salesforce import SalesforceConnector, SalesforceOptions
from model.reading import Page
from model.records import Deal
from model.secret import Secret
from sandbox.salesforce import SalesforceOrg, SalesforceServer
from tests.connectors.contract import NOW, context_at, full_read

CREATED = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
MIA, TOM = "mia@example.com", "tom@example.com"


class Clock:
    """The org's time, which a test may set."""

    def __init__(self) -> None:
        self.now = NOW - timedelta(days=2)

    def __call__(self) -> datetime:
        return self.now


class Sales:
    """An org behind a running server."""

    def __init__(self, page_size: int = 3) -> None:
        self.clock = Clock()
        self.org = SalesforceOrg(now=self.clock)
        self.org.add_person(MIA, "Mia Roth")
        self.org.add_person(TOM, "Tom Falk")
        self.server = SalesforceServer(self.org, page_size)
        self.opened: list[SalesforceConnector] = []

    def options(self, secret: str = "sf-secret", **changes: object) -> SalesforceOptions:
        values: dict[str, object] = {
            "url": self.server.url,
            "client_id": "driftline",
            "client_secret": Secret("env:SF_SECRET", secret),
            "key_field": "Deal_Number__c",
            "promised_field": "Launch_Release__c",
            "promised_date_field": "Promised_Date__c",
            "currency": "EUR",
            "http": HttpOptions(attempts=2),
        }
        return SalesforceOptions.model_validate(values | changes)

    def connector(self, **changes: object) -> SalesforceConnector:
        """A connector that is closed when the test ends."""
        self.opened.append(SalesforceConnector("crm", self.options(**changes), context_at()))  # type: ignore[arg-type]
        return self.opened[-1]

    def add(self, name: str = "Nordwind", **values: object) -> str:
        given: dict[str, object] = {
            "account": "Nordwind Logistik",
            "amount": Decimal(480_000),
            "probability": 80,
            "close": date(2026, 9, 25),
            "stage": "Negotiation",
            "owner": MIA,
            "created": CREATED,
        }
        return self.org.add_opportunity(name, **(given | values))  # type: ignore[arg-type]

    def read(self, **changes: object) -> dict[str, Deal]:
        records = full_read(self.connector(**changes))
        return {record.title: record for record in records if isinstance(record, Deal)}

    def one(self, **changes: object) -> Deal:
        (record,) = self.read(**changes).values()
        return record


def read_into(seen: list[str], pages: Iterable[Page]) -> None:
    """Note the native id of every record, page by page, until the pages end or break off."""
    for page in pages:
        seen += [record.native_id for record in page.records]


@contextmanager
def running_sales() -> Iterator[Sales]:
    """An org whose server runs, and whose connectors are closed at the end."""
    sales = Sales()
    with sales.server:
        yield sales
    for connector in sales.opened:
        connector.close()
