"""The pass for PostgreSQL is what it says: no state is in SQLite there, and tests that are about SQLite say why."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from state import engine
from state.engine import parse_url
from state.store import Store
from tests import databases
from tests.conftest import leave_no_sqlite, reason_for_sqlite

ROOT = Path(__file__).parents[1]


def test_a_state_is_where_the_switch_says_and_is_kept_copied_and_brought_back(tmp_path: Path):
    path, copy = tmp_path / "one" / "state.db", tmp_path / "two" / "state.db"
    path.parent.mkdir()
    (path.parent / "driftline.yaml").write_text(f"state: {{url: {databases.setting_of(path)}}}")
    kind = parse_url(databases.url_of(path)).get_backend_name()
    assert kind == ("postgresql" if databases.ON_POSTGRESQL else "sqlite")
    with Store.open(databases.url_of(path)) as store:
        store.set_note("who", "the first")
    kept = databases.keep(path)
    databases.copy_folder(path.parent, copy.parent)
    databases.execute(copy, "UPDATE notes SET value = 'the copy'")
    databases.execute(path, "DELETE FROM notes")
    assert databases.setting_of(copy) in (copy.parent / "driftline.yaml").read_text()
    assert b"the copy" in databases.content(copy)
    assert b"the first" not in databases.content(path)
    kept.bring_back(path)
    with Store.open(databases.url_of(path)) as store:
        assert store.note("who") == "the first"
    databases.clear(path)
    with Store.open(databases.url_of(path)) as store:
        assert store.note("who") is None


def test_control_in_the_pass_for_postgresql_a_state_in_sqlite_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    if not databases.ON_POSTGRESQL:
        monkeypatch.setattr(engine, "create_engine", databases.refusing(create_engine))
    with pytest.raises(AssertionError, match=databases.SWITCH):
        Store.open(f"sqlite:///{tmp_path / 'state.db'}")


@pytest.mark.sqlite_only("it writes one, to see that it is noticed")
def test_control_a_state_that_another_program_left_in_sqlite_is_noticed(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("SQLite format 3, they say")
    leave_no_sqlite(tmp_path)
    with Store.open(f"sqlite:///{tmp_path / 'state.db'}"):
        pass
    with pytest.raises(pytest.fail.Exception, match=r"state\.db"):
        leave_no_sqlite(tmp_path)


@pytest.mark.parametrize("arguments", [(), ("",), ("SQLite",), ("a reason in words", "and more")])
def test_who_says_that_a_test_is_about_sqlite_says_why(request: pytest.FixtureRequest, arguments: tuple[Any, ...]):
    request.node.add_marker(pytest.mark.sqlite_only(*arguments), append=False)
    with pytest.raises(pytest.UsageError, match="the reason, in words"):
        reason_for_sqlite(request.node)


def test_every_reason_stands_at_a_test_and_tests_name_no_state_in_sqlite_otherwise():
    """A test that is not marked would be refused in the pass for PostgreSQL only, which is not made every time."""
    unmarked = []
    for path in (ROOT / "tests").rglob("test_*.py"):
        text = path.read_text(encoding="utf-8")
        if 'Store.open(f"sqlite:' in text and "sqlite_only(" not in text:
            unmarked.append(str(path.relative_to(ROOT)))
    assert unmarked == []
