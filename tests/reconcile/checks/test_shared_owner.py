"""I2: owners that are no single person; which texts are, is tested in tests/model/test_persons.py."""

from datetime import date

import pytest

from model.links import Role
from model.records import Absence
from tests.reconcile.checks.ownership_checks import found, judged, objective
from tests.reconcile.world import DOING, DONE, Stored

CHECK = "shared-owner"


def example_world() -> Stored:
    stored = Stored(objectives=[objective("O", owner="Steering committee Growth"), objective("P", owner="Ann")])
    for number, owner in enumerate(("Ann and Ben", "TBD", "Berg, Anna")):
        stored.link(stored.deal(f"D-{number}", None, None, owner=owner), "P")
    stored.work("E-1", date(2026, 12, 1), category=DOING, owner="erp-team@example.com")
    stored.work("S-1", date(2026, 12, 1), parent="E-1")
    stored.link("jira:E-1", "P", Role.DELIVERS)
    stored.objectives.append(objective("Q"))
    stored.link(stored.deal("D-9", None, None, owner="TBD"), "Q")
    stored.cover("jira")
    stored.cover("salesforce")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def test_a_committee_that_owns_an_objective_is_told(stored: Stored) -> None:
    own, _, _ = sorted(found(stored, CHECK), key=lambda each: each.subjects)
    assert own.title == "Objective O names as owner Steering committee Growth, which is no single person"
    assert [(proof.field, proof.value) for proof in own.evidence] == [("owner", "Steering committee Growth")]
    assert own.upkeep


def test_records_whose_owner_is_no_single_person_are_one_finding_of_their_objective(stored: Stored) -> None:
    """Of four owners one is one person, written with the surname first."""
    _, records, _ = sorted(found(stored, CHECK), key=lambda each: each.subjects)
    assert records.title == ("Objective P is served by 2 deals and 1 work item of which the owner is no single person")
    assert [proof.value for proof in records.evidence] == ["erp-team@example.com", "Ann and Ben", "TBD"]
    assert records.advice == "Name one person in place of erp-team@example.com, Ann and Ben and TBD."


@pytest.mark.parametrize("owner", ["Anna Berg", "van der Berg, Anna", "Anna & Co", "Head of Sales", None])
def test_one_person_is_left_alone_and_so_is_nobody(owner: str | None) -> None:
    stored = Stored(objectives=[objective("O", owner=owner)])
    stored.link(stored.deal("D-1", None, None, owner=owner), "O")
    assert found(stored, CHECK) == []


def test_names_of_teams_and_persons_can_be_told() -> None:
    stored = Stored(objectives=[objective("O", owner="Phoenix"), objective("P", owner="Board, Oda")])
    assert [each.subjects for each in found(stored, CHECK)] == [("objective:P",)]
    (finding,) = found(stored, CHECK, teams=["phoenix "], persons=["board, oda"])
    assert finding.subjects == ("objective:O",)


def test_the_owner_of_a_need_is_looked_at_as_well() -> None:
    stored = Stored(objectives=[objective("O", owner="Ann"), objective("A", owner="Ben")])
    stored.need("objective:O", "A")
    stored.terms("objective:O", owner="Ann, Ben, Carl and Dora")
    (finding,) = found(stored, CHECK)
    assert "owner of the need for A Ann, Ben, Carl and Dora, which names several people" in finding.title


def test_work_that_is_done_is_not_at_hand(stored: Stored) -> None:
    stored.change("jira:E-1", category=DONE, finished=date(2026, 9, 1))
    stored.change("salesforce:D-0", owner="Ann")
    _, records, _ = sorted(found(stored, CHECK), key=lambda each: each.subjects)
    assert records.title == "Objective P is served by 1 deal of which the owner is no single person"


def test_what_is_out_of_sight_holds_and_an_incomplete_source_does(stored: Stored) -> None:
    before = next(each for each in found(stored, CHECK) if each.subjects == ("objective:P",))
    for node in ("salesforce:D-0", "salesforce:D-1", "jira:E-1"):
        stored.lose(node, Absence.ACCESS_LOST)
    assert judged(stored, CHECK).unjudged == {before.fingerprint: "E-1 is out of sight"}
    stored.absences_.clear()
    for node in ("salesforce:D-0", "salesforce:D-1", "jira:E-1"):
        stored.change(node, owner="Ann")
    assert judged(stored, CHECK).gone_because(before) == "every owner at hand is one person now"
    stored.cover("salesforce", complete=False)
    assert judged(stored, CHECK).hold(before, None) is not None
