"""The outbox: a message is stored before it is sent, and what happened to it afterwards (M1, C1)."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from model.deliveries import Delivery, DeliveryState, Mailed
from model.errors import StateError
from state import tables
from state.codec import printable
from state.connected import Connected
from state.rows import AnyRow


class Outbox(Connected):
    """The part of the store that keeps the mails."""

    def add_deliveries(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Store new messages, in one transaction, and return them with their ids.

        A recipient who already has a message for this slot and audience keeps it; that one is not returned.
        """
        table = tables.deliveries
        dialect: Any = postgresql if self.on_postgresql else sqlite
        statement = (
            dialect.insert(table)
            .on_conflict_do_nothing(index_elements=["recipient", "slot", "audience"])
            .returning(table.c.id)
        )
        added = []
        with self.writing() as connection:
            for delivery in deliveries:
                row = {**asdict(delivery), "changed_at": delivery.created_at}
                del row["id"], row["message"]
                id_ = connection.execute(statement, row).scalar_one_or_none()
                if id_ is not None:
                    text = {"delivery_id": id_, "message": delivery.message}
                    connection.execute(insert(tables.messages), text)
                    added.append(replace(delivery, id=id_))
        return added

    def deliveries(
        self,
        *,
        states: Collection[DeliveryState] | None = None,
        audience: str | None = None,
        slot: str | None = None,
        limit: int | None = None,
        messages: bool = True,
    ) -> list[Delivery]:
        """The deliveries in some states, of an audience and a slot, or all, oldest first.

        Without ``messages`` their bytes are left out: a year of mails does not fit into memory.
        """
        table, texts = tables.deliveries, tables.messages
        statement = select(*table.c).order_by(table.c.id).limit(limit)
        if messages:
            statement = statement.add_columns(texts.c.message).outerjoin(texts, texts.c.delivery_id == table.c.id)
        if states is not None:
            statement = statement.where(table.c.state.in_(list(states)))
        if audience is not None:
            statement = statement.where(table.c.audience == audience)
        if slot is not None:
            statement = statement.where(table.c.slot == slot)
        with self.reading() as connection:
            return [_delivery(row) for row in connection.execute(statement).all()]

    def message_of(self, delivery_id: int) -> bytes:
        """The whole message of one delivery; empty once it was forgotten."""
        texts = tables.messages
        statement = select(texts.c.message).where(texts.c.delivery_id == delivery_id)
        with self.reading() as connection:
            found: bytes | None = connection.execute(statement).scalar_one_or_none()
        return found or b""

    def count_deliveries(self) -> dict[DeliveryState, int]:
        """How many deliveries are in each state; those of which there is one."""
        table = tables.deliveries
        statement = select(table.c.state, func.count()).group_by(table.c.state)
        with self.reading() as connection:
            return {DeliveryState(state): number for state, number in connection.execute(statement).all()}

    def mark_delivery(self, delivery_id: int, state: DeliveryState, *, now: datetime, error: str = "") -> None:
        """Note what happened to a message. ``sending`` counts an attempt. What was sent stays sent.

        Raise StateError for a message that does not exist or was sent already.
        """
        table = tables.deliveries
        values: dict[str, Any] = {"state": state.value, "changed_at": now, "error": printable(error)}
        if state is DeliveryState.SENDING:
            values["attempts"] = table.c.attempts + 1
        if state is DeliveryState.SENT:
            values["sent_at"] = now
        statement = update(table).where(table.c.id == delivery_id, table.c.state != DeliveryState.SENT).values(values)
        with self.writing() as connection:
            if not connection.execute(statement).rowcount:
                raise StateError(f"there is no unsent delivery {delivery_id}", location=self.shown_url)

    def recover_deliveries(self, now: datetime) -> int:
        """Turn what a killed process left on its way into ``unknown``: it may have been accepted or not."""
        table = tables.deliveries
        statement = (
            update(table)
            .where(table.c.state == DeliveryState.SENDING)
            .values(state=DeliveryState.UNKNOWN, changed_at=now, error="the program ended while it was being sent")
        )
        with self.writing() as connection:
            return connection.execute(statement).rowcount

    def covered(self, audience: str) -> int:
        """The sequence number up to which an audience was told everything, or will be by what waits; 0 at first.

        What was refused for good told nobody. A transition counts as told when it lies in the range of at least one
        other message, so one dead address does not make everybody hear the news twice, while a slot that failed for
        everyone leaves a gap, and everything behind the gap is told again: news may come twice, it is never lost.
        """
        table = tables.deliveries
        statement = (
            select(table.c.covers_after, table.c.covers)
            .where(table.c.audience == audience, table.c.state != DeliveryState.FAILED)
            .order_by(table.c.covers_after)
        )
        reached = 0
        with self.reading() as connection:
            for after, covers in connection.execute(statement).all():
                if after > reached:
                    break
                reached = max(reached, covers)
        return reached

    def mailed(self, *, audience: str | None = None, since: datetime | None = None) -> list[Mailed]:
        """Who was or is to be sent what, of one audience or of all, from a time on, oldest first; without what was
        refused for good."""
        table = tables.deliveries
        statement = (
            select(table.c.audience, table.c.recipient, table.c.slot, table.c.created_at, table.c.sent_at)
            .where(table.c.state != DeliveryState.FAILED)
            .order_by(table.c.id)
        )
        if audience is not None:
            statement = statement.where(table.c.audience == audience)
        if since is not None:
            statement = statement.where(table.c.created_at >= since)
        with self.reading() as connection:
            return [Mailed(*row) for row in connection.execute(statement).all()]

    def last_slot(self, audience: str) -> str | None:
        """The slot that was composed last for an audience."""
        table = tables.deliveries
        newest = select(func.max(table.c.id)).where(table.c.audience == audience).scalar_subquery()
        with self.reading() as connection:
            return connection.execute(select(table.c.slot).where(table.c.id == newest)).scalar_one_or_none()


def _delivery(row: AnyRow) -> Delivery:
    values: dict[str, Any] = dict(row._mapping)
    values["message"] = values.get("message") or b""
    del values["changed_at"]
    values["state"] = DeliveryState(values["state"])
    return Delivery(**values)
