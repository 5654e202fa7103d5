"""Death, a failing disk and a full one at every system call by which a command changes anything (C2, C5, C6).

The suite looks at a few points of each kind, drawn with a seed; ``DRIFTLINE_SYSCALLS=all`` makes it all of them.
"""

import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from cli.wording import count
from tests.databases import ON_POSTGRESQL
from tests.digest.smtp_servers import running
from tests.faults.oracle import Picture, differences, doubled
from tests.faults.test_kill import SEND, SYNC, Life
from tests.faults.traced import COMMAND, Called, Point, TracedCall, Tracer, need_strace
from tests.faults.zygote import End
from tests.pipeline.company import Company, Servers
from tests.proofs.ledger import show, show_control

own_file = pytest.mark.sqlite_only("the system calls by which the program itself writes its file")
DATABASE = "PostgreSQL" if ON_POSTGRESQL else "SQLite"
ALL = os.environ.get("DRIFTLINE_SYSCALLS") == "all"
TRIES = 3
"""How many runs may make too few calls to reach a point before it is told as not reached."""
SEED = int(os.environ.get("DRIFTLINE_SEED", "20260914"))
SYNCS = ("fdatasync", "fsync")
THREADS = {"sync": (COMMAND, "jira", "crm"), "digest-send": (COMMAND,)}
"""Who writes: reading the sources is done by a thread each."""


@dataclass
class Work:
    """A command on a state that waits for it, and what it makes of it when nothing disturbs it."""

    name: str
    command: list[str]
    life: Life
    bring_back: Callable[[], None]
    expected: Picture = field(default_factory=dict)
    _points: dict[str, list[Point]] = field(default_factory=dict)

    @property
    def words(self) -> str:
        return f"driftline {' '.join(self.command)}"

    @property
    def tracer(self) -> Tracer:
        assert isinstance(self.life.zygote, Tracer)
        return self.life.zygote

    def run(self, *, thread: str = COMMAND, inject: str = "", sabotage: str = "") -> End:
        """Run it from its beginning."""
        self.bring_back()
        words = ["-C", str(self.life.folder), *self.command]
        return self.tracer.run(TracedCall(words, thread=thread, inject=inject, sabotage=sabotage))

    def points(self, *names: str, sabotage: str = "") -> list[Point]:
        """Every state-changing call of an undisturbed run, or those of some names. Requests to a source change nothing:
        that a thread sends them is left out, unless it sends statements to a server as well."""
        if sabotage not in self._points:
            found = self._points[sabotage] = []
            for thread in THREADS[self.name] if not sabotage else (COMMAND,):
                assert self.run(thread=thread, sabotage=sabotage).code == 0
                called = self.tracer.points(thread)
                found += [point for point in called if ON_POSTGRESQL or thread == COMMAND or point.name != "sendto"]
        found = [point for point in self._points[sabotage] if not names or point.name in names]
        assert found
        return found

    def disturb(self, point: Point, effect: str, lasts: str = "") -> End | None:
        """Let something happen to one call; None when the command never made it."""
        end = self.run(thread=point.thread, inject=f"{point.name}:{effect}:when={point.number}{lasts}")
        return end if end.code is None or any(called.refused for called in self.tracer.trace()) else None

    def restart(self) -> Picture:
        """What one more run makes of what was left."""
        self.life.finish(self.command)
        return self.life.picture()


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Work]]:
    """Tuesday has come: what Monday's state is read on to, and then what is told of it."""
    folder = tmp_path_factory.mktemp("syscalls")
    need_strace(folder)
    with Servers() as servers, Tracer(folder) as tracer:
        company = Company(folder / "acme", servers)
        life = Life(folder / "life", tracer)
        with running(life.mailbox) as port:
            life.configure(company, port)
            life.finish(SYNC)
            company.reach_tuesday()
            life.configure(company, port)
            found = {}
            for name, command in (("sync", SYNC), ("digest-send", SEND)):
                work = Work(name, command, life, life.keep())
                work.expected = work.restart()
                found[name] = work
            yield found


@pytest.fixture(params=THREADS)
def work(works: dict[str, Work], request: pytest.FixtureRequest) -> Work:
    return works[request.param]


@pytest.fixture(params=THREADS if ALL else ["digest-send"])
def briefly(works: dict[str, Work], request: pytest.FixtureRequest) -> Work:
    """One command; in the short form the quicker one only."""
    return works[request.param]


def chosen(points: Sequence[Point], few: int, what: str) -> list[Point]:
    """All of them, or a few: of every kind in turn, drawn with the seed."""
    if ALL:
        return list(points)
    kinds: defaultdict[tuple[str, str], list[Point]] = defaultdict(list)
    drawn = random.Random(f"{SEED} {what}").sample(points, len(points))
    for point in drawn:
        kinds[point.thread, point.name].append(point)
    return sorted(drawn, key=lambda point: kinds[point.thread, point.name].index(point))[:few]


