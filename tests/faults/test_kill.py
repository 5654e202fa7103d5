"""kill -9 at any moment, then one restart: the same state as undisturbed, nothing lost, nothing doubled (C1-C3, M1).

Real processes are killed while they read, link, judge, compose and send. ``DRIFTLINE_KILLS=1000`` asks for more random
kills than the suite can afford, and ``DRIFTLINE_SEED`` for others.
"""

import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from model.deliveries import DeliveryState
from tests.databases import NAME, keep, setting_of, url_of
from tests.digest.smtp_servers import Mailbox, running
from tests.faults.oracle import Picture, differences, doubled, picture
from tests.faults.zygote import Call, End, Zygote
from tests.pipeline.company import SELLER, Company, Servers
from tests.proofs.ledger import counted, show, show_control

KILLS = int(os.environ.get("DRIFTLINE_KILLS", "15"))
SEED = int(os.environ.get("DRIFTLINE_SEED", "20260914"))
SYNC, FULL, SEND = ["sync"], ["sync", "--full"], ["digest", "send", "leaders"]


@dataclass
class Life:
    """One installation: a folder with its settings and state, and a mail server that keeps what it accepts."""

    folder: Path
    zygote: Zygote
    mailbox: Mailbox = field(default_factory=Mailbox)

    @property
    def database(self) -> Path:
        return self.folder / "state.db"

    @property
    def url(self) -> str:
        """What the settings name."""
        return setting_of(self.database)

    def configure(self, company: Company, port: int) -> None:
        """Take the company's configuration, with a mail server and a clock of one's own."""
        mail = company.settings["mail"]
        for source in company.settings["sources"].values():
            # Only what asks for it reads everything: a day that ends while a sweep goes on would change its commits.
            source["full_every"] = "52w"
        company.settings["state"] = {"url": self.url}
        company.settings["clock"] = {"shows": company.now.isoformat(), "since": datetime.now(UTC).isoformat()}
        company.settings["mail"] = {**mail, "smtp": {**mail["smtp"], "port": port}}
        company.write()
        shutil.copytree(company.folder, self.folder, dirs_exist_ok=True)

    def run(self, arguments: list[str], **disturbance: object) -> End:
        return self.zygote.run(Call(["-C", str(self.folder), *arguments], **disturbance))  # type: ignore[arg-type]

    def finish(self, arguments: list[str]) -> float:
        """Run a command to its end; give the seconds it took."""
        end = self.run(arguments)
        assert end.code == 0, end.said
        return end.seconds

    def picture(self) -> Picture:
        return picture(self.database, [content for _, _, content in self.mailbox.received])

    def keep(self) -> Callable[[], None]:
        """Remember the state and the mails as they are; give what brings them back."""
        state, mails = keep(self.database), list(self.mailbox.received)

        def bring_back() -> None:
            state.bring_back(self.database)
            self.mailbox.received[:] = mails

        return bring_back


def tuesday(company: Company) -> None:
    company.reach_tuesday()


def wednesday(company: Company) -> None:
    """One more promise breaks, one is given up, and a record is deleted."""
    company.pass_time(days=1)
    company.jira.move_due("WEB-2", date(2027, 3, 1), by=SELLER)
    company.org.set_stage(company.deals["D-1"], "Closed Lost", by=SELLER)
    company.jira.delete("OPS-1")


