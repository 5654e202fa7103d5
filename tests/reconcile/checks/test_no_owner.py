"""I2, I3: what nobody owns, one finding per objective."""

from datetime import date

import pytest

from model.links import Role
from model.objectives import ObjectiveNeed, StageGate
from model.records import Absence, Measurement
from tests.reconcile.checks.ownership_checks import blind, found, judged, objective
from tests.reconcile.world import DOING, DONE, TODO, Stored

CHECK = "no-owner"


def example_world() -> Stored:
    """Of four open deals two have no owner, of two epics that are under way one, and so has the only one of R."""
    stored = Stored(objectives=[objective("P", owner="Ann"), objective("O", "P"), objective("Q")])
    for number in range(4):
        stored.link(stored.deal(f"D-{number}", None, None, owner="Ben" if number < 2 else None), "O")
    stored.work("E-0", date(2026, 12, 1), category=DOING)
    stored.work("E-1", date(2026, 12, 1), category=DOING, owner="Ann")
    stored.work("E-2", date(2026, 9, 29), category=TODO)
    for number in range(3):
        stored.work(f"S-{number}", date(2026, 12, 1), parent=f"E-{number}")
        stored.link(f"jira:E-{number}", "O", Role.DELIVERS)
    stored.objectives.append(objective("R", "P"))
    stored.work("E-3", date(2026, 12, 1), category=DOING, provenance={"owner": "assignee"})
    stored.work("S-3", date(2026, 12, 1), parent="E-3")
    stored.link("jira:E-3", "R", Role.DELIVERS)
    stored.cover("jira")
    stored.cover("salesforce")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def test_records_at_hand_without_an_owner_are_one_finding_of_their_objective(stored: Stored) -> None:
    """D-2 and D-3 of the deals; E-0, which is under way, and E-2, due on the fourteenth day; both in one finding."""
    (finding,) = [each for each in found(stored, CHECK) if each.subjects == ("objective:O",)]
    assert finding.title == "Objective O is served by 2 deals and 2 work items without an owner"
    assert finding.objective_ids == ("O",)
    assert [proof.key for proof in finding.evidence] == ["E-0", "E-2", "D-2", "D-3"]
    assert finding.sources == ("jira", "salesforce")
    assert (finding.upkeep, finding.owner, finding.impact.priced) == (True, "Ann", False)
    assert finding.advice == "Name one person for each: E-0, E-2, D-2 and D-3."


def test_an_objective_that_nobody_answers_for_is_told_once_at_the_top() -> None:
    """Q has two measures below and no owner; P has one, who answers for what is below him."""
    stored = Stored(
        objectives=[
            objective("Q"),
            *(objective(id_, "Q") for id_ in "AB"),
            objective("P", owner="Ann"),
            objective("C", "P"),
        ]
    )
    (finding,) = found(stored, CHECK)
    assert finding.subjects == ("objective:Q",)
    assert finding.title == "Objective Q has no owner, nor do 2 objectives below it"
    assert [each.subjects for each in found(stored, CHECK, inherited=False)] != [finding.subjects]
    assert {each.subjects[0] for each in found(stored, CHECK, inherited=False)} == {f"objective:{id_}" for id_ in "ABC"}


def test_four_hundred_records_without_an_owner_are_one_finding() -> None:
    stored = Stored(objectives=[objective("O", owner="Ann")])
    for number in range(401):
        stored.link(stored.deal(f"D-{number}", None, None, owner=None if number else "Ben"), "O")
    (finding,) = found(stored, CHECK)
    assert "400 deals" in finding.title
    assert len(finding.evidence) == 12


@pytest.mark.parametrize(
    "fields",
    [
        {"category": DONE},
        {"category": TODO},
        {"owner": "Carl"},
    ],
)
def test_what_is_not_at_hand_or_has_an_owner_is_left_alone(fields: dict[str, object]) -> None:
    stored = Stored(objectives=[objective("O", owner="Ann")])
    stored.work("E-0", date(2026, 12, 1), **{"category": DOING, **fields})
    stored.work("E-1", date(2026, 12, 1), category=DOING, owner="Ann")
    for number in range(2):
        stored.work(f"S-{number}", date(2026, 12, 1), parent=f"E-{number}")
        stored.link(f"jira:E-{number}", "O", Role.DELIVERS)
    assert found(stored, CHECK) == []


