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
from tests.databases import Kept, copy_folder, keep, url_of

OBJECTIVE = objective_node("")


@dataclass(slots=True)
class Story:
    """The demo company and a Driftline that reads it."""

    world: Meridian
    store: Store
    folder: Path
    """Where the settings, the secrets and the workbooks lie."""

    @property
    def configuration(self) -> Configuration:
        loaded = load(self.folder / "driftline.yaml")
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
        yield Story(world, store, world.folder)


@pytest.fixture(scope="session")
def read_twice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Meridian, Kept]]:
    """Meridian on Tuesday, and what is stored when it was read on Monday and on Tuesday."""
    folder = tmp_path_factory.mktemp("read-twice")
    with Meridian(folder / "meridian") as world:
        with Store.open(url_of(folder / "driftline.db")) as store:
            story = Story(world, store, world.folder)
            story.sync()
            world.move_to_tuesday()
            story.sync()
        yield world, keep(folder / "driftline.db")


@pytest.fixture
def tuesday(read_twice: tuple[Meridian, Kept], tmp_path: Path) -> Iterator[Story]:
    """Tuesday, everything read: a state and a folder of one's own. The company is that of other tests; it may be made
    to fail, and nothing in it may be moved."""
    world, kept = read_twice
    folder = copy_folder(world.folder, tmp_path / "meridian")
    kept.bring_back(tmp_path / "driftline.db")
    with Store.open(url_of(tmp_path / "driftline.db")) as store:
        yield Story(world, store, folder)
    for server in (world.jira_server, world.asana_server, world.salesforce_server):
        server.clear_faults()
