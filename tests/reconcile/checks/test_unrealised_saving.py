"""I38: the work is done, and the saving that it was for books nothing."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Account, Finding
from model.links import Role
from model.money import Money, Month, MonthAmount
from model.objectives import Level, Objective
from model.records import Absence
from reconcile.check import Blind
from reconcile.checks.unrealised_saving import UnrealisedSaving
from reconcile.judgement import Judgement
from reconcile.options import ReconcileOptions
from tests.reconcile.world import DOING, DONE, Stored

JUN_1 = date(2026, 6, 1)
PLAN = {f"2026-{month:02}": 42_000 for month in range(6, 13)}
SAVING, BESIDE = "savings:M-220", "savings:M-221"


def cells(amounts: dict[str, int]) -> tuple[MonthAmount, ...]:
    return tuple(MonthAmount(Month.parse(month), Decimal(amount)) for month, amount in amounts.items())


def example_world() -> Stored:
    """M-220 plans and forecasts EUR 42,000 a month; ERP-70 ended on 1 June; June and July are booked with zero."""
    stored = Stored()
    stored.objectives = [
        Objective(id="COST", name="Cost", level=Level.PROGRAM, sponsor="Claire Dubois", controller="Renate Vogel")
    ]
    stored.work("ERP-70", JUN_1, category=DONE, finished=JUN_1)
    booked = cells({"2026-06": 0, "2026-07": 0})
    stored.saving("M-220", "ERP-70", JUN_1, PLAN, forecast=cells(PLAN), actual=booked, owner="Lena Brandt")
    stored.link(SAVING, "COST", Role.SAVES)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def judged(stored: Stored, **more: Any) -> Judgement:
    return stored.judge(with_checks={"unrealised-saving": UnrealisedSaving()}, **more)


def found(stored: Stored, **more: Any) -> list[Finding]:
    return list(judged(stored, **more).findings)


def test_a_saving_that_books_nothing_after_its_work_is_done_is_found(stored: Stored) -> None:
    """On 15 September June and July are over for more than 30 days: 2 x 42,000 = 84,000. August ended 15 days ago."""
    (finding,) = found(stored)
    assert finding.title == (
        "M-220 Saving M-220: the work is done since 1 Jun 2026, and nothing of EUR 84,000 planned from 2026-06 to "
        "2026-07 is booked"
    )
    assert finding.impact.full(Account.SAVINGS) == Decimal(84_000)
    assert (finding.owner, finding.decider) == ("Lena Brandt", "Renate Vogel")
    assert [(each.field, each.value) for each in finding.evidence] == [
        ("done", "ERP-70 finished on 1 Jun 2026"),
        ("plan.2026-06", "EUR 42,000"),
        ("actual.2026-06", "EUR 0"),
        ("plan.2026-07", "EUR 42,000"),
        ("actual.2026-07", "EUR 0"),
    ]
    assert finding.sources == ("jira", "savings")


def test_the_stage_gate_says_as_well_that_the_work_is_done(stored: Stored) -> None:
    stored.needs_.clear()
    assert found(stored) == []
    stored.change(SAVING, stage_gate="Umgesetzt")
    (finding,) = found(stored)
    assert finding.evidence[0].value == "its stage gate is Umgesetzt"
    options = ReconcileOptions.model_validate({"checks": {"unrealised-saving": {"implemented_stages": ["HG 5"]}}})
    assert found(stored, options=options) == []


def test_the_first_booked_effect_resolves_it(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change(SAVING, actual=cells({"2026-06": 0, "2026-07": 1}))
    assert found(stored) == []
    assert judged(stored).gone_because(finding) == "M-220 has booked its first effect"


@pytest.mark.parametrize(("day", "told"), [(date(2026, 7, 30), False), (date(2026, 7, 31), True)])
def test_a_month_is_judged_when_its_closing_days_are_over(stored: Stored, day: date, told: bool) -> None:
    """30 June + 30 days = 30 July."""
    assert bool(found(stored, today=day)) is told


def test_work_that_ends_within_a_month_is_judged_from_the_next_one_on(stored: Stored) -> None:
    stored.change("jira:ERP-70", finished=date(2026, 6, 2))
    (finding,) = found(stored)
    assert finding.impact.full(Account.SAVINGS) == Decimal(42_000)
    stored.change("jira:ERP-70", category=DOING)
    assert found(stored) == []
    assert judged(stored).gone_because(finding) == "the work for M-220 is not done any more"


def test_a_blank_month_is_unknown_until_the_source_has_booked_it_for_another_saving(stored: Stored) -> None:
    """M-221 has an actual for June, so that June is booked and July is not yet."""
    stored.change(SAVING, actual=())
    stored.saving("M-221", None, JUN_1, PLAN, actual=cells({"2026-06": 40_000}))
    assert found(stored) == []
    stored.link(BESIDE, "COST", Role.SAVES)
    (finding,) = found(stored)
    assert finding.impact.full(Account.SAVINGS) == Decimal(42_000)
    assert finding.evidence[2].value == "blank"


def test_a_run_rate_plans_a_365th_a_day(stored: Stored) -> None:
    """365,000 a year are 1,000 a day: 30 days of June and 31 of July."""
    stored.change(SAVING, plan=(), run_rate=Money(Decimal(365_000), "EUR"))
    (finding,) = found(stored)
    assert finding.impact.full(Account.SAVINGS) == Decimal(61_000)
    assert finding.evidence[1].field == "run_rate"


def test_a_source_without_actuals_is_blind(stored: Stored) -> None:
    stored.change(SAVING, actual=())
    assert judged(stored).blind["unrealised-saving"] == (Blind("no saving of savings has an actual", ("savings",)),)
    assert found(stored) == []


def test_an_enabler_out_of_sight_and_an_incomplete_source_hold(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.lose("jira:ERP-70", Absence.UNOBSERVED)
    assert finding.fingerprint in judged(stored).unjudged
    stored.absences_.clear()
    stored.cover("savings", complete=False)
    assert judged(stored).hold(finding, None) is not None
    stored.change(SAVING, plan=())
    assert judged(stored).gone_because(finding) == "M-220 plans nothing any more for the months since 1 Jun 2026"
    stored.remove(SAVING)
    assert judged(stored).gone_because(finding) == "no rule links M-220 any more"


def test_a_zero_that_no_forecast_contradicts_is_a_value_slip_and_told_as_one(stored: Stored) -> None:
    stored.change(SAVING, forecast=())
    assert found(stored) == []
    assert {each.check for each in stored.judge().findings if SAVING in each.subjects} == {"value-slip"}
    stored.change(SAVING, forecast=cells({"2026-06": 0, "2026-07": 42_000}))
    (finding,) = found(stored)
    assert finding.impact.full(Account.SAVINGS) == Decimal(42_000)
