"""Disks that refuse what is written to them."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def failing_disk(beyond: int = 1) -> Iterator[None]:
    """The kernel refuses every write of this process beyond so many bytes of a file, for a reason that is not lack of
    room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (beyond, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
