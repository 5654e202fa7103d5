"""What can be set about when a source is read and how much it may be asked."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from connectors.timetable.cron import cron
from model.options import Options


def _checked(text: str) -> str:
    return cron(text).text


CronText = Annotated[
    str,
    AfterValidator(_checked),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\S+(\s+\S+){3}\s+[^\s0-9]+\s*$", "examples": ["0 3 * * *"]}),
]
"""A schedule of five fields: minute, hour, day of the month, month and day of the week, the last one by name."""


class BudgetOptions(Options):
    """How many requests a source may be asked in a length of time, over all its readings."""

    requests: Annotated[int, Field(ge=1, examples=[5000])]
    """At most so many requests, repeated ones included."""
    per: Literal["1h", "1d"]
    """Within which time: any 60 minutes or any 24 hours."""

    @property
    def span(self) -> timedelta:
        return timedelta(hours=1) if self.per == "1h" else timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.requests:,} requests per {self.per}"
