"""The database under examination: reachable, whole, durable, and for its owner's eyes only."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from model.errors import StateError
from pipeline import doctor_postgres
from pipeline.doctor import Diagnosis, Patient, failed, ok, warning
from state.engine import parse_url, shown, sqlite_path
from state.schema import is_there
from state.store import Store

_FULL = 2
"""What ``PRAGMA synchronous`` says when every commit waits for the disk."""


def database(patient: Patient) -> Iterator[Diagnosis]:
    """Reachable, of this program's schema, undamaged, and set up so that what is stored stays stored."""
    url = parse_url(patient.url)
    if not is_there(url):
        yield warning("database", f"there is no state at {shown(url)} yet", "run driftline sync")
        return
    with Store.open(patient.url) as store:
        yield ok("database", f"{shown(url)} can be read, at schema {store.schema_version()}")
        yield from _whole(store)
        yield from _on_server(store) if store.on_postgresql else _in_file(store)
        yield ok("database", f"in use by {store.owner() or 'nobody: no daemon runs on it'}")


def _whole(store: Store) -> Iterator[Diagnosis]:
    try:
        store.verify()
    except StateError as error:
        remedy = "driftline db restore the last backup; what is there now is kept under another name"
        yield failed("database", error.summary, remedy)
    else:
        if not store.on_postgresql:
            yield ok("database", "the whole file was read and is sound")


def _in_file(store: Store) -> Iterator[Diagnosis]:
    with store.reading() as connection:
        journal = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar())
        synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar()
    if journal != "wal":
        place = "move the state to a disk of this machine: a network disk cannot share a log"
        yield failed("database", f"its journal mode is {journal}, not wal", place)
    elif synchronous != _FULL:
        yield failed("database", "commits do not wait for the disk", "please report it")
    else:
        yield ok("database", "commits are logged ahead and wait for the disk (wal, full)")


def _on_server(store: Store) -> Iterator[Diagnosis]:
    with store.reading() as connection:
        version = connection.exec_driver_sql("SHOW server_version").scalar()
        off = [
            name
            for name in ("fsync", "full_page_writes")
            if connection.exec_driver_sql(f"SHOW {name}").scalar() == "off"
        ]
    yield ok("database", f"PostgreSQL {version}")
    if off:
        yield warning(
            "database", f"{', '.join(off)} is off on the server", "switch it on: a power cut loses mails' marks"
        )


def permissions(patient: Patient) -> Iterator[Diagnosis]:
    """Who may read and write the file, and whether this user may; on a server, what our role may do."""
    url = parse_url(patient.url)
    if url.get_backend_name() != "sqlite":
        yield from doctor_postgres.permissions(url)
        return
    path = sqlite_path(url)
    folder = path.absolute().parent
    if not folder.is_dir():
        yield failed("permissions", f"there is no folder {folder}", f"mkdir -p {folder}")
        return
    found = [*_of_folder(folder), *(_of_file(path) if path.exists() else ())]
    yield from found or [ok("permissions", f"{folder} and the state in it are this user's alone to write")]


def _of_folder(folder: Path) -> Iterator[Diagnosis]:
    if not os.access(folder, os.W_OK | os.X_OK):
        yield failed("permissions", f"this user may not write to {folder}", "give it to the user that runs Driftline")
    mode = folder.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        yield warning("permissions", f"every user of this machine may write to {folder}", f"chmod o-w {folder}")


def _of_file(path: Path) -> Iterator[Diagnosis]:
    if not os.access(path, os.R_OK | os.W_OK):
        yield failed("permissions", f"this user may not write to {path}", "give it to the user that runs Driftline")
    for each in (path, path.with_name(f"{path.name}-wal")):
        if each.exists() and each.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield warning("permissions", f"others than its owner may read {each}", f"chmod 600 {each}")
