"""Nobody may decide beyond the tolerance: neither a decision right nor a sponsor leads to anybody (I5, I23, I48)."""

from collections.abc import Iterator
from functools import partial

from model.findings import Evidence, Finding
from model.keys import objective_node
from model.objectives import Objective
from model.persons import names_nobody
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Verdict
from reconcile.decisions import nearest
from reconcile.ownership import is_decisive, lacking_at_top, nor_below, upkeep, why_not_looked_at
from reconcile.world import World


class NoDecider(Check[CheckOptions]):
    """Nobody is named who may decide beyond the tolerance.

    What it finds
        An objective that has something to decide (records, a date, money, a stage, a need, or nothing below it) and
        for which neither it nor an objective above names a sponsor or the decision right beyond; or the nearest one
        named stands in for somebody who is still to be named, such as TBD. It is told once, at the top, for all below.

    Why it matters
        A finding about it reaches nobody who could act: the owner may decide within the tolerance only.

    What to do
        Name a sponsor, or decision_rights: beyond, at the objective or above it.

    Example
        Growth names nobody who may decide beyond the tolerance, nor do 12 objectives below it.
    """

    name = "no-decider"
    title = "Nobody may decide beyond the tolerance"
    family = "ownership"
    patterns = ("I5", "I23", "I48")
    formula = "No sponsor and no right to decide beyond the tolerance, on the objective or above it."
    options_type = CheckOptions
    reads = FORECAST_READS

    def find(self, world: World, options: CheckOptions) -> Iterator[Verdict]:
        """Yield one finding per topmost objective without anybody."""
        if not world.tree.objectives:
            yield Blind("no objective is declared")
        for top, found in lacking_at_top(world, partial(_lacks, world), partial(is_decisive, world)):
            node, named = objective_node(top.id), _named(world, top) or ""
            says = f"names nobody who may decide beyond the tolerance{nor_below(top, found)}"
            yield upkeep(
                self,
                world,
                top,
                says,
                evidence=(Evidence(node, top.id, "beyond", named, top.location),),
                advice=f"Name a sponsor of {top.name}, or decision_rights: beyond; what is below inherits it.",
            )

    def why_resolved(self, finding: Finding, world: World, options: CheckOptions) -> str:
        """Somebody was named, or there is nothing to decide any more."""
        if gone := why_not_looked_at(finding, world):
            return gone
        objective = world.network.objectives[finding.subjects[0]]
        named = _named(world, objective)
        return f"{named} may decide now" if named and not names_nobody(named) else "it is told at another objective"


def _lacks(world: World, objective: Objective) -> bool:
    return names_nobody(_named(world, objective))


def _named(world: World, objective: Objective) -> str | None:
    """Who is named: the right first, else the nearest sponsor; the way in which deciders of findings are found."""
    beyond = world.tree.inherited_right(objective.id, "beyond")
    return beyond or nearest(world.tree, (objective.id,), lambda each: each.sponsor)
