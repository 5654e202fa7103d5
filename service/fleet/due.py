"""Which sources are due, for programs that remember nothing between two looks and run on machines with clocks of their
own: how long ago a source was read is told by the database."""

from collections.abc import Callable
from datetime import datetime, timedelta

from config.load import Configuration
from pipeline.agenda import SLACK
from pipeline.attempts import last_attempts
from pipeline.spending import put_off_by_budget
from pipeline.timetable import Timetable
from state.store import Store


def due_now(store: Store, configuration: Configuration, now: datetime) -> Callable[[str, timedelta | None], bool]:
    """Tells of a source, given how long ago workers last began to read it, whether it is to be read now.

    Where workers never did, the last time counts at which anybody else did. A blackout or a used-up budget keeps it
    back.
    """
    settings = configuration.settings
    attempts = last_attempts(store, settings.sources)

    def is_due(name: str, ago: timedelta | None) -> bool:
        options = settings.sources[name]
        timetable = Timetable(name, options, settings.business.zone)
        if timetable.blackout_ends(now) is not None:
            return False
        last = None if ago is None else now - ago
        if last is None and name in attempts:
            last = min(attempts[name].begun, now)
        if last is not None and timetable.due(last, last).begin > now:
            return False
        return put_off_by_budget(store, name, options, now) is None

    return is_due


def overdue(store: Store, configuration: Configuration, now: datetime) -> list[str]:
    """The sources that should have been read by now."""
    was_due, ages = due_now(store, configuration, now - SLACK), store.ages()
    late = []
    for name in configuration.settings.sources:
        age = ages.get(name)
        if age is None:
            missed = was_due(name, None)
        elif age.goes_on:
            missed = age.begun > SLACK
        else:
            missed = was_due(name, age.begun - SLACK)
        if missed:
            late.append(name)
    return late
