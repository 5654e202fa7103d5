"""How the databases are opened: urls without secrets, SQLite's pragmas on every connection, errors in our words."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    URL,
    Connection,
    Dialect,
    Engine,
    ExceptionContext,
    Executable,
    Insert,
    LargeBinary,
    Table,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeEngine

from model.errors import ConfigurationError, StateError, StateLockedError
from state.faults import Fault, count

BUSY_TIMEOUT_SECONDS = 15.0
"""How long a write waits for another program that writes (C8)."""
CONNECT_TIMEOUT_SECONDS = 10
WRITES = "driftline_writes"
"""The execution option of a connection whose transaction will write."""

_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")
_CHUNK = 500
_Value = TypeVar("_Value")


def parse_url(url: str) -> URL:
    """Read ``state.url``; raise ConfigurationError for what is neither SQLite in a file nor PostgreSQL."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError(
            "state.url is not a database url", hint="write sqlite:///driftline.db or postgresql://host/name"
        ) from None
    if parsed.get_backend_name() in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise ConfigurationError(
            f"state.url names {parsed.drivername}", hint="the state lives in SQLite or PostgreSQL: sqlite:///… "
        )
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise ConfigurationError("state.url names no file", hint="write sqlite:///driftline.db")
    return parsed


def shown(url: URL) -> str:
    """The url for people: without the password and without the query, which may hold another."""
    return url.set(query={}).render_as_string(hide_password=True)


def sqlite_path(url: URL) -> Path:
    """The file of an SQLite url."""
    return Path(url.database or "")


def create_sqlite_file(url: URL) -> None:
    """Create the file for its owner's eyes only; what organisations promise each other is not for the neighbours."""
    path = sqlite_path(url)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    except OSError as error:
        raise StateError(
            f"cannot create the state: {error.strerror}", location=shown(url), hint="check the folder and its rights"
        ) from error


def open_engine(url: URL) -> Engine:
    """Make an engine; nothing is connected yet. Statements never show their values in errors or logs."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS, "application_name": "driftline"},
        )
        event.listen(engine, "connect", _wait_for_the_log)
        _keep_to_ourselves(engine, url.password)
        return engine
    except (ImportError, NoSuchModuleError) as error:
        raise ConfigurationError(
            "the driver for PostgreSQL is not installed", hint="pip install 'driftline[postgres]'"
        ) from error


def _keep_to_ourselves(engine: Engine, password: str | None) -> None:
    """Let no refusal repeat the password: a server may say what it was sent (X1)."""

    @event.listens_for(engine, "handle_error", retval=True)
    def conceal(context: ExceptionContext) -> BaseException | None:
        said = str(context.original_exception)
        if not password or password not in said:
            return None
        return OperationalError(None, None, RuntimeError(said.replace(password, "(hidden)")))


def _wait_for_the_log(connection: Any, _entry: ConnectionPoolEntry) -> None:
    """Let a server that was told to acknowledge commits early write ours to its log first: a mark that is lost in a
    crash is a mail twice (C10)."""
    connection.execute(
        "SELECT set_config('synchronous_commit', 'local', false) WHERE current_setting('synchronous_commit') = 'off'"
    ).close()
    connection.commit()  # undone with the transaction otherwise


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in _PRAGMAS:
        _patiently(connection, f"PRAGMA {pragma}")


def _patiently(connection: Any, statement: str) -> None:
    """SQLite does not wait when two programs make a file's log at the same moment: it refuses one of them at once."""
    began = time.monotonic()
    try:
        connection.execute(statement).close()
    except sqlite3.OperationalError as error:
        if "locked" not in str(error) or time.monotonic() - began > BUSY_TIMEOUT_SECONDS / 2:
            raise
        from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random

        again = Retrying(
            retry=retry_if_exception_type(sqlite3.OperationalError),
            wait=wait_random(0.005, 0.05),
            stop=stop_after_delay(BUSY_TIMEOUT_SECONDS),
            reraise=True,
        )
        again(lambda: connection.execute(statement).close())


def _begin_sqlite(connection: Connection) -> None:
    # A write that begins as a read fails at once when another program writes meanwhile; IMMEDIATE waits instead.
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def our_errors(location: str) -> Iterator[None]:
    """Raise StateError for what the database refuses, with its first line and without the values."""
    try:
        yield
    except DBAPIError as error:
        raise _translated(error.orig, location) from error
    except sqlite3.Error as error:  # from the pragmas of a new connection
        raise _translated(error, location) from error
    except UnicodeDecodeError as error:  # SQLite tells of a damaged schema in its own damaged words
        raise _told(Fault.DAMAGED, "it holds text that is none", location) from error


