"""An objective names business units below it, and nothing is linked for some of them (domain F2.5)."""

from collections.abc import Iterator

from model.findings import Evidence, Finding
from model.keys import normalise_key, objective_node
from model.objectives import Objective, StageGate
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Verdict
from reconcile.ownership import children, is_at_rest, objectives_below, runs, upkeep, why_not_looked_at
from reconcile.wording import listed
from reconcile.world import World

_TO_COME = frozenset({StageGate.DEFINED, StageGate.IDENTIFIED, StageGate.DETAILED})


class MissingUnit(Check[CheckOptions]):
    """Nothing is linked for some of the business units that an objective counts on.

    What it finds
        An objective with objectives directly below it that name two or more business units, where records are linked
        for at least one of these units, and none at all for another. What is linked anywhere below counts, in any role,
        finished or not; work that was dropped does not. Objectives that are over or at rest, those before the stage
        gate decided, and those of the same unit as the whole are not asked.

    Why it matters
        The strategy counts on every unit; the work in the tools belongs to some of them, and no report compares the
        two.

    What to do
        Link what the unit that is missing does, or agree with it who does the work.

    Example
        Field service in three regions counts on DACH, Nordics and Iberia; nothing is linked for Iberia.
    """

    name = "missing-unit"
    title = "Nothing is linked for a business unit that an objective counts on"
    family = "ownership"
    patterns = ("F2.5",)
    formula = "Units named directly below - units with linked records > 0."
    options_type = CheckOptions
    reads = FORECAST_READS

    def find(self, world: World, options: CheckOptions) -> Iterator[Verdict]:
        """Yield one finding per objective of which a unit has no work."""
        if not any(each.business_unit for each in world.tree.objectives):
            yield Blind("no objective names a business unit")
        for objective in world.network.objectives.values():
            units = _units(world, objective) if runs(world, objective) else {}
            missing = {
                name: found for name, found in units.items() if not any(_is_served(world, each) for each in found)
            }
            if missing and len(missing) < len(units):
                yield self._finding(world, objective, units, missing)

    def _finding(
        self,
        world: World,
        objective: Objective,
        units: dict[str, list[Objective]],
        missing: dict[str, list[Objective]],
    ) -> Finding:
        told, lacking = ([each[0].business_unit or "" for each in found.values()] for found in (units, missing))
        return upkeep(
            self,
            world,
            objective,
            f"counts on {listed(told)}; nothing is linked for {listed(lacking)}",
            evidence=tuple(
                Evidence(objective_node(each.id), each.id, "business_unit", each.business_unit or "", each.location)
                for found in missing.values()
                for each in found
            ),
            advice=f"Link what {listed(lacking)} does for {objective.name}, or agree who does it.",
            sources={entry.source for entry in world.coverage},
        )

    def why_resolved(self, finding: Finding, world: World, options: CheckOptions) -> str:
        """Work was linked, or the units are not counted on any more."""
        return why_not_looked_at(finding, world) or "something is linked for every unit that it counts on"


def _units(world: World, objective: Objective) -> dict[str, list[Objective]]:
    """The objectives directly below that are not at rest, by the unit that they name beside that of the whole."""
    own, found = normalise_key(objective.business_unit or ""), dict[str, list[Objective]]()
    for child in sorted(children(world, objective), key=lambda each: each.id):
        unit = normalise_key(child.business_unit or "")
        if unit and unit != own and child.stage_gate not in _TO_COME and not is_at_rest(world, child):
            found.setdefault(unit, []).append(child)
    return {unit: found[unit] for unit in sorted(found)} if len(found) > 1 else {}


def _is_served(world: World, objective: Objective) -> bool:
    """Whether any record serves an objective or one below it, finished or not; what was dropped serves nothing."""
    network = world.network
    for each in objectives_below(world, objective):
        rollup = network.delivery_work.get(objective_node(each.id))
        if rollup is not None and rollup.open + rollup.done:
            return True
        others = (network.releases, network.deals, network.savings, world.measurements)
        if any(link.record_id in kind for link in world.served.get(each.id, ()) for kind in others):
            return True
    return False
