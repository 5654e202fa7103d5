"""The doctor asks a PostgreSQL server what its role may do there and how much room the state takes; nothing changes."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from pipeline import doctor_postgres
from pipeline.doctor import Verdict
from state.engine import parse_url
from state.store import Store
from tests.databases import in_postgresql, server
from tests.pipeline.company import Company
from tests.pipeline.test_doctor import examined, says
from tests.state.postgres import connect

OK, WARNING, FAILED = Verdict.OK, Verdict.WARNING, Verdict.FAILED


@dataclass(frozen=True, slots=True)
class Place:
    """A database of the role ``role``; ``url`` leads there as this role, ``above`` as a superuser."""

    role: str
    url: str
    above: str

    def do(self, *statements: str) -> None:
        """Change rights as a superuser; ``{role}`` and ``{database}`` stand for the names."""
        names = {"role": Identifier(self.role), "database": Identifier(self.above.rpartition("/")[2])}
        with connect(self.above) as connection:
            for statement in statements:
                connection.execute(SQL(statement).format(**names))

    def make_tables(self) -> None:
        Store.open(self.url).close()

    def told(self, url: str = "") -> list[tuple[Verdict, str, str]]:
        found = doctor_postgres.permissions(parse_url(url or self.url))
        return [(each.verdict, each.says.replace(self.role, "ROLE"), each.remedy) for each in found]


@pytest.fixture
def place() -> Iterator[Place]:
    role = f"keeper_{uuid.uuid4().hex[:8]}"
    with in_postgresql() as above:
        own = Place(role, make_url(above).set(username=role).render_as_string(hide_password=False), above)
        own.do(
            "CREATE ROLE {role} LOGIN",
            "ALTER DATABASE {database} OWNER TO {role}",
            "GRANT ALL ON SCHEMA public TO {role}",
        )
        yield own
    with connect(server()) as connection:
        connection.execute(SQL("DROP ROLE {}").format(Identifier(role)))


def test_a_role_that_owns_the_database_has_what_it_needs(place: Place) -> None:
    in_order = [(OK, "the role ROLE may write every table and make new ones, and is no superuser", "")]
    assert place.told() == in_order  # before the first run, too
    place.make_tables()
    assert place.told() == in_order


def test_a_role_that_may_do_more_than_it_needs_is_told_with_the_remedy(place: Place, company: Company) -> None:
    """docs/how-to/keep-it-safe.md: no SUPERUSER, no CREATEROLE."""
    place.make_tables()
    place.do("ALTER ROLE {role} CREATEROLE")
    [(verdict, said, remedy)] = place.told()
    assert (verdict, said) == (WARNING, "the role ROLE may make and change other roles")
    assert remedy.endswith(f"ALTER ROLE {place.role} NOCREATEROLE")
    [said] = says(examined(company, url=place.above), "permissions", WARNING).splitlines()
    assert "is a superuser: it may read and change every database" in said
    assert said.endswith("ALTER ROLE driftline NOSUPERUSER")


def test_tables_that_it_may_not_write_are_named(place: Place) -> None:
    place.make_tables()
    place.do("REVOKE UPDATE, DELETE ON decisions FROM {role}")  # rows that are only ever added
    assert [verdict for verdict, *_ in place.told()] == [OK]
    place.do("REVOKE INSERT ON deliveries FROM {role}", "REVOKE USAGE, UPDATE ON SEQUENCE runs_id_seq FROM {role}")
    [(verdict, said, remedy)] = place.told()
    assert (verdict, said) == (FAILED, "the role ROLE may not write deliveries, runs_id_seq")
    assert "USAGE on their sequences" in remedy


def test_what_an_upgrade_needs_is_a_warning_and_what_the_first_run_needs_is_not(place: Place) -> None:
    place.do("ALTER DATABASE {database} OWNER TO driftline", "REVOKE CREATE ON SCHEMA public FROM {role}, PUBLIC")
    grant = f"GRANT CREATE ON SCHEMA public TO {place.role}"
    assert place.told() == [(FAILED, "the role ROLE may not create in the schema public, as the first run must", grant)]
    Store.open(place.above).close()
    place.do(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
    )
    create, own = place.told()
    assert create == (WARNING, "the role ROLE may not create in the schema public, as upgrades must", grant)
    assert own[:2] == (WARNING, own[1])
    assert own[1].startswith("the role ROLE does not own ")
    assert own[1].endswith(" more, which an upgrade may have to change")
    with connect(place.above) as connection:
        counted = connection.execute("SELECT count(*) FROM transitions").fetchone()
    assert counted == (0,)


def test_the_size_of_the_database_is_told_and_that_its_server_s_room_is_not_seen(place: Place) -> None:
    place.make_tables()
    [told] = doctor_postgres.disk(parse_url(place.url))
    size, room = told.says.removeprefix("the database takes ").split(" MiB; ")
    assert (told.verdict, room) == (OK, "the room left on its server cannot be seen from here")
    assert 1 < float(size) < 1000


def test_a_server_that_is_away_is_told_once(company: Company) -> None:
    away = "postgresql+psycopg://driftline@127.0.0.1:1/driftline"
    found = examined(company, url=away)
    assert "cannot be reached" in says(found, "database", FAILED)
    assert {each.area for each in found} & {"permissions", "disk"} == set()
