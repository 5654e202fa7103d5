"""Copies of a state in PostgreSQL, by PostgreSQL's own programs; put back in one transaction."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import URL, Connection, Engine, func, inspect, select, text

from model.errors import StateError, UsageError
from state import tables
from state.backup import Restored, checked_revision, settle
from state.engine import open_engine, our_errors, parse_url, shown
from state.queue import SCHEMA as QUEUE
from state.schema import current_revision, upgrade

KEPT = "driftline_before_"
"""How the schemas begin that hold what was there before a restoration."""

_COPY = re.compile(rb"COPY .* FROM stdin;\s*$")
_END_OF_COPY = b"\\.\n"
_FORM = (
    *("--format=custom", "--no-owner", "--no-privileges"),
    *(f"--exclude-schema={KEPT}*", f"--exclude-schema={QUEUE}"),  # what is in the queue follows from the state
)
_PATIENCE = "5s"


def dump_command(url: URL, path: Path) -> list[str]:
    """The words that write a copy, without any password: ``PGPASSWORD`` or ``~/.pgpass`` holds that."""
    return ["pg_dump", *_FORM, f"--file={path}", f"--dbname={_without_password(url)}"]


def dump(url: str, part: Path, path: Path) -> None:
    """Write a copy with pg_dump and read it back whole; raise UsageError with the very command where it is missing."""
    parsed = parse_url(url)
    if shutil.which("pg_dump") is None or shutil.which("pg_restore") is None:
        raise UsageError(
            "a state in PostgreSQL is copied by pg_dump, which is not here",
            hint=f"install PostgreSQL's client programs, or run elsewhere: {shlex.join(dump_command(parsed, path))}",
        )
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    _run(dump_command(parsed, part), parsed)
    _run(["pg_restore", f"--file={os.devnull}", str(part)], parsed)


def load(url: URL, path: Path, now: datetime, resend: bool) -> Restored:
    """Put a copy in the place of the state; what was there moves to a schema of its own. All of it or nothing."""
    if shutil.which("pg_restore") is None:
        raise UsageError("a copy of PostgreSQL is read by pg_restore, which is not here", hint="install its programs")
    engine = open_engine(url)
    try:
        with our_errors(shown(url)):
            restored, older = _loaded(engine, url, path, now, resend)
            if older:
                upgrade(engine, shown(url))
    finally:
        engine.dispose()
    return restored


def _loaded(engine: Engine, url: URL, path: Path, now: datetime, resend: bool) -> tuple[Restored, bool]:
    from state.schema import HEAD

    with _script(path) as lines, engine.begin() as connection:
        connection.execute(text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
        epoch, kept = _moved_aside(connection, now)
        search_path = connection.execute(text("SHOW search_path")).scalar()
        _execute(connection, lines, str(path))
        connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": search_path})
        revision = checked_revision(current_revision(connection), str(path))
        held = settle(connection, now, resend=resend, epoch=epoch)
    return Restored(revision, kept, held), revision != HEAD


def _moved_aside(connection: Connection, now: datetime) -> tuple[int, str]:
    """Move our tables, with all that belongs to them, into a schema of their own; give the last owner's epoch."""
    there = [name for name in [*tables.metadata.tables, "alembic_version"] if inspect(connection).has_table(name)]
    if not there:
        return 0, ""
    epoch = connection.execute(select(func.max(tables.owner.c.epoch))).scalar() if "owner" in there else 0
    schemas = set(inspect(connection).get_schema_names())
    names = (f"{KEPT}{now:%Y%m%dt%H%M%Sz}{f'_{number}' if number > 1 else ''}" for number in range(1, 1000))
    kept = next(name for name in names if name not in schemas)
    connection.execute(text(f"CREATE SCHEMA {kept}"))
    for name in there:
        connection.execute(text(f"ALTER TABLE {name} SET SCHEMA {kept}"))
    guards = text(
        "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND proname = ANY(:names)"
    )
    known_guards = [f"{table}_only_added" for table in tables.metadata.tables]
    for name in connection.execute(guards, {"names": known_guards}).scalars().all():
        connection.execute(text(f"ALTER FUNCTION {name}() SET SCHEMA {kept}"))
    return epoch or 0, kept


@contextmanager
def _script(path: Path) -> Iterator[Iterable[bytes]]:
    """What pg_restore makes of a copy, line by line; raise StateError at the end when it could not read all of it."""
    command = ["pg_restore", "--no-owner", "--no-privileges", "--file=-", str(path)]
    with subprocess.Popen(  # noqa: S603 - no shell; the words are ours but for a file's name
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            yield _lines(process, process.stdout, path)
        finally:
            process.kill()


def _lines(process: "subprocess.Popen[bytes]", stdout: IO[bytes], path: Path) -> Iterator[bytes]:
    yield from stdout
    assert process.stderr is not None
    said = process.stderr.read().decode(errors="replace").strip()
    if process.wait() != 0:
        raise StateError(f"{path} cannot be read: {_first(said)}", hint="nothing was changed; take another backup")


def _execute(connection: Connection, lines: Iterable[bytes], location: str) -> None:
    """Run a script of statements and rows within the transaction."""
    import psycopg

    raw: Any = connection.connection.driver_connection
    waiting: list[bytes] = []
    source = iter(lines)
    try:
        with raw.cursor() as cursor:
            for line in source:
                if line.startswith(b"\\"):  # a word to psql
                    continue
                if not _COPY.match(line):
                    waiting.append(line)
                    continue
                cursor.execute(b"".join(waiting))
                waiting.clear()
                with cursor.copy(line.rstrip().removesuffix(b";")) as rows:
                    for row in iter(source.__next__, _END_OF_COPY):
                        rows.write(row)
            if waiting:
                cursor.execute(b"".join(waiting))
    except psycopg.Error as error:
        said = _first(str(error))
        raise StateError(f"{location} cannot be restored: {said}", hint="nothing was changed") from error


def _run(command: list[str], url: URL) -> None:
    environment = dict(os.environ)
    password = url.password or url.query.get("password")
    if isinstance(password, str):
        environment["PGPASSWORD"] = password
    done = subprocess.run(  # noqa: S603 - no shell; the words are ours but for a file's name and the url
        command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False
    )
    if done.returncode != 0:
        said = _first(done.stderr.decode(errors="replace"))
        raise StateError(f"{command[0]} failed: {said}", location=shown(url), hint="no copy was kept")


def _without_password(url: URL) -> str:
    bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database)
    query = {name: value for name, value in url.query.items() if name != "password"}
    return bare.set(query=query).render_as_string(hide_password=False)


def _first(said: str) -> str:
    return next((line for line in said.strip().splitlines() if line.strip()), "no reason was given")
