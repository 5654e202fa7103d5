"""Design 5.5: a promise on work that is planned and that nothing supports."""

from datetime import date
from decimal import Decimal

import pytest

from model.findings import Account
from model.records import Absence, Change, Outcome
from reconcile.options import ReconcileOptions
from tests.reconcile.checks.promise_checks import told_by
from tests.reconcile.world import DOING, DONE, DROPPED, YESTERDAY, Stored

OCT_31 = date(2026, 10, 31)


def example_world() -> Stored:
    """Promises on what is dropped behind a need, undated, overdue, and kept by a release, a sprint, an own date."""
    stored = Stored()
    stored.release("R1", date(2026, 11, 16), start=date(2026, 8, 1))
    stored.sprint("S1", date(2026, 12, 18))
    stored.work("W-1", date(2026, 9, 1), releases=("R1",))
    stored.work("W-2", None, sprint="S1", parent="W-1")
    stored.work("W-3", date(2026, 9, 30), start=date(2026, 9, 21))
    stored.need("jira:W-3", "W-4")
    stored.work("W-4", date(2026, 10, 1), category=DROPPED)
    stored.work("W-5", date(2026, 8, 1), category=DONE, finished=date(2026, 8, 1))
    stored.work("W-6", date(2026, 8, 1))
    deals = [("W-1", {}), ("W-2", {}), ("W-3", {"outcome": Outcome.WON}), ("W-3", {"currency": "USD"})]
    deals += [("W-5", {}), ("W-6", {}), ("W-6", {"outcome": Outcome.LOST})]
    for number, (promised, more) in enumerate(deals):
        stored.deal(f"D-{number}", promised, date(2026, 10, 15), **more)
    return stored


def story_world() -> Stored:
    """Offline mode was promised for the end of October; what it needs was then cancelled."""
    stored = Stored()
    stored.work("AUR-138", date(2026, 10, 2), category=DROPPED, resolution="Won't Do")
    stored.work("AUR-140", date(2026, 10, 20))
    stored.need("jira:AUR-140", "AUR-138")
    stored.deal("OPP-10", "AUR-140", OCT_31, 220_000, account="Verde Energia", probability=Decimal("0.5"))
    return stored


@pytest.fixture
def stored() -> Stored:
    return story_world()


def found(stored: Stored):
    return [finding for finding in stored.judge().findings if finding.check == "unsupported-commitment"]


def test_a_promise_that_waits_for_cancelled_work_is_found_with_its_money_and_no_days(stored):
    (finding,) = found(stored)

    assert finding.title == (
        "Verde Energia was promised AUR-140 for 31 Oct 2026, but it waits for AUR-138, which was cancelled"
    )
    assert finding.impact.days is None
    assert finding.impact.full(Account.REVENUE) == Decimal(220_000)
    assert finding.impact.weighted(Account.REVENUE) == Decimal(110_000)
    assert (finding.cause, finding.forecast.says, finding.forecast.day) == ("jira:AUR-138", "was cancelled", None)
    assert ("resolution", "Won't Do") in {(each.field, each.value) for each in finding.evidence}
    assert finding.advice == "Bring AUR-138 back into the plan, or take the promise back."
    assert finding.decide_by == date(2026, 10, 17)


def test_work_with_a_date_supports_a_promise(stored):
    stored.change("jira:AUR-138", category=DOING)

    assert found(stored) == []


@pytest.mark.parametrize("absence", [None, Absence.DELETED])
def test_the_promised_thing_itself_being_dropped_is_told_by_dropped_scope_alone(stored, absence):
    """One disagreement, one finding."""
    stored.change("jira:AUR-140", category=DROPPED if absence is None else DOING)
    if absence:
        stored.lose("jira:AUR-140", absence)

    assert told_by(stored) == ["dropped-scope"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"due": None, "category": DOING}, "has no date"),
        ({"due": date(2026, 9, 1), "category": DOING}, "was due 1 Sep 2026 and is 14 days overdue"),
        ({"due": date(2026, 9, 14), "category": DOING}, "was due 14 Sep 2026 and is 1 day overdue"),
    ],
)
def test_the_reason_is_said_in_words(stored, fields, says):
    stored.change("jira:AUR-138", **fields)

    assert [finding.forecast.says for finding in found(stored)] == [says]


def test_work_that_is_due_today_is_not_overdue(stored):
    stored.change("jira:AUR-138", due=date(2026, 9, 15), category=DOING)

    assert found(stored) == []


def test_deleted_work_supports_nothing(stored):
    stored.lose("jira:AUR-138", Absence.DELETED)

    assert [finding.forecast.says for finding in found(stored)] == ["was deleted"]


def test_a_name_that_does_not_exist_is_the_cause_of_all_deals_that_were_promised_it(stored):
    stored.deal("OPP-11", "Aurora 5.0", OCT_31)
    stored.deal("OPP-12", "aurora  5.0", OCT_31)
    findings = [each for each in found(stored) if each.subjects != ("salesforce:OPP-10",)]

    assert {finding.cause for finding in findings} == {"name:aurora 5.0"}
    assert findings[0].forecast.says == "is not known anywhere"
    assert findings[0].sources == ("salesforce",)


