"""Working on a state without changing it: tables that hide the stored ones, in one transaction that is rolled back."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    Connection,
    FromClause,
    Index,
    MetaData,
    Table,
    column,
    insert,
    literal,
    select,
    union_all,
)
from sqlalchemy import table as named_table

from model.calendars import EVERY_DAY
from model.links import Link, Need, NeedOrigin, Role
from model.records import RecordKind
from state import tables
from state.engine import chunked, our_errors
from state.rows import AnyRow, AnySelect
from state.store import Store
from state.view import StoreView

_HIDDEN = (tables.links, tables.needs, tables.notes)
"""What linking writes; everything else that is written fails, because the transaction only reads."""
_BATCH = 1000
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class LinkShift:
    """What a record is in one role: the links that are stored and would go, and those that would come."""

    record_id: str
    role: Role
    before: tuple[Link, ...]
    after: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class NeedShift:
    """What a record or an objective's node would wait for no longer, and from now on."""

    dependent: str
    before: tuple[Need, ...]
    after: tuple[Need, ...]


class Rehearsal(Store):
    """A store on which links, needs and notes can be written without a trace.

    Temporary tables of the same names stand before the stored ones on one connection, on both databases. So the real
    code links and judges, nobody else is locked out or has to wait, and no lock of ours is taken.
    """

    def __init__(self, store: Store, connection: Connection) -> None:
        super().__init__(store.engine, store.shown_url)
        self._connection = connection
        self._schema = "main"
        if self.on_postgresql:
            self._schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        for each in _HIDDEN:
            _hide(connection, each, self._stored(each))

    def close(self) -> None:
        """The connection belongs to whoever began the rehearsal."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with our_errors(self.shown_url):
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with our_errors(self.shown_url), self._connection.begin_nested():
            yield self._connection

    @contextmanager
    def view(self, *, objective_ids: Iterable[str] = ()) -> Iterator[StoreView]:
        with our_errors(self.shown_url), self._connection.begin_nested() as savepoint:
            yield StoreView(self._connection, objective_ids)
            savepoint.rollback()

    def link_shifts(self) -> Iterator[LinkShift]:
        """Where links differ from those that are stored; a line that moved in a rule file is no difference."""
        compared = ("record_id", "role", "objective_id", "rule", "weight")
        for (record_id, role), rows in self._differences(tables.links, compared, ("record_id", "role")):
            links = [(row.stored, _link(row)) for row in rows]
            before, after = _split(links, lambda link: link.objective_id)
            yield LinkShift(record_id, Role(role), before, after)

    def need_shifts(self) -> Iterator[NeedShift]:
        """Where needs differ from those that are stored; the rule that says so and its line are no difference."""
        compared = ("dependent", "wanted", "lag_days", "origin", "calendar", "owner")
        for (dependent,), rows in self._differences(tables.needs, compared, ("dependent",)):
            needs = [(row.stored, _need(dependent, row)) for row in rows]
            before, after = _split(needs, lambda need: (need.wanted, need.lag_days, need.calendar, need.owner or ""))
            yield NeedShift(dependent, before, after)

    def linked(self, kinds: Collection[RecordKind], *, stored: bool) -> set[str]:
        """The ids of the records of some kinds that are linked: in the stored world, or in the rehearsed one."""
        links = self._stored(tables.links) if stored else tables.links
        records = tables.records
        statement = select(links.c.record_id).join(records, records.c.id == links.c.record_id)
        rows = self._connection.execute(statement.where(records.c.kind.in_(list(kinds))).distinct())
        return set(rows.scalars())

    def names(self, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
        """The key and the title of records."""
        table = tables.records
        found: dict[str, tuple[str, str]] = {}
        for part in chunked(list(dict.fromkeys(ids))):
            rows = self._connection.execute(select(table.c.id, table.c.key, table.c.title).where(table.c.id.in_(part)))
            found.update({row.id: (row.key, row.title) for row in rows})
        return found

    def _stored(self, table: Table) -> FromClause:
        return named_table(table.name, *(column(each.name, each.type) for each in table.columns), schema=self._schema)

    def _differences(
        self, table: Table, compared: tuple[str, ...], by: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], list[AnyRow]]]:
        """The rows that only one side has, together for each value of ``by``; found where they lie."""

        def side(one: FromClause, other: FromClause, *, stored: bool) -> AnySelect:
            only = select(*(one.c[name] for name in compared)).except_(select(*(other.c[name] for name in compared)))
            found = only.subquery()
            return select(literal(stored).label("stored"), *found.c)

        before = self._stored(table)
        both = union_all(side(before, table, stored=True), side(table, before, stored=False)).subquery()
        statement = select(both).order_by(*(both.c[name] for name in compared), both.c.stored)
        rows = self._connection.execute(statement, execution_options={"yield_per": _BATCH})
        for key, found in groupby(rows, key=lambda row: tuple(str(getattr(row, name)) for name in by)):
            yield key, list(found)


@contextmanager
def rehearsal(store: Store) -> Iterator[Rehearsal]:
    """One picture of a state to work on, also while its owner works; whatever is written is gone at the end."""
    with store.reading() as connection:
        yield Rehearsal(store, connection)


def _hide(connection: Connection, table: Table, stored: FromClause) -> None:
    """Put a copy before a table. It refers to no other table: a temporary one could refer to its like only."""
    columns = [Column(each.name, each.type, primary_key=each.primary_key, nullable=each.nullable) for each in table.c]
    copy = Table(table.name, MetaData(), *columns, prefixes=["TEMPORARY"])
    for index in table.indexes:
        Index(index.name, *(copy.c[each.name] for each in index.columns))
    copy.create(connection, checkfirst=False)
    # A number that the database gives is given anew, in the same order.
    kept = [each.name for each in table.c if not (each.primary_key and each.name == "id")]
    order = [stored.c[each.name] for each in table.primary_key]
    rows = select(*(stored.c[name] for name in kept)).order_by(*order)
    connection.execute(insert(copy).from_select(kept, rows))


def _need(dependent: str, row: AnyRow) -> Need:
    origin = NeedOrigin(row.origin)
    return Need(dependent, row.wanted, row.lag_days, origin, calendar=row.calendar or EVERY_DAY, owner=row.owner)


def _link(row: AnyRow) -> Link:
    return Link(row.record_id, row.objective_id, Role(row.role), row.rule, Decimal(row.weight))


def _split(
    rows: Sequence[tuple[bool, _Value]], order: Callable[[_Value], Any]
) -> tuple[tuple[_Value, ...], tuple[_Value, ...]]:
    """What is stored, and what would be; each in its order."""
    before = sorted((value for stored, value in rows if stored), key=order)
    after = sorted((value for stored, value in rows if not stored), key=order)
    return tuple(before), tuple(after)
