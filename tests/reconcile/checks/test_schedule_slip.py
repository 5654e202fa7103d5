"""I1, design 5.7: slips against the baseline in force, judged cumulatively; the original baseline is kept and shown."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.findings import Account, Finding, Slip, Triage
from model.links import Role
from model.money import Month, MonthAmount
from model.objectives import Baseline, Level, Objective, StageGate, Tolerance
from model.records import Absence, Revision, Saving
from reconcile.check import Blind
from reconcile.checks import checks
from reconcile.options import ReconcileOptions
from tests.reconcile.world import DOING, DONE, YESTERDAY, Stored

OCT_1, OCT_22, NOV_5 = date(2026, 10, 1), date(2026, 10, 22), date(2026, 11, 5)
APPROVED = date(2026, 2, 16)
"""227 days before 1 October 2026."""


def erp() -> Stored:
    """The go-live was approved in February for 1 October; its work now says 5 November. A saving waits for it."""
    stored = Stored()
    stored.objectives = [
        Objective(id="COST", name="Cost", level=Level.PORTFOLIO, sponsor="Claire Dubois", controller="Renate Vogel"),
        Objective(
            id="ERP",
            name="ERP go-live",
            level=Level.PROJECT,
            parent="COST",
            owner="Jonas Weber",
            baselines=(Baseline(OCT_1, "Claire Dubois", APPROVED),),
            location="objectives.yaml:7",
        ),
        Objective(id="M-201", name="Bundle volumes", level=Level.MEASURE, parent="ERP"),
    ]
    stored.work("ERP-100", NOV_5, category=DOING)
    stored.work("ERP-110", date(2026, 9, 20), category=DOING)
    stored.need("jira:ERP-110", "ERP-100")
    stored.link("jira:ERP-100", "ERP", Role.DELIVERS)
    stored.saving("M-201", "ERP-100", OCT_1, {"2026-10": 620_000, "2026-11": 600_000})
    stored.link("savings:M-201", "M-201", Role.SAVES)
    return stored


@pytest.fixture
def stored() -> Stored:
    return erp()


def found(stored: Stored, **more: object) -> list[Finding]:
    return [each for each in stored.judge(**more).findings if each.check == "schedule-slip"]  # type: ignore[arg-type]


def of_objective(stored: Stored) -> list[Finding]:
    return [each for each in found(stored) if each.subjects == ("objective:ERP",)]


def test_a_target_that_the_work_no_longer_supports_is_found_with_the_trigger_that_fired(stored: Stored) -> None:
    """1 October to 5 November are 35 days; 35 of 227 are 15.418 %. October is lost and 4 of 30 days of November."""
    (finding,) = found(stored)
    assert finding.title == (
        "ERP go-live is to be reached by 1 Oct 2026; the work now says 5 Nov 2026 (35 days later), "
        "a schedule slip of 15.4 %"
    )
    assert finding.triage == Triage(Slip.SCHEDULE, Decimal("15.4"))
    assert finding.impact.days == 35
    assert finding.impact.full(Account.SAVINGS) == Decimal(620_000 + 80_000)
    assert (finding.cause, finding.objective_ids) == ("jira:ERP-100", ("ERP",))
    assert (finding.owner, finding.decider, finding.decide_by) == (
        "Jonas Weber",
        "Claire Dubois",
        date(2026, 9, 17),
    )
    assert finding.advice == "Bring ERP-100 forward by 35 days, or have a new baseline approved."
    assert [(each.key, each.field, each.value, each.where) for each in finding.evidence[:1]] == [
        ("ERP", "baseline", "2026-10-01, approved by Claire Dubois on 16 Feb 2026", "objectives.yaml:7")
    ]
    assert [(step.key, step.says) for step in finding.chain] == [
        ("ERP go-live", "baseline 1 Oct 2026; waits for ERP-100"),
        ("ERP-100", "due 5 Nov 2026"),
    ]
    assert finding.sources == ("jira",)


def test_the_trigger_fires_at_fifteen_percent_and_not_before(stored: Stored) -> None:
    """From 23 June to 1 October are 100 days: 15 days late are 15 %, 14 are not."""
    stored.objectives[1] = replace(stored.objectives[1], baselines=(Baseline(OCT_1, None, date(2026, 6, 23)),))
    stored.change("jira:ERP-100", due=date(2026, 10, 16))
    assert [each.triage for each in of_objective(stored)] == [Triage(Slip.SCHEDULE, Decimal("15.0"))]
    stored.change("jira:ERP-100", due=date(2026, 10, 15))
    assert [each.triage for each in of_objective(stored)] == [None]


def test_a_slip_below_the_trigger_is_told_without_it(stored: Stored) -> None:
    """21 of 227 days are 9.25 %."""
    stored.change("jira:ERP-100", due=OCT_22)
    (finding,) = found(stored)
    assert finding.title.endswith("(21 days later), a schedule slip of 9.2 %")
    assert finding.triage is None
    options = ReconcileOptions.model_validate({"checks": {"schedule-slip": {"triage_percent": 9}}})
    assert [each.triage for each in found(stored, options=options)] == [Triage(Slip.SCHEDULE, Decimal("9.2"))]


def test_the_same_day_is_on_time_and_inside_the_tolerance_is_no_slip(stored: Stored) -> None:
    stored.change("jira:ERP-100", due=OCT_1)
    assert found(stored) == []
    stored.change("jira:ERP-100", due=date(2026, 10, 6))
    stored.objectives[1] = replace(stored.objectives[1], tolerance=Tolerance(days=5))
    assert found(stored) == []
    stored.change("jira:ERP-100", due=date(2026, 10, 7))
    assert [each.impact.days for each in found(stored)] == [6]


def test_small_moves_add_up_and_the_original_baseline_is_kept(stored: Stored) -> None:
    """Against the new baseline of 22 October 14 days of 248 are 5.6 %; the original lies 35 days back."""
    baselines = (Baseline(OCT_1, "Claire Dubois", APPROVED), Baseline(OCT_22, "Claire Dubois", date(2026, 8, 3)))
    stored.objectives[1] = replace(stored.objectives[1], baselines=baselines)
    (finding,) = of_objective(stored)
    assert finding.title.endswith(
        "(14 days later), a schedule slip of 5.6 %; 35 days later than the original of 1 Oct 2026"
    )
    assert [each.field for each in finding.evidence[:2]] == ["original baseline", "baseline"]


def test_without_a_dated_approval_no_percentage_is_computed_and_that_is_said(stored: Stored) -> None:
    stored.objectives[1] = replace(stored.objectives[1], baselines=(), target=OCT_1)
    (finding,) = of_objective(stored)
    assert finding.title.endswith("(35 days later); no approval is dated, so that the slip has no percentage")
    assert finding.triage is None
    assert finding.evidence[0].field == "target"


def test_a_passed_target_whose_open_work_has_no_date_that_holds_counts_up_to_today(stored: Stored) -> None:
    """1 to 15 September are 14 days of 197; the work was due on the 10th."""
    stored.objectives[1] = replace(
        stored.objectives[1], baselines=(Baseline(date(2026, 9, 1), "Claire Dubois", APPROVED),)
    )
    stored.change("jira:ERP-100", due=date(2026, 9, 10))
    (finding,) = of_objective(stored)
    assert finding.title == (
        "ERP go-live is to be reached by 1 Sep 2026, which has passed, and its open work has no date that holds "
        "(at least 14 days later), a schedule slip of 7.1 %"
    )
    assert finding.impact.days is None
    assert finding.advice == "Give ERP-100 a date that holds, or have a new baseline approved."


def test_work_without_a_date_before_the_target_cannot_be_judged(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("jira:ERP-100", due=None)
    judgement = stored.judge()
    assert judgement.unjudged[finding.fingerprint] == "ERP-100 has no date"
    hold = judgement.hold(finding, None)
    assert hold is not None
    assert hold.because == "ERP-100 has no date"


def test_work_that_is_out_of_sight_is_not_judged(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.lose("jira:ERP-100", Absence.UNOBSERVED)
    assert stored.judge().unjudged[finding.fingerprint] == "ERP-100 was not seen in the last reading"


def test_while_a_source_is_not_completely_read_a_slip_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("jira:ERP-100", due=OCT_1)
    stored.cover("jira", complete=False)
    hold = stored.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: jira")


@pytest.mark.parametrize("gate", [StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD])
def test_an_objective_that_is_over_or_at_rest_has_no_slip(stored: Stored, gate: StageGate) -> None:
    (finding,) = found(stored)
    stored.objectives[1] = replace(stored.objectives[1], stage_gate=gate, stage_reason="decided")
    assert found(stored) == []
    assert stored.judge().gone_because(finding) == f"ERP go-live is {gate.value.replace('_', ' ')}"


def test_work_that_is_done_has_no_slip_and_an_objective_without_a_date_neither(stored: Stored) -> None:
    stored.change("jira:ERP-100", category=DONE, finished=date(2026, 9, 14))
    assert found(stored) == []
    other = erp()
    other.objectives[1] = replace(other.objectives[1], baselines=())
    assert found(other) == []


def test_the_reason_of_a_resolution_says_what_moved(stored: Stored) -> None:
    (finding,) = found(stored)
    rebased = stored.shuffled(list)
    rebased.objectives[1] = replace(
        rebased.objectives[1], baselines=(*rebased.objectives[1].baselines, Baseline(NOV_5, "Claire Dubois", OCT_1))
    )
    assert rebased.judge().gone_because(finding) == "the target in force moved from 1 Oct 2026 to 5 Nov 2026"
    earlier = stored.shuffled(list)
    earlier.change("jira:ERP-100", due=date(2026, 9, 30))
    assert earlier.judge().gone_because(finding) == "ERP-100 now says 30 Sep 2026"
    gone = stored.shuffled(list)
    gone.objectives = []
    assert gone.judge().gone_because(finding) == "the objective is not declared any more"


def example_world() -> Stored:
    """What both halves find: the go-live with a deal behind it, and a saving whose start was moved away."""
    stored = erp()
    stored.link(stored.deal("OPP-1", "ERP-100", OCT_1), "ERP")
    stored.saving("M-202", None, date(2026, 9, 20), {"2026-09": 30_000}, baseline=Decimal(1))
    stored.link("savings:M-202", "M-201", Role.SAVES)
    stored.change("savings:M-202", planned_start=NOV_5)
    return stored


def test_what_the_same_record_makes_late_below_is_counted_once_each() -> None:
    """700,000 of M-201, and the deal of 100,000 at 80 %; M-202 waits for nothing, OPP-2 for something else."""
    stored = example_world()
    stored.work("ERP-150", date(2026, 11, 4), category=DOING)
    stored.link(stored.deal("OPP-2", "ERP-150", OCT_1), "ERP")
    (finding,) = of_objective(stored)
    assert finding.impact.full(Account.SAVINGS) == Decimal(700_000)
    assert finding.impact.full(Account.REVENUE) == Decimal(100_000)
    assert finding.impact.weighted(Account.REVENUE) == Decimal(80_000)


# --- savings --------------------------------------------------------------------------------------------------------


def moved_world() -> Stored:
    """M-201 was planned from 1 October, then from 15 October, and is now planned from 5 November."""
    stored = erp()
    stored.objectives[1] = replace(stored.objectives[1], tolerance=Tolerance(days=5))
    stored.change("jira:ERP-100", due=date(2026, 9, 30))
    (saving,) = (each for each in stored.records_ if isinstance(each, Saving))
    stored.change("savings:M-201", planned_start=NOV_5)
    stored.histories_["savings:M-201"] = [
        Revision(datetime(2026, 8, 1, tzinfo=UTC), saving),
        Revision(datetime(2026, 8, 9, tzinfo=UTC), replace(saving, planned_start=date(2026, 10, 15))),
        Revision(datetime(2026, 8, 10, tzinfo=UTC), replace(saving, planned_start=date(2026, 10, 15), owner="Lena")),
    ]
    return stored


def test_a_planned_start_that_was_moved_away_is_judged_over_all_its_moves() -> None:
    """35 of 227 days; what the first plan booked from 1 October to 4 November is 620,000 + 600,000 x 4 / 30."""
    (finding,) = found(moved_world())
    assert finding.title == (
        "M-201 Saving M-201 was planned from 1 Oct 2026 and is now planned from 5 Nov 2026 "
        "(35 days later, moved 2 times), a schedule slip of 15.4 %"
    )
    assert finding.triage == Triage(Slip.SCHEDULE, Decimal("15.4"))
    assert finding.impact.days == 35
    assert finding.impact.full(Account.SAVINGS) == Decimal(700_000)
    assert [(each.old, each.value, each.at) for each in finding.evidence] == [
        ("2026-10-01", "2026-10-15", datetime(2026, 8, 9, tzinfo=UTC)),
        ("2026-10-15", "2026-11-05", YESTERDAY),
    ]
    assert finding.advice.startswith("Let Renate Vogel confirm")
    assert finding.sources == ("savings",)


def test_a_planned_start_that_moved_earlier_or_back_or_has_begun_is_no_slip() -> None:
    stored = moved_world()
    (finding,) = found(stored)
    for fields, says in (
        ({"planned_start": OCT_1}, "M-201 is planned from 1 Oct 2026 again"),
        ({"planned_start": date(2026, 9, 1)}, "M-201 is planned from 1 Sep 2026 again"),
        ({"actual": (MonthAmount(Month(2026, 9), Decimal(1)),)}, "M-201 has begun"),
    ):
        changed = stored.shuffled(list)
        changed.records_ = [replace(each, **fields) if isinstance(each, Saving) else each for each in changed.records_]
        assert found(changed) == []
        assert changed.judge().gone_because(finding) == says


def test_a_saving_that_moved_by_two_days_is_no_slip() -> None:
    """Its objective tolerates none, but savings are planned by month."""
    for day, told in ((3, False), (4, True)):
        stored = moved_world()
        stored.objectives[1] = replace(stored.objectives[1], tolerance=Tolerance())
        stored.change("savings:M-201", planned_start=date(2026, 10, day))
        assert bool(found(stored)) is told


def test_a_saving_moved_inside_the_tolerance_is_no_slip() -> None:
    stored = moved_world()
    stored.records_ = [
        replace(each, planned_start=date(2026, 10, 6)) if isinstance(each, Saving) else each for each in stored.records_
    ]
    assert found(stored) == []


def test_a_source_whose_savings_never_say_when_they_begin_cannot_be_judged(stored: Stored) -> None:
    stored.change("savings:M-201", planned_start=None, plan=())
    assert stored.judge().blind["schedule-slip"] == (Blind("no saving of savings has a planned start", ("savings",)),)


@given(st.integers(-60, 400), st.integers(0, 60), st.integers(0, 30))
def test_a_later_date_never_lowers_the_slip_and_tolerance_never_adds_one(due: int, later: int, tolerance: int) -> None:
    def slips(days: int, allowed: int) -> list[int | None]:
        stored = erp()
        stored.objectives[1] = replace(stored.objectives[1], tolerance=Tolerance(days=allowed))
        stored.change("jira:ERP-100", due=OCT_1 + timedelta(days))
        only = {"schedule-slip": checks()["schedule-slip"]}
        return [each.impact.days for each in stored.judge(with_checks=only).findings]

    first, second = slips(due, 0), slips(due + later, 0)
    assert len(first) <= len(second)
    assert all(one is None or (other is not None and one <= other) for one, other in zip(first, second, strict=False))
    assert len(slips(due, tolerance)) <= len(first)
