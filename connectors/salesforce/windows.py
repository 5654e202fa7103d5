"""Cuts a full read into windows of CreatedDate, so that several of them can be walked at once.

CreatedDate is the one date of a record that never changes: however the org is edited while it is read, each record
stands in one window, and no other.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from connectors.salesforce.client import Row, SalesforceClient
from connectors.salesforce.soql import before, count_by, since
from model.errors import (
    SourceAuthError,
    SourceContentError,
    SourceError,
    SourceRateLimitedError,
)

FIELD = "CreatedDate"
_SMALLEST_WINDOW = 400
"""As many as one query for their history takes; smaller windows would cost more requests than they save time."""
_LARGEST_WINDOW = 1_000
"""Salesforce answers up to 2,000 on a page: a window that fits on it opens no cursor (S16), and several of them fit in
memory at a time."""
_WINDOWS_PER_WALK = 2
"""So many for each walk that is under way, so that none waits long for the last one."""
_PIECES_OF_AN_HOUR = 12
_LAST_YEAR = 9998


@dataclass(frozen=True, slots=True)
class Window:
    """From a moment on, before another; None stands for all time on that side.

    ``few`` says that what was created in it was counted and fits on a page.
    """

    start: datetime | None = None
    end: datetime | None = None
    few: bool = False

    def conditions(self, seen: datetime | None = None) -> list[str]:
        """What a query must ask for, from ``seen`` on where the walk has come that far."""
        start = seen or self.start
        found = [since(FIELD, start)] if start else []
        return [*found, before(FIELD, self.end)] if self.end else found


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many records were created between two moments, the second one not included."""

    start: datetime
    end: datetime
    count: float


def cut_into_windows(client: SalesforceClient, sobject: str, at_once: int) -> list[Window]:
    """Windows of about the same size; a single one for what is small, or where Salesforce cannot count.

    Every instant is in exactly one of them: the first has no beginning and the last no end.
    """
    if at_once == 1:
        return [Window()]
    try:
        buckets = list(_months(client, sobject))
        largest = _largest(sum(bucket.count for bucket in buckets), at_once)
        cuts = (partial(_cut, client, sobject, bucket, largest) for bucket in buckets)
        finer = [piece for pieces in client.ask_all(cuts) for piece in pieces]
    except (SourceAuthError, SourceRateLimitedError, SourceContentError):
        raise
    except SourceError:
        # An org that is too large to be counted, or too busy, is read in one walk; a real outage ends that as well.
        return [Window()]
    return split(finer, largest)


def split(buckets: Sequence[Bucket], largest: float) -> list[Window]:
    """Join neighbouring buckets as long as they hold no more than ``largest`` together."""
    edges: list[datetime] = []
    counts = [0.0]
    for bucket in sorted(buckets, key=lambda bucket: bucket.start):
        if counts[-1] and counts[-1] + bucket.count > largest:
            edges.append(bucket.start)
            counts.append(0.0)
        counts[-1] += bucket.count
    return [
        Window(start, end, few=count <= _LARGEST_WINDOW)
        for start, end, count in zip([None, *edges], [*edges, None], counts, strict=True)
    ]


def _largest(total: float, at_once: int) -> float:
    wanted = math.ceil(total / (at_once * _WINDOWS_PER_WALK) / _SMALLEST_WINDOW) * _SMALLEST_WINDOW
    return min(_LARGEST_WINDOW, max(_SMALLEST_WINDOW, wanted))


def _months(client: SalesforceClient, sobject: str) -> Iterator[Bucket]:
    for row in client.counts(count_by(FIELD, sobject, ("CALENDAR_YEAR", "CALENDAR_MONTH"))):
        year, month, count = _whole(client, row, "part0", "part1", "n")
        if not (1 <= month <= 12 and 1 <= year <= _LAST_YEAR):
            raise client.nonsense("a month that is none")
        after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        yield Bucket(datetime(year, month, 1, tzinfo=UTC), after, count)


def _cut(client: SalesforceClient, sobject: str, month: Bucket, largest: float) -> list[Bucket]:
    """Cut a month that holds too many into days, such a day into hours, and such an hour evenly: an import of
    thousands may have taken minutes."""
    found: list[Bucket] = []
    for day in _parts(client, sobject, month, "DAY_IN_MONTH", timedelta(days=1), largest):
        for hour in _parts(client, sobject, day, "HOUR_IN_DAY", timedelta(hours=1), largest):
            found += _evenly(hour) if hour.count > largest else [hour]
    return found


def _parts(
    client: SalesforceClient, sobject: str, whole: Bucket, part: str, length: timedelta, largest: float
) -> Iterator[Bucket]:
    if whole.count <= largest:
        yield whole
        return
    # Days are counted from 1, hours from 0.
    first = 1 if part == "DAY_IN_MONTH" else 0
    inside = (since(FIELD, whole.start), before(FIELD, whole.end))
    for row in client.counts(count_by(FIELD, sobject, (part,), *inside)):
        number, count = _whole(client, row, "part0", "n")
        start = whole.start + length * (number - first)
        if not whole.start <= start < whole.end:
            raise client.nonsense("a day or an hour that is none")
        yield Bucket(start, start + length, count)


def _evenly(hour: Bucket) -> list[Bucket]:
    length = (hour.end - hour.start) / _PIECES_OF_AN_HOUR
    starts = [hour.start + length * number for number in range(_PIECES_OF_AN_HOUR)]
    return [Bucket(start, start + length, hour.count / _PIECES_OF_AN_HOUR) for start in starts]


def _whole(client: SalesforceClient, row: Row, *names: str) -> list[int]:
    numbers = [row.get(name) for name in names]
    found = [number for number in numbers if isinstance(number, int) and not isinstance(number, bool) and number >= 0]
    if len(found) != len(numbers):
        raise client.nonsense("a count that is no number")
    return found
