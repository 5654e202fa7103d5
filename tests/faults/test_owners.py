"""Ten daemons are started at once on one state, again and again (C11).

``DRIFTLINE_STARTS=100`` asks for so many rounds. In each the one that got the state is killed without warning, and the
next ten begin at once.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from tests.faults.daemons import LONG, Daemons, Running, shared
from tests.pipeline.company import Company, Servers
from tests.proofs.ledger import show, show_control

STARTS = int(os.environ.get("DRIFTLINE_STARTS", "1"))
AT_ONCE = 10


@pytest.fixture(scope="module")
def daemons() -> Daemons:
    return shared()[0]


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Servers() as servers:
        yield Company(tmp_path / "acme", servers)


def start_all(daemons: Daemons, company: Company, round_: int) -> list[Running]:
    return [daemons.start(company.folder, log=f"{round_}-{number}.log") for number in range(AT_ONCE)]


def the_only_one(started: list[Running]) -> Running:
    """Who works when all others have ended. Each of them was refused, and told who was first."""
    deadline = time.monotonic() + 2 * LONG
    while len(active := [each for each in started if each.end() is None]) > 1:
        assert time.monotonic() < deadline, f"{len(active)} daemons are active"
        time.sleep(0.05)
    [owner] = active
    owner.wait_for("daemon.started")
    for each in started:
        if each is not owner:
            assert each.ended is not None
            assert each.ended.code == ExitCode.MEND, each.said
            assert f"the state is in use by process {owner.pid} on " in each.said, each.said
            assert "driftline run" in each.said
    return owner


def test_of_ten_daemons_started_at_once_one_works_and_the_others_name_it(daemons: Daemons, company: Company):
    freed = []
    for round_ in range(STARTS):
        owner = the_only_one(start_all(daemons, company, round_))
        with company.open_store() as store:
            told = store.owner()
        assert told is not None
        assert f"process {owner.pid} on " in told
        owner.kill()
        killed = time.monotonic()
        with company.open_store() as store:
            assert store.owner() is None
        freed.append(time.monotonic() - killed)
    show(
        "C11",
        "Of ten daemons that start at once on one state, exactly one works",
        reach=f"{STARTS} times ten real processes on one state; each time the one that works is killed with SIGKILL",
        seen=f"1 of {AT_ONCE} active in {STARTS} of {STARTS} rounds; all {STARTS * (AT_ONCE - 1)} others ended with "
        "exit code 2 and named the process that holds the state; after each kill the state was free at the first look",
    )


def test_control_without_the_lock_nobody_is_refused(daemons: Daemons, company: Company):
    """C11: then only the fence is left, which ends whoever was first at its next write."""
    first, second = [daemons.start(company.folder, ["takes_what_is_held"], log=f"{number}.log") for number in range(2)]
    took_over = f"another process took over the state: process {second.pid} on "
    first.wait_until(lambda: first.events("daemon.started") or took_over in first.said or first.end())
    second.wait_until(lambda: second.events("daemon.started") or second.end())
    told = [each for each in (first, second) if "the state is in use by" in each.said]
    for each in (first, second):
        each.kill()
    assert told == []
    show_control("C11", removed="the lock on the state", seen="2 of 2 daemons took the state, and neither was refused")
