"""kill -9 while the schema is brought up to date: the state is whole before and after, and one more try ends it (C17).

The suite kills at a few moments of the upgrade from the first schema; ``DRIFTLINE_SYSCALLS=all`` takes every schema
that there was, every statement, and where there is strace every system call too.
"""

import os
import random
import shutil
import signal
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, LargeBinary, Table, column, create_engine, event, insert, inspect, select, table, text
from sqlalchemy.exc import SQLAlchemyError

from state import schema, tables
from state.engine import open_engine, parse_url
from state.lock import Ownership
from state.store import Store
from tests import databases
from tests.cli.console import driftline
from tests.faults.traced import CHANGING, Gate, need_strace, read_trace
from tests.proofs.ledger import show, show_control
from tests.state.postgres import connect
from tests.state.test_backup import filled
from tests.state.test_findings import opened, tracked
from tests.state.test_schema import _make
from tests.state.worlds import DAY_1

ALL = os.environ.get("DRIFTLINE_SYSCALLS") == "all"
SEED = int(os.environ.get("DRIFTLINE_SEED", "20260914"))
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}

Rows = dict[str, list[tuple[Any, ...]]]


@dataclass
class Shelf:
    """Makes databases of one kind, new or as copies of one, and takes them away afterwards."""

    kind: str
    folder: Path
    server: str = ""
    made: list[str] = field(default_factory=list)

    def copy(self, template: str = "") -> str:
        """A database with the content of another, or with none; nobody has that one open."""
        name = f"upgrade_{uuid.uuid4().hex}"
        if self.kind == "sqlite":
            path = self.folder / f"{name}.db"
            if template:
                shutil.copyfile(template.removeprefix("sqlite:///"), path)
            return f"sqlite:///{path}"
        self.made.append(name)
        source = template.rpartition("/")[2] or "template1"
        with closing(connect(self.server)) as connection:
            databases.leave(connection, source)
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        return f"{self.server.rpartition('/')[0]}/{name}"

    def clear(self) -> None:
        for name in self.made:
            with closing(connect(self.server)) as connection:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=databases.KINDS)
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    server = request.getfixturevalue("postgres_server") if request.param == "postgresql" else ""
    shelf = Shelf(request.param, tmp_path, server)
    yield shelf
    shelf.clear()


def full(shelf: Shelf) -> Rows:
    """What a state of this program may hold: at least one row in every table."""
    url = shelf.copy()
    with Store.open(url) as store:
        filled(store)
        lives = [tracked(f"crm:{number}") for number in range(3)]
        store.save_findings(1, lives, [opened(life) for life in lives])
        with store.engine.begin() as connection:
            for each in tables.metadata.sorted_tables:
                if connection.execute(select(each).limit(1)).first() is None:
                    there = {
                        key.parent.name: connection.execute(select(key.column).limit(1)).scalar()
                        for key in each.foreign_keys
                    }
                    connection.execute(insert(each).values({**made_up(each), **there}))
        with store.reading() as connection:
            return {each.name: [tuple(row) for row in connection.execute(select(each))] for each in _tables()}


def made_up(each: Table) -> dict[str, Any]:
    """A row that a table takes, for tables that the calls above leave empty."""
    values = {str: '"x"', int: 1, float: 1.0, bool: True, bytes: b"x", datetime: DAY_1, date: DAY_1.date()}
    return {one.name: values[getattr(one.type, "impl_instance", one.type).python_type] for one in each.columns}


def _tables() -> list[Table]:
    return tables.metadata.sorted_tables


def old_state(shelf: Shelf, revision: str, rows: Rows) -> tuple[str, dict[str, list[str]]]:
    """A state as the program of that time left it, and which columns it had."""
    url = shelf.copy()
    _make(url, revision)
    engine = open_engine(parse_url(url))
    columns: dict[str, list[str]] = {}
    with engine.begin() as connection:
        there = {name: inspect(connection).get_columns(name) for name in inspect(connection).get_table_names()}
        for each in _tables():
            if each.name in there:
                old = {one["name"] for one in there[each.name]}
                columns[each.name] = [one.name for one in each.columns if one.name in old]
                texts = dict(rows["messages"]) if "message" in old and each is tables.deliveries else None
                _put(connection, each, columns[each.name], rows[each.name], texts)
    engine.dispose()
    return url, columns


def _put(
    connection: Any, each: Table, names: list[str], rows: list[tuple[Any, ...]], texts: dict[int, bytes] | None = None
) -> None:
    """Store rows as they were in a former schema; before 0013 deliveries held the texts of their messages."""
    place = {one.name: number for number, one in enumerate(each.columns)}
    types = {name: each.c[name].type for name in names}
    values = [{name: row[place[name]] for name in names} for row in rows]
    if texts is not None:
        types["message"] = LargeBinary()
        values = [{**one, "message": texts.get(one["id"], b"")} for one in values]
    target = table(each.name, *(column(name, type_) for name, type_ in types.items()))
    connection.execute(insert(target), values)


