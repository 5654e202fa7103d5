"""What goes with a mail as files: the workbook, the entry for the calendar and the decision paper of a triage."""

from collections.abc import Iterator

from digest.base import Attachment
from digest.brief import Brief
from digest.meetings.invitation import invitation
from digest.meetings.triage import causes_of
from digest.papers.paper import Paper, compose_paper
from digest.render import render_paper
from digest.sentences import short_id
from digest.workbooks.workbook import workbook_of


def attachments_of(brief: Brief) -> tuple[Attachment, ...]:
    return (*_triage(brief), *([workbook_of(brief)] if brief.edition.options.workbook else []))


def _triage(brief: Brief) -> Iterator[Attachment]:
    meeting = brief.edition.meeting
    if meeting is None or brief.edition.options.triage is None:
        return
    yield invitation(brief, meeting)
    if not meeting.cancelled:
        yield from _papers(brief)


def _papers(brief: Brief) -> Iterator[Attachment]:
    """The paper of the finding that the agenda is about."""
    edition = brief.edition
    for cause in causes_of(edition.meeting, brief)[:1] if edition.meeting else ():
        lead, *others = cause.findings
        paper = Paper(
            tracked=lead,
            others=tuple(others),
            tree=edition.tree,
            now=edition.now,
            zone=edition.zone,
            currency=edition.currency,
            materiality=edition.materiality,
            words=brief.words,
        )
        page = render_paper(compose_paper(paper))
        yield Attachment(f"decision-paper-{short_id(lead)}.html", "text/html; charset=utf-8", page.encode())