def kinds_of(points: Sequence[Point]) -> str:
    counted = Counter(point.name for point in points)
    return ", ".join(f"{times} {name}" for name, times in counted.most_common())


def in_ranges(points: Sequence[Point]) -> str:
    """``sendto 7, pwrite64 87-116``: neighbours of one name are told together."""
    told: list[str] = []
    first: Point | None = None
    for point, following in zip(points, [*points[1:], None], strict=False):
        first = first or point
        if following is None or following != replace(point, number=point.number + 1):
            told.append(f"{first}{f'-{point.number}' if point != first else ''}")
            first = None
    return ", ".join(told)


def told_and_not_noted(trace: Sequence[Called]) -> bool:
    """Whether a process died, or was first refused a call, after the mail server had taken a mail and before the commit
    that notes it."""
    window = False
    for called in trace:
        if called.refused:
            break
        if called.name == "recvfrom" and '"250 stored' in called.said:
            window = True
        elif called.done and (called.name == "fdatasync" or (called.name == "sendto" and r"COMMIT\0" in called.said)):
            window = False
    return window


def test_a_command_that_dies_at_any_system_call_is_made_up_for(work: Work) -> None:
    """C2: kill -9 at the beginning of the call, then one restart."""
    points = work.points()
    swept = chosen(points, 2, work.name)
    twice: list[Point] = []
    missed = 0
    for point in swept:
        # Now and then a thread has one call less to make, and does not get there.
        if all(work.disturb(point, "signal=KILL") is None for _ in range(TRIES)):
            missed += 1
            continue
        in_window = told_and_not_noted(work.tracer.trace())
        found = work.restart()
        assert differences(work.expected, found) == [], point
        assert doubled(found) <= int(in_window), point
        if doubled(found):
            twice.append(point)
    assert missed * 50 <= len(points)
    fewer = f"; at {missed} no run of {TRIES} made so many calls" if missed else ""
    mails = f"; mails doubled at {count(len(twice), 'point')}, all between acceptance and commit: {in_ranges(twice)}"
    show(
        "C2",
        f"{work.words} is killed at a system call that changes something, and one restart makes up for it.",
        reach=f"{len(points):,} points: {kinds_of(points)}",
        seen=f"killed at {len(swept) - missed:,} of {len(points):,}, 0 differences from the undisturbed state"
        + (mails if twice else "; 0 mails doubled")
        + fewer,
        seed=SEED,
        database=DATABASE,
    )


def test_control_a_mail_that_is_noted_before_it_is_sent_is_lost_at_some_call(works: dict[str, Work]) -> None:
    """C2: the same sweep over the calls that send, with the order of the outbox turned round."""
    work, sabotage = works["digest-send"], "sent_before_sending"
    handing_over = ("mail FROM", "rcpt TO", '"data')
    points = [one for one in work.points("sendto", sabotage=sabotage) if any(told in one.said for told in handing_over)]
    lost: list[str] = []
    for point in points if ALL else points[:1]:
        assert work.run(inject=f"sendto:signal=KILL:when={point.number}", sabotage=sabotage).code is None
        lost += [told for told in differences(work.expected, work.restart()) if told.startswith("mails: lost")]
    assert lost
    show_control(
        "C2",
        removed="the order of the outbox: a mail is noted as sent before it is handed to the server",
        seen=f"{count(len(lost), 'mail')} lost in {count(len(points) if ALL else 1, 'kill')}",
    )


@dataclass
class Refusals:
    """What became of commands that were refused a system call."""

    failed: int = 0
    harmless: int = 0
    """They went well all the same, and left everything as it should be: they only tidied up."""
    differing: list[str] = field(default_factory=list)
    twice: int = 0
    said: Counter[str] = field(default_factory=Counter)

    def add(self, work: Work, end: End | None, what: str) -> None:
        """Look at one, and at what the next run makes of it."""
        assert end is not None, f"{what} was not reached"
        assert end.code is not None, what
        if end.code == 0:
            self.harmless += 1
            assert differences(work.expected, work.life.picture()) == [], f"{what} failed in silence"
        else:
            self.failed += 1
            self._read(end, what)
        assert set(work.life.picture()["integrity"]) == {"ok"}, what
        in_window = told_and_not_noted(work.tracer.trace())
        found = work.restart()
        self.differing += [f"{what}: {told}" for told in differences(work.expected, found)]
        assert doubled(found) <= int(in_window), what
        self.twice += doubled(found)

    def _read(self, end: End, what: str) -> None:
        """It must say what is wrong and what to do, and be no mistake of ours."""
        lines = end.said.splitlines()
        [error] = [line for line in lines if line.startswith("error: ")]
        assert end.code in (2, 3), what
        assert any(line.startswith("hint: ") for line in lines), (what, end.said)
        assert "Traceback" not in end.said, (what, end.said)
        assert "mistake in driftline" not in end.said, what
        self.said[error.removeprefix("error: ")] += 1

    @property
    def met(self) -> int:
        return self.failed + self.harmless

    @property
    def figures(self) -> str:
        reasons = "; ".join(f"“{said}” {count(times, 'time')}" for said, times in self.said.most_common())
        reasons = f" ({reasons})" if reasons else ""
        return (
            f"{self.failed:,} failed with a message, a hint and exit code 2 or 3{reasons}; {self.harmless:,} "
            f"only tidied up and ended well; 0 in silence; after the next run {len(self.differing)} differences and "
            f"{count(self.twice, 'mail')} doubled, each between acceptance and commit"
        )


