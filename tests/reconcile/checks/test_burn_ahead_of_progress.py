"""F4.5: budget burn ahead of progress; overrun forecast = actual / progress - budget."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Account, Finding, Severity
from model.links import Role
from model.money import Money
from model.objectives import DecisionRights, Level, Objective, StageGate
from model.records import Absence, Measurement
from reconcile.check import Blind
from reconcile.checks.burn_ahead_of_progress import BurnAheadOfProgress
from reconcile.judgement import Judgement
from reconcile.options import ReconcileOptions
from tests.reconcile.world import DONE, TODO, Stored

NODE = "objective:MIGRATION"


def example_world() -> Stored:
    """The migration has spent 3 of its 4 million and is half done."""
    stored = Stored()
    stored.objectives = [
        Objective(
            id="MIGRATION",
            name="Migration",
            level=Level.PROJECT,
            owner="Aisha",
            controller="Renate Vogel",
            budget=Money(Decimal(4_000_000), "EUR"),
            decision_rights=DecisionRights(beyond="Claire Dubois (CFO)"),
            location="objectives.yaml:4",
        )
    ]
    measure(stored, "Budget spent", 3_000_000, "EUR")
    measure(stored, "Progress", 50, "%")
    return stored


def measure(stored: Stored, metric: str, value: int | str, unit: str, period: str = "2026-08", **more: Any) -> str:
    native_id = more.pop("native_id", metric)
    node = stored.add(
        Measurement(
            source="controlling",
            native_id=native_id,
            key=native_id,
            title=metric,
            metric=metric,
            value=Decimal(value),
            unit=unit,
            period=period,
            provenance={"value": f"budget.xlsx!Sheet!{native_id}"},
            **more,
        )
    )
    stored.link(node, "MIGRATION", Role.MEASURES)
    return node


@pytest.fixture
def stored() -> Stored:
    return example_world()


def judged(stored: Stored, **more: Any) -> Judgement:
    return stored.judge(with_checks={"burn-ahead-of-progress": BurnAheadOfProgress()}, **more)


def found(stored: Stored, **more: Any) -> list[Finding]:
    return list(judged(stored, **more).findings)


def unjudged(stored: Stored) -> list[str]:
    assert found(stored) == []
    return list(judged(stored).unjudged.values())


def test_a_budget_that_burns_ahead_of_the_work_is_found_with_its_overrun(stored: Stored) -> None:
    """75 % - 50 % = 25 points; 3,000,000 / 0.5 - 4,000,000 = 2,000,000."""
    (finding,) = found(stored)
    assert finding.title == (
        "Migration has spent 75 % of its budget and is 50 % done; at this rate it comes to EUR 6,000,000, "
        "EUR 2,000,000 more than its budget"
    )
    assert finding.impact.full(Account.COST) == Decimal(2_000_000)
    assert (finding.owner, finding.decider, finding.severity) == ("Aisha", "Claire Dubois (CFO)", Severity.CRITICAL)
    assert [(each.field, each.value, each.where) for each in finding.evidence] == [
        ("Budget spent", "EUR 3,000,000 (2026-08)", "budget.xlsx!Sheet!Budget spent"),
        ("budget", "EUR 4,000,000", "objectives.yaml:4"),
        ("Progress", "50 % (2026-08)", "budget.xlsx!Sheet!Progress"),
        ("estimate at completion", "EUR 6,000,000", "objectives.yaml:4"),
    ]
    assert finding.sources == ("controlling",)


@pytest.mark.parametrize(("progress", "told"), [(55, False), ("54.9", True)])
def test_twenty_points_are_allowed(stored: Stored, progress: int | str, told: bool) -> None:
    (finding,) = found(stored)
    stored.change("controlling:Progress", value=Decimal(progress))
    assert bool(found(stored)) is told
    if not told:
        assert judged(stored).gone_because(finding) == "75 % are spent and 55 % done"
    options = ReconcileOptions.model_validate({"checks": {"burn-ahead-of-progress": {"points": 10}}})
    assert len(found(stored, options=options)) == 1


def test_without_a_measurement_the_done_pieces_tell_the_progress(stored: Stored) -> None:
    """1 of 5 is 20 %: 3,000,000 / 0.2 - 4,000,000 = 11,000,000. Four pieces are too few to tell."""
    stored.remove("controlling:Progress")
    for number in range(5):
        stored.work(f"MIG-{number}", date(2026, 12, 1), category=DONE if number == 0 else TODO)
        stored.link(f"jira:MIG-{number}", "MIGRATION", Role.DELIVERS)
    (finding,) = found(stored)
    assert finding.impact.full(Account.COST) == Decimal(11_000_000)
    assert finding.evidence[2].value == "1 of 5 done"
    assert finding.sources == ("controlling", "jira")
    stored.remove("jira:MIG-4")
    assert found(stored) == []


def test_a_number_of_a_target_is_a_progress_and_a_share_of_the_budget_is_a_spend(stored: Stored) -> None:
    """12 of 40 sites are 30 %; 60 % of 4,000,000 are 2,400,000, / 0.3 = 8,000,000."""
    stored.change("controlling:Progress", value=Decimal(12), target=Decimal(40), unit="sites")
    stored.change("controlling:Budget spent", value=Decimal(60), unit="%")
    (finding,) = found(stored)
    assert "has spent 60 % of its budget and is 30 % done" in finding.title
    assert finding.impact.full(Account.COST) == Decimal(4_000_000)


def test_while_nothing_is_done_there_is_no_forecast_of_the_overrun(stored: Stored) -> None:
    stored.change("controlling:Progress", value=Decimal(0))
    (finding,) = found(stored)
    assert finding.title == "Migration has spent 75 % of its budget and is 0 % done"
    assert not finding.impact.priced


def test_the_target_of_the_spend_stands_in_for_a_budget_and_currencies_are_converted(stored: Stored) -> None:
    """USD 3,000,000 are EUR 2,700,000; of EUR 3,600,000 that is 75 %, and 2,700,000 / 0.5 - 3,600,000 = 1,800,000."""
    stored.objectives = [replace(stored.objectives[0], budget=None)]
    stored.change("controlling:Budget spent", unit="USD", target=Decimal(4_000_000))
    assert found(stored)[0].impact.full(Account.COST) == Decimal(1_800_000)


def test_the_latest_period_that_has_begun_counts(stored: Stored) -> None:
    measure(stored, "Budget spent", 1_000_000, "EUR", "2026-07", native_id="july")
    measure(stored, "Budget spent", 9_000_000, "EUR", "2026-12", native_id="december")
    assert "has spent 75 %" in found(stored)[0].title
    measure(stored, "budget  SPENT", 2_000_000, "EUR", "Q3 2026", native_id="quarter")
    assert found(stored) == []


def test_what_is_told_twice_or_not_understood_is_not_judged(stored: Stored) -> None:
    stored.change("controlling:Budget spent", unit="hours")
    assert unjudged(stored) == ["the unit hours of Budget spent is neither a currency nor %"]
    stored.change("controlling:Budget spent", unit="CHF")
    assert unjudged(stored) == ["CHF has no rate"]
    stored.change("controlling:Budget spent", unit="EUR")
    twin = measure(stored, "Spent", 2_000_000, "EUR", native_id="twin")
    assert unjudged(stored) == ["2 measurements tell Budget spent of Migration, and not the same"]
    stored.change(twin, period="soon")
    assert unjudged(stored) == [
        "several measurements tell Budget spent of Migration, and not all of them have a period"
    ]
    stored.remove(twin)
    stored.change("controlling:Progress", unit="sites")
    assert unjudged(stored) == ["the progress of Migration is neither in % nor a number of a target"]
    stored.objectives = [replace(stored.objectives[0], budget=None)]
    stored.change("controlling:Progress", unit="%")
    assert unjudged(stored) == ["Migration has no budget to compare with"]


def test_the_names_can_be_set_and_without_any_reading_the_check_is_blind(stored: Stored) -> None:
    options = ReconcileOptions.model_validate({"metrics": {"spent": ["Mittelabfluss"]}})
    assert found(stored, options=options) == []
    reason = "no measurement tells what an objective has spent (metrics.spent)"
    assert judged(stored, options=options).blind["burn-ahead-of-progress"] == (Blind(reason),)
    stored.change("controlling:Budget spent", metric="mittelabfluss")
    assert len(found(stored, options=options)) == 1


def test_a_reading_out_of_sight_and_an_incomplete_source_hold(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.lose("controlling:Progress", Absence.UNOBSERVED)
    assert finding.fingerprint in judged(stored).unjudged
    stored.absences_.clear()
    stored.cover("controlling", complete=False)
    assert judged(stored).hold(finding, None) is not None


def test_an_objective_at_rest_is_not_judged(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.objectives = [replace(stored.objectives[0], stage_gate=StageGate.ON_HOLD)]
    assert found(stored) == []
    assert judged(stored).gone_because(finding) == "Migration is on hold"
    stored.objectives = []
    assert judged(stored).gone_because(finding) == "the objective is not declared any more"
