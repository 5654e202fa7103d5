"""F2.5: business units that an objective counts on and for which nothing is linked."""

from datetime import date

import pytest

from model.links import Role
from model.objectives import Level, StageGate
from tests.reconcile.checks.ownership_checks import blind, found, judged, objective
from tests.reconcile.world import DONE, DROPPED, Stored

CHECK = "missing-unit"


def region(id_: str, unit: str | None, **more: object):
    return objective(id_, "R", business_unit=unit, **more)


def example_world() -> Stored:
    """Three regions; work is linked for DACH, below it, and for the Nordics; that for Iberia was dropped."""
    stored = Stored(
        objectives=[
            objective("R", level=Level.PROJECT, name="Roll-out", owner="Lena"),
            region("A", "DACH"),
            region("B", "Nordics"),
            region("C", "Iberia"),
            objective("A-1", "A"),
        ]
    )
    for number, objective_id in enumerate(("A-1", "B")):
        stored.work(f"E-{number}", date(2026, 10, 1))
        stored.work(f"S-{number}", date(2026, 10, 1), parent=f"E-{number}")
        stored.link(f"jira:E-{number}", objective_id, Role.DELIVERS)
    stored.work("X-1", date(2026, 10, 1), category=DROPPED)
    stored.link("jira:X-1", "C", Role.DELIVERS)
    stored.cover("jira")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def test_a_unit_without_anything_linked_is_told(stored: Stored) -> None:
    (finding,) = found(stored, CHECK)
    assert finding.subjects == ("objective:R",)
    assert finding.title == "Roll-out counts on DACH, Iberia and Nordics; nothing is linked for Iberia"
    assert [(proof.key, proof.value) for proof in finding.evidence] == [("C", "Iberia")]
    assert (finding.upkeep, finding.owner) == (True, "Lena")


def test_a_record_of_any_role_anywhere_below_is_enough(stored: Stored) -> None:
    (before,) = found(stored, CHECK)
    stored.link(stored.saving("S", None, date(2027, 1, 1)), "C", Role.SAVES)
    assert found(stored, CHECK) == []
    assert judged(stored, CHECK).gone_because(before) == "something is linked for every unit that it counts on"


@pytest.mark.parametrize(
    "iberia",
    [
        region("C", None),
        region("C", " dach"),
        region("C", "Iberia", stage_gate=StageGate.CANCELLED),
        region("C", "Iberia", stage_gate=StageGate.IDENTIFIED),
    ],
    ids=["no unit", "unit of another", "cancelled", "to come"],
)
def test_a_unit_that_is_not_counted_on_is_left_alone(stored: Stored, iberia) -> None:
    stored.objectives[3] = iberia
    assert found(stored, CHECK) == []


def test_where_nothing_is_linked_for_any_unit_none_is_missing_beside_another() -> None:
    stored = Stored(objectives=[objective("R"), region("A", "DACH"), region("B", "Nordics")])
    assert found(stored, CHECK) == []


def test_without_any_unit_nothing_can_be_said() -> None:
    assert blind(Stored(objectives=[objective("O")]), CHECK) == ["no objective names a business unit"]


def test_it_is_held_while_a_source_is_not_read(stored: Stored) -> None:
    """The record that is missing may lie in any of them."""
    (before,) = found(stored, CHECK)
    stored.change("jira:E-1", category=DONE)
    stored.cover("asana", complete=False)
    stored.cover("jira", complete=False)
    assert judged(stored, CHECK).hold(before, None) is not None
