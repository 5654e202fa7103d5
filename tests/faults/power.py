"""A disk that can lose its power: it keeps a journal of what SQLite wrote and synced, and tells what may be left of it.

The store runs unchanged on it, with its own pragmas, on the SQLite that comes with apsw. Until a file is synced the
disk may keep each sector of what was written to it, drop it, tear it or fill it with anything, whatever was written
later; a file that was made or removed may still be missing or there until its folder is synced.
"""

import hashlib
import random
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import apsw

SECTOR = 512
_VOLATILE = "-shm"
_LOGS = ("-wal", "-journal")
_PATIENCE_MS = 15_000


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was asked of the disk: write, truncate, sync, make or remove."""

    what: str
    name: str
    offset: int = 0
    content: bytes = b""


@dataclass
class Journal:
    """What was asked of the disk, and after how much of it a commit had been acknowledged, leaving which content."""

    events: list[Event] = field(default_factory=list)
    commits: list[tuple[int, str]] = field(default_factory=list)
    there: set[str] = field(default_factory=set)

    def acknowledge(self, content: str) -> None:
        """A commit has returned; one that changed nothing is none."""
        if not self.commits or self.commits[-1][1] != content:
            self.commits.append((len(self.events), content))


class _File(apsw.VFSFile):
    def __init__(self, vfs: "_Disk", name: Any, flags: list[int]) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(path or "").name
        self._journal = vfs.journal
        super().__init__("", name, flags)
        if self._name not in self._journal.there:
            self._journal.there.add(self._name)
            self._journal.events.append(Event("make", self._name))

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._journal.events.append(Event("write", self._name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._journal.events.append(Event("truncate", self._name, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._journal.events.append(Event("sync", self._name))


class _Disk(apsw.VFS):
    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.vfs_name = f"power-{id(self)}"
        super().__init__(self.vfs_name, "")

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.journal.there.discard(Path(filename).name)
        self.journal.events.append(Event("remove", Path(filename).name))


@contextmanager
def recorded() -> Iterator[Journal]:
    """Let every store that is opened here write to such a disk; one thread at a time may write."""
    from state import engine

    journal = Journal()
    disk = _Disk(journal)
    module = _Module(disk)
    real = engine.create_engine

    def create_engine(url: Any, **options: Any) -> Any:
        return real(url, module=module, **options)

    with patch.object(engine, "create_engine", create_engine):
        yield journal
    disk.unregister()


# SQLAlchemy speaks to SQLite by the module of the standard library; this is the part of it that is needed, on apsw.


class _Module:
    """What SQLAlchemy takes for the module ``sqlite3``."""

    paramstyle = "qmark"
    threadsafety = 1
    sqlite_version_info = tuple(map(int, apsw.sqlite_lib_version().split(".")))
    sqlite_version = apsw.sqlite_lib_version()
    PARSE_COLNAMES, PARSE_DECLTYPES, Binary = 0, 0, bytes
    Error, DatabaseError, OperationalError = sqlite3.Error, sqlite3.DatabaseError, sqlite3.OperationalError
    IntegrityError, InterfaceError, ProgrammingError = (
        sqlite3.IntegrityError,
        sqlite3.InterfaceError,
        sqlite3.ProgrammingError,
    )
    DataError, InternalError, NotSupportedError = sqlite3.DataError, sqlite3.InternalError, sqlite3.NotSupportedError

    def __init__(self, disk: _Disk) -> None:
        self._disk = disk

    def connect(self, path: str, **_options: Any) -> "_Connection":
        return _Connection(apsw.Connection(path, vfs=self._disk.vfs_name), self._disk.journal)


class _Connection:
    isolation_level: str | None = ""

    def __init__(self, real: apsw.Connection, journal: Journal) -> None:
        self._real, self._journal = real, journal
        real.set_busy_timeout(_PATIENCE_MS)

    def cursor(self) -> "_Cursor":
        return _Cursor(self._real)

    def execute(self, statement: str, values: Sequence[Any] = ()) -> "_Cursor":
        return self.cursor().execute(statement, values)

    def commit(self) -> None:
        if self._real.in_transaction:
            self._real.execute("COMMIT")
            self._journal.acknowledge(content_of(self._real.execute))

    def rollback(self) -> None:
        if self._real.in_transaction:
            self._real.execute("ROLLBACK")

    def close(self) -> None:
        self._real.close()

    def create_function(self, name: str, count: int, function: Any, deterministic: bool = False) -> None:
        self._real.create_scalar_function(name, function, count, deterministic=deterministic)


class _Cursor:
    arraysize = 1

    def __init__(self, real: apsw.Connection) -> None:
        self._real = real
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1

    @property
    def lastrowid(self) -> int:
        return self._real.last_insert_rowid()

    def execute(self, statement: str, values: Sequence[Any] = ()) -> "_Cursor":
        self.description = None
        before = self._real.total_changes()
        self._rows = self._run(statement, tuple(values))
        self.rowcount = self._real.total_changes() - before
        return self

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> "_Cursor":
        before = self._real.total_changes()
        for values in rows:
            self._run(statement, tuple(values))
        self.rowcount = self._real.total_changes() - before
        return self

    def _run(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        cursor = self._real.cursor()

        def describe(running: apsw.Cursor, _statement: str, _values: Any) -> bool:
            self.description = [(name, *[None] * 6) for name, *_ in running.get_description()] or None
            return True

        cursor.exec_trace = describe
        return list(cursor.execute(statement, values))

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int = 1) -> list[Any]:
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    def fetchall(self) -> list[Any]:
        taken, self._rows = self._rows, []
        return taken

    def close(self) -> None:
        self._rows = []


def content_of(execute: Any) -> str:
    """A name for everything that a database holds; empty for one without a table."""
    tables = [row[0] for row in execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    if not tables:
        return ""
    told = hashlib.sha256()
    for table in tables:
        told.update(table.encode())
        for row in execute(f'SELECT * FROM "{table}"'):
            told.update(repr(tuple(row)).encode("utf-8", "replace"))
    return told.hexdigest()


@dataclass
class _Inode:
    """The content of a file: what is safe, and what was asked for since."""

    safe: bytearray = field(default_factory=bytearray)
    pending: list[Event] = field(default_factory=list)
    new: bool = True

    def settle(self) -> None:
        for event in self.pending:
            _apply(self.safe, event)
        self.pending.clear()

    def after_a_cut(self, chance: random.Random) -> bytes:
        """What may be found: of what was not synced anything may be missing."""
        content = bytearray(self.safe)
        kept = chance.choice((0.0, 0.5, 0.9, 1.0))
        for event in self.pending:
            for piece in _sectors(event):
                if chance.random() < kept:
                    _apply(content, piece)
                elif piece.what == "write" and chance.random() < 0.3:
                    _apply(content, _torn(piece, chance))
        return bytes(content)


def _sectors(event: Event) -> Iterator[Event]:
    """A write, cut where the sectors of the disk end."""
    if event.what != "write":
        yield event
        return
    start = 0
    while start < len(event.content):
        end = min(len(event.content), start + SECTOR - (event.offset + start) % SECTOR)
        yield Event("write", event.name, event.offset + start, event.content[start:end])
        start = end


def _torn(piece: Event, chance: random.Random) -> Event:
    """Only the beginning of a sector, or anything in its place."""
    if chance.random() < 0.5:
        return Event("write", piece.name, piece.offset, piece.content[: chance.randrange(len(piece.content))])
    return Event("write", piece.name, piece.offset, chance.randbytes(len(piece.content)))


def _apply(content: bytearray, event: Event) -> None:
    if event.what == "truncate":
        del content[event.offset :]
        content.extend(bytes(event.offset - len(content)))
        return
    if len(content) < event.offset:
        content.extend(bytes(event.offset - len(content)))
    content[event.offset : event.offset + len(event.content)] = event.content


class Platter:
    """The disk at one moment of a journal. Each name has a history: what was last known to be there, and what since."""

    def __init__(self) -> None:
        self._names: dict[str, list[_Inode | None]] = {}

    def take(self, event: Event) -> None:
        """Let one more thing of the journal have been asked."""
        if event.name.endswith(_VOLATILE):
            return
        history = self._names.setdefault(event.name, [None])
        if event.what == "make":
            history.append(_Inode())
        elif event.what == "remove":
            history.append(None)
        elif (inode := history[-1]) is not None:
            if event.what == "sync":
                inode.settle()
                # With the first sync of a new log SQLite syncs the folder too, and with it what happened to all names.
                if inode.new and event.name.endswith(_LOGS):
                    for each in self._names.values():
                        del each[:-1]
                inode.new = False
            else:
                inode.pending.append(event)

    def cut(self, folder: Path, chance: random.Random) -> None:
        """The power goes: write what is found afterwards into a folder."""
        for path in folder.iterdir():
            path.unlink()
        for name, history in self._names.items():
            inode = chance.choice(history)
            if inode is not None:
                (folder / name).write_bytes(inode.after_a_cut(chance))


@dataclass
class Losses:
    """What many cuts of the power did: how many lost an acknowledged commit, and how many left a damaged file."""

    cuts: int = 0
    lost: int = 0
    corrupt: int = 0
    in_flight: int = 0
    """After these the commit that had not returned yet was there, whole."""


def cut_often(journal: Journal, folder: Path, name: str, cuts: int, seed: int) -> Losses:
    """Cut the power at random moments of a journal and read what is left with the SQLite of the program."""
    chance = random.Random(seed)
    folder.mkdir()
    platter, losses, taken = Platter(), Losses(), 0
    for moment in sorted(chance.randrange(len(journal.events) + 1) for _ in range(cuts)):
        for event in journal.events[taken:moment]:
            platter.take(event)
        taken = moment
        platter.cut(folder, chance)
        losses.cuts += 1
        acknowledged = sum(position <= moment for position, _ in journal.commits)
        contents = ["", *(content for _, content in journal.commits)]
        found = _found(folder / name)
        if found is None or found not in contents:
            losses.corrupt += 1
        elif found == contents[acknowledged]:
            continue
        elif acknowledged + 1 < len(contents) and found == contents[acknowledged + 1]:
            losses.in_flight += 1
        else:
            losses.lost += 1
    return losses


def _found(database: Path) -> str | None:
    """What the next start finds; None when it is damaged."""
    if not database.exists():
        return ""
    try:
        with closing(sqlite3.connect(database)) as connection:
            sound = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return content_of(connection.execute) if sound else None
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return None
