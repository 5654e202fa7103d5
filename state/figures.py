"""The figures of a state for whoever watches the daemon: counted where they lie, in one picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB

from model.deliveries import DeliveryState
from model.findings import FindingState, Severity
from model.measures import Measures
from model.records import Absence
from model.runs import SourceOutcome
from state import tables
from state.codec import decode
from state.connected import Connected

WAITING = (DeliveryState.READY, DeliveryState.SENDING, DeliveryState.UNKNOWN)
_LATEST_RUNS = 1000
"""Among so many runs the last reading of a source is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFigures:
    """What is stored of one source; ``read_at`` is its last complete read, ``complete`` tells of the last attempt."""

    read_at: datetime | None = None
    complete: bool = False
    held: bool = False
    records: int = 0
    absent: int = 0
    set_aside: int = 0
    reading_seconds: float | None = None
    """How long its last reading took."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted by going through all records; ``revision`` was the newest then, with which it changes."""

    revision: int
    present: Mapping[str, int]
    absent: Mapping[str, Mapping[Absence, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything that is told of a state. ``owned`` says whether this process is its owner still."""

    owned: bool
    sources: Mapping[str, SourceFigures]
    absences: Mapping[Absence, int]
    findings: Mapping[tuple[FindingState, Severity], int]
    held_findings: int
    deliveries: Mapping[DeliveryState, int]
    waiting_since: datetime | None
    """When the oldest message was composed that has not gone out."""
    refused: bool
    """Whether edited files are not taken because something in them is wrong."""
    measures: Measures | None
    counted: Counted = field(repr=False)


def read_figures(store: Connected, *, known: Counted | None = None, refused: bool = False) -> Figures:
    """Count everything in one transaction; records only when they changed since ``known``. Raise StateError."""
    with store.reading() as connection:
        counted = _records(connection, known)
        deliveries, waiting_since = _deliveries(connection)
        standing, held = _findings(connection, on_postgresql=store.on_postgresql)
        content = connection.execute(
            select(tables.measures.c.content).order_by(tables.measures.c.run_id.desc()).limit(1)
        ).scalar()
        return Figures(
            owned=_owned(connection, store.epoch),
            sources=_sources(connection, counted),
            absences=_by_reason(counted),
            findings=standing,
            held_findings=held,
            deliveries=deliveries,
            waiting_since=waiting_since,
            refused=refused,
            measures=decode(Measures, content) if content else None,
            counted=counted,
        )


def _records(connection: Connection, known: Counted | None) -> Counted:
    revision = connection.execute(select(func.max(tables.revisions.c.id))).scalar() or 0
    if known is not None and known.revision == revision:
        return known
    table = tables.records
    statement = select(table.c.source, table.c.absence, func.count()).group_by(table.c.source, table.c.absence)
    present: dict[str, int] = {}
    absent: dict[str, dict[Absence, int]] = {}
    for source, absence, number in connection.execute(statement):
        if absence is None:
            present[source] = number
        else:
            absent.setdefault(source, {})[Absence(absence)] = number
    return Counted(revision, present, absent)


def _by_reason(counted: Counted) -> dict[Absence, int]:
    return {reason: sum(each.get(reason, 0) for each in counted.absent.values()) for reason in Absence}


def _sources(connection: Connection, counted: Counted) -> dict[str, SourceFigures]:
    aside, table = tables.set_aside, tables.sources
    set_aside = _pairs(connection, select(aside.c.source, func.count()).group_by(aside.c.source))
    held = set(connection.execute(select(tables.holds.c.source)).scalars())
    lasted = _reading_seconds(connection)
    return {
        row.source: SourceFigures(
            read_at=row.read_at,
            complete=row.complete,
            held=row.source in held,
            records=counted.present.get(row.source, 0),
            absent=sum(counted.absent.get(row.source, {}).values()),
            set_aside=set_aside.get(row.source, 0),
            reading_seconds=lasted.get(row.source),
        )
        for row in connection.execute(select(table.c.source, table.c.read_at, table.c.complete))
    }


def _reading_seconds(connection: Connection) -> dict[str, float]:
    table = tables.source_results
    newest = connection.execute(select(func.max(table.c.run_id))).scalar() or 0
    last = (
        select(table.c.source, func.max(table.c.run_id).label("run_id"))
        .where(table.c.run_id > newest - _LATEST_RUNS, table.c.outcome != SourceOutcome.SKIPPED)
        .group_by(table.c.source)
        .subquery()
    )
    joined = (table.c.run_id == last.c.run_id) & (table.c.source == last.c.source)
    rows = connection.execute(select(table.c.source, table.c.started_at, table.c.finished_at).join(last, joined))
    return {row.source: max(0.0, (row.finished_at - row.started_at).total_seconds()) for row in rows}


def _findings(connection: Connection, *, on_postgresql: bool) -> tuple[dict[tuple[FindingState, Severity], int], int]:
    content = tables.findings.c.content
    severity: ColumnElement[Any]
    held: ColumnElement[Any]
    if on_postgresql:
        severity = cast(content, JSONB)["finding"]["severity"].astext
        held = cast(content, JSONB)["held_since"].astext
    else:
        severity = func.json_extract(content, "$.finding.severity")
        held = func.json_extract(content, "$.held_since")
    state = tables.findings.c.state
    by_both = connection.execute(select(state, severity, func.count()).group_by(state, severity)).all()
    not_checked = select(func.count()).where(state != FindingState.RESOLVED, held.is_not(None))
    found = {(FindingState(told), Severity(int(weight))): number for told, weight, number in by_both}
    return found, connection.execute(not_checked).scalar_one()


def _deliveries(connection: Connection) -> tuple[dict[DeliveryState, int], datetime | None]:
    table = tables.deliveries
    counted = _pairs(connection, select(table.c.state, func.count()).group_by(table.c.state))
    oldest = select(func.min(table.c.created_at)).where(table.c.state.in_(list(WAITING)))
    return {DeliveryState(state): number for state, number in counted.items()}, connection.execute(oldest).scalar()


def _owned(connection: Connection, epoch: int | None) -> bool:
    if epoch is None:
        return False
    return bool(connection.execute(select(tables.owner.c.epoch)).scalar() == epoch)


def _pairs(connection: Connection, statement: Any) -> dict[str, int]:
    return dict(connection.execute(statement).tuples().all())
