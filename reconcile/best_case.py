"""What a saving can bring at best: the most that anybody claims for a month, on the days that its enabler leaves."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from model.money import Month, MonthAmount
from model.records import Saving
from reconcile.forecast import Forecast, ForecastState
from reconcile.impact import CENT, DAYS_OF_A_YEAR, planned_start
from reconcile.story import says_of
from reconcile.values import NONE, by_month
from reconcile.world import World

_OPEN_WITHOUT_A_DATE = frozenset({ForecastState.OVERDUE, ForecastState.UNDATED})


@dataclass(frozen=True, slots=True)
class BestCase:
    """The best case of one saving in its own currency, and by month what its plan loses even then."""

    saving: Saving
    amount: Decimal
    lost: tuple[MonthAmount, ...]
    currency: str
    forecast: Forecast | None

    @property
    def short(self) -> Decimal:
        return sum((cell.amount for cell in self.lost), NONE)


def best_case(world: World, saving: Saving, months: Collection[Month]) -> BestCase | str:
    """The best case in these months, or in words why it is not known.

    A month that is over brings its actual; where that is blank, and in months to come, it is the largest of plan,
    forecast and actual. Of that count the days from the possible start on: the forecast of the enabler with its lag,
    today where the enabler is open without a date that holds, and none to come where it was dropped. Rounded to cents.
    """
    forecast = world.forecasts.get(saving.id)
    if world.absence(saving.id) is not None:
        return f"{saving.key} was not seen in the last reading"
    if forecast is not None and forecast.state is ForecastState.UNKNOWN:
        return f"{world.key(forecast.cause)} {says_of(world, forecast.cause)}"
    if not (saving.plan or saving.forecast or saving.actual or saving.run_rate):
        return f"{saving.key} has no amounts"
    series = [by_month(cells) for cells in (saving.plan, saving.forecast, saving.actual)]
    if not saving.plan and saving.run_rate is not None:
        series[0] = dict(_of_run_rate(saving.run_rate.amount, planned_start(saving), months))
    possible = _possible(world, forecast)
    amount, lost = NONE, []
    for month in sorted(months):
        best = _best(series, month, world.today, possible, planned_start(saving))
        amount += best
        if (short := (series[0].get(month, NONE) - best).quantize(CENT, ROUND_HALF_EVEN)) > 0:
            lost.append(MonthAmount(month, short))
    currency = saving.run_rate.currency if saving.run_rate and not saving.plan else saving.currency
    return BestCase(saving, amount.quantize(CENT, ROUND_HALF_EVEN), tuple(lost), currency, forecast)


def _best(
    series: list[dict[Month, Decimal]], month: Month, today: date, possible: date | None, start: date | None
) -> Decimal:
    actual = series[2].get(month)
    over = month.last < today
    if over and actual is not None:
        return actual
    claimed = max((amounts[month] for amounts in series if month in amounts), default=NONE)
    if possible is None or possible <= month.first or claimed <= 0 or (start is not None and possible <= start):
        return claimed
    begin = max(month.first, min(start or month.first, month.last))
    end = month.last + timedelta(1)
    impossible = max((min(possible, end) - begin).days, 0)
    return claimed - claimed * impossible / (end - begin).days


def _possible(world: World, forecast: Forecast | None) -> date | None:
    """Before which day nothing can come; None where nothing holds the saving up."""
    if forecast is None or forecast.next is None:
        return None
    if forecast.state is ForecastState.DROPPED:
        return date.max
    if forecast.state in _OPEN_WITHOUT_A_DATE:
        return world.today
    return forecast.day if forecast.state is ForecastState.DATED else None


def _of_run_rate(yearly: Decimal, start: date | None, months: Collection[Month]) -> Iterator[tuple[Month, Decimal]]:
    for month in months:
        days = (month.last + timedelta(1) - max(month.first, start or month.first)).days
        if days > 0:
            yield month, yearly * days / DAYS_OF_A_YEAR


def months_of(period: str) -> tuple[Month, ...]:
    """The months of ``2026``, ``2026-10``, ``Q4 2026``, ``2026-Q4`` or ``2026-10-01 to 2026-12-31``; else none.

    Anything else, a fiscal year among it, is not guessed.
    """
    words = period.upper().replace("/", " ").replace("-Q", " Q").split()
    try:
        match words:
            case [year] if year.isdecimal() and len(year) == 4:
                return _from_to(Month(int(year), 1), Month(int(year), 12))
            case [month]:
                return (Month.parse(month),) if len(month) == 7 else ()
            case [first, "TO", last]:
                return _from_to(Month.of(date.fromisoformat(first)), Month.of(date.fromisoformat(last)))
            case [one, other]:
                quarter, year = (one, other) if one in _QUARTERS else (other, one)
                if quarter in _QUARTERS and year.isdecimal() and len(year) == 4:
                    begin = _QUARTERS[quarter]
                    return _from_to(Month(int(year), begin), Month(int(year), begin + 2))
    except ValueError:
        return ()
    return ()


_QUARTERS: Mapping[str, int] = {"Q1": 1, "Q2": 4, "Q3": 7, "Q4": 10}


def _from_to(first: Month, last: Month) -> tuple[Month, ...]:
    found = []
    while first <= last:
        found.append(first)
        first = Month.of(first.last + timedelta(1))
    return tuple(found)
