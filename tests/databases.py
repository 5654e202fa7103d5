"""Where the tests keep their states: in SQLite files, or, with ``DRIFTLINE_TEST_DATABASE=postgresql``, in databases of
a PostgreSQL server that is started for them.

A state is named by a path, whatever it is kept in. In PostgreSQL each path has a database of its own, which is dropped
when the path's folder is gone; and no SQLite state may be opened then, except by tests that are skipped because they
are ``sqlite_only``.
"""

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import create_engine

from tests.state.postgres import connect, find_binaries, running_server

SWITCH = "DRIFTLINE_TEST_DATABASE"
ON_POSTGRESQL = os.environ.get(SWITCH, "sqlite") == "postgresql"
NAME = "PostgreSQL" if ON_POSTGRESQL else "SQLite"
KINDS = ["postgresql"] if ON_POSTGRESQL else ["sqlite", "postgresql"]
"""What a test of both databases runs on: in the pass for PostgreSQL, SQLite was tested by the other one."""
MAGIC = b"SQLite format 3\x00"
SCRATCH = "past.db"
"""What the program itself makes and throws away to let a past day stand again, wherever the state is kept."""

_resources = ExitStack()
_server: list[str] = []
_made: dict[Path, str] = {}


def server() -> str:
    """The url of a server that is started when it is first asked for, and stopped after the last test."""
    if not _server:
        binaries = find_binaries()
        if binaries is None:
            raise RuntimeError("no PostgreSQL here: initdb and postgres in PATH or /usr/lib/postgresql/*/bin")
        url = _resources.enter_context(running_server(binaries))
        with connect(url) as connection:
            make_people_sort(connection, "people")
        _server.append(url)
    return _server[0]


def stop() -> None:
    """Stop the server, if there is one."""
    _server.clear()
    _made.clear()
    _resources.close()


def make_people_sort(connection: "psycopg.Connection[Any]", name: str) -> None:
    """Make an empty database that sorts as people do, where the server can: ``b`` before ``B``, unlike SQLite."""
    database = Identifier(name)
    try:
        connection.execute(
            SQL("CREATE DATABASE {} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'").format(database)
        )
    except psycopg.Error:
        connection.execute(SQL("CREATE DATABASE {}").format(database))


@contextmanager
def in_postgresql() -> Iterator[str]:
    """A new database of the server, whichever pass it is; the test is skipped where there is no server."""
    if find_binaries() is None:
        pytest.skip("no PostgreSQL on this machine (initdb and postgres in PATH or /usr/lib/postgresql/*/bin)")
    name = f"test_{uuid.uuid4().hex}"
    with connect(server()) as connection:
        make_people_sort(connection, name)
    try:
        yield _url(name)
    finally:
        _drop(name)


def url_of(path: Path) -> str:
    """The url of the state of this path. Nothing is there at first: no file, or a database without tables."""
    if not ON_POSTGRESQL:
        return f"sqlite:///{path}"
    path = _plain(path)
    if path not in _made:
        _make(path, "people")
    return _url(_made[path])


def setting_of(path: Path) -> str:
    """The url of the state of this path in a settings file that lies beside it and may be copied with it."""
    return url_of(path) if ON_POSTGRESQL else f"sqlite:///{path.name}"


def clear(path: Path) -> None:
    """Take away what is stored."""
    if ON_POSTGRESQL:
        _make(_plain(path), "people")
    else:
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Kept:
    """A state as it once was."""

    content: bytes
    """An SQLite file, or the name of a database."""

    def bring_back(self, path: Path) -> None:
        """Let this be the state of a path, in place of what is stored there."""
        if ON_POSTGRESQL:
            _make(_plain(path), self.content.decode())
        else:
            clear(path)
            path.write_bytes(self.content)


def keep(path: Path) -> Kept:
    """Remember a state that no store has open, for as long as its folder is there."""
    if not ON_POSTGRESQL:
        return Kept(path.read_bytes())
    path = _plain(path)
    number = sum(each.parent == path.parent for each in _made)
    copy = path.with_name(f"{path.name} kept {number}")
    _make(copy, _made[path])
    return Kept(_made[copy].encode())


