"""From an edition to a digest: sort it once, let every section say its part, write the subject. Pure."""

import importlib
import pkgutil
from collections import Counter
from dataclasses import replace
from functools import cache

from digest import sections
from digest.attachments import attachments_of
from digest.base import Digest, Edition, SectionBlocks
from digest.brief import Brief, Section, sort_edition
from digest.causes import days_of
from digest.hostile import clean
from digest.language import ENGLISH
from digest.subject import subject_of

_HEARTBEAT = ("bottom_line", "meeting", "agenda", "data_health", "foot")
"""The sections of a mail that only says that there is no news."""
_DECIDED = "last_decisions"
"""What it tells as well when something was decided since the last mail."""


@cache
def all_sections() -> tuple[Section, ...]:
    """Every section in ``digest/sections``, in the order of the mail."""
    found: list[Section] = []
    for module in pkgutil.iter_modules(sections.__path__):
        section = importlib.import_module(f"{sections.__name__}.{module.name}").SECTION
        if not isinstance(section, Section):
            raise TypeError(f"SECTION in digest/sections/{module.name}.py is not a Section")
        found.append(section)
    return tuple(sorted(found, key=lambda section: (section.order, section.name)))


def compose(edition: Edition) -> Digest:
    """Compose the mail of one audience.

    Nothing is news: the digest is empty and ``reason`` says so; with the heartbeat option it is a short mail instead.
    """
    brief = sort_edition(edition)
    reason, title, subject = _reason(brief), _title(brief), subject_of(brief)
    language = brief.words.code
    quiet = brief.mails_used_up or brief.held_pieces or not edition.options.heartbeat
    if not brief.has_news and quiet:
        nothing = Digest(subject=subject, title=title, blocks=(), empty=True, reason=reason, language=language)
        return replace(nothing, held_back=brief.held_back)
    blocks = []
    for section in all_sections():
        if not brief.has_news and section.name not in _heartbeat(brief):
            continue
        said = section.compose(brief)
        if said:
            blocks.append(SectionBlocks(section.name, brief.words.say(section.heading), said))
    return Digest(
        subject=subject,
        title=title,
        blocks=tuple(blocks),
        empty=False,
        reason=reason,
        language=language,
        attachments=attachments_of(brief) if brief.has_news else (),
        pieces=brief.pieces,
        held_back=brief.held_back,
        asked=days_of(brief.shown_decisions) if brief.has_news else {},
    )


def _heartbeat(brief: Brief) -> tuple[str, ...]:
    return (*_HEARTBEAT, _DECIDED) if brief.taken else _HEARTBEAT


def _title(brief: Brief) -> str:
    words, today = brief.words, brief.today
    return words.say(
        "Driftline for {audience}, {day}, {week}",
        audience=clean(brief.edition.audience, 60),
        day=f"{words.weekday(today, today)} {today.year}",
        week=words.week(today),
    )


def _reason(brief: Brief) -> str:
    """Why it goes out or why not, for the log of deliveries, in English: ``2 new, 1 resolved``."""
    counts = Counter("told at once" if told.at_once is not None else told.verdict.value for told in brief.told)
    parts = [f"{number} {what}" for what, number in sorted(counts.items())]
    decided = [f"{brief.taken} decided"] if brief.taken else []
    if brief.has_news:
        parts += decided
    if brief.expiring_is_news:
        parts.append(ENGLISH.count(len(brief.expiring), "{n} acceptance ends soon", "{n} acceptances end soon"))
    if brief.triage_is_news:
        parts.append("triage")
    if brief.held_pieces and not brief.has_news:
        return f"held back by the budget: {ENGLISH.count(brief.held_pieces, '{n} piece of news', '{n} pieces of news')}"
    if parts:
        return ", ".join(parts)
    since = brief.edition.since
    if since is None:
        why = "no news: what stands was there from the start"
    else:
        why = f"no news since {ENGLISH.moment(since, brief.edition.zone, brief.today)}"
    why = ", ".join((why, *decided))
    return f"heartbeat, {why}" if brief.edition.options.heartbeat else why
