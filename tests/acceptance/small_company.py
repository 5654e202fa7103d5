"""A small company of a story's own: a Jira and an Asana behind real HTTP, files that the story writes, and a clock."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from config.load import Configuration, load
from config.secrets import resolve
from model.findings import TrackedFinding, Transition, TransitionKind
from model.runs import Run, RunOutcome
from pipeline.run import run_once
from sandbox.asana import AsanaServer, AsanaWorkspace
from sandbox.jira import JiraServer, JiraSite
from sandbox.meridian.clock import DemoClock
from state.store import Store
from tests.databases import url_of

LONG_AGO = datetime(2026, 1, 12, 8, 0, tzinfo=UTC)
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (datetime(2026, 9, day, 7, 0, tzinfo=UTC) for day in range(14, 19))

_SETTINGS = """\
version: 1
business: {{zone: Europe/Berlin, currency: EUR}}
state: {{url: sqlite:///unused.db}}
objectives: [objectives.yaml]
mapping: [rules.yaml]
sources:
  jira:
    kind: jira
    url: {jira}
    email: driftline@meridian.example
    token: file:jira-token
    projects: {projects}
    start_field: customfield_10015
    every: 30s
  asana:
    kind: asana
    url: {asana}/api/1.0
    token: file:asana-token
    projects: {boards}
    light_field: Light
    date_history: true
    fields: {{region: Region}}
    every: 30s
"""


@dataclass(slots=True)
class SmallCompany:
    """What the tools hold, and a Driftline that reads it."""

    folder: Path
    clock: DemoClock
    jira: JiraSite
    asana: AsanaWorkspace
    urls: tuple[str, str]
    store: Store

    def write(self, *, objectives: str, rules: str, boards: str) -> None:
        """Write what admins write. All Jira projects are read, and the Asana projects of these names."""
        settings = _SETTINGS.format(
            jira=self.urls[0],
            asana=self.urls[1],
            projects=f"[{', '.join(self.jira.projects)}]",
            boards=boards,
        )
        (self.folder / "driftline.yaml").write_text(settings, encoding="utf-8")
        (self.folder / "rules.yaml").write_text(f"version: 2\nrules:\n{rules}", encoding="utf-8")
        self.write_objectives(objectives)

    def write_objectives(self, objectives: str) -> None:
        (self.folder / "objectives.yaml").write_text(f"version: 2\nobjectives:\n{objectives}", encoding="utf-8")

    @property
    def configuration(self) -> Configuration:
        loaded = load(self.folder / "driftline.yaml")
        return replace(loaded, settings=resolve(loaded.settings, environment={}, root=loaded.root))

    def day(self, day: datetime) -> list[Transition]:
        """It is this day: read and judge everything; what happened to findings."""
        self.clock.set(day)
        run: Run = run_once(self.store, self.configuration, clock=self.clock, stop=threading.Event())
        assert run.outcome is RunOutcome.DONE, run
        return [each for each in self.store.transitions() if each.at >= day]

    def standing(self, check: str, objective: str) -> TrackedFinding | None:
        """The standing finding of a check about an objective."""
        found = [
            each
            for each in self.store.tracked().values()
            if each.standing and each.finding.check == check and each.finding.subjects[0] == f"objective:{objective}"
        ]
        assert len(found) <= 1
        return found[0] if found else None

    def why_resolved(self, happened: list[Transition], check: str) -> list[str]:
        """The reasons for which findings of a check were resolved."""
        tracked = self.store.tracked()
        return [
            each.reason
            for each in happened
            if each.kind is TransitionKind.RESOLVED and tracked[each.fingerprint].finding.check == check
        ]


@contextmanager
def small_company(folder: Path) -> Iterator[SmallCompany]:
    """Start the servers; they stop at the end."""
    clock = DemoClock()
    jira, asana = JiraSite(now=clock), AsanaWorkspace(now=clock)
    (folder / "jira-token").write_text(jira.token, encoding="utf-8")
    (folder / "asana-token").write_text(asana.token, encoding="utf-8")
    for secret in (folder / "jira-token", folder / "asana-token"):
        secret.chmod(0o600)
    asana.add_custom_field("Light", "enum")
    asana.add_custom_field("Region", "text")
    jira_server, asana_server = JiraServer(jira), AsanaServer(asana)
    jira_server.start()
    asana_server.start()
    try:
        with Store.open(url_of(folder / "driftline.db")) as store:
            yield SmallCompany(folder, clock, jira, asana, (jira_server.url, asana_server.url), store)
    finally:
        jira_server.stop()
        asana_server.stop()
