"""The day on which an objective's assumption was to be reviewed has passed (domain I61)."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from model.findings import Evidence, Finding, Impact
from model.keys import objective_node
from model.objectives import Objective
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Verdict
from reconcile.ownership import runs, upkeep, why_not_looked_at
from reconcile.wording import day_text, days_text
from reconcile.world import World


class ExpiredAssumptionOptions(CheckOptions):
    """Options of the check expired-assumption."""

    grace_days: Annotated[int, Field(ge=0)] = 0
    """How many days after the day of the review it may still be late."""


class ExpiredAssumption(Check[ExpiredAssumptionOptions]):
    """The review of an objective's assumption is overdue.

    What it finds
        An objective that runs and whose review date has passed. A review on the day itself is in time. An objective
        without a review date is not judged.

    Why it matters
        A strategy is a series of bets. What was assumed when the money was approved may not be true any more, and
        nobody has looked.

    What to do
        Check whether the assumption still holds, and set the day of the next review.

    Example
        The review of Field service in three regions was due 1 Sep 2026 and is 14 days overdue. Its assumption:
        technicians take the app to customers without a paper form.
    """

    name = "expired-assumption"
    title = "The review of an assumption is overdue"
    family = "ownership"
    patterns = ("I61",)
    formula = "Review date < today, of an objective that runs."
    options_type = ExpiredAssumptionOptions
    reads = FORECAST_READS

    def find(self, world: World, options: ExpiredAssumptionOptions) -> Iterator[Verdict]:
        """Yield one finding per objective whose review is overdue."""
        if not any(each.review for each in world.tree.objectives):
            yield Blind("no objective has a review date")
        for objective in world.network.objectives.values():
            if objective.review is None or (world.today - objective.review).days <= options.grace_days:
                continue
            if runs(world, objective):
                yield self._finding(world, objective)

    def _finding(self, world: World, objective: Objective) -> Finding:
        assert objective.review is not None
        node, late = objective_node(objective.id), (world.today - objective.review).days
        says = f"was to be reviewed by {day_text(objective.review)}, {days_text(late)} ago"
        proofs = [("review", objective.review.isoformat()), ("assumption", objective.assumption or "")]
        return upkeep(
            self,
            world,
            objective,
            f"{says}; it assumes: {objective.assumption}" if objective.assumption else says,
            impact=Impact(late),
            evidence=tuple(Evidence(node, objective.id, *each, objective.location) for each in proofs if each[1]),
            advice=f"Check whether what {objective.name} assumes still holds, and set the day of the next review.",
        )

    def why_resolved(self, finding: Finding, world: World, options: ExpiredAssumptionOptions) -> str:
        """It was reviewed, or the objective is over."""
        if gone := why_not_looked_at(finding, world):
            return gone
        review = world.network.objectives[finding.subjects[0]].review
        return f"the next review is on {day_text(review)}" if review else "it has no review date any more"
