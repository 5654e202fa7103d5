"""Walks several listings at once, each of which can only be walked from page to page."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from connectors.base import ReadContext
from connectors.http.ahead import in_parallel

_Page = TypeVar("_Page")


def side_by_side(walks: Sequence[Iterator[_Page]], context: ReadContext, *, at_once: int) -> Iterator[_Page]:
    """Yield the pages of all walks, those of one walk in its own order.

    ``at_once`` walks are under way, each on one page, and a walk goes on only after its last page was taken: no more
    than so many pages are in memory. The first walk that raises ends them all with its error.
    """
    ahead = iter(walks)
    guard = threading.Lock()
    lanes = [_Lane(ahead, guard) for _ in range(min(at_once, len(walks)))]
    for pages in in_parallel(_rounds(lanes), context, at_once=max(1, len(lanes))):
        yield from pages


def _rounds(lanes: "Sequence[_Lane[_Page]]") -> Iterator[Callable[[], list[_Page]]]:
    """Ask the lanes in turn, without ever leaving one out: the answer that is taken before a lane is asked again is
    then always its own last one, so that no lane is asked twice at a time."""
    while not all(lane.ended for lane in lanes):
        for lane in lanes:
            yield lane.step


class _Lane(Generic[_Page]):
    """One walk after the other, taken from those ahead."""

    def __init__(self, ahead: Iterator[Iterator[_Page]], guard: threading.Lock) -> None:
        self._ahead = ahead
        self._guard = guard
        self._walk: Iterator[_Page] | None = None
        self.ended = False

    def step(self) -> list[_Page]:
        """The next page; none when no walk is left."""
        while not self.ended:
            if self._walk is None:
                with self._guard:
                    self._walk = next(self._ahead, None)
                self.ended = self._walk is None
            else:
                for page in self._walk:
                    return [page]
                self._walk = None
        return []
