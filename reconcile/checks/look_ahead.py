"""A dependency that will fail: what is needed within the next weeks is forecast for later."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact, Severity
from model.keys import source_of
from model.links import Role
from model.objectives import Objective
from model.records import Outcome
from reconcile.above import contained_in, is_gone, is_waiting, name_of, own_finish, sources_of
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decide_by, decider, owner
from reconcile.floats import Floats, NeedBy
from reconcile.forecast import Forecast, ForecastState
from reconcile.impact import planned_start, raised
from reconcile.network import Edge, planned_days
from reconcile.story import chain_steps, evidence_of, says_of
from reconcile.targets import target_of
from reconcile.wording import day_text, days_text, later_text
from reconcile.world import World

_Weeks = Annotated[int, Field(ge=1, le=520)]


class LookAheadOptions(CheckOptions):
    """Options of the check look-ahead."""

    weeks: tuple[_Weeks, ...] = Field(default=(2, 4, 8), min_length=1)
    """How many weeks ahead is looked; the nearer the day of need, the graver: one degree for each of these."""


@dataclass(frozen=True, slots=True)
class _Gap:
    """One thing that is needed before it will be there. ``need_by`` leads over what needs it to the objective."""

    reading: Forecast
    day: date
    edge: Edge
    need_by: NeedBy
    objective: Objective

    @property
    def needed(self) -> date:
        return self.need_by.day

    @property
    def days(self) -> int:
        return (self.day - self.needed).days


class LookAhead(Check[LookAheadOptions]):
    """Something is needed within the next weeks and will be there later.

    What it finds
        Something that work, a release or an objective needs, that is needed for an objective's baseline in force on a
        day within the next 2, 4 or 8 weeks, or on a day that has passed, and that is planned for later than that. The
        day of need is worked out backwards from the baseline and the objective's tolerance: through lags, in working
        days where they count so, and durations; it is no earlier than what needs it could use it by its own plan. What
        is late only because of something that it needs itself is not told beside that. What a dated promise or saving
        rests on is watched by late-commitment and early-saving, at any distance and with the money, and not here; that
        the objective itself is late is told by schedule-slip.

    Why it matters
        The dependency has not failed yet: this is the time in which moving it still helps.

    What to do
        Bring the record forward by the days that are missing, or agree on a later target.

    Example
        The roll-out of 30 Oct 2026 needs training in Iberia by 30 Oct. It moved to 4 Dec: 35 days of negative float,
        45 days ahead.
    """

    name = "look-ahead"
    title = "What is needed within weeks will be there later"
    family = "dependencies"
    patterns = ("I29", "I40")
    formula = (
        "Float = day of need - forecast < 0, for a day of need within the weeks to come; the day of need = baseline - "
        "durations - lags."
    )
    options_type = LookAheadOptions
    reads = FORECAST_READS | {"outcome", "promised_date", "planned_start", "plan", "promised", "enabler"}
    roles = frozenset({Role.DELIVERS, Role.PROMISES, Role.SAVES})

    def find(self, world: World, options: LookAheadOptions) -> Iterator[Verdict]:
        """Yield one finding per thing that will be there too late."""
        network = world.network
        if not any(_is_held_up(world, node) for node in network.edges):
            yield Blind("no work, release or objective says what it needs")
        floats, promised = _floats(world), _Promised(world)
        for node in (node for node in network.inner() if node in world.dependents):
            verdict = self._judged(world, options, floats, node)
            if isinstance(verdict, Unjudged):
                yield verdict
            elif verdict is not None and node not in promised:
                yield self._finding(world, options, verdict)

    def _judged(self, world: World, options: LookAheadOptions, floats: Floats, node: str) -> "_Gap | Unjudged | None":
        """The gravest gap between one thing and those that need it."""
        until = world.today + timedelta(7 * max(options.weeks))
        found = []
        for waiting, edge in _needs_of(world, node):
            need_by, reading = _need_by(world, floats, waiting, edge), world.forecasts.get(node)
            if need_by is None or reading is None or need_by.day > until:
                continue
            if reading.state is ForecastState.UNKNOWN:
                return Unjudged((node,), f"{world.key(reading.cause)} {says_of(world, reading.cause)}")
            if (gap := _gap(world, reading, edge, need_by)) is not None:
                found.append(gap)
        return min(found, key=_rank, default=None)

    def _finding(self, world: World, options: LookAheadOptions, gap: _Gap) -> Finding:
        reading, objective = gap.reading, gap.objective
        ids = (objective.id,)
        node = reading.node
        record = world.record(node)
        needs_it = [world.forecasts.by_node[each.node] for each in list(gap.need_by.path())[1:]]
        day = day_text(gap.needed)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(node,),
            title=_title(world, gap),
            objective_ids=ids,
            commitment=Claim(
                source_of(needs_it[0].node),
                name_of(world, needs_it[0]),
                f"needs {name_of(world, reading)} by {day}",
                where=world.where(needs_it[0].node),
            ),
            forecast=Claim(
                world.system(reading),
                name_of(world, reading),
                f"now says {day_text(gap.day)}",
                gap.day,
                world.where(node),
            ),
            impact=Impact(gap.days),
            cause=reading.cause.node,
            chain=chain_steps(world, reading, _first_says(world, reading, day), gap.needed),
            evidence=(
                Evidence(node, world.key(reading), "needed by", gap.needed.isoformat(), objective.location),
                *evidence_of(world, _before(reading)),
            ),
            severity=_severity(world, options, gap.needed),
            owner=(record.owner if record else None) or gap.edge.owner or owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            decide_by=decide_by(gap.needed, 0, world.today),
            advice=f"Bring {name_of(world, reading.cause)} forward by {days_text(gap.days)}, or agree on a later "
            f"target of {objective.name}.",
            sources=_sources(world, gap),
        )

    def why_resolved(self, finding: Finding, world: World, options: LookAheadOptions) -> str:
        """What moved: the forecast, the day of need, or who tells it."""
        node = finding.subjects[0]
        key = finding.forecast.key if finding.forecast else node
        reading, asked = world.forecasts.get(node), world.floats.get(node)
        if is_gone(world, node):
            return f"{key} is not in the plan any more"
        if reading is None or asked is None:
            return f"nothing that is committed to needs {key} any more"
        if reading.state is not ForecastState.DATED or reading.day is None:
            return f"{key} {says_of(world, reading)}"
        if asked.days is not None and asked.days >= 0:
            return f"{key} now says {day_text(reading.day)} and is needed by {day_text(asked.need_by.day)}"
        return "another finding tells it, or nothing would be gained by it any more"


def _needs_of(world: World, node: str) -> Iterator[tuple[str, Edge]]:
    """The needs of work, releases and objectives that wait for a node, with who has them."""
    for waiting in world.dependents.get(node, ()):
        if _is_held_up(world, waiting):
            yield from ((waiting, edge) for edge in world.network.edges[waiting] if edge.to == node)


def _is_held_up(world: World, node: str) -> bool:
    """Whether it is work, a release or an objective that its needs hold up; not a deal or a saving."""
    return node not in world.network.deals and node not in world.network.savings and is_waiting(world, node)


def _floats(world: World) -> Floats:
    """By when things are needed for the objectives that are or may be late, with what each of them tolerates.

    All objectives count, whatever is judged: any of them may need what is asked about.
    """
    late_by = {}
    for objective in world.tree.objectives:
        target = target_of(world, objective)
        if target is None:
            continue
        unseen = target.forecast.state is ForecastState.UNKNOWN
        if unseen or (target.days is not None and target.days > target.tolerance_days):
            late_by[target.node] = target.tolerance_days
    return replace(world.floats, late_by=late_by)


class _Promised:
    """What a dated promise or saving rests on, however far behind; found by climbing from what is asked about."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._free: set[str] = set()

    def __contains__(self, node: object) -> bool:
        row = [node] if isinstance(node, str) else []
        seen = set(row)
        for each in row:
            if any(_is_dated(self._world, waiting) for waiting in self._world.dependents.get(each, ())):
                return True
            for above in self._above(each):
                if above not in seen and above not in self._free:
                    seen.add(above)
                    row.append(above)
        self._free |= seen
        return False

    def _above(self, node: str) -> Iterator[str]:
        """What waits for a node: what needs it, and what it is a part of."""
        yield from (waiting for waiting, _ in _needs_of(self._world, node))
        yield from contained_in(self._world, node)


