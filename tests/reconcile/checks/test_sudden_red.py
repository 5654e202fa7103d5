"""I44: the light jumps from green to red without yellow, when hardly any time is left."""

from datetime import date
from typing import Any

import pytest

from model.findings import Finding, Severity
from model.links import Role
from model.objectives import Level, Objective, StageGate
from model.records import Absence, Light
from reconcile.checks.sudden_red import SuddenRed, SuddenRedOptions
from reconcile.engine import Judgement
from reconcile.options import ReconcileOptions
from tests.reconcile.checks.pasts import september, was
from tests.reconcile.world import DONE, TODAY, Stored

NODE = "asana:TRN-3"
JULY = date(2026, 7, 1)


def objective(**more: Any) -> Objective:
    return Objective(id="O", name="Roll-out", level=Level.MEASURE, owner="Lena", sponsor="Martin", **more)


def lit(stored: Stored, *lights: tuple[date, Light | None], node: str = NODE) -> None:
    was(stored, node, "light", *lights)


def example_world() -> Stored:
    """Due on 18 September, green since July, red since the 10th: 8 days before."""
    stored = Stored(objectives=[objective()])
    stored.link(stored.work("TRN-3", september(18), source="asana", title="Training", owner="Ines"), "O", Role.DELIVERS)
    stored.need(stored.work("LIVE-3", date(2026, 10, 2), source="asana"), "TRN-3")
    lit(stored, (JULY, Light.GREEN), (september(10), Light.RED))
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def judge(stored: Stored, *, today: date = TODAY, **options: Any) -> Judgement:
    of_checks = ReconcileOptions().checks.model_copy(update={"sudden_red": SuddenRedOptions(**options)})
    return stored.judge(
        today=today, options=ReconcileOptions(checks=of_checks), with_checks={"sudden-red": SuddenRed()}
    )


def found(stored: Stored, **more: Any) -> list[Finding]:
    return list(judge(stored, **more).findings)


def test_green_that_became_red_eight_days_before_it_was_due_is_found(stored: Stored) -> None:
    (finding,) = found(stored)

    assert finding.subjects == (NODE,)
    assert finding.title == (
        "TRN-3 Training was green since 1 Jul 2026 and is red since 10 Sep 2026, 8 days before it is due"
    )
    assert [(each.field, each.old, each.value) for each in finding.evidence] == [
        ("light", "green", "red"),
        ("due", None, "2026-09-18"),
    ]
    assert finding.advice == "Ask Ines what was known when, and decide what is left of TRN-3."
    assert (finding.owner, finding.decider, finding.decide_by) == ("Ines", "Martin", september(18))
    assert (finding.severity, finding.sources, finding.upkeep) == (Severity.MAJOR, ("asana",), False)


def test_red_in_time_is_a_warning_and_not_told(stored: Stored) -> None:
    """From 4 to 18 September are 14 days."""
    lit(stored, (JULY, Light.GREEN), (september(4), Light.RED))
    assert found(stored) == []
    lit(stored, (JULY, Light.GREEN), (september(5), Light.RED))
    assert len(found(stored)) == 1
    assert found(stored, warning_days=13) == []


def test_yellow_in_between_is_a_warning_and_grey_is_none(stored: Stored) -> None:
    for between, told in ((Light.YELLOW, 0), (Light.GREY, 1), (None, 1)):
        lit(stored, (JULY, Light.GREEN), (september(1), between), (september(10), Light.RED))
        assert len(found(stored)) == told


def test_what_was_always_red_or_is_not_red_any_more_is_no_jump(stored: Stored) -> None:
    lit(stored, (JULY, Light.RED))
    assert found(stored) == []
    lit(stored, (JULY, Light.GREEN), (september(10), Light.RED), (september(12), Light.YELLOW))
    assert found(stored) == []


def test_after_thirty_days_it_is_history(stored: Stored) -> None:
    """From 10 to 15 September are five days."""
    assert found(stored, told_for_days=4) == []
    assert len(found(stored, told_for_days=5)) == 1
    stored.change(NODE, due=date(2026, 8, 15))
    assert found(stored, told_for_days=29) == []


def test_red_after_the_day_is_told_as_such(stored: Stored) -> None:
    stored.change(NODE, due=september(7))
    assert found(stored)[0].title.endswith("is red since 10 Sep 2026, 3 days after it is due")
    stored.change(NODE, due=september(10))
    assert found(stored)[0].title.endswith("is red since 10 Sep 2026, on the day it is due")


def test_work_outside_the_plan_counts_where_it_reports(stored: Stored) -> None:
    stored.needs_ = []
    assert found(stored) == []
    stored.link(NODE, "O", Role.REPORTS)
    assert len(found(stored)) == 1


def test_a_saving_counts_by_its_start() -> None:
    stored = Stored(objectives=[objective()])
    node = stored.saving("S-1", None, date(2026, 9, 20))
    stored.link(node, "O", Role.SAVES)
    lit(stored, (JULY, Light.GREEN), (september(10), Light.RED), node=node)
    assert found(stored)[0].title.endswith("is red since 10 Sep 2026, 10 days before it was to start")
    stored.change(node, planned_start=date(2026, 1, 1))
    assert found(stored) == []


@pytest.mark.parametrize("fields", [{"category": DONE}, {"due": None}, {"due": date(2026, 9, 30)}])
def test_what_is_done_undated_or_far_off_is_not_judged(stored: Stored, fields: dict[str, Any]) -> None:
    stored.change(NODE, **fields)
    assert found(stored) == []


def test_what_serves_nothing_that_runs_is_not_judged(stored: Stored) -> None:
    stored.objectives = [objective(stage_gate=StageGate.CLOSED)]
    assert found(stored) == []


def test_while_it_is_out_of_sight_or_its_source_is_not_read_the_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.lose(NODE, Absence.UNOBSERVED)
    assert found(stored) == []
    assert judge(stored).unjudged[finding.fingerprint] == "TRN-3 was not seen in the last reading"

    stored = example_world()
    stored.change(NODE, light=Light.GREEN)
    stored.cover("asana", complete=False)
    hold = judge(stored).hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: asana")


def test_savings_without_any_light_are_blind(stored: Stored) -> None:
    assert judge(stored).blind == {}
    stored.link(stored.saving("S-1", None, date(2026, 9, 20)), "O", Role.SAVES)
    assert [each.reason for each in judge(stored).blind["sudden-red"]] == ["no saving of savings has a light"]


def test_the_reason_of_a_resolution_says_what_it_is_now(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change(NODE, light=Light.YELLOW)
    assert judge(stored).gone_because(finding) == "TRN-3 is reported yellow now"
    stored.change(NODE, category=DONE)
    assert judge(stored).gone_because(finding) == "TRN-3 is done"
    stored.remove(NODE)
    assert judge(stored).gone_because(finding) == "no rule links TRN-3 any more"
