"""Tables whose rows are only ever added: the database itself refuses to change or delete one."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, event


def only_added(table: Table) -> None:
    """Guard a table when it is made; an existing one is guarded by its migration."""

    def guard(_table: Table, connection: Connection, **_more: Any) -> None:
        for statement in statements(table.name, connection.dialect.name):
            connection.exec_driver_sql(statement)

    event.listen(table, "after_create", guard)


def statements(table: str, dialect: str) -> Sequence[str]:
    """What makes a database refuse every UPDATE and DELETE on a table."""
    refusal, name = f"{table} are only ever added", f"{table}_only_added"
    if dialect == "postgresql":
        return (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE '{refusal}'; END $$",
            f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
        )
    return tuple(
        f"CREATE TRIGGER {name}_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        for verb in ("UPDATE", "DELETE")
    )
