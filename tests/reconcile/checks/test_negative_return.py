"""I4: who may stop what costs more to finish than it will still bring; sunk cost does not count."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Account, Finding, Severity
from model.links import Role
from model.money import Money, Month, MonthAmount
from model.objectives import DecisionRights, Level, Objective, StageGate
from model.records import Absence, Measurement, Outcome
from reconcile.check import Blind
from reconcile.checks.negative_return import NegativeReturn
from reconcile.judgement import Judgement
from reconcile.options import ReconcileOptions
from tests.reconcile.world import DONE, Stored

COST, SAVING = "controlling:Cost to complete", "savings:M-301"
NOV_1 = date(2026, 11, 1)


def example_world() -> Stored:
    """The portal costs EUR 500,000 to finish and saves EUR 100,000 a year."""
    stored = Stored()
    stored.objectives = [
        Objective(
            id="OPS",
            name="Operations",
            level=Level.PORTFOLIO,
            sponsor="Lena Brandt",
            decision_rights=DecisionRights(stop="Martin Keller (COO)"),
        ),
        Objective(id="PORTAL", name="Portal", level=Level.PROJECT, parent="OPS", owner="Aisha", location="o.yaml:4"),
        Objective(id="M-301", name="Self service", level=Level.MEASURE, parent="PORTAL"),
    ]
    measure(stored, "Cost to complete", 500_000)
    stored.saving("M-301", None, None, run_rate=Money(Decimal(100_000), "EUR"))
    stored.link(SAVING, "M-301", Role.SAVES)
    return stored


def measure(stored: Stored, metric: str, value: int, unit: str = "EUR") -> str:
    node = stored.add(
        Measurement(
            source="controlling",
            native_id=metric,
            key=metric,
            title=metric,
            metric=metric,
            value=Decimal(value),
            unit=unit,
        )
    )
    stored.link(node, "PORTAL", Role.MEASURES)
    return node


@pytest.fixture
def stored() -> Stored:
    return example_world()


def judged(stored: Stored, **more: Any) -> Judgement:
    return stored.judge(with_checks={"negative-return": NegativeReturn()}, **more)


def found(stored: Stored, **more: Any) -> list[Finding]:
    return list(judged(stored, **more).findings)


def benefit(stored: Stored) -> Decimal:
    """What comes within three years, from a finding that costs enough to be one."""
    stored.change(COST, value=Decimal(1_000_000_000))
    return Decimal(1_000_000_000) - found(stored)[0].impact.full(Account.COST)


def test_what_costs_more_than_it_brings_goes_to_whoever_may_stop_it(stored: Stored) -> None:
    """3 x 100,000 - 500,000 = -200,000; / 500,000 = -40 %."""
    (finding,) = found(stored)
    assert finding.title == (
        "Portal costs EUR 500,000 to finish and will still bring EUR 300,000: a forward return of -40 %"
    )
    assert finding.impact.full(Account.COST) == Decimal(200_000)
    assert (finding.owner, finding.decider, finding.severity) == ("Aisha", "Martin Keller (COO)", Severity.MAJOR)
    assert finding.advice == "Martin Keller (COO) may stop it: stop Portal, cut it to what pays, or say why it goes on."
    assert [(each.key, each.field, each.value) for each in finding.evidence] == [
        ("Cost to complete", "Cost to complete", "EUR 500,000"),
        ("M-301", "remaining benefit", "EUR 300,000"),
        ("PORTAL", "forward return", "-40 %"),
    ]
    assert finding.sources == ("controlling", "savings")


def test_without_a_stop_authority_the_sponsor_decides_and_somebody_is_to_be_named(stored: Stored) -> None:
    stored.objectives[0] = replace(stored.objectives[0], decision_rights=DecisionRights())
    (finding,) = found(stored)
    assert finding.decider == "Lena Brandt"
    assert finding.advice.startswith("Name who may stop it: ")


@pytest.mark.parametrize(("cost", "told"), [(300_000, False), (300_001, True)])
def test_a_return_of_zero_is_not_negative(stored: Stored, cost: int, told: bool) -> None:
    (finding,) = found(stored)
    stored.change(COST, value=Decimal(cost))
    assert bool(found(stored)) is told
    if not told:
        assert judged(stored).gone_because(finding) == "EUR 300,000 are to come for EUR 300,000"


def test_the_years_can_be_set(stored: Stored) -> None:
    options = ReconcileOptions.model_validate({"checks": {"negative-return": {"years": 5}}})
    assert found(stored, options=options) == []


def test_monthly_cells_go_on_as_in_their_last_month_and_a_forecast_replaces_a_plan(stored: Stored) -> None:
    """From September: 0, 10,000 and 34 x 1,000 = 44,000; what was booked before does not count."""
    cells = {"2026-08": 99_000, "2026-10": 5_000, "2026-11": 1_000}
    stored.change(
        SAVING,
        run_rate=None,
        plan=tuple(MonthAmount(Month.parse(month), Decimal(amount)) for month, amount in cells.items()),
        forecast=(MonthAmount(Month(2026, 10), Decimal(10_000)),),
    )
    assert benefit(stored) == Decimal(44_000)


def test_a_run_rate_counts_from_its_planned_start(stored: Stored) -> None:
    """September and October bring nothing: 1,096 days less 61 are 1,035 x 1,000."""
    stored.change(SAVING, run_rate=Money(Decimal(365_000), "EUR"), planned_start=NOV_1)
    assert benefit(stored) == Decimal(1_035_000)


def test_everything_that_waits_for_the_work_counts_and_revenue_is_told_beside_savings(stored: Stored) -> None:
    """A saving of another objective needs the portal's work; a deal was promised it; a lost one brings nothing."""
    stored.work("POR-1", NOV_1)
    stored.link("jira:POR-1", "M-301", Role.DELIVERS)
    stored.saving("P-7", "POR-1", NOV_1, run_rate=Money(Decimal(10_000), "EUR"))
    stored.deal("OPP-1", "POR-1", NOV_1, 50_000)
    stored.deal("OPP-2", "POR-1", NOV_1, 70_000, outcome=Outcome.LOST)
    (finding,) = found(stored)
    assert "will still bring EUR 378,356.16 of savings and revenue together: a forward" in finding.title
    stored.work("POR-2", date(2026, 8, 1), category=DONE, finished=date(2026, 8, 1))
    stored.deal("OPP-3", "POR-2", NOV_1, 90_000, outcome=Outcome.WON)
    stored.link("salesforce:OPP-3", "PORTAL")
    assert found(stored)[0].impact == finding.impact  # it is delivered


