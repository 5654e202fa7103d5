"""How values read to a person: days, times, amounts, counts and the fields of records."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from model.calendars import DEFAULT_CALENDAR, EVERY_DAY
from model.links import Need, NeedOrigin
from model.money import Money, Month, MonthAmount
from model.records import NeedClaim


def clean(text: str) -> str:
    """Make a foreign text safe to print on one line.

    Control characters would let it steer the terminal, line breaks forge a line, direction marks turn the text (F10).
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)


def day(value: date | datetime | None) -> str:
    """``30 Sep 2026``, or a dash."""
    return f"{value.day} {value:%b %Y}" if value else "–"


def moment(value: datetime | None, zone: ZoneInfo) -> str:
    """``15 Sep 2026 09:10 CEST`` on the clocks of the business, or a dash."""
    if value is None:
        return "–"
    local = value.astimezone(zone)
    return f"{day(local)} {local:%H:%M %Z}"


def month(value: Month) -> str:
    """``Oct 2026``."""
    return f"{value.first:%b %Y}"


def money(amount: Decimal, currency: str) -> str:
    """``EUR 2,040,000``; cents only where there are any."""
    return f"{currency} {amount:,.2f}".removesuffix(".00").strip()


def number(value: Decimal) -> str:
    """``1,234.5``, without trailing zeros and never as a power of ten."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count(number_of: int, singular: str, plural: str | None = None) -> str:
    """``1 digest``, ``3 digests``."""
    return f"{number_of:,} {singular if number_of == 1 else plural or singular + 's'}"


def lateness(days: int) -> str:
    """``47 days late``, ``1 day early`` or ``on the day``."""
    if days == 0:
        return "on the day"
    return f"{count(abs(days), 'day')} {'late' if days > 0 else 'early'}"


def label(name: str) -> str:
    """A field's name in words."""
    return name.replace("_", " ")


def said(text: str) -> str:
    """What a source says, with a date in ISO form written as people write it."""
    try:
        return day(date.fromisoformat(text))
    except ValueError:
        return text


def human(value: Any, zone: ZoneInfo) -> str:
    """One field of a record as a person would write it."""
    if value is None or value == "" or value == ():
        return "blank"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value, zone)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, Money):
        return money(value.amount, value.currency)
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, Enum):
        return label(str(value.value))
    if isinstance(value, MonthAmount):
        return f"{month(value.month)} {number(value.amount)}"
    if isinstance(value, NeedClaim):
        return waiting(value.wanted, value.lag_days)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(human(each, zone) for each in value)
    return str(value)


def waiting(wanted: str, lag_days: int, calendar: str = EVERY_DAY) -> str:
    """What must be there first, and how many days, or working days of a calendar, before."""
    if calendar != EVERY_DAY:
        by = "" if calendar == DEFAULT_CALENDAR else f" ({calendar})"
        return f"{wanted} plus {count(lag_days, 'working day')}{by}"
    if lag_days == 0:
        return wanted
    return f"{wanted} {'plus' if lag_days > 0 else 'minus'} {count(abs(lag_days), 'day')}"


def origin(need: Need) -> str:
    """Who says that something is needed, and who looks after that."""
    told = {
        NeedOrigin.RULE: f"rule {need.rule}",
        NeedOrigin.SOURCE_LINK: "the source says so",
        NeedOrigin.OBJECTIVES_FILE: "the objectives file says so",
    }
    return f"{told[need.origin]}; {need.owner} looks after it" if need.owner else told[need.origin]


def cannot_judge(reason: str, checks: Sequence[str]) -> str:
    """``value-slip, because no saving of procurement has a forecast``."""
    return f"{', '.join(checks)}, because {reason}"
