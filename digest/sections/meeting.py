"""For people who meet about the digest: when there is nothing to decide, the meeting can be dropped."""

from digest.base import Block, Paragraph, Text, line
from digest.brief import Brief, Section


def compose(brief: Brief) -> tuple[Block, ...]:
    if not _meets(brief) or brief.decisions or brief.held_back:
        return ()
    said = brief.words.say("Nothing to decide: the meeting can be dropped.")
    return (Paragraph(line(Text(said, strong=True))),)


def _meets(brief: Brief) -> bool:
    """Whether the audience has a meeting; of one with a slot for triage, the agenda tells the day."""
    return brief.edition.options.meeting and brief.edition.options.triage is None


SECTION = Section("meeting", 12, "", compose)
