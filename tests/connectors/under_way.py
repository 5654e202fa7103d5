"""Watches how many requests a stand-in has under way at once."""

import threading
import time
from typing import Any

from sandbox.http import StandIn


class UnderWay:
    """Makes every answer of a server take a moment, and counts those that are being made."""

    def __init__(self, server: StandIn, seconds: float = 0.01) -> None:
        self.most = 0
        self._now = 0
        self._seconds = seconds
        self._guard = threading.Lock()
        self._answer = server.answer
        server.answer = self._watched  # type: ignore[method-assign]

    def _watched(self, *request: Any) -> Any:
        with self._guard:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(self._seconds)
        try:
            return self._answer(*request)
        finally:
            with self._guard:
                self._now -= 1
