"""What the last run judged, kept in memory, so that the next one need only judge what the changes since can reach.

A run that cannot be sure of that judges everything, as the first run of a process does. Nothing of it is stored:
whatever happens to the process, the outcome is that of judging everything.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from config.load import Configuration
from model.findings import KnownFinding
from model.runs import Coverage
from model.surroundings import Touched
from pipeline.link import Linking
from reconcile.judgement import Judgement
from reconcile.lifecycle import Advance
from reconcile.view import View
from reconcile.world import World
from state.store import Store


@dataclass(frozen=True, slots=True)
class _Kept:
    """A judged world, with everything that a later one must have in common with it."""

    world: World
    configuration: Configuration
    today: date
    revision: int
    coverage: Sequence[Coverage]
    known: Mapping[str, KnownFinding]
    transition: int


class Standing:
    """The world of the last judgement of this process. For one judgement at a time, of one store."""

    def __init__(self) -> None:
        self._kept: _Kept | None = None
        self._lock = threading.Lock()

    def take(
        self, store: Store, configuration: Configuration, linking: Linking | None, today: date
    ) -> "Earlier | None":
        """What a judgement may begin from, with what was stored since; None where everything is to be judged.

        It is given away: a judgement that fails leaves nothing behind.
        """
        with self._lock:
            kept, self._kept = self._kept, None
        if kept is None or linking is None or linking.touched is None:
            return None
        if today != kept.today or not _same(configuration, kept.configuration):
            return None
        records = store.changed_since(kept.revision)
        touched = Touched(records) | linking.touched
        if len(touched.records) > configuration.settings.reconcile.incremental_up_to:
            return None
        return Earlier(kept.world, touched, kept.coverage, kept.known, kept.transition)

    def forget(self) -> None:
        """Let it go: something was done of which nobody told what it changed."""
        with self._lock:
            self._kept = None

    def keep(
        self,
        judgement: Judgement,
        led: Advance,
        known: Mapping[str, KnownFinding],
        *,
        configuration: Configuration,
        today: date,
        revision: int,
        transition: int,
    ) -> None:
        """Keep what was judged, for the next run. ``revision`` was the newest when the judgement began."""
        if judgement.world is None or not configuration.settings.reconcile.incremental_up_to:
            return
        known = {**known, **{each.fingerprint: KnownFinding.of(each) for each in led.tracked}}
        world = _lasting(judgement.world)
        coverage = tuple(replace(each, records=0, linked=0, unlinkable=0) for each in judgement.coverage)
        kept = _Kept(world, configuration, today, revision, coverage, known, transition)
        with self._lock:
            self._kept = kept


@dataclass(slots=True)
class Earlier:
    """An earlier world, what was stored since, and what the findings were about."""

    world: World | None
    touched: Touched
    coverage: Sequence[Coverage]
    known: Mapping[str, KnownFinding]
    transition: int

    @property
    def told(self) -> Mapping[str, set[str]]:
        """What the findings that stand are about, by their checks."""
        found: dict[str, set[str]] = {}
        for each in self.known.values():
            if each.standing:
                found.setdefault(each.check, set()).add(each.subject)
        return found

    def world_for(self, view: View) -> World | None:
        """The earlier world if each source was read as far as then: what could be concluded then can be concluded now.

        Otherwise it is let go, because two worlds at once would take twice the memory.
        """
        if _how_far(view.coverage(counted=False)) != _how_far(self.coverage):
            self.world = None
        return self.world


def _how_far(coverage: Sequence[Coverage]) -> list[tuple[object, ...]]:
    return [(each.source, each.complete, each.as_of is None, each.error, each.held_checks) for each in coverage]


def _same(configuration: Configuration, other: Configuration) -> bool:
    if configuration is other:
        return True
    same_mapping = configuration.mapping.fingerprint == other.mapping.fingerprint
    same_checks = configuration.custom.definitions == other.custom.definitions
    return same_mapping and same_checks and configuration.settings == other.settings


def _lasting(world: World) -> World:
    """The world without what is looked up or worked out anew for each judgement."""
    world.library.forget()
    floats = replace(world.floats)  # without what was worked out from it
    return replace(world, moves={}, changes={}, histories={}, floats=floats, derived=world.lasting)
