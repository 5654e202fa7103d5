"""A source that lives in memory, and what reads it into a real store: the truth, and what of it we are shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from connectors.base import Connector, ReadContext, SourceOptions
from model.errors import Problem
from model.reading import Container, Cursor, Missing, Page, Probe
from model.records import Absence, Record, WorkItem
from model.runs import SourceResult
from pipeline import read
from pipeline.approval import approve_held, what_is_held
from state import tables
from state.store import Store
from tests.databases import Kept, drop, url_of

START = datetime(2026, 9, 14, 6, 0, tzinfo=UTC)
CONTAINERS = ("A", "B", "C")
OPTIONS = SourceOptions(kind="memory")


@dataclass
class Thing:
    """A record as it truly is."""

    container: str
    changed: datetime
    title: str = "as new"
    filtered: bool = False


@dataclass
class Site:
    """The truth, and what of it we are shown.

    ``lost`` containers are missing in the roster; ``silent`` ones are in the roster and show nothing at all.
    """

    now: datetime = START
    things: dict[str, Thing] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=lambda: dict.fromkeys(CONTAINERS, "visible"))
    silent: set[str] = field(default_factory=set)
    who: str = "robot"
    who_after: str | None = None
    dies_at: int | None = None
    """After so many steps the process is killed, or the source stops to answer."""
    dying: BaseException | None = None

    def shows(self, container: str) -> bool:
        return self.states.get(container) == "visible" and container not in self.silent

    def step(self) -> None:
        if self.dies_at is None:
            return
        if self.dies_at == 0 and self.dying is not None:
            raise self.dying
        self.dies_at -= 1


class MemoryConnector(Connector):
    """Reads a ``Site``. Like real systems it never mentions what was deleted, and is silent about what it hides."""

    kind: ClassVar[str] = "memory"
    options_type: ClassVar[type[SourceOptions]] = SourceOptions
    site: ClassVar[Site]

    def __init__(self, name: str, options: SourceOptions, context: ReadContext) -> None:
        super().__init__(name, options, context)
        self.asked = 0

    def probe(self) -> Probe:
        return Probe(self.site.who, "memory")

    def identity(self) -> str:
        self.asked += 1
        if self.asked > 1 and self.site.who_after is not None:
            return self.site.who_after
        return self.site.who

    def roster(self) -> Iterable[Container]:
        self.site.step()
        for id_, state in self.site.states.items():
            problem = Problem(f"{id_} is lost", self.name, "give access") if state == "lost" else None
            yield Container(id_, f"Project {id_}", state, problem)

    def changed(self, cursor: Cursor | None) -> Iterable[Page]:
        since = datetime.fromisoformat(cursor.position) if cursor else None
        for container in self.site.states:
            self.site.step()
            if self.site.shows(container):
                yield Page([self._record(id_) for id_ in self._ids(container, since)])

    def census(self, container: Container) -> Iterable[str]:
        self.site.step()
        return list(self._ids(container.id)) if self.site.shows(container.id) else []

    def fetch(self, native_ids: Sequence[str]) -> Iterable[Record | Missing]:
        self.site.step()
        for id_ in native_ids:
            thing = self.site.things.get(id_)
            if thing is None or thing.container in self.site.silent or self.site.states.get(thing.container) == "lost":
                continue
            yield Missing(id_, Absence.FILTERED_OUT) if thing.filtered else self._record(id_)

    def _ids(self, container: str, since: datetime | None = None) -> Iterable[str]:
        for id_, thing in self.site.things.items():
            if thing.container == container and not thing.filtered and (since is None or thing.changed >= since):
                yield id_

    def _record(self, id_: str) -> Record:
        thing = self.site.things[id_]
        return WorkItem(
            source=self.name,
            native_id=id_,
            key=f"K-{id_}",
            title=thing.title,
            container=thing.container,
            changed=thing.changed,
        )


class Reader:
    """Reads one site into one real store."""

    def __init__(self, blank: Kept, folder: Path) -> None:
        self.path = folder / "state.db"
        blank.bring_back(self.path)
        self.store = Store.open(url_of(self.path))
        self.site = Site()
        self.made = 0

    def sync(self, *, full: bool = False) -> SourceResult:
        context = ReadContext(self.site.now, ZoneInfo("Europe/Berlin"))
        run = self.store.start_run(self.site.now, baseline=False)
        connector = type("Bound", (MemoryConnector,), {"site": self.site})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(read, "connector_type", lambda _kind: connector)
            return read.read_source(
                self.store,
                run,
                "memory",
                OPTIONS,
                context,
                clock=lambda: self.site.now,
                progress=lambda _source, _read: None,
                full=full,
            )

    def absences(self) -> dict[str, Absence | None]:
        """Asked of the table itself, because a whole view for each step would take most of the time."""
        table = tables.records
        with self.store.reading() as connection:
            rows = connection.execute(select(table.c.native_id, table.c.absence)).all()
        return {row.native_id: Absence(row.absence) if row.absence else None for row in rows}

    def titles(self) -> dict[str, str]:
        return {
            seen.record.native_id: seen.record.title for batch in self.store.records(source="memory") for seen in batch
        }

    def approve(self) -> None:
        held = what_is_held(self.store, "memory")
        assert held is not None
        approve_held(self.store, held, by="ann", reason="I looked", now=self.site.now)

    def add(self, number: int, container: str = "A") -> list[str]:
        """Things with ids that nothing ever had: no source gives an id a second time."""
        added = [f"{container}{self.made + each:04}" for each in range(number)]
        self.made += number
        self.site.things.update({id_: Thing(container, self.site.now) for id_ in added})
        return added

    def pass_time(self, **delta: float) -> None:
        self.site.now += timedelta(**delta)

    def close(self) -> None:
        self.store.close()
        drop(self.path)
