"""F1.2, I65: a promise that still carries a date which the plan has replaced."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from model.findings import Account, Severity
from model.links import Role
from model.objectives import Baseline, Level, Objective, Tolerance
from model.records import Absence, Move, Outcome
from reconcile.options import ReconcileOptions
from tests.reconcile.checks.promise_checks import promise_findings, told_by
from tests.reconcile.world import DOING, NOW, Stored

OCT_14, NOV_30 = date(2026, 10, 14), date(2026, 11, 30)
SEP_3 = datetime(2026, 9, 3, 8, tzinfo=UTC)
AISHA = "aisha@meridian.example"


def example_world() -> Stored:
    """Aurora 4.1 was planned for 30 November; on 3 September it moved to 14 October. Nordwind still has the old day."""
    stored = Stored()
    stored.objectives = [
        Objective(id="M-101", name="Sell Aurora", level=Level.MEASURE, owner="Mira Lindholm", sponsor="Paul Novak")
    ]
    stored.release("Aurora 4.1", OCT_14)
    stored.work("AUR-160", OCT_14, releases=("Aurora 4.1",), category=DOING)
    stored.moves_["jira:Aurora 4.1"] = [Move("release_date", NOV_30, OCT_14, SEP_3, AISHA)]
    stored.deal("OPP-1", "Aurora 4.1", NOV_30, 480_000, account="Nordwind", probability=Decimal("0.5"))
    stored.link("salesforce:OPP-1", "M-101")
    return stored


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored, **more):
    return [finding for finding in stored.judge(**more).findings if finding.check == "outdated-plan"]


def test_work_that_moved_earlier_is_found_with_the_days_gained_and_no_money_at_risk(stored):
    """14 October to 30 November is 17 + 30 = 47 days."""
    (finding,) = found(stored)

    assert finding.title == (
        "Nordwind was promised Aurora 4.1 for 30 Nov 2026, its former date; "
        "the work now says 14 Oct 2026 (47 days earlier)"
    )
    assert finding.impact.days == -47
    assert finding.impact.full(Account.REVENUE) == 0, "an opportunity is no risk"
    assert finding.advice == (
        "Offer Nordwind 14 Oct 2026 (EUR 480,000 could come earlier), or confirm the date that was promised."
    )
    assert (finding.severity, finding.decide_by, finding.decider) == (Severity.NOTICE, None, "Mira Lindholm")
    assert (finding.forecast.says, finding.forecast.day) == ("now says 14 Oct 2026", OCT_14)
    assert (finding.objective_ids, finding.sources) == (("M-101",), ("jira", "salesforce"))


def test_the_evidence_names_who_moved_the_date_and_when_once(stored):
    (finding,) = found(stored)

    told = [(each.field, each.old, each.value, each.by, each.at) for each in finding.evidence if each.at]
    assert told == [("release_date", "2026-11-30", "2026-10-14", AISHA, SEP_3)]


def test_a_move_that_was_not_the_last_is_told_as_well(stored):
    stored.moves_["jira:Aurora 4.1"] = [
        Move("release_date", NOV_30, date(2026, 10, 31), SEP_3, AISHA),
        Move("release_date", date(2026, 10, 31), OCT_14, NOW),
    ]
    (finding,) = found(stored)

    assert [(each.old, each.by) for each in finding.evidence if each.at] == [
        ("2026-11-30", AISHA),
        ("2026-10-31", None),
    ]


def test_a_promise_that_never_was_the_plans_date_was_meant(stored):
    stored.change("salesforce:OPP-1", promised_date=date(2026, 12, 1))

    assert found(stored) == []


def test_a_date_that_is_the_plans_again_is_not_outdated(stored):
    """The edge: the record's own date is back on the promised day, and its work comes earlier."""
    stored.moves_["jira:Aurora 4.1"].append(Move("release_date", OCT_14, NOV_30, NOW))

    assert found(stored) == []


def test_the_date_of_the_record_that_binds_counts_as_the_plans(stored):
    """AUR-160 has no release; what waits for it has no date of its own."""
    stored.work("AUR-161", None)
    stored.work("AUR-162", OCT_14, parent="AUR-161")
    stored.need("jira:AUR-163", "AUR-162")
    stored.work("AUR-163", None)
    stored.moves_["jira:AUR-162"] = [Move("due", NOV_30, OCT_14, SEP_3, AISHA)]
    stored.deal("OPP-2", "AUR-161", NOV_30, account="Adria")
    finding = next(each for each in found(stored) if each.subjects == ("salesforce:OPP-2",))

    assert finding.title.startswith("Adria was promised AUR-161 for 30 Nov 2026, AUR-162's former date; ")


def test_a_lag_is_added_to_the_former_date(stored):
    """30 November is 20 November plus 10 days; 14 October plus 10 days is 24 October, 37 days earlier."""
    stored.needs_ = [("salesforce:OPP-1", "Aurora 4.1", 10)]
    assert found(stored) == []

    stored.moves_["jira:Aurora 4.1"] = [Move("release_date", date(2026, 11, 20), OCT_14, SEP_3, AISHA)]
    (finding,) = found(stored)
    assert (finding.impact.days, finding.forecast.day) == (-37, date(2026, 10, 24))
    assert "by its former date of 20 Nov 2026" in finding.title


