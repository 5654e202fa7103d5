"""Every test that asks for ``store`` or ``store_url`` runs against SQLite and against PostgreSQL."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from state.store import Store
from state.tables import metadata
from tests.state.postgres import connect, find_binaries, running_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A server with a migrated database named ``shared``, which is emptied after each test."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL on this machine (initdb and postgres in PATH or /usr/lib/postgresql/*/bin)")
    with running_server(binaries) as url:
        with connect(url) as connection:
            _create_shared(connection)
        Store.open(_database(url, "shared"), migrate=True).close()
        yield url


def _create_shared(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Sorted as people sort, where the server can: ``b`` before ``B``, unlike SQLite."""
    try:
        connection.execute("CREATE DATABASE shared TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
    except psycopg.Error:
        connection.execute("CREATE DATABASE shared")


@pytest.fixture(scope="session")
def blank_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blank") / "state.db"
    Store.open(f"sqlite:///{path}", migrate=True).close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that was never migrated; an SQLite one does not even exist."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state.db'}"
    else:
        yield from _fresh_database(request.getfixturevalue("postgres_server"))


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database without content."""
    if request.param == "sqlite":
        path = tmp_path / "state.db"
        shutil.copyfile(request.getfixturevalue("blank_sqlite"), path)
        yield f"sqlite:///{path}"
    else:
        server = request.getfixturevalue("postgres_server")
        yield _database(server, "shared")
        _empty(server)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with Store.open(store_url) as store:
        yield store


@pytest.fixture
def sqlite_store(blank_sqlite: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "only-sqlite.db"
    shutil.copyfile(blank_sqlite, path)
    with Store.open(f"sqlite:///{path}") as store:
        yield store


def _empty(server: str) -> None:
    with connect(_database(server, "shared")) as connection, connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")  # past the guard of the transitions
        for table in reversed(metadata.sorted_tables):
            connection.execute(f"DELETE FROM {table.name}")
        for table, column in (("runs", "id"), ("transitions", "sequence"), ("deliveries", "id")):
            connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), 1, false)")


def _fresh_database(server: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    with connect(server) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield _database(server, name)
    with connect(server) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _database(server: str, name: str) -> str:
    return f"{server.rpartition('/')[0]}/{name}"
