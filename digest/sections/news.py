"""New and worsened, grouped by cause: one line per cause, with the findings behind it in a table."""

from collections.abc import Sequence

from digest.base import Block, Chip, Column, Inline, Line, Paragraph, Small, Table, Text, Tone, line
from digest.brief import Brief, Section
from digest.causes import Cause, Told, Verdict
from digest.changes import moved_text
from digest.language import Language, marked
from digest.sentences import (
    cause_name,
    days_text,
    linked,
    money_of,
    person,
    promise_name,
    record_key,
    short_id,
    told_chips,
)
from model.causes import binding_step
from model.findings import Account, Impact, TrackedFinding, combined

MAX_CAUSES = 5
MAX_LINES = 3
ALL_LINES = 5
"""How many findings are listed behind all causes together; a mail is read in a minute."""

_HEADS = {Account.SAVINGS: marked("{currency} lost"), Account.COST: marked("{currency} cost")}


def compose(brief: Brief) -> tuple[Block, ...]:
    blocks: list[Block] = _on_cards(brief)
    left = ALL_LINES
    fresh = _untold(brief)
    for cause in fresh[:MAX_CAUSES]:
        rows = min(MAX_LINES, left, len(cause.findings)) if _differ(cause) else 0
        blocks.append(Paragraph(_headline(cause, brief, alone=rows == 0)))
        if rows > 0:
            blocks.append(_table(cause, rows, brief))
            left -= rows
            if len(cause.findings) > rows:
                more = brief.words.count(len(cause.findings) - rows, "and {n} more", "and {n} more")
                blocks.append(Small(line(more)))
    hidden = fresh[MAX_CAUSES:]
    if hidden:
        number = sum(len(cause.findings) for cause in hidden)
        findings = brief.words.count(number, "{n} finding", "{n} findings")
        more = brief.words.count(
            len(hidden), "{n} more cause with {findings}", "{n} more causes with {findings}", findings=findings
        )
        blocks.append(Small(line(more)))
    return tuple(blocks)


def _differ(cause: Cause) -> bool:
    """Whether a table would tell more than the names: several findings, with money or with days of their own."""
    return len(cause.findings) > 1 and (cause.impact.priced or not _equally_late(cause))


def _untold(brief: Brief) -> Sequence[Cause]:
    """In a mail that is full of decisions, what a card tells with its verdicts is not told again."""
    told = {cause.key for cause in brief.shown_decisions} if brief.full_of_decisions else set()
    return [cause for cause in brief.fresh if cause.key not in told]


def _on_cards(brief: Brief) -> list[Block]:
    """How what stands on the cards came about, where these have no room for it."""
    shown = {cause.key for cause in brief.shown_decisions} if brief.full_of_decisions else set()
    pieces: list[Inline | str] = []
    for cause in brief.fresh:
        step, moved = binding_step(cause.lead), _came_about(cause, brief)
        if cause.key in shown and step is not None and moved:
            pieces += ["; "] if pieces else []
            pieces += [linked(record_key(step), step.where), f" {moved}"]
    return [Paragraph(line(*pieces))] if pieces else []


def _came_about(cause: Cause, brief: Brief) -> str:
    return moved_text(brief.words, cause.lead, brief.today, brief.edition.zone)


def _headline(cause: Cause, brief: Brief, *, alone: bool) -> Line:
    """The cause and what hangs on it; money and code stand here when no table follows."""
    words = brief.words
    pieces: list[Inline | str] = []
    for chip in told_chips(words, cause.told, brief.edition.zone, brief.today):
        pieces += [chip, " "]
    if cause.held_since:
        pieces += [Chip(words.say("not re-checked"), Tone.WARN), " "]
    pieces += [*cause_name(words, cause, brief.today), ": "]
    days = days_text(words, cause.impact.days)
    if len(cause.findings) > 1:
        most = days if _equally_late(cause) else words.say("up to {days}", days=days)
        pieces.append(f"{words.count(len(cause.findings), '{n} finding', '{n} findings')}, {most}")
    else:
        pieces += [*promise_name(words, cause.findings[0], brief.today), f", {days}"]
    moved = _came_about(cause, brief) if brief.in_short and not brief.full_of_decisions else ""
    pieces += [f", {moved}"] if moved else []
    pieces += _money(cause.impact, brief) if alone else []
    pieces += _owner(cause, words)
    pieces += _moved(cause.told, brief)
    pieces += [" ", Text(short_id(cause.findings[0]), muted=True)] if alone else []
    return line(*pieces)


