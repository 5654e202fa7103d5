"""A day that somebody gives on the command line."""

from datetime import date, datetime
from typing import Any

import click

FIRST_YEAR, LAST_YEAR = 1970, 2200
"""Days outside these years are slips of the hand, and have no neighbours to count from."""


class Day(click.DateTime):
    """An option that takes a day as ``2026-12-31``."""

    def __init__(self) -> None:
        super().__init__(formats=["%Y-%m-%d"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        day: datetime = super().convert(value, param, ctx)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail(f"{day.date()} is before {FIRST_YEAR} or after {LAST_YEAR}", param, ctx)
        return day


def chosen_day(text: str, option: str) -> date:
    """Read ``2026-12-31``; raise UsageError that names the option for anything else."""
    from model.errors import UsageError

    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{option} {text} is not a date", hint="write it as 2026-12-31") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise UsageError(f"{option} {text} is before {FIRST_YEAR} or after {LAST_YEAR}", hint="check the year")
    return day
