"""The day on which the business lives now."""

from datetime import date
from typing import TYPE_CHECKING

from cli.workspace import clock_of

if TYPE_CHECKING:
    from config.load import Configuration


def today_of(configuration: "Configuration") -> date:
    """The calendar day in the zone of the business, by the clock that the settings ask for."""
    now = clock_of(configuration).now()
    return now.astimezone(configuration.settings.business.zone).date()
