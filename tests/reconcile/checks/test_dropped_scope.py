"""F1.3: what was promised was cancelled or deleted, or left its release, while a deal counts on it."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from model.findings import Account, combined
from model.links import Role
from model.objectives import DecisionRights, Level, Objective, StageGate
from model.records import Absence, Change, Outcome
from reconcile.options import ReconcileOptions
from tests.reconcile.checks.promise_checks import told_by
from tests.reconcile.world import DOING, DONE, DROPPED, NOW, TODO, YESTERDAY, Stored

OCT_31, NOV_30 = date(2026, 10, 31), date(2026, 11, 30)
SOLD = datetime(2026, 6, 1, tzinfo=UTC)
DROPPED_AT = datetime(2026, 9, 14, 15, 30, tzinfo=UTC)
AISHA = "aisha@meridian.example"


def example_world() -> Stored:
    """Aurora 4.0 was sold twice, with offline mode (AUR-140) in it; offline mode itself was sold to Verde Energia.

    It was cancelled on 14 September, after the deals of June and before that of OPP-13. AUR-150 moved to Aurora 5.0.
    """
    stored = Stored()
    stored.objectives = [
        Objective(id="GROWTH", name="Growth", level=Level.PORTFOLIO, sponsor="Martin Keller"),
        Objective(id="M-101", name="Sell Aurora", level=Level.MEASURE, parent="GROWTH", sponsor="Paul Novak"),
        Objective(
            id="M-102",
            name="Ship Aurora",
            level=Level.MEASURE,
            parent="GROWTH",
            decision_rights=DecisionRights(beyond="Aisha Rahman"),
        ),
    ]
    stored.release("Aurora 4.0", OCT_31)
    stored.release("Aurora 5.0", NOV_30)
    feature(stored, "AUR-140", releases=("Aurora 4.0",), category=DROPPED, status="Closed", resolution="Won't Do")
    feature(stored, "AUR-150", date(2026, 10, 12), releases=("Aurora 5.0",))
    stored.changes_["jira:AUR-140"] = [
        Change("status", "To Do", "In Progress", SOLD, "tomas@meridian.example"),
        Change("status", "In Progress", "Closed", DROPPED_AT, AISHA),
        Change("resolution", None, "Won't Do", DROPPED_AT, AISHA),
    ]
    stored.changes_["jira:AUR-150"] = [moved(at=DROPPED_AT), Change("releases", None, "Aurora 5.0", DROPPED_AT, AISHA)]
    deals = (("OPP-10", "AUR-140", "Verde", 220_000), ("OPP-11", "Aurora 4.0", "Nordwind", 480_000))
    for key, promised, account, amount in deals:
        stored.deal(key, promised, OCT_31, amount, account=account, probability=Decimal("0.5"), created=SOLD)
        stored.link(f"salesforce:{key}", "M-101")
    return stored


def feature(stored: Stored, key: str, due: date | None = None, **more) -> None:
    """Linked work with work below it, so that it is known as a node of its own."""
    stored.work(key, due, **more)
    stored.work(f"{key}-1", due, parent=key, category=DONE if due is None else TODO)
    stored.link(f"jira:{key}", "M-102", Role.DELIVERS)


def moved(at: datetime = DROPPED_AT) -> Change:
    return Change("releases", "Aurora 4.0", None, at, AISHA)


@pytest.fixture
def stored() -> Stored:
    return example_world()


def found(stored: Stored, **more):
    findings = stored.judge(**more).findings
    return {each.subjects: each for each in findings if each.check == "dropped-scope"}


VERDE = ("salesforce:OPP-10", "jira:AUR-140")
NORDWIND_140, NORDWIND_150 = ("salesforce:OPP-11", "jira:AUR-140"), ("salesforce:OPP-11", "jira:AUR-150")


def test_every_promise_that_lost_what_it_was_given_for_is_found(stored):
    assert set(found(stored)) == {VERDE, NORDWIND_140, NORDWIND_150}


def test_a_promised_feature_that_was_cancelled_is_found_with_its_money_and_decider(stored):
    """50 % of 220,000 is 110,000; 14 days before 31 October is the 17th. Who owns the feature's scope decides."""
    finding = found(stored)[VERDE]

    assert finding.title == "Verde was promised AUR-140 for 31 Oct 2026, but AUR-140 was cancelled"
    assert finding.impact.days is None
    assert finding.impact.full(Account.REVENUE) == Decimal(220_000)
    assert finding.impact.weighted(Account.REVENUE) == Decimal(110_000)
    assert (finding.cause, finding.forecast.says) == ("jira:AUR-140", "was cancelled")
    assert (finding.decider, finding.decide_by) == ("Aisha Rahman", date(2026, 10, 17))
    assert (finding.objective_ids, finding.sources) == (("M-101",), ("jira", "salesforce"))
    assert finding.advice == "Bring AUR-140 back into the plan, or take the promise back."
    assert [(step.key, step.says) for step in finding.chain] == [
        ("OPP-10", "promised for 31 Oct 2026; waits for AUR-140"),
        ("AUR-140", "was cancelled"),
    ]


