"""The clock is set forward and back, shows a year after 2038, the machine sleeps, and summer time ends (C13-C15).

The daemon is the real program in a process of its own. ``DRIFTLINE_CLOCK_JUMPS=60`` asks for so many random jumps
after the chosen ones, ``DRIFTLINE_ALL_ZONES=1`` for every zone of the time zone database, and ``DRIFTLINE_SEED`` for
other random ones.
"""

import os
import random
import signal
import time as real_time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.policy import default
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest

from cli.repeated_lines import IN_FULL
from model.deliveries import DeliveryState
from pipeline.slots import latest_slot
from scheduler import Daemon
from tests.digest.smtp_servers import running
from tests.faults.daemons import Daemons, Running, one, shared, shared_clock
from tests.faults.shifted_clock import ShiftedClock
from tests.pipeline.company import RECIPIENTS, Company, Servers
from tests.proofs.ledger import show, show_control

JUMPS = int(os.environ.get("DRIFTLINE_CLOCK_JUMPS", "0"))
ALL_ZONES = bool(os.environ.get("DRIFTLINE_ALL_ZONES"))
SEED = int(os.environ.get("DRIFTLINE_SEED", "20260914"))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MONDAY_NOON = datetime(2026, 9, 14, 12, tzinfo=UTC)
AFTER_2038 = datetime(2040, 1, 16, 12, tzinfo=UTC)
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
QUICK = (["look_every", 0.5], ["does_not_count_what_was_missed"])
"""Looks for what is due ten times as often as usual; so it does not count ten times as many missed looks."""
MOST_SECONDS_OF_A_JUMP = 3.0
"""Processor time for one jump with its readings and its digest."""


class Rig:
    """A company, its daemon and the clock of both."""

    def __init__(self, company: Company, clock: ShiftedClock, daemons: Daemons, port: int) -> None:
        self.company, self.clock, self.daemons = company, clock, daemons
        company.settings["digests"]["leaders"]["days"] = EVERY_DAY
        company.settings["mail"]["smtp"]["port"] = port
        company.write()
        self.show(MONDAY_NOON)
        self.slips = 0

    def show(self, when: datetime) -> None:
        self.clock.show(when)
        self.company.now = when

    def slip(self) -> None:
        """Something new, so that a digest that is due has something to tell."""
        self.slips += 1
        self.company.slip(date(2026, 11, 1) + timedelta(days=self.slips))

    @property
    def served(self) -> str | None:
        """The day whose digest was made last."""
        with self.company.open_store() as store:
            return store.note("digest-slot:leaders")

    def runs(self, daemon: Running) -> int:
        assert daemon.events("job.failed", "job.crashed", "source.failed") == []
        return len(daemon.events("run.finished"))

    def settled(self, daemon: Running, runs: int) -> None:
        """Wait until so many runs are over, today's digest is made and every mail of it sent."""
        daemon.wait_until(lambda: self.runs(daemon) >= runs)
        today = self.clock.now.date().isoformat()
        daemon.wait_until(lambda: self.served == today)
        daemon.wait_until(lambda: self.states() <= {DeliveryState.SENT})

    def states(self) -> set[DeliveryState]:
        with self.company.open_store() as store:
            return {row.state for row in store.deliveries(messages=False)}

    def mails(self) -> Counter[tuple[str, str]]:
        """How many mails arrived, by slot and recipient; all that were made did."""
        with self.company.open_store() as store:
            rows = store.deliveries(messages=False)
        slots = {row.message_id: row.slot for row in rows}
        arrived: Counter[tuple[str, str]] = Counter()
        for _, [recipient], content in self.company.mailbox.received:
            arrived[slots[str(message_from_bytes(content)["Message-ID"])], recipient] += 1
        assert arrived.keys() == {(row.slot, row.recipient) for row in rows}
        return arrived


@pytest.fixture(scope="module")
def clock() -> ShiftedClock:
    return shared_clock()


@pytest.fixture(scope="module")
def daemons() -> Daemons:
    return shared()[0]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as servers:
        yield servers


