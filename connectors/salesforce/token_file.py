"""Keeps a refresh token that the org replaces at each sign-in in a file, so that the new one is never lost (S5)."""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from model.errors import ConfigurationError, InterruptedRunError, Problem, SourceUnavailableError

_WAIT_SECONDS = 0.2
_MOST_WAITS = 150
_LARGEST_TOKEN_BYTES = 65_536


class TokenFile:
    """A file with one token in it. It is replaced as a whole, with the permissions that it had.

    Raise ConfigurationError when it cannot be read or its folder cannot be written.
    """

    def __init__(self, source: str, path: Path, stop: Event) -> None:
        self._source = source
        # A link stays a link: what it leads to is replaced.
        self._path = path.resolve()
        self._stop = stop

    def warnings(self) -> list[Problem]:
        """What is wrong with the file's permissions."""
        if not self._path.is_file() or not self._path.stat().st_mode & stat.S_IROTH:
            return []
        problem = f"every user of this machine may read {self._path}"
        return [Problem(problem, self._source, f"chmod o-rwx {self._path}")]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Sign in while no other process of ours does with the same token: the second would come with a used one."""
        try:
            folder = os.open(self._path.parent, os.O_RDONLY)
        except OSError as error:
            raise self._error(f"cannot be read: {error.strerror}") from None
        try:
            self._lock(folder)
            yield
        finally:
            os.close(folder)

    def read(self) -> str:
        try:
            with self._path.open("rb") as opened:
                token = opened.read(_LARGEST_TOKEN_BYTES).decode().strip()
        except UnicodeDecodeError:
            raise self._error("is not UTF-8 text") from None
        except OSError as error:
            raise self._error(f"cannot be read: {error.strerror}") from None
        if not token:
            raise self._error("is empty")
        return token

    def require_writable(self) -> None:
        """Make sure that a new token could be kept, before the old one is used up."""
        try:
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            os.close(handle)
            os.unlink(name)
        except OSError as error:
            raise self._error(f"cannot be replaced: {error.strerror}") from None

    def keep(self, token: str) -> None:
        """Replace the token; after this returns, the new one survives a crash of the machine."""
        try:
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            with os.fdopen(handle, "w") as opened:
                opened.write(f"{token}\n")
                opened.flush()
                os.fsync(opened.fileno())
        except OSError as error:
            raise self._error(f"cannot be replaced: {error.strerror}") from None
        try:
            shutil.copymode(self._path, name)
            os.replace(name, self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        except OSError as error:
            # It is the only good token now, so it stays where it is.
            raise self._error(f"cannot be replaced: {error.strerror}; the new token is in {name}") from None

    def _lock(self, folder: int) -> None:
        for _ in range(_MOST_WAITS):
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._stop.wait(_WAIT_SECONDS):
                    raise InterruptedRunError(f"stopped while waiting to sign in to {self._source}") from None
            else:
                return
        raise SourceUnavailableError(
            f"another process has been signing in to {self._source} for too long",
            location=self._source,
            hint="it is read again at its next turn; look for another Driftline that hangs",
        )

    def _error(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            f"the refresh token file {self._path} of {self._source} {what}",
            location=self._source,
            hint="put a refresh token into a file, in a folder that the user who runs Driftline may write",
        )
