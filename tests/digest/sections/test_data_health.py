from dataclasses import replace
from datetime import date, timedelta

import pytest

from digest.base import Chip, Small, Tone
from digest.brief import sort_edition
from digest.sections.data_health import SECTION
from model.credentials import Credentials
from model.runs import CannotJudge
from tests.digest.editions import NOW, SOURCES, coverage, edition, failed_source, old_deal, opened
from tests.digest.saying import section_text


def of(*sources: object, **options: object) -> str:
    return section_text("data_health", edition([opened(old_deal())], sources=tuple(sources), **options))  # type: ignore[arg-type]


def test_sources_read_at_the_same_minute_stand_together():
    early = coverage("tracker", as_of=NOW - timedelta(hours=1))
    assert of(*SOURCES[:2], early) == "tracker as of 06:00; jira, salesforce as of 06:55. 92 % of records linked."


def test_many_sources_read_at_one_minute_are_counted():
    assert of(*(coverage(name) for name in ("a", "b", "c", "d"))).startswith("All 4 sources as of 06:55.")


def test_releases_and_sprints_do_not_count_as_unlinked():
    assert "100 % of records linked" in of(coverage("jira", records=50, linked=41, unlinkable=9))


def test_a_failed_source_is_named_with_the_reason_and_its_numbers_are_marked():
    """Design 5.12."""
    assert section_text("data_health", failed_source()) == (
        "[failed] salesforce not read completely since Mon 7 Sep 18:00 (the token was refused); its numbers are marked "
        "not re-checked. asana, jira, tracker as of 06:55. 92 % of records linked."
    )


def test_a_source_that_was_never_read_has_missing_numbers_not_none():
    text = of(coverage("jira", as_of=None, complete=False, records=0, linked=0))
    assert text == "[failed] jira was never read completely; its numbers are missing. No records."


def test_a_source_read_too_long_ago_is_stale_even_if_it_did_not_fail():
    old = coverage("jira", as_of=NOW - timedelta(hours=27))
    assert of(old).startswith("[stale] jira not read completely since Mon 7 Sep 04:00;")
    assert of(coverage("jira", as_of=NOW - timedelta(hours=25))).startswith("jira as of Mon 7 Sep 06:00.")
    assert of(old, stale_after="2d").startswith("jira as of Mon 7 Sep 04:00.")


def test_a_hundred_percent_is_said_only_when_every_record_is_linked():
    assert "99 % of records linked" in of(coverage("jira", records=1000, linked=999))
    assert "100 % of records linked" in of(coverage("jira", records=1000, linked=1000))


def test_without_any_source_it_says_so():
    assert of() == "[no source read] Nothing was ever read."


def ending(*credentials: Credentials) -> str:
    told = replace(edition([opened(old_deal())], sources=SOURCES[:2]), credentials=credentials)
    return section_text("data_health", told).partition("records linked. ")[2]


def test_credentials_that_end_within_thirty_days_are_told_in_every_mail():
    """J34. Today is 8 September."""
    assert ending(Credentials("jira", date(2026, 10, 9))) == ""
    assert ending(Credentials("jira", date(2026, 10, 8))) == (
        "[access ends] jira's credentials end in 30 days (Thu 8 Oct); then its numbers stop."
    )
    assert ending(Credentials("jira", date(2026, 9, 8))) == (
        "[access ends] jira's credentials end today (Tue 8 Sep); then its numbers stop."
    )


def test_credentials_that_ended_stay_told_until_they_are_renewed():
    assert ending(Credentials("jira", date(2026, 9, 5), "lea@acme.example")) == (
        "[access ended] jira's credentials ended 3 days ago (Sat 5 Sep); its numbers may stop at any moment. "
        "lea@acme.example can renew them."
    )


def test_several_credentials_share_one_line_the_most_urgent_first():
    text = ending(Credentials("jira", date(2026, 9, 9)), Credentials("crm", date(2026, 10, 1)))
    assert text == (
        "[access ends] jira's credentials end tomorrow (Wed 9 Sep); then its numbers stop. "
        "crm's credentials end in 23 days (Thu 1 Oct); then its numbers stop."
    )


@pytest.mark.parametrize(("days", "tone"), [(30, Tone.WARN), (8, Tone.WARN), (7, Tone.BAD), (-1, Tone.BAD)])
def test_the_last_week_is_urgent(days: int, tone: Tone):
    told = replace(edition(sources=SOURCES), credentials=(Credentials("jira", NOW.date() + timedelta(days=days)),))
    _, small = SECTION.compose(sort_edition(told))
    assert isinstance(small, Small)
    assert [piece.tone for piece in small.content if isinstance(piece, Chip)] == [tone]


def test_why_a_field_holds_a_source_fits_into_the_line():
    """S9: the field, the rules and the checks that need it."""
    error = (
        "promised_date_field cannot be read any more: Opportunity has no field Promised_Date__c that crm may see; "
        "needed by the rule launches and the checks late-commitment, unsupported-commitment"
    )
    assert f"({error})" in of(coverage("salesforce", complete=False, error=error))


def test_what_could_not_be_judged_is_counted_with_where_the_reasons_are():
    """Silence of a check that lacks its fields is not the silence of tools that agree. A check counts once."""
    reasons = [f"no saving of {name} has a forecast" for name in ("tracker", "budget", "plan")]
    blind = tuple(CannotJudge(check, reason) for reason in reasons for check in ("value-slip", "crosses-period"))
    text = section_text("data_health", replace(edition([opened(old_deal())]), blind=blind))
    assert text.endswith("[cannot judge] 2 checks lack fields: driftline status.")
    one = replace(edition([opened(old_deal())]), blind=blind[:1])
    assert section_text("data_health", one).endswith("[cannot judge] 1 check lacks fields: driftline status.")
    assert "cannot judge" not in section_text("data_health", edition([opened(old_deal())]))
