"""An owner whose account is switched off in the source (domain I2)."""

from collections.abc import Iterator

from model.findings import Evidence, Finding
from model.keys import objective_node
from model.objectives import Objective
from model.records import Record
from reconcile.authority import same_person
from reconcile.check import Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.ownership import AT_HAND_READS, at_hand_of_all, counted, owner_evidence, upkeep, why_not_looked_at
from reconcile.wording import listed
from reconcile.world import World


class InactiveOwner(Check[CheckOptions]):
    """The account of an owner is switched off.

    What it finds
        One finding per objective, which lists the records at hand that serve it and whose owner's account is switched
        off in their source, and says so where the objective's own owner is one of these people. It counts what the
        source said when the record was last read. A source that does not tell whether accounts are switched off is not
        judged.

    Why it matters
        Somebody left or changed places, and what they answered for has nobody now, though every list shows a name.

    What to do
        Name a successor for each of the records.

    Example
        Launch customers is served by 4 deals of an owner whose account is switched off: anna.berg@example.com.
    """

    name = "inactive-owner"
    title = "The account of an owner is switched off"
    family = "ownership"
    patterns = ("I2",)
    formula = "Count of the records at hand whose owner's account is switched off."
    options_type = CheckOptions
    reads = AT_HAND_READS | {"owner", "owner_active"}

    def find(self, world: World, options: CheckOptions) -> Iterator[Verdict]:
        """Yield one finding per objective with the owners whose accounts are switched off."""
        owned, telling = set(), set()
        for objective, records in at_hand_of_all(world):
            owned |= {record.source for record in records if record.owner}
            telling |= {record.source for record in records if record.owner_active is not None}
            inactive = tuple(record for record in records if record.owner and record.owner_active is False)
            seen = tuple(record for record in inactive if world.absence(record.id) is None)
            if seen:
                yield self._finding(world, objective, seen)
            elif inactive:
                yield Unjudged((objective_node(objective.id),), f"{inactive[0].key} is out of sight")
        if silent := sorted(owned - telling):
            do = "does" if len(silent) == 1 else "do"
            yield Blind(f"{listed(silent)} {do} not tell whether an owner's account is switched off", tuple(silent))

    def _finding(self, world: World, objective: Objective, records: tuple[Record, ...]) -> Finding:
        node, people = objective_node(objective.id), sorted({record.owner or "" for record in records})
        named = listed(people[:3] + [f"{len(people) - 3:,} more"] * (len(people) > 3))
        of = "an owner whose account is" if len(people) == 1 else "owners whose accounts are"
        says = f"is served by {counted(records)} of {of} switched off: {named}"
        own = objective.owner if any(same_person(objective.owner or "", person) for person in people) else None
        proof = [Evidence(node, objective.id, "owner", own, objective.location)] if own else []
        return upkeep(
            self,
            world,
            objective,
            f"{says}; {own} owns the objective as well" if own else says,
            evidence=(*proof, *owner_evidence(world, records)),
            advice=f"Name a successor of {named}{' for the objective as well' if own else ''}.",
            sources={record.source for record in records},
        )

    def why_resolved(self, finding: Finding, world: World, options: CheckOptions) -> str:
        """A successor was named, or it is not at hand any more."""
        return why_not_looked_at(finding, world, is_over=False) or "no owner at hand is switched off any more"
