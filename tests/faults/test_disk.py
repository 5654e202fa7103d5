"""What becomes of the state when the disk is full or read-only, or the file is locked (C6, C7, C8)."""

import errno
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import event
from structlog.testing import capture_logs

from model.deliveries import DeliveryState
from model.errors import StateError, StateLockedError
from scheduler import Daemon
from state.lock import Ownership
from state.store import Store
from tests.cli.console import driftline
from tests.faults.oracle import picture
from tests.pipeline.company import MONDAY, Company, Servers
from tests.proofs.ledger import show, show_control
from tests.state.test_outbox import mail
from tests.state.worlds import item, save

pytestmark = pytest.mark.sqlite_only("the disk and the file of a state that lies on this machine")


@pytest.fixture(scope="module")
def read_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Company, Path]]:
    """A company that was read on Monday and has moved since, and its state of Monday."""
    with Servers() as servers:
        company = Company(tmp_path_factory.mktemp("disk") / "acme", servers)
        with company.open_store() as store:
            company.sync(store)
        kept = company.folder / "monday.db"
        shutil.copyfile(company.folder / "state.db", kept)
        company.reach_tuesday()
        yield company, kept


@pytest.fixture
def monday(read_once: tuple[Company, Path]) -> Company:
    company, kept = read_once
    shutil.copyfile(kept, company.folder / "state.db")
    return company


def facts(company: Company) -> object:
    return {name: value for name, value in picture(company.folder / "state.db").items() if name != "open runs"}