def _is_dated(world: World, node: str) -> bool:
    deal, saving = world.network.deals.get(node), world.network.savings.get(node)
    if deal is not None:
        return deal.promised_date is not None and deal.outcome is not Outcome.LOST
    return saving is not None and planned_start(saving) is not None


def _need_by(world: World, floats: Floats, node: str, edge: Edge) -> NeedBy | None:
    """By when one thing is needed for an objective; not before the node could use it by its own plan."""
    asked = floats.get(node)
    if edge.obstacle is not None or asked is None:
        return None
    last = max(asked.need_by.day, own_finish(world, node) or date.min)
    begin = last - timedelta(planned_days(world.network.work.get(node)) or 0)
    return NeedBy(edge.to, edge.lag.before(begin, world.floats.calendars), asked.need_by)


def _gap(world: World, reading: Forecast, edge: Edge, need_by: NeedBy) -> _Gap | None:
    """The gap of what is late by its own plan; what is only pushed is not told beside what pushes it."""
    objective = world.network.objectives.get(need_by.commitment.node)
    own = own_finish(world, reading.node)
    if objective is None or own is None or own <= need_by.day:
        return None
    if reading.state is not ForecastState.DATED or reading.day is None or reading.day <= need_by.day:
        return None
    return _Gap(reading, reading.day, edge, need_by, objective)


def _rank(gap: _Gap) -> tuple[date, tuple[str, ...], str]:
    return gap.needed, tuple(each.node for each in gap.need_by.path()), gap.edge.owner or ""


def _title(world: World, gap: _Gap) -> str:
    tense = "is" if gap.needed >= world.today else "was"
    return (
        f"{name_of(world, gap.reading)} {tense} needed by {day_text(gap.needed)} for {gap.objective.name} "
        f"and now says {day_text(gap.day)} ({later_text(gap.days)})"
    )


def _first_says(world: World, reading: Forecast, day: str) -> str:
    return f"needed by {day}" if reading.next is not None else f"needed by {day}; {says_of(world, reading)}"


def _before(reading: Forecast) -> Forecast:
    """A link before the reading, so that the evidence begins with the reading itself."""
    return Forecast(reading.node, reading.state, reading.day, reading.because, reading)


def _severity(world: World, options: LookAheadOptions, needed: date) -> Severity:
    """A notice at the widest look ahead, and one degree more for each nearer one."""
    inside = sum(1 for weeks in set(options.weeks) if needed <= world.today + timedelta(7 * weeks))
    return raised(Severity.NOTICE, max(0, inside - 1))


def _sources(world: World, gap: _Gap) -> tuple[str, ...]:
    known = {source_of(each.node) for each in gap.need_by.path() if each.node not in world.network.objectives}
    return sources_of(world, known, gap.reading.sources)
