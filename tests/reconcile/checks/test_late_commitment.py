"""F1.1: a promise that is earlier than what the work now says."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from model.findings import Account, Finding, Severity
from model.objectives import DecisionRights, Level, Objective, Tolerance
from model.records import Absence, Move, Outcome
from reconcile.options import ReconcileOptions
from tests.reconcile.checks.promise_checks import told_by
from tests.reconcile.world import DOING, DONE, EUR, NOW, TODAY, Stored

SEP_30, NOV_16 = date(2026, 9, 30), date(2026, 11, 16)


def story_world() -> Stored:
    """Aurora 4.0 keeps its date of 30 September, while its certification slipped to 16 November."""
    stored = Stored()
    stored.objectives = [
        Objective(id="GROWTH", name="Growth", level=Level.PORTFOLIO, sponsor="Martin Keller"),
        Objective(
            id="M-101",
            name="Sell Aurora",
            level=Level.MEASURE,
            parent="GROWTH",
            owner="Mira Lindholm",
            decision_rights=DecisionRights(within_tolerance="Mira Lindholm", beyond="Paul Novak"),
        ),
    ]
    stored.release("Aurora 4.0", SEP_30)
    stored.work("AUR-118", NOV_16, releases=("Aurora 4.0",), category=DOING, title="Certify the gateway")
    stored.moves_["jira:AUR-118"] = [
        Move("due", date(2026, 9, 1), date(2026, 9, 18), NOW),
        Move("due", date(2026, 9, 18), NOV_16, NOW, "gateway@meridian.example"),
    ]
    stored.deal("OPP-1", "Aurora 4.0", SEP_30, 480_000, account="Nordwind", owner="sales@meridian.example")
    stored.link("salesforce:OPP-1", "M-101")
    return stored


@pytest.fixture
def stored() -> Stored:
    return story_world()


def found(stored: Stored, **more):
    return [finding for finding in stored.judge(**more).findings if finding.check == "late-commitment"]


def test_a_promise_before_the_forecast_is_found_with_days_money_cause_and_decider(stored):
    """30 September to 16 November is 47 days; 80 % of 480,000 is 384,000; 14 days before 30 September is the 16th."""
    (finding,) = found(stored)

    assert finding.title == (
        "Nordwind was promised Aurora 4.0 for 30 Sep 2026; the work now says 16 Nov 2026 (47 days later)"
    )
    assert finding.impact.days == 47
    assert finding.impact.full(Account.REVENUE) == Decimal(480_000)
    assert finding.impact.weighted(Account.REVENUE) == Decimal(384_000)
    assert finding.cause == "jira:AUR-118"
    assert (finding.decider, finding.decide_by) == ("Paul Novak", date(2026, 9, 16))
    assert (finding.owner, finding.objective_ids) == ("sales@meridian.example", ("M-101",))
    assert finding.sources == ("jira", "salesforce")
    assert finding.advice == "Move the promise to 16 Nov 2026, or bring AUR-118 forward by 47 days."


def test_the_two_claims_name_their_systems_and_days(stored):
    (finding,) = found(stored)

    assert (finding.commitment.system, finding.commitment.key, finding.commitment.day) == (
        "salesforce",
        "OPP-1",
        SEP_30,
    )
    assert finding.commitment.says == "promises Aurora 4.0 for 30 Sep 2026"
    assert (finding.forecast.system, finding.forecast.key, finding.forecast.day) == ("jira", "Aurora 4.0", NOV_16)


def test_the_chain_is_told_in_plain_words_from_the_effect_to_the_cause(stored):
    (finding,) = found(stored)

    assert [(step.key, step.says) for step in finding.chain] == [
        ("OPP-1", "promised for 30 Sep 2026; waits for Aurora 4.0"),
        ("Aurora 4.0", "waits for AUR-118"),
        ("AUR-118", "due 16 Nov 2026"),
    ]
    assert finding.chain[-1].title == "Certify the gateway"
    assert finding.chain[-1].where == "https://jira.example/AUR-118"


def test_the_evidence_holds_both_dates_the_hidden_one_and_the_latest_move(stored):
    (finding,) = found(stored)

    told = {(each.key, each.field, each.value, each.old, each.by) for each in finding.evidence}
    assert ("OPP-1", "promised_date", "2026-09-30", None, None) in told
    assert ("Aurora 4.0", "release_date", "2026-09-30", None, None) in told
    assert ("AUR-118", "due", "2026-11-16", None, None) in told
    assert ("AUR-118", "due", "2026-11-16", "2026-09-18", "gateway@meridian.example") in told
    assert {each.seen for each in finding.evidence} == {NOW}


def test_the_field_of_the_source_and_the_cell_of_a_workbook_are_named(stored):
    stored.change("salesforce:OPP-1", provenance={"promised_date": "Promised_Date__c"})
    stored.change("jira:AUR-118", provenance={"due": "plan.xlsx!Plan!F12"})
    (finding,) = found(stored)

    fields = {(each.field, each.where) for each in finding.evidence}
    assert ("Promised_Date__c", "https://salesforce.example/OPP-1") in fields
    assert ("due", "plan.xlsx!Plan!F12") in fields


def test_a_promise_after_the_forecast_is_kept(stored):
    stored.change("salesforce:OPP-1", promised_date=date(2026, 12, 31))

    assert found(stored) == []


def test_the_same_day_is_on_time_and_the_day_before_is_not(stored):
    stored.change("salesforce:OPP-1", promised_date=NOV_16)
    assert found(stored) == []

    stored.change("salesforce:OPP-1", promised_date=date(2026, 11, 15))
    assert [finding.impact.days for finding in found(stored)] == [1]


def test_lost_deals_and_blank_promises_say_nothing(stored):
    stored.deal("OPP-2", "Aurora 4.0", SEP_30, outcome=Outcome.LOST)
    stored.change("salesforce:OPP-1", promised_date=None)

    assert found(stored) == []


def test_what_is_finished_breaks_no_promise(stored):
    stored.change("jira:Aurora 4.0", released=True)

    assert found(stored) == []


def test_a_lag_after_the_release_counts_against_the_promise(stored):
    stored.needs_ = [("salesforce:OPP-1", "Aurora 4.0", 10)]
    (finding,) = found(stored)

    assert finding.impact.days == 57
    assert finding.chain[0].says == "promised for 30 Sep 2026; waits for Aurora 4.0 and 10 days more"
    assert finding.forecast.day == date(2026, 11, 26)


def test_what_was_finished_but_for_its_lag_is_still_to_come(stored):
    """Done on 10 September, plus 30 days is 10 October: ten days after the promise."""
    stored.work("A-1", category=DONE, finished=date(2026, 9, 10))
    stored.needs_ = [("salesforce:OPP-1", "A-1", 30)]
    (finding,) = found(stored)

    assert finding.impact.days == 10


def tolerant(stored: Stored, days: int) -> None:
    measure = stored.objectives[1]
    stored.objectives[1] = Objective(
        id=measure.id,
        name=measure.name,
        level=measure.level,
        parent=measure.parent,
        decision_rights=measure.decision_rights,
        tolerance=Tolerance(days=days),
    )


def test_a_delay_inside_the_tolerance_is_not_told(stored):
    tolerant(stored, 7)
    stored.change("salesforce:OPP-1", promised_date=date(2026, 11, 9))
    assert found(stored) == []

    stored.change("salesforce:OPP-1", promised_date=date(2026, 11, 8))
    assert [finding.decider for finding in found(stored)] == ["Paul Novak"]


def test_a_delay_inside_the_tolerance_but_across_a_quarter_end_is_told_to_the_smaller_right(stored):
    tolerant(stored, 7)
    stored.change("jira:AUR-118", due=date(2026, 10, 2))
    (finding,) = found(stored)

    assert finding.impact.days == 2
    assert "inside the tolerance of 7 days but in another quarter" in finding.title
    assert finding.decider == "Mira Lindholm"


def test_the_tolerance_of_the_options_counts_where_no_objective_sets_one(stored):
    assert found(stored, options=ReconcileOptions(tolerance_days=47)) != []  # across a quarter end
    stored.change("salesforce:OPP-1", promised_date=date(2026, 10, 1))
    assert found(stored, options=ReconcileOptions(tolerance_days=46)) == []
    assert found(stored, options=ReconcileOptions(tolerance_days=45)) != []


def test_without_a_named_right_the_nearest_sponsor_above_decides(stored):
    stored.objectives[1] = Objective(id="M-101", name="Sell", level=Level.MEASURE, parent="GROWTH", owner="Mira")

    assert [finding.decider for finding in found(stored)] == ["Martin Keller"]


def test_a_deal_without_objectives_takes_those_of_what_it_waits_for(stored):
    stored.links_ = []
    stored.link("jira:Aurora 4.0", "GROWTH")

    assert [finding.objective_ids for finding in found(stored)] == [("GROWTH",)]


def test_a_leap_day_is_a_day(stored):
    """28 February to 1 March 2028 is two days."""
    stored.change("jira:AUR-118", due=date(2028, 3, 1))
    stored.change("salesforce:OPP-1", promised_date=date(2028, 2, 28))

    assert [finding.impact.days for finding in found(stored)] == [2]


def test_the_last_day_of_the_decision_is_never_in_the_past(stored):
    stored.change("salesforce:OPP-1", promised_date=date(2026, 9, 1))
    (finding,) = found(stored)

    assert (finding.decide_by, finding.severity) == (TODAY, Severity.CRITICAL)


def test_an_amount_without_a_rate_is_listed_unconverted(stored):
    stored.deal("OPP-2", "Aurora 4.0", SEP_30, 300_000, currency="CHF")
    finding = next(each for each in found(stored, rates=EUR) if each.subjects == ("salesforce:OPP-2",))

    assert finding.impact.full(Account.REVENUE) == 0
    assert [str(money) for money in finding.impact.unconverted] == ["CHF 300,000.00"]


def test_a_deal_whose_work_cannot_be_seen_is_not_judged(stored):
    stored.work("AUR-119", NOV_16, releases=("Aurora 4.0",))
    stored.need("jira:AUR-119", "AUR-118")
    stored.lose("jira:AUR-118", Absence.ACCESS_LOST)
    judgement = stored.judge()

    assert [each for each in judgement.findings if not each.upkeep] == []
    assert set(judgement.unjudged.values()) == {"AUR-118 cannot be read any more"}
    before = Finding(check="late-commitment", check_version=1, subjects=("salesforce:OPP-1",), title="")
    assert before.fingerprint in judgement.unjudged
    assert judgement.unknown_records == {"jira:AUR-118"}


def test_the_reason_of_a_resolution_says_what_moved(stored):
    (finding,) = found(stored)

    def reason(change):
        after = stored.shuffled(list)
        change(after)
        judgement = after.judge()
        assert finding.fingerprint not in {each.fingerprint for each in judgement.findings}
        return judgement.gone_because(finding)

    deal, work = "salesforce:OPP-1", "jira:AUR-118"
    assert reason(lambda s: s.change(deal, promised_date=date(2026, 12, 1))) == (
        "the promise moved from 30 Sep 2026 to 1 Dec 2026"
    )
    assert reason(lambda s: s.change(deal, promised_date=None)) == "the promise has no date any more"
    assert reason(lambda s: s.change(deal, outcome=Outcome.LOST)) == "OPP-1 was lost"
    assert reason(lambda s: s.change(work, due=date(2026, 9, 28))) == "Aurora 4.0 now says 30 Sep 2026"
    assert reason(lambda s: s.change("jira:Aurora 4.0", released=True)) == "Aurora 4.0 is finished"
    assert reason(lambda s: s.needs_.clear()) == "OPP-1 waits for nothing any more"
    assert reason(lambda s: s.remove(deal)) == "no rule links OPP-1 any more"
    assert reason(lambda s: s.lose("jira:Aurora 4.0", Absence.DELETED)) == (
        "nothing supports Aurora 4.0 any more, which is a finding of its own"
    )

    def delete(stored: Stored) -> None:
        stored.absences_ = {deal: (Absence.DELETED, NOW)}

    assert reason(delete) == "OPP-1 was deleted"


def test_a_promise_that_equals_a_former_date_of_the_plan_says_so_and_names_who_replaced_it(stored):
    """F1.2: the release itself moved from 30 September to 31 October on the 3rd, and then to 16 November."""
    stored.change("jira:Aurora 4.0", release_date=NOV_16)
    stored.moves_["jira:Aurora 4.0"] = [
        Move("release_date", SEP_30, date(2026, 10, 31), datetime(2026, 9, 3, tzinfo=UTC), "ada@meridian.example"),
        Move("release_date", date(2026, 10, 31), NOV_16, NOW, "bo@meridian.example"),
    ]
    (finding,) = found(stored)

    assert finding.title == (
        "Nordwind was promised Aurora 4.0 for 30 Sep 2026, its former date; "
        "the work now says 16 Nov 2026 (47 days later)"
    )
    told = [(each.old, each.value, each.by) for each in finding.evidence if each.key == "Aurora 4.0" and each.at]
    assert told == [
        ("2026-09-30", "2026-10-31", "ada@meridian.example"),
        ("2026-10-31", "2026-11-16", "bo@meridian.example"),
    ]
    assert told_by(stored) == ["late-commitment"], "one disagreement, one finding"


def test_a_date_that_is_the_plans_again_is_no_former_one(stored):
    stored.moves_["jira:Aurora 4.0"] = [
        Move("release_date", SEP_30, date(2026, 10, 31), NOW),
        Move("release_date", date(2026, 10, 31), SEP_30, NOW),
    ]

    assert "former" not in found(stored)[0].title


def test_deals_without_a_promised_date_are_said_to_be_out_of_reach(stored):
    """Deals of that source wait for work, and none of them says until when."""
    stored.change("salesforce:OPP-1", promised_date=None)
    assert [(each.reason, each.sources) for each in stored.judge().blind["late-commitment"]] == [
        ("no deal of salesforce has a promised date", ("salesforce",))
    ]

    stored.deal("OPP-2", "Aurora 4.0", SEP_30)
    assert "late-commitment" not in stored.judge().blind
