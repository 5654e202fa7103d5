"""A company and a state for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from state.store import Store
from tests.databases import Kept, keep, url_of
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
def blank_state(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    path = tmp_path_factory.mktemp("blank") / "state.db"
    Store.open(url_of(path)).close()
    return keep(path)


@pytest.fixture
def store(blank_state: Kept, company: Company) -> Iterator[Store]:
    """An empty state where the company's settings say."""
    blank_state.bring_back(company.state)
    with company.open_store() as store:
        yield store


@pytest.fixture(scope="session")
def state_on_tuesday(servers: Servers, blank_state: Kept, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """What a state holds after ``Company.reach_tuesday``."""
    company = Company(tmp_path_factory.mktemp("tuesday") / "acme", servers)
    blank_state.bring_back(company.state)
    with company.open_store() as store:
        company.sync(store)
        company.reach_tuesday()
        company.sync(store)
    return keep(company.state)


@pytest.fixture
def tuesday(state_on_tuesday: Kept, store: Store, company: Company) -> Company:
    """It was read on Monday and on Tuesday; between, WEB-1 slipped and eight promises with it. Nobody was told."""
    store.close()
    state_on_tuesday.bring_back(company.state)
    company.reach_tuesday()
    return company