@pytest.fixture
def rig(servers: Servers, tmp_path: Path, clock: ShiftedClock, daemons: Daemons) -> Iterator[Rig]:
    company = Company(tmp_path / "acme", servers)
    with running(company.mailbox) as port:
        yield Rig(company, clock, daemons, port)


def jumps() -> list[timedelta]:
    """Days that pass, hours and days that come again."""
    chosen = [DAY, 2 * HOUR, -2 * HOUR, 2 * DAY, -3 * DAY, 2 * DAY]
    chance = random.Random(SEED)
    return chosen + chance.choices([2 * HOUR, -2 * HOUR, -3 * DAY, DAY, DAY, 2 * DAY, 5 * DAY], k=JUMPS)


def test_a_clock_that_is_set_neither_misses_nor_doubles_a_digest_and_no_interval_is_read_twice(rig: Rig):
    """C13: two hours forward and back, days forward and back."""
    forward = back = 0
    told: set[str] = set()
    costs = []
    with one(rig.daemons, rig.company.folder, *QUICK) as daemon:
        daemon.wait_until(lambda: rig.runs(daemon) == 2)
        for jump in jumps():
            rig.slip()
            before, day = daemon.cpu_seconds, rig.clock.now.date()
            rig.show(rig.clock.now + jump)
            if jump < timedelta():
                back += 1
                if back > IN_FULL:
                    real_time.sleep(3)  # it is not told each time any more
                daemon.wait_for("clock.set_back", times=min(back, IN_FULL))
            else:
                forward += 1
            rig.settled(daemon, runs=2 + 2 * forward)
            if rig.clock.now.date() > day:
                told.add(rig.clock.now.date().isoformat())
            costs.append(daemon.cpu_seconds - before)
        assert max(costs) < MOST_SECONDS_OF_A_JUMP
        share = _processor_share(daemon)
        # A jump forward makes each source due once, however many intervals it spans; a jump back makes none due.
        assert rig.runs(daemon) == 2 + 2 * forward
        end, _ = daemon.stop()
        assert end.code == 0
    # A day that the clock is set back to had its digest already, under the date that the clock showed then.
    assert rig.mails() == {(day, recipient): 1 for day in told for recipient in RECIPIENTS}
    show(
        "C13",
        "A clock that is set while the daemon runs neither misses nor doubles a digest",
        reach=f"{forward + back} jumps of the system's clock: two hours, and days, forward and back",
        seen=f"{len(told)} calendar days begun, each with one digest for each of {len(RECIPIENTS)} recipients; "
        f"{forward} jumps forward, each with one reading of each source; {back} jumps back with none; "
        f"{share:.1%} of a processor while nothing is due",
        seed=SEED,
    )


def _processor_share(daemon: Running) -> float:
    began, before = real_time.monotonic(), daemon.cpu_seconds
    real_time.sleep(1.5)
    share = (daemon.cpu_seconds - before) / (real_time.monotonic() - began)
    assert share < 0.05 + 0.02  # what the kernel counts has steps of a hundredth of a second
    return share


def counts_missed_looks(rig: Rig) -> bool:
    """Whether the daemon works out each moment between at which it would have looked for due digests."""
    with rig.company.open_store() as store:
        job = Daemon(store, rig.company.configuration, rig.company.clock)._scheduler().get_job("digests")
    now = datetime.now(UTC)
    return bool(job.trigger.get_next_fire_time(now - DAY, now) < now)


def test_a_clock_that_jumps_beyond_2038_costs_one_reading_and_one_digest(rig: Rig):
    """C13: as on a small machine that starts in 1970 and then hears from its time server."""
    if counts_missed_looks(rig):
        pytest.skip("after years the daemon is busy for minutes with working out every look that it missed")
    with one(rig.daemons, rig.company.folder, ["look_every", 0.5]) as daemon:
        daemon.wait_until(lambda: rig.runs(daemon) == 2)
        rig.slip()
        before = daemon.cpu_seconds
        rig.show(AFTER_2038)
        rig.settled(daemon, runs=4)
        seconds = daemon.cpu_seconds - before
        end, stopping = daemon.stop()
        assert (end.code, rig.runs(daemon)) == (0, 4)
    assert seconds < MOST_SECONDS_OF_A_JUMP
    assert stopping < 10
    assert rig.mails() == {(AFTER_2038.date().isoformat(), recipient): 1 for recipient in RECIPIENTS}
    show(
        "C13",
        "A clock that jumps from 2026 beyond 2038 costs one reading of each source and one digest",
        reach=f"a jump of the running daemon's clock to {AFTER_2038:%d %b %Y}",
        seen=f"1 reading of each source, 1 digest for each of {len(RECIPIENTS)} recipients, dated in 2040, "
        f"{seconds:.1f} s of processor time for all of it",
    )


