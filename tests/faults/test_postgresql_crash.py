"""The PostgreSQL server dies during a run, and is started again: what it acknowledged is there, the run said clearly
why it ended, and the next one reaches the same state as undisturbed (C10).

``DRIFTLINE_PG_CRASHES=100`` asks for so many crashes, and ``DRIFTLINE_SEED`` for other moments.
"""

import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from model.errors import StateError, StateLockedError
from state.lock import Ownership
from state.store import Store
from tests.databases import leave, make_people_sort
from tests.digest.smtp_servers import running
from tests.faults.daemons import one, shared
from tests.faults.oracle import Picture, differences, doubled, picture
from tests.faults.test_kill import SEND, SYNC, Life
from tests.faults.zygote import End, Zygote
from tests.pipeline.company import MONDAY, Company, Servers
from tests.proofs.ledger import show, show_control
from tests.state.postgres import Server, a_server, connect, find_binaries

CRASHES = int(os.environ.get("DRIFTLINE_PG_CRASHES", "3"))
SEED = int(os.environ.get("DRIFTLINE_SEED", "20260914"))
HASTY = ("synchronous_commit=off", "wal_writer_delay=10s", "wal_writer_flush_after=2GB", "autovacuum=off")
"""A server that acknowledges commits long before they are in its log, unless it is asked not to."""
OUT_OF_REACH = "the database server cannot be reached"


@dataclass
class Tenant(Life):
    """An installation whose state is in a database of a server that may die."""

    server: Server = field(kw_only=True)

    @property
    def url(self) -> str:
        return _url(self.server, "life")

    @property
    def log(self) -> Path:
        """The transactions that were acknowledged."""
        return self.folder / "acknowledged"

    def picture(self) -> Picture:
        return picture(self.url, [content for _, _, content in self.mailbox.received])

    def keep(self) -> Callable[[], None]:
        mails, name = list(self.mailbox.received), f"kept {time.monotonic_ns()}"
        _copy(self.server, "life", name)

        def bring_back() -> None:
            _copy(self.server, name, "life")
            self.mailbox.received[:] = mails

        return bring_back

    def crashed(self, command: list[str], **disturbance: object) -> End:
        """Run a command during which the server dies; it is there again afterwards."""
        self.log.write_text("")
        end = self.run(command, acknowledged=str(self.log), server=self.server.pid, **disturbance)
        self.server.wait()
        self.server.start()
        return end

    def crashed_at(self, seconds: float, how: signal.Signals, command: list[str]) -> End:
        """Run a command; after so many seconds the server dies."""
        timer = threading.Timer(seconds, self.server.stop, [how])
        timer.start()
        try:
            return self.crashed(command)
        finally:
            timer.join()

    def lost(self) -> tuple[int, int]:
        """How many acknowledged transactions the server does not know as committed, and how many there were."""
        acknowledged = self.log.read_text().split()
        with connect(self.url) as connection:
            return sum(not _committed(connection, each) for each in acknowledged), len(acknowledged)


def _committed(connection: "psycopg.Connection[tuple[object, ...]]", transaction: str) -> bool:
    try:
        return connection.execute("SELECT pg_xact_status(%s::xid8)", [transaction]).fetchone() == ("committed",)
    except psycopg.errors.InvalidParameterValue:  # it was not even begun, as far as the server knows
        return False


def _url(server: Server, name: str) -> str:
    return f"{server.url.rpartition('/')[0]}/{name}"


