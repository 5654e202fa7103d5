"""Money is spent, and nobody is named who may stop it (domain I4)."""

from collections.abc import Iterator
from functools import partial

from model.findings import Evidence, Finding
from model.keys import objective_node
from model.objectives import Objective, StageGate
from model.persons import names_nobody
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Verdict
from reconcile.ownership import lacking_at_top, nor_below, upkeep, why_not_looked_at
from reconcile.world import World

_SPENDING = frozenset({StageGate.DECIDED, StageGate.IMPLEMENTED})


class NoStopAuthority(Check[CheckOptions]):
    """Money is spent for an objective, and nobody is named who may stop it.

    What it finds
        An objective with a budget, with a value that it is to bring, or at the stage gate decided or implemented, for
        which neither it nor an objective above names the decision right stop; or the nearest one named stands in for
        somebody who is still to be named, such as TBD. It is told once, at the top, for all below.

    Why it matters
        When the rest costs more than it brings, it goes on, because ending it is nobody's right.

    What to do
        Name decision_rights: stop, at the objective or above it.

    Example
        Field service names nobody who may stop it, nor do 3 objectives below it.
    """

    name = "no-stop-authority"
    title = "Nobody may stop an objective that money is spent for"
    family = "ownership"
    patterns = ("I4",)
    formula = "No right to stop, on the objective or above it, while there is a budget, a value or a decision."
    options_type = CheckOptions
    reads = FORECAST_READS

    def find(self, world: World, options: CheckOptions) -> Iterator[Verdict]:
        """Yield one finding per topmost objective without anybody."""
        if not any(map(_spends, world.tree.objectives)):
            yield Blind("no objective has a budget, a value or a stage gate")
        for top, found in lacking_at_top(world, partial(_lacks, world), _spends):
            node, named = objective_node(top.id), world.tree.inherited_right(top.id, "stop") or ""
            yield upkeep(
                self,
                world,
                top,
                f"names nobody who may stop it{nor_below(top, found)}",
                evidence=(Evidence(node, top.id, "stop", named, top.location),),
                advice=f"Name decision_rights: stop of {top.name}; what is below inherits it.",
            )

    def why_resolved(self, finding: Finding, world: World, options: CheckOptions) -> str:
        """Somebody was named, or nothing is spent any more."""
        if gone := why_not_looked_at(finding, world):
            return gone
        objective = world.network.objectives[finding.subjects[0]]
        named = world.tree.inherited_right(objective.id, "stop")
        return f"{named} may stop it now" if not names_nobody(named) else "no money is spent for it any more"


def _lacks(world: World, objective: Objective) -> bool:
    return names_nobody(world.tree.inherited_right(objective.id, "stop"))


def _spends(objective: Objective) -> bool:
    return bool(objective.budget or objective.values) or objective.stage_gate in _SPENDING
