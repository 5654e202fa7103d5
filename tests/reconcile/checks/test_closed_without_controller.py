"""I38: a deliverable that was accepted although nobody confirmed its outcome."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Account, Finding, Severity
from model.links import Role
from model.money import Money, Month, MonthAmount
from model.objectives import Level, Objective, StageGate, Value
from model.records import Absence
from reconcile.check import Blind
from reconcile.checks.closed_without_controller import ClosedWithoutController
from reconcile.judgement import Judgement
from reconcile.options import ReconcileOptions
from tests.reconcile.world import Stored

JUL_1 = date(2026, 7, 1)
SAVING = "savings:M-220"
ACTUAL = tuple(MonthAmount(Month(2026, month), Decimal(42_000)) for month in range(3, 9))


def example_world() -> Stored:
    """M-220 is closed with six months of EUR 42,000, and the field that tells who confirmed them is blank."""
    stored = Stored()
    stored.objectives = [
        Objective(
            id="M-220", name="Energy", level=Level.MEASURE, owner="Claire", sponsor="Martin", controller="Renate Vogel"
        )
    ]
    stored.saving("M-220", None, JUL_1, {"2026-07": 50_000}, stage_gate="Closed", actual=ACTUAL, custom=confirmed(None))
    stored.link(SAVING, "M-220", Role.SAVES)
    return stored


def confirmed(value: object) -> dict[str, object]:
    return {"confirmed": value}


@pytest.fixture
def stored() -> Stored:
    return example_world()


def judged(stored: Stored, **more: Any) -> Judgement:
    return stored.judge(with_checks={"closed-without-controller": ClosedWithoutController()}, **more)


def found(stored: Stored, **more: Any) -> list[Finding]:
    return list(judged(stored, **more).findings)


def test_a_closed_saving_without_a_confirmation_is_found_and_its_controller_decides(stored: Stored) -> None:
    """6 x 42,000 = 252,000."""
    (finding,) = found(stored)
    assert finding.title == (
        "M-220 Saving M-220 is closed with actuals of EUR 252,000, and no controller has confirmed it"
    )
    assert finding.impact.full(Account.SAVINGS) == Decimal(252_000)
    assert finding.severity is Severity.MAJOR
    assert (finding.owner, finding.decider) == ("Claire", "Renate Vogel")
    assert [(each.field, each.value) for each in finding.evidence] == [("stage_gate", "Closed"), ("confirmed", "blank")]
    assert finding.advice == "Let Renate Vogel confirm actuals of EUR 252,000, or open M-220 again."


@pytest.mark.parametrize("value", ["Renate Vogel", date(2026, 9, 1), True, Decimal(1)])
def test_whoever_when_or_that_somebody_confirmed_it_is_enough(stored: Stored, value: object) -> None:
    (finding,) = found(stored)
    stored.change(SAVING, custom=confirmed(value))
    assert found(stored) == []
    assert judged(stored).gone_because(finding) == "M-220 is confirmed"


@pytest.mark.parametrize("value", [False, "", "Nein", " offen "])
def test_what_says_no_is_no_confirmation(stored: Stored, value: object) -> None:
    stored.change(SAVING, custom=confirmed(value))
    assert len(found(stored)) == 1


def test_a_saving_that_is_not_closed_needs_no_confirmation(stored: Stored) -> None:
    (finding,) = found(stored)
    for stage in ("Umgesetzt", None):
        stored.change(SAVING, stage_gate=stage)
        assert found(stored) == []
    assert judged(stored).gone_because(finding) == "M-220 is not closed any more"
    options = ReconcileOptions.model_validate({"checks": {"closed-without-controller": {"closed_stages": ["HG 5"]}}})
    stored.change(SAVING, stage_gate="hg 5")
    assert len(found(stored, options=options)) == 1


def test_a_source_without_the_field_is_blind_unless_nobody_could_confirm_at_all(stored: Stored) -> None:
    stored.change(SAVING, custom={})
    reason = "no saving of savings tells who confirmed it (extra field confirmed)"
    assert judged(stored).blind["closed-without-controller"] == (Blind(reason, ("savings",)),)
    assert found(stored) == []
    stored.objectives = [replace(stored.objectives[0], controller=None)]
    (finding,) = found(stored)
    assert finding.title.endswith(", and no controller is named who could confirm it")
    assert finding.decider == "Martin"
    assert finding.advice.startswith("Name a controller who confirms actuals of EUR 252,000")
    stored.change(SAVING, controller="Renate Vogel")
    assert found(stored) == []
    assert judged(stored).gone_because(finding) == "M-220 has a controller"


@pytest.mark.parametrize(
    ("figures", "says", "amount"),
    [
        ({"actual": ()}, " with a plan of EUR 50,000", 50_000),
        (
            {"actual": (), "plan": (), "run_rate": Money(Decimal(730), "EUR")},
            " with a run-rate of EUR 730",
            730,
        ),
        ({"actual": (), "plan": ()}, "", 0),
    ],
)
def test_what_it_books_is_its_actuals_else_its_plan_else_its_run_rate(
    stored: Stored, figures: dict[str, Any], says: str, amount: int
) -> None:
    stored.change(SAVING, **figures)
    (finding,) = found(stored)
    assert finding.title == f"M-220 Saving M-220 is closed{says}, and no controller has confirmed it"
    assert finding.impact.full(Account.SAVINGS) == Decimal(amount)


def test_a_closed_objective_needs_each_of_its_values_validated(stored: Stored) -> None:
    stored.change(SAVING, stage_gate="Decided")
    value = Value("EBITDA", "EUR", (MonthAmount(Month(2026, 7), Decimal(1_200_000)),))
    closed = replace(stored.objectives[0], stage_gate=StageGate.CLOSED, values=(value,), location="o.yaml:3")
    stored.objectives = [closed]
    (finding,) = found(stored)
    assert finding.title == "Energy is closed with EUR 1,200,000 (EBITDA), and no controller has validated it"
    assert (finding.subjects, finding.severity) == (("objective:M-220",), Severity.CRITICAL)
    assert (finding.decider, finding.impact.shares) == ("Renate Vogel", ())
    stored.objectives = [replace(closed, values=(replace(value, validated_by="Renate Vogel"),))]
    assert found(stored) == []
    assert judged(stored).gone_because(finding) == "the value of Energy is validated"
    stored.objectives = [replace(closed, stage_gate=StageGate.IMPLEMENTED)]
    assert found(stored) == []
    assert judged(stored).gone_because(finding) == "Energy is not closed"


def test_a_saving_out_of_sight_or_behind_an_incomplete_source_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.lose(SAVING, Absence.UNOBSERVED)
    assert finding.fingerprint in judged(stored).unjudged
    stored.absences_.clear()
    stored.cover("savings", complete=False)
    assert judged(stored).hold(finding, None) is not None
    stored.remove(SAVING)
    assert judged(stored).gone_because(finding) == "no rule links M-220 any more"
