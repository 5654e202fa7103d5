"""F5.1: savings that are booked before their enabler can deliver them."""

from datetime import date
from decimal import Decimal

import pytest

from model.findings import Account, Slip, Triage
from model.money import Money, Month, MonthAmount
from model.objectives import Level, Objective, Tolerance
from model.records import Absence
from tests.reconcile.world import DOING, DONE, DROPPED, Stored

OCT_1 = date(2026, 10, 1)


def story_world() -> Stored:
    """The rehearsal slipped to 15 October; the go-live takes 7 days after it, until 22 October."""
    stored = Stored()
    stored.objectives = [
        Objective(id="COST", name="Cost", level=Level.PORTFOLIO, sponsor="Claire Dubois", controller="Renate Vogel"),
        Objective(id="M-201", name="Bundle volumes", level=Level.MEASURE, parent="COST"),
    ]
    stored.work("ERP-90", date(2026, 10, 15), category=DOING)
    stored.work("ERP-100", OCT_1, start=date(2026, 9, 24))
    stored.need("jira:ERP-100", "ERP-90")
    stored.saving("M-201", "ERP-100", OCT_1, {"2026-10": 620_000, "2026-11": 600_000, "2026-12": 620_000})
    stored.link("savings:M-201", "M-201")
    return stored


@pytest.fixture
def stored() -> Stored:
    return story_world()


def found(stored: Stored):
    return [finding for finding in stored.judge().findings if finding.check == "early-saving"]


def periods(finding) -> dict[str, Decimal]:
    return {amount.period: amount.full.amount for share in finding.impact.shares for amount in share.amounts}


def test_a_plan_before_the_possible_start_is_found_with_what_cannot_come(stored):
    """1 to 21 October are 21 of 31 days: 620,000 x 21 / 31 = 420,000."""
    (finding,) = found(stored)

    assert finding.title == (
        "M-201 Saving M-201 is booked from 1 Oct 2026; ERP-100 makes it possible from 22 Oct 2026 (21 days later)"
    )
    assert finding.impact.days == 21
    assert periods(finding) == {"2026-10": Decimal(420_000)}
    assert finding.cause == "jira:ERP-90"
    assert [(step.key, step.says) for step in finding.chain] == [
        ("M-201", "booked from 1 Oct 2026; waits for ERP-100"),
        ("ERP-100", "waits for ERP-90, then takes 7 days"),
        ("ERP-90", "due 15 Oct 2026"),
    ]
    assert (finding.decider, finding.decide_by) == ("Claire Dubois", date(2026, 9, 17))
    assert finding.sources == ("jira", "savings")
    assert finding.advice == (
        "EUR 420,000 cannot come: book the saving from 22 Oct 2026 (Renate Vogel confirms the amount), "
        "or bring ERP-90 forward by 21 days."
    )


def test_the_cells_of_the_lost_months_are_evidence_and_no_others(stored):
    (finding,) = found(stored)

    cells = {(each.field, each.value, each.where) for each in finding.evidence if each.key == "M-201"}
    assert ("plan.2026-10", "EUR 620,000", "savings.xlsx!Tracker!2026-10") in cells
    assert ("planned_start", "2026-10-01", "savings.xlsx!Tracker!D7") in cells
    assert not {field for field, _, _ in cells} & {"plan.2026-11", "plan.2026-12"}


def effects(finding) -> dict[str, str]:
    return {each.field: each.value for each in finding.evidence if each.field.startswith("effect in")}


def test_a_loss_from_fifteen_percent_on_is_a_value_slip_for_triage(stored):
    """I1: 420,000 of 1,840,000 are 22.8 %, of October alone 67.7 %; 3 of the 74 days from 19 October on are 4.1 %."""
    (finding,) = found(stored)
    assert finding.triage == Triage(Slip.VALUE, Decimal("22.8"))

    stored.change("savings:M-201", plan=(MonthAmount(Month(2026, 10), Decimal(620_000)),))
    assert [each.triage for each in found(stored)] == [Triage(Slip.VALUE, Decimal("67.7"))]
    stored.change("savings:M-201", planned_start=date(2026, 10, 19), plan=(), run_rate=Money(Decimal(365), "EUR"))
    assert [(each.impact.days, each.triage) for each in found(stored)] == [(3, None)]


def test_exactly_the_trigger_fires(stored):
    """21 of 140 days of a run-rate from 14 August to the year's end: 15 %; one day more is less."""
    stored.change("savings:M-201", plan=(), run_rate=Money(Decimal(365_000), "EUR"), planned_start=date(2026, 8, 14))
    stored.change("jira:ERP-90", due=date(2026, 8, 28))
    stored.change("jira:ERP-100", start=date(2026, 8, 14), due=date(2026, 9, 4), category=DOING)
    early = found_on(stored, date(2026, 8, 1))
    assert [(each.impact.days, each.triage) for each in early] == [(21, Triage(Slip.VALUE, Decimal("15.0")))]
    stored.change("savings:M-201", planned_start=date(2026, 8, 15))
    assert [(each.impact.days, each.triage) for each in found_on(stored, date(2026, 8, 1))] == [(20, None)]


def found_on(stored: Stored, today: date):
    return [finding for finding in stored.judge(today=today).findings if finding.check == "early-saving"]


