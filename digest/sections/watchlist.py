"""What lies inside its tolerance: worth knowing, nothing to do."""

from digest.base import Block, Bullets, Line, Small, Text, line
from digest.brief import Brief, Section
from digest.findings_language import retold
from digest.sentences import days_text, short_id
from model.findings import TrackedFinding

MAX_LINES = 3


def compose(brief: Brief) -> tuple[Block, ...]:
    if not brief.watched:
        return ()
    shown = brief.watched[:MAX_LINES]
    blocks: list[Block] = [Bullets(tuple(_entry(tracked, brief) for tracked in shown))]
    if len(brief.watched) > MAX_LINES:
        hidden = len(brief.watched) - MAX_LINES
        blocks.append(Small(line(brief.words.count(hidden, "and {n} more notice", "and {n} more notices"))))
    return tuple(blocks)


def _entry(tracked: TrackedFinding, brief: Brief) -> Line:
    title = retold(brief.words, tracked.finding.title, brief.today, 90)
    days = days_text(brief.words, tracked.finding.impact.days)
    return line(f"{title}, {days} ", Text(short_id(tracked), muted=True))


SECTION = Section("watchlist", 80, "Watchlist, no action", compose)
