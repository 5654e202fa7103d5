"""States in PostgreSQL, and a company with three sources that workers read."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from procrastinate.schema import SchemaManager

from state.queue import install
from state.store import Store
from tests import databases
from tests.pipeline.company import Company, Servers
from tests.service.fleet.launcher import Launcher
from tests.state.postgres import connect, find_binaries


@pytest.fixture(scope="session")
def server() -> str:
    """The url of a PostgreSQL server with two databases: ``fleet_blank`` holds an empty state, ``fleet_queue`` the same
    and an empty queue."""
    if find_binaries() is None:
        pytest.skip("no PostgreSQL on this machine (initdb and postgres in PATH or /usr/lib/postgresql/*/bin)")
    url = databases.server()
    with connect(url) as connection:
        databases.make_people_sort(connection, "fleet_blank")
        databases.make_people_sort(connection, "fleet_queue")
    for name in ("fleet_blank", "fleet_queue"):
        with Store.open(database(url, name)) as store:
            if name == "fleet_queue":
                install(store, SchemaManager.get_schema())
    return url


def database(server: str, name: str) -> str:
    return f"{server.rpartition('/')[0]}/{name}"


Copying = Callable[[str], str]


@pytest.fixture
def copy_of(server: str) -> Iterator[Copying]:
    """Makes a database like another one, by their urls."""
    made = []

    def copied(url: str) -> str:
        name = f"fleet_{uuid.uuid4().hex}"
        template = url.rpartition("/")[2]
        with connect(server) as connection:
            databases.leave(connection, template)
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        made.append(name)
        return database(server, name)

    yield copied
    with connect(server) as connection:
        for name in made:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def state_url(request: pytest.FixtureRequest, server: str, copy_of: Copying) -> str:
    """An empty state; with an empty queue in modules that name another ``TEMPLATE``."""
    return copy_of(database(server, getattr(request.module, "TEMPLATE", "fleet_blank")))


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as servers:
        yield servers


@pytest.fixture
def company(servers: Servers, tmp_path: Path, state_url: str) -> Company:
    company = Company(tmp_path / "acme", servers)
    company.settings["state"] = {"url": state_url}
    company.write()
    return company


@pytest.fixture
def store(state_url: str) -> Iterator[Store]:
    with Store.open(state_url) as store:
        yield store


@pytest.fixture(scope="session")
def launcher(server: str) -> Iterator[Launcher]:
    with Launcher() as launcher:
        yield launcher


Overtaking = Callable[[str, str], None]


@pytest.fixture
def overtaken(store: Store, monkeypatch: pytest.MonkeyPatch) -> Overtaking:
    """Lets another worker take a claim over just before this one writes by a method of the store."""

    def by(claim: str, method: str) -> None:
        real = getattr(Store, method)

        def late(self: Store, *arguments: object, **named: object) -> object:
            store.claiming(claim, "process 2 on there")
            return real(self, *arguments, **named)

        monkeypatch.setattr(Store, method, late)

    return by
