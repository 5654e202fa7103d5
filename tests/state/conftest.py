"""Every test that asks for ``store`` or ``store_url`` runs against SQLite and against PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from state.store import Store
from state.tables import metadata
from tests import databases
from tests.state.postgres import connect, find_binaries


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """A server with a migrated database named ``shared``, which is emptied after each test."""
    if find_binaries() is None:
        pytest.skip("no PostgreSQL on this machine (initdb and postgres in PATH or /usr/lib/postgresql/*/bin)")
    url = databases.server()
    with connect(url) as connection:
        databases.make_people_sort(connection, "shared")
    Store.open(_database(url, "shared"), migrate=True).close()
    return url


@pytest.fixture(scope="session")
def blank_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blank") / "state.db"
    Store.open(f"sqlite:///{path}", migrate=True).close()
    return path


@pytest.fixture(params=databases.KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that was never migrated; an SQLite one does not even exist."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state.db'}"
    else:
        with databases.in_postgresql() as url:
            yield url


@pytest.fixture(params=databases.KINDS)
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
def one_store(request: pytest.FixtureRequest) -> Store:
    """For what is asked of one database only, because it takes long: SQLite, or PostgreSQL in the pass for that."""
    store: Store = request.getfixturevalue("postgres_store" if databases.ON_POSTGRESQL else "sqlite_store")
    return store


@pytest.fixture
def postgres_store(postgres_server: str) -> Iterator[Store]:
    with Store.open(_database(postgres_server, "shared")) as store:
        yield store
    _empty(postgres_server)


@pytest.fixture
def sqlite_store(blank_sqlite: Path, tmp_path: Path) -> Iterator[Store]:
    """What asks for it is ``sqlite_only``."""
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


def _database(server: str, name: str) -> str:
    return f"{server.rpartition('/')[0]}/{name}"
