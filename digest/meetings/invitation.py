"""A triage as an entry for calendars: published, changed and called off under one identity (RFC 5545, 5546)."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta

from digest.base import Attachment, Line, Meeting
from digest.brief import Brief
from digest.causes import Cause
from digest.meetings.agenda import agenda, subject_of_triage
from digest.meetings.triage import causes_of
from digest.options import SubjectStyle
from digest.sentences import short_id

NAME = "triage.ics"


def invitation(brief: Brief, meeting: Meeting) -> Attachment:
    """The .ics of a meeting. The same meeting has the same UID; the higher number replaces the lower.

    Times are in UTC, so every calendar shows them in its own zone, whatever it knows about ours.
    """
    from icalendar import Calendar, Event, vCalAddress

    edition, triage = brief.edition, brief.edition.options.triage
    causes = causes_of(meeting, brief)
    event = Event()
    event.add("uid", _uid(brief, meeting))
    event.add("dtstamp", edition.now)
    event.add("sequence", meeting.sequence)
    event.add("dtstart", meeting.start)
    event.add("dtend", meeting.start + timedelta(minutes=triage.minutes if triage else 0))
    event.add("status", "CANCELLED" if meeting.cancelled else "CONFIRMED")
    event.add("summary", _summary(brief, causes))
    if causes and not meeting.cancelled:
        event.add("description", "\n".join(_description(brief, meeting, causes[0])))
    if edition.organizer:
        organizer = vCalAddress(f"mailto:{edition.organizer}")
        organizer.params["cn"] = "Driftline"
        event.add("organizer", organizer)
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Driftline//Triage//EN")
    method = "CANCEL" if meeting.cancelled else "PUBLISH"
    calendar.add("method", method)
    calendar.add_component(event)
    return Attachment(NAME, f"text/calendar; method={method}; charset=utf-8", calendar.to_ical())


def _uid(brief: Brief, meeting: Meeting) -> str:
    """By installation, audience and time: what is told again under it is the same meeting."""
    edition = brief.edition
    told = "\x1f".join((edition.organizer, edition.audience, meeting.start.isoformat()))
    return f"triage-{hashlib.sha256(told.encode()).hexdigest()[:24]}@driftline"


def _summary(brief: Brief, causes: tuple[Cause, ...]) -> str:
    words = brief.words
    if not causes or _discreet(brief):
        return words.say("Triage")
    return words.say("Triage: {what}", what=subject_of_triage(causes[0]))


def _description(brief: Brief, meeting: Meeting, cause: Cause) -> Iterator[str]:
    words = brief.words
    if not _discreet(brief):
        for point in agenda(brief, meeting, cause):
            yield f"{point.begins}-{point.ends} {point.name}: {_words(point.content)}"
        yield ""
    yield words.say("Decision paper: driftline paper {code}", code=short_id(cause.findings[0]))


def _discreet(brief: Brief) -> bool:
    """A calendar is read by others too, as the subject line is."""
    return brief.edition.options.subject is SubjectStyle.DISCREET


def _words(content: Line) -> str:
    return "".join(piece.text for piece in content).strip()
