"""A backtest for people and programs: its story in sentences, a table of what disagreed, and the JSON contract."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from cli.as_of_view import print_reconstruction
from cli.finding_view import amounts_of, totals
from cli.output import say
from cli.plain import plain
from cli.table import cell, print_table, watched
from cli.wording import count, day
from model.findings import Account, Impact
from pipeline.backtest import episodes, impact_of, middle_days
from pipeline.backtest_endings import Ending

if TYPE_CHECKING:
    from rich.text import Text

    from pipeline.backtest import Backtest, Disagreement, Episode

ENDED = {
    Ending.ACTED: "the promise was changed",
    Ending.WORK: "the work was changed",
    Ending.OTHERWISE: "it ended by itself",
    Ending.NOT_YET: "not yet",
}
MONEY = {Account.REVENUE: "of revenue", Account.SAVINGS: "of savings", Account.COST: "of cost"}


def sentences(made: "Backtest", currency: str) -> Iterator[str]:
    """The story of a replay for somebody who has no time; every total counts a record once."""
    days = (made.end - made.start).days + 1
    found = made.disagreements
    between = f"In the {count(days, 'day')} from {day(made.start)} to {day(made.end)}"
    if not found:
        yield f"{between} the tools never disagreed about anything that the rules connect."
        return
    yield (
        f"{between} the tools disagreed on {count(len(found), 'point')}, for "
        f"{count(len(episodes(found)), 'reason')}. Behind them {_stands(impact_of(found), currency)}."
    )
    acted = made.ended(Ending.ACTED)
    if acted:
        yield (
            f"On {count(len(acted), 'point')} somebody changed in a tool what had been promised, {_after(acted)} after "
            f"the tools first disagreed. Behind {_these(acted)} {_stands(impact_of(acted), currency)}."
        )
    work = made.ended(Ending.WORK)
    if work:
        yield (
            f"{count(len(work), 'point')} ended because the work was changed, {_after(work)} after the tools first "
            f"disagreed. Behind {_these(work)} {_stands(impact_of(work), currency)}."
        )
    standing = made.ended(Ending.NOT_YET)
    if standing:
        oldest = max(standing, key=lambda each: each.days)
        yield (
            f"On {day(made.end)}, {count(len(standing), 'point')} still stood, the oldest since {day(oldest.first)}. "
            f"Behind {_these(standing)} {_stands(impact_of(standing), currency)}."
        )


def headline(made: "Backtest") -> str:
    """The one line to remember."""
    over = made.ended(Ending.ACTED, Ending.WORK)
    longest = max((each.days for each in over), default=0)
    if not over:
        return "What the tools already knew" if made.disagreements else "The tools agreed"
    middle = middle_days(over)
    if longest == 0:
        return "People acted on the day on which the tools first disagreed"
    if middle and len(episodes(over)) > 1:
        return f"The tools typically knew {count(middle, 'day')} before people acted"
    return f"The tools knew {'up to ' if not middle else ''}{count(longest, 'day')} before people acted"


def _after(several: "Sequence[Disagreement]") -> str:
    """``45 days``, or the middle one with the least and the most."""
    days = sorted(each.lead.days for each in episodes(several))
    if days[0] == days[-1]:
        return count(days[0], "day")
    return f"typically {count(middle_days(several) or 0, 'day')} ({days[0]} to {days[-1]})"


def _these(several: "Sequence[Disagreement]") -> str:
    return "it" if len(several) == 1 else "them"


def _stands(impact: Impact, currency: str) -> str:
    """``stand EUR 310,000 of revenue and EUR 979,000 of savings``; accounts are never added."""
    parts = [f"{currency} {impact.full(account):,.0f} {MONEY[account]}" for account in Account if impact.full(account)]
    if not parts:
        return "stands no money that anybody has written down"
    return f"stand {' and '.join(filter(None, [', '.join(parts[:-1]), parts[-1]]))}"


def print_backtest(made: "Backtest", currency: str) -> None:
    """The sentences, the table by reason, and on what the replay rests."""
    say(headline(made), bold=True)
    say()
    for sentence in sentences(made, currency):
        say(sentence)
    if made.disagreements:
        say()
        headers = ("disagreed from", "until", "days", "how it ended", "money", "what disagreed")
        print_table(headers, [_row(each, currency) for each in episodes(made.disagreements)], right=(2,))
    if made.upkeep:
        say()
        say(f"{count(made.upkeep, 'finding')} about the data, for their owners to mend, not counted above")
    say()
    print_reconstruction(made.reconstruction)
    if made.step > 1:
        say(STEPS.format(days=made.step))


STEPS = "Replayed every {days} days: a first day may be up to that much too late."


def _row(episode: "Episode", currency: str) -> "tuple[str | int | Text, ...]":
    lead = episode.lead
    said = [title(episode)]
    if lead.ending is not Ending.OTHERWISE and lead.says:
        said.append(lead.says)
    money = [" ".join(amount).strip() for amount in amounts_of(episode.impact, currency)]
    return (
        began(lead),
        ended(lead),
        f"{lead.days:,}",
        ENDED[lead.ending],
        cell(*money) if watched() else ", ".join(money),
        cell(*said) if watched() else "; ".join(said),
    )


def title(episode: "Episode") -> str:
    """What disagreed, and how many more points for the same reason."""
    more = len(episode.disagreements) - 1
    rest = f", and {count(more, 'point')} more for the same reason" if more else ""
    return f"{episode.lead.finding.title}{rest}"


def began(each: "Disagreement") -> str:
    """Since when the tools disagreed; what stood on the first day may be older."""
    return f"before {day(each.first + timedelta(1))}" if each.earlier else day(each.first)


def ended(each: "Disagreement") -> str:
    """On which day that ended."""
    return "–" if each.ending is Ending.NOT_YET else day(each.end)


def backtest_json(made: "Backtest") -> dict[str, object]:
    """What ``--format json`` prints."""
    return {
        "from": made.start,
        "to": made.end,
        "step": made.step,
        "totals": {
            "all": totals(impact_of(made.disagreements)),
            **{ending.value: totals(impact_of(made.ended(ending))) for ending in Ending},
        },
        "median_days": {ending.value: middle_days(made.ended(ending)) for ending in Ending},
        "disagreements": [
            {
                "fingerprint": each.finding.fingerprint,
                "check": each.finding.check,
                "first": each.first,
                "earlier": each.earlier,
                "end": each.end,
                "ending": each.ending.value,
                "says": each.says,
                "days": each.days,
                "totals": totals(each.finding.impact),
                "finding": plain(each.finding),
            }
            for each in made.disagreements
        ],
        "days": made.days,
        "upkeep": made.upkeep,
        "reconstruction": made.reconstruction,
    }
