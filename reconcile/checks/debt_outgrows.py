"""Faults and debt come in faster than a team removes them, while it delivers more of everything else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from model.findings import Claim, Evidence, Finding, Impact
from model.keys import normalise_key, objective_node
from model.links import Role
from model.objectives import Objective, StageGate
from model.work_counts import Inflow
from reconcile.baselines import objective_baselines
from reconcile.check import FORECAST_READS, Blind, Check, CheckOptions, Unjudged, Verdict
from reconcile.counts import MOST_PIECES, NOT_COUNTED, WEEK, Counts, by_week, counts_of, has_work, inflows_of, weeks_ago
from reconcile.decisions import decider, owner
from reconcile.impact import severity
from reconcile.parts import parts_of
from reconcile.targets import LATE_READS
from reconcile.values import percent_of
from reconcile.waiting import shares_of_days
from reconcile.wording import day_text, days_text, listed
from reconcile.world import World

_MOST_TYPES = 6
"""How many types of work are named where none of them is debt."""
_AT_REST = frozenset({StageGate.CLOSED, StageGate.CANCELLED, StageGate.ON_HOLD})


class DebtOutgrowsOptions(CheckOptions):
    """Options of the check debt-outgrows."""

    types: tuple[str, ...] = Field(
        default=("Bug", "Defect", "Debt", "Technical Debt", "Tech Debt", "Infrastructure", "Fehler"), min_length=1
    )
    """The types of work that are faults, debt or infrastructure, as the sources call them; case does not count."""
    weeks: Annotated[int, Field(ge=2, le=52)] = 6
    """How many whole weeks are looked at, beside as many before them."""
    least_growth: Annotated[int, Field(ge=1)] = 6
    """By how many pieces more must have come in than were removed in these weeks."""
    ahead_weeks: Annotated[int, Field(ge=1)] = 26
    """How many weeks ahead the target of the objective, or the nearest one above it, may lie."""


@dataclass(frozen=True, slots=True)
class _Debt:
    """What one team of an objective took in, removed and otherwise finished, per week. ``before`` is the other work of
    the weeks before; ``open`` is the debt that is left."""

    objective: Objective
    source: str
    team: str
    came: tuple[int, ...]
    went: tuple[int, ...]
    other: tuple[int, ...]
    before: int
    open: int

    @property
    def growth(self) -> int:
        return sum(self.came) - sum(self.went)

    @property
    def weeks_ahead(self) -> int:
        """In how many of the weeks more came in than was removed."""
        return sum(came > went for came, went in zip(self.came, self.went, strict=True))

    @property
    def extra_days(self) -> int:
        """How long the whole team works on what was added, at its pace of these weeks."""
        finished = sum(self.went) + sum(self.other)
        return -(-self.growth * WEEK * len(self.came) // finished)


class DebtOutgrows(Check[DebtOutgrowsOptions]):
    """Debt comes in faster than it is removed, while the team delivers more of everything else.

    What it finds
        A team whose work is linked to an objective itself, in which more work of the types for faults, debt and
        infrastructure was made in the last 6 whole weeks than was finished: inflow / outflow above 1 over these weeks
        together and in most of them, and by 6 pieces or more, while it finished more of everything else than in the 6
        weeks before (F4.2). Only objectives count whose target, or the nearest above them, is at most 26 weeks ahead,
        with 10,000 pieces of work or fewer.
        Extra time = growth / what the team finishes a week. The money is what these days are worth by the values of the
        objective; what the team costs a week is not known.

    Why it matters
        The product seems to move fast, on a ground that gets softer each week, until most of the team repairs it.

    What to do
        Reserve a part of the team for debt until it shrinks, and let the target say so.

    Example
        On the platform, jira/PLAT took in 14 bugs in 6 weeks and removed 6 (233.3 %), while it finished 18 other pieces
        after 12 before: 8 more to remove, 14 days of the whole team.
    """

    name = "debt-outgrows"
    title = "Debt comes in faster than it is removed, while other work speeds up"
    family = "flow"
    patterns = ("F4.2",)
    formula = (
        "Inflow / outflow of debt > 1 over the weeks together and in most of them, while other work speeds up; extra "
        "weeks = growth / pieces finished a week."
    )
    options_type = DebtOutgrowsOptions
    reads = FORECAST_READS | LATE_READS | {"created", "type", "container"}
    roles = frozenset({Role.DELIVERS})
    daily = True
    weighs_floats = True

    def find(self, world: World, options: DebtOutgrowsOptions) -> Iterator[Verdict]:
        """Yield one finding per objective and team."""
        counts = counts_of(world)
        if counts is None:
            yield NOT_COUNTED
            return
        looked_at: dict[str, list[Inflow]] = {}
        for objective in world.network.objectives.values():
            if not _counts(world, options, objective):
                continue
            inflows = _asked(world, options, counts, objective)
            debt = [each for each in inflows if _is_debt(options, each)]
            for each in inflows:
                looked_at.setdefault(each.source, []).append(each)
            for source, team in sorted({(each.source, each.team) for each in debt}):
                yield from self._of_team(world, options, objective, [e for e in inflows if e.team == team], source)
        for source, several in sorted(looked_at.items()):
            if lacking := _lacking(options, source, several):
                yield Blind(lacking, (source,))

    def _of_team(
        self, world: World, options: DebtOutgrowsOptions, objective: Objective, inflows: list[Inflow], source: str
    ) -> Iterator[Verdict]:
        debt = [each for each in inflows if _is_debt(options, each)]
        if all(each.undated and not each.created for each in debt):
            yield Unjudged(_subjects(objective, source, inflows[0].team), "nobody knows when this work was made")
            return
        found = _debt(world, options, objective, inflows)
        if _is_told(options, found):
            yield self._finding(world, options, found)

    def _finding(self, world: World, options: DebtOutgrowsOptions, debt: _Debt) -> Finding:
        objective = debt.objective
        node, ids = objective_node(objective.id), (objective.id,)
        impact = Impact(debt.extra_days, shares_of_days(world, node, debt.extra_days))
        came, went = sum(debt.came), sum(debt.went)
        ratio = f" ({percent_of(came, went)} %)" if went else ""
        where = objective.location
        took = f"took in {came:,} pieces of debt in {options.weeks} weeks and removed {went:,}{ratio}"
        return Finding(
            check=self.name,
            check_version=self.version,
            subjects=_subjects(objective, debt.source, debt.team),
            title=f"{debt.team} {took} for {objective.name}, while it finished {sum(debt.other):,} other pieces after "
            f"{debt.before:,} before",
            objective_ids=ids,
            commitment=Claim("objectives", objective.id, f"finished {sum(debt.other):,} other pieces", where=where),
            forecast=Claim(debt.source, debt.team, took),
            impact=impact,
            cause=node,
            evidence=tuple(_evidence(world, options, debt)),
            severity=severity(impact, None, world.today, world.options.severity),
            owner=owner(world.tree, ids),
            decider=decider(world.tree, ids, within_tolerance=False),
            advice=f"Reserve a part of {debt.team} for debt: what was added takes all of it "
            f"{days_text(debt.extra_days)}.",
            sources=(debt.source,),
        )

    def why_resolved(self, finding: Finding, world: World, options: DebtOutgrowsOptions) -> str:
        """Whether the objective is over, or the team removes as much as comes in."""
        objective = world.network.objectives.get(finding.subjects[0])
        key = finding.forecast.key if finding.forecast else "the team"
        if objective is None:
            return "the objective is not declared any more"
        if objective.stage_gate in _AT_REST:
            return f"{objective.name} is {str(objective.stage_gate).replace('_', ' ')}"
        return f"{key} removes as much debt as comes in, or does not finish more of other work"


def _counts(world: World, options: DebtOutgrowsOptions, objective: Objective) -> bool:
    """Whether an objective is worked on and near enough; the cheap questions come first."""
    if objective.stage_gate in _AT_REST or not has_work(world, objective.id):
        return False
    in_force = (objective_baselines(each).in_force for each in world.tree.path(objective.id))
    nearest = next((each for each in in_force if each is not None), None)
    if nearest is None or nearest.target > world.today + timedelta(WEEK * options.ahead_weeks):
        return False
    parts = parts_of(world, objective_node(objective.id))
    return parts.open >= options.least_growth and parts.done > 0 and parts.count <= MOST_PIECES


def _asked(world: World, options: DebtOutgrowsOptions, counts: Counts, objective: Objective) -> Sequence[Inflow]:
    """Only what is linked to the objective itself, so that nothing is told again above it."""
    return inflows_of(world, counts, (objective.id,), weeks_ago(world.today, 2 * options.weeks))


def _is_debt(options: DebtOutgrowsOptions, inflow: Inflow) -> bool:
    return normalise_key(inflow.type) in {normalise_key(each) for each in options.types}


def _lacking(options: DebtOutgrowsOptions, source: str, inflows: Sequence[Inflow]) -> str | None:
    """What the work of one source lacks so that debt could be told from it, and where that is mended."""
    debt = [each for each in inflows if _is_debt(options, each)]
    whose = f"the work of {source} for objectives due within {options.ahead_weeks} weeks"
    if debt:
        if any(each.created or each.undated < each.open + sum(each.finished.values()) for each in debt):
            return None
        return f"{whose} that is {listed(_types(debt))} does not tell when it was made (field created)"
    if not (types := _types(inflows)):
        return f"{whose} tells no type (field type)"
    more = len(types) - _MOST_TYPES
    shown = [*types[:_MOST_TYPES], *([f"{more} more"] if more > 0 else [])]
    which = "which is no type" if len(types) == 1 else "none of which is a type"
    return f"{whose} is of type {listed(shown)}, {which} of debt (reconcile.checks.debt-outgrows.types)"


def _types(inflows: Sequence[Inflow]) -> list[str]:
    return sorted({each.type for each in inflows if each.type.strip()})


def _debt(world: World, options: DebtOutgrowsOptions, objective: Objective, inflows: Sequence[Inflow]) -> _Debt:
    begin, before = weeks_ago(world.today, options.weeks), weeks_ago(world.today, 2 * options.weeks)
    debt = [each for each in inflows if _is_debt(options, each)]
    other = [each for each in inflows if not _is_debt(options, each)]
    return _Debt(
        objective,
        debt[0].source,
        debt[0].team,
        by_week((each.created for each in debt), begin, options.weeks),
        by_week((each.finished for each in debt), begin, options.weeks),
        by_week((each.finished for each in other), begin, options.weeks),
        sum(by_week((each.finished for each in other), before, options.weeks)),
        sum(each.open for each in debt),
    )


def _is_told(options: DebtOutgrowsOptions, debt: _Debt) -> bool:
    return (
        debt.growth >= options.least_growth
        and debt.weeks_ahead * 2 > options.weeks
        and sum(debt.other) > debt.before > 0
    )


def _subjects(objective: Objective, source: str, team: str) -> tuple[str, ...]:
    return objective_node(objective.id), f"{source}:team {team}"


def _evidence(world: World, options: DebtOutgrowsOptions, debt: _Debt) -> Iterator[Evidence]:
    node = objective_node(debt.objective.id)
    since = day_text(weeks_ago(world.today, options.weeks))
    for field, weeks in (("debt made", debt.came), ("debt removed", debt.went), ("other work finished", debt.other)):
        told = " ".join(str(number) for number in weeks)
        yield Evidence(node, debt.team, f"{field} per week", f"{told} since {since}")
    yield Evidence(node, debt.team, "debt left", f"{debt.open:,}")
