"""The tables of the state, declared with SQLModel. Nothing loads or saves through these classes: every path is Core."""

from datetime import date, datetime
from typing import cast

from sqlalchemy import Index, LargeBinary, MetaData, Table, Text, UniqueConstraint, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from state.append_only import only_added

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)


class Row(SQLModel, registry=registry(metadata=metadata)):
    """The base of the tables; it keeps them apart from anybody else's SQLModel classes.

    Nothing is ever validated through them, so that their validators need not be made at every start.
    """

    model_config = {"defer_build": True}


class RecordRow(Row, table=True):
    """One record. ``facts`` is what it says; ``trace`` is where and when its source said it.

    Only a change of the facts is a revision: a sorted workbook moves every cell address and changes nothing. The typed
    columns repeat what roll-ups need. ``seen_at`` is when the row was last written; an unchanged row is not written.
    """

    __tablename__ = "records"
    __table_args__ = (
        Index("ix_records_source_container", "source", "container"),
        Index(
            "ix_records_without_category",
            "category",
            "kind",
            sqlite_where=text("category IS NULL"),
            postgresql_where=text("category IS NULL"),
        ),
    )

    id: str = Field(primary_key=True)
    source: str
    native_id: str
    kind: str = Field(index=True)
    key: str
    title: str
    container: str
    facts: str = Field(sa_type=Text)
    facts_hash: bytes = Field(sa_type=LargeBinary)
    trace: str = Field(sa_type=Text)
    trace_hash: bytes = Field(sa_type=LargeBinary)
    category: str | None = None
    start_date: date | None = None
    due: date | None = None
    finished: date | None = None
    parent_id: str | None = Field(default=None, index=True)
    sprint_id: str | None = None
    release_date: date | None = None
    released: bool | None = None
    end_date: date | None = None
    outcome: str | None = None
    first_seen: datetime
    seen_at: datetime
    absence: str | None = None
    absent_since: datetime | None = None


class AnswerRow(Row, table=True):
    """The digest of the answer from which a record was read that is stored as present. None is as good as a wrong one:
    the record is read again then."""

    __tablename__ = "answers"
    __table_args__ = {"sqlite_with_rowid": False}

    record_id: str = Field(primary_key=True, foreign_key="records.id")
    digest: bytes = Field(sa_type=LargeBinary)


class NameRow(Row, table=True):
    """One normalised name under which a record is found: ``native``, ``key``, ``former`` or ``qualified``."""

    __tablename__ = "names"

    name: str = Field(primary_key=True)
    record_id: str = Field(primary_key=True, foreign_key="records.id", index=True)
    source: str
    what: str


class MembershipRow(Row, table=True):
    """A work item belongs to a release, which may not have been read yet."""

    __tablename__ = "memberships"

    record_id: str = Field(primary_key=True, foreign_key="records.id")
    release_id: str = Field(primary_key=True, index=True)


class RevisionRow(Row, table=True):
    """One distinct content of a record, or the moment from which it was absent."""

    __tablename__ = "revisions"

    id: int | None = Field(default=None, primary_key=True)
    record_id: str = Field(foreign_key="records.id", index=True)
    run_id: int = Field(foreign_key="runs.id")
    seen_at: datetime
    facts: str | None = Field(default=None, sa_type=Text)
    trace: str | None = Field(default=None, sa_type=Text)
    absence: str | None = None


class SourceRow(Row, table=True):
    """How far a source was read. ``read_at`` is its last complete read, ``complete`` tells of the last attempt.

    ``walked_at`` is when its pages were last read to the end, by ``identity`` and in the ``containers`` that were
    visible (a JSON list; NULL when unknown). That moves the cursor, even if something about the source is held.
    """

    __tablename__ = "sources"

    source: str = Field(primary_key=True)
    position: str | None = None
    read_at: datetime | None = None
    full_at: datetime | None = None
    complete: bool = False
    error: str = ""
    walked_at: datetime | None = None
    identity: str | None = None
    containers: str | None = Field(default=None, sa_type=Text)


class HoldRow(Row, table=True):
    """What is held of a source until somebody approves it; ``content`` is the Held."""

    __tablename__ = "holds"

    source: str = Field(primary_key=True)
    since: datetime
    content: str = Field(sa_type=Text)


