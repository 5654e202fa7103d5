"""When each source was last tried, as the store tells it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from model.runs import Run, RunOutcome
from state.store import Store

_LAST_RUNS = 100
"""How many runs are looked through for the last attempt to read a source."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """When the last attempt began and when it ended, whatever came of it."""

    begun: datetime
    ended: datetime


def last_attempts(store: Store, sources: Iterable[str]) -> Mapping[str, Attempt]:
    """The last attempt of each source; one that was never tried is left out.

    A reading of a run that was interrupted does not count: nobody judged yet what it brought, and until the next
    reading nobody would (C16).
    """
    found: dict[str, Attempt] = {}
    runs = store.runs(_LAST_RUNS)
    for run in reversed(runs):
        found.update((each.source, Attempt(each.started_at, each.finished_at)) for each in run.results)
    attempts = {}
    for name in sources:
        attempt, stored = found.get(name), store.cursor(name)
        unknown = stored is not None and (attempt is None or stored.read_at > attempt.ended)
        if stored is not None and unknown and not _interrupted(runs, stored.read_at):
            attempt = Attempt(stored.read_at, stored.read_at)
        if attempt is not None:
            attempts[name] = attempt
    return attempts


def _interrupted(runs: Iterable[Run], read_at: datetime) -> bool:
    """Whether a run in which something was read at this time was interrupted."""
    return any(
        run.outcome is RunOutcome.INTERRUPTED and run.started_at <= read_at <= (run.finished_at or read_at)
        for run in runs
    )
