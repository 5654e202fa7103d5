"""Days of a company through the real store: each morning what changed is read, linked and judged."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from config.load import Configuration
from model.findings import TrackedFinding
from model.reading import Page
from model.records import Record
from pipeline.judge import judge_and_keep
from pipeline.mapping_change import link_and_record
from state.store import Store
from tests.databases import url_of
from tests.proofs import healthy_files
from tests.proofs.healthy import lives_of
from tests.proofs.teams import SOURCES, START, Company, Life

_PAGE = 1_000
Spoil = Callable[[date, Record], Record]
"""Changes a record before it is read."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was gone through."""

    records: int
    days: int
    readings: int

    def __str__(self) -> str:
        return f"{self.records:,} records, {self.days} days, {self.readings:,} readings"


def morning(day: date) -> datetime:
    return datetime.combine(day, time(5), UTC)


class Living:
    """A company whose records are read on one morning after the other."""

    def __init__(
        self, folder: Path, company: Company, *, spoil: Spoil | None = None, files: Any = None, **settings: Any
    ) -> None:
        self._folder = folder
        self.company = company
        self._spoil = spoil
        self._files = files
        self._settings = settings
        self._lives = list(lives_of(company))
        self._on: dict[date, list[Life]] = defaultdict(list)
        for life in self._lives:
            for day in life.days:
                self._on[day + timedelta(1)].append(life)
        self.store = Store.open(url_of(folder / "state.db"), migrate=True)
        self.configuration = self.load(START)
        self.read = 0

    def load(self, day: date) -> Configuration:
        """Load the files as they stand on a day."""
        self.configuration = healthy_files.write(self._folder, self.company, day, self._files, **self._settings)
        return self.configuration

    def records(self, day: date) -> list[Record]:
        """What is new on a morning; on the first one all that there is."""
        if day == START:
            lives = [life for life in self._lives if life.days[0] < day]
        else:
            lives = list({id(life): life for life in self._on[day]}.values())
        found = [life.at(day) for life in lives]
        return [self._spoil(day, each) for each in found] if self._spoil else found

    def all_records(self, day: date) -> list[Record]:
        """How everything stands on a morning."""
        found = [life.at(day) for life in self._lives if life.days[0] < day]
        return [self._spoil(day, each) for each in found] if self._spoil else found

    def live_noisily(self, days: int) -> Iterator[date]:
        """As ``live``, where what spoils records does so anew on each morning."""
        before: dict[str, Record] = {}
        for number in range(days):
            day = START + timedelta(number)
            if number and number % 7 == 0:
                self.load(day)
            now = {each.id: each for each in self.all_records(day)}
            self.judge(day, [each for id_, each in now.items() if before.get(id_) != each])
            before = now
            yield day

    def live(self, days: int) -> Iterator[date]:
        """Read, link and judge on so many mornings; files are loaded anew each week."""
        for number in range(days):
            day = START + timedelta(number)
            if number and number % 7 == 0:
                self.load(day)
            self.judge(day, self.records(day))
            yield day

    def judge(self, day: date, records: Collection[Record]) -> None:
        """One run over what changed."""
        now = morning(day)
        run = self.store.start_run(now, baseline=day == START)
        for source in SOURCES:
            told = [each for each in records if each.source == source]
            self.read += len(told)
            for first in range(0, len(told), _PAGE):
                self.store.save_page(run, Page(tuple(told[first : first + _PAGE])), source, now)
            self.store.finish_source(run, source, None, full=day == START, now=now)
        linking, reach = link_and_record(self.store, self.configuration, now=now)
        judge_and_keep(self.store, self.configuration, run, now=now, reach=reach, linking=linking)

    def found(self) -> list[TrackedFinding]:
        """Everything that was ever found, gone again or not."""
        return list(self.store.tracked().values())

    def figures(self, days: int) -> Figures:
        present = sum(len(self.store.present_ids(source)) for source in SOURCES)
        return Figures(present, days, self.read)

    def __enter__(self) -> "Living":
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()
