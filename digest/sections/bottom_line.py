"""Two sentences: how the value at risk changed, and the one thing that moved it most."""

from decimal import Decimal

from digest.base import Block, Line, Paragraph, line, phrase
from digest.brief import Brief, Section
from digest.causes import Cause
from digest.language import marked
from digest.sentences import cause_name, days_text, verdict_text
from model.findings import Account, combined

_NAMES = {
    Account.REVENUE: marked("{amount} of revenue"),
    Account.SAVINGS: marked("{amount} of savings"),
    Account.COST: marked("{amount} of extra cost"),
}
_NEWLY = {
    Account.REVENUE: marked("{amount} of revenue newly at risk"),
    Account.SAVINGS: marked("{amount} of savings newly at risk"),
    Account.COST: marked("{amount} of extra cost newly at risk"),
}
_MORE = {
    Account.REVENUE: marked("{amount} more revenue at risk"),
    Account.SAVINGS: marked("{amount} more savings at risk"),
    Account.COST: marked("{amount} more extra cost at risk"),
}
_LESS = {
    Account.REVENUE: marked("{amount} less revenue at risk"),
    Account.SAVINGS: marked("{amount} less savings at risk"),
    Account.COST: marked("{amount} less extra cost at risk"),
}


def compose(brief: Brief) -> tuple[Block, ...]:
    if not brief.has_news and brief.taken:
        return (Paragraph(line(_standing(brief)), lead=True), Paragraph(_taken(brief)))
    if not brief.has_news:
        return (Paragraph(line(f"{brief.words.say('No news')}. {_standing(brief)}"), lead=True),)
    more = (*_mover(brief), *_taken(brief))
    return (Paragraph(line(_change(brief)), lead=True), *([Paragraph(more)] if more else []))


def _taken(brief: Brief) -> Line:
    """How many decisions were taken since the last mail, where the cards leave room or nothing else is news."""
    if not brief.taken or (brief.full_of_decisions and brief.told):
        return ()
    since = brief.words.count(
        brief.taken, "{n} decision was taken since the last mail.", "{n} decisions were taken since the last mail."
    )
    return line(f" {since}" if brief.told or brief.expiring_is_news else since)


def _change(brief: Brief) -> str:
    """The net change per account; accounts stand beside each other and are never added."""
    words, parts = brief.words, []
    for account in brief.accounts:
        now, net = brief.after.full(account), brief.after.full(account) - brief.before.full(account)
        if net == 0:
            continue
        if now == net:
            parts.append(words.say(_NEWLY[account], amount=_short(brief, net)))
            continue
        moved = words.say((_MORE if net > 0 else _LESS)[account], amount=_short(brief, abs(net)))
        left = words.say("now {amount}", amount=_short(brief, now)) if now else words.say("none left")
        parts.append(f"{moved}, {left}")
    return f"{'; '.join(parts)}." if parts else f"{words.say('The value at risk did not change.')} {_standing(brief)}"


def _standing(brief: Brief) -> str:
    words, number = brief.words, len(brief.at_risk)
    amounts = [
        words.say(_NAMES[account], amount=_short(brief, brief.after.full(account)))
        for account in brief.accounts
        if brief.after.full(account)
    ]
    if not amounts:
        return words.count(number, "{n} finding stands, none with money.", "{n} findings stand, none with money.")
    return words.count(
        number,
        "{n} finding stands, with {amounts} at risk.",
        "{n} findings stand, with {amounts} at risk.",
        amounts=words.listed(amounts),
    )


def _short(brief: Brief, amount: Decimal) -> str:
    return brief.words.rounded(amount, brief.edition.currency)


def _mover(brief: Brief) -> Line:
    words = brief.words
    causes = [cause for cause in (*brief.fresh, *brief.eased) if cause.told]
    if not causes and not brief.expiring_is_news:
        return ()
    if not causes:
        return line(f"{words.count(len(brief.expiring), '{n} acceptance ends soon', '{n} acceptances end soon')}.")
    mover = max(causes, key=lambda cause: _moved(cause)[0])
    now = verdict_text(words, mover.told[0].verdict) if mover in brief.eased else days_text(words, mover.impact.days)
    cause = cause_name(words, mover, brief.today)
    return phrase(words, _opening(mover, brief, alone=len(causes) == 1), cause=cause, now=now)


def _opening(mover: Cause, brief: Brief, *, alone: bool) -> str:
    """``Most of it`` is said only when it is: at least half of the net change of that account."""
    moved, account = _moved(mover)
    if not moved:
        return marked("First to look at: {cause}, {now}.") if mover in brief.fresh else marked("Eased: {cause}, {now}.")
    if alone:
        return marked("The cause of it: {cause}, {now}.")
    net = abs(brief.after.full(account) - brief.before.full(account))
    return marked("Most of it: {cause}, {now}.") if 2 * moved >= net else marked("The largest part: {cause}, {now}.")


def _moved(cause: Cause) -> tuple[Decimal, Account]:
    """The largest change of any one account, and which it is."""
    before = combined([told.before for told in cause.told if told.before is not None])
    after = combined([told.after for told in cause.told if told.after is not None])
    return max((abs(after.full(account) - before.full(account)), account) for account in Account)


SECTION = Section("bottom_line", 10, "", compose)
