"""A demo company of its own for each story, read by the real connectors over real HTTP into real SQLite."""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from config.load import Configuration, load
from config.secrets import resolve
from model.deliveries import Delivery
from model.findings import TrackedFinding
from model.keys import objective_node
from model.runs import Run
from pipeline.notify import deliver, prepare
from pipeline.run import run_once
from sandbox.world import Meridian
from state.store import Store
from tests.databases import url_of

OBJECTIVE = objective_node("")


@dataclass(slots=True)
class Story:
    """The demo company and a Driftline that reads it."""

    world: Meridian
    store: Store

    @property
    def configuration(self) -> Configuration:
        loaded = load(self.world.folder / "driftline.yaml")
        return replace(loaded, settings=resolve(loaded.settings, environment=os.environ, root=loaded.root))

    def sync(self, *only: str, full: bool = False) -> Run:
        return run_once(
            self.store, self.configuration, clock=self.world.clock, stop=threading.Event(), only=only, full=full
        )

    def send(self, slot: str) -> list[Delivery]:
        configuration = self.configuration
        prepare(self.store, configuration, "leaders", slot=slot, now=self.world.clock())
        return deliver(self.store, configuration, now=self.world.clock())

    def standing(self, check: str | None = None) -> dict[str, TrackedFinding]:
        """Standing findings by what their first subject is called, or only those of one check."""
        found = {}
        for tracked in self.store.tracked().values():
            if tracked.standing and check in (None, tracked.finding.check):
                found[self._called(tracked.finding.subjects[0])] = tracked
        return found

    def _called(self, subject: str) -> str:
        """The key of a record; the id of an objective."""
        if subject.startswith(OBJECTIVE):
            return subject.removeprefix(OBJECTIVE)
        [seen] = self.store.find(subject)
        return seen.record.key


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """Monday at Meridian Conveyors, nothing read yet."""
    with Meridian(tmp_path / "meridian") as world, Store.open(url_of(tmp_path / "driftline.db")) as store:
        yield Story(world, store)
