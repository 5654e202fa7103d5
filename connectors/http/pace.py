"""Keeps a source's published limit of requests per minute."""

import threading
import time
from collections import deque
from collections.abc import Callable

_WINDOW_SECONDS = 60.0


class Pace:
    """Lets no more than ``per_minute`` requests begin within any 60 seconds, whichever threads send them.

    ``wait`` sleeps for seconds and raises when the run must stop; ``monotonic`` is the clock.
    """

    def __init__(
        self, per_minute: int, wait: Callable[[float], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_minute = per_minute
        self._wait = wait
        self._monotonic = monotonic
        self._begun: deque[float] = deque()
        self._guard = threading.Lock()

    def keep(self) -> None:
        """Return when the next request may begin."""
        while (pause := self._pause()) > 0:
            self._wait(pause)

    def _pause(self) -> float:
        """Seconds until there is room; 0 takes the room."""
        with self._guard:
            now = self._monotonic()
            while self._begun and now - self._begun[0] >= _WINDOW_SECONDS:
                self._begun.popleft()
            if len(self._begun) < self._per_minute:
                self._begun.append(now)
                return 0.0
            return self._begun[0] + _WINDOW_SECONDS - now
