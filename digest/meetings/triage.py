"""When a triage is held and about what: planned from what stands and from what the audience was told before (I1)."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from digest.base import Meeting
from digest.brief import Brief
from digest.causes import Cause, group
from digest.options import TriageOptions, Weekday
from model.calendars import Calendar
from model.findings import Account

NOTICE = timedelta(hours=1)
"""How long before it begins people are told at the latest."""


def planned(brief: Brief, known: Meeting | None) -> Meeting | None:
    """The triage that this audience is invited to, or that is called off; None where there is neither.

    ``known`` is the one it was told of last. While that is ahead it keeps its time, and every change of its content is
    told under the next number. One that nothing calls for any more is called off once, and stays so.
    """
    options, now = brief.edition.options.triage, brief.edition.now
    if options is None:
        return None
    ahead = known if known is not None and known.start > now else None
    causes = over_the_trigger(brief.decisions)
    if not causes:
        if ahead is None or ahead.cancelled:
            return replace(ahead, fresh=False) if ahead else None
        return replace(ahead, sequence=ahead.sequence + 1, cancelled=True, fresh=True)
    held = ahead if ahead is not None and not ahead.cancelled else None
    start = held.start if held else _slot(options, brief, causes)
    about, content = _about(causes), _content(causes)
    if held is not None and (held.about, held.content) == (about, content):
        return replace(held, fresh=False)
    sequence = ahead.sequence + 1 if ahead is not None and ahead.start == start else 0
    fresh = held is None or not set(about) <= set(held.about)
    return Meeting(start=start, about=about, content=content, sequence=sequence, fresh=fresh)


def over_the_trigger(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    return tuple(cause for cause in causes if cause.triage is not None)


def causes_of(meeting: Meeting, brief: Brief) -> tuple[Cause, ...]:
    """What the triage is about, the weightiest first, whatever a reader's budget leaves of the rest."""
    about = frozenset(meeting.about)
    return group(tracked for tracked in brief.at_risk if tracked.fingerprint in about)


def regular_day(options: TriageOptions, brief: Brief) -> date:
    """The next day of the regular meeting that is not off and not over; who meets on Saturdays works on them."""
    edition = brief.edition
    days = (brief.today + timedelta(number) for number in range(8 * 7))
    wanted = list(Weekday).index(options.weekday)
    calendar = edition.calendar
    usual = wanted in calendar.weekdays
    regular = (day for day in days if day.weekday() == wanted and (not usual or calendar.works_on(day)))
    ahead = (day for day in regular if _at(day, options.local_time, edition.zone) >= edition.now + NOTICE)
    return next(ahead, brief.today + timedelta(7))


def _slot(options: TriageOptions, brief: Brief, causes: Sequence[Cause]) -> datetime:
    """The regular day; where it comes too late to wait for, or after the first day to decide, the last day before."""
    edition, regular = brief.edition, regular_day(options, brief)
    latest = edition.calendar.after(brief.today, options.within_working_days)
    due = brief.first_due(causes)
    if due is not None and due >= brief.today:
        latest = min(latest, due)
    day = (
        regular
        if regular <= latest
        else _last_worked(brief.today, latest, edition.calendar, options, edition.now, edition.zone)
    )
    return _at(day, options.local_time, edition.zone)


def _last_worked(
    today: date, latest: date, calendar: Calendar, options: TriageOptions, now: datetime, zone: ZoneInfo
) -> date:
    """The last working day until ``latest`` on which there is still time; else the next one there is."""
    days = [today + timedelta(number) for number in range((latest - today).days + 15)]
    open_days = [day for day in days if calendar.works_on(day) and _at(day, options.local_time, zone) >= now + NOTICE]
    return max((day for day in open_days if day <= latest), default=min(open_days, default=today + timedelta(1)))


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """A local time as a moment; one that a clock change skips is when the clock has jumped over it."""
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def _about(causes: Iterable[Cause]) -> tuple[str, ...]:
    return tuple(sorted(tracked.fingerprint for cause in causes for tracked in cause.findings))


def _content(causes: Iterable[Cause]) -> str:
    """What people would read differently: the slip, the days, the money, who decides and by when."""
    told = [
        (
            cause.key,
            str(cause.triage),
            cause.impact.days,
            [str(cause.impact.full(account)) for account in Account],
            cause.decider,
            str(cause.decide_by),
        )
        for cause in causes
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]
