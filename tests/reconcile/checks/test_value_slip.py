"""I1, design 5.7: savings that are forecast to bring less than planned, one by one and per objective."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.findings import Account, Finding, Slip, Triage
from model.links import Role
from model.money import Money, Month, MonthAmount
from model.objectives import Level, Objective, Tolerance
from model.records import Absence
from reconcile.check import Blind
from reconcile.options import ReconcileOptions
from reconcile.values import outlook, reaches
from tests.reconcile.world import DOING, Stored

PLAN = {"2026-10": 620_000, "2026-11": 600_000, "2026-12": 620_000}


def cells(amounts: dict[str, int | str]) -> tuple[MonthAmount, ...]:
    return tuple(MonthAmount(Month.parse(month), Decimal(amount)) for month, amount in amounts.items())


def example_world() -> Stored:
    """M-201 plans 1,840,000 and forecasts 1,500,000; December reaches its plan again."""
    stored = Stored()
    stored.objectives = [
        Objective(id="COST", name="Cost", level=Level.PORTFOLIO, sponsor="Claire Dubois", controller="Renate Vogel"),
        Objective(id="M-201", name="Bundle volumes", level=Level.MEASURE, parent="COST", owner="Lena Brandt"),
    ]
    forecast = cells({"2026-10": 400_000, "2026-11": 480_000, "2026-12": 620_000})
    stored.saving("M-201", None, date(2026, 10, 1), PLAN, forecast=forecast)
    stored.link("savings:M-201", "M-201", Role.SAVES)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored, **more: object) -> list[Finding]:
    return [each for each in stored.judge(**more).findings if each.check == "value-slip"]  # type: ignore[arg-type]


def by_subject(stored: Stored) -> dict[str, Finding]:
    return {each.subjects[0]: each for each in found(stored)}


def periods(finding: Finding) -> dict[str | None, Decimal]:
    return {amount.period: amount.full.amount for share in finding.impact.shares for amount in share.amounts}


def test_a_forecast_far_below_the_plan_is_found_with_the_trigger_that_fired(stored: Stored) -> None:
    """340,000 of 1,840,000 are 18.478 %, told as 18.4 %: 220,000 short in October and 120,000 in November."""
    (finding,) = found(stored)
    assert finding.title == (
        "M-201 Saving M-201 forecasts EUR 1,500,000 of EUR 1,840,000 planned: a value slip of 18.4 %"
    )
    assert finding.triage == Triage(Slip.VALUE, Decimal("18.4"))
    assert periods(finding) == {"2026-10": Decimal(220_000), "2026-11": Decimal(120_000)}
    assert (finding.decider, finding.owner) == ("Claire Dubois", "Lena Brandt")
    assert finding.decide_by == date(2026, 9, 17)
    assert finding.commitment is not None
    assert finding.forecast is not None
    assert finding.commitment.says == "plans EUR 1,840,000 from 2026-10 to 2026-12"
    assert finding.forecast.says == "forecasts EUR 1,500,000; the effect of 2026 comes late (yellow)"
    assert finding.advice.startswith("Let Renate Vogel confirm the forecast, then decide how EUR 340,000 is made up")


def test_the_cells_of_the_months_that_differ_are_evidence_and_no_others(stored: Stored) -> None:
    (finding,) = found(stored)
    assert [(each.field, each.value) for each in finding.evidence] == [
        ("plan.2026-10", "EUR 620,000"),
        ("forecast.2026-10", "EUR 400,000"),
        ("plan.2026-11", "EUR 600,000"),
        ("forecast.2026-11", "EUR 480,000"),
    ]
    assert finding.evidence[0].where == "savings.xlsx!Tracker!2026-10"


def test_exactly_fifteen_percent_is_a_slip_and_a_cent_less_is_none(stored: Stored) -> None:
    """15 % of 1,840,000 are 276,000; 1,840,000 - 276,000 = 1,564,000."""
    stored.change("savings:M-201", forecast=cells({"2026-10": 344_000, "2026-11": 600_000, "2026-12": 620_000}))
    (finding,) = found(stored)
    assert finding.triage == Triage(Slip.VALUE, Decimal("15.0"))
    stored.change("savings:M-201", forecast=cells({"2026-10": "344000.01", "2026-11": 600_000, "2026-12": 620_000}))
    assert found(stored) == []


def test_the_trigger_can_be_set(stored: Stored) -> None:
    options = ReconcileOptions.model_validate({"checks": {"value-slip": {"triage_percent": "20"}}})
    assert found(stored, options=options) == []


def test_more_than_planned_is_no_slip(stored: Stored) -> None:
    stored.change("savings:M-201", forecast=cells({"2026-10": 900_000, "2026-11": 900_000, "2026-12": 900_000}))
    assert found(stored) == []


def test_a_later_month_makes_up_for_an_earlier_one(stored: Stored) -> None:
    """Nothing in October, and in November what October planned as well."""
    stored.change("savings:M-201", forecast=cells({"2026-10": 0, "2026-11": 1_220_000, "2026-12": 620_000}))
    assert found(stored) == []


def test_an_effect_that_never_reaches_its_plan_again_is_red(stored: Stored) -> None:
    stored.change("savings:M-201", forecast=cells({"2026-10": 400_000, "2026-11": 500_000, "2026-12": 500_000}))
    (finding,) = found(stored)
    assert finding.forecast is not None
    assert finding.forecast.says.endswith("the effect planned for 2026 is not reached (red)")


def test_a_plan_of_zero_and_a_blank_forecast_are_said_and_not_computed(stored: Stored) -> None:
    stored.saving("M-202", None, None, {"2026-10": 0}, forecast=cells({"2026-10": 0}))
    stored.saving("M-203", None, None, {"2026-10": 500})
    stored.saving("M-204", None, None, forecast=cells({"2026-10": 500}))
    for key in ("M-202", "M-203", "M-204"):
        stored.link(f"savings:{key}", "M-201", Role.SAVES)
    judgement = stored.judge()
    assert set(judgement.unjudged.values()) >= {
        "M-202 plans nothing where it has a forecast",
        "M-203 has no forecast",
        "M-204 has no plan",
    }
    assert {each.subjects for each in found(stored) if each.subjects[0].startswith("savings:")} == {("savings:M-201",)}


def test_what_was_found_is_held_while_the_forecast_is_blank(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("savings:M-201", forecast=())
    judgement = stored.judge()
    assert finding.fingerprint not in {each.fingerprint for each in judgement.findings}
    hold = judgement.hold(finding, None)
    assert hold is not None
    assert hold.because == "M-201 has no forecast"


def test_a_source_without_any_forecast_cannot_be_judged(stored: Stored) -> None:
    assert stored.judge().blind.get("value-slip", ()) == ()
    stored.change("savings:M-201", forecast=())
    assert stored.judge().blind["value-slip"] == (Blind("no saving of savings has a forecast", ("savings",)),)


def test_a_month_without_a_forecast_is_left_out_on_both_sides_and_told(stored: Stored) -> None:
    """October and November: 880,000 of 1,220,000, that is 27.8 %; the last month that is known stays short."""
    stored.change("savings:M-201", forecast=cells({"2026-10": 400_000, "2026-11": 480_000}))
    (finding,) = found(stored)
    assert finding.triage == Triage(Slip.VALUE, Decimal("27.8"))
    assert finding.forecast is not None
    assert finding.forecast.says.endswith("(red); unknown for 2026-12")


def test_an_actual_stands_in_for_a_month_that_is_not_forecast(stored: Stored) -> None:
    stored.change(
        "savings:M-201",
        forecast=cells({"2026-11": 600_000, "2026-12": 620_000}),
        actual=cells({"2026-10": 100_000, "2026-11": 1}),
    )
    (finding,) = found(stored)
    assert periods(finding) == {"2026-10": Decimal(520_000)}
    assert ("actual.2026-10", "EUR 100,000") in {(each.field, each.value) for each in finding.evidence}


def test_a_run_rate_is_compared_in_the_months_that_have_a_forecast(stored: Stored) -> None:
    """730,000 a year are 2,000 a day: 17 days of October from the 15th are 34,000, November 60,000; half is 50 %."""
    stored.change(
        "savings:M-201",
        plan=(),
        run_rate=Money(Decimal(730_000), "EUR"),
        planned_start=date(2026, 10, 15),
        forecast=cells({"2026-09": 5, "2026-10": 17_000, "2026-11": 30_000}),
    )
    (finding,) = found(stored)
    assert finding.triage == Triage(Slip.VALUE, Decimal("50.0"))
    assert periods(finding) == {"2026-10": Decimal(17_000), "2026-11": Decimal(30_000)}


def test_money_in_another_currency_is_converted_and_what_has_no_rate_is_listed(stored: Stored) -> None:
    stored.change("savings:M-201", currency="USD")
    (finding,) = found(stored)
    assert finding.impact.full(Account.SAVINGS) == Decimal(306_000)
    stored.change("savings:M-201", currency="CHF")
    (finding,) = found(stored)
    assert finding.impact.unconverted == (Money(Decimal("340000.00"), "CHF"),)
    assert finding.triage is not None


def test_a_smaller_slip_is_told_where_the_objective_tolerates_less(stored: Stored) -> None:
    """100,000 of 1,840,000 are 5.4 %: told without the trigger where 5 % or EUR 99,999 are tolerated."""
    stored.change("savings:M-201", forecast=cells({"2026-10": 520_000, "2026-11": 600_000, "2026-12": 620_000}))
    assert found(stored) == []
    measure = stored.objectives[1]
    for tolerance, told in (
        (Tolerance(percent=Decimal(5)), True),
        (Tolerance(percent=Decimal(6)), False),
        (Tolerance(amount=Money(Decimal(99_999), "EUR")), True),
        (Tolerance(amount=Money(Decimal(100_000), "EUR")), False),
    ):
        stored.objectives[1] = replace(measure, tolerance=tolerance)
        assert [each.triage for each in found(stored)] == ([None] if told else [])


def two_savings() -> Stored:
    """COST adds up M-201, 340,000 short of 1,840,000, and M-300, 60,000 short of 160,000; both serve it twice over."""
    stored = example_world()
    stored.saving("M-300", None, None, {"2026-11": 160_000}, forecast=cells({"2026-11": 100_000}))
    stored.link("savings:M-300", "COST", Role.SAVES)
    stored.link("savings:M-201", "COST", Role.SAVES)
    return stored


def test_an_objective_adds_up_its_savings_once_each() -> None:
    """400,000 of 2,000,000 are 20 %."""
    stored = two_savings()
    finding = by_subject(stored)["objective:COST"]
    assert finding.title == (
        "Cost: its 2 savings together forecast EUR 1,600,000 of EUR 2,000,000 planned: a value slip of 20.0 %"
    )
    assert finding.triage == Triage(Slip.VALUE, Decimal("20.0"))
    assert finding.impact.full(Account.SAVINGS) == Decimal(400_000)
    assert finding.cause == "savings:M-201"
    assert [(each.key, each.value) for each in finding.evidence] == [
        ("M-201", "EUR 1,500,000 of EUR 1,840,000 planned"),
        ("M-300", "EUR 100,000 of EUR 160,000 planned"),
    ]


def test_an_objective_with_the_same_savings_as_one_below_it_says_nothing() -> None:
    stored = two_savings()
    stored.objectives.insert(0, Objective(id="GROUP", name="Group", level=Level.ORGANIZATION))
    stored.objectives[1] = replace(stored.objectives[1], parent="GROUP")
    assert set(by_subject(stored)) == {"objective:COST", "savings:M-201", "savings:M-300"}


def test_what_others_bring_more_is_set_against_the_slip_of_an_objective() -> None:
    """M-300 brings 340,000 more than planned: together nothing is lost, and M-201 alone is told."""
    stored = two_savings()
    stored.change("savings:M-300", forecast=cells({"2026-11": 500_000}))
    assert set(by_subject(stored)) == {"savings:M-201"}


def test_savings_that_cannot_be_added_are_left_out_and_told() -> None:
    stored = two_savings()
    stored.saving("M-301", None, None, {"2026-11": 9}, forecast=cells({"2026-11": 9}), currency="CHF")
    stored.saving("M-302", None, None, {"2026-11": 9})
    for key in ("M-301", "M-302"):
        stored.link(f"savings:{key}", "COST", Role.SAVES)
    finding = by_subject(stored)["objective:COST"]
    assert finding.forecast is not None
    assert finding.forecast.says == (
        "its 2 savings forecast EUR 1,600,000; left out: M-301 is in CHF, which has no rate, M-302 has no forecast"
    )


def test_an_objective_is_not_judged_while_one_of_its_savings_is_out_of_sight() -> None:
    stored = two_savings()
    finding = by_subject(stored)["objective:COST"]
    stored.lose("savings:M-300", Absence.UNOBSERVED)
    judgement = stored.judge()
    assert {each.subjects for each in judgement.findings if not each.upkeep} == {("savings:M-201",)}
    assert judgement.unjudged[finding.fingerprint] == "M-300 was not seen in the last reading"


def test_while_its_source_is_not_completely_read_a_slip_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.cover("savings", complete=False)
    hold = stored.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: savings")


def test_a_slip_behind_a_late_enabler_is_one_piece_of_news_with_it(stored: Stored) -> None:
    """early-saving tells what the plan books too early, value-slip what the tracker admits; one cause binds both."""
    assert {each.cause for each in found(stored)} == {"savings:M-201"}
    stored.work("ERP-100", date(2026, 10, 22), category=DOING)
    stored.need("savings:M-201", "ERP-100")
    causes = {each.check: each.cause for each in stored.judge().findings}
    assert causes == {"early-saving": "jira:ERP-100", "value-slip": "jira:ERP-100"}
    stored.change("jira:ERP-100", due=date(2026, 10, 1))
    assert {each.check: each.cause for each in stored.judge().findings} == {"value-slip": "savings:M-201"}


def test_the_reason_of_a_resolution_tells_the_figures(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("savings:M-201", forecast=cells(PLAN))  # type: ignore[arg-type]
    assert stored.judge().gone_because(finding) == "M-201 now forecasts EUR 1,840,000 of EUR 1,840,000 planned"
    stored.remove("savings:M-201")
    assert stored.judge().gone_because(finding) == "no rule links M-201 any more"


def test_the_reason_of_an_objective_tells_its_figures() -> None:
    stored = two_savings()
    finding = by_subject(stored)["objective:COST"]
    stored.change("savings:M-300", forecast=cells({"2026-11": 500_000}))
    assert stored.judge().gone_because(finding) == (
        "the savings of Cost now forecast EUR 2,000,000 of EUR 2,000,000 planned"
    )


amounts = st.dictionaries(st.sampled_from(sorted(PLAN)), st.decimals(0, 10**6, places=2), min_size=1)


@given(amounts, amounts)
def test_what_is_lost_by_month_adds_up_to_the_slip_exactly(
    plan: dict[str, Decimal], forecast: dict[str, Decimal]
) -> None:
    stored = Stored()
    stored.saving("S", None, None, {}, forecast=cells(forecast))  # type: ignore[arg-type]
    stored.change("savings:S", plan=cells(plan))  # type: ignore[arg-type]
    (saving,) = (each for each in stored.records_)
    seen = outlook(saving)  # type: ignore[arg-type]
    lost = sum((cell.amount for cell in seen.lost()), Decimal(0))
    assert lost == max(seen.short, Decimal(0))
    assert reaches(seen.short, seen.planned, Decimal(15)) == (
        seen.planned > 0 and seen.short > 0 and seen.short >= seen.planned * Decimal("0.15")
    )
