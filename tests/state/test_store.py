"""Notes, backups, and the rule that secrets are not kept."""

from pathlib import Path

import pytest

from model.errors import UsageError
from state.store import Store
from tests.state.worlds import DAY_1, item, save


def test_a_note_is_kept_replaced_and_forgotten(store: Store) -> None:
    assert store.note("mapping") is None
    store.set_note("mapping", "abc")
    store.set_note("mapping", "def")
    store.set_note("other", "1")
    assert store.note("mapping") == "def"
    store.set_note("mapping", None)
    assert (store.note("mapping"), store.note("other")) == (None, "1")


def test_what_is_stored_is_there_after_reopening(store_url: str) -> None:
    with Store.open(store_url) as store:
        save(store, item("1"))
    with Store.open(store_url) as store:
        assert [each.record for each in store.find("CORE-1")] == [item("1")]


@pytest.mark.sqlite_only("a backup that is a file of SQLite")
def test_a_backup_taken_during_a_write_is_a_whole_state(sqlite_store: Store, tmp_path: Path) -> None:
    """C18."""
    save(sqlite_store, item("1"))
    copy = tmp_path / "copy's.db"
    with sqlite_store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO notes VALUES ('half', 'done')")
        sqlite_store.backup(copy)
    with Store.open(f"sqlite:///{copy}") as restored:
        assert restored.find("jira:1") == sqlite_store.find("jira:1")
        assert restored.find("jira:1")[0].first_seen == DAY_1
        assert restored.note("half") is None
    assert copy.stat().st_mode & 0o777 == 0o600


@pytest.mark.sqlite_only("a backup that is a file of SQLite")
def test_a_backup_overwrites_nothing(sqlite_store: Store, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("precious")
    with pytest.raises(UsageError, match="exists already"):
        sqlite_store.backup(copy)
    assert copy.read_text() == "precious"


def test_a_state_in_postgresql_is_backed_up_by_its_own_tool(store: Store, tmp_path: Path) -> None:
    if not store.on_postgresql:
        store.backup(tmp_path / "copy.db")
        return
    with pytest.raises(UsageError) as refused:
        store.backup(tmp_path / "copy.db")
    assert refused.value.problems[0].hint == "use pg_dump"
    assert not (tmp_path / "copy.db").exists()
