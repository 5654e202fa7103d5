"""Needs of a past day: today's rules and today's records may name what came into being later, which nobody can have
waited for then."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select

from model.keys import normalise_key
from model.records import Record, Release
from state import tables
from state.engine import chunked

_ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Births:
    """Since when there is something that goes by a name; what has no time of creation was always there."""

    _since: dict[str, datetime] = field(default_factory=dict)

    def learn(self, record: Record) -> None:
        """Take note of the names of one record as it was seen."""
        since = record.created or _ALWAYS
        spoken = [record.key, record.native_id, *record.former_keys]
        if isinstance(record, Release):
            spoken.append(f"{record.container}/{record.key}")
        for text in spoken:
            name = normalise_key(text)
            self._since[name] = min(since, self._since.get(name, since))

    def to_come(self, name: str | None, at: datetime) -> bool:
        """Whether something goes by a name, and nothing did at that time."""
        return name is not None and name in self._since and self._since[name] > at


@dataclass(slots=True)
class LaterNeeds:
    """The needs that were taken out of a world, until what they name comes into being."""

    _out: list[dict[str, Any]] = field(default_factory=list)

    def settle(self, connection: Connection, births: Births, at: datetime) -> None:
        """Take out the needs that name what is still to come, and put back those of what has come."""
        table = tables.needs
        back = [row for row in self._out if not _names_later(row, births, at)]
        self._out = [row for row in self._out if _names_later(row, births, at)]
        known = _known(connection, [str(row["dependent"]) for row in back])
        # Whoever was linked again meanwhile has it already.
        rows = [row for row in back if _said(row) not in known]
        if rows:
            connection.execute(insert(table), rows)
        wanted = connection.execute(select(table.c.wanted_normalised, table.c.wanted_rest).distinct()).all()
        names = {name for row in wanted for name in row if births.to_come(name, at)}
        for part in chunked(sorted(names)):
            condition = or_(table.c.wanted_normalised.in_(part), table.c.wanted_rest.in_(part))
            found = [dict(row._mapping) for row in connection.execute(select(table).where(condition))]
            later = [row for row in found if _names_later(row, births, at)]
            for ids in chunked([row["id"] for row in later]):
                connection.execute(delete(table).where(table.c.id.in_(ids)))
            for row in later:
                del row["id"]
            self._out = [*self._out, *(row for row in later if row not in self._out)]


def _names_later(row: dict[str, Any], births: Births, at: datetime) -> bool:
    name, rest = row["wanted_normalised"], row["wanted_rest"]
    return births.to_come(name, at) or births.to_come(rest, at)


def _known(connection: Connection, dependents: Sequence[str]) -> set[tuple[Any, ...]]:
    table = tables.needs
    return {
        _said(dict(row._mapping))
        for part in chunked(sorted(set(dependents)))
        for row in connection.execute(select(table).where(table.c.dependent.in_(part)))
    }


def _said(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(value for name, value in sorted(row.items()) if name != "id")
