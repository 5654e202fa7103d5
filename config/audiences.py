"""Names in the settings of audiences that mean nothing: sources, checks and calendars that there are not."""

from collections.abc import Collection, Iterator

from config.settings import Settings
from mapping.document import Document
from mapping.wording import did_you_mean
from model.calendars import DEFAULT_CALENDAR
from model.errors import Problem


def audience_problems(document: Document, settings: Settings, checks: Collection[str]) -> Iterator[Problem]:
    """What the digests and the to-do mails name that is not configured, and to-do mails without a mail server."""
    for name, digest in settings.digests.items():
        at = ("digests", name)
        yield from _unknown(document, (*at, "sources"), digest.sources, settings.sources, "source")
        yield from _unknown(document, (*at, "checks"), digest.checks, checks, "check")
        yield from _calendar(document, at, digest.calendar, settings)
    if settings.owners is not None:
        yield from _calendar(document, ("owners",), settings.owners.calendar, settings)
        if settings.mail is None:
            hint = "add mail: with sender and smtp, or remove owners:"
            yield document.problem(
                ("owners",), "owners are to get mails, but there is no mail server", hint, at_key=True
            )


def _unknown(
    document: Document, at: tuple[str, ...], named: Collection[str], known: Collection[str], what: str
) -> Iterator[Problem]:
    for index, name in enumerate(named):
        if name not in known:
            yield document.problem((*at, index), f"there is no {what} '{name}'", did_you_mean(name, known))


def _calendar(document: Document, at: tuple[str, ...], name: str, settings: Settings) -> Iterator[Problem]:
    if name and name != DEFAULT_CALENDAR and name not in settings.calendars:
        hint = did_you_mean(name, [*settings.calendars, DEFAULT_CALENDAR], "the calendars are")
        yield document.problem((*at, "calendar"), f"there is no calendar '{name}'", hint)
