"""What every part of the store stands on: transactions that read one picture, and transactions that write as owner."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select, text

from model.errors import StateLockedError
from state import tables
from state.engine import WRITES, our_errors

LONGEST_STANDSTILL = "25s"
"""After how long PostgreSQL ends a write of a worker that was stopped in the middle, so that the next one can begin;
shorter than the time after which its jobs are given to others."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write about one thing, which ends when somebody else claims the same."""

    name: str
    epoch: int


class Connected:
    """An opened database. The only place where connections and transactions exist."""

    def __init__(self, engine: Engine, shown_url: str) -> None:
        self.engine = engine
        self.shown_url = shown_url
        """The url as it may be shown."""
        self.epoch: int | None = None
        """Set by ``Ownership``; every write of an owner is refused once a later owner exists (C12)."""
        self.claim: Claim | None = None
        """Set by ``Claims``; every write under it is refused once somebody else has claimed the same (C12)."""
        self.shared = False
        """Set by ``Ownership``; others write as well, so that no write may stand still for long."""

    @property
    def on_postgresql(self) -> bool:
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that sees one picture, whatever is written meanwhile."""
        with our_errors(self.shown_url), self.engine.connect() as connection:
            if self.on_postgresql:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin() as transaction:
                yield connection
                transaction.rollback()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that is kept whole or not at all.

        Raise StateLockedError when this process is no longer the owner, or another program writes for too long.
        """
        with our_errors(self.shown_url), self.engine.connect() as connection:
            connection = connection.execution_options(**{WRITES: True})
            with connection.begin():
                if self.shared:
                    limit = f"SET LOCAL idle_in_transaction_session_timeout = '{LONGEST_STANDSTILL}'"
                    connection.execute(text(limit))
                self._check_epoch(connection)
                self._check_claim(connection)
                yield connection

    def _check_epoch(self, connection: Connection) -> None:
        if self.epoch is None:
            return
        # The shared row lock makes the next owner wait for this transaction, so that the check holds until its end.
        row = connection.execute(
            select(tables.owner.c.epoch, tables.owner.c.holder).with_for_update(read=True)
        ).one_or_none()
        if row is None or row.epoch != self.epoch:
            raise StateLockedError(
                f"another process took over the state: {row.holder if row else 'unknown'}",
                location=self.shown_url,
                hint="this process must end; the other one goes on",
            )

    def _check_claim(self, connection: Connection) -> None:
        if self.claim is None:
            return
        table = tables.claims
        wanted = select(table.c.epoch, table.c.holder).where(table.c.name == self.claim.name)
        row = connection.execute(wanted.with_for_update(read=True)).one_or_none()
        if row is None or row.epoch != self.claim.epoch:
            raise StateLockedError(
                f"another worker took over {self.claim.name}: {row.holder if row else 'unknown'}",
                location=self.shown_url,
                hint="nothing of this attempt is kept; the other one goes on",
            )
