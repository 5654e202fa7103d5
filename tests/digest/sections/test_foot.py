from tests.digest.editions import aurora, edition, erp, opened, tracked, two_causes
from tests.digest.saying import section_text


def test_the_foot_says_how_numbers_come_about_and_how_to_trace_them():
    text = section_text("foot", two_causes())
    assert "Every record counts once; revenue and savings are never added" in text
    assert "Records behind an 8-character code: driftline show CODE." in text
    assert text.endswith("Sent to leaders; news since Mon 7 Sep 07:00.")


def test_what_stands_unchanged_and_was_not_shown_is_counted():
    shown = [opened(finding) for finding in aurora()]
    assert "unchanged" not in section_text("foot", edition(shown))
    waiting = edition(shown, [tracked(finding) for finding in erp()], max_decisions=1)
    assert "4 more findings stand unchanged." in section_text("foot", waiting)


def test_the_first_mail_says_that_it_is_the_first():
    assert section_text("foot", edition([opened(aurora()[0])], since=None)).endswith("Sent to leaders; its first mail.")
