"""I61: the review of an assumption is overdue."""

from datetime import date

import pytest

from model.findings import Severity
from model.links import Role
from model.objectives import StageGate
from tests.reconcile.checks.ownership_checks import blind, found, judged, objective
from tests.reconcile.world import DONE, TODAY, Stored

CHECK = "expired-assumption"
SEP_1 = date(2026, 9, 1)


def example_world() -> Stored:
    stored = Stored(
        objectives=[
            objective("O", review=SEP_1, assumption="technicians take the app along", owner="Ann"),
            objective("P", review=SEP_1),
        ]
    )
    for node, parent in (("E-1", None), ("S-1", "E-1")):
        stored.work(node, SEP_1, parent=parent, category=DONE, finished=SEP_1)
    stored.link("jira:E-1", "P", Role.DELIVERS)
    stored.cover("jira")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def test_an_overdue_review_is_told_with_its_assumption_and_days(stored: Stored) -> None:
    """1 to 15 September are 14 days; P is done."""
    (finding,) = found(stored, CHECK)
    assert finding.subjects == ("objective:O",)
    assert finding.title == (
        "Objective O was to be reviewed by 1 Sep 2026, 14 days ago; it assumes: technicians take the app along"
    )
    assert (finding.impact.days, finding.upkeep, finding.owner) == (14, True, "Ann")
    assert finding.severity is Severity.NOTICE


@pytest.mark.parametrize(
    "fields",
    [{"review": TODAY}, {"review": date(2026, 10, 1)}, {"review": SEP_1, "stage_gate": StageGate.CANCELLED}, {}],
    ids=["today", "to come", "cancelled", "none"],
)
def test_a_review_in_time_or_of_what_is_stopped_is_left_alone(fields: dict[str, object]) -> None:
    assert found(Stored(objectives=[objective("O", **fields)]), CHECK) == []


def test_days_of_grace_can_be_set(stored: Stored) -> None:
    assert found(stored, CHECK, grace_days=14) == []
    assert len(found(stored, CHECK, grace_days=13)) == 1


def test_without_any_review_date_nothing_can_be_said() -> None:
    assert blind(Stored(objectives=[objective("O", assumption="it holds")]), CHECK) == [
        "no objective has a review date"
    ]


def test_it_is_held_while_what_the_objective_rests_on_is_not_read(stored: Stored) -> None:
    stored.link("jira:E-1", "O", Role.DELIVERS)
    stored.change("jira:E-1", category=None)
    (before, _) = found(stored, CHECK)
    stored.cover("jira", complete=False)
    assert judged(stored, CHECK).hold(before, None) is not None


def test_why_it_is_resolved_says_the_next_day(stored: Stored) -> None:
    (before,) = found(stored, CHECK)
    stored.objectives[0] = objective("O", review=date(2026, 12, 1))
    assert judged(stored, CHECK).gone_because(before) == "the next review is on 1 Dec 2026"
