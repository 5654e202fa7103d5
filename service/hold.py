"""Keeps the state the daemon's own while a database server goes and comes back."""

from dataclasses import dataclass, field

import structlog

from model.errors import StateError
from state.lock import Ownership

log = structlog.get_logger("driftline.hold")


@dataclass(slots=True)
class Hold:
    """Looked at before the digests, every few seconds. What is tried while the server is away says nothing about mails,
    so it is not tried: no pause grows by it, and the work goes on as soon as the server is back (C10)."""

    ownership: Ownership | None = None
    """None when nobody else can own the state, as in a test."""
    ousted: bool = False
    """Whether somebody else has owned the state since: this process must end, to be started anew."""
    _away: bool = field(default=False)

    def sure(self) -> bool:
        """Whether the state can be reached and is ours; what is not so is said once, and once when it is again."""
        if self.ownership is None:
            return True
        try:
            held = self.ownership.hold_on()
        except StateError as failure:
            if not self._away:
                log.error("state.out_of_reach", error=failure.summary)
            self._away = True
            return False
        if not held:
            if not self.ousted:
                log.error("state.taken_over", hint="the process ends and is to be started anew")
            self.ousted = True
            return False
        if self._away:
            log.info("state.within_reach")
        self._away = False
        return True
