"""What other programs get to read: records, links, findings, transitions and measures as flat tables.

The columns are a contract: they are only ever added.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, select

from model.findings import Account, Impact, TrackedFinding, Transition
from model.measures import Latency, Measures
from model.money import Money, MonthAmount
from model.records import Record
from state import tables
from state.codec import decode, decode_record
from state.connected import Connected
from state.export_files import Format, Kind, Row, Table, Value, write_tables
from state.rows import AnyRow

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class _Field:
    """A column and how its value is had from what a row tells."""

    name: str
    kind: Kind
    read: Callable[[Any], Value]


def _plain(kind: Kind, *names: str) -> tuple[_Field, ...]:
    """Columns that bear the names of attributes; what an object does not have is empty."""
    return tuple(_Field(name, kind, partial(_attribute, name)) for name in names)


def _attribute(name: str, told: Any) -> Value:
    value = getattr(told, name, None)
    if isinstance(value, str):
        return str(value)  # the text of a choice, not its member
    return None if value is None else value


def _json(name: str, told: Any) -> str:
    return orjson.dumps(getattr(told, name), default=str, option=orjson.OPT_SORT_KEYS).decode()


def _lines(name: str) -> _Field:
    return _Field(name, Kind.TEXT, lambda told: "\n".join(getattr(told, name, ())))


def _money(name: str) -> tuple[_Field, _Field]:
    def part(which: str, told: Any) -> Value:
        money: Money | None = getattr(told, name, None)
        return None if money is None else getattr(money, which)

    return (
        _Field(name, Kind.NUMBER, partial(part, "amount")),
        _Field(f"{name}_currency", Kind.TEXT, partial(part, "currency")),
    )


def _sum_of(name: str) -> _Field:
    """The months of a saving together; empty where it tells none."""

    def total(told: Any) -> Decimal | None:
        cells: tuple[MonthAmount, ...] = getattr(told, name, ())
        return sum((cell.amount for cell in cells), Decimal(0)) if cells else None

    return _Field(f"{name}_total", Kind.NUMBER, total)


def _nested(path: str, kind: Kind, name: str) -> _Field:
    read = attrgetter(path)
    return _Field(name, kind, lambda told: _as_value(read(told)))


def _as_value(value: Any) -> Value:
    plain: Value = str(value) if isinstance(value, str) else value
    return plain


_RECORD = (
    *_plain(Kind.TEXT, "id", "source", "kind", "key", "title", "url", "owner", "container", "type", "status"),
    *_plain(Kind.TEXT, "category", "resolution", "priority", "stage", "outcome", "account", "promised", "state"),
    *_plain(Kind.DAY, "start", "due", "finished", "release_date", "end", "close_date", "promised_date"),
    *_plain(Kind.DAY, "planned_start", "blocked_since"),
    *_plain(Kind.FLAG, "released", "archived"),
    *_plain(Kind.TEXT, "parent", "sprint"),
    _lines("releases"),
    _lines("labels"),
    *_plain(Kind.NUMBER, "estimate", "remaining"),
    *_money("amount"),
    *_plain(Kind.NUMBER, "probability"),
    *_plain(Kind.TEXT, "currency"),
    *map(_sum_of, ("plan", "forecast", "actual")),
    *_money("run_rate"),
    *_plain(Kind.NUMBER, "one_time_cost"),
    *_plain(Kind.TEXT, "light", "stage_gate", "controller", "enabler", "metric"),
    *_plain(Kind.NUMBER, "value", "target"),
    *_plain(Kind.TEXT, "unit", "period", "reporter"),
    *_plain(Kind.TIME, "created", "changed"),
    _Field("custom", Kind.TEXT, partial(_json, "custom")),
)
_STORED = (
    *_plain(Kind.TIME, "first_seen", "seen_at"),
    *_plain(Kind.TEXT, "absence"),
    *_plain(Kind.TIME, "absent_since"),
)
_LINK = (
    *_plain(Kind.TEXT, "record_id", "objective_id", "role", "rule"),
    _Field("weight", Kind.NUMBER, lambda row: Decimal(row.weight)),
    *_plain(Kind.TEXT, "location"),
)


def _full(account: Account, weighted: bool, told: TrackedFinding) -> Decimal | None:
    impact = told.finding.impact
    known = any(amount.account is account for share in impact.shares for amount in share.amounts)
    if not known:
        return None
    return impact.weighted(account) if weighted else impact.full(account)


def _currency(told: TrackedFinding) -> str | None:
    amounts = [amount for share in told.finding.impact.shares for amount in share.amounts]
    return amounts[0].full.currency if amounts else None


_FINDING = (
    *_plain(Kind.TEXT, "fingerprint"),
    _nested("finding.check", Kind.TEXT, "check"),
    _nested("finding.check_version", Kind.INTEGER, "check_version"),
    *_plain(Kind.TEXT, "state"),
    _nested("finding.severity.label", Kind.TEXT, "severity"),
    _nested("finding.title", Kind.TEXT, "title"),
    _Field("subjects", Kind.TEXT, lambda told: "\n".join(told.finding.subjects)),
    _Field("objective_ids", Kind.TEXT, lambda told: "\n".join(told.finding.objective_ids)),
    _Field("sources", Kind.TEXT, lambda told: "\n".join(told.finding.sources)),
    _nested("finding.impact.days", Kind.INTEGER, "days"),
    *(_Field(account.value, Kind.NUMBER, partial(_full, account, False)) for account in Account),
    _Field("revenue_weighted", Kind.NUMBER, partial(_full, Account.REVENUE, True)),
    _Field("currency", Kind.TEXT, _currency),
    *(_nested(f"finding.{name}", Kind.TEXT, name) for name in ("owner", "decider")),
    _nested("finding.decide_by", Kind.DAY, "decide_by"),
    *(_nested(f"finding.{name}", Kind.TEXT, name) for name in ("cause", "advice")),
    _nested("finding.upkeep", Kind.FLAG, "upkeep"),
    *_plain(Kind.TIME, "opened_at", "changed_at", "judged_at", "held_since"),
    *_plain(Kind.TEXT, "held_because"),
    _Field("accepted_until", Kind.DAY, lambda told: told.acceptance.until if told.acceptance else None),
    _Field("decided", Kind.TEXT, lambda told: told.decision.says if told.decision else None),
    _Field("decided_until", Kind.DAY, lambda told: told.decision.until if told.decision else None),
    *_plain(Kind.FLAG, "baseline"),
)


def _days(impact: Impact | None) -> int | None:
    return impact.days if impact else None


_TRANSITION = (
    *_plain(Kind.TEXT, "fingerprint", "kind"),
    *_plain(Kind.TIME, "at"),
    *_plain(Kind.TEXT, "by", "reason"),
    _Field("days_before", Kind.INTEGER, lambda told: _days(told.before)),
    _Field("days_after", Kind.INTEGER, lambda told: _days(told.after)),
    *_plain(Kind.FLAG, "baseline"),
    *_plain(Kind.TEXT, "quiet"),
)


def _latency(name: str) -> tuple[_Field, ...]:
    def part(which: str, told: Measures) -> Value:
        latency: Latency = getattr(told, name)
        number: int | None = getattr(latency, which)
        return number

    parts = ("measured", "median_seconds", "worst_seconds", "unknown", "waiting")
    return tuple(_Field(f"{name}_{which}", Kind.INTEGER, partial(part, which)) for which in parts)


def _counted(name: str) -> _Field:
    return _Field(name, Kind.INTEGER, lambda told: getattr(told.coverage, name) if told.coverage else None)


_DECISIONS = ("recorded", "accepted", "acknowledged", "commitment_changed", "ended_otherwise", "undecided")
_MEASURES = (
    *_plain(Kind.TIME, "at"),
    *_plain(Kind.INTEGER, "days"),
    *(field for name in ("told", "reflected", "first_mail") for field in _latency(name)),
    *(_nested(f"decisions.{name}", Kind.INTEGER, name) for name in ("findings", *_DECISIONS)),
    *map(_counted, ("records", "linked", "unpriced")),
)
_NUMBERED = {"transitions": "sequence", "measures": "run_id"}


def _table(name: str, *parts: tuple[_Field, ...]) -> Table:
    first = ((_NUMBERED[name], Kind.INTEGER),) if name in _NUMBERED else ()
    return Table(name, (*first, *((field.name, field.kind) for part in parts for field in part)))


TABLES = {
    table.name: table
    for table in (
        _table("records", _RECORD, _STORED),
        _table("links", _LINK),
        _table("findings", _FINDING),
        _table("transitions", _TRANSITION),
        _table("measures", _MEASURES),
    )
}
"""The tables that are exported, by name."""


def export(store: Connected, folder: Path, form: Format) -> dict[str, int]:
    """Write every table of one picture of the state into a folder; tell how many rows each has."""
    with store.reading() as connection:
        rows: dict[str, Iterable[Row]] = {
            "records": _records(connection),
            "links": _links(connection),
            "findings": _findings(connection),
            "transitions": _transitions(connection),
            "measures": _measures(connection),
        }
        return write_tables(folder, form, [(TABLES[name], each) for name, each in rows.items()])


def _stream(connection: Connection, statement: Any) -> Iterator[AnyRow]:
    yield from connection.execute(statement, execution_options={"yield_per": _BATCH})


def _read(fields: Iterable[_Field], told: Any) -> tuple[Value, ...]:
    return tuple(field.read(told) for field in fields)


def _records(connection: Connection) -> Iterator[Row]:
    for row in _stream(connection, select(tables.records).order_by(tables.records.c.id)):
        record: Record = decode_record(row.kind, row.facts, row.trace)
        yield (*_read(_RECORD, record), *_read(_STORED, row))


def _links(connection: Connection) -> Iterator[Row]:
    key = (tables.links.c[name] for name in ("record_id", "objective_id", "role", "rule"))
    for row in _stream(connection, select(tables.links).order_by(*key)):
        yield _read(_LINK, row)


def _findings(connection: Connection) -> Iterator[Row]:
    table = tables.findings
    for row in _stream(connection, select(table.c.content).order_by(table.c.fingerprint)):
        yield _read(_FINDING, decode(TrackedFinding, row.content))


def _transitions(connection: Connection) -> Iterator[Row]:
    table = tables.transitions
    for row in _stream(connection, select(table.c.sequence, table.c.content).order_by(table.c.sequence)):
        yield (row.sequence, *_read(_TRANSITION, decode(Transition, row.content)))


def _measures(connection: Connection) -> Iterator[Row]:
    table = tables.measures
    for row in _stream(connection, select(table.c.run_id, table.c.content).order_by(table.c.run_id)):
        yield (row.run_id, *_read(_MEASURES, decode(Measures, row.content)))
