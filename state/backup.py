"""A copy of the state that was read back whole, and a copy put in the place of the state (C9, C17, C18).

What was there before is kept under another name, and nothing that waited in the backup is mailed by itself.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, delete, func, select, update

from model.deliveries import DeliveryState
from model.errors import StateError, StateLockedError, UsageError
from state import tables
from state.codec import content_hash, printable
from state.engine import open_engine, our_errors, parse_url, shown, sqlite_path, upsert
from state.lock import Ownership
from state.schema import check_revision, known_revisions, upgrade
from state.store import Store

RESTORED = "it waited in the backup that was restored, and may have gone out since"
"""Why a mail is held: what the backup did not live to see is known to nobody."""
SLOTS = "digest-slot:%"
"""The notes that tell which digest was composed last."""

_WAITING = (DeliveryState.READY, DeliveryState.SENDING, DeliveryState.UNKNOWN)
_SATELLITES = ("-wal", "-shm", "-journal")
_PATIENCE_SECONDS = 2.0
_UNCHANGED = "nothing was changed; take another backup"
_OURS = "name a file that driftline db backup has written"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restoration did: the schema of the backup, where the former state lies now (empty where there was none),
    and how many mails are held."""

    schema: str
    kept: str
    held: int


def back_up(store: Store, url: str, path: Path) -> None:
    """Write a copy of the state while it is in use, and read it back before it gets its name.

    Raise UsageError when there is a file of that name already, or where PostgreSQL's own programs are not at hand; and
    StateError when the copy cannot be written or is not whole. No half-written copy is left under that name.
    """
    if path.exists():
        raise UsageError(f"{path} exists already", hint="name a file that does not exist")
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        if store.on_postgresql:
            from state.backup_postgres import dump

            dump(url, part, path)
        else:
            store.backup(part)
            _check_file(part, str(path))
        _sync(part)
        _name(part, path)
    except OSError as error:
        raise StateError(
            f"cannot write {path}: {error.strerror}", hint="check the folder, its rights and space"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def restore(url: str, path: Path, *, now: datetime, resend: bool = False) -> Restored:
    """Put a copy in the place of the state; an older schema is brought up to this program's on the way.

    What had not been sent in the backup is held, and no digest that was due by now is composed anew, unless ``resend``
    says that nothing of it has gone out. Raise StateLockedError while somebody owns or uses the state, UsageError when
    there is no such file, and StateError when it is damaged or no state; then everything is as it was before.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}", hint=_OURS)
    parsed = parse_url(url)
    with Ownership.acquire(url, holder="driftline db restore", now=now):
        if parsed.get_backend_name() == "sqlite":
            return _restore_file(parsed, path, now, resend)
        from state.backup_postgres import load

        return load(parsed, path, now, resend)


def settle(connection: Connection, now: datetime, *, resend: bool, epoch: int = 0) -> int:
    """Let a restored state mail nothing again; give how many mails are held. An owner of before is fenced off."""
    owner, deliveries, notes = tables.owner, tables.deliveries, tables.notes
    before = connection.execute(select(func.max(owner.c.epoch))).scalar() or 0
    upsert(connection, owner, [{"id": 1, "epoch": max(before, epoch) + 1, "holder": "driftline db restore"}])
    if resend:
        return 0
    connection.execute(delete(notes).where(notes.c.key.like(SLOTS)))
    held = {"state": DeliveryState.UNKNOWN.value, "changed_at": now, "error": RESTORED}
    return connection.execute(update(deliveries).where(deliveries.c.state.in_(_WAITING)).values(held)).rowcount


def checked_revision(revision: str | None, location: str) -> str:
    """The schema of a backup; raise StateError when it is none of ours, StateMigrationError when it is newer."""
    if revision is None:
        raise StateError(
            f"{location} is no state of driftline", hint="name a file that driftline db backup has written"
        )
    if revision not in known_revisions():
        check_revision(revision, location)
    return revision


def _restore_file(url: URL, path: Path, now: datetime, resend: bool) -> Restored:
    target = sqlite_path(url)
    copy = target.with_name(f"{target.name}.restoring")
    try:
        _forget(copy)
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy(path, copy)
        revision = _check_file(copy, str(path))
        held = _prepared(url.set(database=str(copy)), now, resend)
        _sync(copy)
        kept = _set_aside(target, now)
        os.replace(copy, target)
        _sync(target.parent)
    except OSError as error:
        raise StateError(
            f"cannot restore the state: {error.strerror}", location=shown(url), hint="check the folder and its space"
        ) from error
    finally:
        with suppress(OSError):
            _forget(copy)
    return Restored(revision, str(kept) if kept else "", held)


def _forget(copy: Path) -> None:
    for suffix in ("", *_SATELLITES):
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def _copy(path: Path, copy: Path) -> None:
    """Copy page by page, with what still lies in a log beside the file; the backup itself is never written to."""
    with (
        our_errors(str(path)),
        _no_backup(path),
        closing(_read_only(path)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)


@contextmanager
def _no_backup(path: Path) -> Iterator[None]:
    """Tell of a file that cannot be read as what it is: it is not the state itself that is damaged."""
    try:
        yield
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise StateError(f"{path} is damaged, or no backup: {error}", hint=_UNCHANGED) from error


def _read_only(path: Path) -> sqlite3.Connection:
    alone = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro{alone}", uri=True)


def _check_file(path: Path, told: str) -> str:
    """Read a whole file; give its schema."""
    with our_errors(told), closing(_read_only(path)) as connection:
        said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        loose = connection.execute("PRAGMA foreign_key_check").fetchone()
        found = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if found else None
        if said == "ok" and row is not None:
            _check_contents(connection, told)
    if said != "ok" or loose is not None:
        what = said if said != "ok" else f"a row of {loose[0]} leads nowhere"
        raise StateError(f"{told} is damaged: {what}", hint=_UNCHANGED)
    return checked_revision(row[0] if row else None, told)


def _check_contents(connection: sqlite3.Connection, told: str) -> None:
    """SQLite knows when a page is broken, and not when a letter in it is another one; what records say has a hash."""
    for id_, *said in connection.execute("SELECT id, facts, facts_hash, trace, trace_hash FROM records"):
        facts, facts_hash, trace, trace_hash = said
        if content_hash(facts.encode()) != facts_hash or content_hash(trace.encode()) != trace_hash:
            raise StateError(f"{told} is damaged: the content of {printable(str(id_))}", hint=_UNCHANGED)
    for table in ("findings", "transitions"):
        if connection.execute(f"SELECT 1 FROM {table} WHERE NOT json_valid(content)").fetchone():  # noqa: S608
            raise StateError(f"{told} is damaged: the content of {table}", hint=_UNCHANGED)


def _prepared(url: URL, now: datetime, resend: bool) -> int:
    """Bring a copy to this program's schema and keep its mails back."""
    engine = open_engine(url)
    try:
        with our_errors(shown(url)):
            upgrade(engine, shown(url))
            with engine.begin() as connection:
                held = settle(connection, now, resend=resend)
    finally:
        engine.dispose()
    with our_errors(shown(url)), closing(sqlite3.connect(sqlite_path(url))) as raw:
        raw.execute("PRAGMA journal_mode = DELETE").close()  # one file, without a log beside it
    return held


def _set_aside(target: Path, now: datetime) -> Path | None:
    """Give the former file a second name; until it is replaced it keeps the first, so that there is always a state."""
    if not target.is_file() or target.stat().st_size == 0:
        return None
    _close_log(target)
    kept = _free_name(target, now)
    try:
        os.link(target, kept)
    except OSError:  # a file system without links
        shutil.copy2(target, kept)
    for suffix in _SATELLITES:
        with suppress(FileNotFoundError):
            os.replace(target.with_name(target.name + suffix), kept.with_name(kept.name + suffix))
    return kept


def _close_log(target: Path) -> None:
    """Write the log back into the file, which is possible only when nobody has it open; a damaged one is left as it
    is. A log beside another file than its own would damage that one."""
    with closing(sqlite3.connect(target, timeout=_PATIENCE_SECONDS)) as raw:
        try:
            raw.execute("PRAGMA journal_mode = DELETE").close()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                return
            raise StateLockedError(
                "another program has the state open",
                location=str(target),
                hint="end it, then restore again; nothing was changed",
            ) from error
        except sqlite3.DatabaseError:
            return


def _free_name(target: Path, now: datetime) -> Path:
    names: Iterator[str] = (
        f"{target.name}.before-{now:%Y%m%dT%H%M%SZ}{f'-{number}' if number > 1 else ''}" for number in range(1, 1000)
    )
    return next(path for name in names if not (path := target.with_name(name)).exists())


def _name(part: Path, path: Path) -> None:
    """Give a finished copy its name; raise UsageError when somebody took it meanwhile."""
    try:
        os.link(part, path)
    except FileExistsError as error:
        raise UsageError(f"{path} exists already", hint="name a file that does not exist") from error
    except OSError:  # a file system without links
        part.rename(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    with _opened(path) as handle:
        os.fsync(handle)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)
