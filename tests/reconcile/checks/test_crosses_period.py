"""Design 5.1, 5.6: inside the tolerance, or in full, but in another quarter or year than planned."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from model.findings import Account, Finding, Severity
from model.links import Role
from model.money import Money, Month, MonthAmount
from model.objectives import Baseline, Level, Objective, StageGate, Tolerance
from model.records import Absence, Saving
from reconcile.check import Blind
from reconcile.options import ReconcileOptions
from tests.reconcile.world import DOING, DONE, Stored

SEP_30, OCT_2 = date(2026, 9, 30), date(2026, 10, 2)
PLAN = {"2026-11": 600_000, "2026-12": 620_000, "2027-01": 620_000}


def cells(amounts: dict[str, int]) -> tuple[MonthAmount, ...]:
    return tuple(MonthAmount(Month.parse(month), Decimal(amount)) for month, amount in amounts.items())


def example_world() -> Stored:
    """The launch may be 5 days late and is 2, in October; 220,000 of a saving come in January instead of December."""
    stored = Stored()
    stored.objectives = [
        Objective(
            id="GROWTH", name="Growth", level=Level.PORTFOLIO, sponsor="Claire Dubois", controller="Renate Vogel"
        ),
        Objective(
            id="LAUNCH",
            name="Launch",
            level=Level.PROJECT,
            parent="GROWTH",
            owner="Aisha Rahman",
            baselines=(Baseline(SEP_30, "Martin Keller", date(2026, 3, 2)),),
            tolerance=Tolerance(days=5),
        ),
    ]
    stored.work("AUR-1", OCT_2, category=DOING)
    stored.link("jira:AUR-1", "LAUNCH", Role.DELIVERS)
    stored.link(stored.deal("OPP-1", "AUR-1", SEP_30, 300_000), "LAUNCH")
    forecast = cells({"2026-11": 600_000, "2026-12": 400_000, "2027-01": 840_000})
    stored.saving("M-201", None, date(2026, 11, 1), PLAN, forecast=forecast)
    stored.link("savings:M-201", "LAUNCH", Role.SAVES)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored, **more: object) -> dict[str, Finding]:
    findings = stored.judge(**more).findings  # type: ignore[arg-type]
    return {each.subjects[0]: each for each in findings if each.check == "crosses-period"}


def test_a_target_inside_its_tolerance_in_another_quarter_is_told_with_the_money_behind_it(stored: Stored) -> None:
    finding = found(stored)["objective:LAUNCH"]
    assert finding.title == (
        "Launch is to be reached by 30 Sep 2026; the work now says 2 Oct 2026 (2 days later), "
        "inside the tolerance of 5 days but in Q4 2026 instead of Q3 2026"
    )
    assert finding.impact.days == 2
    assert finding.impact.full(Account.REVENUE) == Decimal(300_000)
    assert (finding.owner, finding.decider, finding.decide_by) == ("Aisha Rahman", "Aisha Rahman", date(2026, 9, 16))
    assert finding.cause == "jira:AUR-1"
    assert finding.triage is None
    assert finding.advice == (
        "Bring AUR-1 forward by 2 days, or tell finance that the money of Launch comes in Q4 2026."
    )


def test_a_target_beyond_its_tolerance_or_in_the_same_quarter_or_on_its_day_is_not_told_here(stored: Stored) -> None:
    """Beyond the tolerance schedule-slip tells it, and nobody reads it twice."""
    for due in (date(2026, 10, 6), SEP_30, date(2026, 9, 25)):
        stored.change("jira:AUR-1", due=due)
        assert "objective:LAUNCH" not in found(stored)
    stored.change("jira:AUR-1", due=date(2026, 9, 29))
    stored.objectives[1] = replace(stored.objectives[1], baselines=(Baseline(date(2026, 9, 27)),))
    assert "objective:LAUNCH" not in found(stored)


def test_what_is_less_than_a_twentieth_of_its_months_does_not_change_the_period(stored: Stored) -> None:
    """5 % of the 620,000 that December plans are 31,000; forecasts are never exact."""
    for moved, told in ((31_000, True), (30_999, False)):
        forecast = {"2026-11": 600_000, "2026-12": 620_000 - moved, "2027-01": 620_000 + moved}
        stored.change("savings:M-201", forecast=cells(forecast))
        assert ("savings:M-201" in found(stored)) is told


def test_no_subject_is_told_by_two_of_the_checks_about_dates(stored: Stored) -> None:
    for due in (OCT_2, date(2026, 10, 6)):
        stored.change("jira:AUR-1", due=due)
        told = [
            each.subjects
            for each in stored.judge().findings
            if each.check in ("crosses-period", "schedule-slip", "late-commitment", "early-saving")
        ]
        assert len(told) == len(set(told))


def test_money_that_a_later_quarter_makes_up_for_is_told_with_both_years(stored: Stored) -> None:
    """220,000 leave December; 2026 gets 1,000,000 of 1,220,000, and both years together all of 1,840,000."""
    finding = found(stored)["savings:M-201"]
    assert finding.title == "M-201 Saving M-201: EUR 220,000 leave Q4 2026 and come in Q1 2027 instead"
    assert finding.commitment is not None
    assert finding.forecast is not None
    assert finding.commitment.says == "plans it for Q4 2026"
    assert finding.forecast.says == (
        "forecasts it for Q1 2027; 2026 gets EUR 1,000,000 of EUR 1,220,000 planned, "
        "all months together EUR 1,840,000 of EUR 1,840,000 (red)"
    )
    (share,) = finding.impact.deferred
    assert [(each.period, each.full.amount) for each in share.amounts] == [("2026-12", Decimal(220_000))]
    assert finding.impact.shares == ()
    assert (finding.decider, finding.severity) == ("Claire Dubois", Severity.MAJOR)
    assert [(each.field, each.value) for each in finding.evidence] == [
        ("plan.2026-12", "EUR 620,000"),
        ("forecast.2026-12", "EUR 400,000"),
        ("plan.2027-01", "EUR 620,000"),
        ("forecast.2027-01", "EUR 840,000"),
    ]


def test_money_that_stays_inside_the_year_is_late_and_the_owner_decides(stored: Stored) -> None:
    stored.change(
        "savings:M-201",
        plan=cells({"2026-09": 500_000, "2026-10": 500_000}),
        forecast=cells({"2026-09": 300_000, "2026-10": 700_000}),
    )
    finding = found(stored)["savings:M-201"]
    assert finding.title == "M-201 Saving M-201: EUR 200,000 leave Q3 2026 and come in Q4 2026 instead"
    assert finding.forecast is not None
    assert finding.forecast.says.endswith("(yellow)")
    assert (finding.decider, finding.severity) == ("Aisha Rahman", Severity.MINOR)


def test_only_what_is_made_up_for_changes_the_period(stored: Stored) -> None:
    """600,000 are short in 2026, and January brings 100,000 more: those change the year, the rest is lost."""
    stored.change("savings:M-201", forecast=cells({"2026-11": 300_000, "2026-12": 320_000, "2027-01": 720_000}))
    finding = found(stored)["savings:M-201"]
    (share,) = finding.impact.deferred
    assert [(each.period, each.full.amount) for each in share.amounts] == [("2026-11", Decimal(100_000))]


def test_money_inside_one_quarter_or_in_months_that_are_over_is_not_told(stored: Stored) -> None:
    for plan, forecast in (
        ({"2026-11": 600, "2026-12": 600}, {"2026-11": 0, "2026-12": 1200}),
        ({"2026-06": 600, "2026-08": 600}, {"2026-06": 0, "2026-08": 1200}),
        ({"2026-11": 600, "2027-01": 600}, {"2026-11": 1200, "2027-01": 0}),
    ):
        scaled = [cells({month: amount * 1000 for month, amount in each.items()}) for each in (plan, forecast)]
        stored.change("savings:M-201", plan=scaled[0], forecast=scaled[1])
        assert "savings:M-201" not in found(stored)


def test_less_than_the_floor_is_not_told_and_money_without_a_rate_is(stored: Stored) -> None:
    options = ReconcileOptions.model_validate({"checks": {"crosses-period": {"from_amount": 220_001}}})
    assert "savings:M-201" not in found(stored, options=options)
    options = ReconcileOptions.model_validate({"checks": {"crosses-period": {"from_amount": 220_000}}})
    assert "savings:M-201" in found(stored, options=options)
    stored.change("savings:M-201", currency="CHF")
    finding = found(stored, options=options)["savings:M-201"]
    assert [share.unconverted for share in finding.impact.deferred] == [Money(Decimal("220000.00"), "CHF")]


def test_a_blank_forecast_is_not_judged_and_a_source_without_any_is_told(stored: Stored) -> None:
    finding = found(stored)["savings:M-201"]
    stored.change("savings:M-201", forecast=())
    judgement = stored.judge()
    assert judgement.unjudged[finding.fingerprint] == "M-201 has no forecast"
    assert judgement.blind["crosses-period"] == (Blind("no saving of savings has a forecast", ("savings",)),)


def test_work_out_of_sight_is_not_judged_and_an_incomplete_source_holds(stored: Stored) -> None:
    finding = found(stored)["objective:LAUNCH"]
    stored.lose("jira:AUR-1", Absence.ACCESS_LOST)
    assert stored.judge().unjudged[finding.fingerprint] == "AUR-1 cannot be read any more"
    other = example_world()
    other.change("jira:AUR-1", due=SEP_30)
    other.cover("jira", complete=False)
    hold = other.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: jira")


def test_the_reason_of_a_resolution_says_what_changed(stored: Stored) -> None:
    before = found(stored)
    launch, saving = before["objective:LAUNCH"], before["savings:M-201"]
    stored.change("jira:AUR-1", due=SEP_30)
    stored.change("savings:M-201", forecast=cells(PLAN))
    assert stored.judge().gone_because(launch) == "AUR-1 now says 30 Sep 2026"
    assert stored.judge().gone_because(saving) == "no money of M-201 moves into a quarter that is still to come"
    stored.change("jira:AUR-1", category=DONE, finished=OCT_2)
    assert stored.judge().gone_because(launch) == "Launch is finished"
    stored.objectives[1] = replace(stored.objectives[1], stage_gate=StageGate.CLOSED)
    assert stored.judge().gone_because(launch) == "Launch is closed"
    stored.records_ = [each for each in stored.records_ if not isinstance(each, Saving)]
    assert stored.judge().gone_because(saving) == "no rule links M-201 any more"
