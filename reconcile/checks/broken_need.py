"""A need that leads nowhere: nothing that could finish goes by its name, or what it led to is gone."""

from collections.abc import Iterator
from dataclasses import dataclass

from model.findings import Claim, Evidence, Finding, Impact, Step
from model.keys import source_of
from model.links import Role
from model.records import Outcome
from reconcile.above import is_gone, is_waiting, name_of, objectives_of, sources_of
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decide_by, decider, owner
from reconcile.forecast import Because, Forecast, ForecastState
from reconcile.impact import severity
from reconcile.network import Edge, Obstacle
from reconcile.story import evidence_of, says_of
from reconcile.unsupported import is_told
from reconcile.wording import lag_text
from reconcile.world import World

_OBSTACLES = {
    Obstacle.UNKNOWN_NAME: Because.UNKNOWN_NAME,
    Obstacle.AMBIGUOUS_NAME: Because.AMBIGUOUS_NAME,
    Obstacle.NOT_WORK: Because.NOT_WORK,
}


@dataclass(frozen=True, slots=True)
class _Broken:
    """One need that leads nowhere. ``dead`` tells what is at its other end."""

    node: str
    edge: Edge
    dead: Forecast

    @property
    def subjects(self) -> tuple[str, str]:
        return (self.node, self.edge.to)


class BrokenNeed(Check[CheckOptions]):
    """A need of the plan leads nowhere.

    What it finds
        Open work that has not begun, a release or an objective that needs something which cannot finish: a name that
        nothing or several things have, something that is no work, or work that was cancelled, deleted or moved out of
        what is read. A name that nothing has is judged only when every source was completely read. One disagreement is
        told once: where a promise or a saving rests on the need, however far behind, unsupported-commitment,
        dropped-scope or early-saving tells it, with the money; it is told here where these are silent: no promise waits
        for it, the promise fails by something graver, the saving books nothing, or that check is switched off. A circle
        is need-cycle's, and a prerequisite that is late, overdue or has no date leads somewhere.

    Why it matters
        What waits for nothing never begins, and no comparison of dates shows it. It is the cause of everything that
        waits behind it.

    What to do
        Whoever looks after the need names what is really needed, brings it back, or removes the need.

    Example
        AUR-150 needs HW-9, which was cancelled on Tuesday: nobody removed the need, and AUR-150 waits for nothing.
    """

    name = "broken-need"
    title = "A need leads nowhere"
    family = "dependencies"
    patterns = ("F3.4", "I29", "I40")
    formula = (
        "A need leads nowhere when what it names has no forecast and never will: not found, ambiguous, no work, "
        "cancelled, deleted or moved out."
    )
    options_type = CheckOptions
    reads = FORECAST_READS | {"outcome", "planned_start", "plan", "promised", "enabler"}
    roles = frozenset({Role.DELIVERS, Role.PROMISES, Role.SAVES})
    weighs_floats = True

    def find(self, world: World, options: CheckOptions) -> Iterator[Verdict]:
        """Yield one finding per node and thing it needs in vain."""
        if not world.network.edges:
            yield Blind("no record and no objective says what it needs")
        found = list(_broken(world))
        world.library.fetch(node for each in found for node in each.subjects)
        world.floats.announce(each.node for each in found)
        for each in found:
            if each.dead.state is ForecastState.UNKNOWN:
                yield Unjudged(each.subjects, f"{world.key(each.dead)} {says_of(world, each.dead)}")
            else:
                yield self._finding(world, each)

    def _finding(self, world: World, broken: _Broken) -> Finding:
        node, edge, dead = broken.node, broken.edge, broken.dead
        waiting = world.forecasts.by_node[node]
        ids = objectives_of(world, node)
        record = world.record(node)
        needed = world.floats.get(node)
        last_day = decide_by(needed.need_by.day, 0, world.today) if needed else None
        who, what = name_of(world, waiting), name_of(world, dead)
        says = says_of(world, dead)
        impact = Impact()
        where = world.where(node)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=broken.subjects,
            title=f"{who} waits for {what}, which {says}",
            objective_ids=ids,
            commitment=Claim(source_of(node), who, f"needs {edge.wanted}", None, where),
            forecast=Claim(world.system(dead) or source_of(node), what, says, None, world.where(dead.node)),
            impact=impact,
            cause=dead.node,
            chain=(
                Step(node, world.key(waiting), world.title(waiting), _waits(edge, what), None, where),
                Step(dead.node, world.key(dead), world.title(dead), says, None, world.where(dead.node)),
            ),
            evidence=(
                Evidence(node, world.key(waiting), "needs", edge.wanted, where),
                *evidence_of(world, Forecast(node, dead.state, None, Because.NEED, dead)),
            ),
            severity=severity(impact, last_day, world.today, world.options.severity),
            owner=edge.owner or (record.owner if record else None) or owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            decide_by=last_day,
            advice=_advice(who, what, dead),
            sources=_sources(world, broken),
        )

    def why_resolved(self, finding: Finding, world: World, options: CheckOptions) -> str:
        """What became of the need, or of either end."""
        node, to = finding.subjects
        key = finding.commitment.key if finding.commitment else node
        if is_gone(world, node):
            return f"{key} is not in the plan any more"
        edge = next((each for each in world.network.edges.get(node, ()) if each.to == to), None)
        if edge is None:
            return f"{key} does not need {finding.chain[-1].key} any more"
        if not _counts(world, node):
            return f"{key} does not wait for it any more"
        reading = world.forecasts.get(to)
        if reading is not None and _dead_end(world, edge) is None:
            return f"{world.key(reading)} {says_of(world, reading)}"
        return "a finding about what is promised or saved tells it"


