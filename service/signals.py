"""Signals as something that can be waited for."""

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType


@contextmanager
def asked_to_end() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two sockets: one can be read once SIGTERM or SIGINT came, the other after each SIGHUP. A handler must take no
    lock, so it sets no event."""
    (reader, writer), (wishes, wisher) = socket.socketpair(), socket.socketpair()

    def pass_on(number: int, _frame: FrameType | None) -> None:
        with suppress(BlockingIOError):
            (wisher if number == signal.SIGHUP else writer).send(b".")

    with reader, writer, wishes, wisher:
        writer.setblocking(False)
        wisher.setblocking(False)
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = {number: signal.signal(number, pass_on) for number in numbers}
        try:
            yield reader, wishes
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
