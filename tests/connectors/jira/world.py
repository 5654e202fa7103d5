"""A small Jira site for the tests of the connector, and how a connector to it is made."""

from datetime import date, timedelta
from typing import Any

from connectors.base import Connector, ReadContext
from connectors.jira import JiraConnector, JiraOptions
from model.records import WorkItem
from model.secret import Secret
from sandbox.http import LOGIN_PAGE, Fault
from sandbox.jira import JiraServer, JiraSite
from tests.connectors.contract import NOW, World, records_of

BEFORE = NOW - timedelta(days=30)
FLOAT = "com.atlassian.jira.plugin.system.customfieldtypes:float"


def build_site() -> JiraSite:
    """Two projects with eight issues, two releases and two sprints; the last change was a day before."""
    site = JiraSite(now=lambda: NOW + timedelta(minutes=1))
    site.add_project("ERP", "One ERP")
    site.add_project("OPS", "Operations")
    site.add_version("ERP", "Go-live", release_date=date(2026, 11, 2), start=date(2026, 8, 1))
    site.add_version("OPS", "Wave 1", release_date=None, released=True)
    site.add_sprint("ERP", "ERP 7", start=date(2026, 10, 5), end=date(2026, 10, 16), state="active")
    site.add_sprint("ERP", "ERP 8", start=date(2026, 10, 19), end=date(2026, 10, 30), state="future")
    site.add_issue("ERP-1", type="Epic", summary="Go live", versions=["Go-live"], created=BEFORE)
    for number in range(2, 7):
        created, due = BEFORE + timedelta(hours=number), date(2026, 10, 20)
        site.add_issue(f"ERP-{number}", summary=f"Step {number}", parent="ERP-1", created=created, due=due)
    site.add_issue("OPS-1", summary="Plant network", created=BEFORE, versions=["Wave 1"])
    site.add_issue("OPS-2", summary="Scanners", created=BEFORE, sprint=None)
    return site


def options_for(server: JiraServer, **given: Any) -> JiraOptions:
    """As an admin would write them: with an e-mail address on Cloud, with a personal access token on Data Center."""
    return JiraOptions(
        **{
            "kind": "jira",
            "url": server.address,
            "email": "driftline@meridian.example" if server.deployment == "Cloud" else None,
            "token": Secret("env:JIRA_TOKEN", "jira-token"),
            "projects": ("ERP", "OPS"),
            "page_size": 3,
            **given,
        }
    )


class JiraWorld(World):
    secrets = ("jira-token", "another-token")
    unknown_ids = ("999999999", "version:999999999", "sprint:999999999")
    hides_containers = True

    def __init__(self, server: JiraServer) -> None:
        self.server = server
        self.site = server.site

    def connector(self, context: ReadContext) -> Connector:
        return JiraConnector("jira", options_for(self.server), context)

    def expected_ids(self) -> set[str]:
        side = {f"version:{one}" for one in self.site.versions} | {f"sprint:{one}" for one in self.site.sprints}
        return set(self.site.issues) | side

    def change_one(self) -> str:
        self.site.move_due("ERP-3", date(2026, 11, 3), by="ada@meridian.example")
        return self.site.find("ERP-3").id

    def remove_one(self) -> str:
        removed = self.site.find("ERP-4").id
        self.site.delete("ERP-4")
        return removed

    def break_access(self) -> None:
        self.site.token = "another-token"

    def answer_html(self) -> None:
        self.server.add_fault(Fault("", LOGIN_PAGE, times=None))

    def hide_container(self) -> str:
        self.site.projects["OPS"].hidden = True
        return "OPS"


def items(connector: Connector) -> dict[str, WorkItem]:
    return {record.key: record for record in records_of(connector.changed(None)) if isinstance(record, WorkItem)}


def revoke_after(server: JiraServer, site: JiraSite, requests: int) -> None:
    """Let the site take back our token once it has answered so many requests."""
    original = server.answer
    count = 0

    def revoking(*given: Any) -> Any:
        nonlocal count
        count += 1
        if count > requests:
            site.token = "another-token"
        return original(*given)

    server.answer = revoking  # type: ignore[assignment,method-assign]
