"""I30: far targets without a milestone on the way."""

from datetime import date, timedelta

import pytest

from model.links import Role
from model.objectives import Baseline, StageGate
from model.records import Absence
from tests.reconcile.checks.ownership_checks import blind, found, judged, objective
from tests.reconcile.world import DOING, DONE, TODAY, Stored

CHECK = "far-milestone"
FEB_26, JUN_30 = date(2027, 2, 26), date(2027, 6, 30)


def example_world() -> Stored:
    """To be reached by 30 June; the first thing that is dated is a release on 26 February."""
    stored = Stored(objectives=[objective("O", target=JUN_30, owner="Ann")])
    stored.release("R-1", FEB_26)
    stored.link("jira:R-1", "O", Role.DELIVERS)
    stored.work("E-1", date(2027, 5, 3))
    stored.work("S-1", None, parent="E-1")
    stored.link("jira:E-1", "O", Role.DELIVERS)
    stored.cover("jira")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def test_a_first_milestone_after_more_than_ninety_days_is_told(stored: Stored) -> None:
    """From 15 September: 15 + 31 + 30 + 31 + 31 + 26 = 164 days."""
    (finding,) = found(stored, CHECK)
    assert finding.subjects == ("objective:O",)
    assert finding.title == (
        "Objective O is to be reached by 30 Jun 2027, with the first milestone on 26 Feb 2027, 164 days from now"
    )
    assert (finding.impact.days, finding.upkeep, finding.owner) == (None, True, "Ann")


@pytest.mark.parametrize("away", [89, 90, 91])
def test_a_milestone_on_the_ninetieth_day_is_in_time(stored: Stored, away: int) -> None:
    stored.change("jira:R-1", release_date=TODAY + timedelta(away))
    assert bool(found(stored, CHECK)) is (away > 90)


def test_a_target_within_ninety_days_is_a_milestone_itself() -> None:
    stored = Stored(objectives=[objective("O", target=TODAY + timedelta(90))])
    assert found(stored, CHECK) == []
    stored.objectives = [objective("O", target=TODAY + timedelta(91))]
    (finding,) = found(stored, CHECK)
    assert finding.title.endswith("is to be reached by 15 Dec 2026, without a milestone before, 91 days from now")


def test_the_target_of_an_objective_below_and_overdue_work_are_milestones(stored: Stored) -> None:
    stored.objectives.append(objective("P", "O", target=date(2026, 10, 30)))
    assert found(stored, CHECK) == []
    stored.objectives.pop()
    stored.work("E-2", date(2026, 9, 1), category=DOING)
    stored.work("S-2", None, parent="E-2")
    stored.link("jira:E-2", "O", Role.DELIVERS)
    assert found(stored, CHECK) == []


def test_a_long_stretch_between_two_milestones_is_told() -> None:
    """30 October to 30 June are 1 + 30 + 31 + 31 + 28 + 31 + 30 + 31 + 30 = 243 days; 183 may pass."""
    stored = Stored(objectives=[objective("O", target=JUN_30), objective("P", "O", target=date(2026, 10, 30))])
    (finding,) = found(stored, CHECK)
    assert "between 30 Oct 2026 and 30 Jun 2027 lie 243 days without a milestone" in finding.title
    assert found(stored, CHECK, most_days_between=243) == []


def test_where_several_dates_come_as_a_sum_nothing_is_found(stored: Stored) -> None:
    """Two stories below the epic have dates of which only the last one is known."""
    for number, day in ((2, date(2026, 11, 2)), (3, date(2027, 4, 1))):
        stored.work(f"S-{number}", day, parent="E-1")
    assert found(stored, CHECK) == []


def test_what_is_done_is_no_milestone_and_what_is_on_hold_needs_none(stored: Stored) -> None:
    stored.work("E-3", date(2026, 10, 1), category=DONE)
    stored.work("S-3", date(2026, 10, 1), parent="E-3", category=DONE)
    stored.link("jira:E-3", "O", Role.DELIVERS)
    assert len(found(stored, CHECK)) == 1
    stored.objectives = [objective("O", target=JUN_30, stage_gate=StageGate.ON_HOLD)]
    assert found(stored, CHECK) == []


def test_without_any_target_nothing_can_be_said() -> None:
    assert blind(Stored(objectives=[objective("O")]), CHECK) == ["no objective has a target"]


def test_what_is_out_of_sight_holds_and_an_incomplete_source_does(stored: Stored) -> None:
    (before,) = found(stored, CHECK)
    stored.lose("jira:R-1", Absence.ACCESS_LOST)
    assert judged(stored, CHECK).unjudged == {before.fingerprint: "R-1 is out of sight"}
    stored.absences_.clear()
    stored.change("jira:R-1", release_date=date(2026, 10, 1))
    stored.cover("jira", complete=False)
    assert judged(stored, CHECK).hold(before, None) is not None


def test_why_it_is_resolved_says_that_there_is_one(stored: Stored) -> None:
    (before,) = found(stored, CHECK)
    stored.change("jira:R-1", release_date=date(2026, 10, 1))
    stored.objectives.append(objective("P", "O", target=date(2027, 2, 1)))
    assert judged(stored, CHECK).gone_because(before) == "there is a milestone in time now"


def test_for_thirty_days_after_its_approval_an_objective_may_be_without_a_plan(stored: Stored) -> None:
    for days in (30, 31):
        approved = Baseline(JUN_30, approved_on=TODAY - timedelta(days))
        stored.objectives = [objective("O", target=JUN_30, owner="Ann", baselines=(approved,))]
        assert bool(found(stored, CHECK)) is (days > 30)
