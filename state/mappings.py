"""The mapping that records were linked with last, and what was changed about it since the first one."""

from dataclasses import replace

from sqlalchemy import ColumnElement, func, select

from model.mapping_changes import Inventory, MappingChange, RefusedConfiguration
from state import tables
from state.codec import decode, encode
from state.connected import Connected
from state.engine import upsert

_INVENTORY = "mapping-inventory"
_REFUSED = "mapping-refused"
_CHANGE = "mapping-change:"
_DIGITS = 9


class Mappings(Connected):
    """The part of the store that remembers mappings. A change is never altered or removed."""

    def inventory(self) -> Inventory | None:
        """What the mapping held that records were linked with last."""
        text = self._noted(_INVENTORY)
        return decode(Inventory, text) if text is not None else None

    def add_mapping_change(self, change: MappingChange | None, inventory: Inventory) -> MappingChange | None:
        """Keep what the mapping holds now and, unless it is the first one, what changed; in one transaction.

        Give the change with its number.
        """
        table = tables.notes
        with self.writing() as connection:
            rows = [{"key": _INVENTORY, "value": encode(inventory)}]
            if change is not None:
                last = connection.execute(select(func.max(table.c.key)).where(_is_change())).scalar_one()
                number = int(last.removeprefix(_CHANGE)) + 1 if last else 1
                change = replace(change, number=number)
                rows.append({"key": _key(number), "value": encode(change)})
            upsert(connection, table, rows)
        return change

    def mapping_changes(self, *, limit: int | None = None, after: int = 0) -> list[MappingChange]:
        """The last changes of the mapping, the newest first."""
        table = tables.notes
        statement = (
            select(table.c.value)
            .where(_is_change(), table.c.key > _key(after))
            .order_by(table.c.key.desc())
            .limit(limit)
        )
        with self.reading() as connection:
            return [decode(MappingChange, value) for value in connection.execute(statement).scalars()]

    def link_counts(self) -> dict[tuple[str, str], int]:
        """How many links each rule gives to each objective, by the name of the rule and the objective's id."""
        table = tables.links
        columns = (table.c.rule, table.c.objective_id)
        statement = select(*columns, func.count().label("links")).group_by(*columns)
        with self.reading() as connection:
            return {(row.rule, row.objective_id): row.links for row in connection.execute(statement)}

    def refused_configuration(self) -> RefusedConfiguration | None:
        """The edited configuration that the daemon does not take, while that is so."""
        text = self._noted(_REFUSED)
        return decode(RefusedConfiguration, text) if text is not None else None

    def set_refused_configuration(self, refused: RefusedConfiguration | None) -> None:
        """Note what is refused; None when the files are sound again."""
        table = tables.notes
        with self.writing() as connection:
            if refused is None:
                connection.execute(table.delete().where(table.c.key == _REFUSED))
            else:
                upsert(connection, table, [{"key": _REFUSED, "value": encode(refused)}])

    def _noted(self, key: str) -> str | None:
        table = tables.notes
        with self.reading() as connection:
            return connection.execute(select(table.c.value).where(table.c.key == key)).scalar_one_or_none()


def _key(number: int) -> str:
    return f"{_CHANGE}{number:0{_DIGITS}d}"


def _is_change() -> ColumnElement[bool]:
    return tables.notes.c.key.startswith(_CHANGE, autoescape=True)
