"""SIGTERM at random moments of a real daemon: it ends in time, leaves nothing open, and the next start goes on (C16).

``DRIFTLINE_STOPS=200`` asks for so many stops and ``DRIFTLINE_SEED`` for other moments.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from model.deliveries import DeliveryState
from model.errors import InterruptedRunError
from model.runs import RunOutcome
from pipeline import run
from sandbox.http import Fault
from scheduler import Daemon
from tests.databases import Kept, keep
from tests.digest.smtp_servers import running
from tests.faults.daemons import Daemons, Preparation, Running, one, shared, shared_clock
from tests.faults.oracle import Picture, differences, doubled, picture
from tests.faults.shifted_clock import ShiftedClock
from tests.pipeline.company import RECIPIENTS, Company, Servers
from tests.proofs.ledger import show, show_control

STOPS = int(os.environ.get("DRIFTLINE_STOPS", "4"))
SEED = int(os.environ.get("DRIFTLINE_SEED", "20260914"))
IN_A_ROW = 4 if STOPS <= 4 else 2
"""So many stops come one after the other before the daemon may work in peace."""
LIMIT_SECONDS = 10
LOOK_SECONDS = 0.3
TUESDAY_SEVEN = datetime(2026, 9, 15, 5, 0, 5, tzinfo=UTC)
"""Five seconds past seven in Berlin, when the digest is due."""

pytestmark = pytest.mark.sqlite_only("the picture of a state is taken from its SQLite file")


class Rig:
    """A company on Tuesday, with two sources to read, promises that broke since Monday and a digest that is due."""

    def __init__(self, company: Company, clock: ShiftedClock, daemons: Daemons) -> None:
        self.company, self.clock, self.daemons = company, clock, daemons
        self.starts = 0
        with company.open_store() as store:
            company.sync(store)
            store.set_note("digest-slot:leaders", "2026-09-14")
        self._monday: Kept = keep(company.state)
        company.reach_tuesday()

    def begin_anew(self) -> None:
        self._monday.bring_back(self.company.state)
        self.company.mailbox.received.clear()

    def start(self, *prepared: Preparation) -> AbstractContextManager[Running]:
        self.clock.show(TUESDAY_SEVEN)
        self.company.now = TUESDAY_SEVEN
        self.starts += 1
        look = ("look_every", LOOK_SECONDS)
        return one(self.daemons, self.company.folder, look, *prepared, log=f"{self.starts}.log")

    def left_over(self) -> list[str]:
        """What a stop must not leave behind."""
        with self.company.open_store() as store:
            owner = store.owner()
            left = [f"run {each.id} is open" for each in store.runs(100) if each.outcome is RunOutcome.RUNNING]
        return [*left, f"owned by {owner}"] if owner else left

    def done(self) -> bool:
        """Whether both sources were read since Monday and each recipient has the digest."""
        with self.company.open_store() as store:
            cursors = [store.cursor(name) for name in ("jira", "crm")]
            states = [row.state for row in store.deliveries(messages=False)]
        read = all(each is not None and each.read_at >= TUESDAY_SEVEN for each in cursors)
        return read and states == [DeliveryState.SENT] * len(RECIPIENTS)

    def finish(self) -> float:
        """Let a daemon work until nothing is left to do; give the seconds that took."""
        began = time.monotonic()
        with self.start() as daemon:
            daemon.wait_for("daemon.started")
            daemon.wait_until(self.done)
            seconds = time.monotonic() - began
            time.sleep(3 * LOOK_SECONDS)  # it looks again, and must find nothing more to do
            end, _ = daemon.stop()
        assert end.code == 0
        assert self.left_over() == []
        return seconds

    def asked(self) -> int:
        return len(self.company.jira_server.requests) + len(self.company.crm_server.requests)

    def wait_for_a_moment(self, chance: random.Random, whole: float) -> None:
        """Some random time after the start; half of the time right after one of the first requests, where it is at
        work however slow the machine is."""
        begun, requests = self.asked(), chance.choice((0, chance.randrange(1, 20)))
        deadline = time.monotonic() + (whole if requests else chance.uniform(0, 1.1 * whole))
        while time.monotonic() < deadline and not 0 < requests <= self.asked() - begun:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.02))

    def picture(self) -> Picture:
        return picture(self.company.state, [content for _, _, content in self.company.mailbox.received])


@pytest.fixture(scope="module")
def clock() -> ShiftedClock:
    return shared_clock()


@pytest.fixture(scope="module")
def daemons() -> Daemons:
    return shared()[0]


@pytest.fixture
def rig(tmp_path: Path, clock: ShiftedClock, daemons: Daemons) -> Iterator[Rig]:
    with Servers() as servers:
        company = Company(tmp_path / "acme", servers)
        with running(company.mailbox) as port:
            company.settings["mail"]["smtp"]["port"] = port
            for source in company.settings["sources"].values():
                source["full_every"] = "52w"
            company.write()
            yield Rig(company, clock, daemons)


def test_a_stop_at_any_moment_ends_in_time_and_leaves_nothing_open(rig: Rig):
    """C16."""
    chance = random.Random(SEED)
    rig.begin_anew()
    whole = rig.finish()
    expected = rig.picture()
    assert len(expected["mails"]) == len(RECIPIENTS)
    longest, ends, at_work, twice = 0.0, Counter[int](), 0, 0
    for _ in range(0, STOPS, IN_A_ROW):
        rig.begin_anew()
        for _ in range(IN_A_ROW):
            with rig.start() as daemon:
                rig.wait_for_a_moment(chance, whole)
                end, seconds = daemon.stop()
                listened = bool(daemon.events("daemon.started"))
                assert end.code == 0 or (end.code == -signal.SIGTERM and not listened), daemon.said
                assert rig.left_over() == []
                at_work += bool(daemon.events("job.interrupted"))
            longest = max(longest, seconds)
            ends[end.code] += 1
        rig.finish()
        assert differences(expected, rig.picture()) == []
        twice += doubled(rig.picture())
    assert longest < LIMIT_SECONDS
    assert twice == 0
    early = ends[-signal.SIGTERM]
    show(
        "C16",
        "A daemon that is asked to end does so in time, whatever it is at, and leaves nothing behind",
        reach=f"SIGTERM at {STOPS} random moments of a start that reads two sources and sends a digest",
        seen=f"{ends[0]} of {STOPS} ended with exit code 0, {early} by the signal before it began to work; the longest "
        f"took {longest:.1f} s; {at_work} stops interrupted a reading; 0 runs left open, 0 locks left, 0 mails lost or "
        f"doubled; each of the {STOPS // IN_A_ROW} starts in peace after them reached the state of an undisturbed one",
        seed=SEED,
        database="SQLite",
    )


def test_control_a_daemon_that_is_not_prepared_for_a_stop_leaves_its_run_open(rig: Rig):
    """C16."""
    rig.begin_anew()
    rig.company.jira_server.add_fault(Fault(pattern="/search", delay_seconds=20, times=None))
    rig.company.jira_server.requests.clear()
    with rig.start(["ends_in_the_middle"]) as daemon:
        daemon.wait_until(lambda: any("/search" in each for each in rig.company.jira_server.requests))
        daemon.stop()
    left = rig.left_over()
    assert any(each.endswith("is open") for each in left)
    show_control("C16", removed="a stop lets go what is under way and notes how it ended", seen=", ".join(left))


def test_what_was_read_and_not_judged_when_it_was_stopped_is_read_again_by_the_next_start(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
):
    """C1, C16: otherwise the digest that is due goes out without it, and people hear a day later."""
    rig.begin_anew()
    company = rig.company
    company.now = TUESDAY_SEVEN
    with company.open_store() as store:
        with monkeypatch.context() as patched:
            patched.setattr(run, "link_and_record", stopped)
            daemon = Daemon(store, company.configuration, company.clock)
            daemon.begin()
            for name in ("jira", "crm"):
                daemon.read(name)
        assert [each.outcome for each in store.runs(2)] == [RunOutcome.INTERRUPTED] * 2
        company.pass_time(seconds=30)
        again = Daemon(store, company.configuration, company.clock)
        again.begin()
        again.tell()
        assert store.deliveries() == []
        for name in ("jira", "crm"):
            assert again.wait_before_first_read(name) == timedelta()
            again.read(name)
        again.tell()
        assert len(store.deliveries()) == len(RECIPIENTS)


def stopped(*_arguments: object, **_named: object) -> NoReturn:
    raise InterruptedRunError("stopped")