def stored(url: str, columns: dict[str, list[str]]) -> Rows:
    """What a database holds in some columns, and the texts of its messages, wherever its schema keeps them."""
    engine = open_engine(parse_url(url))
    try:
        with engine.connect() as connection:
            there = inspect(connection).get_table_names()
            texts = "delivery_id, message FROM messages"
            if tables.messages.name not in there:
                texts = "id, message FROM deliveries WHERE length(message) > 0"
            kept = sorted((id_, bytes(said)) for id_, said in connection.execute(text(f"SELECT {texts}")))
            held = {
                each.name: connection.execute(select(*(each.c[name] for name in columns[each.name]))).all()
                for each in _tables()
                if each.name in columns and each is not tables.messages
            }
            return {"texts": kept, **{name: sorted(map(tuple, rows), key=repr) for name, rows in held.items()}}
    finally:
        engine.dispose()


def upgrade(url: str) -> None:
    """What ``driftline db upgrade`` does."""
    with Ownership.acquire(url, holder="driftline db upgrade", now=DAY_1), Store.open(url, migrate=True):
        pass


def in_a_child(work: Callable[[], object], gate: Gate | None = None) -> int:
    child = os.fork()
    if child == 0:
        code = 70
        with suppress(BaseException):
            if gate:
                gate.child_side()
                gate.arrive()
            work()
            code = 0
        os._exit(code)
    return child


def died(child: int, *, failed: bool = False) -> bool:
    """Wait for a child; tell whether it was killed, or whether it failed where that is what it should."""
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0 or failed
    return os.WIFSIGNALED(status) or os.WEXITSTATUS(status) != 0


