"""The nights in which the clock on the wall jumps, walked minute by minute: what a schedule and a window mean there."""

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo, available_timezones

ALL_ZONES = bool(os.environ.get("DRIFTLINE_ALL_ZONES"))
SEED = int(os.environ.get("DRIFTLINE_SEED", "20260914"))
ODD = (
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/Havana",
    "Antarctica/Troll",
    "Africa/Casablanca",
    "Asia/Kolkata",
)
"""Half an hour, midnight, two hours, the other way round, and no jump at all."""
SAMPLE = 3
YEARS = (2025, 2027) if ALL_ZONES else (2026, 2027)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
AROUND = timedelta(hours=28)

Meant = Callable[[datetime], bool]


@dataclass(frozen=True)
class Night:
    """The time around one jump of one zone."""

    zone: ZoneInfo
    jump: datetime

    @property
    def begin(self) -> datetime:
        return self.jump - AROUND

    @property
    def end(self) -> datetime:
        return self.jump + AROUND

    @cached_property
    def minutes(self) -> list[tuple[datetime, datetime, datetime]]:
        """Each minute: the moment, what the wall shows, and the latest that it has ever shown before."""
        walked, latest = [], datetime.min
        for number in range(int(2 * AROUND / MINUTE) + 1):
            moment = self.begin + number * MINUTE
            wall = moment.astimezone(self.zone).replace(tzinfo=None, fold=0)
            walked.append((moment, wall, latest if number else wall - MINUTE))
            latest = max(latest, wall)
        return walked

    def due(self, meant: Meant, *, every_hour: bool = False) -> list[datetime]:
        """When something is due that is meant at some times on the wall: when the wall first shows such a time or has
        jumped over it, and again where every hour is meant and the wall shows it again."""
        found = []
        for moment, wall, latest in self.minutes:
            fresh = any(meant(latest + step * MINUTE) for step in range(1, int((wall - latest) / MINUTE) + 1))
            if fresh or (every_hour and wall <= latest and meant(wall)):
                found.append(moment)
        return found

    def __str__(self) -> str:
        return f"{self.zone.key}, {self.jump:%Y-%m-%d}"


def nights() -> Iterator[Night]:
    """The nights of all zones in two years, or of some zones; zones that are one under several names come once."""
    seen = set()
    for name in zones():
        zone = ZoneInfo(name)
        jumps = tuple(_jumps(zone))
        key = (jumps, tuple(moment.astimezone(zone).utcoffset() for moment in jumps))
        if key not in seen:
            seen.add(key)
            yield from (Night(zone, jump) for jump in jumps or (datetime(2026, 3, 29, 1, tzinfo=UTC),))
    yield Night(ZoneInfo("Pacific/Apia"), datetime(2011, 12, 30, 10, tzinfo=UTC))


def zones() -> list[str]:
    known = sorted(available_timezones() - {"Factory", "localtime"})
    return known if ALL_ZONES else [*ODD, *random.Random(SEED).sample(known, SAMPLE)]


def _jumps(zone: ZoneInfo) -> Iterator[datetime]:
    day = datetime(YEARS[0], 1, 1, tzinfo=UTC)
    while day.year < YEARS[1]:
        if _offset(day, zone) != _offset(day + DAY, zone):
            low, high = day, day + DAY
            while high - low > MINUTE:
                middle = low + (high - low) // 2
                low, high = (middle, high) if _offset(middle, zone) == _offset(low, zone) else (low, middle)
            yield high.replace(second=0, microsecond=0)
        day += DAY


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset
