"""Story F4: the boards run at full speed, and the migration's milestone moves again and again.

What velocity and debt have to say about it is told by checks of their own; this is the part of dates, baselines and
pace.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from model.findings import Evidence, TransitionKind
from pipeline.objective import ObjectivePicture, paces, picture_of
from tests.acceptance.small_company import (
    LONG_AGO,
    MONDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    SmallCompany,
    small_company,
)

OBJECTIVES = """\
  - id: MIGRATION
    level: program
    name: Off the old platform
    owner: cto@small.example
    sponsor: coo@small.example
    target: {target}
    baselines:
      - {{target: 2026-06-30, approved_by: coo@small.example, approved_on: 2026-01-15}}
      - {{target: 2026-09-30, approved_by: coo@small.example, approved_on: 2026-04-01}}
{more}
"""
APPROVED_AGAIN = "      - {target: 2026-12-31, approved_by: coo@small.example, approved_on: 2026-09-17}"
RULES = """\
  - {name: migration, role: delivers, objective: MIGRATION, match: {kind: work_item, container: MIG}}
"""
LAST_MONDAY = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)
CTO, ARCHITECT = "cto@small.example", "architect@small.example"


def build(company: SmallCompany) -> None:
    """The migration has 30 steps left and finishes two a week; the product board finishes ten a week."""
    company.jira.add_project("MIG", "Migration")
    company.jira.add_project("PRD", "Product")
    company.jira.add_issue("MIG-1", type="Milestone", summary="Migrated", due=date(2026, 6, 30), created=LONG_AGO)
    for number in range(16):
        _finished(company, f"MIG-{100 + number}", weeks_ago=number // 2)
    for number in range(29):
        company.jira.add_issue(f"MIG-{200 + number}", summary="A step", due=date(2026, 9, 30), created=LONG_AGO)
    for number in range(80):
        _finished(company, f"PRD-{100 + number}", weeks_ago=number // 10)
    company.asana.add_project("Nothing")
    # Before Driftline came: 30 June became 31 August, and that became 30 September.
    for at, day, by in (
        (datetime(2026, 3, 2, 9, tzinfo=UTC), date(2026, 8, 31), ARCHITECT),
        (datetime(2026, 6, 8, 9, tzinfo=UTC), date(2026, 9, 30), CTO),
    ):
        company.clock.set(at)
        company.jira.move_due("MIG-1", day, by=by)
    company.write(objectives=OBJECTIVES.format(target="2026-09-30", more=""), rules=RULES, boards="[Nothing]")


def _finished(company: SmallCompany, key: str, *, weeks_ago: int) -> None:
    company.jira.add_issue(
        key, summary="Done", status="Done", created=LONG_AGO, resolved=LAST_MONDAY - timedelta(7 * weeks_ago)
    )


def test_story_f4_full_speed_and_a_migration_that_stands_still(tmp_path: Path) -> None:
    with small_company(tmp_path) as company:
        build(company)

        # Monday, the first reading: the plan keeps the approved 30 September. What moved before is known with names:
        # 62 days from 30 June to 31 August and 30 days to 30 September.
        company.day(MONDAY)
        assert company.standing("schedule-slip", "MIGRATION") is None
        picture = _picture(company)
        [milestone] = picture.moved
        history = milestone.history
        assert (history.original, history.pushes, history.pushed_days) == (date(2026, 6, 30), 2, 92)
        assert history.last.by == CTO
        assert (picture.slip, picture.whole_slip) == (0, 92)

        # The pace tells another story from the first day on: 30 left at two a week end 15 weeks from Monday,
        # on 28 December, while the product board has never been faster. It moves no date.
        assert (picture.pace.whole.remaining, picture.pace.whole.safe) == (30, date(2026, 12, 28))
        assert [finished for _, finished in picture.pace.whole.weeks] == [2] * 8
        now = company.clock()
        [migration, product] = paces(company.store, company.configuration, now=now)
        assert [finished for _, finished in product.weeks] == [10] * 8
        assert product.undefined == "nothing is left to do"
        assert migration.name == "jira/MIG"

        # Tuesday: the milestone moves to 30 November: 61 days behind the baseline in force, 153 behind the original;
        # 61 of the 258 days from the first approval on 15 January to 30 September are 23.6 %: triage. The second
        # witness stands beside it, 29 days later.
        company.jira.move_due("MIG-1", date(2026, 11, 30), by=ARCHITECT)
        company.day(TUESDAY)
        tracked = company.standing("schedule-slip", "MIGRATION")
        assert tracked is not None
        assert tracked.finding.impact.days == 61
        assert "23.6 %" in tracked.finding.title
        [witness] = _witnesses(tracked.finding.evidence)
        assert witness == (
            "50 % by 29 Dec 2026, 85 % by 29 Dec 2026 (30 left; finished per week since 20 Jul 2026: 2 2 2 2 2 2 2 2)"
        )
        assert _picture(company).whole_slip == 153

        # Wednesday: it moves once more, to 31 December: the same finding worsens to 92 days. Now the two witnesses
        # agree, so the pace is not told beside it any more.
        company.jira.move_due("MIG-1", date(2026, 12, 31), by=CTO)
        happened = company.day(WEDNESDAY)
        tracked = company.standing("schedule-slip", "MIGRATION")
        assert tracked is not None
        assert tracked.finding.impact.days == 92
        worse = [each.kind for each in happened if each.fingerprint == tracked.fingerprint]
        assert worse == [TransitionKind.WORSENED]
        assert _witnesses(tracked.finding.evidence) == []
        [milestone] = _picture(company).moved
        assert (milestone.history.pushes, milestone.history.pushed_days, milestone.history.last.by) == (4, 184, CTO)

        # Thursday: the committee approves 31 December. The slip is resolved, and the original is not forgotten.
        company.write_objectives(OBJECTIVES.format(target="2026-12-31", more=APPROVED_AGAIN))
        happened = company.day(THURSDAY)
        assert company.standing("schedule-slip", "MIGRATION") is None
        [why] = company.why_resolved(happened, "schedule-slip")
        assert why
        picture = _picture(company)
        assert (picture.slip, picture.whole_slip) == (0, 184)
        assert picture.baselines.moved_days == 184


def _picture(company: SmallCompany) -> ObjectivePicture:
    configuration = company.configuration
    objective = configuration.mapping.tree.get("MIGRATION")
    assert objective is not None
    return picture_of(company.store, configuration, objective, now=company.clock())


def _witnesses(evidence: tuple[Evidence, ...]) -> list[str]:
    return [proof.value for proof in evidence if proof.field == "throughput"]