DAYS: tuple[tuple[Callable[[Company], None], tuple[list[str], ...]], ...] = (
    (lambda _company: None, (SYNC,)),
    (tuesday, (SYNC, SEND)),
    (wednesday, (FULL, SEND)),
)
"""What happens at the company, and what is run afterwards; a day later each."""
COMMANDS = sum(len(commands) for _, commands in DAYS)
_UNGUARDED = {
    "sqlite": ("PRAGMA foreign_keys = OFF", "DROP TRIGGER transitions_only_added_delete"),
    "postgresql": ("SET session_replication_role = replica",),
}
"""What lets rows go that others rest on, or that may only be added."""
LIVES = 3
"""How many lives are disturbed beside one that is not."""
DEATHS = 1 if KILLS <= 15 else 3
"""How often a command dies in a row, each time in making up for the time before; once in the short form."""
BATCHES = -(-KILLS // (LIVES * COMMANDS * DEATHS))
STEP = 2 if KILLS <= 15 else 1
"""A sync commits often and each death takes a process: the short form leaves out every second commit."""


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as servers:
        yield servers


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with Zygote(tmp_path_factory.mktemp("zygote") / "said.txt") as zygote:
        yield zygote


@pytest.fixture
def company(servers: Servers, tmp_path: Path) -> Company:
    return Company(tmp_path / "acme", servers)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_after_any_kill_one_restart_reaches_the_undisturbed_state(
    company: Company, zygote: Zygote, tmp_path: Path, batch: int
):
    """C1: every command of every life dies at random moments before it may run to its end."""
    chance = random.Random(SEED + batch)
    with ExitStack() as open_servers:
        lives = [Life(tmp_path / f"life-{number}", zygote) for number in range(1 + LIVES)]
        undisturbed, *disturbed = lives
        ports = [open_servers.enter_context(running(life.mailbox)) for life in lives]
        killed, sending = 0, Counter[Path]()
        for happen, commands in DAYS:
            happen(company)
            for life, port in zip(lives, ports, strict=True):
                life.configure(company, port)
            for command in commands:
                seconds = undisturbed.finish(command)
                for life in disturbed:
                    for _ in range(DEATHS):
                        end = life.run(command, kill_after_seconds=chance.uniform(0.02, 1.05 * seconds))
                        killed += end.code is None
                        sending[life.folder] += command is SEND and end.code is None
                    life.finish(command)
        expected = undisturbed.picture()
        assert doubled(expected) == 0
        assert len(expected["mails"]) == 4
        assert len(expected["transitions"]) == 9
        for life in disturbed:
            assert differences(expected, life.picture()) == []
            # Twice only for a kill between the server's acceptance and the next commit, one mail for each kill.
            assert doubled(life.picture()) <= sending[life.folder]
    assert killed >= LIVES
    twice = sum(doubled(life.picture()) for life in disturbed)
    # The batches may be divided among several processes.
    sums, seeds = counted(f"C1 {NAME}", SEED, killed=killed, rounds=len(disturbed), twice=twice)
    show(
        "C1",
        "Killed without warning at any moment while it reads, links, judges, composes or sends, one restart reaches"
        " the state that an undisturbed run would have reached.",
        reach="0 findings and mails lost, 0 findings doubled, in 10,000 random kills on each database",
        seen=f"{sums['killed']:,} kills in {sums['rounds']:,} lives of three days: nothing lost, no finding"
        f" doubled; {sums['twice']:,} mails came twice, under one Message-ID",
        seed=seeds,
        database=NAME,
        so_far=True,
    )


@pytest.fixture
def tuesday_at(company: Company, zygote: Zygote, tmp_path: Path) -> Iterator[Life]:
    """Monday was read, Tuesday has come, nothing was run since."""
    life = Life(tmp_path / "life", zygote)
    with running(life.mailbox) as port:
        life.configure(company, port)
        life.finish(SYNC)
        company.reach_tuesday()
        life.configure(company, port)
        yield life


def sweep(life: Life, command: list[str], *points: str, step: int = 1, **disturbance: object) -> Iterator[Picture]:
    """Kill a command at each of its commits, or at each ``step``-th, the last one first, always from the same state;
    give what one restart makes of it. Whatever others could see of a command that died lies between two commits."""
    bring_back = life.keep()
    commits = life.run(command, **disturbance).commits
    bring_back()
    assert abs(commits - life.run(command, **disturbance).commits) <= 1 < commits
    for number in range(commits, 0, -step):
        for point in points:
            bring_back()
            end = life.run(command, **{point: number}, **disturbance)
            # One more commit or less, as the threads that read fall out: then it was done before it could die.
            assert end.code is None or number - 1 <= end.commits <= commits
            life.finish(command)
            yield life.picture()
    bring_back()


def expected_of(life: Life, command: list[str]) -> Picture:
    """The picture after a command that nobody disturbed; the state is as before."""
    bring_back = life.keep()
    life.finish(command)
    expected = life.picture()
    bring_back()
    return expected


def test_a_sync_that_dies_at_any_of_its_commits_is_made_up_for(tuesday_at: Life):
    """C2, C3: links, findings, transitions and the cursors never tear."""
    expected = expected_of(tuesday_at, SYNC)
    assert len(expected["transitions"]) == 8
    # It tells nobody anything, so just after a commit is the same as just before the next.
    outcomes = [differences(expected, found) for found in sweep(tuesday_at, SYNC, "kill_before_commit", step=STEP)]
    assert len(outcomes) > 8 // STEP
    assert outcomes == [[]] * len(outcomes)
    show(
        "C2 C3",
        "A sync that dies just before any of its commits is made up for by the next one, with nothing torn.",
        reach=f"every commit: {len(outcomes)} of {len(outcomes)}" if STEP == 1 else "every second commit",
        seen=f"{len(outcomes)} deaths; every state as undisturbed",
        database=NAME,
    )


def test_a_digest_that_dies_at_any_of_its_commits_is_sent_and_doubled_only_where_it_must_be(tuesday_at: Life):
    """C2, C3, M1: each of the two mails is doubled when the commit after its acceptance is the one that dies."""
    tuesday_at.finish(SYNC)
    expected = expected_of(tuesday_at, SEND)
    before = list(sweep(tuesday_at, SEND, "kill_before_commit"))
    after = list(sweep(tuesday_at, SEND, "kill_after_commit"))
    assert [differences(expected, found) for found in [*before, *after]] == [[]] * (len(before) + len(after))
    assert sorted(map(doubled, before))[-3:] == [0, 1, 1]
    assert set(map(doubled, after)) == {0}
    deaths, twice = len(before) + len(after), sum(map(doubled, before))
    show(
        "C2 C3 M1",
        "A digest that dies just before or just after any of its commits is sent by the next run; a mail comes twice"
        " only when the commit after its acceptance is the one that dies.",
        reach=f"every commit, before and after it: {deaths} of {deaths}",
        seen=f"{deaths} deaths; no mail lost, {twice} twice, each at the commit after its acceptance",
        database=NAME,
    )


@pytest.mark.parametrize(
    ("protection", "command", "shown_by"),
    [
        ("transitions_apart_from_findings", SYNC, "transitions: lost"),
        ("sent_before_sending", SEND, "mails: lost"),
        ("random_message_ids", SEND, "mails: nobody expected"),
    ],
)
def test_control_without_a_protection_the_same_proof_fails(
    tuesday_at: Life, protection: str, command: list[str], shown_by: str
):
    if command is SEND:
        tuesday_at.finish(SYNC)
    expected = expected_of(tuesday_at, command)
    told = (
        difference
        for found in sweep(tuesday_at, command, "kill_before_commit", "kill_after_commit", sabotage=protection)
        for difference in differences(expected, found)
    )
    found = next((difference for difference in told if difference.startswith(shown_by)), "")
    assert found
    show_control("C1 C2 C3", removed=protection.replace("_", " "), seen=f"{found} ({NAME})")


@pytest.mark.parametrize(
    ("loss", "shown_by"),
    [
        ("DELETE FROM transitions WHERE sequence = 3", "transitions: lost"),
        ("DELETE FROM deliveries WHERE id = 1", "deliveries: lost"),
        ("DELETE FROM findings WHERE fingerprint = (SELECT min(fingerprint) FROM findings)", "findings: lost"),
        ("DELETE FROM revisions WHERE id = 1", "revisions: "),
        ("UPDATE records SET absence = 'deleted' WHERE key = 'WEB-1'", "records: "),
        (f"UPDATE deliveries SET state = '{DeliveryState.READY}' WHERE id = 2", "deliveries: "),
        ("UPDATE findings SET state = 'resolved' WHERE fingerprint = (SELECT max(fingerprint) FROM findings)", "fin"),
    ],
)
def test_control_a_seeded_loss_is_noticed(finished: tuple[Path, Picture], tmp_path: Path, loss: str, shown_by: str):
    database, expected = finished
    damaged = tmp_path / "state.db"
    keep(database).bring_back(damaged)
    engine = create_engine(url_of(damaged))
    with engine.connect() as connection:
        for wish in _UNGUARDED[connection.dialect.name]:
            connection.exec_driver_sql(wish)
        assert connection.exec_driver_sql(loss).rowcount == 1
        connection.commit()
    engine.dispose()
    found = {**picture(damaged), "mails": expected["mails"]}
    told = differences(expected, found)
    assert len(told) == 1
    assert told[0].startswith(shown_by)


def test_control_a_lost_mail_is_noticed_and_a_doubled_one_counted(finished: tuple[Path, Picture]):
    _, expected = finished
    first, *others = expected["mails"]
    lost = {**expected, "mails": dict.fromkeys(others, 1)}
    assert differences(expected, lost) == [f"mails: lost {first}"]
    assert (doubled(expected), doubled({**expected, "mails": {first: 2}})) == (0, 1)


@pytest.fixture(scope="module")
def finished(servers: Servers, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Picture]:
    """A state after Tuesday's digest was sent, with its picture."""
    company = Company(tmp_path_factory.mktemp("finished") / "acme", servers)
    life = Life(company.folder.parent / "life", zygote)
    with running(life.mailbox) as port:
        life.configure(company, port)
        life.finish(SYNC)
        company.reach_tuesday()
        life.configure(company, port)
        life.finish(SYNC)
        life.finish(SEND)
    return life.database, life.picture()
