"""Which schema the state has and how it gets the one this program needs. Alembic is loaded only to migrate what
is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, Engine, inspect, text

from model.errors import StateMigrationError
from state.engine import WRITES, open_engine, our_errors, shown, sqlite_path
from state.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0013"
"""The revision that this program works with; a test compares it with the migrations."""

_UPGRADE_LOCK = 0x6472_6966_7402
_VERSION_TABLE = """
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))
"""  # as Alembic makes it


def current_revision(connection: Connection) -> str | None:
    """The revision of the stored schema; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def is_empty(connection: Connection) -> bool:
    """Whether a database holds no table at all; only there, or in our own, a schema may be made."""
    return not inspect(connection).get_table_names()


def is_there(url: URL) -> bool:
    """Whether anything was ever stored at a place; looking makes nothing."""
    if url.get_backend_name() == "sqlite":
        path = sqlite_path(url)
        return path.is_file() and path.stat().st_size > 0
    engine = open_engine(url)
    try:
        with our_errors(shown(url)), engine.connect() as connection:
            return not is_empty(connection)
    finally:
        engine.dispose()


def check_revision(revision: str | None, location: str) -> None:
    """Raise StateMigrationError unless the stored schema is the one this program needs (C9)."""
    if revision == HEAD:
        return
    if revision is None:
        raise StateMigrationError(
            "the database holds tables of something else", location=location, hint="name one of its own in state.url"
        )
    if revision in known_revisions():
        raise StateMigrationError(
            f"the state has schema {revision}, this program needs {HEAD}",
            location=location,
            hint="make a backup, then run: driftline db upgrade",
        )
    raise StateMigrationError(
        f"the state has schema {revision}, which is newer than this program ({HEAD})",
        location=location,
        hint="install the version of driftline that wrote it, or a later one",
    )


def create(engine: Engine, location: str) -> None:
    """Make the schema in an empty database as the tables declare it, which is what the migrations lead to.

    A first run need not load Alembic for that. Raise StateMigrationError when another program made a different one
    meanwhile.
    """
    with _changing(engine) as connection:
        if not is_empty(connection):
            check_revision(current_revision(connection), location)
            return
        metadata.create_all(connection)
        connection.execute(text(_VERSION_TABLE))
        connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD})


@contextmanager
def _changing(engine: Engine) -> Iterator[Connection]:
    """One transaction in which nobody else changes the schema."""
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
        yield connection


def upgrade(engine: Engine, location: str) -> None:
    """Bring the schema to HEAD in one transaction; raise StateMigrationError when it is newer (C17)."""
    from alembic import command

    with _changing(engine) as connection:
        revision = current_revision(connection)
        if revision not in known_revisions() and not is_empty(connection):
            check_revision(revision, location)
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def known_revisions() -> list[str]:
    """All revisions of this program, oldest first."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(alembic_config())
    return [revision.revision for revision in script.walk_revisions()][::-1]


def alembic_config() -> "Config":
    """Alembic's configuration, made here so that no file has to be found at run time."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
