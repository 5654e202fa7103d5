"""One owner, freed by death, fenced when lost."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from model.errors import StateLockedError
from model.reading import Page
from state.lock import Ownership
from state.store import Store
from tests.state.worlds import DAY_1, DAY_2, item

OTHER_PROCESS = """
import sys
from datetime import datetime, UTC
from state.lock import Ownership
from state.store import Store
with Store.open(sys.argv[1]) as store, Ownership.acquire(store, "driftline run", datetime(2026, 9, 1, 8, tzinfo=UTC)):
    print("mine", flush=True)
    sys.stdin.read()
"""


@contextmanager
def other_owner(url: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "mine\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_second_process_is_refused_by_name_until_the_first_is_dead(store: Store) -> None:
    """C11: kill -9 frees the state at once."""
    url = store.engine.url.render_as_string(hide_password=False)
    assert store.owner() is None
    with other_owner(url) as process:
        with pytest.raises(StateLockedError) as refused:
            Ownership.acquire(store, "driftline sync", DAY_2)
        said = refused.value.summary
        assert said.startswith(f"the state is in use by process {process.pid} on ")
        assert said.endswith(" since 2026-09-01 08:00:00 UTC: driftline run")
        assert said.endswith(store.owner() or "nobody")
        with pytest.raises(StateLockedError):
            Ownership.acquire(url, "driftline db upgrade", DAY_2)
        process.kill()
        process.wait()
        with Ownership.acquire(store, "driftline sync", DAY_2) as mine:
            assert mine.epoch == 2
            assert (store.owner() or "").endswith("2026-09-02 08:00:00 UTC: driftline sync")
    assert store.owner() is None


def test_two_owners_in_one_process_are_two_as_well(store: Store, store_url: str) -> None:
    with Ownership.acquire(store, "one", DAY_1), Store.open(store_url) as other:
        with pytest.raises(StateLockedError, match="one"):
            Ownership.acquire(other, "two", DAY_1)
        assert other.epoch is None


def test_released_it_is_free_for_the_next_one(store: Store) -> None:
    epochs = []
    for _ in range(3):
        with Ownership.acquire(store, "again", DAY_1) as mine:
            epochs.append(mine.epoch)
            store.set_note("epoch", str(mine.epoch))
    assert epochs == [1, 2, 3]
    assert store.note("epoch") == "3"


def test_only_the_lock_is_taken_for_a_url(store_url: str) -> None:
    with Ownership.acquire(store_url, "driftline db upgrade", DAY_1) as mine:
        assert mine.epoch is None
        with Store.open(store_url) as store:
            with pytest.raises(StateLockedError):
                Ownership.acquire(store, "driftline run", DAY_1)
            store.set_note("a write without ownership", "is not fenced")


def test_what_took_the_lock_for_a_url_is_named_and_not_the_owner_before_it(store: Store, store_url: str) -> None:
    """C11: an upgrade or a restoration writes nobody down; who is refused must look for the right process."""
    with Ownership.acquire(store, "driftline run", DAY_1) as owner:
        assert (store.owner() or "").endswith(" since 2026-09-01 08:00:00 UTC: driftline run")
    with Ownership.acquire(store_url, "driftline db upgrade", DAY_2):
        with pytest.raises(StateLockedError) as refused:
            Ownership.acquire(store, "driftline sync", DAY_2)
        present = rf"process {os.getpid()} on \S+ since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC: driftline db upgrade"
        assert re.fullmatch(f"the state is in use by {present}", refused.value.summary)
        assert re.fullmatch(present, store.owner() or "nobody")
        with pytest.raises(StateLockedError, match=r"driftline db upgrade"):
            Ownership.acquire(store_url, "driftline db restore", DAY_2)
    assert store.owner() is None
    with Ownership.acquire(store, "driftline run", DAY_2) as owner:
        assert (owner.epoch, (store.owner() or "")[-30:]) == (2, "02 08:00:00 UTC: driftline run")


def test_an_owner_that_lost_the_lock_cannot_write_any_more(store: Store, store_url: str) -> None:
    """C12: it was stopped, lost its lock, another took over, and it wakes up."""
    stale = Ownership.acquire(store, "sleeper", DAY_1)
    run = store.start_run(DAY_1, baseline=True)
    store.save_page(run, Page([item("1", title="before")]), "jira", DAY_1)
    _lose_lock(stale, store)
    with Store.open(store_url) as other, Ownership.acquire(other, "successor", DAY_2) as successor:
        assert successor.epoch == 2
        with pytest.raises(StateLockedError, match=r"another process took over the state: .*successor"):
            store.save_page(run, Page([item("1", title="stale")]), "jira", DAY_2)
        assert other.find("jira:1")[0].record.title == "before"
        other.save_page(run, Page([item("1", title="fresh")]), "jira", DAY_2)
        assert store.find("jira:1")[0].record.title == "fresh"
        # Control: without the fence the sleeper's write goes through.
        store.epoch = None
        store.save_page(run, Page([item("1", title="stale")]), "jira", DAY_2)
        assert other.find("jira:1")[0].record.title == "stale"


def test_a_new_owner_waits_for_the_transaction_of_the_one_before(store: Store, store_url: str, monkeypatch) -> None:
    """C12: the fence holds to the end of a transaction, not only at its beginning."""
    monkeypatch.setattr("state.lock._PATIENCE", "100ms")
    monkeypatch.setattr("state.engine.BUSY_TIMEOUT_SECONDS", 0.1)
    stale = Ownership.acquire(store, "sleeper", DAY_1)
    with Store.open(store_url) as other:
        with store.writing():
            _lose_lock(stale, store)
            with pytest.raises(StateLockedError):
                Ownership.acquire(other, "successor", DAY_2)
        with Ownership.acquire(other, "successor", DAY_2) as successor:
            assert successor.epoch == 2


def _lose_lock(ownership: Ownership, store: Store) -> None:
    """What no process does by itself: the lock goes while the owner still believes in it."""
    if not store.on_postgresql:
        ownership.release()
        return
    held = ownership._held._connection  # type: ignore[union-attr]
    backend = held.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    with store.engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:backend, 5000)"), {"backend": backend})
    ownership.release()
