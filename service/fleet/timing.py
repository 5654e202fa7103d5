"""How often workers look, how long they are waited for and how often something is tried."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Timing:
    """What goes by the clock. A worker that is killed is missed after ``stalled_seconds`` and one more look."""

    look_seconds: int = 10
    """How often somebody looks what is due; a part of a minute."""
    poll_seconds: float = 5.0
    """How often each worker asks the queue for what it was not told of."""
    heartbeat_seconds: float = 5.0
    stalled_seconds: float = 30.0
    """After which silence the jobs of a worker are given to others."""
    grace_seconds: float = 8.0
    """How long a stop waits for what is under way; the service manager's own limit must be longer (C16)."""
    attempts: int = 5
    """How often a source is tried in one round."""
    first_pause: timedelta = timedelta(seconds=15)
    """After the first attempt that did not help; twice as long after each further one."""
    state_pause: timedelta = timedelta(seconds=10)
    """Until something is tried again that the state itself refused."""

    def pause_after(self, failures: int) -> timedelta:
        """How long to wait after so many attempts."""
        return self.first_pause * float(2 ** max(0, failures - 1))
