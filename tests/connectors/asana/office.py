"""An Asana workspace behind a running server, as the connector's tests use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from connectors.asana import AsanaConnector, AsanaOptions
from connectors.asana.options import AsanaHttpOptions
from connectors.base import ReadContext
from model.records import WorkItem
from model.secret import Secret
from sandbox.asana import AsanaServer, AsanaWorkspace
from tests.connectors.contract import NOW, context_at, full_read

CREATED = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
OMAR, LENA = "omar@example.com", "lena@example.com"


class Clock:
    """The workspace's time, which a test may set."""

    def __init__(self) -> None:
        self.now = NOW - timedelta(days=2)

    def __call__(self) -> datetime:
        return self.now


class Office:
    """A workspace with two projects behind a running server."""

    def __init__(self, page_size: int = 3) -> None:
        self.clock = Clock()
        self.workspace = AsanaWorkspace(now=self.clock)
        self.workspace.add_person(OMAR, "Omar Haddad")
        self.workspace.add_person(LENA, "Lena Brandt")
        for name, kind in (("Light", "enum"), ("Phase", "enum"), ("Budget", "number"), ("Region", "text")):
            self.workspace.add_custom_field(name, kind)
        self.roll_out = self.workspace.add_project("Roll-out")
        self.sorting = self.workspace.add_project("Sorting")
        self.server = AsanaServer(self.workspace, page_size)
        self.opened: list[AsanaConnector] = []

    def options(self, token: str = "asana-token", **changes: object) -> AsanaOptions:
        values: dict[str, object] = {
            "url": self.server.api_url,
            "token": Secret("env:ASANA_TOKEN", token),
            "projects": ("Roll-out", self.sorting),
            "http": AsanaHttpOptions(attempts=2),
        }
        return AsanaOptions.model_validate(values | changes)

    def connector(self, context: ReadContext | None = None, **changes: object) -> AsanaConnector:
        """A connector that is closed when the test ends."""
        options = self.options(**changes)  # type: ignore[arg-type]
        self.opened.append(AsanaConnector("asana", options, context or context_at()))
        return self.opened[-1]

    def add(self, name: str, project: str | None = None, **values: object) -> str:
        return self.workspace.add_task(name, project=project or self.roll_out, created=CREATED, **values)  # type: ignore[arg-type]

    def read(self, **changes: object) -> dict[str, WorkItem]:
        records = full_read(self.connector(**changes))
        return {record.title: record for record in records if isinstance(record, WorkItem)}

    def one(self, **changes: object) -> WorkItem:
        (record,) = self.read(**changes).values()
        return record


@contextmanager
def running_office(page_size: int = 3) -> Iterator[Office]:
    """A workspace whose server runs, and whose connectors are closed at the end."""
    office = Office(page_size)
    with office.server:
        yield office
    for connector in office.opened:
        connector.close()
