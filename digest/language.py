"""The words, dates and figures of one reader.

English stands in the code; catalogues translate it, and Babel knows how each place writes figures and names of days.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from digest.catalogues import SOURCE, translations

if TYPE_CHECKING:
    from babel.numbers import NumberPattern


def marked(text: str) -> str:
    """A text of the code that is said elsewhere; so those who translate find it."""
    return text


def counted(one: str, many: str) -> tuple[str, str]:
    """The two forms of a text that is counted elsewhere."""
    return one, many


_HOUR, _DAY = 3600, 86_400
_UNITS = (
    (Decimal(10) ** 9, marked("{figure}bn")),
    (Decimal(10) ** 6, marked("{figure}M")),
    (Decimal(10) ** 3, marked("{figure}k")),
)


@dataclass(frozen=True, slots=True)
class _Names:
    """The short names of the days of the week from 0, Monday, and of the months from 1."""

    days: Mapping[int, str]
    months: Mapping[int, str]


@cache
def _names(code: str) -> _Names:
    from babel.dates import get_day_names, get_month_names

    return _Names(
        dict(get_day_names("abbreviated", "stand-alone", code)),
        dict(get_month_names("abbreviated", "stand-alone", code)),
    )


@cache
def _pattern(place: str, places: int) -> "NumberPattern":
    """How a place groups the digits of a figure, with so many behind the point."""
    from babel import Locale

    pattern: NumberPattern = copy(Locale.parse(place).decimal_formats[None])
    pattern.frac_prec = (places, places)
    return pattern


def writes_numbers(place: str) -> bool:
    """Whether it is known how figures are written at a place, such as ``de_CH``."""
    from babel import Locale, UnknownLocaleError

    try:
        Locale.parse(place)
    except (ValueError, UnknownLocaleError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Language:
    """How one reader is spoken to: ``code`` chooses the words, ``numbers`` a locale (``de_CH``) for the figures."""

    code: str = SOURCE
    numbers: str = "en"

    def say(self, text: str, /, **values: object) -> str:
        """Translate a text of the code and fill its named places. What the catalogue lacks stays English."""
        return self.pattern(text).format(**values)

    def pattern(self, text: str) -> str:
        """Translate a text of the code and leave its places open."""
        return translations(self.code).gettext(text) if text else ""

    def count(self, number: int, one: str, many: str, /, **values: object) -> str:
        """The form for a number: ``count(6, "{n} deal", "{n} deals")`` gives ``6 deals``."""
        return self.plural(one, many, number).format(n=self.figure(number), **values)

    def plural(self, one: str, many: str, number: int) -> str:
        """The form for a number, with its places left open."""
        return translations(self.code).ngettext(one, many, number)

    def figure(self, amount: Decimal | int) -> str:
        """A figure as it is written here, with the places that it has."""
        number = Decimal(amount)
        exponent = number.as_tuple().exponent
        places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
        return str(_pattern(self.numbers, places).apply(number, self.numbers))

    def percent(self, number: Decimal | int) -> str:
        """``18.4 %``."""
        return self.say("{figure} %", figure=self.figure(number))

    def exact(self, amount: Decimal, currency: str = "") -> str:
        """``EUR 2,400,000``: to the unit, for tables."""
        return self._money(self.figure(amount.quantize(Decimal(1), ROUND_HALF_UP)), currency)

    def money(self, amount: Decimal, currency: str) -> str:
        """``EUR 2,400,000`` or ``EUR 12.50``: as it is, for sentences."""
        return self._money(self.figure(amount), currency)

    def rounded(self, amount: Decimal, currency: str = "") -> str:
        """``EUR 2.4M``: two significant digits, for headlines."""
        figure = self._two_digits(abs(amount))
        sign = "-" if amount < 0 and figure != "0" else ""
        return self._money(f"{sign}{figure}", currency)

    def _money(self, figure: str, currency: str) -> str:
        return self.say("{currency} {figure}", currency=currency, figure=figure) if currency else figure

    def _two_digits(self, amount: Decimal) -> str:
        if amount < 1:
            return "0" if amount < Decimal("0.5") else "1"
        step = Decimal(10) ** (amount.adjusted() - 1)
        amount = (amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step
        for size, unit in _UNITS:
            if amount >= size:
                scaled = amount / size
                places = "0.1" if scaled < 10 else "1"
                return self.say(unit, figure=self.figure(scaled.quantize(Decimal(places), ROUND_HALF_UP)))
        return self.figure(amount.quantize(Decimal(1), ROUND_HALF_UP))

    def day(self, value: date, today: date) -> str:
        """``30 Sep``, with the year when it is not this year's."""
        text = self.say("{day} {month}", day=value.day, month=_names(self.code).months[value.month])
        return text if value.year == today.year else f"{text} {value.year}"

    def weekday(self, value: date, today: date) -> str:
        """``Tue 15 Sep``."""
        return f"{_names(self.code).days[value.weekday()]} {self.day(value, today)}"

    def week(self, value: date) -> str:
        """``week 38``, after ISO 8601."""
        return self.say("week {number}", number=value.isocalendar().week)

    def moment(self, value: datetime, zone: ZoneInfo, today: date) -> str:
        """``06:55`` for a time of today, ``Mon 7 Sep 18:00`` for another."""
        local = value.astimezone(zone)
        clock = f"{local:%H:%M}"
        return clock if local.date() == today else f"{self.weekday(local.date(), today)} {clock}"

    def month(self, period: str) -> str:
        """``Oct 2026`` for ``2026-10``; anything else stays as it is."""
        year, _, number = period.partition("-")
        if year.isdigit() and number.isdigit() and 1 <= int(number) <= 12:
            return f"{_names(self.code).months[int(number)]} {year}"
        return period

    def quarter(self, period: str) -> str:
        """``Q4 2026`` for ``2026-10``; anything else stays as it is."""
        year, _, number = period.partition("-")
        return f"Q{(int(number) + 2) // 3} {year}" if number.isdigit() else period

    def span(self, seconds: int) -> str:
        """``3 weeks``, ``47 hours``, ``5 minutes``: rounded down, in days from two days and in weeks from three."""
        if seconds >= 3 * 7 * _DAY:
            return self.count(seconds // (7 * _DAY), "{n} week", "{n} weeks")
        if seconds >= 2 * _DAY:
            return self.count(seconds // _DAY, "{n} day", "{n} days")
        if seconds >= _HOUR:
            return self.count(seconds // _HOUR, "{n} hour", "{n} hours")
        return self.count(seconds // 60, "{n} minute", "{n} minutes") if seconds >= 60 else self.say("under a minute")

    def listed(self, parts: Sequence[str]) -> str:
        """``a``, ``a and b``, ``a, b and c``."""
        if len(parts) < 2:
            return "".join(parts)
        return self.say("{others} and {last}", others=", ".join(parts[:-1]), last=parts[-1])


ENGLISH = Language()
