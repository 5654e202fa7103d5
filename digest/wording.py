"""How amounts, dates and counts are written. Names of days and months do not depend on the machine's locale."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = ((Decimal(10) ** 9, "bn"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "k"))


def exact(amount: Decimal, currency: str = "") -> str:
    """``EUR 2,400,000``: to the unit, for tables."""
    figure = f"{amount.quantize(Decimal(1), ROUND_HALF_UP):,}"
    return f"{currency} {figure}" if currency else figure


def rounded(amount: Decimal, currency: str = "") -> str:
    """``EUR 2.4M``: two significant digits, for headlines."""
    figure = _two_digits(abs(amount))
    sign = "-" if amount < 0 and figure != "0" else ""
    return f"{currency} {sign}{figure}" if currency else f"{sign}{figure}"


def _two_digits(amount: Decimal) -> str:
    if amount < 1:
        return "0" if amount < Decimal("0.5") else "1"
    step = Decimal(10) ** (amount.adjusted() - 1)
    amount = (amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step
    for size, unit in _UNITS:
        if amount >= size:
            scaled = amount / size
            places = "0.1" if scaled < 10 else "1"
            return f"{scaled.quantize(Decimal(places), ROUND_HALF_UP):,}{unit}"
    return str(amount.quantize(Decimal(1), ROUND_HALF_UP))


def day(value: date, today: date) -> str:
    """``30 Sep``, with the year when it is not this year's."""
    text = f"{value.day} {_MONTHS[value.month - 1]}"
    return text if value.year == today.year else f"{text} {value.year}"


def weekday(value: date, today: date) -> str:
    """``Tue 15 Sep``."""
    return f"{_DAYS[value.weekday()]} {day(value, today)}"


def week(value: date) -> str:
    """``week 38``, after ISO 8601."""
    return f"week {value.isocalendar().week}"


def moment(value: datetime, zone: ZoneInfo, today: date) -> str:
    """``06:55`` for a time of today, ``Mon 7 Sep 18:00`` for another."""
    local = value.astimezone(zone)
    clock = f"{local:%H:%M}"
    return clock if local.date() == today else f"{weekday(local.date(), today)} {clock}"


def month(period: str) -> str:
    """``Oct 2026`` for ``2026-10``; anything else stays as it is."""
    year, _, number = period.partition("-")
    if year.isdigit() and number.isdigit() and 1 <= int(number) <= 12:
        return f"{_MONTHS[int(number) - 1]} {year}"
    return period


def count(number: int, one: str, many: str = "") -> str:
    """``1 deal``, ``6 deals``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(parts: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def quarter(period: str) -> str:
    """``Q4 2026`` for ``2026-10``; anything else stays as it is."""
    year, _, number = period.partition("-")
    return f"Q{(int(number) + 2) // 3} {year}" if number.isdigit() else period


def year(period: str) -> str:
    """``2026`` for ``2026-10``."""
    return period.partition("-")[0]
