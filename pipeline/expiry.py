"""Credentials that end soon: most systems tell it only on the day that it is too late, so the settings do (J34)."""

from collections.abc import Mapping
from datetime import date

from connectors.base import SourceOptions
from model.credentials import Credentials
from model.errors import Problem


def credentials_of(sources: Mapping[str, SourceOptions]) -> tuple[Credentials, ...]:
    """The credentials whose end the settings tell, the first to end first."""
    told = [
        Credentials(name, options.expires_on, options.owner)
        for name, options in sources.items()
        if options.expires_on is not None
    ]
    return tuple(sorted(told, key=lambda each: (each.last_day, each.source)))


def ending(sources: Mapping[str, SourceOptions], today: date) -> tuple[Credentials, ...]:
    """Those that end within the notice, or have ended."""
    return tuple(each for each in credentials_of(sources) if each.end_soon(today))


def expiry_problems(sources: Mapping[str, SourceOptions], today: date) -> tuple[Problem, ...]:
    """One problem for each source whose credentials end within the notice, or have ended."""
    return tuple(
        Problem(
            f"the credentials of {each.source} {each.when(today)} ({each.last_day})",
            f"{each.source}: expires_on",
            "make new ones, put them where the settings point to, and write their last day in expires_on",
        )
        for each in ending(sources, today)
    )