def test_without_a_cost_to_complete_it_is_what_is_left_of_the_budget(stored: Stored) -> None:
    stored.remove(COST)
    stored.objectives[1] = replace(stored.objectives[1], budget=Money(Decimal(900_000), "EUR"))
    measure(stored, "Budget spent", 400_000)
    (finding,) = found(stored)
    assert finding.impact.full(Account.COST) == Decimal(200_000)
    assert [each.field for each in finding.evidence][:2] == ["budget", "Budget spent"]
    stored.change("controlling:Budget spent", value=Decimal(950_000))
    assert found(stored) == []


def test_a_measured_benefit_takes_the_place_of_the_records(stored: Stored) -> None:
    node = measure(stored, "Remaining benefit", 450_000)
    assert found(stored)[0].impact.full(Account.COST) == Decimal(50_000)
    stored.change(node, unit="heads")
    assert list(judged(stored).unjudged.values()) == ["the unit heads of Remaining benefit is no currency"]


def test_what_is_not_known_is_never_zero(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change(SAVING, run_rate=None)
    assert judged(stored).unjudged == {finding.fingerprint: "M-301 has no amounts"}
    stored.change(SAVING, run_rate=Money(Decimal(1), "CHF"))
    assert judged(stored).unjudged == {finding.fingerprint: "M-301: CHF has no rate"}
    stored.lose(SAVING, Absence.UNOBSERVED)
    assert judged(stored).unjudged == {finding.fingerprint: "M-301 was not seen in the last reading"}
    stored.absences_.clear()
    stored.links_ = [link for link in stored.links_ if link.role is Role.MEASURES]
    assert judged(stored).unjudged == {finding.fingerprint: "nothing tells what Portal will bring"}
    assert found(stored) == []


def test_an_incomplete_source_holds_and_without_any_cost_the_check_is_blind(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.cover("controlling", complete=False)
    assert judged(stored).hold(finding, None) is not None
    stored.remove(COST)
    reason = "no measurement tells what an objective still costs (metrics.cost_to_complete)"
    assert judged(stored).blind["negative-return"] == (Blind(reason),)
    assert judged(stored).gone_because(finding) == "nothing tells any more what Portal still costs"


def test_what_is_at_rest_is_not_judged(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.objectives[1] = replace(stored.objectives[1], stage_gate=StageGate.CANCELLED)
    assert found(stored) == []
    assert judged(stored).gone_because(finding) == "Portal is cancelled"
