"""A schedule of five fields as cron knows them, read by the clock on the wall of the business zone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import TYPE_CHECKING

from connectors.timetable.wall_clock import first_showing, last_showing, set_back_between, shown
from model.week import Weekday

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

FIELDS = ("minute", "hour", "day", "month", "day_of_week")
NAMES = ("minute", "hour", "day of the month", "month", "day of the week")
_PREAMBLE = re.compile(r"^Error validating expression '.*?': ")
_SECOND = timedelta(seconds=1)
_LONGEST_YEARS = 41
"""29 February falls on each weekday once in so many years, the century without it included."""
_ANY_DAY = datetime(2024, 1, 1)  # noqa: DTZ001 - a time on the wall


@dataclass(frozen=True, slots=True)
class Cron:
    """Made by ``cron``, which checks the text."""

    text: str

    def after(self, moment: datetime, zone: tzinfo) -> datetime:
        """The first moment after this one at which something is due.

        A time that comes twice in a night is kept at its first coming, one that is skipped when the clock has jumped
        over it (M12, P2). Where every hour is meant, a repeated hour is an hour as well.
        """
        due = next(at for wall in self._walls(shown(moment, zone)) if (at := first_showing(wall, zone)) > moment)
        if self.text.split()[1] != "*":
            return due
        back = set_back_between(moment, due, zone)
        for wall in self._walls(shown(moment, zone) - back):
            again = last_showing(wall, zone)
            if again >= due:
                return due
            if again > moment:
                return again
        return due

    def _walls(self, after: datetime) -> Iterator[datetime]:
        """What the wall shows whenever something is due, after a time that it shows."""
        # The trigger never sees a zone: it loops or doubles in the nights in which the clock jumps (P1, P2).
        while True:
            after = _following(_trigger(self.text), after)
            yield after


def cron(text: str) -> Cron:
    """Check a schedule; raise ValueError with what is wrong in words."""
    text = " ".join(text.lower().split())
    fields = text.split()
    if len(fields) != len(FIELDS):
        raise ValueError(
            f"a schedule has five fields ({', '.join(NAMES)}), this one has {len(fields)}: every day at three is"
            ' "0 3 * * *"'
        )
    if any(each.isdigit() for each in fields[4]):
        raise ValueError(
            f"weekdays are written by name, because a number means another day in another program: for {fields[4][:40]}"
            f" write {_named(fields[4])}"
        )
    for name, field, value in zip(NAMES, FIELDS, fields, strict=True):
        _check_field(name, field, value)
    if not _is_ever_due(text):
        raise ValueError("this schedule is never due: no such day comes in any year")
    return Cron(text)


def _check_field(name: str, field: str, value: str) -> None:
    from apscheduler.triggers.cron import CronTrigger

    try:
        CronTrigger(**{field: value}, timezone=UTC)
    except (ValueError, TypeError) as error:
        said = _PREAMBLE.sub("", str(error)).replace(field, name).replace('"', "'")
        raise ValueError(f"the {name} of the schedule cannot be read: {said[:200]}") from error


def _is_ever_due(text: str) -> bool:
    begin = _ANY_DAY.replace(tzinfo=UTC)
    fields = dict(zip(FIELDS, text.split(), strict=True))
    from apscheduler.triggers.cron import CronTrigger

    end = begin.replace(year=begin.year + _LONGEST_YEARS)
    return CronTrigger(**fields, timezone=UTC, end_date=end).get_next_fire_time(None, begin) is not None


@cache
def _trigger(text: str) -> "CronTrigger":
    from apscheduler.triggers.cron import CronTrigger

    return CronTrigger(**dict(zip(FIELDS, text.split(), strict=True)), timezone=UTC)


def _following(trigger: "CronTrigger", after: datetime) -> datetime:
    found: datetime | None = trigger.get_next_fire_time(None, after.replace(tzinfo=UTC, microsecond=0) + _SECOND)
    assert found is not None, "``cron`` refuses what is never due"
    return found.replace(tzinfo=None)


def _named(numbers: str) -> str:
    """The same weekdays by name, as cron counts them: 0 and 7 are Sunday."""
    days = [Weekday.SUN, *list(Weekday)]
    named = []
    for part in numbers.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin, end = (0, 6) if span == "*" else (_day(first), _day(last or first))
        if begin is None or end is None or not 0 <= begin <= end <= 7 or (step and not step.isdecimal()):
            return "mon, tue, wed, thu, fri, sat or sun"
        named += [days[number].value for number in range(begin, end + 1, int(step or 1) or 1)]
    order = [day.value for day in Weekday]
    positions = sorted({order.index(name) for name in named})
    if len(positions) > 2 and positions[-1] - positions[0] == len(positions) - 1:
        return f"{order[positions[0]]}-{order[positions[-1]]}"
    return ",".join(order[position] for position in positions)


def _day(text: str) -> int | None:
    names = [Weekday.SUN.value, *(day.value for day in Weekday)]
    if text in names:
        return names.index(text, 1)
    return int(text) if text.isdecimal() else None
