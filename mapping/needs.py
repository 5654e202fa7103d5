"""What objectives and rules have in common where they say what must come first."""

from collections.abc import Collection, Iterator

from mapping.document import Document, Loc
from mapping.schema import NeedTerms
from mapping.wording import did_you_mean
from model.calendars import DEFAULT_CALENDAR
from model.errors import Problem


def calendar_problems(
    document: Document, loc: Loc, need: NeedTerms, calendars: Collection[str] | None
) -> Iterator[Problem]:
    """A calendar that nobody configured, or one beside a lag that counts every day.

    ``calendars`` are the configured ones, None where nobody told.
    """
    if need.calendar is None:
        return
    at = (*loc, "calendar")
    if need.lag is None or not need.lag.working:
        hint = f"write lag: {need.lag_days or 10} working days, or remove the calendar"
        yield document.problem(at, "a calendar counts working days, but the lag is none of working days", hint)
    elif calendars is not None and need.calendar not in calendars and need.calendar != DEFAULT_CALENDAR:
        hint = (
            did_you_mean(need.calendar, sorted(calendars)) if calendars else "add it under calendars: of the settings"
        )
        yield document.problem(at, f"there is no calendar '{need.calendar}'", hint)
