"""One owner of the state at a time, and a fence against an owner that lost it without noticing (C11, C12)."""

import fcntl
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import DBAPIError

from model.errors import StateError, StateLockedError
from state import tables
from state.connected import Connected
from state.engine import open_engine, our_errors, parse_url, shown, sqlite_path, upsert

_ADVISORY_LOCK = 0x6472_6966_7401
_HELD = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (classid::bigint << 32) | objid::bigint = :lock"
)
_PAUSES_SECONDS = (0.02, 0.05, 0.1, 0.15, 0.2)
_PATIENCE = "5s"
"""How long a new owner waits for the last transaction of the one before it."""


class Ownership:
    """The right to run on a state; ends with ``release`` or with the process, however it dies."""

    def __init__(self, held: "_FileLock | _AdvisoryLock", store: Connected | None, epoch: int | None) -> None:
        self._held = held
        self._store = store
        self.epoch = epoch
        """Grows with every owner; None when only the lock was taken."""

    @classmethod
    def acquire(cls, store: Connected | str, holder: str, now: datetime) -> "Ownership":
        """Become the owner of a store, whose writes carry the epoch from now on.

        Given a url instead (before a migration, when there may be no tables yet), only the lock is taken. ``holder``
        says what runs, for the one who is refused. Raise StateLockedError, naming the holder, when there is an owner.
        """
        told = f"process {os.getpid()} on {socket.gethostname()} since {now:%Y-%m-%d %H:%M:%S} UTC: {holder}"
        url = parse_url(store) if isinstance(store, str) else store.engine.url
        held: _FileLock | _AdvisoryLock
        if url.get_backend_name() == "sqlite":
            held = _FileLock(sqlite_path(url), shown(url), told)
        else:
            engine = open_engine(url) if isinstance(store, str) else store.engine
            held = _AdvisoryLock(engine, shown(url), told, dispose=isinstance(store, str))
        if isinstance(store, str):
            return cls(held, None, None)
        try:
            epoch = _next_epoch(store, told)
        except BaseException:
            held.release()
            raise
        store.epoch = epoch
        return cls(held, store, epoch)

    def release(self) -> None:
        """Give the state free. The store stays fenced: what it still writes is refused once there is another owner."""
        self._held.release()

    def __enter__(self) -> "Ownership":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _next_epoch(store: Connected, holder: str) -> int:
    """Raise the epoch, after the last transaction of the owner before has ended."""
    table = tables.owner
    store.epoch = None
    with store.writing() as connection:
        if store.on_postgresql:
            connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
        before = connection.execute(select(table.c.epoch).with_for_update()).scalar_one_or_none() or 0
        upsert(connection, table, [{"id": 1, "epoch": before + 1, "holder": holder}])
    return before + 1


def _refused(holder: str, location: str) -> StateLockedError:
    return StateLockedError(
        f"the state is in use by {holder or 'another process'}",
        location=location,
        hint="end that process, or ask it: driftline status",
    )


def current_owner(store: Connected) -> str | None:
    """Who owns a store at this moment, in words; None when nobody does."""
    if store.engine.url.get_backend_name() == "sqlite":
        return _file_holder(_lock_file(sqlite_path(store.engine.url)))
    with store.reading() as connection:
        if not connection.execute(_HELD, {"lock": _ADVISORY_LOCK}).scalar():
            return None
        return connection.execute(select(tables.owner.c.holder)).scalar_one_or_none()


def _lock_file(database: Path) -> Path:
    return database.with_name(database.name + ".lock")


def _file_holder(path: Path) -> str | None:
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return None  # nobody ever took it
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except OSError:
        return os.read(handle, 4096).decode(errors="replace")
    finally:
        os.close(handle)


def _persistently(take: Callable[[], bool]) -> bool:
    """Try for half a second: a look at the owner holds the file's lock for an instant, and PostgreSQL needs one to
    notice that a process died."""
    for pause in _PAUSES_SECONDS:
        if take():
            return True
        time.sleep(pause)
    return take()


class _FileLock:
    """A lock on a file beside the database. The kernel frees it when the process dies; the file itself stays."""

    def __init__(self, database: Path, location: str, holder: str) -> None:
        path = _lock_file(database)
        try:
            self._handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise StateError(
                f"cannot lock the state: {error.strerror}", location=location, hint=f"check the rights of {path}"
            ) from error
        if not _persistently(self._take):
            told = os.read(self._handle, 4096).decode(errors="replace")
            os.close(self._handle)
            raise _refused(told, location)
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, holder.encode(), 0)

    def _take(self) -> bool:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def release(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


class _AdvisoryLock:
    """A lock held by a connection of its own; PostgreSQL frees it when that connection ends."""

    def __init__(self, engine: Engine, location: str, holder: str, *, dispose: bool) -> None:
        self._engine, self._dispose = engine, dispose
        with our_errors(location):
            self._connection = self._connect(engine)
            if _persistently(self._take):
                return
            told = self._holder()
        self.release()
        raise _refused(told, location)

    @staticmethod
    def _connect(engine: Engine) -> Connection:
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()  # never given back to the pool, where the lock would live on
        return connection

    def _take(self) -> bool:
        statement = text("SELECT pg_try_advisory_lock(:lock)")
        return bool(self._connection.execute(statement, {"lock": _ADVISORY_LOCK}).scalar())

    def _holder(self) -> str:
        if not self._connection.execute(text("SELECT to_regclass('owner')")).scalar():
            return ""
        return self._connection.execute(select(tables.owner.c.holder)).scalar_one_or_none() or ""

    def release(self) -> None:
        with suppress(DBAPIError):  # a connection that is dead has let go already
            self._connection.execute(text("SELECT pg_advisory_unlock_all()"))
        self._connection.close()
        if self._dispose:
            self._engine.dispose()
