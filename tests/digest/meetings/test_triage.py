"""When a triage is held, told again and called off; and its entry for the calendar, parsed again."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from icalendar import Calendar as Entry

from digest.base import Attachment, Edition, Meeting
from digest.brief import sort_edition
from digest.compose import compose
from digest.language import Language
from digest.meetings.triage import planned
from digest.options import SubjectStyle, TriageOptions
from digest.render import render_text
from model.calendars import Calendar
from model.findings import DecisionOption, Finding, OptionKind, Slip, Triage
from tests.digest.editions import NOW, aurora, edition, erp, opened, tracked
from tests.digest.reading import count_words
from tests.digest.saying import section_text

SLOT = {"weekday": "tue", "at": "09:00"}
OPTIONS = (
    DecisionOption(kind=OptionKind.MOVE_PROMISE, says="Move the promise to 16 Nov 2026", acts="Dana Petrov", days=47),
    DecisionOption(kind=OptionKind.BRING_FORWARD, says="Bring AUR-118 forward by 47 days", acts="Ben Kuhn", days=47),
)


def late(percent: str = "18.4", **changes: object) -> list[Finding]:
    over = Triage(Slip.SCHEDULE, Decimal(percent))
    told = {"triage": over, "options": OPTIONS} | changes
    return [replace(each, **told) for each in aurora(2)]  # type: ignore[arg-type]


def over_the_trigger(findings: list[Finding] | None = None, now: datetime = NOW, **triage: object) -> Edition:
    found = late() if findings is None else findings
    given = edition([*map(opened, found), *map(opened, erp()[:1])], triage=SLOT | triage)
    return replace(given, now=now, organizer="driftline@acme.example")


def meeting(given: Edition, known: Meeting | None = None) -> Meeting | None:
    return planned(sort_edition(given), known)


def told(given: Edition, known: Meeting | None = None) -> tuple[Edition, Meeting]:
    """The edition with its meeting, and that meeting as it is known afterwards."""
    held = meeting(given, known)
    assert held is not None
    return replace(given, meeting=held), replace(held, fresh=False)


def local(held: Meeting | None) -> str:
    assert held is not None
    return f"{held.start.astimezone(edition().zone):%a %d %b %H:%M}"


def entry(given: Edition) -> Entry:
    attachment: Attachment = compose(given).attachments[0]
    assert attachment.name == "triage.ics"
    parsed = Entry.from_ical(attachment.content)
    assert isinstance(parsed, Entry)
    assert f"method={parsed['METHOD']}" in attachment.media_type
    return parsed


def test_a_slip_beyond_the_trigger_calls_for_a_triage_in_the_regular_slot():
    """I1: today's slot where there is still an hour, else the next one within the working days."""
    assert local(meeting(over_the_trigger())) == "Tue 08 Sep 09:00"
    assert local(meeting(over_the_trigger(weekday="thu"))) == "Thu 10 Sep 09:00"
    later = over_the_trigger(late(decide_by=None), NOW + timedelta(hours=1, minutes=1), within_working_days=10)
    assert local(meeting(later)) == "Tue 15 Sep 09:00"


def test_without_the_option_or_the_slip_there_is_no_triage():
    assert meeting(edition([*map(opened, late())])) is None
    assert meeting(over_the_trigger([replace(each, triage=None) for each in late()])) is None


def test_a_slot_that_comes_too_late_is_moved_to_the_last_working_day_before():
    late_slot = over_the_trigger(late(decide_by=None), weekday="mon", within_working_days=3)
    assert local(meeting(late_slot)) == "Fri 11 Sep 09:00"
    due = over_the_trigger(late(decide_by=date(2026, 9, 9)), weekday="fri")
    assert local(meeting(due)) == "Wed 09 Sep 09:00"
    passed = over_the_trigger(late(decide_by=date(2026, 9, 1)), weekday="fri")
    assert local(meeting(passed)) == "Fri 11 Sep 09:00"


def test_a_day_off_is_no_day_for_a_meeting():
    given = over_the_trigger(late(decide_by=None), weekday="wed", within_working_days=3)
    holiday = replace(given, calendar=Calendar(off=frozenset({date(2026, 9, 9)})))
    assert local(meeting(holiday)) == "Mon 14 Sep 09:00"


def test_who_meets_on_saturdays_works_on_them():
    given = over_the_trigger(late(decide_by=None), weekday="sat")
    assert local(meeting(given)) == "Sat 12 Sep 09:00"


@pytest.mark.parametrize(("today", "utc"), [(date(2026, 10, 22), 7), (date(2026, 10, 23), 8)])
def test_the_clock_on_the_wall_counts_across_a_clock_change(today: date, utc: int):
    """The clocks go back on Sunday 25 October: 09:00 in Berlin is another moment afterwards."""
    weekday = "fri" if utc == 7 else "mon"
    now = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    held = meeting(over_the_trigger(late(decide_by=None), now, weekday=weekday))
    assert held is not None
    assert (held.start.hour, held.start.tzinfo) == (utc, UTC)


