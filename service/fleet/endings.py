"""What a job raised that is not tried again, for whoever counts how jobs end."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_failures: ContextVar[list[Exception] | None] = ContextVar("failures", default=None)


@contextmanager
def noting_failures() -> Iterator[list[Exception]]:
    """Gives what is passed over within the block."""
    noted: list[Exception] = []
    before = _failures.set(noted)
    try:
        yield noted
    finally:
        _failures.reset(before)


def pass_over(failure: Exception) -> None:
    """The job goes on as if this had not been raised."""
    if (noted := _failures.get()) is not None:
        noted.append(failure)
