"""F3.1 and I64: reporting fell silent before a milestone; not where all is done, and not over holidays."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from model.calendars import Calendar
from model.findings import Finding, Severity
from model.links import Role
from model.objectives import Level, Objective, StageGate
from model.records import Absence, Move, Revision
from reconcile.checks.missing_evidence import MissingEvidence, MissingEvidenceOptions
from reconcile.engine import Judgement, reconcile
from reconcile.options import ReconcileOptions
from tests.reconcile.checks.pasts import september
from tests.reconcile.world import DOING, DONE, EUR, NOW, TODAY, Stored

TRAINING, LIVE = "asana:TRN", "asana:LIVE"
OCT_16 = date(2026, 10, 16)
AUGUST_10 = date(2026, 8, 10)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


def objective(**more: Any) -> Objective:
    fields = {"id": "IBERIA", "target": OCT_16, "owner": "Ines", "sponsor": "Martin", **more}
    return Objective(name="Iberia live", level=Level.MEASURE, **fields)


def example_world() -> Stored:
    """Two tasks, last updated on 7 and 10 August; 31 days before the milestone on 16 October."""
    stored = Stored(objectives=[objective()])
    for key, day in (("TRN", date(2026, 8, 7)), ("LIVE", AUGUST_10)):
        node = stored.work(key, OCT_16, source="asana", category=DOING, changed=at(day), created=at(date(2026, 3, 2)))
        stored.link(node, "IBERIA", Role.DELIVERS)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def judge(stored: Stored, *, calendar: Calendar | None = None, today: date = TODAY, **options: Any) -> Judgement:
    of_checks = ReconcileOptions().checks.model_copy(update={"missing_evidence": MissingEvidenceOptions(**options)})
    return reconcile(
        stored,
        stored.tree,
        ReconcileOptions(checks=of_checks),
        now=NOW,
        today=today,
        rates=EUR,
        calendars={"default": calendar or Calendar()},
        with_checks={"missing-evidence": MissingEvidence()},
    )


def found(stored: Stored, **more: Any) -> list[Finding]:
    return list(judge(stored, **more).findings)


def touched(stored: Stored, node: str, day: date, **fields: Any) -> None:
    """The source says that a record was changed last on this day; nothing was seen of it before."""
    stored.change(node, changed=at(day), **fields)
    stored.histories_[node] = []


def updated(stored: Stored, node: str, *days: date) -> None:
    """Tell a due date moved to and fro on these days, by the source's changelog."""
    moves = tuple(Move("due", OCT_16, OCT_16, at(day)) for day in days)
    touched(stored, node, max(days), moves=moves)


def working_days(first: date, last: date) -> list[date]:
    every = [first + timedelta(number) for number in range((last - first).days + 1)]
    return [day for day in every if day.weekday() < 5]


def test_silence_before_a_milestone_is_missing_evidence(stored: Stored) -> None:
    """From 11 August to 14 September lie 5 x 5 = 25 working days."""
    (finding,) = found(stored)

    assert finding.subjects == ("objective:IBERIA",)
    assert finding.title == (
        "Evidence is missing for Iberia live: no update since 10 Aug 2026 (25 working days), and it is to be reached "
        "by 16 Oct 2026"
    )
    assert [(each.key, each.value) for each in finding.evidence] == [
        ("IBERIA", "2026-10-16"),
        ("LIVE", "2026-08-10"),
        ("TRN", "2026-08-07"),
    ]
    assert finding.advice == "Ask Ines for the state of Iberia live, and for what blocks it."
    assert (finding.owner, finding.decider, finding.decide_by) == ("Ines", "Martin", OCT_16)
    assert (finding.severity, finding.sources, finding.upkeep) == (Severity.MINOR, ("asana",), False)


def test_twenty_working_days_are_silence_and_the_owner_hears_of_it_first(stored: Stored) -> None:
    """Twenty working days before 15 September begin on 18 August, 25 on 11 August."""
    touched(stored, LIVE, date(2026, 8, 18))
    assert found(stored) == []
    for day, upkeep, decider in ((date(2026, 8, 17), True, "Ines"), (date(2026, 8, 11), True, "Ines")):
        touched(stored, LIVE, day)
        (finding,) = found(stored)
        assert (finding.upkeep, finding.decider) == (upkeep, decider)
    touched(stored, LIVE, AUGUST_10)
    assert [each.upkeep for each in found(stored)] == [False]
    assert [each.upkeep for each in found(stored, answer_days=6)] == [True]


def test_days_off_are_no_silence(stored: Stored) -> None:
    """With the first six working days of September off, only 19 are left since 10 August."""
    off = working_days(september(1), september(8))
    assert found(stored, calendar=Calendar(off=frozenset(off))) == []
    (finding,) = found(stored, calendar=Calendar(off=frozenset(off[1:])))
    assert "(20 working days)" in finding.title


@pytest.mark.parametrize("target", [None, date(2026, 9, 14), date(2026, 10, 28)])
def test_without_a_near_milestone_nobody_has_to_tell_anything(stored: Stored, target: date | None) -> None:
    stored.objectives = [objective(target=target)]
    assert found(stored) == []


def test_the_milestone_is_near_for_six_weeks(stored: Stored) -> None:
    for target in (TODAY, date(2026, 10, 27)):
        stored.objectives = [objective(target=target)]
        assert len(found(stored)) == 1


def test_all_done_or_at_rest_is_no_silence(stored: Stored) -> None:
    stored.objectives = [objective(stage_gate=StageGate.ON_HOLD)]
    assert found(stored) == []
    stored = example_world()
    for node in (TRAINING, LIVE):
        stored.change(node, category=DONE, finished=AUGUST_10)
    assert found(stored) == []


