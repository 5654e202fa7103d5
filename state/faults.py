"""What went wrong with the database, counted by its kind since the start of the process (C5, C6)."""

import threading
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum


class Fault(StrEnum):
    """Why a database refused."""

    FULL = "full"
    FAILING = "failing"
    """The disk could not be read, written or synced."""
    RIGHTS = "rights"
    """The file cannot be opened, or may not be written."""
    LOCKED = "locked"
    """Another program held it for too long."""
    DAMAGED = "damaged"
    CONNECTION = "connection"
    """The server cannot be reached, or ended the connection."""
    OTHER = "other"


_counted: Counter[Fault] = Counter()
_counting = threading.Lock()


def count(fault: Fault) -> None:
    """One more; from any thread."""
    with _counting:
        _counted[fault] += 1


def counted() -> Mapping[Fault, int]:
    """How many there were of each kind, those that never came with 0."""
    with _counting:
        return {fault: _counted[fault] for fault in Fault}
