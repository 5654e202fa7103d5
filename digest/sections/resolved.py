"""What got better, and which acceptances end soon."""

from digest.base import Block, Bullets, Chip, Inline, Line, Small, Text, Tone, line
from digest.brief import Brief, Section
from digest.causes import Cause, Verdict
from digest.findings_language import retold
from digest.sentences import TITLE_LIMIT, money_of, person, promise_name, short_id, verdict_chip
from model.findings import Account, TrackedFinding, combined

MAX_LINES = 3


def compose(brief: Brief) -> tuple[Block, ...]:
    eased, expiring = brief.eased[:MAX_LINES], brief.expiring[:MAX_LINES]
    entries = [_eased(cause, brief) for cause in eased]
    entries += [_expiring(tracked, brief) for tracked in expiring]
    blocks: list[Block] = [Bullets(tuple(entries))] if entries else []
    hidden = len(brief.eased) - len(eased) + len(brief.expiring) - len(expiring)
    if hidden:
        blocks.append(Small(line(brief.words.count(hidden, "and {n} more", "and {n} more"))))
    return tuple(blocks)


def _eased(cause: Cause, brief: Brief) -> Line:
    told, words = cause.told[0], brief.words
    pieces: list[Inline | str] = [verdict_chip(words, told.verdict), " "]
    pieces += promise_name(words, cause.findings[0], brief.today)
    if len(cause.findings) > 1:
        others = words.count(
            len(cause.findings) - 1, "and {n} finding of the same cause", "and {n} findings of the same cause"
        )
        pieces.append(f" {others}")
    pieces.append(_freed(cause, brief))
    if told.reason:
        pieces.append(f": {retold(words, told.reason, brief.today, 120)}")
    return line(*pieces, " ", Text(short_id(cause.findings[0]), muted=True))


def _freed(cause: Cause, brief: Brief) -> str:
    """The money that is no longer at risk, or less of it."""
    before = combined([told.before for told in cause.told if told.before is not None])
    after = combined([told.after for told in cause.told if told.after is not None])
    words, currency = brief.words, brief.edition.currency
    freed = [
        money_of(words, words.exact(before.full(account) - after.full(account), currency), account)
        for account in Account
        if before.full(account) > after.full(account)
    ]
    if not freed:
        return ""
    resolved = all(told.verdict is Verdict.RESOLVED for told in cause.told)
    amounts = words.listed(freed)
    if resolved:
        return f", {words.say('{amounts} no longer at risk', amounts=amounts)}"
    return f", {words.say('{amounts} less at risk', amounts=amounts)}"


def _expiring(tracked: TrackedFinding, brief: Brief) -> Line:
    acceptance, words = tracked.acceptance, brief.words
    until = words.weekday(acceptance.until, brief.today) if acceptance else ""
    by = f", {words.say('accepted by {who}', who=person(acceptance.by))}" if acceptance else ""
    chip = Chip(words.say("acceptance ends {day}", day=until), Tone.WARN)
    title = retold(words, tracked.finding.title, brief.today, TITLE_LIMIT)
    return line(chip, f" {title}{by} ", Text(short_id(tracked), muted=True))


SECTION = Section("resolved", 60, "Resolved and ending", compose)
