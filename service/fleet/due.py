"""Which sources are due, for programs that remember nothing between two looks and run on machines with clocks of their
own: how long ago a source was read, and since when there are workers, is told by the database."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from config.load import Configuration
from connectors.base import SourceOptions
from pipeline.agenda import BLACKOUT, SLACK, Plan
from pipeline.attempts import Attempt, last_attempts
from pipeline.spending import PutOff, put_off_by_budget
from pipeline.timetable import Due, Timetable
from state.lock import workers_for
from state.store import Store


def due_now(
    store: Store, configuration: Configuration, now: datetime, *, spread: bool = True
) -> Callable[[str, timedelta | None], bool]:
    """Tells of a source, given how long ago workers last began to read it, whether it is to be read now.

    Where workers never did, the last time counts at which anybody else did. A blackout or a used-up budget keeps it
    back; so does its ``jitter`` when it was due before there were workers, unless ``spread`` is False.
    """
    settings = configuration.settings
    attempts = last_attempts(store, settings.sources)
    start = _start(store, settings.sources, now) if spread else None

    def is_due(name: str, ago: timedelta | None) -> bool:
        options = settings.sources[name]
        timetable = Timetable(name, options, settings.business.zone)
        if timetable.blackout_ends(now) is not None:
            return False
        due = _due(timetable, _last(ago, attempts.get(name), now), start)
        if due is not None and due.begin > now:
            return False
        return put_off_by_budget(store, name, options, now) is None

    return is_due


def overdue(store: Store, configuration: Configuration, now: datetime) -> list[str]:
    """The sources that should have been read by now."""
    was_due, ages = due_now(store, configuration, now - SLACK, spread=False), store.ages()
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


def next_plans(store: Store, configuration: Configuration, now: datetime) -> Mapping[str, Plan]:
    """When each configured source is read next, by whichever worker; raise StateError."""
    sources, ages = configuration.settings.sources, store.ages()
    attempts = last_attempts(store, sources.keys() - ages.keys())
    start = _start(store, sources, now)
    plans = {}
    for name, plan in unknown_plans(configuration, now).items():
        ago = ages[name].begun if name in ages else None
        due = _due(plan.timetable, _last(ago, attempts.get(name), now), start)
        plans[name] = _plan(store, plan.timetable, due, now)
    return plans


def unknown_plans(configuration: Configuration, now: datetime) -> Mapping[str, Plan]:
    """As if each source were due now, for when the state cannot tell."""
    settings = configuration.settings
    return {
        name: Plan(Timetable(name, options, settings.business.zone), now) for name, options in settings.sources.items()
    }


def _plan(store: Store, timetable: Timetable, due: Due | None, now: datetime) -> Plan:
    begin = now if due is None else max(due.begin, now)
    free = timetable.after_blackout(begin)
    put_off = PutOff(free, BLACKOUT) if free != begin or (due is not None and due.blackout and free > now) else None
    budget = put_off_by_budget(store, timetable.name, timetable.options, now)
    if budget is not None and budget.until > free:
        put_off = PutOff(timetable.after_blackout(budget.until), budget.reason)
    return Plan(timetable, put_off.until if put_off is not None else free, put_off)


def _last(ago: timedelta | None, attempt: Attempt | None, now: datetime) -> datetime | None:
    if ago is not None:
        return now - ago
    return min(attempt.begun, now) if attempt is not None else None


def _due(timetable: Timetable, last: datetime | None, start: datetime | None) -> Due | None:
    """When a source is due after its last reading; None for at once. What was due before the ``start`` of the workers
    is spread from there on, as the daemon does at its own."""
    if start is not None:
        return timetable.due(last, start if last is None else max(last, start))
    return None if last is None else timetable.due(last, last)


def _start(store: Store, sources: Mapping[str, SourceOptions], now: datetime) -> datetime | None:
    """Since when there are workers; None where nothing hangs on it."""
    if not any(options.jitter for options in sources.values()):
        return None
    since = workers_for(store)
    return None if since is None else now - since
