"""Three workers on one state: what one leaves that dies is done by another, once in effect; one that was away and comes
back writes nothing (C1, C11, C12)."""

import http.client
import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from config.clock import Clock
from config.load import Configuration
from model.deliveries import DeliveryState
from model.records import WorkItem
from model.runs import RunOutcome
from pipeline.run import run_once
from scheduler import Daemon
from service.fleet.names import READ_SHARD, shard_claim, source_claim
from state.queue import QueuedJob, jobs
from state.store import Store
from tests import databases
from tests.digest.smtp_servers import running
from tests.pipeline.company import MONDAY, RECIPIENTS, Company, Servers
from tests.ports import free_port
from tests.proofs.ledger import show, show_control
from tests.service.fleet.conftest import Copying, database
from tests.service.fleet.gate import Gate
from tests.service.fleet.launcher import ENOUGH_SECONDS, Launcher, Start, alive, until_dead
from tests.service.fleet.picture import Picture, differences, picture
from tests.service.test_metrics import samples
from tests.state.postgres import connect

KILLS = int(os.environ.get("DRIFTLINE_WORKER_KILLS", "0"))
"""How many more times a worker is killed at random (``make proof``)."""
TUESDAY = datetime(2026, 9, 15, 6, 0, tzinfo=UTC)
SOURCES = ("crm", "jira", "ops")
PARTS = 3
LAST_PAGE = "/query/[^?]+-8"
"""The third page of the deals."""
OPEN_WRITES = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
)
QUIET_LOOKS = 4
"""How many looks in a row must find no open write."""
READS_DONE = ("driftline_jobs_total", frozenset({("job", "read"), ("outcome", "done")}))
CHANGELOG = "/changelog/bulkfetch"
"""Asked for before a page of what changed in Jira is stored."""


@dataclass
class Fleet:
    """A company whose state is in PostgreSQL and whose clock shows Tuesday, and the workers that read it."""

    company: Company
    launcher: Launcher
    url: str
    folder: Path
    workers: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        now = datetime.now(UTC)
        (self.folder / "log").touch()
        self.company.settings["state"] = {"url": self.url}
        self.company.settings["clock"] = {"shows": TUESDAY.isoformat(), "since": now.isoformat()}
        self.company.write()
        self.store = Store.open(self.url)

    def start(self, number: int, **named: object) -> list[int]:
        settings = str(self.company.folder / "driftline.yaml")
        begun = [
            self.launcher.start(Start(settings, str(self.folder / "log"), **named))  # type: ignore[arg-type]
            for _ in range(number)
        ]
        self.workers += begun
        return begun

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def found_out(self, source: str) -> bool:
        """Whether a worker has noticed that another one did what it was doing."""
        told = [json.loads(line) for line in self.log.splitlines() if line.startswith("{") and line.endswith("}")]
        return any(line["event"] == "job.was_taken_over" and line.get("source") == source for line in told)

    def due(self, key: str) -> str:
        [found] = self.store.find(key)
        assert isinstance(found.record, WorkItem)
        return str(found.record.due)

    def who_reads(self, source: str) -> int:
        """The process that holds the claim to a source."""
        return int(self.store.holders()[source_claim(source)].split()[1])

    def who_walks(self, source: str, part: int) -> int:
        """The process that holds the claim to a part of a source."""
        return int(self.store.holders()[shard_claim(source, part)].split()[1])

    def until(self, happened: Callable[[], object]) -> None:
        deadline = time.monotonic() + ENOUGH_SECONDS
        while not happened():
            assert time.monotonic() < deadline, self.log
            time.sleep(0.1)

    def until_nothing_is_written(self) -> None:
        """No write is open for a while: what is stopped now is stopped between two writes, not within one."""
        looks = [1] * QUIET_LOOKS

        def is_quiet() -> bool:
            looks.extend(number for (number,) in connection.execute(OPEN_WRITES))
            return not any(looks[-QUIET_LOOKS:])

        with connect(self.url) as connection:
            self.until(is_quiet)

    def until_told(self) -> None:
        """The round is concluded and both readers have their mail."""
        self.until(lambda: len(self.company.mailbox.received) >= len(RECIPIENTS) and not self.in_hand())

    def in_hand(self) -> list[QueuedJob]:
        return [job for job in jobs(self.store) if job.lives and job.task in ("read", READ_SHARD, "conclude")]

    def sending(self) -> bool:
        """Whether a mail is not yet noted as sent."""
        return any(row.state is not DeliveryState.SENT for row in self.store.deliveries(messages=False))

    def end(self) -> None:
        self.ask_to_end()
        self.store.close()

    def ask_to_end(self) -> None:
        for pid in self.workers:
            for number in (signal.SIGCONT, signal.SIGTERM):
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    break
        for pid in self.workers:
            until_dead(pid)

    def picture(self) -> Picture:
        return picture(self.url, [message for _, _, message in self.company.mailbox.received])


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as servers:
        yield servers


