"""Two sentences: how the value at risk changed, and the one thing that moved it most."""

from decimal import Decimal

from digest import wording
from digest.base import Block, Inline, Paragraph, line
from digest.brief import Brief, Section
from digest.causes import Cause
from digest.sentences import cause_name, days_text
from model.findings import Account, combined

_NAMES = {Account.REVENUE: "revenue", Account.SAVINGS: "savings", Account.COST: "extra cost"}


def compose(brief: Brief) -> tuple[Block, ...]:
    if not brief.has_news:
        return (Paragraph(line(f"No news. {_standing(brief)}"), lead=True),)
    return (Paragraph(line(_change(brief)), lead=True), Paragraph(line(*_mover(brief))))


def _change(brief: Brief) -> str:
    """The net change per account; accounts stand beside each other and are never added."""
    parts = []
    for account in Account:
        now, net = brief.after.full(account), brief.after.full(account) - brief.before.full(account)
        if net == 0:
            continue
        name = _NAMES[account]
        if now == net:
            parts.append(f"{_short(brief, net)} of {name} newly at risk")
        else:
            moved = f"{_short(brief, abs(net))} {'more' if net > 0 else 'less'} {name} at risk"
            parts.append(f"{moved}, now {_short(brief, now)}" if now else f"{moved}, none left")
    return f"{'; '.join(parts)}." if parts else f"The value at risk did not change. {_standing(brief)}"


def _standing(brief: Brief) -> str:
    amounts = [
        f"{_short(brief, brief.after.full(account))} of {_NAMES[account]}"
        for account in Account
        if brief.after.full(account)
    ]
    found = wording.count(len(brief.at_risk), "finding stands", "findings stand")
    return f"{found}, with {wording.listed(amounts)} at risk." if amounts else f"{found}, none with money."


def _short(brief: Brief, amount: Decimal) -> str:
    return wording.rounded(amount, brief.edition.currency)


def _mover(brief: Brief) -> list[Inline | str]:
    causes = [cause for cause in (*brief.fresh, *brief.eased) if cause.told]
    if not causes:
        return [f"{wording.count(len(brief.expiring), 'acceptance ends', 'acceptances end')} soon."]
    mover = max(causes, key=lambda cause: _moved(cause)[0])
    return [_opening(mover, brief, alone=len(causes) == 1), *cause_name(mover), *_now_says(mover, brief)]


def _opening(mover: Cause, brief: Brief, *, alone: bool) -> str:
    """``Most of it`` is said only when it is: at least half of the net change of that account."""
    moved, account = _moved(mover)
    if not moved:
        return "First to look at: " if mover in brief.fresh else "Eased: "
    if alone:
        return "The cause of it: "
    net = abs(brief.after.full(account) - brief.before.full(account))
    return "Most of it: " if 2 * moved >= net else "The largest part: "


def _now_says(cause: Cause, brief: Brief) -> list[Inline | str]:
    if cause in brief.eased:
        return [f", {cause.told[0].verdict.value}."]
    return [f", {days_text(cause.impact.days)}."]


def _moved(cause: Cause) -> tuple[Decimal, Account]:
    """The largest change of any one account, and which it is."""
    before = combined([told.before for told in cause.told if told.before is not None])
    after = combined([told.after for told in cause.told if told.after is not None])
    return max((abs(after.full(account) - before.full(account)), account) for account in Account)


SECTION = Section("bottom_line", 10, "", compose)
