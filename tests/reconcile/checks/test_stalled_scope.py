"""F4.1: velocity up, milestone still; what is left and where it goes beside what was finished."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from model.findings import Account, Finding
from model.links import Role
from model.money import Month, MonthAmount
from model.objectives import Baseline, Level, Objective, Value
from model.records import Absence, Move
from reconcile.check import Blind
from reconcile.checks.stalled_scope import StalledScopeOptions
from reconcile.options import ChecksOptions, ReconcileOptions
from tests.reconcile.world import DONE, DROPPED, TODAY, Stored

OCT_15 = date(2026, 10, 15)
AUG_3 = date(2026, 8, 3)
"""The Monday six whole weeks before that of 15 September 2026; 22 June is twelve before."""
JUNE_22 = date(2026, 6, 22)
LONG_AGO = datetime(2026, 1, 5, tzinfo=UTC)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def example_world() -> Stored:
    """In the last 6 weeks 6 pieces were finished, as in the 6 before; 6 new ones were made, so that 12 are left."""
    stored = Stored()
    baselines = (Baseline(OCT_15, "ana", date(2026, 2, 2)),)
    plan = (MonthAmount(Month(2026, 11), Decimal(36_500)),)
    value = Value("savings", "EUR", plan)
    stored.objectives = [
        Objective(
            id="MIG",
            name="Migration",
            level=Level.PROJECT,
            owner="ana",
            sponsor="Otto",
            baselines=baselines,
            values=(value,),
        )
    ]
    for week in range(12):
        stored.work(
            f"DONE-{week}", category=DONE, created=LONG_AGO, finished=JUNE_22 + timedelta(7 * week), container="PLAT"
        )
    for number in range(12):
        made = at(AUG_3 + timedelta(number)) if number < 6 else LONG_AGO
        stored.work(f"OPEN-{number}", OCT_15, created=made, container="PLAT")
    for each in stored.records_:
        stored.link(each.id, "MIG", Role.DELIVERS)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored, **options: Any) -> list[Finding]:
    checks = ChecksOptions.model_validate({"stalled-scope": StalledScopeOptions(**options)})
    findings = stored.judge(options=ReconcileOptions(checks=checks)).findings
    return [each for each in findings if each.check == "stalled-scope"]


def test_a_milestone_whose_scope_does_not_fall_at_full_speed_is_found_with_the_cost_of_its_delay(
    stored: Stored,
) -> None:
    """One a week: 12 left take 12 weeks, to 8 December, 54 days after 15 October. 36,500 x 54 / 365 = 5,400."""
    (finding,) = found(stored)
    assert finding.subjects == ("objective:MIG",)
    assert finding.title == (
        "Migration finished 6 pieces of work in 6 weeks, 100 % of the 6 weeks before, and 12 are left as before; its "
        "target is 15 Oct 2026 (54 days late at this pace)"
    )
    assert (finding.impact.days, finding.impact.full(Account.SAVINGS)) == (54, Decimal(5_400))
    assert finding.forecast is not None
    assert finding.forecast.day == date(2026, 12, 8)
    assert (finding.owner, finding.decider, finding.decide_by) == ("ana", "Otto", date(2026, 10, 1))
    assert [(each.field, each.value, each.old) for each in finding.evidence][1:] == [
        ("finished per week", "1 1 1 1 1 1 since 3 Aug 2026; 6 before", None),
        ("work left", "12", "12"),
    ]
    assert finding.sources == ("jira",)


def test_what_is_left_must_not_have_shrunk(stored: Stored) -> None:
    """Made before the weeks it was left then as well: 13 then, 12 now."""
    stored.change("jira:OPEN-0", created=LONG_AGO)
    assert found(stored) == []


def test_scope_that_grew_is_told_with_both_figures(stored: Stored) -> None:
    stored.change("jira:OPEN-7", created=at(AUG_3))
    (finding,) = found(stored)
    assert "and 12 are left after 11; its target" in finding.title


def test_scope_that_was_dropped_in_these_weeks_has_shrunk(stored: Stored) -> None:
    node = stored.work("OUT", category=DROPPED, created=LONG_AGO, changed=LONG_AGO, container="PLAT")
    stored.link(node, "MIG", Role.DELIVERS)
    assert len(found(stored)) == 1
    stored.change(node, changed=at(AUG_3))
    assert found(stored) == []


def test_a_pace_below_that_of_before_is_another_matter(stored: Stored) -> None:
    stored.change("jira:DONE-6", finished=date(2026, 8, 2))
    assert found(stored, least_finished=5) == []
    (finding,) = found(stored, least_finished=5, percent=71)
    assert "in 6 weeks, 71 % of the 6 weeks before" in finding.title


def test_what_ends_in_time_at_this_pace_is_not_told(stored: Stored) -> None:
    """12 weeks from 15 September is 8 December."""
    for target, told in ((date(2026, 12, 8), 0), (date(2026, 12, 7), 1)):
        stored.objectives[0] = replace(stored.objectives[0], baselines=(Baseline(target, "ana"),))
        assert len(found(stored)) == told


def test_a_target_that_is_far_away_has_time(stored: Stored) -> None:
    """Four weeks ahead is 13 October."""
    assert found(stored, ahead_weeks=4) == []
    assert len(found(stored, ahead_weeks=5)) == 1


def test_a_date_that_moved_away_counts_although_the_scope_shrinks(stored: Stored) -> None:
    stored.change("jira:OPEN-0", created=LONG_AGO)
    epic = stored.work("EPIC", date(2026, 11, 15))
    stored.link(epic, "MIG", Role.DELIVERS)
    stored.change("jira:OPEN-1", parent="EPIC")
    stored.moves_[epic] = [Move("due", date(2026, 11, 9), date(2026, 11, 15), at(date(2026, 8, 10)))]
    assert found(stored) == []
    stored.moves_[epic].append(Move("due", date(2026, 11, 8), date(2026, 11, 9), at(date(2026, 8, 9)), "ana"))
    (finding,) = found(stored)
    assert "and the date of what binds it moved later; its target is 15 Oct 2026 (54 days late" in finding.title
    stored.moves_[epic] = [Move("due", OCT_15, date(2026, 11, 15), at(date(2026, 8, 2)))]
    assert found(stored) == []


def test_while_its_source_is_not_read_or_what_binds_is_out_of_sight_a_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.records_ = [each for each in stored.records_ if not each.key.startswith("OPEN-1")]
    stored.cover("jira", complete=False)
    hold = stored.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: jira")

    stored = example_world()
    stored.link(stored.work("EPIC", OCT_15), "MIG", Role.DELIVERS)
    stored.change("jira:OPEN-1", parent="EPIC")
    stored.lose("jira:EPIC", Absence.UNOBSERVED)
    judgement = stored.judge()
    assert found(stored) == []
    assert judgement.unjudged[finding.fingerprint] == "EPIC was not seen in the last reading"


def test_where_nobody_knows_when_work_was_made_the_check_is_blind(stored: Stored) -> None:
    assert "stalled-scope" not in stored.judge().blind
    stored.records_ = [replace(each, created=None) for each in stored.records_]
    judgement = stored.judge()
    assert judgement.blind["stalled-scope"] == (Blind("no work of an objective tells when it was made", ("jira",)),)
    assert "nobody knows when the work of Migration was made" in judgement.unjudged.values()


def test_the_reason_of_a_resolution_says_what_happened(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("jira:OPEN-0", created=LONG_AGO)
    assert stored.judge().gone_because(finding) == "what is left of Migration shrinks, or ends in time"
    for number in range(12):
        stored.change(f"jira:OPEN-{number}", category=DONE, finished=TODAY)
    assert found(stored) == []
