"""A backtest as one page for a leader: a file that stands alone, in light and dark, and prints on paper."""

from typing import TYPE_CHECKING

from cli.as_of_view import NO_HISTORY, TODAYS_RULES, history_of
from cli.backtest_svg import svg
from cli.backtest_view import ENDED, STEPS, began, ended, headline, sentences, title
from cli.finding_view import amounts_of
from cli.wording import clean, count, day
from pipeline.backtest import episodes
from pipeline.backtest_endings import Ending

if TYPE_CHECKING:
    from pipeline.backtest import Backtest, Episode
    from state.as_of_store import Reconstruction

MOST_ROWS = 8
"""What has most money behind it; the rest is counted."""


def page(made: "Backtest", currency: str, organisation: str) -> str:
    """Write the page. Every text is escaped: a hostile title is never more than a text."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("cli"), autoescape=True, undefined=jinja2.StrictUndefined, auto_reload=False
    )
    found = episodes(made.disagreements)
    notes = [NO_HISTORY, TODAYS_RULES]
    if made.step > 1:
        notes.append(STEPS.format(days=made.step))
    if made.upkeep:
        notes.append(f"{count(made.upkeep, 'finding')} about the data, for their owners to mend, not counted here.")
    return environment.get_template("backtest.html.j2").render(
        organisation=clean(organisation),
        period=f"{day(made.start)} to {day(made.end)}",
        headline=headline(made),
        sentences=list(sentences(made, currency)),
        picture=svg(made, currency),
        rows=[_row(each, currency) for each in found[:MOST_ROWS]],
        left_out=len(found) - MOST_ROWS,
        known=[_known(each) for each in made.reconstruction],
        notes=notes,
    )


def _row(episode: "Episode", currency: str) -> dict[str, object]:
    lead = episode.lead
    return {
        "what": clean(title(episode)),
        "says": clean(lead.says) if lead.ending is not Ending.OTHERWISE else "",
        "began": began(lead),
        "ended": ended(lead),
        "how": ENDED[lead.ending],
        "open": lead.ending is Ending.NOT_YET,
        "days": f"{lead.days:,}",
        "money": [" ".join(amount).strip() for amount in amounts_of(episode.impact, currency)],
    }


def _known(each: "Reconstruction") -> str:
    """On what the picture of one tool's past rests, in a sentence."""
    parts = [f"{count(each.own, 'record')} from our own copies"] if each.own else []
    if each.rolled_back:
        parts.append(f"{count(each.rolled_back, 'record')} put back by its own history of {history_of(each)}")
    if each.as_first_read:
        parts.append(f"{count(each.as_first_read, 'record')} taken as first read, because it tells no history of them")
    return f"{clean(each.source)}: {'; '.join(parts) or 'no record'}."
