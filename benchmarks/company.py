"""The configuration of a company whose sources are the stand-in: every record is matched against some rules."""

import textwrap
from collections.abc import Collection
from pathlib import Path

from benchmarks import asana_rows, jira_rows

SECRETS = {"BENCH_TOKEN": "token"}
"""The environment that the settings refer to."""

_SETTINGS = """\
version: 1
business: {zone: Europe/Berlin, currency: EUR}
state: {url: "sqlite:///driftline.db"}
objectives: [objectives.yaml]
mapping: [rules.yaml]
sources:
"""


def write_company(folder: Path, address: str, sources: Collection[str]) -> None:
    """Write settings, objectives and rules; ``address`` is where the stand-in listens."""
    known = {
        "jira": f"""\
          jira:
            kind: jira
            url: {address}
            email: driftline@example.com
            token: env:BENCH_TOKEN
            projects: [{", ".join(jira_rows.PROJECTS)}]
        """,
        "salesforce": f"""\
          salesforce:
            kind: salesforce
            url: {address}
            client_id: driftline
            client_secret: env:BENCH_TOKEN
            promised_field: Promised__c
            promised_date_field: Promised_Date__c
            currency: EUR
        """,
        "asana": f"""\
          asana:
            kind: asana
            url: {address}/api/1.0
            token: env:BENCH_TOKEN
            projects: [{", ".join(f'"{gid}"' for gid in asana_rows.PROJECTS)}]
            http: {{requests_per_minute: 1500}}  # what a paid plan allows
        """,
    }
    text = "".join(textwrap.indent(textwrap.dedent(known[name]), "  ") for name in sources)
    folder.joinpath("driftline.yaml").write_text(_SETTINGS + text)
    folder.joinpath("objectives.yaml").write_text(_objectives())
    folder.joinpath("rules.yaml").write_text("version: 1\nrules:\n" + "".join(_rules(sources)))


def _objectives() -> str:
    rows = ["  - {id: GROUP, level: organization, name: Group}\n"]
    rows += [
        f"  - {{id: {project}, level: project, name: {project}, parent: GROUP, target: 2026-12-31}}\n"
        for project in (*jira_rows.PROJECTS, "EPICS", "LAUNCH")
    ]
    return "version: 1\nobjectives:\n" + "".join(rows)


def _rules(sources: Collection[str]) -> list[str]:
    rules, projects = [], jira_rows.PROJECTS
    if "jira" in sources:
        rules += [_rule(f"All of {project}", project, "jira", f"container: {project}") for project in projects]
        epics = [f"{projects[number % len(projects)]}-{number + 1}" for number in range(20)]
        rules += [_rule(f"Epic {epic}", "EPICS", "jira", f"parent: {epic}") for epic in epics]
    if "asana" in sources:
        rules.append(_rule("Launch steps", "LAUNCH", "asana", 'title: "Launch step *0 for *"'))
    if "salesforce" in sources:
        rules.append(_rule("Promised deals", "LAUNCH", "salesforce", 'title: "Deal *50 with *"', role="promises"))
    return rules


def _rule(name: str, objective: str, source: str, condition: str, *, role: str = "delivers") -> str:
    needs = "\n    needs: [{field: promised}]" if role == "promises" else ""
    return (
        f"  - name: {name}\n    role: {role}\n    objective: {objective}\n    source: {source}\n"
        f"    match: {{{condition}}}{needs}\n"
    )
