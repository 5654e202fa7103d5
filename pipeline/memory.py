"""How the process asks the system for memory, and when Python looks for what cannot be reached any more."""

import gc
import os
import threading
from functools import cache
from types import TracebackType

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h."""


@cache
def share_one_arena() -> None:
    """Let all threads take memory from one place, where the C library is glibc; elsewhere do nothing.

    glibc gives threads places of their own, so that they need not wait for each other. Ours wait for Python all the
    same, and what one thread gives back another cannot use then: a pull took 15 to 20 percent more at its peak.
    """
    if not _on_glibc():
        return
    import ctypes

    ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def _on_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError, OSError):  # another system, or another C library
        return False


class WithoutCollecting:
    """A block in which Python does not look for unreachable cycles, in any thread; such blocks may overlap.

    For what makes millions of small values that refer to each other one way only and are kept until its end: looking
    through them again and again took a fifteenth of a judgement, and found nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._was_on = True

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._was_on = gc.isenabled()
                gc.disable()
            self._inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and self._was_on:
                gc.enable()


without_collecting = WithoutCollecting()
"""The only one of the process, because collecting is switched off for all of it."""
