"""A picture of the money at risk over the last three months, where it says more than the table of numbers."""

from collections.abc import Iterator

from digest.base import PAST, Block, Picture
from digest.brief import Brief, Section
from digest.plots.axes import WIDTH
from digest.plots.money_at_risk import RiskHistory, risk_history, svg
from digest.plots.png import png
from digest.sentences import STAKES


def compose(brief: Brief) -> tuple[Block, ...]:
    if not brief.edition.options.plots or not brief.past:
        return ()
    history = risk_history(
        brief.past, brief.at_risk, start=brief.today - PAST, end=brief.today, zone=brief.edition.zone
    )
    if not history.telling:
        return ()
    names = {account: brief.words.say(name) for account, name in STAKES.items()}
    drawing, height = svg(history, names, brief.edition.currency, brief.words)
    drawn = png(drawing)
    if drawn is None:
        return ()
    return (Picture("money-at-risk", drawn, "; ".join(_told(history, brief)) + ".", WIDTH, height),)


def _told(history: RiskHistory, brief: Brief) -> Iterator[str]:
    """The picture in words: where each amount began and where it stands."""
    words, currency = brief.words, brief.edition.currency
    for account, values in history.amounts.items():
        amounts = [amount for _, amount in values]
        yield words.say(
            "{name}: {first} on {day}, {last} today",
            name=words.say(STAKES[account]),
            first=words.rounded(amounts[0], currency),
            day=words.day(history.start, brief.today),
            last=words.rounded(amounts[-1], currency),
        )
    opened, resolved = sum(history.opened.values()), sum(history.resolved.values())
    if opened or resolved:
        yield words.count(
            opened,
            "{n} finding opened, {resolved} resolved",
            "{n} findings opened, {resolved} resolved",
            resolved=resolved,
        )


SECTION = Section("trend", 72, "", compose)
