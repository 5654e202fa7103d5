"""A private folder for the files that a tap is given: its config holds secrets.

The folder is removed when the tap has ended. What a crash leaves behind is removed when the next tap is started: a
folder is in use as long as somebody holds its lock, and the lock ends with its process.
"""

import fcntl
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PREFIX = "driftline-tap-"
_NEW = "driftline-new-tap-"


class PrivateFolder:
    """A new folder that only we may enter. ``place`` is the directory for temporary files; None is the system's."""

    def __init__(self, place: Path | None = None) -> None:
        place = place or Path(tempfile.gettempdir())
        sweep(place)
        new = Path(tempfile.mkdtemp(prefix=_NEW, dir=place))
        self._lock = os.open(new, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # It gets the name by which leftovers are known only now, while it is locked.
        self.path = new.rename(place / new.name.replace(_NEW, _PREFIX, 1))

    def write(self, name: str, value: Any, *, default: Callable[[Any], Any] | None = None) -> Path:
        """Write a value as JSON that only we may read."""
        path = self.path / name
        content = json.dumps(value, default=default)
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            file.write(content)
        return path

    def close(self) -> None:
        """Remove the folder and all that is in it."""
        if self._lock >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1


def sweep(place: Path) -> None:
    """Remove folders of ours that nobody holds any more."""
    for path in place.glob(f"{_PREFIX}*"):
        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue  # somebody else's, or gone in the meantime
        try:
            if os.fstat(lock).st_uid == os.getuid() and stat.S_IMODE(os.fstat(lock).st_mode) == stat.S_IRWXU:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
        except BlockingIOError:
            continue  # a tap is being read with it
        finally:
            os.close(lock)
