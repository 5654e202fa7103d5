"""From an edition to a digest: sort it once, let every section say its part, write the subject. Pure."""

import importlib
import pkgutil
from collections import Counter
from functools import cache

from digest import sections, wording
from digest.base import Digest, Edition, SectionBlocks
from digest.brief import Brief, Section, sort_edition
from digest.hostile import clean
from digest.subject import subject_of

_HEARTBEAT = ("bottom_line", "data_health", "foot")
"""The sections of a mail that only says that there is no news."""


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
    reason = _reason(brief)
    if not brief.has_news and not edition.options.heartbeat:
        return Digest(subject=subject_of(brief), title=_title(brief), blocks=(), empty=True, reason=reason)
    blocks = []
    for section in all_sections():
        if not brief.has_news and section.name not in _HEARTBEAT:
            continue
        said = section.compose(brief)
        if said:
            blocks.append(SectionBlocks(section.name, section.heading, said))
    return Digest(subject=subject_of(brief), title=_title(brief), blocks=tuple(blocks), empty=False, reason=reason)


def _title(brief: Brief) -> str:
    day = f"{wording.weekday(brief.today, brief.today)} {brief.today.year}"
    return f"Driftline for {clean(brief.edition.audience, 60)}, {day}, {wording.week(brief.today)}"


def _reason(brief: Brief) -> str:
    """Why it goes out or why not, for the log of deliveries: ``2 new, 1 resolved``."""
    counts = Counter(told.verdict for told in brief.told)
    parts = [f"{number} {verdict.value}" for verdict, number in sorted(counts.items())]
    if brief.expiring_is_news:
        parts.append(wording.count(len(brief.expiring), "acceptance ends soon", "acceptances end soon"))
    if parts:
        return ", ".join(parts)
    since = brief.edition.since
    if since is None:
        why = "no news: what stands was there from the start"
    else:
        why = f"no news since {wording.moment(since, brief.edition.zone, brief.today)}"
    return f"heartbeat, {why}" if brief.edition.options.heartbeat else why
