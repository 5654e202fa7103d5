"""Objectives whose review day has passed."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact
from model.links import Role
from model.objectives import Objective, StageGate
from reconcile.above import sources_of
from reconcile.check import Check, CheckOptions, Verdict
from reconcile.decisions import decider, owner
from reconcile.impact import severity
from reconcile.wording import day_text, days_text
from reconcile.world import World

_OVER = (StageGate.CLOSED, StageGate.CANCELLED)


class ReviewOverdueOptions(CheckOptions):
    """Options of the check review-overdue."""

    grace_days: Annotated[int, Field(ge=0)] = 0
    """How many days after the review day nobody is reminded yet."""


class ReviewOverdue(Check[ReviewOverdueOptions]):
    """The day on which an objective was to be reviewed has passed, and no new one was set.

    What it finds
        An objective that is not closed or cancelled and whose review day lies before today, by more than the days of
        grace. An objective without a review day is not found: nobody said that there is to be a review.

    Why it matters
        What an objective assumes is looked at in its review. Without one it goes on by itself.

    What to do
        Hold the review, and write the day of the next one into the objectives file.

    Example
        ERP was to be reviewed on 1 Sep 2026, 14 days ago.
    """

    name = "review-overdue"
    title = "The review of an objective is overdue"
    options_type = ReviewOverdueOptions
    reads = frozenset[str]()
    roles = frozenset[Role]()

    def find(self, world: World, options: ReviewOverdueOptions) -> Iterator[Verdict]:
        """Go through the objectives of the network: a run after a few changes has only those that these can reach."""
        for node, objective in world.network.objectives.items():
            if objective.review is None or objective.stage_gate in _OVER:
                continue
            days = (world.today - objective.review).days
            if days > options.grace_days:
                yield self._finding(world, node, objective, days)

    def _finding(self, world: World, node: str, objective: Objective, days: int) -> Finding:
        assert objective.review is not None
        said = f"was to be reviewed on {day_text(objective.review)}"
        impact = Impact(days)
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=(node,),
            title=f"{objective.name} {said}, {days_text(days)} ago",
            objective_ids=(objective.id,),
            commitment=Claim("objectives", objective.id, said, objective.review, objective.location),
            impact=impact,
            evidence=(Evidence(node, objective.id, "review", objective.review.isoformat(), objective.location),),
            severity=severity(impact, None, world.today, world.options.severity),
            owner=owner(world.tree, (objective.id,)),
            decider=decider(world.tree, (objective.id,), within_tolerance=True),
            advice="Hold the review, and write the day of the next one into the objectives file.",
            sources=sources_of(world),
            upkeep=True,
        )

    def why_resolved(self, finding: Finding, world: World, options: ReviewOverdueOptions) -> str:
        """The review was moved, or the objective is gone."""
        objective = world.network.objectives.get(finding.subjects[0])
        if objective is None:
            return "the objective is not declared any more"
        if objective.review is None:
            return "the objective has no review day any more"
        return f"the next review is on {day_text(objective.review)}"
