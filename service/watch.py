"""Looks at a daemon or a worker for those who ask, at most once in a while however many ask."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from model.errors import DriftlineError
from pipeline.agenda import Plan
from pipeline.window import windows
from service.beat import Beat, Pulse
from service.health import Health, assess
from state.faults import counted
from state.figures import Counted, Figures, read_figures
from state.store import Store

LOOK_AGAIN_SECONDS = 5.0
"""So long the figures of the state are told without counting anew."""


@dataclass(slots=True)
class Watch:
    """Health at this moment, from the beat and from figures that are a few seconds old at most.

    ``plans`` gives when each configured source is read next.
    """

    store: Store
    beat: Beat
    plans: Callable[[], Mapping[str, Plan]]
    clock: Callable[[], datetime]
    look_again_seconds: float = LOOK_AGAIN_SECONDS
    takes_edits: bool = True
    """Whether the process takes edited files; for one that does not, none is refused."""
    _figures: Figures | None = None
    _counted: Counted | None = None
    _looked: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def pulse(self) -> Pulse:
        """The beat alone, for which nothing is waited."""
        return self.beat.pulse()

    def health(self) -> Health:
        """Never raises for a state that cannot be read: that is an answer too."""
        figures = self._look()
        now, told = self.clock(), windows.told()
        return assess(self.beat.pulse(), figures, self.plans(), now=now, faults=counted(), windows=told)

    def _look(self) -> Figures | None:
        with self._lock:
            now = self.beat.monotonic()
            if self._looked is None or now - self._looked >= self.look_again_seconds:
                self._figures = self._read()
                self._looked = self.beat.monotonic()
            return self._figures

    def _read(self) -> Figures | None:
        try:
            refused = self.takes_edits and self.store.refused_configuration() is not None
            figures = read_figures(self.store, known=self._counted, refused=refused)
        except DriftlineError:
            return None
        self._counted = figures.counted
        return figures
