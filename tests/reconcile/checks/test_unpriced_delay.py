"""F5.2: a delay that nobody has linked to any money is not priced; the downstream measures are shown by the graph."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Finding
from model.links import Role
from model.money import Month, MonthAmount
from model.objectives import Level, Objective, ObjectiveNeed, StageGate, Value
from model.records import Absence, Move
from reconcile.check import Blind
from reconcile.checks.unpriced_delay import UnpricedDelay
from reconcile.judgement import Judgement
from reconcile.options import ReconcileOptions
from tests.reconcile.world import DOING, DONE, TODO, Stored

AUG_1, DEC_4 = date(2026, 8, 1), date(2026, 12, 4)
LATER = Move("due", date(2026, 10, 30), DEC_4, datetime(2026, 9, 8, tzinfo=UTC), "lena")


def example_world() -> Stored:
    """Sorting is overdue since 1 August; nothing with money waits for it. The only saving hangs on another project."""
    stored = Stored()
    stored.objectives = [
        Objective(id="OPS", name="Faster operations", level=Level.PROGRAM, sponsor="Martin"),
        Objective(id="SORT", name="Same-day sorting", level=Level.PROJECT, parent="OPS", owner="Jonas"),
        Objective(id="COST", name="Lower cost", level=Level.PROGRAM),
    ]
    stored.work("RTE-30", AUG_1, category=DOING)
    stored.work("RTE-31", parent="RTE-30")
    stored.link("jira:RTE-30", "SORT", Role.DELIVERS)
    stored.saving("M-1", None, AUG_1, {"2026-10": 1})
    stored.link("savings:M-1", "COST", Role.SAVES)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def judged(stored: Stored, **more: Any) -> Judgement:
    return stored.judge(with_checks={"unpriced-delay": UnpricedDelay()}, **more)


def found(stored: Stored, **more: Any) -> list[Finding]:
    return list(judged(stored, **more).findings)


def test_a_delay_without_any_money_is_told_to_whoever_can_link_it(stored: Stored) -> None:
    (finding,) = found(stored)
    assert finding.title == (
        "Same-day sorting is delayed and not priced: RTE-30 was due 1 Aug 2026, and no money is linked to anything "
        "that waits for it"
    )
    assert (finding.subjects, finding.owner, finding.decider) == (("objective:SORT",), "Jonas", "Jonas")
    assert (finding.upkeep, finding.impact.priced, finding.impact.days) == (True, False, None)
    assert [(each.key, each.field, each.value) for each in finding.evidence] == [
        ("RTE-30", "overdue since", "2026-08-01"),
        ("SORT", "downstream", "OPS Faster operations"),
    ]
    assert finding.advice.endswith("state a value of Same-day sorting; downstream: Faster operations.")
    assert finding.sources == ("jira",)


@pytest.mark.parametrize("due", [date(2026, 8, 31), date(2026, 9, 1)])
def test_fourteen_days_are_no_delay(stored: Stored, due: date) -> None:
    """31 August lies 15 days before 15 September."""
    (finding,) = found(stored)
    for node in ("jira:RTE-30", "jira:RTE-31"):
        stored.change(node, due=due)
    assert bool(found(stored)) is (due == date(2026, 8, 31))
    if due > date(2026, 8, 31):
        assert judged(stored).gone_because(finding) == "nothing that delivers Same-day sorting is delayed any more"
    options = ReconcileOptions.model_validate({"checks": {"unpriced-delay": {"late_days": 13}}})
    assert len(found(stored, options=options)) == 1


@pytest.mark.parametrize("where", ["objective", "above", "below", "needs it", "value", "of another that needs it"])
def test_money_anywhere_on_the_path_prices_it(stored: Stored, where: str) -> None:
    (finding,) = found(stored)
    need, value = ObjectiveNeed("SORT"), Value("EBITDA", "EUR", (MonthAmount(Month(2026, 10), Decimal(1)),))
    match where:
        case "objective" | "above":
            stored.link("savings:M-1", "SORT" if where == "objective" else "OPS", Role.SAVES)
        case "below":
            stored.objectives.append(Objective(id="M-9", name="M", level=Level.MEASURE, parent="SORT"))
            stored.link(stored.deal("OPP-1", None, None), "M-9")
        case "needs it":
            stored.deal("OPP-1", "RTE-30", DEC_4)
        case "value":
            stored.objectives[1] = replace(stored.objectives[1], values=(value,))
        case _:
            stored.objectives[2] = replace(stored.objectives[2], needs=(need,))
            stored.need("objective:COST", "SORT")
    assert found(stored) == []
    told = judged(stored).gone_because(finding)
    assert told == "money is linked to Same-day sorting or to what waits for it"


def test_what_belongs_to_the_whole_company_prices_nothing(stored: Stored) -> None:
    stored.objectives[0] = replace(stored.objectives[0], level=Level.PORTFOLIO)
    stored.link("savings:M-1", "OPS", Role.SAVES)
    assert len(found(stored)) == 1


def test_work_that_moved_behind_its_first_date_is_delayed(stored: Stored) -> None:
    """30 October to 4 December are 35 days."""
    stored.remove("jira:RTE-31")
    stored.change("jira:RTE-30", due=DEC_4)
    stored.need("jira:RTE-30", "RTE-30X")
    assert found(stored) == []
    stored.needs_.clear()
    stored.work("RTE-31", date(2026, 11, 1), parent="RTE-30")
    stored.moves_["jira:RTE-30"] = [LATER]
    (finding,) = found(stored)
    assert "RTE-30 moved to 4 Dec 2026 (35 days later)," in finding.title
    stored.moves_["jira:RTE-30"] = [replace(LATER, old=date(2026, 11, 20))]
    assert found(stored) == []


def test_work_that_is_blocked_is_delayed(stored: Stored) -> None:
    for node in ("jira:RTE-30", "jira:RTE-31"):
        stored.change(node, due=DEC_4)
    stored.change("jira:RTE-30", blocked_since=AUG_1)
    (finding,) = found(stored)
    assert "RTE-30 is blocked since 1 Aug 2026," in finding.title
    stored.change("jira:RTE-30", blocked_since=date(2026, 9, 1))
    assert found(stored) == []


def test_work_that_is_only_counted_is_told_by_its_oldest(stored: Stored) -> None:
    stored.records_ = [each for each in stored.records_ if not each.id.startswith("jira")]
    stored.work("RTE-30", AUG_1)
    (finding,) = found(stored)
    assert "RTE-30 was due 1 Aug 2026," in finding.title


def test_what_is_done_or_at_rest_is_not_judged(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.objectives[1] = replace(stored.objectives[1], stage_gate=StageGate.ON_HOLD)
    assert found(stored) == []
    assert judged(stored).gone_because(finding) == "Same-day sorting is on hold"
    stored.objectives[1] = replace(stored.objectives[1], stage_gate=None)
    for node in ("jira:RTE-30", "jira:RTE-31"):
        stored.change(node, category=DONE, finished=AUG_1)
    assert found(stored) == []


def test_work_out_of_sight_and_an_incomplete_source_hold(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.lose("jira:RTE-30", Absence.UNOBSERVED)
    assert finding.fingerprint in judged(stored).unjudged
    stored.absences_.clear()
    stored.cover("jira", complete=False)
    assert judged(stored).hold(finding, None) is not None


def test_while_no_money_is_linked_to_anything_the_check_is_blind(stored: Stored) -> None:
    stored.remove("savings:M-1")
    stored.links_ = stored.links_[:1]
    reason = "no deal, saving or value is linked to any objective"
    assert judged(stored).blind["unpriced-delay"] == (Blind(reason),)
    assert found(stored) == []


def test_what_binds_the_work_of_several_objectives_is_told_where_it_delivers(stored: Stored) -> None:
    """Asana's keys are numbers, so that people read the title."""
    stored.objectives.append(Objective(id="M-2", name="Iberia", level=Level.MEASURE, parent="SORT"))
    stored.remove("jira:RTE-31")
    stored.change("jira:RTE-30", due=DEC_4)
    stored.work("1208", AUG_1, source="asana", title="Training in Iberia", category=DOING)
    stored.need("jira:RTE-30", "1208")
    stored.change("jira:RTE-30", category=TODO)
    assert [each.subjects for each in found(stored)] == [("objective:SORT",)]
    stored.link("asana:1208", "M-2", Role.DELIVERS)
    (finding,) = found(stored)
    assert finding.subjects == ("objective:M-2",)
    assert "Training in Iberia was due 1 Aug 2026," in finding.title
