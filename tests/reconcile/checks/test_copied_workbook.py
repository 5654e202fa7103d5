"""I24: the same row id in two workbooks with different values."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Account, Finding
from model.keys import source_of
from model.links import Role
from model.money import Money
from model.objectives import Level, Objective
from model.records import Absence, Saving
from reconcile.checks.copied_workbook import CopiedWorkbook
from reconcile.judgement import Judgement
from reconcile.options import ReconcileOptions
from tests.reconcile.world import Stored

OCT_1 = date(2026, 10, 1)
PLAN = {"2026-10": 620_000, "2026-11": 600_000, "2026-12": 620_000}
LOWER = {"2026-10": 500_000, "2026-11": 600_000}
TRACKER, COPY = "savings:M-201", "purchasing:M-201"


def example_world() -> Stored:
    """M-201 is in the CFO's tracker and in purchasing's copy, which says EUR 500,000 for October."""
    stored = Stored()
    stored.objectives = [
        Objective(id="COST", name="Cost", level=Level.PROGRAM, sponsor="Claire Dubois", controller="Renate Vogel"),
        Objective(id="M-201", name="Bundle volumes", level=Level.MEASURE, parent="COST", owner="Lena Brandt"),
    ]
    stored.saving("M-201", None, OCT_1, LOWER)
    stored.records_ = [replace(each, source="purchasing", title="Bundle") for each in stored.records_]
    stored.saving("M-201", None, OCT_1, PLAN)
    for node in (TRACKER, COPY):
        stored.link(node, "M-201", Role.SAVES)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def judged(stored: Stored, **more: Any) -> Judgement:
    return stored.judge(with_checks={"copied-workbook": CopiedWorkbook()}, **more)


def found(stored: Stored, **more: Any) -> list[Finding]:
    return list(judged(stored, **more).findings)


def test_one_row_with_two_values_is_found_once_and_the_controller_says_which_counts(stored: Stored) -> None:
    """620,000 - 500,000 in October; December stands in one of them alone, which is no difference."""
    (finding,) = found(stored)
    assert finding.subjects == ("objective:M-201", COPY, TRACKER)
    assert finding.title == (
        "M-201 stands in purchasing and in savings with different values: plan.2026-10 EUR 500,000 and EUR 620,000"
    )
    assert finding.impact.full(Account.SAVINGS) == Decimal(120_000)
    assert [(each.record_id, each.value, each.where) for each in finding.evidence] == [
        (COPY, "EUR 500,000", "savings.xlsx!Tracker!2026-10"),
        (TRACKER, "EUR 620,000", "savings.xlsx!Tracker!2026-10"),
    ]
    assert (finding.owner, finding.decider, finding.upkeep) == ("Lena Brandt", "Renate Vogel", True)
    assert finding.sources == ("purchasing", "savings")
    assert found(stored.shuffled(lambda each: list(reversed(each)))) == [finding]


def test_rows_that_agree_on_what_both_tell_are_no_finding(stored: Stored) -> None:
    (finding,) = found(stored)
    whole = next(each for each in stored.records_ if each.id == TRACKER and isinstance(each, Saving))
    stored.change(COPY, plan=whole.plan[:2], light="green")
    assert found(stored) == []
    assert judged(stored).gone_because(finding) == "both workbooks say the same of M-201"


def test_two_rows_that_merely_have_one_number_are_two_rows(stored: Stored) -> None:
    """Below a program the number 201 of two trackers says nothing, unless the titles are the same."""
    (finding,) = found(stored)
    stored.links_ = [replace(link, objective_id="COST") for link in stored.links_]
    assert found(stored) == []
    assert judged(stored).gone_because(finding) == "M-201 does not name one row of both workbooks any more"
    stored.change(COPY, title="saving  m-201")
    assert len(found(stored)) == 1


def test_rows_below_different_objectives_and_of_one_source_are_not_compared(stored: Stored) -> None:
    stored.links_[1] = replace(stored.links_[1], objective_id="COST")
    assert found(stored) == []
    stored.links_[1] = replace(stored.links_[1], objective_id="M-201", record_id="savings:X/M-201")
    stored.records_[0] = replace(stored.records_[0], source="savings", native_id="X/M-201")
    assert found(stored) == []


@pytest.mark.parametrize(
    ("one", "other", "says", "differs"),
    [
        ({"planned_start": date(2026, 11, 1)}, {}, "planned_start 2026-11-01 and 2026-10-01", 0),
        ({"currency": "USD"}, {}, "currency USD and EUR", 0),
        ({"baseline": Decimal(5)}, {"baseline": Decimal(7)}, "baseline EUR 5 and EUR 7", 0),
        (
            {"run_rate": Money(Decimal(365), "EUR")},
            {"run_rate": Money(Decimal(730), "EUR")},
            "run_rate EUR 365 and EUR 730",
            365,
        ),
    ],
)
def test_each_field_that_differs_is_said(
    stored: Stored, one: dict[str, Any], other: dict[str, Any], says: str, differs: int
) -> None:
    stored.change(TRACKER, plan=(), **other)
    stored.change(COPY, plan=(), **one)
    (finding,) = found(stored)
    assert finding.title.endswith(f"with different values: {says}")
    assert finding.impact.full(Account.SAVINGS) == Decimal(differs)


def test_rounding_is_no_difference_and_the_floor_can_be_set(stored: Stored) -> None:
    options = ReconcileOptions.model_validate({"checks": {"copied-workbook": {"from_amount": 120_000}}})
    assert len(found(stored, options=options)) == 1
    options = ReconcileOptions.model_validate({"checks": {"copied-workbook": {"from_amount": 120_001}}})
    assert found(stored, options=options) == []


def test_a_row_out_of_sight_or_behind_an_incomplete_source_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.lose(TRACKER, Absence.UNOBSERVED)
    assert finding.fingerprint in judged(stored).unjudged
    stored.absences_.clear()
    stored.cover(source_of(COPY), complete=False)
    assert judged(stored).hold(finding, None) is not None


def test_a_row_that_is_taken_out_resolves_it(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.lose(TRACKER, Absence.DELETED)
    assert judged(stored).gone_because(finding) == "M-201 in savings was deleted"