# What is said of each fault, with the first line of what the database said, and one thing to do.
_TOLD: dict[Fault, tuple[str, str]] = {
    Fault.LOCKED: ("another program is writing to the state", "try again when it has ended"),
    Fault.FULL: ("the disk of the state is full", "free some space; nothing was lost"),
    Fault.FAILING: (
        "the disk of the state fails: it could not be read or written",
        "check its space and health, then run again; nothing half-done was kept",
    ),
    Fault.DAMAGED: ("the state is damaged: {said}", "restore the last backup"),
    Fault.RIGHTS: ("cannot open the state: {said}", "check the file and its rights"),
    Fault.CONNECTION: (
        "the database server cannot be reached: {said}",
        "check that it runs and lets us in, then run again: what it acknowledged is stored",
    ),
    Fault.OTHER: ("the state database refused: {said}", ""),
}


def _translated(error: BaseException | None, location: str) -> StateError:
    said = (str(error).strip() or type(error).__name__).splitlines()[0]
    return _told(_fault(error, said), said, location)


def _told(fault: Fault, said: str, location: str) -> StateError:
    count(fault)
    kind = StateLockedError if fault is Fault.LOCKED else StateError
    message, hint = _TOLD[fault]
    return kind(message.format(said=said), location=location, hint=hint)


def _fault(error: BaseException | None, said: str) -> Fault:
    if "database is locked" in said or getattr(error, "sqlstate", None) == "55P03":
        return Fault.LOCKED
    if "disk is full" in said or "No space left" in said:
        return Fault.FULL
    if "disk I/O error" in said:
        return Fault.FAILING
    if any(told in said for told in ("not a database", "malformed", "decode to UTF-8")):
        return Fault.DAMAGED
    if "unable to open" in said or "readonly" in said:
        return Fault.RIGHTS
    return Fault.CONNECTION if _out_of_reach(error, said) else Fault.OTHER


def _out_of_reach(error: BaseException | None, said: str) -> bool:
    """Whether PostgreSQL ended the connection or gave none; then the driver knows no code, or one that begins so."""
    code = getattr(error, "sqlstate", "")
    return str(code).startswith("57P") or (code is None and "connection" in said)


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], *, keep: Sequence[str] = ()) -> None:
    """Insert rows or update those whose primary key exists, except the columns to keep. One statement for both."""
    if rows:
        _write(connection, _upsert(connection.dialect.name, table, tuple(rows[0]), tuple(keep)), rows)


def add(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows."""
    if rows:
        _write(connection, _add(connection.dialect.name, table, tuple(rows[0])), rows)


@dataclass(frozen=True, slots=True)
class _Writing:
    """A statement that writes rows, made once: making one takes as long as writing several rows.

    ``text`` has a mark for each of ``columns``, and ``stored`` are the places of values that are stored in another
    form, with what gives it.
    """

    statement: Executable
    text: str
    columns: tuple[str, ...]
    stored: tuple[tuple[int, Callable[[Any], Any]], ...]

    @classmethod
    def of(cls, statement: Insert, dialect: Dialect, table: Table, columns: tuple[str, ...]) -> "_Writing":
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        order = tuple(getattr(compiled, "positiontup", None) or columns)
        processors = ((place, _stored_form(table.c[name].type, dialect)) for place, name in enumerate(order))
        return cls(statement, str(compiled), order, tuple((place, form) for place, form in processors if form))

    def bound(self, rows: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
        picked = map(itemgetter(*self.columns), rows)
        if not self.stored:
            return list(picked)
        return [self._in_stored_form(list(values)) for values in picked]

    def _in_stored_form(self, values: list[Any]) -> tuple[Any, ...]:
        for place, form in self.stored:
            value = values[place]
            if value is not None:
                values[place] = form(value)
        return tuple(values)


def _write(connection: Connection, writing: _Writing, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows. For SQLite they are bound here: SQLAlchemy takes longer to bind a row than SQLite to write it."""
    if connection.dialect.name == "sqlite":
        for part in chunked(rows):
            connection.exec_driver_sql(writing.text, writing.bound(part))
    else:
        connection.execute(writing.statement, list(rows))


def _stored_form(column_type: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """How a type turns its values into what is stored: most values of a page are few days and one time."""
    form = None if isinstance(column_type, LargeBinary) else column_type.dialect_impl(dialect).bind_processor(dialect)
    return None if form is None else lru_cache(maxsize=4096)(form)


@cache
def _upsert(dialect_name: str, table: Table, columns: tuple[str, ...], keep: tuple[str, ...]) -> _Writing:
    dialect: Any = postgresql if dialect_name == "postgresql" else sqlite
    statement = dialect.insert(table)
    key = [column.name for column in table.primary_key]
    changes = {name: statement.excluded[name] for name in columns if name not in key and name not in keep}
    if changes:
        statement = statement.on_conflict_do_update(index_elements=key, set_=changes)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=key)
    return _Writing.of(statement, dialect.dialect(), table, columns)


@cache
def _add(dialect_name: str, table: Table, columns: tuple[str, ...]) -> _Writing:
    dialect: Any = postgresql if dialect_name == "postgresql" else sqlite
    return _Writing.of(dialect.insert(table), dialect.dialect(), table, columns)


def chunked(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """Split what goes into an ``IN`` into pieces that every database accepts."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
