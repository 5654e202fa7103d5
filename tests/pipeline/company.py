"""A company small enough for a test of one step: two Jira projects, nine deals, a mail server, and a clock of its own.

WEB-1 belongs to the release R1, which eight deals were promised by 15 October; when it slips, so do they.
"""

import os
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from config.load import Configuration, load
from config.secrets import resolve
from connectors.base import ReadContext
from model.deliveries import Delivery
from model.findings import TrackedFinding
from model.runs import Run, SourceResult
from pipeline.notify import deliver, prepare
from pipeline.read import read_source
from pipeline.run import run_once
from sandbox.jira import JiraServer, JiraSite
from sandbox.salesforce import SalesforceOrg, SalesforceServer
from state.store import Store
from tests.databases import setting_of, url_of
from tests.digest.smtp_servers import Mailbox
from tests.ports import free_port

MONDAY = datetime(2026, 9, 14, 6, 0, tzinfo=UTC)
LONG_AGO = MONDAY - timedelta(days=60)
LEAD = "lea.brandt@acme.example"
SELLER = "sam.okoro@acme.example"
RECIPIENTS = ("ann@acme.example", "bob@acme.example")
DEALS = 9
WORK = 12

OBJECTIVES = {
    "version": 1,
    "objectives": [
        {"id": "ACME", "level": "organization", "name": "Acme", "owner": LEAD, "sponsor": LEAD},
        {"id": "LAUNCH", "level": "measure", "parent": "ACME", "name": "Launch the web shop", "owner": LEAD},
        {"id": "OTHER", "level": "measure", "parent": "ACME", "name": "Something else", "owner": LEAD},
    ],
}
RULES = {
    "version": 1,
    "rules": [
        {
            "name": "deals",
            "role": "promises",
            "objective": "LAUNCH",
            "source": "crm",
            "match": {"kind": "deal"},
            "needs": [{"field": "promised"}],
        },
        {
            "name": "work",
            "role": "delivers",
            "objective": "LAUNCH",
            "source": "jira",
            "match": {"kind": "work_item", "container": "WEB"},
        },
    ],
}


