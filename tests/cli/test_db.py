"""``driftline db``: where the state lies, a copy of it, and no surprise with a schema of another version."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.world import Meridian
from state.schema import HEAD
from tests.cli.console import driftline
from tests.state.postgres import find_binaries, running_server


def test_the_status_tells_place_schema_and_owner(tuesday: Meridian):
    said = driftline("db", "status", folder=tuesday.folder)
    assert said.out == f"sqlite:///{tuesday.folder}/state/driftline.db at schema {HEAD}, owned by nobody\n"
    told = driftline("db", "status", "--json", folder=tuesday.folder).json
    assert set(told) == {"url", "schema", "owner"}


def test_without_a_state_the_status_says_so_and_makes_none(unread: Path):
    said = driftline("db", "status", folder=unread)
    assert said.code == 0
    assert "does not exist yet: nothing was read yet; run driftline sync" in said.out
    assert driftline("db", "status", "--json", folder=unread).json["schema"] is None
    assert list((unread / "state").iterdir()) == []


def test_an_upgrade_makes_the_schema_and_can_be_repeated(unread: Path):
    for _ in range(2):
        said = driftline("db", "upgrade", folder=unread)
        assert (said.code, said.out) == (0, f"the schema is at {HEAD}\n")


def test_a_backup_is_a_state_that_can_be_read(copy: Path):
    backup = copy / "backup.db"
    said = driftline("db", "backup", backup, folder=copy)
    assert (said.code, said.out, said.err) == (0, "", f"wrote {backup}\n")
    (copy / "state" / "driftline.db").unlink()
    for leftover in (copy / "state").glob("driftline.db-*"):
        leftover.unlink()
    backup.rename(copy / "state" / "driftline.db")
    assert "20 findings" in driftline("findings", folder=copy).out


def test_a_backup_never_replaces_a_file_and_needs_a_state(copy: Path, unread: Path):
    said = driftline("db", "backup", unread / "driftline.yaml", folder=unread)
    assert said.code == 2
    assert "nothing to back up" in said.err
    driftline("db", "upgrade", folder=unread)
    taken = driftline("db", "backup", unread / "driftline.yaml", folder=unread)
    assert taken.code == 2
    assert "exists already" in taken.err
    assert (unread / "driftline.yaml").read_text("utf-8").startswith("#")


def test_a_state_of_a_newer_program_is_refused_and_left_as_it_is(copy: Path):
    path = copy / "state" / "driftline.db"
    _execute(path, "UPDATE alembic_version SET version_num = '9999'")
    for command in (("findings",), ("status",), ("sync",), ("db", "upgrade"), ("show", "M-201")):
        said = driftline(*command, folder=copy)
        assert (said.code, said.out) == (2, ""), command
        assert "9999, which is newer than this program" in said.err
        assert "hint: " in said.err
    assert _execute(path, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_in_postgresql_looking_makes_nothing_and_its_password_is_taken_from_its_reference(
    unread: Path, changed: Callable[[Path, str, str], None]
):
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL on this machine (initdb and postgres in PATH or /usr/lib/postgresql/*/bin)")
    (unread / "secrets" / "state").write_text("p@ss/word", encoding="utf-8")
    (unread / "secrets" / "state").chmod(0o600)
    with running_server(binaries) as url:
        named = f"url: {url}\n  password: file:secrets/state"
        changed(unread / "driftline.yaml", "url: sqlite:///state/driftline.db", named)
        assert "nothing was read yet" in driftline("findings", folder=unread).err
        assert driftline("db", "status", "--json", folder=unread).json == {"url": url, "schema": None, "owner": None}
        assert driftline("sync", folder=unread).code == 0
        assert "20 findings" in driftline("findings", folder=unread).out
        assert driftline("show", "AUR-118", folder=unread).code == 0
        assert driftline("db", "backup", unread / "copy.db", folder=unread).code == 2
        (unread / "secrets" / "state").unlink()
        locked = driftline("status", folder=unread)
    assert locked.code == 2
    assert "--> state.password" in locked.err
    assert "p@ss" not in locked.err


def _execute(path: Path, statement: str) -> list[tuple[str]]:
    connection = sqlite3.connect(path)
    try:
        with connection:
            return connection.execute(statement).fetchall()
    finally:
        connection.close()
