"""A date that was moved later again and again: each move is small, together they are not."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, pairwise
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact
from model.keys import normalise_key, objective_node
from model.links import Role
from model.network import PlanWork
from model.objectives import Objective, StageGate
from model.records import Deal, Move, Outcome, Record, Release, Revision, Saving, StatusCategory, WorkItem
from reconcile.above import objectives_of, sources_of
from reconcile.baselines import DateHistory, date_histories
from reconcile.check import FORECAST_READS, Asked, Blind, Check, CheckOptions, Verdict
from reconcile.decisions import decider, owner
from reconcile.impact import severity
from reconcile.promises import gone_reason
from reconcile.wording import day_text, days_text
from reconcile.world import World

_AT_REST = frozenset({StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD})
_ENDED = frozenset({StatusCategory.DONE, StatusCategory.DROPPED})
_MOST_SHOWN = 12
"""How many moves are shown as evidence, the last ones."""


class RepeatedSlipOptions(CheckOptions):
    """Options of the check repeated-slip."""

    pushes: Annotated[int, Field(ge=2)] = 3
    """From how many moves to a later day on a date is told."""
    least_days: Annotated[int, Field(ge=1)] = 14
    """How many days later it must lie after all these moves; less is no drift."""
    weeks: Annotated[int, Field(ge=1, le=520)] = 26
    """How many weeks back moves count."""
    same_reason: Annotated[int, Field(ge=2)] = 3
    """From how many moves with one and the same reason on a date is told, even with fewer moves than that."""
    reason_field: Annotated[str | None, Field(examples=["delay_reason"])] = None
    """Which of the extra fields of records (fields: of their source) holds why a date was moved; without it, it is
    what work says about why it is blocked."""


@dataclass(frozen=True, slots=True)
class _Drift:
    """One date that was moved later several times. ``reason`` was given ``times`` times."""

    node: str
    history: DateHistory
    moves: tuple[Move, ...]
    original: date
    now: date
    reason: str = ""
    times: int = 0

    @property
    def days(self) -> int:
        return (self.now - self.original).days


class RepeatedSlip(Check[RepeatedSlipOptions]):
    """A date was moved later again and again.

    What it finds
        A planned or promised date that was moved to a later day 3 times or more within 26 weeks and lies at least 14
        days later after all its moves (I14): of releases that are not out, of open work that delivers an objective and
        contains other work or needs some, of what was promised to customers, of open and won deals (the promised day),
        of savings that have not begun, and of objectives (their approved baselines). Moves to an earlier day count
        against it. Days = the day now - the day before the first of these moves. Where the reason of a move is told and
        3 moves give the same one, the finding says so (I53).

    Why it matters
        Each move was explained and small, and nobody ever decided on all of them together.

    What to do
        Agree on one date that holds, with what has to change for it, or stop.

    Example
        Aurora 4.0 moved later 4 times since 6 Apr 2026, from 30 Sep to 30 Nov 2026: 61 days, 3 times because of the
        supplier.
    """

    name = "repeated-slip"
    title = "A date was moved later again and again"
    family = "flow"
    patterns = ("I14", "I53")
    formula = (
        "Pushes within the weeks >= the number allowed, and day now - first day >= the days allowed; the same reason "
        "as often."
    )
    options_type = RepeatedSlipOptions
    reads = FORECAST_READS | {"promised", "promised_date", "planned_start", "outcome", "actual", "blocked_reason"}
    roles = frozenset(Role)
    weighs_floats = True

    def asks(self, world: World, options: RepeatedSlipOptions) -> Asked:
        """How the dates of what may be told moved; of savings, which tell no changelog, what was seen of them."""
        watched = _dates(world)
        moves = frozenset(node for node in watched if node not in world.network.savings)
        return Asked(moves=moves, histories=frozenset(watched) - moves)

    def find(self, world: World, options: RepeatedSlipOptions) -> Iterator[Verdict]:
        """Yield one finding per date."""
        dates = _dates(world)
        if not dates and not any(objective.baselines for objective in world.tree.objectives):
            yield Blind("nothing that is planned has a date")
        since = datetime.combine(world.today - timedelta(7 * options.weeks), time.min, UTC)
        drifts = [
            drift
            for node, day in dates.items()
            if (drift := _drift(world, node, day, [each for each in _moves(world, node) if each.at >= since]))
        ]
        for objective in world.network.objectives.values():
            moves = [each for each in _approvals(objective) if each.at >= since]
            if (drift := _of_objective(objective, moves)) is not None:
                drifts.append(drift)
        for drift in _with_reasons(world, options, drifts):
            often = drift.history.pushes >= options.pushes or drift.times >= options.same_reason
            if often and drift.days >= options.least_days:
                yield self._finding(world, options, drift)

    def _finding(self, world: World, options: RepeatedSlipOptions, drift: _Drift) -> Finding:
        node, history = drift.node, drift.history
        objective, record = world.network.objectives.get(node), world.record(node)
        source = record.source if record is not None else "objectives"
        key = objective.id if objective is not None else record.key if record is not None else node
        name = objective.name if objective is not None else key
        ids = _objective_ids(world, node)
        impact = Impact(drift.days)
        where = world.where(node, history.field)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(node,),
            title=f"{name} moved later {history.pushes:,} times since {day_text(drift.moves[0].at.date())}, from "
            f"{day_text(drift.original)} to {day_text(drift.now)} ({days_text(drift.days)})"
            f"{_reason_says(options, drift)}",
            objective_ids=ids,
            commitment=Claim(source, key, f"was planned for {day_text(drift.original)}", drift.original, where),
            forecast=Claim(source, key, f"is planned for {day_text(drift.now)}", drift.now, where),
            impact=impact,
            cause=node,
            evidence=tuple(_evidence(world, drift, key, where)),
            severity=severity(impact, None, world.today, world.options.severity),
            owner=(record.owner if record is not None else None) or owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            advice=f"Agree on one date of {name} that holds, with what has to change for it, or stop.",
            sources=sources_of(world, (record.source,) if record is not None else ()),
        )

    def why_resolved(self, finding: Finding, world: World, options: RepeatedSlipOptions) -> str:
        """Whether it ended, moved back, or has stood still since."""
        node = finding.subjects[0]
        key = finding.commitment.key if finding.commitment else node
        if node.startswith(objective_node("")):
            return f"the target of {key} moved back, or its moves are longer ago"
        if world.record(node) is None:
            return gone_reason(node, key, world)
        if _date_of(world, node) is None:
            return f"{key} has ended, or has no date any more"
        return f"{key} moved back, or its moves are longer ago"


def _dates(world: World) -> Mapping[str, date]:
    """The records whose dates are watched, each with its date."""
    if "watched dates" not in world.derived:
        world.derived["watched dates"] = dict(_watched(world))
    found: Mapping[str, date] = world.derived["watched dates"]
    return found


def _watched(world: World) -> Iterator[tuple[str, date]]:
    network = world.network
    days = chain(
        ((node, _release_day(each)) for node, each in network.releases.items()),
        ((node, _work_day(world, each)) for node, each in network.work.items()),
        ((node, _deal_day(world, each)) for node, each in network.deals.items()),
        ((node, _saving_day(each)) for node, each in network.savings.items()),
    )
    return ((node, day) for node, day in days if day is not None)


def _date_of(world: World, node: str) -> date | None:
    """The date of a record that is watched; None where it has ended, has no date or is not watched."""
    network = world.network
    if (item := network.work.get(node)) is not None:
        return _work_day(world, item)
    if (release := network.releases.get(node)) is not None:
        return _release_day(release)
    if (deal := network.deals.get(node)) is not None:
        return _deal_day(world, deal)
    saving = network.savings.get(node)
    return None if saving is None else _saving_day(saving)


def _work_day(world: World, item: PlanWork) -> date | None:
    return item.due if item.due and item.category not in _ENDED and _is_milestone(world, item) else None


def _release_day(release: Release) -> date | None:
    return None if release.released or release.archived else release.release_date


def _deal_day(world: World, deal: Deal) -> date | None:
    day = deal.promised_date
    return day if day is not None and deal.outcome is not Outcome.LOST and day >= world.today else None


def _saving_day(saving: Saving) -> date | None:
    return None if any(cell.amount for cell in saving.actual) else saving.planned_start


def _is_milestone(world: World, item: PlanWork) -> bool:
    """Whether others wait for it, or it delivers an objective and contains other work or needs some."""
    network = world.network
    if world.dependents.get(item.id):
        return True
    big = item.id in network.edges or item.id in network.children or item.id in network.parents_work
    return big and any(link.role is Role.DELIVERS for link in world.links.get(item.id, ()))


def _moves(world: World, node: str) -> Sequence[Move]:
    """The moves of the date that is watched, oldest first."""
    network = world.network
    if node in network.savings:
        return tuple(_seen(world.histories.get(node, ())))
    field = "due" if node in network.work else "release_date" if node in network.releases else "promised_date"
    return [move for move in world.moves.get(node, ()) if move.field == field]


def _seen(history: Sequence[Revision]) -> Iterator[Move]:
    for before, after in pairwise(history):
        old, new = (getattr(each.record, "planned_start", None) for each in (before, after))
        if old != new:
            yield Move("planned_start", old, new, after.seen)


def _approvals(objective: Objective) -> Iterator[Move]:
    """Each new baseline of an objective as a move of its target; one that bears no day was nobody knows when."""
    if objective.stage_gate in _AT_REST:
        return
    for before, after in pairwise(objective.baselines):
        if after.approved_on is not None and before.target != after.target:
            at = datetime.combine(after.approved_on, time.min, UTC)
            yield Move("baseline", before.target, after.target, at, after.approved_by)


def _of_objective(objective: Objective, moves: Sequence[Move]) -> _Drift | None:
    return _drifted(objective_node(objective.id), objective.baselines[-1].target, moves) if moves else None


def _drift(world: World, node: str, day: date, moves: Sequence[Move]) -> _Drift | None:
    return _drifted(node, day, moves) if moves and world.absence(node) is None else None


def _drifted(node: str, day: date, moves: Sequence[Move]) -> _Drift | None:
    (history,) = date_histories(moves)
    if history.original is None or not history.pushes:
        return None
    return _Drift(node, history, tuple(sorted(moves, key=lambda move: move.at)), history.original, day)


def _with_reasons(world: World, options: RepeatedSlipOptions, drifts: Iterable[_Drift]) -> list[_Drift]:
    """Add the reason that was given most often, for those that moved often enough to repeat one."""
    several = list(drifts)
    asked = [each.node for each in several if each.history.pushes >= min(options.same_reason, options.pushes)]
    records = sorted(node for node in asked if node not in world.network.objectives)
    histories = world.library.view.histories(records) if records else {}
    found = []
    for drift in several:
        reasons = _reasons(options, drift, histories.get(drift.node, ()))
        reason, times = min(reasons.items(), key=lambda each: (-each[1], each[0]), default=("", 0))
        found.append(replace(drift, reason=reason, times=times))
    return found


def _reasons(options: RepeatedSlipOptions, drift: _Drift, history: Sequence[Revision]) -> Counter[str]:
    """How often each reason was given: told by what was first seen after a move to a later day, each time once."""
    told: dict[datetime, str] = {}
    for move in drift.moves:
        later = move.old is not None and move.new is not None and move.new > move.old
        seen = next((each for each in history if each.seen >= move.at), None) if later else None
        if seen is None or (history and move.at < history[0].seen):
            continue
        if reason := _reason(seen.record, options.reason_field):
            told[seen.seen] = reason
    return Counter(told.values())


def _reason(record: Record, field: str | None) -> str:
    text: object = None
    if field is not None:
        text = record.custom.get(field)
    elif isinstance(record, WorkItem):
        text = record.blocked_reason
    return normalise_key(text) if isinstance(text, str) else ""


def _reason_says(options: RepeatedSlipOptions, drift: _Drift) -> str:
    return f", {drift.times:,} times for the same reason" if drift.times >= options.same_reason else ""


def _evidence(world: World, drift: _Drift, key: str, where: str) -> Iterator[Evidence]:
    last = world.moves.get(drift.node, ())[-1:]  # every finding tells the last move of what binds
    for move in (each for each in drift.moves[-_MOST_SHOWN:] if each not in last):
        old, new = (day.isoformat() if day else "" for day in (move.old, move.new))
        field = world.field_name(drift.node, move.field)
        yield Evidence(drift.node, key, field, new, where, old=old, by=move.by, at=move.at)
    if drift.times > 1:
        yield Evidence(drift.node, key, "reason", f"{drift.reason} ({drift.times:,} times)", where)


def _objective_ids(world: World, node: str) -> tuple[str, ...]:
    if node in world.network.objectives:
        return (world.network.objectives[node].id,)
    linked = {link.objective_id for link in world.links.get(node, ()) if link.objective_id in world.tree}
    return tuple(sorted(linked)) or objectives_of(world, node)
