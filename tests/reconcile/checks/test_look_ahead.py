"""I29: dependencies found before they fail, by the day they are needed and the day they are forecast for."""

from datetime import date

import pytest

from model.calendars import Calendar
from model.findings import Finding, Severity
from model.links import Role
from model.objectives import Level, Objective, Tolerance
from model.records import Absence
from reconcile.checks.look_ahead import LookAheadOptions
from reconcile.options import ChecksOptions, ReconcileOptions
from tests.reconcile.world import DOING, DONE, TODAY, Stored

OCT_30, DEC_4 = date(2026, 10, 30), date(2026, 12, 4)


def example_world() -> Stored:
    """The roll-out is to be reached by 30 October; going live takes 3 days and needs training, which moved."""
    stored = Stored()
    stored.objectives = [Objective(id="ROLL", name="Roll-out", level=Level.PROJECT, sponsor="Martin", target=OCT_30)]
    stored.work("LIVE", date(2026, 10, 23), start=date(2026, 10, 20), source="asana")
    stored.work("TRAIN", DEC_4, source="asana", owner="lena")
    stored.need("asana:LIVE", "TRAIN", 2)
    stored.link("asana:LIVE", "ROLL", Role.DELIVERS)
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored, **more: object) -> list[Finding]:
    return [each for each in stored.judge(**more).findings if each.check == "look-ahead"]  # type: ignore[arg-type]


def test_what_is_needed_within_eight_weeks_and_will_be_later_is_found(stored: Stored) -> None:
    """30 October - 3 days of going live - 2 of lag = 25 October, 40 days ahead; 4 December is 40 days later."""
    (finding,) = found(stored)

    assert finding.subjects == ("asana:TRAIN",)
    assert finding.title == "TRAIN is needed by 25 Oct 2026 for Roll-out and now says 4 Dec 2026 (40 days later)"
    assert (finding.impact.days, finding.impact.shares) == (40, ())
    assert finding.commitment is not None
    assert (finding.commitment.key, finding.commitment.says) == ("LIVE", "needs TRAIN by 25 Oct 2026")
    assert finding.commitment.day is None  # nobody committed to that day
    assert finding.forecast is not None
    assert (finding.forecast.key, finding.forecast.day) == ("TRAIN", DEC_4)
    assert [(step.key, step.says) for step in finding.chain] == [("TRAIN", "needed by 25 Oct 2026; due 4 Dec 2026")]
    told = {(each.key, each.field, each.value) for each in finding.evidence}
    assert told == {("TRAIN", "needed by", "2026-10-25"), ("TRAIN", "due", "2026-12-04")}
    assert (finding.owner, finding.decider, finding.decide_by) == ("lena", "Martin", date(2026, 10, 25))
    assert finding.advice == "Bring TRAIN forward by 40 days, or agree on a later target of Roll-out."
    assert finding.sources == ("asana",)


def test_what_comes_on_the_day_it_is_needed_is_in_time(stored: Stored) -> None:
    stored.change("asana:TRAIN", due=date(2026, 10, 25))
    assert found(stored) == []
    stored.change("asana:TRAIN", due=date(2026, 10, 26))
    assert [each.impact.days for each in found(stored)] == [1]


def test_what_the_objective_tolerates_is_granted_to_what_it_needs(stored: Stored) -> None:
    """Ten days of tolerance move the day of need from 25 October to 4 November, 30 days before 4 December."""
    for days, told in ((40, []), (10, [30])):
        stored.objectives = [
            Objective(id="ROLL", name="Roll-out", level=Level.PROJECT, target=OCT_30, tolerance=Tolerance(days))
        ]
        assert [each.impact.days for each in found(stored)] == told


@pytest.mark.parametrize(
    ("target", "severity"),
    [
        (date(2026, 10, 4), Severity.MAJOR),  # needed by 29 September: two weeks ahead
        (date(2026, 10, 5), Severity.MINOR),
        (date(2026, 10, 18), Severity.MINOR),  # needed by 13 October: four weeks ahead
        (date(2026, 10, 19), Severity.NOTICE),
        (date(2026, 11, 15), Severity.NOTICE),  # needed by 10 November: eight weeks ahead
        (date(2026, 11, 16), None),
    ],
)
def test_the_nearer_the_day_of_need_the_graver(stored: Stored, target: date, severity: Severity | None) -> None:
    stored.change("asana:LIVE", start=date(2026, 9, 25), due=date(2026, 9, 28))
    stored.objectives = [Objective(id="ROLL", name="Roll-out", level=Level.PROJECT, target=target)]
    assert [each.severity for each in found(stored)] == ([severity] if severity else [])


def test_how_far_ahead_is_looked_can_be_set(stored: Stored) -> None:
    checks = ChecksOptions.model_validate({"look-ahead": LookAheadOptions(weeks=(1, 5))})
    assert found(stored, options=ReconcileOptions(checks=checks)) == []
    checks = ChecksOptions.model_validate({"look-ahead": LookAheadOptions(weeks=(1, 6))})
    assert len(found(stored, options=ReconcileOptions(checks=checks))) == 1


