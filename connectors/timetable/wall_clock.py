"""Between moments and what the clock on the wall of a zone shows, also in the nights in which that jumps.

Moments are aware, in UTC; what the wall shows is naive.
"""

from datetime import UTC, datetime, timedelta, tzinfo

_WIDEST_JUMP = timedelta(hours=26)
"""More than any zone ever jumped; Samoa once left out a whole day."""
_CLOSE_ENOUGH = timedelta(seconds=1)


def shown(moment: datetime, zone: tzinfo) -> datetime:
    """What the wall shows at a moment."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def first_showing(wall: datetime, zone: tzinfo) -> datetime:
    """The moment from which on the clock has shown this time or a later one: its first coming where it comes twice, and
    the jump where it is skipped."""
    early, late = _both(wall, zone)
    return early if shown(early, zone) == wall else _jump(wall, early, late, zone)


def last_showing(wall: datetime, zone: tzinfo) -> datetime:
    """The last coming of a time: the second one where it comes twice, and the jump where it is skipped."""
    early, late = _both(wall, zone)
    return late if shown(late, zone) == wall else _jump(wall, early, late, zone)


def set_back_between(begin: datetime, end: datetime, zone: tzinfo) -> timedelta:
    """By how much the clock was set back on the whole between two moments; nothing when it was not."""
    return max(timedelta(), (end - begin) - (shown(end, zone) - shown(begin, zone)))


def _both(wall: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    readings = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return min(readings), max(readings)


def _jump(wall: datetime, before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The moment at which the clock jumps over a time that it never shows."""
    if shown(before, zone) > wall or shown(after, zone) < wall:  # two jumps in one day; no zone does that
        before, after = before - _WIDEST_JUMP, after + _WIDEST_JUMP
    while after - before > _CLOSE_ENOUGH:
        middle = before + (after - before) // 2
        before, after = (before, middle) if shown(middle, zone) >= wall else (middle, after)
    return after.replace(microsecond=0)
