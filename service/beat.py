"""The beat of a daemon or a worker: when its threads last came round, what is under way since when, and how jobs
ended."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

LATE_SECONDS = 30.0
"""A thread that comes round every five seconds and was not seen for so long does not beat any more."""
BUCKETS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0)
"""Upper bounds, in seconds, of the durations that are counted."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """The beat at one moment.

    ``late_seconds`` is how long ago each of the threads was seen that keep the process going. ``ended`` counts jobs by
    kind and outcome, ``runs`` the durations of runs by the bucket they fall into, with one more for the longest.
    """

    late_seconds: Mapping[str, float]
    under_way: Mapping[str, float]
    ended: Mapping[tuple[str, str], int]
    runs: tuple[int, ...]
    run_seconds: float
    up_seconds: float

    @property
    def beats(self) -> bool:
        return all(late <= LATE_SECONDS for late in self.late_seconds.values())


@dataclass(slots=True)
class Beat:
    """Kept by the process; every method may be called from any thread and none waits for anything."""

    monotonic: Callable[[], float] = time.monotonic
    _seen: dict[str, float] = field(default_factory=dict)
    _under_way: dict[int, tuple[str, float]] = field(default_factory=dict)
    _ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    _runs: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    _run_seconds: float = 0.0
    _began: float = 0.0
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._began = self.monotonic()

    def seen(self, thread: str) -> None:
        """One of the threads came round that keep the process going."""
        with self._lock:
            self._seen[thread] = self.monotonic()

    def begin(self, job: str) -> int:
        """A job begins; give the number under which it ends."""
        with self._lock:
            self._number += 1
            self._under_way[self._number] = (job, self.monotonic())
            return self._number

    def end(self, number: int, kind: str, outcome: str, *, is_run: bool) -> None:
        """A job ended."""
        with self._lock:
            _, since = self._under_way.pop(number)
            self._ended[kind, outcome] += 1
            if is_run:
                self._count(self.monotonic() - since)

    def ran(self, seconds: float) -> None:
        """A run ended that was more than one job."""
        with self._lock:
            self._count(max(0.0, seconds))

    def _count(self, seconds: float) -> None:
        self._runs[sum(1 for bound in BUCKETS if seconds > bound)] += 1
        self._run_seconds += seconds

    def pulse(self) -> Pulse:
        """The beat at this moment."""
        with self._lock:
            now = self.monotonic()
            return Pulse(
                late_seconds={thread: now - at for thread, at in self._seen.items()} or {"start": now - self._began},
                # Of several with one name, the one that began first.
                under_way={job: now - since for job, since in reversed(self._under_way.values())},
                ended=dict(self._ended),
                runs=tuple(self._runs),
                run_seconds=self._run_seconds,
                up_seconds=now - self._began,
            )
