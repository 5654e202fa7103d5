"""What comes from outside is never part of a query, a template, a program or a command (X10, X2).

Two looks: at the code, in which text of SQL is written down or put together from names that the code itself gives; and
at the statements that really reach the database while hostile titles are stored and hostile names are asked for.
"""

import ast
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, NullPool, create_engine, event

from connectors.salesforce import soql
from tests.cli.console import driftline
from tests.databases import NAME, url_of
from tests.faults.matrix.company import JIRA, Company
from tests.proofs.ledger import show, show_control

ROOT = Path(__file__).parents[2]
WHOLE = os.environ.get("DRIFTLINE_CANARIES") == "all"
ROOMS = ("cli", "config", "connectors", "digest", "mapping", "model", "pipeline", "reconcile", "service", "state")
TAKES_SQL = {"text", "literal_column", "exec_driver_sql", "DDL", "executescript"}
"""Calls whose first argument is SQL, in files that speak to a database."""
RUNS_SQL = {"execute", "executemany"}
"""Calls whose first argument is SQL when it is a text."""
REVIEWED: dict[str, set[str]] = {
    "connectors/noted.py": {"marks"},  # as many question marks as there are ids
    "pipeline/doctor_state.py": {"name"},  # names of settings, written in the code
    "state/append_only.py": {"statement"},  # statements of the file itself
    "state/backup.py": {"table"},  # names of our tables
    "state/backup_postgres.py": {"kept", "name", "b''.join(waiting)"},  # names from our schema; the copy, line by line
    "state/connected.py": {"limit"},  # lengths of time, written in the code
    "state/engine.py": {"pragma", "writing.text", "'BEGIN IMMEDIATE' if writes else 'BEGIN'"},  # compiled statements
    "state/lock.py": {"each", "'_shared' if self._shared else ''"},  # settings and names, written in the code
    "state/queue.py": {"mark.replace(chr(39), chr(39) * 2)"},  # our own version, quoted
    "state/schema.py": {"_VERSION_TABLE"},
}
"""What else may stand in SQL, by file; each place was read."""
DANGEROUS = re.compile(
    r"\beval\(|\bexec\(|shell=True|os\.system|os\.popen|pickle|marshal\.|yaml\.(unsafe_|full_)?load\("
    r"|verify=False|CERT_NONE|_create_unverified|check_hostname = False|from_string\(|autoescape=False"
)
HOSTILE = (
    "'; DROP TABLE records; --",
    '" OR 1=1 --',
    "' UNION SELECT facts FROM records --",
    "x') OR ('1'='1",
    "\\",
    "%",
    "_",
    "*",
    "?",
    ":name",
    "%s %(a)s",
    "$1",
    "{0.__class__}",
    "{{ 7 * 7 }}",
    "{% include '/etc/passwd' %}",
    "${jndi:ldap://x}",
    "＇ OR 1=1",
    "\u202egnp.exe",
    "'; ATTACH DATABASE 'stolen.db' AS y; --",
    "Robert'); DELETE FROM findings; --" + "x" * 3000,
)


def _files() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))
    yield ROOT / "scheduler.py"


def unreviewed(source: str, file: str) -> list[str]:
    """Every part of SQL that is neither written down nor a constant of the code nor reviewed."""
    if not re.search("sqlalchemy|sqlite3|psycopg|op.execute|_sql[(]", source):
        return []
    found = []
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        argument = call.args[0]
        if name in TAKES_SQL or (name in RUNS_SQL and _is_built(argument)):
            found += [
                f"{file}:{call.lineno}: {part}" for part in _foreign(argument) if part not in REVIEWED.get(file, set())
            ]
    return found


