"""Circles of needs, over all tools: one finding each, with the way around in words."""

from datetime import date

import pytest

from model.findings import Finding
from model.links import Role
from model.objectives import DecisionRights, Level, Objective
from model.records import Absence
from tests.reconcile.world import DOING, Stored

OCT_30 = date(2026, 10, 30)


def example_world() -> Stored:
    """A circle of needs, and one of a need and what contains it."""
    stored = circle()
    stored.work("B-1", OCT_30)
    stored.work("B-2", OCT_30, parent="B-1")
    stored.need("jira:B-2", "B-1")
    return stored


def circle() -> Stored:
    """ERP-10 needs ERP-20, that needs T-7 in Asana, and T-7 needs ERP-10."""
    stored = Stored()
    stored.objectives = [
        Objective(id="M-1", name="One ERP", level=Level.MEASURE, sponsor="Claire", target=OCT_30),
        Objective(id="M-2", name="Moves", level=Level.MEASURE, steering_committee="IT board"),
    ]
    for key, source in (("ERP-10", "jira"), ("ERP-20", "jira"), ("T-7", "asana")):
        stored.work(key, date(2026, 10, 1), source=source, owner=f"{key}@meridian.example")
    for dependent, wanted in (("jira:ERP-10", "ERP-20"), ("jira:ERP-20", "T-7"), ("asana:T-7", "ERP-10")):
        stored.need(dependent, wanted)
    stored.link("jira:ERP-10", "M-1", Role.DELIVERS)
    return stored


@pytest.fixture
def stored() -> Stored:
    return circle()


def found(stored: Stored) -> list[Finding]:
    return [each for each in stored.judge().findings if each.check == "need-cycle"]


def test_a_circle_over_two_tools_is_one_finding_with_the_way_around(stored: Stored) -> None:
    """Its smallest node is asana:T-7, where the way around begins and ends."""
    (finding,) = found(stored)

    assert finding.subjects == ("asana:T-7", "jira:ERP-10", "jira:ERP-20")
    assert finding.title == "T-7 waits for ERP-10, which waits for ERP-20, which waits for it"
    assert [(step.key, step.says) for step in finding.chain] == [
        ("T-7", "waits for ERP-10"),
        ("ERP-10", "waits for ERP-20"),
        ("ERP-20", "waits for T-7"),
        ("T-7", "is where it began"),
    ]
    assert {(each.key, each.field, each.value) for each in finding.evidence} == {
        ("ERP-10", "needs", "ERP-20"),
        ("ERP-20", "needs", "T-7"),
        ("T-7", "needs", "ERP-10"),
    }
    assert finding.cause == "asana:T-7"
    assert finding.sources == ("asana", "jira")
    assert finding.advice == "Remove one of these needs: T-7 on ERP-10, ERP-10 on ERP-20 and ERP-20 on T-7."
    assert (finding.objective_ids, finding.decider, finding.decide_by) == (("M-1",), "Claire", OCT_30)


def test_a_chain_that_ends_is_no_circle(stored: Stored) -> None:
    stored.needs_.remove(("asana:T-7", "ERP-10", 0))
    assert found(stored) == []


def test_what_needs_itself_and_what_needs_its_parent_are_circles(stored: Stored) -> None:
    stored.needs_ = []
    stored.work("A-1", OCT_30)
    stored.need("jira:A-1", "A-1")
    stored.work("B-1", OCT_30)
    stored.work("B-2", OCT_30, parent="B-1")
    stored.need("jira:B-2", "B-1")
    itself, parent = sorted(found(stored), key=lambda each: each.subjects)

    assert (itself.subjects, itself.title) == (("jira:A-1",), "A-1 waits for itself")
    assert itself.advice == "Remove the need of A-1 on A-1."
    assert parent.title == "B-1 contains B-2, which waits for it"
    assert parent.advice == "Remove the need of B-2 on B-1."


def test_work_that_has_begun_opens_the_circle(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("jira:ERP-20", category=DOING)
    judgement = stored.judge()
    assert found(stored) == []
    assert judgement.gone_because(finding) == (
        "the circle is open: one of its needs is gone, or what has begun or ended waits no more"
    )


def test_the_owner_is_whoever_looks_after_a_need_of_the_circle(stored: Stored) -> None:
    assert [each.owner for each in found(stored)] == ["T-7@meridian.example"]
    stored.terms("jira:ERP-20", owner="dana")
    assert [each.owner for each in found(stored)] == ["dana"]


def test_where_two_measures_wait_for_each_other_the_steering_committee_decides(stored: Stored) -> None:
    stored.link("asana:T-7", "M-2", Role.DELIVERS)
    assert [each.decider for each in found(stored)] == ["IT board"]
    rights = DecisionRights(across_measures="COO")
    stored.objectives[0] = Objective(id="M-1", name="One ERP", level=Level.MEASURE, decision_rights=rights)
    assert [each.decider for each in found(stored)] == ["COO"]


def test_a_promise_behind_the_circle_is_told_by_its_own_check_with_the_same_cause(stored: Stored) -> None:
    stored.deal("OPP-1", "ERP-20", OCT_30)
    causes = {each.check: each.cause for each in stored.judge().findings if each.check != "schedule-slip"}
    assert causes["need-cycle"] == causes["unsupported-commitment"] == "asana:T-7"
    assert all(each.impact.shares == () for each in found(stored))


def test_while_a_part_is_out_of_sight_or_its_source_not_read_the_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.lose("asana:T-7", Absence.ACCESS_LOST)
    judgement = stored.judge()
    hold = judgement.hold(finding, None)
    assert hold is not None
    assert hold.because == "T-7 cannot be read any more"

    stored = circle()
    stored.needs_ = [need for need in stored.needs_ if need[0] != "asana:T-7"]
    stored.cover("asana", complete=False)
    hold = stored.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: asana")


def test_where_nothing_says_what_it_needs_the_check_is_blind(stored: Stored) -> None:
    assert "need-cycle" not in stored.judge().blind
    stored.needs_ = []
    assert [each.reason for each in stored.judge().blind["need-cycle"]] == [
        "no record and no objective says what it needs"
    ]


def test_work_that_contains_itself_is_told_with_what_it_is_part_of():
    """A source may say so, by hand or by a faulty import; there is no need that could be removed."""
    stored = Stored()
    stored.cover("jira")
    stored.work("A-1", date(2026, 10, 1), parent="A-2")
    stored.work("A-2", date(2026, 10, 1), parent="A-1")
    stored.work("A-3", date(2026, 10, 1), parent="A-3")
    stored.deal("D-1", "A-1", date(2026, 11, 1))

    told = {
        finding.subjects: (finding.title, finding.advice, [each.value for each in finding.evidence])
        for finding in stored.judge().findings
        if finding.check == "need-cycle"
    }

    advice = "Correct what is part of what: nothing can contain itself."
    assert told == {
        ("jira:A-1", "jira:A-2"): ("A-1 contains A-2, which contains it", advice, ["A-2", "A-1"]),
        ("jira:A-3",): ("A-3 contains itself", advice, ["A-3"]),
    }