def test_control_a_daemon_that_takes_no_notice_of_a_clock_set_back_is_silent_for_days(rig: Rig):
    """C13."""
    with one(rig.daemons, rig.company.folder, *QUICK, ("takes_no_notice_of_a_set_clock",)) as daemon:
        daemon.wait_until(lambda: rig.runs(daemon) == 2)
        rig.show(rig.clock.now - 3 * DAY)
        real_time.sleep(1.2)
        rig.show(rig.clock.now + 2 * HOUR)
        real_time.sleep(2)
        assert rig.runs(daemon) == 2
        end, _ = daemon.stop()
        assert end.code == 0  # it was there all the time
    show_control(
        "C13",
        removed="jobs move with a clock that is set back",
        seen="three days back, then two hours on: no source was read, although each is due every 15 minutes",
    )


def _asleep(rig: Rig, daemon: Running, days: int) -> None:
    """A machine that sleeps: its programs stand still and its clock goes on."""
    daemon.send(signal.SIGSTOP)
    rig.slip()
    rig.show(rig.clock.now + days * DAY)
    daemon.send(signal.SIGCONT)


def test_after_two_weeks_asleep_or_off_each_source_is_read_once_and_one_digest_tells_the_period(rig: Rig):
    """C15."""
    rig.company.jira_server.requests.clear()
    with one(rig.daemons, rig.company.folder, *QUICK) as daemon:
        daemon.wait_until(lambda: rig.runs(daemon) == 2)
        at_first = len(rig.company.jira_server.requests)
        _asleep(rig, daemon, 14)
        rig.settled(daemon, runs=4)
        then = len(rig.company.jira_server.requests) - at_first
        end, _ = daemon.stop()
        assert (end.code, rig.runs(daemon)) == (0, 4)
    rig.slip()
    rig.show(rig.clock.now + 14 * DAY)
    with one(rig.daemons, rig.company.folder, *QUICK, log="again.log") as again:
        rig.settled(again, runs=2)
        end, _ = again.stop()
        assert (end.code, rig.runs(again)) == (0, 2)
    slots = [(MONDAY_NOON + days * DAY).date().isoformat() for days in (14, 28)]
    assert rig.mails() == {(slot, recipient): 1 for slot in slots for recipient in RECIPIENTS}
    body = message_from_bytes(rig.company.mailbox.received[-1][2], policy=default).get_body(("plain",))
    assert body is not None
    assert "28 Sep" in " ".join(body.get_content().split())
    # A source is asked no more after two weeks than when it is read for the first time: no burst.
    assert then <= at_first
    show(
        "C15",
        "After a long pause there is one reading of each source and one digest, which tells since when",
        reach="a daemon that stands still for 14 days, and one that is off for 14 days",
        seen=f"1 reading of each source and 1 digest for each recipient after either, not 14; {then} requests to "
        f"Jira after 14 days, {at_first} for the first reading",
    )


def test_control_without_folding_each_missed_day_has_its_own_digest(rig: Rig):
    """C15."""
    made = ("digest.composed", "digest.empty")
    with one(rig.daemons, rig.company.folder, *QUICK, ("makes_up_for_each_missed_slot",)) as daemon:
        daemon.wait_until(lambda: rig.runs(daemon) == 2)
        _asleep(rig, daemon, 4)
        daemon.wait_for(*made, times=2)
    show_control("C15", removed="missed slots fold into one", seen="more than one digest after one pause")


FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2027, 12, 31)


