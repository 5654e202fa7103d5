"""``docs/how-to/operate.md`` and ``upgrade.md``: what they show is what the commands say; there is an answer to every
alert, and a line about every schema.

Above a block stands which scene it is; the scene is built, the commands are run, and what stands below each of them is
looked for in its answer, in this order. A line ``…`` stands for any lines.
"""

import errno
import os
import re
import shlex
import shutil
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from alembic import command
from sqlalchemy import event
from sqlalchemy.pool import Pool

import service.http as http_module
from config.service import ServiceOptions
from sandbox.meridian.clock import TUESDAY
from service.beat import Beat
from service.http import serving
from service.watch import Watch
from state.engine import WRITES, open_engine, parse_url
from state.lock import Ownership
from state.schema import alembic_config, known_revisions
from state.store import Store
from tests.cli.console import driftline, without_escapes
from tests.disks import failing_disk
from tests.ports import free_port
from tests.service.conftest import plans

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "how-to" / "operate.md"
UPGRADE = ROOT / "docs" / "how-to" / "upgrade.md"
ALERTS = ROOT / "deploy" / "monitoring" / "alerts.yml"
SHOWN = re.compile(r"<!-- shown: (?P<scene>.+?) -->\n```console\n(?P<block>.*?)```", re.S)
ANY_LINES = "…"
COLUMNS = 100

pytestmark = pytest.mark.sqlite_only("the page shows the answers for a state in SQLite")


def state_of(folder: Path) -> Path:
    return folder / "state" / "driftline.db"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def change_workbook(folder: Path, change: Callable[[Any], None]) -> None:
    path = folder / "workbooks" / "Einsparungen_2026.xlsx"
    workbook = openpyxl.load_workbook(path)
    change(workbook["Maßnahmen"])
    workbook.save(path)
    workbook.close()


def column_of(sheet: Any, header: str) -> Any:
    return next(cell for row in sheet.iter_rows() for cell in row if cell.value == header)


def row_of(sheet: Any, key: str) -> int:
    return int(column_of(sheet, key).row)


def stale_token(folder: Path) -> None:
    (folder / "secrets" / "jira-token").write_text("wrong", encoding="utf-8")


def token_that_ends(folder: Path) -> None:
    edit(folder / "driftline.yaml", "    kind: jira", "    kind: jira\n    expires_on: 2026-09-20")


def blackout(folder: Path) -> None:
    window = "blackout: [{from: '08:00', until: '18:00'}]"
    edit(folder / "driftline.yaml", "    kind: jira", f"    kind: jira\n    {window}")


def emptied_tracker(folder: Path) -> None:
    change_workbook(folder, lambda sheet: sheet.delete_rows(row_of(sheet, "M-201"), 6))


def renamed_column(folder: Path) -> None:
    def rename(sheet: Any) -> None:
        column_of(sheet, "Abhängig von").value = "Vorgänger"

    change_workbook(folder, rename)


def odd_cell(folder: Path) -> None:
    def spoil(sheet: Any) -> None:
        sheet.cell(row_of(sheet, "M-202"), column_of(sheet, "Start").column).value = "Anfang Q4?"

    change_workbook(folder, spoil)


def dead_mail_server(folder: Path) -> None:
    settings = folder / "driftline.yaml"
    settings.write_text(re.sub(r"port: \d+", f"port: {free_port()}", settings.read_text("utf-8")), encoding="utf-8")


def wrong_day(folder: Path) -> None:
    edit(folder / "objectives.yaml", "target: 2026-09-30", "target: 2026-09-31")


def mark_schema(folder: Path, number: str) -> None:
    with closing(sqlite3.connect(state_of(folder))) as database:
        database.execute("UPDATE alembic_version SET version_num = ?", [number])
        database.commit()


def empty_state_of_schema_9(folder: Path) -> None:
    state_of(folder).write_bytes(b"")
    engine = open_engine(parse_url(f"sqlite:///{state_of(folder)}"))
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0009")
    engine.dispose()


def damaged(folder: Path) -> None:
    with state_of(folder).open("r+b") as file:
        file.seek(100)
        file.write(bytes(40_000))


def backed_up_and_damaged(folder: Path) -> None:
    shutil.copyfile(state_of(folder), folder / "backups" / "driftline.db")
    damaged(folder)


