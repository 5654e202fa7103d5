"""Dates, amounts, lights and counts, of each kind of subject, with the figures calculated by hand."""

from datetime import date
from decimal import Decimal

import pytest

from model.findings import Account, Severity
from model.links import Role
from model.money import Money, Month, MonthAmount
from model.objectives import Baseline, Level, Objective, Tolerance, Value
from model.records import Absence, Light, Measurement, Outcome
from reconcile.custom.definition import Relation, Subject
from reconcile.custom.definition import Tolerance as Allowed
from tests.reconcile.custom.defining import BELOW, SEP_30, defined, found, judged, savings, texts
from tests.reconcile.world import DONE, Stored


def test_the_sum_of_the_savings_of_an_objective_and_of_all_below_it_is_compared_with_its_value(stored: Stored) -> None:
    savings(stored, S1=50_000, S2=40_000)
    (finding,) = found(stored, BELOW)
    assert finding.title == "M-1 Licences: EUR 90,000, EUR 100,000, EUR 10,000"
    # Each saving plans 60,000: the first falls 10,000 short of it, the second 20,000.
    assert finding.impact.full(Account.SAVINGS) == 30_000
    assert finding.decider == "Cora"
    assert {each.key for each in finding.evidence} == {"S1", "S2", "M-1"}
    assert finding.sources == ("savings",)


@pytest.mark.parametrize(("percent", "told"), [("10", 0), ("9.99", 1)])
def test_a_share_is_tolerated_of_what_it_is_compared_with(stored: Stored, percent: str, told: int) -> None:
    savings(stored, S1=50_000, S2=40_000)  # 10,000 of 100,000 are missing: exactly 10 %
    allowed = Allowed(Decimal(percent), percent=True)
    definition = defined(Subject.OBJECTIVE, "sum(saving.forecast)", Relation.AT_LEAST, "value", tolerance=allowed)
    assert len(found(stored, definition)) == told


def test_no_percentage_is_taken_of_nothing(stored: Stored) -> None:
    savings(stored, S1=-10)
    allowed = Allowed(Decimal(5), percent=True)
    definition = defined(Subject.OBJECTIVE, "sum(saving.forecast)", Relation.AT_LEAST, "0 EUR", tolerance=allowed)
    judgement = judged(stored, definition)
    assert judgement.findings == ()
    assert "0 EUR is zero, of which no percentage can be taken" in judgement.unjudged.values()


def test_a_saving_without_a_forecast_leaves_the_sum_unknown_and_is_never_zero(stored: Stored) -> None:
    savings(stored, S1=50_000, S2=None)
    judgement = judged(stored, BELOW)
    assert judgement.findings == ()
    assert set(judgement.unjudged.values()) == {"S2 says nothing of it"}


def test_money_without_a_rate_is_unknown_and_another_currency_is_converted(stored: Stored) -> None:
    at_least = defined(Subject.DEAL, "amount", Relation.AT_LEAST, "450000 EUR")
    stored.change("salesforce:D-1", amount=Money(Decimal(480_000), "USD"))
    assert texts(stored, at_least) == ["D-1 Deal D-1: EUR 432,000, EUR 450,000, EUR 18,000"]  # at 0.9
    stored.change("salesforce:D-1", amount=Money(Decimal(480_000), "GBP"))
    assert set(judged(stored, at_least).unjudged.values()) == {"D-1 is in GBP, which has no rate"}


def test_the_value_of_an_account_is_named_where_there_are_several(stored: Stored) -> None:
    savings(stored, S1=50_000)
    october = (MonthAmount(Month(2026, 10), Decimal(70_000)),)
    stored.objectives[1] = Objective(
        id="M-1",
        name="Licences",
        level=Level.MEASURE,
        values=(Value("Savings", "EUR", october), Value("revenue", "EUR", october)),
    )
    assert "several accounts" in next(iter(judged(stored, BELOW).unjudged.values()))
    named = defined(Subject.OBJECTIVE, "sum(saving.forecast)", Relation.AT_LEAST, "value(savings)")
    assert texts(stored, named) == ["M-1 Licences: EUR 50,000, EUR 70,000, EUR 20,000"]


def test_a_light_that_is_reported_better_than_the_work_says(stored: Stored) -> None:
    honest = defined(Subject.OBJECTIVE, "light", Relation.NOT_BETTER, "derived_light", severity=Severity.MAJOR)

    def told(light: Light | None, due: date, tolerated: int = 0) -> list[str]:
        world = Stored()
        world.objectives = [
            Objective(
                id="M-1",
                name="Aurora",
                level=Level.MEASURE,
                implementation=light,
                baselines=(Baseline(SEP_30),),
                tolerance=Tolerance(tolerated),
            )
        ]
        world.link(world.work("A-1", due), "M-1", Role.DELIVERS)
        world.cover("jira")
        return texts(world, honest)

    assert told(Light.GREEN, SEP_30) == []
    assert told(Light.GREEN, date(2026, 10, 1)) == ["M-1: green, red"]
    assert told(Light.GREEN, date(2026, 10, 8), tolerated=8) == ["M-1: green, yellow"]
    assert told(Light.GREEN, date(2026, 10, 9), tolerated=8) == ["M-1: green, red"]
    assert told(Light.YELLOW, date(2026, 10, 9)) == ["M-1: yellow, red"]
    assert told(Light.RED, date(2026, 10, 9)) == []
    assert told(Light.GREY, date(2026, 10, 9)) == []
    assert told(None, date(2026, 10, 9)) == []
    assert told(Light.GREEN, date(2026, 9, 1)) == ["M-1: green, red"]  # open and overdue


