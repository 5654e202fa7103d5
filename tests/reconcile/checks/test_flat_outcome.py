"""F2.4: local output up, outcome flat; how much was finished beside what the figure says."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Finding
from model.links import Role
from model.objectives import Level, Objective, StageGate
from model.records import Absence, Measurement, Revision
from reconcile.checks.flat_outcome import FlatOutcomeOptions
from reconcile.options import ChecksOptions, ReconcileOptions
from tests.reconcile.world import DONE, Stored

JULY_20, MAY_25 = date(2026, 7, 20), date(2026, 5, 25)
"""The Mondays eight and sixteen whole weeks before that of 15 September 2026."""
HOURS = "kpi:H"


def example_world() -> Stored:
    """12 pieces of work in 8 weeks after 10; delivery time went from 62 to 61.4 hours and is to be 48."""
    stored = Stored()
    stored.objectives = [
        Objective(id="FAST", name="Faster delivery", level=Level.PROJECT, owner="jonas", sponsor="lena")
    ]
    for number in range(22):
        day = JULY_20 if number < 12 else MAY_25
        stored.link(stored.work(f"W-{number:02}", category=DONE, finished=day), "FAST", Role.DELIVERS)
    measure(stored, "H", "61.4", target=Decimal(48))
    told(stored, HOURS, date(2026, 7, 19), "62")
    return stored


def measure(stored: Stored, key: str, value: str, **more: Any) -> str:
    named = {"source": "kpi", "native_id": key, "key": key, "title": "Hours", "metric": "Delivery time", "unit": "h"}
    node = stored.add(Measurement(**{**named, "value": Decimal(value), **more}))
    stored.link(node, "FAST", Role.MEASURES)
    return node


def told(stored: Stored, node: str, day: date, value: str) -> None:
    (present,) = (each for each in stored.records_ if each.id == node)
    assert isinstance(present, Measurement)
    seen = datetime(day.year, day.month, day.day, tzinfo=UTC)
    stored.histories_.setdefault(node, []).append(Revision(seen, replace(present, value=Decimal(value))))


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored, **options: Any) -> list[Finding]:
    checks = ChecksOptions.model_validate({"flat-outcome": FlatOutcomeOptions(**options)})
    findings = stored.judge(options=ReconcileOptions(checks=checks)).findings
    return [each for each in findings if each.check == "flat-outcome"]


def test_a_figure_that_stands_still_while_the_output_rises_is_found_with_its_gap(stored: Stored) -> None:
    """12 / 10 = 20 % more. 0.6 of 14 hours is 4.3 % of the gap; 61.4 - 48 = 13.4 are missing."""
    (finding,) = found(stored)
    assert finding.subjects == ("objective:FAST", "kpi:metric delivery time")
    assert finding.title == (
        "Faster delivery finished 12 pieces of work in 8 weeks, 20.0 % more than before, and Delivery time is 61.4 h "
        "after 62 h on 19 Jul 2026, 13.4 h short of 48 h"
    )
    assert not finding.impact.priced
    assert (finding.owner, finding.decider) == ("jonas", "jonas")
    assert (finding.evidence[0].old, finding.evidence[0].value) == ("62 h", "61.4 h")
    assert finding.sources == ("jira", "kpi")


def test_a_figure_that_moved_by_a_twentieth_of_its_gap_moves(stored: Stored) -> None:
    """14 x 5 % = 0.7."""
    stored.change(HOURS, value=Decimal("61.3"))
    told(stored, HOURS, date(2026, 7, 19), "62")
    assert found(stored) == []
    assert len(found(stored, change_percent=Decimal("5.1"))) == 1


def test_a_figure_that_moves_away_is_worse_and_one_that_was_reached_is_not_told(stored: Stored) -> None:
    for value, number in (("63", 1), ("48", 0), ("47", 0)):
        stored = example_world()
        stored.records_ = [
            replace(each, value=Decimal(value)) if isinstance(each, Measurement) else each for each in stored.records_
        ]
        assert len(found(stored)) == number


def test_without_a_target_its_own_value_counts(stored: Stored) -> None:
    """5 % of 62 are 3.1."""
    for value, number in (("59", 1), ("58.9", 0), ("65.1", 0)):
        stored = example_world()
        stored.records_ = [
            replace(each, value=Decimal(value), target=None) if isinstance(each, Measurement) else each
            for each in stored.records_
        ]
        assert len(found(stored)) == number


def test_output_that_did_not_rise_enough_is_another_matter(stored: Stored) -> None:
    assert found(stored, rise_percent=Decimal("20.1")) == []
    assert found(stored, least_finished=13) == []
    stored.change("jira:W-00", finished=JULY_20 - timedelta(1))
    assert found(stored) == []


def test_a_record_for_each_period_is_compared_with_that_of_then(stored: Stored) -> None:
    stored.records_ = [each for each in stored.records_ if not isinstance(each, Measurement)]
    stored.links_ = [each for each in stored.links_ if each.record_id != HOURS]
    for month, value in (("2026-06", "62"), ("2026-07", "62"), ("2026-09", "61.9"), ("2026-10", "48")):
        measure(stored, month, value, target=Decimal(48), period=month)
    (finding,) = found(stored)
    assert "Delivery time is 61.9 h after 62 h on 30 Jun 2026" in finding.title
    stored.change("kpi:2026-09", value=Decimal(50))
    assert found(stored) == []


def test_the_figure_of_a_period_that_is_over_does_not_stand_still(stored: Stored) -> None:
    stored.change(HOURS, period="2026-06")
    assert found(stored) == []
    stored.change(HOURS, period="2026")
    stored.histories_ = {}
    told(stored, HOURS, date(2026, 7, 19), "62")
    assert len(found(stored)) == 1


@pytest.mark.parametrize("metric", ["Budget spent", "progress", "Restkosten", "remaining benefit"])
def test_what_is_spent_done_or_still_to_come_is_no_outcome(stored: Stored, metric: str) -> None:
    stored.change("kpi:H", metric=metric)
    assert found(stored) == []


def test_an_objective_at_rest_and_a_report_are_not_judged(stored: Stored) -> None:
    stored.links_ = [replace(each, role=Role.REPORTS) if each.record_id == HOURS else each for each in stored.links_]
    assert found(stored) == []
    stored = example_world()
    stored.objectives[0] = replace(stored.objectives[0], stage_gate=StageGate.CLOSED)
    assert found(stored) == []


def test_while_a_source_is_not_read_or_the_figure_is_too_young_a_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.cover("kpi", complete=False)
    stored.change(HOURS, value=Decimal(50))
    hold = stored.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: kpi")

    stored = example_world()
    stored.histories_ = {}
    assert stored.judge().unjudged[finding.fingerprint] == "Delivery time has not been told for 8 weeks yet"
    stored = example_world()
    stored.lose(HOURS, Absence.UNOBSERVED)
    assert found(stored) == []
    assert stored.judge().unjudged[finding.fingerprint] == "Delivery time is out of sight"
    stored = example_world()
    stored.lose("jira:W-00", Absence.UNOBSERVED)
    assert len(found(stored)) == 1  # it was finished all the same


def test_where_nothing_measures_an_objective_the_check_is_blind(stored: Stored) -> None:
    assert "flat-outcome" not in stored.judge().blind
    stored.remove(HOURS)
    assert [each.reason for each in stored.judge().blind["flat-outcome"]] == [
        "no measurement is linked to an objective in the role measures"
    ]


def test_the_reason_of_a_resolution_says_what_happened(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("jira:W-00", finished=JULY_20 - timedelta(1))
    assert stored.judge().gone_because(finding) == "Faster delivery does not finish more work than before any more"
    stored.records_ = [
        replace(each, value=Decimal(50)) if isinstance(each, Measurement) else each for each in stored.records_
    ]
    assert stored.judge().gone_because(finding) == "Delivery time moved from 62 h to 50 h"
    stored.remove(HOURS)
    assert stored.judge().gone_because(finding) == "nothing tells this figure of Faster delivery any more"
