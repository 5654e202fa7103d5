"""How many requests each source was asked lately, counted before they are sent: no kill forgets one."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from state import tables
from state.connected import Connected

LONGEST_SPAN = timedelta(days=1)
"""What lies further back is forgotten."""
_PARTS = 24
"""A span is counted in so many parts; a part counts until its last moment is out of the span."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Requests(Connected):
    """The part of the store that counts requests."""

    def take_requests(
        self, source: str, number: int, *, most: int, span: timedelta, now: datetime
    ) -> tuple[int, datetime]:
        """Count up to so many requests, as far as no more than ``most`` fall into any ``span``.

        Give how many may be sent, and the part of the time that they were counted in.
        """
        table, part = tables.requests, _part(span, now)
        with self.writing() as connection:
            connection.execute(delete(table).where(table.c.source == source, table.c.until <= now - LONGEST_SPAN))
            counted = sum(_counted(connection, source, span, now).values())
            granted = max(0, min(number, most - counted))
            if granted:
                _add(connection, source, part, granted)
        return granted, part

    def give_back_requests(self, source: str, number: int, part: datetime) -> None:
        """So many requests of a part of the time were counted and not sent."""
        table = tables.requests
        with self.writing() as connection:
            connection.execute(
                update(table)
                .where(table.c.source == source, table.c.until == part)
                .values(number=table.c.number - number)
            )

    def requests(self, source: str, *, span: timedelta, now: datetime) -> Mapping[datetime, int]:
        """How many requests count now, by the moment until which a part of the time lasts: a span later they do not
        count any more. What a clock that ran ahead counted does not count (C13)."""
        with self.reading() as connection:
            return _counted(connection, source, span, now)


def _counted(connection: Connection, source: str, span: timedelta, now: datetime) -> dict[datetime, int]:
    table = tables.requests
    statement = select(table.c.until, table.c.number).where(
        table.c.source == source, table.c.until > now - span, table.c.until <= now + LONGEST_SPAN / _PARTS
    )
    return {row.until: row.number for row in connection.execute(statement)}


def _add(connection: Connection, source: str, part: datetime, number: int) -> None:
    """Added by the database itself: several workers may ask one source."""
    table = tables.requests
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert
    statement = insert(table).values(source=source, until=part, number=number)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[table.c.source, table.c.until], set_={"number": table.c.number + number}
        )
    )


def _part(span: timedelta, now: datetime) -> datetime:
    """The moment until which the part of the time lasts that holds this one."""
    width = span / _PARTS
    return _EPOCH + ((now - _EPOCH) // width + 1) * width
