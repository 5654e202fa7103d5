"""A daemon that lives through simulated days under a load, while things around it fail.

The daemon is the real program with its own loop, threads and signals; the system's clock, as it sees it, jumps an hour
or a quarter of it as soon as everything that was due is done. What fails and when is drawn from a seed.
"""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from pathlib import Path
from statistics import fmean
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

from pipeline.slots import latest_slot
from sandbox.http import LOGIN_PAGE, Fault, Response
from tests.faults.daemons import Daemons, Preparation, Running
from tests.faults.shifted_clock import ShiftedClock
from tests.pipeline.company import DEALS, LONG_AGO, OBJECTIVES, SELLER, WORK, Company
from tests.proofs.growth import Happenings, Kept, kept

FIRST = datetime(2026, 9, 14, 7, tzinfo=UTC)
"""A Monday, after the time of the digest."""
DAY = timedelta(days=1)
MOST_THREADS = 12
"""Of a daemon that has nothing to do."""
_MOST_LOOKS = 200
BERLIN = ZoneInfo("Europe/Berlin")
SOURCES = ("jira", "crm")
_EDIT = "times {}"
_EDITS = {_EDIT.format(told) for told in ("configuration.taken", "configuration.sound_again")}
TROUBLES = {
    "a server that fails": Fault(pattern="", response=Response({"errorMessages": ["down"]}, 503), times=3),
    "too many requests": Fault(pattern="", response=Response({}, 429, {"Retry-After": "1"}), times=2),
    "a connection that is cut": Fault(pattern="/search|/query", cut_at=200, times=2),
    "a page to sign in": Fault(pattern="/search|/query", response=LOGIN_PAGE, times=2),
}