def test_each_year_is_shown_with_what_it_still_gets(stored):
    (finding,) = found(stored)
    assert effects(finding) == {
        "effect in 2026": "EUR 1,420,000 of EUR 1,840,000 planned, late within the year (yellow)"
    }

    stored.change("jira:ERP-90", due=date(2027, 1, 3))
    stored.change("savings:M-201", plan=(), run_rate=Money(Decimal(365_000), "EUR"))
    (finding,) = found(stored)
    assert effects(finding) == {
        "effect in 2026": "EUR 0 of EUR 92,000 planned, not reached (red)",
        "effect in 2027": "EUR 356,000 of EUR 365,000 planned, not reached (red)",
    }


def test_money_without_a_rate_is_shown_and_weighed_in_its_own_currency(stored):
    stored.change("savings:M-201", currency="CHF")
    (finding,) = found(stored)
    assert finding.triage == Triage(Slip.VALUE, Decimal("22.8"))
    assert effects(finding)["effect in 2026"].startswith("CHF 1,420,000 of CHF 1,840,000")


def test_a_plan_that_begins_with_the_possible_start_is_kept(stored):
    stored.change("savings:M-201", planned_start=date(2026, 10, 22))
    assert found(stored) == []

    stored.change("savings:M-201", planned_start=date(2026, 10, 21))
    assert [finding.impact.days for finding in found(stored)] == [1]


def test_the_lag_of_the_enabler_delays_the_saving(stored):
    """22 October + 14 days = 5 November: all of October and 4 of 30 days of November."""
    stored.needs_ = [("jira:ERP-100", "ERP-90", 0), ("savings:M-201", "ERP-100", 14)]
    (finding,) = found(stored)

    assert finding.impact.days == 35
    assert periods(finding) == {"2026-10": Decimal(620_000), "2026-11": Decimal(80_000)}


def test_a_run_rate_stands_in_for_missing_months(stored):
    """730,000 a year is 2,000 a day: 21 days."""
    stored.change("savings:M-201", plan=(), run_rate=Money(Decimal(730_000), "EUR"))
    (finding,) = found(stored)

    assert periods(finding) == {"2026-10": Decimal(42_000)}
    assert ("run_rate", "EUR 730,000") in {(each.field, each.value) for each in finding.evidence}


def test_a_plan_that_books_nothing_in_the_gap_is_no_finding(stored):
    stored.saving("M-205", "ERP-100", OCT_1, {"2026-11": 500_000})

    assert {finding.subjects for finding in found(stored)} == {("savings:M-201",)}


def test_a_saving_without_any_amount_is_found_unpriced(stored):
    """A blank amount is not zero."""
    stored.change("savings:M-201", plan=())
    (finding,) = found(stored)

    assert not finding.impact.priced
    assert finding.impact.days == 21


def test_an_enabler_that_nothing_supports_costs_the_rest_of_the_year(stored):
    stored.change("jira:ERP-90", category=DROPPED)
    (finding,) = found(stored)

    assert finding.impact.days is None
    assert finding.impact.full(Account.SAVINGS) == Decimal(1_840_000)
    assert finding.title == (
        "M-201 Saving M-201 is booked from 1 Oct 2026, but nothing supports its enabler: ERP-90 was cancelled; "
        "the plan is counted to 31 Dec 2026"
    )


def test_an_enabler_that_is_finished_holds_nothing_up(stored):
    stored.change("jira:ERP-100", category=DONE, finished=date(2026, 9, 14))

    assert found(stored) == []


def test_an_enabler_that_was_overdue_supports_nothing(stored):
    stored.change("jira:ERP-90", due=date(2026, 9, 1))

    assert [finding.forecast.says for finding in found(stored)] == ["was due 1 Sep 2026 and is 14 days overdue"]


def test_inside_the_tolerance_only_a_gap_across_a_quarter_end_is_told(stored):
    stored.objectives[1] = Objective(
        id="M-201", name="Bundle", level=Level.MEASURE, parent="COST", owner="Lena", tolerance=Tolerance(days=30)
    )
    assert found(stored) == []

    stored.change("savings:M-201", planned_start=date(2026, 9, 30), plan=(), run_rate=Money(Decimal(365), "EUR"))
    (finding,) = found(stored)
    assert periods(finding) == {"2026-09": Decimal(1), "2026-10": Decimal(21)}
    assert finding.decider == "Lena"


def test_a_saving_without_an_enabler_or_without_a_start_says_nothing(stored):
    stored.needs_ = []
    assert found(stored) == []

    stored.needs_ = [("savings:M-201", "ERP-100", 0)]
    stored.change("savings:M-201", planned_start=None, plan=())
    assert found(stored) == []


def test_a_saving_whose_enabler_cannot_be_seen_is_not_judged(stored):
    stored.lose("jira:ERP-90", Absence.UNOBSERVED)
    judgement = stored.judge()

    assert [each for each in judgement.findings if not each.upkeep] == []
    assert "ERP-90 was not seen in the last reading" in judgement.unjudged.values()


def test_the_reason_of_a_resolution_says_what_moved(stored):
    (finding,) = found(stored)

    later = stored.shuffled(list)
    later.change("savings:M-201", planned_start=date(2026, 11, 1))
    assert later.judge().gone_because(finding) == "the planned start moved from 1 Oct 2026 to 1 Nov 2026"
    earlier = stored.shuffled(list)
    earlier.change("jira:ERP-90", due=date(2026, 9, 24))
    assert earlier.judge().gone_because(finding) == "ERP-100 now says 1 Oct 2026"
    gone = stored.shuffled(list)
    gone.remove("savings:M-201")
    assert gone.judge().gone_because(finding) == "no rule links M-201 any more"