def future_run(folder: Path) -> None:
    settings = folder / "driftline.yaml"
    settings.write_text(re.sub(r"clock:\n(  .*\n)+", "", settings.read_text("utf-8")), encoding="utf-8")
    with closing(sqlite3.connect(state_of(folder))) as database:
        database.execute("UPDATE runs SET started_at = '2099-09-17 07:10:00.000000'")
        database.commit()


def as_it_is(folder: Path) -> None:
    """Nothing happens."""


BEFORE: Mapping[str, str] = {
    "a field is gone": "sync",
    "records are set aside": "sync",
    "nothing to tell": "digest send leaders",
    "the mail server does not answer": "digest send leaders",
}
"""What went before that of which the page shows how it looks."""

CHANGES: Mapping[str, Callable[[Path], None]] = {
    "all is well": as_it_is,
    "health": as_it_is,
    "the daily look": as_it_is,
    "a source fails": stale_token,
    "a token ends": token_that_ends,
    "a source is not read": blackout,
    "a source is held": emptied_tracker,
    "a field is gone": renamed_column,
    "records are set aside": odd_cell,
    "nothing to tell": as_it_is,
    "the mail server does not answer": dead_mail_server,
    "a finding is wrong": as_it_is,
    "an edit is not taken": wrong_day,
    "the state is in use": as_it_is,
    "an older schema": lambda folder: mark_schema(folder, "0008"),
    "before an upgrade": empty_state_of_schema_9,
    "upgrading": empty_state_of_schema_9,
    "a newer schema": lambda folder: mark_schema(folder, "0099"),
    "the disk is full": stale_token,
    "the disk fails": as_it_is,
    "the state cannot be locked": as_it_is,
    "the database is damaged": damaged,
    "restoring": backed_up_and_damaged,
    "the clock is wrong": future_run,
}


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    with (
        Store.open(f"sqlite:///{state_of(folder)}") as store,
        Ownership.acquire(store, holder="driftline run", now=TUESDAY),
    ):
        yield


@contextmanager
def full_disk() -> Iterator[None]:
    """SQLite itself says that there is no room for another page."""

    def limit(connection: Any, *_: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            size = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {size}").close()

    event.listen(Pool, "checkout", limit)
    try:
        yield
    finally:
        event.remove(Pool, "checkout", limit)


@contextmanager
def foreign_lock_file() -> Iterator[None]:
    """As for a user who may not touch it; the rights themselves say nothing to root."""
    opened = os.open

    def refuse(path: Any, *rest: Any, **named: Any) -> int:
        if str(path).endswith(".lock"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(path, *rest, **named)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "open", refuse)
        yield


@contextmanager
def answering(folder: Path) -> Iterator[int]:
    """The daemon's own server, beside a state that it owns."""
    beat = Beat()
    beat.seen("scheduler")
    now = datetime(2026, 9, 15, 7, 11, tzinfo=UTC)
    names = yaml.safe_load((folder / "driftline.yaml").read_text("utf-8"))["sources"]
    with Store.open(f"sqlite:///{state_of(folder)}") as store, Ownership.acquire(store, "driftline run", now):
        watch = Watch(store, beat, lambda: plans(names, now), lambda: now)
        with serving(ServiceOptions(port=free_port()), watch, now=lambda: now) as server:
            assert server is not None
            yield server.server_address[1]


def a_minute_later(folder: Path) -> None:
    """However long ago the company was read by the clock of this machine."""
    settings = folder / "driftline.yaml"
    text = re.sub(r'shows: ".*"', 'shows: "2026-09-15T07:11:00+00:00"', settings.read_text(encoding="utf-8"))
    settings.write_text(re.sub(r'since: ".*"', f'since: "{datetime.now(UTC).isoformat()}"', text), encoding="utf-8")


@pytest.fixture(autouse=True)
def _end_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "POLL_SECONDS", 0.02)


def run(words: str, folder: Path, port: int | None) -> str:
    """What a command says, with the names of the page in place of those of the test."""
    program, *arguments = shlex.split(words)
    if program == "curl":
        return asked(arguments[-1].replace("9464", str(port)))
    assert program == "driftline", words
    said = driftline(*[each.replace("/backups/", f"{folder}/backups/") for each in arguments], folder=folder,
                     columns=COLUMNS, NO_COLOR="1")  # fmt: skip
    lines = without_escapes(said.err + said.out).splitlines()
    return as_on_the_page("\n".join(line.rstrip() for line in lines if not re.match("[\u2800-\u28ff] ", line)), folder)