def test_the_evidence_names_who_took_it_out_and_when(stored):
    told = {
        (each.key, each.field, each.old, each.value, each.by, each.at)
        for each in found(stored)[VERDE].evidence
        if each.at
    }

    assert told == {
        ("AUR-140", "status", "In Progress", "Closed", AISHA, DROPPED_AT),
        ("AUR-140", "resolution", "", "Won't Do", AISHA, DROPPED_AT),
    }


def test_what_the_source_tells_with_a_name_is_not_mixed_with_what_was_only_seen(stored):
    stored.changes_["jira:AUR-140"][2] = Change("resolution", None, "Won't Do", NOW)
    told = {(each.field, each.by) for each in found(stored)[VERDE].evidence if each.at}
    assert told == {("status", AISHA)}

    del stored.changes_["jira:AUR-140"][:2]
    told = {(each.field, each.by) for each in found(stored)[VERDE].evidence if each.at}
    assert told == {("resolution", None)}


def test_a_source_that_tells_no_changes_still_proves_it_by_what_it_says_now(stored):
    stored.changes_ = {}
    proofs = {(each.key, each.field, each.value, each.by) for each in found(stored)[VERDE].evidence}

    assert ("AUR-140", "resolution", "Won't Do", None) in proofs


def test_a_feature_that_moved_to_a_later_release_is_missing_from_the_one_that_was_promised(stored):
    """Aurora 4.0 still says 31 October, so no date breaks: it comes without AUR-150."""
    finding = found(stored)[NORDWIND_150]

    assert finding.title == "Nordwind was promised Aurora 4.0 for 31 Oct 2026, but AUR-150 left it"
    assert finding.advice == "Put AUR-150 back into Aurora 4.0, or agree with Nordwind what comes without it and when."
    [proof] = [each for each in finding.evidence if each.at]
    assert (proof.field, proof.old, proof.value, proof.by) == ("releases", "Aurora 4.0", "Aurora 5.0", AISHA)
    assert [(step.key, step.says) for step in finding.chain] == [
        ("OPP-11", "promised for 31 Oct 2026; waits for Aurora 4.0"),
        ("Aurora 4.0", "comes without AUR-150"),
        ("AUR-150", "left Aurora 4.0"),
    ]
    assert told_by(stored, "salesforce:OPP-11") == ["dropped-scope"] * 2


def test_two_features_of_one_deal_are_two_findings_whose_money_counts_once(stored):
    findings = found(stored)
    both = combined([findings[NORDWIND_140].impact, findings[NORDWIND_150].impact])
    assert both.full(Account.REVENUE) == Decimal(480_000)


