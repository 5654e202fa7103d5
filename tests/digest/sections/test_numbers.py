from dataclasses import replace
from datetime import date

from model.findings import Impact
from tests.digest.editions import accepted, aurora, edition, erp, failed_source, old_deal, opened, tracked, two_causes
from tests.digest.saying import section_text


def test_full_weighted_and_savings_stand_in_rows_of_their_own():
    assert section_text("numbers", two_causes()) == (
        "EUR New Open Resolved "
        "Revenue at risk, full 2,400,000 2,400,000 120,000 "
        "Revenue at risk, weighted 1,637,000 1,637,000 84,000 "
        "Savings lost 965,000 965,000 0"
    )


def test_what_stood_before_is_open_but_not_new_and_what_was_accepted_is_neither():
    news = [opened(old_deal())]
    standing = [*map(tracked, aurora()), *(accepted(finding, date(2026, 12, 1)) for finding in erp())]
    assert section_text("numbers", edition(news, standing)) == (
        "EUR New Open Accepted "
        "Revenue at risk, full 120,000 2,520,000 0 "
        "Revenue at risk, weighted 84,000 1,721,000 0 "
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
