"""What got better, and which acceptances end soon."""

from digest import wording
from digest.base import Block, Bullets, Chip, Inline, Line, Small, Text, Tone, line
from digest.brief import Brief, Section
from digest.causes import Cause, Verdict
from digest.hostile import clean
from digest.sentences import TITLE_LIMIT, person, promise_name, short_dates, short_id, verdict_chip
from model.findings import Account, TrackedFinding, combined

MAX_LINES = 3


def compose(brief: Brief) -> tuple[Block, ...]:
    eased, expiring = brief.eased[:MAX_LINES], brief.expiring[:MAX_LINES]
    entries = [_eased(cause, brief) for cause in eased]
    entries += [_expiring(tracked, brief) for tracked in expiring]
    blocks: list[Block] = [Bullets(tuple(entries))] if entries else []
    hidden = len(brief.eased) - len(eased) + len(brief.expiring) - len(expiring)
    if hidden:
        blocks.append(Small(line(f"and {hidden:,} more")))
    return tuple(blocks)


def _eased(cause: Cause, brief: Brief) -> Line:
    told = cause.told[0]
    pieces: list[Inline | str] = [verdict_chip(told.verdict), " ", *promise_name(cause.findings[0])]
    if len(cause.findings) > 1:
        pieces.append(f" and {wording.count(len(cause.findings) - 1, 'finding')} of the same cause")
    pieces.append(_freed(cause, brief))
    if told.reason:
        pieces.append(f": {short_dates(clean(told.reason, 120), brief.today)}")
    return line(*pieces, " ", Text(short_id(cause.findings[0]), muted=True))


def _freed(cause: Cause, brief: Brief) -> str:
    """The money that is no longer at risk, or less of it."""
    before = combined([told.before for told in cause.told if told.before is not None])
    after = combined([told.after for told in cause.told if told.after is not None])
    freed = [
        f"{wording.exact(before.full(account) - after.full(account), brief.edition.currency)} {account.value}"
        for account in Account
        if before.full(account) > after.full(account)
    ]
    resolved = all(told.verdict is Verdict.RESOLVED for told in cause.told)
    return f", {' and '.join(freed)} {'no longer' if resolved else 'less'} at risk" if freed else ""


def _expiring(tracked: TrackedFinding, brief: Brief) -> Line:
    acceptance = tracked.acceptance
    until = wording.weekday(acceptance.until, brief.today) if acceptance else ""
    by = f", accepted by {person(acceptance.by)}" if acceptance else ""
    chip = Chip(f"acceptance ends {until}", Tone.WARN)
    return line(chip, " ", clean(tracked.finding.title, TITLE_LIMIT), by, " ", Text(short_id(tracked), muted=True))


SECTION = Section("resolved", 60, "Resolved and ending", compose)
