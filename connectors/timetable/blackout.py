"""Windows of the week in which a source is left alone."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta, tzinfo
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from connectors.timetable.wall_clock import first_showing, last_showing, shown
from model.options import Options
from model.week import ClockTime, Weekday

_DAY = timedelta(days=1)
_WEEK = 7 * _DAY
_MONDAY = datetime(2024, 1, 1)  # noqa: DTZ001 - a time on the wall
_MOST_WINDOWS = 1000
"""So many windows, one right behind the other, are more than any year has in which something is ever read."""


def _some(days: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
    if not days:
        raise ValueError("a window without a day never begins: name one, or leave days out for every day")
    return days


class BlackoutOptions(Options):
    """A window of the week, by the clock of the business zone."""

    model_config = ConfigDict(populate_by_name=True)

    days: Annotated[tuple[Weekday, ...], AfterValidator(_some), Field(examples=[("mon", "fri")])] = tuple(Weekday)
    """The days on which the window begins; left out: every day."""
    from_: Annotated[ClockTime, Field(alias="from", examples=["22:00"])]
    """When it begins."""
    until: Annotated[ClockTime, Field(examples=["06:00"])]
    """When it ends: on the same day when this is later than from, otherwise on the day after."""

    def on_the_wall(self, day: datetime) -> tuple[datetime, datetime] | None:
        """What the clock shows when the window of a day, given by its midnight, begins and ends."""
        if list(Weekday)[day.weekday()] not in self.days:
            return None
        begin, end = (datetime.combine(day, time.fromisoformat(at)) for at in (self.from_, self.until))
        return begin, end if end > begin else end + _DAY


def end_of_blackout(blackout: Sequence[BlackoutOptions], moment: datetime, zone: tzinfo) -> datetime | None:
    """When the windows end in which a moment lies, one right behind the other; None when it lies in none.

    A window lasts from the first coming of its begin to the last coming of its end.
    """
    end = moment
    for _ in range(_MOST_WINDOWS):
        later = max((until for begin, until in _windows(blackout, end, zone) if begin <= end < until), default=end)
        if later == end:
            break
        end = later
    return None if end == moment else end


def covers_the_week(blackout: Sequence[BlackoutOptions]) -> bool:
    """Whether no moment of a usual week lies outside the windows."""
    free_from = _MONDAY
    spans = (each.on_the_wall(_MONDAY + number * _DAY) for each in blackout for number in range(-1, 7))
    for begin, end in sorted(span for span in spans if span is not None):
        if begin > free_from:
            return False
        free_from = max(free_from, end)
    return free_from >= _MONDAY + _WEEK


def _windows(
    blackout: Sequence[BlackoutOptions], moment: datetime, zone: tzinfo
) -> Iterator[tuple[datetime, datetime]]:
    """The windows that may hold a moment."""
    midnight = datetime.combine(shown(moment, zone), time())
    for number in (-2, -1, 0, 1):
        for each in blackout:
            if span := each.on_the_wall(midnight + number * _DAY):
                yield first_showing(span[0], zone), last_showing(span[1], zone)