def test_whoever_reports_or_measures_or_works_below_is_heard(stored: Stored) -> None:
    report = stored.work("REP", source="jira", changed=at(september(7)))
    stored.link(report, "IBERIA", Role.PROMISES)
    assert len(found(stored)) == 1
    stored.links_.pop()
    stored.link(report, "IBERIA", Role.REPORTS)
    assert found(stored) == []
    stored.links_.pop()
    stored.change(report, parent="TRN", source="asana")
    assert found(stored) == []


def test_what_was_finished_lately_below_is_an_update_although_nobody_changed_anything_else(stored: Stored) -> None:
    stored.work("SUB", source="asana", category=DONE, finished=september(7), parent="LIVE", changed=at(AUGUST_10))
    assert found(stored) == []
    stored.change("asana:SUB", finished=date(2026, 8, 17))
    assert len(found(stored)) == 1


def test_an_objective_is_heard_through_those_below_it(stored: Stored) -> None:
    stored.objectives = [objective(id="TOP"), objective(parent="TOP", target=None)]
    assert [each.subjects for each in found(stored)] == [("objective:TOP",)]
    stored.change(TRAINING, changed=at(september(1)))
    assert found(stored) == []


def test_where_the_source_tells_no_times_it_counts_what_was_seen(stored: Stored) -> None:
    """The present content was first seen on 14 September: from the 15th to 12 October lie 20 working days."""
    for node in (TRAINING, LIVE):
        stored.change(node, changed=None, created=None)
        present = next(each for each in stored.records_ if each.id == node)
        stored.histories_[node] = [Revision(at(date(2026, 8, 3)), present)]
    assert found(stored, today=date(2026, 10, 12)) == []
    (finding,) = found(stored, today=date(2026, 10, 13))
    assert "no update since 14 Sep 2026 (20 working days)" in finding.title


def fallen(stored: Stored, lately: int) -> Stored:
    """Two tasks, updated on each of the 40 working days of the baseline, and some days since: 40 are expected."""
    baseline = working_days(date(2026, 6, 23), date(2026, 8, 17))
    since = working_days(date(2026, 8, 18), september(14))
    updated(stored, TRAINING, *baseline, *since[:lately])
    updated(stored, LIVE, *baseline)
    return stored


def test_updates_that_fell_by_more_than_half_are_told_to_the_owner_only(stored: Stored) -> None:
    """2 x 40 updates in 40 days let expect 80 x 20 / 40 = 40 in 20 days; half of them are 20."""
    (finding,) = found(fallen(stored, 19))
    assert finding.title == (
        "Evidence is missing for Iberia live: 19 updates in 20 working days, where its own pace lets expect 40, and it "
        "is to be reached by 16 Oct 2026"
    )
    assert (finding.upkeep, finding.decider) == (True, "Ines")
    assert found(fallen(stored, 20)) == []
    assert len(found(fallen(stored, 19), fallen_percent=52)) == 1
    assert found(fallen(stored, 19), fallen_percent=53) == []


def test_few_updates_are_chance_and_what_is_done_is_not_compared(stored: Stored) -> None:
    assert found(fallen(stored, 5), enough_updates=41) == []
    stored.change(LIVE, category=DONE, finished=date(2026, 8, 17))
    assert len(found(stored)) == 1
    assert found(stored, enough_updates=21) == []
    assert found(stored, most_records=1) == []


def test_work_that_is_new_has_no_baseline(stored: Stored) -> None:
    fallen(stored, 5)
    for node in (TRAINING, LIVE):
        stored.change(node, created=at(date(2026, 7, 1)))
    assert found(stored) == []


def test_of_very_many_records_only_silence_is_told(stored: Stored) -> None:
    assert len(found(stored, most_records=1)) == 1
    stored.change(TRAINING, changed=at(september(1)))
    assert found(stored, most_records=1) == []


def test_while_a_record_is_out_of_sight_or_its_source_is_not_read_the_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.lose(TRAINING, Absence.UNOBSERVED)
    judgement = judge(stored)
    assert judgement.findings == ()
    assert judgement.unjudged[finding.fingerprint] == "TRN was not seen in the last reading"

    stored = example_world()
    stored.cover("asana", complete=False)
    judgement = judge(stored)
    assert judgement.findings == ()
    assert judgement.unjudged[finding.fingerprint] == "asana is not completely read"


def test_a_deleted_record_tells_nothing(stored: Stored) -> None:
    stored.change(TRAINING, changed=at(september(10)))
    stored.lose(TRAINING, Absence.DELETED)
    assert len(found(stored)) == 1


def test_a_source_that_tells_no_times_and_is_known_for_a_day_is_blind(stored: Stored) -> None:
    for node in (TRAINING, LIVE):
        stored.change(node, changed=None)
        stored.histories_[node] = []
    judgement = judge(stored)
    assert judgement.findings == ()
    assert [(each.reason, each.sources) for each in judgement.blind["missing-evidence"]] == [
        ("asana does not say when its records were changed, and they are not known for long enough", ("asana",))
    ]


def test_the_order_of_what_is_stored_changes_nothing(stored: Stored) -> None:
    assert found(stored.shuffled(lambda each: list(reversed(each)))) == found(stored)


def test_the_reason_of_a_resolution_says_what_changed(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change(TRAINING, changed=at(september(14)))
    assert judge(stored).gone_because(finding) == "something is heard of Iberia live again"
    for target, why in (
        (date(2026, 12, 1), "Iberia live is to be reached by 1 Dec 2026 now"),
        (date(2026, 9, 1), "Iberia live was to be reached by 1 Sep 2026: the day has passed"),
        (None, "Iberia live is done or at rest, or has no date any more"),
    ):
        stored.objectives = [objective(target=target)]
        assert judge(stored).gone_because(finding) == why
