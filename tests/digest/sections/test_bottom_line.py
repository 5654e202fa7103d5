from dataclasses import replace

from model.findings import Impact, TransitionKind
from tests.digest.editions import (
    aurora,
    edition,
    erp,
    happened,
    late_deal,
    old_deal,
    opened,
    resolved,
    revenue,
    tracked,
    two_causes,
)
from tests.digest.saying import section_text


def test_two_sentences_tell_the_net_change_and_what_moved_it():
    assert section_text("bottom_line", two_causes()) == (
        "EUR 2.3M more revenue at risk, now EUR 2.4M; EUR 970k of savings newly at risk. "
        "Most of it: AUR-118 Ledger cut-over, 47 days late."
    )


def test_accounts_stand_side_by_side_and_are_never_added():
    text = section_text("bottom_line", two_causes())
    assert "3.4M" not in text
    assert "3.2M" not in text


def test_good_news_is_a_change_too():
    assert section_text("bottom_line", edition([resolved(old_deal())])) == (
        "EUR 120k less revenue at risk, none left. The cause of it: BOR-77 Borealis export, resolved."
    )


def test_a_worsening_counts_only_what_came_on_top():
    now = late_deal("OPP-1", "A", 300_000, "0.5")
    news = happened(
        tracked(now), TransitionKind.WORSENED, before=Impact(20, (revenue("salesforce:OPP-1", 200_000, "0.5"),))
    )
    text = section_text("bottom_line", edition([news]))
    assert text.startswith("EUR 100k more revenue at risk, now EUR 300k.")


def test_most_of_it_is_said_only_when_it_is_most_of_it():
    parts = [
        replace(late_deal(f"OPP-{n}", "A", 100_000 + n, "0.5"), cause=f"jira:{n}", subjects=(str(n),)) for n in range(3)
    ]
    assert "The largest part: " in section_text("bottom_line", edition([opened(part) for part in parts]))
    assert "Most of it: " in section_text("bottom_line", edition([opened(part) for part in parts[:2]]))


def test_a_gap_that_moved_without_money_is_still_named():
    news = happened(tracked(old_deal()), TransitionKind.WORSENED, before=old_deal().impact)
    text = section_text("bottom_line", edition([news]))
    assert text.startswith("The value at risk did not change. 1 finding stands, with EUR 120k of revenue at risk. ")
    assert "First to look at: BOR-77" in text


def test_no_news_says_what_stands():
    text = section_text("bottom_line", edition([], [tracked(f) for f in [*aurora(), *erp()]]))
    assert text == "No news. 10 findings stand, with EUR 2.4M of revenue and EUR 970k of savings at risk."


def test_nothing_at_all_is_said_without_money():
    assert section_text("bottom_line", edition([], [])) == "No news. 0 findings stand, none with money."