def test_open_work_is_counted_below_the_objective_too(stored: Stored) -> None:
    for key, due, category in (("A-1", None, "todo"), ("A-2", SEP_30, "doing"), ("A-3", None, DONE)):
        stored.link(stored.work(key, due, category=category), "M-1", Role.DELIVERS)
    many = defined(Subject.OBJECTIVE, "open_work", Relation.AT_MOST, "1", text="{key} {claim} {difference}")
    assert texts(stored, many) == ["M-1 2 1", "ORG 2 1"]
    undated = defined(Subject.OBJECTIVE, "undated_work", Relation.AT_MOST, "0", text="{key} {claim}")
    assert texts(stored, undated) == ["M-1 1", "ORG 1"]


def test_deals_are_counted_once_and_lost_ones_not_at_all(stored: Stored) -> None:
    stored.link("salesforce:D-1", "ORG")
    stored.link(stored.deal("D-2", "R1", None, outcome=Outcome.LOST), "M-1")
    few = defined(Subject.OBJECTIVE, "count(deal)", Relation.AT_LEAST, "2", text="{key} {claim}")
    assert texts(stored, few) == ["M-1 1", "ORG 1"]
    total = defined(Subject.OBJECTIVE, "sum(deal.amount)", Relation.AT_MOST, "1000 EUR", text="{key} {claim}")
    assert texts(stored, total) == ["M-1 EUR 480,000", "ORG EUR 480,000"]
    first = defined(Subject.OBJECTIVE, "earliest(deal.promised_date)", Relation.NOT_BEFORE, "target", text="{key}")
    assert texts(stored, first) == []
    stored.change("salesforce:D-1", promised_date=date(2026, 9, 29))
    assert texts(stored, first) == ["M-1"]


def test_a_sum_with_a_record_out_of_sight_is_not_judged(stored: Stored) -> None:
    total = defined(Subject.OBJECTIVE, "sum(deal.amount)", Relation.AT_MOST, "1000 EUR")
    earlier = found(stored, total)
    stored.lose("salesforce:D-1", Absence.UNOBSERVED)
    judgement = judged(stored, total)
    assert judgement.findings == ()
    assert judgement.unjudged == {each.fingerprint: "D-1 cannot be seen" for each in earlier}
    assert len(earlier) == 2


def test_an_extra_field_is_compared_as_what_the_other_side_is(stored: Stored) -> None:
    live = defined(Subject.DEAL, "fields.Go live", Relation.NOT_BEFORE, "forecast")
    stored.change("salesforce:D-1", custom={"Go live": SEP_30})
    assert texts(stored, live) == ["D-1 Deal D-1: 30 Sep 2026, 16 Nov 2026, 47 days"]
    stored.change("salesforce:D-1", custom={"Go live": "soon"})
    assert set(judged(stored, live).unjudged.values()) == {"Go live of D-1 is no date"}
    amount = defined(Subject.DEAL, "fields.Recurring", Relation.AT_LEAST, "100000 EUR")
    stored.change("salesforce:D-1", custom={"Recurring": Decimal(90_000)})
    assert texts(stored, amount) == ["D-1 Deal D-1: EUR 90,000, EUR 100,000, EUR 10,000"]


def test_savings_releases_work_and_measurements_can_be_judged_as_well(stored: Stored) -> None:
    saving = stored.saving("S-1", "R1", date(2026, 10, 1), {"2026-10": 310, "2026-11": 300, "2026-12": 310})
    stored.link(saving, "M-1", Role.SAVES)
    start = defined(
        Subject.SAVING, "planned_start", Relation.NOT_BEFORE, "possible_start", impact=Account.SAVINGS, text="{money}"
    )
    # 1 Oct to 16 Nov: October whole, and 15 of 30 days of November: 310 + 150.
    assert texts(stored, start) == ["EUR 460"]
    stored.work("A-1", date(2026, 12, 1), releases=("R1",))
    shipped = defined(Subject.RELEASE, "release_date", Relation.NOT_BEFORE, "forecast", text="{key} {difference}")
    assert texts(stored, shipped) == ["R1 15 days"]
    inside = defined(Subject.RELEASE, "open_work", Relation.AT_MOST, "0", text="{key} {claim}")
    assert texts(stored, inside) == ["R1 1"]
    stored.need("jira:A-1", "R1")
    due = defined(Subject.WORK_ITEM, "due", Relation.NOT_AFTER, "today + 30d", text="{key} {against}")
    assert texts(stored, due) == ["A-1 15 Oct 2026"]
    kpi = stored.add(
        Measurement(source="bi", native_id="K", key="K", title="NPS", value=Decimal(30), target=Decimal(40))
    )
    stored.link(kpi, "M-1", Role.MEASURES)
    low = defined(Subject.MEASUREMENT, "value", Relation.AT_LEAST, "target", text="{title} {difference} of {source}")
    assert texts(stored, low) == ["NPS 10 of bi"]