def test_what_is_told_again_unchanged_is_the_same_meeting():
    _, known = told(over_the_trigger(weekday="thu"))
    again = meeting(over_the_trigger(now=NOW + timedelta(days=1), weekday="thu"), known)
    assert again == known
    assert again is not None
    assert not again.fresh


def test_changed_content_is_told_under_the_next_number_at_the_same_time():
    _, known = told(over_the_trigger(weekday="thu"))
    worse = meeting(over_the_trigger(late("22.0"), weekday="mon"), known)
    assert worse is not None
    assert (worse.start, worse.sequence, worse.fresh) == (known.start, 1, False)
    more = [*late(), replace(erp()[1], triage=Triage(Slip.VALUE, Decimal(30)))]
    wider = meeting(over_the_trigger(more, weekday="thu"), known)
    assert wider is not None
    assert (wider.sequence, wider.fresh) == (1, True)


def test_it_is_called_off_once_when_nothing_calls_for_it_any_more():
    _, known = told(over_the_trigger(weekday="thu"))
    below = over_the_trigger([replace(each, triage=None) for each in late()], weekday="thu")
    off, known_off = told(below, known)
    assert off.meeting == replace(known, sequence=1, cancelled=True, fresh=True)
    still = meeting(below, known_off)
    assert still == known_off
    assert meeting(replace(below, now=known.start + timedelta(hours=1)), known_off) is None


def test_one_that_is_called_for_again_replaces_what_was_called_off():
    _, known = told(over_the_trigger(weekday="thu"))
    _, off = told(over_the_trigger([replace(each, triage=None) for each in late()], weekday="thu"), known)
    back = meeting(over_the_trigger(weekday="thu"), off)
    assert back is not None
    assert (back.start, back.sequence, back.cancelled, back.fresh) == (known.start, 2, False, True)


def test_after_its_time_a_triage_that_decided_nothing_is_called_anew():
    _, known = told(over_the_trigger())
    anew = meeting(over_the_trigger(late(decide_by=None), NOW + timedelta(days=1)), known)
    assert anew is not None
    assert (local(anew), anew.sequence, anew.fresh) == ("Tue 15 Sep 09:00", 0, True)


def test_the_entry_is_a_published_event_of_the_right_moment():
    given, _ = told(over_the_trigger())
    parsed = entry(given)
    (event,) = parsed.walk("VEVENT")
    assert (parsed["METHOD"], parsed["VERSION"]) == ("PUBLISH", "2.0")
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (
        datetime(2026, 9, 8, 7, 0, tzinfo=UTC),
        datetime(2026, 9, 8, 7, 25, tzinfo=UTC),
    )
    assert (event["STATUS"], int(event["SEQUENCE"]), event.decoded("DTSTAMP")) == ("CONFIRMED", 0, NOW)
    assert event["SUMMARY"] == "Triage: AUR-118 Ledger cut-over"
    assert str(event["ORGANIZER"]) == "mailto:driftline@acme.example"
    assert event["DESCRIPTION"].splitlines()[0] == "09:00-09:03 Last decisions: none to look at"
    assert "\nDecision paper: driftline paper " in event["DESCRIPTION"]


def test_a_discreet_audience_leaves_the_facts_to_the_mail():
    """Others see the calendar of a person, as they see a locked phone."""
    given, _ = told(over_the_trigger())
    options = given.options.model_copy(update={"subject": SubjectStyle.DISCREET})
    (event,) = entry(replace(given, options=options)).walk("VEVENT")
    assert event["SUMMARY"] == "Triage"
    assert event["DESCRIPTION"].startswith("Decision paper: driftline paper ")


def test_one_meeting_keeps_its_identity_through_change_and_cancelling():
    given, known = told(over_the_trigger(weekday="thu"))
    changed, known = told(over_the_trigger(late("22.0"), NOW + timedelta(hours=2), weekday="thu"), known)
    off, _ = told(over_the_trigger([replace(each, triage=None) for each in late()], weekday="thu"), known)
    entries = [entry(each).walk("VEVENT")[0] for each in (given, changed, off)]
    assert len({str(event["UID"]) for event in entries}) == 1
    assert [int(event["SEQUENCE"]) for event in entries] == [0, 1, 2]
    assert entry(off)["METHOD"] == "CANCEL"
    assert entries[2]["STATUS"] == "CANCELLED"
    elsewhere = replace(given, audience="finance")
    assert entry(elsewhere).walk("VEVENT")[0]["UID"] != entries[0]["UID"]


def test_the_same_edition_gives_the_same_entry():
    given, _ = told(over_the_trigger())
    assert compose(given).attachments[0] == compose(given).attachments[0]


