"""What fails again and again fills no disk: a warning is told a few times, then once an hour with a count (F10)."""

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from structlog.typing import EventDict

IN_FULL = 5
"""So many lines of a class are told one by one."""
PAUSE_SECONDS = 3600.0
"""After these, at most one in so long; a class that was quiet for as long begins anew."""
MOST_CLASSES = 1000
_NUMBERS = re.compile(r"\d+")
_GRAVE = ("warning", "error", "critical")
_BACK = "source.read"

Class = tuple[str, ...]


@dataclass(slots=True)
class _Told:
    lines: int
    told_at: float
    seen_at: float
    left_out: int = 0


class RepeatedLines:
    """Lets a line through or leaves it out. Lines are of one class when they differ in numbers alone.

    A line that is told after others were left out says so in ``repeated``. The first reading of a source after its
    failures says in ``after_failures`` how many there were, and its class begins anew.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._classes: dict[Class, _Told] = {}
        self._lock = threading.Lock()

    def __call__(self, _logger: Any, method: str, event: EventDict) -> EventDict:
        """For structlog; raise DropEvent for what is left out."""
        if method in _GRAVE:
            left_out = self._left_out(_class_of(event))
            if left_out is None:
                raise structlog.DropEvent
            if left_out:
                event["repeated"] = left_out
        elif event.get("event") == _BACK:
            failures = self._forget(f"source={_without_numbers(str(event.get('source')))}")
            if failures:
                event["after_failures"] = failures
        return event

    def filter(self, record: logging.LogRecord) -> bool:
        """For lines of libraries, by the standard library's logging."""
        return self._left_out((record.name, record.levelname, _without_numbers(record.getMessage()))) is not None

    def _left_out(self, class_: Class) -> int | None:
        """How many lines were left out before one that is to be told; None when it is not."""
        with self._lock:
            now = self._monotonic()
            told = self._classes.pop(class_, None)
            if told is None or now - told.seen_at > PAUSE_SECONDS:
                told = _Told(0, now, now)
            self._classes[class_] = told  # the one that was seen last stands last
            if len(self._classes) > MOST_CLASSES:
                del self._classes[next(iter(self._classes))]
            told.lines, told.seen_at = told.lines + 1, now
            if told.lines > IN_FULL and now - told.told_at < PAUSE_SECONDS:
                told.left_out += 1
                return None
            left_out, told.left_out, told.told_at = told.left_out, 0, now
            return left_out

    def _forget(self, about: str) -> int:
        """Forget the classes about something, and tell how many lines they had."""
        with self._lock:
            gone = [class_ for class_ in self._classes if about in class_]
            return sum(self._classes.pop(class_).lines for class_ in gone)


def _class_of(event: Mapping[str, Any]) -> Class:
    texts = (f"{key}={_without_numbers(value)}" for key, value in event.items() if isinstance(value, str))
    return tuple(sorted(texts))


def _without_numbers(text: str) -> str:
    return _NUMBERS.sub("#", text)
