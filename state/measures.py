"""What is kept of Driftline's own measures: when each finding opened and what became of that, and what runs measured.

Openings that ended before the window are dropped; so are the measures of a long past day but for its last ones.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, cast, delete, func, select
from sqlalchemy.dialects.postgresql import JSONB

from model.deliveries import DeliveryState
from model.findings import Account, TrackedFinding, Transition
from model.measures import Announcement, Decision, Measures, ObjectiveLatency, Opening, StoredMeasures
from model.money import Money
from model.records import Absence, Outcome, RecordKind
from model.runs import SourceOutcome
from state import tables
from state.codec import decode, encode
from state.connected import Connected
from state.engine import chunked, upsert
from state.findings import numbered
from state.rows import AnyRow

MEASURED_UNTIL = "measured-until"
"""The note that tells up to which transition openings were kept."""
THINNED_AFTER = timedelta(days=7)
"""From then on the last measures of a day stand for it."""
MOST_OBJECTIVES = 20
"""Of so many objectives a run's measures are kept, those that learned last; those of now are worked out of all."""

_APART = "\n"


@dataclass(frozen=True, slots=True)
class Carried:
    """The money that one open deal or saving carries; None where it says no amount."""

    account: Account
    linked: bool
    money: Money | None


class MeasuresKept(Connected):
    """The part of the store that keeps what Driftline measures about itself."""

    def unmeasured(self) -> list[Transition]:
        """The transitions that came after those of which openings were kept, in their order."""
        table, notes = tables.transitions, tables.notes
        with self.reading() as connection:
            noted = connection.execute(select(notes.c.value).where(notes.c.key == MEASURED_UNTIL)).scalar()
            statement = select(table.c.sequence, table.c.content).order_by(table.c.sequence)
            rows = connection.execute(statement.where(table.c.sequence > int(noted or 0))).all()
        return [numbered(decode(Transition, row.content), row.sequence) for row in rows]

    def keep_openings(self, openings: Sequence[Opening], *, until: int, ended_before: datetime) -> None:
        """Keep openings as they are now, drop those that ended before a time, and note up to where all was measured;
        in one transaction."""
        table = tables.openings
        with self.writing() as connection:
            upsert(connection, table, [_row(each) for each in openings])
            connection.execute(delete(table).where(table.c.ended_at < ended_before))
            upsert(connection, tables.notes, [{"key": MEASURED_UNTIL, "value": str(until)}])

    def openings(self, fingerprints: Collection[str] | None = None) -> list[Opening]:
        """The openings of all findings or of some, oldest first."""
        table = tables.openings
        statement = select(table).order_by(table.c.sequence)
        parts = [statement]
        if fingerprints is not None:
            parts = [statement.where(table.c.fingerprint.in_(part)) for part in chunked(sorted(fingerprints))]
        with self.reading() as connection:
            return [_opening(row) for part in parts for row in connection.execute(part)]

    def findings_of(self, fingerprints: Collection[str]) -> dict[str, TrackedFinding]:
        """Some findings by their fingerprint, as they are now."""
        table = tables.findings
        with self.reading() as connection:
            return {
                row.fingerprint: decode(TrackedFinding, row.content)
                for part in chunked(sorted(fingerprints))
                for row in connection.execute(
                    select(table.c.fingerprint, table.c.content).where(table.c.fingerprint.in_(part))
                )
            }

    def announcements(self, since: datetime) -> list[Announcement]:
        """The slots of which a mail was sent since a time, one entry per audience and slot."""
        table = tables.deliveries
        key = (table.c.audience, table.c.slot, table.c.covers_after, table.c.covers)
        statement = (
            select(*key, func.min(table.c.created_at).label("composed_at"), func.min(table.c.sent_at).label("sent_at"))
            .where(table.c.state == DeliveryState.SENT)
            .group_by(*key)
            .having(func.min(table.c.sent_at) >= since)
            .order_by(table.c.audience, table.c.covers)
        )
        with self.reading() as connection:
            rows = connection.execute(statement).all()
        return [Announcement(row.audience, row.covers_after, row.covers, row.composed_at, row.sent_at) for row in rows]

    def last_sent(self) -> datetime | None:
        """When the last mail was sent."""
        with self.reading() as connection:
            return connection.execute(select(func.max(tables.deliveries.c.sent_at))).scalar()

    def read_before(self, sources: Collection[str], at: datetime) -> Mapping[str, datetime]:
        """Per source, when its last complete reading began of which a run had ended before a time.

        What changed later cannot have been judged by that run. A source that no such run read is left out.
        """
        table, runs = tables.source_results, tables.runs
        newest = (
            select(table.c.started_at)
            .join(runs, runs.c.id == table.c.run_id)
            .where(table.c.outcome == SourceOutcome.COMPLETE, runs.c.finished_at < at)
            .order_by(table.c.run_id.desc())
            .limit(1)
        )
        with self.reading() as connection:
            found = {each: connection.execute(newest.where(table.c.source == each)).scalar() for each in sources}
        return {source: began for source, began in found.items() if began is not None}

    def absences_of(self, record_ids: Collection[str]) -> Mapping[str, Absence]:
        """Why these records are not there, for those that are not."""
        table = tables.records
        with self.reading() as connection:
            return {
                row.id: Absence(row.absence)
                for part in chunked(sorted(record_ids))
                for row in connection.execute(
                    select(table.c.id, table.c.absence).where(table.c.id.in_(part), table.c.absence.is_not(None))
                )
            }

    def carried(self) -> Iterator[Carried]:
        """The money of every present open deal and saving: an amount; a plan, or where there is none a run-rate."""
        table = tables.records
        linked = table.c.id.in_(select(tables.links.c.record_id))
        deals = (
            self._facts("amount")
            .add_columns(linked)
            .where(table.c.kind == RecordKind.DEAL, table.c.outcome == Outcome.OPEN)
        )
        savings = (
            self._facts("plan", "currency", "run_rate").add_columns(linked).where(table.c.kind == RecordKind.SAVING)
        )
        with self.reading() as connection:
            for amount, is_linked in connection.execute(deals):
                yield Carried(Account.REVENUE, bool(is_linked), _money(amount))
            for plan, currency, run_rate, is_linked in connection.execute(savings):
                yield Carried(Account.SAVINGS, bool(is_linked), _planned(plan, currency) or _money(run_rate))

    def _facts(self, *names: str) -> "Select[Any]":
        facts = tables.records.c.facts
        columns: list[ColumnElement[Any]]
        if self.on_postgresql:
            columns = [cast(facts, JSONB)[name].astext for name in names]
        else:
            columns = [func.json_extract(facts, f"$.{name}") for name in names]
        return select(*columns).where(tables.records.c.absence.is_(None))

    def save_measures(self, run_id: int, measures: Measures) -> None:
        """Keep what a run measured, and of each long past day only the last ones."""
        table = tables.measures
        measures = replace(measures, objectives=_slowest(measures.objectives))
        with self.writing() as connection:
            upsert(connection, table, [{"run_id": run_id, "at": measures.at, "content": encode(measures)}])
            old = connection.execute(
                select(table.c.run_id, table.c.at)
                .where(table.c.at < measures.at - THINNED_AFTER)
                .order_by(table.c.run_id.desc())
                .limit(_MOST_LOOKED_AT)
            ).all()
            last: set[object] = set()
            for row in old:
                if row.at.date() in last:
                    connection.execute(delete(table).where(table.c.run_id == row.run_id))
                last.add(row.at.date())

    def measures(self, limit: int = 1) -> list[StoredMeasures]:
        """What the last runs measured that had anything new to measure, newest first."""
        table = tables.measures
        with self.reading() as connection:
            rows = connection.execute(select(table).order_by(table.c.run_id.desc()).limit(limit)).all()
        return [StoredMeasures(row.run_id, decode(Measures, row.content)) for row in rows]


