"""An objective that is under way has no approved budget (domain F2.2)."""

from collections.abc import Collection, Iterator

from model.findings import Account, Claim, Evidence, Finding, Impact, Share
from model.keys import objective_node
from model.links import Role
from model.money import Money
from model.objectives import Objective, StageGate
from model.records import Record, Saving
from reconcile.check import Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.decisions import decider, owner
from reconcile.funding import BUDGET, budget_proof, cost_share, is_unapproved, to_fund
from reconcile.impact import severity
from reconcile.ownership import (
    AT_HAND_READS,
    MOST_SHOWN,
    at_hand_of_all,
    objectives_below,
    runs,
    sources_for,
    why_not_looked_at,
)
from reconcile.wording import amount_text
from reconcile.world import World

_APPROVED = frozenset({StageGate.DECIDED, StageGate.IMPLEMENTED})


class UnfundedObjective(Check[CheckOptions]):
    """An objective is under way, and its budget is zero or not approved.

    What it finds
        An objective at the stage gate decided or implemented, or without a stage gate and with open work that delivers
        it, whose budget is zero; or, where it states none, of which every record at hand that tells an approved budget
        (the extra field budget_approved) tells zero or no. A blank budget is unknown, not zero. What objectives below
        have approved funds the one above.

        What is needed is the one-time cost of the savings that serve it, where they tell one. Without such a cost it is
        for those who look after the objective only: what waits for it is told to leaders by missing-enabler.

    Why it matters
        A mandate without money is carried out by nobody, and those who rely on it learn of it last.

    What to do
        Approve a budget, or put the objective on hold.

    Example
        Sorter hardware is under way with a budget of EUR 0; the savings that rest on it need EUR 120,000.
    """

    name = "unfunded-objective"
    title = "An objective is under way without a budget"
    family = "ownership"
    patterns = ("F2.2",)
    formula = "Budget = 0 or not approved while work runs; needed = one-time cost of the savings that serve it."
    options_type = CheckOptions
    reads = AT_HAND_READS | {"one_time_cost", "currency", "custom"}
    roles = frozenset({Role.DELIVERS, Role.SAVES})
    weighs_floats = True

    @classmethod
    def rests_on(cls, fields: Collection[str], roles: Collection[Role]) -> bool:
        """The extra field that tells the budget counts like a built-in one."""
        return BUDGET in fields or super().rests_on(fields, roles)

    def find(self, world: World, options: CheckOptions) -> Iterator[Verdict]:
        """Yield one finding per objective that is under way without a budget."""
        told = any(objective.budget is not None for objective in world.tree.objectives)
        for objective, records in at_hand_of_all(world):
            told = told or any(BUDGET in record.custom for record in records)
            if not _is_under_way(world, objective) or _is_funded_below(world, objective):
                continue
            if objective.budget is not None:
                if objective.budget.amount <= 0:
                    yield self._finding(world, objective, records, _own_budget(objective), ())
                continue
            telling = [record for record in records if record.custom.get(BUDGET) is not None]
            if not telling or not all(map(is_unapproved, telling)):
                continue
            if hidden := [record for record in telling if world.absence(record.id) is not None]:
                yield Unjudged((objective_node(objective.id),), f"{hidden[0].key} is out of sight")
                continue
            yield self._finding(world, objective, records, (), tuple(telling))
        if not told:
            yield Blind("no objective has a budget, and no record tells an approved one")

    def _finding(
        self,
        world: World,
        objective: Objective,
        records: tuple[Record, ...],
        own: tuple[Evidence, ...],
        telling: tuple[Record, ...],
    ) -> Finding:
        node, ids = objective_node(objective.id), (objective.id,)
        budget = amount_text(objective.budget.amount, objective.budget.currency) if objective.budget else ""
        says = f"is under way with a budget of {budget}" if budget else "is under way, and no budget is approved"
        impact = Impact(None, tuple(_needed(world, records)))
        forecast, fund = world.forecasts.get(node), to_fund(world, node)
        needed = impact.full(Account.COST)
        more = f"; the savings that rest on it need {amount_text(needed, world.rates.base)}" if needed else ""
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(node,),
            title=f"{objective.name} {says}{more}",
            objective_ids=ids,
            forecast=Claim("objectives", objective.id, says, where=objective.location),
            impact=impact,
            cause=forecast.cause.node if forecast else None,
            evidence=(*own, *(budget_proof(world, record) for record in telling[:MOST_SHOWN])),
            severity=severity(impact, None, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            advice=f"Approve a budget of {objective.name}, or put it on hold.",
            options=(fund,) if fund else (),
            sources=sources_for(world, objective, (record.source for record in (*telling, *_savings(records)))),
            upkeep=not impact.shares,
        )

    def why_resolved(self, finding: Finding, world: World, options: CheckOptions) -> str:
        """It was funded, or is not under way any more."""
        if gone := why_not_looked_at(finding, world):
            return gone
        objective = world.network.objectives[finding.subjects[0]]
        if objective.budget is not None and objective.budget.amount > 0:
            return f"a budget of {amount_text(objective.budget.amount, objective.budget.currency)} is approved"
        return "it is funded, or not under way any more"


def _is_under_way(world: World, objective: Objective) -> bool:
    if not runs(world, objective):
        return False
    if objective.stage_gate is not None:
        return objective.stage_gate in _APPROVED
    node, network = objective_node(objective.id), world.network
    rollup = network.delivery_policy.get(node) or network.delivery_work.get(node)
    return rollup is not None and rollup.open > 0


def _is_funded_below(world: World, objective: Objective) -> bool:
    below = (each.budget for each in objectives_below(world, objective) if each.id != objective.id)
    return any(budget is not None and budget.amount > 0 for budget in below)


def _own_budget(objective: Objective) -> tuple[Evidence, ...]:
    assert objective.budget is not None
    budget = amount_text(objective.budget.amount, objective.budget.currency)
    return (Evidence(objective_node(objective.id), objective.id, "budget", budget, objective.location),)


def _needed(world: World, records: tuple[Record, ...]) -> Iterator[Share]:
    """The one-time cost of the savings, where they tell one in a currency."""
    for saving in _savings(records):
        if saving.one_time_cost is None or saving.one_time_cost <= 0 or not saving.currency:
            continue
        yield cost_share(world, saving.id, Money(saving.one_time_cost, saving.currency))


def _savings(records: tuple[Record, ...]) -> list[Saving]:
    return [record for record in records if isinstance(record, Saving)]
