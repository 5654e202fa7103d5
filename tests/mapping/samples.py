"""A small sound mapping and records that it speaks about, for the tests of this folder."""

from typing import Any

from mapping.document import SourceText
from mapping.load import LoadedMapping, load_mapping
from model.records import Deal, WorkItem

OBJECTIVES = """\
version: 2
objectives:
  - id: ORG
    level: organization
    name: Aurora Group
  - id: MP-AURORA
    level: measure_package
    parent: ORG
    name: Launch Aurora 4
    owner: a.berg@aurora.example
    target: 2026-09-30
    tolerance: {days: 5, amount: 50000 EUR, percent: 5}
    baselines:
      - {target: 2026-06-30, approved_by: COO, approved_on: 2026-01-15}
    values:
      - account: EBITDA
        currency: EUR
        plan: {2026-11: 12.50, 2026-10: 310000}
    budget: 900000 EUR
    decision_rights: {beyond: COO}
    needs:
      - {after: ERP-100, lag: 14d, owner: m.ruiz@aurora.example}
    implementation: green
    potential: yellow
  - id: M-SAVE
    level: measure
    parent: mp-aurora
    name: Close the old warehouse
    stage_gate: on_hold
    stage_reason: waits for the lease
"""

RULES = """\
version: 2
rules:
  - name: deals that were sold
    role: promises
    objective: MP-AURORA
    source: crm
    match: {kind: deal, fields: {Region: EMEA}}
    needs:
      - {field: promised, lag: 2w}
      - after: ERP-100
  - name: work below the epic
    role: delivers
    objective: [mp-aurora, ORG]
    match: {parent: AUR-1}
    weight: 0.5
  - name: roll-outs
    role: delivers
    objective: M-SAVE
    match: {title: "*roll-out*"}
"""

SOURCES = ("jira", "crm")


def loaded(rules: str = RULES, objectives: str = OBJECTIVES, **given: Any) -> LoadedMapping:
    """Load the sample, or the given texts in its place."""
    texts = [SourceText("objectives.yaml", objectives)], [SourceText("rules.yaml", rules)]
    return load_mapping(*texts, sources=SOURCES, **given)


def with_rules(*rules: str) -> LoadedMapping:
    """Load rules that are each given as the inside of a flow mapping, without a name."""
    lines = [f"  - {{name: rule {index}, {rule}}}" for index, rule in enumerate(rules)]
    return loaded("version: 1\nrules:\n" + "\n".join(lines) + "\n")


def work(key: str = "AUR-2", **values: object) -> WorkItem:
    """A work item of the source ``jira`` whose native id is the key's number."""
    given: dict[str, object] = {"source": "jira", "native_id": key.partition("-")[2] or key, "title": "", **values}
    return WorkItem(key=key, **given)  # type: ignore[arg-type]


def deal(key: str = "OPP-1", **values: object) -> Deal:
    """A deal of the source ``crm``."""
    return Deal(source="crm", native_id=key, key=key, title="A deal", **values)  # type: ignore[arg-type]
