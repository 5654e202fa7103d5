"""One record as it stood at a moment: our own copy where there is one, else the oldest copy rolled back by what the
source's own history tells. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from model.records import Absence, Record
from state.as_of_fields import Meanings, done_anew, telling_days, told_by, undone


class Basis(StrEnum):
    """On what the picture of a record of a past day rests."""

    OWN = "own"
    """It had been read by then: our own copy."""
    ROLLED_BACK = "rolled_back"
    """It was read later, and its source tells what has changed since."""
    AS_FIRST_READ = "as_first_read"
    """It was read later, and nothing tells what it was before: it is taken as it was when it was first read."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a record said from a time on, or why it was absent from then on."""

    at: datetime
    record: Record | None
    absence: Absence | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """The end of a business day, and how far the sources had been read by then.

    ``since`` is from when on those records are taken as known of which nothing tells when they began.
    """

    at: datetime
    day: date
    since: datetime


@dataclass(frozen=True, slots=True)
class Then:
    """A record as it stood. ``seen`` are its contents up to there; the last one that is present is ``record``."""

    record: Record
    basis: Basis
    seen: tuple[Seen, ...]
    absence: Absence | None = None
    absent_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceHistory:
    """What must be known of a record's source.

    ``first_read`` is when it was first read to its end. A record without a time of creation that came later
    was not there before. ``tells`` says whether it tells a history of such records.
    """

    meanings: Meanings
    first_read: datetime | None
    tells: bool


def as_it_stood(seen: Sequence[Seen], moment: Moment, source: SourceHistory) -> Then | None:
    """The record at a moment; None where it did not exist or was not known to. ``seen`` is all we ever saw."""
    own = [each for each in seen if each.at <= moment.at]
    if own:
        return _known(own, seen, moment, source)
    first = seen[0].record
    if first is None or not _existed(first, seen[0].at, moment, source):
        return None
    record = undone(first, moment.at, moment.day, source.meanings)
    began = min(record.created or moment.since, moment.at)
    basis = Basis.ROLLED_BACK if source.tells else Basis.AS_FIRST_READ
    return Then(record, basis, (Seen(max(began, record.changed or began), record),))


def turning_points(seen: Sequence[Seen], zone: ZoneInfo) -> Iterator[datetime]:
    """The moments at which a record becomes another one, or comes to be known; some may turn out to change nothing."""
    yield from (each.at for each in seen)
    for each in seen:
        if each.record is not None:
            yield from (told.at for told in told_by(each.record))
    first = seen[0].record
    if first is None:
        return
    if first.created is not None:
        yield first.created
    for day in telling_days(first):
        yield datetime.combine(day, time.min, zone)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The last second of a business day, in UTC."""
    return datetime.combine(day + timedelta(1), time.min, zone).astimezone(UTC) - timedelta(seconds=1)


def _known(own: Sequence[Seen], seen: Sequence[Seen], moment: Moment, source: SourceHistory) -> Then | None:
    """Our own copy, with what the source tells of the time between our last look and the moment."""
    present = [each for each in own if each.record is not None]
    if not present or present[-1].record is None:
        return None
    copy, last = present[-1], own[-1]
    record = present[-1].record
    if last.record is None:
        since = next(each.at for each in reversed(own) if each.record is None and _begins_absence(each, own))
        return Then(record, Basis.OWN, tuple(own), last.absence, since)
    following = next((each.record for each in seen[len(own) :] if each.record is not None), None)
    news = [told for told in told_by(following) if copy.at < told.at <= moment.at] if following is not None else []
    if not news:
        return Then(record, Basis.OWN, tuple(own))
    after = done_anew(record, news, source.meanings)
    return Then(after, Basis.OWN, (*own, Seen(news[-1].at, after)))


def _begins_absence(entry: Seen, own: Sequence[Seen]) -> bool:
    """Whether the record was present right before."""
    place = own.index(entry)
    return place == 0 or own[place - 1].record is not None


def _existed(first: Record, first_seen: datetime, moment: Moment, source: SourceHistory) -> bool:
    if first.created is not None:
        return first.created <= moment.at
    return source.first_read is None or first_seen <= max(moment.at, source.first_read)
