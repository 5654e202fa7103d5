"""Spans: what a step of a run is called and how long it takes, for whoever follows runs step by step. By default nobody
does, and a span costs nothing.

A span is told names of the configuration, kinds, numbers and outcomes: no titles, no addresses beyond a host, no
secrets. Imports nothing of ours.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from typing import ParamSpec, Protocol, TypeAlias, TypeVar

SpanValue: TypeAlias = str | int | bool
Given = ParamSpec("Given")
Result = TypeVar("Result")


class Span(Protocol):
    """A step that is under way."""

    def note(self, **attributes: SpanValue) -> None:
        """Tell something about it; the ``outcome`` failed marks it as failed."""


class OpenSpan(Protocol):
    """Opens a span; it ends with the block, and has failed when the block raises."""

    def __call__(self, name: str, /, **attributes: SpanValue) -> AbstractContextManager[Span]: ...


class Tracer(Protocol):
    """Takes the spans of this process."""

    def here(self) -> OpenSpan:
        """Opens spans below the one that is open on this thread now, from whatever thread."""

    def note(self, **attributes: SpanValue) -> None:
        """Tell something about the span that is open on this thread, if one is."""


class _Untold:
    def note(self, **attributes: SpanValue) -> None:
        """Nobody listens."""


_UNTOLD = nullcontext(_Untold())
_tracer: Tracer | None = None


def here() -> OpenSpan:
    """Opens spans below the one that is open on this thread now; to be handed to other threads."""
    return _untold if _tracer is None else _tracer.here()


def span(name: str, /, **attributes: SpanValue) -> AbstractContextManager[Span]:
    """Open a span below the one that is open on this thread."""
    return here()(name, **attributes)


def note(**attributes: SpanValue) -> None:
    """Tell something about the span that is open on this thread."""
    if _tracer is not None:
        _tracer.note(**attributes)


def spanned(name: str) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """Make each call of a function a span."""

    def around(function: Callable[Given, Result]) -> Callable[Given, Result]:
        @wraps(function)
        def call(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            with span(name):
                return function(*args, **kwargs)

        return call

    return around


@contextmanager
def traced_by(tracer: Tracer) -> Iterator[None]:
    """Give all spans of this process to a tracer until the block ends."""
    global _tracer
    _tracer = tracer
    try:
        yield
    finally:
        _tracer = None


def _untold(_name: str, /, **attributes: SpanValue) -> AbstractContextManager[Span]:
    return _UNTOLD
