"""Claims: which of several workers may write about a source, or about the findings, and a fence against the one that
had the claim before and does not know that it lost it (C12)."""

from typing import Self

from sqlalchemy import select, text

from state import tables
from state.connected import Claim, Connected
from state.engine import upsert

PATIENCE = "5s"
"""How long somebody who claims waits for the write under way of the one before."""


class Claims(Connected):
    """The part of the store that tells workers apart."""

    def claiming(self, name: str, holder: str) -> Self:
        """Claim one thing and give a store that writes under this claim; whoever claimed it before is fenced off.

        Raise StateLockedError when the one before stands still in the middle of a write: try again a little later.
        """
        table = tables.claims
        with self.writing() as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
            # Inserted first, so that two who claim it for the first time wait for each other as well.
            first = {"name": name, "epoch": 0, "holder": holder}
            upsert(connection, table, [first], keep=["epoch", "holder"])
            before = connection.execute(select(table.c.epoch).where(table.c.name == name).with_for_update())
            epoch = before.scalar_one() + 1
            upsert(connection, table, [{"name": name, "epoch": epoch, "holder": holder}])
        mine = type(self)(self.engine, self.shown_url)
        mine.epoch, mine.shared, mine.claim = self.epoch, self.shared, Claim(name, epoch)
        return mine

    def holders(self) -> dict[str, str]:
        """Who claimed each thing last."""
        with self.reading() as connection:
            return {row.name: row.holder for row in connection.execute(select(tables.claims))}
