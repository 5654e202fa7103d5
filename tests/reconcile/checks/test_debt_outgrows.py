"""F4.2: debt comes in faster than it goes, while the throughput of the product rises."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Account, Finding
from model.links import Role
from model.money import Month, MonthAmount
from model.objectives import Level, Objective, StageGate, Value
from model.records import Absence
from reconcile.checks.debt_outgrows import DebtOutgrowsOptions
from reconcile.options import ChecksOptions, ReconcileOptions
from tests.reconcile.world import DONE, DROPPED, Stored

AUG_3, JUNE_22 = date(2026, 8, 3), date(2026, 6, 22)
"""The Mondays six and twelve whole weeks before that of 15 September 2026."""
NOV_30 = date(2026, 11, 30)
LONG_AGO = datetime(2026, 1, 5, tzinfo=UTC)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def example_world() -> Stored:
    """In six weeks eight bugs came, two in each of the first four, and two went; four stories after three before."""
    stored = Stored()
    value = Value("savings", "EUR", (MonthAmount(Month(2026, 11), Decimal(36_500)),))
    stored.objectives = [
        Objective(id="ALL", name="All", level=Level.PROGRAM, target=NOV_30, sponsor="Otto"),
        Objective(id="PLAT", name="Platform", level=Level.PROJECT, parent="ALL", owner="ana", values=(value,)),
    ]
    for number in range(8):
        made = at(AUG_3 + timedelta(7 * (number // 2)))
        more: dict[str, Any] = {"category": DONE, "finished": date(2026, 9, 7)} if number < 2 else {}
        stored.work(f"BUG-{number}", type="Bug", created=made, container="PLAT", **more)
    for number in range(7):
        day = AUG_3 + timedelta(7 * number) if number < 4 else JUNE_22 + timedelta(number)
        stored.work(f"STORY-{number}", type="Story", created=LONG_AGO, category=DONE, finished=day, container="PLAT")
    for each in stored.records_:
        stored.link(each.id, "PLAT", Role.DELIVERS)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored, **options: Any) -> list[Finding]:
    checks = ChecksOptions.model_validate({"debt-outgrows": DebtOutgrowsOptions(**options)})
    findings = stored.judge(options=ReconcileOptions(checks=checks)).findings
    return [each for each in findings if each.check == "debt-outgrows"]


def test_debt_that_grows_while_other_work_speeds_up_is_found_with_what_it_takes(stored: Stored) -> None:
    """8 / 2 = 400 %. 6 more at 2 + 4 pieces in 6 weeks: 6 x 42 / 6 = 42 days; 36,500 x 42 / 365 = 4,200."""
    (finding,) = found(stored)
    assert finding.subjects == ("objective:PLAT", "jira:team jira/PLAT")
    assert finding.title == (
        "jira/PLAT took in 8 pieces of debt in 6 weeks and removed 2 (400.0 %) for Platform, while it finished 4 other "
        "pieces after 3 before"
    )
    assert (finding.impact.days, finding.impact.full(Account.SAVINGS)) == (42, Decimal(4_200))
    assert (finding.owner, finding.decider, finding.sources) == ("ana", "Otto", ("jira",))
    assert [(each.key, each.field, each.value) for each in finding.evidence] == [
        ("jira/PLAT", "debt made per week", "2 2 2 2 0 0 since 3 Aug 2026"),
        ("jira/PLAT", "debt removed per week", "0 0 0 0 0 2 since 3 Aug 2026"),
        ("jira/PLAT", "other work finished per week", "1 1 1 1 0 0 since 3 Aug 2026"),
        ("jira/PLAT", "debt left", "6"),
    ]


def test_less_growth_or_growth_in_few_weeks_is_not_told(stored: Stored) -> None:
    assert found(stored, least_growth=7) == []
    for number in range(4, 8):  # the bugs of two weeks all came in one
        stored.change(f"jira:BUG-{number}", created=at(AUG_3))
    assert found(stored) == []


def test_debt_that_grows_because_all_work_slows_down_is_another_matter(stored: Stored) -> None:
    stored.change("jira:STORY-3", category=DROPPED)
    assert found(stored) == []


def test_debt_that_was_dropped_never_came(stored: Stored) -> None:
    stored.change("jira:BUG-7", category=DROPPED)
    assert found(stored) == []
    assert len(found(stored, least_growth=5)) == 1


def test_types_are_those_of_the_settings_and_case_does_not_count(stored: Stored) -> None:
    assert found(stored, types=("Incident",)) == []
    assert len(found(stored, types=("BUG",))) == 1


def test_each_team_is_judged_by_its_own_work(stored: Stored) -> None:
    for number in range(4, 8):
        stored.change(f"jira:BUG-{number}", container="OTHER")
    assert found(stored) == []


def test_an_objective_without_a_near_target_or_at_rest_is_not_judged(stored: Stored) -> None:
    for changes in ({"target": None}, {"target": date(2027, 3, 17)}):
        stored.objectives[0] = replace(stored.objectives[0], **changes)
        assert found(stored) == []
    stored.objectives[0] = replace(stored.objectives[0], target=date(2027, 3, 16))
    assert len(found(stored)) == 1
    stored.objectives[1] = replace(stored.objectives[1], stage_gate=StageGate.ON_HOLD)
    assert found(stored) == []


def test_while_its_source_is_not_read_or_work_was_made_nobody_knows_when_a_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("jira:BUG-7", category=DONE, finished=date(2026, 9, 8))
    stored.cover("jira", complete=False)
    hold = stored.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: jira")

    stored = example_world()
    stored.lose("jira:BUG-7", Absence.UNOBSERVED)
    assert len(found(stored)) == 1  # it came all the same
    stored.records_ = [replace(each, created=None) for each in stored.records_]
    assert stored.judge().unjudged[finding.fingerprint] == "nobody knows when this work was made"


def lacking(stored: Stored) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.reason, each.sources) for each in stored.judge().blind.get("debt-outgrows", ())]


def test_a_source_without_a_type_of_debt_is_named_with_the_types_it_has(stored: Stored) -> None:
    assert lacking(stored) == []
    for number in range(8):
        stored.change(f"jira:BUG-{number}", type="Task")
    whose = "the work of jira for objectives due within 26 weeks"
    words = "none of which is a type of debt (reconcile.checks.debt-outgrows.types)"
    assert lacking(stored) == [(f"{whose} is of type Story and Task, {words}", ("jira",))]
    for each in stored.records_:
        stored.change(each.id, type="")
    assert lacking(stored) == [(f"{whose} tells no type (field type)", ("jira",))]


def test_each_source_is_judged_by_what_it_tells_itself(stored: Stored) -> None:
    """What the workbook lacks does not make the work of Jira unknown, and its findings stand."""
    stored.link(stored.work("ROW-1", type="Bug", source="plan", container="Plan"), "PLAT", Role.DELIVERS)
    whose = "the work of plan for objectives due within 26 weeks"
    assert lacking(stored) == [(f"{whose} that is Bug does not tell when it was made (field created)", ("plan",))]
    assert len(found(stored)) == 1


def test_the_reason_of_a_resolution_says_what_happened(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("jira:BUG-7", category=DROPPED)
    assert stored.judge().gone_because(finding) == (
        "jira/PLAT removes as much debt as comes in, or does not finish more of other work"
    )
    stored.objectives[1] = replace(stored.objectives[1], stage_gate=StageGate.CLOSED)
    assert stored.judge().gone_because(finding) == "Platform is closed"
    stored.objectives = []
    assert stored.judge().gone_because(finding) == "the objective is not declared any more"
