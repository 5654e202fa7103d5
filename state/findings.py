"""Findings with their lives, and what is only ever added: the transitions, and what people decided."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from sys import intern

from sqlalchemy import JSON, Connection, and_, cast, func, insert, not_, or_, select, text, type_coerce

from model.decisions import Decision
from model.findings import FindingState, KnownFinding, TrackedFinding, Transition, TransitionKind
from state import tables
from state.codec import decode, encode
from state.connected import Connected
from state.engine import chunked, upsert


class StoredFindings(Mapping[str, TrackedFinding]):
    """Findings by their fingerprints, in that order. Who goes through them in it makes them be read some at a time."""

    AT_ONCE = 200

    def __init__(
        self, read: Callable[[Sequence[str]], Mapping[str, TrackedFinding]], fingerprints: Sequence[str]
    ) -> None:
        self._read = read
        self._places = {fingerprint: place for place, fingerprint in enumerate(fingerprints)}
        self._fingerprints = fingerprints
        self._held: Mapping[str, TrackedFinding] = {}

    def __getitem__(self, fingerprint: str) -> TrackedFinding:
        if fingerprint not in self._held:
            place = self._places[fingerprint]
            self._held = {}  # before the next ones are there
            self._held = self._read(self._fingerprints[place : place + self.AT_ONCE])
        return self._held[fingerprint]

    def __contains__(self, fingerprint: object) -> bool:
        return fingerprint in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._fingerprints)

    def __len__(self) -> int:
        return len(self._fingerprints)


class Findings(Connected):
    """The part of the store that keeps the findings."""

    def tracked(self) -> dict[str, TrackedFinding]:
        """Every finding by its fingerprint, resolved ones included."""
        with self.reading() as connection:
            rows = connection.execute(select(tables.findings.c.fingerprint, tables.findings.c.content))
            return {row.fingerprint: decode(TrackedFinding, row.content) for row in rows}

    def known_findings(self) -> dict[str, KnownFinding]:
        """What every finding is about, by its fingerprint; the findings themselves are not read."""
        table = tables.findings
        content = cast(table.c.content, JSON) if self.on_postgresql else type_coerce(table.c.content, JSON)
        check, subject = content["finding"]["check"].as_string(), content["finding"]["subjects"][0].as_string()
        statement = select(table.c.fingerprint, check, subject, table.c.state != FindingState.RESOLVED)
        with self.reading() as connection:
            rows = connection.execute(statement)
            return {fingerprint: KnownFinding(intern(about[0]), *about[1:]) for fingerprint, *about in rows}

    def stored_findings(self, fingerprints: Collection[str]) -> "StoredFindings":
        """Findings by their fingerprints, of which some at a time are held: those that are next to each other in order
        of their fingerprints."""
        return StoredFindings(self._part, sorted(fingerprints))

    def _part(self, fingerprints: Sequence[str]) -> dict[str, TrackedFinding]:
        table = tables.findings
        statement = select(table.c.fingerprint, table.c.content).where(table.c.fingerprint.in_(fingerprints))
        with self.reading() as connection:
            rows = connection.execute(statement)
            return {row.fingerprint: decode(TrackedFinding, row.content) for row in rows}

    def count_standing(self) -> int:
        """How many findings stand: all but those that were resolved."""
        table = tables.findings
        statement = select(func.count()).where(table.c.state != FindingState.RESOLVED)
        with self.reading() as connection:
            return connection.execute(statement).scalar_one()

    def days_to_decide(self, *, until: date) -> dict[str, date]:
        """The findings that are neither resolved nor accepted and must be decided by a day or before, each with its
        last day. Nothing else of them is read: this may be asked after every run."""
        table = tables.findings
        content = cast(table.c.content, JSON) if self.on_postgresql else type_coerce(table.c.content, JSON)
        day = content["finding"]["decide_by"].as_string()
        statement = select(table.c.fingerprint, day).where(
            table.c.state.in_((FindingState.OPEN, FindingState.ACKNOWLEDGED)), day <= until.isoformat()
        )
        with self.reading() as connection:
            return {row[0]: date.fromisoformat(row[1]) for row in connection.execute(statement).all()}

    def newest_transition(self) -> int:
        """The number of the last transition; ask for it before reading findings that are to be written back."""
        with self.reading() as connection:
            return connection.execute(select(func.max(tables.transitions.c.sequence))).scalar() or 0

    def find_finding(self, prefix: str) -> list[TrackedFinding]:
        """The findings whose fingerprint begins so; more than one when the prefix is too short."""
        table = tables.findings
        statement = (
            select(table.c.content)
            .where(table.c.fingerprint.startswith(prefix.strip().lower(), autoescape=True))
            .order_by(table.c.fingerprint)
        )
        with self.reading() as connection:
            return [decode(TrackedFinding, content) for content in connection.execute(statement).scalars()]

    def save_findings(
        self,
        run_id: int | None,
        tracked: Sequence[TrackedFinding],
        transitions: Sequence[Transition],
        *,
        since: int | None = None,
        decision: Decision | None = None,
    ) -> bool:
        """Keep findings and append what happened to them, in one transaction; tell whether that was done.

        ``run_id`` is None for what a person decided, and ``decision`` is what that was. Stored transitions cannot be
        stored again. With ``since`` nothing is kept when another program has added a transition after that one: a run
        and a person never overwrite each other's word.
        """
        if any(transition.sequence is not None for transition in transitions):
            raise ValueError("a transition that is stored already")
        with self.writing() as connection:
            if since is not None and not self._is_newest(connection, since):
                return False
            for part in chunked(tracked):
                upsert(connection, tables.findings, [_row(each) for each in part])
            for steps in chunked(transitions):
                connection.execute(
                    insert(tables.transitions), [{**_transition_row(each), "run_id": run_id} for each in steps]
                )
            if decision is not None:
                _add_decision(connection, decision)
        return True

    def decisions(self, fingerprint: str | None = None) -> list[Decision]:
        """What was decided about all findings or about one, the first decision first."""
        table, about = tables.decisions, tables.decided
        statement = select(table.c.number, table.c.content).order_by(table.c.number)
        if fingerprint is not None:
            statement = statement.join(about).where(about.c.fingerprint == fingerprint)
        with self.reading() as connection:
            rows = connection.execute(statement).all()
        return [replace(decode(Decision, row.content), number=row.number) for row in rows]

    def _is_newest(self, connection: Connection, since: int) -> bool:
        if self.on_postgresql:
            # SQLite lets one program write at a time anyway; here the others wait until this transaction ends.
            connection.execute(text("LOCK TABLE transitions IN SHARE ROW EXCLUSIVE MODE"))
        newest = connection.execute(select(func.max(tables.transitions.c.sequence))).scalar() or 0
        return bool(newest == since)

    def transitions(
        self,
        *,
        after: int = 0,
        fingerprint: str | None = None,
        since: datetime | None = None,
        kinds: Collection[TransitionKind] = (),
    ) -> list[Transition]:
        """What happened after a sequence number, or since a moment, to all findings or to one, in its order; of some
        kinds only, where they are named."""
        table = tables.transitions
        statement = select(table.c.sequence, table.c.content).where(table.c.sequence > after).order_by(table.c.sequence)
        if fingerprint is not None:
            statement = statement.where(table.c.fingerprint == fingerprint)
        if since is not None:
            statement = statement.where(table.c.at >= since)
        if kinds:
            statement = statement.where(table.c.kind.in_(sorted(kinds)))
        with self.reading() as connection:
            return [numbered(decode(Transition, row.content), row.sequence) for row in connection.execute(statement)]

    def unheard(self, after: int, *, thinned: bool) -> tuple[list[Transition], int]:
        """What happened after a sequence number, in its order, and the newest number there is.

        ``thinned`` leaves out of the times at which a finding was held or released all but the first: somebody who is
        seldom told anything would otherwise have each failure of a source since then looked through.
        """
        table = tables.transitions
        blinks = table.c.kind.in_((TransitionKind.HELD, TransitionKind.RELEASED))
        with self.reading() as connection:
            newest = connection.execute(select(func.max(table.c.sequence))).scalar() or 0
            later = and_(table.c.sequence > after, table.c.sequence <= newest)
            statement = select(table.c.sequence, table.c.content).where(later).order_by(table.c.sequence)
            if thinned:
                firsts = select(func.min(table.c.sequence)).where(later, blinks).group_by(table.c.fingerprint)
                statement = statement.where(or_(not_(blinks), table.c.sequence.in_(firsts)))
            rows = connection.execute(statement)
            return [numbered(decode(Transition, row.content), row.sequence) for row in rows], max(newest, after)


def _add_decision(connection: Connection, decision: Decision) -> None:
    if decision.number is not None:
        raise ValueError("a decision that is stored already")
    added = insert(tables.decisions).returning(tables.decisions.c.number)
    number = connection.execute(added, {"at": decision.at, "content": encode(decision)}).scalar_one()
    rows = [{"number": number, "fingerprint": fingerprint} for fingerprint in decision.fingerprints]
    connection.execute(insert(tables.decided), rows)


def _row(tracked: TrackedFinding) -> dict[str, str | datetime]:
    return {
        "fingerprint": tracked.fingerprint,
        "state": tracked.state.value,
        "changed_at": tracked.changed_at,
        "content": encode(tracked),
    }


def _transition_row(transition: Transition) -> dict[str, str | datetime | None]:
    return {
        "fingerprint": transition.fingerprint,
        "kind": transition.kind.value,
        "at": transition.at,
        "content": encode(transition),
    }


def numbered(transition: Transition, sequence: int) -> Transition:
    """A transition with the number under which it is stored."""
    return replace(transition, sequence=sequence)
