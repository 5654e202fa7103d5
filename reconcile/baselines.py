"""Which date was approved, and how far it has moved since: baselines, and who moved which date when, how often."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from model.objectives import Baseline, Objective
from model.records import Deal, Move, Record, Release, Saving, Sprint, WorkItem

_PLANNED = {WorkItem: "due", Release: "release_date", Sprint: "end", Deal: "promised_date", Saving: "planned_start"}


@dataclass(frozen=True, slots=True)
class DateHistory:
    """How one date of a record moved.

    ``original`` is the first day that it ever had and ``now`` the day after the last move; None says that it has no
    day any more. A push is a move to a later day, a pull one to an earlier day; ``pushed_days`` and ``pulled_days``
    add up how far. ``last`` is the last move, of whatever kind.
    """

    field: str
    original: date | None
    now: date | None
    pushes: int
    pulls: int
    pushed_days: int
    pulled_days: int
    last: Move

    @property
    def days(self) -> int | None:
        """How far the date lies behind the first one; negative when it is earlier, None where one of them is blank."""
        return None if self.original is None or self.now is None else (self.now - self.original).days


def date_histories(moves: Iterable[Move]) -> tuple[DateHistory, ...]:
    """What the moves of one record come to, one entry per date, the date that moved first coming first."""
    by_field: dict[str, list[Move]] = {}
    for move in sorted(moves, key=lambda each: each.at):
        by_field.setdefault(move.field, []).append(move)
    return tuple(_history(field, several) for field, several in by_field.items())


def _history(field: str, moves: Sequence[Move]) -> DateHistory:
    steps = [(move.new - move.old).days for move in moves if move.old is not None and move.new is not None]
    later, earlier = [days for days in steps if days > 0], [-days for days in steps if days < 0]
    return DateHistory(
        field,
        original=next((day for move in moves for day in (move.old, move.new) if day is not None), None),
        now=moves[-1].new,
        pushes=len(later),
        pulls=len(earlier),
        pushed_days=sum(later),
        pulled_days=sum(earlier),
        last=moves[-1],
    )


def planned_field(record: Record) -> str | None:
    """The date that a record of this kind is planned or promised for; None for one that has none."""
    return next((field for kind, field in _PLANNED.items() if isinstance(record, kind)), None)


@dataclass(frozen=True, slots=True)
class Baselines:
    """The approved dates of an objective or a record, the original first; empty when nobody approved any."""

    approved: tuple[Baseline, ...] = ()

    @property
    def original(self) -> Baseline | None:
        return self.approved[0] if self.approved else None

    @property
    def in_force(self) -> Baseline | None:
        """The approved date that counts now: the last one."""
        return self.approved[-1] if self.approved else None

    @property
    def moved_days(self) -> int:
        """By how much all approvals together moved the original."""
        return (self.approved[-1].target - self.approved[0].target).days if self.approved else 0

    def slip(self, day: date | None) -> int | None:
        """How many days a day lies behind the baseline in force; None where one of them is unknown."""
        return None if day is None or self.in_force is None else (day - self.in_force.target).days

    def slip_from_original(self, day: date | None) -> int | None:
        """How many days a day lies behind the original baseline: what all the slips come to together."""
        return None if day is None or self.original is None else (day - self.original.target).days


def objective_baselines(objective: Objective) -> Baselines:
    """The approved target dates of an objective, as its file says; its target where none was approved."""
    if objective.baselines or objective.target is None:
        return Baselines(objective.baselines)
    return Baselines((Baseline(objective.target),))


def record_baselines(record: Record, moves: Sequence[Move], approval_field: str | None) -> Baselines:
    """The approved dates of a record whose source has a field for the approved date.

    Each day that this field ever had is a baseline, approved by whoever wrote it then. Without such a field, or while
    it is blank, nothing was approved.
    """
    if approval_field is None:
        return Baselines()
    now = _day(record.custom.get(approval_field))
    if now is None:
        return Baselines()
    told = sorted((move for move in moves if move.field == approval_field), key=lambda move: move.at)
    approved = [Baseline(told[0].old)] if told and told[0].old else []
    approved += [Baseline(move.new, move.by, move.at.date()) for move in told if move.new]
    if not approved or approved[-1].target != now:
        approved.append(Baseline(now))
    return Baselines(tuple(approved))


def _day(value: object) -> date | None:
    return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None
