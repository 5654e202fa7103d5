"""The settings, rules and objectives of the healthy company, as its people keep them up to date."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from config.load import Configuration, load
from model.money import Month
from tests.proofs.money import budget_of, monthly_plan, saving_numbers
from tests.proofs.teams import Company, Team, following

_PORTFOLIO, _PROGRAM = 40, 8
_BETWEEN_REVIEWS = 30
_LIST = {"key": "ID", "title": "Title"}
SETTINGS: dict[str, Any] = {
    "version": 1,
    "business": {"zone": "Europe/Berlin", "currency": "EUR"},
    "state": {"url": "sqlite:///state.db"},
    "objectives": ["objectives.yaml"],
    "mapping": ["rules.yaml"],
    "sources": {
        "jira": {"kind": "jira", "url": "https://jira.example", "email": "a@acme.example", "projects": ["T0"]},
        "asana": {"kind": "asana", "projects": ["1"]},
        "crm": {"kind": "salesforce", "url": "https://crm.example", "client_id": "x", "currency": "EUR"},
        "savings": {"kind": "spreadsheet", "path": "savings.xlsx", "records": "saving", "columns": _LIST},
        "figures": {"kind": "spreadsheet", "path": "figures.xlsx", "records": "measurement", "columns": _LIST},
    },
}


def write(folder: Path, company: Company, today: date, spoil: Any = None, **more: Any) -> Configuration:
    """Write the files as they stand on a day, and load them. ``spoil`` changes the objectives before that."""
    settings = {**SETTINGS, **more}
    secrets = {"jira": "token", "asana": "token", "crm": "client_secret"}
    for source, name in secrets.items():
        settings["sources"][source] = {**settings["sources"][source], name: "env:DRIFTLINE_PROOF"}
    objectives = list(_objectives(company, today))
    if spoil is not None:
        spoil({each["id"]: each for each in objectives})
    contents = {
        "driftline": settings,
        "rules": _rules(company, today),
        "objectives": {"version": 2, "objectives": objectives},
    }
    for name, content in contents.items():
        (folder / f"{name}.yaml").write_text(yaml.dump(content, Dumper=yaml.CSafeDumper), encoding="utf-8")
    return load(folder / "driftline.yaml")


def _approved(company: Company, today: date) -> list[Team]:
    teams = [Team(company, number) for number in range(company.teams)]
    return [team for team in teams if team.approved <= today]


def _rules(company: Company, today: date) -> dict[str, Any]:
    teams = {team.name: team.objective for team in _approved(company, today)}

    def rule(name: str, role: str, kind: str, **more: Any) -> dict[str, Any]:
        match = {"kind": kind} | more.pop("match", {})
        return {"name": name, "role": role, "objective": {"lookup": "teams", "by": "container"}, "match": match} | more

    return {
        "version": 2,
        "lookups": {"teams": teams},
        "rules": [
            rule("epics", "delivers", "work_item", match={"type": "Epic"}),
            rule("bugs", "delivers", "work_item", match={"type": "Bug"}),
            rule("reports", "reports", "work_item", match={"type": "Status report"}),
            rule("deals", "promises", "deal", needs=[{"field": "promised"}]),
            rule("savings", "saves", "saving", needs=[{"field": "enabler", "lag": "14d"}]),
            rule("figures", "measures", "measurement"),
        ],
    }


def _objectives(company: Company, today: date) -> Iterator[dict[str, Any]]:
    teams = _approved(company, today)
    rights = {"beyond": "Chief Operating Officer", "across_measures": "Steering committee", "stop": "Olga Brandt"}
    people = {"owner": "Olga Brandt", "sponsor": "Olga Brandt", "decision_rights": rights}
    yield {"id": "ACME", "level": "organization", "name": "Acme", **people}
    for first in range(0, company.teams, _PORTFOLIO):
        id_ = f"F-{first // _PORTFOLIO}"
        yield {"id": id_, "level": "portfolio", "name": f"Portfolio {id_}", "parent": "ACME", "owner": "Paul Ahn"}
    for first in range(0, company.teams, _PROGRAM):
        within = [team for team in teams if first <= team.number < first + _PROGRAM]
        yield {
            "id": f"P-{first // _PROGRAM}",
            "level": "program",
            "name": f"Programme {first // _PROGRAM}",
            "parent": f"F-{first // _PORTFOLIO}",
            "owner": f"lead-{first}@acme.example",
            "target": max(each.target for each in within),
            "stage_gate": "decided",
        }
    for team in teams:
        yield _measure(team, today)


def _measure(team: Team, today: date) -> dict[str, Any]:
    """A measure: approved before it began, reviewed each month (the next date is set in the week before), implemented
    when its last release is out."""
    review = approved = team.approved
    while review <= today + timedelta(7):
        review += timedelta(_BETWEEN_REVIEWS)
    reached = team.increments[-1].release_day < today - timedelta(3)
    return {
        "id": team.objective,
        "level": "measure",
        "name": f"Measure {team.number}",
        "parent": f"P-{team.number // _PROGRAM}",
        "intent": "Serve customers sooner.",
        "owner": team.person(0),
        "sponsor": "Olga Brandt",
        "controller": "Controller Operations",
        "business_unit": f"Unit {team.number % 3}",
        "stage_gate": "implemented" if reached else "decided",
        "target": team.target,
        "baselines": [{"target": team.target, "approved_by": "Olga Brandt", "approved_on": approved}],
        "budget": f"{budget_of(team)} EUR",
        "assumption": "Customers want it sooner.",
        "review": review,
        "values": [_saved(team), _revenue(team)],
        "needs": list(_needs(team)),
    } | ({"implementation": "green"} if team.number % 2 == 0 else {})


def _saved(team: Team) -> dict[str, Any]:
    """What its savings plan together, less a tenth."""
    plan: dict[str, Decimal] = {}
    for number in saving_numbers(team):
        for cell in monthly_plan(team, number):
            plan[str(cell.month)] = plan.get(str(cell.month), Decimal(0)) + cell.amount
    values = {month: int(amount * 9 / 10) for month, amount in plan.items()}
    return {"account": "EBITDA", "currency": "EUR", "plan": values, "validated_by": "Controller Operations"}


def _revenue(team: Team) -> dict[str, Any]:
    month, plan = following(Month.of(team.target)), {}
    for _ in range(6):
        plan[str(month)] = 10_000
        month = following(month)
    return {"account": "revenue", "currency": "EUR", "plan": plan, "validated_by": "Controller Sales"}


def _needs(team: Team) -> Iterator[dict[str, Any]]:
    """A measure needs the one before it where that is reached a month earlier."""
    before = replace(team, number=team.number - 1)
    if team.number % 3 == 1 and before.target + timedelta(30) < team.target:
        yield {"after": before.objective, "owner": team.person(1)}
