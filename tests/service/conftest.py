"""A company that was read, and the watch of a daemon over it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.base import SourceOptions
from pipeline.agenda import Plan
from pipeline.timetable import Timetable
from scheduler import Daemon
from service.watch import Watch
from state.lock import Ownership
from state.store import Store
from tests.pipeline.company import Company, Servers


def plans(names: Iterable[str], now: datetime, every: timedelta = timedelta(hours=1)) -> Mapping[str, Plan]:
    """Sources that are read at an interval."""
    options = SourceOptions(kind="memory", every=every)
    return {name: Plan(Timetable(name, options, ZoneInfo("UTC")), now) for name in names}


class Watched:
    """A daemon whose jobs the test runs, and what is seen of it."""

    def __init__(self, company: Company, store: Store, ownership: Ownership) -> None:
        self.company, self.store, self.ownership = company, store, ownership
        self.daemon = Daemon(store, company.configuration, company.clock)
        self.daemon.begin()
        self.watch = Watch(store, self.daemon.beat, self.daemon.agenda.plans, company.clock, look_again_seconds=0)

    def read_all(self) -> None:
        for name in self.company.configuration.settings.sources:
            self.daemon.read(name)


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as servers:
        yield servers


@pytest.fixture
def watched(servers: Servers, tmp_path: Path) -> Iterator[Watched]:
    """A daemon that has read nothing yet."""
    with watched_in(tmp_path, servers) as watched:
        yield watched


@contextmanager
def watched_in(folder: Path, servers: Servers) -> Iterator[Watched]:
    company = Company(folder / "acme", servers)
    with company.open_store() as store, Ownership.acquire(store, holder="a test", now=company.now) as ownership:
        yield Watched(company, store, ownership)
