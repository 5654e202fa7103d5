"""Nobody answers: an objective, a record at hand or a need that nobody owns (domain I2, I3)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from model.findings import Evidence, Finding
from model.keys import objective_node
from model.objectives import Objective
from model.records import Measurement, Record, RecordKind
from reconcile.above import called
from reconcile.check import Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import owner as owner_above
from reconcile.network import Edge
from reconcile.ownership import (
    AT_HAND_READS,
    at_hand_of_all,
    counted,
    is_decisive,
    kind_word,
    lacking_at_top,
    nor_below,
    owner_evidence,
    upkeep,
    why_not_looked_at,
)
from reconcile.wording import listed
from reconcile.world import World


class NoOwnerOptions(CheckOptions):
    """Options of the check no-owner."""

    inherited: bool = True
    """Whether the owner of an objective above answers for those below that name none."""


@dataclass(frozen=True, slots=True)
class _Lack:
    """What nobody owns of one objective: itself and others below it, records, and needs of the objective."""

    objectives: tuple[Objective, ...]
    records: tuple[Record, ...]
    needs: tuple[Edge, ...]

    @property
    def says(self) -> str:
        parts = []
        if self.objectives:
            parts.append("has no owner" + nor_below(self.objectives[0], self.objectives))
        if self.records:
            parts.append(f"is served by {counted(self.records)} without an owner")
        if self.needs:
            parts.append(f"needs {listed([edge.wanted for edge in self.needs])}, which nobody looks after")
        return listed(parts)


class NoOwner(Check[NoOwnerOptions]):
    """Nobody answers for an objective, for records that serve it, or for what it needs.

    What it finds
        One finding per objective, which lists: that neither it nor an objective above names an owner, told once at the
        top for all below; the open deals, the savings that are still planned, the measurements and the work that is
        under way or due within two weeks that serve it and have no owner; and what the objective needs, where neither
        the need nor the record or objective that is needed has one. Work inside other linked work is left to the owner
        of that, and work that is not at hand may wait for one. What stands in for an owner (TBD, a team) is told by
        shared-owner. Where a source does not tell where an owner would stand, nor the owner of any other record of the
        kind that serves the objective, a blank one says nothing and is not judged.

    Why it matters
        What nobody owns is not done, and when it slips nobody says so.

    What to do
        Name one person for each.

    Example
        Launch customers is served by 3 deals without an owner, and needs the new price list, which nobody looks after.
    """

    name = "no-owner"
    title = "Nobody answers for an objective, a record or a need"
    family = "ownership"
    patterns = ("I2", "I3", "I9")
    formula = "Count of what serves the objective, and of what it needs, that has no owner."
    options_type = NoOwnerOptions
    reads = AT_HAND_READS | {"owner", "reporter"}

    def find(self, world: World, options: NoOwnerOptions) -> Iterator[Verdict]:
        """Yield one finding per objective with what nobody owns of it."""
        silent = set()
        unowned = _unowned(world, options)
        for objective, records in at_hand_of_all(world):
            lacking = [record for record in records if not _owned(record)]
            beside = {(record.source, record.kind) for record in records if record.owner}
            judged = [record for record in lacking if _tells_owners(record, beside)]
            ids = {record.id for record in judged}
            silent |= {(record.source, kind_word(record)) for record in lacking if record.id not in ids}
            seen = tuple(record for record in judged if world.absence(record.id) is None)
            lack = _Lack(unowned.get(objective.id, ()), seen, _unowned_needs(world, objective))
            if lack.says:
                yield self._finding(world, objective, lack)
            elif judged:
                yield Unjudged((objective_node(objective.id),), f"{judged[0].key} is out of sight")
        for source, kind in sorted(silent):
            yield Blind(f"no {kind} of {source} that serves these objectives tells an owner", (source,))

    def _finding(self, world: World, objective: Objective, lack: _Lack) -> Finding:
        of_objectives = [
            Evidence(objective_node(each.id), each.id, "owner", "", each.location) for each in lack.objectives[:3]
        ]
        of_needs = [
            Evidence(objective_node(objective.id), edge.wanted, "owner of the need", "", objective.location)
            for edge in lack.needs
        ]
        return upkeep(
            self,
            world,
            objective,
            lack.says,
            evidence=(*of_objectives, *owner_evidence(world, lack.records), *of_needs),
            advice=f"Name one person for each: {_named(lack)}.",
            sources={record.source for record in lack.records},
        )

    def why_resolved(self, finding: Finding, world: World, options: NoOwnerOptions) -> str:
        """Somebody was named, or it is not at hand any more."""
        return why_not_looked_at(finding, world, is_over=False) or "everything at hand has an owner now"


def _owned(record: Record) -> bool:
    return bool(record.owner) or (isinstance(record, Measurement) and bool(record.reporter))


def _unowned(world: World, options: NoOwnerOptions) -> Mapping[str, tuple[Objective, ...]]:
    """For each objective that nobody answers for itself; for the one at the top all for which its owner would too."""
    if not options.inherited:
        running = world.network.objectives.values()
        return {each.id: (each,) for each in running if not each.owner and is_decisive(world, each)}
    found = lacking_at_top(world, lambda each: owner_above(world.tree, (each.id,)) is None, partial(is_decisive, world))
    return {top.id: (top, *(each for each in below if each is not top)) for top, below in found}


def _unowned_needs(world: World, objective: Objective) -> tuple[Edge, ...]:
    edges = world.network.edges.get(objective_node(objective.id), ())
    return tuple(edge for edge in edges if not edge.owner and edge.obstacle is None and not _has_owner(world, edge.to))


def _has_owner(world: World, node: str) -> bool:
    """Whether somebody owns what is needed; a release, which no source gives an owner, is judged by its objectives."""
    objective = world.network.objectives.get(node)
    record = world.record(node) if objective is None else None
    if record is not None and record.owner:
        return True
    ids = [objective.id] if objective else [link.objective_id for link in world.links.get(node, ())]
    return owner_above(world.tree, ids) is not None or (objective is None and record is None)


def _tells_owners(record: Record, beside: Collection[tuple[str, RecordKind]]) -> bool:
    """Whether a blank owner says something: the source tells where it would stand, or tells that of another record.

    ``beside`` are the sources and kinds of the records that serve the same objective and have an owner.
    """
    return "owner" in record.provenance or (record.source, record.kind) in beside


def _named(lack: _Lack) -> str:
    named = [each.name for each in lack.objectives] + [called(each) for each in lack.records]
    named += [edge.wanted for edge in lack.needs]
    return listed(named[:5] + ([f"{len(named) - 5:,} more"] if len(named) > 5 else []))
