"""I54: one person claimed by several objectives at once, beyond what anybody can do."""

from datetime import date, timedelta
from typing import Any

import pytest

from model.findings import Severity
from model.links import Role
from model.objectives import DecisionRights, Level
from model.records import Absence
from tests.reconcile.checks.ownership_checks import blind, found, judged, objective
from tests.reconcile.world import DOING, DONE, TODAY, TODO, Stored

CHECK = "overbooked"


def piece(stored: Stored, number: int, objective_id: str, away: int = 20, **more: Any) -> str:
    key = f"E-{number}"
    stored.work(key, TODAY + timedelta(away), **{"category": DOING, "owner": "Ben", **more})
    stored.work(f"S-{number}", None, parent=key)
    stored.link(f"jira:{key}", objective_id, Role.DELIVERS)
    return f"jira:{key}"


def example_world() -> Stored:
    """Ben has three pieces for DACH and three for the Nordics under way, the first of them for 12 days more."""
    top = objective("OPS", level=Level.PROGRAM, sponsor="Martin", name="Operations", owner="Lena")
    stored = Stored(objectives=[top, objective("A", "OPS", name="DACH"), objective("B", "OPS", name="Nordics")])
    for number in range(6):
        piece(stored, number, "A" if number < 3 else "B", away=11 if number == 0 else 20)
    stored.cover("jira")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def test_six_pieces_at_once_for_two_objectives_are_told_above_both(stored: Stored) -> None:
    """From 15 to 26 September, both days counted, all six are open: 12 days."""
    (finding,) = found(stored, CHECK)
    assert finding.subjects == ("objective:OPS",)
    assert finding.title == (
        "Below Operations 1 person is booked for more than 5 pieces of work at once, for DACH and Nordics, "
        "for 12 days, until 26 Sep 2026"
    )
    assert finding.objective_ids == ("OPS", "A", "B")
    assert len(finding.evidence) == 6
    assert finding.evidence[0].value == "Ben, from 15 Sep 2026 to 26 Sep 2026, for A"
    assert (finding.impact.days, finding.upkeep, finding.decider) == (None, False, "Martin")
    assert finding.severity is Severity.MINOR


@pytest.mark.parametrize(
    ("number", "fields"),
    [
        (0, {"due": TODAY + timedelta(8)}),
        (0, {"due": None}),
        (0, {"due": TODAY - timedelta(1)}),
        (0, {"owner": "Carl"}),
        (0, {"category": DONE}),
        (0, {"category": TODO, "start": TODAY + timedelta(5)}),
    ],
    ids=["nine days", "undated", "overdue", "of another", "done", "begins later"],
)
def test_five_at_once_or_six_for_less_than_ten_days_are_left_alone(
    stored: Stored, number: int, fields: dict[str, Any]
) -> None:
    stored.change(f"jira:E-{number}", **fields)
    assert found(stored, CHECK) == []


def test_six_pieces_for_one_objective_are_its_own_business() -> None:
    stored = Stored(objectives=[objective("P"), objective("A", "P")])
    for number in range(8):
        piece(stored, number, "A")
    assert found(stored, CHECK) == []


def test_a_team_may_have_more(stored: Stored) -> None:
    for number in range(6):
        stored.change(f"jira:E-{number}", owner="Team Blue")
    assert found(stored, CHECK) == []


def test_it_is_told_once_at_the_lowest_objective_above_all(stored: Stored) -> None:
    """With a seventh piece elsewhere Ben is still told below Operations, not above it again; Dora is told above."""
    stored.objectives[0] = objective("OPS", "TOP", Level.PROGRAM, name="Operations")
    stored.objectives += [objective("TOP", level=Level.ORGANIZATION, sponsor="Eva"), objective("C", "TOP")]
    piece(stored, 6, "C")
    assert [each.subjects for each in found(stored, CHECK)] == [("objective:OPS",)]
    for number in range(10, 16):
        piece(stored, number, "C" if number < 13 else "A", owner="Dora")
    assert {each.subjects for each in found(stored, CHECK)} == {("objective:OPS",), ("objective:TOP",)}


def test_several_people_are_one_finding_and_who_decides_across_measures_decides(stored: Stored) -> None:
    stored.objectives[0] = objective("OPS", decision_rights=DecisionRights(across_measures="Committee"), sponsor="Eva")
    for number in range(10, 16):
        piece(stored, number, "A" if number < 13 else "B", owner="Dora")
    (finding,) = found(stored, CHECK)
    assert "2 people are booked" in finding.title
    assert "for 21 days" in finding.title
    assert (finding.decider, len(finding.evidence)) == ("Committee", 12)


def test_the_limits_can_be_set(stored: Stored) -> None:
    assert found(stored, CHECK, most_at_once=6) == []
    assert found(stored, CHECK, for_days=13) == []
    assert "for 21 days" in found(stored, CHECK, most_at_once=4)[0].title


def test_without_owners_and_dates_nothing_can_be_said() -> None:
    stored = Stored(objectives=[objective("A")])
    piece(stored, 1, "A", owner=None)
    assert blind(stored, CHECK) == ["no work at hand that delivers an objective has an owner and a due date"]


def test_an_incomplete_source_holds_it_and_what_is_out_of_sight_does(stored: Stored) -> None:
    (before,) = found(stored, CHECK)
    stored.lose("jira:E-1", Absence.FILTERED_OUT)
    assert judged(stored, CHECK).unjudged == {before.fingerprint: "E-1 is out of sight"}
    stored.absences_.clear()
    stored.change("jira:E-1", due=date(2026, 9, 16))
    assert judged(stored, CHECK).gone_because(before).startswith("nobody is booked beyond the limit")
    stored.cover("jira", complete=False)
    assert judged(stored, CHECK).hold(before, None) is not None
