"""A company and a state for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from state.store import Store
from tests.pipeline.company import Company, Servers


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with Servers() as servers:
        yield servers


@pytest.fixture
def company(servers: Servers, tmp_path: Path) -> Company:
    """Monday at a small company, nothing read yet."""
    return Company(tmp_path / "acme", servers)


@pytest.fixture(scope="session")
def blank_state(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("blank") / "state.db"
    Store.open(f"sqlite:///{path}").close()
    return path.read_bytes()


@pytest.fixture
def store(blank_state: bytes, company: Company) -> Iterator[Store]:
    """An empty state where the company's settings say."""
    (company.folder / "state.db").write_bytes(blank_state)
    with company.open_store() as store:
        yield store


@pytest.fixture(scope="session")
def state_on_tuesday(servers: Servers, blank_state: bytes, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a state holds after ``Company.reach_tuesday``."""
    company = Company(tmp_path_factory.mktemp("tuesday") / "acme", servers)
    (company.folder / "state.db").write_bytes(blank_state)
    with company.open_store() as store:
        company.sync(store)
        company.reach_tuesday()
        company.sync(store)
    return (company.folder / "state.db").read_bytes()


@pytest.fixture
def tuesday(state_on_tuesday: bytes, store: Store, company: Company) -> Company:
    """It was read on Monday and on Tuesday; between, WEB-1 slipped and eight promises with it. Nobody was told."""
    store.close()
    (company.folder / "state.db").write_bytes(state_on_tuesday)
    company.reach_tuesday()
    return company
