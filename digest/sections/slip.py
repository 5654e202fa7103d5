"""A picture of how a date slipped, for the weightiest decision that is shown and whose date moved repeatedly."""

from digest.base import Block, Picture
from digest.brief import Brief, Section
from digest.causes import Cause
from digest.plots.axes import WIDTH
from digest.plots.png import png
from digest.plots.slip import SlipHistory, slip_history, svg
from digest.sentences import record_name
from model.causes import binding_step


def compose(brief: Brief) -> tuple[Block, ...]:
    if not brief.edition.options.plots:
        return ()
    for cause in brief.shown_decisions:
        history = _history(cause, brief)
        if history is not None:
            drawing, height = svg(history, brief.words)
            drawn = png(drawing)
            return (Picture("slip", drawn, _told(history, brief), WIDTH, height),) if drawn is not None else ()
    return ()


def _history(cause: Cause, brief: Brief) -> SlipHistory | None:
    step = binding_step(cause.lead)
    if step is None or step.day is None or step.node in brief.edition.outside:
        return None
    promised = cause.lead.commitment.day if cause.lead.commitment else None
    return slip_history(
        brief.edition.moves.get(step.node, ()),
        forecast=step.day,
        promised=promised,
        name=record_name(step.key, step.title),
        end=brief.today,
        zone=brief.edition.zone,
    )


def _told(history: SlipHistory, brief: Brief) -> str:
    """The picture in words."""
    words, today = brief.words, brief.today
    said = words.count(
        history.moves,
        "{name} moved once since {since}, from {first} to {last}",
        "{name} moved {n} times since {since}, from {first} to {last}",
        name=history.name,
        since=words.day(history.forecasts[0][0], today),
        first=words.day(history.first, today),
        last=words.day(history.last, today),
    )
    if history.promised is None:
        return f"{said}."
    return words.say("{said}; promised is {day}.", said=said, day=words.day(history.promised, today))


SECTION = Section("slip", 35, "", compose)
