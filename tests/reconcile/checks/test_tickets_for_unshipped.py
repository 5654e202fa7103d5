"""F1.5: support work that names a feature which is not released; an early sign of overselling."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Account, Finding
from model.links import Role
from model.objectives import Level, Objective
from model.records import Absence
from reconcile.checks.tickets_for_unshipped import TicketsForUnshippedOptions
from reconcile.options import ChecksOptions, ReconcileOptions
from tests.reconcile.world import DONE, DROPPED, Stored

NOV_16 = date(2026, 11, 16)
JUNE_22 = datetime(2026, 6, 22, tzinfo=UTC)
"""The Monday twelve weeks before the week of 15 September 2026."""


def example_world() -> Stored:
    """Five pieces of support work name Aurora 4.0, two of them with a hyphen; it is to be released in November."""
    stored = Stored()
    stored.objectives = [Objective(id="AUR", name="Aurora", level=Level.PROJECT, owner="aisha", sponsor="Paul")]
    stored.link(stored.release("Aurora 4.0", NOV_16), "AUR", Role.DELIVERS)
    for number in range(3):
        stored.work(f"SUP-{number}", type="Support", components=("Aurora 4.0",), created=JUNE_22)
    for number in range(3, 5):
        stored.work(f"SUP-{number}", source="desk", type="incident", labels=("aurora-4.0",), created=JUNE_22)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored, **options: Any) -> list[Finding]:
    checks = ChecksOptions.model_validate({"tickets-for-unshipped": TicketsForUnshippedOptions(**options)})
    findings = stored.judge(options=ReconcileOptions(checks=checks)).findings
    return [each for each in findings if each.check == "tickets-for-unshipped"]


def test_a_release_that_support_work_names_before_it_is_out_is_found_with_what_it_costs(stored: Stored) -> None:
    """5 x 120 = 600."""
    (finding,) = found(stored, cost=Decimal(120))
    assert finding.subjects == ("jira:Aurora 4.0:support",)
    assert finding.title == (
        "5 pieces of support work made since 22 Jun 2026 name Aurora 4.0, which is not released (to be released "
        "16 Nov 2026)"
    )
    assert finding.impact.full(Account.COST) == Decimal(600)
    assert (finding.owner, finding.decider, finding.objective_ids) == ("aisha", "Paul", ("AUR",))
    assert [(each.key, each.field, each.value) for each in finding.evidence][:3] == [
        ("SUP-3", "label or component", "aurora-4.0 (2 pieces of support work)"),
        ("SUP-0", "label or component", "Aurora 4.0 (3 pieces of support work)"),
        ("Aurora 4.0", "released", "no"),
    ]
    assert finding.sources == ("desk", "jira")
    assert not found(stored)[0].impact.priced


def test_four_are_too_few_and_work_before_the_weeks_does_not_count(stored: Stored) -> None:
    stored.change("jira:SUP-0", created=datetime(2026, 6, 21, 23, tzinfo=UTC))
    assert found(stored) == []
    assert len(found(stored, least=4)) == 1
    assert len(found(stored, weeks=13)) == 1


def test_two_spellings_on_one_piece_of_work_count_it_once(stored: Stored) -> None:
    stored.change("jira:SUP-0", labels=("aurora_4.0",))
    assert len(found(stored)) == 1
    assert found(stored, least=6) == []


def test_what_is_out_is_no_finding(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("jira:Aurora 4.0", released=True)
    assert found(stored) == []
    assert stored.judge().gone_because(finding) == "Aurora 4.0 is released"


def test_open_work_that_is_named_by_its_key_counts_until_it_is_done(stored: Stored) -> None:
    stored.work("AUR-118", NOV_16)
    stored.work("AUR-119", NOV_16, parent="AUR-118")
    for number in range(5):
        stored.work(f"CALL-{number}", type="Question", labels=("AUR-118",), created=JUNE_22)
    assert {each.subjects for each in found(stored)} == {("jira:AUR-118:support",), ("jira:Aurora 4.0:support",)}
    for category in (DONE, DROPPED):
        stored.change("jira:AUR-118", category=category)
        assert [each.subjects for each in found(stored)] == [("jira:Aurora 4.0:support",)]


def test_other_types_dropped_work_and_other_names_do_not_count(stored: Stored) -> None:
    for change in ({"type": "Story"}, {"category": DROPPED}, {"components": ("Aurora 5.0",)}):
        stored = example_world()
        stored.change("jira:SUP-0", **change)
        assert found(stored) == []
    stored = example_world()
    stored.change("jira:SUP-0", type="Story")
    assert len(found(stored, types=("story", "support", "incident"))) == 1


def test_while_a_source_is_not_read_or_the_release_is_out_of_sight_a_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.remove("desk:SUP-3")
    stored.cover("desk", complete=False)
    judgement = stored.judge()
    assert judgement.gone_because(finding) == "little support work of the last 12 weeks names Aurora 4.0"
    hold = judgement.hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: desk")

    stored = example_world()
    stored.lose("jira:Aurora 4.0", Absence.UNOBSERVED)
    judgement = stored.judge()
    assert found(stored) == []
    assert judgement.unjudged[finding.fingerprint] == "Aurora 4.0 was not seen in the last reading"


def test_where_there_is_no_support_work_the_check_is_blind(stored: Stored) -> None:
    assert "tickets-for-unshipped" not in stored.judge().blind
    stored.records_ = [each for each in stored.records_ if not each.key.startswith("SUP")]
    assert [each.reason for each in stored.judge().blind["tickets-for-unshipped"]] == [
        "no work made in the last 12 weeks is of a type that support has"
    ]