def _copy(server: Server, name: str, to: str) -> None:
    with connect(server.url) as connection:
        leave(connection, name)
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(to)))
        connection.execute(
            SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(Identifier(to), Identifier(name))
        )


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL on this machine (initdb and postgres in PATH or /usr/lib/postgresql/*/bin)")
    with a_server(binaries, HASTY) as server:
        server.start()
        with connect(server.url) as connection:
            make_people_sort(connection, "life")
            make_people_sort(connection, "daemon")
        yield server


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with Servers() as servers:
        yield Company(tmp_path_factory.mktemp("crash") / "acme", servers)


@pytest.fixture(scope="module")
def tenant(server: Server, company: Company) -> Iterator[Tenant]:
    """Monday was read, Tuesday has come, nothing was run since."""
    folder = company.folder.parent
    with Zygote(folder / "said.txt") as zygote:
        life = Tenant(folder / "life", zygote, server=server)
        with running(life.mailbox) as port:
            life.configure(company, port)
            life.finish(SYNC)
            company.reach_tuesday()
            life.configure(company, port)
            yield life


@dataclass
class Trial:
    """A command, the state that it is run on, and what it leaves when nothing disturbs it."""

    command: list[str]
    bring_back: Callable[[], None]
    end: End
    expected: Picture

    @classmethod
    def of(cls, tenant: Tenant, command: list[str]) -> "Trial":
        bring_back = tenant.keep()
        end = tenant.run(command)
        assert end.code == 0, end.said
        return cls(command, bring_back, end, tenant.picture())


@pytest.fixture(scope="module")
def trials(tenant: Tenant) -> list[Trial]:
    """A sync that reads, links and judges, and the digest of what it found."""
    return [Trial.of(tenant, SYNC), Trial.of(tenant, SEND)]


def test_what_the_server_acknowledged_survives_its_crash_and_the_next_run_makes_up_for_the_rest(
    tenant: Tenant, trials: list[Trial]
):
    """C10: at any moment and, which is the worst, just after it acknowledged a commit."""
    chance = random.Random(SEED)
    broken_off = acknowledged = twice = 0
    for number in range(CRASHES):
        trial = trials[number % 2]
        trial.bring_back()
        if number % 4 < 2:
            end = tenant.crashed(trial.command, crash_after_commit=chance.randint(1, trial.end.commits - 1))
        else:
            how = chance.choice([signal.SIGQUIT, signal.SIGKILL])
            end = tenant.crashed_at(chance.uniform(0.02, 1.05 * trial.end.seconds), how, trial.command)
        lost, told = tenant.lost()
        assert lost == 0, f"{lost} of {told} acknowledged commits are gone"
        acknowledged += told
        broken_off += end.code != 0
        assert end.code == 0 or OUT_OF_REACH in end.said, end.said
        assert "Traceback" not in end.said
        tenant.finish(trial.command)
        found = tenant.picture()
        assert differences(trial.expected, found) == []
        assert doubled(found) <= 2
        twice += doubled(found)
    assert broken_off >= CRASHES // 3
    show(
        "C10",
        "When the PostgreSQL server dies during a run, everything it acknowledged is there when it is back, the run "
        "says why it ended, and the next one reaches the state that an undisturbed run would have reached.",
        reach=f"{CRASHES} crashes of the server during reading, judging and sending",
        seen=f"{CRASHES} crashes, {broken_off} of them broke a run off; 0 of {acknowledged:,} acknowledged commits "
        f"lost; every state as undisturbed; {twice} mails doubled, with the same Message-ID",
        seed=SEED,
        database="PostgreSQL, set to acknowledge before it writes",
    )


def test_control_commits_that_do_not_wait_for_the_log_are_lost(tenant: Tenant, trials: list[Trial]):
    """C10: without what the program asks of the server for its own commits, the same crash loses some."""
    trial = trials[0]
    trial.bring_back()
    tenant.crashed(trial.command, crash_after_commit=trial.end.commits - 1, sabotage="commits_that_do_not_wait")
    lost, told = tenant.lost()
    assert lost > 0
    show_control(
        "C10",
        removed="asking a server that acknowledges commits early to write these to its log first",
        seen=f"{lost} of {told} acknowledged commits lost in one crash",
    )


@pytest.fixture
def served(server: Server, company: Company, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder with settings of a state on the server, in which nothing was ever read, and its url."""
    url = _url(server, "daemon")
    company.settings["state"] = {"url": url}
    company.settings.pop("clock", None)
    for source in company.settings["sources"].values():
        source["every"] = "1s"
    company.write()
    shutil.copytree(company.folder, tmp_path, dirs_exist_ok=True)
    yield tmp_path, url
    with connect(server.url) as connection:
        connection.execute("DROP DATABASE daemon WITH (FORCE)")
        make_people_sort(connection, "daemon")


def test_a_daemon_goes_on_by_itself_when_the_server_is_back(server: Server, served: tuple[Path, str]):
    """C10: within 30 seconds, and as the owner that it was."""
    folder, url = served
    with one(shared()[0], folder) as daemon:
        daemon.wait_for("run.finished")
        server.stop(signal.SIGQUIT)
        daemon.wait_for("state.out_of_reach")
        server.start()
        back, runs = time.monotonic(), len(daemon.events("run.finished"))
        daemon.wait_for("state.within_reach")
        daemon.wait_for("run.finished", times=runs + 1)
        seconds = time.monotonic() - back
        [said] = daemon.events("state.out_of_reach")
        with Store.open(url) as store:
            owner = store.owner()
        end, _ = daemon.stop()
    assert OUT_OF_REACH in said["error"]
    assert str(owner).startswith(f"process {daemon.pid} on ")
    assert end.code == 0, daemon.said
    assert seconds <= 30
    show(
        "C10",
        "A daemon goes on by itself when its PostgreSQL server is back, and is the owner of the state as before.",
        reach="within 30 s after the server answers",
        seen=f"{seconds:.1f} s until the next run had ended",
        database="PostgreSQL",
    )


def test_an_owner_takes_its_lock_again_unless_somebody_else_had_it(server: Server, served: tuple[Path, str]):
    """C10, C12: PostgreSQL forgets the lock in the crash. The control is the owner that does not look after it."""
    _, url = served
    with Store.open(url) as store, Store.open(url) as other, Ownership.acquire(store, "one", MONDAY) as mine:
        server.stop(signal.SIGQUIT)
        with pytest.raises(StateError, match=OUT_OF_REACH):
            mine.hold_on()
        server.start()
        assert not mine.still_held()
        assert mine.hold_on()
        with pytest.raises(StateLockedError, match=r"in use by process .*: one"):
            Ownership.acquire(other, "two", MONDAY)
        server.stop(signal.SIGQUIT)
        server.start()
        Ownership.acquire(other, "two", MONDAY).release()
        assert not mine.hold_on()
        with pytest.raises(StateLockedError, match="took over the state"):
            store.start_run(MONDAY, baseline=False)
    show_control(
        "C10",
        removed="taking the lock again after a crash of the server",
        seen="the next one who asked got the state while its owner still ran, and the owner could write no more",
    )
