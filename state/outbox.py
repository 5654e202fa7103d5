"""The outbox: a message is stored before it is sent, and what happened to it afterwards (M1, C1)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from model.deliveries import Delivery, DeliveryState
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
                del row["id"]
                id_ = connection.execute(statement, row).scalar_one_or_none()
                if id_ is not None:
                    added.append(replace(delivery, id=id_))
        return added

    def deliveries(
        self, *, states: Collection[DeliveryState] | None = None, limit: int | None = None
    ) -> list[Delivery]:
        """The messages in some states, or all, oldest first."""
        table = tables.deliveries
        statement = select(table).order_by(table.c.id).limit(limit)
        if states is not None:
            statement = statement.where(table.c.state.in_(list(states)))
        with self.reading() as connection:
            return [_delivery(row) for row in connection.execute(statement).all()]

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
        """The sequence number up to which an audience was told, or will be by what waits; 0 when it never was.

        A slot counts as told when at least one of its recipients was not refused for good: one dead address does not
        make everybody hear the news twice. A slot that failed for everyone told nobody, so the count stays before it,
        even if a later slot was composed meanwhile, until a slot composed after the failure tells it again: news may
        come twice, it is never lost.
        """
        table = tables.deliveries
        statement = (
            select(table.c.slot, table.c.covers, table.c.state, table.c.created_at, table.c.changed_at)
            .where(table.c.audience == audience)
            .order_by(table.c.id)
        )
        with self.reading() as connection:
            return _told(_slots(connection.execute(statement).all()))

    def last_slot(self, audience: str) -> str | None:
        """The slot that was composed last for an audience."""
        table = tables.deliveries
        newest = select(func.max(table.c.id)).where(table.c.audience == audience).scalar_subquery()
        with self.reading() as connection:
            return connection.execute(select(table.c.slot).where(table.c.id == newest)).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class _Slot:
    covers: int
    composed_at: datetime
    failed_at: datetime | None
    """When it had failed for every recipient; None while there is hope."""


def _slots(rows: Sequence[AnyRow]) -> list[_Slot]:
    slots = []
    for _, group in groupby(sorted(rows, key=lambda row: str(row.slot)), key=lambda row: str(row.slot)):
        same = list(group)
        failed = all(row.state == DeliveryState.FAILED for row in same)
        slots.append(
            _Slot(
                max(row.covers for row in same),
                min(row.created_at for row in same),
                max(row.changed_at for row in same) if failed else None,
            )
        )
    return sorted(slots, key=lambda slot: (slot.composed_at, slot.covers))


def _told(slots: Iterable[_Slot]) -> int:
    ordered = list(slots)
    reached = 0
    for slot in ordered:
        if slot.failed_at is None:
            reached = max(reached, slot.covers)
        elif not any(later.failed_at is None and later.composed_at >= slot.failed_at for later in ordered):
            return reached
    return reached


def _delivery(row: AnyRow) -> Delivery:
    values: dict[str, Any] = dict(row._mapping)
    del values["changed_at"]
    values["state"] = DeliveryState(values["state"])
    return Delivery(**values)
