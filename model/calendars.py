"""Working days: which days of the week are worked and which are off, as one value that can count."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import date

EVERY_DAY = ""
"""Instead of a calendar's name: every day counts."""
DEFAULT_CALENDAR = "default"
"""The calendar of working days whose lag names none."""
MONDAY_TO_FRIDAY = frozenset(range(5))

_LAST = date.max.toordinal()


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days of the week that are worked, Monday being 0, but for the days off.

    In years for which no days off are known, the days of the week alone count.
    """

    weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    off: frozenset[date] = frozenset()
    _off: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.weekdays or not self.weekdays <= frozenset(range(7)):
            raise ValueError("a calendar works on at least one day of the week, from 0 to 6")
        missed = sorted(day.toordinal() for day in self.off if day.weekday() in self.weekdays)
        object.__setattr__(self, "_off", tuple(missed))

    def works_on(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.off

    def left(self, today: date, until: date) -> int:
        """How many working days come after a day, up to and including another; 0 when that is not later."""
        days = range(today.toordinal() + 1, until.toordinal() + 1)
        return sum(self.works_on(date.fromordinal(day)) for day in days)

    def after(self, day: date, working_days: int) -> date:
        """The working day that lies so many working days after a day.

        After 0, it is the day itself if it is worked, else the next that is. What ends on a day off is counted from as
        if it had ended on the working day before. Beyond what dates can say, it is their last day.
        """
        if working_days < 0:
            raise ValueError("working days are counted forward")
        if working_days == 0:
            return day if self.works_on(day) else self.after(day, 1)
        at, left = day.toordinal(), working_days
        while left > len(self.weekdays):  # whole weeks at once, then what they lost to days off
            weeks = (left - 1) // len(self.weekdays)
            missed = -bisect_right(self._off, at)
            at += 7 * weeks
            missed += bisect_right(self._off, at)
            left += missed - weeks * len(self.weekdays)
            if at >= _LAST:
                return date.max
        while left and at < _LAST:
            at += 1
            left -= self.works_on(date.fromordinal(at))
        return date.fromordinal(at)

    def before(self, day: date, working_days: int) -> date:
        """The latest day after which so many working days still end on or before a day; ``after`` backwards.

        Before the first day that dates can say, it is that day.
        """
        if working_days < 0:
            raise ValueError("working days are counted back")
        at, left = day.toordinal() + 1, max(1, working_days)
        while left > len(self.weekdays):  # whole weeks at once, then what they lost to days off
            weeks = (left - 1) // len(self.weekdays)
            missed = bisect_left(self._off, at)
            at -= 7 * weeks
            missed -= bisect_left(self._off, at)
            left += missed - weeks * len(self.weekdays)
            if at <= 1:
                return date.min
        while left and at > 1:
            at -= 1
            left -= self.works_on(date.fromordinal(at))
        return date.fromordinal(at if working_days == 0 else max(1, at - 1))
