"""What the daemon's own beat and the figures of its state say about its health."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from service.beat import Pulse
from state.figures import Figures, SourceFigures

STALE_AFTER = 2
"""A source is stale when it was not read completely within so many of its intervals."""

_NEVER = SourceFigures()


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How fresh one source is; ``age`` is None for one that was never read completely."""

    name: str
    every: timedelta
    age: timedelta | None
    figures: SourceFigures

    @property
    def stale(self) -> bool:
        return self.age is None or self.age > STALE_AFTER * self.every


@dataclass(frozen=True, slots=True)
class Health:
    """The health of the daemon at one moment; ``figures`` is None while the state cannot be read."""

    pulse: Pulse
    figures: Figures | None
    sources: tuple[SourceHealth, ...]

    @property
    def state(self) -> str:
        if self.figures is None:
            return "cannot be read"
        return "owned" if self.figures.owned else "owned by another process"

    @property
    def stale(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.sources if each.stale)

    @property
    def ready(self) -> bool:
        """Whether what Driftline tells now can be relied on."""
        owned = self.figures is not None and self.figures.owned
        return self.pulse.beats and owned and not self.stale

    def told(self) -> dict[str, Any]:
        """As /readyz tells it."""
        refused = self.figures is not None and self.figures.refused
        return {
            "ready": self.ready,
            "beats": self.pulse.beats,
            "configuration": "an edit is refused, the last good one is in force" if refused else "loaded",
            "state": self.state,
            "stale": list(self.stale),
        }


def assess(pulse: Pulse, figures: Figures | None, intervals: Mapping[str, timedelta], *, now: datetime) -> Health:
    """Put together what is known; ``intervals`` are those of the configured sources."""
    stored = figures.sources if figures is not None else {}
    return Health(
        pulse,
        figures,
        tuple(_source(name, every, stored.get(name, _NEVER), now) for name, every in intervals.items()),
    )


def _source(name: str, every: timedelta, figures: SourceFigures, now: datetime) -> SourceHealth:
    age = max(timedelta(), now - figures.read_at) if figures.read_at is not None else None
    return SourceHealth(name, every, age, figures)
