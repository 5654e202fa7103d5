"""The triage: its agenda, that it is called off, or that the regular meeting can be dropped."""

from digest.base import Block, Bullets, Line, Meeting, Paragraph, Small, Text, line, phrase
from digest.brief import Brief, Section
from digest.causes import Cause
from digest.language import marked
from digest.meetings.agenda import agenda, subject_of_triage, trigger_text, when
from digest.meetings.triage import causes_of, regular_day
from digest.options import TriageOptions
from digest.sentences import short_id


def compose(brief: Brief) -> tuple[Block, ...]:
    options, meeting = brief.edition.options.triage, brief.edition.meeting
    if options is None:
        return ()
    if meeting is None:
        return _nothing_to_decide(brief, options)
    if meeting.cancelled:
        said = marked("The triage on {when} is off: what it was about fell below the trigger or was decided.")
        off = Paragraph(phrase(brief.words, said, when=Text(when(brief, meeting), strong=True)))
        return (off, *_nothing_to_decide(brief, options)) if meeting.fresh else ()
    causes = causes_of(meeting, brief)
    return _agenda(brief, meeting, causes) if causes else ()


def _nothing_to_decide(brief: Brief, options: TriageOptions) -> tuple[Block, ...]:
    """Said only where it is sure: a reader's budget may hold decisions back."""
    if brief.decisions or brief.held_back:
        return ()
    day = brief.words.weekday(regular_day(options, brief), brief.today)
    said = marked("Nothing needs a decision: the meeting on {day}, {at}, can be dropped.")
    return (Paragraph(phrase(brief.words, said, day=Text(day, strong=True), at=options.at)),)


def _agenda(brief: Brief, meeting: Meeting, causes: tuple[Cause, ...]) -> tuple[Block, ...]:
    words, cause = brief.words, causes[0]
    opening = phrase(
        words,
        "{when}, instead of the status meeting: {what} ({trigger}).",
        when=Text(when(brief, meeting), strong=True),
        what=subject_of_triage(cause),
        trigger=trigger_text(words, cause.triage) if cause.triage else "",
    )
    points = Bullets(
        tuple(
            line(Text(f"{point.begins} {point.name}: ", strong=True), *point.content)
            for point in agenda(brief, meeting, cause)
        )
    )
    return (Paragraph(opening), points, *_further(brief, causes[1:]))


def _further(brief: Brief, causes: tuple[Cause, ...]) -> tuple[Block, ...]:
    """What else is over the trigger; it takes its turn with the same points."""
    if not causes:
        return ()
    named = [f"{subject_of_triage(cause)} ({short_id(cause.findings[0])})" for cause in causes[:2]]
    if len(causes) > len(named):
        named.append(brief.words.count(len(causes) - len(named), "{n} more", "{n} more"))
    said: Line = phrase(brief.words, "Also over the trigger: {others}.", others=brief.words.listed(named))
    return (Small(said),)


SECTION = Section("agenda", 15, "Triage", compose)
