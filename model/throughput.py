"""How much work was finished on which day, and how much is left: what a throughput forecast is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Flow:
    """What one team has finished and has left, of the work of some objectives or of everything it does.

    A team is a container of a source, as ``jira/AUR``. Only the smallest pieces of work count: an epic does not count
    beside its stories. ``finished`` counts by day, for the days that were asked for; ``began`` is the first day ever.
    ``undated`` work was finished, and nobody knows on which day.
    """

    team: str
    finished: Mapping[date, int] = field(default_factory=dict)
    open: int = 0
    undated: int = 0
    began: date | None = None
