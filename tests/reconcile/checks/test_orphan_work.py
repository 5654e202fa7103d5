"""I7, I28: work without an objective, and its share of what was finished; velocity without direction is noise."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Finding, Severity
from model.links import Role
from model.objectives import Level, Objective
from model.records import Absence
from reconcile.check import Blind
from reconcile.checks.orphan_work import OrphanWorkOptions
from reconcile.options import ChecksOptions, ReconcileOptions
from tests.reconcile.world import DOING, DONE, TODAY, Stored

JULY_20 = date(2026, 7, 20)
"""The Monday eight weeks before the week of 15 September 2026."""


def example_world() -> Stored:
    """OPS finished 20 pieces, of which an epic that delivers an objective contains 10; 10 serve none."""
    stored = Stored()
    stored.objectives = [Objective(id="O", name="O", level=Level.MEASURE)]
    stored.link(stored.work("EPIC", container="OPS"), "O", Role.DELIVERS)
    for number in range(20):
        more: dict[str, Any] = {"parent": "EPIC"} if number < 10 else {}
        stored.work(f"OPS-{number:02}", container="OPS", category=DONE, finished=JULY_20, **more)
    stored.work("OPS-98", container="OPS", category=DOING, parent="EPIC")
    stored.work("OPS-99", container="OPS", category=DOING)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored, **options: Any) -> list[Finding]:
    checks = ChecksOptions.model_validate({"orphan-work": OrphanWorkOptions(**options)})
    findings = stored.judge(options=ReconcileOptions(checks=checks)).findings
    return [each for each in findings if each.check == "orphan-work"]


def test_a_team_of_which_most_finished_work_serves_no_objective_is_told_to_whoever_links(stored: Stored) -> None:
    """10 of 20 are 50 %; both are just enough."""
    (finding,) = found(stored)
    assert finding.subjects == ("jira:team jira/OPS",)
    assert finding.title == (
        "10 of 20 pieces of work that jira/OPS finished since 20 Jul 2026 serve no objective (50.0 %)"
    )
    assert finding.upkeep
    assert finding.severity is Severity.NOTICE
    assert [(each.key, each.field, each.value) for each in finding.evidence] == [
        ("jira/OPS", "finished", "10 of 20 serve no objective (50.0 %)"),
        ("jira/OPS", "being done", "1 of 2 serve no objective"),
        ("OPS-10", "objective", "none"),
    ]
    assert finding.sources == ("jira",)


def test_the_share_and_the_number_must_both_be_reached(stored: Stored) -> None:
    assert len(found(stored, percent=Decimal(50), least=10)) == 1
    assert found(stored, percent=Decimal("50.1")) == []
    assert found(stored, least=11) == []


def test_what_was_finished_before_does_not_count(stored: Stored) -> None:
    stored.change("jira:OPS-10", finished=JULY_20 - timedelta(1))
    assert found(stored) == []
    assert [each.title.partition(" pieces")[0] for each in found(stored, weeks=9)] == ["10 of 20"]


def test_work_in_a_linked_release_serves_the_objective(stored: Stored) -> None:
    stored.link(stored.release("R", None), "O", Role.DELIVERS)
    stored.change("jira:OPS-10", releases=("R",))
    assert found(stored) == []


def test_what_was_deleted_is_no_work_and_what_is_out_of_sight_was_finished_all_the_same(stored: Stored) -> None:
    stored.lose("jira:OPS-10", Absence.UNOBSERVED)
    assert len(found(stored)) == 1
    stored.lose("jira:OPS-10", Absence.DELETED)
    assert found(stored) == []


def test_while_its_source_is_not_completely_read_a_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.records_ = [each for each in stored.records_ if each.key <= "OPS-15"]
    assert found(stored) == []
    assert stored.judge().gone_because(finding) == (
        "enough of what the team finishes serves an objective, or it finished less"
    )
    stored.cover("jira", complete=False)
    hold = stored.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: jira")


def test_where_no_work_of_a_source_is_linked_the_check_is_blind_there(stored: Stored) -> None:
    """Nobody has mapped the source yet: that is no news about its teams."""
    for number in range(12):
        stored.work(f"T-{number}", source="tracker", container="T", category=DONE, finished=TODAY)
    judgement = stored.judge()
    assert judgement.blind["orphan-work"] == (
        Blind("no work of tracker that is done or begun serves an objective", ("tracker",)),
    )
    assert len(found(stored)) == 1
