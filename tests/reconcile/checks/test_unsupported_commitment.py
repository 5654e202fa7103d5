"""F1.3, design 5.5: a promise that nothing supports."""

from datetime import date
from decimal import Decimal

import pytest

from model.findings import Account
from model.records import Absence, Outcome
from tests.reconcile.world import DOING, DROPPED, Stored

OCT_31 = date(2026, 10, 31)


@pytest.fixture
def stored() -> Stored:
    """Offline mode was promised for the end of October and then cancelled."""
    stored = Stored()
    stored.work("AUR-140", date(2026, 10, 20), category=DROPPED, resolution="Won't Do")
    stored.deal("OPP-10", "AUR-140", OCT_31, 220_000, account="Verde Energia", probability=Decimal("0.5"))
    return stored


def found(stored: Stored):
    return [finding for finding in stored.judge().findings if finding.check == "unsupported-commitment"]


def test_a_promise_on_cancelled_work_is_found_with_its_money_and_no_days(stored):
    (finding,) = found(stored)

    assert finding.title == "Verde Energia was promised AUR-140 for 31 Oct 2026, but AUR-140 was cancelled"
    assert finding.impact.days is None
    assert finding.impact.full(Account.REVENUE) == Decimal(220_000)
    assert finding.impact.weighted(Account.REVENUE) == Decimal(110_000)
    assert (finding.cause, finding.forecast.says, finding.forecast.day) == ("jira:AUR-140", "was cancelled", None)
    assert ("resolution", "Won't Do") in {(each.field, each.value) for each in finding.evidence}
    assert finding.advice == "Bring AUR-140 back into the plan, or take the promise back."
    assert finding.decide_by == date(2026, 10, 17)


def test_work_with_a_date_supports_a_promise(stored):
    stored.change("jira:AUR-140", category=DOING)

    assert found(stored) == []


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"due": None, "category": DOING}, "has no date"),
        ({"due": date(2026, 9, 1), "category": DOING}, "was due 1 Sep 2026 and is 14 days overdue"),
        ({"due": date(2026, 9, 14), "category": DOING}, "was due 14 Sep 2026 and is 1 day overdue"),
    ],
)
def test_the_reason_is_said_in_words(stored, fields, says):
    stored.change("jira:AUR-140", **fields)

    assert [finding.forecast.says for finding in found(stored)] == [says]


def test_work_that_is_due_today_is_not_overdue(stored):
    stored.change("jira:AUR-140", due=date(2026, 9, 15), category=DOING)

    assert found(stored) == []


def test_deleted_work_supports_nothing(stored):
    stored.lose("jira:AUR-140", Absence.DELETED)

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
    stored.need("jira:AUR-150", "AUR-140")
    stored.deal("OPP-11", "AUR-150", OCT_31, account="Adria")
    finding = next(each for each in found(stored) if each.subjects == ("salesforce:OPP-11",))

    assert [step.key for step in finding.chain] == ["OPP-11", "AUR-150", "AUR-140"]
    assert finding.title == (
        "Adria was promised AUR-150 for 31 Oct 2026, but it waits for AUR-140, which was cancelled"
    )


def test_a_promise_without_a_date_counts_only_where_the_work_will_never_come(stored):
    stored.change("salesforce:OPP-10", promised_date=None)
    assert [finding.decide_by for finding in found(stored)] == [None]

    stored.change("jira:AUR-140", due=None, category=DOING)
    assert found(stored) == []


def test_lost_deals_weigh_nothing(stored):
    stored.change("salesforce:OPP-10", outcome=Outcome.LOST)

    assert found(stored) == []


def test_an_unknown_name_is_not_judged_while_a_source_is_not_completely_read(stored):
    """S6: a source that could not be read is not empty."""
    stored.deal("OPP-11", "Aurora 5.0", OCT_31)
    stored.cover("jira", complete=False, as_of=None)
    judgement = stored.judge()

    assert {finding.subjects for finding in judgement.findings} == {("salesforce:OPP-10",)}
    assert "Aurora 5.0 is not known, and not every source was completely read" in judgement.unjudged.values()


def test_the_reason_of_a_resolution_says_what_the_work_says_now(stored):
    (finding,) = found(stored)
    stored.change("jira:AUR-140", category=DOING)

    assert stored.judge().gone_because(finding) == "AUR-140 now says 20 Oct 2026"
