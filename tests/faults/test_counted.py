"""``driftline_state_errors_total``: what the database refuses while the daemon works is counted by its kind."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

import service.http as http_module
import state.engine
from config.service import ServiceOptions
from model.errors import StateError
from service.http import serving
from state.faults import Fault, counted
from state.store import Store
from tests.disks import failing_disk
from tests.faults.test_disk import not_writable, room_for
from tests.pipeline.company import Servers
from tests.ports import free_port
from tests.proofs.ledger import show, show_control
from tests.service.conftest import Watched, watched_in
from tests.service.test_http import ask
from tests.service.test_metrics import value

Around = Callable[[Watched], AbstractContextManager[None]]

on_a_disk = pytest.mark.sqlite_only("the disk and the file of a state that lies on this machine")


@pytest.fixture(autouse=True)
def _end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(state.engine, "BUSY_TIMEOUT_SECONDS", 0.1)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with Servers() as servers, watched_in(tmp_path, servers) as watched:
        yield watched


@contextmanager
def full_disk(watched: Watched) -> Iterator[None]:
    """There is more to store than there is room for."""
    watched.company.pass_time(minutes=10)
    for number in range(100, 130):
        watched.company.jira.add_issue(f"WEB-{number}", summary="x" * 200, created=watched.company.now)
    with room_for(watched.store, 0):
        yield


@contextmanager
def locked(watched: Watched) -> Iterator[None]:
    """Another program writes and does not end."""
    with closing(sqlite3.connect(watched.company.folder / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def damaged(watched: Watched) -> Iterator[None]:
    """What the mapping held cannot be read any more."""
    database = watched.company.folder / "state.db"
    with closing(sqlite3.connect(database)) as other:
        [kept] = other.execute("SELECT value FROM notes WHERE key = 'mapping-inventory'").fetchone()
        other.execute("UPDATE notes SET value = '{' WHERE key = 'mapping-inventory'")
        other.commit()
        yield
        other.execute("UPDATE notes SET value = ? WHERE key = 'mapping-inventory'", [kept])
        other.commit()


AROUND: dict[Fault, Around] = {
    Fault.FULL: full_disk,
    Fault.FAILING: lambda _: failing_disk(),
    Fault.RIGHTS: lambda watched: not_writable(watched.store),
    Fault.LOCKED: locked,
    Fault.DAMAGED: damaged,
}


def told(watched: Watched) -> dict[str, float]:
    """The counter as Prometheus is told it."""
    with serving(ServiceOptions(port=free_port()), watched.watch, now=watched.company.clock) as server:
        assert server is not None
        status, body, _ = ask(server, "/metrics")
    assert status == 200
    return {fault.value: value(body, "state_errors_total", kind=fault.value) for fault in Fault}


def outcomes(watched: Watched) -> list[str]:
    """How one reading of Jira ended."""
    with capture_logs() as lines:
        watched.daemon.read("jira")
    return [line["event"] for line in lines if line["event"] in ("job.failed", "source.failed")]


@on_a_disk
def test_each_kind_of_refusal_is_counted_while_the_daemon_goes_on(watched: Watched):
    """C5, C6: it is told with 0 before it came, and the same process goes on when the cause is gone."""
    watched.read_all()
    before = told(watched)
    assert before.keys() == {fault.value for fault in Fault}
    for fault, around in AROUND.items():
        with around(watched):
            assert outcomes(watched), fault
        now = told(watched)
        grown = {kind: now[kind] - before[kind] for kind in now}
        assert grown.pop(fault) >= 1, fault
        assert not any(grown.values()), (fault, grown)
        assert outcomes(watched) == [], fault
        assert told(watched) == now
        before = now
    show(
        "C5 C6",
        "What the database refuses while the daemon works is counted at /metrics by its kind, so that an alarm "
        "goes off although what is stored is still told.",
        reach="a disk that is full, one that fails, a file that may not be written, one that another program locks and "
        "one that is damaged: each counted as what it is, and nothing counted without one",
        seen=f"{len(AROUND)} of {len(AROUND)} counted under their own kind and no other; the reading after each went "
        "well and counted nothing",
        database="SQLite",
    )


@on_a_disk
def test_control_without_the_count_an_alarm_would_not_know(watched: Watched, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(state.engine, "count", lambda _: None)
    watched.read_all()
    before = told(watched)
    with full_disk(watched):
        assert outcomes(watched)
    assert told(watched) == before
    show_control("C5 C6", removed="the count", seen="a disk that is full changes nothing at /metrics")


def test_a_server_that_cannot_be_reached_is_counted():
    before = counted()[Fault.CONNECTION]
    with pytest.raises(StateError, match="the database server cannot be reached"):
        Store.open(f"postgresql://nobody@127.0.0.1:{free_port()}/driftline")
    assert counted()[Fault.CONNECTION] == before + 1