_MOST_LOOKED_AT = 200
"""Rows that are looked through for those to drop; there are never more of one day than that in the long run."""


def _slowest(objectives: Sequence[ObjectiveLatency]) -> tuple[ObjectiveLatency, ...]:
    slowest = sorted(objectives, key=lambda each: (-(each.told.worst_seconds or 0), each.objective_id))
    return tuple(sorted(slowest[:MOST_OBJECTIVES], key=lambda each: each.objective_id))


def _row(opening: Opening) -> dict[str, Any]:
    row = asdict(opening)
    row["objective_ids"] = _APART.join(opening.objective_ids)
    row["decision"] = opening.decision.value if opening.decision else None
    return row


def _opening(row: AnyRow) -> Opening:
    values: dict[str, Any] = dict(row._mapping)
    values["objective_ids"] = tuple(filter(None, values["objective_ids"].split(_APART)))
    values["decision"] = Decision(values["decision"]) if values["decision"] else None
    return Opening(**values)


def _money(text: str | None) -> Money | None:
    told = orjson.loads(text) if text else None
    return Money(Decimal(str(told["amount"])), told["currency"]) if told else None


def _planned(plan: str | None, currency: str | None) -> Money | None:
    cells = orjson.loads(plan) if plan else None
    return Money(sum((Decimal(str(cell["amount"])) for cell in cells), Decimal(0)), currency or "") if cells else None