def zones() -> dict[str, int]:
    """Zones that differ in these years, each with how many names of the database are names for the same."""
    every = sorted(available_timezones())
    if not ALL_ZONES:
        chosen = {"Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Africa/Casablanca", "Pacific/Chatham"}
        return dict.fromkeys(sorted(chosen | set(random.Random(SEED).sample(every, 3))), 1)
    begin = datetime.combine(FIRST_DAY, time(), UTC) - 2 * DAY
    half_hours = [begin + number * 30 * MINUTE for number in range(48 * ((LAST_DAY - FIRST_DAY).days + 5))]
    found: dict[tuple[object, ...], list[str]] = {}
    for name in every:
        zone = ZoneInfo(name)
        shown = [moment.astimezone(zone).utcoffset() for moment in half_hours]
        steps = zip(half_hours, pairwise(shown), strict=False)
        changes = ((moment, after) for moment, (before, after) in steps if before != after)
        found.setdefault((shown[0], *changes), []).append(name)
    return {names[0]: len(names) for names in found.values()}


Due = Callable[[time, ZoneInfo, datetime], date | None]


def product(at: time, zone: ZoneInfo, now: datetime) -> date | None:
    slot = latest_slot(at, range(7), zone, now)
    return slot.day if slot else None


def naive(at: time, zone: ZoneInfo, now: datetime) -> date | None:
    """What fires whenever the clock on the wall shows the time, as a plain cron job does."""
    local = now.astimezone(zone)
    return local.date() if (local.hour, local.minute) == (at.hour, at.minute) else None


def wrong_days(zone: ZoneInfo, at: time, due: Due) -> list[date]:
    """The days that have no slot or more than one.

    The slot must change when the wall first shows the time or has jumped over it, and at no other moment: it is asked
    for right then and a minute before, and, in the nights of a clock change, around the other moment that could be
    meant.
    """
    wrong = []
    day = FIRST_DAY
    while day <= LAST_DAY:
        first = datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
        other = datetime.combine(day, at, tzinfo=zone).replace(fold=1).astimezone(UTC)
        once = due(at, zone, first - MINUTE) == day - DAY and due(at, zone, first) == day
        if other != first:
            expected = day if other > first else day - DAY
            once = once and due(at, zone, other - MINUTE) == due(at, zone, other + MINUTE) == expected
        if not once:
            wrong.append(day)
        day += DAY
    return wrong


def test_in_every_zone_each_day_of_two_years_has_one_slot_whatever_half_hour_it_is_at():
    """C14: a digest at 02:30 in the nights of the clock change as well."""
    half_hours = [time(number // 2, number % 2 * 30) for number in range(48)]
    if not ALL_ZONES:
        half_hours = [time(0), time(2, 30), time(23, 30)]
    named = zones()
    for name in named:
        for at in half_hours:
            assert wrong_days(ZoneInfo(name), at, product) == [], (name, at)
    days = (LAST_DAY - FIRST_DAY).days + 1
    show(
        "C14",
        "There is exactly one digest per local day in every zone, in the nights of a clock change too",
        reach=f"{sum(named.values())} zones of the time zone database, of which {len(named)} differ, "
        f"{len(half_hours)} times of day, {days} days",
        seen=f"{len(named) * len(half_hours) * days:,} of {len(named) * len(half_hours) * days:,} days have one slot",
        seed=SEED,
    )


def test_control_a_digest_that_goes_out_when_the_wall_shows_the_time_misses_and_doubles_days():
    """C14: 02:30 comes twice in one night of autumn and not at all in one of spring."""

    def folding(at: time, zone: ZoneInfo, now: datetime) -> date | None:
        shown = naive(at, zone, now)
        return shown if shown else now.astimezone(zone).date() - DAY

    wrong = wrong_days(ZoneInfo("Europe/Berlin"), time(2, 30), folding)
    nights = {date(2026, 3, 29), date(2026, 10, 25), date(2027, 3, 28), date(2027, 10, 31)}
    assert nights == set(wrong)
    show_control(
        "C14",
        removed="a slot is a local date, not a time that the clock shows",
        seen=f"{len(wrong)} wrong days of two years in Berlin, each a night of the clock change",
    )