class ApprovalRow(Row, table=True):
    """Who allowed a run to conclude what was held; ``content`` is the Held as it was shown."""

    __tablename__ = "approvals"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, primary_key=True)
    source: str = Field(index=True)
    held_since: datetime
    content: str = Field(sa_type=Text)
    approved_by: str
    reason: str = Field(sa_type=Text)
    approved_at: datetime
    used_at: datetime | None = None


class SetAsideRow(Row, table=True):
    """A record that could not be normalised or stored; ``run_id`` is the run that met it last."""

    __tablename__ = "set_aside"

    source: str = Field(primary_key=True)
    native_id: str = Field(primary_key=True)
    reason: str
    location: str
    since: datetime
    run_id: int = Field(foreign_key="runs.id")


class LinkRow(Row, table=True):
    """A record serves an objective. ``weight`` is a decimal written as text."""

    __tablename__ = "links"

    record_id: str = Field(primary_key=True, foreign_key="records.id")
    objective_id: str = Field(primary_key=True, index=True)
    role: str = Field(primary_key=True)
    rule: str = Field(primary_key=True)
    weight: str
    location: str


class NeedRow(Row, table=True):
    """A need as it was written, with its wanted name prepared for the join with the names.

    ``source`` is the dependent's. ``wanted_source`` and ``wanted_rest`` are the parts of a ``source:key``. ``calendar``
    is left out where every day counts.
    """

    __tablename__ = "needs"

    id: int | None = Field(default=None, primary_key=True)
    dependent: str = Field(index=True)
    source: str
    wanted: str
    wanted_normalised: str = Field(index=True)
    wanted_source: str | None = None
    wanted_rest: str | None = Field(default=None, index=True)
    lag_days: int
    origin: str
    rule: str
    location: str
    calendar: str | None = None
    owner: str | None = None


class FindingRow(Row, table=True):
    """A finding with its life; ``content`` is the TrackedFinding."""

    __tablename__ = "findings"

    fingerprint: str = Field(primary_key=True)
    state: str
    changed_at: datetime
    content: str = Field(sa_type=Text)


class TransitionRow(Row, table=True):
    """One change in a finding's life. Rows are only ever added; a sequence number is never used twice."""

    __tablename__ = "transitions"
    __table_args__ = {"sqlite_autoincrement": True}

    sequence: int | None = Field(default=None, primary_key=True)
    fingerprint: str = Field(foreign_key="findings.fingerprint", index=True)
    kind: str
    at: datetime
    run_id: int | None = Field(default=None, foreign_key="runs.id")
    content: str = Field(sa_type=Text)


class DecisionRow(Row, table=True):
    """What was decided about a finding, and about those that the same act settles; ``content`` is the Decision. Rows
    are only ever added."""

    __tablename__ = "decisions"
    __table_args__ = {"sqlite_autoincrement": True}

    number: int | None = Field(default=None, primary_key=True)
    at: datetime
    content: str = Field(sa_type=Text)


class DecidedRow(Row, table=True):
    """A finding that a decision is about; rows are only ever added."""

    __tablename__ = "decided"

    number: int = Field(primary_key=True, foreign_key="decisions.number", sa_column_kwargs={"autoincrement": False})
    fingerprint: str = Field(primary_key=True, foreign_key="findings.fingerprint", index=True)


