"""One owner of the state at a time, or several workers that share it, and a fence against an owner that lost it without
noticing (C11, C12)."""

import fcntl
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import SQLAlchemyError

from model.errors import StateError, StateLockedError
from state import tables
from state.connected import Connected
from state.engine import open_engine, our_errors, parse_url, shown, sqlite_path, upsert

_ADVISORY_LOCK = 0x6472_6966_7401
_HELD = text(
    "SELECT mode = 'ShareLock' AS shared, application_name AS name, backend_start AT TIME ZONE 'UTC' AS since "
    "FROM pg_locks LEFT JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (classid::bigint << 32) | objid::bigint = :lock ORDER BY backend_start"
)
_SHARED_FOR = text(
    "SELECT clock_timestamp() - min(backend_start) FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND granted AND mode = 'ShareLock' "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND (classid::bigint << 32) | objid::bigint = :lock"
)
_HELD_HERE = text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid() "
    "AND (classid::bigint << 32) | objid::bigint = :lock"
)
_PAUSES_SECONDS = (0.02, 0.05, 0.1, 0.15, 0.2)
_PATIENCE = "5s"
"""How long a new owner waits for the last transaction of the one before it."""
WORKERS = "workers"
"""The claim that has the owner's epoch while the owner is a number of workers."""
_SHOWN_AT_MOST = 3
_WORKER = "driftline worker: "
# A machine that is gone without a word is forgotten within two minutes, and its lock with it.
_KEEPALIVES = ("tcp_keepalives_idle = 60", "tcp_keepalives_interval = 15", "tcp_keepalives_count = 4")


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
        told = f"{_who()} since {now:%Y-%m-%d %H:%M:%S} UTC: {holder}"
        url = parse_url(store) if isinstance(store, str) else store.engine.url
        held: _FileLock | _AdvisoryLock
        if url.get_backend_name() == "sqlite":
            held = _FileLock(sqlite_path(url), shown(url), told)
        else:
            engine = open_engine(url) if isinstance(store, str) else store.engine
            held = _AdvisoryLock(engine, shown(url), f"{holder}: {_who()}", dispose=isinstance(store, str))
        if isinstance(store, str):
            return cls(held, None, None)
        try:
            epoch = _next_epoch(store, told)
        except BaseException:
            held.release()
            raise
        store.epoch = epoch
        return cls(held, store, epoch)

    @classmethod
    def share(cls, store: Connected, now: datetime) -> "Ownership":
        """Become one of the workers that own a store in PostgreSQL together; an owner of before is fenced off.

        What each of them may write is told by its claims. Raise StateLockedError, naming the holder, when there is an
        owner that shares with nobody.
        """
        who = _who()
        held = _AdvisoryLock(store.engine, shown(store.engine.url), f"{_WORKER}{who}", dispose=False, shared=True)
        store.shared = True
        try:
            epoch = _shared_epoch(store, f"{who} since {now:%Y-%m-%d %H:%M:%S} UTC: driftline worker")
        except BaseException:
            held.release()
            raise
        store.epoch = epoch
        return cls(held, store, epoch)

    def still_held(self) -> bool:
        """Whether the lock is still ours; False once the connection that holds it has ended."""
        return self._held.still_held()

    def hold_on(self) -> bool:
        """Take the lock again when the connection that held it has ended, as with a server that was started anew.

        Tell whether the state is still ours: not when somebody else owns it, or has owned it since. Raise StateError
        while the server cannot be reached.
        """
        if self._held.still_held():
            return True
        if self._store is None or not self._held.take_again():
            return False
        with self._store.reading() as connection:
            if connection.execute(select(tables.owner.c.epoch)).scalar_one_or_none() == self.epoch:
                return True
        self._held.release()
        return False

    def release(self) -> None:
        """Give the state free. The store stays fenced: what it still writes is refused once there is another owner."""
        self._held.release()

    def __enter__(self) -> "Ownership":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _who() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


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


def _shared_epoch(store: Connected, holder: str) -> int:
    """The epoch of the workers that are there, or a new one after an owner that was alone."""
    owner, claims = tables.owner.c, tables.claims
    wanted = select(owner.epoch).join(claims, (claims.c.name == WORKERS) & (claims.c.epoch == owner.epoch))
    store.epoch = None
    with store.reading() as connection:
        joined = connection.execute(wanted).scalar_one_or_none()
    if joined is not None:
        return int(joined)
    with store.writing() as connection:
        connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
        upsert(connection, tables.owner, [{"id": 1, "epoch": 0, "holder": holder}], keep=["epoch", "holder"])
        before = connection.execute(select(owner.epoch).with_for_update()).scalar_one()
        joined = connection.execute(wanted).scalar_one_or_none()  # others may have come at the same time
        if joined is not None:
            return int(joined)
        upsert(connection, tables.owner, [{"id": 1, "epoch": before + 1, "holder": holder}])
        upsert(connection, claims, [{"name": WORKERS, "epoch": before + 1, "holder": holder}])
    return int(before) + 1