def fill(company: Company, times: int) -> None:
    """So many times the work items and deals of the small company."""
    for number in range(WORK, times * WORK):
        company.jira.add_issue(
            f"WEB-{number}", summary=f"Part {number}", due=date(2026, 9, 25), versions=["R1"], created=LONG_AGO
        )
    for number in range(DEALS + 1, times * DEALS + 1):
        company.deals[f"D-{number}"] = company.org.add_opportunity(
            f"Customer {number}",
            account=f"Customer {number}",
            amount=Decimal(1_000 * number),
            probability=50,
            close=date(2026, 12, 25),
            stage="Proposal",
            owner=SELLER,
            promised="R1",
            promised_date=date(2026, 10, 15),
            created=LONG_AGO,
            key=f"D-{number}",
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """On which days what happens; the first day is 0 and begins at seven in the morning, UTC."""

    kills: Collection[int] = ()
    """The daemon is killed at a random moment and started anew."""
    no_mail: Collection[int] = ()
    """The mail server refuses everything for the whole day, and with it the next morning's digest."""
    edited: Collection[int] = ()
    """The objectives are edited."""
    broken: Collection[int] = ()
    """The rules are spoiled, and mended some hours later."""
    troubled: float = 0.1
    """The share of the readings before which a source begins to fail."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a process held when nothing was due."""

    life: int
    day: float
    mib: float
    files: int
    threads: int


@dataclass
class Soak:
    """The days of one company and its daemon."""

    company: Company
    clock: ShiftedClock
    daemons: Daemons
    cycles: int
    """How often a day each source is read."""
    chance: random.Random
    times: int = 10
    """The load, as a multiple of the small company's."""
    plan: Plan = Plan()
    prepared: Sequence[Preparation] = ()
    readings: list[Reading] = field(default_factory=list)
    states: list[Kept] = field(default_factory=list)
    """What was stored at the end of each day."""
    happened: Counter[str] = field(default_factory=Counter)
    slips: int = 0
    life: int = 0
    mail_back: datetime = FIRST
    daemon: Running = field(init=False)

    def __post_init__(self) -> None:
        fill(self.company, self.times)
        for source in self.company.settings["sources"].values():
            # A minute less than the clock goes on, so that each step makes it due.
            source["every"] = f"{24 * 60 // self.cycles - 1}m"
        self.company.write()
        self.show(FIRST)

    def __enter__(self) -> Self:
        self.start()
        self.settled(after=0)
        return self

    def __exit__(self, *_exc: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.daemon.kill()

    @property
    def day(self) -> float:
        return (self.company.now - FIRST) / DAY

    def show(self, when: datetime) -> None:
        self.company.now = when
        self.clock.show(when)

    def start(self) -> None:
        self.life += 1
        self.daemon = self.daemons.start(self.company.folder, *self.prepared, log=f"life-{self.life}.log")
        self.daemon.wait_for("daemon.started")

    def live(self, days: int) -> None:
        for number in range(days):
            self._begin_day(number)
            dies_in = self.chance.randrange(2, self.cycles) if number in self.plan.kills else None
            for step in range(self.cycles):
                if step == 1 and number in self.plan.broken:
                    self._mend()
                self.step(dies=step == dies_in)
            self.states.append(self.stored())

    def stored(self) -> Kept:
        edits = sum(times for what, times in self.happened.items() if what in _EDITS)
        return kept(self.company.state, self.company.now, edits)

    def _begin_day(self, number: int) -> None:
        """What people do: a date slips, deals change, files are edited; and what becomes of the mail server."""
        self.slips += 1
        self.company.slip(date(2026, 11, 1) + timedelta(days=3 * self.slips))
        for key in self.chance.sample(sorted(self.company.deals), self.times):
            amount = Decimal(self.chance.randrange(1_000, 900_000))
            self.company.org.set_amount(self.company.deals[key], amount, by=SELLER)
        refuse = self.company.mailbox.refuse
        if refuse:
            refuse.clear()
            self.mail_back = self.company.now
        if number in self.plan.no_mail:
            refuse["MAIL"] = "451 4.3.2 come back later"
            self.happened["days without a mail server"] += 1
        if number in self.plan.edited:
            objectives = deepcopy(OBJECTIVES)
            objectives["objectives"][1]["intent"] = f"As decided on day {number}."  # type: ignore[index]
            self._edit("configuration.taken", objectives=objectives)
        if number in self.plan.broken:
            (self.company.folder / "rules.yaml").write_text("version: 1\nrules: [\n", encoding="utf-8")
            self.daemon.wait_for("configuration.refused")
            self.happened["broken configurations refused"] += 1

    def _mend(self) -> None:
        self._edit("configuration.sound_again")

    def _edit(self, told: str, **files: Any) -> None:
        before = len(self.daemon.events(told))
        self.company.write(**files)
        self.daemon.wait_for(told, times=before + 1)
        self.happened[_EDIT.format(told)] += 1

    def step(self, *, dies: bool = False) -> None:
        """Let the clock go on to the next time at which the sources are due, and wait until all is done."""
        if self.chance.random() < self.plan.troubled:
            trouble = self.chance.choice(sorted(TROUBLES))
            server = self.chance.choice((self.company.jira_server, self.company.crm_server))
            server.add_fault(replace(TROUBLES[trouble]))
            self.happened[trouble] += 1
        [(after,)] = self.ask("SELECT coalesce(max(id), 0) FROM runs")
        self.show(self.company.now + DAY / self.cycles)
        if dies:
            time.sleep(self.chance.uniform(0, 0.5))
            self.daemon.kill()
            self.happened["kill -9"] += 1
            self.start()
        self.settled(after)
        for server in (self.company.jira_server, self.company.crm_server):
            server.clear_faults()
            server.requests.clear()
        self._note()

    def settled(self, after: int) -> None:
        """Wait until each source was tried since a run, and no run, digest or mail is due any more."""
        until = self.daemon.wait_until
        # What a killed process had read to the end is not asked again by the next one.
        tried = "SELECT source FROM source_results WHERE run_id > ? UNION SELECT source FROM sources WHERE read_at >= ?"
        now = self.company.now.strftime("%Y-%m-%d %H:%M:%S")
        until(lambda: len(self.ask(tried, after, now)) == len(SOURCES))
        events = self.daemon.events
        until(lambda: len(events("test.over")) == len(events("test.begun")))
        slot = latest_slot(time_of_day(7), range(5), BERLIN, self.company.now)
        assert slot is not None
        until(lambda: self.ask("SELECT value FROM notes WHERE key = 'digest-slot:leaders'") == [(slot.name,)])
        # A refused mail is tried again after an hour at most.
        if not self.company.mailbox.refuse and self.company.now > self.mail_back + timedelta(hours=1):
            until(lambda: self.ask("SELECT id FROM deliveries WHERE state != 'sent'") == [])

    def happenings(self) -> Happenings:
        """What made the state grow up to now, as the sources, the mails and the plan tell it."""
        [(findings,)] = self.ask("SELECT count(*) FROM findings")
        composed = [utc(at) for (at,) in self.ask("SELECT created_at FROM deliveries ORDER BY created_at")]
        tried = self.ask(
            "SELECT source, source_results.outcome, runs.finished_at FROM source_results JOIN runs ON runs.id = run_id"
            " WHERE runs.finished_at IS NOT NULL ORDER BY runs.finished_at, run_id"
        )
        blind: set[str] = set()
        blinded = []
        for source, outcome, at in tried:
            before = bool(blind)
            blind = blind - {source} if outcome == "complete" else blind | {source}
            if bool(blind) != before:
                blinded.append(utc(at))
        return Happenings(findings, 1, 1 + self.times, len(SOURCES) * self.cycles, composed, blinded)

    def ask(self, query: str, *values: object) -> list[Any]:
        """What is stored, as somebody else sees it."""
        with closing(sqlite3.connect(self.company.state, timeout=30)) as connection:
            return connection.execute(query, values).fetchall()

    def _note(self) -> None:
        """What it holds once the threads of its last reading are gone, on a busy machine some moments after it."""
        process = Path(f"/proc/{self.daemon.pid}")
        for _ in range(_MOST_LOOKS):
            said = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
            if int(said["Threads"]) <= MOST_THREADS:
                break
            time.sleep(0.05)
        mib = int(said["VmRSS"].split()[0]) / 1024
        files = len(list((process / "fd").iterdir()))
        self.readings.append(Reading(self.life, self.day, mib, files, int(said["Threads"])))


def utc(stored: str) -> datetime:
    return datetime.fromisoformat(stored).replace(tzinfo=UTC)


def slope(readings: Sequence[Reading], *, warm_up: float) -> float:
    """MiB per day: one line through the readings of each life after its warm-up in days, all of the same slope."""
    across = along = 0.0
    for life in {each.life for each in readings}:
        lived = [each for each in readings if each.life == life]
        warm = [each for each in lived if each.day >= lived[0].day + warm_up]
        if not warm:
            continue
        day, mib = fmean(each.day for each in warm), fmean(each.mib for each in warm)
        across += sum((each.day - day) * (each.mib - mib) for each in warm)
        along += sum((each.day - day) ** 2 for each in warm)
    return across / along if along else 0.0