class Servers:
    """Jira and Salesforce on loopback. They outlive the companies that they serve one after the other."""

    def __init__(self) -> None:
        self.jira = JiraServer(JiraSite(now=lambda: MONDAY), page_size=5)
        self.crm = SalesforceServer(SalesforceOrg(now=lambda: MONDAY), page_size=4)

    def __enter__(self) -> Self:
        self.jira.start()
        self.crm.start()
        return self

    def __exit__(self, *_exc: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.jira.stop()
        self.crm.stop()

    def serve(self, jira: JiraSite, org: SalesforceOrg) -> None:
        self.jira.site, self.crm.org = jira, org
        for server in (self.jira, self.crm):
            server.clear_faults()
            server.requests.clear()


@dataclass
class Company:
    """What the servers tell, and a folder with a configuration by which the real connectors read it."""

    folder: Path
    servers: Servers
    now: datetime = MONDAY
    mailbox: Mailbox = field(default_factory=Mailbox)
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.jira = JiraSite(now=self.clock)
        self.org = SalesforceOrg(now=self.clock)
        self.jira_server = self.servers.jira
        self.crm_server = self.servers.crm
        self.deals: dict[str, str] = {}
        self._configuration: Configuration | None = None
        self.servers.serve(self.jira, self.org)
        self._fill_jira()
        self._fill_crm()
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, secret in (("jira-token", self.jira.token), ("crm-secret", self.org.client_secret)):
            path = self.folder / name
            path.touch(mode=0o600)
            path.write_text(secret)
        self.settings = self._first_settings()
        self.write()

    def clock(self) -> datetime:
        return self.now

    def pass_time(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def _fill_jira(self) -> None:
        for key in ("WEB", "OPS"):
            self.jira.add_project(key, key.title())
        self.jira.add_version("WEB", "R1", release_date=date(2026, 10, 1))
        self.jira.add_version("WEB", "R2", release_date=date(2026, 12, 1))
        self.jira.add_issue("WEB-1", summary="Checkout", due=date(2026, 9, 25), versions=["R1"], created=LONG_AGO)
        self.jira.add_issue("WEB-2", summary="Search", due=date(2026, 11, 20), versions=["R2"], created=LONG_AGO)
        for number in range(3, WORK - 3):
            self.jira.add_issue(f"WEB-{number}", summary=f"Part {number}", created=LONG_AGO)
        for number in range(1, 5):
            self.jira.add_issue(f"OPS-{number}", summary=f"Chore {number}", created=LONG_AGO)

    def _fill_crm(self) -> None:
        self.org.add_person(SELLER, "Sam Okoro")
        for number in range(1, DEALS + 1):
            self.deals[f"D-{number}"] = self.org.add_opportunity(
                f"Customer {number}",
                account=f"Customer {number}",
                amount=Decimal(100_000 * number),
                probability=50,
                close=date(2026, 9, 25),
                stage="Proposal",
                owner=SELLER,
                promised="R1" if number < DEALS else "R2",
                promised_date=date(2026, 10, 15) if number < DEALS else date(2026, 12, 31),
                created=LONG_AGO,
                key=f"D-{number}",
            )

    def _first_settings(self) -> dict[str, Any]:
        impatient = {"attempts": 1, "connect_timeout_seconds": 1, "read_timeout_seconds": 2}
        return {
            "version": 1,
            "business": {"zone": "Europe/Berlin", "currency": "EUR"},
            "state": {"url": setting_of(self.state)},
            "objectives": ["objectives.yaml"],
            "mapping": ["rules.yaml"],
            "sources": {
                "jira": {
                    "kind": "jira",
                    "url": self.jira_server.url,
                    "email": self.jira.email,
                    "token": "file:jira-token",
                    "projects": ["WEB", "OPS"],
                    "http": impatient,
                },
                "crm": {
                    "kind": "salesforce",
                    "url": self.crm_server.url,
                    "client_id": self.org.client_id,
                    "client_secret": "file:crm-secret",
                    "key_field": "Deal_Number__c",
                    "promised_field": "Launch_Release__c",
                    "promised_date_field": "Promised_Date__c",
                    "currency": "EUR",
                    "http": impatient,
                },
            },
            "mail": {
                "sender": "driftline@acme.example",
                "smtp": {
                    "host": "127.0.0.1",
                    "port": free_port(),
                    "security": "none",
                    "timeout_seconds": 2,
                    "data_timeout_seconds": 2,
                },
            },
            "digests": {"leaders": {"recipients": list(RECIPIENTS), "at": "07:00"}},
        }

    def write(self, rules: Any = RULES, objectives: Any = OBJECTIVES) -> None:
        """Write the configuration as it stands in ``settings``."""
        self._configuration = None
        for name, content in (("driftline", self.settings), ("objectives", objectives), ("rules", rules)):
            (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")

    @property
    def configuration(self) -> Configuration:
        """The configuration as it was written last."""
        if self._configuration is None:
            loaded = load(self.folder / "driftline.yaml")
            settings = resolve(loaded.settings, environment=os.environ, root=loaded.root)
            self._configuration = replace(loaded, settings=settings)
        return self._configuration

    @property
    def state(self) -> Path:
        """The path of its state, for ``tests.databases``."""
        return self.folder / "state.db"

    @property
    def mail_port(self) -> int:
        return int(self.settings["mail"]["smtp"]["port"])

    def open_store(self) -> Store:
        return Store.open(url_of(self.state))

    def reach_tuesday(self) -> None:
        """A day passes, and WEB-1 slips."""
        self.slip()
        self.pass_time(days=1)

    def slip(self, day: date = date(2026, 11, 16)) -> None:
        """WEB-1 moves, and with it what eight deals were promised."""
        self.jira.move_due("WEB-1", day, by=LEAD)

    def sync(self, store: Store, *only: str, **wishes: Any) -> Run:
        return run_once(store, self.configuration, clock=self.clock, stop=self.stop, only=only, **wishes)

    def read(self, store: Store, source: str, **wishes: Any) -> SourceResult:
        """Read one source, without linking and judging, and give its result."""
        settings = self.configuration.settings
        context = ReadContext(now=self.now, zone=settings.business.zone, stop=self.stop)
        run_id = store.start_run(self.now, baseline=False)
        wishes.setdefault("progress", lambda _source, _read: None)
        return read_source(store, run_id, source, settings.sources[source], context, clock=self.clock, **wishes)

    def send(self, store: Store, slot: str) -> list[Delivery]:
        prepare(store, self.configuration, "leaders", slot=slot, now=self.now)
        return deliver(store, self.configuration, now=self.now)


def without_mail(configuration: Configuration) -> Configuration:
    """The configuration as it would be without a mail server."""
    return replace(configuration, settings=configuration.settings.model_copy(update={"mail": None}))


def standing(store: Store) -> dict[str, TrackedFinding]:
    """Standing findings by the key of their first subject."""
    found = {}
    for tracked in store.tracked().values():
        if tracked.standing:
            [seen] = store.find(tracked.finding.subjects[0])
            found[seen.record.key] = tracked
    return found


def keys_present(store: Store, source: str) -> set[str]:
    """The keys of the records of a source that are stored as present."""
    ids = {f"{source}:{native_id}" for native_id in store.present_ids(source)}
    return {seen.record.key for batch in store.records(source=source) for seen in batch if seen.record.id in ids}