def workers(store: Connected) -> list[str]:
    """The workers that share a state in PostgreSQL at this moment: process and host, the oldest first."""
    with store.reading() as connection:
        return _workers(connection)


def workers_for(store: Connected) -> timedelta | None:
    """How long the first of the workers that share a state at this moment has been there; None while none is."""
    with store.reading() as connection:
        found: timedelta | None = connection.execute(_SHARED_FOR, {"lock": _ADVISORY_LOCK}).scalar()
        return found


def _workers(connection: Connection) -> list[str]:
    held = connection.execute(_HELD, {"lock": _ADVISORY_LOCK})
    return [(row.name or "").removeprefix(_WORKER) or "unknown" for row in held if row.shared]


def _told(names: list[str]) -> str:
    """``2 workers: process 7 on alpha, process 9 on beta``; empty for nobody."""
    if not names:
        return ""
    named = ", ".join(names[:_SHOWN_AT_MOST]) + (", …" if len(names) > _SHOWN_AT_MOST else "")
    return f"{len(names)} {'worker' if len(names) == 1 else 'workers'}: {named}"


def _holders(connection: Connection) -> str:
    """Who holds the lock in PostgreSQL at this moment; empty for nobody.

    An owner is told as it wrote itself down. What took the lock by url alone wrote nothing, and the last owner stands
    there still: it is told by the name of its session.
    """
    held = connection.execute(_HELD, {"lock": _ADVISORY_LOCK}).all()
    if not held or held[0].shared:
        return _told(_workers(connection))
    holder, said, process = (held[0].name or "").rpartition(": process ")
    written = ""
    if connection.execute(text("SELECT to_regclass('owner')")).scalar():
        written = connection.execute(select(tables.owner.c.holder)).scalar_one_or_none() or ""
    if not said or (written.startswith(f"process {process}") and written.endswith(f" UTC: {holder}")):
        return written
    return f"process {process} since {held[0].since:%Y-%m-%d %H:%M:%S} UTC: {holder}"


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
        return _holders(connection) or None


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
        try:
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, holder.encode(), 0)
        except OSError as error:
            os.close(self._handle)
            raise StateError(
                f"cannot lock the state: {error.strerror}", location=location, hint=f"check the disk of {path}"
            ) from error

    def _take(self) -> bool:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def still_held(self) -> bool:
        return self._handle >= 0

    def take_again(self) -> bool:
        return False

    def release(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


class _AdvisoryLock:
    """A lock held by a connection of its own; PostgreSQL frees it when that connection ends."""

    def __init__(self, engine: Engine, location: str, name: str, *, dispose: bool, shared: bool = False) -> None:
        self._engine, self._dispose, self._shared = engine, dispose, shared
        self._location, self._name = location, name
        with our_errors(location):
            self._connection = self._connect(engine)
            if _persistently(self._take):
                return
            told = _holders(self._connection)
        self.release()
        raise _refused(told, location)

    def _connect(self, engine: Engine) -> Connection:
        """A connection that says who holds it where others can look it up, for as long as it is there."""
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()  # never given back to the pool, where the lock would live on
        connection.execute(text("SELECT set_config('application_name', :name, false)"), {"name": self._name})
        for each in _KEEPALIVES:
            connection.execute(text(f"SET {each}"))
        return connection

    def _take(self) -> bool:
        statement = text(f"SELECT pg_try_advisory_lock{'_shared' if self._shared else ''}(:lock)")
        return bool(self._connection.execute(statement, {"lock": _ADVISORY_LOCK}).scalar())

    def still_held(self) -> bool:
        try:
            return bool(self._connection.execute(_HELD_HERE, {"lock": _ADVISORY_LOCK}).scalar())
        except SQLAlchemyError:
            return False

    def take_again(self) -> bool:
        """Take it on a new connection; whatever holds the former one has ended."""
        with our_errors(self._location):
            with suppress(SQLAlchemyError):
                self._connection.close()
            self._connection = self._connect(self._engine)
            return _persistently(self._take)

    def release(self) -> None:
        with suppress(SQLAlchemyError):  # a connection that is dead has let go already
            self._connection.execute(text("SELECT pg_advisory_unlock_all()"))
        self._connection.close()
        if self._dispose:
            self._engine.dispose()