def prepared(company: Company) -> None:
    """Three sources, and time enough for an answer that is held back; what was read on Monday is due on Tuesday."""
    sources = company.settings["sources"]
    sources["ops"] = {**sources["jira"], "projects": ["OPS"]}
    sources["jira"] = {**sources["jira"], "projects": ["WEB"]}
    for options in sources.values():
        options["every"] = "12h"
        options["http"] = {"attempts": 1, "read_timeout_seconds": 60}
    company.write()


@pytest.fixture
def monday(servers: Servers, copy_of: Copying, server: str, tmp_path: Path) -> Iterator[tuple[Company, str]]:
    """Read once by a single process on Monday, after the time of the digest; then WEB-1 slipped."""
    company = Company(tmp_path / "acme", servers)
    url = copy_of(database(server, "fleet_queue"))
    with running(company.mailbox) as port:
        company.settings["mail"]["smtp"]["port"] = port
        company.settings["state"] = {"url": url}
        prepared(company)
        with Store.open(url) as store:
            daemon = Daemon(store, company.configuration, company.clock)
            daemon.begin()
            run_once(store, company.configuration, clock=lambda: MONDAY, stop=company.stop)
            daemon.tell()
        company.slip()
        yield company, url


def undisturbed(company: Company, url: str) -> Picture:
    """What a single process makes of Tuesday."""
    with Store.open(url) as store:
        clock = Clock(_at_tuesday(company.configuration).settings.clock).now
        run_once(store, company.configuration, clock=clock, stop=company.stop)
        daemon = Daemon(store, company.configuration, clock)
        daemon.begin()
        daemon.tell()
    found = picture(url, [message for _, _, message in company.mailbox.received])
    company.mailbox.received.clear()
    return found


def _at_tuesday(configuration: Configuration) -> Configuration:
    from config.clock import ClockOptions

    shown = ClockOptions(shows=TUESDAY, since=datetime.now(UTC))
    return _with(configuration, clock=shown)


def _with(configuration: Configuration, **settings: object) -> Configuration:
    from dataclasses import replace

    return replace(configuration, settings=configuration.settings.model_copy(update=settings))


@pytest.fixture
def fleet(monday: tuple[Company, str], copy_of: Copying, launcher: Launcher, tmp_path: Path) -> Iterator[Fleet]:
    company, url = monday
    fleet = Fleet(company, launcher, copy_of(url), tmp_path)
    try:
        yield fleet
    finally:
        fleet.end()


def test_what_a_killed_worker_was_reading_is_read_by_another_and_told_once(
    fleet: Fleet, monday: tuple[Company, str]
) -> None:
    """C1, C11: kill -9 in the middle of a reading, with three workers."""
    company, url = monday
    expected = undisturbed(company, url)
    ports = {}
    with Gate(company.crm_server, LAST_PAGE) as gate:
        for port in (free_port() for _ in range(3)):
            [worker] = fleet.start(1, more=("--port", str(port)))
            ports[worker] = port
        gate.wait()
        killed = fleet.who_reads("crm")
        os.kill(killed, signal.SIGKILL)
        until_dead(killed)
    fleet.until_told()
    seen_from_outside([port for worker, port in ports.items() if worker != killed])
    assert differences(expected, fleet.picture()) == []
    reads = [job for job in jobs(fleet.store) if job.task == "read"]
    assert {(job.args["source"], job.status) for job in reads} == {(name, "succeeded") for name in SOURCES}
    assert fleet.store.pulls()["crm"].failures >= 1
    [tuesday, _monday] = fleet.store.runs()
    assert (tuesday.outcome, sorted(each.source for each in tuesday.results)) == (
        RunOutcome.DONE,
        list(SOURCES),
    )
    show(
        "C1 C11",
        "Three workers share a state; when one is killed in the middle of a reading, another one does its work",
        reach="one kill -9 after two of three pages of a source",
        seen=f"3 of 3 sources read once in effect, {len(expected['mails'])} mails, none doubled; "
        f"{len(expected['records'])} records as after an undisturbed run of a single process",
        database="PostgreSQL",
    )


