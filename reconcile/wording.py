"""How days, counts and lists are written in findings. Names of months do not depend on the machine's locale."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from model.calendars import DEFAULT_CALENDAR, EVERY_DAY
from reconcile.forecast import Lag

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day_text(day: date) -> str:
    """``30 Sep 2026``."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def days_text(days: int) -> str:
    """``1 day``, ``47 days``."""
    return f"{days:,} day{'' if days == 1 else 's'}"


def lag_text(lag: Lag) -> str:
    """``14 days``, ``10 working days``, ``10 working days (de-by)``."""
    if lag.calendar == EVERY_DAY:
        return days_text(lag.days)
    words = f"{lag.days:,} working day{'' if lag.days == 1 else 's'}"
    return words if lag.calendar == DEFAULT_CALENDAR else f"{words} ({lag.calendar})"


def later_text(days: int) -> str:
    """``47 days later``, ``3 days earlier``."""
    return f"{days_text(abs(days))} {'later' if days >= 0 else 'earlier'}"


def amount_text(amount: Decimal, currency: str) -> str:
    """``EUR 480,000``, with cents where there are any."""
    places = 0 if amount == amount.to_integral_value() else 2
    return f"{currency} {amount:,.{places}f}"


def listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
