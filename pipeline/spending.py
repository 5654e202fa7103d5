"""The API budget of a source: counted before each request, over all readings, and never quietly exceeded."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.base import SourceOptions
from connectors.timetable.options import BudgetOptions
from model.errors import SourceRateLimitedError
from state.store import Store

_MOST_AT_ONCE = 50
"""So many requests are counted with one write at most; a killed process has counted so many too much."""
_PART_OF_THE_BUDGET = 100


@dataclass(frozen=True, slots=True)
class PutOff:
    """A reading that is due does not begin before this moment; ``reason`` is told to people."""

    until: datetime
    reason: str


def put_off_by_budget(store: Store, name: str, options: SourceOptions, now: datetime) -> PutOff | None:
    """Whether the next reading would go beyond the budget of the source, going by the last one of its kind."""
    budget = options.budget
    if budget is None:
        return None
    counted = store.requests(name, span=budget.span, now=now)
    needed = _Needs.of(store, name).of_next(budget, full=_full_is_due(store, name, options, now))
    over = sum(counted.values()) + needed - budget.requests
    if over <= 0:
        return None
    free_at = now
    for until in sorted(counted):
        if over <= 0:
            break
        over -= counted[until]
        free_at = until + budget.span
    return PutOff(free_at, _reason(sum(counted.values()), needed, budget))


def _reason(used: int, needed: int, budget: BudgetOptions) -> str:
    used_up = f"{used:,} of its {budget} are used"
    return used_up if needed <= 1 else f"{used_up}, and reading it takes about {needed:,}"


@contextmanager
def spending(
    store: Store,
    name: str,
    options: SourceOptions,
    *,
    clock: Callable[[], datetime],
    zone: ZoneInfo,
    before: int = 0,
) -> Iterator[Callable[[], None]]:
    """Give what counts one request of a reading; it raises SourceRateLimitedError when there is none left.

    Raise SourceRateLimitedError when the reading has to be put off, before anything is asked. ``before`` counts the
    requests of the parts of it that were walked before: then it has begun, and is put off no more.
    """
    if options.budget is None:
        yield _nothing
        return
    now = clock()
    if not before and (put_off := put_off_by_budget(store, name, options, now)):
        raise SourceRateLimitedError(
            f"{name} is put off until {put_off.until.astimezone(zone):%d %b %Y %H:%M %Z}: {put_off.reason}",
            location=name,
            hint=f"it is read when the time has come; if that is too late, raise sources.{name}.budget",
        )
    purse = _Purse(store, name, options.budget, clock, before)
    complete = False
    try:
        yield purse.spend
        complete = True
    finally:
        purse.end(complete=complete)


@contextmanager
def spending_on_part(
    store: Store, name: str, options: SourceOptions, *, clock: Callable[[], datetime]
) -> Iterator[tuple[Callable[[], None], Callable[[], int]]]:
    """As ``spending``, for a part of a reading that was not put off: how much the whole takes is not learnt from it.

    Give what counts one request, and what tells how many were sent.
    """
    if options.budget is None:
        yield _nothing, lambda: 0
        return
    purse = _Purse(store, name, options.budget, clock)
    try:
        yield purse.spend, lambda: purse.spent
    finally:
        purse.give_back()


def _nothing() -> None:
    """Without a budget nothing is counted."""


@dataclass(slots=True)
class _Purse:
    """What one reading spends. Several threads may spend."""

    store: Store
    name: str
    budget: BudgetOptions
    clock: Callable[[], datetime]
    spent: int = 0
    exhausted: bool = False
    _parts: dict[datetime, int] = field(default_factory=dict)
    """Requests that are counted and not sent yet, by the part of the time in which they count."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self) -> None:
        """Count one request; raise SourceRateLimitedError when there is none left."""
        with self._lock:
            if not self._parts:
                self._take(self.budget)
            part = next(iter(self._parts))
            self._parts[part] -= 1
            if not self._parts[part]:
                del self._parts[part]
            self.spent += 1

    def _take(self, budget: BudgetOptions) -> None:
        wanted = max(1, min(_MOST_AT_ONCE, budget.requests // _PART_OF_THE_BUDGET))
        granted, part = self.store.take_requests(
            self.name, wanted, most=budget.requests, span=budget.span, now=self.clock()
        )
        if granted:
            self._parts[part] = granted
            return
        self.exhausted = True
        if self.spent >= budget.requests:
            said = f"reading {self.name} takes more than its whole budget of {budget}"
            hint = f"raise sources.{self.name}.budget, or let less be read: fewer containers, rarer full reads"
        else:
            said = f"{self.name} used up its budget of {budget}, {self.spent:,} of them in this reading"
            hint = (
                f"it is read anew when the whole budget is free; if that is too late, raise sources.{self.name}.budget"
            )
        raise SourceRateLimitedError(said, location=self.name, hint=hint)

    def give_back(self) -> None:
        """Give back what was counted and not sent."""
        with self._lock:
            for part, number in self._parts.items():
                self.store.give_back_requests(self.name, number, part)
            self._parts.clear()

    def end(self, *, complete: bool) -> None:
        """Give back what was counted and not sent, and remember how much a reading takes."""
        self.give_back()
        if self.exhausted or complete:
            needs = _Needs.of(self.store, self.name)
            needs.ended(self.spent, full=_was_full(self.store, self.name), exhausted=self.exhausted)
            needs.keep(self.store, self.name)


@dataclass(slots=True)
class _Needs:
    """How many requests the last complete readings took: one in full, and one of what changed."""

    numbers: dict[str, int]
    exhausted: bool = False
    """The last reading used up the budget: the next one gets the whole of it."""

    @classmethod
    def of(cls, store: Store, name: str) -> "_Needs":
        noted = json.loads(store.note(_note(name)) or "{}")
        return cls(noted.get("numbers", {}), noted.get("exhausted", False))

    def of_next(self, budget: BudgetOptions, *, full: bool) -> int:
        number = budget.requests if self.exhausted else self.numbers.get(_kind(full), 1)
        return max(1, min(number, budget.requests))

    def ended(self, spent: int, *, full: bool, exhausted: bool) -> None:
        self.exhausted = exhausted
        if not exhausted:
            self.numbers[_kind(full)] = spent

    def keep(self, store: Store, name: str) -> None:
        store.set_note(_note(name), json.dumps({"numbers": self.numbers, "exhausted": self.exhausted}))


def _full_is_due(store: Store, name: str, options: SourceOptions, now: datetime) -> bool:
    """Whether the next reading is a full one, as far as that can be known before."""
    stored = store.cursor(name)
    return stored is None or stored.full_at is None or now - stored.full_at >= options.full_every


def _was_full(store: Store, name: str) -> bool:
    """Whether the last reading that came to its end was a full one."""
    stored = store.cursor(name)
    return stored is not None and stored.full_at == stored.read_at


def _kind(full: bool) -> str:
    return "full" if full else "changes"


def _note(name: str) -> str:
    return f"requests-of-a-reading:{name}"
