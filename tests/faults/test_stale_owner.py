"""An owner is stopped, loses the state to another one and wakes up: it writes nothing any more (C12).

For SQLite; ``DRIFTLINE_STALE=100`` asks for so many rounds, each stopped at another moment.
"""

import os
import random
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from cli.wording import count as counted
from model.errors import StateLockedError
from model.reading import Page
from state.lock import Ownership
from state.store import Store
from tests.proofs.ledger import show, show_control
from tests.state.worlds import DAY_1, DAY_2, item

pytestmark = pytest.mark.sqlite_only("PostgreSQL gives a lost lock to the next one by itself: tests/state/test_lock.py")
ROUNDS = int(os.environ.get("DRIFTLINE_STALE", "3"))
SEED = int(os.environ.get("DRIFTLINE_SEED", "20260914"))
REFUSED, NOT_REFUSED = 3, 4
_PATIENCE_SECONDS = 60.0


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blank") / "state.db"
    Store.open(f"sqlite:///{path}").close()
    return path


@dataclass
class Round:
    """What happened in one: how often the owner was found inside a transaction, what it had written when it lost the
    state and in the end, and how it ended."""

    inside: int = 0
    written: int = 0
    written_in_the_end: int = 0
    code: int = 0
    successor_kept: bool = False


def own_and_write(url: str, ready: int, fenced: bool) -> int:
    """The owner's life: page after page, until it is refused."""
    with Store.open(url) as store, Ownership.acquire(store, "sleeper", DAY_1):
        if not fenced:
            store.epoch = None
        run = store.start_run(DAY_1, baseline=True)
        os.write(ready, b"!")
        for turn in count(1):
            replaced = not fenced and store.find("jira:successor")
            try:
                records = [item(str(number), title=f"sleeper {turn}") for number in range(30)]
                store.save_page(run, Page(tuple(records)), "jira", DAY_1)
            except StateLockedError as error:
                return REFUSED if "another process took over the state" in str(error) else 1
            if replaced:
                return NOT_REFUSED  # it wrote that page beside its successor
            time.sleep(0.002)
    return 1


def sleeper(url: str, fenced: bool) -> Iterator[int]:
    """Start the owner as a process of its own; it is killed in the end, wherever it is."""
    wait, ready = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(wait)
        code = 1
        try:
            code = own_and_write(url, ready, fenced)
        finally:
            os._exit(code)
    os.close(ready)
    try:
        assert os.read(wait, 1) == b"!"
        yield child
    finally:
        os.close(wait)


def pages_of_the_sleeper(store: Store) -> int:
    """How many of its pages are stored, by what they said last."""
    found = [each.record.title for each in store.find("jira:0")]
    return int(found[0].split()[1]) if found else 0


def lose_and_wake(url: str, chance: random.Random, *, fenced: bool = True) -> Round:
    """Stop the owner at some moment, let somebody remove its lock and another one take over; then wake it up."""
    lock, seen = Path(url.removeprefix("sqlite:///") + ".lock"), Round()
    for child in sleeper(url, fenced):
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            assert time.monotonic() < deadline
            time.sleep(chance.uniform(0, 0.03))
            os.kill(child, signal.SIGSTOP)
            assert os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1])
            lock.unlink(missing_ok=True)
            with Store.open(url) as store:
                try:
                    ownership = Ownership.acquire(store, "successor", DAY_2)
                except StateLockedError:
                    seen.inside += 1  # its transaction is not interrupted: it may end it, and is asked again
                    os.kill(child, signal.SIGCONT)
                    continue
                with ownership:
                    seen.written = pages_of_the_sleeper(store)
                    run = store.start_run(DAY_2, baseline=False)
                    store.save_page(run, Page((item("successor"),)), "jira", DAY_2)
                    os.kill(child, signal.SIGCONT)
                    seen.code = os.WEXITSTATUS(os.waitpid(child, 0)[1])
                    seen.written_in_the_end = pages_of_the_sleeper(store)
                    seen.successor_kept = bool(store.find("jira:successor"))
                    return seen
    raise AssertionError("unreachable")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one who wants to take over shall not wait 15 seconds for each transaction of one that is stopped."""
    monkeypatch.setattr("state.engine.BUSY_TIMEOUT_SECONDS", 0.05)


def rounds(blank: Path, folder: Path, number: int, *, fenced: bool) -> Iterator[Round]:
    chance = random.Random(SEED)
    for each in range(number):
        path = folder / f"{each}.db"
        shutil.copyfile(blank, path)
        yield lose_and_wake(f"sqlite:///{path}", chance, fenced=fenced)
        path.unlink()


def test_an_owner_that_was_stopped_and_replaced_writes_nothing_any_more(blank: Path, tmp_path: Path) -> None:
    """C12: real processes, SIGSTOP and SIGCONT."""
    inside = 0
    for seen in rounds(blank, tmp_path, ROUNDS, fenced=True):
        assert seen.code == REFUSED
        assert seen.written_in_the_end == seen.written
        assert seen.successor_kept
        inside += seen.inside
    show(
        "C12",
        "An owner of the state is stopped, its lock is taken away and another one takes over; when it goes on it "
        "writes nothing any more. Inside a transaction it cannot be replaced: it ends that one first.",
        reach=f"{counted(ROUNDS, 'round')} with real processes, SIGSTOP at random moments and SIGCONT",
        seen=f"0 writes by the stale owner in {counted(ROUNDS, 'round')}, refused with the name of its successor each "
        f"time; {counted(inside, 'attempt')} to take over inside a transaction refused",
        seed=SEED,
        database="SQLite",
    )


def test_control_without_the_fence_the_stale_owner_writes_on(blank: Path, tmp_path: Path) -> None:
    [seen] = rounds(blank, tmp_path, 1, fenced=False)
    assert seen.code == NOT_REFUSED
    assert seen.written_in_the_end > seen.written
    show_control(
        "C12",
        removed="the epoch in every transaction",
        seen=f"the stale owner wrote {counted(seen.written_in_the_end - seen.written, 'page')} beside its successor",
    )
