"""Asks before the answer is needed, so that other things can be asked or read meanwhile."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

_Answer = TypeVar("_Answer")


class Early(Generic[_Answer]):
    """A question that is asked at once, on a thread of its own. Whoever asks it must ``drop`` it at the end."""

    def __init__(self, question: Callable[[], _Answer]) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="early")
        self._asked = self._pool.submit(question)

    def answer(self) -> _Answer:
        """Wait for the answer; raises what the question raised."""
        return self._asked.result()

    def drop(self) -> None:
        """Wait until the thread has ended; what the question raised is lost if nobody took its answer."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class Begun(Generic[_Answer]):
    """A walk whose first page is asked for at once. Leaving the context ends the walk."""

    def __init__(self, walk: Iterator[_Answer]) -> None:
        self._walk = walk
        self._first = Early(lambda: list(_first(walk)))

    def __enter__(self) -> Iterator[_Answer]:
        return self._pages()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._first.drop()
        if close := getattr(self._walk, "close", None):
            close()

    def _pages(self) -> Iterator[_Answer]:
        yield from self._first.answer()
        yield from self._walk


def _first(walk: Iterator[_Answer]) -> Iterator[_Answer]:
    for page in walk:
        yield page
        return
