"""``driftline db``: where the state lies, a copy of it, and no surprise with a schema of another version."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.clock import Clock
from config.load import load
from sandbox.world import Meridian
from state.lock import Ownership
from state.schema import HEAD
from state.store import Store
from tests.cli.console import driftline
from tests.databases import ON_POSTGRESQL, content, execute, in_postgresql, setting_of, url_of
from tests.state.test_outbox import mail


def test_the_status_tells_place_schema_and_owner(tuesday: Meridian):
    said = driftline("db", "status", folder=tuesday.folder)
    assert said.out == f"{url_of(tuesday.folder / 'state' / 'driftline.db')} at schema {HEAD}, owned by nobody\n"
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


@pytest.mark.sqlite_only("a backup that is a file of SQLite")
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
    execute(path, "UPDATE alembic_version SET version_num = '9999'")
    for command in (("findings",), ("status",), ("sync",), ("db", "upgrade"), ("show", "M-201")):
        said = driftline(*command, folder=copy)
        assert (said.code, said.out) == (2, ""), command
        assert "9999, which is newer than this program" in said.err
        assert "hint: " in said.err
    assert execute(path, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_in_postgresql_looking_makes_nothing_and_its_password_is_taken_from_its_reference(
    unread: Path, changed: Callable[[Path, str, str], None]
):
    (unread / "secrets" / "state").write_text("p@ss/word", encoding="utf-8")
    (unread / "secrets" / "state").chmod(0o600)
    with in_postgresql() as url:
        named = f"url: {url}\n  password: file:secrets/state"
        today = f"url: {setting_of(unread / 'state' / 'driftline.db')}"
        changed(unread / "driftline.yaml", today.replace("sqlite:///", "sqlite:///state/"), named)
        assert "nothing was read yet" in driftline("findings", folder=unread).err
        assert driftline("db", "status", "--json", folder=unread).json == {"url": url, "schema": None, "owner": None}
        assert driftline("sync", folder=unread).code == 0
        assert "20 findings" in driftline("findings", folder=unread).out
        assert driftline("show", "AUR-118", folder=unread).code == 0
        assert driftline("db", "backup", unread / "copy.dump", folder=unread).code == 0
        restored = driftline("db", "restore", unread / "copy.dump", folder=unread)
        assert restored.code == 0
        assert "what was there is kept as driftline_before_" in restored.out
        assert "20 findings" in driftline("findings", folder=unread).out
        (unread / "secrets" / "state").unlink()
        locked = driftline("status", folder=unread)
    assert locked.code == 2
    assert "--> state.password" in locked.err
    assert "p@ss" not in locked.err


def test_a_restored_state_mails_nothing_until_somebody_says_so(copy: Path):
    """C18: what waited may have gone out since, and so may the digest of today."""
    _make_wait(copy)
    assert driftline("db", "backup", copy / "backup.db", folder=copy).code == 0
    said = driftline("db", "restore", copy / "backup.db", folder=copy)
    there = list((copy / "state").glob("driftline.db.before-*"))
    kept = str(there[0]) if there else said.lines[1].rpartition(" ")[2]
    assert ON_POSTGRESQL or there
    assert said.lines == [
        f"restored {copy / 'backup.db'}, written at schema {HEAD}",
        f"what was there is kept as {kept}",
        "1 mail held, which may have gone out since; to send them: driftline digest resend",
    ]
    assert said.code == 0
    for command in (("digest", "send", "operations"), ("digest", "send", "leaders")):
        driftline(*command, folder=copy)
    path = copy / "state" / "driftline.db"
    assert execute(path, "SELECT state FROM deliveries WHERE slot = 'old'") == [("unknown",)]
    driftline("digest", "resend", folder=copy)
    assert execute(path, "SELECT state, attempts FROM deliveries WHERE slot = 'old'") == [("sent", 1)]


def test_a_restoration_is_refused_with_the_name_of_the_owner(copy: Path):
    driftline("db", "backup", copy / "backup.db", folder=copy)
    url = url_of(copy / "state" / "driftline.db")
    with Store.open(url) as store, Ownership.acquire(store, holder="driftline run", now=datetime.now(UTC)):
        said = driftline("db", "restore", copy / "backup.db", folder=copy)
        assert (said.code, said.out) == (2, "")
        assert "driftline run" in said.err
        assert driftline("db", "prune", folder=copy).code == 2
        assert driftline("db", "prune", "--dry-run", folder=copy).code == 0
    assert "there is no file" in driftline("db", "restore", copy / "none.db", folder=copy).err


def test_pruning_says_what_it_would_forget_and_then_forgets_it(copy: Path):
    path = copy / "state" / "driftline.db"
    before = content(path)
    would = driftline("db", "prune", "--keep-revisions", "0d", "--keep-mails", "1h", "--dry-run", folder=copy)
    assert [line.split()[0] for line in would.out.splitlines()] == ["Would"] * 3
    assert content(path) == before
    done = driftline("db", "prune", "--keep-revisions", "0d", "--keep-mails", "1h", folder=copy)
    assert done.out == would.out.replace("Would forget", "forgot")
    assert "20 findings" in driftline("findings", folder=copy).out
    again = driftline("db", "prune", folder=copy)
    assert "forgot 0 former contents of records" in again.out
    wrong = driftline("db", "prune", "--keep-mails", "soon", folder=copy)
    assert (wrong.code, wrong.out) == (2, "")
    assert "a duration is a number with a unit" in wrong.err


def test_without_a_state_there_is_nothing_to_export_or_to_prune(unread: Path):
    said = driftline("db", "export", unread / "bi", folder=unread)
    assert (said.code, said.out) == (2, "")
    assert "nothing to export: nothing was read yet" in said.err
    assert (driftline("db", "prune", folder=unread).code, list((unread / "state").iterdir())) == (0, [])


def test_an_export_tells_what_it_wrote(tuesday: Meridian, tmp_path: Path):
    said = driftline("db", "export", tmp_path / "bi", folder=tuesday.folder)
    assert said.code == 0
    assert f"{tmp_path}/bi/findings.csv: " in said.out
    assert len(said.lines) == 5
    assert len((tmp_path / "bi" / "findings.csv").read_text("utf-8").splitlines()) > 20


def test_an_export_as_parquet_holds_as_many_rows_as_it_tells(tuesday: Meridian, tmp_path: Path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed, though requirements.lock has it")
    said = driftline("db", "export", "--format", "parquet", tmp_path / "bi", folder=tuesday.folder)
    assert (said.code, len(said.lines)) == (0, 5)
    for line in said.lines:
        file, _, rows = line.partition(": ")
        assert parquet.read_metadata(file).num_rows == int(rows.split()[0].replace(",", "")) > 0


def _make_wait(folder: Path) -> None:
    """A mail waits in the outbox."""
    with Store.open(url_of(folder / "state" / "driftline.db")) as store:
        now = Clock(load(folder / "driftline.yaml").settings.clock).now()
        store.add_deliveries([mail("old", recipient="coo@meridian.example", created_at=now)])
