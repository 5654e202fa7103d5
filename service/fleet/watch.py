"""What is seen of a worker from outside: whether it hears from the queue, and the health of the state it shares."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from procrastinate.jobs import Job

from model.errors import DriftlineError
from pipeline.agenda import Plan
from service.beat import LATE_SECONDS, Pulse
from service.fleet.app import OwnJobs
from service.fleet.due import next_plans, unknown_plans
from service.fleet.work import Work
from service.health import Health
from service.watch import LOOK_AGAIN_SECONDS, Watch


@dataclass(slots=True)
class QueuePulse:
    """When the queue last answered; every method may be called from any thread."""

    monotonic: Callable[[], float] = time.monotonic
    _heard: float | None = None
    _asked: dict[int, float] = field(default_factory=dict)
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Something is asked of the queue; it has answered when the block ends."""
        with self._lock:
            self._number += 1
            number = self._number
            self._asked[number] = self.monotonic()
        try:
            yield
            self._heard = self.monotonic()
        finally:
            with self._lock:
                del self._asked[number]

    def connected(self) -> bool:
        """Whether it answered a moment ago and leaves no question without an answer."""
        with self._lock:
            since = [*self._asked.values(), *([] if self._heard is None else [self._heard])]
        return self._heard is not None and self.monotonic() - min(since) <= LATE_SECONDS


class HeardJobs(OwnJobs):
    """The jobs of a worker, which notes that the queue answers."""

    def __init__(self, before: OwnJobs, queue: QueuePulse) -> None:
        super().__init__(before.connector)
        self._queue = queue

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        with self._queue.asking():
            return await super().fetch_job(queues, worker_id)

    async def update_heartbeat(self, worker_id: int) -> None:
        with self._queue.asking():
            await super().update_heartbeat(worker_id)


class FleetWatch:
    """The health of one worker, and of what all of them keep up together. What is due next is told by the state."""

    def __init__(self, work: Work, queue: QueuePulse) -> None:
        self._work, self._queue = work, queue
        self._watch = Watch(work.store, work.beat, self._plans, work.clock, takes_edits=False)
        self._known: Mapping[str, Plan] = {}
        self._looked: float | None = None
        self._lock = threading.Lock()

    def pulse(self) -> Pulse:
        return self._watch.pulse()

    def health(self) -> Health:
        """Never raises for a state that cannot be read, as with the daemon."""
        return replace(self._watch.health(), queue=self._queue.connected())

    def _plans(self) -> Mapping[str, Plan]:
        with self._lock:
            now = self._work.beat.monotonic()
            if self._looked is None or now - self._looked >= LOOK_AGAIN_SECONDS:
                self._known = self._read()
                self._looked = self._work.beat.monotonic()
            return self._known

    def _read(self) -> Mapping[str, Plan]:
        work = self._work
        try:
            return next_plans(work.store, work.configuration, work.clock())
        except DriftlineError:
            return self._known or unknown_plans(work.configuration, work.clock())