@own_file
def test_a_disk_that_fails_at_any_sync_is_told_and_the_next_run_makes_up_for_it(briefly: Work) -> None:
    """C5: EIO once."""
    work = briefly
    points = work.points(*SYNCS)
    refusals = Refusals()
    for point in chosen(points, 1, work.name):
        refusals.add(work, work.disturb(point, "error=EIO"), str(point))
    assert refusals.differing == []
    show(
        "C5",
        f"A sync of the disk fails during {work.words}: the command says so and keeps nothing half-done.",
        reach=f"{len(points)} points: {kinds_of(points)}",
        seen=f"EIO at {refusals.met} of {len(points)}: {refusals.figures}",
        seed=SEED,
        database="SQLite",
    )


@own_file
def test_a_disk_that_is_full_at_any_write_is_told_and_the_next_run_makes_up_for_it(briefly: Work) -> None:
    """C6: ENOSPC, once and for good; when there is room again the next run needs nothing else."""
    work = briefly
    points = work.points("pwrite64")
    swept = chosen(points, 1, f"{work.name} on a full disk")
    chance = random.Random(SEED)
    for_a_moment = chance.sample(swept, -(-len(swept) // 10))
    refusals = Refusals()
    for lasts, refused in (("+", swept), ("", for_a_moment)):
        for point in refused:
            refusals.add(work, work.disturb(point, "error=ENOSPC", lasts), f"{point}{lasts}")
    assert refusals.differing == []
    show(
        "C6",
        f"The disk is full at a write of {work.words}, for a moment or until its end: the command says so and "
        "keeps nothing half-done.",
        reach=f"{len(points)} points: {kinds_of(points)}; from each on, and at one of ten for that call alone",
        seen=f"ENOSPC at {len(swept)} of {len(points)} in {count(refusals.met, 'run')}: {refusals.figures}",
        seed=SEED,
        database="SQLite",
    )


def commits_of(points: Sequence[Point]) -> list[tuple[Point, Point]]:
    """The last write before each sync of a log or file, and that sync."""
    own = [point for point in points if point.thread == COMMAND and point.name in (*SYNCS, "pwrite64")]
    return [pair for pair in pairwise(own) if (pair[0].name, pair[1].name) == ("pwrite64", "fdatasync")]


@own_file
def test_control_without_one_transaction_a_failing_or_full_disk_loses_transitions(works: dict[str, Work]) -> None:
    """C5, C6: findings are kept in one transaction and what happened to them in the next, which the disk refuses."""
    work, sabotage = works["sync"], "transitions_apart_from_findings"
    commits = commits_of(work.points(sabotage=sabotage))
    # The first commit that writes something else than undisturbed is about the one of the findings alone.
    whole = commits_of(work.points())
    torn = next(n for n, (one, other) in enumerate(zip(commits, whole, strict=False)) if one != other)
    commits = [*commits[torn + 1 :], *commits[torn::-1]]

    def lost(point: Point, error: str) -> int:
        end = work.run(inject=f"{point.name}:error={error}:when={point.number}", sabotage=sabotage)
        told = differences(work.expected, work.restart()) if end.code else []
        return sum(each.startswith("transitions: lost") for each in told)

    for id_, error, points in (("C5", "EIO", [sync for _, sync in commits]), ("C6", "ENOSPC", [w for w, _ in commits])):
        found = tried = 0
        for point in points:
            found, tried = found + lost(point, error), tried + 1
            if found and not ALL:
                break
        assert found, points
        show_control(
            id_,
            removed="the one transaction of findings and what happened to them",
            seen=f"{count(found, 'transition')} lost, with {error} tried at {tried} of {len(points)} {points[0].name}",
        )
