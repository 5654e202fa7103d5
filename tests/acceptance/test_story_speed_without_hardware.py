"""Story F2: IT built speed, operations had no hardware, and each side looked well in its own tool."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from model.findings import Account, TransitionKind
from tests.acceptance.small_company import (
    FRIDAY,
    LONG_AGO,
    MONDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    SmallCompany,
    small_company,
)

OBJECTIVES = """\
  - {{id: SPEED, level: program, name: Deliver a fifth faster, owner: vp@small.example, sponsor: coo@small.example}}
  - id: M-IT
    level: measure
    parent: SPEED
    name: Routing software
    owner: it@small.example
    budget: 2000000 EUR
    needs:
      - {{after: M-HW, owner: ops@small.example}}
  - id: M-HW
    level: measure
    parent: SPEED
    name: Sorter hardware
    owner: ops@small.example
    budget: {budget} EUR
"""
RULES = """\
  - name: routing
    role: delivers
    objective: M-IT
    match: {kind: work_item, container: RTE}
  - name: hardware
    role: delivers
    objective: M-HW
    match: {kind: work_item, title: "*sorter*"}
"""
STORIES_DUE = date(2026, 10, 30)


def build(company: SmallCompany) -> str:
    """Ten stories, seven of them done, all due on 30 October; the sorter is ordered for 28 January 2027."""
    company.jira.add_project("RTE", "Routing")
    for number in range(1, 11):
        company.jira.add_issue(
            f"RTE-{number}",
            summary=f"Routing step {number}",
            status="Done" if number <= 7 else "In Progress",
            due=STORIES_DUE,
            created=LONG_AGO,
        )
    board = company.asana.add_project("Halls")
    sorter = company.asana.add_task(
        "Install the sorter", project=board, start=date(2026, 12, 1), due=date(2027, 1, 28), created=LONG_AGO
    )
    company.write(objectives=OBJECTIVES.format(budget=0), rules=RULES, boards="[Halls]")
    return sorter


def test_story_f2_it_built_speed_and_operations_had_no_hardware(tmp_path: Path) -> None:
    with small_company(tmp_path) as company:
        sorter = build(company)

        # Monday: 7 of 10 are done, less than 80 %; both sides may still come together.
        company.day(MONDAY)
        assert company.standing("missing-enabler", "M-IT") is None

        # Tuesday: the eighth is done. 80 % of EUR 2,000,000 are spent for something that cannot be used: the hardware
        # has a budget of zero, and comes 1 + 30 + 31 + 28 = 90 days after the software of 30 October.
        company.jira.set_status("RTE-8", "Done", by="it@small.example")
        company.day(TUESDAY)
        tracked = company.standing("missing-enabler", "M-IT")
        assert tracked is not None
        finding = tracked.finding
        assert finding.impact.days == 90
        assert finding.impact.full(Account.COST) == Decimal(1_600_000)
        assert finding.cause == f"asana:{sorter}"
        assert "80 % done" in finding.title
        assert "no approved budget" in finding.title
        assert [step.node for step in finding.chain] == ["objective:M-IT", "objective:M-HW", f"asana:{sorter}"]
        assert {"jira", "asana"} <= set(finding.sources)

        # Wednesday: the hardware is funded. It still comes 90 days later, so the finding stands, and is no news again.
        company.write_objectives(OBJECTIVES.format(budget=900_000))
        happened = company.day(WEDNESDAY)
        still = company.standing("missing-enabler", "M-IT")
        assert still is not None
        assert "no approved budget" not in still.finding.title
        assert still.fingerprint == tracked.fingerprint
        assert not [each for each in happened if each.kind is TransitionKind.OPENED]

        # Thursday: the sorter comes by 13 November, 14 days after the software, which is what the check lets pass.
        company.asana.move_due(sorter, date(2026, 11, 13), by="ops@small.example")
        happened = company.day(THURSDAY)
        assert company.standing("missing-enabler", "M-IT") is None
        [why] = company.why_resolved(happened, "missing-enabler")
        assert why

        # Friday: one day more is one day too many; the same finding is back under its own name.
        company.asana.move_due(sorter, date(2026, 11, 14), by="ops@small.example")
        happened = company.day(FRIDAY)
        again = company.standing("missing-enabler", "M-IT")
        assert again is not None
        assert (again.fingerprint, again.finding.impact.days) == (tracked.fingerprint, 15)
        assert TransitionKind.REOPENED in {each.kind for each in happened if each.fingerprint == tracked.fingerprint}
