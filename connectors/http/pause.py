"""Holds back every request of a source while it wants to be left alone, whichever thread was told so (J35)."""

import random
import threading
import time
from collections.abc import Callable


class SharedPause:
    """The longest pause that a source asked for, of all threads that ask it; ``monotonic`` is the clock."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._until = float("-inf")
        self.asked = 0.0
        """Seconds that the source said where it asked for the longest one."""
        self._guard = threading.Lock()
        self._told = _Told()

    def ask(self, seconds: float) -> None:
        """The source tells this thread, which then waits by itself, that it wants no request for so long."""
        self._told.until = self._monotonic() + seconds
        with self._guard:
            if self._told.until > self._until:
                self._until, self.asked = self._told.until, seconds

    def left(self) -> float:
        """Seconds for which a request of this thread must wait because of what others were told; 0 for none.

        With some jitter, so that not all come back at once.
        """
        left = self._until - self._monotonic()
        if left <= 0 or self._until <= self._told.until:
            return 0.0
        return left + random.uniform(0, min(1.0, left / 4))  # noqa: S311 - jitter, not a secret


class _Told(threading.local):
    """Until when a thread was told to wait."""

    until = float("-inf")
