"""A backup is whole or is none; a restoration gives the state of the backup, keeps what was there and mails nothing."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text

from model.deliveries import DeliveryState
from model.errors import StateError, StateLockedError, StateMigrationError, UsageError
from state import backup_postgres, tables
from state.backup import RESTORED, back_up, restore
from state.engine import parse_url
from state.lock import Ownership
from state.schema import HEAD
from state.store import Store
from tests.state.postgres import connect
from tests.state.test_outbox import add, mail
from tests.state.worlds import DAY_1, DAY_2, DAY_3, item, save

READY, SENDING, SENT, UNKNOWN = (
    DeliveryState.READY,
    DeliveryState.SENDING,
    DeliveryState.SENT,
    DeliveryState.UNKNOWN,
)


@pytest.fixture(autouse=True)
def _forget_what_was_kept(request: pytest.FixtureRequest) -> Iterator[None]:
    """The next test must find the shared database as it was."""
    yield
    url = request.node.funcargs.get("store_url", "sqlite")
    if not url.startswith("sqlite"):
        with connect(url) as connection:
            kept = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'driftline_before_%'"
            for (name,) in connection.execute(kept).fetchall():
                connection.execute(f'DROP SCHEMA "{name}" CASCADE')


def filled(store: Store) -> None:
    """A record, a mail in each state, and the day up to which digests went out."""
    save(store, item("1", title="as it was"), now=DAY_1)
    ids = add(store, *[mail(f"slot {state.value}") for state in (READY, SENDING, SENT, UNKNOWN)])
    for id_, state in zip(ids[1:], (SENDING, SENT, UNKNOWN), strict=True):
        store.mark_delivery(id_, state, now=DAY_1, error="why")
    store.set_note("digest-slot:leaders", "2026-09-01")
    store.set_note("mapping", "abc")


def contents(store: Store, *, but: tuple[str, ...] = ("owner",)) -> dict[str, list[tuple[object, ...]]]:
    with store.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in tables.metadata.sorted_tables
            if table.name not in but
        }


def restored(url: str, copy: Path, **options: bool) -> Store:
    restore(url, copy, now=DAY_3, **options)
    return Store.open(url)


def test_what_was_backed_up_comes_back_and_nothing_of_it_is_mailed_again(store_url: str, tmp_path: Path) -> None:
    """C18: the state of the backup, but for the mails, whose fate since then nobody knows."""
    copy = tmp_path / "copy"
    with Store.open(store_url) as store:
        filled(store)
        before = contents(store)
        back_up(store, store_url, copy)
        save(store, item("1", title="as it is"), item("2"), now=DAY_2)
    done = restore(store_url, copy, now=DAY_3)
    assert (done.schema, done.held) == (HEAD, 3)
    with Store.open(store_url) as store:
        after = contents(store)
        assert {row.slot: (row.state, row.error) for row in store.deliveries()} == {
            "slot ready": (UNKNOWN, RESTORED),
            "slot sending": (UNKNOWN, RESTORED),
            "slot sent": (SENT, "why"),
            "slot unknown": (UNKNOWN, RESTORED),
        }
        assert store.note("digest-slot:leaders") is None  # the next beginning takes what was due by then as served
        assert store.note("mapping") == "abc"
        for each in ("deliveries", "notes"):
            del before[each], after[each]
        assert after == before


def test_with_resend_the_state_comes_back_as_it_was(store_url: str, tmp_path: Path) -> None:
    with Store.open(store_url) as store:
        filled(store)
        before = contents(store)
        back_up(store, store_url, tmp_path / "copy")
    with restored(store_url, tmp_path / "copy", resend=True) as store:
        assert contents(store) == before


def test_what_was_there_is_kept_and_can_itself_be_read(store_url: str, tmp_path: Path) -> None:
    with Store.open(store_url) as store:
        back_up(store, store_url, tmp_path / "copy")
        save(store, item("1", title="as it is"))
    done = restore(store_url, tmp_path / "copy", now=DAY_3)
    with Store.open(store_url) as store:
        assert store.find("CORE-1") == []
        if store.on_postgresql:
            with store.reading() as connection:
                assert connection.execute(text(f"SELECT title FROM {done.kept}.records")).scalar() == "as it is"
    if not done.kept.startswith(backup_postgres.KEPT):
        with Store.open(f"sqlite:///{done.kept}") as kept:
            assert kept.find("CORE-1")[0].record.title == "as it is"
        assert done.kept.endswith("state.db.before-20260903T080000Z")
        assert Path(store_url.removeprefix("sqlite:///")).stat().st_mode & 0o777 == 0o600


def test_after_a_restoration_the_database_still_guards_what_is_only_added(store_url: str, tmp_path: Path) -> None:
    with Store.open(store_url) as store:
        back_up(store, store_url, tmp_path / "copy")
    restore(store_url, tmp_path / "copy", now=DAY_3)
    with Store.open(store_url) as store, store.engine.connect() as connection:
        if store.on_postgresql:
            found = connection.execute(text("SELECT count(*) FROM pg_trigger WHERE tgname LIKE '%only_added'")).scalar()
        else:
            statement = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%only_added%'"
            found = connection.execute(text(statement)).scalar()
        assert found == 6


def test_a_restoration_is_refused_while_the_state_is_owned(store_url: str, tmp_path: Path) -> None:
    with Store.open(store_url) as store, Ownership.acquire(store, holder="the daemon", now=DAY_1):
        back_up(store, store_url, tmp_path / "copy")
        before = contents(store)
        with pytest.raises(StateLockedError, match="the daemon"):
            restore(store_url, tmp_path / "copy", now=DAY_3)
        assert contents(store) == before


def test_an_owner_of_before_writes_nothing_into_a_restored_state(store_url: str, tmp_path: Path) -> None:
    """C12: it does not even know that its state was replaced."""
    with Store.open(store_url) as store:
        back_up(store, store_url, tmp_path / "copy")
        for _ in range(3):
            with Ownership.acquire(store, holder="one", now=DAY_1):
                pass
        epoch = store.epoch
        store.engine.dispose()
        restore(store_url, tmp_path / "copy", now=DAY_3)
        if store.on_postgresql:
            with pytest.raises(StateLockedError, match="took over"):
                store.set_note("late", "word")
    assert epoch == 3


@pytest.mark.sqlite_only("a backup that is a file of SQLite")
def test_a_file_that_is_open_elsewhere_is_not_replaced(sqlite_store: Store, tmp_path: Path) -> None:
    """Its log would be taken for that of the new file."""
    url = _url(sqlite_store)
    back_up(sqlite_store, url, tmp_path / "copy")
    save(sqlite_store, item("1"))
    with pytest.raises(StateLockedError, match="another program has the state open"):
        restore(url, tmp_path / "copy", now=DAY_3)
    assert sqlite_store.find("CORE-1")
    assert _leftovers(tmp_path) == ["copy"]


@pytest.mark.sqlite_only("a backup that is a file of SQLite")
def test_a_backup_overwrites_nothing_and_a_failed_one_leaves_nothing(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        back_up(sqlite_store, _url(sqlite_store), tmp_path / "there")
    assert (tmp_path / "there").read_text() == "mine"
    with pytest.raises(StateError, match="No such file or directory"):
        back_up(sqlite_store, _url(sqlite_store), tmp_path / "nowhere" / "copy")
    monkeypatch.setattr(sqlite_store, "backup", lambda path: path.write_bytes(b"SQLite format 3\x00 cut off"))
    with pytest.raises(StateError):
        back_up(sqlite_store, _url(sqlite_store), tmp_path / "copy")
    assert _leftovers(tmp_path) == ["there"]


def test_a_backup_is_for_its_owner_alone(store: Store, store_url: str, tmp_path: Path) -> None:
    back_up(store, store_url, tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "copy.part").exists()


@pytest.mark.sqlite_only("a backup that is a file of SQLite")
@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign", "newer", "text"])
def test_what_is_no_whole_backup_is_refused_and_the_state_stays(
    sqlite_store: Store, tmp_path: Path, damage: str
) -> None:
    """C9, with every kind of wrong file."""
    url, copy = _url(sqlite_store), tmp_path / "copy"
    filled(sqlite_store)
    back_up(sqlite_store, url, copy)
    before = contents(sqlite_store)
    sqlite_store.engine.dispose()
    expected = _DAMAGE[damage](copy)
    with pytest.raises(expected):
        restore(url, copy, now=DAY_3)
    assert contents(sqlite_store) == before
    assert _leftovers(tmp_path) == ["copy"]


def _cut(copy: Path) -> type[Exception]:
    os.truncate(copy, copy.stat().st_size // 2)
    return StateError


def _flipped(copy: Path) -> type[Exception]:
    content = bytearray(copy.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    copy.write_bytes(content)
    return StateError


def _foreign(copy: Path) -> type[Exception]:
    copy.unlink()
    with closing(sqlite3.connect(copy)) as other:
        other.execute("CREATE TABLE songs (title TEXT)")
    return StateError


def _newer(copy: Path) -> type[Exception]:
    with closing(sqlite3.connect(copy)) as other, other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    return StateMigrationError


def _text(copy: Path) -> type[Exception]:
    copy.write_text("this is no database")
    return StateError


_DAMAGE: dict[str, Callable[[Path], type[Exception]]] = {
    "cut": _cut,
    "flipped": _flipped,
    "foreign": _foreign,
    "newer": _newer,
    "text": _text,
}


@pytest.mark.sqlite_only("a backup that is a file of SQLite")
def test_a_damaged_state_is_replaced_and_kept_as_it_is(sqlite_store: Store, tmp_path: Path) -> None:
    """C9: the case for which there are backups."""
    url = _url(sqlite_store)
    filled(sqlite_store)
    back_up(sqlite_store, url, tmp_path / "copy")
    sqlite_store.engine.dispose()
    path = Path(url.removeprefix("sqlite:///"))
    path.write_bytes(b"\x00" * 5000)
    done = restore(url, tmp_path / "copy", now=DAY_3)
    assert Path(done.kept).read_bytes() == b"\x00" * 5000
    with Store.open(url) as store:
        assert store.find("CORE-1")


@pytest.mark.sqlite_only("a backup that is a file of SQLite")
def test_a_backup_that_was_copied_with_its_log_is_read_with_it(sqlite_store: Store, tmp_path: Path) -> None:
    """Copied by hand while the program ran, its last changes lie in the log."""
    url = _url(sqlite_store)
    path = Path(url.removeprefix("sqlite:///"))
    save(sqlite_store, item("1"))
    (tmp_path / "hand").mkdir()
    for name in (path.name, f"{path.name}-wal"):
        shutil.copyfile(path.with_name(name), tmp_path / "hand" / name)
    sqlite_store.engine.dispose()
    path.unlink()
    with restored(url, tmp_path / "hand" / path.name) as store:
        assert store.find("CORE-1")


@pytest.mark.sqlite_only("a backup that is a file of SQLite")
def test_a_restoration_needs_no_state_and_a_second_one_keeps_both(sqlite_store: Store, tmp_path: Path) -> None:
    back_up(sqlite_store, _url(sqlite_store), tmp_path / "copy")
    other = f"sqlite:///{tmp_path / 'new.db'}"
    assert restore(other, tmp_path / "copy", now=DAY_3).kept == ""
    kept = [restore(other, tmp_path / "copy", now=DAY_3).kept for _ in range(2)]
    assert [Path(each).name for each in kept] == ["new.db.before-20260903T080000Z", "new.db.before-20260903T080000Z-2"]
    with pytest.raises(UsageError, match="there is no file"):
        restore(other, tmp_path / "none", now=DAY_3)


@pytest.mark.sqlite_only("what is no database file is another thing to pg_restore")
def test_a_file_that_is_no_database_is_not_told_as_a_damaged_state(sqlite_store: Store, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database " * 100)
    with pytest.raises(StateError, match=r"notes\.txt is damaged, or no backup: file is not a database") as caught:
        restore(f"sqlite:///{tmp_path}/new.db", tmp_path / "notes.txt", now=DAY_3)
    assert caught.value.problems[0].hint == "nothing was changed; take another backup"
    assert not (tmp_path / "new.db").exists()


def test_a_backup_of_postgresql_that_is_no_backup_changes_nothing(store_url: str, tmp_path: Path) -> None:
    if store_url.startswith("sqlite"):
        pytest.skip("for PostgreSQL")
    with Store.open(store_url) as store:
        filled(store)
        before = contents(store)
        back_up(store, store_url, tmp_path / "copy")
    whole = (tmp_path / "copy").read_bytes()
    for content in (b"no archive", whole[: len(whole) * 9 // 10]):
        (tmp_path / "copy").write_bytes(content)
        with pytest.raises(StateError):
            restore(store_url, tmp_path / "copy", now=DAY_3)
        with Store.open(store_url) as store:
            assert contents(store) == before


def test_without_its_programs_the_very_command_for_postgresql_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    url = "postgresql://drift:pa%20ss@db.example:5433/state?sslmode=require&password=other"
    with pytest.raises(UsageError) as caught:
        backup_postgres.dump(url, tmp_path / "x.part", tmp_path / "x y")
    hint = caught.value.problems[0].hint
    assert "pg_dump --format=custom --no-owner --no-privileges '--exclude-schema=driftline_before_*'" in hint
    assert f"'--file={tmp_path}/x y' '--dbname=postgresql://drift@db.example:5433/state?sslmode=require'" in hint
    assert "pa" not in hint.replace("--no-privileges", "").replace(str(tmp_path), "").replace("space", "")
    with pytest.raises(UsageError, match="pg_restore, which is not here"):
        backup_postgres.load(parse_url(url), tmp_path, DAY_3, False)


def _url(store: Store) -> str:
    return store.engine.url.render_as_string(hide_password=False)


def _leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("only-sqlite.db"))
