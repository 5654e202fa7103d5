"""What is held of a source, who approved it, and what the guard against mass losses has to know."""

from collections.abc import Collection, Container
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, delete, func, insert, select, update

from model.errors import UsageError
from model.keys import record_id
from model.records import Absence
from model.trust import Approval, Doubt, Held, Loss, Standing
from state import tables
from state.codec import printable
from state.connected import Connected
from state.engine import chunked, upsert
from state.rows import GONE, AnyRow, standing

_BATCH = 1000


class Trust(Connected):
    """The part of the store that remembers doubts and their approvals."""

    def hold(self, held: Held) -> None:
        """Remember what is held of a source; of the same doubt the time since when stays the first one."""
        with self.writing() as connection:
            before = _held(connection, held.source)
            since = before.since if before is not None and before.doubt is held.doubt else held.since
            row = {"source": held.source, "since": since, "content": _content(held)}
            upsert(connection, tables.holds, [row])

    def held(self, source: str) -> Held | None:
        """What is held of a source; None when everything it says is believed."""
        with self.reading() as connection:
            return _held(connection, source)

    def release(self, source: str) -> None:
        """Nothing is held of a source any more."""
        with self.writing() as connection:
            connection.execute(delete(tables.holds).where(tables.holds.c.source == source))

    def approve(self, shown: Held, *, by: str, reason: str, now: datetime) -> None:
        """Let the next run of the source conclude what was shown to somebody; an earlier, unused word is replaced.

        May be called while another process owns the state. Raise UsageError when something else is held meanwhile.
        """
        table = tables.approvals
        with self.writing() as connection:
            current = shown if shown.doubt is Doubt.SHAPE else _held(connection, shown.source)
            if current is None or not current.asks_the_same(shown):
                raise UsageError(
                    f"what is held of {shown.source} changed while you looked at it",
                    location=shown.source,
                    hint=f'look again: driftline sources approve {shown.source} --reason "…"',
                )
            connection.execute(delete(table).where(table.c.source == shown.source, table.c.used_at.is_(None)))
            connection.execute(
                insert(table).values(
                    source=shown.source,
                    held_since=shown.since,
                    content=_content(shown),
                    approved_by=printable(by),
                    reason=printable(reason),
                    approved_at=now,
                )
            )

    def approvals(self, source: str) -> list[Approval]:
        """Every approval of a source, the newest first."""
        table = tables.approvals
        with self.reading() as connection:
            rows = connection.execute(select(table).where(table.c.source == source).order_by(table.c.id.desc())).all()
        return [_approval(row) for row in rows]

    def pending_approval(self, source: str) -> Approval | None:
        """The approval that the next run of a source uses up."""
        return next((each for each in self.approvals(source) if each.used_at is None), None)

    def use_approval(self, approval: Approval, now: datetime) -> None:
        """Note that a run has taken somebody at their word; it counts for no other run."""
        table = tables.approvals
        with self.writing() as connection:
            connection.execute(update(table).where(table.c.id == approval.id).values(used_at=now))

    def standing_beyond(self, source: str, listed: Container[str]) -> dict[str, Standing]:
        """The records of a source, by native id, that are neither deleted nor moved away and not among those listed.

        The others are not kept in memory.
        """
        table = tables.records
        statement = select(table.c.native_id).where(table.c.source == source, standing())
        options = {"yield_per": _BATCH}
        with self.reading() as connection, connection.execute(statement, execution_options=options) as stored:
            beyond = [row.native_id for row in stored if row.native_id not in listed]
        return self.standing_of(source, beyond)

    def standing_of(self, source: str, native_ids: Collection[str]) -> dict[str, Standing]:
        """Those of these records that are neither deleted nor moved away."""
        table = tables.records
        statement = select(table.c.native_id, table.c.container, table.c.absence).where(standing())
        ids = [record_id(source, native_id) for native_id in native_ids]
        with self.reading() as connection:
            rows = [row for part in chunked(ids) for row in connection.execute(statement.where(table.c.id.in_(part)))]
        return {row.native_id: _standing(row) for row in rows}

    def standing_counts(self, source: str, *, before: int) -> dict[Standing, int]:
        """How many records of a source stand where, and out of sight for which reason; of those only that stood before
        a run, by its id: what came with it is no ground to believe that others are gone."""
        table, known, each = tables.records, tables.revisions, tables.revisions.alias()
        where = (table.c.container, table.c.absence)
        earlier = select(func.max(each.c.id)).where(each.c.record_id == table.c.id, each.c.run_id < before)
        stood = (known.c.id == earlier.scalar_subquery()) & (known.c.absence.is_(None) | known.c.absence.not_in(GONE))
        counted = select(*where, func.count().label("records")).join(known, stood)
        counted = counted.where(table.c.source == source, standing())
        with self.reading() as connection:
            return {_standing(row): row.records for row in connection.execute(counted.group_by(*where))}

    def lost_since(self, source: str, since: datetime) -> int:
        """How many records were taken as deleted or moved since then, and still are, without anybody's approval."""
        records, revisions, approvals = tables.records, tables.revisions, tables.approvals
        lost = (
            select(records.c.native_id)
            .join(revisions, revisions.c.record_id == records.c.id)
            .where(records.c.source == source, records.c.absence.in_(GONE))
            .where(revisions.c.absence.in_(GONE), revisions.c.seen_at > since)
            .distinct()
        )
        lately = (approvals.c.used_at.is_(None)) | (approvals.c.used_at > since)
        given = select(approvals.c.content).where(approvals.c.source == source, lately)
        with self.reading() as connection:
            approved: set[str] = set()
            for content in connection.execute(given).scalars():
                approved.update(orjson.loads(content)["native_ids"])
            return len(set(connection.execute(lost).scalars()) - approved)


def _standing(row: AnyRow) -> Standing:
    return Standing(row.container, Absence(row.absence) if row.absence else None)


def _content(held: Held) -> str:
    told: dict[str, Any] = {
        "doubt": held.doubt.value,
        "reason": printable(held.reason),
        "native_ids": list(held.native_ids),
        "containers": [[each.container, each.name, each.lost, each.of] for each in held.containers],
        "identity_before": printable(held.identity_before),
        "identity_now": printable(held.identity_now),
    }
    return orjson.dumps(told).decode()


def _told(source: str, since: datetime, content: str) -> Held:
    told = orjson.loads(content)
    return Held(
        source=source,
        doubt=Doubt(told["doubt"]),
        reason=told["reason"],
        since=since,
        native_ids=tuple(told["native_ids"]),
        containers=tuple(Loss(*each) for each in told["containers"]),
        identity_before=told["identity_before"],
        identity_now=told["identity_now"],
    )


def _held(connection: Connection, source: str) -> Held | None:
    table = tables.holds
    row = connection.execute(select(table).where(table.c.source == source)).one_or_none()
    return None if row is None else _told(source, row.since, row.content)


def _approval(row: AnyRow) -> Approval:
    return Approval(
        id=row.id,
        held=_told(row.source, row.held_since, row.content),
        by=row.approved_by,
        reason=row.reason,
        at=row.approved_at,
        used_at=row.used_at,
    )