def test_work_inside_linked_work_is_left_to_the_owner_of_that(stored: Stored) -> None:
    stored.work("E-9", date(2026, 12, 1), category=DOING, parent="E-1")
    stored.work("S-9", date(2026, 12, 1), parent="E-9")
    stored.link("jira:E-9", "O", Role.DELIVERS)
    assert "2 work items" in found(stored, CHECK)[0].title + found(stored, CHECK)[-1].title


def test_a_need_that_nobody_looks_after_is_told_and_one_with_an_owner_is_not() -> None:
    needs = (ObjectiveNeed("A"),)
    stored = Stored(objectives=[objective("O", owner="Ann", needs=needs), objective("A")])
    stored.need("objective:O", "A")
    (finding,) = [each for each in found(stored, CHECK) if each.subjects == ("objective:O",)]
    assert finding.title == "Objective O needs A, which nobody looks after"
    stored.terms("objective:O", owner="Ben")
    assert [each.subjects for each in found(stored, CHECK)] == [("objective:A",)]


def test_a_measurement_with_a_reporter_has_somebody() -> None:
    stored = Stored(objectives=[objective("O", owner="Ann")])
    for key, who in (("K-1", "Ben"), ("K-2", None)):
        node = stored.add(
            Measurement(source="bi", native_id=key, key=key, title=key, reporter=who, provenance={"owner": "F"})
        )
        stored.link(node, "O", Role.MEASURES)
    (finding,) = found(stored, CHECK)
    assert finding.title == "Objective O is served by 1 measurement without an owner"


def test_a_source_that_tells_no_owner_of_anything_is_not_judged() -> None:
    """A tracker without a column for owners; the blank cell of one with such a column is told."""
    stored = Stored(objectives=[objective("O", owner="Ann")])
    node = stored.saving("S-1", None, date(2026, 12, 1))
    stored.link(node, "O", Role.SAVES)
    assert found(stored, CHECK) == []
    assert blind(stored, CHECK) == ["no saving of savings that serves these objectives tells an owner"]
    stored.change(node, provenance={"owner": "savings.xlsx!Tracker!F7"})
    (finding,) = found(stored, CHECK)
    assert (finding.evidence[0].where, blind(stored, CHECK)) == ("savings.xlsx!Tracker!F7", [])


def test_what_is_out_of_sight_holds_and_an_incomplete_source_does() -> None:
    stored = Stored(objectives=[objective("O", owner="Ann")])
    stored.link(stored.deal("D-0", None, None, owner="Ben"), "O")
    stored.link(stored.deal("D-1", None, None), "O")
    stored.cover("salesforce")
    (before,) = found(stored, CHECK)
    stored.lose("salesforce:D-1", Absence.ACCESS_LOST)
    assert judged(stored, CHECK).unjudged == {before.fingerprint: "D-1 is out of sight"}
    stored.absences_.clear()
    stored.change("salesforce:D-1", owner="Carl")
    stored.cover("salesforce", complete=False)
    now = judged(stored, CHECK)
    assert now.findings == ()
    hold = now.hold(before, None)
    assert hold is not None
    assert "salesforce" in hold.because


def test_why_it_is_resolved_says_what_changed(stored: Stored) -> None:
    before = next(each for each in found(stored, CHECK) if each.subjects == ("objective:O",))
    for node in ("salesforce:D-2", "salesforce:D-3", "jira:E-0", "jira:E-2"):
        stored.change(node, owner="Ann")
    assert judged(stored, CHECK).gone_because(before) == "everything at hand has an owner now"
    stored.objectives[1] = objective("O", "P", stage_gate=StageGate.CLOSED)
    assert judged(stored, CHECK).gone_because(before) == "Objective O is closed, stopped or on hold"
