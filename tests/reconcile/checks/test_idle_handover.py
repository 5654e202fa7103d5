"""I37: handoffs ignored; what was waited for is done, and what waited has not begun for so many working days."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from model.findings import Account, Finding, Severity
from model.links import Role
from model.money import Month, MonthAmount
from model.objectives import Level, Objective, Value
from model.records import Absence
from reconcile.checks.idle_handover import IdleHandoverOptions
from reconcile.options import ChecksOptions, ReconcileOptions
from tests.reconcile.world import DOING, DONE, DROPPED, TODAY, Stored

AUG_24 = date(2026, 8, 24)
"""A Monday, 22 days and 16 working days before 15 September 2026."""
CUT_OVER = "jira:ERP-100"


def example_world() -> Stored:
    """Master data is finished; the cut-over that needs it is due on 28 September and has not begun. A saving waits."""
    stored = Stored()
    stored.objectives = [Objective(id="ERP", name="ERP go-live", level=Level.PROJECT, owner="jonas")]
    stored.work("ERP-90", category=DONE, finished=AUG_24)
    stored.work("ERP-100", date(2026, 9, 28), owner="lena")
    stored.need(CUT_OVER, "ERP-90")
    stored.link(CUT_OVER, "ERP", Role.DELIVERS)
    plan = {f"{2026 + (8 + month) // 12}-{(8 + month) % 12 + 1:02}": 100_000 for month in range(12)}
    stored.link(stored.saving("M-1", "ERP-100", date(2026, 9, 29), plan), "ERP", Role.SAVES)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored, **more: object) -> list[Finding]:
    return [each for each in stored.judge(**more).findings if each.check == "idle-handover"]  # type: ignore[arg-type]


def test_work_that_could_begin_three_weeks_ago_is_found_with_what_these_days_are_worth(stored: Stored) -> None:
    """24 August to 15 September are 22 days; 12 x 100,000 a year x 22 / 365 = 72,328.767."""
    (finding,) = found(stored)
    assert finding.subjects == (CUT_OVER,)
    assert finding.title == (
        "ERP-100 could begin on 24 Aug 2026 and has not begun; ERP-90 finished on 24 Aug 2026 (22 days without work "
        "on it)"
    )
    assert finding.impact.days is None  # nothing is late by that
    assert finding.impact.full(Account.SAVINGS) == Decimal("72328.77")
    assert (finding.owner, finding.decider, finding.objective_ids) == ("lena", "lena", ("ERP",))
    assert [(each.key, each.field, each.value) for each in finding.evidence][:2] == [
        ("ERP-90", "finished", "2026-08-24"),
        ("ERP-100", "could begin", "2026-08-24"),
    ]
    assert finding.severity is Severity.MINOR
    assert finding.sources == ("jira",)


def test_the_tenth_working_day_is_still_in_time(stored: Stored) -> None:
    """Tuesday 1 September and ten working days: Tuesday the 15th."""
    stored.change("jira:ERP-90", finished=date(2026, 9, 1))
    assert found(stored) == []
    stored.change("jira:ERP-90", finished=date(2026, 8, 31))
    assert ["(15 days" in each.title for each in found(stored)] == [True]
    checks = ChecksOptions.model_validate({"idle-handover": IdleHandoverOptions(working_days=11)})
    assert found(stored, options=ReconcileOptions(checks=checks)) == []


@pytest.mark.parametrize("category", [DOING, DONE, DROPPED])
def test_what_has_begun_or_ended_is_not_idle(stored: Stored, category: object) -> None:
    stored.change(CUT_OVER, category=category, finished=TODAY)
    assert found(stored) == []


def test_something_has_begun_when_work_in_it_has(stored: Stored) -> None:
    part = stored.work("ERP-101", parent="ERP-100")
    assert len(found(stored)) == 1
    stored.change(part, category=DONE, finished=TODAY)
    assert found(stored) == []


def test_a_planned_start_and_a_lag_give_time(stored: Stored) -> None:
    stored.change(CUT_OVER, start=date(2026, 9, 2))
    assert found(stored) == []
    stored.change(CUT_OVER, start=date(2026, 8, 31))
    assert ["(15 days" in each.title for each in found(stored)] == [True]
    stored.change(CUT_OVER, start=None)
    stored.needs_[0] = (CUT_OVER, "ERP-90", 14)  # from 7 September on
    assert found(stored) == []


def test_everything_that_it_needs_must_be_there_and_the_last_counts(stored: Stored) -> None:
    stored.work("ERP-95", category=DOING)
    stored.need(CUT_OVER, "ERP-95")
    assert found(stored) == []
    stored.change("jira:ERP-95", category=DONE, finished=date(2026, 8, 27))
    (finding,) = found(stored)
    assert ("(19 days" in finding.title, finding.commitment and finding.commitment.key) == (True, "ERP-95")


def test_without_a_planned_start_only_what_is_to_finish_soon_is_told(stored: Stored) -> None:
    stored.change(CUT_OVER, due=TODAY + timedelta(14))
    assert len(found(stored)) == 1
    stored.change(CUT_OVER, due=TODAY + timedelta(15))
    assert found(stored) == []
    stored.change(CUT_OVER, due=None)
    assert len(found(stored)) == 1  # the saving needs it by 29 September
    stored.change("savings:M-1", planned_start=TODAY + timedelta(16), plan=())
    assert found(stored) == []
    stored.change(CUT_OVER, due=TODAY - timedelta(1))
    assert len(found(stored)) == 1


def test_an_objective_receives_too_and_brings_its_own_value(stored: Stored) -> None:
    """The value plans 36,500 in its first year: 100 a day, 22 days."""
    months = (MonthAmount(Month(2026, 10), Decimal(36_500)), MonthAmount(Month(2027, 10), Decimal(9)))
    stored.objectives.append(
        Objective(
            id="ROLL",
            name="Roll-out",
            level=Level.PROJECT,
            owner="martin",
            target=date(2026, 10, 1),
            values=(Value("revenue", "EUR", months),),
        )
    )
    stored.need("objective:ROLL", "ERP-90")
    (finding,) = (each for each in found(stored) if each.subjects == ("objective:ROLL",))
    assert finding.impact.full(Account.REVENUE) == Decimal(2_200)
    assert (finding.owner, finding.forecast and finding.forecast.system) == ("martin", "objectives")


def test_what_is_out_of_sight_or_was_finished_nobody_knows_when_holds(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("jira:ERP-90", finished=None)
    judgement = stored.judge()
    assert found(stored) == []
    assert judgement.unjudged[finding.fingerprint] == "nobody knows on which day ERP-90 was finished"
    stored.lose("jira:ERP-90", Absence.UNOBSERVED)
    assert stored.judge().unjudged[finding.fingerprint] == "ERP-90 was not seen in the last reading"

    stored = example_world()
    stored.change(CUT_OVER, category=DOING)
    stored.cover("jira", complete=False)
    hold = stored.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: jira")


def test_the_reason_of_a_resolution_says_what_happened(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change(CUT_OVER, start=TODAY)
    assert stored.judge().gone_because(finding) == "ERP-100 is planned for later, or waits again"
    stored.change(CUT_OVER, category=DOING)
    assert stored.judge().gone_because(finding) == "ERP-100 has begun"
    stored.change(CUT_OVER, category=DONE, finished=TODAY)
    assert stored.judge().gone_because(finding) == "ERP-100 finished on 15 Sep 2026"
    stored.needs_ = []
    assert stored.judge().gone_because(finding) == "ERP-100 needs nothing any more"
    stored.remove(CUT_OVER)
    assert stored.judge().gone_because(finding) == "ERP-100 is not in the plan any more"


def test_where_nothing_says_what_it_needs_the_check_is_blind(stored: Stored) -> None:
    assert "idle-handover" not in stored.judge().blind
    stored.needs_ = []
    assert [each.reason for each in stored.judge().blind["idle-handover"]] == [
        "no work, release or objective says what it needs"
    ]