def copy_folder(source: Path, target: Path) -> Path:
    """Copy a folder with the states in it. Where the copied settings named one of them, they name its copy."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    source, target = _plain(source), _plain(target)
    for path in [each for each in _made if each.is_relative_to(source)]:
        copy = target / path.relative_to(source)
        _make(copy, _made[path])
        for settings in target.glob("*.yaml"):
            text = settings.read_text(encoding="utf-8")
            settings.write_text(text.replace(_made[path], _made[copy]), encoding="utf-8")
    return target


def content(path: Path) -> bytes:
    """Everything that is stored, as it is stored."""
    if not ON_POSTGRESQL:
        return path.read_bytes()
    with closing(connect(url_of(path))) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        return b"\n".join(_rows(connection, str(name)) for (name,) in names)


def _rows(connection: "psycopg.Connection[Any]", table: str) -> bytes:
    with connection.cursor().copy(SQL("COPY {} TO STDOUT").format(Identifier(table))) as rows:
        return table.encode() + b"\n" + b"".join(sorted(b"".join(map(bytes, rows)).splitlines(keepends=True)))


def execute(path: Path, statement: str) -> list[tuple[Any, ...]]:
    """Do something behind the program's back, in one transaction; give the rows that it tells."""
    engine = create_engine(url_of(path))
    try:
        with engine.begin() as connection:
            done = connection.exec_driver_sql(statement)
            return [tuple(row) for row in done] if done.returns_rows else []
    finally:
        engine.dispose()


def drop(path: Path) -> None:
    """Take a state away for good, with its database."""
    if ON_POSTGRESQL:
        name = _made.pop(_plain(path), None)
        if name is not None:
            _drop(name)
    else:
        clear(path)


def drop_orphans() -> None:
    """Drop the databases whose folders are gone."""
    for path in [each for each in _made if not each.parent.exists()]:
        _drop(_made.pop(path))


def _make(path: Path, template: str) -> None:
    name = "state_" + hashlib.sha256(str(path).encode()).hexdigest()[:24]
    if path in _made:
        _drop(name)
    make = SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(Identifier(name), Identifier(template))
    with connect(server()) as connection:
        leave(connection, template)
        connection.execute(make)
    _made[path] = name


def leave(connection: "psycopg.Connection[Any]", name: str) -> None:
    """End all connections to a database: none is copied while somebody is in it."""
    connection.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name])


def _drop(name: str) -> None:
    with connect(server()) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def _plain(path: Path) -> Path:
    return Path(os.path.abspath(path))


def _url(name: str) -> str:
    return f"{server().rpartition('/')[0]}/{name}"


def sqlite_states(folder: Path) -> Iterator[Path]:
    """The SQLite databases in a folder and below it."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(len(MAGIC)) == MAGIC:
                    yield path


def refusing(create: Any) -> Any:
    """What makes engines, but none for a state in SQLite."""

    def create_unless_sqlite(url: Any, **options: Any) -> Any:
        if url.get_backend_name() == "sqlite" and Path(url.database).name != SCRATCH:
            raise AssertionError(f"{url} is opened, though {SWITCH}=postgresql: ask tests.databases.url_of for a url")
        return create(url, **options)

    return create_unless_sqlite


def refuse_sqlite() -> None:
    """From now on, whoever opens an SQLite state in this process is told not to; the demo company uses PostgreSQL."""
    from sandbox.world import Meridian
    from state import engine

    write = Meridian.write_configuration

    def writing(self: Meridian) -> None:
        write(self)
        path = self.folder / "driftline.yaml"
        text = path.read_text(encoding="utf-8")
        url = url_of(self.folder / "state" / "driftline.db")
        path.write_text(text.replace("sqlite:///state/driftline.db", url), encoding="utf-8")

    engine.create_engine = refusing(engine.create_engine)
    Meridian.write_configuration = writing  # type: ignore[method-assign]
