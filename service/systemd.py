"""The daemon's word to the service manager that started it, after sd_notify(3); without one nothing is said."""

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

LARGEST_STATUS = 200


@dataclass(slots=True)
class ServiceManager:
    """Says READY, RELOADING, STOPPING, STATUS and WATCHDOG; ``address`` is empty where nobody listens.

    ``watchdog_seconds`` is how long it may not hear of us, None when it does not mind.
    """

    address: str = ""
    watchdog_seconds: float | None = None
    monotonic: Callable[[], float] = time.monotonic
    _status: str = ""
    _told: float = field(default=float("-inf"))

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "ServiceManager":
        """Who started this process, as its environment says."""
        address = environment.get("NOTIFY_SOCKET", "")
        microseconds = environment.get("WATCHDOG_USEC", "")
        meant = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        minds = address and meant and microseconds.isdecimal() and int(microseconds) > 0
        return cls(address, int(microseconds) / 1e6 if minds else None)

    def ready(self, status: str) -> None:
        self._status = status
        self._say("READY=1", f"STATUS={_line(status)}")

    def reloading(self) -> None:
        """To be followed by ``ready``."""
        self._say("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        self._say("STOPPING=1", "STATUS=waits for what is under way")

    def status(self, status: str) -> None:
        """Say it when it is another one than before."""
        if status != self._status:
            self._status = status
            self._say(f"STATUS={_line(status)}")

    def alive(self) -> None:
        """Keep the watchdog quiet; not more often than it needs."""
        now = self.monotonic()
        if self.watchdog_seconds is not None and now - self._told >= self.watchdog_seconds / 4:
            self._told = now
            self._say("WATCHDOG=1")

    def pause(self, longest: float) -> float:
        """How long to wait until ``alive`` is to be said again."""
        return longest if self.watchdog_seconds is None else min(longest, self.watchdog_seconds / 4)

    def _say(self, *lines: str) -> None:
        """A manager that does not listen any more is no reason to stop."""
        if not self.address.startswith(("/", "@")):
            return
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link:
            link.setblocking(False)
            link.sendto("\n".join(lines).encode(), address)


def _line(text: str) -> str:
    return " ".join(text.split())[:LARGEST_STATUS]
