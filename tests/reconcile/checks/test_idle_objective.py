"""I25, I26: approved and nothing starts; document completion taken for commitment."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Account, Finding
from model.links import Role
from model.money import Money, Month, MonthAmount
from model.objectives import Baseline, Level, Objective, StageGate, Value
from model.records import Absence
from tests.reconcile.world import DOING, DONE, DROPPED, TODAY, Stored

JUNE_2 = date(2026, 6, 2)
"""105 days before 15 September 2026."""
DEC_21 = date(2026, 12, 21)


def example_world() -> Stored:
    """Same-day sorting was approved in June; the first of two pieces of work was to begin on 1 September."""
    stored = Stored()
    stored.objectives = [
        Objective(id="OPS", name="Operations", level=Level.PORTFOLIO, owner="lena"),
        Objective(
            id="SORT",
            name="Same-day sorting",
            level=Level.PROJECT,
            parent="OPS",
            owner="jonas",
            stage_gate=StageGate.DECIDED,
            baselines=(Baseline(DEC_21, "martin", JUNE_2),),
            values=(Value("savings", "EUR", (MonthAmount(Month(2027, 1), Decimal(730_000)),)),),
            budget=Money(Decimal(500_000), "EUR"),
            location="objectives.yaml:9",
        ),
    ]
    for number, month in ((1, 9), (2, 10)):
        stored.link(stored.work(f"RTE-{number}", DEC_21, start=date(2026, month, 1)), "SORT", Role.DELIVERS)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored, **more: Any) -> list[Finding]:
    return [each for each in stored.judge(**more).findings if each.check == "idle-objective"]


def with_objective(stored: Stored, **more: Any) -> None:
    stored.objectives[1] = replace(stored.objectives[1], **more)


def test_an_approved_objective_on_which_nobody_works_is_found_with_its_idle_money(stored: Stored) -> None:
    """2 June to 15 September are 105 days; 730,000 x 105 / 365 = 210,000."""
    (finding,) = found(stored)
    assert finding.subjects == ("objective:SORT",)
    assert finding.title == (
        "Same-day sorting was approved on 2 Jun 2026, and none of its 2 pieces of work has begun (105 days, with a "
        "budget of EUR 500,000)"
    )
    assert (finding.impact.days, finding.impact.full(Account.SAVINGS)) == (None, Decimal(210_000))
    assert (finding.owner, finding.decider) == ("jonas", "jonas")
    assert finding.commitment is not None
    assert finding.commitment.says == "was approved on 2 Jun 2026 by martin"
    assert [(each.field, each.value) for each in finding.evidence] == [
        ("approved_on", "2026-06-02 by martin"),
        ("work", "none of its 2 pieces of work has begun"),
        ("stage_gate", "decided"),
        ("budget", "EUR 500,000"),
    ]
    assert (
        finding.advice == "Link or begin the work of Same-day sorting, or take its approval back and free the budget."
    )
    assert finding.sources == ("jira",)


@pytest.mark.parametrize("category", [DOING, DONE])
def test_work_that_has_begun_or_is_done_is_active(stored: Stored, category: object) -> None:
    stored.change("jira:RTE-2", category=category, finished=TODAY if category is DONE else None)
    assert found(stored) == []


def test_work_below_an_objective_or_in_a_part_of_its_work_counts(stored: Stored) -> None:
    part = stored.work("RTE-9", parent="RTE-1", category=DOING)
    assert found(stored) == []
    stored.remove(part)
    assert len(found(stored)) == 1
    stored.objectives.append(Objective(id="M", name="M", level=Level.MEASURE, parent="SORT"))
    stored.link(stored.work("RTE-3", category=DOING), "M", Role.DELIVERS)
    assert found(stored) == []


def test_no_work_at_all_is_idle_and_dropped_work_is_none(stored: Stored) -> None:
    for number in (1, 2):
        stored.change(f"jira:RTE-{number}", category=DROPPED)
    (finding,) = found(stored)
    assert "and no work is linked to it (105 days" in finding.title


def test_thirty_days_after_the_approval_are_still_in_time(stored: Stored) -> None:
    with_objective(stored, baselines=(Baseline(DEC_21, "martin", date(2026, 8, 16)),))
    assert found(stored) == []
    assert ["(31 days" in each.title for each in found(stored, today=date(2026, 9, 16))] == [True]


@pytest.mark.parametrize("stage", [StageGate.ON_HOLD, StageGate.CANCELLED, StageGate.CLOSED, StageGate.IMPLEMENTED])
def test_what_is_not_to_be_worked_on_is_not_idle(stored: Stored, stage: StageGate) -> None:
    with_objective(stored, stage_gate=stage)
    assert found(stored) == []


def test_an_approval_without_a_day_is_not_judged(stored: Stored) -> None:
    with_objective(stored, baselines=(Baseline(DEC_21, "martin"),))
    assert found(stored) == []
    with_objective(stored, baselines=(), target=DEC_21)
    assert found(stored) == []


def test_what_waits_is_planned_for_later_or_rests_on_the_work_of_others_is_not_idle(stored: Stored) -> None:
    stored.change("jira:RTE-1", start=date(2026, 10, 1))
    assert found(stored) == []
    stored.change("jira:RTE-1", start=date(2026, 9, 1))
    assert len(found(stored)) == 1
    stored.work("HW-1", DEC_21)
    stored.need("objective:SORT", "HW-1")
    assert found(stored) == []
    stored.needs_ = []
    stored.link(stored.saving("M-1", "HW-1", DEC_21), "SORT", Role.SAVES)
    assert found(stored) == []


def test_a_saving_that_brings_something_already_is_no_idle_one(stored: Stored) -> None:
    cells = (MonthAmount(Month(2026, 8), Decimal(10)),)
    saving = stored.saving("M-1", None, DEC_21, {"2026-08": 10}, actual=cells)
    stored.link(saving, "SORT", Role.SAVES)
    assert found(stored) == []
    stored.change(saving, actual=())
    assert len(found(stored)) == 1


def test_while_its_source_is_not_read_or_work_is_out_of_sight_a_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.cover("jira", complete=False)
    stored.change("jira:RTE-1", category=DOING)
    hold = stored.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: jira")

    stored = example_world()
    stored.work("RTE-9", parent="RTE-1")
    stored.lose("jira:RTE-1", Absence.UNOBSERVED)
    judgement = stored.judge()
    assert found(stored) == []
    assert judgement.unjudged[finding.fingerprint] == "RTE-1 was not seen in the last reading"


def test_the_reason_of_a_resolution_says_what_happened(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("jira:RTE-1", category=DONE, finished=TODAY)
    assert stored.judge().gone_because(finding) == "work on Same-day sorting has begun"
    with_objective(stored, stage_gate=StageGate.ON_HOLD)
    assert stored.judge().gone_because(finding) == "Same-day sorting is on hold"
    with_objective(stored, stage_gate=None, baselines=())
    assert stored.judge().gone_because(finding) == "Same-day sorting is not approved any more"
    stored.objectives = []
    assert stored.judge().gone_because(finding) == "the objective is not declared any more"


def test_where_no_approval_bears_a_day_the_check_is_blind(stored: Stored) -> None:
    assert "idle-objective" not in stored.judge().blind
    with_objective(stored, baselines=(Baseline(DEC_21, "martin"),))
    assert [each.reason for each in stored.judge().blind["idle-objective"]] == [
        "no objective says on which day it was approved"
    ]
