from dataclasses import replace
from datetime import date

from model.findings import Impact
from model.measures import DecisionRate, Latency, Measures
from tests.digest.editions import (
    NOW,
    accepted,
    aurora,
    edition,
    erp,
    failed_source,
    old_deal,
    opened,
    tracked,
    two_causes,
)
from tests.digest.saying import section_text


def test_full_weighted_and_savings_stand_in_rows_of_their_own():
    assert section_text("numbers", two_causes()) == (
        "EUR New Open Resolved "
        "Revenue at risk, full 2,400,000 2,400,000 120,000 "
        "weighted 1,637,000 1,637,000 84,000 "
        "Savings lost 965,000 965,000 0"
    )


def test_what_stood_before_is_open_but_not_new_and_what_was_accepted_is_neither():
    news = [opened(old_deal())]
    standing = [*map(tracked, aurora()), *(accepted(finding, date(2026, 12, 1)) for finding in erp())]
    assert section_text("numbers", edition(news, standing)) == (
        "EUR New Open Accepted "
        "Revenue at risk, full 120,000 2,520,000 0 "
        "weighted 84,000 1,721,000 0 "
        "Savings lost 0 0 965,000"
    )


def test_money_that_rests_on_an_unread_source_is_named():
    assert section_text("numbers", failed_source()).endswith(
        "Of Open, EUR 2,400,000 revenue: not re-checked since Mon 7 Sep 18:00."
    )


def test_without_money_there_is_no_table():
    assert section_text("numbers", edition([opened(replace(old_deal(), impact=Impact(9)))])) == ""


def test_money_below_a_stopped_objective_is_not_open_and_is_named():
    stopped = [replace(tracked(finding), inhibited_by="P-COST Cost above it is on hold") for finding in erp()]
    text = section_text("numbers", edition([opened(old_deal())], [*map(tracked, aurora()), *stopped]))
    assert "Savings lost" not in text
    assert text.endswith(
        "Not in Open: 4 findings below objectives that are on hold or cancelled (EUR 965,000 savings)."
    )


def test_once_people_were_told_the_last_line_says_how_late_and_what_came_of_it():
    """Domain 4.2: median reality latency; decisions made versus asked."""
    measures = Measures(
        at=NOW,
        told=Latency(5, 22 * 3600, 23 * 86_400, unknown=2),
        decisions=DecisionRate(8, accepted=1, commitment_changed=2, undecided=5),
    )
    text = section_text("numbers", replace(two_causes(), measures=measures))
    assert text.endswith(
        "Last 90 days: from a change in a tool to the first mail 22 hours (median), 3 weeks at worst; "
        "3 of 8 findings led to a decision (1 recorded)."
    )


def test_no_latency_is_told_before_there_is_one():
    measures = Measures(at=NOW, told=Latency(unknown=3, waiting=2))
    assert section_text("numbers", replace(two_causes(), measures=measures)) == section_text("numbers", two_causes())