def by_sigkill(_url: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def by_the_server(url: str) -> None:
    """PostgreSQL ends the connection, as when it is restarted."""
    with closing(connect(f"{url.rpartition('/')[0]}/postgres")) as connection:
        databases.leave(connection, url.rpartition("/")[2])


def die_at(step: int, url: str, how: Callable[[str], None] = by_sigkill) -> bool:
    """Upgrade in a process that dies before its n-th statement or commit."""

    def work() -> None:
        with counting(lambda taken: how(url) if taken == step else None):
            upgrade(url)

    return died(in_a_child(work), failed=how is by_the_server)


@contextmanager
def counting(then: Callable[[int], object]) -> Iterator[list[bool]]:
    """Note of every statement and commit whether it is a commit, and do something before each, given its number."""
    taken: list[bool] = []

    def take(commit: bool) -> None:
        taken.append(commit)
        then(len(taken))

    moments = {"before_cursor_execute": lambda *_: take(False), "commit": lambda *_: take(True)}
    for name, moment in moments.items():
        event.listen(Engine, name, moment)
    try:
        yield taken
    finally:
        for name, moment in moments.items():
            event.remove(Engine, name, moment)


def statements_of(url: str) -> list[bool]:
    """The statements and commits that an undisturbed upgrade makes."""
    with counting(lambda _: None) as taken:
        upgrade(url)
    return taken


def made_up_for(url: str, columns: dict[str, list[str]], expected: Rows, folder: Path) -> None:
    """What was there is there, whichever schema it has; then the command ends what was begun."""
    assert stored(url, columns) == expected
    (folder / "driftline.yaml").write_text(f"version: 1\nstate: {{url: '{url}'}}\nobjectives: []\nmapping: []\n")
    said = driftline("db", "upgrade", folder=folder)
    assert (said.code, said.out) == (0, f"the schema is at {schema.HEAD}\n"), said.err
    assert stored(url, columns) == expected
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    engine.dispose()


def test_an_upgrade_that_dies_is_made_up_for_by_the_next_one(shelf: Shelf, tmp_path: Path) -> None:
    """C17: from every schema that there was, at every statement and commit."""
    revisions = schema.known_revisions()[:-1]
    rows = full(shelf)
    chance = random.Random(SEED)
    points, ends = 0, Counter[Callable[[str], None]]()
    for revision in revisions if ALL else revisions[:1]:
        old, columns = old_state(shelf, revision, rows)
        expected = stored(old, columns)
        assert all(expected.values())
        taken = statements_of(shelf.copy(old))
        commit = len(taken) - taken[::-1].index(True)
        few = [commit] if shelf.server else [commit, chance.randrange(1, commit)]
        steps = list(range(1, len(taken) + 1)) if ALL else few
        points += len(taken)
        for number, step in enumerate(steps):
            url = shelf.copy(old)
            how = by_the_server if shelf.kind == "postgresql" and number % 2 == 0 else by_sigkill
            # After the commit it is not noticed any more that the server has ended the connection.
            assert die_at(step, url, how) or (how is by_the_server and step > commit), (revision, step)
            ends[how] += 1
            made_up_for(url, columns, expected, tmp_path)
    killed = sum(ends.values())
    show(
        "C17",
        "An upgrade of the schema dies: what was stored is all there, in the old schema or in the new one, and "
        "driftline db upgrade ends what was begun.",
        reach=f"{points:,} statements and commits of the upgrades from {len(revisions) if ALL else 1} of "
        f"{len(revisions)} former schemas, with rows in every table",
        seen=f"died before {killed:,} of {points:,}: {ends[by_sigkill]:,} times by kill -9"
        + (f", {ends[by_the_server]:,} times because the server ended the connection" if ends[by_the_server] else "")
        + f"; 0 rows lost or changed, {killed:,} upgrades ended by the command",
        seed=SEED,
        database=NAMES[shelf.kind],
    )


@pytest.mark.sqlite_only("the system calls by which the program itself writes its file")
@pytest.mark.skipif(not ALL, reason="asked for by DRIFTLINE_SYSCALLS=all")
def test_an_upgrade_that_dies_at_a_system_call_is_made_up_for(tmp_path: Path) -> None:
    """C17: at every one, from every schema that there was."""
    need_strace(tmp_path)
    shelf = Shelf("sqlite", tmp_path)
    rows = full(shelf)
    revisions = schema.known_revisions()[:-1]
    killed = points = 0
    for revision in revisions:
        old, columns = old_state(shelf, revision, rows)
        expected = stored(old, columns)
        called = traced_upgrade(shelf.copy(old), tmp_path)
        points += len(called)
        for name, number in called:
            url = shelf.copy(old)
            traced_upgrade(url, tmp_path, f"{name}:signal=KILL:when={number}")
            killed += 1
            made_up_for(url, columns, expected, tmp_path)
    show(
        "C17",
        "An upgrade of the schema is killed at a system call that changes something: what was stored is all there, and "
        "driftline db upgrade ends what was begun.",
        reach=f"{points:,} calls of the upgrades from {len(revisions)} former schemas, with rows in every table",
        seen=f"killed at {killed:,} of {points:,}; 0 rows lost or changed, {killed:,} upgrades ended by the command",
        database="SQLite",
    )


def traced_upgrade(url: str, folder: Path, inject: str = "") -> list[tuple[str, int]]:
    """Upgrade in a traced process, which must die when something is injected; give its state-changing calls."""
    gate, trace = Gate(), folder / "trace.txt"
    child = in_a_child(lambda: upgrade(url), gate)
    tracer = gate.trace(child, trace, inject)
    assert died(child) == bool(inject)
    assert tracer is not None
    tracer.communicate(timeout=60)
    counted: Counter[str] = Counter()
    for called in read_trace(trace):
        counted[called.name] += called.name in CHANGING
    return [(name, number) for name, count in counted.items() for number in range(1, count + 1)]


@pytest.mark.sqlite_only("PostgreSQL is given the same transaction by the same lines")
def test_control_an_upgrade_without_one_transaction_cannot_be_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C17: statement by statement, the one that was killed leaves what the next one stumbles over."""
    shelf = Shelf("sqlite", tmp_path)
    old, columns = old_state(shelf, "0001", full(shelf))
    expected = stored(old, columns)
    stuck = tried = 0
    with monkeypatch.context() as patched:
        patched.setattr("state.engine._begin_sqlite", lambda _connection: None)
        count = len(statements_of(shelf.copy(old)))
    for step in range(1 if ALL else count // 2, count + 1):
        url = shelf.copy(old)
        with monkeypatch.context() as patched:
            patched.setattr("state.engine._begin_sqlite", lambda _connection: None)
            assert die_at(step, url)
        tried += 1
        try:
            made_up_for(url, columns, expected, tmp_path)
        except (AssertionError, SQLAlchemyError):
            stuck += 1
            if not ALL:
                break
    assert stuck
    show_control(
        "C17",
        removed="the one transaction of an upgrade: every statement counts at once",
        seen=f"after {stuck:,} of {tried:,} kills driftline db upgrade could not end what was begun",
    )


def test_the_schema_of_a_newer_program_is_refused_with_a_message(shelf: Shelf, tmp_path: Path) -> None:
    """C9, C17: whoever goes back to an older program is told so, and the state is left as it is."""
    url = shelf.copy()
    with Store.open(url) as store:
        filled(store)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    columns = {each.name: [one.name for one in each.columns] for each in _tables()}
    before = stored(url, columns)
    commands = (("db", "upgrade"), ("status",), ("findings",), ("sync",), ("run",), ("db", "prune"))
    (tmp_path / "driftline.yaml").write_text(f"version: 1\nstate: {{url: '{url}'}}\nobjectives: []\nmapping: []\n")
    for command in commands:
        said = driftline(*command, folder=tmp_path)
        assert (said.code, said.out) == (2, ""), command
        assert "has schema 9999, which is newer than this program" in said.err, command
        assert "hint: install the version of driftline that wrote it" in said.err
    assert stored(url, columns) == before
    show(
        "C9 C17",
        "A state of a newer program is refused, and left as it is.",
        reach=f"{len(commands)} commands, among them the upgrade and the daemon",
        seen=f"{len(commands)} refused with exit code 2, a message and a hint; 0 rows changed",
        database=NAMES[shelf.kind],
    )
