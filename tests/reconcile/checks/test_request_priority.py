"""F2.3: strategic objectives that are delivered only by work that is ranked low."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from model.links import Role
from model.objectives import StageGate
from model.records import Absence
from tests.reconcile.checks.ownership_checks import blind, found, judged, objective
from tests.reconcile.world import DOING, DONE, Stored

CHECK = "request-priority"
JUL_16 = datetime(2026, 7, 16, 8, tzinfo=UTC)


def example_world() -> Stored:
    """A mandate of the VP is a feature request and an epic of low priority; nothing was finished since 16 July."""
    stored = Stored(objectives=[objective("O", name="Faster delivery", target=date(2026, 12, 1), sponsor="Ann")])
    stored.work("RTE-1", None, type="Feature Request", priority="Medium", created=JUL_16)
    stored.work("RTE-2", None, type="Epic", priority="Low", created=datetime(2026, 8, 1, tzinfo=UTC))
    for number in (1, 2):
        stored.work(f"S-{number}", None, parent=f"RTE-{number}")
        stored.link(f"jira:RTE-{number}", "O", Role.DELIVERS)
    stored.cover("jira")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def test_only_low_ranked_work_without_progress_is_told(stored: Stored) -> None:
    """16 July to 15 September: 15 + 31 + 15 = 61 days."""
    (finding,) = found(stored, CHECK)
    assert finding.subjects == ("objective:O",)
    assert finding.title == (
        "All open work of Faster delivery, RTE-1 and RTE-2, is of the type Feature Request and of the priority Low; "
        "nothing of it was finished for 61 days"
    )
    assert (finding.impact.days, finding.decider, finding.upkeep) == (None, "Ann", False)
    assert [(proof.field, proof.value) for proof in finding.evidence] == [
        ("type", "Feature Request"),
        ("priority", "Low"),
    ]


@pytest.mark.parametrize(
    "fields",
    [{"priority": "High"}, {"priority": None}],
    ids=["ranked high", "not ranked"],
)
def test_one_piece_that_is_not_ranked_low_is_enough(stored: Stored, fields: dict[str, Any]) -> None:
    stored.change("jira:RTE-2", **fields)
    assert found(stored, CHECK) == []


def test_progress_of_the_last_weeks_is_progress(stored: Stored) -> None:
    """Finished on 18 August is 28 days ago, on 19 August 27."""
    stored.work("S-9", None, parent="RTE-1", category=DONE, finished=date(2026, 8, 18))
    assert found(stored, CHECK)[0].title.endswith("for 28 days")
    stored.change("jira:S-9", finished=date(2026, 8, 19))
    assert found(stored, CHECK) == []


@pytest.mark.parametrize(
    "fields", [{}, {"target": date(2026, 12, 1), "stage_gate": StageGate.ON_HOLD}, {"stage_gate": StageGate.DEFINED}]
)
def test_what_is_no_mandate_may_be_ranked_low(stored: Stored, fields: dict[str, Any]) -> None:
    stored.objectives = [objective("O", **fields)]
    assert found(stored, CHECK) == []


def test_work_that_is_known_as_a_sum_only_settles_nothing(stored: Stored) -> None:
    stored.work("RTE-3", None, priority="High", category=DOING)
    stored.link("jira:RTE-3", "O", Role.DELIVERS)
    assert found(stored, CHECK) == []


def test_objectives_and_releases_below_deliver_as_well(stored: Stored) -> None:
    stored.objectives.append(objective("P", "O"))
    assert found(stored, CHECK) == []


def test_work_in_no_sprint_counts_where_that_is_told(stored: Stored) -> None:
    """The epics have parts, so that they are in no sprint themselves; RTE-4 is needed by RTE-2 and has none."""
    stored.work("RTE-4", None, priority="High", created=JUL_16)
    stored.need("jira:RTE-2", "RTE-4")
    stored.link("jira:RTE-4", "O", Role.DELIVERS)
    assert found(stored, CHECK) == []
    (finding,) = found(stored, CHECK, sprint_sources=["jira"])
    assert "in no sprint" in finding.title


def test_names_and_days_can_be_set(stored: Stored) -> None:
    assert found(stored, CHECK, low_priorities=["P4"]) == []
    assert found(stored, CHECK, idle_days=62) == []


def test_a_source_without_priorities_is_not_judged(stored: Stored) -> None:
    for number in (1, 2):
        stored.change(f"jira:RTE-{number}", priority=None, type="Task")
    assert blind(stored, CHECK) == ["no work of jira that was looked at has a priority"]


def test_what_is_out_of_sight_holds_and_an_incomplete_source_does(stored: Stored) -> None:
    (before,) = found(stored, CHECK)
    stored.lose("jira:RTE-1", Absence.ACCESS_LOST)
    assert judged(stored, CHECK).unjudged == {before.fingerprint: "RTE-1 is out of sight"}
    stored.absences_.clear()
    stored.change("jira:RTE-2", priority="High")
    assert judged(stored, CHECK).gone_because(before).startswith("some of its work is ranked higher now")
    stored.cover("jira", complete=False)
    assert judged(stored, CHECK).hold(before, None) is not None