def seen_from_outside(ports: list[int]) -> None:
    """Each worker tells of itself what it did, and all tell the same of what they share."""
    told = []
    for port in ports:
        assert ask(port, "/healthz") == (200, b"ok\n")
        status, ready = ask(port, "/readyz")
        assert (status, json.loads(ready)["queue"]) == (200, "connected")
        told.append(ask(port, "/metrics")[1])
    reads = [samples(each).get(READS_DONE, 0) for each in told]
    assert sum(reads) >= 1, "the killed one did not read everything"
    for name in ("driftline_records", "driftline_source_stale", "driftline_findings", "driftline_state_owned"):
        figures = [{key: figure for key, figure in samples(each).items() if key[0] == name} for each in told]
        assert figures[0] == figures[1] != {}


def ask(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ENOUGH_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def divided(company: Company) -> None:
    """Both projects of Jira in three parts, one of which is empty; OPS was not read before, so that all of it is read
    in full. WEB comes in two pages."""
    company.settings["sources"]["jira"] |= {"projects": ["WEB", "OPS"], "shards": PARTS, "page_size": 2}
    company.write()


def test_what_a_killed_worker_was_walking_of_a_source_in_parts_is_walked_by_another(
    fleet: Fleet, monday: tuple[Company, str]
) -> None:
    """C1, C11: kill -9 in the middle of a part, with three workers."""
    company, url = monday
    divided(company)
    expected = undisturbed(company, url)
    last_page = f'{CHANGELOG}.*"{company.jira.find("WEB-8").id}"'
    with Gate(company.jira_server, last_page) as gate:
        fleet.start(3)
        gate.wait()
        fleet.until(lambda: fleet.due("WEB-1") == "2026-11-16")  # the page before is stored
        killed = fleet.who_walks("jira", 2)
        os.kill(killed, signal.SIGKILL)
        until_dead(killed)
    fleet.until_told()
    assert differences(expected, fleet.picture()) == []
    done = [job for job in jobs(fleet.store) if job.task in ("read", READ_SHARD)]
    assert {(job.args["source"], job.args.get("shard"), job.status) for job in done} == {
        *((name, None, "succeeded") for name in SOURCES),
        *(("jira", part, "succeeded") for part in range(1, PARTS + 1)),
    }
    failures = [part.failures for part in fleet.store.shards()]
    assert failures[1] >= 1
    assert (len(failures), fleet.store.walks("jira", 2)) == (PARTS, [])
    [tuesday, _monday] = fleet.store.runs()
    [result] = [each for each in tuesday.results if each.source == "jira"]
    assert (tuesday.outcome, result.read) == (RunOutcome.DONE, 14)
    show(
        "C1 C11",
        "Three workers read one source in parts; when one is killed in the middle of a part, another one does it",
        reach=f"one kill -9 after one of two pages of one of {PARTS} parts",
        seen=f"{PARTS} of {PARTS} parts and 3 of 3 sources done once in effect, {len(expected['mails'])} mails, none "
        f"doubled; {len(expected['records'])} records as after an undisturbed run of a single process that reads the "
        "source as one",
        database="PostgreSQL",
    )


def test_a_worker_that_is_asked_to_end_gives_its_work_back_at_once(fleet: Fleet) -> None:
    """C16: also while a source does not answer; nobody waits until it is missed."""
    company = fleet.company
    [leaving] = fleet.start(1, timing={"grace_seconds": 0.5, "stalled_seconds": 600.0})
    with Gate(company.crm_server, LAST_PAGE) as gate:
        gate.wait()
        os.kill(leaving, signal.SIGTERM)
        until_dead(leaving)
        [given_back] = [job for job in jobs(fleet.store) if job.args.get("source") == "crm"]
        assert (given_back.status, "worker.stopped" in fleet.log) == ("todo", True)
    assert fleet.store.owner() is None
    fleet.start(1, timing={"stalled_seconds": 600.0})
    fleet.until_told()
    assert {name: pull.failures for name, pull in fleet.store.pulls().items()} == dict.fromkeys(
        ("crm", "jira", "ops"), 0
    )


def test_a_worker_whose_database_goes_ends_to_be_started_anew(fleet: Fleet, server: str) -> None:
    """C10: it has lost its place among the workers, and knows it."""
    [worker] = fleet.start(1)
    fleet.until(lambda: "worker.started" in fleet.log)
    with connect(server) as connection:
        databases.leave(connection, fleet.url.rpartition("/")[2])
        until_dead(worker)
    [ended] = [json.loads(line) for line in fleet.log.splitlines() if "worker.stopped" in line]
    assert ended["asked"] is False


@pytest.mark.skipif(not KILLS, reason="many kills take long: DRIFTLINE_WORKER_KILLS names how many")
@pytest.mark.parametrize("parts", [1, PARTS])
def test_whenever_a_worker_is_killed_the_others_reach_what_an_undisturbed_run_reaches(
    monday: tuple[Company, str], copy_of: Copying, launcher: Launcher, tmp_path: Path, parts: int
) -> None:
    """C1, M1: kill -9 of any worker at any time, whether sources are read as one or in parts; a mail comes twice only
    by a kill between its acceptance and our note of it."""
    company, url = monday
    if parts > 1:
        divided(company)
    seed = int(os.environ.get("DRIFTLINE_SEED", "2026"))
    chance = random.Random(seed)
    expected = undisturbed(company, copy_of(url))
    doubled = taken_over = 0
    for number in range(KILLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        company.mailbox.received.clear()
        fleet = Fleet(company, launcher, copy_of(url), folder)
        try:
            workers = fleet.start(3)
            fleet.until(lambda fleet=fleet: "round.opened" in fleet.log)  # type: ignore[misc]
            time.sleep(chance.uniform(0, 2.0))
            os.kill(chance.choice(workers), signal.SIGKILL)
            fleet.until_told()
            fleet.until(lambda fleet=fleet: not fleet.sending())  # type: ignore[misc]
            found = fleet.picture()
            doubled += sum(count - 1 for count in found["mails"].values())
            taken_over += "job.taken_over" in fleet.log
            once = {**found, "mails": dict.fromkeys(found["mails"], 1)}
            assert differences({**expected, "mails": dict(expected["mails"])}, once) == [], (number, fleet.log)
            assert all(len(run.results) == 3 for run in fleet.store.runs())
        finally:
            fleet.end()
    show(
        "C1 M1",
        "Whenever one of three workers is killed, the others reach what an undisturbed run of a single process reaches",
        reach=f"{KILLS} kills at random moments of a round, of any of the three"
        + (f"; one source is read in {parts} parts" if parts > 1 else ""),
        seen=f"{KILLS} of {KILLS} the same in records, revisions, findings, transitions and mails; "
        f"in {taken_over} of them a job was taken over; {doubled} mails doubled",
        seed=seed,
        database="PostgreSQL",
    )


UNFENCED = pytest.param("claims_unchecked", marks=pytest.mark.skipif(not KILLS, reason="test_work.py has it quicker"))


@pytest.mark.parametrize("sabotage", ["", UNFENCED])
def test_a_worker_that_was_away_while_another_did_its_work_writes_nothing(fleet: Fleet, sabotage: str) -> None:
    """C12: SIGSTOP in the middle of a reading, the job is taken over, SIGCONT; and the same without the fence.

    It is stopped between two writes: one that is open would be ended by the database, which is a protection of its own.
    """
    company = fleet.company
    [stale] = fleet.start(1, sabotage=sabotage)
    with Gate(company.jira_server, CHANGELOG) as gate:
        gate.wait()
        fleet.until_nothing_is_written()
        os.kill(stale, signal.SIGSTOP)
        company.slip(date(2026, 12, 1))
        [other] = fleet.start(1)
        fleet.until_told()
        assert fleet.who_reads("jira") == other
        before = fleet.picture()
        gate.opened.set()
        os.kill(stale, signal.SIGCONT)
        fleet.until(lambda: not alive(stale) or fleet.found_out("jira") or fleet.due("WEB-1") == "2026-11-16")
    fleet.ask_to_end()
    written = differences(before, fleet.picture())
    due = fleet.due("WEB-1")
    if sabotage:
        assert due == "2026-11-16", fleet.log
        assert written
        show_control("C12", removed="a write is not asked for its claim", seen="a date of before came back")
        return
    assert (written, due) == ([], "2026-12-01")
    assert {job.status for job in jobs(fleet.store) if job.task == "read"} == {"succeeded"}
    show(
        "C12",
        "A worker that was stopped in the middle of a reading, and wakes up after another one did it, writes nothing",
        reach="SIGSTOP, takeover, SIGCONT before a page is stored",
        seen="0 of its pages stored; the job that the other one had done stays done",
        database="PostgreSQL",
    )
