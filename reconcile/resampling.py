"""Draws the weeks to come from the weeks that were, and counts after how many of them the work is done.

The draws are added up side by side in the digits of one large number: a thousand of them cost as much as a few.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate
from random import Random

_SUMMED_AT_ONCE = 32
_MOST_BYTES = 64_000_000
"""How much the sums of all draws may take; beyond that they are added up one by one."""


def weeks_until(
    remaining: int, counts: Sequence[int], percents: Sequence[int], *, seed: int, resamples: int, longest: int
) -> list[int]:
    """Within how many weeks so many percent of the draws have ended; ``longest`` where they have not even then."""
    ended = _ended_by(remaining, counts, seed, resamples, longest)
    guess = max(1, remaining * len(counts) // max(1, sum(counts)))
    return [_first(ended, -(-resamples * percent // 100), guess, longest) for percent in percents]


def _first(ended: Callable[[int], int], wanted: int, guess: int, longest: int) -> int:
    """The smallest number of weeks by which so many have ended; beginning where it is most likely."""
    low, high = 0, min(guess, longest)
    while high < longest and ended(high) < wanted:
        low, high = high, min(longest, high + high // 2 + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if ended(middle) < wanted else (low, middle)
    return high


def _ended_by(remaining: int, counts: Sequence[int], seed: int, resamples: int, longest: int) -> Callable[[int], int]:
    """How many of the draws have ended after a number of weeks."""
    digit = 4 if remaining + max(counts) * longest < 1 << 31 else 8
    if resamples * longest * len(counts) * digit > _MOST_BYTES:
        taken = sorted(_taken(remaining, counts, weeks) for weeks in _drawn(seed, resamples, len(counts), longest))
        return lambda weeks: bisect_left(taken, weeks + 1)
    side_by_side = _side_by_side(seed, resamples, len(counts), longest, digit)
    return lambda weeks: side_by_side.ended(remaining, counts, weeks)


class _SideBySide:
    """How often each draw has met each of the former weeks, after every number of weeks; a digit for each draw."""

    def __init__(self, draws: Sequence[bytes], weeks: int, digit: int) -> None:
        self._draws = draws
        self._digit = digit
        self._met = [[0] * weeks]
        ones = bytes([1, *[0] * (digit - 1)]) * len(draws)
        self._ones = int.from_bytes(ones, "little")
        self._half = 1 << (8 * digit - 1)

    def ended(self, remaining: int, counts: Sequence[int], weeks: int) -> int:
        done = sum(count * met for count, met in zip(counts, self._after(weeks), strict=True) if count)
        # The highest bit of a digit tells whether as much is done as remained.
        reached = (done + (self._half - remaining) * self._ones) & (self._half * self._ones)
        return reached.bit_count()

    def _after(self, weeks: int) -> list[int]:
        while len(self._met) <= weeks:
            drawn = bytes(draw[len(self._met) - 1] for draw in self._draws)
            self._met.append([met + self._where(drawn, number) for number, met in enumerate(self._met[-1])])
        return self._met[weeks]

    def _where(self, drawn: bytes, number: int) -> int:
        """A one in the digit of each draw that met this week."""
        table = bytearray(256)
        table[number] = 1
        digits = bytearray(self._digit * len(drawn))
        digits[:: self._digit] = drawn.translate(table)
        return int.from_bytes(digits, "little")


@lru_cache(maxsize=4)
def _side_by_side(seed: int, resamples: int, weeks: int, longest: int, digit: int) -> _SideBySide:
    return _SideBySide(_drawn(seed, resamples, weeks, longest), weeks, digit)


@lru_cache(maxsize=32)
def _drawn(seed: int, resamples: int, weeks: int, longest: int) -> tuple[bytes, ...]:
    """Which of the weeks each draw meets. All work that has as long a history meets the same, however much is left, so
    that a date never jumps because something small was added."""
    random = Random(f"{seed}:{weeks}")  # noqa: S311 - the same facts give the same dates; nothing is secret here
    return tuple(bytes(random.choices(range(weeks), k=longest)) for _ in range(resamples))


def _taken(remaining: int, counts: Sequence[int], weeks: bytes) -> int:
    done = 0
    for start in range(0, len(weeks), _SUMMED_AT_ONCE):
        sums = list(accumulate(map(counts.__getitem__, weeks[start : start + _SUMMED_AT_ONCE]), initial=done))
        if sums[-1] >= remaining:
            return start + bisect_left(sums, remaining)
        done = sums[-1]
    return len(weeks)