class DeliveryRow(Row, table=True):
    """One message to one recipient; the unique key keeps a slot from being mailed twice."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("recipient", "slot", "audience"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    audience: str = Field(index=True)
    recipient: str
    slot: str
    message_id: str
    subject: str
    reason: str
    covers_after: int
    covers: int
    state: str = Field(index=True)
    attempts: int
    created_at: datetime
    changed_at: datetime
    sent_at: datetime | None = None
    error: str


class MessageRow(Row, table=True):
    """The whole text of a message, apart from what becomes of it: to note that it was sent rewrites one small row,
    which keeps the time short in which a kill doubles the mail (M1)."""

    __tablename__ = "messages"

    delivery_id: int = Field(primary_key=True, foreign_key="deliveries.id", sa_column_kwargs={"autoincrement": False})
    message: bytes = Field(sa_type=LargeBinary)


class RunRow(Row, table=True):
    """One pass over the sources."""

    __tablename__ = "runs"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, primary_key=True)
    started_at: datetime
    finished_at: datetime | None = None
    outcome: str
    baseline: bool
    opened: int
    resolved: int
    standing: int


class SourceResultRow(Row, table=True):
    """What one run got from one source."""

    __tablename__ = "source_results"

    run_id: int = Field(primary_key=True, foreign_key="runs.id")
    source: str = Field(primary_key=True)
    outcome: str
    started_at: datetime
    finished_at: datetime
    pages: int
    read: int
    changed: int
    absent: int
    set_aside: int
    error: str
    hint: str


class OpeningRow(Row, table=True):
    """One time at which a finding opened, and what became of it, for the measures. ``objective_ids`` stand in lines."""

    __tablename__ = "openings"

    sequence: int = Field(
        primary_key=True, foreign_key="transitions.sequence", sa_column_kwargs={"autoincrement": False}
    )
    fingerprint: str = Field(index=True)
    opened_at: datetime
    news: bool
    severity: int
    objective_ids: str = Field(sa_type=Text)
    changed_in: str
    other: str
    changed_at: datetime | None = None
    ended_at: datetime | None = None
    reflected: bool
    reflected_at: datetime | None = None
    decision: str | None = None


class MeasuresRow(Row, table=True):
    """What one run measured about Driftline itself; ``content`` is the Measures."""

    __tablename__ = "measures"

    run_id: int = Field(primary_key=True, foreign_key="runs.id", sa_column_kwargs={"autoincrement": False})
    at: datetime
    content: str = Field(sa_type=Text)


class NoteRow(Row, table=True):
    """A small thing to remember: the hash of the mapping, the last slot of a schedule."""

    __tablename__ = "notes"

    key: str = Field(primary_key=True)
    value: str = Field(sa_type=Text)


class RequestsRow(Row, table=True):
    """How many requests a source was asked in a part of the time that lasts ``until`` then."""

    __tablename__ = "requests"

    source: str = Field(primary_key=True)
    until: datetime = Field(primary_key=True)
    number: int


class OwnerRow(Row, table=True):
    """The one owner of the state. Its epoch grows with every owner; a write with an older one is refused (C12)."""

    __tablename__ = "owner"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    epoch: int
    holder: str


class ClaimRow(Row, table=True):
    """Who may write what while several workers share the state; a write with an older epoch is refused (C12)."""

    __tablename__ = "claims"

    name: str = Field(primary_key=True)
    epoch: int
    holder: str


class PullRow(Row, table=True):
    """The last time at which workers were to read a source: in which run, and how often that failed so far.

    The times are the database's own, which is the one clock that all workers share. ``ended_at`` is NULL meanwhile.
    """

    __tablename__ = "pulls"

    source: str = Field(primary_key=True)
    run_id: int
    opened_at: datetime
    ended_at: datetime | None = None
    failures: int
    error: str


class ShardRow(Row, table=True):
    """A part of the reading of a source in one round, one of so many ``parts``.

    ``walk`` tells what its worker walked, and ``ids`` what it was given, packed; both are NULL until its last page is
    stored, and again as soon as somebody has concluded from it.
    """

    __tablename__ = "shards"

    source: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    parts: int
    run_id: int
    failures: int
    error: str
    ended: bool
    walk: str | None = Field(default=None, sa_type=Text)
    ids: bytes | None = Field(default=None, sa_type=LargeBinary)


def _table(row: type[Row]) -> Table:
    return cast(Table, getattr(row, "__table__"))  # noqa: B009 - SQLModel does not declare the attribute


records = _table(RecordRow)
answers = _table(AnswerRow)
names = _table(NameRow)
memberships = _table(MembershipRow)
revisions = _table(RevisionRow)
sources = _table(SourceRow)
holds = _table(HoldRow)
approvals = _table(ApprovalRow)
set_aside = _table(SetAsideRow)
links = _table(LinkRow)
needs = _table(NeedRow)
findings = _table(FindingRow)
transitions = _table(TransitionRow)
only_added(transitions)
decisions = _table(DecisionRow)
decided = _table(DecidedRow)
only_added(decisions)
only_added(decided)
deliveries = _table(DeliveryRow)
messages = _table(MessageRow)
runs = _table(RunRow)
source_results = _table(SourceResultRow)
openings = _table(OpeningRow)
measures = _table(MeasuresRow)
notes = _table(NoteRow)
requests = _table(RequestsRow)
owner = _table(OwnerRow)
claims = _table(ClaimRow)
pulls = _table(PullRow)
shards = _table(ShardRow)
