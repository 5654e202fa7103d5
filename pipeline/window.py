"""How long it took, after a message was accepted, to note that it was sent: a kill in between doubles it (M1, M3)."""

import threading
from dataclasses import dataclass, field

BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0)
"""Upper bounds in seconds; an SSD is expected to stay below 0.02."""


@dataclass(frozen=True, slots=True)
class Durations:
    """How many durations fell into each bucket, with one more for the longest, and their sum in seconds."""

    counts: tuple[int, ...]
    seconds: float


NONE = Durations((0,) * (len(BUCKETS) + 1), 0.0)


@dataclass(slots=True)
class Windows:
    """The durations of a process so far; may be used from any thread."""

    _counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    _seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, seconds: float) -> None:
        """One more message was noted as sent."""
        with self._lock:
            self._counts[sum(1 for bound in BUCKETS if seconds > bound)] += 1
            self._seconds += seconds

    def told(self) -> Durations:
        """What was counted so far."""
        with self._lock:
            return Durations(tuple(self._counts), self._seconds)


windows = Windows()
"""Of this process, since its start."""
