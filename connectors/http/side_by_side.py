"""Walks several listings at once, each of which can only be walked from page to page."""

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import Generic, TypeVar

from connectors.base import ReadContext
from connectors.http.ahead import in_parallel

_Page = TypeVar("_Page")


def side_by_side(
    walks: Sequence[Iterator[_Page]], context: ReadContext, *, at_once: int, ahead: int = 0
) -> Iterator[_Page]:
    """Yield the pages of all walks, those of one walk in its own order.

    ``at_once`` walks are under way, and each goes on when all but ``ahead`` of its pages were taken: no more than one
    and so many of each are in memory. The first walk that raises ends them all with its error.
    """
    walks_left = iter(walks)
    guard = threading.Lock()
    lanes = [_Lane(walks_left, guard) for _ in range(min(at_once, len(walks)))]
    for pages in in_parallel(_rounds(lanes), context, at_once=max(1, len(lanes)) * (1 + ahead)):
        yield from pages


def _rounds(lanes: "Sequence[_Lane[_Page]]") -> Iterator[Callable[[], list[_Page]]]:
    """Ask the lanes in turn, without ever leaving one out: each then has as many questions as every other, and the
    answers are taken in the same turns."""
    for turn in count():
        if all(lane.ended for lane in lanes):
            return
        for lane in lanes:
            yield partial(lane.step, turn)


class _Lane(Generic[_Page]):
    """One walk after the other, taken from those that are left; one thread at a time walks."""

    def __init__(self, ahead: Iterator[Iterator[_Page]], guard: threading.Lock) -> None:
        self._ahead = ahead
        self._guard = guard
        self._walk: Iterator[_Page] | None = None
        self._turn = 0
        self._next = threading.Condition()
        self.ended = False

    def step(self, turn: int) -> list[_Page]:
        """The next page when the turns before are through; none when no walk is left."""
        with self._next:
            self._next.wait_for(lambda: self._turn == turn)
            try:
                return self._page()
            except BaseException:
                self.ended = True
                raise
            finally:
                self._turn += 1
                self._next.notify_all()

    def _page(self) -> list[_Page]:
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
