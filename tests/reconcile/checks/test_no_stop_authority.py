"""I4: money is spent, and nobody may stop it."""

from datetime import date
from decimal import Decimal

import pytest

from model.links import Role
from model.money import Money
from model.objectives import DecisionRights, StageGate, Value
from tests.reconcile.checks.ownership_checks import blind, found, judged, objective
from tests.reconcile.world import DONE, Stored

CHECK = "no-stop-authority"
BUDGET = Money(Decimal(1000), "EUR")


def example_world() -> Stored:
    """Three of the four measures cost money; one of these is done."""
    stored = Stored(
        objectives=[
            objective("P", owner="Ann"),
            objective("A", "P", budget=BUDGET),
            objective("B", "P", stage_gate=StageGate.DECIDED),
            objective("C", "P", values=(Value("savings", "EUR"),)),
            objective("D", "P", stage_gate=StageGate.IDENTIFIED),
        ]
    )
    for node, parent in (("E-1", None), ("S-1", "E-1")):
        stored.work(node, date(2026, 9, 1), parent=parent, category=DONE, finished=date(2026, 9, 1))
    stored.link("jira:E-1", "C", Role.DELIVERS)
    stored.objectives.append(objective("OVER", budget=BUDGET))
    stored.link("jira:E-1", "OVER", Role.DELIVERS)
    stored.cover("jira")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def test_nobody_who_may_stop_is_told_once_at_the_top(stored: Stored) -> None:
    """A and B are below P; C is done, and D is not decided yet."""
    (finding,) = found(stored, CHECK)
    assert finding.subjects == ("objective:P",)
    assert finding.title == "Objective P names nobody who may stop it, nor do 2 objectives below it"
    assert (finding.upkeep, finding.owner) == (True, "Ann")


def test_a_right_above_is_enough_and_a_place_holder_is_none(stored: Stored) -> None:
    (before,) = found(stored, CHECK)
    stored.objectives[0] = objective("P", owner="Ann", decision_rights=DecisionRights(stop="Dora"))
    assert found(stored, CHECK) == []
    assert judged(stored, CHECK).gone_because(before) == "Dora may stop it now"
    stored.objectives[1] = objective("A", "P", budget=BUDGET, decision_rights=DecisionRights(stop="to be named"))
    (finding,) = found(stored, CHECK)
    assert finding.title == "Objective A names nobody who may stop it"


def test_where_no_money_is_spent_nothing_is_to_be_stopped() -> None:
    stored = Stored(objectives=[objective("O"), objective("P", "O", stage_gate=StageGate.DETAILED)])
    assert found(stored, CHECK) == []


def test_without_budgets_values_and_stage_gates_nothing_can_be_said() -> None:
    stored = Stored(objectives=[objective("O")])
    assert blind(stored, CHECK) == ["no objective has a budget, a value or a stage gate"]


def test_it_is_held_while_what_the_objective_rests_on_is_not_read(stored: Stored) -> None:
    stored.link("jira:E-1", "P", Role.DELIVERS)
    (before,) = found(stored, CHECK)
    stored.cover("jira", complete=False)
    assert judged(stored, CHECK).hold(before, None) is not None
