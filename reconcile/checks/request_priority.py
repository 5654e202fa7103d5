"""A strategic objective is delivered only by work that its tool ranks low (domain F2.3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact
from model.keys import normalise_key, objective_node
from model.links import Role
from model.objectives import Objective, StageGate
from model.records import StatusCategory, WorkItem
from reconcile.above import called
from reconcile.baselines import objective_baselines
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decider, owner
from reconcile.impact import severity
from reconcile.ownership import MOST_SHOWN, runs, sources_for, why_not_looked_at
from reconcile.wording import days_text, listed
from reconcile.world import World

_OPEN = (StatusCategory.TODO, StatusCategory.DOING)
_DECIDED = frozenset({StageGate.DECIDED, StageGate.IMPLEMENTED})


class RequestPriorityOptions(CheckOptions):
    """Options of the check request-priority."""

    low_priorities: tuple[str, ...] = ("low", "lowest", "minor", "trivial", "niedrig", "niedrigste", "gering")
    """Priorities that rank work low; case and spaces do not count."""
    request_types: tuple[str, ...] = ("feature request", "request", "service request", "idea", "wish", "suggestion")
    """Types of work that wait for somebody to take them up."""
    sprint_sources: tuple[str, ...] = ()
    """Sources in which work is done in sprints: there, work without parts that is in no sprint counts as ranked low."""
    idle_days: Annotated[int, Field(ge=0)] = 28
    """For how many days nothing of it may have been finished."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """One piece of open work that is ranked low, and by which field."""

    record: WorkItem
    field: str
    value: str


class RequestPriority(Check[RequestPriorityOptions]):
    """A strategic objective is delivered only by work that is ranked low.

    What it finds
        An objective that runs and was decided, or that has a target or a value, all of whose open work is ranked low in
        its own tool: by a low priority, by a type such as feature request or, where told, by being in no sprint; and of
        which nothing was finished for 28 days. Without any finished work the days count from the day on which the
        oldest piece was created. A blank priority is not a low one. Where some of the work is known as a sum only,
        nothing is found.

    Why it matters
        Leaders count on it, and in the tool it waits behind everything else: nobody refused it, and nobody begins.

    What to do
        Give the work the rank of the objective, or take the objective back.

    Example
        All open work of Faster delivery, RTE-9, is of the priority Low; nothing of it was finished for 61 days.
    """

    name = "request-priority"
    title = "A strategic objective is delivered only by work that is ranked low"
    family = "ownership"
    patterns = ("F2.3",)
    formula = "All open work is ranked low; days = today - last day on which a piece of it was finished."
    options_type = RequestPriorityOptions
    reads = FORECAST_READS | {"priority", "type", "created"}
    roles = frozenset({Role.DELIVERS})

    def find(self, world: World, options: RequestPriorityOptions) -> Iterator[Verdict]:
        """Yield one finding per objective of which all work is ranked low."""
        rank, open_work = _Rank(world, options), list(_open_work(world))
        # One piece that is not ranked low settles an objective, so that the others need not be looked up.
        world.library.fetch(nodes[0] for _, nodes in open_work)
        for objective, nodes in open_work:
            pieces = rank.low(nodes)
            since = _last_progress(world, objective, pieces) if pieces else None
            if since is None or (world.today - since).days < options.idle_days:
                continue
            if hidden := [piece.record for piece in pieces if world.absence(piece.record.id) is not None]:
                yield Unjudged((objective_node(objective.id),), f"{hidden[0].key} is out of sight")
            else:
                yield self._finding(world, objective, pieces, (world.today - since).days)
        if silent := sorted(rank.silent - rank.telling):
            yield Blind(f"no work of {listed(silent)} that was looked at has a priority", tuple(silent))

    def _finding(self, world: World, objective: Objective, pieces: tuple[_Piece, ...], days: int) -> Finding:
        ids, impact = (objective.id,), Impact()
        keys = [called(piece.record) for piece in pieces]
        shown = listed(keys[:3] + [f"{len(keys) - 3:,} more"] * (len(keys) > 3))
        reasons = listed(list(dict.fromkeys(_words(piece) for piece in pieces))[:3])
        says = f"{shown}, is {reasons}; nothing of it was finished for {days_text(days)}"
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(objective_node(objective.id),),
            title=f"All open work of {objective.name}, {says}",
            objective_ids=ids,
            commitment=Claim("objectives", objective.id, "is to be delivered", where=objective.location),
            forecast=Claim(
                pieces[0].record.source, keys[0], f"is {_words(pieces[0])}", where=world.where(pieces[0].record.id)
            ),
            impact=impact,
            evidence=tuple(_proof(world, piece) for piece in pieces[:MOST_SHOWN]),
            severity=severity(impact, None, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            advice=f"Give {shown} the rank of {objective.name}, or take the objective back.",
            sources=sources_for(world, objective, (piece.record.source for piece in pieces)),
        )

    def why_resolved(self, finding: Finding, world: World, options: RequestPriorityOptions) -> str:
        """Work was ranked higher, or something was finished."""
        return why_not_looked_at(finding, world) or "some of its work is ranked higher now, or was finished lately"


class _Rank:
    """Whether work is ranked low. ``silent`` are sources of which work has no priority, ``telling`` those with one."""

    def __init__(self, world: World, options: RequestPriorityOptions) -> None:
        self._world = world
        self._low = frozenset(map(normalise_key, options.low_priorities))
        self._requests = frozenset(map(normalise_key, options.request_types))
        self._sprints = frozenset(options.sprint_sources)
        self.silent: set[str] = set()
        self.telling: set[str] = set()

    def low(self, nodes: tuple[str, ...]) -> tuple[_Piece, ...]:
        """Each piece with why it is ranked low; empty as soon as one is not."""
        found = []
        for node in nodes:
            record = self._world.record(node)
            piece = self._piece(record) if isinstance(record, WorkItem) else None
            if piece is None:
                return ()
            found.append(piece)
        return tuple(found)

    def _piece(self, record: WorkItem) -> _Piece | None:
        (self.telling if record.priority else self.silent).add(record.source)
        if record.priority and normalise_key(record.priority) in self._low:
            return _Piece(record, "priority", record.priority)
        if normalise_key(record.type) in self._requests:
            return _Piece(record, "type", record.type)
        network = self._world.network
        has_parts = bool(network.children.get(record.id)) or record.id in network.parents_work
        if record.source in self._sprints and record.sprint is None and not has_parts:
            return _Piece(record, "sprint", "")
        return None


def _open_work(world: World) -> Iterator[tuple[Objective, tuple[str, ...]]]:
    """Each strategic objective with its open work, where all of it is known piece by piece."""
    network = world.network
    for objective in world.network.objectives.values():
        decided = objective.stage_gate in _DECIDED or objective.values or objective_baselines(objective).in_force
        if not decided or not runs(world, objective):
            continue
        children = network.children.get(objective_node(objective.id), ())
        nodes = tuple(node for node in children if node in network.work and network.work[node].category in _OPEN)
        rollup = network.delivery_work.get(objective_node(objective.id))
        if nodes and (rollup is None or rollup.open <= len(nodes)) and not _is_delivered_otherwise(world, children):
            yield objective, nodes


def _is_delivered_otherwise(world: World, children: tuple[str, ...]) -> bool:
    """Whether releases or objectives below deliver it as well: then it is not these pieces alone."""
    return any(child not in world.network.work for child in children)


def _last_progress(world: World, objective: Objective, pieces: tuple[_Piece, ...]) -> date | None:
    """The last day on which something was finished, else the day on which the oldest piece was created."""
    network, node = world.network, objective_node(objective.id)
    inner = [network.parents_work.get(piece.record.id) for piece in pieces]
    rollups = [network.delivery_work.get(node), *inner]
    done = [rollup.finished for rollup in rollups if rollup is not None and rollup.finished is not None]
    done += [
        item.finished for id_ in network.children.get(node, ()) if (item := network.work.get(id_)) and item.finished
    ]
    created = [piece.record.created.date() for piece in pieces if piece.record.created is not None]
    return max(done) if done else min(created, default=None)


def _words(piece: _Piece) -> str:
    match piece.field:
        case "priority":
            return f"of the priority {piece.value}"
        case "type":
            return f"of the type {piece.value}"
    return "in no sprint"


def _proof(world: World, piece: _Piece) -> Evidence:
    record = piece.record
    where = world.where(record.id, piece.field)
    return Evidence(record.id, record.key, world.field_name(record.id, piece.field), piece.value, where)