def asked(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.read().decode()


def as_on_the_page(text: str, folder: Path) -> str:
    replaced = text.replace(f"{folder}/backups/", "/backups/")
    replaced = replaced.replace(f"{folder}/state", "/var/lib/driftline").replace(str(folder), "/etc/driftline")
    replaced = re.sub(r"process \d+ on \S+", "process 1187 on tools", replaced)
    return re.sub(r"127\.0\.0\.1:\d+", "smtp.example.com:587", replaced)


def alike(text: str) -> str:
    """Without what need not be the same: the schema, and the time of day."""
    text = text.replace("2099-", "2026-")
    text = re.sub(r"\b(schema|schema is at|needs) 00\d\d\b|\(00\d\d\)", "schema 00nn", text)
    return re.sub(r"\b\d\d:\d\d(:\d\d)?\b|T\d{6}Z", "hh:mm", text)


def missing(wanted: str, said: str) -> str:
    """The first part of what is wanted that is not in an answer; empty when all of it is, in this order."""
    parts = [part.strip("\n") for part in f"\n{alike(wanted)}".split(f"\n{ANY_LINES}\n")]
    rest = f"\n{alike(said)}\n"
    for part in filter(None, parts):
        _, found, rest = rest.partition(f"\n{part}\n")
        if not found:
            return part
        rest = f"\n{rest}"
    return ""


def blocks() -> list[tuple[str, list[tuple[str, str]]]]:
    """Each block of the pages: its scene, and the commands with what stands below them."""
    found = []
    for each in SHOWN.finditer(GUIDE.read_text(encoding="utf-8") + UPGRADE.read_text(encoding="utf-8")):
        parts = re.split(r"(?m)^\$ (.*)\n", each["block"])[1:]
        found.append((each["scene"], list(zip(parts[::2], parts[1::2], strict=True))))
    return found


SCENES = list(dict.fromkeys(scene for scene, _ in blocks()))


@pytest.mark.parametrize("scene", SCENES)
def test_the_commands_say_what_stands_on_the_page(scene: str, copy: Path):
    a_minute_later(copy)
    (copy / "backups").mkdir()
    CHANGES[scene](copy)
    if scene in BEFORE:
        driftline(*BEFORE[scene].split(), folder=copy)
    around: AbstractContextManager[Any] = nullcontext()
    if scene == "the state is in use":
        around = owned(copy)
    elif scene == "the disk is full":
        around = full_disk()
    elif scene == "the disk fails":
        around = failing_disk(beyond=4096)
    elif scene == "the state cannot be locked":
        around = foreign_lock_file()
    elif scene == "health":
        around = answering(copy)
    with around as port:
        for words, wanted in [pair for name, pairs in blocks() if name == scene for pair in pairs]:
            said = run(words, copy, port)
            if os.environ.get("DRIFTLINE_SHOW_OPERATE"):
                print(f"$ {words}\n{said}")  # noqa: T201
            lacking = missing(wanted, said)
            assert not lacking, f"$ {words}\ndoes not say\n{lacking}\nbut\n{said}"


def test_what_a_command_does_not_say_is_noticed():
    """The negative control."""
    assert missing("a\n…\nc\n", "a\nb\nc") == ""
    assert missing("a\nc\n", "a\nb\nc") == "a\nc"
    assert missing("c\n…\na\n", "a\nb\nc") == "a"


def test_every_alert_has_its_place_in_the_guide():
    page = GUIDE.read_text(encoding="utf-8")
    rules = [rule for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
    for rule in rules:
        assert f"| {rule['alert']} |" in page, f"add a line for {rule['alert']} to the table of alerts in {GUIDE.name}"


def test_every_schema_has_a_line_about_what_it_brought():
    told = re.findall(r"(?m)^\| (\d{4}) \| .+ \|.*\|$", UPGRADE.read_text(encoding="utf-8"))
    for schema in known_revisions():
        assert schema in told, f"add to the table in {UPGRADE.name}: | {schema} | what it brought | what to know |"
    assert told == known_revisions(), (
        f"the table in {UPGRADE.name} tells of schemas that there are not, or not in order"
    )
