"""The demo's clock: it shows a fixed day and runs on from there, so that the figures stay checkable by hand."""

from datetime import UTC, datetime

MONDAY = datetime(2026, 9, 14, 6, 30, tzinfo=UTC)
"""Monday, 14 September 2026, 08:30 in Berlin: the baseline."""
TUESDAY = datetime(2026, 9, 15, 7, 10, tzinfo=UTC)
"""Tuesday, 15 September 2026, 09:10 in Berlin: the world moves."""


class DemoClock:
    """Shows a chosen time from the moment it was set."""

    def __init__(self) -> None:
        self.set(MONDAY)

    def set(self, shows: datetime) -> None:
        self.shows = shows
        self.since = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.shows + (datetime.now(UTC) - self.since)
