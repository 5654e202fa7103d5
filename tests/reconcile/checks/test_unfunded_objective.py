"""F2.2: objectives that are under way without an approved budget."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Account, OptionKind, Severity, total_of
from model.links import Role
from model.money import Money
from model.objectives import StageGate
from model.records import Absence
from reconcile.checks import checks
from tests.reconcile.checks.ownership_checks import blind, found, judged, objective
from tests.reconcile.world import DOING, DONE, Stored

CHECK = "unfunded-objective"


def eur(amount: int) -> Money:
    return Money(Decimal(amount), "EUR")


def example_world() -> Stored:
    """The hardware has a budget of nothing, work that is open, and two savings that need 120,000 together."""
    stored = Stored(objectives=[objective("P", sponsor="Carl"), objective("HW", "P", budget=eur(0), owner="Lena")])
    stored.work("HW-1", date(2026, 12, 1), source="asana", category=DOING)
    stored.link("asana:HW-1", "HW", Role.DELIVERS)
    for number, cost in enumerate((80_000, 40_000, None)):
        money = None if cost is None else Decimal(cost)
        stored.link(stored.saving(f"S-{number}", "HW-1", date(2027, 1, 1), one_time_cost=money), "HW", Role.SAVES)
    stored.cover("asana")
    stored.cover("savings")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def test_an_objective_under_way_with_a_budget_of_zero_is_told_with_what_it_needs(stored: Stored) -> None:
    """80,000 + 40,000 = 120,000; what the third saving needs is not known."""
    (finding,) = found(stored, CHECK)
    assert finding.subjects == ("objective:HW",)
    assert finding.title == (
        "Objective HW is under way with a budget of EUR 0; the savings that rest on it need EUR 120,000"
    )
    assert finding.impact.full(Account.COST) == Decimal(120_000)
    assert (finding.severity, finding.decider, finding.owner) == (Severity.MAJOR, "Carl", "Lena")
    assert (finding.upkeep, finding.cause) == (False, "asana:HW-1")
    (fund,) = (each for each in finding.options if each.kind is OptionKind.FUND)
    assert (fund.says, fund.acts) == ("Fund Objective HW, whose budget is EUR 0", "Carl")
    assert total_of(fund.costs, Account.COST) == Decimal(120_000)


@pytest.mark.parametrize(
    "fields",
    [
        {"budget": eur(1)},
        {"budget": None},
        {"budget": eur(0), "stage_gate": StageGate.DETAILED},
        {"budget": eur(0), "stage_gate": StageGate.ON_HOLD},
    ],
    ids=["funded", "unknown", "not decided", "on hold"],
)
def test_a_budget_that_is_there_or_unknown_or_not_needed_yet_is_left_alone(
    stored: Stored, fields: dict[str, Any]
) -> None:
    stored.objectives[1] = objective("HW", "P", **fields)
    assert found(stored, CHECK) == []


def test_without_open_work_only_a_decided_objective_is_under_way() -> None:
    stored = Stored(objectives=[objective("O", budget=eur(0))])
    assert found(stored, CHECK) == []
    stored.objectives = [objective("O", budget=eur(0), stage_gate=StageGate.DECIDED)]
    assert [each.subjects for each in found(stored, CHECK)] == [("objective:O",)]


def test_what_is_approved_below_funds_the_one_above() -> None:
    decided = {"stage_gate": StageGate.DECIDED}
    stored = Stored(
        objectives=[objective("P", budget=eur(0), **decided), objective("A", "P", budget=eur(5), **decided)]
    )
    assert found(stored, CHECK) == []


def test_the_records_tell_it_where_the_objective_does_not(stored: Stored) -> None:
    stored.objectives[1] = objective("HW", "P")
    stored.change("asana:HW-1", custom={"budget_approved": False})
    stored.work("HW-2", date(2026, 12, 1), source="asana", category=DOING)
    stored.need("asana:HW-2", "HW-1")
    stored.link("asana:HW-2", "HW", Role.DELIVERS)
    (finding,) = found(stored, CHECK)
    assert "is under way, and no budget is approved" in finding.title
    stored.change("asana:HW-2", custom={"budget_approved": Decimal(10)})
    assert found(stored, CHECK) == []


def test_without_any_budget_nothing_can_be_said() -> None:
    stored = Stored(objectives=[objective("O")])
    assert blind(stored, CHECK) == ["no objective has a budget, and no record tells an approved one"]


def test_the_extra_field_counts_like_a_field_of_its_own() -> None:
    assert checks()[CHECK].rests_on({"budget_approved"}, ())
    assert not checks()[CHECK].rests_on({"light", "region"}, ())


def test_what_is_out_of_sight_holds_and_an_incomplete_source_does(stored: Stored) -> None:
    stored.objectives[1] = objective("HW", "P")
    stored.change("asana:HW-1", custom={"budget_approved": Decimal(0)})
    (before,) = found(stored, CHECK)
    stored.lose("asana:HW-1", Absence.ACCESS_LOST)
    assert judged(stored, CHECK).unjudged == {before.fingerprint: "HW-1 is out of sight"}
    stored.absences_.clear()
    stored.change("asana:HW-1", category=DONE)
    stored.cover("asana", complete=False)
    assert judged(stored, CHECK).hold(before, None) is not None


def test_without_money_that_hangs_on_it_only_its_owner_is_told(stored: Stored) -> None:
    """Leaders read of it once: from missing-enabler, where something nearly done waits for it."""
    for number in (0, 1):
        stored.change(f"savings:S-{number}", one_time_cost=None)
    (finding,) = found(stored, CHECK)
    assert (finding.upkeep, finding.impact.full(Account.COST), finding.owner) == (True, 0, "Lena")