@pytest.mark.parametrize(
    "change",
    [
        {"category": DOING, "resolution": None},
        {"category": DONE, "finished": date(2026, 9, 14)},
    ],
)
def test_what_is_in_the_plan_or_done_was_not_dropped(stored, change):
    stored.change("jira:AUR-140", **change)

    assert set(found(stored)) == {NORDWIND_150}


def test_what_is_in_an_earlier_release_now_comes_with_it(stored):
    """The edge: of two releases on the same day neither is later."""
    stored.change("jira:Aurora 5.0", release_date=OCT_31)
    assert NORDWIND_150 not in found(stored)

    stored.change("jira:Aurora 5.0", release_date=date(2026, 11, 1))
    assert NORDWIND_150 in found(stored)


def test_what_was_gone_before_the_deal_was_made_was_never_promised_with_it(stored):
    stored.change("salesforce:OPP-11", created=DROPPED_AT)
    assert set(found(stored)) == {VERDE, NORDWIND_140, NORDWIND_150}

    stored.change("salesforce:OPP-11", created=datetime(2026, 9, 14, 15, 31, tzinfo=UTC))
    assert set(found(stored)) == {VERDE}


def test_a_part_of_linked_work_and_work_that_nobody_linked_are_no_features(stored):
    stored.work("AUR-160", None, releases=("Aurora 4.0",), category=DROPPED, parent="AUR-150")
    stored.link("jira:AUR-160", "M-102", Role.DELIVERS)
    stored.work("AUR-170", None, releases=("Aurora 4.0",), category=DROPPED)
    for key in ("AUR-160", "AUR-170"):
        stored.work(f"{key}-1", None, parent=key)

    assert set(found(stored)) == {VERDE, NORDWIND_140, NORDWIND_150}


def test_a_feature_of_a_promised_objective_that_was_cancelled_is_found(stored):
    stored.deal("OPP-12", "M-102", OCT_31, 50_000, account="Adria")
    finding = found(stored)["salesforce:OPP-12", "jira:AUR-140"]

    assert finding.title == (
        "Adria was promised Ship Aurora for 31 Oct 2026, but AUR-140, which is part of it, was cancelled"
    )


def test_a_cancelled_objective_and_a_deleted_release_are_dropped_themselves(stored):
    stored.objectives[2] = Objective(
        id="M-102", name="Ship Aurora", level=Level.MEASURE, stage_gate=StageGate.CANCELLED
    )
    stored.deal("OPP-12", "M-102", OCT_31, 50_000, account="Adria")
    stored.lose("jira:Aurora 4.0", Absence.DELETED)
    findings = found(stored)

    assert set(findings) == {
        VERDE,
        ("salesforce:OPP-11", "jira:Aurora 4.0"),
        ("salesforce:OPP-12", "objective:M-102"),
    }
    [proof] = [each for each in findings["salesforce:OPP-11", "jira:Aurora 4.0"].evidence if each.field == "absence"]
    assert (proof.value, proof.at) == ("deleted", YESTERDAY)
    assert findings["salesforce:OPP-12", "objective:M-102"].sources == ("salesforce",)


def left_alone(stored: Stored, **more) -> None:
    """Offline mode is open again and in no release."""
    fields = {"category": DOING, "resolution": None, "releases": (), "due": date(2026, 10, 20), **more}
    stored.change("jira:AUR-140", **fields)
    stored.changes_["jira:AUR-140"] = [moved()]
    for each in ("jira:AUR-140-1",):
        stored.remove(each)
    stored.work("AUR-140-1", category=DONE, parent="AUR-140")


@pytest.mark.parametrize("due", [date(2026, 10, 20), None, date(2026, 9, 1)])
def test_a_promised_feature_that_left_its_release_for_none_is_told_once(stored, due):
    """With a date of its own, without one, or overdue: no release carries it any more."""
    left_alone(stored, due=due)
    finding = found(stored)[VERDE]

    assert finding.title == (
        "Verde was promised AUR-140 for 31 Oct 2026, but AUR-140 left Aurora 4.0 and belongs to no release any more"
    )
    assert told_by(stored, "salesforce:OPP-10") == ["dropped-scope"]
    [proof] = [each for each in finding.evidence if each.at]
    assert (proof.old, proof.value) == ("Aurora 4.0", "none")


def test_what_left_its_release_and_has_a_date_after_the_promise_is_late_and_nothing_else(stored):
    """The edge: on the promised day it is not late yet."""
    left_alone(stored, due=date(2026, 11, 1))
    assert told_by(stored, "salesforce:OPP-10") == ["late-commitment"]

    left_alone(stored, due=OCT_31)
    assert VERDE in found(stored)


def test_without_releases_in_the_date_policy_leaving_one_says_nothing(stored):
    left_alone(stored)

    assert VERDE not in found(stored, options=ReconcileOptions(date_order=("due", "sprint")))


def test_work_that_never_was_in_a_release_has_left_none(stored):
    left_alone(stored)
    stored.changes_ = {}

    assert VERDE not in found(stored)


def test_lost_deals_and_released_releases_are_over(stored):
    stored.change("salesforce:OPP-10", outcome=Outcome.LOST)
    stored.change("jira:Aurora 4.0", released=True)

    assert found(stored) == {}


def test_a_promise_without_a_date_is_found_and_has_no_last_day(stored):
    stored.change("salesforce:OPP-10", promised_date=None)

    assert (found(stored)[VERDE].title, found(stored)[VERDE].decide_by) == (
        "Verde was promised AUR-140, but AUR-140 was cancelled",
        None,
    )


def test_what_cannot_be_seen_is_not_judged(stored):
    stored.lose("jira:AUR-140", Absence.ACCESS_LOST)
    before = next(each for each in example_world().judge().findings if each.subjects == VERDE)
    judgement = stored.judge()

    assert VERDE not in {each.subjects for each in judgement.findings}
    assert judgement.unjudged[before.fingerprint] == "AUR-140 cannot be read any more"
    assert judgement.hold(before, None) is not None


def test_an_incomplete_source_holds_the_finding(stored):
    finding = found(stored)[NORDWIND_150]
    stored.cover("jira", complete=False)

    assert "not completely read: jira" in stored.judge().hold(finding, None).because


def test_deals_that_name_nothing_promised_are_said_to_be_out_of_reach(stored):
    stored.needs_.clear()

    assert [each.reason for each in stored.judge().blind["dropped-scope"]] == [
        "no deal of salesforce tells what was promised"
    ]


def test_the_reason_of_a_resolution_says_what_changed(stored):
    verde, nordwind = found(stored)[VERDE], found(stored)[NORDWIND_150]

    def reason(finding, change):
        after = stored.shuffled(list)
        change(after)
        judgement = after.judge()
        assert finding.fingerprint not in {each.fingerprint for each in judgement.findings}
        return judgement.gone_because(finding)

    deal, work = "salesforce:OPP-10", "jira:AUR-140"
    assert reason(verde, lambda s: s.change(work, category=DOING)) == "AUR-140 is in the plan again"
    assert reason(verde, lambda s: s.change(work, category=DONE)) == "AUR-140 is finished"
    assert reason(verde, lambda s: s.change(deal, outcome=Outcome.LOST)) == "OPP-10 was lost"
    assert reason(verde, lambda s: s.remove(deal)) == "no rule links OPP-10 any more"
    assert reason(verde, lambda s: s.needs_.remove((deal, "AUR-140", 0))) == "OPP-10 waits for nothing any more"
    assert reason(nordwind, lambda s: s.change("jira:Aurora 4.0", released=True)) == "Aurora 4.0 is finished"
    assert reason(nordwind, lambda s: s.change("jira:AUR-150", releases=("Aurora 4.0",))) == (
        "AUR-150 is in the plan again"
    )
    assert reason(nordwind, lambda s: s.links_.clear()) == "no rule links AUR-150 any more"
