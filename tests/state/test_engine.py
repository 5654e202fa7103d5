"""How databases are opened, refused and shown."""

import sqlite3
import stat
import threading
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, insert, select, text

from model.errors import ConfigurationError, StateError, StateLockedError
from model.records import Absence
from state import engine, tables
from state.engine import parse_url, shown
from state.store import Store
from tests.databases import in_postgresql
from tests.state.postgres import connect


@pytest.mark.sqlite_only("the pragmas of its connections")
def test_every_sqlite_connection_is_durable_and_checks_its_references(sqlite_store: Store) -> None:
    """C4: FULL is 2; NORMAL loses acknowledged commits when the power fails."""
    connections = [sqlite_store.engine.connect() for _ in range(4)]
    try:
        for connection in connections:
            pragmas = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("synchronous", "foreign_keys", "journal_mode", "busy_timeout")
            ]
            assert pragmas == [2, 1, "wal", 15000]
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.sqlite_only("the pragmas of its connections")
def test_a_connection_of_another_thread_has_the_pragmas_too(sqlite_store: Store) -> None:
    seen = []

    def look() -> None:
        with sqlite_store.engine.connect() as connection:
            seen.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())

    with sqlite_store.engine.connect():
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == [2]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:///some/state.db", "sqlite:///some/state.db"),
        ("postgresql://ann:hunter2@db/prod?sslkey=k&password=hunter2", "postgresql+psycopg://ann:***@db/prod"),
        ("postgres://db/prod", "postgresql+psycopg://db/prod"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, name: str) -> None:
    assert shown(parse_url(url)) == name


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("hunter2", "state.url is not a database url"),
        ("mysql://ann:hunter2@db/prod", "state.url names mysql"),
        ("sqlite://", "state.url names no file"),
        ("sqlite:///:memory:", "state.url names no file"),
    ],
)
def test_a_url_that_is_no_state_is_refused_without_repeating_it(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Store.open(url)
    assert refused.value.summary == message
    assert refused.value.problems[0].hint
    assert "hunter2" not in str(refused.value)


@pytest.mark.sqlite_only("the rights of its file")
def test_a_new_state_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    Store.open(f"sqlite:///{path}").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot create the state: No such file or directory") as refused:
        Store.open(f"sqlite:///{tmp_path}/missing/state.db")
    assert refused.value.problems[0].location.endswith("missing/state.db")


@pytest.mark.sqlite_only("a file that holds something else")
@pytest.mark.parametrize("migrate", [False, True])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, migrate: bool) -> None:
    """C9."""
    path = tmp_path / "state.db"
    path.write_bytes(b"these are minutes of a meeting, not a database. " * 100)
    before = path.read_bytes()
    with pytest.raises(StateError, match="the state is damaged: file is not a database") as refused:
        Store.open(f"sqlite:///{path}", migrate=migrate)
    assert str(path) in refused.value.problems[0].location
    assert path.read_bytes() == before


@pytest.mark.sqlite_only("a damaged page of its file")
def test_a_damaged_page_is_found_by_verify(sqlite_store: Store, tmp_path: Path) -> None:
    """C9."""
    copy = tmp_path / "damaged.db"
    sqlite_store.verify()
    sqlite_store.backup(copy)
    content = bytearray(copy.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4096] = b"\xff" * 4096
    copy.write_bytes(content)
    with pytest.raises(StateError, match="the state is damaged"), Store.open(f"sqlite:///{copy}") as store:
        store.verify()


def test_a_server_that_does_not_answer_is_named_without_the_password() -> None:
    with pytest.raises(StateError) as refused:
        Store.open("postgresql://ann:hunter2@127.0.0.1:1/prod")
    assert "hunter2" not in str(refused.value)
    assert refused.value.problems[0].location == "postgresql+psycopg://ann:***@127.0.0.1:1/prod"
    assert refused.value.summary.startswith("the database server cannot be reached: ")
    assert "check that it runs and lets us in" in refused.value.problems[0].hint


def test_in_postgresql_a_commit_waits_for_the_servers_log_whatever_the_server_is_set_to() -> None:
    """C10: the server of the tests is set not to wait."""
    with in_postgresql() as url, Store.open(url) as store:
        with connect(url) as plain:
            assert plain.execute("SHOW synchronous_commit").fetchone() == ("off",)
        for _ in range(2):
            with store.writing() as one, store.reading() as other:
                for each in (one, other):
                    assert each.exec_driver_sql("SHOW synchronous_commit").scalar() == "local"


@pytest.mark.sqlite_only("its one writer at a time")
def test_a_write_waits_for_another_program_and_then_says_so(
    blank_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C8: a backup tool or a shell holds the database."""
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_SECONDS", 0.1)
    path = tmp_path / "state.db"
    path.write_bytes(blank_sqlite.read_bytes())
    with Store.open(f"sqlite:///{path}") as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateLockedError, match="another program is writing to the state"):
            store.set_note("a", "1")
        assert store.note("a") is None
        other.execute("ROLLBACK")
        other.close()
        store.set_note("a", "1")
        assert store.note("a") == "1"


def test_an_error_of_the_database_does_not_repeat_the_values(store: Store) -> None:
    with pytest.raises(StateError) as refused, store.writing() as connection:
        connection.execute(
            text("INSERT INTO notes (key, value) VALUES (:key, :value)"), {"key": None, "value": "hunter2"}
        )
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in str(refused.value.__cause__).splitlines()[-1]


@given(
    start=st.none() | st.dates(),
    seen=st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=9)), ZoneInfo("Europe/Berlin")])),
    released=st.none() | st.booleans(),
    digest=st.binary(max_size=3),
)
def test_a_row_that_is_bound_here_is_stored_as_sqlalchemy_stores_it(
    start: date | None, seen: datetime, released: bool | None, digest: bytes
) -> None:
    row: dict[str, Any] = dict.fromkeys((column.name for column in tables.records.columns if not column.nullable), "x")
    row |= {"facts_hash": digest, "trace_hash": digest, "start_date": start, "released": released}
    row |= {"first_seen": seen, "seen_at": seen, "absent_since": None, "absence": Absence.DELETED}
    memory = create_engine("sqlite://")
    with memory.begin() as connection:
        tables.records.create(connection)
        engine.upsert(connection, tables.records, [row | {"id": "ours"}])
        connection.execute(insert(tables.records), [row | {"id": "theirs"}])
        raw = connection.exec_driver_sql("SELECT * FROM records ORDER BY id").all()
    memory.dispose()
    assert [type(value) for value in raw[0]] == [type(value) for value in raw[1]]
    assert raw[0][1:] == raw[1][1:]


def test_rows_are_updated_but_for_what_is_kept(store: Store) -> None:
    with store.writing() as connection:
        first = {"key": "a", "value": "old"}
        engine.upsert(connection, tables.notes, [first, {"key": "b", "value": "old"}])
        engine.upsert(connection, tables.notes, [{"key": "a", "value": "new"}])
        engine.upsert(connection, tables.notes, [{"key": "b", "value": "new"}], keep=("value",))
        assert dict(connection.execute(select(tables.notes.c.key, tables.notes.c.value)).all()) == {  # type: ignore[arg-type]
            "a": "new",
            "b": "old",
        }
