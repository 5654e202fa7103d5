"""Small things the program remembers for itself."""

from sqlalchemy import delete, select

from state import tables
from state.connected import Connected
from state.engine import upsert


class Notes(Connected):
    """The part of the store that keeps notes."""

    def note(self, key: str) -> str | None:
        """What was noted under a key."""
        table = tables.notes
        with self.reading() as connection:
            return connection.execute(select(table.c.value).where(table.c.key == key)).scalar_one_or_none()

    def set_note(self, key: str, value: str | None) -> None:
        """Note a value; None forgets it. Never a secret."""
        table = tables.notes
        with self.writing() as connection:
            if value is None:
                connection.execute(delete(table).where(table.c.key == key))
            else:
                upsert(connection, table, [{"key": key, "value": value}])
