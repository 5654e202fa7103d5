"""I2: owners whose accounts are switched off in the source."""

from datetime import date

import pytest

from model.links import Role
from model.records import Absence
from tests.reconcile.checks.ownership_checks import blind, found, judged, objective
from tests.reconcile.world import DOING, Stored

CHECK = "inactive-owner"
GONE = {"owner": "anna.berg@example.com", "owner_active": False}


def example_world() -> Stored:
    stored = Stored(objectives=[objective("O", owner="Anna Berg"), objective("P", owner="Ann")])
    for number in range(3):
        more = GONE if number < 2 else {"owner": "ben@example.com", "owner_active": True}
        stored.link(stored.deal(f"D-{number}", None, None, **more), "O")
    stored.work("E-1", date(2026, 12, 1), category=DOING, **GONE)
    stored.work("S-1", date(2026, 12, 1), parent="E-1")
    stored.link("jira:E-1", "P", Role.DELIVERS)
    stored.cover("jira")
    stored.cover("salesforce")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def test_records_of_a_switched_off_account_are_told_per_objective(stored: Stored) -> None:
    """D-0 and D-1 of three; the objective's own owner is the same person by name."""
    own, work = sorted(found(stored, CHECK), key=lambda each: each.subjects)
    assert own.title == (
        "Objective O is served by 2 deals of an owner whose account is switched off: anna.berg@example.com; "
        "Anna Berg owns the objective as well"
    )
    assert [proof.key for proof in own.evidence] == ["O", "D-0", "D-1"]
    assert (own.upkeep, own.sources) == (True, ("salesforce",))
    assert work.title == (
        "Objective P is served by 1 work item of an owner whose account is switched off: anna.berg@example.com"
    )
    assert blind(stored, CHECK) == []


def test_an_active_account_and_one_that_nothing_is_known_of_are_left_alone() -> None:
    stored = Stored(objectives=[objective("O", owner="Ann")])
    stored.link(stored.deal("D-1", None, None, owner="Ann", owner_active=True), "O")
    stored.link(stored.deal("D-2", None, None, owner="Ben"), "O")
    assert found(stored, CHECK) == []


def test_a_source_that_does_not_tell_is_not_judged(stored: Stored) -> None:
    stored.link(stored.saving("S-1", None, date(2026, 12, 1), owner="Ann"), "O", Role.SAVES)
    assert blind(stored, CHECK) == ["savings does not tell whether an owner's account is switched off"]


def test_several_people_are_named_together(stored: Stored) -> None:
    stored.change("salesforce:D-2", owner_active=False)
    (own, _) = sorted(found(stored, CHECK), key=lambda each: each.subjects)
    assert "3 deals of owners whose accounts are switched off: anna.berg@example.com and ben@example.com" in own.title


def test_what_is_out_of_sight_holds_and_an_incomplete_source_does(stored: Stored) -> None:
    work = next(each for each in found(stored, CHECK) if each.subjects == ("objective:P",))
    stored.lose("jira:E-1", Absence.FILTERED_OUT)
    assert judged(stored, CHECK).unjudged == {work.fingerprint: "E-1 is out of sight"}
    stored.absences_.clear()
    stored.change("jira:E-1", owner="ann", owner_active=True)
    assert judged(stored, CHECK).gone_because(work) == "no owner at hand is switched off any more"
    stored.cover("jira", complete=False)
    assert judged(stored, CHECK).hold(work, None) is not None
