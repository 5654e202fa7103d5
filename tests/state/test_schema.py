"""Migrations: from nothing to what the tables say, and refusal of what does not fit."""

import threading

import pytest
from alembic import command, op
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from model.errors import StateError, StateMigrationError
from model.findings import Transition, TransitionKind
from model.links import Need, NeedOrigin
from model.reading import Cursor
from state import schema
from state.codec import encode
from state.engine import WRITES, create_sqlite_file, open_engine, parse_url
from state.reading import StoredCursor
from state.store import Store
from state.tables import metadata
from tests.state.worlds import DAY_1


def test_the_migrations_lead_to_what_the_tables_declare(empty_url: str) -> None:
    with Store.open(empty_url, migrate=True) as store, store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_a_schema_that_is_made_at_once_is_the_one_that_the_migrations_lead_to(empty_url: str) -> None:
    """A first run makes the tables as they are declared and runs no migration."""
    with Store.open(empty_url) as store, store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_heads() == (schema.HEAD,)


def test_a_schema_that_cannot_be_made_whole_leaves_nothing(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_VERSION_TABLE", "CREATE TABLE runs (id INTEGER)")
    with pytest.raises(StateError, match="the state database refused"):
        Store.open(empty_url)
    engine = create_engine(empty_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_the_comparison_sees_a_column_that_is_missing(empty_url: str) -> None:
    """The negative control of the test above."""
    with Store.open(empty_url, migrate=True) as store, store.engine.connect() as connection:
        connection.execute(text("ALTER TABLE runs DROP COLUMN standing"))
        assert compare_metadata(MigrationContext.configure(connection), metadata)


def test_the_program_works_with_the_last_migration() -> None:
    assert schema.known_revisions()[-1] == schema.HEAD


def test_an_empty_database_is_made_ready_on_first_use(empty_url: str) -> None:
    with Store.open(empty_url) as store:
        assert store.schema_version() == schema.HEAD
    with Store.open(empty_url) as store:
        assert store.runs() == []


@pytest.mark.parametrize("migrate", [False, True])
def test_a_database_of_something_else_is_refused_and_left_alone(empty_url: str, migrate: bool) -> None:
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE invoices (id INTEGER)"))
    with pytest.raises(StateMigrationError, match="the database holds tables of something else"):
        Store.open(empty_url, migrate=migrate)
    assert inspect(engine).get_table_names() == ["invoices"]
    engine.dispose()


def test_upgrading_twice_changes_nothing(empty_url: str) -> None:
    with Store.open(empty_url) as store:
        store.set_note("kept", "yes")
    with Store.open(empty_url, migrate=True) as store:
        assert store.note("kept") == "yes"


@pytest.mark.parametrize("migrate", [False, True])
def test_a_newer_schema_is_always_refused(empty_url: str, migrate: bool) -> None:
    """C9."""
    Store.open(empty_url).close()
    _set_revision(empty_url, "9999")
    with pytest.raises(StateMigrationError, match="schema 9999, which is newer than this program") as refused:
        Store.open(empty_url, migrate=migrate)
    assert refused.value.problems[0].location


def test_an_older_schema_is_refused_unless_it_may_be_upgraded(empty_url: str) -> None:
    _make(empty_url, "0001")
    with pytest.raises(StateMigrationError, match=f"has schema 0001, this program needs {schema.HEAD}") as refused:
        Store.open(empty_url)
    assert "driftline db upgrade" in refused.value.problems[0].hint
    Store.open(empty_url, migrate=True).close()
    Store.open(empty_url).close()


def test_the_second_schema_keeps_what_the_first_knew_of_its_sources(empty_url: str) -> None:
    """C17: the cursor goes on; what was walked is unknown, so that the next read is a full one."""
    _make(empty_url, "0001")
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO sources (source, position, read_at, full_at, complete, error) "
                "VALUES ('jira', 'here', :at, :at, :yes, '')"
            ),
            {"at": DAY_1, "yes": True},
        )
    engine.dispose()
    with Store.open(empty_url, migrate=True) as store:
        assert store.cursor("jira") == StoredCursor(Cursor("here"), DAY_1, DAY_1, None, "")
        assert (store.held("jira"), store.approvals("jira")) == (None, [])


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_the_third_schema_keeps_the_needs_that_earlier_ones_stored(empty_url: str, revision: str) -> None:
    """C17: a need of before counts every day and has no owner."""
    _make(empty_url, revision)
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO needs (dependent, source, wanted, wanted_normalised, lag_days, origin, rule, location) "
                "VALUES ('crm:1', 'crm', 'A-1', 'a-1', 14, 'rule', 'launch', 'r.yaml:3')"
            )
        )
    engine.dispose()
    with Store.open(empty_url, migrate=True) as store:
        assert store.needs_of("crm:1") == [Need("crm:1", "A-1", 14, NeedOrigin.RULE, "launch", "r.yaml:3")]


def test_the_eighth_schema_has_all_that_happened_to_findings_still_to_measure(empty_url: str) -> None:
    """C17: what an earlier program noted is followed up by the first run of this one."""
    _make(empty_url, "0007")
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        opened = encode(Transition(fingerprint="f", kind=TransitionKind.OPENED, at=DAY_1))
        for statement in (
            "INSERT INTO findings (fingerprint, state, changed_at, content) VALUES ('f', 'open', :at, :said)",
            "INSERT INTO transitions (fingerprint, kind, at, content) VALUES ('f', 'opened', :at, :said)",
        ):
            connection.execute(text(statement), {"at": DAY_1, "said": opened})
    engine.dispose()
    with Store.open(empty_url, migrate=True) as store:
        assert [each.fingerprint for each in store.unmeasured()] == ["f"]
        assert (store.openings(), store.measures()) == ([], [])


def test_an_upgrade_that_fails_leaves_nothing(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """C17: the whole upgrade is one transaction."""
    made = op.create_table

    def fail_at_the_end(name: str, *columns: object, **options: object) -> object:
        if name == "owner":
            raise RuntimeError("the power failed")
        return made(name, *columns, **options)

    monkeypatch.setattr(op, "create_table", fail_at_the_end)
    with pytest.raises(RuntimeError, match="the power failed"):
        Store.open(empty_url, migrate=True)
    engine = create_engine(empty_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


@pytest.mark.parametrize("migrate", [False, True])
def test_two_programs_may_make_the_schema_at_the_same_moment(empty_url: str, migrate: bool) -> None:
    failed = []

    def upgrade() -> None:
        try:
            Store.open(empty_url, migrate=migrate).close()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with Store.open(empty_url) as store:
        assert store.schema_version() == schema.HEAD


def _make(url: str, revision: str) -> None:
    """A state as an earlier program left it."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        create_sqlite_file(parsed)
    engine = open_engine(parsed)
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        config = schema.alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def _set_revision(url: str, revision: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    engine.dispose()
