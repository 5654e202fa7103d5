"""A PostgreSQL server of our own for the tests: a free port, a temporary folder, an unprivileged user."""

import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

SERVER_OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "unix_socket_directories=")


def find_binaries() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, or None where PostgreSQL is not installed."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return None


@contextmanager
def running_server(binaries: Path) -> Iterator[str]:
    """Start a server, give the url of its first database and stop it cleanly."""
    user = _unprivileged_user()
    folder = Path(tempfile.mkdtemp(prefix="driftline-postgres-"))
    try:
        if user:
            account = pwd.getpwnam(user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        _initialise(binaries, folder, user)
        port = _free_port()
        server = _start(binaries, folder, port, user)
        try:
            url = f"postgresql+psycopg://driftline@127.0.0.1:{port}/postgres"
            _wait_until_ready(url, server, folder)
            yield url
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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


def _start(binaries: Path, folder: Path, port: int, user: str | None) -> "subprocess.Popen[bytes]":
    options = [part for option in SERVER_OPTIONS for part in ("-c", option)]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", "-h", "127.0.0.1", "-p", str(port), *options],
            stdout=log,
            stderr=log,
            cwd=folder,
            **_as_user(user),
        )


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_until_ready(url: str, server: "subprocess.Popen[bytes]", folder: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            connect(url).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "log").read_text()) from None
            time.sleep(0.05)
