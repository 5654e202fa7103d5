from dataclasses import replace
from datetime import date, timedelta

from model.findings import Impact, TransitionKind
from tests.digest.editions import (
    accepted,
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
)
from tests.digest.saying import section_text


def test_a_resolved_finding_says_why_and_what_it_frees():
    assert section_text("resolved", edition([resolved(old_deal())])) == (
        "- [resolved] OPP-0988, EUR 120,000 revenue no longer at risk: the work is done in time "
        f"{old_deal().fingerprint[:8]}"
    )


def test_several_of_one_cause_are_one_line():
    text = section_text("resolved", edition([resolved(finding) for finding in aurora()]))
    assert text.count("[resolved]") == 1
    assert "and 5 findings of the same cause, EUR 2,400,000 revenue no longer at risk" in text


def test_an_improvement_says_by_how_much():
    now = late_deal("OPP-1", "A", 300_000, "0.5", days=5)
    before = Impact(20, (revenue("salesforce:OPP-1", 400_000, "0.5"),))
    text = section_text("resolved", edition([happened(tracked(now), TransitionKind.IMPROVED, before=before)]))
    assert text.startswith("- [improved] OPP-1 A, ")
    assert "EUR 100,000 revenue less at risk" in text


def test_acceptances_that_end_within_fourteen_days_are_listed_the_nearest_first():
    today = date(2026, 9, 8)
    lives = [
        accepted(finding, today + timedelta(days=ahead)) for finding, ahead in zip(erp(), (9, 3, 14, 15), strict=True)
    ]
    text = section_text("resolved", edition([opened(old_deal())], lives))
    assert [text.index(f"[acceptance ends {day}]") for day in ("Fri 11 Sep", "Thu 17 Sep", "Tue 22 Sep")] == sorted(
        text.index(f"[acceptance ends {day}]") for day in ("Fri 11 Sep", "Thu 17 Sep", "Tue 22 Sep")
    )
    assert text.count("acceptance ends") == 3
    assert "accepted by Lena Fischer" in text


def test_more_than_three_are_counted():
    news = [resolved(replace(old_deal(), subjects=(str(n),), cause=str(n))) for n in range(5)]
    text = section_text("resolved", edition(news))
    assert text.count("[resolved]") == 3
    assert text.endswith("and 2 more")


def test_without_good_news_there_is_no_section():
    assert section_text("resolved", edition([opened(old_deal())])) == ""
