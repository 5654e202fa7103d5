"""A company whose every source can be disturbed: three systems with work, one with deals, one workbook with savings.

In each system with work one launch is late for the deal that promises it, and the saving waits for the launch in Jira;
so every source bears at least one finding that must outlive whatever happens to that source.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import yaml

from sandbox.asana import AsanaServer, AsanaWorkspace
from sandbox.http import StandIn
from sandbox.jira import JiraServer, JiraSite
from sandbox.salesforce import SalesforceOrg, SalesforceServer
from sandbox.workbooks import ProcurementRow, set_cell_by_header, write_procurement_tracker
from tests.databases import setting_of

MONDAY = datetime(2026, 9, 14, 6, 0, tzinfo=UTC)
LONG_AGO = MONDAY - timedelta(days=60)
LEAD = "lea.brandt@acme.example"
SELLER = "sam.okoro@acme.example"
PROMISED = date(2026, 10, 15)
LATE, LATER = date(2026, 10, 20), date(2026, 11, 5)
WORK = 9
LAUNCH_TASK = "1208000000000001"
TRACKER = "Tracker.xlsx"
STREAM = "customfield_20001"
# One request at a time, so that the order of pages is the same in every run.
_PATIENT = {"attempts": 2, "largest_answer_megabytes": 1, "parallel": 1}
_IMPATIENT = {"attempts": 1, "read_timeout_seconds": 0.4, "answer_deadline_seconds": 0.8, "parallel": 1}


@dataclass(frozen=True)
class System:
    """One kind of source in the matrix. ``pages`` matches the requests that carry records or their ids."""

    title: str
    source: str
    pages: str


JIRA = System("Jira Cloud", "jira", r"/rest/api/3/(search/jql|issue/bulkfetch|changelog/bulkfetch)")
DATA_CENTER = System("Jira Data Center", "center", r"/rest/api/2/search")
ASANA = System("Asana", "asana", r"GET /api/1\.0/tasks")
SALESFORCE = System("Salesforce", "crm", r"/services/data/v[\d.]+/query")
CALLED = (JIRA, DATA_CENTER, ASANA, SALESFORCE)
"""The systems that are called over HTTP."""


@dataclass
class Company:
    """The servers, which live as long as this context manager, and the world behind them as it stands on Monday."""

    folder: Path
    now: datetime = MONDAY
    servers: dict[str, StandIn] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        self.servers = {
            JIRA.source: JiraServer(self._jira(), page_size=3),
            DATA_CENTER.source: JiraServer(self._jira(), page_size=3, deployment="Server"),
            ASANA.source: AsanaServer(self._asana(), page_size=3),
            SALESFORCE.source: SalesforceServer(self._salesforce(), page_size=3),
        }
        for server in self.servers.values():
            self._stack.enter_context(server)
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, secret in (("jira", "jira-token"), ("asana", "asana-token"), ("crm", "crm-secret")):
            path = self.folder / f"secret-{name}"
            path.touch(mode=0o600)
            path.write_text(secret)
        return self

    def __exit__(self, *failure: object) -> None:
        self._stack.close()

    def clock(self) -> datetime:
        return self.now

    def monday(self, source: str) -> None:
        """Put one source back to Monday, whole and undisturbed."""
        self.now = MONDAY
        if source == JIRA.source:
            self.server(JIRA).site = self._jira()
        elif source == DATA_CENTER.source:
            self.server(DATA_CENTER).site = self._jira()
        elif source == ASANA.source:
            self.server(ASANA).workspace = self._asana()
        elif source == SALESFORCE.source:
            self.server(SALESFORCE).org = self._salesforce()
        if source in self.servers:
            self.servers[source].clear_faults()
            self.servers[source].requests.clear()

    def tuesday(self, source: str, folder: Path) -> None:
        """Move dates on every page of one source; all launches get later, so the findings worsen."""
        self.now = MONDAY + timedelta(days=1)
        moved = [1, 5, WORK]
        if source in (JIRA.source, DATA_CENTER.source):
            site = self.servers[source].site  # type: ignore[attr-defined]
            for number in moved:
                site.move_due(f"WEB-{number}", LATER, by=LEAD)
        elif source == ASANA.source:
            workspace = self.server(ASANA).workspace
            for gid in [list(workspace.tasks)[number - 1] for number in moved]:
                workspace.move_due(gid, LATER, by=LEAD)
        elif source == SALESFORCE.source:
            org = self.server(SALESFORCE).org
            for deal in list(org.opportunities):
                org.move_promise(deal, PROMISED - timedelta(days=3), by=SELLER)
        else:
            (folder / TRACKER).unlink(missing_ok=True)
            self.write_workbook(folder)
            for number in moved:
                set_cell_by_header(folder / TRACKER, f"P-{number}", "Run-rate in kEUR", 500)

    def server(self, system: System) -> Any:
        return self.servers[system.source]

    def _jira(self) -> JiraSite:
        site = JiraSite(token="jira-token", now=self.clock)
        site.add_field(STREAM, "Stream", "string", "com.atlassian.jira.plugin.system.customfieldtypes:textfield")
        for key in ("WEB", "OPS"):
            site.add_project(key, key.title())
        for number in range(1, WORK + 1):
            due = LATE if number == 1 else date(2026, 9, 25)
            site.add_issue(f"WEB-{number}", summary=f"Part {number}", due=due, created=LONG_AGO)
        for number in range(1, 5):
            site.add_issue(f"OPS-{number}", summary=f"Chore {number}", created=LONG_AGO)
        return site

    def _asana(self) -> AsanaWorkspace:
        workspace = AsanaWorkspace(now=self.clock)
        workspace.add_person(LEAD, "Lea Brandt")
        workspace.add_custom_field("Stream", "text")
        web, ops = workspace.add_project("Web shop"), workspace.add_project("Operations")
        workspace.add_task("Launch", project=web, due=LATE, created=LONG_AGO, gid=LAUNCH_TASK)
        for number in range(2, WORK + 1):
            workspace.add_task(f"Part {number}", project=web, due=date(2026, 9, 25), created=LONG_AGO)
        for number in range(1, 5):
            workspace.add_task(f"Chore {number}", project=ops, created=LONG_AGO)
        return workspace

    def _salesforce(self) -> SalesforceOrg:
        org = SalesforceOrg(client_secret="crm-secret", now=self.clock)
        org.add_person(SELLER, "Sam Okoro")
        promised = ["jira:WEB-1", "center:WEB-1", LAUNCH_TASK]
        for number in range(1, WORK + 1):
            org.add_opportunity(
                f"Customer {number}",
                account=f"Customer {number}",
                amount=Decimal(100_000 * number),
                probability=50,
                close=date(2026, 9, 25),
                stage="Proposal",
                owner=SELLER,
                promised=promised[number - 1] if number <= len(promised) else None,
                promised_date=PROMISED,
                created=LONG_AGO,
                key=f"D-{number}",
            )
        return org

    def configure(self, folder: Path, *, impatient: bool = False, **changes: Mapping[str, Any]) -> None:
        """Write the configuration that reads the company on this day; ``changes`` are made to sources by name."""
        sources = self._sources(_IMPATIENT if impatient else _PATIENT)
        for name, change in changes.items():
            sources[name] = {**sources[name], **change}
        documents = {
            "driftline.yaml": {
                "version": 1,
                "business": {"zone": "Europe/Berlin", "currency": "EUR"},
                "state": {"url": setting_of(folder / "state.db")},
                "clock": {"shows": self.now.isoformat(), "since": datetime.now(UTC).isoformat()},
                "objectives": ["objectives.yaml"],
                "mapping": ["rules.yaml"],
                "sources": sources,
            },
            "objectives.yaml": _OBJECTIVES,
            "rules.yaml": _RULES,
        }
        for name, content in documents.items():
            (folder / name).write_text(yaml.safe_dump(content))

    def write_workbook(self, folder: Path, rows: int = WORK) -> None:
        """Write the tracker as it stands on Monday."""
        write_procurement_tracker(folder / TRACKER, [_saving(number) for number in range(1, rows + 1)])

    def _sources(self, http: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        jira = {"kind": "jira", "token": "file:secret-jira", "projects": ["WEB", "OPS"], "page_size": 3, "http": http}
        jira["fields"] = {"stream": STREAM}
        return {
            JIRA.source: {**jira, "url": self.server(JIRA).url, "email": self.server(JIRA).site.email},
            DATA_CENTER.source: {**jira, "url": self.server(DATA_CENTER).url},
            ASANA.source: {
                "kind": "asana",
                "url": self.server(ASANA).api_url,
                "token": "file:secret-asana",
                "projects": list(self.server(ASANA).workspace.projects),
                "fields": {"stream": "Stream"},
                "http": http,
            },
            SALESFORCE.source: {
                "kind": "salesforce",
                "url": self.server(SALESFORCE).url,
                "client_id": self.server(SALESFORCE).org.client_id,
                "client_secret": "file:secret-crm",
                "key_field": "Deal_Number__c",
                "promised_field": "Launch_Release__c",
                "promised_date_field": "Promised_Date__c",
                "currency": "EUR",
                "http": http,
            },
            "savings": {
                "kind": "spreadsheet",
                "path": TRACKER,
                "table": "ProcurementSavings",
                "records": "saving",
                "locale": "en",
                "currency": "EUR",
                "columns": {
                    "key": "No.",
                    "title": "Initiative",
                    "owner": "Owner",
                    "planned_start": "Start date",
                    "enabler": "Depends on",
                    "run_rate": {"header": "Run-rate in kEUR", "unit": "kEUR"},
                },
            },
        }


def _saving(number: int) -> ProcurementRow:
    return ProcurementRow(
        number=f"P-{number}",
        name=f"Saving {number}",
        owner=LEAD,
        controller=LEAD,
        start=date(2026, 10, 1),
        enabler="jira:WEB-1" if number == 1 else None,
        yearly_run_rate=Decimal(365_000),
        light="Green",
        stage="Decided",
    )


_OBJECTIVES = {
    "version": 1,
    "objectives": [
        {"id": "ACME", "level": "organization", "name": "Acme", "owner": LEAD},
        {"id": "LAUNCH", "level": "measure", "parent": "ACME", "name": "Launch the web shop", "owner": LEAD},
    ],
}


def _rule(source: str, role: str, kind: str, needs: str = "") -> dict[str, Any]:
    rule = {"name": source, "role": role, "objective": "LAUNCH", "source": source, "match": {"kind": kind}}
    return {**rule, "needs": [{"field": needs}]} if needs else rule


_RULES = {
    "version": 1,
    "rules": [
        *(_rule(system.source, "delivers", "work_item") for system in (JIRA, DATA_CENTER, ASANA)),
        _rule(SALESFORCE.source, "promises", "deal", needs="promised"),
        _rule("savings", "saves", "saving", needs="enabler"),
    ],
}
