"""Reads a list that is paged by position, several pages at once, while it shifts below us (J13, S7).

Every page begins with the last row of the one before. Where that holds between all neighbours, no row that was there
all the time can have slipped between two pages, in whatever order they were answered. From the first page where it does
not hold the list is walked page after page.
"""

from array import array
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from connectors.jira.answers import Complaint, Json
from connectors.jira.id_lists import id_list
from model.errors import DriftlineError

_MOST_RETURNS = 20
_SHORTEST = 2
"""One row of overlap and one more."""
_WHOLE_WALK = 5
"""A walk from the beginning counts like this many returns by a page."""


@dataclass(frozen=True, slots=True)
class Rows:
    """One page: its rows by id, in their order. ``length`` counts a row that came twice twice."""

    start: int
    total: int
    length: int
    by_id: dict[int, Json]

    @property
    def ends(self) -> bool:
        """Whether the list ends with it."""
        return self.start + self.length >= self.total

    @property
    def first(self) -> int | None:
        return next(iter(self.by_id), None)

    @property
    def last(self) -> int | None:
        return next(reversed(self.by_id), None)


AskAll: TypeAlias = Callable[[Iterable[Callable[[], Rows]]], Generator[Rows, None, None]]
"""Asks several questions, some at once, and yields the answers in the order of the questions."""


class PositionWalk:
    """One walk over one list. ``ids`` are those read so far, each once, and at the end all that the list has.

    ``ask`` asks for a page by position and length, ``restless`` makes the error for a list that never comes to rest.
    """

    def __init__(
        self, ask: Callable[[int, int], Rows], size: int, complain: Complaint, restless: Callable[[], DriftlineError]
    ) -> None:
        self.ids: array[int] = id_list()
        self._ask = ask
        self._size = max(size, _SHORTEST)
        self._complain = complain
        self._restless = restless
        self._begun: Rows | None = None
        self._border: int | None = None

    def begin(self) -> list[Json]:
        """The rows of the first page."""
        rows = self._asked(0, self._size)
        # Without the rows themselves: the first pages of many lists may wait for their turn at the same time.
        self._begun, self._border = replace(rows, by_id={}), rows.last
        self.ids.extend(rows.by_id)
        return list(rows.by_id.values())

    @property
    def more(self) -> bool:
        """Whether the first page, which was read, is not the whole list."""
        return self._begun is not None and not (self._begun.ends and len(self.ids) >= self._begun.total)

    def rest(self, ask_all: AskAll) -> Iterator[list[Json]]:
        """The rows of the other pages, those read before left out."""
        begun = self._begun
        if begun is None or not self.more:
            return
        at: int | None = 0
        if begun.length > 1 and not begun.ends:
            at = yield from self._together(begun, ask_all)
        if at is not None:
            yield from self._one_by_one(at)

    def _together(self, begun: Rows, ask_all: AskAll) -> Generator[list[Json], None, int | None]:
        """Read while all neighbours overlap; return the position of the page where they did not, or None at the end."""
        step = begun.length - 1  # a server may answer shorter pages than it was asked for
        starts = range(step, begun.total - 1, step)
        with closing(ask_all(partial(self._asked, start, begun.length) for start in starts)) as answers:
            for rows in answers:
                length = min(begun.length, begun.total - rows.start)
                expected = (begun.total, length, length, self._border)
                if (rows.total, rows.length, len(rows.by_id), rows.first) != expected:
                    return rows.start
                fresh = list(rows.by_id.items())[1:]
                self.ids.extend(native_id for native_id, _ in fresh)
                self._border = rows.last
                yield [raw for _, raw in fresh]
        return None if len(self.ids) >= begun.total else 0

    def _one_by_one(self, start: int) -> Iterator[list[Json]]:
        """Walk all pages from a position, each row once.

        When the row with which a page should begin is another one, rows before it went away and some slipped past us:
        go back. A list that is longer than what we saw is walked again from its beginning.
        """
        seen = set(self.ids)
        known_before, returns, overlaps = -1, 0, start > 0
        while True:
            rows = self._asked(start, self._size)
            shifted = overlaps and rows.first not in seen
            fresh = {native_id: raw for native_id, raw in rows.by_id.items() if native_id not in seen}
            seen.update(fresh)
            self.ids.extend(fresh)
            if fresh:
                yield list(fresh.values())
            # What a whole walk more does not find is only counted twice by the server.
            if rows.ends and not shifted and (len(seen) >= rows.total or len(seen) == known_before):
                return
            if shifted or rows.ends:
                returns += 1 if shifted else _WHOLE_WALK
                if returns > _MOST_RETURNS:
                    raise self._restless()
                start = max(0, start - self._size) if shifted else 0
                known_before = len(seen) if start == 0 else -1
            else:
                start += max(1, len(rows.by_id) - 1)
            overlaps = start > 0 and len(rows.by_id) > 1

    def _asked(self, start: int, size: int) -> Rows:
        rows = self._ask(start, size)
        if rows.start < rows.total and not rows.by_id:
            raise self._complain("ended a list in the middle")
        return rows