def test_a_day_of_need_that_has_passed_is_told_as_such(stored: Stored) -> None:
    assert [each.title for each in found(stored, today=date(2026, 11, 2))] == [
        "TRAIN was needed by 25 Oct 2026 for Roll-out and now says 4 Dec 2026 (40 days later)"
    ]
    assert [each.decide_by for each in found(stored, today=date(2026, 11, 2))] == [date(2026, 11, 2)]


def test_working_days_are_counted_back_by_the_calendar(stored: Stored) -> None:
    """27 October is a Tuesday; two working days before it end after Friday the 23rd or the weekend behind it."""
    stored.terms("asana:LIVE", calendar="default")
    (finding,) = found(stored)
    assert finding.chain[0].day == date(2026, 10, 25)
    stored.needs_ = [("asana:LIVE", "TRAIN", 3)]
    assert Calendar().after(date(2026, 10, 22), 3) == date(2026, 10, 27)
    (finding,) = found(stored)
    assert finding.chain[0].day == date(2026, 10, 22)


def test_of_a_chain_only_what_binds_the_others_is_told(stored: Stored) -> None:
    """BOOK takes a day and needs nothing; TRAIN waits for it, and LIVE for TRAIN."""
    stored.change("asana:TRAIN", due=date(2026, 10, 16), start=date(2026, 10, 15))
    stored.work("BOOK", date(2026, 11, 30), source="asana")
    stored.need("asana:TRAIN", "BOOK")
    (finding,) = found(stored)
    assert finding.subjects == ("asana:BOOK",)
    # 25 October less the day that TRAIN takes is the 24th; 30 November is 37 days later.
    assert finding.impact.days == 37


def test_nothing_is_needed_before_what_needs_it_could_use_it_by_its_own_plan(stored: Stored) -> None:
    """LIVE is planned from 10 December itself: TRAIN is there in time for that, so moving TRAIN would not help."""
    stored.change("asana:LIVE", due=date(2026, 12, 14), start=date(2026, 12, 10))
    assert found(stored) == []
    stored.change("asana:LIVE", due=date(2026, 11, 9), start=date(2026, 11, 6))
    # 6 November less 2 days is the 4th; 4 December is 30 days later.
    assert [each.impact.days for each in found(stored)] == [30]


def test_what_a_dated_promise_or_saving_rests_on_is_watched_by_their_own_checks(stored: Stored) -> None:
    saving = stored.saving("M-1", "LIVE", date(2026, 11, 2), {"2026-11": 30_000})
    judgement = stored.judge()
    assert [each.check for each in judgement.findings if each.cause == "asana:TRAIN"].count("early-saving") == 1
    assert found(stored) == []
    stored.change(saving, planned_start=None, plan=())
    assert len(found(stored)) == 1
    stored.deal("OPP-1", "LIVE", date(2027, 6, 1))
    assert found(stored) == []


def test_what_has_begun_or_has_no_date_is_not_late(stored: Stored) -> None:
    stored.change("asana:LIVE", category=DOING)
    assert found(stored) == []
    stored.change("asana:LIVE", category=None)
    stored.change("asana:TRAIN", due=None)
    assert found(stored) == []


def test_while_its_source_is_not_read_or_it_is_out_of_sight_a_finding_is_held(stored: Stored) -> None:
    (finding,) = found(stored)
    stored.change("asana:TRAIN", due=OCT_30)
    stored.cover("asana", complete=False)
    hold = stored.judge().hold(finding, None)
    assert hold is not None
    assert hold.because.startswith("not completely read: asana")

    stored = example_world()
    stored.lose("asana:TRAIN", Absence.UNOBSERVED)
    judgement = stored.judge()
    assert found(stored) == []
    assert judgement.unjudged[finding.fingerprint] == "TRAIN was not seen in the last reading"


def test_the_reason_of_a_resolution_says_what_moved(stored: Stored) -> None:
    (finding,) = found(stored)

    def reason() -> str:
        judgement = stored.judge()
        assert found(stored) == []
        return judgement.gone_because(finding)

    stored.change("asana:TRAIN", due=date(2026, 10, 20))
    assert reason() == "TRAIN now says 20 Oct 2026 and is needed by 25 Oct 2026"
    stored.change("asana:TRAIN", category=DONE, finished=TODAY)
    assert reason() == "TRAIN finished on 15 Sep 2026"
    stored.needs_ = []
    assert reason() == "nothing that is committed to needs TRAIN any more"
    stored.remove("asana:TRAIN")
    assert reason() == "TRAIN is not in the plan any more"


def test_where_nothing_says_what_it_needs_the_check_is_blind(stored: Stored) -> None:
    assert "look-ahead" not in stored.judge().blind
    stored.needs_ = []
    assert [each.reason for each in stored.judge().blind["look-ahead"]] == [
        "no work, release or objective says what it needs"
    ]
