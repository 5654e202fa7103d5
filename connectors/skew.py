"""How far the clock of a source differs from this machine's, as the answers of its server show it (S7, S8)."""

from datetime import timedelta
from email.utils import parsedate_to_datetime


class ClockSkew:
    """The difference that one run saw. An answer from a cache shows an old time, so the smallest difference counts.

    Of several who read parts of one source, the one that saw the largest decides: ``behind`` is what others saw.
    """

    def __init__(self, behind: timedelta = timedelta(0)) -> None:
        self._ahead: timedelta | None = None
        self._others = behind

    def note(self, shown: str, received: float) -> None:
        """Take what the header Date of an answer says, and when it came as seconds since 1970 on this machine."""
        try:
            ahead = timedelta(seconds=parsedate_to_datetime(shown).timestamp() - received)
        except (TypeError, ValueError, OverflowError):
            return
        if self._ahead is None or abs(ahead) < abs(self._ahead):
            self._ahead = ahead

    @property
    def ahead(self) -> timedelta:
        """How far the server's clock is ahead of ours; negative when it is slow, zero while no answer told it."""
        return self._ahead or timedelta(0)

    @property
    def behind(self) -> timedelta:
        """How far a cursor must go back because the server's clock is slow; below a minute the overlap is enough."""
        own = -self._ahead if self._ahead is not None and self._ahead <= -NOTEWORTHY else timedelta(0)
        return max(own, self._others)


NOTEWORTHY = timedelta(minutes=1)
"""Less comes from whole seconds and slow answers."""
