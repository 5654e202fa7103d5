"""Who reads a source: whether it is the one who read it before, and what somebody approved since then (J23, S5)."""

from dataclasses import dataclass
from datetime import datetime

import structlog

from connectors.base import Connector
from model.errors import SourceAuthError
from model.trust import Approval, Doubt, Held
from state.reading import StoredCursor
from state.store import Store

log = structlog.get_logger("driftline.trust")


@dataclass(frozen=True, slots=True)
class Trust:
    """What one run of a source may rely on.

    ``who`` is who the source said that we are when the run began, ``before`` who read it when it was last trusted.
    """

    who: str
    before: str
    approval: Approval | None

    @classmethod
    def of(cls, store: Store, connector: Connector, stored: StoredCursor | None) -> "Trust":
        """Ask the source who we are, and the store whom it knows and what is approved."""
        approval = store.pending_approval(connector.name)
        return cls(connector.identity(), stored.identity if stored else "", approval)

    @property
    def stranger(self) -> bool:
        """Whether somebody else reads than before, who may see less, and nobody has approved of that."""
        return bool(self.before and self.who and self.who != self.before) and not self.newly_approved

    @property
    def newly_approved(self) -> bool:
        """Whether somebody else reads than before, and that was approved: everything is read anew."""
        held = self.approval.held if self.approval else None
        return (
            self.who != self.before
            and held is not None
            and (held.doubt, held.identity_now)
            == (
                Doubt.IDENTITY,
                self.who,
            )
        )

    @property
    def approved_losses(self) -> frozenset[str]:
        """The records that somebody expects to be gone."""
        held = self.approval.held if self.approval else None
        return frozenset(held.native_ids) if held is not None and held.doubt is Doubt.LOSS else frozenset()

    def confirm(self, connector: Connector) -> None:
        """Ask again who we are; raise SourceAuthError when the answer changed: nobody knows then who saw what."""
        now = connector.identity()
        if now != self.who:
            raise SourceAuthError(
                f"{connector.name} was signed in as {self.who or 'nobody'} before and as {now or 'nobody'} after the "
                "reading; nothing was concluded from it",
                location=connector.name,
                hint=f"give driftline an account that nobody else uses; see who it is: "
                f"driftline sources probe {connector.name}",
            )

    def doubt(self, connector: Connector) -> Held:
        """What is held while somebody else reads than before."""
        return Held(
            source=connector.name,
            doubt=Doubt.IDENTITY,
            reason=f"{connector.name} is read as {self.who}, but was read as {self.before} before; "
            "nothing is concluded from what another account does not see",
            since=connector.context.now,
            identity_before=self.before,
            identity_now=self.who,
        )

    def use_up(self, store: Store, now: datetime, *, held: Held | None) -> None:
        """The approval that this run began with counts for no other run, whatever came of it."""
        if self.approval is None:
            return
        store.use_approval(self.approval, now)
        log.info(
            "approval.used",
            source=self.approval.held.source,
            by=self.approval.by,
            reason=self.approval.reason,
            doubt=self.approval.held.doubt.value,
            records=len(self.approval.held.native_ids),
            held_again=held is not None,
        )


def to_approve(source: str) -> str:
    """The one thing to do about what is held."""
    return f"look at what is held and, if it is true: {approving(source)}"


def approving(source: str) -> str:
    """The command that approves what is held, as one types it."""
    return f'driftline sources approve {source} --reason "…"'
