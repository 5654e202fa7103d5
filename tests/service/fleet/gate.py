"""Holds back an answer of a stand-in until the test lets it go: so a worker is caught in the middle of a reading."""

import re
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from sandbox.http import Fault, Response, StandIn

ENOUGH_SECONDS = 60


class Gate:
    """Keeps the first answer to a matching request, as it was when it was asked for; the others pass."""

    def __init__(self, server: StandIn, pattern: str, *, after: int = 0) -> None:
        self._server, self._pattern, self._after = server, re.compile(pattern), after
        self._answer = server.answer
        self._lock = threading.Lock()
        self.reached, self.opened = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        self._server.answer = self._keep  # type: ignore[method-assign]
        return self

    def __exit__(self, *_exc: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.opened.set()
        del self._server.answer

    def wait(self) -> None:
        """Wait until somebody stands before it."""
        assert self.reached.wait(ENOUGH_SECONDS), "nobody asked"

    def _keep(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[Response, Fault | None]:
        answer = self._answer(method, target, headers, body)
        with self._lock:
            mine = (
                self._pattern.search(f"{method} {target} {body.decode(errors='replace')}") and not self.reached.is_set()
            )
            if mine and self._after > 0:
                self._after -= 1
                mine = None
            if mine:
                self.reached.set()
        if mine:
            self.opened.wait(ENOUGH_SECONDS)
        return answer
