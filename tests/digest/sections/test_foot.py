from dataclasses import replace

from digest.brief import sort_edition
from digest.compose import compose
from tests.digest.editions import aurora, edition, erp, opened, tracked, two_causes
from tests.digest.saying import section_text


def test_the_foot_says_how_numbers_come_about_and_how_to_trace_them():
    text = section_text("foot", two_causes())
    assert "Every record counts once, revenue and savings apart; weighted means times probability." in text
    assert "More: driftline findings, driftline show CODE." in text
    assert text.endswith("News since Mon 7 Sep 07:00.")


def test_what_stands_unchanged_and_was_not_shown_is_counted():
    shown = [opened(finding) for finding in aurora()]
    assert "unchanged" not in section_text("foot", edition(shown))
    waiting = edition(shown, [tracked(finding) for finding in erp()], max_decisions=1)
    assert "4 more findings stand unchanged." in section_text("foot", waiting)


def test_the_first_mail_says_that_it_is_the_first():
    assert section_text("foot", edition([opened(aurora()[0])], since=None)).endswith("First mail.")


def test_what_is_wrong_with_the_data_itself_is_only_counted_for_leaders():
    """Domain 4.2: hygiene goes to its owners, leaders get a count."""
    parked = replace(aurora(1)[0], subjects=("jira:status parked",), upkeep=True, title="A status nobody explained")
    shown = edition([opened(aurora()[1]), opened(parked)])
    assert "1 finding about the data, left to its owners." in section_text("foot", shown)
    assert section_text("decisions", shown).count("Decides") == 1
    assert "nobody explained" not in section_text("news", shown) + section_text("decisions", shown)

    owners = edition([opened(aurora()[1]), opened(parked)], upkeep=True)
    assert "about the data" not in section_text("foot", owners)
    assert [each.tracked.finding.upkeep for each in sort_edition(owners).told] == [False, True]


def test_news_of_the_data_alone_is_no_mail_for_leaders():
    parked = replace(aurora(1)[0], upkeep=True)
    assert compose(edition([opened(parked)])).empty
    assert not compose(edition([opened(parked)], upkeep=True)).empty