def _broken(world: World) -> Iterator[_Broken]:
    """Every need that leads nowhere, or may, and that no finding about a promise or a saving tells."""
    for node, edges in world.network.edges.items():
        if not _counts(world, node):
            continue
        for edge in {each.to: each for each in reversed(edges)}.values():
            dead = _dead_end(world, edge)
            if dead is not None and not is_told(world, node, edge.to):
                yield _Broken(node, edge, dead)


def _counts(world: World, node: str) -> bool:
    deal = world.network.deals.get(node)
    return is_waiting(world, node) and (deal is None or deal.outcome is not Outcome.LOST)


def _dead_end(world: World, edge: Edge) -> Forecast | None:
    """What stands at the end of a need that leads nowhere; None where it leads to something that may finish."""
    if edge.obstacle is not None:
        certain = world.network.complete or edge.obstacle is not Obstacle.UNKNOWN_NAME
        state = ForecastState.UNRESOLVED if certain else ForecastState.UNKNOWN
        return Forecast(edge.to, state, None, _OBSTACLES[edge.obstacle], wanted=edge.wanted)
    reading = world.forecasts.get(edge.to)
    if reading is None or reading.next is not None:
        return None
    gone = reading.state is ForecastState.DROPPED or reading.because is Because.MOVED
    return reading if gone else None


def _waits(edge: Edge, what: str) -> str:
    words = f"waits for {what}"
    if edge.lag:
        words += f" and {lag_text(edge.lag)} more"
    return f"{words}; {edge.owner} looks after that" if edge.owner else words


def _sources(world: World, broken: _Broken) -> tuple[str, ...]:
    known = {source_of(node) for node in broken.subjects if world.record(node) is not None}
    return sources_of(world, known, broken.dead.sources)


def _advice(who: str, what: str, dead: Forecast) -> str:
    match dead.because:
        case Because.AMBIGUOUS_NAME:
            return f"Say which of the things called {what} {who} needs, by its key."
        case Because.UNKNOWN_NAME | Because.NOT_WORK:
            return f"Name work that exists instead of {what}, or remove the need of {who}."
    return f"Bring {what} back into the plan, or remove the need of {who}."