def test_an_objective_whose_target_was_approved_anew_is_found_by_its_former_baseline(stored):
    approved = (Baseline(NOV_30), Baseline(date(2026, 10, 31), "Martin Keller", date(2026, 9, 1)))
    stored.objectives.append(
        Objective(id="M-102", name="Ship Aurora", level=Level.MEASURE, target=date(2026, 10, 31), baselines=approved)
    )
    stored.work("AUR-170", OCT_14)
    stored.link("jira:AUR-170", "M-102", Role.DELIVERS)
    stored.deal("OPP-2", "M-102", NOV_30, account="Adria")
    finding = next(each for each in found(stored) if each.subjects == ("salesforce:OPP-2",))

    assert finding.title.startswith("Adria was promised Ship Aurora for 30 Nov 2026, its former date; ")
    [proof] = [each for each in finding.evidence if each.field == "baseline"]
    assert (proof.old, proof.value, proof.by) == ("2026-11-30", "2026-10-31", "Martin Keller")


def test_a_later_plan_inside_the_tolerance_is_told_here_and_beyond_it_by_late_commitment_alone(stored):
    """From 30 November to 5 December are 5 days, in one quarter."""
    stored.objectives[0] = Objective(
        id="M-101", name="Sell Aurora", level=Level.MEASURE, owner="Mira", tolerance=Tolerance(days=5)
    )
    stored.change("jira:Aurora 4.1", release_date=date(2026, 12, 5))
    stored.moves_["jira:Aurora 4.1"] = [Move("release_date", NOV_30, date(2026, 12, 5), SEP_3, AISHA)]
    (finding,) = promise_findings(stored)
    assert finding.check == "outdated-plan"
    assert finding.title.endswith("the work now says 5 Dec 2026 (5 days later, inside the tolerance of 5 days)")
    assert finding.advice.startswith("Write the date that is in force into the deal")

    stored.change("jira:Aurora 4.1", release_date=date(2026, 12, 6))
    assert told_by(stored) == ["late-commitment"]


def test_what_is_finished_before_its_former_date_can_be_offered_today(stored):
    stored.change("jira:Aurora 4.1", released=True, release_date=date(2026, 9, 10))
    (finding,) = found(stored)

    assert finding.impact.days == -81  # 20 days of September, 31 of October, 30 of November
    assert "it is finished since 10 Sep 2026" in finding.title
    assert finding.advice.startswith("Offer Nordwind 15 Sep 2026 (EUR 480,000")


def test_once_the_promised_day_has_come_nothing_can_be_gained(stored):
    assert found(stored, today=date(2026, 11, 29)) == [], "by then the work is overdue"
    stored.change("jira:Aurora 4.1", released=True)

    assert len(found(stored, today=date(2026, 11, 29))) == 1
    assert found(stored, today=NOV_30) == []


def test_a_small_gain_is_told_from_the_configured_days_on(stored):
    for days, number in ((47, 1), (48, 0)):
        options = ReconcileOptions.model_validate({"checks": {"outdated-plan": {"gained_days": days}}})
        assert len(found(stored, options=options)) == number


def test_lost_deals_and_unsupported_ones_are_not_told(stored):
    stored.change("salesforce:OPP-1", outcome=Outcome.LOST)
    assert found(stored) == []

    stored.change("salesforce:OPP-1", outcome=Outcome.OPEN)
    stored.change("jira:Aurora 4.1", release_date=None)
    stored.change("jira:AUR-160", due=None)
    assert found(stored) == []


def test_what_cannot_be_seen_is_not_judged_and_an_incomplete_source_holds(stored):
    (before,) = found(stored)
    stored.cover("jira", complete=False)
    assert "not completely read: jira" in stored.judge().hold(before, None).because

    stored.work("AUR-164", OCT_14, releases=("Aurora 4.1",))
    stored.need("jira:AUR-164", "AUR-160")
    stored.lose("jira:AUR-160", Absence.ACCESS_LOST)
    judgement = stored.judge()
    assert judgement.unjudged[before.fingerprint] == "AUR-160 cannot be read any more"


def test_deals_without_a_promised_date_are_said_to_be_out_of_reach(stored):
    stored.change("salesforce:OPP-1", promised_date=None)

    assert [each.reason for each in stored.judge().blind["outdated-plan"]] == [
        "no deal of salesforce has a promised date"
    ]


def test_the_reason_of_a_resolution_says_what_moved(stored):
    (finding,) = found(stored)

    def reason(change, **more):
        after = stored.shuffled(list)
        change(after)
        judgement = after.judge(**more)
        assert finding.fingerprint not in {each.fingerprint for each in judgement.findings}
        return judgement.gone_because(finding)

    assert reason(lambda s: s.change("salesforce:OPP-1", promised_date=OCT_14)) == (
        "the promise moved from 30 Nov 2026 to 14 Oct 2026"
    )
    assert reason(lambda s: s.change("jira:Aurora 4.1", release_date=NOV_30)) == "Aurora 4.1 now says 30 Nov 2026"

    def ship(stored: Stored) -> None:
        stored.change("jira:Aurora 4.1", released=True, release_date=OCT_14)

    assert reason(ship, today=NOV_30) == "Aurora 4.1 is finished"
