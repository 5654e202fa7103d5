"""The money at risk over time, one field per account, and how many findings opened and resolved in each week."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from digest.base import News
from digest.causes import is_at_risk
from digest.language import Language
from digest.plots.axes import BAD, FAINT, GOOD, GRID, INK, WIDTH, bar, document, label, named_days, scale, stroke
from model.findings import Account, Impact, TrackedFinding, Transition, TransitionKind

LEAST_DAYS, LEAST_CHANGES = 14, 3
"""Over fewer days, or with fewer changes of the amount, a sentence says as much."""
MOST_FIELDS = 2
_BEGINS = frozenset({TransitionKind.OPENED, TransitionKind.REOPENED, TransitionKind.EXPIRED})
_ENDS = frozenset({TransitionKind.ACCEPTED, TransitionKind.RESOLVED, TransitionKind.INHIBITED})
_MOVES = frozenset({TransitionKind.WORSENED, TransitionKind.IMPROVED})
SHOWN = _BEGINS | _ENDS | _MOVES
"""What the picture is drawn from; other transitions change nothing in it."""

_LEFT, _RIGHT, _TOP, _FIELD, _BELOW, _FOOT = 78, 22, 40, 84, 36, 28
_BARS = 20
"""How high the tallest bar is, each way."""


@dataclass(frozen=True, slots=True)
class RiskHistory:
    """What was at risk at the end of each day on which it changed, and the findings opened and resolved per week.

    The last day's amounts are those of now. An account that did not change is left out.
    """

    start: date
    end: date
    amounts: Mapping[Account, Sequence[tuple[date, Decimal]]]
    opened: Mapping[date, int]
    resolved: Mapping[date, int]

    @property
    def telling(self) -> bool:
        """Whether a picture says more than a sentence."""
        most = max(map(_changes, self.amounts.values()), default=0)
        return (self.end - self.start).days >= LEAST_DAYS and most >= LEAST_CHANGES


def _changes(values: Sequence[tuple[date, Decimal]]) -> int:
    return sum(before != after for (_, before), (_, after) in pairwise(values))


def risk_history(
    past: Iterable[News], standing: Iterable[TrackedFinding], *, start: date, end: date, zone: ZoneInfo
) -> RiskHistory:
    """Follow what was at risk from day to day; each record counts once, whichever finding tells of it.

    Where Driftline began to look within the time, what stood then is where the picture begins.
    """
    past = tuple(past)
    began = [_day(step, zone) for news in past for step in news.transitions if step.baseline]
    start = max(start, min(began, default=start))
    levels: dict[date, list[tuple[str, Impact | None]]] = defaultdict(list)
    for news in past:
        for day, impact in _levels(news, zone, start, end):
            levels[day].append((news.tracked.fingerprint, impact))
    known = {news.tracked.fingerprint for news in past}
    levels[start] += [
        (tracked.fingerprint, tracked.finding.impact)
        for tracked in standing
        if tracked.fingerprint not in known and is_at_risk(tracked)
    ]
    return RiskHistory(
        start,
        end,
        _amounts(levels, end),
        _per_week(past, zone, _BEGINS),
        _per_week(past, zone, frozenset({TransitionKind.RESOLVED})),
    )


def _levels(news: News, zone: ZoneInfo, start: date, end: date) -> Iterator[tuple[date, Impact | None]]:
    """The impact that counted as at risk after each step; None where it did not count."""
    steps = [step for step in news.transitions if _day(step, zone) <= end]
    level = _before(news.tracked, steps[0]) if steps else None
    yield start, level
    for step in steps:
        if step.kind in _ENDS:
            level = None
        elif step.kind in _BEGINS or (step.kind in _MOVES and level is not None):
            level = step.after
        yield max(start, _day(step, zone)), level
    yield end, news.tracked.finding.impact if is_at_risk(news.tracked) else None


def _before(tracked: TrackedFinding, first: Transition) -> Impact | None:
    """What counted before the first step: nothing where it begins, or where it had been accepted."""
    accepted = tracked.acceptance is not None and first.kind is not TransitionKind.ACCEPTED
    return None if first.kind in _BEGINS or accepted else first.before


def _amounts(
    levels: Mapping[date, Sequence[tuple[str, Impact | None]]], end: date
) -> dict[Account, list[tuple[date, Decimal]]]:
    """The totals per account, kept up from day to day: of each record's month the largest amount counts."""
    claims: dict[tuple[Account, str, str | None], dict[str, Decimal]] = defaultdict(dict)
    held: dict[str, set[tuple[Account, str, str | None]]] = defaultdict(set)
    totals: dict[Account, Decimal] = defaultdict(Decimal)
    told: dict[Account, list[tuple[date, Decimal]]] = {account: [] for account in Account}

    def put(key: tuple[Account, str, str | None], fingerprint: str, amount: Decimal | None) -> None:
        claim = claims[key]
        before = max(claim.values(), default=Decimal(0))
        if amount is None:
            claim.pop(fingerprint, None)
        else:
            claim[fingerprint] = max(amount, claim.get(fingerprint, amount))
        totals[key[0]] += max(claim.values(), default=Decimal(0)) - before

    for day in sorted({*levels, end}):
        for fingerprint, impact in levels.get(day, ()):
            for key in held.pop(fingerprint, set()):
                put(key, fingerprint, None)
            for share in impact.shares if impact else ():
                for amount in share.amounts:
                    key = (amount.account, share.record_id, amount.period)
                    put(key, fingerprint, amount.full.amount)
                    held[fingerprint].add(key)
        for account, values in told.items():
            if day == end or not values or values[-1][1] != totals[account]:
                values.append((day, totals[account]))
    moved = [account for account, values in told.items() if len({amount for _, amount in values}) > 1]
    return {account: told[account] for account in moved[:MOST_FIELDS]}


