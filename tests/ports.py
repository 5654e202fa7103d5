"""A free port for a server that a test starts later, in a process of its own."""

import random
import socket

_BELOW_THOSE_OF_CALLERS = range(12_000, 32_000)
"""Systems take the ports of outgoing connections from above (Linux from 32768, macOS from 49152), so that none of them
can be given away between the look and the start of the server."""


def free_port() -> int:
    """A port of this machine on which nobody listens now."""
    while True:
        port = random.SystemRandom().choice(_BELOW_THOSE_OF_CALLERS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
