"""What the beat of a daemon or a worker and the figures of its state say about its health."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from pipeline.agenda import Plan
from pipeline.window import NONE, Durations
from service.beat import Pulse
from state.faults import Fault
from state.figures import Figures, SourceFigures

_NEVER = SourceFigures()


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How fresh one source is; ``age`` is None for one that was never read completely.

    ``every`` is how long one reading is from the next, ``due_in`` how long it is until then. ``put_off``: something
    keeps back a reading that would be due. ``stale``: two readings in a row were missed, or there was none yet; a
    reading that is put off is not missed.
    """

    name: str
    every: timedelta
    due_in: timedelta
    put_off: bool
    stale: bool
    age: timedelta | None
    figures: SourceFigures


@dataclass(frozen=True, slots=True)
class Health:
    """The health of the process at one moment; ``figures`` is None while the state cannot be read."""

    pulse: Pulse
    figures: Figures | None
    sources: tuple[SourceHealth, ...]
    faults: Mapping[Fault, int]
    """How often the database refused, by why, since the start of the process."""
    windows: Durations = NONE
    """How long it took to note each accepted message as sent, since the start of the process."""
    queue: bool | None = None
    """Whether a worker hears from the queue; a daemon has none."""

    @property
    def state(self) -> str:
        if self.figures is None:
            return "cannot be read"
        return "owned" if self.figures.owned else "owned by another process"

    @property
    def stale(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.sources if each.stale)

    @property
    def unread(self) -> tuple[str, ...]:
        """The sources of which nothing is known yet."""
        return tuple(each.name for each in self.sources if each.age is None)

    @property
    def put_off(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.sources if each.put_off)

    @property
    def ready(self) -> bool:
        """Whether what Driftline tells now can be relied on."""
        owned = self.figures is not None and self.figures.owned
        return self.pulse.beats and owned and self.queue is not False and not self.stale and not self.unread

    def told(self) -> dict[str, Any]:
        """As /readyz tells it."""
        refused = self.figures is not None and self.figures.refused
        queue = {} if self.queue is None else {"queue": "connected" if self.queue else "silent"}
        return {
            "ready": self.ready,
            "beats": self.pulse.beats,
            "configuration": "an edit is refused, the last good one is in force" if refused else "loaded",
            "state": self.state,
            **queue,
            "stale": list(self.stale),
            "never_read": list(self.unread),
            "put_off": list(self.put_off),
        }


def assess(
    pulse: Pulse,
    figures: Figures | None,
    plans: Mapping[str, Plan],
    *,
    now: datetime,
    faults: Mapping[Fault, int] = MappingProxyType({}),
    windows: Durations = NONE,
) -> Health:
    """Put together what is known; ``plans`` are those of the configured sources."""
    stored = figures.sources if figures is not None else {}
    return Health(
        pulse,
        figures,
        tuple(_source(plan, stored.get(name, _NEVER), now) for name, plan in plans.items()),
        faults,
        windows,
    )


def _source(plan: Plan, figures: SourceFigures, now: datetime) -> SourceHealth:
    age = max(timedelta(), now - figures.read_at) if figures.read_at is not None else None
    put_off = plan.put_off is not None
    return SourceHealth(
        plan.timetable.name,
        plan.timetable.interval(now),
        max(timedelta(), plan.next_at - now),
        put_off,
        stale=not put_off if figures.read_at is None else now > plan.stale_at(figures.read_at),
        age=age,
        figures=figures,
    )
