"""What lies inside its tolerance: worth knowing, nothing to do."""

from digest import wording
from digest.base import Block, Bullets, Line, Small, Text, line
from digest.brief import Brief, Section
from digest.hostile import clean
from digest.sentences import days_text, short_id
from model.findings import TrackedFinding

MAX_LINES = 3


def compose(brief: Brief) -> tuple[Block, ...]:
    if not brief.watched:
        return ()
    shown = brief.watched[:MAX_LINES]
    blocks: list[Block] = [Bullets(tuple(_entry(tracked) for tracked in shown))]
    if len(brief.watched) > MAX_LINES:
        blocks.append(Small(line(f"and {wording.count(len(brief.watched) - MAX_LINES, 'more notice')}")))
    return tuple(blocks)


def _entry(tracked: TrackedFinding) -> Line:
    finding = tracked.finding
    return line(f"{clean(finding.title, 90)}, {days_text(finding.impact.days)} ", Text(short_id(tracked), muted=True))


SECTION = Section("watchlist", 80, "Watchlist, no action", compose)
