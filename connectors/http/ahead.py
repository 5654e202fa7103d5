"""Asks several questions at once and gives their answers in the order in which they were asked."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from connectors.base import ReadContext

_Answer = TypeVar("_Answer")


def in_parallel(questions: Iterable[Callable[[], _Answer]], context: ReadContext, *, at_once: int) -> Iterator[_Answer]:
    """Ask on ``at_once`` threads; yield every answer in the order of the questions.

    No more than ``at_once`` answers are under way or waiting to be taken, so memory does not grow with the number of
    questions. The first question that raises ends the walk with its error, after the answers before it; questions that
    were not begun are never asked. Raise InterruptedRunError between two answers when somebody asked us to stop.
    """
    waiting: deque[Future[_Answer]] = deque()
    pool = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="ask")
    try:
        for question in questions:
            if len(waiting) == at_once:
                yield _taken(waiting, context)
            waiting.append(pool.submit(question))
        while waiting:
            yield _taken(waiting, context)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _taken(waiting: "deque[Future[_Answer]]", context: ReadContext) -> _Answer:
    context.check()
    return waiting.popleft().result()
