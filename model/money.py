"""Money and the months it falls into. Amounts are decimals with an ISO currency; never floats."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> "Month":
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read ``2026-10``; raise ValueError for anything else."""
        year, _, month = text.partition("-")
        parsed = cls(int(year), int(month))
        if not 1 <= parsed.month <= 12:
            raise ValueError(f"no such month: {text}")
        return parsed

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        return date(self.year, self.month, self.days)

    @property
    def days(self) -> int:
        return calendar.monthrange(self.year, self.month)[1]

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:,.2f}"


@dataclass(frozen=True, slots=True)
class MonthAmount:
    """What one month holds of a plan, a forecast or actuals, in the currency of its record."""

    month: Month
    amount: Decimal


@dataclass(frozen=True, slots=True)
class RateTable:
    """Rates into one base currency, valid on a stated day (design 5.8). ``rates['USD']`` is base units per dollar."""

    base: str
    rates: tuple[tuple[str, Decimal], ...] = ()
    as_of: date | None = None

    def convert(self, money: Money) -> Money | None:
        """Convert into the base currency; None when there is no rate, never zero and never one."""
        if money.currency == self.base:
            return money
        for currency, rate in self.rates:
            if currency == money.currency:
                return Money(money.amount * rate, self.base)
        return None


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Sum decimals exactly, starting from a decimal zero."""
    return sum(amounts, Decimal(0))
