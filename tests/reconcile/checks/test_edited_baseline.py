"""I27: plans and baselines that say something else than what was approved; the controller decides."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Account, Finding
from model.links import Role
from model.money import Money, Month, MonthAmount
from model.objectives import Baseline, Level, Objective, StageGate
from model.records import Absence, Revision, Saving
from reconcile.check import Blind
from reconcile.options import ReconcileOptions
from tests.reconcile.world import YESTERDAY, Stored

OCT_1, OCT_22 = date(2026, 10, 1), date(2026, 10, 22)
PLAN = {"2026-10": 620_000, "2026-11": 600_000, "2026-12": 620_000}
SAVING = "savings:M-201"


def cells(amounts: dict[str, int | str]) -> tuple[MonthAmount, ...]:
    return tuple(MonthAmount(Month.parse(month), Decimal(amount)) for month, amount in amounts.items())


def day(number: int) -> datetime:
    return datetime(2026, 8, number, 8, 0, tzinfo=UTC)


def was(stored: Stored, *revisions: tuple[int, dict[str, Any]]) -> None:
    """What was seen of M-201 on days of August, each as the present content with these fields."""
    (saving,) = (each for each in stored.records_ if each.id == SAVING)
    stored.histories_[SAVING] = [Revision(day(number), replace(saving, **fields)) for number, fields in revisions]


def example_world() -> Stored:
    """M-201 was seen with 1,840,000 when it was decided on 3 August, and shows 1,600,000 since 20 August."""
    stored = Stored()
    stored.objectives = [
        Objective(id="COST", name="Cost", level=Level.PORTFOLIO, sponsor="Claire Dubois", controller="Renate Vogel"),
        Objective(id="M-201", name="Bundle volumes", level=Level.MEASURE, parent="COST", owner="Lena Brandt"),
    ]
    lowered = {"2026-10": 500_000, "2026-11": 600_000, "2026-12": 500_000}
    stored.saving("M-201", None, OCT_1, lowered, stage_gate="Entschieden")
    stored.link(SAVING, "M-201", Role.SAVES)
    plan = cells(PLAN)  # type: ignore[arg-type]
    was(
        stored,
        (1, {"plan": cells({"2026-10": 1}), "stage_gate": "Detailliert"}),
        (3, {"plan": plan}),
        (20, {"owner": "Lena Brandt"}),
    )
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored, **more: object) -> list[Finding]:
    return [each for each in stored.judge(**more).findings if each.check == "edited-baseline"]  # type: ignore[arg-type]


def test_a_plan_that_was_lowered_after_its_approval_is_found_and_the_controller_decides(stored: Stored) -> None:
    """620,000 - 500,000 in October and in December: 240,000 less."""
    (finding,) = found(stored)
    assert finding.title == (
        "M-201 Saving M-201: value changed after approval, the plan from EUR 1,840,000 to EUR 1,600,000 "
        "(EUR 240,000 less) (seen 20 Aug 2026)"
    )
    assert finding.impact.full(Account.SAVINGS) == Decimal(240_000)
    assert (finding.decider, finding.owner, finding.decide_by) == ("Renate Vogel", "Lena Brandt", date(2026, 9, 17))
    assert [(each.field, each.old, each.value, each.at) for each in finding.evidence] == [
        ("plan.2026-10", "EUR 620,000", "EUR 500,000", day(20)),
        ("plan.2026-12", "EUR 620,000", "EUR 500,000", day(20)),
    ]
    assert finding.evidence[0].where == "savings.xlsx!Tracker!2026-10"
    assert finding.advice.endswith("or put back a plan of EUR 1,840,000.")
    assert finding.sources == ("savings",)


def test_what_is_changed_before_the_approval_is_no_finding(stored: Stored) -> None:
    stored.change(SAVING, stage_gate="Detailliert")
    assert found(stored) == []
    stored.change(SAVING, stage_gate="decided")
    was(stored, (1, {"plan": cells({"2026-10": 1}), "stage_gate": "Detailed"}), (3, {}))
    assert found(stored) == []


def test_a_saving_that_left_the_gate_is_approved_anew_when_it_is_seen_there_again(stored: Stored) -> None:
    (finding,) = found(stored)
    was(stored, (3, {"plan": cells(PLAN)}), (4, {"stage_gate": "On hold"}), (5, {}))  # type: ignore[arg-type]
    assert found(stored) == []
    assert stored.judge().gone_because(finding) == "M-201 says again what was approved"


def test_what_was_put_back_is_no_finding_and_the_resolution_says_so(stored: Stored) -> None:
    (finding,) = found(stored)
    was(stored, (3, {"plan": cells(PLAN)}), (9, {"plan": cells({"2026-10": 5})}))  # type: ignore[arg-type]
    stored.records_ = [replace(each, plan=cells(PLAN)) for each in stored.records_ if isinstance(each, Saving)]  # type: ignore[arg-type]
    assert found(stored) == []
    assert stored.judge().gone_because(finding) == "M-201 says again what was approved"


def test_a_later_approval_of_the_objective_covers_the_change(stored: Stored) -> None:
    """Approved on 1 August: the edit of the 20th is found. Approved on 14 September as well: it is not."""
    (finding,) = found(stored)
    baselines = (Baseline(OCT_1, "Claire Dubois", date(2026, 8, 1)),)
    stored.objectives[0] = replace(stored.objectives[0], baselines=baselines)
    assert len(found(stored)) == 1
    approved = Baseline(OCT_1, "Claire Dubois", YESTERDAY.date())
    stored.objectives[0] = replace(stored.objectives[0], baselines=(*baselines, approved))
    assert found(stored) == []
    assert stored.judge().gone_because(finding) == "what M-201 says was approved on 14 Sep 2026"


def test_a_saving_without_a_stage_gate_goes_by_the_approval_of_its_objective(stored: Stored) -> None:
    stored.records_ = [replace(each, stage_gate=None) for each in stored.records_ if isinstance(each, Saving)]
    was(stored, (3, {"plan": cells(PLAN)}), (20, {}))  # type: ignore[arg-type]
    assert found(stored) == []
    for approved_on, told in ((date(2026, 2, 16), True), (date(2026, 8, 19), True), (date(2026, 8, 20), False)):
        stored.objectives[0] = replace(stored.objectives[0], baselines=(Baseline(OCT_1, None, approved_on),))
        assert bool(found(stored)) is told


@pytest.mark.parametrize(
    ("before", "says", "lost"),
    [
        ({"plan": cells({"2026-10": 100})}, "the plan from EUR 100 to EUR 1,600,000 (EUR 1,599,900 more)", 0),
        (
            {"plan": cells({"2026-10": 600_000, "2026-11": 600_000, "2026-12": 400_000})},
            "EUR 100,000 of the plan in other months",
            0,
        ),
        ({"baseline": Decimal(9_000_000)}, "the baseline from EUR 9,000,000 to blank", 0),
        ({"currency": "USD"}, "the currency from USD to EUR", 0),
        (
            {"run_rate": Money(Decimal(9), "EUR"), "plan": cells({"2026-10": 1_600_001})},
            "the plan from EUR 1,600,001 to EUR 1,600,000 (EUR 1 less) and the run-rate from EUR 9 to blank",
            1,
        ),
    ],
)
def test_each_changed_figure_is_said(stored: Stored, before: dict[str, Any], says: str, lost: int) -> None:
    was(stored, (3, before))
    (finding,) = found(stored)
    assert finding.title == f"M-201 Saving M-201: value changed after approval, {says} (seen 14 Sep 2026)"
    assert finding.impact.full(Account.SAVINGS) == Decimal(lost)


def test_a_lower_run_rate_costs_what_is_left_of_the_year(stored: Stored) -> None:
    """365,000 a year less are 1,000 a day, from 1 October 92 days."""
    stored.change(SAVING, plan=(), run_rate=Money(Decimal(635_000), "EUR"))
    was(stored, (3, {"run_rate": Money(Decimal(1_000_000), "EUR")}))
    (finding,) = found(stored)
    assert "the run-rate from EUR 1,000,000 to EUR 635,000" in finding.title
    assert finding.impact.full(Account.SAVINGS) == Decimal(92_000)


def test_rounding_is_no_change_and_the_floor_can_be_set(stored: Stored) -> None:
    was(stored, (3, {"plan": cells({"2026-10": "500000.49", "2026-11": "599999.51", "2026-12": 500_000})}))
    assert found(stored) == []
    stored.change(SAVING, plan=cells({"2026-10": "500001.51", "2026-11": 600_000, "2026-12": 500_000}))
    assert len(found(stored)) == 1
    options = ReconcileOptions.model_validate({"checks": {"edited-baseline": {"from_amount": 2}}})
    assert found(stored, options=options) == []


def test_a_saving_of_which_only_one_content_was_seen_says_nothing(stored: Stored) -> None:
    stored.histories_.clear()
    assert found(stored) == []


def test_the_stages_can_be_named(stored: Stored) -> None:
    options = ReconcileOptions.model_validate({"checks": {"edited-baseline": {"approved_stages": ["HG 3"]}}})
    assert found(stored, options=options) == []
    stored.change(SAVING, stage_gate="hg  3")
    stored.histories_[SAVING] = []
    was(stored, (3, {"plan": cells(PLAN)}))  # type: ignore[arg-type]
    assert len(found(stored, options=options)) == 1


def test_a_source_that_tells_no_approval_cannot_be_judged(stored: Stored) -> None:
    assert "edited-baseline" not in stored.judge().blind
    stored.change(SAVING, stage_gate=None)
    reason = "no saving of savings has a stage gate or an objective with a dated approval"
    assert stored.judge().blind["edited-baseline"] == (Blind(reason, ("savings",)),)


def test_a_saving_out_of_sight_or_behind_an_incomplete_source_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.lose(SAVING, Absence.UNOBSERVED)
    judgement = stored.judge()
    assert finding.fingerprint in judgement.unjudged
    stored.absences_.clear()
    stored.histories_.clear()
    stored.cover("savings", complete=False)
    hold = stored.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: savings")


# --- objectives -----------------------------------------------------------------------------------------------------


def with_objective(stored: Stored, **fields: Any) -> list[Finding]:
    approved = Baseline(OCT_1, "Claire Dubois", date(2026, 2, 16))
    erp = Objective(id="ERP", name="ERP go-live", level=Level.PROJECT, parent="COST", baselines=(approved,))
    stored.objectives = [*stored.objectives[:2], replace(erp, **fields)]
    return [each for each in found(stored) if each.subjects == ("objective:ERP",)]


def test_a_target_that_is_not_the_approved_one_is_found(stored: Stored) -> None:
    (finding,) = with_objective(stored, target=OCT_22, location="objectives.yaml:7")
    assert finding.title == (
        "ERP go-live: value changed after approval, the target says 22 Oct 2026 and 1 Oct 2026 was approved "
        "(21 days later)"
    )
    assert finding.impact.days == 21
    assert [(each.field, each.value, each.where) for each in finding.evidence] == [
        ("approved baseline", "2026-10-01, approved on 16 Feb 2026", "objectives.yaml:7"),
        ("target", "2026-10-22", "objectives.yaml:7"),
    ]
    assert finding.decider == "Claire Dubois"


def test_a_baseline_that_nobody_approved_does_not_replace_an_approved_one(stored: Stored) -> None:
    baselines = (Baseline(OCT_1, "Claire Dubois"), Baseline(date(2026, 9, 30)))
    (finding,) = with_objective(stored, baselines=baselines)
    assert "the baseline says 30 Sep 2026 and 1 Oct 2026 was approved (1 day earlier)" in finding.title
    approved = (baselines[0], replace(baselines[1], approved_by="Claire Dubois"))
    assert with_objective(stored, baselines=approved) == []
    assert stored.judge().gone_because(finding) == "the date of ERP go-live is an approved one"
    stored.objectives = stored.objectives[:2]
    assert stored.judge().gone_because(finding) == "the objective is not declared any more"


def test_a_target_without_any_approval_or_equal_to_it_or_of_an_objective_that_is_over_is_no_finding(
    stored: Stored,
) -> None:
    assert with_objective(stored, target=OCT_1) == []
    assert with_objective(stored, target=OCT_22, baselines=(Baseline(OCT_1),)) == []
    assert with_objective(stored, target=OCT_22, stage_gate=StageGate.CLOSED) == []


def test_the_reason_of_a_resolution_says_what_became_of_the_saving(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change(SAVING, stage_gate="Detailliert")
    assert stored.judge().gone_because(finding) == "M-201 is not approved any more"
    stored.remove(SAVING)
    assert stored.judge().gone_because(finding) == "no rule links M-201 any more"
