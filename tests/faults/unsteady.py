"""What a daemon process is given before it begins: a quicker look at the time, or a protection less."""

from datetime import timedelta
from typing import Any

import scheduler


def look_every(seconds: float) -> None:
    """Look for due digests and at the clock so often, instead of every five seconds: a test has less patience."""
    scheduler.DIGEST_TICK = timedelta(seconds=seconds)


def does_not_count_what_was_missed() -> None:
    """After a jump of the clock, work out one look, instead of each one between: who looks more often than the daemon
    usually does would pay for it many times over."""
    from apscheduler.triggers.interval import IntervalTrigger

    real = IntervalTrigger.get_next_fire_time

    def beyond(self: Any, previous: Any, now: Any) -> Any:
        found = real(self, previous, now)
        return now + self.interval if previous is not None and found is not None and found <= now else found

    IntervalTrigger.get_next_fire_time = beyond


def takes_no_notice_of_a_set_clock() -> None:
    """Jobs stay where they were due when the clock goes back (C13)."""
    scheduler.wall_over_monotonic = timedelta


def makes_up_for_each_missed_slot() -> None:
    """After a pause the slots come one after the other, as if each were still awaited (C15)."""
    from datetime import UTC, date, datetime, time

    from pipeline.slots import Slot, SlotBook

    real = SlotBook.due

    def one_by_one(self: SlotBook, audience: str, now: datetime) -> Slot | None:
        latest, served = real(self, audience, now), self._store.note(f"digest-slot:{audience}")
        if latest is None or not served:
            return latest
        day = date.fromisoformat(served) + timedelta(days=1)
        return Slot(day, datetime.combine(day, time(5), UTC))

    SlotBook.due = one_by_one  # type: ignore[method-assign]


def ends_in_the_middle() -> None:
    """SIGTERM ends the process at once, as it does with a program that does not prepare for it (C16)."""
    import os
    import signal
    from collections.abc import Iterator
    from contextlib import contextmanager

    real = scheduler.asked_to_end

    @contextmanager
    def at_once(*arguments: Any, **named: Any) -> Iterator[Any]:
        with real(*arguments, **named) as asked:
            signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
            yield asked

    scheduler.asked_to_end = at_once


def takes_what_is_held() -> None:
    """Nobody is refused the state (C11)."""
    from state import lock

    lock._FileLock._take = lambda _self: True  # type: ignore[method-assign]
    lock._AdvisoryLock._take = lambda _self: True  # type: ignore[method-assign]


def remembers_each_record() -> None:
    """What was read stays in memory (S13)."""
    from state.store import Store

    real, kept = Store.save_page, []

    def keeping(self: Store, run_id: int, page: Any, *arguments: Any, **named: Any) -> Any:
        kept.extend(bytes([1]) * 100_000 for _ in page.records)
        return real(self, run_id, page, *arguments, **named)

    Store.save_page = keeping  # type: ignore[method-assign]


def compares_each_record_with_all(work: int) -> None:
    """What is done for each record that is read grows with the number of records that were read before (S13)."""
    from state.store import Store

    real, seen = Store.save_page, [0]

    def comparing(self: Store, run_id: int, page: Any, *arguments: Any, **named: Any) -> Any:
        for _ in page.records:
            seen[0] += 1
            sum(range(work * seen[0]))
        return real(self, run_id, page, *arguments, **named)

    Store.save_page = comparing  # type: ignore[method-assign]


def keeps_what_it_read(kibibytes: int) -> None:
    """A leak: each reading leaves something behind (F9)."""
    real, kept = scheduler.make_pass, []

    def leaking(*arguments: Any, **named: Any) -> Any:
        kept.append(bytes([1]) * (kibibytes * 1024))
        return real(*arguments, **named)

    scheduler.make_pass = leaking  # type: ignore[assignment]


def leaves_a_file_open() -> None:
    """Each reading leaves a file open (F9)."""
    import os

    real = scheduler.make_pass

    def leaking(*arguments: Any, **named: Any) -> Any:
        os.open(os.devnull, os.O_RDONLY)
        return real(*arguments, **named)

    scheduler.make_pass = leaking  # type: ignore[assignment]


def notes_each_reading() -> None:
    """Each reading leaves a row behind that nobody ever takes away (F9)."""
    real = scheduler.make_pass

    def noting(store: Any, *arguments: Any, **named: Any) -> Any:
        run = real(store, *arguments, **named)
        store.set_note(f"read in run {run.id}", "done")
        return run

    scheduler.make_pass = noting


def tells_of_its_jobs() -> None:
    """Write a line when a reading is handed out and when it is over for the scheduler too: a test whose clock jumps
    before that would make the next reading due while this one still goes on."""
    import json
    import os

    from apscheduler.executors.base import BaseExecutor

    def tell(event: str, job: Any) -> None:
        name = str(getattr(job, "id", job))
        if name.startswith("read "):
            # Another thread may be between a line of the log and its end.
            os.write(2, f"\n{json.dumps({'event': event, 'job': name})}\n".encode())

    begin, end, fail = BaseExecutor.submit_job, BaseExecutor._run_job_success, BaseExecutor._run_job_error

    def begun(self: Any, job: Any, *arguments: Any) -> None:
        begin(self, job, *arguments)
        tell("test.begun", job)

    def over(self: Any, job: Any, *arguments: Any) -> None:
        end(self, job, *arguments)
        tell("test.over", job)

    def failed(self: Any, job: Any, *arguments: Any) -> None:
        fail(self, job, *arguments)
        tell("test.over", job)

    BaseExecutor.submit_job, BaseExecutor._run_job_success, BaseExecutor._run_job_error = begun, over, failed
