"""The teams of the healthy company, their increments and their days."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from model.money import Month
from model.records import (
    Record,
)

START = date(2026, 3, 2)
"""The Monday on which everything is read for the first time."""
SOURCES = ("jira", "asana", "crm", "savings", "figures")
FIRST = -4
"""The first increment of every team; number 0 begins with the first day, or up to three weeks later."""
DAY = timedelta(1)
WEEK = timedelta(7)


@dataclass(frozen=True, slots=True)
class Life:
    """One record through time: the days on which something happens to it, the first of which makes it, and how it
    stands on the morning of a day."""

    days: tuple[date, ...]
    at: Callable[[date], Record]


@dataclass(frozen=True, slots=True)
class Company:
    """So many teams; the same seed gives the same company."""

    teams: int
    seed: int = 6

    def chance(self, *name: object) -> random.Random:
        """The chances of one thing, always the same."""
        return random.Random(f"{self.seed} {name}")


@dataclass(frozen=True, slots=True)
class Increment:
    """Four weeks of one team, from a Monday on."""

    number: int
    begin: date

    @property
    def due(self) -> date:
        return self.begin + timedelta(23)

    @property
    def release_day(self) -> date:
        return self.begin + timedelta(25)


@dataclass(frozen=True, slots=True)
class Team:
    """One team, with all that it does for its measure."""

    company: Company
    number: int

    @property
    def name(self) -> str:
        return f"T{self.number}"

    @property
    def objective(self) -> str:
        return f"O-{self.number}"

    @property
    def source(self) -> str:
        """Where the team plans its work: of five teams one uses the other tool."""
        return "asana" if self.number % 5 == 4 else "jira"

    @property
    def tells_starts(self) -> bool:
        """One team in four plans by due dates alone."""
        return self.number % 4 != 1

    @property
    def tells_dues(self) -> bool:
        """One team in seven gives its stories no dates of their own: their release has one."""
        return self.number % 7 != 3

    @property
    def first(self) -> int:
        """The number of its first increment; one measure in six begins while we watch."""
        return FIRST if self.number % 6 != 5 else 1

    @property
    def approved(self) -> date:
        """When its measure was approved: six weeks before it begins."""
        return back(self.increment(self.first).begin, 30)

    @property
    def last(self) -> int:
        """The number of its last increment; some measures are reached while we watch."""
        return max(self.first + 1, (0, 1, 3, 4)[self.company.chance("last", self.number).randrange(4)])

    @property
    def increments(self) -> tuple[Increment, ...]:
        return tuple(self.increment(number) for number in range(self.first, self.last + 1))

    def increment(self, number: int) -> Increment:
        return Increment(number, START + WEEK * (self.number % 4) + 4 * WEEK * number)

    @property
    def target(self) -> date:
        """When the measure is to be reached: a fortnight after the last release."""
        return self.increments[-1].release_day + 2 * WEEK

    def person(self, number: int) -> str:
        """One of the team; the sixth comes from the next team."""
        team = self.number if number < 5 else (self.number + 1) % self.company.teams
        return f"person-{team}-{number % 5}@acme.example"


@dataclass(frozen=True, slots=True)
class Plan:
    """When something is planned and when it then happens. ``former`` was its date until the day ``replanned``."""

    made: date
    start: date | None
    due: date | None
    begun: date
    finished: date
    former: date | None = None
    replanned: date | None = None


def stamp(day: date) -> datetime:
    """What happens on a day happens in its afternoon, and is seen on the next morning."""
    return datetime.combine(day, time(15), UTC)


def weekday(day: date) -> date:
    """The day, or the Friday before it."""
    return day - timedelta(max(0, day.weekday() - 4))


def back(day: date, worked: int) -> date:
    """So many working days before."""
    for _ in range(worked):
        day = weekday(day - DAY)
    return day


def ahead(day: date, worked: int) -> date:
    """So many working days after."""
    for _ in range(worked):
        day += timedelta(3 if day.weekday() == 4 else 1)
    return day


def following(month: Month) -> Month:
    return Month.of(month.last + DAY)