def test_a_name_that_two_things_have_asks_for_the_key(stored):
    stored.work("AUR-140", OCT_31, source="asana")
    (finding,) = found(stored)

    assert finding.forecast.says == "names several things"
    assert finding.advice == "Say which of the things called AUR-140 was promised, by its key."


def test_a_circle_is_named_in_order(stored):
    for key, other in (("A-1", "A-2"), ("A-2", "A-3"), ("A-3", "A-1")):
        stored.work(key, OCT_31)
        stored.need(f"jira:{key}", other)
    stored.deal("OPP-11", "A-2", OCT_31)
    finding = next(each for each in found(stored) if each.subjects == ("salesforce:OPP-11",))

    assert finding.cause == "jira:A-1"
    assert finding.forecast.says == "waits for A-2, which waits for A-3, which waits for it"


def test_the_chain_to_what_supports_nothing_is_kept(stored):
    stored.work("AUR-150", OCT_31)
    stored.need("jira:AUR-150", "AUR-138")
    stored.deal("OPP-11", "AUR-150", OCT_31, account="Adria")
    finding = next(each for each in found(stored) if each.subjects == ("salesforce:OPP-11",))

    assert [step.key for step in finding.chain] == ["OPP-11", "AUR-150", "AUR-138"]
    assert finding.title == (
        "Adria was promised AUR-150 for 31 Oct 2026, but it waits for AUR-138, which was cancelled"
    )


def test_a_promise_without_a_date_counts_only_where_the_work_will_never_come(stored):
    stored.change("salesforce:OPP-10", promised_date=None)
    assert [finding.decide_by for finding in found(stored)] == [None]

    stored.change("jira:AUR-138", due=None, category=DOING)
    assert found(stored) == []


def test_lost_deals_weigh_nothing(stored):
    stored.change("salesforce:OPP-10", outcome=Outcome.LOST)

    assert found(stored) == []


def test_an_unknown_name_is_not_judged_while_a_source_is_not_completely_read(stored):
    """S6: a source that could not be read is not empty."""
    stored.deal("OPP-11", "Aurora 5.0", OCT_31)
    stored.cover("jira", complete=False, as_of=None)
    judgement = stored.judge()

    assert [finding.subjects for finding in found(stored)] == [("salesforce:OPP-10",)]
    assert "Aurora 5.0 is not known, and not every source was completely read" in judgement.unjudged.values()


def test_the_reason_of_a_resolution_says_what_the_work_says_now(stored):
    (finding,) = found(stored)
    stored.change("jira:AUR-138", category=DOING)

    assert stored.judge().gone_because(finding) == "AUR-140 now says 20 Oct 2026"


def test_deals_that_name_nothing_promised_are_said_to_be_out_of_reach(stored):
    """A source that does not tell what was promised is not a source whose promises hold."""
    stored.needs_.clear()
    stored.link("salesforce:OPP-10", "M-1")

    assert [each.reason for each in stored.judge().blind["unsupported-commitment"]] == [
        "no deal of salesforce tells what was promised"
    ]


def left_its_release(due: date | None) -> Stored:
    stored = Stored()
    stored.release("Aurora 4.0", OCT_31)
    stored.work("AUR-140", due)
    stored.changes_["jira:AUR-140"] = [Change("releases", "Aurora 4.0", None, YESTERDAY, "Aisha Rahman")]
    stored.deal("OPP-10", "AUR-140", OCT_31, 220_000, account="Verde Energia")
    return stored


@pytest.mark.parametrize("due", [date(2026, 10, 20), None, date(2026, 9, 1)], ids=["own date", "undated", "overdue"])
def test_what_left_its_release_is_told_here_only_while_dropped_scope_is_switched_off(due: date | None):
    stored = left_its_release(due)
    assert found(stored) == []

    off = ReconcileOptions.model_validate({"checks": {"dropped-scope": {"enabled": False}}})
    (finding,) = [each for each in stored.judge(options=off).findings if each.check == "unsupported-commitment"]
    assert finding.title == (
        "Verde Energia was promised AUR-140 for 31 Oct 2026, but AUR-140 left Aurora 4.0 and belongs to no release any "
        "more"
    )
    assert (finding.cause, finding.impact.full(Account.REVENUE)) == ("jira:AUR-140", Decimal(220_000))
    assert [(step.key, step.day) for step in finding.chain] == [("OPP-10", OCT_31), ("AUR-140", None)]
    (proof,) = [each for each in finding.evidence if each.by]
    assert (proof.field, proof.old, proof.value, proof.by) == ("releases", "Aurora 4.0", "none", "Aisha Rahman")

    stored.change("jira:AUR-140", releases=("Aurora 4.0",), due=date(2026, 10, 20))
    assert stored.judge(options=off).gone_because(finding) == "AUR-140 now says 31 Oct 2026"
