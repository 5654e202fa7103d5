"""The store: everything Driftline keeps, behind one door. It speaks the values of ``model`` and never shows a row."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from sqlalchemy import Engine

from model.errors import StateError, UsageError
from state.claims import Claims
from state.engine import create_sqlite_file, open_engine, our_errors, parse_url, shown, sqlite_path
from state.faults import Fault, count
from state.findings import Findings
from state.links import Links
from state.lock import current_owner
from state.mappings import Mappings
from state.measures import MeasuresKept
from state.notes import Notes
from state.outbox import Outbox
from state.reading import Reading
from state.records import Records
from state.requests import Requests
from state.rounds import Rounds
from state.runs import Runs
from state.schema import HEAD, check_revision, create, current_revision, is_empty, known_revisions, upgrade
from state.shards import Shards
from state.trust import Trust
from state.view import StoreView


class Store(
    Runs,
    Reading,
    Trust,
    Records,
    Links,
    Findings,
    Outbox,
    Notes,
    Mappings,
    MeasuresKept,
    Claims,
    Rounds,
    Requests,
    Shards,
):
    """An opened state database. May be used from several threads; every call is one transaction of its own."""

    @classmethod
    def open(cls, url: str, *, migrate: bool = False, older: bool = False) -> "Store":
        """Open the state; make it where there is none yet (an SQLite file in a folder that exists, an empty database).

        Raise ConfigurationError for a url that names no database we know, StateMigrationError when the schema is
        older (unless ``migrate``, or ``older``: then it is only to be copied, or told of) or newer, and StateError when
        it is damaged or cannot be opened.
        """
        parsed = parse_url(url)
        location = shown(parsed)
        if parsed.get_backend_name() == "sqlite" and not sqlite_path(parsed).is_file():
            create_sqlite_file(parsed)
        engine = open_engine(parsed)
        try:
            _check_schema(engine, location, migrate, older)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, location)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def owner(self) -> str | None:
        """Who owns the state at this moment: process, host, since when and what it runs."""
        return current_owner(self)

    def schema_version(self) -> str:
        """The revision of the stored schema."""
        with self.reading() as connection:
            return current_revision(connection) or ""

    @contextmanager
    def view(self, *, objective_ids: Iterable[str] = ()) -> Iterator[StoreView]:
        """One consistent picture for the reconciler; needs may mean one of ``objective_ids`` as well as a record."""
        with self.reading() as connection:
            yield StoreView(connection, objective_ids)

    def backup(self, path: Path) -> None:
        """Copy an SQLite state while it is in use (C18); raise UsageError for PostgreSQL or an existing file."""
        if self.on_postgresql:
            raise UsageError("a state in PostgreSQL is not copied by driftline", hint="use pg_dump")
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError as error:
            raise UsageError(f"{path} exists already", hint="name a file that does not exist") from error
        except OSError as error:
            raise StateError(f"cannot write {path}: {error.strerror}", location=self.shown_url) from error
        with our_errors(self.shown_url), self.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("VACUUM INTO ?", (str(path),)).close()

    def verify(self) -> None:
        """Read the whole SQLite file for damage; raise StateError when there is some (C9)."""
        if self.on_postgresql:
            return
        with self.reading() as connection:
            said = connection.exec_driver_sql("PRAGMA quick_check").scalar()
        if said != "ok":
            count(Fault.DAMAGED)
            raise StateError(f"the state is damaged: {said}", location=self.shown_url, hint="restore the last backup")


def left_open(url: str) -> bool:
    """Whether an SQLite state was not closed in order, or is open now: its log lies beside it. To be asked before the
    state is opened."""
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite":
        return False
    path = sqlite_path(parsed)
    return path.with_name(f"{path.name}-wal").exists()


def _check_schema(engine: Engine, location: str, migrate: bool, older: bool) -> None:
    with our_errors(location):
        with engine.connect() as connection:
            revision = current_revision(connection)
            made_now = revision is None and is_empty(connection)
        if migrate:
            upgrade(engine, location)
        elif made_now:
            create(engine, location)
        elif not (older and revision != HEAD and revision in known_revisions()):
            check_revision(revision, location)
