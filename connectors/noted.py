"""Ids that were seen so far: the first in memory, the rest of a large source in a temporary file."""

import sqlite3
from collections.abc import Iterator, Sequence

_MOST_IN_MEMORY = 50_000
"""An id takes 170 bytes there."""


class Noted:
    """Each id once, in the order in which it was noted first. One thread at a time may use it."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}
        self._rest: sqlite3.Connection | None = None

    def note(self, ids: Sequence[str]) -> set[str]:
        """Note ids; give those that were not known before."""
        new = {one: None for one in ids if one not in self._ids}
        if self._rest is None and len(self._ids) + len(new) <= _MOST_IN_MEMORY:
            self._ids.update(new)
            return set(new)
        return self._noted_in(self._rest or self._opened(), list(new))

    def _opened(self) -> sqlite3.Connection:
        self._rest = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # a file that nobody else sees
        self._rest.execute("PRAGMA journal_mode = OFF").close()
        self._rest.execute("CREATE TABLE noted (place INTEGER PRIMARY KEY, id TEXT UNIQUE)").close()
        return self._rest

    def _noted_in(self, rest: sqlite3.Connection, ids: Sequence[str]) -> set[str]:
        marks = ", ".join("?" * len(ids))
        known = {one for (one,) in rest.execute(f"SELECT id FROM noted WHERE id IN ({marks})", ids)}  # noqa: S608
        new = [one for one in ids if one not in known]
        rest.execute("BEGIN").close()
        rest.executemany("INSERT INTO noted (id) VALUES (?)", [(one,) for one in new]).close()
        rest.execute("COMMIT").close()
        return set(new)

    def __iter__(self) -> Iterator[str]:
        yield from self._ids
        if self._rest is not None:
            for (one,) in self._rest.execute("SELECT id FROM noted ORDER BY place"):
                yield one

    def close(self) -> None:
        if self._rest is not None:
            self._rest.close()
            self._rest = None
