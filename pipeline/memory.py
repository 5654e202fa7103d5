"""How the process asks the system for memory, and when Python looks for what cannot be reached any more."""

import gc
import os
import threading
from datetime import date
from functools import cache, lru_cache
from types import TracebackType

_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1
"""M_ARENA_MAX and so on of glibc's malloc.h."""
_LARGE = 1 << 20


@cache
def spare_memory() -> None:
    """Let all threads take memory from one place, and large blocks straight from the system, where the C library is
    glibc; elsewhere do nothing.

    glibc gives threads places of their own, so that they need not wait for each other. Ours wait for Python all the
    same, and what one thread gives back another cannot use then: a pull took 15 to 20 percent more at its peak.

    After a first large block was given back, glibc takes the next ones from among the small ones, up to 32 MiB. The 4
    MiB in which a mail's picture is drawn then became a hole that small things settled in, so that the next morning's
    picture needed 4 MiB more: a daemon grew by as much on each day with a mail. As blocks of their own they leave
    nothing behind.
    """
    if not _on_glibc():
        return
    import ctypes

    library = ctypes.CDLL(None)
    library.mallopt(_ARENA_MAX, 1)
    library.mallopt(_MMAP_THRESHOLD, _LARGE)
    library.mallopt(_TRIM_THRESHOLD, 2 * _LARGE)


def _on_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError, OSError):  # another system, or another C library
        return False


@lru_cache(maxsize=1)
def collect_once(day: date) -> None:
    """Look for unreachable cycles everywhere, unless that was done on this day.

    Python does so by itself after so many collections of what is young that a daemon of which little is asked comes to
    it every five weeks. Until then it grew by a mebibyte a day.
    """
    gc.collect()


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
