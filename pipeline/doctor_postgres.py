"""The state on a PostgreSQL server under examination: what its role may do there, and how much room it takes.

Only asked with SQL, in transactions that cannot write.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import DBAPIError

from model.errors import ConfigurationError
from pipeline.doctor import Diagnosis, failed, first_of, ok, warning
from state.engine import open_engine, our_errors, shown
from state.tables import metadata

_MIB = 2**20
_NAMED = 3
"""So many tables are named; more are counted."""

_ROLE = text("SELECT quote_ident(rolname), rolsuper, rolcreaterole FROM pg_roles WHERE rolname = session_user")
_SCHEMA = text(
    "SELECT quote_ident(current_schema()), has_schema_privilege(current_schema(), 'CREATE'),"
    " to_regclass('alembic_version') IS NOT NULL"
)
_OURS = "SELECT to_regclass(quote_ident(name)) FROM unnest(CAST(:names AS text[])) AS name"
# A table whose rows are only ever added refuses the rest by a trigger, so nobody needs the right to it. CASE, because
# the server may ask for the rights to a sequence before it looks whether something is one, and that is an error.
_CLOSED = text(f"""
    SELECT relname FROM pg_class AS ours
    WHERE oid IN ({_OURS})
    AND NOT (
        has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
        AND (
            has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')
            OR EXISTS (SELECT FROM pg_trigger WHERE tgrelid = ours.oid AND tgname = ours.relname || '_only_added')
        )
    )
    UNION ALL
    SELECT sequence.relname FROM pg_class AS sequence
    JOIN pg_depend ON objid = sequence.oid AND classid = 'pg_class'::regclass
        AND refclassid = 'pg_class'::regclass AND deptype = 'a'
    WHERE refobjid IN ({_OURS})
        AND CASE sequence.relkind WHEN 'S' THEN NOT has_sequence_privilege(sequence.oid, 'USAGE') ELSE false END
    ORDER BY 1
""")  # noqa: S608 - made of our own words
_FOREIGN = text(f"""
    SELECT relname FROM pg_class WHERE oid IN ({_OURS}) AND NOT pg_has_role(relowner, 'USAGE') ORDER BY 1
""")  # noqa: S608 - made of our own words


@dataclass(frozen=True, slots=True)
class Rights:
    """What the role that signs in may do. ``closed`` are tables, and counters of them, that it may not fully use;
    ``foreign`` are tables of another owner, which it cannot change in an upgrade."""

    role: str
    superuser: bool
    makes_roles: bool
    schema: str
    creates: bool
    there: bool
    closed: Sequence[str]
    foreign: Sequence[str]


def permissions(url: URL) -> Iterator[Diagnosis]:
    """Whether the role is less than a superuser, may write what is stored, and may make what an upgrade makes."""
    with _looking(url) as connection:
        if connection is None:
            return
        rights = _rights(connection)
    found = [*_too_much(rights), *_too_little(rights)]
    yield from found or [
        ok("permissions", f"the role {rights.role} may write every table and make new ones, and is no superuser")
    ]


def disk(url: URL) -> Iterator[Diagnosis]:
    """How large the database is; a client cannot see what is left on the server."""
    with _looking(url) as connection:
        if connection is None:
            return
        size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    yield ok("disk", f"the database takes {size / _MIB:,.1f} MiB; the room left on its server cannot be seen from here")


@contextmanager
def _looking(url: URL) -> Iterator[Connection | None]:
    """A connection that cannot write; None where there is none to be had, which is told in the area database."""
    with ExitStack() as ending:
        try:
            engine = open_engine(url)
            ending.callback(engine.dispose)
            connection = ending.enter_context(engine.connect())
        except (ConfigurationError, DBAPIError):
            yield None
            return
        with our_errors(shown(url)):
            yield connection.execution_options(postgresql_readonly=True)


def _rights(connection: Connection) -> Rights:
    role, superuser, makes_roles = connection.execute(_ROLE).one()
    schema, creates, there = connection.execute(_SCHEMA).one()
    names = {"names": list(metadata.tables)}
    return Rights(
        role=role,
        superuser=superuser,
        makes_roles=makes_roles,
        schema=schema or "",
        creates=bool(creates),
        there=there,
        closed=connection.execute(_CLOSED, names).scalars().all(),
        foreign=connection.execute(_FOREIGN, names).scalars().all(),
    )


def _too_much(rights: Rights) -> Iterator[Diagnosis]:
    for has, what, word in (
        (rights.superuser, "is a superuser: it may read and change every database of the server", "NOSUPERUSER"),
        (rights.makes_roles and not rights.superuser, "may make and change other roles", "NOCREATEROLE"),
    ):
        if has:
            remedy = f"use a role of its own that owns this one database, or: ALTER ROLE {rights.role} {word}"
            yield warning("permissions", f"the role {rights.role} {what}", remedy)


def _too_little(rights: Rights) -> Iterator[Diagnosis]:
    if rights.closed:
        yield failed(
            "permissions",
            f"the role {rights.role} may not write {first_of(rights.closed, _NAMED)}",
            "let it own the tables, or grant it SELECT, INSERT, UPDATE and DELETE on them and USAGE on their sequences",
        )
    if not rights.creates:
        may_not = f"the role {rights.role} may not create in {_place(rights)}"
        if rights.there:
            yield warning("permissions", f"{may_not}, as upgrades must", _grant(rights))
        else:
            yield failed("permissions", f"{may_not}, as the first run must", _grant(rights))
    if rights.foreign:
        named = first_of(rights.foreign, _NAMED)
        said = f"the role {rights.role} does not own {named}, which an upgrade may have to change"
        yield warning("permissions", said, "let it own them, or run driftline db upgrade as the role that does")


def _place(rights: Rights) -> str:
    return f"the schema {rights.schema}" if rights.schema else "any schema of its search_path"


def _grant(rights: Rights) -> str:
    if not rights.schema:
        return f"make a schema for it: CREATE SCHEMA AUTHORIZATION {rights.role}"
    return f"GRANT CREATE ON SCHEMA {rights.schema} TO {rights.role}"