def test_a_hostile_title_adds_no_line_to_the_entry():
    hostile = 'x\r\nATTACH:http://evil.example\r\nEND:VEVENT;,\\"'
    found = [
        replace(each, chain=tuple(replace(step, title=hostile, key=hostile) for step in each.chain)) for each in late()
    ]
    parsed = entry(told(over_the_trigger(found))[0])
    (event,) = parsed.walk("VEVENT")
    assert "ATTACH" not in event
    assert event["SUMMARY"].startswith("Triage: x ATTACH:http")


def test_the_agenda_has_six_timed_points_with_the_findings_facts():
    """Domain 4.4."""
    said = section_text("agenda", told(over_the_trigger())[0])
    for point in (
        "Tue 8 Sep, 09:00, instead of the status meeting: AUR-118 Ledger cut-over (schedule slip 18.4 %).",
        "09:00 Last decisions: none to look at",
        "09:03 Facts and gap: Salesforce OPP-1041: 30 Sep; Jira AUR-118: 16 Nov; 47 days late, EUR 1.2M revenue",
        "09:07 Cause chain: OPP-1041 Northwind Logistics ← Aurora 4.0 ← AUR-118 Ledger cut-over",
        "09:12 Options: move the promise, bring the work forward?",
        "09:20 Decision: Priya Nair by Tue 15 Sep, 7 days left",
        "09:23 Record it: driftline decide",
        "; tell Dana Petrov and Ben Kuhn",
    ):
        assert point in said


def test_without_an_option_the_agenda_asks_for_the_smallest_scope():
    said = section_text("agenda", told(over_the_trigger(late(options=())))[0])
    assert "Options: none is known: what is the smallest scope that protects the outcome?" in said


def test_a_longer_slot_is_shared_in_the_same_parts():
    said = section_text("agenda", told(over_the_trigger(minutes=50))[0])
    assert [word for word in said.split() if word.startswith("09:")] == [
        "09:00,",
        "09:00",
        "09:06",
        "09:14",
        "09:24",
        "09:40",
        "09:46",
    ]


def test_what_else_is_over_the_trigger_is_named():
    more = [*late(), replace(erp()[1], triage=Triage(Slip.VALUE, Decimal(30)))]
    assert "Also over the trigger: ERP-7 ERP go-live (" in section_text("agenda", told(over_the_trigger(more))[0])


def test_the_mail_begins_with_the_agenda_and_carries_the_paper():
    given, _ = told(over_the_trigger())
    digest = compose(given)
    assert [section.name for section in digest.blocks][:3] == ["bottom_line", "agenda", "data_health"]
    assert [each.name.partition("-")[0] for each in digest.attachments] == ["triage.ics", "decision"]
    assert b"<html" in digest.attachments[1].content
    assert count_words(render_text(digest)) < 450


def test_a_call_and_a_cancelling_are_news_by_themselves():
    quiet = edition([], [tracked(each) for each in late()], triage=SLOT)
    called = replace(quiet, meeting=meeting(quiet))
    assert compose(quiet).empty
    assert not compose(called).empty
    assert not compose(replace(called, meeting=None)).attachments
    below = edition([], [tracked(replace(each, triage=None)) for each in late()], triage=SLOT)
    off = replace(below, meeting=meeting(below, meeting(called)), now=NOW + timedelta(minutes=5))
    assert "The triage on Tue 8 Sep, 09:00 is off" in render_text(compose(off))
    assert compose(off).attachments[0].media_type.startswith("text/calendar; method=CANCEL")


def test_when_nothing_needs_a_decision_the_meeting_can_be_dropped():
    nobody = [replace(each, decider=None, decide_by=None, advice="") for each in aurora(1)]
    said = section_text("agenda", edition([*map(opened, nobody)], triage=SLOT))
    assert said == "Nothing needs a decision: the meeting on Tue 8 Sep, 09:00, can be dropped."
    assert section_text("agenda", edition([*map(opened, nobody)])) == ""
    assert section_text("agenda", edition([*map(opened, aurora(1))], triage=SLOT)) == ""


def test_german_readers_get_a_german_agenda_and_entry():
    given = replace(told(over_the_trigger())[0], language=Language("de", "de"))
    said = section_text("agenda", given)
    assert "statt der Statusrunde: AUR-118 Ledger cut-over (Terminverzug 18,4 %)" in said
    assert "09:12 Optionen: Zusage verschieben, Arbeit vorziehen?" in said
    (event,) = entry(given).walk("VEVENT")
    assert "Ursachenkette" in event["DESCRIPTION"]
    assert event["UID"] == entry(told(over_the_trigger())[0]).walk("VEVENT")[0]["UID"]


def test_a_slot_is_written_by_day_and_time():
    options = TriageOptions.model_validate({"weekday": "tue"})
    assert (options.at, options.minutes, options.within_working_days) == ("09:00", 25, 5)
    with pytest.raises(ValueError, match="weekday"):
        TriageOptions.model_validate({"weekday": "someday"})
