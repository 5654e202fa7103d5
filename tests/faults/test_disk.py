"""What becomes of the state when the disk is full, read-only or damaged, or the file is locked (C6, C7, C8, C9)."""

import os
import random
import re
import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import event
from structlog.testing import capture_logs

from model.deliveries import DeliveryState
from model.errors import StateError, StateLockedError
from scheduler import Daemon
from state.backup import back_up, restore
from state.schema import HEAD
from state.store import Store, left_open
from tests.cli.console import driftline
from tests.faults.oracle import picture
from tests.pipeline.company import Company, Servers
from tests.state.test_backup import filled
from tests.state.test_findings import opened, tracked
from tests.state.test_outbox import mail
from tests.state.worlds import DAY_3, item, save

FLIPS = max(30, int(os.environ.get("DRIFTLINE_KILLS", "0")))


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
    for pages in (0, 3, 9):
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
        finally:
            del monday.settings["state"]
            monday.write()


def test_a_daemon_whose_disk_becomes_read_only_tries_once_a_minute_and_recovers(monday: Company) -> None:
    """C7: a tick every five seconds must not become a line in the log every five seconds."""
    with monday.open_store() as store:
        [row] = store.add_deliveries([mail("waits", created_at=monday.now)])
        now = monday.now
        daemon = Daemon(store, monday.configuration, lambda: now)
        with not_writable(store), capture_logs() as lines:
            for tick in range(24):
                now = monday.now + timedelta(seconds=5 * tick)
                daemon.tell()
        failures = [line for line in lines if line["event"] == "job.failed" and line["job"] == "deliveries"]
        assert 1 <= len(failures) <= 3
        assert all("readonly" in line["error"] for line in failures)
        now += timedelta(minutes=10)
        with mail_server(monday):
            daemon.tell()
        assert [each.state for each in store.deliveries() if each.id == row.id] == [DeliveryState.SENT]


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


def sound(folder: Path) -> Path:
    path = folder / "sound.db"
    with Store.open(f"sqlite:///{path}") as store:
        save(store, *(item(str(number), title=f"Work {number}") for number in range(60)))
        filled(store)
        lives = [tracked(f"crm:{number}") for number in range(5)]
        store.save_findings(1, lives, [opened(life) for life in lives])
    return path


def test_a_backup_with_a_flipped_bit_is_refused_or_says_what_it_said(tmp_path: Path) -> None:
    """C9, at random places: it never ends in an error of ours, and no record ever says something else."""
    content = sound(tmp_path).read_bytes()
    random_ = random.Random(9)
    told: Counter[str] = Counter()
    reasons: set[str] = set()
    for number in range(FLIPS):
        flipped = bytearray(content)
        flipped[random_.randrange(len(flipped))] ^= 1 << random_.randrange(8)
        (tmp_path / "copy.db").write_bytes(flipped)
        url = f"sqlite:///{tmp_path}/{number}.db"
        try:
            restore(url, tmp_path / "copy.db", now=DAY_3, resend=True)
        except StateError as error:
            told["refused"] += 1
            reasons.add(error.summary)
            assert not (tmp_path / f"{number}.db").exists()
            continue
        with closing(sqlite3.connect(tmp_path / "sound.db")) as one, closing(sqlite3.connect(url[10:])) as other:
            for query in ("SELECT facts, trace FROM records ORDER BY id", "SELECT count(*) FROM transitions"):
                assert one.execute(query).fetchall() == other.execute(query).fetchall(), number
        told["taken"] += 1
    assert min(told["refused"], told["taken"]) >= 3
    assert [said for said in reasons if not re.search("damaged|newer|refused|cannot open", said)] == []


def test_without_the_hashes_a_flipped_letter_would_go_unnoticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: SQLite's own check finds nothing wrong with it."""
    content = sound(tmp_path).read_bytes()
    (tmp_path / "copy.db").write_bytes(content.replace(b'"title":"Work 7"', b'"title":"Work 8"'))
    with pytest.raises(StateError, match="damaged: the content of jira:7"):
        restore(f"sqlite:///{tmp_path}/new.db", tmp_path / "copy.db", now=DAY_3)
    monkeypatch.setattr("state.backup._check_contents", lambda *_: None)
    assert restore(f"sqlite:///{tmp_path}/new.db", tmp_path / "copy.db", now=DAY_3).schema == HEAD


def test_a_damaged_state_is_refused_when_it_is_read_and_not_backed_up(tmp_path: Path) -> None:
    path = sound(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"title":"Work 7"', b'"title":Work 07"'))
    url = f"sqlite:///{path}"
    with Store.open(url) as store:
        with pytest.raises(StateError, match="the state is damaged: a stored record cannot be read"):
            store.find("jira:7")
        with pytest.raises(StateError, match="damaged"):
            back_up(store, url, tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()


def test_a_state_that_was_not_closed_is_known_by_its_log(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    assert not left_open(url)
    with Store.open(url) as store:
        save(store, item("1"))
        assert left_open(url)
    assert not left_open(url)
    assert not left_open("postgresql://host/name")
