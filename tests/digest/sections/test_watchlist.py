from dataclasses import replace

from model.findings import Severity
from tests.digest.editions import aurora, edition, old_deal, opened, tracked
from tests.digest.saying import section_text


def notices(count: int) -> list[object]:
    return [
        tracked(replace(old_deal(), subjects=(str(n),), severity=Severity.NOTICE, title=f"Notice {n}"))
        for n in range(count)
    ]


def test_standing_notices_are_listed_at_most_three_and_the_rest_counted():
    text = section_text("watchlist", edition([opened(aurora()[0])], notices(5)))  # type: ignore[arg-type]
    assert text.count("9 days late") == 3
    assert text.endswith("and 2 more notices")


def test_a_notice_that_is_news_is_told_there_and_not_twice():
    notice = replace(old_deal(), severity=Severity.NOTICE)
    story = edition([opened(notice)])
    assert section_text("watchlist", story) == ""
    assert "OPP-0988" in section_text("news", story)


def test_what_needs_action_is_not_on_the_watchlist():
    assert section_text("watchlist", edition([opened(aurora()[0])], [tracked(old_deal())])) == ""
