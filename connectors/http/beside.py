"""Asks questions while something else is being read, which gives new questions as it goes on."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

from connectors.base import ReadContext

_Answer = TypeVar("_Answer")


class Beside(Generic[_Answer]):
    """Questions in the order in which they were given, and their answers in the same order.

    No more than ``at_once`` answers are under way or waiting to be taken. Leaving the context drops what was not begun.
    """

    def __init__(self, context: ReadContext, *, at_once: int) -> None:
        self._context = context
        self._at_once = at_once
        self._pool = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="beside")
        self._waiting: deque[Callable[[], _Answer]] = deque()
        self._begun: deque[Future[_Answer]] = deque()

    def __enter__(self) -> "Beside[_Answer]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def ask(self, questions: Iterable[Callable[[], _Answer]]) -> None:
        """Put questions behind the others."""
        self._waiting.extend(questions)
        self._begin()

    def ready(self) -> Iterator[_Answer]:
        """The answers that are there, up to the first that is not. A question that raised raises here."""
        while self._begun and self._begun[0].done():
            yield self._taken()

    def rest(self) -> Iterator[_Answer]:
        """All other answers. Raise InterruptedRunError between two of them when somebody asked us to stop."""
        while self._begun:
            yield self._taken()

    def _taken(self) -> _Answer:
        self._context.check()
        answer = self._begun.popleft().result()
        self._begin()
        return answer

    def _begin(self) -> None:
        while self._waiting and len(self._begun) < self._at_once:
            self._begun.append(self._pool.submit(self._waiting.popleft()))
