"""The slots of everything that goes out by the clock: the digests, and the to-do mails of owners."""

from collections.abc import Mapping
from datetime import date

from config.calendars import calendars_of
from config.load import Configuration
from model.calendars import Calendar
from pipeline.slots import Rhythm, SlotBook
from state.store import Store

OWNERS = "(owners)"
"""Under which name the to-do mails stand among the slots and in the outbox; no digest can have it."""


def slot_book(store: Store, configuration: Configuration) -> SlotBook:
    """The slots of one configuration, by the calendars that it names."""
    settings = configuration.settings
    rhythms: dict[str, Rhythm] = dict(settings.digests)
    if settings.owners is not None:
        rhythms[OWNERS] = settings.owners

    def calendars(today: date) -> Mapping[str, Calendar]:
        return calendars_of(settings.calendars, today)

    return SlotBook(store, rhythms, settings.business.zone, calendars)
