"""A month of a daemon at ten times the usual load, while servers, the mail server, files and the process fail (F9).

``DRIFTLINE_SOAK_DAYS=30`` lives through so many simulated days, each source being read every hour; the suite lives
through two. ``DRIFTLINE_SEED`` draws other troubles.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from statistics import fmean

import pytest

from tests.digest.smtp_servers import running
from tests.faults.daemons import Daemons, shared, shared_clock
from tests.faults.shifted_clock import ShiftedClock
from tests.pipeline.company import RECIPIENTS, Company, Servers
from tests.proofs.growth import TOLERANCE, most_measures, predicted, unexplained
from tests.proofs.ledger import show, show_control
from tests.proofs.soak import FIRST, MOST_THREADS, Plan, Reading, Soak, slope

DAYS = int(os.environ.get("DRIFTLINE_SOAK_DAYS", "2"))
SEED = int(os.environ.get("DRIFTLINE_SEED", "20260914"))
WARM_UP_DAYS = 10
LONG = DAYS >= 2 * WARM_UP_DAYS
CYCLES, TIMES = (24, 10) if LONG else (4, 2)
WEEK = 7
MOST_MIB_PER_DAY = 1.0
MOST_FILES = 24
QUICK = (["look_every", 0.2], ["does_not_count_what_was_missed"], ["tells_of_its_jobs"])
"""Looks for what is due 25 times as often as usual, so that the clock can go on at once."""

pytestmark = pytest.mark.sqlite_only("it looks at the size of the database file and into its tables")


def plan() -> Plan:
    """Kills in the first week, so that the last life is long enough to see a leak; the rest every week."""
    if not LONG:
        return Plan(kills={1}, no_mail={0}, edited={1}, broken={1}, troubled=0.3)
    weekly = [{day for day in range(DAYS - 1) if day % WEEK == weekday} for weekday in (2, 3, 4)]
    return Plan(kills={1, 3, 5, 6}, no_mail=weekly[0], edited=weekly[1], broken=weekly[2])


@pytest.fixture(scope="module")
def clock() -> ShiftedClock:
    return shared_clock()


@pytest.fixture(scope="module")
def daemons() -> Daemons:
    return shared()[0]


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Servers() as servers:
        company = Company(tmp_path / "acme", servers)
        with running(company.mailbox) as port:
            company.settings["mail"]["smtp"]["port"] = port
            yield company


def test_through_all_troubles_each_working_day_has_one_digest_and_nothing_grows_but_the_state(
    company: Company, clock: ShiftedClock, daemons: Daemons
):
    """F9."""
    chance = random.Random(SEED)
    with Soak(company, clock, daemons, CYCLES, chance, TIMES, plan(), QUICK) as soak:
        soak.live(DAYS)
        assert soak.daemon.events("job.crashed", "source.crashed", "mail.crashed") == []
        told, doubled = digests(soak)
        days = working_days()
        assert told == {(day, recipient): 1 for day in days for recipient in RECIPIENTS}
        assert doubled <= soak.happened["kill -9"]
        files, threads = (max(getattr(each, what) for each in soak.readings) for what in ("files", "threads"))
        assert files <= MOST_FILES
        assert threads <= MOST_THREADS
        growth = grows(soak.readings) if LONG else "too short for a slope of the memory"
        state = model(soak) if LONG else f"{soak.states[-1].size / 1e6:.1f} MB of state"
    troubles = ", ".join(f"{times} x {what}" for what, times in sorted(soak.happened.items()))
    show(
        "F9",
        "Through a month of troubles each working day has exactly one digest, and nothing grows but the state",
        reach=f"{DAYS} simulated days at {TIMES} times the load of a small company, each source read "
        f"{CYCLES} times a day by the real daemon; {troubles}",
        seen=f"{len(days)} of {len(days)} working days told once to each of {len(RECIPIENTS)} recipients, {doubled} "
        f"mails doubled by a kill; {growth}; at most {files} open files and {threads} threads; {state}",
        seed=SEED,
        database="SQLite",
    )


def working_days() -> list[str]:
    mornings = (FIRST + timedelta(days=number) for number in range(1, DAYS + 1))
    return [morning.date().isoformat() for morning in mornings if morning.weekday() < 5]


def digests(soak: Soak) -> tuple[Counter[tuple[str, str]], int]:
    """The mails of each slot and recipient, and how many arrived a second time under the same Message-ID."""
    rows = soak.ask("SELECT message_id, slot, recipient, state FROM deliveries")
    assert {state for *_, state in rows} == {"sent"}
    arrived = Counter(str(message_from_bytes(content)["Message-ID"]) for *_, content in soak.company.mailbox.received)
    assert arrived.keys() == {row[0] for row in rows}
    return Counter((slot, recipient) for _, slot, recipient, _ in rows), arrived.total() - len(arrived)


def grows(readings: Sequence[Reading]) -> str:
    """By how much the last life grew, in words; fail when that is more than it may."""
    found = slope(readings, warm_up=WARM_UP_DAYS)
    days = [f"{each.day:.0f}: {each.mib:.0f}" for each in readings[-1::-CYCLES]]
    assert found <= MOST_MIB_PER_DAY, days[::-1]
    warm = [each for each in readings if each.life == readings[-1].life and each.day >= DAYS / 2]
    third = len(warm) // 3
    for what, most in (("files", 3), ("threads", 1)):  # one connection more to the state has two or three files
        held = [getattr(each, what) for each in warm]
        assert fmean(held[-third:]) - fmean(held[:third]) < most, what
    return f"{found:.2f} MiB more each day after {WARM_UP_DAYS} days, at {warm[-1].mib:.0f} MiB"


def model(soak: Soak) -> str:
    """By how much the state grew after the first week, in words; fail when what happened does not explain it."""
    begin, first, last = soak.states[2], soak.states[2 + WEEK], soak.states[-1]  # at first all findings are found
    expected = soak.happenings().rows(first, last)
    assert unexplained(expected, first, last) == {}
    assert last.rows["measures"] <= most_measures(DAYS, 2 * CYCLES)
    rows = sum(last.rows.values()) - sum(first.rows.values())
    said = f"in the {DAYS - 3 - WEEK} days after the first week the state grew by {rows:,} rows, each table as what"
    said += f" happened explains (within {TOLERANCE:.0%})"
    if not last.bytes:
        return f"{said}, and by {(last.size - first.size) / 1e6:.1f} MB, of which this SQLite cannot tell more"
    wanted, grown = predicted(expected, begin, first), last.size - first.size
    assert abs(grown - wanted) <= TOLERANCE * wanted
    return f"{said}, and by {grown / 1e6:.2f} MB where {wanted / 1e6:.2f} were predicted ({grown / wanted - 1:+.1%})"


def test_control_a_seeded_leak_is_found_by_the_same_slope(company: Company, clock: ShiftedClock, daemons: Daemons):
    """F9."""
    mebibytes, steps, cycles = 4, 4, 96
    leaks = (["keeps_what_it_read", mebibytes * 1024], ["leaves_a_file_open"], ["notes_each_reading"])
    with Soak(company, clock, daemons, cycles, random.Random(SEED), 1, Plan(troubled=0), [*QUICK, *leaks]) as soak:
        first = soak.stored()
        for _ in range(steps):
            soak.step()
        last = soak.stored()
        expected = replace(soak.happenings(), slips_a_day=0, records_changed_a_day=0).rows(first, last)
    seeded = 2 * mebibytes * cycles
    found = slope(soak.readings, warm_up=0)
    assert 0.75 * seeded < found < 1.5 * seeded
    files = [each.files for each in soak.readings]
    assert files[-1] - files[0] >= steps
    assert unexplained(expected, first, last).keys() == {"notes"}
    show_control(
        "F9",
        removed="what a reading made is let go after it",
        seen=f"{found:.0f} MiB more each day where {seeded} were seeded, {files[-1] - files[0]} files more, and "
        f"{last.rows['notes'] - first.rows['notes']} rows more in a table that does not grow",
    )