def _is_built(node: ast.AST) -> bool:
    """Whether it is surely a text that is put together: what else runs is a statement of SQLAlchemy."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.left, ast.Constant | ast.JoinedStr) or isinstance(
            node.right, ast.Constant | ast.JoinedStr
        )
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func
    made = called and isinstance(called.value, ast.Constant) and called.attr in ("format", "join")
    return isinstance(node, ast.JoinedStr) or bool(made)


def _foreign(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        return
    if isinstance(node, ast.JoinedStr):
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                yield from _foreign(value.value)
        return
    if isinstance(node, ast.BinOp):
        yield from _foreign(node.left)
        yield from _foreign(node.right)
        return
    if isinstance(node, ast.Name) and node.id.isupper():
        return
    yield ast.unparse(node)


def test_no_sql_is_put_together_from_what_comes_from_outside() -> None:
    """X10: every call that takes SQL, in every room."""
    calls = [each for path in _files() for each in unreviewed(path.read_text(), str(path.relative_to(ROOT)))]
    assert calls == []


def test_nothing_is_executed_and_no_check_of_certificates_is_switched_off() -> None:
    """X2, X10: no evaluation of texts, no shell, no pickles, no templates from texts, no unverified connection."""
    lines = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _files()
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if DANGEROUS.search(line.partition("#")[0]) and "re.compile(" not in line
    ]
    assert lines == []


@pytest.mark.parametrize(
    "line",
    ids=["f-string", "plus", "percent", "format", "name"],
    argvalues=[
        "connection.execute(f\"SELECT * FROM records WHERE key = '{key}'\")",
        'connection.execute(text("SELECT * FROM records WHERE key = " + key))',
        'connection.execute("SELECT %s" % key)',
        'connection.execute("SELECT {}".format(key))',
        "connection.exec_driver_sql(statement)",
    ],
)
def test_control_sql_made_of_a_name_is_noticed(line: str) -> None:
    assert unreviewed(f"import sqlalchemy\n{line}\n", "state/records.py")
    show_control("X10", removed="the rule that SQL is written down", seen=f"noticed in the code: {line}")


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that reaches a database, without its values."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _shape(statement: str) -> str:
    """A statement but for how many values a list has."""
    return re.sub(r"\((?:\s*\?,?)+\)", "(?)", re.sub(r"(?:\(\?(?:, \?)*\)(?:, )?)+", "(?)", statement))


QUESTIONS = (
    ("show", "{}"),
    ("trace", "{}"),
    ("explain", "{}"),
    ("links", "--owner", "{}", "--json"),
    ("links", "--source", "{}", "--json"),
    ("findings", "--check", "{}", "--json"),
    ("findings", "--objective", "{}", "--json"),
    ("ack", "{}"),
    ("accept", "{}", "--until", "2027-01-01", "--why", "{}"),
    ("sources", "show", "{}"),
)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with Company(tmp_path_factory.mktemp("hostile") / "company") as company:
        company.configure(company.folder)
        company.write_workbook(company.folder)
        assert driftline("sync", "jira", folder=company.folder).code == 0
        yield company


def test_hostile_titles_and_names_never_change_what_is_asked(company: Company) -> None:
    """X10: the statements are those of harmless ones, word for word, and no value stands in any of them."""
    site = company.server(JIRA).site
    issues = list(site.issues.values())
    with statements() as plain:
        for issue in issues:
            issue.summary, issue.updated = "Harmless", company.clock()
        assert driftline("sync", "--full", "jira", folder=company.folder).code == 0
    with statements() as hostile:
        for number, issue in enumerate(issues):
            issue.summary, issue.updated = HOSTILE[number % len(HOSTILE)][:255], company.clock()
        assert driftline("sync", "--full", "jira", folder=company.folder).code == 0
    assert {_shape(each) for each in hostile} == {_shape(each) for each in plain}
    stored = driftline("links", "--source", "jira", "--json", folder=company.folder).json
    titles = {record["title"] for record in stored["records"]}
    assert "'; DROP TABLE records; --" in titles
    asked = len(hostile)
    before = driftline("findings", "--json", folder=company.folder).out
    for number, question in enumerate(QUESTIONS):
        with statements() as plain:
            harmless = driftline(*(word.format("nothing-like-it") for word in question), folder=company.folder)
        for name in HOSTILE if WHOLE else HOSTILE[number % 7 :: 7]:
            words = [word.replace("{}", name) for word in question]
            with statements() as hostile:
                said = driftline(*words, folder=company.folder)
            assert {_shape(each) for each in hostile} <= {_shape(each) for each in plain}, words
            assert not any(name in each for each in hostile if len(name) > 2)
            assert said.code == harmless.code, f"{words} finds something: {said.out}{said.err}"
            asked += len(hostile)
    assert driftline("findings", "--json", folder=company.folder).out == before
    assert not list(company.folder.rglob("stolen.db"))
    show(
        "X10",
        "Titles, names and arguments from outside are values of a query and never part of it: every statement that"
        " takes SQL is written down in the code, and hostile texts bring the same statements as harmless ones",
        reach="0 statements that differ",
        seen=f"0 of {asked:,} statements differ, with {len(HOSTILE)} hostile texts as titles and in"
        f" {len(QUESTIONS)} commands; {sum(1 for _ in _files())} files of code read",
        database=NAME,
    )


def test_control_a_query_that_holds_a_value_is_noticed(company: Company) -> None:
    engine = create_engine(url_of(company.folder / "state.db"), poolclass=NullPool)
    with statements() as plain, engine.connect() as connection:
        for name in ("harmless", HOSTILE[0].replace("'", "''")):
            connection.exec_driver_sql(f"SELECT id FROM records WHERE id = '{name}'")
    assert any("DROP TABLE" in each for each in plain)
    assert len({_shape(each) for each in plain if "WHERE id = '" in each}) == 2
    show_control("X10", removed="the values' own place beside the statement", seen="two statements that differ")


SAFE_LIST = re.compile(r"Id IN \((?:'[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?'(?:, )?)*\)")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(st.text(max_size=25), st.from_regex(r"[A-Za-z0-9']{15}", fullmatch=True)), max_size=5))
def test_ids_that_salesforce_answers_cannot_become_a_query(ids: list[str]) -> None:
    """X10: what one answer holds is asked for in the next question."""
    assert SAFE_LIST.fullmatch(soql.among("Id", ids))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=40).filter(lambda name: not re.fullmatch(soql.FIELD_NAME, name)))
def test_names_of_fields_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a field name"):
        soql.select([name], "Opportunity")
