"""Story F3: three regions report green, and the whole will be late; the worst region tells, never the average."""

from datetime import date
from pathlib import Path

from model.findings import TransitionKind
from model.records import Light
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
  - id: ROLL-OUT
    level: project
    name: Field service in three regions
    owner: lead@small.example
    sponsor: coo@small.example
    target: 2026-10-30
    implementation: green
  - {id: DACH, level: measure, parent: ROLL-OUT, name: DACH live, implementation: green}
  - {id: NORDICS, level: measure, parent: ROLL-OUT, name: Nordics live, implementation: green}
  - {id: IBERIA, level: measure, parent: ROLL-OUT, name: Iberia live, implementation: green}
"""
RULES = """\
  - {name: dach, role: delivers, objective: DACH, match: {kind: work_item, fields: {region: DACH}}}
  - {name: nordics, role: delivers, objective: NORDICS, match: {kind: work_item, fields: {region: Nordics}}}
  - {name: iberia, role: delivers, objective: IBERIA, match: {kind: work_item, fields: {region: Iberia}}}
"""
TRAINED = {"DACH": date(2026, 10, 9), "Nordics": date(2026, 10, 16), "Iberia": date(2026, 10, 23)}


def build(company: SmallCompany) -> dict[str, str]:
    """One training per region, each reported green. The Jira is somebody else's and holds one thing."""
    company.jira.add_project("OPS", "Operations")
    company.jira.add_issue("OPS-1", summary="Something else", created=LONG_AGO)
    board = company.asana.add_project("Roll-out")
    trainings = {
        region: company.asana.add_task(
            f"Train {region}",
            project=board,
            due=due,
            custom={"Light": "Green", "Region": region},
            created=LONG_AGO,
        )
        for region, due in TRAINED.items()
    }
    company.write(objectives=OBJECTIVES, rules=RULES, boards="[Roll-out]")
    return trainings


def test_story_f3_three_green_regions_and_a_late_whole(tmp_path: Path) -> None:
    with small_company(tmp_path) as company:
        trainings = build(company)

        # Monday: the last region is trained on 23 October, a week before the 30th; green is true.
        company.day(MONDAY)
        assert company.standing("hidden-red", "ROLL-OUT") is None
        assert company.standing("schedule-slip", "ROLL-OUT") is None

        # Tuesday: Iberia slips from 23 October to 4 December, and every light stays green. The whole is 35 days late
        # (1 day of October, 30 of November, 4 of December), not the 12 that the average of the regions would say:
        # 9 and 16 October and 4 December lie 21, 14 and -35 days before the target, which is no day late at all.
        company.asana.move_due(trainings["Iberia"], date(2026, 12, 4), by="iberia@small.example")
        company.day(TUESDAY)
        hidden, slip = company.standing("hidden-red", "ROLL-OUT"), company.standing("schedule-slip", "ROLL-OUT")
        assert hidden is not None
        assert slip is not None
        assert (hidden.finding.impact.days, slip.finding.impact.days) == (35, 35)
        assert "Iberia" in hidden.finding.title
        assert "56 days behind the first" in hidden.finding.title  # from 9 October: 22 + 30 + 4
        assert hidden.finding.cause == slip.finding.cause == f"asana:{trainings['Iberia']}"
        [moved] = [proof for proof in slip.finding.evidence if proof.at is not None]
        assert (moved.old, moved.value, moved.by) == ("2026-10-23", "2026-12-04", "iberia@small.example")

        # Wednesday: the owner of Iberia says red. Nothing is hidden any more; late it is all the same.
        company.write_objectives(
            OBJECTIVES.replace("name: Iberia live, implementation: green", "name: Iberia live, implementation: red")
        )
        happened = company.day(WEDNESDAY)
        assert company.standing("hidden-red", "ROLL-OUT") is None
        [why] = company.why_resolved(happened, "hidden-red")
        assert Light.RED.value in why or "reported" in why
        assert company.standing("schedule-slip", "ROLL-OUT") is not None

        # Thursday: Iberia is helped and comes on 30 October. The same day is on time.
        company.asana.move_due(trainings["Iberia"], date(2026, 10, 30), by="iberia@small.example")
        happened = company.day(THURSDAY)
        assert company.standing("schedule-slip", "ROLL-OUT") is None
        assert len(company.why_resolved(happened, "schedule-slip")) == 1

        # Friday: nothing moves, and nothing happens.
        assert [each for each in company.day(FRIDAY) if each.kind is not TransitionKind.RESOLVED] == []