def _per_week(past: Iterable[News], zone: ZoneInfo, kinds: frozenset[TransitionKind]) -> Mapping[date, int]:
    """How many findings did it in each week, by its Monday; what was there from the start or comes and goes is left
    out."""
    told = {
        (news.tracked.fingerprint, _monday(_day(step, zone)))
        for news in past
        for step in news.transitions
        if step.kind in kinds and not step.baseline and not step.quiet
    }
    return Counter(monday for _, monday in told)


def _day(step: Transition, zone: ZoneInfo) -> date:
    return step.at.astimezone(zone).date()


def _monday(day: date) -> date:
    return day - timedelta(day.weekday())


def svg(history: RiskHistory, names: Mapping[Account, str], currency: str, words: Language) -> tuple[str, int]:
    """Draw it; give the picture and how high it is."""
    bars = bool(history.opened or history.resolved)
    height = len(history.amounts) * (_TOP + _FIELD) + (_BELOW + 2 * _BARS if bars else 0) + _FOOT
    return document(height, _parts(history, names, currency, words, bars=bars)), height


def _parts(
    history: RiskHistory, names: Mapping[Account, str], currency: str, words: Language, *, bars: bool
) -> Iterator[str]:
    floor = 0.0
    for account, values in history.amounts.items():
        floor += _TOP + _FIELD
        yield from _field(history, values, f"{names[account]}, {currency}", floor, words)
    if bars:
        floor += _BELOW + 2 * _BARS
        yield from _weeks(history, floor - _BARS, words)
    for when in named_days(history.start, history.end, 4):
        x = _x(when, history)
        yield stroke(f"M{x:.1f} {floor:g} v5", FAINT)
        anchor = "start" if x < _LEFT + 20 else "end" if x > WIDTH - _RIGHT - 30 else "middle"
        yield label(x, floor + 21, words.day(when, history.end), anchor=anchor)


def _field(
    history: RiskHistory, values: Sequence[tuple[date, Decimal]], name: str, floor: float, words: Language
) -> Iterator[str]:
    ceiling, unit = scale(max(amount for _, amount in values))

    def y(amount: Decimal) -> float:
        return floor - _FIELD * float(amount / ceiling)

    yield label(_LEFT, floor - _FIELD - 14, name, colour=INK, bold=True)
    steps = int(ceiling / unit)
    for number in range(steps + 1):
        yield stroke(f"M{_LEFT} {y(unit * number):.1f} H{WIDTH - _RIGHT}", FAINT if number == 0 else GRID)
        if number in (0, steps) or 2 * number == steps:
            yield label(_LEFT - 9, y(unit * number) + 5, words.rounded(unit * number), anchor="end")
    path = [f"M{_LEFT} {y(values[0][1]):.1f}"]
    for (_, before), (day, amount) in pairwise(values):
        if amount != before:
            path.append(f"H{_x(day, history):.1f} V{y(amount):.1f}")
    line = " ".join([*path, f"H{WIDTH - _RIGHT}"])
    yield f'<path d="{line} V{floor:g} H{_LEFT} Z" fill="{BAD}" fill-opacity="0.13"/>'
    yield stroke(line, BAD, width=2.5)


def _weeks(history: RiskHistory, middle: float, words: Language) -> Iterator[str]:
    """Opened upward, resolved downward: the direction says it without the colour."""
    most = max([*history.opened.values(), *history.resolved.values()])
    legend = middle - _BARS - 8
    opened = words.count(sum(history.opened.values()), "{n} finding opened", "{n} findings opened")
    resolved = words.count(sum(history.resolved.values()), "{n} resolved", "{n} resolved")
    yield f'<path d="M{_LEFT} {legend - 1:g} l5 -9 l5 9 z" fill="{BAD}"/>'
    yield label(_LEFT + 16, legend, opened, colour=INK)
    right, below = WIDTH - _RIGHT, (_LEFT + WIDTH - _RIGHT) / 2 + 16
    yield f'<path d="M{below:g} {legend - 10:g} l5 9 l5 -9 z" fill="{GOOD}"/>'
    yield label(below + 16, legend, resolved, colour=INK)
    yield stroke(f"M{_LEFT} {middle:g} H{right}", FAINT)
    for counts, colour, way in ((history.opened, BAD, -1), (history.resolved, GOOD, 1)):
        for monday, number in sorted(counts.items()):
            left = _x(max(monday, history.start), history) + 1
            wide = _x(min(monday + timedelta(7), history.end + timedelta(1)), history) - left - 1
            high = max(3.0, _BARS * number / most)
            top = middle - high if way < 0 else middle
            yield bar(left, top, max(2.0, wide), high, colour)


def _x(when: date, history: RiskHistory) -> float:
    days = (history.end - history.start).days + 1
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * (when - history.start).days / days
