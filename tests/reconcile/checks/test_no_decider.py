"""I5, I23, I48: objectives about which nobody may decide beyond the tolerance."""

from datetime import date

import pytest

from model.links import Role
from model.objectives import DecisionRights, StageGate
from tests.reconcile.checks.ownership_checks import blind, found, judged, objective
from tests.reconcile.world import DONE, Stored

CHECK = "no-decider"


def example_world() -> Stored:
    """Growth names nobody and has three measures, of which one is done; Cost has a sponsor; Over is done."""
    stored = Stored(
        objectives=[
            objective("GROWTH", owner="Ann"),
            *(objective(id_, "GROWTH", owner="Ben") for id_ in ("A", "B", "C")),
            objective("COST", sponsor="Carl"),
            objective("D", "COST"),
        ]
    )
    for node, parent in (("E-1", None), ("S-1", "E-1")):
        stored.work(node, date(2026, 9, 1), parent=parent, category=DONE, finished=date(2026, 9, 1))
    stored.link("jira:E-1", "C", Role.DELIVERS)
    stored.objectives.append(objective("OVER"))
    stored.link("jira:E-1", "OVER", Role.DELIVERS)
    stored.cover("jira")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def test_nobody_who_decides_is_told_once_at_the_top(stored: Stored) -> None:
    """A and B; C is done, and nothing is to be decided about Growth itself."""
    (finding,) = found(stored, CHECK)
    assert finding.subjects == ("objective:GROWTH",)
    assert finding.title == (
        "Objective GROWTH names nobody who may decide beyond the tolerance, nor do 2 objectives below it"
    )
    assert (finding.upkeep, finding.owner, finding.decider) == (True, "Ann", "Ann")


@pytest.mark.parametrize(
    "named", [{"sponsor": "Dora"}, {"decision_rights": DecisionRights(beyond="Dora (COO)")}], ids=["sponsor", "right"]
)
def test_a_sponsor_or_a_right_above_is_enough(stored: Stored, named: dict[str, object]) -> None:
    (before,) = found(stored, CHECK)
    stored.objectives[0] = objective("GROWTH", owner="Ann", **named)
    assert found(stored, CHECK) == []
    assert judged(stored, CHECK).gone_because(before).startswith("Dora")


def test_a_place_holder_is_nobody_even_below_somebody() -> None:
    """The nearest right counts, as it does for the deciders of findings: above it stands Dora."""
    rights = DecisionRights(beyond="TBD")
    stored = Stored(objectives=[objective("P", sponsor="Dora"), objective("O", "P", decision_rights=rights)])
    (finding,) = found(stored, CHECK)
    assert (finding.subjects, finding.evidence[0].value) == (("objective:O",), "TBD")


def test_an_objective_on_hold_is_not_asked() -> None:
    stored = Stored(objectives=[objective("O", stage_gate=StageGate.ON_HOLD), objective("P", "O")])
    assert found(stored, CHECK) == []


def test_without_any_objective_nothing_can_be_said() -> None:
    assert blind(Stored(), CHECK) == ["no objective is declared"]


def test_it_is_held_while_what_the_objective_rests_on_is_not_read(stored: Stored) -> None:
    stored.link("jira:E-1", "GROWTH", Role.DELIVERS)
    (before,) = found(stored, CHECK)
    stored.cover("jira", complete=False)
    hold = judged(stored, CHECK).hold(before, None)
    assert hold is not None
    assert "jira" in hold.because