@contextmanager
def room_for(store: Store, pages: int) -> Iterator[None]:
    """As if the disk had room for so many pages more: SQLite itself says that it is full."""

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        size = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {size + pages}").close()

    def free(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1073741823").close()

    event.listen(store.engine, "checkout", limit)
    try:
        yield
    finally:
        event.remove(store.engine, "checkout", limit)
        event.listen(store.engine, "checkout", free)


def test_on_a_full_disk_the_run_is_rolled_back_and_goes_on_when_there_is_room(monday: Company) -> None:
    """C6: with every amount of room until it suffices; the same process, without a restart."""
    with monday.open_store() as store:
        monday.sync(store)
        undisturbed = facts(monday)
    reasons: set[str] = set()
    rooms = (0, 3, 9)
    for pages in rooms:
        shutil.copyfile(monday.folder / "monday.db", monday.folder / "state.db")
        before = facts(monday)
        with monday.open_store() as store:
            with room_for(store, pages):
                try:
                    run = monday.sync(store)
                except StateError as error:
                    reasons.add(error.summary)
                else:
                    reasons.update(each.error for each in run.results if each.error)
                served = {finding.fingerprint for finding in store.tracked().values()}
            assert facts(monday)["integrity"] == {"ok": True}
            assert served >= set(before["findings"])
            monday.sync(store)
        after = facts(monday)
        for name in ("records", "findings", "links", "needs"):
            assert after[name] == undisturbed[name], (pages, name)
    assert reasons == {"the disk of the state is full"}
    show(
        "C6",
        "A synchronisation for which the disk has no room is rolled back, what was stored is served meanwhile, and the "
        "same process goes on when there is room.",
        reach=f"room for {', '.join(map(str, rooms))} pages more, as SQLite counts them",
        seen=f"{len(rooms)} of {len(rooms)} told that the disk is full; file sound, findings served, and the next run "
        "0 differences from an undisturbed one",
        database="SQLite",
    )


def test_where_there_is_no_room_for_the_lock_the_state_is_not_owned(tmp_path: Path, monkeypatch) -> None:
    """C6: the very first write of a command."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Store.open(f"sqlite:///{tmp_path}/state.db") as store:
        with monkeypatch.context() as patched:
            patched.setattr(os, "pwrite", full)
            with pytest.raises(StateError, match="cannot lock the state: No space left on device") as refused:
                Ownership.acquire(store, "driftline sync", MONDAY)
        assert refused.value.problems[0].hint.startswith("check the disk of ")
        assert store.owner() is None
        Ownership.acquire(store, "driftline sync", MONDAY).release()


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A file system of its own in memory, where that is allowed."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_up(ballast: Path) -> None:
    """Write until nothing more fits."""
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


@pytest.mark.skipif(shutil.which("mount") is None, reason="no mount")
def test_a_real_full_disk_loses_nothing(tmp_path: Path) -> None:
    """C6 on a file system without a byte to spare."""
    with small_disk(tmp_path / "disk", "1m"), Store.open(f"sqlite:///{tmp_path}/disk/state.db") as store:
        save(store, item("1"))
        fill_up(tmp_path / "disk" / "ballast")
        with pytest.raises(StateError, match="disk of the state is full"):
            save(store, *(item(str(number), title="x" * 900) for number in range(2, 900)))
        assert [found.record.key for found in store.find("CORE-1")] == ["CORE-1"]
        assert store.find("CORE-2") == []
        (tmp_path / "disk" / "ballast").unlink()
        save(store, item("2"))
        store.verify()
        assert store.find("CORE-2")
    show(
        "C6",
        "On a real file system without a byte to spare nothing is lost, and it goes on when there is room.",
        reach="a file system of 1 MiB, filled to the last byte, and 899 records to store",
        seen="refused with “the disk of the state is full”, 0 records lost, 0 of the 898 new ones kept, file "
        "sound, the next write stored",
        database="SQLite",
    )


@pytest.mark.skipif(shutil.which("mount") is None, reason="no mount")
def test_on_a_read_only_disk_every_command_ends_at_once_with_a_message(monday: Company, tmp_path: Path) -> None:
    """C7: no traceback, no loop, and exit code 2."""
    with small_disk(tmp_path / "disk", "20m"):
        shutil.copyfile(monday.folder / "monday.db", tmp_path / "disk" / "state.db")
        monday.settings["state"] = {"url": f"sqlite:///{tmp_path}/disk/state.db"}
        monday.write()
        try:
            subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "disk")], check=True)
            begun = time.monotonic()
            said = driftline("run", folder=monday.folder)
            assert time.monotonic() - begun < 5
            assert said.code == 2
            assert "Traceback" not in said.err
            assert "error: cannot " in said.err
            assert "hint: check the file and its rights" in said.err
            seconds = time.monotonic() - begun
        finally:
            del monday.settings["state"]
            monday.write()
    show(
        "C7",
        "On a disk that may not be written the daemon ends at once, with a message, a hint and exit code 2.",
        reach="driftline run on a file system that is mounted read-only",
        seen=f"ended after {seconds:.1f} s with exit code {said.code} and no traceback",
        database="SQLite",
    )


def failures_of_two_minutes(daemon: Daemon, clock: "Clock") -> list[str]:
    """What a daemon says of its mails in the log, ticking every five seconds."""
    with capture_logs() as lines:
        for tick in range(24):
            clock.now = MONDAY + timedelta(seconds=5 * tick)
            daemon.tell()
    failures = [line for line in lines if line["event"] == "job.failed" and line["job"] == "deliveries"]
    assert all("readonly" in line["error"] for line in failures)
    return [line["error"] for line in failures]


@dataclass
class Clock:
    now: datetime = MONDAY

    def __call__(self) -> datetime:
        return self.now


def test_a_daemon_whose_disk_becomes_read_only_tries_once_a_minute_and_recovers(monday: Company) -> None:
    """C7: a tick every five seconds must not become a line in the log every five seconds."""
    with monday.open_store() as store:
        [row] = store.add_deliveries([mail("waits", created_at=MONDAY)])
        clock = Clock()
        daemon = Daemon(store, monday.configuration, clock)
        with not_writable(store):
            failures = failures_of_two_minutes(daemon, clock)
        assert 1 <= len(failures) <= 3
        clock.now += timedelta(minutes=10)
        with mail_server(monday):
            daemon.tell()
        assert [each.state for each in store.deliveries() if each.id == row.id] == [DeliveryState.SENT]
    show(
        "C7",
        "A daemon whose disk becomes read-only does not run hot: it tries about once a minute, and goes on by itself "
        "when the disk may be written again.",
        reach="two minutes of ticks every five seconds, with a mail that waits",
        seen=f"{len(failures)} attempts in 24 ticks, one line in the log each; afterwards the mail was sent",
        database="SQLite",
    )


def test_control_without_its_pauses_the_daemon_runs_hot(monday: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    with monday.open_store() as store:
        store.add_deliveries([mail("waits", created_at=MONDAY)])
        clock = Clock()
        daemon = Daemon(store, monday.configuration, clock)
        monkeypatch.setattr(daemon.pauses, "failed", lambda *_: None)
        with not_writable(store):
            failures = failures_of_two_minutes(daemon, clock)
    assert len(failures) == 24
    show_control("C7", removed="the pause after a failure", seen=f"{len(failures)} attempts in 24 ticks")


@contextmanager
def mail_server(company: Company) -> Iterator[None]:
    server = Controller(company.mailbox, hostname="127.0.0.1", port=company.mail_port)
    server.start()
    try:
        yield
    finally:
        server.stop()


@contextmanager
def not_writable(store: Store) -> Iterator[None]:
    """As if the disk was mounted anew without the right to write."""

    def refuse(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA query_only = ON").close()

    def allow(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA query_only = OFF").close()

    event.listen(store.engine, "checkout", refuse)
    try:
        yield
    finally:
        event.remove(store.engine, "checkout", refuse)
        event.listen(store.engine, "checkout", allow)


def test_a_state_that_another_program_locks_is_left_as_it_is(monday: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """C8: it waits for a while, gives the run up, and the next one goes well."""
    monkeypatch.setattr("state.engine.BUSY_TIMEOUT_SECONDS", 0.1)
    before = facts(monday)
    with monday.open_store() as store:
        with closing(sqlite3.connect(monday.folder / "state.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StateLockedError, match="another program is writing to the state"):
                monday.sync(store)
            assert store.tracked() is not None
        assert facts(monday) == before
        assert monday.sync(store).results
    assert facts(monday) != before
    show(
        "C8",
        "While another program locks the state a run waits, gives up in the end and keeps nothing half-done; the next "
        "one goes well.",
        reach="a lock that outlasts the patience of a run, and one that is held for half a second",
        seen="refused with “another program is writing to the state”, 0 rows changed, findings served meanwhile; the "
        "next run read everything; the short lock was waited for",
        database="SQLite",
    )


@contextmanager
def locked_for_a_moment(database: Path) -> Iterator[None]:
    """Another program that lets go after a while."""
    with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.5, lambda: other.execute("COMMIT"))
        release.start()
        yield
        release.join()


def test_a_lock_that_is_held_for_a_moment_is_waited_for(monday: Company) -> None:
    with monday.open_store() as store, locked_for_a_moment(monday.folder / "state.db"):
        store.set_note("waited", "yes")
        assert store.note("waited") == "yes"


def test_control_without_patience_a_lock_ends_a_run_at_once(monday: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("state.engine.BUSY_TIMEOUT_SECONDS", 0)
    with (
        monday.open_store() as store,
        closing(sqlite3.connect(monday.folder / "state.db", isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateLockedError):
            monday.sync(store)
    show_control("C8", removed="the patience of a write", seen="any lock, however short, ended the run at once")
