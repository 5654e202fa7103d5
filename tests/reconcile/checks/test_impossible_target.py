"""F5.4: targets in money that the best case of all linked savings cannot reach."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from model.findings import Account, Finding, Severity, combined, total_of
from model.links import Role
from model.money import Money, Month, MonthAmount
from model.objectives import Level, Objective, StageGate, Value
from model.records import Absence, Measurement
from reconcile.best_case import months_of
from reconcile.options import ReconcileOptions
from tests.reconcile.world import DOING, DONE, DROPPED, Stored

OCT_1, OCT_22 = date(2026, 10, 1), date(2026, 10, 22)


def cells(amounts: dict[str, int]) -> tuple[MonthAmount, ...]:
    return tuple(MonthAmount(Month.parse(month), Decimal(amount)) for month, amount in amounts.items())


def value(account: str = "EBITDA", **months: int) -> Value:
    plan = {f"2026-{month[1:]}": amount for month, amount in months.items()}
    return Value(account, "EUR", cells(plan or {"2026-10": 500_000, "2026-11": 500_000, "2026-12": 500_000}))


def goal() -> Stored:
    """1,500,000 are to come from October to December; 1,840,000 are planned, and the enabler comes on 22 October."""
    stored = Stored()
    stored.objectives = [
        Objective(id="COST", name="Cost", level=Level.PORTFOLIO, sponsor="Claire Dubois"),
        Objective(
            id="ERP",
            name="ERP savings",
            level=Level.MEASURE_PACKAGE,
            parent="COST",
            owner="Lena Brandt",
            values=(value(),),
            location="objectives.yaml:9",
        ),
        Objective(id="M-201", name="Bundle volumes", level=Level.MEASURE, parent="ERP"),
    ]
    stored.work("ERP-100", OCT_22, category=DOING)
    stored.saving("M-201", "ERP-100", OCT_1, {"2026-10": 620_000, "2026-11": 600_000, "2026-12": 620_000})
    stored.link("savings:M-201", "M-201", Role.SAVES)
    return stored


def example_world() -> Stored:
    """As above, with a measurement in money and savings that claim by forecast, actual and run-rate."""
    stored = goal()
    stored.objectives[1] = replace(stored.objectives[1], values=(value(o09=9_000_000, o10=9_000_000),))
    reading = Measurement(
        source="kpi", native_id="K", key="K", title="Savings", metric="Savings", target=Decimal(9_000_000), unit="EUR"
    )
    stored.link(stored.add(replace(reading, period="Q4 2026")), "ERP", Role.MEASURES)
    stored.change("savings:M-201", forecast=cells({"2026-10": 700_000}))
    stored.saving("M-202", None, date(2026, 9, 20), run_rate=Money(Decimal(365_000), "EUR"))
    stored.saving("M-203", None, date(2026, 9, 1), {"2026-09": 9}, actual=cells({"2026-09": 8}), currency="USD")
    for key in ("M-202", "M-203"):
        stored.link(f"savings:{key}", "ERP", Role.SAVES)
    return stored


@pytest.fixture
def stored() -> Stored:
    return goal()


def found(stored: Stored, **more: object) -> list[Finding]:
    return [each for each in stored.judge(**more).findings if each.check == "impossible-target"]  # type: ignore[arg-type]


def test_a_target_above_the_best_case_is_found_with_the_shortfall(stored: Stored) -> None:
    """21 of 31 days of October cannot come: 1,840,000 - 420,000 = 1,420,000, and 80,000 are missing."""
    (finding,) = found(stored)
    assert finding.title == (
        "ERP savings is to bring EUR 1,500,000 (EBITDA) from 2026-10 to 2026-12; its one saving can bring "
        "EUR 1,420,000 at best, so EUR 80,000 are out of reach"
    )
    assert finding.impact.full(Account.SAVINGS) == Decimal(80_000)
    assert [(each.record_id, each.amounts[0].period) for each in finding.impact.shares] == [
        ("savings:M-201", "2026-10")
    ]
    assert finding.subjects == ("objective:ERP", "objective:ERP ebitda EUR")
    assert (finding.cause, finding.owner, finding.decider) == ("jira:ERP-100", "Lena Brandt", "Claire Dubois")
    assert finding.decide_by == date(2026, 12, 17)
    assert finding.severity is Severity.MINOR
    assert [(each.key, each.field, each.value) for each in finding.evidence] == [
        ("ERP", "values EBITDA", "EUR 1,500,000"),
        ("M-201", "best case", "EUR 1,420,000, EUR 420,000 less than planned"),
    ]
    assert [step.key for step in finding.chain] == ["M-201", "ERP-100"]
    assert finding.advice == "Find another measure for EUR 80,000, bring the enabler forward, or lower the target."
    assert finding.sources == ("jira", "savings")


def test_what_was_never_planned_stands_on_the_target(stored: Stored) -> None:
    """October and December bring 200,000 + 620,000: of 2,180,000 short, M-201 loses 420,000; 1,760,000 had no plan."""
    stored.objectives[1] = replace(stored.objectives[1], values=(value(o10=1_000_000, o12=2_000_000),))
    (finding,) = found(stored)
    assert "so EUR 2,180,000 are out of reach" in finding.title
    assert finding.severity is Severity.CRITICAL
    assert [(each.record_id, total_of([each], Account.SAVINGS)) for each in finding.impact.shares] == [
        ("savings:M-201", Decimal(420_000)),
        ("objective:ERP", Decimal(1_760_000)),
    ]


def test_the_shortfall_is_spread_over_the_savings_by_what_they_lose_to_the_cent(stored: Stored) -> None:
    """At best they bring 1,420,000 + 32,258.06 of 1,552,259.06. They lose 420,000 and 67,741.94 (21 of 31 days of
    100,000): of 100,001 short, 420,000 / 487,741.94 are 86,111.97, and the rest is 13,889.03."""
    stored.saving("M-202", "ERP-100", OCT_1, {"2026-10": 100_000})
    stored.link("savings:M-202", "ERP", Role.SAVES)
    plan = (*cells({"2026-10": 1, "2026-11": 1}), MonthAmount(Month(2026, 12), Decimal("1552257.06")))
    stored.objectives[1] = replace(stored.objectives[1], values=(Value("EBITDA", "EUR", plan),))
    (finding,) = found(stored)
    assert finding.title.endswith("so EUR 100,001 are out of reach")
    assert [(each.record_id, total_of([each], Account.SAVINGS)) for each in finding.impact.shares] == [
        ("savings:M-201", Decimal("86111.97")),
        ("savings:M-202", Decimal("13889.03")),
    ]


def test_targets_within_targets_and_what_the_savings_tell_themselves_count_once(stored: Stored) -> None:
    """820,000 at best: 2,180,000 short of 3,000,000, and 2,680,000 short of 3,500,000 above it."""
    stored.objectives[1] = replace(stored.objectives[1], values=(value(o10=1_000_000, o12=2_000_000),))
    stored.objectives[0] = replace(stored.objectives[0], values=(value(o10=1_500_000, o12=2_000_000),))
    both = found(stored)
    assert sorted(total_of(each.impact.shares, Account.SAVINGS) for each in both) == [2_180_000, 2_680_000]
    everything = combined([each.impact for each in stored.judge().findings])
    assert everything.full(Account.SAVINGS) == Decimal(2_680_000)


def test_a_target_that_the_best_case_just_reaches_is_possible(stored: Stored) -> None:
    stored.objectives[1] = replace(stored.objectives[1], values=(value(o10=500_000, o11=500_000, o12=420_000),))
    assert found(stored) == []
    stored.objectives[1] = replace(stored.objectives[1], values=(value(o10=500_000, o11=500_000, o12=420_001),))
    assert len(found(stored)) == 1


def test_the_largest_claim_of_a_month_counts(stored: Stored) -> None:
    """240,000 more are forecast for December: 1,660,000 at best."""
    stored.change("savings:M-201", forecast=cells({"2026-10": 0, "2026-12": 860_000}))
    assert found(stored) == []


def test_a_month_that_is_over_brings_its_actual_and_no_more(stored: Stored) -> None:
    stored.objectives[1] = replace(stored.objectives[1], values=(value(o08=100_000, o12=100_000),))
    stored.saving("M-202", None, None, {"2026-08": 100_000, "2026-12": 90_000}, actual=cells({"2026-08": 20_000}))
    stored.link("savings:M-202", "ERP", Role.SAVES)
    stored.records_ = [each for each in stored.records_ if each.key != "M-201"]
    (finding,) = found(stored)
    assert "can bring EUR 110,000 at best, so EUR 90,000 are out of reach" in finding.title
    stored.change("savings:M-202", actual=())
    assert "can bring EUR 190,000 at best" in found(stored)[0].title


@pytest.mark.parametrize(
    ("fields", "best"),
    [
        ({"category": DROPPED}, "EUR 0 at best"),
        ({"due": date(2026, 9, 1)}, None),
        ({"due": None}, None),
        ({"category": DONE, "finished": date(2026, 9, 1)}, None),
    ],
)
def test_a_dropped_enabler_brings_nothing_and_an_open_one_might_be_finished_today(
    stored: Stored, fields: dict[str, object], best: str | None
) -> None:
    stored.change("jira:ERP-100", **fields)
    assert [best in each.title for each in found(stored) if best] == ([True] if best else [])
    assert bool(found(stored)) == bool(best)


def test_an_open_enabler_without_a_date_leaves_the_days_from_today_on(stored: Stored) -> None:
    """Planned from 1 September: 14 of 30 days are over."""
    stored.change("jira:ERP-100", due=None)
    stored.change("savings:M-201", planned_start=date(2026, 9, 1), plan=cells({"2026-09": 300_000}))
    stored.objectives[1] = replace(stored.objectives[1], values=(value(o09=200_000),))
    assert "can bring EUR 160,000 at best" in found(stored)[0].title


def test_a_run_rate_brings_a_365th_a_day(stored: Stored) -> None:
    """10 days of October from the 22nd on at 1,000 a day."""
    stored.change("savings:M-201", plan=(), run_rate=Money(Decimal(365_000), "EUR"))
    stored.objectives[1] = replace(stored.objectives[1], values=(value(o10=11_000),))
    assert "can bring EUR 10,000 at best" in found(stored)[0].title


def test_savings_of_everything_below_count_once_and_in_the_base_currency(stored: Stored) -> None:
    """USD 50,000 are EUR 45,000; linked twice, they count once: 35,000 are missing."""
    stored.saving("M-202", None, None, {"2026-12": 50_000}, currency="USD")
    stored.link("savings:M-202", "M-201", Role.SAVES)
    stored.link("savings:M-202", "ERP", Role.SAVES)
    (finding,) = found(stored)
    assert "its 2 savings can bring EUR 1,465,000 at best, so EUR 35,000 are out of reach" in finding.title


def test_what_may_fill_the_gap_is_not_judged(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.saving("M-202", None, OCT_1)
    stored.link("savings:M-202", "ERP", Role.SAVES)
    assert stored.judge().unjudged[finding.fingerprint] == "M-202 has no amounts"
    stored.change("savings:M-202", plan=cells({"2026-10": 1}), currency="CHF")
    assert stored.judge().unjudged[finding.fingerprint] == "M-202 is in CHF, which has no rate"
    stored.change("savings:M-202", currency="EUR")
    stored.lose("savings:M-202", Absence.UNOBSERVED)
    assert stored.judge().unjudged[finding.fingerprint] == "M-202 was not seen in the last reading"
    stored.absences_.clear()
    stored.lose("jira:ERP-100", Absence.UNOBSERVED)
    assert stored.judge().unjudged[finding.fingerprint] == "ERP-100 was not seen in the last reading"
    stored.objectives[1] = replace(stored.objectives[1], values=(Value("EBITDA", "CHF", value().plan),))
    assert "CHF has no rate" in stored.judge().unjudged.values()


def test_while_a_source_is_not_completely_read_a_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("jira:ERP-100", due=OCT_1)
    stored.cover("jira", complete=False)
    hold = stored.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: jira")


def test_targets_that_are_over_or_at_rest_or_of_another_account_or_without_savings_are_left_out(
    stored: Stored,
) -> None:
    objective = stored.objectives[1]
    for other in (
        replace(objective, values=(value(o08=9_000_000),)),
        replace(objective, values=(value("Revenue"),)),
        replace(objective, values=(value(o10=0),)),
        replace(objective, stage_gate=StageGate.ON_HOLD),
    ):
        stored.objectives[1] = other
        assert found(stored) == []
    stored.objectives[1] = replace(objective, values=(value("Revenue"),))
    options = ReconcileOptions.model_validate({"checks": {"impossible-target": {"other_accounts": []}}})
    assert len(found(stored, options=options)) == 1
    stored.links_ = []
    assert found(stored, options=options) == []


# --- measurements ---------------------------------------------------------------------------------------------------


def measured(stored: Stored, **fields: object) -> Stored:
    stored.objectives[1] = replace(stored.objectives[1], values=())
    reading = Measurement(
        source="kpi",
        native_id="K-1",
        key="K-1",
        title="Savings of the quarter",
        metric="Savings",
        target=Decimal(1_500_000),
        unit="EUR",
        period="Q4 2026",
        provenance={"target": "kpi.xlsx!KPI!C4"},
    )
    stored.add(replace(reading, **fields))  # type: ignore[arg-type]
    stored.link("kpi:K-1", "ERP", Role.MEASURES)
    return stored


def test_a_measurement_in_money_is_a_target_too(stored: Stored) -> None:
    (finding,) = found(measured(stored))
    assert finding.subjects == ("kpi:K-1",)
    assert "(Savings) from 2026-10 to 2026-12" in finding.title
    assert finding.title.endswith("so EUR 80,000 are out of reach")
    assert finding.commitment is not None
    assert (finding.commitment.system, finding.commitment.where) == ("kpi", "kpi.xlsx!KPI!C4")
    assert finding.sources == ("jira", "kpi", "savings")


@pytest.mark.parametrize(
    "fields",
    [{"unit": "%"}, {"target": None}, {"target": Decimal(0)}, {"period": "2026-08"}, {"target": Decimal(1_420_000)}],
)
def test_other_units_blank_targets_and_periods_that_are_over_are_no_target(
    stored: Stored, fields: dict[str, object]
) -> None:
    assert found(measured(stored, **fields)) == []


def test_a_period_that_is_not_understood_is_said_and_not_guessed(stored: Stored) -> None:
    judgement = measured(stored, period="Q4 FY26").judge()
    assert "the period Q4 FY26 of Savings of the quarter is not understood" in judgement.unjudged.values()


def test_periods_are_years_months_quarters_and_two_days() -> None:
    october_to_december = (Month(2026, 10), Month(2026, 11), Month(2026, 12))
    for text in ("Q4 2026", "2026-Q4", "2026 q4", "Q4/2026", "2026-10-01 to 2026-12-31"):
        assert months_of(text) == october_to_december
    assert months_of("2026-10") == october_to_december[:1]
    assert (len(months_of("2026")), months_of("2026")[0]) == (12, Month(2026, 1))
    for text in ("", "FY26", "Q5 2026", "until 2026-12-31", "2026-13", "x to y", "Q4 26"):
        assert months_of(text) == ()


def test_the_reason_of_a_resolution_tells_the_figures(stored: Stored) -> None:
    (finding,) = found(stored)
    earlier = stored.shuffled(list)
    earlier.change("jira:ERP-100", due=OCT_1)
    assert earlier.judge().gone_because(finding) == (
        "the savings of ERP savings can now bring EUR 1,840,000 of EUR 1,500,000"
    )
    lowered = stored.shuffled(list)
    lowered.objectives[1] = replace(lowered.objectives[1], values=())
    assert lowered.judge().gone_because(finding) == (
        "the objective states no such target any more, or its months are over"
    )
    unlinked = stored.shuffled(list)
    unlinked.links_ = []
    assert unlinked.judge().gone_because(finding) == "no saving is linked to ERP savings any more"


def test_the_reason_of_a_measurement_is_told_too(stored: Stored) -> None:
    measured(stored)
    (finding,) = found(stored)
    stored.change("kpi:K-1", target=None)
    assert stored.judge().gone_because(finding) == "its target is not stated any more, or its months are over"
    stored.remove("kpi:K-1")
    assert stored.judge().gone_because(finding) == "no rule links K-1 any more"