def _money(impact: Impact, brief: Brief) -> list[Inline | str]:
    pieces: list[Inline | str] = []
    for account in brief.accounts:
        if impact.full(account):
            amount = brief.words.exact(impact.full(account), brief.edition.currency)
            pieces.append(f", {_amount(brief.words, amount, account, impact)}")
    return pieces


def _amount(words: Language, amount: str, account: Account, impact: Impact) -> str:
    if account is not Account.REVENUE:
        return money_of(words, amount, account)
    weighted = words.exact(impact.weighted(account))
    return words.say("{amount} revenue full, {weighted} weighted", amount=amount, weighted=weighted)


def _owner(cause: Cause, words: Language) -> list[Inline | str]:
    owners = {tracked.finding.owner for tracked in cause.findings}
    owner = owners.pop() if len(owners) == 1 else None
    return [f", {words.say('owner {who}', who=person(owner))}"] if owner else []


def _moved(told: Sequence[Told], brief: Brief) -> list[Inline | str]:
    """For what worsened: what it was before, in days and money."""
    worsened = [entry for entry in told if entry.verdict is Verdict.WORSENED and entry.before is not None]
    if not worsened:
        return []
    before = combined([entry.before for entry in worsened if entry.before is not None])
    after = combined([entry.tracked.finding.impact for entry in worsened])
    words = brief.words
    parts = [days_text(words, before.days)] if before.days != after.days else []
    parts += [
        words.exact(before.full(account), brief.edition.currency)
        for account in brief.accounts
        if before.full(account) != after.full(account)
    ]
    return [f", {words.say('before: {what}', what=', '.join(parts))}"] if parts else []


def _table(cause: Cause, rows: int, brief: Brief) -> Table:
    """The weightiest findings. Where all are equally late, the headline says so and the column is spared."""
    words, findings, currency = brief.words, cause.findings[:rows], brief.edition.currency
    shows_days = not _equally_late(cause)
    accounts = [a for a in brief.accounts if any(tracked.finding.impact.full(a) for tracked in findings)]
    columns = [Column(words.say("Promise"))]
    if shows_days:
        columns.append(Column(words.say("Days"), figures=True))
    for account in accounts:
        if account is Account.REVENUE:
            columns += [Column(words.say("{currency} full", currency=currency), figures=True)]
            columns += [Column(words.say("Weighted"), figures=True)]
        else:
            columns.append(Column(words.say(_HEADS[account], currency=currency), figures=True))
    return Table(tuple(columns), tuple(_row(tracked, accounts, brief, shows_days=shows_days) for tracked in findings))


def _row(tracked: TrackedFinding, accounts: Sequence[Account], brief: Brief, *, shows_days: bool) -> tuple[Line, ...]:
    words, impact = brief.words, tracked.finding.impact
    held: tuple[Inline | str, ...] = ()
    if tracked.held_since:
        held = (" ", Chip(words.say("not re-checked"), Tone.WARN))
    cells = [line(*promise_name(words, tracked, brief.today), " ", Text(short_id(tracked), muted=True), *held)]
    if shows_days:
        cells.append(line(words.say("no date") if impact.days is None else words.figure(impact.days)))
    for account in accounts:
        cells.append(line(words.exact(impact.full(account))))
        if account is Account.REVENUE:
            cells.append(line(words.exact(impact.weighted(account))))
    return tuple(cells)


def _equally_late(cause: Cause) -> bool:
    return len({tracked.finding.impact.days for tracked in cause.findings}) == 1


SECTION = Section("news", 50, "New and worsened", compose)
