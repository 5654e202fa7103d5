"""I27: targets that were lowered, lights before a review, progress without closed work, figures typed over."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Finding
from model.links import Role
from model.money import Money, Month, MonthAmount
from model.objectives import Baseline, Level, Objective, StageGate
from model.records import Absence, Light, Measurement, Revision, Saving
from reconcile.check import Blind
from reconcile.checks.edited_history import EditedHistory
from reconcile.judgement import Judgement
from reconcile.options import ReconcileOptions
from tests.reconcile.world import DONE, TODAY, Stored

OCT_1 = date(2026, 10, 1)
SAVING, RATE, PROGRESS = "savings:M-201", "kpi:Delivery", "kpi:Progress"


def at(day: date, hour: int = 8) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def was(stored: Stored, node: str, *revisions: tuple[date, dict[str, Any]]) -> None:
    """What was seen of a record on some days, each as its present content with these fields."""
    present = next(each for each in stored.records_ if each.id == node)
    stored.histories_[node] = [Revision(at(day), replace(present, **fields)) for day, fields in revisions]


def measure(stored: Stored, metric: str, value: int, **more: Any) -> None:
    record = Measurement(
        source="kpi", native_id=metric, key=metric, title=metric, metric=metric, value=Decimal(value), unit="%", **more
    )
    stored.link(stored.add(record), "SORT", Role.MEASURES)


def example_world() -> Stored:
    """Everything at once: a target of 95 % is 90 now, the light turned green, progress rose, October is typed in."""
    stored = Stored()
    stored.objectives = [
        Objective(
            id="SORT",
            name="Sorting",
            level=Level.PROJECT,
            owner="Jonas",
            sponsor="Martin",
            controller="Renate Vogel",
            stage_gate=StageGate.DECIDED,
            review=TODAY,
        )
    ]
    measure(stored, "Delivery", 80, target=Decimal(90), period="2026-12")
    was(stored, RATE, (date(2026, 8, 1), {"target": Decimal(95)}))
    measure(stored, "Progress", 60)
    was(stored, PROGRESS, (date(2026, 7, 1), {"value": Decimal(40)}))
    stored.work("RTE-1", date(2026, 12, 1), category=DONE, finished=date(2026, 7, 20))
    stored.work("RTE-2", date(2026, 12, 1))
    for node in ("jira:RTE-1", "jira:RTE-2"):
        stored.link(node, "SORT", Role.DELIVERS)
    plan = {"2026-10": 620_000, "2026-11": 600_000}
    stored.saving("M-201", None, OCT_1, plan, light=Light.GREEN, custom={"formulas": ("plan.2026-11",)})
    stored.link(SAVING, "SORT", Role.SAVES)
    both = {"formulas": ("plan.2026-10", "plan.2026-11")}
    was(
        stored,
        SAVING,
        (date(2026, 8, 1), {"light": Light.YELLOW, "custom": both}),
        (date(2026, 8, 20), {"light": Light.YELLOW}),
    )
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def judged(stored: Stored, **more: Any) -> Judgement:
    return stored.judge(with_checks={"edited-history": EditedHistory()}, **more)


def found(stored: Stored, kind: str, **more: Any) -> list[Finding]:
    return [each for each in judged(stored, **more).findings if each.subjects[-1].endswith(f" {kind}")]


def options(**told: Any) -> ReconcileOptions:
    return ReconcileOptions.model_validate({"checks": {"edited-history": told}})


def test_all_four_are_for_the_owner_to_answer_first(stored: Stored) -> None:
    findings = judged(stored).findings
    assert len(findings) == 4
    assert {(each.upkeep, each.decider, each.objective_ids) for each in findings} == {(True, "Renate Vogel", ("SORT",))}


# --- targets --------------------------------------------------------------------------------------------------------


def test_a_target_that_was_lowered_after_the_decision_is_found(stored: Stored) -> None:
    (finding,) = found(stored, "target")
    assert finding.title == "Delivery: value changed after approval, the target from 95 % to 90 % (seen 14 Sep 2026)"
    assert [(each.field, each.old, each.value) for each in finding.evidence] == [("target", "95 %", "90 %")]
    assert finding.subjects[0] == RATE
    stored.change(RATE, target=Decimal(95))
    assert found(stored, "target") == []
    assert judged(stored).gone_because(finding) == "the target of Delivery is an approved one"


def test_a_raised_target_is_easier_only_where_less_is_better(stored: Stored) -> None:
    was(stored, RATE, (date(2026, 8, 1), {"target": Decimal(85)}))
    assert found(stored, "target") == []
    assert len(found(stored, "target", options=options(less_is_better=["delivery"]))) == 1


def test_another_period_has_another_target(stored: Stored) -> None:
    was(stored, RATE, (date(2026, 8, 1), {"target": Decimal(95), "period": "2026-09"}))
    assert found(stored, "target") == []


def test_what_is_not_decided_or_was_approved_anew_may_change(stored: Stored) -> None:
    (decided,) = stored.objectives
    stored.objectives = [replace(decided, stage_gate=StageGate.DETAILED)]
    assert found(stored, "target") == []
    for day, told in ((date(2026, 8, 1), True), (date(2026, 9, 13), True), (date(2026, 9, 14), False)):
        approval = Baseline(OCT_1, "Martin", day)
        stored.objectives = [replace(decided, stage_gate=None, baselines=(approval,))]
        assert bool(found(stored, "target")) is told


# --- lights ---------------------------------------------------------------------------------------------------------


def test_a_light_that_turns_green_just_before_the_review_is_found(stored: Stored) -> None:
    """It was yellow until 14 September, the day before the review."""
    (finding,) = found(stored, "light")
    assert finding.title == (
        "M-201 Saving M-201: the light turned from yellow to green on 14 Sep 2026, before the review of Sorting on "
        "15 Sep 2026, and nothing else of it changed"
    )
    assert (finding.owner, finding.sources) == ("Jonas", ("savings",))
    assert found(stored, "light", today=date(2026, 10, 15)) != []
    assert found(stored, "light", today=date(2026, 10, 16)) == []
    stored.change(SAVING, light=Light.RED)
    assert judged(stored).gone_because(finding) == "the light of M-201 changed again, or its review is over"


@pytest.mark.parametrize(("review", "told"), [(13, False), (14, True), (15, True), (16, False)])
def test_only_the_day_before_the_review_and_the_day_itself_count(stored: Stored, review: int, told: bool) -> None:
    stored.objectives = [replace(stored.objectives[0], review=date(2026, 9, review))]
    assert bool(found(stored, "light")) is told


def test_a_light_that_changed_with_its_reasons_is_no_finding(stored: Stored) -> None:
    was(stored, SAVING, (date(2026, 8, 20), {"light": Light.RED, "planned_start": date(2026, 11, 1)}))
    assert found(stored, "light") == []
    was(stored, SAVING, (date(2026, 8, 20), {"light": Light.GREY}))
    assert found(stored, "light") == []


def test_the_light_of_work_counts_unless_work_below_it_was_closed(stored: Stored) -> None:
    stored.work("RTE-9", date(2026, 12, 1), light=Light.GREEN)
    stored.work("RTE-10", date(2026, 12, 1), parent="RTE-9")
    stored.link("jira:RTE-9", "SORT", Role.DELIVERS)
    was(stored, "jira:RTE-9", (date(2026, 8, 1), {"light": Light.RED}))
    assert len(found(stored, "light")) == 2
    stored.change("jira:RTE-10", category=DONE, finished=date(2026, 8, 1))
    assert len(found(stored, "light")) == 1


# --- progress -------------------------------------------------------------------------------------------------------


def test_a_progress_that_rises_while_no_work_is_closed_is_found(stored: Stored) -> None:
    """RTE-1 was closed on 20 July, when it stood at 40 %; 60 % were first seen 56 days later."""
    (finding,) = found(stored, "progress")
    assert finding.title == (
        "Progress: the progress of Sorting rose from 40 % to 60 % (seen 14 Sep 2026), and no work was closed since "
        "20 Jul 2026"
    )
    assert finding.sources == ("jira", "kpi")
    assert finding.subjects == ("objective:SORT", PROGRESS, f"{PROGRESS} progress")
    stored.change("jira:RTE-2", category=DONE, finished=date(2026, 9, 1))
    assert found(stored, "progress") == []
    told = "work was closed since, or the progress of Progress changed again"
    assert judged(stored).gone_because(finding) == told


@pytest.mark.parametrize(("before", "told"), [(50, True), (51, False), (70, False)])
def test_ten_points_are_needed(stored: Stored, before: int, told: bool) -> None:
    was(stored, PROGRESS, (date(2026, 7, 1), {"value": Decimal(before)}))
    assert bool(found(stored, "progress")) is told


def test_where_no_work_is_left_a_progress_may_rise(stored: Stored) -> None:
    """What remains is to take it over."""
    stored.change("jira:RTE-2", category=DONE, finished=date(2026, 7, 20))
    assert found(stored, "progress") == []


def test_work_that_was_closed_up_to_two_weeks_before_explains_it(stored: Stored) -> None:
    for day, told in ((date(2026, 8, 31), True), (date(2026, 9, 1), False)):
        stored.change("jira:RTE-1", finished=day)
        assert bool(found(stored, "progress")) is told
    stored.change("jira:RTE-1", finished=None)
    assert found(stored, "progress") == []  # closed on a day that nobody knows


def test_a_number_of_a_target_is_a_share_of_it(stored: Stored) -> None:
    """12 of 40 sites are 30 %, 18 are 45 %."""
    stored.change(PROGRESS, value=Decimal(18), target=Decimal(40), unit="sites")
    was(stored, PROGRESS, (date(2026, 7, 1), {"value": Decimal(12)}))
    assert "rose from 30 % to 45 %" in found(stored, "progress")[0].title


# --- formulas -------------------------------------------------------------------------------------------------------


def test_a_formula_that_was_typed_over_is_found(stored: Stored) -> None:
    (finding,) = found(stored, "formula")
    assert finding.title == "M-201 Saving M-201: 1 calculated figure was typed over (seen 20 Aug 2026): plan.2026-10"
    assert [(each.old, each.value, each.where, each.at) for each in finding.evidence] == [
        ("EUR 620,000 (formula)", "EUR 620,000", "savings.xlsx!Tracker!2026-10", at(date(2026, 8, 20)))
    ]
    stored.change(SAVING, custom={"formulas": ("plan.2026-10", "plan.2026-11")})
    assert found(stored, "formula") == []
    told = "the figures of M-201 are calculated again, or their months have come"
    assert judged(stored).gone_because(finding) == told


def test_a_plan_that_says_something_else_is_a_changed_plan_and_told_by_its_own_check(stored: Stored) -> None:
    before = tuple(MonthAmount(Month(2026, month), Decimal(700_000)) for month in (10, 11))
    was(stored, SAVING, (date(2026, 8, 1), {"plan": before, "custom": {"formulas": ("plan.2026-10", "plan.2026-11")}}))
    assert found(stored, "formula") == []


def test_a_forecast_that_was_typed_over_is_told_with_its_change_and_a_month_that_is_over_is_not(stored: Stored) -> None:
    stored.change(SAVING, forecast=cells({"2026-08": 1, "2026-09": 2}), run_rate=Money(Decimal(9), "EUR"))
    names = ("forecast.2026-08", "forecast.2026-09", "plan.2026-11", "run_rate", "actual.2026-08")
    before = {"forecast": cells({"2026-08": 5, "2026-09": 7}), "custom": {"formulas": names}}
    was(stored, SAVING, (date(2026, 8, 1), before))
    (finding,) = found(stored, "formula")
    assert [(each.field, each.old, each.value) for each in finding.evidence] == [
        ("forecast.2026-09", "EUR 7 (formula)", "EUR 2"),
        ("run_rate", "EUR 9 (formula)", "EUR 9"),
    ]


def cells(amounts: dict[str, int]) -> tuple[MonthAmount, ...]:
    return tuple(MonthAmount(Month.parse(month), Decimal(amount)) for month, amount in amounts.items())


# --- what cannot be judged ------------------------------------------------------------------------------------------


def test_what_is_out_of_sight_or_behind_an_incomplete_source_is_held(stored: Stored) -> None:
    stored.work("RTE-3", date(2026, 12, 1), parent="RTE-2")
    earlier = judged(stored).findings
    assert len(earlier) == 4
    stored.lose(SAVING, Absence.UNOBSERVED)
    stored.lose("jira:RTE-2", Absence.UNOBSERVED)
    unjudged = judged(stored).unjudged
    held = {each.fingerprint for each in earlier if not each.subjects[-1].endswith("target")}
    assert held <= unjudged.keys()
    stored.absences_.clear()
    for source in ("kpi", "savings"):
        stored.cover(source, complete=False)
    assert all(judged(stored).hold(each, None) is not None for each in earlier)


def test_each_thing_that_no_source_tells_is_said(stored: Stored) -> None:
    assert "edited-history" not in judged(stored).blind
    stored.objectives = [replace(stored.objectives[0], review=None)]
    stored.records_ = [
        replace(each, custom={}) if isinstance(each, Saving) else each
        for each in stored.records_
        if not isinstance(each, Measurement)
    ]
    assert judged(stored).blind["edited-history"] == (
        Blind("no objective has a review date, so no light is compared with one"),
        Blind("no measurement that is linked has a target"),
        Blind("no measurement tells the progress of an objective (metrics.progress)"),
        Blind("no saving of savings tells which of its figures are calculated (formulas: true)", ("savings",)),
    )
    assert judged(stored).findings == ()
