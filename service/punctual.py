"""Wakes the scheduler when a source is due: the scheduler works in UTC and knows neither zones nor windows (P1-P3)."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.base import BaseScheduler
from apscheduler.triggers.base import BaseTrigger


class Punctual(BaseTrigger):  # type: ignore[misc]
    """Asks at each reading for the one that follows; whatever was missed is one reading (C15).

    ``wait_after`` gives how long to wait after a reading that begins now and was planned for so long ago.
    """

    def __init__(self, wait_after: Callable[[timedelta], timedelta]) -> None:
        self._wait_after = wait_after

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """The same for the same reading, however often the scheduler asks."""
        wait = self._wait_after(max(timedelta(), now - (previous_fire_time or now)))
        # The system's clock is looked at last, so that nothing is ever early: it would be due a second time.
        return datetime.now(UTC) + wait


def real_time(wait: timedelta) -> datetime:
    """When a wait is over on the system's clock, never before."""
    return datetime.now(UTC) + max(timedelta(), wait)


def shift_jobs(scheduler: BaseScheduler, by: timedelta) -> None:
    """Move the next run of every job, so that it keeps its distance on a clock that jumped."""
    for job in scheduler.get_jobs():
        if job.next_run_time is not None:
            scheduler.modify_job(job.id, next_run_time=job.next_run_time + by)


def wall_over_monotonic() -> timedelta:
    """Moves only when the system's clock is set."""
    return timedelta(seconds=time.time() - time.monotonic())
