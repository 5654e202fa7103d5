"""A PostgreSQL server of our own for the tests: a free port, a temporary folder, an unprivileged user."""

import getpass
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.ports import free_port

ENOUGH_BYTES = 8 << 30
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""For what is thrown away."""
START_SECONDS = 60.0


def find_binaries() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, or None where PostgreSQL is not installed."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


@dataclass
class Server:
    """A server that can die and be started again, with its data and at its address."""

    binaries: Path
    folder: Path
    port: int
    options: Sequence[str]
    user: str | None
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """The url of its first database."""
        return f"postgresql+psycopg://driftline@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it and wait until it answers. After a death it refuses to start while a process of the former one is
        still ending, so it is tried again."""
        deadline = time.monotonic() + START_SECONDS
        while not self._started(deadline):
            time.sleep(0.2)

    def _started(self, deadline: float) -> bool:
        self._process = _start(self.binaries, self.folder, self.port, self.user, self.options)
        while True:
            try:
                connect(self.url).close()
                return True
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                if self._process.poll() is not None:
                    return False
                time.sleep(0.05)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def wait(self) -> None:
        """Wait until it has died."""
        assert self._process is not None
        self._process.wait(timeout=START_SECONDS)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT in order, SIGQUIT as ``pg_ctl stop -m immediate`` does, SIGKILL without a word."""
        if self._process is not None:
            self._process.send_signal(how)
            self.wait()


@contextmanager
def running_server(binaries: Path) -> Iterator[str]:
    """Start a server, give the url of its first database and stop it cleanly."""
    with a_server(binaries, QUICK) as server:
        server.start()
        yield server.url


@contextmanager
def a_server(binaries: Path, options: Sequence[str]) -> Iterator[Server]:
    """A server that is not started yet, with a folder of its own."""
    user = _unprivileged_user()
    folder = Path(tempfile.mkdtemp(prefix="driftline-postgres-", dir=_quick_folder()))
    try:
        if user:
            account = pwd.getpwnam(user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        _initialise(binaries, folder, user)
        server = Server(binaries, folder, free_port(), (*options, "unix_socket_directories="), user)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _quick_folder() -> str | None:
    """In memory, where the machine has a folder there and room in it: each database is copied from another."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ENOUGH_BYTES
    return str(memory) if roomy else None


def connect(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    """A plain connection, for what tests do behind the store's back."""
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root; None means that we are an ordinary user already."""
    if os.geteuid() != 0:
        return None
    names = {account.pw_name for account in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _as_user(user: str | None) -> dict[str, object]:
    if user is None or user == getpass.getuser():
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _initialise(binaries: Path, folder: Path, user: str | None) -> None:
    choices = ("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
    subprocess.run(
        [binaries / "initdb", "-D", folder / "data", "-U", "driftline", *choices],
        check=True,
        capture_output=True,
        cwd=folder,
        **_as_user(user),
    )


def _start(
    binaries: Path, folder: Path, port: int, user: str | None, wanted: Sequence[str]
) -> "subprocess.Popen[bytes]":
    options = [part for option in wanted for part in ("-c", option)]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", "-h", "127.0.0.1", "-p", str(port), *options],
            stdout=log,
            stderr=log,
            cwd=folder,
            **_as_user(user),
        )
