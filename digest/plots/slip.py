"""How a forecast slipped: the date that was forecast against the day on which it was told."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from digest.language import Language
from digest.plots.axes import BAD, FAINT, GOOD, GRID, INK, WIDTH, document, label, stroke
from model.records import Move

LEAST_MOVES = 2
"""A single move is a sentence."""
LONGEST = timedelta(days=365)
"""How far back moves are shown."""
_LEFT, _RIGHT, _TOP, _FIELD, _FOOT = 108, 22, 48, 168, 56
_MOST_LABELS = 5
_NAME_LIMIT = 44
_APART = 15
"""Pixels between two labels on the left, so that they do not touch."""


@dataclass(frozen=True, slots=True)
class SlipHistory:
    """What was forecast, from each of these days on; the first day is when it moved first, with what held before."""

    name: str
    end: date
    forecasts: Sequence[tuple[date, date]]
    promised: date | None = None

    @property
    def moves(self) -> int:
        return len(self.forecasts) - 1

    @property
    def first(self) -> date:
        return self.forecasts[0][1]

    @property
    def last(self) -> date:
        return self.forecasts[-1][1]


def slip_history(
    moves: Iterable[Move], *, forecast: date, promised: date | None, name: str, end: date, zone: ZoneInfo
) -> SlipHistory | None:
    """The moves that lead to the forecast; None where they do not, or are too few for a picture.

    Of several dates of a record the one that now says the forecast is followed; of several moves on a day the last.
    """
    by_field: dict[str, list[Move]] = {}
    for move in moves:
        if move.old is not None and move.new is not None:
            by_field.setdefault(move.field, []).append(move)
    for steps in by_field.values():
        told = _forecasts(steps, end, zone)
        if len(told) > LEAST_MOVES and told[-1][1] == forecast:
            return SlipHistory(name, end, told, promised)
    return None


def _forecasts(steps: Sequence[Move], end: date, zone: ZoneInfo) -> list[tuple[date, date]]:
    """Day and date from then on. It begins some days before the first move, so that what held then is seen."""
    days = {step.at.astimezone(zone).date(): step.new for step in steps if step.new is not None}
    recent = {day: new for day, new in days.items() if end - LONGEST <= day <= end}
    if not recent:
        return []
    first = min(recent)
    old = next(step.old for step in steps if step.at.astimezone(zone).date() == first)
    assert old is not None
    before = first - timedelta(max(3, (end - first).days // 8))
    told = [(before, old)]
    told += [(day, new) for day, new in recent.items() if new != told[-1][1]]
    return [each for number, each in enumerate(told) if number == 0 or each[1] != told[number - 1][1]]


def svg(history: SlipHistory, words: Language) -> tuple[str, int]:
    """Draw it; give the picture and how high it is."""
    height = _TOP + _FIELD + _FOOT
    return document(height, _parts(history, words)), height


def _parts(history: SlipHistory, words: Language) -> Iterator[str]:
    floor, right = _TOP + _FIELD, WIDTH - _RIGHT
    low, high = _range(history)

    def x(day: date) -> float:
        return _LEFT + (right - _LEFT) * (day - history.forecasts[0][0]).days / _days(history)

    def y(day: date) -> float:
        return floor - _FIELD * (day - low).days / max(1, (high - low).days)

    yield label(16, 28, history.name, colour=INK, bold=True, limit=_NAME_LIMIT)
    yield stroke(f"M{_LEFT} {floor} H{right}", FAINT)
    taken: list[float] = []
    for day, colour in _levels(history):
        yield stroke(f"M{_LEFT} {y(day):.1f} H{right}", GRID)
        if len(taken) < _MOST_LABELS and all(abs(y(day) - other) >= _APART for other in taken):
            taken.append(y(day))
            yield label(_LEFT - 9, y(day) + 5, words.day(day, history.end), anchor="end", colour=colour)
    if history.promised is not None:
        yield stroke(f"M{_LEFT} {y(history.promised):.1f} H{right}", GOOD, width=2, dashes="7 5")
    yield from _staircase(history, x, y)
    yield from _legend(history, floor, words)


def _staircase(history: SlipHistory, x: Callable[[date], float], y: Callable[[date], float]) -> Iterator[str]:
    """The forecast over the days it was told, with a mark where it moved."""
    path = f"M{x(history.forecasts[0][0]):.1f} {y(history.first):.1f}"
    for _, (day, forecast) in pairwise(history.forecasts):
        path += f" H{x(day):.1f} V{y(forecast):.1f}"
    yield stroke(f"{path} H{x(history.end):.1f}", BAD, width=2.5)
    for day, forecast in history.forecasts[1:]:
        yield f'<circle cx="{x(day):.1f}" cy="{y(forecast):.1f}" r="4.5" fill="{BAD}"/>'


def _legend(history: SlipHistory, floor: float, words: Language) -> Iterator[str]:
    first, end = history.forecasts[0][0], history.end
    yield label(_LEFT, floor + 20, words.day(first, end))
    yield label(WIDTH - _RIGHT, floor + 20, words.day(end, end), anchor="end")
    yield stroke(f"M{_LEFT} {floor + 38} h22", BAD, width=2.5)
    yield label(_LEFT + 29, floor + 43, words.say("date in the plan"), colour=INK)
    if history.promised is not None:
        yield stroke(f"M{_LEFT + 190} {floor + 38} h24", GOOD, width=2, dashes="7 5")
        yield label(_LEFT + 222, floor + 43, words.say("promised"), colour=INK)


def _levels(history: SlipHistory) -> Iterator[tuple[date, str]]:
    """The dates that the left edge names, the weightiest first."""
    yield history.last, BAD
    if history.promised is not None:
        yield history.promised, GOOD
    yield history.first, FAINT
    for _, day in reversed(history.forecasts[1:-1]):
        yield day, FAINT


def _range(history: SlipHistory) -> tuple[date, date]:
    days = [forecast for _, forecast in history.forecasts] + ([history.promised] if history.promised else [])
    room = timedelta(max(1, (max(days) - min(days)).days // 10))
    return min(days) - room, max(days) + room / 2


def _days(history: SlipHistory) -> int:
    return max(1, (history.end - history.forecasts[0][0]).days)
