"""Backups while a daemon writes without a pause: each is a state that there was, with all that had been acknowledged
when it began, and nothing of it is mailed again when it is restored (C18).

``DRIFTLINE_BACKUPS=100`` asks for so many rounds of backing up and restoring.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.wording import count
from scheduler import Daemon
from state.store import Store
from tests.cli.console import driftline
from tests.digest.smtp_servers import running
from tests.faults.busy_writer import held_by
from tests.faults.zygote import ROOT
from tests.pipeline.company import Company, Servers
from tests.proofs.ledger import show, show_control

pytestmark = pytest.mark.sqlite_only("a file that is copied while it is written")
ROUNDS = int(os.environ.get("DRIFTLINE_BACKUPS", "3"))
_PATIENCE_SECONDS = 60.0


@dataclass
class Writer:
    """A process that writes to the company's state, and what the state held after each of its commits."""

    database: Path
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    def held(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def go_on(self, commits: int) -> list[str]:
        """Wait until so many more commits were noted; give all of them."""
        wanted, deadline = len(self.held()) + commits, time.monotonic() + _PATIENCE_SECONDS
        while len(held := self.held()) < wanted:
            assert self.process is not None
            assert self.process.poll() is None, "the writer ended"
            assert time.monotonic() < deadline, "the writer does not go on"
            time.sleep(0.01)
        return held


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with Servers() as servers:
        company = Company(tmp_path_factory.mktemp("load") / "acme", servers)
        with running(company.mailbox) as port:
            company.settings["mail"]["smtp"]["port"] = port
            company.write()
            yield company


@pytest.fixture(scope="module")
def writer(company: Company) -> Iterator[Writer]:
    writer = Writer(company.state, company.folder.parent / "held.txt")
    command = [sys.executable, "-m", "tests.faults.busy_writer", f"sqlite:///{writer.database}", str(writer.log)]
    with subprocess.Popen(command, cwd=ROOT) as writer.process:
        try:
            writer.go_on(10)
            yield writer
        finally:
            writer.process.kill()


def elsewhere(company: Company, folder: Path) -> Path:
    """The same settings in another folder, where there is no state."""
    shutil.copytree(company.folder, folder, ignore=shutil.ignore_patterns("state.db*"))
    return folder


def restored(copy: Path, folder: Path, *options: str) -> str:
    """Put a copy in the place of the state of a folder; tell what that then holds."""
    said = driftline("db", "restore", copy, *options, folder=folder)
    assert said.code == 0, said.err
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return held_by(folder / "state.db")


def mailed(company: Company, folder: Path) -> int:
    """How many mails go out when a daemon begins on the state of a folder."""
    before = len(company.mailbox.received)
    with Store.open(f"sqlite:///{folder}/state.db") as store:
        Daemon(store, company.configuration, company.clock).tell()
    return len(company.mailbox.received) - before


def test_a_backup_under_load_is_a_state_that_there_was_and_mails_nothing_again(
    company: Company, writer: Writer, tmp_path: Path
) -> None:
    folder = elsewhere(company, tmp_path / "elsewhere")
    held = meanwhile = 0
    began = time.monotonic()
    for round_ in range(ROUNDS):
        copy = tmp_path / "copy.db"
        acknowledged = len(writer.go_on(5))
        said = driftline("db", "backup", copy, folder=company.folder)
        assert said.code == 0, said.err
        states = writer.go_on(2)
        meanwhile += len(states) - acknowledged
        found = restored(copy, folder)
        assert found in states[acknowledged - 1 :], round_
        assert mailed(company, folder) == 0, round_
        with closing(sqlite3.connect(folder / "state.db")) as connection:
            waiting = "SELECT count(*) FROM deliveries WHERE state IN ('ready', 'sending')"
            assert connection.execute(waiting).fetchone() == (0,)
            held += connection.execute("SELECT count(*) FROM deliveries WHERE state = 'unknown'").fetchone()[0]
        copy.unlink()
        for kept in folder.glob("state.db.before-*"):
            kept.unlink()
    commits, seconds = len(writer.held()), time.monotonic() - began
    show(
        "C18",
        "A backup is taken while a daemon writes without a pause, and restored: it is a state that the daemon had, "
        "with everything that had been acknowledged when the backup began, and nothing of it is mailed again.",
        reach=f"{count(ROUNDS, 'round')} of driftline db backup, driftline db restore, integrity check and the first "
        f"minute of a daemon; {commits / seconds:,.0f} commits a second",
        seen=f"{ROUNDS} of {ROUNDS} equal a state of the writer, with {count(meanwhile, 'commit')} made while they "
        f"were taken; 0 mails went out again, {count(held, 'mail')} that waited held for somebody to decide",
        database="SQLite",
    )


def test_control_a_plain_copy_lacks_what_was_acknowledged_and_without_the_hold_mails_go_out_again(
    company: Company, writer: Writer, tmp_path: Path
) -> None:
    folder, copy = elsewhere(company, tmp_path / "elsewhere"), tmp_path / "copy.db"
    acknowledged = writer.go_on(5)
    shutil.copyfile(writer.database, copy)
    try:
        found = restored(copy, folder)
    except AssertionError:
        found = "damaged"
    assert found not in writer.go_on(2)[len(acknowledged) - 1 :]
    copy.unlink()
    assert driftline("db", "backup", copy, folder=company.folder).code == 0
    restored(copy, folder, "--resend")
    again = mailed(company, folder)
    assert again
    show_control(
        "C18",
        removed="first that the copy is taken in one transaction, then that waiting mails are held",
        seen="a plain copy of the file lacks commits that were acknowledged before it; "
        f"{count(again, 'mail')} went out again",
    )
