"""By how much the state of a soak may grow: each table by the rows that what happened explains, and no other table.

What a row takes is seen in the first week. The bytes of the time after it are predicted from that and from what
happened in that time.
"""

import sqlite3
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

TOLERANCE = 0.05
THINNED_AFTER_DAYS = 7
"""From then on one row of measures a day is kept; before, each reading may leave one."""
_MEASURES = "measures"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the state held at a moment: its size without what is free in the file, and per table the rows and the
    bytes, indexes included. ``bytes`` is empty where this SQLite cannot tell."""

    at: datetime
    size: int
    rows: Mapping[str, int]
    bytes: Mapping[str, int]
    edits: int = 0
    """How often the configuration was edited until then."""


@dataclass(frozen=True, slots=True)
class Happenings:
    """What makes the state grow."""

    findings: int
    slips_a_day: int
    records_changed_a_day: int
    readings_a_day: int
    mails: Sequence[datetime]
    """When a mail was composed, one entry for each recipient."""
    blinded: Sequence[datetime]
    """When some source could not be read while the others could, and when all could be read again: each of these is a
    transition of every finding."""

    def rows(self, first: Kept, last: Kept) -> Mapping[str, float]:
        """How many rows each table is to have more; what is not named is to have none."""
        days = (last.at - first.at).total_seconds() / 86400

        def within(moments: Sequence[datetime]) -> int:
            return bisect_right(moments, last.at) - bisect_right(moments, first.at)

        return {
            "transitions": self.findings * (days * self.slips_a_day + within(self.blinded)),
            "revisions": days * self.records_changed_a_day,
            "runs": days * self.readings_a_day,
            "source_results": days * self.readings_a_day,
            "deliveries": within(self.mails),
            "messages": within(self.mails),
            "notes": last.edits - first.edits,  # each is an entry in the book of changes
        }


def kept(path: Path, at: datetime, edits: int = 0) -> Kept:
    """Look into a database that others use."""
    with closing(sqlite3.connect(path, timeout=30)) as connection:

        def number(query: str) -> int:
            return int(connection.execute(query).fetchone()[0])

        pages = number("PRAGMA page_count") - number("PRAGMA freelist_count")
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: number(f'SELECT count(*) FROM "{name}"') for name in tables}
        return Kept(at, pages * number("PRAGMA page_size"), rows, _bytes(connection), edits)


def _bytes(connection: sqlite3.Connection) -> Mapping[str, int]:
    query = (
        "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master USING (name)"
        " WHERE aggregate = TRUE GROUP BY tbl_name"
    )
    try:
        return dict(connection.execute(query).fetchall())
    except sqlite3.OperationalError:  # not every SQLite is built with that table
        return {}


def unexplained(expected: Mapping[str, float], first: Kept, last: Kept) -> Mapping[str, tuple[float, int]]:
    """The tables that did not grow as expected: by how many rows they should have and have grown."""
    found = {}
    for name in last.rows.keys() - {_MEASURES}:
        wanted, grown = expected.get(name, 0.0), last.rows[name] - first.rows.get(name, 0)
        if abs(grown - wanted) > TOLERANCE * wanted:
            found[name] = (wanted, grown)
    return found


def most_measures(days: int, readings_a_day: int) -> int:
    return days + (THINNED_AFTER_DAYS + 1) * readings_a_day


def predicted(expected: Mapping[str, float], first: Kept, later: Kept) -> float:
    """The bytes that so many rows take, if each takes what those took that were added between two moments."""
    return sum(
        rows * (later.bytes[name] - first.bytes[name]) / (later.rows[name] - first.rows[name])
        for name, rows in expected.items()
        if later.rows[name] > first.rows[name]
    )
