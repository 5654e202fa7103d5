"""New and worsened, grouped by cause: one line per cause, with the findings behind it in a table."""

from collections.abc import Sequence

from digest import wording
from digest.base import Block, Chip, Column, Inline, Line, Paragraph, Small, Table, Text, Tone, line
from digest.brief import Brief, Section
from digest.causes import Cause, Told, Verdict
from digest.sentences import cause_name, days_text, person, promise_name, short_id, verdict_chip
from model.findings import Account, Impact, TrackedFinding, combined

MAX_CAUSES = 5
MAX_LINES = 3
ALL_LINES = 5
"""How many findings are listed behind all causes together; a mail is read in a minute."""

_HEADS = {Account.SAVINGS: "lost", Account.COST: "cost"}


def compose(brief: Brief) -> tuple[Block, ...]:
    blocks: list[Block] = []
    left = ALL_LINES
    fresh = _untold(brief)
    for cause in fresh[:MAX_CAUSES]:
        rows = min(MAX_LINES, left, len(cause.findings)) if _differ(cause) else 0
        blocks.append(Paragraph(_headline(cause, brief, alone=rows == 0)))
        if rows > 0:
            blocks.append(_table(cause, rows, brief))
            left -= rows
            if len(cause.findings) > rows:
                blocks.append(Small(line(f"and {len(cause.findings) - rows:,} more")))
    hidden = fresh[MAX_CAUSES:]
    if hidden:
        findings = sum(len(cause.findings) for cause in hidden)
        more = wording.count(len(hidden), "more cause")
        blocks.append(Small(line(f"{more} with {wording.count(findings, 'finding')}")))
    return tuple(blocks)


def _differ(cause: Cause) -> bool:
    """Whether a table would tell more than the names: several findings, with money or with days of their own."""
    return len(cause.findings) > 1 and (cause.impact.priced or not _equally_late(cause))


def _untold(brief: Brief) -> Sequence[Cause]:
    """In a mail that is full of decisions, what a card tells with its verdicts is not told again."""
    told = {cause.key for cause in brief.shown_decisions} if brief.full_of_decisions else set()
    return [cause for cause in brief.fresh if cause.key not in told]


def _headline(cause: Cause, brief: Brief, *, alone: bool) -> Line:
    """The cause and what hangs on it; money and code stand here when no table follows."""
    pieces: list[Inline | str] = []
    for verdict in dict.fromkeys(told.verdict for told in cause.told):
        pieces += [verdict_chip(verdict), " "]
    if cause.held_since:
        pieces += [Chip("not re-checked", Tone.WARN), " "]
    pieces += [*cause_name(cause), ": "]
    if len(cause.findings) > 1:
        most = "" if _equally_late(cause) else "up to "
        pieces.append(f"{len(cause.findings):,} findings, {most}{days_text(cause.impact.days)}")
    else:
        pieces += [*promise_name(cause.findings[0]), f", {days_text(cause.impact.days)}"]
    pieces += _money(cause.impact, brief) if alone else []
    pieces += _owner(cause)
    pieces += _moved(cause.told, brief)
    pieces += [" ", Text(short_id(cause.findings[0]), muted=True)] if alone else []
    return line(*pieces)


def _money(impact: Impact, brief: Brief) -> list[Inline | str]:
    pieces: list[Inline | str] = []
    for account in Account:
        if impact.full(account):
            pieces.append(f", {wording.exact(impact.full(account), brief.edition.currency)} {account.value}")
        if account is Account.REVENUE and impact.full(account):
            pieces.append(f" full, {wording.exact(impact.weighted(account))} weighted")
    return pieces


def _owner(cause: Cause) -> list[Inline | str]:
    owners = {tracked.finding.owner for tracked in cause.findings}
    owner = owners.pop() if len(owners) == 1 else None
    return [f", owner {person(owner)}"] if owner else []


def _moved(told: Sequence[Told], brief: Brief) -> list[Inline | str]:
    """For what worsened: what it was before, in days and money."""
    worsened = [entry for entry in told if entry.verdict is Verdict.WORSENED and entry.before is not None]
    if not worsened:
        return []
    before = combined([entry.before for entry in worsened if entry.before is not None])
    after = combined([entry.tracked.finding.impact for entry in worsened])
    parts = [days_text(before.days)] if before.days != after.days else []
    parts += [
        wording.exact(before.full(account), brief.edition.currency)
        for account in Account
        if before.full(account) != after.full(account)
    ]
    return [f", before: {', '.join(parts)}"] if parts else []


def _table(cause: Cause, rows: int, brief: Brief) -> Table:
    """The weightiest findings. Where all are equally late, the headline says so and the column is spared."""
    findings, currency = cause.findings[:rows], brief.edition.currency
    shows_days = not _equally_late(cause)
    accounts = [a for a in Account if any(tracked.finding.impact.full(a) for tracked in findings)]
    columns = [Column("Promise")]
    if shows_days:
        columns.append(Column("Days", figures=True))
    for account in accounts:
        if account is Account.REVENUE:
            columns += [Column(f"{currency} full", figures=True), Column("Weighted", figures=True)]
        else:
            columns.append(Column(f"{currency} {_HEADS[account]}", figures=True))
    return Table(tuple(columns), tuple(_row(tracked, accounts, shows_days=shows_days) for tracked in findings))


def _row(tracked: TrackedFinding, accounts: Sequence[Account], *, shows_days: bool) -> tuple[Line, ...]:
    impact: Impact = tracked.finding.impact
    held: tuple[Inline | str, ...] = (" ", Chip("not re-checked", Tone.WARN)) if tracked.held_since else ()
    cells = [line(*promise_name(tracked), " ", Text(short_id(tracked), muted=True), *held)]
    if shows_days:
        cells.append(line("no date" if impact.days is None else f"{impact.days:,}"))
    for account in accounts:
        cells.append(line(wording.exact(impact.full(account))))
        if account is Account.REVENUE:
            cells.append(line(wording.exact(impact.weighted(account))))
    return tuple(cells)


def _equally_late(cause: Cause) -> bool:
    return len({tracked.finding.impact.days for tracked in cause.findings}) == 1


SECTION = Section("news", 50, "New and worsened", compose)
