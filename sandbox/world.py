"""The demo company alive: its servers, workbooks and mail sink, the configuration that reads them, and what moves."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from pathlib import Path
from string import Template
from types import TracebackType

from sandbox.asana import AsanaServer, AsanaWorkspace
from sandbox.http import Request, Response, StandIn
from sandbox.jira import JiraServer, JiraSite
from sandbox.mail import MailSink
from sandbox.meridian.asana import SORTER_HARDWARE, TRAINING_IBERIA, build_asana
from sandbox.meridian.clock import TUESDAY, DemoClock
from sandbox.meridian.faults import FAULTS, Switches, is_change
from sandbox.meridian.history import History
from sandbox.meridian.jira import build_jira
from sandbox.meridian.people import ACCOUNT_MANAGER, GATEWAY_LEAD, IT, OPERATIONS, PRODUCT, address
from sandbox.meridian.salesforce import build_salesforce
from sandbox.meridian.savings import write_workbooks
from sandbox.salesforce import SalesforceOrg, SalesforceServer

CONTROL_FILE = "sandbox.json"
MARK_FILE = ".driftline-demo"
"""Says that a folder is a demo's and may be replaced."""


class Meridian:
    """Meridian Conveyors in one folder. A context manager: servers stop at its end, files stay.

    The world stands on Monday, 14 September 2026, until ``move_to_tuesday`` is called.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = DemoClock()
        self.jira = JiraSite(now=lambda: self.clock() + self.jira_server.skew)
        self.asana = AsanaWorkspace(now=lambda: self.clock() + self.asana_server.skew)
        self.salesforce = SalesforceOrg(now=lambda: self.clock() + self.salesforce_server.skew)
        self.jira_server = JiraServer(self.jira)
        self.asana_server = AsanaServer(self.asana, page_size=5)
        self.salesforce_server = SalesforceServer(self.salesforce)
        self.control = Control(self)
        self.mail = MailSink(folder / "mail")
        self.deals: dict[str, str] = {}
        called = {"jira": self.jira_server, "asana": self.asana_server, "salesforce": self.salesforce_server}
        self._switches = {source: Switches(source, server) for source, server in called.items()}

    def __enter__(self) -> "Meridian":
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / MARK_FILE).touch()
        for server in self._servers():
            server.start()
        self.mail.start()
        build_jira(self.jira)
        build_asana(self.asana)
        self.deals = build_salesforce(self.salesforce)
        History(self.clock, self.jira, self.asana, self.salesforce, self.deals).play()
        write_workbooks(self.folder / "workbooks")
        self._write_secrets()
        self.write_configuration()
        (self.folder / CONTROL_FILE).write_text(json.dumps({"control": self.control.url}), encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        (self.folder / CONTROL_FILE).unlink(missing_ok=True)
        for server in self._servers():
            server.stop()
        self.mail.stop()

    def _servers(self) -> tuple[StandIn, ...]:
        return (self.jira_server, self.asana_server, self.salesforce_server, self.control)

    def _write_secrets(self) -> None:
        folder = self.folder / "secrets"
        folder.mkdir(exist_ok=True)
        for name, value in (
            ("jira-token", self.jira.token),
            ("asana-token", self.asana.token),
            ("salesforce-secret", self.salesforce.client_secret),
        ):
            path = folder / name
            path.touch(mode=0o600)
            path.write_text(value, encoding="utf-8")

    def write_configuration(self) -> None:
        """Write settings, objectives and rules with the addresses and the clock of this moment."""
        sample = files("sandbox.meridian") / "config"
        settings = Template((sample / "driftline.yaml").read_text(encoding="utf-8")).substitute(
            clock_shows=self.clock.shows.isoformat(),
            clock_since=self.clock.since.isoformat(),
            jira_url=self.jira_server.url,
            asana_url=self.asana_server.url,
            salesforce_url=self.salesforce_server.url,
            smtp_port=self.mail.port,
        )
        (self.folder / "state").mkdir(exist_ok=True)
        (self.folder / "driftline.yaml").write_text(settings, encoding="utf-8")
        (self.folder / "objectives.yaml").write_text((sample / "objectives.yaml").read_text(encoding="utf-8"), "utf-8")
        (self.folder / "mapping").mkdir(exist_ok=True)
        for rules in (sample / "mapping").iterdir():
            (self.folder / "mapping" / rules.name).write_text(rules.read_text(encoding="utf-8"), encoding="utf-8")

    def move_to_tuesday(self) -> None:
        """It is Tuesday, 15 September 2026, and the world moves in four tools; nobody is told by them."""
        self.clock.set(TUESDAY)
        # F1: the certification that Aurora 4.0 holds slips by 59 days; the release itself keeps its date.
        self.jira.move_due("AUR-118", date(2026, 11, 16), by=address(GATEWAY_LEAD))
        # What one deal was promised is cancelled.
        self.jira.set_status("AUR-140", "Won't Do", by=address(PRODUCT))
        # F5: the rehearsal slips by 21 days; the go-live behind it is not touched, nor is the CFO's workbook.
        self.jira.move_due("ERP-90", date(2026, 10, 15), by=address(IT))
        # F3: one region's training slips by seven weeks while every light stays green.
        self.asana.move_due(TRAINING_IBERIA, date(2026, 12, 4), by=address(OPERATIONS))
        # F2: the hardware that nobody funded moves out of the year.
        self.asana.move_due(SORTER_HARDWARE, date(2027, 2, 12), by=address(OPERATIONS))
        # One promise is put right, so that one finding resolves.
        self.salesforce.move_promise(self.deals["OPP-0009"], date(2026, 12, 15), by=address(ACCOUNT_MANAGER))
        self.write_configuration()

    def move(self, what: str, to: date) -> str:
        """Move one date, as somebody in that tool would; tell in a sentence what was moved.

        ``what`` is a Jira key, a release name, an Asana gid or a deal number. Raise KeyError when there is none.
        """
        movers: tuple[tuple[str, Callable[[], None], bool], ...] = (
            (
                "the due date in Jira",
                lambda: self.jira.move_due(what, to, by=address(IT)),
                any(what == known.key for known in self.jira.issues.values()),
            ),
            (
                "the due date in Asana",
                lambda: self.asana.move_due(what, to, by=address(OPERATIONS)),
                what in self.asana.tasks,
            ),
            (
                "the promised date in Salesforce",
                lambda: self.salesforce.move_promise(self.deals[what], to, by=address(ACCOUNT_MANAGER)),
                what in self.deals,
            ),
        )
        for name, mover, known in movers:
            if known:
                mover()
                return f"moved {name} of {what} to {to.isoformat()}"
        for version in self.jira.versions.values():
            if version.name == what:
                self.jira.move_release(version.project, version.name, to, by=address(PRODUCT))
                return f"moved the release date of {what} in Jira to {to.isoformat()}"
        raise KeyError(what)

    def switch_fault(self, source: str, fault: str | None, *, on: bool, page: int | None = None) -> str:
        """Switch a fault of a source on or off, or all of its faults off; tell in a sentence what is so now.

        With ``page`` it strikes from that page of records on, counted from now. Raise KeyError with the name and the
        known ones when there is no such source or fault, or with the reason and the other ones when it has no pages.
        """
        if source not in self._switches:
            raise KeyError(f"no server of the demo is called {source}", ", ".join(self._switches))
        if (fault is None and on) or (fault is not None and fault not in FAULTS[source]):
            raise KeyError(f"there is no fault of {source} called {fault}", ", ".join(FAULTS[source]))
        if fault and on:
            if page is not None and is_change(source, fault):
                others = ", ".join(name for name in FAULTS[source] if not is_change(source, name))
                raise KeyError(f"{fault} changes what {source} holds, and strikes no single page", others)
            self._switches[source].on(fault, page)
        else:
            self._switches[source].off(fault)
        return str(self._switches[source])


class Control(StandIn):
    """Lets another process move a date, or make a source fail, while the demo runs."""

    def __init__(self, world: Meridian) -> None:
        super().__init__()
        self.world = world
        self.route("POST", "/move", self._move)
        self.route("POST", "/fault", self._fault)

    def _move(self, request: Request) -> Response:
        wish = request.json()
        try:
            return Response({"done": self.world.move(str(wish["what"]), date.fromisoformat(wish["to"]))})
        except KeyError:
            return Response({"error": f"nothing in the demo company is called {wish.get('what')}"}, 404)
        except ValueError:
            return Response({"error": "a date is written as 2026-11-05"}, 400)

    def _fault(self, request: Request) -> Response:
        wish = request.json()
        try:
            said = self.world.switch_fault(
                str(wish["source"]), wish.get("fault"), on=bool(wish.get("on")), page=wish.get("page")
            )
        except KeyError as error:
            return Response({"error": error.args[0], "known": error.args[-1]}, 404)
        return Response({"done": said})


def clear(folder: Path) -> None:
    """Remove what an earlier demo left; raise FileExistsError for a folder that does not say it is a demo's.

    A demo's folder holds a file that says so: it may lie beside somebody's real workbooks.
    """
    if not folder.exists():
        return
    if any(folder.iterdir()) and not (folder / MARK_FILE).is_file():
        raise FileExistsError(f"{folder} is not a folder of an earlier demo")
    shutil.rmtree(folder)
